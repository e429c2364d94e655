"""asyncssh, imported without looking for liboqs and libnettle.

The look-up starts a compiler and a linker where they are installed, and takes 70 ms. What the two libraries
would add (post-quantum key exchange, UMAC) costs time in each connection, and every server has alternatives.
"""

from __future__ import annotations

import ctypes.util
import logging

_find_library = ctypes.util.find_library
ctypes.util.find_library = lambda name: None
try:
    import asyncssh
finally:
    ctypes.util.find_library = _find_library

# Nothing goes to standard error by itself: what a connection complains of is told where it is awaited.
for _name in ("asyncio", "asyncssh"):
    logging.getLogger(_name).addHandler(logging.NullHandler())

__all__ = ["asyncssh"]
