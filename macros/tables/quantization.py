"""Quantizations: bits for each weight, and sizes of files."""

from __future__ import annotations

import pandas as pd

from macros.estimate.weights import model_weights
from macros.formulas.parameters import parameters
from macros.formulas.units import GB
from macros.specs import Catalogue
from macros.specs.models import architecture_of
from macros.tables import Column, Words, table
from macros.tables.headlines import QUANT, headline_models, own_quant, quant_of

EXAMPLES: dict[str, Words] = {
    "lfm2.5-1.2b": {"zh": "LFM2.5 1.2B", "en": "LFM2.5 1.2B"},
    "qwen3.5-9b": {"zh": "Qwen3.5 9B", "en": "Qwen3.5 9B"},
    "gemma-4-12b": {"zh": "Gemma 4 12B", "en": "Gemma 4 12B"},
    "qwen3.8-27b": {"zh": "Qwen3.8 27B", "en": "Qwen3.8 27B"},
    "qwen3.6-35b-a3b": {"zh": "Qwen3.6 35B-A3B", "en": "Qwen3.6 35B-A3B"},
    "llama-3.3-70b": {"zh": "Llama 3.3 70B", "en": "Llama 3.3 70B"},
}
"""Small and large, tied and untied, dense and mixed."""
EARLIER: dict[str, Words] = {
    "llama-3.2-1b": {"zh": "Llama 3.2 1B", "en": "Llama 3.2 1B"},
    "llama-3.1-8b": {"zh": "Llama 3.1 8B", "en": "Llama 3.1 8B"},
    "qwen2.5-14b": {"zh": "Qwen2.5 14B", "en": "Qwen2.5 14B"},
    "gemma-3-27b": {"zh": "Gemma 3 27B", "en": "Gemma 3 27B"},
    "qwen3-30b-a3b": {"zh": "Qwen3 30B-A3B", "en": "Qwen3 30B-A3B"},
    "llama-3.1-70b": {"zh": "Llama 3.1 70B", "en": "Llama 3.1 70B"},
}
"""Columns of the data files from before: names of columns stay."""
COMPARED = EXAMPLES | EARLIER
PRESETS = (
    "iq1_s", "iq2_xxs", "iq2_m", "q2_k", "iq3_xxs", "q3_k_s", "iq3_m", "q3_k_m", "q3_k_l", "iq4_xs", "q4_0", "q4_k_s", "q4_k_m",
    "q5_k_s", "q5_k_m", "q6_k", "q8_0", "f16", "gptq-4bit-128g", "awq-4bit-128g", "nf4", "gptq-8bit-128g", "int8", "fp8", "bf16",
    "fp32",
)  # fmt: skip
"""llama.cpp's from small to large, then those of other engines."""
FILES = ("q4_k_m", "q6_k", "q8_0", "f16")


def weight_bytes(catalogue: Catalogue, model: str, quant: str) -> int | None:
    """All tensors of the file; None where the shapes do not allow the format."""
    shape = architecture_of(catalogue.models[model], catalogue.models)
    imatrix = quant.startswith("iq") and quant[2] in "123"
    try:
        return model_weights(shape, catalogue.quantizations[quant], catalogue.records["tensor-types"], imatrix=imatrix).bytes
    except ValueError:
        return None


@table(
    id="bits-per-weight",
    title={"zh": "平均位宽，因模型而异", "en": "Bits per weight differ by model"},
    key=["quant"],
    columns=[
        Column("quant", {"zh": "量化", "en": "Quantization"}, link="quantizations"),
        *(Column(model, name, unit="bit", digits=2, only_data=model in EARLIER) for model, name in COMPARED.items()),
    ],
    formulas=("tensor_bytes",),
)
def bits_per_weight(catalogue: Catalogue) -> pd.DataFrame:
    """Bits of all tensors over parameters."""
    rows = []
    for quant in PRESETS:
        row: dict[str, object] = {"quant": quant}
        for model in COMPARED:
            size = weight_bytes(catalogue, model, quant)
            row[model] = None if size is None else size * 8 / parameters(architecture_of(catalogue.models[model], catalogue.models))
        rows.append(row)
    return pd.DataFrame(rows)


