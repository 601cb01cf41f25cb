"""Colours for light and dark, and line styles of methods, the same in all figures."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from training.results import CLASSIFIER, CONTROL, KP_ONLY, NEGATIVE

PALETTE = {
    "ink": ("#1f2430", "#e9ebf0"),
    "soft": ("#5a6170", "#a9b0bd"),
    "grid": ("#e1e4ea", "#2f3642"),
    "paper": ("#fffffe", "#181c23"),
    "band": ("#e9edf4", "#28303d"),
    "negative": ("#cc5500", "#ff9352"),
    "control": ("#0a6fae", "#61b6f2"),
    "classifier": ("#0b8561", "#3fcf9f"),
    "context": ("#9c5a91", "#d79bc9"),
    "other": ("#858d9b", "#848d9c"),
    "step0": ("#6498cb", "#44749f"),
    "step1": ("#4580ba", "#5e8fbf"),
    "step2": ("#2c629b", "#84afd8"),
    "step3": ("#194878", "#b0cfec"),
    "step4": ("#082a52", "#dcebfa"),
}
"""Light and dark colour by name; colour-blind people can distinguish the hues of the methods."""

INK, SOFT, GRID, PAPER, BAND = (
    PALETTE[name][0] for name in ("ink", "soft", "grid", "paper", "band")
)
STEPS = [PALETTE[f"step{number}"][0] for number in range(5)]
"""Colours of growing contrast to the paper, for a growing quantity."""


@dataclass(frozen=True, slots=True)
class MethodStyle:
    """Line style of a method in all figures."""

    colour: str
    dashes: str
    marker: str
    width: float = 1.2
    order: int = 3

    def draw(
        self, axes: Axes, x: Sequence[float], y: Sequence[float], markers: bool = True
    ) -> None:
        """Draw a line through points."""
        axes.plot(
            x,
            y,
            color=self.colour,
            linestyle=self.dashes,
            linewidth=self.width,
            marker=self.marker if markers else "",
            markersize=self.size,
            markeredgewidth=0.0,
            zorder=self.order,
        )

    def mark(self, axes: Axes, x: Sequence[float], y: Sequence[float], full: bool = True) -> None:
        """Draw single markers, larger than those on a line; full or open."""
        axes.plot(
            x,
            y,
            linestyle="",
            marker=self.marker,
            markersize=self.size + 2,
            markerfacecolor=self.colour if full else PAPER,
            markeredgecolor=self.colour,
            clip_on=False,
            zorder=self.order + 0.5,
        )

    @property
    def size(self) -> float:
        """Size of the marker, in points."""
        return 3.0 + self.width


_KNOWN = {
    NEGATIVE: MethodStyle(PALETTE["negative"][0], "-", "o", width=2.2, order=6),
    CONTROL: MethodStyle(PALETTE["control"][0], "-", "s", order=5),
    CLASSIFIER: MethodStyle(PALETTE["classifier"][0], "-", "D", order=4),
    KP_ONLY: MethodStyle(PALETTE["context"][0], "--", "v"),
}
_OTHERS = [
    MethodStyle(PALETTE["other"][0], dashes, marker)
    for dashes, marker in (("--", "^"), (":", "P"), ("-.", "X"), ("-", "<"), ("--", "*"))
]


def method_styles(methods: Sequence[str]) -> dict[str, MethodStyle]:
    """Line style of each method; untrained methods are grey and differ by dash and marker."""
    others = [method for method in dict.fromkeys(methods) if method not in _KNOWN]
    grey = {method: _OTHERS[i % len(_OTHERS)] for i, method in enumerate(others)}
    return {method: _KNOWN.get(method) or grey[method] for method in methods}
