"""Reaching the host behind an endpoint, whichever way leads there."""

from __future__ import annotations

from collections.abc import Callable

from dockgrader.hosts.base import Host
from dockgrader.hosts.deadline import Deadline
from dockgrader.hosts.endpoint import Endpoint


def open_host(
    endpoint: Endpoint,
    deadline: Deadline,
    meanwhile: Callable[[], object] = lambda: None,
    login_seconds: float | None = None,
) -> Host:
    """Reach a host. Raises Unobserved when it does not answer as an engine, UsageError for an unusable URL.

    `meanwhile` may be called where the host is waited for long; `login_seconds` bounds a login of SSH, so that
    time is left for another try.
    """
    if endpoint.scheme == "ssh":
        from dockgrader.hosts.ssh.host import SshHost  # the SSH library is imported by those who need it

        return SshHost(endpoint, deadline, meanwhile, login_seconds)
    from dockgrader.hosts.local import LocalHost

    return LocalHost(endpoint, deadline.sooner(deadline.remaining()))
