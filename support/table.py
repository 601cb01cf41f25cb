"""Tables for the terminal and for files."""

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

_FORMULA = ("=", "+", "-", "@")  # with which a spreadsheet begins a formula
_WIDTH = 1000  # where the output goes to no terminal, no line is folded


def plain_table(words: Sequence[str], figures: Sequence[str] = ()) -> Table:
    """A table without rows: columns of words, aligned left, then columns of figures."""
    table = Table(box=None)
    for name in words:
        table.add_column(name, no_wrap=True)
    for name in figures:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def print_table(table: Table) -> None:
    """Print a table as wide as the terminal; brackets in its cells are no markup."""
    Console(width=None if sys.stdout.isatty() else _WIDTH, markup=False).print(table)


def no_formula(text: str) -> str:
    """Text that somebody wrote, for a CSV that a spreadsheet may open."""
    return f"'{text}" if text.startswith(_FORMULA) else text
