"""Prompts of mixtures, hybrids and dense models, at depth; experts in RAM by memory and card."""

from __future__ import annotations

from typing import Any

import pandas as pd

from macros.estimate import Refused, estimate
from macros.formulas.prefill import time_to_first_token
from macros.formulas.units import GIB
from macros.specs import Catalogue
from macros.tables import Column, Words, table
from macros.tables.headlines import quant_of

DEPTHS = {4096: "4K", 32768: "32K", 131072: "128K"}
"""Tokens in the cache -> as people write them."""

SLICE = 2048
"""Tokens of a prompt that is read at that depth."""

KINDS: dict[str, Words] = {
    "granite-4.2-8b": {"zh": "稠密", "en": "dense"},
    "gpt-oss-20b": {"zh": "混合专家", "en": "MoE"},
    "qwen3.6-35b-a3b": {"zh": "混合架构", "en": "hybrid"},
}
CARDS = (
    "rtx-3060", "rtx-5060-ti-16gb", "rtx-3090", "rtx-4090", "rtx-5090", "rtx-pro-6000-blackwell", "rx-7900-xtx", "radeon-ai-pro-r9700",
    "arc-pro-b60", "apple-m4-pro-20c", "apple-m4-max-40c", "apple-m3-ultra-80c", "ryzen-ai-max-395", "dgx-spark",
)  # fmt: skip

LARGE = ("qwen3.6-35b-a3b", "gpt-oss-120b", "minimax-m2.7-230b")
"""Mixtures that people keep in RAM."""

HOSTS: dict[str, dict[str, Any]] = {
    "ddr4-2": {"cpu": "core-i5-12400", "memory": "ddr4-3200", "memory_channels": 2, "ram_gib": 128.0},
    "ddr5-2": {"cpu": "ryzen-9-9950x", "memory": "ddr5-5600", "memory_channels": 2, "ram_gib": 192.0},
    "ddr5-4": {"cpu": "threadripper-7960x", "memory": "ddr5-5200", "memory_channels": 4, "ram_gib": 256.0},
    "ddr5-12": {"cpu": "epyc-9354", "memory": "ddr5-4800", "memory_channels": 12, "ram_gib": 384.0},
}
"""Machines: two channels of DDR4 or DDR5, four, twelve."""

BESIDE = ("rtx-3060", "rtx-5060-ti-16gb", "rtx-3090", "rtx-5090")
"""Cards beside them."""


def _range(speed: dict[str, Any]) -> str:
    """Low and high end, as a reader needs them."""
    low, high = (round(value) if value >= 10 else round(value, 1) for value in (speed["low"], speed["high"]))
    return f"{low:,}–{high:,}"


@table(
    id="prefill-depth",
    title={
        "zh": "在不同深度处读入 2,048 个词元的速度，以及读完整段的首词元时间",
        "en": "Speed of reading 2,048 tokens at a depth, and time to the first token after reading all of it",
    },
    key=["gpu", "model"],
    columns=[
        Column("gpu", {"zh": "设备", "en": "Device"}, link="gpus"),
        Column("model", {"zh": "模型", "en": "Model"}, link="models", under=True),
        Column("kind", {"zh": "类别", "en": "Class"}, under=True),
        *(Column(f"at_{depth}", {"zh": f"深度 {name}", "en": f"{name} deep"}, unit="tokens/s") for depth, name in DEPTHS.items()),
        *(
            Column(f"first_{depth}", {"zh": f"首词元，{name}", "en": f"First token, {name}"}, unit="s", digits=0)
            for depth, name in DEPTHS.items()
        ),
        Column("basis", {"zh": "依据", "en": "Rests on"}, secondary=True),
    ],
    formulas=("prompt_seconds", "time_to_first_token"),
)
def prefill_depth(catalogue: Catalogue) -> pd.DataFrame:
    """What is in the cache already makes each further token dearer; empty where there is no room for it."""
    rows: list[dict[str, Any]] = []
    for card in CARDS:
        for model, kind in KINDS.items():
            row: dict[str, Any] = {"gpu": card, "model": model, "kind": kind, "basis": None}
            for depth in DEPTHS:
                speed, first = _at(catalogue, card, model, depth)
                row[f"at_{depth}"] = _range(speed) if speed else None
                row[f"first_{depth}"] = first
                row["basis"] = BASES[speed["basis"]] if speed else row["basis"]
            if row["basis"] is not None:
                rows.append(row)
    speeds, firsts = ([f"{name}_{depth}" for depth in DEPTHS] for name in ("at", "first"))
    return pd.DataFrame(rows, columns=["gpu", "model", "kind", *speeds, *firsts, "basis"])


