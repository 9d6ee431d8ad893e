"""Bars of plain elements as SVG, for paper."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from macros.render.palette import palette

COLOURS = {
    "weights": "weights",
    "context": "kv",
    "longer": "kv-longer",
    "over": "over",
    "kv": "kv",
    "buffer": "buffer",
    "runtime": "runtime",
}
"""Part of a bar -> its colour in the palette; the same as in the style sheet."""
TOP, STEP, THICK = 18, 17, 12
"""Where the first bar begins, from one to the next, and how thick each is."""
LEFT, WIDTH = 170, 600
"""Where bars begin, and how wide the picture is."""


def colour(element: Any) -> str:
    """The colour of a part, by its class."""
    return palette()[COLOURS[(element.get("class") or "").removeprefix("bars-")]].light


def picture(bars: Any, *, ink: str, font: str) -> str:
    """The bars and the lines across them.

    Args:
        bars: the element of `render.bars`
        ink: colour of letters and lines
        font: of the letters
    """
    letters = f'font-family="{font}" font-size="10" fill="{ink}"'
    rows = bars.xpath("div[@class='bars-row']")
    low = TOP + STEP * len(rows)
    drawn = [part for index, row in enumerate(rows) for part in _row(row, TOP + STEP * index, letters)]
    for line in bars.xpath("div[@class='bars-lines']/i"):
        at = LEFT + _share(line, "left")
        drawn.append(f'<path d="M{at:.1f} 14V{low}" stroke="{ink}" stroke-dasharray="3 3" stroke-width=".7"/>')
        drawn.append(f'<text x="{at:.1f}" y="10" text-anchor="middle" {letters}>{_text(line)}</text>')
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {low}">{"".join(drawn)}</svg>'


def _row(row: Any, top: int, letters: str) -> list[str]:
    name, parts = row
    drawn, at = [f'<text x="{LEFT - 6}" y="{top + 9}" text-anchor="end" {letters}>{_text(name)}</text>'], float(LEFT)
    for part in parts:
        width = _share(part, "width")
        drawn.append(f'<rect x="{at:.1f}" y="{top}" width="{width:.1f}" height="{THICK}" fill="{colour(part)}"/>')
        at += width
    return drawn


def _text(element: Any) -> str:
    return escape("".join(element.itertext()))


def _share(element: Any, name: str) -> float:
    """A share of the scale, from a style."""
    (share,) = re.findall(rf"{name}:([\d.]+)%", element.get("style") or "")
    return float(share) / 100 * (WIDTH - LEFT)
