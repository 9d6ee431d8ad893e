"""The models side by side: how large they are and what they were trained for, one row a model."""

from __future__ import annotations

from datetime import date

import pandas as pd

from macros.formulas.parameters import active_parameters, parameters
from macros.specs import Catalogue
from macros.specs.models import architecture_of
from macros.tables import Column, table

PUBLISHED = {"zh": "公开的成绩，出处在模型页", "en": "as published; the source is on the model’s page"}
SCORE = "GPQA Diamond"
"""The test that most makers publish a result of."""


@table(
    id="models",
    title={"zh": "模型", "en": "Models"},
    key=["model"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        Column(
            "parameters",
            {"zh": "参数量", "en": "Parameters"},
            unit="10⁹",
            digits=1,
            note={
                "zh": "文本模型的，由结构算出；发布者公布的数可能还含视觉编码器和预测层",
                "en": "of the text model, from its architecture; a publisher’s count may include encoders and prediction layers",
            },
        ),
        Column("active", {"zh": "激活参数", "en": "Active"}, unit="10⁹", digits=1),
        Column("released", {"zh": "发布", "en": "Released"}),
        Column("context", {"zh": "上下文长度", "en": "Context length"}, unit="tokens"),
        Column(
            "score",
            {"zh": SCORE, "en": SCORE},
            unit="%",
            digits=1,
            note=PUBLISHED,
        ),
        Column("publisher", {"zh": "发布者", "en": "Publisher"}, secondary=True),
        Column("licence", {"zh": "许可", "en": "Licence"}, secondary=True),
        Column("layers", {"zh": "层数", "en": "Layers"}, secondary=True),
    ],
    formulas=("parameters", "active_parameters"),
)
def models(catalogue: Catalogue) -> pd.DataFrame:
    """What people run now first, then every other, newest first; those with no known date last."""
    order = sorted(catalogue.models.values(), key=lambda model: model.name.lower())
    order.sort(key=lambda model: (model.headline, model.released or date.min), reverse=True)
    shapes = [architecture_of(model, catalogue.models) for model in order]
    return pd.DataFrame(
        {
            "model": [model.id for model in order],
            "parameters": [parameters(shape) / 1e9 for shape in shapes],
            "active": [active_parameters(shape) / 1e9 for shape in shapes],
            "released": [model.released.isoformat()[:7] if model.released else None for model in order],
            "context": [shape.context_length for shape in shapes],
            "score": [next((score.percent for score in model.scores if score.test == SCORE), None) for model in order],
            "publisher": [model.publisher for model in order],
            "licence": [model.licence for model in order],
            "layers": [shape.layers for shape in shapes],
        }
    )
