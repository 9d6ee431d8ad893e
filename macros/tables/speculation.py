"""How much faster guesses make a conversation: as measured, and as the formula has it."""

from __future__ import annotations

from statistics import median

import pandas as pd

from macros.calibrate.speculation import Measured, measured
from macros.formulas.speculation import accepted_share, speculation_gain
from macros.specs import Catalogue
from macros.tables import Column, table

METHODS = {"mtp": {"zh": "预测层", "en": "prediction layer"}, "draft": {"zh": "草稿模型", "en": "draft model"}}


@table(
    id="speculation",
    title={"zh": "投机解码：测得与预测的加速倍数（单人）", "en": "Speculative decoding: gains as measured and predicted (one user)"},
    key=["model", "engine", "drafted"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        Column("engine", {"zh": "引擎", "en": "Engine"}, secondary=True),
        Column("method", {"zh": "由谁来猜", "en": "Guesses by"}, secondary=True),
        Column("drafted", {"zh": "每次猜", "en": "Guesses a pass"}),
        Column("rows", {"zh": "测量数", "en": "Measurements"}, secondary=True),
        Column("least", {"zh": "测得，最低", "en": "Measured, lowest"}, digits=2),
        Column("middle", {"zh": "测得，中位数", "en": "Measured, median"}, digits=2),
        Column("most", {"zh": "测得，最高", "en": "Measured, highest"}, digits=2),
        Column("predicted", {"zh": "预测", "en": "Predicted"}, digits=2),
    ],
    formulas=("speculation_gain", "accepted_share"),
)
def speculation(catalogue: Catalogue) -> pd.DataFrame:
    """Speed with guesses over speed without, on the same machine; predicted with the acceptance and the overhead of all rows together."""
    found: dict[tuple[str, str, int], list[Measured]] = {}
    for row in measured(catalogue)[0]:
        found.setdefault((str(row.row.model), row.row.engine, row.row.drafted), []).append(row)
    terms = catalogue.calibration["speculation"].terms
    rows = []
    for (model, engine, drafted), of in sorted(found.items()):
        gains = [row.gain for row in of]
        share = accepted_share(drafted=drafted, likeness=terms["likeness"])
        predicted = [
            speculation_gain(drafted=drafted, accepted=share, checking=row.checking, drafting=row.guessing + terms["overhead"])
            for row in of
        ]
        rows.append(
            {
                "model": model,
                "engine": engine,
                "method": METHODS[of[0].row.guesses_by],
                "drafted": drafted,
                "rows": len(of),
                "least": min(gains),
                "middle": median(gains),
                "most": max(gains),
                "predicted": median(predicted),
            }
        )
    return pd.DataFrame(rows)
