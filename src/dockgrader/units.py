"""Sizes in bytes, CPUs in billionths, and how both are read and written by people."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

_FACTORS = {
    "b": 1,
    "kib": 1024,
    "mib": 1024**2,
    "gib": 1024**3,
    "tib": 1024**4,
    "kb": 1000,
    "mb": 1000**2,
    "gb": 1000**3,
    "tb": 1000**4,
}
_SIZE = re.compile(r"\s*(\d{1,18}(?:\.\d{1,9})?)\s*([A-Za-z]*)\s*\Z", re.ASCII)
NANO = 1_000_000_000
DEFAULT_CPU_PERIOD_US = 100_000
"""The kernel's and Docker's CFS period when none is given, in microseconds."""


def parse_size(value: object) -> int:
    """Bytes of a size as an author writes it: 209715200, "200MiB" (binary) or "200MB" (decimal).

    Docker's own `200m` is refused: it means 200 MiB there and 200 MB to most readers.
    Raises ValueError with what is allowed.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _SIZE.match(value) if isinstance(value, str) else None
    if match:
        factor = _FACTORS.get(match[2].lower() or "b")
        size = Decimal(match[1]) * factor if factor else None
        if size is not None and size == int(size):
            return int(size)
    raise ValueError(f"expected a size such as 200MiB, 200MB or a number of bytes, found {value!r}")


def parse_cpus(value: object) -> int:
    """Billionths of a CPU (Docker's NanoCpus) of a number of CPUs such as 0.5. Raises ValueError."""
    try:
        cpus = Decimal(str(value)) if not isinstance(value, bool) else Decimal(-1)
    except InvalidOperation:
        cpus = Decimal(-1)
    if not cpus.is_finite() or not 0 < cpus <= 10_000 or cpus * NANO != int(cpus * NANO):
        raise ValueError(f"expected a number of CPUs such as 0.5, found {value!r}")
    return int(cpus * NANO)


def human_size(size: int) -> str:
    """`200 MiB` for 209715200, `190.73 MiB` for 200000000, `512 B` for 512."""
    for unit, factor in (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024)):
        if abs(size) >= factor:
            return f"{trimmed(size / factor)} {unit}"
    return f"{size} B"


def exact_size(size: int, like: str) -> str:
    """A size as an author writes it, which `parse_size` reads back: `96MiB` for 100663296 like `64MiB`.

    Units are binary or decimal as those of `like`, and bytes where that has none.
    """
    unit = like.strip().lstrip("0123456789. ").lower()
    units = (f"{letter}{'iB' if 'i' in unit else 'B'}" for letter in "TGMK") if unit not in ("", "b") else ()
    for name in units:
        if size and size % _FACTORS[name.lower()] == 0:
            return f"{size // _FACTORS[name.lower()]}{name}"
    return f"{size}B"


def human_cpus(nano: int) -> str:
    """`0.5` for 500000000."""
    return trimmed(nano / NANO, 9)


def trimmed(number: float, digits: int = 2) -> str:
    """A number without needless zeros: `2`, `0.5`, `190.73`."""
    text = f"{number:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
