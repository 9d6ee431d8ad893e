"""What models need on a card, and what cards have room for."""

from __future__ import annotations

import pandas as pd

from macros.estimate import check_setting, columns, estimate
from macros.estimate.inverse import largest_context
from macros.formulas.parameters import parameters
from macros.formulas.remember import by_identity
from macros.formulas.units import GIB
from macros.specs import Catalogue
from macros.specs.models import architecture_of
from macros.tables import Column, table
from macros.tables.answers import buffers
from macros.tables.headlines import LADDER, headline_models, ladder_of, own_quant, quant_of
from macros.tables.pairs import REFERENCE

CONTEXT = 8192
PRESETS = ("iq2_m", "q3_k_m", "iq4_xs", "q4_k_m", "q5_k_m", "q6_k", "q8_0", "f16")
"""From small to large: what people download."""
WORTH = (*LADDER, "iq4_xs")
"""Formats that the guide calls the best: below four bits a smaller model is better, above eight nothing is gained."""
CARDS = {
    "rtx-4060": 8,
    "rtx-3060": 12,
    "rtx-5060-ti-16gb": 16,
    "rtx-3090": 24,
    "rtx-5090": 32,
    "rtx-a6000": 48,
    "rtx-pro-6000-blackwell": 96,
}
"""A card of each size that is sold -> its memory [GiB]."""


def trained_context(catalogue: Catalogue, model: str) -> int:
    """The context length of the tables, or the model's own where that is shorter."""
    return min(CONTEXT, architecture_of(catalogue.models[model], catalogue.models).context_length)


@by_identity
def presets_on_cards(catalogue: Catalogue) -> pd.DataFrame:
    """Every model of the tables in every preset on every card: model, quant, gpu, memory that it takes [bytes], whether it fits."""
    models = headline_models(catalogue)
    weights = pd.concat([columns.sizes(catalogue, [model], ladder_of(catalogue, model, PRESETS)) for model in models], ignore_index=True)
    needs = pd.concat([buffers(catalogue, [model], [trained_context(catalogue, model)]) for model in models], ignore_index=True)
    hardware = columns.devices(catalogue, [REFERENCE, *CARDS])
    found = columns.grid(weights, needs, hardware)
    named = weights.loc[found["weights_row"], ["model", "quant"]].reset_index(drop=True)
    return named.assign(gpu=hardware["gpu"].to_numpy()[found["device_row"]], memory_bytes=found["memory_bytes"], fits=found["fits"])


def _preset(preset: str) -> Column:
    """The column of one format; a narrow screen shows the two that most people choose from."""
    title, folded = {"zh": preset.upper(), "en": preset.upper()}, preset not in ("q6_k", "q8_0")
    return Column(preset, title, unit="GiB", digits=1, only_data=preset in ("iq2_m", "q4_k_m"), secondary=folded)


@table(
    id="vram",
    title={
        "zh": "全部放在一张卡上需要多少显存（RTX 4090，上下文 8,192）",
        "en": "VRAM with everything on one card (RTX 4090, context 8,192)",
    },
    key=["model"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        Column("parameters", {"zh": "参数量", "en": "Parameters"}, unit="10⁹", digits=1, only_data=True),
        Column(
            "usual",
            {"zh": "4 位", "en": "4-bit"},
            unit="GiB",
            digits=1,
            note={
                "zh": "Q4_K_M；发布时就是 4 位的，按它自己的格式；运行时按 RTX 4090 算",
                "en": "Q4_K_M, or its own format where it was released in 4 bits; with the runtime of an RTX 4090",
            },
        ),
        Column("native", {"zh": "原生 4 位", "en": "Native 4-bit"}, unit="GiB", digits=1, only_data=True),
        *(_preset(preset) for preset in PRESETS),
    ],
    formulas=("cache_bytes", "tensor_bytes"),
)
def vram(catalogue: Catalogue) -> pd.DataFrame:
    """Weights, cache, compute buffer and runtime; no margin."""
    roomy = presets_on_cards(catalogue).query("gpu == @REFERENCE")
    models = headline_models(catalogue)
    pivot = roomy.pivot(index="model", columns="quant", values="memory_bytes").loc[models] / GIB
    needs = pivot[list(PRESETS)].copy()
    natives = [own_quant(catalogue, model) for model in models]
    usual = [quant_of(catalogue, model) for model in models]
    needs.insert(0, "usual", [pivot.loc[model, quant] for model, quant in zip(models, usual, strict=True)])
    needs.insert(0, "native", [None if native is None else pivot.loc[model, native] for model, native in zip(models, natives, strict=True)])
    needs.insert(0, "parameters", [parameters(architecture_of(catalogue.models[model], catalogue.models)) / 1e9 for model in models])
    return needs.rename_axis(columns=None).reset_index()


