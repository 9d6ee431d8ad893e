"""What a model brings along: the projector of one that sees, and what lets it guess several tokens at once."""

from __future__ import annotations

import math

import pandas as pd

from macros.estimate import estimate
from macros.formulas.companions import prediction_parameters, projector_bytes
from macros.formulas.compute_graph.tower import tower_buffers
from macros.formulas.parameters import parameters
from macros.formulas.units import GIB, MIB
from macros.specs import Catalogue
from macros.specs.models import Model, Projector, architecture_of, tower_of
from macros.tables import Column, table

DRAFT_FORMAT = "q8_0"
"""A draft model is small and must guess well: it is run in eight bits."""
DRAFT_CONTEXT = 8192


@table(
    id="projectors",
    title={"zh": "视觉模型的投影器", "en": "Projectors of models that see"},
    key=["model"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        Column("parameters", {"zh": "编码器与投影器的参数量", "en": "Parameters of encoders and projector"}, unit="10⁶", digits=0),
        Column("size", {"zh": "16 位文件", "en": "16-bit file"}, unit="GiB", digits=2),
        Column("buffer", {"zh": "计算缓冲区", "en": "Compute buffer"}, unit="MiB", digits=0),
        Column("share", {"zh": "占文本部分", "en": "Share of the text part"}, unit="%", digits=1),
    ],
    formulas=("projector_bytes",),
)
def projectors(catalogue: Catalogue) -> pd.DataFrame:
    """Models with a file for pictures (and sound), the heaviest first."""
    seeing = [(model, model.projector) for model in catalogue.models.values() if model.projector is not None]
    seeing.sort(key=lambda pair: (-pair[1].parameters, pair[0].name.lower()))
    return pd.DataFrame(
        {
            "model": [model.id for model, _ in seeing],
            "parameters": [part.parameters / 1e6 for _, part in seeing],
            "size": [_file_bytes(model, part, catalogue) / GIB for model, part in seeing],
            "buffer": [_buffer_bytes(model, catalogue) / MIB for model, _ in seeing],
            "share": [100 * part.parameters / parameters(architecture_of(model, catalogue.models)) for model, part in seeing],
        }
    )


def _file_bytes(model: Model, part: Projector, catalogue: Catalogue) -> int:
    tower = tower_of(model, catalogue.models)
    positions = 0 if tower is None else tower.position_rows * tower.width
    return projector_bytes(parameters=part.parameters, file_bytes=part.file_bytes, positions=positions)


def _buffer_bytes(model: Model, catalogue: Catalogue) -> float:
    """On the card; not a number where the shapes of the tower are not known."""
    tower = tower_of(model, catalogue.models)
    return math.nan if tower is None else tower_buffers(tower, text=architecture_of(model, catalogue.models).hidden_size)[0]


@table(
    id="drafts",
    title={"zh": "草稿模型", "en": "Draft models"},
    key=["model"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        Column("draft", {"zh": "草稿模型", "en": "Draft model"}, link="models"),
        Column("weights", {"zh": "草稿模型权重（Q8_0）", "en": "Weights of the draft (Q8_0)"}, unit="GiB", digits=2),
        Column("cache", {"zh": "它的 KV 缓存（8K）", "en": "Its KV cache (8K)"}, unit="GiB", digits=2),
        Column("total", {"zh": "多占", "en": "In all"}, unit="GiB", digits=2),
    ],
    formulas=("parameters", "cache_bytes"),
)
def drafts(catalogue: Catalogue) -> pd.DataFrame:
    """Which small model can guess ahead for which large one, and what it takes."""
    pairs = sorted((model for model in catalogue.models.values() if model.draft is not None), key=lambda model: model.name.lower())
    question = {"quant": DRAFT_FORMAT, "context": DRAFT_CONTEXT}
    answers = {draft: estimate({"model": draft, **question}, catalogue) for draft in sorted({str(model.draft) for model in pairs})}
    found = [answers[str(model.draft)] for model in pairs]
    return pd.DataFrame(
        {
            "model": [model.id for model in pairs],
            "draft": [model.draft for model in pairs],
            "weights": [answer["weights"]["bytes"] / GIB for answer in found],
            "cache": [answer["kv_cache"]["bytes"] / GIB for answer in found],
            "total": [
                (answer["weights"]["bytes"] + answer["kv_cache"]["bytes"] + answer["compute_buffer"]["bytes"]) / GIB for answer in found
            ],
        }
    )


@table(
    id="prediction-layers",
    title={"zh": "多词元预测（MTP）层", "en": "Multi-token prediction (MTP) layers"},
    key=["model"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        Column("parameters", {"zh": "预测层参数量", "en": "Parameters of prediction layers"}, unit="10⁹", digits=2),
        Column("eight_bit", {"zh": "8 位权重", "en": "Weights in 8 bits"}, unit="GiB", digits=2),
        Column("in_file", {"zh": "常见文件里有", "en": "In the usual file"}),
    ],
    formulas=("prediction_parameters",),
)
def prediction_layers(catalogue: Catalogue) -> pd.DataFrame:
    """Models whose checkpoint has layers that predict further tokens."""
    rows = []
    eight_bit = catalogue.tensor_types["q8_0"]
    for model in sorted(catalogue.models.values(), key=lambda model: model.name.lower()):
        shapes = architecture_of(model, catalogue.models)
        beside = model.published_beside.prediction if model.published_beside is not None else 0
        count = prediction_parameters(shapes, beside=beside)
        if count > 0:
            size = count * eight_bit.block_bytes / eight_bit.block / GIB
            rows.append((model.id, count / 1e9, size, shapes.prediction_layers > 0))
    return pd.DataFrame(rows, columns=["model", "parameters", "eight_bit", "in_file"])
