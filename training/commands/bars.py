"""Progress on the terminal: one bar for each arm and each stage of an evaluation."""

from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from training.loop import Report


class Bars:
    """A context in which stages are shown."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
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

        return report

    def steps(self, title: str, length: int) -> Callable[..., object]:
        """A bar for a stage of so many steps; what is returned moves it by one or by more."""
        task = self._progress.add_task(title, total=length, note="")
        return lambda count=1: self._progress.advance(task, count)
