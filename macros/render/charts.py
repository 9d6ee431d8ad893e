"""Pictures: Vega-Lite over the frames of tables, drawn at build time as SVG that takes its ink from the page (light, dark, print)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any

from macros.render.view import View, one_of
from macros.tables import pairs, plain, tables

Specification = Callable[["View"], dict[str, Any]]

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
    from macros.render import accuracy_charts  # noqa: F401  (enters its pictures)

    one_of("a chart", id, CHARTS)
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
    # Fonts are the reader's and may be wider than those that were measured here.
    padding = {"left": 16, "right": 28, "top": 5, "bottom": 5}
    return {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "padding": padding, **specification, "config": config}


def _picture(id: str, table: str, title: dict[str, str], alternative: dict[str, str]) -> Callable[[Specification], Specification]:
    """Declare the function below as a picture of a table."""

    def declare(specification: Specification) -> Specification:
        CHARTS[id] = Chart(id, title, alternative, table, specification)
        return specification

    return declare


CARDS = (8, 12, 16, 24, 32, 48)
"""Sizes of cards drawn as limits [GiB]."""


def _limits(view: View, axis: str) -> list[dict[str, Any]]:
    """The sizes of cards as lines."""
    values = [{"gib": size, "label": f"{size} GiB"} for size in CARDS]
    where: dict[str, Any] = {axis: {"field": "gib", "type": "quantitative"}}
    text = {"x": {"value": 2}, "dy": -5} if axis == "y" else {"y": {"value": 6}, "dx": 4}
    label = {name: place for name, place in text.items() if isinstance(place, dict)}
    shift = {name: place for name, place in text.items() if not isinstance(place, dict)}
    return [
        {"data": {"values": values}, "mark": {"type": "rule", "strokeDash": [4, 3], "color": "#000", "opacity": 0.4}, "encoding": where},
        {
            "data": {"values": values},
            "mark": {"type": "text", "align": "left", "fontSize": 11, "color": "#000", "opacity": 0.75, **shift},
            "encoding": {**where, **label, "text": {"field": "label"}},
        },
    ]


@_picture(
    "vram",
    "vram",
    {
        "zh": "各模型在三种量化下需要的显存，与常见显卡的容量",
        "en": "VRAM that models need at three quantizations, against the sizes of cards",
    },
    {
        "zh": "每个模型三个点，越往右越占显存；竖线是显卡的容量，点在线的左边就放得下。",
        "en": "Three points a model, further right is more VRAM; the lines are sizes of cards, and what lies left of one fits it.",
    },
)
def _vram(view: View) -> dict[str, Any]:
    frame = tables()["vram"].frame(view.catalogue)
    values = [
        {"model": view.catalogue.models[row["model"]].name, "quant": quant.upper(), "gib": row[quant]}
        for row in frame.to_dict("records")
        for quant in ("q4_k_m", "q8_0", "f16")
        if row[quant] is not None and row[quant] <= 64
    ]
    shown = {value["model"] for value in values}
    names = [name for name in (view.catalogue.models[model].name for model in frame["model"]) if name in shown]
    dots = {
        "data": {"values": values},
        "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
        "encoding": {
            "y": {"field": "model", "type": "nominal", "sort": names, "title": None},
            "x": {"field": "gib", "type": "quantitative", "title": "GiB", "scale": {"domain": [0, 64]}},
            "color": {"field": "quant", "type": "nominal", "sort": None, "title": view.pick("量化", "Quantization")},
            "shape": {"field": "quant", "type": "nominal", "sort": None, "title": view.pick("量化", "Quantization")},
        },
    }
    return {"width": 620, "height": {"step": 22}, "layer": [*_limits(view, "x"), dots]}


@_picture(
    "kv-cache-context",
    "kv-cache",
    {"zh": "KV 缓存随上下文增长，与常见显卡的容量", "en": "KV cache over context, against the sizes of cards"},
    {
        "zh": "不分组的注意力增长最快，滑动窗口、潜在注意力和循环层要平缓得多。",
        "en": "Attention without groups grows fastest; windows, latent attention and recurrent layers grow far slower.",
    },
)
def _kv_cache(view: View) -> dict[str, Any]:
    shown = ("llama-3.1-70b", "llama-3.1-8b", "gemma-3-27b", "deepseek-v3-671b", "gpt-oss-120b", "qwen3-next-80b-a3b")
    frame = tables()["kv-cache"].frame(view.catalogue)
    values = [
        {"model": view.catalogue.models[row["model"]].name, "context": int(str(column).removeprefix("at_")), "gib": value}
        for row in frame[frame["model"].isin(shown)].to_dict("records")
        for column, value in row.items()
        if str(column).startswith("at_") and plain(value) is not None
    ]
    names = [view.catalogue.models[model].name for model in shown]
    lines = {
        "data": {"values": values},
        "mark": {"type": "line", "point": {"filled": True, "size": 40}, "strokeWidth": 2},
        "encoding": {
            "x": {
                "field": "context",
                "type": "quantitative",
                "title": view.pick("上下文（词元）", "Context [tokens]"),
                "scale": {"type": "log", "base": 2},
                "axis": {"values": [8192, 16384, 32768, 65536, 131072], "format": ",d"},
            },
            "y": {"field": "gib", "type": "quantitative", "title": "GiB"},
            "color": {"field": "model", "type": "nominal", "sort": names, "title": view.pick("模型", "Model")},
        },
    }
    return {"width": 560, "height": 320, "layer": [*_limits(view, "y"), lines]}


@_picture(
    "bandwidth-tokens",
    "device-models",
    {"zh": "显存带宽与解码速度：Llama 3.1 8B，Q4_K_M", "en": "Memory bandwidth and decode speed: Llama 3.1 8B, Q4_K_M"},
    {
        "zh": "速度随带宽上升，带宽越大离上限越远，因为每层另有固定的时间。",
        "en": "Speed rises with bandwidth, and falls behind as bandwidth grows: each layer takes a fixed time besides.",
    },
)
def _bandwidth(view: View) -> dict[str, Any]:
    words = {"gddr": ("GDDR 显卡", "GDDR cards"), "hbm": ("HBM 加速卡", "HBM accelerators"), "unified": ("统一内存", "unified memory")}
    values = []
    for gpu in view.catalogue.gpus.values():
        memory = view.catalogue.records["device-families"][gpu.family].memory
        answer = pairs.on_gpu(view.catalogue, "llama-3.1-8b", gpu.id)
        if memory in words and answer is not None and answer.fits and answer.decode is not None:
            kind = view.pick(*words[memory])
            values.append(
                {"bandwidth": gpu.bandwidth_gb_per_s, "speed": answer.decode, "kind": kind, "gpu": gpu.name, "left": memory == "gddr"}
            )
    named = {"rtx-3090", "rtx-4090", "rtx-5090", "rtx-3060", "tesla-p40", "h100-sxm-80gb", "apple-m3-ultra-80c", "a100-sxm-80gb"}
    names = {view.catalogue.gpus[gpu].name for gpu in named if gpu in view.catalogue.gpus}
    x = {
        "field": "bandwidth",
        "type": "quantitative",
        "scale": {"type": "log"},
        "axis": {"values": [50, 100, 200, 500, 1000, 2000, 5000], "format": ",d"},
        "title": view.pick("显存带宽（GB/s）", "Memory bandwidth [GB/s]"),
    }
    y = {
        "field": "speed",
        "type": "quantitative",
        "scale": {"type": "log"},
        "axis": {"values": [5, 10, 20, 50, 100, 200], "format": ",d"},
        "title": view.pick("解码（词元/秒）", "Decode [tokens/s]"),
    }
    hue = {"field": "kind", "type": "nominal", "sort": None, "title": view.pick("内存", "Memory")}
    # The cards' names stand on the free side of the diagonal, so that they do not cover each other's.
    sides = ((True, {"align": "right", "dx": -6, "dy": -8}), (False, {"align": "left", "dx": 6, "dy": 14}))
    return {
        "width": 600,
        "height": 360,
        "layer": [
            {
                "data": {"values": values},
                "mark": {"type": "point", "filled": True, "size": 42, "opacity": 0.85},
                "encoding": {"x": x, "y": y, "color": hue, "shape": hue},
            },
            *(
                {
                    "data": {"values": [value for value in values if value["gpu"] in names and value["left"] is left]},
                    "mark": {"type": "text", "fontSize": 11, "color": "#000", **side},
                    "encoding": {"x": x, "y": y, "text": {"field": "gpu"}},
                }
                for left, side in sides
            ),
        ],
    }
