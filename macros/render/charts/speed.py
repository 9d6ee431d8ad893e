"""Speed over what a device has."""

from __future__ import annotations

from typing import Any

from macros.render.charts import NARROW, picture
from macros.render.charts.labels import Scale, named
from macros.render.view import View
from macros.tables import pairs


@picture(
    "bandwidth-tokens",
    "device-models",
    {"zh": "显存带宽与解码速度：Qwen3.5 9B，Q4_K_M", "en": "Memory bandwidth and decode speed: Qwen3.5 9B, Q4_K_M"},
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
        answer = pairs.on_gpu(view.catalogue, "qwen3.5-9b", gpu.id)
        if memory in words and answer is not None and answer.fits and answer.decode is not None:
            kind = view.pick(*words[memory])
            values.append(
                {
                    "bandwidth": gpu.bandwidth_gb_per_s,
                    "speed": answer.decode,
                    "kind": kind,
                    "gpu": view.called(gpu),
                }
            )
    shown = {"rtx-3090", "rtx-4090", "rtx-5090", "rtx-3060", "tesla-p40", "h100-sxm-80gb", "apple-m3-ultra-80c", "a100-sxm-80gb"}
    names = {view.called(view.catalogue.gpus[gpu]) for gpu in shown if gpu in view.catalogue.gpus}
    across = Scale.of("bandwidth", [value["bandwidth"] for value in values], NARROW, log=True)
    up = Scale.of("speed", [value["speed"] for value in values], HEIGHT, log=True)
    hue = {"field": "kind", "type": "nominal", "sort": None, "title": view.pick("内存", "Memory")}
    x = across.encoding(
        axis={"values": [50, 100, 200, 500, 1000, 2000, 5000], "format": ",d"},
        title=view.pick("显存带宽（GB/s）", "Memory bandwidth [GB/s]"),
    )
    y = up.encoding(axis={"values": [5, 10, 20, 50, 100, 200], "format": ",d"}, title=view.pick("解码（词元/秒）", "Decode [tokens/s]"))
    return {
        "height": HEIGHT,
        "layer": [
            {
                "data": {"values": values},
                "mark": {"type": "point", "filled": True, "size": 42, "opacity": 0.85},
                "encoding": {"x": x, "y": y, "color": hue, "shape": hue},
            },
            *named(
                [value for value in values if value["gpu"] in names], "gpu", across, up, [one for one in values if one["gpu"] not in names]
            ),
        ],
    }


HEIGHT = 360
"""Of what the axes frame [px]."""
