"""Where the names of points stand, so that none covers another or a point."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from macros.render.charts import INK

LETTER = 0.62
"""Mean width of a letter of a name in a wide font, in sizes of it."""
LINE = 1.15
"""Height of a line, in the same."""
POINT = 4.5
"""Half of what a point takes [px]."""
BESIDE = 7
"""From the middle of a point to a name beside it [px]."""
SIZE = 11.5
"""Of the names' font [px]."""
FAR = 16
"""From a point to its name without a line between them, at most [px]."""
MARGIN = 0.06
"""Of an axis, on both sides of what stands on it."""
STEP, RINGS = 9, 12
"""How much further out the next places lie [px], and how many are tried."""


@dataclass(frozen=True)
class Box:
    """A rectangle [px], from the top left."""

    left: float
    top: float
    right: float
    bottom: float

    def covers(self, other: Box) -> float:
        """How much of it lies on another [px²].

        >>> Box(0, 0, 10, 10).covers(Box(5, 5, 20, 20)), Box(0, 0, 10, 10).covers(Box(10, 0, 20, 10))
        (25, 0)
        """
        width, height = min(self.right, other.right) - max(self.left, other.left), min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0, width) * max(0, height)


def placed(
    points: Sequence[tuple[float, float, str]], size: float, width: float, height: float, others: Sequence[tuple[float, float]] = ()
) -> list[Box]:
    """A place for each name, as near to its point as there is room.

    Args:
        points: where each stands [px from the top left], and its name
        others: where points without a name stand
        size: of the font [px]
        width: what there is room for [px]
        height: likewise

    Returns:
        The box of each name.
    """
    taken = [Box(x - POINT, y - POINT, x + POINT, y + POINT) for x, y in (*((x, y) for x, y, _ in points), *others)]
    found: dict[int, Box] = {}
    # From the edges inwards: who stands at one has fewer places.
    for index in sorted(range(len(points)), key=lambda index: min(points[index][0], width - points[index][0])):
        places = list(_places(*points[index], size))
        inside = [box for box in places if box.left >= 0 and box.top >= 0 and box.right <= width and box.bottom <= height] or places
        best = next((box for box in inside if not any(box.covers(other) for other in taken)), None)
        found[index] = best or min(inside, key=lambda box: sum(box.covers(other) for other in taken))
        taken.append(found[index])
    return [found[index] for index in range(len(points))]


def _places(x: float, y: float, name: str, size: float) -> Iterator[Box]:
    """Right, left, above, below, and further out."""
    width, half = LETTER * size * len(name), LINE * size / 2
    for ring in range(RINGS):
        away = BESIDE + STEP * ring
        for left, middle in (
            (x + BESIDE, y - STEP * ring), (x + BESIDE, y + STEP * ring), (x - BESIDE - width, y - STEP * ring),
            (x - BESIDE - width, y + STEP * ring), (x - width / 2, y - half - away), (x - width / 2, y + half + away),
        ):  # fmt: skip
            yield Box(left, middle - half, left + width, middle + half)


@dataclass(frozen=True)
class Scale:
    """From a figure to its place on an axis, and back."""

    field: str
    low: float
    high: float
    length: float
    log: bool

    @classmethod
    def of(cls, field: str, values: Sequence[float], length: float, *, log: bool = False) -> Scale:
        """That on which all values of a field stand, with a margin at both ends."""
        low, high = (math.log(min(values)), math.log(max(values))) if log else (min(values), max(values))
        more = MARGIN * (high - low or 1)
        return cls(field, low - more, high + more, length, log)

    def pixel(self, value: float) -> float:
        """How far along the axis a value stands [px]."""
        return self.length * ((math.log(value) if self.log else value) - self.low) / (self.high - self.low)

    def value(self, pixel: float) -> float:
        """What stands there."""
        found = self.low + (self.high - self.low) * pixel / self.length
        return math.exp(found) if self.log else found

    def encoding(self, **more: Any) -> dict[str, Any]:
        """The axis for Vega-Lite."""
        scale = {"domain": [self.value(0), self.value(self.length)], "nice": False, **({"type": "log"} if self.log else {"zero": False})}
        return {"field": self.field, "type": "quantitative", "scale": scale, **more}


def named(values: list[dict[str, Any]], name: str, x: Scale, y: Scale, others: Sequence[dict[str, Any]] = ()) -> list[dict[str, Any]]:
    """Layers with the names of points, none on another; a line leads to a name that stands far off.

    Args:
        values: the points that have names
        name: the field that holds the name
        x: the axis across
        y: the axis upwards
        others: points that have none
    """
    at = [(x.pixel(value[x.field]), y.length - y.pixel(value[y.field]), value[name]) for value in values]
    beside = [(x.pixel(value[x.field]), y.length - y.pixel(value[y.field])) for value in others]
    found = [
        value | _standing(point, box, x, y)
        for value, point, box in zip(values, at, placed(at, SIZE, x.length, y.length, beside), strict=True)
    ]
    to_x, to_y = x.encoding(), y.encoding()
    line = {"x": to_x, "y": to_y, "x2": {"field": "near_x"}, "y2": {"field": "at_y"}}
    text = {"x": {**to_x, "field": "at_x"}, "y": {**to_y, "field": "at_y"}, "text": {"field": name}}
    return [
        {
            "data": {"values": [value for value in found if value["far"]]},
            "mark": {"type": "rule", "color": INK, "opacity": 0.4},
            "encoding": line,
        },
        *(
            {
                "data": {"values": [value for value in found if value["side"] == side]},
                "mark": {"type": "text", "align": side, "baseline": "middle", "fontSize": SIZE, "color": INK},
                "encoding": text,
            }
            for side in ("left", "center", "right")
        ),
    ]


def _standing(point: tuple[float, float, str], box: Box, x: Scale, y: Scale) -> dict[str, Any]:
    """Where a name begins or ends: the end by its point stays where it is in whatever font."""
    left, top, _ = point
    near, middle = max(box.left, min(left, box.right)), (box.top + box.bottom) / 2
    side = "left" if box.left > left else "right" if box.right < left else "center"
    anchor = {"left": box.left, "right": box.right, "center": (box.left + box.right) / 2}[side]
    far = max(abs(near - left), abs(middle - top)) > FAR
    return {"at_x": x.value(anchor), "at_y": y.value(y.length - middle), "near_x": x.value(near), "side": side, "far": far}
