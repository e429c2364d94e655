"""The user's own SSH files: configuration, keys, certificates, agent and known hosts.

asyncssh reads them. Here they are corrected to what OpenSSH makes of them (a key file that is not there does not
matter, the system's configuration counts too), and nothing of the user's is forwarded, whatever they say.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dockgrader.hosts.ssh.address import SshAddress, parse
from dockgrader.hosts.ssh.known_hosts import GLOBAL_FILES, USER_FILES, KnownHosts
from dockgrader.hosts.ssh.library import asyncssh

CONFIG_FILES = ("~/.ssh/config", "/etc/ssh/ssh_config")
_NOTHING_FORWARDED: dict[str, Any] = {
    "agent_forwarding": False,
    "x11_forwarding": False,
    "gss_delegate_creds": False,
    "send_env": [],
    "env": {},
    "command": None,
    "request_pty": False,
}


def read(address: SshAddress) -> Any:
    """The options for a host, without keys. Raises ValueError or OSError when a file cannot be used."""
    files = [Path(name).expanduser() for name in CONFIG_FILES]
    return asyncssh.SSHClientConnectionOptions(
        config=[file for file in files if os.access(file, os.R_OK)],
        host=address.host,
        port=address.port or (),
        username=address.user or (),
        client_keys=None,
        utf8_decode_errors="replace",
        login_timeout=0,
        tunnel=address.jump or (),
        **_NOTHING_FORWARDED,
    )


def shown(options: Any, *, is_jump: bool) -> str:
    """A host as a person writes it."""
    named = f"{options.username}@{options.host}:{options.port}"
    return f"{named} (a jump host)" if is_jump else named


def jumps(options: Any) -> list[SshAddress]:
    """The hosts of ProxyJump, the nearest first. Raises UsageError."""
    hops = [hop.strip() for hop in str(options.tunnel or "").split(",")]
    return [parse(hop if "://" in hop else f"ssh://{hop}") for hop in hops if hop]


def known_hosts(options: Any, first: str = "") -> KnownHosts:
    """The trusted keys; never none at all, as `UserKnownHostsFile none` means in asyncssh."""
    user = options.config.get("UserKnownHostsFile") or list(USER_FILES)
    system = options.config.get("GlobalKnownHostsFile") or list(GLOBAL_FILES)
    files = [*([first] if first else []), *user, *system]
    return KnownHosts(files, options.host_key_alias or options.host, options.port)


def keys(options: Any, key: str = "") -> dict[str, Any]:
    """Arguments that name the keys, the certificates and the agent of a host.

    A `key` that is named for a host is the only one that is offered: in its file, or by the agent, which then has to
    be told which one it is (its `.pub` beside it).
    """
    if key:
        return _only(options, key)
    files = options.config.get("IdentityFile")
    certificates = options.config.get("CertificateFile") or []
    return {
        "client_keys": () if files is None else _there(files),
        "client_certs": _there(certificates),
        "ignore_encrypted": True,
        "agent_path": _agent(options.config.get("IdentityAgent", "SSH_AUTH_SOCK")),
    }


def _only(options: Any, key: str) -> dict[str, Any]:
    public = _there([f"{key}.pub"])
    agent = options.config.get("IdentityAgent", "SSH_AUTH_SOCK")
    return {
        "client_keys": _there([key]),
        "client_certs": _there([f"{key}-cert.pub"]),
        "ignore_encrypted": True,
        "agent_path": _agent(agent) if public else None,
        **({"agent_identities": public} if public else {}),
    }


def _there(files: list[str]) -> list[str]:
    paths = [Path(file).expanduser() for file in files]
    return [str(path) for path in paths if path.is_file() and os.access(path, os.R_OK)]


def _agent(configured: Any) -> str | None:
    """The agent's socket: IdentityAgent can be a path, `none`, or the name of a variable, with or without a $."""
    if configured == "SSH_AUTH_SOCK" or str(configured).startswith("$"):
        configured = os.environ.get(str(configured).strip("${}"))
    return str(configured) if configured else None


async def count(options: Any, arguments: dict[str, Any]) -> int:
    """How many keys there are to offer, in files and in the agent."""
    loaded = asyncssh.SSHClientConnectionOptions(options=options, **arguments)
    number = len(loaded.client_keys or ())
    try:
        async with asyncssh.connect_agent(arguments["agent_path"] or "/") as agent:
            number += len(list(await agent.get_keys()))
    except (OSError, ValueError, asyncssh.Error):
        pass
    return number
