"""Published quality over what a model costs: memory, and speed on one card."""

from __future__ import annotations

from typing import Any

from macros.formulas.units import GIB
from macros.render.charts import INKS, NARROW, picture
from macros.render.charts.labels import Scale, named
from macros.render.view import View
from macros.tables import pairs
from macros.tables.models import SCORE

CARD = "rtx-3090"
"""The card whose speeds are shown."""


def _points(view: View) -> list[dict[str, Any]]:
    """Models with a published score of SCORE, with what they take of a card, and how fast they are where they fit it."""
    found = []
    for model in view.catalogue.models.values():
        score = next((score.percent for score in model.scores if score.test == SCORE), None)
        answer = pairs.on_gpu(view.catalogue, model.id, CARD) if score is not None else None
        if answer is not None:
            speed = answer.decode if answer.fits else None
            found.append({"model": model.name, "score": score, "gib": answer.memory_bytes / GIB, "speed": speed})
    return found


def _labelled(points: list[dict[str, Any]], x: str, title: str, axis: dict[str, Any], *, log: bool = False) -> dict[str, Any]:
    """Points with their names, none on another."""
    across = Scale.of(x, [point[x] for point in points], NARROW, log=log)
    up = Scale.of("score", [point["score"] for point in points], HEIGHT)
    to_x, to_y = across.encoding(title=title, axis=axis), up.encoding(title=f"{SCORE} [%]")
    return {
        "height": HEIGHT,
        "layer": [
            {
                "data": {"values": points},
                "mark": {"type": "point", "filled": True, "size": 60, "color": next(iter(INKS.values()))},
                "encoding": {"x": to_x, "y": to_y},
            },
            *named(points, "model", across, up),
        ],
    }


HEIGHT = 400
"""Of what the axes frame [px]."""


@picture(
    "score-memory",
    "models",
    {"zh": "公开成绩与占用显存：4 位，上下文 8,192", "en": "Published score over memory: 4-bit, context 8,192"},
    {
        "zh": "越往左上越好：占得少，成绩高。成绩照出处抄录，各家的运行方式不同。",
        "en": "Further up and left is better: less memory, a higher score. Scores are as published, and makers run the test differently.",
    },
)
def _memory(view: View) -> dict[str, Any]:
    ticks = {"values": [4, 8, 16, 24, 32, 64, 128, 256], "format": ",d"}
    return _labelled(_points(view), "gib", view.pick("占用显存（GiB）", "Memory [GiB]"), ticks, log=True)


@picture(
    "score-speed",
    "models",
    {"zh": "公开成绩与解码速度：RTX 3090，4 位", "en": "Published score over decode speed: RTX 3090, 4-bit"},
    {
        "zh": "越往右上越好：快，成绩高。只画这张卡放得下的模型。",
        "en": "Further up and right is better: faster, a higher score. Only models that fit the card are drawn.",
    },
)
def _speed(view: View) -> dict[str, Any]:
    drawn = [point for point in _points(view) if point["speed"] is not None]
    return _labelled(drawn, "speed", view.pick("解码（词元/秒）", "Decode [tokens/s]"), {})
