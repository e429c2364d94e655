"""The class page, read by an HTML parser: what it counts, and that no text becomes markup."""

from __future__ import annotations

import dataclasses
import re
from xml.etree.ElementTree import Element

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockgrader.report import class_page
from dockgrader.report.class_report import ClassReport, Hint, Standing, Strength, scaled
from dockgrader.report.class_words import WORDS
from dockgrader.report.model import Status
from tests.report.classes import PASSED, UNREAD, a_class, a_student
from tests.report.hostile import PAGE, TRICKS
from tests.report.reports import a_check, a_task

HALF = (Status.PASSED, Status.FAILED)
NONE = (Status.FAILED, Status.SKIPPED)


def parsed(report: ClassReport) -> Element:
    """The page's tree. Raises at the first thing that a browser would have to mend."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False, strict=True)
    tree: Element = parser.parse(class_page.render(report))
    return tree


def section(tree: Element, name: str) -> Element:
    return next(found for found in tree.iter("section") if found.get("aria-labelledby") == f"h-{name}")


def text(element: Element | None) -> str:
    assert element is not None
    return " ".join("".join(element.itertext()).split())


def cells(element: Element) -> list[list[str]]:
    return [[text(cell) for cell in row] for body in element.iter("tbody") for row in body]


def test_the_numbers_at_the_top() -> None:
    students = [
        a_student("anna", *PASSED),
        a_student("boris", *HALF),
        a_student("vera", *UNREAD),
        a_student(),
    ]
    tree = parsed(a_class(*students))
    divs = [div for div in tree.iter("div") if div.find("dt") is not None]
    tiles = {text(div.find("dt")): text(div.find("dd")) for div in divs}
    assert tiles == {
        "Students": "4",
        "Graded": "2",
        "Not observed": "1",
        "Not tried yet": "1",
        "Median": "2.5 of 3",
        "Mean": "2.5 of 3",
        "Full marks": "1",
    }


def test_distribution() -> None:
    shares = [0, 0.09, 0.1, 0.3, 0.999, 1]
    students = [a_student(str(share), *PASSED, score=share * 3) for share in shares]
    bins = class_page.distribution(a_class(*students, a_student("gone", *UNREAD)))
    assert [(found.label, found.count) for found in bins if found.count] == [
        ("0–9", 2),
        ("10–19", 1),
        ("30–39", 1),
        ("90–99", 1),
        ("100", 1),
    ]
    assert max(found.height for found in bins) == 1


@given(st.integers(0, 1000))
def test_a_tenth_is_in_the_bar_that_names_it(thousandths: int) -> None:
    [found] = [
        found
        for found in class_page.distribution(
            a_class(a_student("a", *PASSED, score=thousandths * 0.03), max_score=30)
        )
        if found.count
    ]
    assert found.label.partition("–")[0] == ("100" if thousandths == 1000 else str(thousandths // 100 * 10))


def test_failures() -> None:
    report = a_class(
        *(a_student(f"h{number}", *HALF) for number in range(3)),
        a_student("none", *NONE, name="Nona"),
        a_student("all", *PASSED),
        a_student("unread", *UNREAD),
    )
    found = class_page.failures(report)
    assert [(item.title, item.failed, item.observed, item.skipped) for item in found] == [
        ("CPU is limited", 3, 4, 1),
        ("Memory is limited", 1, 6, 0),
    ]
    assert found[1].codes[0].students == ("Nona",)


def test_codes_are_told_apart_the_most_frequent_first() -> None:
    def wrong(student: str, code: str, message: str) -> object:
        task = a_task(a_check(Status.FAILED, id="memory", code=code, message=message), a_check(id="cpus"))
        return a_student(student, *PASSED, tasks=(task,), score=0)

    students = [wrong("a", "x", "m1"), wrong("b", "y", "m2"), wrong("c", "y", "m3"), wrong("d", "y", "m3")]
    [found] = class_page.failures(a_class(*students))  # type: ignore[arg-type]
    assert [(code.code, code.message, len(code.students)) for code in found.codes] == [
        ("y", "m3", 3),
        ("x", "m1", 1),
    ]


def test_heat_map() -> None:
    students = [
        a_student("anna", *PASSED),
        a_student("boris", *NONE),
        a_student("vera", *UNREAD),
        a_student("late"),
    ]
    report = a_class(*students)
    assert cells(section(parsed(report), "heat")) == [
        ["anna", "✓passed", "✓passed"],
        ["boris", "✗failed", "–skipped"],
        ["vera", "✓passed", "?not observed"],
        ["late", "·no result", "·no result"],
    ]


def test_who_has_no_score_and_why() -> None:
    report = a_class(a_student("anna", *PASSED), a_student("vera", *UNREAD, host="10.0.0.5"))
    assert cells(section(parsed(report), "without")) == [
        ["vera", "10.0.0.5", "could not be observed", "Connection refused ssh.refused"]
    ]
    assert "Everybody has a score" in text(section(parsed(a_class(a_student("anna", *PASSED))), "without"))


def test_no_zero_for_who_was_not_observed() -> None:
    [row] = cells(section(parsed(a_class(a_student("vera", *UNREAD))), "students"))
    assert row[:3] == ["vera", "", ""]


def test_hints_by_strength() -> None:
    hints = (
        Hint(Strength.STRONG, "container", tuple(f"{number:064}" for number in range(5)), ("anna", "boris")),
        Hint(Strength.EXPLAINED, "address", ("10.0.0.5:22",), ("vera", "gleb"), "roster"),
    )
    found = section(parsed(a_class(a_student("anna", *PASSED), hints=hints)), "hints")
    first, second = found.iter("li")
    assert text(first) == f"anna, boris Ids of containers (5 in common): {' '.join(['0' * 12] * 3)} …"
    assert text(second).endswith("The roster gives these students one machine.")
    assert len(list(found.iter("details"))) == 1


def test_a_class_of_nobody() -> None:
    assert cells(section(parsed(a_class()), "students")) == []


def test_scaled() -> None:
    page = text(parsed(scaled(a_class(a_student("anna", *HALF)), 100)))
    assert "Scores are scaled from 3 to 100 points" in page
    assert "66.67 of 100" in page


def test_the_languages_say_the_same() -> None:
    assert WORDS["en"].keys() == WORDS["ru"].keys()
    for key, english in WORDS["en"].items():
        assert re.findall(r"\{\w+\}", english) == re.findall(r"\{\w+\}", WORDS["ru"][key])


def test_an_unknown_language_speaks_english() -> None:
    assert parsed(a_class(lang="xx")).get("lang") == "en"


STRANGE = st.text(max_size=20) | st.sampled_from(TRICKS)


@settings(max_examples=40)
@given(st.lists(STRANGE, min_size=9, max_size=9), st.sampled_from([(), PASSED, UNREAD, NONE]))
def test_no_text_becomes_markup(texts: list[str], statuses: tuple[Status, ...]) -> None:
    student, name, host, reason, code, title, column, value, shared = texts
    check = a_check(Status.FAILED, id="memory", code=code, message=title, title=title)
    row = a_student(
        student, *statuses, name=name, host=host, reason=reason, code=code, roster={column: value}
    )
    other = a_student("other", *PASSED, tasks=(a_task(check),), score=0)
    hint = Hint(Strength.STRONG, "volume", (shared,), (student, name))
    tree = parsed(a_class(row, other, hints=(hint,)))
    own = {"script", "h3", "br", "i", "bdi", "small", "time", "label", "input", "output"}
    own |= {"desc", "text", "line"}
    assert {str(element.tag).rpartition("}")[2] for element in tree.iter()} <= PAGE | own
    assert len(list(tree.iter("script"))) == 1
    attributes = {name for element in tree.iter() for name in element.attrib}
    assert not {name for name in attributes if name.startswith("on") or name in ("href", "src", "style")}


@pytest.mark.parametrize("standing", Standing)
def test_every_standing_has_a_word(standing: Standing) -> None:
    assert all(standing in words for words in WORDS.values())


def test_a_class_of_hundreds_is_a_small_file() -> None:
    """300 students with 19 checks each, half of them failed with a long message."""
    task = a_class().tasks[0]
    outlines = tuple(dataclasses.replace(task.checks[0], id=f"check-{number}") for number in range(19))
    verdicts = a_task(
        *(
            a_check(
                Status.FAILED if number % 2 else Status.PASSED, id=outline.id, message="what was found " * 40
            )
            for number, outline in enumerate(outlines)
        )
    )
    row = a_student("anna", *PASSED, tasks=(verdicts,), name="Анна Ковалёва")
    report = a_class(
        *(dataclasses.replace(row, student=f"s{number}") for number in range(300)),
        tasks=(dataclasses.replace(task, checks=outlines),),
    )
    assert len(class_page.render(report).encode()) < 3_000_000
