"""Progress of arms and of stages of an evaluation: bars, or lines without a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from support.progress import progress_bar

if TYPE_CHECKING:  # imports PyTorch, which takes seconds and which `evaluate` does not need
    from training.model.train_loop import Report


class Bars:
    """Context that displays stages; without a terminal, a line for every quarter of a stage."""

    def __init__(self) -> None:
        self._progress = progress_bar("{task.fields[note]}")
        self._console = self._progress.console

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def arm(self, title: str, length: int) -> Report:
        """Add a bar for an arm, and return the report that moves it."""
        task = self._progress.add_task(title, total=length, note="waits for a core")

        def report(step: int, loss: float, best: float) -> None:
            note = f"loss {loss:.3f}  validation AUC {best:.4f}"
            self._progress.update(task, completed=step, note=note)
            self._told(title, step - 1, step, length, note)

        return report

    def steps(self, title: str, length: int) -> Callable[..., object]:
        """Add a bar for a stage of `length` steps, and return a function that advances it."""
        task = self._progress.add_task(title, total=length, note="")
        done = 0

        def advance(count: int = 1) -> None:
            nonlocal done
            self._progress.advance(task, count)
            self._told(title, done, done + count, length)
            done += count

        return advance

    def _told(self, title: str, before: int, after: int, length: int, note: str = "") -> None:
        quarters = [4 * done // max(length, 1) for done in (before, after)]
        if not self._console.is_terminal and quarters[0] < quarters[1]:
            self._console.out(f"{title}: {after} of {length}  {note}".rstrip(), highlight=False)
