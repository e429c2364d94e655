"""Keys that go with a job to a worker on another machine, where they are laid down for as long as it takes.

Only when asked for (`--send-keys`): else a worker uses the key files and known hosts of its own machine.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from dockgrader.errors import UsageError
from dockgrader.hosts.endpoint import Endpoint

KEY, KNOWN_HOSTS = "key", "known_hosts"
_BESIDE = ("", ".pub", "-cert.pub")
_USERS_KNOWN_HOSTS = "~/.ssh/known_hosts"


def files_of(endpoint: Endpoint) -> dict[str, bytes]:
    """The key of a host, what belongs to it, and the known hosts, by name. Raises UsageError without a key."""
    if not endpoint.ssh_key:
        raise UsageError(f"--send-keys: the roster names no key (column `key`) for {endpoint.url}")
    found = {}
    for end in _BESIDE:
        path = Path(endpoint.ssh_key + end)
        try:
            if path.is_file():
                found[KEY + end] = path.read_bytes()
        except OSError as error:
            raise UsageError(f"--send-keys: {path}: {error.strerror}") from None
    if KEY not in found:
        raise UsageError(f"--send-keys: there is no key file {endpoint.ssh_key}")
    known_hosts = Path(_USERS_KNOWN_HOSTS).expanduser()
    if known_hosts.is_file():
        found[KNOWN_HOSTS] = known_hosts.read_bytes()
    return found


@contextmanager
def laid_down(endpoint: Endpoint, files: Mapping[str, bytes]) -> Iterator[Endpoint]:
    """The endpoint with the files that came with it, in a folder of mode 0700 that is removed at the end."""
    if not files:
        yield endpoint
        return
    with tempfile.TemporaryDirectory(prefix="dockgrader-keys-") as name:
        folder = Path(name)
        for file, content in files.items():
            path = folder / file
            path.touch(0o600)
            path.write_bytes(content)
        known_hosts = str(folder / KNOWN_HOSTS) if KNOWN_HOSTS in files else ""
        yield replace(endpoint, ssh_key=str(folder / KEY), ssh_known_hosts=known_hosts)
