"""What models take, against the sizes of cards."""

from __future__ import annotations

from typing import Any

from macros.render.bars import Bar, Bars
from macros.render.charts import INK, barred, picture
from macros.render.view import View
from macros.tables import plain, tables

CARDS = (8, 12, 16, 24, 32, 48)
"""Sizes of cards drawn as limits [GiB]."""
EDGE_GIB = 64
"""Where the picture of all models ends [GiB]."""


def _limits() -> list[dict[str, Any]]:
    """The sizes of cards as lines across the picture."""
    values = [{"gib": size, "label": f"{size} GiB"} for size in CARDS]
    where: dict[str, Any] = {"y": {"field": "gib", "type": "quantitative"}}
    return [
        {"data": {"values": values}, "mark": {"type": "rule", "strokeDash": [4, 3], "color": INK, "opacity": 0.4}, "encoding": where},
        {
            "data": {"values": values},
            "mark": {"type": "text", "align": "left", "color": INK, "opacity": 0.75, "dy": -6},
            "encoding": {**where, "x": {"value": 2}, "text": {"field": "label"}},
        },
    ]


@barred(
    "vram",
    "vram",
    {"zh": "各模型在 4 位与 8 位时要多少显存，与显卡的容量", "en": "VRAM of each model at 4 and 8 bits, against the sizes of cards"},
    {
        "zh": "竖线是显卡的容量；色条在线的左边结束，就放得下。箭头表示超出图外。",
        "en": "The lines are sizes of cards; a bar that ends left of one fits it. An arrow leaves the picture.",
    },
)
def _vram(view: View) -> Bars:
    """The format in which people run each model, and 8 bits after it."""
    bars = []
    for row in tables()["vram"].frame(view.catalogue).to_dict("records"):
        four, eight = row["usual"], plain(row["q8_0"])
        if four <= EDGE_GIB:
            bars.append(Bar(view.name("models", row["model"]), [("weights", four), *([("longer", eight - four)] if eight else [])]))
    key = [
        ("weights", view.pick("Q4_K_M，或发布时的 4 位", "Q4_K_M, or 4-bit as released")),
        ("longer", view.pick("换成 Q8_0 再加", "more at Q8_0")),
    ]
    return Bars(key, bars, CARDS, EDGE_GIB)


PARTS = ("weights", "kv_cache", "compute_buffer", "runtime")


@barred(
    "vram-parts",
    "vram-parts",
    {"zh": "显存里装了什么：4 位，三种上下文", "en": "What fills VRAM: 4-bit, three context lengths"},
    {
        "zh": "权重不随上下文变化，KV 缓存随它增长，增长多少由注意力的类型决定；其余两样小得多。竖线是显卡的容量。",
        "en": "Weights stay the same, the KV cache grows with the context, how much depends on the kind of attention; "
        "the other two are far smaller. The lines are sizes of cards.",
    },
)
def _parts(view: View) -> Bars:
    kinds = dict(zip(PARTS, ("weights", "kv", "buffer", "runtime"), strict=True))
    rows = tables()["vram-parts"].frame(view.catalogue).to_dict("records")
    bars = [
        Bar(f"{view.name('models', row['model'])} · {row['context'] // 1024}K", [(kinds[part], row[part]) for part in PARTS])
        for row in rows
    ]
    titles = {column.id: column.title for column in tables()["vram-parts"].columns}
    most = max(sum(row[part] for part in PARTS) for row in rows)
    return Bars([(kinds[part], view.html(titles[part])) for part in PARTS], bars, [size for size in CARDS if size < most], most)


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
                "axis": {"values": [32768, 65536, 98304, 131072], "format": ",d"},
            },
            "y": {"field": "gib", "type": "quantitative", "title": "GiB"},
            "color": {"field": "model", "type": "nominal", "sort": names, "title": view.pick("模型", "Model")},
        },
    }
    return {"height": 340, "layer": [*_limits(), lines]}
