"""How wide each column of a table on paper is: no wider than what it holds, and never narrower than its longest word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

LINE = 481.0
"""Room on an upright page [pt]."""
TURNED_LINE = 760.0
"""Room on a turned page [pt]."""
SIZES = (8.4, 7.6, 6.8)
"""Sizes of type in tables: the largest at which no cell breaks; where one must, by the number of columns [pt]."""
SHORT = 9.0
"""A cell up to here stands on one line even where longer ones beside it break [em]."""
LONGEST = 26.0
"""A cell longer than this asks for no more room: it breaks into lines [em]."""
WHITE, TIGHT = 8.0, 5.0
"""White on both sides of a cell together: of a few columns on a page, and of many or in a narrow line [pt]."""
LONGER = 52.0
"""Of cells that break, one longer than this weighs no more when they share the line [em]."""
CROWDED = 0.25
"""Where the long cells get less than this share of what they ask for, the page is turned."""
REGULAR = 0.94
"""Width of regular Latin type in that of bold."""
FULLWIDTH = 0x2E7F
"""Characters from here on are as wide as high, and a line may break after each."""


@dataclass(frozen=True)
class Column:
    """What one column holds, longest first [em]."""

    cell: float
    """Its longest cell."""
    word: float
    """The longest word in it, heading included."""
    heading: float
    """Its heading on one line."""

    @property
    def natural(self) -> float:
        """The room in which its cells stand on one line and its heading breaks between words."""
        return min(max(self.cell, self.word), max(LONGEST, self.word))


@dataclass(frozen=True)
class Fit:
    """A table that fits the page."""

    size: float
    """Type [pt]."""
    inset: float
    """White on both sides of a cell together [pt]."""
    widths: tuple[str, ...]
    """Of each column, in Typst's lengths."""
    turned: bool
    """Whether it needs a turned page."""


def em(text: str, bold: bool = True) -> float:
    """How wide a run of text is, a little more rather than less [em].

    >>> em("词元"), round(em("Qwen3 8B"), 2), em("词元", bold=False)
    (2.0, 5.27, 2.0)
    """
    return sum(_advance(character) * (1.0 if bold or ord(character) > FULLWIDTH else REGULAR) for character in text)


def _advance(character: str) -> float:
    """Of bold type."""
    if ord(character) > FULLWIDTH:
        return 1.0
    if character == "\u200b":
        return 0.0
    if character in " .,:;|'!-/()[]{}fijlrtI":
        return 0.4
    if character in "MWmw%@—…×·":
        return 0.95
    return 0.74 if character.isupper() else 0.61


def longest_word(text: str, bold: bool = True) -> float:
    """The widest piece that must stand on one line; four Chinese characters together still read as a word [em].

    A line breaks after a hyphen, unless a digit follows.

    >>> longest_word("每千美元带宽 GB/s") == em("每千美元"), longest_word("a_\u200bbc") == em("bc")
    (True, True)
    >>> longest_word("双通道 DDR4-3200") == em("DDR4-3200"), longest_word("high-end") == em("high-")
    (True, True)
    """
    pieces = re.findall(r"[\u2e80-\uffef]+|(?:[^\s\u200b\u2e80-\uffef-]|-(?=\d))*-?", text)
    return max((min(em(piece), 4.0) if ord(piece[0]) > FULLWIDTH else em(piece, bold) for piece in pieces if piece), default=0.0)


def column(heading: str, cells: Sequence[str], *, bold: bool = True) -> Column:
    """What a column holds; its heading is bold, its cells where they name the rows."""
    word = max((longest_word(cell, bold) for cell in cells), default=0.0)
    return Column(max((em(cell, bold) for cell in cells), default=0.0), max(longest_word(heading), word), em(heading))


def fit(columns: Sequence[Column], line: float = LINE, sizes: Sequence[float] = SIZES) -> Fit:
    """The size of type and the widths at which a table fits the line.

    Args:
        columns: what they hold [em]
        line: room on the page; a page wider than LINE is a turned one [pt]
        sizes: of type, largest first [pt]
    """
    inset = WHITE if line >= LINE and len(columns) <= 6 else TIGHT
    room = line - inset * len(columns)
    if all(one.cell <= LONGEST for one in columns):
        for size in sizes:
            left = room / size - sum(one.natural for one in columns)
            if left >= 0:
                wishes = [max(one.heading - one.natural, 0.0) for one in columns]
                share = min(1.0, left / sum(wishes)) if any(wishes) else 0.0
                return _fit(size, [one.natural + share * wish for one, wish in zip(columns, wishes, strict=True)], inset, line)
    broken = [index for index, one in enumerate(columns) if one.natural > SHORT]
    enough = max(CROWDED * sum(columns[index].natural for index in broken), sum(columns[index].word for index in broken))
    for size in sizes[min(max(len(columns) - 3, 0) // 2, len(sizes) - 1) :]:
        left = room / size - sum(one.natural for one in columns if one.natural <= SHORT)
        if left >= enough:
            break
    else:
        if line == LINE:
            return fit(columns, TURNED_LINE, sizes)
    widths = [one.natural for one in columns]
    weights = {index: min(columns[index].cell, LONGER) for index in broken}
    # From the column whose longest word asks most of its share: what it takes beyond that is missing to the others.
    for index in sorted(broken, key=lambda index: -columns[index].word / weights[index]):
        widths[index] = max(columns[index].word, left * weights[index] / sum(weights.values()))
        left -= widths[index]
        del weights[index]
    return _fit(size, widths, inset, line)


def _fit(size: float, widths: Sequence[float], inset: float, line: float) -> Fit:
    return Fit(size, inset, tuple(f"{width:.2f}em+{inset:g}pt" for width in widths), line > LINE)
