"""The models side by side: how large they are and what they were trained for, one row a model."""

from __future__ import annotations

import pandas as pd

from macros.formulas.parameters import active_parameters, parameters
from macros.specs import Catalogue
from macros.specs.models import architecture_of
from macros.tables import Column, table


@table(
    id="models",
    title={"zh": "模型", "en": "Models"},
    key=["model"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        Column("publisher", {"zh": "发布者", "en": "Publisher"}),
        Column("parameters", {"zh": "参数量", "en": "Parameters"}, unit="10⁹", digits=2),
        Column("active", {"zh": "每词元激活参数", "en": "Active a token"}, unit="10⁹", digits=2),
        Column("layers", {"zh": "层数", "en": "Layers"}),
        Column("context", {"zh": "上下文长度", "en": "Context length"}, unit="tokens"),
        Column("licence", {"zh": "许可", "en": "Licence"}),
        Column("released", {"zh": "发布", "en": "Released"}),
    ],
    formulas=("parameters", "active_parameters"),
)
def models(catalogue: Catalogue) -> pd.DataFrame:
    """Every model by its name."""
    order = sorted(catalogue.models.values(), key=lambda model: model.name.lower())
    shapes = [architecture_of(model, catalogue.models) for model in order]
    return pd.DataFrame(
        {
            "model": [model.id for model in order],
            "publisher": [model.publisher for model in order],
            "parameters": [parameters(shape) / 1e9 for shape in shapes],
            "active": [active_parameters(shape) / 1e9 for shape in shapes],
            "layers": [shape.layers for shape in shapes],
            "context": [shape.context_length for shape in shapes],
            "licence": [model.licence for model in order],
            "released": [model.released.isoformat()[:7] if model.released else None for model in order],
        }
    )
