"""What models take, against the sizes of cards."""

from __future__ import annotations

from typing import Any

from macros.render.charts import INK, picture
from macros.render.view import View
from macros.tables import plain, tables

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
        {"data": {"values": values}, "mark": {"type": "rule", "strokeDash": [4, 3], "color": INK, "opacity": 0.4}, "encoding": where},
        {
            "data": {"values": values},
            "mark": {"type": "text", "align": "left", "fontSize": 11, "color": INK, "opacity": 0.75, **shift},
            "encoding": {**where, **label, "text": {"field": "label"}},
        },
    ]


@picture(
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
        {"model": view.catalogue.models[row["model"]].name, "quant": words, "gib": row[quant]}
        for row in frame.to_dict("records")
        for quant, words in (("native", view.pick("原生 4 位", "native 4-bit")), ("q4_k_m", "Q4_K_M"), ("q8_0", "Q8_0"), ("f16", "F16"))
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


@picture(
    "kv-cache-context",
    "kv-cache",
    {"zh": "KV 缓存随上下文增长，与常见显卡的容量", "en": "KV cache over context, against the sizes of cards"},
    {
        "zh": "不分组的注意力增长最快，滑动窗口、潜在注意力和循环层要平缓得多。",
        "en": "Attention without groups grows fastest; windows, latent attention and recurrent layers grow far slower.",
    },
)
def _kv_cache(view: View) -> dict[str, Any]:
    shown = ("llama-3.3-70b", "granite-4.2-8b", "gemma-4-31b", "deepseek-v3-671b", "gpt-oss-120b", "qwen3.6-35b-a3b")
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
                "axis": {"values": [16384, 32768, 65536, 98304, 131072], "format": ",d"},
            },
            "y": {"field": "gib", "type": "quantitative", "title": "GiB"},
            "color": {"field": "model", "type": "nominal", "sort": names, "title": view.pick("模型", "Model")},
        },
    }
    return {"width": 560, "height": 320, "layer": [*_limits(view, "y"), lines]}
