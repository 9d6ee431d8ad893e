"""Speeds by card and model, with their ranges; many users; power."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from macros.estimate import estimate
from macros.estimate.answering import speeds
from macros.formulas.power import HOURS_A_DAY, machine_watts, power_supply_watts, tokens_per_joule, yearly_kilowatt_hours
from macros.formulas.prefill import time_to_first_token
from macros.specs import Catalogue
from macros.specs.models import architecture_of
from macros.tables import Column, Words, table
from macros.tables.headlines import quant_of

MODELS: dict[str, Words] = {
    "qwen3.5-4b": {"zh": "Qwen3.5 4B", "en": "Qwen3.5 4B"},
    "qwen3.5-9b": {"zh": "Qwen3.5 9B", "en": "Qwen3.5 9B"},
    "gpt-oss-20b": {"zh": "gpt-oss 20B", "en": "gpt-oss 20B"},
    "qwen3.8-27b": {"zh": "Qwen3.8 27B", "en": "Qwen3.8 27B"},
    "qwen3.6-35b-a3b": {"zh": "Qwen3.6 35B-A3B", "en": "Qwen3.6 35B-A3B"},
    "gpt-oss-120b": {"zh": "gpt-oss 120B", "en": "gpt-oss 120B"},
}
EARLIER: dict[str, Words] = {
    "llama-3.2-3b": {"zh": "Llama 3.2 3B", "en": "Llama 3.2 3B"},
    "llama-3.1-8b": {"zh": "Llama 3.1 8B", "en": "Llama 3.1 8B"},
    "qwen3-14b": {"zh": "Qwen3 14B", "en": "Qwen3 14B"},
    "qwen3-30b-a3b": {"zh": "Qwen3 30B-A3B", "en": "Qwen3 30B-A3B"},
    "qwen3-32b": {"zh": "Qwen3 32B", "en": "Qwen3 32B"},
    "llama-3.1-70b": {"zh": "Llama 3.1 70B", "en": "Llama 3.1 70B"},
}
"""Columns of the data files from before: names of columns stay."""
CARDS = (
    "rtx-4060", "rtx-5060", "rtx-3060", "rtx-4070", "rtx-5070", "arc-b580", "rtx-4060-ti", "rtx-5060-ti-16gb", "rx-9060-xt-16gb",
    "rx-7800-xt", "rx-9070-xt", "rtx-4080", "rtx-5070-ti", "rtx-5080", "arc-pro-b60", "rx-7900-xtx", "rtx-3090", "rtx-4090",
    "radeon-ai-pro-r9700", "rtx-5090", "rtx-a6000", "rtx-pro-6000-blackwell", "rtx-4060-mobile", "rtx-5090-mobile", "apple-m4-10c",
    "apple-m4-pro-20c", "apple-m4-max-40c", "apple-m5-max-40c", "apple-m3-ultra-80c", "ryzen-ai-max-395", "dgx-spark", "gtx-1080-ti",
    "tesla-p40", "rtx-2080-ti", "a100-sxm-80gb", "h100-sxm-80gb",
)  # fmt: skip
"""Cards by memory, laptops, unified memory; then what is old or belongs in a server."""
YARDSTICK = "qwen3.5-9b"
SERVED = "granite-4.2-8b"
PROMPT = 8192
PROCESSOR_WATTS = 65
"""A processor that waits for the card most of the time [W]."""
USERS = (1, 4, 16, 64)
TOGETHER: dict[str, Words] = {
    f"users_{users}": {"zh": f"{users} 人合计" if users > 1 else "1 人", "en": f"{users} users, total" if users > 1 else "1 user"}
    for users in USERS
}
EACH: dict[str, Words] = {f"each_{users}": {"zh": f"{users} 人，每人", "en": f"{users} users, each"} for users in USERS[1:]}
SERVERS = {
    "rtx-3090": "awq-4bit-128g",
    "rtx-4090": "awq-4bit-128g",
    "rtx-5090": "fp8",
    "l40s": "fp8",
    "a100-sxm-80gb": "bf16",
    "h100-sxm-80gb": "fp8",
}
"""Cards that people serve from, and a format that suits each."""


def on_card(catalogue: Catalogue, model: str, card: str, **more: Any) -> dict[str, Any] | None:
    """The answer with everything on one device; None where that has no room for it."""
    shape = architecture_of(catalogue.models[model], catalogue.models)
    layers = shape.layers + shape.prediction_layers + 1
    question = {"model": model, "quant": quant_of(catalogue, model), "context": 8192, "gpus": [card], "gpu_layers": layers, **more}
    found = estimate(question, catalogue)
    return found if found["fits"] else None


def _ends(figures: Mapping[str, Words]) -> list[Column]:
    """Columns for the ends of the range of each figure; pages show them under it."""
    words = {"low": {"zh": "低", "en": "low"}, "high": {"zh": "高", "en": "high"}}
    return [
        Column(f"{figure}_{end}", {"zh": f"{name['zh']}，{word['zh']}", "en": f"{name['en']}, {word['en']}"}, "tokens/s", 0, only_data=True)
        for figure, name in figures.items()
        for end, word in words.items()
    ]


def _with_ends(figure: str, speed: Mapping[str, float] | None) -> dict[str, float | None]:
    """A figure with the ends of its range; empty without a speed."""
    keys = {figure: "tokens_per_second", f"{figure}_low": "low", f"{figure}_high": "high"}
    return {name: speed[key] if speed else None for name, key in keys.items()}


@table(
    id="decode",
    title={"zh": "解码速度（4 位，上下文 8,192，全部在一台设备上）", "en": "Decode (4-bit, context 8,192, all on one device)"},
    key=["gpu"],
    columns=[
        Column("gpu", {"zh": "设备", "en": "Device"}, link="gpus"),
        *(Column(model, name, unit="tokens/s", digits=0) for model, name in MODELS.items()),
        *_ends(MODELS),
        Column("low", {"zh": "范围，低", "en": "Range, low"}, unit="%", digits=0, only_data=True),
        Column("high", {"zh": "范围，高", "en": "Range, high"}, unit="%", digits=0, only_data=True),
        Column("bandwidth", {"zh": "带宽", "en": "Bandwidth"}, unit="GB/s", digits=0, secondary=True),
        *(Column(model, name, unit="tokens/s", digits=0, only_data=True) for model, name in EARLIER.items()),
    ],
    formulas=("memory_seconds", "layer_seconds"),
)
def decode(catalogue: Catalogue) -> pd.DataFrame:
    """Each speed with the ends of its range; empty where the model has no room. `low` and `high` are those of the last model, as shares."""
    rows = []
    for card in CARDS:
        row: dict[str, object] = {"gpu": card, "bandwidth": catalogue.gpus[card].bandwidth_gb_per_s}
        for model in (*MODELS, *EARLIER):
            found = on_card(catalogue, model, card)
            speed = found["decode"] if found else None
            row |= _with_ends(model, speed)
            if speed:
                row["low"] = (speed["low"] / speed["tokens_per_second"] - 1) * 100
                row["high"] = (speed["high"] / speed["tokens_per_second"] - 1) * 100
        rows.append(row)
    ends = [column.id for column in _ends(MODELS)]
    return pd.DataFrame(rows, columns=["gpu", *MODELS, *ends, "low", "high", "bandwidth", *EARLIER])


@table(
    id="prefill",
    title={
        "zh": "预填充与首词元时间（Qwen3.5 9B，Q4_K_M，提示词 8,192）",
        "en": "Prefill and time to first token (Qwen3.5 9B, Q4_K_M, a prompt of 8,192)",
    },
    key=["gpu"],
    columns=[
        Column("gpu", {"zh": "设备", "en": "Device"}, link="gpus"),
        Column("low", {"zh": "预填充，低", "en": "Prefill, low"}, unit="tokens/s", digits=0),
        Column("high", {"zh": "预填充，高", "en": "Prefill, high"}, unit="tokens/s", digits=0),
        Column("soonest", {"zh": "首词元，最快", "en": "First token, soonest"}, unit="s", digits=1),
        Column("latest", {"zh": "首词元，最慢", "en": "First token, latest"}, unit="s", digits=1),
    ],
    formulas=("prompt_seconds", "time_to_first_token"),
)
def prefill(catalogue: Catalogue) -> pd.DataFrame:
    """Ranges only: prefill is less certain than decode."""
    rows = []
    for card in CARDS:
        found = on_card(catalogue, YARDSTICK, card, context=PROMPT * 2, prompt_tokens=PROMPT)
        if found is None:
            continue
        speed, one = found["prefill"], found["decode"]
        rows.append(
            {
                "gpu": card,
                "low": speed["low"],
                "high": speed["high"],
                "soonest": time_to_first_token(prefill_seconds=PROMPT / speed["high"], decode_seconds=1 / one["high"]),
                "latest": time_to_first_token(prefill_seconds=PROMPT / speed["low"], decode_seconds=1 / one["low"]),
            }
        )
    return pd.DataFrame(rows)


@table(
    id="serving",
    title={
        "zh": "多人同时使用的总吞吐量（Granite 4.2 8B，vLLM，不确定性较大）",
        "en": "Throughput with many users (Granite 4.2 8B, vLLM; less certain)",
    },
    key=["gpu"],
    columns=[
        Column("gpu", {"zh": "设备", "en": "Device"}, link="gpus"),
        Column("quant", {"zh": "量化", "en": "Quantization"}, link="quantizations", under=True),
        *(Column(users, name, unit="tokens/s", digits=0) for users, name in TOGETHER.items()),
        *(Column(users, name, unit="tokens/s", digits=0) for users, name in EACH.items()),
        *_ends(TOGETHER | EACH),
        Column("low", {"zh": "范围，低", "en": "Range, low"}, unit="%", digits=0, only_data=True),
        Column("high", {"zh": "范围，高", "en": "Range, high"}, unit="%", digits=0, only_data=True),
    ],
    formulas=("memory_seconds", "tokens_per_second"),
)
def serving(catalogue: Catalogue) -> pd.DataFrame:
    """All users together and each of them, with 2,048 tokens in the cache; empty where they have no room."""
    rows = []
    for card, quant in SERVERS.items():
        row: dict[str, object] = {"gpu": card, "quant": quant}
        for users in USERS:
            question = {
                "model": SERVED, "quant": quant, "context": 2048, "gpus": [card], "engine": "vllm", "users": users,
                "depth": 2048,
            }  # fmt: skip
            found = estimate(question, catalogue)
            speed = found["decode"] if "decode" in found else speeds(question, catalogue)["decode"]
            row |= _with_ends(f"users_{users}", found.get("decode"))
            if users > 1:
                row |= _with_ends(f"each_{users}", found.get("per_user"))
            row["low"] = (speed["low"] / speed["tokens_per_second"] - 1) * 100
            row["high"] = (speed["high"] / speed["tokens_per_second"] - 1) * 100
        rows.append(row)
    ends = [column.id for column in _ends(TOGETHER | EACH)]
    return pd.DataFrame(rows, columns=["gpu", "quant", *TOGETHER, *EACH, *ends, "low", "high"])


@table(
    id="power",
    title={"zh": "功耗、能效与电源（每天用四小时）", "en": "Power, efficiency and power supply (four hours a day)"},
    key=["gpu"],
    columns=[
        Column("gpu", {"zh": "设备", "en": "Device"}, link="gpus"),
        Column("limit", {"zh": "功耗上限", "en": "Power limit"}, unit="W", secondary=True),
        Column("decode", {"zh": "解码，Qwen3.5 9B", "en": "Decode, Qwen3.5 9B"}, unit="tokens/s", digits=0),
        Column("per_joule", {"zh": "每焦耳词元数", "en": "Tokens per joule"}, unit="tokens/J", digits=2),
        Column("machine", {"zh": "整机满载", "en": "Machine at its limit"}, unit="W", digits=0),
        Column("supply", {"zh": "电源", "en": "Power supply"}, unit="W", digits=0),
        Column("yearly", {"zh": "一年用电", "en": "A year"}, unit="kWh", digits=0),
    ],
    formulas=("machine_watts", "power_supply_watts", "tokens_per_joule", "yearly_kilowatt_hours"),
)
def power(catalogue: Catalogue) -> pd.DataFrame:
    """Cards only: of shared chips no board power is published. The limit of the card is counted, though decode seldom reaches it."""
    rows = []
    for card in CARDS:
        limit = catalogue.gpus[card].tdp_w
        found = on_card(catalogue, YARDSTICK, card)
        if limit is None or found is None or catalogue.gpus[card].kind in ("unified", "integrated"):
            continue
        machine = machine_watts(gpu_watts=limit, cpu_watts=PROCESSOR_WATTS)
        speed = found["decode"]["tokens_per_second"]
        rows.append(
            {
                "gpu": card,
                "limit": limit,
                "decode": speed,
                "per_joule": tokens_per_joule(tokens_per_second=speed, watts=limit),
                "machine": machine,
                "supply": power_supply_watts(machine_watts=machine),
                "yearly": yearly_kilowatt_hours(watts=machine, hours_a_day=HOURS_A_DAY),
            }
        )
    return pd.DataFrame(rows)
