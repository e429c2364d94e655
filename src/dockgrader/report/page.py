"""HTML pages: Jinja2 with autoescape, one self-contained file.

The policy in the page lets nothing be loaded, and nothing run but the script that is given, if any; that and the one
style sheet are named by their digests.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dockgrader.report.cells import line
from dockgrader.report.model import whole
from dockgrader.report.plain import clean

_FOLDER = Path(__file__).parent / "templates"


def page(template: str, lang: str, *, style: str = "style.css", script: str = "", **context: Any) -> str:
    """A page from a template that extends `base.html.j2`; every value in it is escaped.

    `style` and `script` are our own files beside the template.
    """
    css, js = _asset(style), _asset(script) if script else ""
    policy = (
        f"default-src 'none'; style-src '{_digest(css)}'; script-src {_quoted(js)}; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        _environment()
        .get_template(template)
        .render(lang=lang, policy=policy, style=css, script=js, **context)
    )


def _asset(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _quoted(script: str) -> str:
    return f"'{_digest(script)}'" if script else "'none'"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(line=line, clean=clean, whole=whole, percent=_percent)
    return environment


def _percent(share: float) -> int:
    return round(share * 100)
