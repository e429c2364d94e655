"""Processes of the host in other namespaces than the host's own, found by one command that looks at all of them."""

from __future__ import annotations

from dockgrader.facts.namespaces import HOSTNAME, OF_HOST
from dockgrader.frozen import dataclass

MOST = 2000
"""Processes in namespaces of their own that are told at the most."""
_COLUMNS = 9

# One line for each process whose namespaces are not those of the host's first process, else of the kernel's, or of
# this script where neither may be read: PID NAME NSPIDS CGROUP PROC ROOT START DEVICES LINKS, with tabs between them.
# CGROUP is the longest path, PROC the device of what is mounted at /proc, ROOT device and folder of what is mounted
# at /, START in ticks since the start of the machine. What a process calls itself has no raw line feeds in `status`.
# The script's own processes are left out. `hidden` counts the living processes whose links may not be read; the first
# one, which is no shell, only has to be there.
SCRIPT = (
    OF_HOST
    + f"""\
echo "== user"; id -u
host=self
if [ "$(cat /proc/2/comm)" = kthreadd ] && readlink /proc/2/ns/uts >&2; then host=2; fi 2>/dev/null
if readlink /proc/1/ns/uts >/dev/null 2>&1; then host=1; fi
echo "== hostname"
if [ "$(readlink /proc/$host/ns/uts)" = "$(readlink /proc/self/ns/uts)" ]; then cat {HOSTNAME}
else nsenter --target $host --uts cat {HOSTNAME} 2>/dev/null; fi
echo "== static"; {{ stat -c %Y /etc/hostname && cat /etc/hostname; }} 2>/dev/null
echo "== clock"; awk '$1 == "btime" {{ print $2 }}' /proc/stat; getconf CLK_TCK 2>/dev/null || echo 100
echo "== proc"; awk '$5 == "/proc" {{ print $3 }}' /proc/self/mountinfo | tail -n 1
echo "== root"; awk '$5 == "/" {{ print $3, $4 }}' /proc/self/mountinfo /proc/1/mountinfo 2>/dev/null | tail -n 1
echo "== cgroup"; cat /proc/1/cgroup 2>/dev/null || cat /proc/self/cgroup
echo "== engines"; cat /proc/[0-9]*/comm 2>/dev/null | sort -u
echo "== processes"
{{ echo "/proc/base/ns:"; ls -l /proc/$host/ns; ls -l /proc/[0-9]*/ns; }} 2>/dev/null |
LC_ALL=C awk -v most="$1" '
function lines(file, wanted, found,    line, count) {{
    count = 0; split("", found)
    while ((getline line < file) > 0) if (line ~ wanted) found[++count] = line
    close(file)
    return count
}}
function state(file, part,    found) {{
    lines(file, "^[0-9]", found); sub(/^.*\\) /, "", found[1]); split(found[1], part, " ")
}}
function tell(    count, number, name, own, cgroup, path, part, devices, proc, root, start) {{
    if (pid == "") return
    if (pid == "base") {{ base = links; return }}
    if (links == "" && pid != 1 && lines("/proc/" pid "/status", "^State:[ \\t]*[^ \\tZX]", path)) hidden++
    if (links == "" || links == base) return
    state("/proc/" pid "/stat", part); start = part[20]
    if (pid == script || part[2] == script || ++told > most) return
    lines("/proc/" pid "/status", "^Name:", name); sub(/^Name:[ \\t]*/, "", name[1]); gsub(/\\t/, " ", name[1])
    lines("/proc/" pid "/status", "^NSpid:", own); sub(/^NSpid:[ \\t]*/, "", own[1]); gsub(/\\t/, " ", own[1])
    cgroup = ""
    for (number = lines("/proc/" pid "/cgroup", ":", path); number > 0; number--) {{
        sub(/^[0-9]*:[^:]*:/, "", path[number])
        if (length(path[number]) > length(cgroup)) cgroup = path[number]
    }}
    gsub(/\\t/, " ", cgroup)
    devices = ""
    for (number = lines("/proc/" pid "/net/dev", ":", path); number > 0; number--) {{
        sub(/:.*/, "", path[number]); gsub(/ /, "", path[number])
        devices = path[number] (devices == "" ? "" : ";") devices
    }}
    proc = root = ""
    count = lines("/proc/" pid "/mountinfo", "^[0-9]+ [0-9]+ [0-9:]+ [^ ]+ /(proc)? ", path)
    for (number = 1; number <= count; number++) {{
        split(path[number], part, " ")
        if (part[5] == "/") root = part[3] " " part[4]; else proc = part[3]
    }}
    print pid "\\t" name[1] "\\t" own[1] "\\t" cgroup "\\t" proc "\\t" root "\\t" start "\\t" \\
        substr(devices, 1, 500) "\\t" links
}}
BEGIN {{ state("/proc/self/stat", part); script = part[2] }}
/^\\/proc\\/[a-z0-9]+\\/ns:$/ {{ tell(); split($0, part, "/"); pid = part[3]; links = ""; next }}
/ (pid|net|mnt|uts|ipc|pid_for_children) -> / {{ links = links $(NF - 2) "=" $NF " " }}
END {{ tell(); print "== hidden"; print hidden + !lines("/proc/1/status", ":", path) }}'
"""
)


@dataclass(frozen=True)
class Process:
    """A line of the script. `numbers` are its numbers, from the host's PID namespace inwards, empty before Linux 4.1;
    `links` are by the kind of namespace.
    """

    pid: int
    name: str
    numbers: tuple[int, ...]
    cgroup: str
    proc: str
    root: str
    started: int
    devices: tuple[str, ...]
    links: dict[str, str]


def processes(listing: str) -> list[Process]:
    """The processes by their numbers on the host, the lowest first."""
    rows = (line.split("\t") for line in listing.splitlines())
    return sorted(
        (_process(row) for row in rows if len(row) == _COLUMNS and _number(row[0])),
        key=lambda found: found.pid,
    )


def _process(row: list[str]) -> Process:
    pid, name, numbers, cgroup, proc, root, started, devices, links = row
    return Process(
        int(pid),
        name,
        tuple(_number(number) for number in numbers.split()),
        cgroup,
        proc,
        root,
        _number(started),
        tuple(device for device in devices.split(";") if device)[:50],
        dict(pair.partition("=")[::2] for pair in links.split()),
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() else 0
