# mypy: ignore-errors
"""A shell script on many hosts with parallel-ssh: `parallel_ssh_script.py HOSTS JOBS USER PORT KEY SCRIPT [WORD]`.

HOSTS is a file, one a line. Exit status 1 unless it succeeds on all.
"""

import sys
from pathlib import Path

from pssh.clients import ParallelSSHClient

hosts, jobs, user, port, key, script, *words = sys.argv[1:]
text = Path(script).read_text()
client = ParallelSSHClient(
    Path(hosts).read_text().split(), user=user, port=int(port), pkey=key, pool_size=int(jobs), timeout=300
)
good = 0
running = client.run_command(" ".join(["bash", "-s", *words]), stop_on_errors=False)
for output in running:
    if output.exception is None:
        output.stdin.write(text)
        output.stdin.flush()
for output in running:
    if output.exception is None:
        list(output.stdout)
client.join(running)
good = sum(output.exit_code == 0 for output in running)
print(f"{good} good")
sys.exit(good != len(running))
