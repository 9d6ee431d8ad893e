"""What models need in RAM when there is no card."""

from __future__ import annotations

import pandas as pd

from macros.estimate import estimate
from macros.formulas.ram_rule import ram_gib
from macros.formulas.units import GIB
from macros.specs import Catalogue
from macros.tables import Column, table
from macros.tables.headlines import headline_models, quant_of
from macros.tables.vram import trained_context

SOLD = (8, 16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
"""Sizes that memory is bought in [GiB]."""


@table(
    id="ram",
    title={"zh": "只用处理器需要多少内存（4 位，上下文 8,192）", "en": "RAM on a CPU alone (4-bit, context 8,192)"},
    key=["model"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        Column("sold", {"zh": "买多大", "en": "Buy"}, unit="GiB"),
        Column("with_system", {"zh": "连同系统", "en": "With the system"}, unit="GiB", digits=1),
        Column("total", {"zh": "一共", "en": "In all"}, unit="GiB", digits=1),
        Column("weights", {"zh": "权重", "en": "Weights"}, unit="GiB", digits=1, secondary=True),
        Column("cache", {"zh": "KV 缓存", "en": "KV cache"}, unit="GiB", digits=2, secondary=True),
        Column("buffer", {"zh": "计算缓冲区", "en": "Compute buffer"}, unit="GiB", digits=2, secondary=True),
    ],
    formulas=("ram_gib",),
)
def ram(catalogue: Catalogue) -> pd.DataFrame:
    """The weights are page cache with memory mapping, and take RAM all the same."""
    rows = []
    for model in headline_models(catalogue):
        quant, context = quant_of(catalogue, model), trained_context(catalogue, model)
        found = estimate({"model": model, "quant": quant, "context": context}, catalogue)
        total = found["total"]["bytes"] / GIB
        needed = ram_gib(host_gib=total, vram_gib=0)
        rows.append(
            {
                "model": model,
                "sold": next((size for size in SOLD if size >= needed), None),
                "with_system": needed,
                "total": total,
                "weights": found["weights"]["bytes"] / GIB,
                "cache": found["kv_cache"]["bytes"] / GIB,
                "buffer": found["compute_buffer"]["bytes"] / GIB,
            }
        )
    return pd.DataFrame(rows)
