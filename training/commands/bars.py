"""Progress of each arm and each stage of an evaluation: bars, or lines where no terminal is."""

from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from training.loop import Report


class Bars:
    """A context in which stages are shown; in a log, a line for every quarter of each."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )

    def __enter__(self) -> "Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def arm(self, title: str, length: int) -> Report:
        """A bar for an arm; its report moves it."""
        task = self._progress.add_task(title, total=length, note="waits for a core")

        def report(step: int, loss: float, best: float) -> None:
            note = f"loss {loss:.3f}  validation AUC {best:.4f}"
            self._progress.update(task, completed=step, note=note)
            self._told(title, step - 1, step, length, note)

        return report

    def steps(self, title: str, length: int) -> Callable[..., object]:
        """A bar for a stage of so many steps; what is returned moves it by one or by more."""
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
