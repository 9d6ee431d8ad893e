"""What cards showed while they ran a model, beside what the guide says of the same setting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from macros.estimate import estimate
from macros.formulas.units import GIB, MIB
from macros.specs import Catalogue
from macros.specs.measurements import MemoryUse
from macros.tables import Column, table

GIVEN = ("model", "quant", "context", "kv_type", "profile", "slots", "backend", "gpu_layers", "draft_tokens")


def shown_rows(catalogue: Catalogue) -> Iterator[MemoryUse]:
    """What cards held in all while they ran a GGUF file; logs of single buffers are compared to the byte elsewhere.

    Args:
        catalogue: the records

    Returns:
        Rows without a mark against them, in the order of their files.
    """
    for file in catalogue.measurements.values():
        for row in file.rows:
            if isinstance(row, MemoryUse) and row.parts_mib is None and row.quality is None:
                engine = catalogue.engines.get(row.engine)
                if engine is not None and engine.gguf:
                    yield row


def question_of(row: MemoryUse) -> dict[str, Any]:
    """The question to `estimate` that a row answers.

    Args:
        row: what cards showed

    Returns:
        Keys and values of a question.

    Assumes: as much RAM as is needed, and no margin.
    """
    question = {key: value for key in GIVEN if (value := getattr(row, key)) is not None}
    question |= {"gpus": row.gpus, "split_mode": row.split, "mtp": row.draft_tokens is not None, "margin_mib": 0, "ram_gib": 256}
    question.setdefault("gpu_layers", 9999)
    return question | ({} if row.built is None else {"built": row.built.isoformat()})


@table(
    id="card-memory",
    title={"zh": "显卡显示的占用：测得与算出", "en": "What cards showed, measured and computed"},
    key=["row"],
    columns=[
        Column("row", title={"zh": "序号", "en": "row"}, digits=0, secondary=True),
        Column("gpus", title={"zh": "GPU", "en": "GPU"}),
        Column("quant", title={"zh": "量化", "en": "quantization"}, link="quantizations"),
        Column("context", unit="tokens", title={"zh": "上下文", "en": "context"}, digits=0),
        Column("kv_type", title={"zh": "缓存", "en": "cache"}, secondary=True),
        Column("guesses", title={"zh": "猜测词元数", "en": "tokens guessed"}, digits=0),
        Column("measured", unit="GiB", title={"zh": "显示", "en": "shown"}, digits=2),
        Column("computed", unit="GiB", title={"zh": "算出", "en": "computed"}, digits=2),
        Column("error", unit="%", title={"zh": "误差", "en": "error"}, digits=1),
    ],
    formulas=("compute_buffer_bytes", "cache_bytes", "tensor_bytes", "context_bytes"),
)
def card_memory(catalogue: Catalogue) -> pd.DataFrame:
    """All memory of the cards in each row, the back end's own included."""
    found: list[dict[str, Any]] = []
    for row in shown_rows(catalogue):
        devices = estimate(question_of(row), catalogue)["devices"]
        computed, measured = sum(device["memory_bytes"] for device in devices), row.mib * MIB
        name = catalogue.gpus[row.gpus[0]].name
        found.append(
            {
                "row": len(found) + 1,
                "gpus": name if len(row.gpus) == 1 else f"{len(row.gpus)} × {name}",
                "quant": row.quant,
                "context": row.context,
                "kv_type": row.kv_type,
                "guesses": row.draft_tokens or 0,
                "measured": measured / GIB,
                "computed": computed / GIB,
                "error": (computed / measured - 1) * 100,
            }
        )
    return pd.DataFrame(found)