@table(
    id="quantization-sizes",
    title={"zh": "各种量化的大小", "en": "Sizes by quantization"},
    key=["quant"],
    columns=[
        Column("quant", {"zh": "量化", "en": "Quantization"}, link="quantizations"),
        *(Column(model, name, unit="GB", digits=2, only_data=model in EARLIER) for model, name in COMPARED.items()),
    ],
    formulas=("tensor_bytes",),
)
def sizes(catalogue: Catalogue) -> pd.DataFrame:
    """Bytes of all tensors, in decimal GB as files are listed."""
    rows = []
    for quant in PRESETS:
        row: dict[str, object] = {"quant": quant}
        for model in COMPARED:
            size = weight_bytes(catalogue, model, quant)
            row[model] = None if size is None else size / GB
        rows.append(row)
    return pd.DataFrame(rows)


@table(
    id="file-sizes",
    title={"zh": "下载的文件有多大", "en": "Sizes of what one downloads"},
    key=["model"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        Column("four", {"zh": "4 位", "en": "4-bit"}, unit="GB", digits=1),
        *(
            Column(
                quant, {"zh": quant.upper(), "en": quant.upper()}, unit="GB", digits=1, only_data=quant == QUANT, secondary=quant == "f16"
            )
            for quant in FILES
        ),
    ],
    formulas=("tensor_bytes",),
)
def file_sizes(catalogue: Catalogue) -> pd.DataFrame:
    """Those of today, from small to large; tensors without the header. What came out in few bits has no finer file."""
    rows = []
    for model in headline_models(catalogue):
        row: dict[str, object] = {"model": model}
        native = own_quant(catalogue, model)
        for column in ("four", *FILES):
            quant = quant_of(catalogue, model) if column == "four" else column if native is None else None
            size = None if quant is None else weight_bytes(catalogue, model, quant)
            row[column] = None if size is None else size / GB
        rows.append(row)
    return pd.DataFrame(rows)


@table(
    id="quantization-quality",
    title={"zh": "量化的代价：已发表的困惑度与 KL 散度", "en": "What it costs: published perplexity and KL divergence"},
    key=["quant", "imatrix"],
    columns=[
        Column("quant", {"zh": "量化", "en": "Quantization"}, link="quantizations"),
        Column("imatrix", {"zh": "重要性矩阵", "en": "Importance matrix"}),
        Column("bits", {"zh": "平均位宽", "en": "Bits per weight"}, unit="bit", digits=2),
        Column("perplexity", {"zh": "困惑度，Llama 3 8B", "en": "Perplexity, Llama 3 8B"}, digits=3),
        Column("loss", {"zh": "比 16 位高", "en": "Above 16 bits"}, unit="%", digits=1),
        Column("divergence", {"zh": "KL 散度", "en": "KL divergence"}, digits=4),
        Column("large", {"zh": "Llama 2 70B，比 16 位高", "en": "Llama 2 70B, above 16 bits"}, unit="%", digits=1),
    ],
    formulas=("tensor_bytes",),
)
def quality(catalogue: Catalogue) -> pd.DataFrame:
    """As published; the bits are computed for the smaller model."""
    small, large = catalogue.quality["llama-3-8b"], catalogue.quality["llama-2-70b"]
    shape = architecture_of(catalogue.models[small.model], catalogue.models)
    of_large = {row.quant: (row.perplexity / large.original_perplexity - 1) * 100 for row in large.rows}
    rows = []
    for row in small.rows:
        quant = catalogue.quantizations[row.quant]
        weights = model_weights(shape, quant, catalogue.records["tensor-types"], imatrix=row.imatrix)
        rows.append(
            {
                "quant": row.quant,
                "imatrix": row.imatrix,
                "bits": weights.bytes * 8 / parameters(shape),
                "perplexity": row.perplexity,
                "loss": (row.perplexity / small.original_perplexity - 1) * 100,
                "divergence": row.kl_divergence,
                "large": None if row.imatrix else of_large.get(row.quant),
            }
        )
    return pd.DataFrame(rows)
