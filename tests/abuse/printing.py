"""Runs commands, each in a process of its own, with a standard output that fails.

``python -m tests.abuse.printing {"full": [...], "unread": [...]}`` takes lists of argument lists
and prints, as JSON, exit code and standard error of each. The processes are forks of this one, so
that all is imported once.
"""

import gc
import json
import os
import sys
import tempfile
from importlib import import_module

from monitor.cli import COMMANDS, main


def outcome(arguments: list[str], output: int) -> tuple[int, str]:
    """What comes of one command."""
    with tempfile.TemporaryFile() as errors:
        child = os.fork()
        if not child:
            os.dup2(output, 1)
            os.dup2(errors.fileno(), 2)
            main(arguments)  # ends this process, as it would end any
        _, status = os.waitpid(child, 0)
        errors.seek(0)
        return os.waitstatus_to_exitcode(status), errors.read().decode()


def unread() -> int:
    """A pipe that nobody reads."""
    read, write = os.pipe()
    os.close(read)
    return write


if __name__ == "__main__":
    for module, _, _ in COMMANDS.values():
        import_module(module)
    gc.freeze()  # or every fork would go through all of it at its end
    outputs = {"full": os.open("/dev/full", os.O_WRONLY), "unread": unread()}
    asked = json.loads(sys.argv[1])
    results = {kind: [outcome(one, outputs[kind]) for one in asked[kind]] for kind in asked}
    json.dump(results, sys.stdout)
