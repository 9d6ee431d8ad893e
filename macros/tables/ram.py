"""What models need in RAM when there is no card."""

from __future__ import annotations

import pandas as pd

from macros.estimate import estimate
from macros.formulas.ram_rule import ram_gib
from macros.formulas.units import GIB
from macros.specs import Catalogue
from macros.tables import Column, table
from macros.tables.vram import trained_context

MODELS = (
    "llama-3.2-3b", "qwen3-4b", "llama-1-7b", "llama-3.1-8b", "qwen3-8b", "llama-1-13b", "qwen3-14b", "gpt-oss-20b", "gemma-3-27b",
    "qwen3-30b-a3b", "llama-1-30b", "qwen3-32b", "llama-1-65b", "llama-3.1-70b", "glm-4.5-air-106b", "gpt-oss-120b", "qwen3-235b-a22b",
    "deepseek-v3-671b",
)  # fmt: skip
SOLD = (8, 16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
"""Sizes that memory is bought in [GiB]."""


@table(
    id="ram",
    title={"zh": "只用处理器需要多少内存（Q4_K_M，上下文 8,192）", "en": "RAM on a CPU alone (Q4_K_M, context 8,192)"},
    key=["model"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        Column("weights", {"zh": "权重", "en": "Weights"}, unit="GiB", digits=1),
        Column("cache", {"zh": "KV 缓存", "en": "KV cache"}, unit="GiB", digits=2),
        Column("buffer", {"zh": "计算缓冲区", "en": "Compute buffer"}, unit="GiB", digits=2),
        Column("total", {"zh": "一共", "en": "In all"}, unit="GiB", digits=1),
        Column("with_system", {"zh": "连同系统", "en": "With the system"}, unit="GiB", digits=1),
        Column("sold", {"zh": "买多大", "en": "Buy"}, unit="GiB"),
    ],
    formulas=("ram_gib",),
)
def ram(catalogue: Catalogue) -> pd.DataFrame:
    """The weights are page cache with memory mapping, and take RAM all the same."""
    rows = []
    for model in MODELS:
        found = estimate({"model": model, "quant": "q4_k_m", "context": trained_context(catalogue, model)}, catalogue)
        total = found["total"]["bytes"] / GIB
        needed = ram_gib(host_gib=total, vram_gib=0)
        rows.append(
            {
                "model": model,
                "weights": found["weights"]["bytes"] / GIB,
                "cache": found["kv_cache"]["bytes"] / GIB,
                "buffer": found["compute_buffer"]["bytes"] / GIB,
                "total": total,
                "with_system": needed,
                "sold": next((size for size in SOLD if size >= needed), None),
            }
        )
    return pd.DataFrame(rows)
