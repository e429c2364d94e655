"""asyncssh, imported without looking for liboqs and libnettle, and without words for a log that nobody reads.

The look-up starts a compiler and a linker where they are installed, and takes 70 ms. What the two libraries
would add (post-quantum key exchange, UMAC) costs time in each connection, and every server has alternatives. X.509
certificates, which OpenSSH has not, are left out as well: asyncssh does without them where they are not installed.
The log's words are put together for each packet before it is known whether they are wanted. And the lines of the
user's configuration, the same for each host, are taken apart once.
"""

from __future__ import annotations

import contextlib
import ctypes.util
import logging
import shlex
import sys
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, cast

_find_library = ctypes.util.find_library
ctypes.util.find_library = lambda name: None
_modules = cast(dict[str, object], sys.modules)
_modules.setdefault("asyncssh.crypto.x509", None)  # what is None there cannot be imported
try:
    import asyncssh
finally:
    ctypes.util.find_library = _find_library
    if _modules["asyncssh.crypto.x509"] is None:
        del _modules["asyncssh.crypto.x509"]

# Nothing goes to standard error by itself: what a connection complains of is told where it is awaited.
for _name in ("asyncio", "asyncssh"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


def _quicken() -> None:
    """Speed alone: a version that is built otherwise does without. Raises ImportError, AttributeError."""
    from asyncssh.logging import SSHLogger
    from asyncssh.packet import SSHPacketLogger

    log, words = SSHLogger.log, lru_cache(maxsize=1024)(shlex.split)

    def log_where_heard(self: SSHLogger, level: int, msg: object, *args: Any, **more: Any) -> None:
        if self.isEnabledFor(level):
            log(self, level, msg, *args, **more)

    def log_nothing(self: SSHPacketLogger, *args: Any, **more: Any) -> None:
        """Packets are not logged."""

    SSHLogger.log = log_where_heard  # type: ignore[method-assign]
    SSHPacketLogger.log_sent_packet = log_nothing  # type: ignore[method-assign]
    SSHPacketLogger.log_received_packet = log_nothing  # type: ignore[method-assign]
    taken_apart = {**vars(shlex), "split": lambda line: words(line).copy()}
    vars(asyncssh.config)["shlex"] = SimpleNamespace(**taken_apart)


with contextlib.suppress(ImportError, AttributeError):
    _quicken()

__all__ = ["asyncssh"]
