"""Processors: alone, and with a part of the model on a card."""

from __future__ import annotations

from typing import Any

import pandas as pd

from macros.estimate import estimate
from macros.formulas.units import GIB
from macros.specs import Catalogue
from macros.specs.models import architecture_of
from macros.tables import Column, Words, table
from macros.tables.headlines import headline_models, quant_of

PLATFORMS: tuple[tuple[str, str, int], ...] = (
    ("core-i7-8700k", "ddr4-2666", 2),
    ("ryzen-5-5600x", "ddr4-3200", 2),
    ("core-i5-12400", "ddr4-3200", 2),
    ("ryzen-5-7600x", "ddr5-5600", 2),
    ("core-i9-14900k", "ddr5-5600", 2),
    ("ryzen-9-9950x", "ddr5-6000", 2),
    ("threadripper-7960x", "ddr5-5200", 4),
    ("epyc-7763", "ddr4-3200", 8),
    ("epyc-9654", "ddr5-4800", 12),
)
MODELS: dict[str, Words] = {
    "qwen3.5-4b": {"zh": "Qwen3.5 4B", "en": "Qwen3.5 4B"},
    "qwen3.5-9b": {"zh": "Qwen3.5 9B", "en": "Qwen3.5 9B"},
    "gpt-oss-20b": {"zh": "gpt-oss 20B", "en": "gpt-oss 20B"},
    "qwen3.6-35b-a3b": {"zh": "Qwen3.6 35B-A3B", "en": "Qwen3.6 35B-A3B"},
    "qwen3.8-27b": {"zh": "Qwen3.8 27B", "en": "Qwen3.8 27B"},
    "gpt-oss-120b": {"zh": "gpt-oss 120B", "en": "gpt-oss 120B"},
}
EARLIER: dict[str, Words] = {
    "llama-3.2-3b": {"zh": "Llama 3.2 3B", "en": "Llama 3.2 3B"},
    "llama-3.1-8b": {"zh": "Llama 3.1 8B", "en": "Llama 3.1 8B"},
    "qwen3-14b": {"zh": "Qwen3 14B", "en": "Qwen3 14B"},
    "qwen3-32b": {"zh": "Qwen3 32B", "en": "Qwen3 32B"},
    "qwen3-30b-a3b": {"zh": "Qwen3 30B-A3B", "en": "Qwen3 30B-A3B"},
}
"""Columns of the data files from before: names of columns stay."""
HOST = {"cpu": "ryzen-5-7600x", "memory": "ddr5-5600", "memory_channels": 2}
OTHER_HOSTS: dict[str, dict[str, object]] = {
    "ddr4": {"cpu": "core-i5-12400", "memory": "ddr4-3200", "memory_channels": 2},
    "server": {"cpu": "epyc-9354", "memory": "ddr5-4800", "memory_channels": 12},
}
"""Column -> what stands beside the card instead of HOST."""
TOO_LARGE = ("glm-5.2-744b",)
"""For the RAM of any of these machines."""
DECODE = [
    Column("decode", {"zh": "解码", "en": "Decode"}, unit="tokens/s", digits=1),
    Column("low", {"zh": "低", "en": "low"}, unit="tokens/s", digits=1),
    Column("high", {"zh": "高", "en": "high"}, unit="tokens/s", digits=1),
]


def speeds(found: dict[str, Any]) -> dict[str, float | None]:
    """Decode with its range; nothing where there is no room."""
    decode = found.get("decode", {})
    return {"decode": decode.get("tokens_per_second"), "low": decode.get("low"), "high": decode.get("high")}


