"""Pictures: Vega-Lite over the frames of tables, drawn at build time as SVG that takes its ink from the page (light, dark, print).

A module a chapter, as in macros/tables: each declares its pictures with `picture`.
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

from macros.render.palette import palette
from macros.render.view import View, one_of

Specification = Callable[["View"], dict[str, Any]]

FONT = "system-ui, -apple-system, 'Segoe UI', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"
INK = palette()["ink"].light
"""Text, axes and lines; the page's own ink takes its place."""
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
    specification: Callable[[View], dict[str, Any]]


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
    picture = svg(json.dumps(_dressed(known.specification(view)), sort_keys=True, ensure_ascii=False))
    title, alternative = view.html(known.title), view.html(known.alternative)
    return (
        f'<figure class="chart" id="chart-{escape(id)}"><figcaption>{title}</figcaption>'
        f'<div role="img" aria-label="{title}: {alternative}">{picture}</div></figure>'
    )


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
    drawn = drawn[drawn.index("<svg") :]
    width, height = re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawn)[0]
    drawn = re.sub(r"<svg[^>]*>", f'<svg viewBox="0 0 {width} {height}" aria-hidden="true" focusable="false">', drawn, count=1)
    for black in (INK, "black"):
        drawn = drawn.replace(f'"{black}"', '"currentColor"')
    for name, ink in INKS.items():
        drawn = drawn.replace(f'fill="{ink}"', f'fill="var(--{name},{ink})"').replace(f'stroke="{ink}"', f'stroke="var(--{name},{ink})"')
    return drawn


def _dressed(specification: dict[str, Any]) -> dict[str, Any]:
    """The house style."""
    axis = {
        "labelColor": INK,
        "titleColor": INK,
        "tickColor": INK,
        "domainColor": INK,
        "gridColor": INK,
        "gridOpacity": 0.1,
        "labelFontSize": 12,
        "titleFontSize": 12.5,
        "titleFontWeight": 500,
        "labelFont": FONT,
        "titleFont": FONT,
    }
    legend = {"labelColor": INK, "titleColor": INK, "labelFont": FONT, "titleFont": FONT, "labelFontSize": 12, "titleFontSize": 12.5}
    config = {
        "background": "transparent",
        "font": FONT,
        "view": {"stroke": None},
        "axis": axis,
        "legend": legend,
        "range": {"category": list(INKS.values())},
    }
    config["text"] = {"color": INK, "font": FONT, "fontSize": 11.5}
    # Fonts are the reader's and may be wider than those that were measured here.
    padding = {"left": 16, "right": 28, "top": 5, "bottom": 5}
    return {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "padding": padding, **specification, "config": config}


def picture(id: str, table: str, title: dict[str, str], alternative: dict[str, str]) -> Callable[[Specification], Specification]:
    """Declare the function below as a picture of a table."""

    def declare(specification: Specification) -> Specification:
        CHARTS[id] = Chart(id, title, alternative, table, specification)
        return specification

    return declare
