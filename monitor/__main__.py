"""The entry point of `magwatch` and `python -m monitor`.

Signal handlers are installed before anything slow is imported, see `monitor.ending`.
"""

import sys
from contextlib import suppress

from monitor.ending import DONE_S, catch_signals, end_by_signal, end_within


def run() -> None:
    """Run the command line, and end the process soon after it returns.

    Threads of libraries that do not end, such as Faust's at a mute broker, are not waited for.
    """
    try:
        catch_signals()
        from monitor.cli import main  # noqa: PLC0415

        main()
    except SystemExit as done:
        with suppress(OSError):
            sys.stdout.flush()  # without a time limit: the reader may be slow
        end_within(DONE_S, done.code if isinstance(done.code, int) else int(bool(done.code)))
        raise
    except KeyboardInterrupt:  # before there was a command
        end_by_signal()


if __name__ == "__main__":
    run()