BASES: dict[str, Words] = {
    "fitted": {"zh": "同类测量", "en": "like measurements"},
    "family": {"zh": "相近的测量", "en": "related measurements"},
    "extrapolated": {"zh": "外推", "en": "extrapolated"},
}
"""What a speed rests on, in words."""


def _at(catalogue: Catalogue, card: str, model: str, depth: int) -> tuple[dict[str, Any] | None, float | None]:
    quant = quant_of(catalogue, model)
    asked = {"model": model, "quant": quant, "gpus": [card], "gpu_layers": 999, "context": depth + SLICE, "ubatch": SLICE}
    try:
        found = estimate({**asked, "depth": depth, "prompt_tokens": SLICE}, catalogue)
        if not found["fits"]:
            return None, None
        whole = estimate({**asked, "prompt_tokens": depth}, catalogue)
    except Refused:
        return None, None
    seconds = depth / whole["prefill"]["tokens_per_second"]
    return found["prefill"], time_to_first_token(prefill_seconds=seconds, decode_seconds=1 / found["decode"]["tokens_per_second"])


@table(
    id="experts-in-ram",
    title={
        "zh": "专家留在内存：按内存通道与显卡（上下文 8,192，微批次 2,048）",
        "en": "Experts in RAM by channels of memory and card (context 8,192, micro-batch 2,048)",
    },
    key=["model", "host", "gpu"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        Column("host", {"zh": "主机代号", "en": "Id of the host"}, only_data=True),
        Column("cpu", {"zh": "处理器", "en": "Processor"}, link="cpus", under=True),
        Column("memory", {"zh": "内存", "en": "Memory"}, under=True),
        Column("gpu", {"zh": "显卡", "en": "Card"}, link="gpus", under=True),
        Column("decode", {"zh": "解码", "en": "Decode"}, unit="tokens/s"),
        Column("prefill", {"zh": "预填充", "en": "Prefill"}, unit="tokens/s"),
        Column("ram", {"zh": "占内存", "en": "RAM taken"}, unit="GiB", digits=0),
        Column("vram", {"zh": "占显存", "en": "VRAM taken"}, unit="GiB", digits=1),
    ],
    formulas=("memory_seconds", "streaming_seconds"),
)
def experts_in_ram(catalogue: Catalogue) -> pd.DataFrame:
    """Decode goes by the channels, prompts by the slot of the card: all experts are sent through it once a micro-batch."""
    rows: list[dict[str, Any]] = []
    for model in LARGE:
        for host, machine in HOSTS.items():
            for card in BESIDE:
                asked = {
                    "model": model, "quant": quant_of(catalogue, model), "context": 8192, "gpus": [card], "gpu_layers": 999,
                    "experts_on_host": True, "ubatch": SLICE, "prompt_tokens": 4096, **machine,
                }  # fmt: skip
                try:
                    found = estimate(asked, catalogue)
                except Refused:
                    continue
                if found["fits"]:
                    rows.append({"model": model, "host": host, "gpu": card, **_machine(machine, catalogue), **_shares(found)})
    return pd.DataFrame(rows, columns=["model", "host", "cpu", "memory", "gpu", "ram", "vram", "decode", "prefill"])


def _machine(machine: dict[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    channels, kind = machine["memory_channels"], catalogue.memory[machine["memory"]].name
    return {"cpu": machine["cpu"], "memory": f"{channels} × {kind}"}


def _shares(found: dict[str, Any]) -> dict[str, Any]:
    host = found["host"]
    return {
        "ram": (host["weights_bytes"] + host["kv_cache_bytes"] + host["compute_buffer_bytes"]) / GIB,
        "vram": sum(device["memory_bytes"] for device in found["devices"]) / GIB,
        "decode": _range(found["decode"]),
        "prefill": _range(found["prefill"]),
    }