def _filled(question: dict[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """The answer with as much RAM as the processor takes: the table tells speeds, and how much RAM that needs."""
    return estimate({**question, "ram_gib": catalogue.cpus[question["cpu"]].max_memory_gib}, catalogue)


@table(
    id="cpu-speed",
    title={"zh": "只用处理器的解码速度（4 位，上下文 8,192）", "en": "Decode on a processor alone (4-bit, context 8,192)"},
    key=["cpu", "memory"],
    columns=[
        Column("cpu", {"zh": "处理器", "en": "Processor"}, link="cpus"),
        *(Column(model, name, unit="tokens/s", digits=1) for model, name in MODELS.items()),
        Column("memory", {"zh": "内存", "en": "Memory"}, link="memory", secondary=True),
        Column("channels", {"zh": "通道", "en": "Channels"}, secondary=True),
        Column("low", {"zh": "范围，低", "en": "Range, low"}, unit="%", digits=0, secondary=True),
        Column("high", {"zh": "范围，高", "en": "Range, high"}, unit="%", digits=0, secondary=True),
        *(Column(model, name, unit="tokens/s", digits=1, only_data=True) for model, name in EARLIER.items()),
    ],
    formulas=("memory_seconds", "layer_seconds", "ram_bandwidth"),
)
def cpu_speed(catalogue: Catalogue) -> pd.DataFrame:
    """Point estimates, with the range of the 9B model as shares of it."""
    rows = []
    for cpu, memory, channels in PLATFORMS:
        row: dict[str, object] = {"cpu": cpu, "memory": memory, "channels": channels}
        for model in (*MODELS, *EARLIER):
            question = {
                "model": model, "quant": quant_of(catalogue, model), "context": 8192, "cpu": cpu, "memory": memory,
                "memory_channels": channels,
            }  # fmt: skip
            decode = _filled(question, catalogue).get("decode")
            row[model] = None if decode is None else decode["tokens_per_second"]
            if decode is not None and model == "qwen3.5-9b":
                row["low"] = (decode["low"] / decode["tokens_per_second"] - 1) * 100
                row["high"] = (decode["high"] / decode["tokens_per_second"] - 1) * 100
        rows.append(row)
    return pd.DataFrame(rows, columns=["cpu", *MODELS, "memory", "channels", "low", "high", *EARLIER])


@table(
    id="partial-offload",
    title={
        "zh": "Qwen3.8 27B（Q4_K_M）放一部分在 RTX 3090 上，其余在 DDR5-5600 里",
        "en": "Qwen3.8 27B (Q4_K_M) with some layers on an RTX 3090, the rest in DDR5-5600",
    },
    key=["layers"],
    columns=[
        Column("layers", {"zh": "显卡上的层", "en": "Layers on the card"}),
        *DECODE,
        Column("vram", {"zh": "显存", "en": "VRAM"}, unit="GiB", digits=1),
        Column("ram", {"zh": "内存", "en": "RAM"}, unit="GiB", digits=1),
        Column("share", {"zh": "占全部", "en": "Of all"}, unit="%", digits=0),
    ],
    formulas=("memory_seconds",),
)
def partial_offload(catalogue: Catalogue) -> pd.DataFrame:
    """None of the layers, an eighth more each time, and all of them with the output."""
    rows = []
    for layers in (0, 8, 16, 24, 32, 40, 48, 56, 60, 64, 65):
        question = {"model": "qwen3.8-27b", "quant": "q4_k_m", "context": 8192, "gpus": ["rtx-3090"], "gpu_layers": layers, **HOST}
        found = estimate(question, catalogue)
        host = found["host"]
        rows.append(
            {
                "layers": layers,
                "share": layers / 65 * 100,
                "vram": sum(device["memory_bytes"] for device in found["devices"]) / GIB,
                "ram": (host["weights_bytes"] + host["kv_cache_bytes"] + host["compute_buffer_bytes"]) / GIB,
                **speeds(found),
            }
        )
    return pd.DataFrame(rows)


@table(
    id="experts-on-host",
    title={
        "zh": "专家留在内存（RTX 3060 加双通道 DDR5-5600，上下文 8,192）",
        "en": "Experts in RAM (RTX 3060, two channels of DDR5-5600, context 8,192)",
    },
    key=["model"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        *DECODE,
        Column("ram", {"zh": "占用内存", "en": "RAM taken"}, unit="GiB", digits=1),
        Column("vram", {"zh": "占用显存", "en": "VRAM taken"}, unit="GiB", digits=1),
        Column("ddr4", {"zh": "双通道 DDR4-3200", "en": "Two channels of DDR4-3200"}, unit="tokens/s", digits=1),
        Column("server", {"zh": "十二通道 DDR5-4800", "en": "Twelve channels of DDR5-4800"}, unit="tokens/s", digits=1, secondary=True),
        Column("all", {"zh": "全部放进显卡", "en": "All on a card"}, unit="GiB", digits=1, secondary=True),
        Column("quant", {"zh": "量化", "en": "Quantization"}, link="quantizations", secondary=True),
    ],
    formulas=("memory_seconds",),
)
def experts_on_host(catalogue: Catalogue) -> pd.DataFrame:
    """Attention, shared parts, cache and output on the card."""
    rows = []
    mixtures = [model for model in headline_models(catalogue) if architecture_of(catalogue.models[model], catalogue.models).experts]
    for model in [model for model in mixtures if model not in TOO_LARGE]:
        question = {
            "model": model, "quant": quant_of(catalogue, model), "context": 8192, "gpus": ["rtx-3060"], "gpu_layers": 999,
            "experts_on_host": True, **HOST,
        }  # fmt: skip
        found = _filled(question, catalogue)
        whole = estimate({**question, "experts_on_host": False, "gpus": ["h200-sxm"]}, catalogue)
        host = found["host"]
        rows.append(
            {
                "model": model,
                **speeds(found),
                "ram": (host["weights_bytes"] + host["kv_cache_bytes"] + host["compute_buffer_bytes"]) / GIB,
                "vram": sum(device["memory_bytes"] for device in found["devices"]) / GIB,
                **{name: speeds(_filled(question | other, catalogue))["decode"] for name, other in OTHER_HOSTS.items()},
                "all": sum(device["memory_bytes"] for device in whole["devices"]) / GIB,
                "quant": quant_of(catalogue, model),
            }
        )
    return pd.DataFrame(rows)
