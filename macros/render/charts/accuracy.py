"""Predicted beside measured, as pictures."""

from __future__ import annotations

from typing import Any

from macros.render.charts import INK, picture
from macros.render.view import View
from macros.tables import tables


def _scatter(kind: str) -> Any:
    def specification(view: View) -> dict[str, Any]:
        frame = tables()["accuracy-rows"].frame(view.catalogue)
        frame = frame[frame["kind"] == kind]
        families = {
            **{gpu.id: gpu.family for gpu in view.catalogue.gpus.values()},
            **{cpu.id: cpu.family for cpu in view.catalogue.cpus.values()},
        }
        vendors = [view.catalogue.device_families[families[device]].vendor for device in frame["device"]]
        values = [
            {"measured": float(measured), "predicted": float(predicted), "vendor": vendor}
            for measured, predicted, vendor in zip(frame["measured"], frame["predicted"], vendors, strict=True)
        ]
        ends = [min(value["measured"] for value in values), max(value["measured"] for value in values)] if values else [1, 10]
        unit = view.pick("词元/秒", "tokens/s")
        both = [value[side] for value in values for side in ("measured", "predicted")] or [1, 10]
        axis = {"type": "quantitative", "scale": {"type": "log", "nice": False, "domain": [min(both) / 1.2, max(both) * 1.2]}}
        return {
            "height": 340,
            "layer": [
                {
                    "data": {"values": [{"x": end, "y": end} for end in ends]},
                    "mark": {"type": "line", "color": INK, "opacity": 0.5, "strokeWidth": 1},
                    "encoding": {"x": {"field": "x", **axis}, "y": {"field": "y", **axis}},
                },
                {
                    "data": {"values": values},
                    "mark": {"type": "point", "filled": True, "size": 28, "opacity": 0.65},
                    "encoding": {
                        "x": {"field": "measured", "title": view.pick(f"测得（{unit}）", f"measured ({unit})"), **axis},
                        "y": {"field": "predicted", "title": view.pick(f"预测（{unit}）", f"predicted ({unit})"), **axis},
                        "color": {"field": "vendor", "type": "nominal", "title": view.pick("厂商", "vendor")},
                        "shape": {"field": "vendor", "type": "nominal", "title": view.pick("厂商", "vendor")},
                    },
                },
            ],
        }

    return specification


for _kind, _zh, _en in (("decode", "解码", "decode"), ("prefill", "预填充", "prefill")):
    picture(
        f"accuracy-{_kind}",
        "accuracy-rows",
        {"zh": f"{_zh}速度：预测与测得（留一设备）", "en": f"Speed of {_en}: predicted and measured (leave one device out)"},
        {
            "zh": "每个点是一次测量；点越靠近斜线，预测越准。数字见下表与数据文件。",
            "en": "Each point is a measurement; the nearer to the slanted line, the better. The numbers stand in the data files.",
        },
    )(_scatter(_kind))
