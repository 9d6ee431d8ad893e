"""The first word on one question, in a sentence: on the page at once, and from the same words in the browser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from macros.formulas.ram_rule import SYSTEM_GIB
from macros.formulas.units import GIB
from macros.render.numbers import number
from macros.render.view import View
from macros.tables.pairs import LEAST_RAM

WORDS: dict[str, dict[str, str]] = {
    "card": {
        "zh": "放得下：占 {need} GiB，每秒 {low}–{high} 个词元。",
        "en": "It fits: {need} GiB, {low}–{high} tokens per second.",
    },
    "card-ram": {
        "zh": "放得下：显卡占 {need} GiB，词嵌入另占 {ram} GiB 内存，每秒 {low}–{high} 个词元。",
        "en": "It fits: {need} GiB on the card and {ram} GiB of embeddings in RAM, {low}–{high} tokens per second.",
    },
    "experts": {
        "zh": "显存放不下，把专家放进内存就能运行：每秒 {low}–{high} 个词元，另占 {ram} GiB 内存。",
        "en": "It runs with the experts in RAM: {low}–{high} tokens per second, and {ram} GiB of RAM.",
    },
    "layers": {
        "zh": "显存放不下，把一部分层放进内存就能运行：每秒 {low}–{high} 个词元，另占 {ram} GiB 内存。",
        "en": "It runs with some layers in RAM: {low}–{high} tokens per second, and {ram} GiB of RAM.",
    },
    "host": {
        "zh": "只用内存就能运行：占 {ram} GiB，每秒 {low}–{high} 个词元。",
        "en": "It runs from RAM alone: {ram} GiB, {low}–{high} tokens per second.",
    },
    "no": {
        "zh": "放不下：全部放在设备上需要 {need} GiB。请换小一些的模型，或增加内存。",
        "en": "It does not fit: the device would need {need} GiB. Choose a smaller model, or add RAM.",
    },
    "no-own": {
        "zh": "放不下：模型需要 {need} GiB，超过这台机器分给 GPU 的内存。请换小一些的模型，或选内存更大的机器。",
        "en": "It does not fit: {need} GiB is more than this machine gives its GPU. Choose a smaller model, or a machine with more memory.",
    },
    "no-ram": {
        "zh": "放不下：需要 {ram} GiB 内存，系统还要占一些。请换小一些的模型，或增加内存。",
        "en": "It does not fit: {ram} GiB of RAM are needed besides what the system takes. Choose a smaller model, or add RAM.",
    },
    "tight": {
        "zh": "内存吃紧：只给系统留下 {left} GiB，通常要留 {system} GiB。",
        "en": "RAM is tight: {left} GiB are left for the system, and {system} GiB are usual.",
    },
    "refused": {"zh": "这个组合没有答案：{key}。", "en": "There is no answer for this: {key}."},
    "unknown-model": {"zh": "没有叫“{value}”的模型。", "en": "There is no model called “{value}”."},
    "unknown-card": {"zh": "没有叫“{value}”的设备。", "en": "There is no device called “{value}”."},
    "several": {"zh": "“{value}”可能是 {names}，请选一个。", "en": "“{value}” may be {names}: please choose one."},
    "not-number": {"zh": "“{value}”不是 1 到 4,096 之间的数。", "en": "“{value}” is not a number from 1 to 4,096."},
    "missing": {"zh": "请填写。", "en": "Please fill this in."},
    "loading": {"zh": "正在计算……", "en": "Computing …"},
    "here-one": {
        "zh": "浏览器报告的显卡是“{told}”，就是 {name}。浏览器不给出准确的内存容量，请自己填。",
        "en": "The browser reports “{told}”, which is the {name}. It does not tell the size of your RAM: fill that in.",
    },
    "here-several": {
        "zh": "浏览器报告的显卡是“{told}”，可能是 {names}。先按第一种算，请核对。",
        "en": "The browser reports “{told}”, which may be {names}. The first is filled in: please check.",
    },
    "here-none": {
        "zh": "浏览器报告的是“{told}”，看不出是哪种设备，请自己选。",
        "en": "The browser reports “{told}”, which does not tell the device: please choose yours.",
    },
    "here-silent": {"zh": "浏览器没有报告显卡，请自己选。", "en": "The browser does not report a graphics adapter: please choose yours."},
}
"""What is said -> in both languages; what stands in braces is filled in."""


SPLIT = ("experts", "layers", "host", "card-ram")
"""Ways in which a model takes RAM."""


def _whole(speed: float) -> str:
    """A speed in a sentence: whole from ten up."""
    return number(speed, 0 if speed >= 10 else 1)


def sentence(view: View, way: str, answer: Mapping[str, Any], ram_gib: float) -> str:
    """The first word for an answer of `estimate.ways` on a machine with so much RAM (not escaped)."""
    decode = answer.get("decode", {})
    values = {
        "need": number(answer["whole_bytes"] / GIB, 1),
        "ram": number(answer["ram_bytes"] / GIB, 1),
        "low": _whole(decode["low"]) if decode else "",
        "high": _whole(decode["high"]) if decode else "",
    }
    told = "no-ram" if way == "no" and not answer["whole_bytes"] else way
    if way == "card" and answer["ram_bytes"] / GIB + SYSTEM_GIB > LEAST_RAM:
        told = "card-ram"
    first = WORDS[told][view.language].format(**values)
    left = ram_gib - answer["ram_bytes"] / GIB
    if told not in SPLIT or left >= SYSTEM_GIB:
        return first
    tight = WORDS["tight"][view.language].format(left=number(left, 1), system=SYSTEM_GIB)
    return first + view.pick("", " ") + tight