PARTS_OF = ("gpt-oss-20b", "gemma-4-12b", "qwen3.8-27b", "llama-3.3-70b")
"""Models whose memory is shown part by part: a window of attention, both kinds, recurrent layers, all of it."""
PARTS_CONTEXTS = (8192, 32768, 131072)


@table(
    id="vram-parts",
    title={"zh": "显存里装了什么", "en": "What fills VRAM"},
    key=["model", "context"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        Column("context", {"zh": "上下文", "en": "Context"}, unit="tokens"),
        Column("weights", {"zh": "权重", "en": "Weights"}, unit="GiB", digits=1),
        Column("kv_cache", {"zh": "KV 缓存", "en": "KV cache"}, unit="GiB", digits=1),
        Column("compute_buffer", {"zh": "计算缓冲区", "en": "Compute buffer"}, unit="GiB", digits=1),
        Column("runtime", {"zh": "运行时", "en": "Runtime"}, unit="GiB", digits=1),
    ],
    formulas=("cache_bytes", "tensor_bytes"),
)
def parts(catalogue: Catalogue) -> pd.DataFrame:
    """What one card holds with everything on it."""
    rows = []
    for model in PARTS_OF:
        for context in PARTS_CONTEXTS:
            asked = {"model": model, "quant": quant_of(catalogue, model), "context": context, "gpus": [REFERENCE]}
            (held,) = estimate({**asked, "gpu_layers": 9999}, catalogue)["devices"]
            parts = {part: held[f"{part}_bytes"] / GIB for part in ("weights", "kv_cache", "compute_buffer", "runtime")}
            rows.append({"model": model, "context": context, **parts})
    return pd.DataFrame(rows)


@table(
    id="best-quantization",
    title={
        "zh": "每种显存放得下的最好量化（4 到 8 位，上下文 8,192，已留余量）",
        "en": "Best quantization by VRAM (4 to 8 bits, context 8,192, margin kept)",
    },
    key=["model"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        *(Column(card, {"zh": f"{size} GiB", "en": f"{size} GiB"}) for card, size in CARDS.items()),
    ],
)
def best(catalogue: Catalogue) -> pd.DataFrame:
    """The largest of the formats from four to eight bits with which all layers and the margin have room; empty where none has."""
    models = headline_models(catalogue)
    worth = {model: ladder_of(catalogue, model, WORTH) for model in models}
    every = presets_on_cards(catalogue).query("fits")
    fitting = every[[quant in worth[model] for model, quant in zip(every["model"], every["quant"], strict=True)]]
    keys = zip(fitting["model"], fitting["gpu"], strict=True)
    largest = dict(zip(keys, fitting["quant"].str.upper(), strict=True))  # the presets come from small to large
    return pd.DataFrame([{"model": model, **{card: largest.get((model, card)) for card in CARDS}} for model in models])


@table(
    id="longest-context",
    title={"zh": "每种显存放得下的最长上下文（4 位，已留余量）", "en": "Longest context by VRAM (4-bit, margin kept)"},
    key=["model"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        Column("trained", {"zh": "训练长度", "en": "Trained for"}, unit="tokens", secondary=True),
        *(Column(card, {"zh": f"{size} GiB", "en": f"{size} GiB"}, unit="tokens") for card, size in CARDS.items()),
    ],
)
def longest(catalogue: Catalogue) -> pd.DataFrame:
    """Cells of 16 bits with which all layers and the margin still have room; empty where not even the smallest has."""
    rows = []
    for model in headline_models(catalogue):
        shape = architecture_of(catalogue.models[model], catalogue.models)
        row: dict[str, object] = {"model": model, "trained": shape.context_length}
        for card in CARDS:
            question = {"model": model, "quant": quant_of(catalogue, model), "context": 256, "gpus": [card]}
            found = largest_context(check_setting(question, catalogue), catalogue)
            row[card] = found or None
        rows.append(row)
    return pd.DataFrame(rows)
