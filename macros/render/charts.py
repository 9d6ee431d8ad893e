"""Pictures: Vega-Lite over the frames of tables, drawn at build time as SVG that takes its ink from the page (light, dark, print)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any

from macros.render.view import View, one_of

FONT = "system-ui, -apple-system, 'Segoe UI', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"
INKS = ("#0b5a61", "#b3541e", "#5b4b9a", "#8a7a00", "#1c6b3a", "#a3282b")
"""Colours of the series, each dark enough on paper; the style sheet has their counterparts on dark."""


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


def chart(view: View, id: str) -> str:
    """The picture `id` with its title and its description."""
    one_of("a chart", id, CHARTS)
    known = CHARTS[id]
    picture = svg(json.dumps(_dressed(known.specification(view)), sort_keys=True, ensure_ascii=False))
    title, alternative = view.html(known.title), view.html(known.alternative)
    return (
        f'<figure class="chart" id="chart-{escape(id)}"><figcaption>{title}</figcaption>'
        f'<div role="img" aria-label="{title}: {alternative}">{picture}</div></figure>'
    )


@cache
def svg(specification: str) -> str:
    """Draw; numbers in ink of the page, lines of the grid by class."""
    import vl_convert

    drawn: str = vl_convert.vegalite_to_svg(specification)
    drawn = drawn[drawn.index("<svg") :]
    width, height = re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawn)[0]
    drawn = re.sub(r"<svg[^>]*>", f'<svg viewBox="0 0 {width} {height}" aria-hidden="true" focusable="false">', drawn, count=1)
    for black in ('"#000"', '"#000000"', '"black"'):
        drawn = drawn.replace(black, '"currentColor"')
    for number, ink in enumerate(INKS, 1):
        drawn = drawn.replace(f'fill="{ink}"', f'fill="var(--ink-{number},{ink})"').replace(
            f'stroke="{ink}"', f'stroke="var(--ink-{number},{ink})"'
        )
    return drawn


def _dressed(specification: dict[str, Any]) -> dict[str, Any]:
    """The house style."""
    axis = {
        "labelColor": "#000",
        "titleColor": "#000",
        "tickColor": "#000",
        "domainColor": "#000",
        "gridColor": "#000",
        "gridOpacity": 0.1,
        "labelFontSize": 12,
        "titleFontSize": 12.5,
        "titleFontWeight": 500,
        "labelFont": FONT,
        "titleFont": FONT,
    }
    legend = {"labelColor": "#000", "titleColor": "#000", "labelFont": FONT, "titleFont": FONT, "labelFontSize": 12, "titleFontSize": 12.5}
    config = {
        "background": "transparent",
        "font": FONT,
        "view": {"stroke": None},
        "axis": axis,
        "legend": legend,
        "range": {"category": list(INKS)},
    }
    config["text"] = {"color": "#000", "font": FONT, "fontSize": 11.5}
    return {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", **specification, "config": config}
