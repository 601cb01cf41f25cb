"""Ends the process within ten seconds of SIGTERM or SIGINT, whatever it is doing.

After the signal a command has `GRACE_S` to end by itself. Most take under a second, but a mute
broker, a thread of a library or a full pipe can hold them. Then `_end` calls `os._exit`; nothing
else in the program does so on a timer. No data are lost by it: what a worker has not published and
checkpointed is done again after its next start, byte for byte (docs/adr/0003-checkpoints.md).

This module imports little, so that the handlers are installed before slow imports begin: the
kernel ignores signals without a handler for process 1 of a container.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from threading import Thread, Timer
from types import FrameType

GRACE_S = 8.0  # supervisors wait ten; two are left for a busy machine
DONE_S = 3.0  # for threads of libraries after the command has returned
LOG_S = 0.5  # for the last line of the log
SIGNALS = (signal.SIGTERM, signal.SIGINT)
_received = 0  # number of the first signal


def catch_signals() -> None:
    """Install handlers: the first signal raises KeyboardInterrupt and starts the time limit."""
    for number in SIGNALS:
        signal.signal(number, _interrupt)
    os.register_at_fork(after_in_child=_restore_defaults)


def end_requested() -> bool:
    """Whether a signal has asked the process to end."""
    return bool(_received)


def note_signal(number: int, _frame: FrameType | None) -> None:
    """Handle a signal by starting the time limit only; a second signal changes nothing."""
    global _received  # noqa: PLW0603 - signals belong to the process
    if not _received:
        _received = number
        end_within(GRACE_S, 1, f"not ended {GRACE_S:g} s after the signal, ended now")


def end_within(seconds: float, status: int, why: str = "") -> None:
    """Start a timer that ends the process with `status` and logs `why`."""
    timer = Timer(seconds, _end, (status, why))
    timer.daemon = True
    timer.start()


def end_by_signal() -> None:
    """End the process by the signal that was received, as a program without a handler ends.

    Returns if there was none.
    """
    if not _received:
        return
    with suppress(OSError):
        sys.stdout.flush()
    signal.signal(_received, signal.SIG_DFL)
    os.kill(os.getpid(), _received)
    os._exit(128 + _received)  # the signal does not end process 1 of a container


def _interrupt(number: int, frame: FrameType | None) -> None:
    # once: a second Ctrl-C must not interrupt the cleanup that the first one began
    again = end_requested()
    note_signal(number, frame)
    if not again:
        raise KeyboardInterrupt


def _end(status: int, why: str) -> None:
    if why:  # on another thread, since the log itself may be what blocks
        logging = Thread(target=_log, args=(why,), daemon=True)
        logging.start()
        logging.join(LOG_S)
    os._exit(status)


def _log(why: str) -> None:
    import structlog  # noqa: PLC0415 - a slow import, see above

    if structlog.is_configured():
        structlog.get_logger("magwatch.ending").warning(why)
    else:  # a command without a log
        print(f"magwatch: {why}", file=sys.stderr, flush=True)


def _restore_defaults() -> None:
    """A forked child is ended by its parent: `Process.terminate` sends SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
