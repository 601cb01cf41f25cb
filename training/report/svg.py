"""Figures as inline SVG: small, reproducible, legible in light and dark mode and on paper.

Figures are drawn in the light colours. Each colour is then replaced by a custom property of its
name, with the light colour as fallback, so that the page chooses the colours.
"""

import html
import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.report.blocks import Key, Plate
from training.report.style import GRID, INK, PALETTE, SOFT, MethodStyle, method_styles

_OWN = "@@"  # prefix of all identifiers until the page numbers its figures
_WIDTH_IN = 3.7
_FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','DejaVu Sans',sans-serif"


def plate(title: str, note: str, draw: Callable[[Axes], None], height_in: float = 2.6) -> Plate:
    """Draw one figure.

    Parameters
    ----------
    title, note
        Title and description, beside the figure on the page and inside it for screen readers.
    draw
        Draws on empty axes.
    height_in
        Height in inches; the width is the same for all figures.
    """
    with _house_style():
        figure = Figure(figsize=(_WIDTH_IN, height_in), layout="constrained")
        axes = figure.add_subplot()
        axes.set_axisbelow(True)
        draw(axes)
        svg = _svg(figure)
    about = (
        f'role="img" aria-labelledby="{_OWN}title {_OWN}desc">'
        f'<title id="{_OWN}title">{html.escape(title)}</title>'
        f'<desc id="{_OWN}desc">{html.escape(note)}</desc>'
    )
    return Plate(title, note, svg.replace(">", f" {about}", 1))


def keys(methods: Sequence[str]) -> list[Key]:
    """The legend of `methods`."""
    return [Key(method, _key(style)) for method, style in method_styles(methods).items()]


def embed(svg: str, number: int) -> str:
    """The SVG with identifiers that are unique on the page."""
    return svg.replace(_OWN, f"g{number}-")


@cache
def _key(style: MethodStyle) -> str:
    with _house_style():
        figure = Figure(figsize=(0.46, 0.17))
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_axis_off()
        axes.set(xlim=(0, 1), ylim=(0, 1))
        style.draw(axes, [0.03, 0.97], [0.5, 0.5], markers=False)
        style.draw(axes, [0.5], [0.5])
        svg = _svg(figure)
    return svg.replace(">", ' aria-hidden="true">', 1)


@contextmanager
def _house_style() -> Iterator[None]:
    """Set the style of matplotlib within the block, independent of the user's settings."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rc("font", size=9)
        mpl.rc("text", color=INK, parse_math=False)
        mpl.rc("axes", edgecolor=SOFT, labelcolor=SOFT, labelsize=9, linewidth=0.7, grid=True)
        mpl.rc("axes.spines", right=False, top=False)
        mpl.rc("grid", color=GRID, linewidth=0.7)
        mpl.rc("xtick", color=SOFT, labelsize=8.5)
        mpl.rc("ytick", color=SOFT, labelsize=8.5)
        mpl.rc("legend", fontsize=8.5, frameon=False)
        mpl.rc("svg", fonttype="none", hashsalt="magwatch")
        yield


def _svg(figure: Figure) -> str:
    target = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(target, format="svg", transparent=True, metadata=nothing)
    return _slim(target.getvalue())


def _slim(svg: str) -> str:
    """Remove prologue, fonts, unused identifiers and excess digits; use properties for colours."""
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' (width|height)="[\d.]+pt"', "", svg)
    svg = svg.replace(' version="1.1"', f' font-family="{_FONT}" stroke-linejoin="round"', 1)
    svg = re.sub(r' transform="rotate\(-0[^"]*"', "", svg)
    svg = re.sub(r' (d|x|y|transform)="[^"]*"', _rounded, svg)
    svg = re.sub(r'style="[^"]*"', _coloured, svg)
    used = set(re.findall(r'(?:href="|url\()#([^")]+)', svg))
    svg = re.sub(r' id="([^"]+)"', lambda match: _kept(match[1], used), svg)
    svg = re.sub(r'(href="|url\()#', rf"\1#{_OWN}", svg)
    return re.sub(r">\s+<", "><", svg)


def _rounded(match: re.Match[str]) -> str:
    shorter = re.sub(r"\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", match[0])
    return " " + " ".join(shorter.split())


def _coloured(match: re.Match[str]) -> str:
    style = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font-size: \1", match[0])
    style = re.sub(r"; font-family: [^;\"]*", "", style)
    for name, (light, _) in PALETTE.items():
        style = style.replace(light, f"var(--{name},{light})")
    return style.replace(": ", ":").replace("; ", ";")


def _kept(identifier: str, used: set[str]) -> str:
    return f' id="{_OWN}{identifier}"' if identifier in used else ""
