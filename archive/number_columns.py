"""Read lines of blank-separated columns with NumPy: a million of them in a second.

Only plain numbers and whole lines are taken; the caller reads the lines that are left by itself.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geofield.types import Bool, Float64, Int64

Bytes = NDArray[np.uint8]
BLANKS = bytes(range(33))  # control characters too
_SEPARATORS = bytes.maketrans(BLANKS + b"|", b" " * 34)
LINE_FEED, MINUS, PLUS, DOT, ZERO, BAR = b"\n-+.0|"
LONGEST = 15  # bytes of a number: as many digits are exact in float64


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Lines of a text, and the columns of those that have as many as wanted.

    Attributes
    ----------
    text
        The bytes; blanks and control characters separate columns.
    numbers
        Shape [n]: the lines with the wanted number of columns, counted from 0.
    begins, ends
        Shape [n, columns]: where each column begins and ends (exclusive).
    others
        The lines with another number of columns, except blank ones.
    line_ends
        Shape [lines]: where each line ends (exclusive).
    """

    text: Bytes
    numbers: Int64
    begins: Int64
    ends: Int64
    others: Int64
    line_ends: Int64

    def __len__(self) -> int:
        return len(self.line_ends)

    def line(self, number: int) -> bytes:
        """Bytes of a line without blanks at its ends."""
        begin = int(self.line_ends[number - 1]) if number else 0
        return self.text[begin : int(self.line_ends[number])].tobytes().strip(BLANKS)


def fields_of(line: bytes) -> list[bytes]:
    """Columns of a line, divided as `split_lines` divides them."""
    return line.translate(_SEPARATORS).split()


def split_lines(content: bytes, columns: int) -> Lines:
    """Split a text into lines, and the lines with `columns` columns into these."""
    text = np.frombuffer(b" " + content.rstrip(BLANKS) + b"\n", np.uint8)
    inked = (text > ord(" ")) & (text != BAR)
    edges = np.flatnonzero(inked[1:] != inked[:-1]) + 1
    begins, ends = edges[::2], edges[1::2]
    line_ends = np.flatnonzero(text == LINE_FEED)
    after = np.searchsorted(begins, line_ends)
    first = np.concatenate([[0], after[:-1]])
    count = after - first
    numbers = np.flatnonzero(count == columns)
    places = first[numbers][:, None] + np.arange(columns)
    others = np.flatnonzero((count != columns) & (count > 0))
    return Lines(text, numbers, begins[places], ends[places], others, line_ends)


def numbers_at(text: Bytes, begins: Int64, ends: Int64) -> tuple[Float64, Bool]:
    """Decimal numbers that stand in a text, as `float` would read them.

    Parameters
    ----------
    begins, ends
        Shape [n]: where each begins and ends (exclusive).

    Returns
    -------
    values
        Shape [n].
    plain
        Shape [n]: whether it is a number of at most 15 characters without an exponent; other values
        mean nothing.
    """
    lead = text[begins]
    negative = lead == MINUS
    lengths = ends - begins - (negative | (lead == PLUS))
    plain = (lengths > 0) & (lengths <= LONGEST)
    digits, dots = np.zeros(len(begins), np.int64), np.zeros(len(begins), np.int64)
    scale, divisor = np.ones(len(begins), np.int64), np.ones(len(begins), np.int64)
    for backward in range(1, int(lengths[plain].max(initial=0)) + 1):
        inside = backward <= lengths
        character = text[ends - np.minimum(backward, lengths)]
        digit = character - np.uint8(ZERO)  # what is no digit becomes 10 or more
        counts = inside & (digit < 10)
        digits += np.where(counts, digit * scale, 0)
        scale = np.where(counts, scale * 10, scale)
        dot = inside & (character == DOT)
        if dot.any():
            divisor = np.where(dot, scale, divisor)
            dots += dot
        plain &= ~inside | counts | dot
    plain &= (dots <= 1) & (scale > 1)
    values = digits / divisor
    return np.where(negative, -values, values), plain


def digits_at(text: Bytes, begins: Int64, pattern: str) -> tuple[Int64, Bool]:
    """Digits that stand in a text by a pattern such as ``dddd-dd-dd``.

    Parameters
    ----------
    begins
        Shape [n]: where each begins.
    pattern
        ``d`` for a digit; any other character stands for itself.

    Returns
    -------
    digits
        Shape [n, d]: the digits of each.
    fitting
        Shape [n]: whether it has the pattern.
    """
    characters = text[np.minimum(begins[:, None] + np.arange(len(pattern)), len(text) - 1)]
    signs = np.frombuffer(pattern.encode("ascii"), np.uint8)
    wanted = signs == ord("d")
    digits = characters[:, wanted] - np.uint8(ZERO)
    fitting = (digits < 10).all(axis=1)
    fitting &= (characters[:, ~wanted] == signs[~wanted]).all(axis=1)
    return digits.astype(np.int64), fitting
