"use strict";
// Sorting by a click on a heading, and a filter. The page is whole without them.
const marks = { p: 0, s: 1, f: 2, e: 3, n: 4 };

function key(row, column) {
  const cell = row.cells[column];
  if (cell.classList[0] in marks) return marks[cell.classList[0]];
  const text = (cell.dataset.v ?? cell.textContent).trim();
  if (text === "") return null;
  const number = Number(text);
  return Number.isNaN(number) ? text : number;
}

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), document.documentElement.lang, { numeric: true });
}

function sort(heading, column) {
  const table = heading.closest("table");
  const body = table.tBodies[0];
  const up = heading.getAttribute("aria-sort") !== "ascending";
  for (const other of table.tHead.querySelectorAll("[aria-sort]")) other.setAttribute("aria-sort", "none");
  heading.setAttribute("aria-sort", up ? "ascending" : "descending");
  const rows = Array.from(body.rows, (row) => [key(row, column), row]);
  // What is empty stays at the end, whichever way one sorts.
  rows.sort(([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return up ? compare(a, b) : compare(b, a);
  });
  body.append(...rows.map(([, row]) => row));
}

for (const table of document.querySelectorAll("table.sortable")) {
  const headings = table.tHead.rows[table.tHead.rows.length - 1].cells;
  Array.from(headings).forEach((heading, column) => {
    if ("plain" in heading.dataset) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    heading.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => sort(heading, column));
  });
}

const filter = document.querySelector(".filter");
if (filter) {
  filter.hidden = false;
  const input = filter.querySelector("input");
  const shown = filter.querySelector("output");
  const [first, ...others] = Array.from(document.querySelectorAll("table.rows"), (table) => Array.from(table.tBodies[0].rows));
  const texts = first.map((row) => [row, row.textContent.toLowerCase()]);
  const partners = new Map(others.flat().map((row) => [row.dataset.row, row]));
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    let count = 0;
    for (const [row, text] of texts) {
      row.hidden = !text.includes(wanted);
      const partner = partners.get(row.dataset.row);
      if (partner) partner.hidden = row.hidden;
      count += row.hidden ? 0 : 1;
    }
    shown.textContent = wanted ? `${count} / ${texts.length}` : "";
  });
}
