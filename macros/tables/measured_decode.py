"""Published decode speeds, row by row, beside what the guide computes for the same model, format and device."""

from __future__ import annotations

from typing import Any

import pandas as pd

from macros.formulas.remember import by_identity
from macros.specs import Catalogue
from macros.specs.measurements import Decode
from macros.tables import Column, table
from macros.tables.pairs import GPU, MODEL, on_gpu

MOST = 24
"""Rows that one page shows, newest first."""
COLUMNS = [
    Column("row", {"zh": "编号", "en": "Row"}),
    MODEL,
    GPU,
    Column("measured", {"zh": "测得", "en": "Measured"}, unit="tokens/s", digits=1),
    Column("computed", {"zh": "本指南", "en": "This guide"}, unit="tokens/s", digits=1),
    Column("quant", {"zh": "量化", "en": "Quantization"}, link="quantizations", under=True),
    Column("engine", {"zh": "引擎", "en": "Engine"}, secondary=True),
    Column("built", {"zh": "版本日期", "en": "Version of"}, secondary=True),
    Column("source", {"zh": "出处", "en": "Source"}, link="sources"),
]


@by_identity
def _rows(catalogue: Catalogue) -> list[tuple[str, Decode]]:
    """Sound rows of one sequence on one device with everything on it, newest first."""
    found = [
        (f"{file.id} {index}", row)
        for file in catalogue.measurements.values()
        for index, row in enumerate(file.rows)
        if isinstance(row, Decode) and row.model and row.quant and len(row.gpus) == 1 and row.users == 1 and not row.without_output
    ]
    sound = [(name, row) for name, row in found if row.quality is None and row.gpu_layers is None and row.depth == 0]
    return sorted(sound, key=lambda entry: (entry[1].built.isoformat() if entry[1].built else "", entry[0]), reverse=True)


def _frame(catalogue: Catalogue, rows: list[tuple[str, Decode]]) -> pd.DataFrame:
    listed: list[dict[str, Any]] = []
    for name, row in rows:
        assert row.model is not None
        answer = on_gpu(catalogue, row.model, row.gpus[0], row.quant)
        listed.append(
            {
                "row": name,
                "model": row.model,
                "gpu": row.gpus[0],
                "measured": row.tokens_per_second,
                "computed": answer.decode if answer is not None and answer.fits else None,
                "quant": row.quant,
                "engine": row.engine,
                "built": row.built.isoformat()[:7] if row.built else None,
                "source": row.source,
            }
        )
    return pd.DataFrame(listed, columns=[column.id for column in COLUMNS])


def ask_all(catalogue: Catalogue, model: str) -> None:
    """Ask all that the rows of one model do."""
    _frame(catalogue, [entry for entry in _rows(catalogue) if entry[1].model == model])


def of_gpu(catalogue: Catalogue, gpu: str) -> pd.DataFrame:
    """The newest measurements on one device."""
    return _frame(catalogue, [entry for entry in _rows(catalogue) if entry[1].gpus[0] == gpu][:MOST])


def of_model(catalogue: Catalogue, model: str) -> pd.DataFrame:
    """The newest measurements of one model."""
    return _frame(catalogue, [entry for entry in _rows(catalogue) if entry[1].model == model][:MOST])


@table(
    id="measured-decode",
    title={"zh": "公开的实测解码速度", "en": "Published decode speeds"},
    key=["row"],
    columns=COLUMNS,
)
def measured_decode(catalogue: Catalogue) -> pd.DataFrame:
    """Every row that the pages of models and devices draw on."""
    return _frame(catalogue, _rows(catalogue))
