"""How fast devices generate: bandwidth beside tokens a second, for one model that fits them all."""

from __future__ import annotations

import pandas as pd

from macros.specs import Catalogue
from macros.specs.models import architecture_of
from macros.tables import Column, table
from macros.tables.answers import ask
from macros.tables.pairs import DECODE, GPU, HIGH, LOW, PREFILL

MODEL, QUANT, CONTEXT = "llama-2-7b", "q4_0", 4096
"""The setting that most published measurements share."""


@table(
    id="decode",
    title={"zh": "生成与预填充：Llama 2 7B，Q4_0", "en": "Decode and prefill: Llama 2 7B, Q4_0"},
    key=["gpu"],
    columns=[
        GPU,
        Column("bandwidth", {"zh": "显存带宽", "en": "Memory bandwidth"}, unit="GB/s", digits=0),
        DECODE,
        LOW,
        HIGH,
        PREFILL,
    ],
    formulas=("decode_ceiling", "memory_seconds", "layer_seconds"),
)
def decode(catalogue: Catalogue) -> pd.DataFrame:
    """Every device that holds the model, fastest first."""
    shapes = architecture_of(catalogue.models[MODEL], catalogue.models)
    layers = shapes.layers + shapes.prediction_layers + 1
    rows = []
    for gpu in catalogue.gpus.values():
        answer = ask(catalogue, model=MODEL, quant=QUANT, context=CONTEXT, gpus=[gpu.id], gpu_layers=layers)
        if answer is not None and answer.fits and answer.decode is not None:
            speeds = {"decode": answer.decode, "low": answer.low, "high": answer.high, "prefill": answer.prefill}
            rows.append({"gpu": gpu.id, "bandwidth": gpu.bandwidth_gb_per_s, **speeds})
    frame = pd.DataFrame(rows, columns=["gpu", "bandwidth", "decode", "low", "high", "prefill"])
    return frame.sort_values(["decode", "gpu"], ascending=[False, True], ignore_index=True)
