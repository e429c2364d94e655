# mypy: ignore-errors
"""A shell script on many hosts with parallel-ssh: `parallel_ssh_script.py HOSTS JOBS USER PORT KEY SCRIPT [WORD]`.

HOSTS is a file, one a line. Exit status 1 unless it succeeds on all. JOBS hosts at a time: its pool bounds how many are
logged in to at once, and not how many then run the script, and with hundreds at once most fail.
"""

import sys
from pathlib import Path

from pssh.clients import ParallelSSHClient


def good_of(client, text, words):
    running = client.run_command(" ".join(["bash", "-s", *words]), stop_on_errors=False)
    for output in running:
        if output.exception is None:
            output.stdin.write(text)
            output.stdin.flush()
    for output in running:
        if output.exception is None:
            list(output.stdout)
    client.join(running)
    return sum(output.exit_code == 0 for output in running)


file, jobs, user, port, key, script, *words = sys.argv[1:]
text, hosts = Path(script).read_text(), Path(file).read_text().split()
good = 0
for start in range(0, len(hosts), int(jobs)):
    some = hosts[start : start + int(jobs)]
    client = ParallelSSHClient(some, user=user, port=int(port), pkey=key, pool_size=len(some), timeout=300)
    good += good_of(client, text, words)
print(f"{good} good")
sys.exit(good != len(hosts))
