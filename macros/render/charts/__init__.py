"""Pictures of what tables say: bars of plain elements, or Vega-Lite drawn at build time as SVG that takes its ink from the page.

A module a chapter, as in macros/tables: each declares its pictures with `picture` or `barred`. What is drawn as SVG is no wider than a
phone can show at a readable size: NARROW, with its key below.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any

from macros.render.bars import Bars
from macros.render.palette import palette
from macros.render.view import View, one_of

Specification = Callable[["View"], dict[str, Any]]
Barred = Callable[["View"], Bars]

FONT = "system-ui, -apple-system, 'Segoe UI', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"
INK = palette()["ink"].light
"""Text, axes and lines; the page's own ink takes its place."""
NARROW = 370
"""Width of what the axes frame [px]."""
INKS = {name: colour.light for name, colour in palette().items() if name.startswith("ink-")}
"""Colours of the series by their names in the style sheet, each dark enough on paper; it has their counterparts on dark."""


@dataclass(frozen=True)
class Chart:
    """A picture: what it shows in words, and its specification in a language."""

    id: str
    title: dict[str, str]
    alternative: dict[str, str]
    """What a reader who does not see it should know."""
    table: str
    """The table with its numbers."""
    drawn: Callable[[View], str]
    """The picture in a language, as HTML."""


CHARTS: dict[str, Chart] = {}


@cache
def _import_chapters() -> None:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")


def charts() -> dict[str, Chart]:
    """All pictures by id."""
    _import_chapters()
    return CHARTS


def chart(view: View, id: str) -> str:
    """The picture `id` with its title and its description."""
    one_of("a chart", id, charts())
    known = CHARTS[id]
    return f'<figure class="chart" id="chart-{escape(id)}"><figcaption>{view.html(known.title)}</figcaption>{known.drawn(view)}</figure>'


def told(view: View, known: Chart) -> str:
    """What a reader is told who does not see a picture."""
    return f"{view.html(known.title)}{view.pick('：', ': ')}{view.html(known.alternative)}"


_DRAW = "import json, sys, vl_convert\nfor line in sys.stdin: print(json.dumps(vl_convert.vegalite_to_svg(line)), flush=True)"


@cache
def _artist() -> subprocess.Popen[str]:
    """Draws in a process of its own: what it draws with takes as much memory as the rest of the build, and ends with the build."""
    return subprocess.Popen([sys.executable, "-c", _DRAW], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")


@cache
def svg(specification: str) -> str:
    """Draw; numbers in ink of the page, lines of the grid by class."""
    artist = _artist()
    assert artist.stdin is not None
    assert artist.stdout is not None
    artist.stdin.write(specification + "\n")
    artist.stdin.flush()
    drawn: str = json.loads(artist.stdout.readline() or "null") or ""
    if not drawn:
        raise ValueError("expected a picture, got none: the drawing program stopped. Fix: see its message above")
    drawn = _joined(_SPOKEN.sub("", drawn[drawn.index("<svg") :]))
    width, height = re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawn)[0]
    drawn = re.sub(r"<svg[^>]*>", f'<svg viewBox="0 0 {width} {height}" aria-hidden="true" focusable="false">', drawn, count=1)
    for black in (INK, "black"):
        drawn = drawn.replace(f'"{black}"', '"currentColor"')
    for name, ink in INKS.items():
        drawn = drawn.replace(f'fill="{ink}"', f'fill="var(--{name},{ink})"').replace(f'stroke="{ink}"', f'stroke="var(--{name},{ink})"')
    return drawn


_SPOKEN = re.compile(r' (?:aria-[a-z]+|role)="[^"]*"')
"""What a screen reader would be told of each mark: the picture is told as a whole."""
_POINT = re.compile(r'<path transform="translate\(([-\d.]+),([-\d.]+)\)" d="([^"]*)"([^>]*)/>')
_MANY = 200
"""Points from which a picture weighs more than the rest of its page."""


