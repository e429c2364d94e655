"""What tells one machine from every other: asked for when a whole class is graded, judged by nobody."""

from __future__ import annotations

import contextlib
import hashlib
from typing import Any, ClassVar

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Fact, Setting, dig_list, dig_str
from dockgrader.frozen import dataclass
from dockgrader.hosts.base import Missing

MACHINE_ID = "/etc/machine-id"
_MOST = 200


@dataclass(frozen=True)
class Machine(Fact[dict[str, Any]]):
    """The SSH host key's fingerprint, a hash of the machine-id, the volumes with the times of their creation.

    The machine-id itself is confidential (machine-id(5)): only its hash leaves the machine's memory.
    """

    name: ClassVar[str] = "machine"

    def read(self, setting: Setting) -> Any:
        """One file of the host's, and GET /volumes; what cannot be read is left out."""
        host = setting.host
        found: dict[str, Any] = {"host_key": str(getattr(host, "host_key", ""))}
        with contextlib.suppress(Unobserved):
            text = host.read_files([MACHINE_ID])[0].text.strip()
            found["machine_id"] = (
                hashlib.sha256(f"dockgrader {text}".encode()).hexdigest()[:32] if text else ""
            )
        with contextlib.suppress(Unobserved, Missing):
            volumes = dig_list(host.engine.get("/volumes"), "Volumes")[:_MOST]
            found["volumes"] = [
                {key: dig_str(each, key) for key in ("Name", "CreatedAt")} for each in volumes
            ]
        return found

    def parse(self, raw: Any) -> dict[str, Any]:
        """As it was read."""
        return raw if isinstance(raw, dict) else {}

    def shown_by(self) -> str:
        """As a person asks."""
        return f"cat {MACHINE_ID}; docker volume ls"
