"""A line on the terminal while a host takes its time; nothing where nobody looks."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

_QUIET_SECONDS = 1.5
_TEXTS = {
    "en": "Asking the host, {seconds} s … (what is starting is waited for; Ctrl-C stops)",
    "ru": "Опрашиваю хост, {seconds} с … (жду то, что ещё запускается; Ctrl-C прерывает)",
}


@contextmanager
def waiting(lang: str) -> Iterator[None]:
    """Show on standard error, where that is a terminal, that and how long something is waited for."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    over = threading.Event()
    line = threading.Thread(target=_show, args=(over, _TEXTS[lang]), daemon=True)
    line.start()
    try:
        yield
    finally:
        over.set()
        line.join(timeout=1)


def _show(over: threading.Event, text: str) -> None:
    begun = time.monotonic()
    pause, shown = _QUIET_SECONDS, False
    while not over.wait(pause):
        click.echo("\r\x1b[K" + text.format(seconds=int(time.monotonic() - begun)), nl=False, err=True)
        pause, shown = 1.0, True
    if shown:
        click.echo("\r\x1b[K", nl=False, err=True)
