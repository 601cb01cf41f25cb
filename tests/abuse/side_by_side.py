"""Two tasks in two processes, printed: run by path, in a folder of strange files.

With an argument the tasks take that many seconds, and say where they run.
"""

import os
import sys
import time

from support.parallel import Report, Work, side_by_side


def nothing() -> None:
    """What the tasks share."""


def doubled(_shared: None, task: int, report: Report) -> int:
    if len(sys.argv) > 1:
        report(os.getpid())
        time.sleep(float(sys.argv[1]))
    return 2 * task


def told(pid: int) -> None:
    print(pid, flush=True)


if __name__ == "__main__":
    os.cpu_count = lambda: 2  # with one core there would be no second process
    print(side_by_side(Work(nothing, doubled), [1, 2], [told, told]))
