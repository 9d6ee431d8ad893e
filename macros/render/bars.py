"""Memory bars: what fills the memory, as plain elements that the style sheet draws. Cheap enough for every generated page, and as readable
on a phone as on a wide screen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import pandas as pd

from macros.render.numbers import number
from macros.render.view import View

CARDS_GIB = (8, 12, 16, 24, 32, 48, 80, 141, 192, 288, 512, 1024)
"""Memory of cards and machines that people have: the lines in a picture of what a model needs."""

CLOSE = ' class="bars-close"'
"""A line whose label stands too near another's for a narrow screen."""
EDGE = 1.04
"""Room for the last line and what stands on it."""


@dataclass(frozen=True)
class Bar:
    """One line: its name (as HTML) and its parts, one after the other [GiB]."""

    name: str
    parts: Sequence[tuple[str, float]]
    """(kind, size): the kinds are the classes of the style sheet."""


@dataclass(frozen=True)
class Bars:
    """A picture of bars over one scale; a bar that is longer than the scale ends in an arrow at its edge."""

    key: Sequence[tuple[str, str]]
    """(kind, its words as HTML), in the order of the parts."""
    bars: Sequence[Bar]
    lines: Sequence[float]
    """Sizes of memory, as lines across the bars [GiB]."""
    most: float
    """The end of the scale [GiB]."""

    def html(self, told: str) -> str:
        """The key and the bars.

        Args:
            told: what a reader is told who does not see it (as HTML)
        """
        most = max(self.most, *self.lines, 0) * EDGE

        def share(size: float) -> str:
            return f"{100 * size / most:.2f}%"

        rows = "".join(
            f'<div class="bars-row"><span data-pagefind-ignore>{bar.name}</span><div{self._cut(bar, most)}>'
            + "".join(f'<i class="bars-{kind}" style="width:{share(size)}"></i>' for kind, size in _within(bar.parts, most))
            + "</div></div>"
            for bar in self.bars
        )
        last = self.lines[-1] if self.lines else None
        labelled = apart(self.lines, most)
        marks = "".join(
            f'<i{"" if size in labelled else CLOSE} style="left:{share(size)}"><b>{number(size)}{" GiB" if size == last else ""}</b></i>'
            for size in self.lines
        )
        listed = "".join(f'<li class="bars-{kind}">{words}</li>' for kind, words in self.key)
        return (
            f'<ul class="bars-key">{listed}</ul><div class="bars" role="img" aria-label="{told}">'
            f'{rows}<div class="bars-lines">{marks}</div></div>'
        )

    @staticmethod
    def _cut(bar: Bar, most: float) -> str:
        return ' class="bars-cut"' if sum(size for _, size in bar.parts) > most else ""


def _within(parts: Iterable[tuple[str, float]], most: float) -> Iterable[tuple[str, float]]:
    """The parts up to the end of the scale."""
    left = most
    for kind, size in parts:
        if left > 0:
            yield kind, min(size, left)
        left -= size


def needs(view: View, frame: pd.DataFrame) -> str:
    """What a model needs at each quantization, with the memory of usual cards as lines."""
    bars, told = [], []
    for row in frame.dropna(subset=["short"]).to_dict("records"):
        weights, short, long = row["on_device"], row["short"], row["long"]
        longer = [("longer", long - short)] if long == long and long is not None else []
        name = view.name("quantizations", row["quant"])
        bars.append(Bar(name, [("weights", weights), ("context", short - weights), *longer]))
        told.append(f"{name} {number(short, 1)} GiB")
    title = view.pick("各种量化占多少显存", "How much memory each quantization fills")
    key = [
        ("weights", view.pick("显卡上的权重", "weights on the card")),
        ("context", view.pick("上下文 8,192 与其余", "context of 8,192 and the rest")),
        ("longer", view.pick("上下文加到 32,768", "up to a context of 32,768")),
    ]
    most = max(sum(size for _, size in bar.parts) for bar in bars)
    lines = apart([size for size in CARDS_GIB if size < most * 1.25], most * 1.25)
    shown = Bars(key[: 2 + any(len(bar.parts) > 2 for bar in bars)], bars, lines, most)
    return _figure(view, title, view.pick("，", ", ").join(told), shown)


def fills(view: View, frame: pd.DataFrame, room_gib: float) -> str:
    """What each model takes of the room for it on a device; the longest bars end at the edge."""
    room = round(room_gib, 1)
    rows = frame.to_dict("records")
    bars = [Bar(view.name("models", row["model"]), [("weights" if row["fits"] else "over", row["need"])]) for row in rows]
    title = view.pick(
        f"每个模型占多少显存（除去桌面与余量，能放 {number(room)} GiB）",
        f"How much memory each model takes, of the {number(room)} GiB left beside desktop and margin",
    )
    fit = sum(bool(row["fits"]) for row in rows)
    told = view.pick(f"放得下 {fit} 个，共 {len(bars)} 个", f"{fit} of {len(bars)} fit")
    key = [("weights", view.pick("放得下", "fits")), ("over", view.pick("放不下", "does not fit"))]
    return _figure(view, title, told, Bars(key, bars, [room], room * 1.5))


def apart(sizes: Iterable[float], most: float) -> list[float]:
    """Those that can be labelled side by side."""
    kept: list[float] = []
    for size in sizes:
        if size - (kept[-1] if kept else 0) >= most / 10:
            kept.append(size)
    return kept


def _figure(view: View, title: str, told: str, shown: Bars) -> str:
    words = f"{title}{view.pick('：', ': ')}{told}"
    return f'<figure class="chart"><figcaption>{title}</figcaption>{shown.html(escape(words))}</figure>'
