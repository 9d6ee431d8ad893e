"""Several cards: what they hold together, and how fast they are."""

from __future__ import annotations

import pandas as pd

from macros.estimate import estimate
from macros.formulas.units import GIB
from macros.specs import Catalogue
from macros.tables import Column, table
from macros.tables.cpu import DECODE, HOST, speeds
from macros.tables.headlines import quant_of

SETUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("qwen3.8-27b", ("rtx-3090",)),
    ("qwen3.8-27b", ("rtx-3090", "rtx-3090")),
    ("qwen3.8-27b", ("rtx-3090", "rtx-3060")),
    ("qwen3.8-27b", ("rtx-5090",)),
    ("llama-3.3-70b", ("rtx-3090",)),
    ("llama-3.3-70b", ("rtx-3090", "rtx-3090")),
    ("llama-3.3-70b", ("rtx-4090", "rtx-4090")),
    ("llama-3.3-70b", ("rtx-5090", "rtx-5090")),
    ("llama-3.3-70b", ("rtx-a6000",)),
    ("gpt-oss-120b", ("rtx-3090", "rtx-3090", "rtx-3090")),
    ("gpt-oss-120b", ("rtx-pro-6000-blackwell",)),
)
PARALLEL: tuple[tuple[str, str, str], ...] = (
    ("rtx-3090", "qwen3.8-27b", "awq-4bit-128g"),
    ("rtx-4090", "qwen3.8-27b", "awq-4bit-128g"),
    ("a100-sxm-80gb", "llama-3.3-70b", "awq-4bit-128g"),
    ("h100-sxm-80gb", "llama-3.3-70b", "fp8"),
)


@table(
    id="multi-gpu",
    title={"zh": "一张与多张显卡（4 位，上下文 8,192，按层拆分）", "en": "One card and several (4-bit, context 8,192, layer split)"},
    key=["model", "cards"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        Column("cards", {"zh": "显卡", "en": "Cards"}, under=True),
        *DECODE,
        Column("memory", {"zh": "显存合计", "en": "VRAM in all"}, unit="GiB", digits=0),
        Column("vram", {"zh": "占用显存", "en": "VRAM taken"}, unit="GiB", digits=1),
        Column("ram", {"zh": "占用内存", "en": "RAM taken"}, unit="GiB", digits=1),
    ],
    formulas=("memory_seconds", "layer_seconds"),
)
def multi_gpu(catalogue: Catalogue) -> pd.DataFrame:
    """As many layers as fit with a margin on each card, the others in two channels of DDR5-5600."""
    rows = []
    for model, cards in SETUPS:
        question = {"model": model, "quant": quant_of(catalogue, model), "context": 8192, "gpus": list(cards), **HOST}
        found = estimate(question, catalogue)
        host = found["host"]
        rows.append(
            {
                "model": model,
                "cards": " + ".join(catalogue.gpus[card].name for card in cards),
                "memory": sum(catalogue.gpus[card].largest_memory_gib for card in cards),
                "vram": sum(device["memory_bytes"] for device in found["devices"]) / GIB,
                "ram": (host["weights_bytes"] + host["kv_cache_bytes"] + host["compute_buffer_bytes"]) / GIB,
                **speeds(found),
            }
        )
    return pd.DataFrame(rows)


@table(
    id="tensor-parallel",
    title={"zh": "张量并行（vLLM，单个对话，不确定性较大）", "en": "Tensor parallelism (vLLM, one conversation; less certain)"},
    key=["gpu", "count"],
    columns=[
        Column("gpu", {"zh": "显卡", "en": "Card"}, link="gpus"),
        Column("count", {"zh": "张数", "en": "Number"}, under=True),
        Column("model", {"zh": "模型", "en": "Model"}, link="models", under=True),
        Column("quant", {"zh": "量化", "en": "Quantization"}, link="quantizations", under=True),
        Column("gain", {"zh": "相对于一张", "en": "Against one"}, unit="x", digits=2),
        *DECODE,
    ],
    formulas=("all_reduce_seconds", "memory_seconds"),
)
def tensor_parallel(catalogue: Catalogue) -> pd.DataFrame:
    """The same model on one, two and four cards."""
    rows = []
    for card, model, quant in PARALLEL:
        alone = None
        for count in (1, 2, 4):
            question = {"model": model, "quant": quant, "context": 8192, "gpus": [card] * count, "engine": "vllm"}
            found = estimate(question, catalogue)
            alone = alone or found["decode"]["tokens_per_second"]
            row = {"gpu": card, "count": count, "model": model, "quant": quant, **speeds(found)}
            rows.append({**row, "gain": found["decode"]["tokens_per_second"] / alone})
    return pd.DataFrame(rows)
