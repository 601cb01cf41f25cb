"""What a report is made of, before it is written as HTML or as Markdown."""

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
    """Something to type."""

    text: str
    kind: Literal["command"] = "command"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table.

    Attributes
    ----------
    name
        Heads the row.
    cells
        As text, formatted.
    group
        Heads this row and its neighbours of the same group together; empty without groups.
    best
        Positions in `cells` of the best values of the row.
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
        What it shows, with units, without a full stop.
    corner
        Heads the names of the groups, if there are any, and those of the rows.
    columns
        Heads of the other columns.
    rows
        Of as many cells as there are columns; rows of one group stand together.
    look_at
        Name of the row or column to look at.
    wordy
        Whether its cells hold words, which are set left, and not figures.
    """

    caption: str
    corner: Sequence[str]
    columns: Sequence[str]
    rows: Sequence[Row]
    look_at: str = ""
    wordy: bool = False
    kind: Literal["table"] = "table"

    def groups(self) -> list[list[Row]]:
        """Rows by group, in order; each row by itself where there are no groups."""
        if len(self.corner) == 1:
            return [[row] for row in self.rows]
        names = dict.fromkeys(row.group for row in self.rows)
        return [[row for row in self.rows if row.group == name] for name in names]


@dataclass(frozen=True, slots=True)
class Plate:
    """One figure.

    Attributes
    ----------
    title
        Stands over it.
    note
        What it says, in words, for those who cannot see it too.
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
    """Figures that belong together, drawn when they are asked for: the card does without.

    Attributes
    ----------
    draw
        Gives the figures.
    methods
        Whose lines a legend explains.
    """

    draw: Callable[[], Sequence[Plate]]
    methods: Sequence[str] = ()
    kind: Literal["gallery"] = "gallery"


Block: TypeAlias = Paragraph | Bullets | Command | Table | Gallery


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: Sequence[Block]
