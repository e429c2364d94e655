"""A batch of made-up machines that answer after drawn delays, as a process that can be killed at any moment.

python -m tests.batch.slowly FOLDER SEED: grades STUDENTS in FOLDER, or goes on; says when it begins.
"""

from __future__ import annotations

import os
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from dockgrader.batch import folder as folders
from dockgrader.batch.opening import open_run, to_grade
from dockgrader.batch.run import Batch
from dockgrader.batch.work import Job, Outcome, grade_student
from tests.batch.givens import asked, jobs, students

STUDENTS = [f"s{number:03}" for number in range(600)]
"""More than four threads can grade in the two seconds or so in which the fifty kills come."""
LONGEST = 0.04


class Quiet:
    """A watcher that says nothing."""

    def recorded(self, outcome: Outcome) -> None: ...

    def notice(self, text: str) -> None: ...


def main(path: Path, seed: int) -> None:
    """Grade who is left."""
    draw = random.Random(seed)
    roster = students(*STUDENTS)
    what = asked(roster, resume=True)
    whole = grade_student(jobs(students("x"))[0])

    def call(job: Job) -> Outcome:
        time.sleep(draw.uniform(0, LONGEST))
        return replace(whole, student=job.student)

    folders.make_folder(path)
    with folders.locked(path), ThreadPoolExecutor(4) as pool:
        folder = open_run(path, what)
        left = {student.id for student in to_grade(folder, what)}
        todo = [job for job in jobs(roster) if job.student in left]
        print(os.getpid(), len(todo), flush=True)
        Batch(folder, pool, Quiet(), 4, call=call).run(todo)


if __name__ == "__main__":
    for line in sys.stdin:
        if pid := os.fork():
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
        else:
            main(Path(sys.argv[1]), int(line))
            os._exit(0)
