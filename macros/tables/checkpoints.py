"""Files as their publishers ship them, beside what the guide computes for them."""

from __future__ import annotations

import pandas as pd

from macros.estimate.files.quantized import as_published
from macros.formulas.units import GB
from macros.formulas.weights.file import weight_bytes
from macros.formulas.weights.packing import uniform_bytes
from macros.specs import Catalogue
from macros.specs.checkpoints import Checkpoint
from macros.specs.models import Model, architecture_of
from macros.tables import Column, table

BYTES = 2
"""Bytes of a value at 16 bits, as projectors are published."""


def computed_bytes(catalogue: Catalogue, checkpoint: Checkpoint) -> int:
    """Tensors of the text model and, where the checkpoint holds it, of the projector [bytes].

    Args:
        catalogue: the records
        checkpoint: the record

    Returns:
        Bytes [bytes].
    """
    model = catalogue.models[checkpoint.model]
    quant = as_published(catalogue.quantizations[checkpoint.quant], checkpoint)
    shapes = architecture_of(model, catalogue.models)
    own = (
        weight_bytes(shapes, quant, catalogue.tensor_types, importance_matrix=checkpoint.imatrix)
        if quant.per_weight is None
        else uniform_bytes(shapes, quant.per_weight)
    )
    return own + projector_bytes(checkpoint, model)


def projector_bytes(checkpoint: Checkpoint, model: Model) -> int:
    """What a checkpoint holds of vision and audio towers [bytes]."""
    if checkpoint.projector_bytes is not None:
        return checkpoint.projector_bytes
    return BYTES * model.projector.parameters if checkpoint.with_projector and model.projector is not None else 0


@table(
    id="published-checkpoints",
    title={"zh": "发布的文件与算出的大小", "en": "Published files beside what is computed"},
    key=["repository", "quant"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        Column("repository", {"zh": "仓库", "en": "Repository"}, secondary=True),
        Column("quant", {"zh": "量化", "en": "Quantization"}, link="quantizations", under=True),
        Column("published", {"zh": "发布的", "en": "Published"}, unit="GB", digits=3),
        Column("computed", {"zh": "算出的", "en": "Computed"}, unit="GB", digits=3),
        Column(
            "difference",
            {"zh": "相差", "en": "Difference"},
            unit="%",
            digits=2,
            note={
                "zh": "发布的文件还有文件头；带预测层的检查点，预测层不在算出的大小里；发布者自己的混合只知道大小，与最接近的预设相比。",
                "en": "Files have headers besides; prediction layers are not in what is computed; a publisher’s own mix, of which only the "
                "size is known, is compared with the nearest preset.",
            },
        ),
        Column("mix", {"zh": "自己的混合", "en": "Own mix"}, secondary=True),
    ],
    formulas=("tensor_bytes", "linear_layer_bytes"),
)
def published_checkpoints(catalogue: Catalogue) -> pd.DataFrame:
    """One row a checkpoint whose bytes somebody published."""
    rows = []
    for checkpoint in catalogue.checkpoints.values():
        if checkpoint.bytes is None:
            continue
        computed = computed_bytes(catalogue, checkpoint)
        rows.append(
            {
                "model": checkpoint.model,
                "repository": checkpoint.repository,
                "quant": checkpoint.quant,
                "published": checkpoint.bytes / GB,
                "computed": computed / GB,
                "difference": (checkpoint.bytes - computed) / checkpoint.bytes * 100,
                "mix": checkpoint.mix,
            }
        )
    return pd.DataFrame(rows)
