"""The same pass in each known build of llama.cpp: what a new build makes room for that an older one did not."""

from __future__ import annotations

from typing import Any

import pandas as pd

from macros.estimate import estimate
from macros.estimate.columns import ROOMY
from macros.formulas.units import MIB
from macros.specs import Catalogue
from macros.tables import Column, table
from macros.tables.headlines import headline_models, quant_of

ENGINE = "llama.cpp"
CONTEXT = 32768
NOTABLE = 0.1
"""Changes of at least so much are shown [1]."""


@table(
    id="buffer-history",
    title={"zh": "计算缓冲区随 llama.cpp 版本的变化（上下文 32,768）", "en": "Compute buffer by build of llama.cpp (context 32,768)"},
    key=["model", "build"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        Column("build", {"zh": "版本", "en": "Build"}, under=True),
        Column("built", {"zh": "日期", "en": "Date"}, secondary=True),
        Column("buffer", {"zh": "计算缓冲区", "en": "Compute buffer"}, unit="MiB", digits=0),
        Column("change", {"zh": "比上一版本", "en": "Against the build before"}, unit="%", digits=0),
    ],
)
def buffer_history(catalogue: Catalogue) -> pd.DataFrame:
    """The headline models whose buffer some build changed by a tenth or more; everything on one device."""
    rows = []
    for model in headline_models(catalogue):
        question = {"model": model, "quant": quant_of(catalogue, model), "context": CONTEXT, "gpus": [ROOMY], "gpu_layers": 9999}
        found: list[dict[str, Any]] = []
        for build in sorted(catalogue.engines[ENGINE].builds, key=lambda build: build.built):
            size = estimate({**question, "build": build.id}, catalogue)["compute_buffer"]["bytes"]
            change = 100 * (size / found[-1]["buffer"] / MIB - 1) if found else None
            found.append({"model": model, "build": build.id, "built": build.built, "buffer": size / MIB, "change": change})
        if any(abs(row["change"] or 0) >= 100 * NOTABLE for row in found):
            rows += found
    return pd.DataFrame(rows, columns=["model", "build", "built", "buffer", "change"])
