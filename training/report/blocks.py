"""Building blocks of a report, before they are rendered as HTML or Markdown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    text: str
    kind: Literal["paragraph"] = "paragraph"


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of short texts."""

    items: Sequence[str]
    kind: Literal["bullets"] = "bullets"


@dataclass(frozen=True, slots=True)
class Command:
    """A command to type."""

    text: str
    kind: Literal["command"] = "command"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table.

    Attributes
    ----------
    name
        Heading of the row.
    cells
        Formatted text of the cells.
    group
        Heading of this row and its neighbours of the same group; empty without groups.
    best
        Indices in `cells` of the best values of the row.
    """

    name: str
    cells: Sequence[str]
    group: str = ""
    best: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a caption.

    Attributes
    ----------
    caption
        Content of the table, with units, without a full stop.
    corner
        Headings of the column of groups, if there is one, and of the column of row names.
    columns
        Headings of the other columns.
    rows
        Rows with a cell for each column; rows of one group are adjacent.
    highlighted
        Name of the row or column to highlight.
    wordy
        Whether the cells are words, aligned left, and not figures.
    """

    caption: str
    corner: Sequence[str]
    columns: Sequence[str]
    rows: Sequence[Row]
    highlighted: str = ""
    wordy: bool = False
    kind: Literal["table"] = "table"

    def groups(self) -> list[list[Row]]:
        """Rows by group, in order; without groups each row is a group."""
        if len(self.corner) == 1:
            return [[row] for row in self.rows]
        names = dict.fromkeys(row.group for row in self.rows)
        return [[row for row in self.rows if row.group == name] for name in names]


@dataclass(frozen=True, slots=True)
class Plate:
    """A figure.

    Attributes
    ----------
    title
        Title above the figure.
    note
        Content of the figure in words, also for screen readers.
    svg
        Inline SVG.
    """

    title: str
    note: str
    svg: str


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of a legend: a method and a piece of its line as inline SVG."""

    method: str
    svg: str


@dataclass(frozen=True, slots=True)
class Gallery:
    """Related figures, drawn on request, since the model card has none.

    Attributes
    ----------
    draw
        Draws the figures.
    methods
        Methods in the legend.
    """

    draw: Callable[[], Sequence[Plate]]
    methods: Sequence[str] = ()
    kind: Literal["gallery"] = "gallery"


Block: TypeAlias = Paragraph | Bullets | Command | Table | Gallery


@dataclass(frozen=True, slots=True)
class ReportSection:
    """A heading and the blocks under it."""

    title: str
    blocks: Sequence[Block]
