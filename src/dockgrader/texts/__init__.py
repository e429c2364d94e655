"""What people read, in their language: an author's texts, and those that belong to a code.

A language is one module beside this one with `TEXTS`: code -> (message, hint). Only the one that is needed is
imported. `{name}` stands for a parameter of the verdict; what has no value is left as it is.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Mapping
from typing import Any

LANGUAGES = ("en", "ru")
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def language(asked: str | None, env: Mapping[str, str] | None = None) -> str:
    """The language to speak: the one that is asked for, else the locale's; C and POSIX mean English."""
    if asked:
        return asked
    env = os.environ if env is None else env
    locale = next((env[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if env.get(name)), "")
    return "ru" if locale.lower().startswith("ru") else "en"


def picked(text: str | Mapping[str, str] | None, lang: str) -> str:
    """An author's text in a language, else in English, else in whichever it has."""
    if text is None or isinstance(text, str):
        return text or ""
    return text.get(lang) or text.get("en") or next(iter(text.values()), "")


def of_code(code: str, lang: str) -> tuple[str, str]:
    """Message and hint of a code; of `a.b`, those of `a` where there are none, else empty."""
    texts: Mapping[str, tuple[str, str]] = importlib.import_module(f"dockgrader.texts.{lang}").TEXTS
    return texts.get(code) or texts.get(code.partition(".")[0]) or ("", "")


def filled(template: str, params: Mapping[str, Any]) -> str:
    """A template with the parameters that are known; parameters can hold anything, and are not looked into."""
    return _PLACEHOLDER.sub(lambda match: str(params.get(match[1], match[0])), template)