def _joined(drawn: str) -> str:
    """Points of one shape and colour as one path, where there are many."""
    if len(_POINT.findall(drawn)) < _MANY:
        return drawn

    def joined(marks: re.Match[str]) -> str:
        paths: dict[tuple[str, str], list[str]] = {}
        for x, y, shape, dress in _POINT.findall(marks[0]):
            paths.setdefault((shape, dress), []).append(f"M{float(x):.1f} {float(y):.1f}{_moved(shape)}")
        return "".join(f'<path d="{"".join(parts)}"{dress}/>' for (_, dress), parts in paths.items())

    return re.sub(rf"(?:{_POINT.pattern}){{2,}}", joined, drawn)


@cache
def _moved(shape: str) -> str:
    """A path around the origin, relative to where the pen is.

    >>> _moved("M-2.64,0L0,-2.64L2.64,0Z"), _moved("M3,0A3,3,0,1,1,-3,0Z")
    ('m-2.6 0l2.6 -2.6l2.6 2.6z', 'm3 0a3 3 0 1 1 -6 0z')
    """
    here, parts = (0.0, 0.0), []
    for command, listed in re.findall(r"([A-Zh-v])([^A-Zh-v]*)", shape):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+(?:e-?\d+)?", listed)]
        if command in "MLA":
            *lead, x, y = numbers
            parts.append(command.lower() + " ".join(f"{number:.3g}" for number in (*lead, round(x - here[0], 1), round(y - here[1], 1))))
            here = (x, y)
        elif command in "HVhv":
            along = numbers[0] - (here[command in "Vv"] if command.isupper() else 0)
            parts.append(f"{command.lower()}{along:.3g}")
            here = (here[0] + along, here[1]) if command in "Hh" else (here[0], here[1] + along)
        elif command == "Z":
            parts.append("z")
        else:
            raise ValueError(f"a point drawn with {command}: {shape}")
    return "".join(parts)


def _dressed(specification: dict[str, Any]) -> dict[str, Any]:
    """The house style."""
    axis = {
        "labelColor": INK,
        "titleColor": INK,
        "tickColor": INK,
        "domainColor": INK,
        "gridColor": INK,
        "gridOpacity": 0.1,
        "labelFontSize": 13,
        "labelOverlap": "greedy",
        "labelSeparation": 5,
        "titleFontSize": 13,
        "titleFontWeight": 500,
        "labelFont": FONT,
        "titleFont": FONT,
    }
    legend = {"labelColor": INK, "titleColor": INK, "labelFont": FONT, "titleFont": FONT, "labelFontSize": 13, "titleFontSize": 13}
    legend |= {"orient": "bottom", "columns": 2, "direction": "horizontal", "titleOrient": "top"}
    config = {
        "background": "transparent",
        "font": FONT,
        "view": {"stroke": None},
        "axis": axis,
        "legend": legend,
        "range": {"category": list(INKS.values())},
    }
    config["text"] = {"color": INK, "font": FONT, "fontSize": 12}
    # Fonts are the reader's and may be wider than those that were measured here.
    padding = {"left": 8, "right": 14, "top": 5, "bottom": 5}
    house = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "padding": padding, "width": NARROW, "height": 320}
    return {**house, **specification, "config": config}


def picture(id: str, table: str, title: dict[str, str], alternative: dict[str, str]) -> Callable[[Specification], Specification]:
    """Declare the function below as a picture of a table, drawn with Vega-Lite."""

    def declare(specification: Specification) -> Specification:
        def drawn(view: View) -> str:
            picture = svg(json.dumps(_dressed(specification(view)), sort_keys=True, ensure_ascii=False))
            return f'<div class="chart-drawn" role="img" aria-label="{told(view, CHARTS[id])}">{picture}</div>'

        CHARTS[id] = Chart(id, title, alternative, table, drawn)
        return specification

    return declare


def barred(id: str, table: str, title: dict[str, str], alternative: dict[str, str]) -> Callable[[Barred], Barred]:
    """Declare the function below as a picture of a table, made of bars."""

    def declare(bars: Barred) -> Barred:
        CHARTS[id] = Chart(id, title, alternative, table, lambda view: bars(view).html(told(view, CHARTS[id])))
        return bars

    return declare
