"""What an author reads about a wrong value: what was expected, what was found, which name may be meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import get_origin

from dockgrader.assignment.annotations import alternatives, fields_of, values_of
from dockgrader.assignment.nodes import escaped
from dockgrader.assignment.places import Found
from dockgrader.assignment.source import Path

_EXPECTED = {
    "int_type int_parsing int_from_float int_parsing_size": "a whole number",
    "float_type float_parsing decimal_type decimal_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type bool_parsing": "true or false",
    "string_type string_sub_type string_unicode": "text",
    "list_type tuple_type set_type frozen_set_type iterable_type": "a list",
    "dict_type mapping_type model_type model_attributes_type dataclass_type": "a mapping",
    "none_required": "nothing",
    "literal_error enum": "{expected}",
    "greater_than_equal": "{ge} or more",
    "greater_than": "more than {gt}",
    "less_than_equal": "{le} or less",
    "less_than": "less than {lt}",
    "multiple_of": "a multiple of {multiple_of}",
    "string_too_short": "text of {min_length} or more characters",
    "string_too_long": "text of {max_length} or fewer characters",
    "string_pattern_mismatch": "text that matches {pattern}",
    "too_short": "{min_length} or more entries",
    "too_long": "{max_length} or fewer entries",
}
PHRASES = {name: phrase for names, phrase in _EXPECTED.items() for name in names.split()}
_TYPE_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
_MAX_NAMES = 30  # in one message
_MAX_MESSAGE = 500  # characters of a message that a validator wrote


def wrong_value(error: Found, group: list[Found]) -> str:
    """What was expected and what was found; `group` is all that could have stood there."""
    if error.type in ("value_error", "assertion_error"):
        own = str(error.context.get("error") or re.sub("^(Value error|Assertion failed), ", "", error.text))
        return escaped(own, _MAX_MESSAGE)
    if error.type not in PHRASES:
        text = re.sub("^Input should be ", "expected ", error.text)
        return escaped(f"{text}, found {shown(error.input)}", _MAX_MESSAGE)
    phrases = [_phrase(each) for each in group]
    said = f"expected {' or '.join(dict.fromkeys(phrases))}, found {shown(error.input)}"
    if "text" in phrases and isinstance(error.input, bool | int | float):
        said += "; put it in quotes if it is text"
    literals = [name for phrase in phrases for name in re.findall(r"'([^']*)'", phrase)]
    return escaped(said, _MAX_MESSAGE) + _near(error.input, literals)


def _phrase(error: Found) -> str:
    whole = {k: int(v) for k, v in error.context.items() if isinstance(v, float) and v.is_integer()}
    return PHRASES[error.type].format(**{**error.context, **whole})  # 0 rather than 0.0


def unknown(what: str, name: object, allowed: Iterable[str]) -> str:
    """A name that is none of those allowed."""
    allowed = list(allowed)
    near = _near(name, allowed)
    return f"unknown {what}{near}{' ' if near else '; '}{allowed_names(allowed)}"


def allowed_names(names: Sequence[str]) -> str:
    """The names that may stand there, the first thirty of them."""
    more = ", …" if len(names) > _MAX_NAMES else ""
    return f"allowed: {', '.join(names[:_MAX_NAMES])}{more}"


def _near(value: object, names: Iterable[str]) -> str:
    if not isinstance(value, str):
        return ""
    by_lower = {name.lower(): name for name in names}
    near = difflib.get_close_matches(value[:100].lower(), by_lower, 1)
    return f"; did you mean '{by_lower[near[0]]}'?" if near else ""


def expectation(annotation: object) -> str:
    """ "; expected text" for a field that is not there; "" if it cannot be said in a word."""
    phrases: list[str] = [shown(value) for value in values_of(annotation)]
    for choice in alternatives(annotation)[0]:
        container = get_origin(choice) or choice
        if fields_of(choice) is not None or container is dict:
            phrases.append("a mapping")
        elif container is list or container is tuple:
            phrases.append("a list")
        elif isinstance(container, type) and container in _TYPE_NAMES:
            phrases.append(_TYPE_NAMES[container])
    return f"; expected {' or '.join(dict.fromkeys(phrases))}" if phrases else ""


def shown(value: object) -> str:
    """What stands in the file, in a few words that are safe to print."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return f"'{escaped(value)}'"
        case list():
            return f"a list of {len(value)}" if value else "an empty list"
        case dict():
            return "a mapping" if value else "an empty mapping"
    return escaped(str(value))


def field_of(path: Path) -> str:
    """A path as an author reads it: `tasks[0].checks[2].points`."""
    field = ""
    for part in path:
        if isinstance(part, int):
            field += f"[{part}]"
        elif re.fullmatch(r"[\w-]+", part):
            field += f".{part}" if field else part
        else:
            field += f"['{escaped(part)}']"
    return field
