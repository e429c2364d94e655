"""The host keys that the user trusts: known_hosts files, read as OpenSSH reads them.

asyncssh reads the entries (hashed ones, patterns, certificate authorities, revoked keys). Here it is decided
which entries count: those for host and port; a name's address is never looked up (CheckHostIP, off since 8.5).
"""

from __future__ import annotations

import binascii
import contextlib
import functools
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dockgrader.frozen import dataclass
from dockgrader.hosts.ssh.library import asyncssh

from asyncssh.public_key import (  # isort: skip - after the import that makes it quick
    get_default_certificate_algs,
    get_default_public_key_algs,
)

DEFAULT_PORT = 22
USER_FILES = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2")
GLOBAL_FILES = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
_ANY_HOST = ("|1|", "@", "*", "?", "!")
_FILE_CAP = 32 << 20


class KnownHosts:
    """The trusted keys of one host. `known` says whether there are any for this very host and port."""

    def __init__(self, files: Sequence[str], host: str, port: int) -> None:
        host = host.lower()
        name = host if port == DEFAULT_PORT else f"[{host}]:{port}"
        entries = _entries(files, (name, host))
        exact = entries.match(name, "", None)
        self.name = name
        self.known = any(exact[part] for part in (0, 1, 3, 5))
        # As in ssh, a key that is known for the host without its port is accepted as well.
        self.trusted: Any = exact if self.known else entries.match(host, "", None)
        self._file = Path(files[0]).expanduser()

    def algorithms(self) -> list[str]:
        """Host key algorithms, those of the trusted keys first: a server has several keys, few are known.

        The others follow, so that a server whose key has changed in type as well can show it.
        """
        keys, authorities = self.trusted[0], self.trusted[1]
        certificates = get_default_certificate_algs()
        names = [
            *(certificates if authorities else ()),
            *(name for key in keys for name in key.sig_algorithms),
        ]
        every = dict.fromkeys([*names, *certificates, *get_default_public_key_algs()])
        return [name.decode("ascii") for name in every]

    def remember(self, key: asyncssh.SSHKey) -> None:
        """Add a key to the user's first file. Raises OSError."""
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        before = self._file.read_bytes()[-1:] if self._file.is_file() else b""
        start = "\n" if before not in (b"", b"\n") else ""
        words = key.export_public_key("openssh").decode("ascii").split()
        with self._file.open("a", encoding="utf-8") as file:
            file.write(f"{start}{self.name} {words[0]} {words[1]}\n")


@dataclass(frozen=True)
class _Lines:
    """The lines of a file by what they may be about: the names in them, a hashed name, or any host."""

    named: Mapping[str, Sequence[str]]
    hashed: Sequence[tuple[bytes, bytes, str]]
    """Salt, hash of the name, line."""
    patterns: Sequence[str]

    def about(self, names: Sequence[str]) -> Iterator[str]:
        """Lines that may be about one of these names."""
        yield from dict.fromkeys(line for name in names for line in self.named.get(name, ()))
        encoded = [name.encode("utf-8", "surrogateescape") for name in names]
        for salt, hashed, line in self.hashed:
            if any(hmac.digest(salt, name, "sha1") == hashed for name in encoded):
                yield line
        yield from self.patterns


def _entries(files: Iterable[str], names: Sequence[str]) -> asyncssh.SSHKnownHosts:
    """The entries that may be about these names; a line that cannot be read is left out, as ssh does."""
    known = asyncssh.SSHKnownHosts()
    for file in files:
        for line in _lines(Path(file).expanduser()).about(names):
            try:
                known.load(line)
            except (ValueError, asyncssh.KeyImportError):
                continue
    return known


def _lines(path: Path) -> _Lines:
    try:
        status = path.stat()
        return _sorted(str(path), status.st_ino, status.st_size, status.st_mtime_ns)
    except OSError:
        return _Lines({}, (), ())


@functools.lru_cache(maxsize=8)
def _sorted(path: str, *version: int) -> _Lines:
    """The lines of a file in this version of it: read once, however many hosts are asked for. Raises OSError."""
    named: dict[str, list[str]] = {}
    hashed: list[tuple[bytes, bytes, str]] = []
    patterns: list[str] = []
    with Path(path).open("rb") as file:
        lines = file.read(_FILE_CAP).decode("utf-8", "replace").splitlines()
    for line in lines:
        pattern = (line.split(None, 1) or ["#"])[0]
        if pattern.startswith("|1|"):
            with contextlib.suppress(ValueError):
                salt, name = (binascii.a2b_base64(part) for part in pattern[3:].split("|"))
                hashed.append((salt, name, line))
        elif any(mark in pattern for mark in _ANY_HOST):
            patterns.append(line)
        else:
            for each in pattern.split(","):
                named.setdefault(each, []).append(line)
    return _Lines(named, hashed, patterns)
