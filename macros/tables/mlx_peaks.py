"""Peak memory as mlx-lm prints it, beside what the guide says."""

from __future__ import annotations

import pandas as pd

from macros.estimate import estimate
from macros.formulas.units import GB, MIB
from macros.specs import Catalogue
from macros.specs.measurements import MemoryUse
from macros.tables import Column, table

FILE = "mlx-peaks"


@table(
    id=FILE,
    title={"zh": "MLX 的峰值内存：测得与算出", "en": "Peak memory of MLX, measured and computed"},
    key=["model", "context", "slice"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        Column("quant", {"zh": "量化", "en": "Quantization"}, link="quantizations", secondary=True),
        Column("context", {"zh": "词元数", "en": "Tokens"}),
        Column("slice", {"zh": "每段读入", "en": "Slice"}),
        Column("measured", {"zh": "测得", "en": "Measured"}, unit="GB", digits=2),
        Column("computed", {"zh": "算出", "en": "Computed"}, unit="GB", digits=2),
        Column("error", {"zh": "误差", "en": "Error"}, unit="%", digits=1),
    ],
    formulas=("activation_bytes", "score_bytes"),
)
def mlx_peaks(catalogue: Catalogue) -> pd.DataFrame:
    """Rows that are marked as something else (an older version, layers of Mamba-2) are left out."""
    rows = []
    usual = catalogue.engines["mlx"].chunk_tokens
    for row in catalogue.measurements[FILE].rows:
        if not isinstance(row, MemoryUse) or row.quality is not None or row.context is None:
            continue
        tokens = row.ubatch or usual
        question = {"model": row.model, "quant": row.quant, "engine": "mlx", "context": row.context, "gpus": row.gpus}
        computed = estimate(question | {"max_batched_tokens": tokens}, catalogue)["total"]["bytes"] / GB
        measured = row.mib * MIB / GB
        rows.append(
            {
                "model": row.model,
                "quant": row.quant,
                "context": row.context,
                "slice": tokens,
                "measured": measured,
                "computed": computed,
                "error": (computed / measured - 1) * 100,
            }
        )
    return pd.DataFrame(rows)
