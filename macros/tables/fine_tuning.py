"""Memory of fine-tuning by method, and beside published peaks."""

from __future__ import annotations

from typing import Any

import pandas as pd

from macros.estimate.answering import speeds
from macros.formulas.fine_tuning import (
    adapter_parameters,
    kept_activation_bytes,
    layer_activation_bytes,
    loss_bytes,
    training_bytes,
)
from macros.formulas.parameters import parameters
from macros.formulas.units import GIB, MIB
from macros.specs import Catalogue
from macros.specs.models import architecture_of
from macros.tables import Column, Words, table
from macros.tables.headlines import headline_models
from macros.tables.quantization import weight_bytes

RANK = 16
SEQUENCE = 2048
ADAPTER_BYTES = 16
"""Adapters are trained in 32 bits: value, gradient and two moments [bytes]."""
FULL: dict[str, int] = {"full_adamw": 16, "full_8bit": 6}
"""Value, gradient and state of a parameter: mixed precision with a 32-bit copy, or 16 bits throughout with states of 8 bits [bytes]."""
EARLIER = (
    "qwen2.5-0.5b", "llama-3.2-1b", "llama-3.2-3b", "qwen3-4b", "llama-2-7b", "llama-3.1-8b", "qwen3-8b", "llama-2-13b", "qwen3-14b",
    "mistral-small-24b", "qwen3-32b", "llama-3.1-70b",
)  # fmt: skip
"""Models that are still trained much, or of which peaks were published; they stand below those of today."""
COMPARED: dict[tuple[str, str], tuple[str, bool]] = {
    ("litgpt", "LoRA"): ("lora", False),
    ("litgpt", "LoRA bnb.nf4"): ("qlora", False),
    ("LLaMA-Factory", "QLoRA FA2 4-bit"): ("qlora", True),
}
"""Engine and method in the source's words -> method here, and whether it checkpoints by default."""


def peak(catalogue: Catalogue, model: str, method: str, *, tokens: int, checkpointing: bool) -> float:
    """Peak of one method [bytes]."""
    shape = architecture_of(catalogue.models[model], catalogue.models)
    attention: Any = shape.attention
    feed_forward: Any = shape.feed_forward
    query, keys, width = attention.heads * attention.head_dim, attention.kv_heads * attention.head_dim, feed_forward.size
    hidden = shape.hidden_size
    layer = layer_activation_bytes(hidden=hidden, kv_width=keys, ff_width=width)
    activation = kept_activation_bytes(tokens=tokens, layers=shape.layers, hidden=hidden, layer_bytes=layer, checkpointing=checkpointing)
    if method in FULL:
        frozen, trainable, each = 0, parameters(shape), FULL[method]
    else:
        frozen = weight_bytes(catalogue, model, "bf16" if method == "lora" else "nf4") or 0
        widths = 2 * (hidden + query) + 2 * (hidden + keys) + 3 * (hidden + width)
        trainable, each = adapter_parameters(rank=RANK, layers=shape.layers, widths=widths), ADAPTER_BYTES
    found: float = training_bytes(
        frozen_bytes=frozen,
        trainable=trainable,
        bytes_per_trainable=each,
        activation_bytes=activation,
        logit_bytes=loss_bytes(tokens=tokens, vocabulary=shape.vocabulary_size),
    )
    return found


def models(catalogue: Catalogue) -> list[str]:
    """Dense models: those of today from small to large, then the earlier ones."""
    today = [model for model in headline_models(catalogue) if architecture_of(catalogue.models[model], catalogue.models).experts is None]
    return [*today, *(model for model in EARLIER if model not in today)]


METHODS: dict[str, Words] = {
    "qlora": {"zh": "QLoRA", "en": "QLoRA"},
    "lora": {"zh": "LoRA", "en": "LoRA"},
    "full_8bit": {"zh": "全量，8 位 AdamW", "en": "Full, 8-bit AdamW"},
    "full_adamw": {"zh": "全量，AdamW", "en": "Full, AdamW"},
}


@table(
    id="fine-tuning",
    title={
        "zh": "微调需要的显存（序列 2,048，微批次 1，梯度检查点，秩 16）",
        "en": "VRAM for fine-tuning (sequence 2,048, micro-batch 1, gradient checkpointing, rank 16)",
    },
    key=["model"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        *(Column(method, title, unit="GiB", digits=1) for method, title in METHODS.items()),
        Column("long", {"zh": "QLoRA，序列 16,384", "en": "QLoRA, sequence 16,384"}, unit="GiB", digits=1),
        Column("without", {"zh": "QLoRA，不用检查点", "en": "QLoRA, no checkpointing"}, unit="GiB", digits=1),
    ],
    formulas=("training_bytes", "kept_activation_bytes", "layer_activation_bytes", "loss_bytes", "adapter_parameters"),
)
def fine_tuning(catalogue: Catalogue) -> pd.DataFrame:
    """Dense models; on one device, before any sharding. Layers without attention are counted like those with it."""
    rows = []
    for model in models(catalogue):
        row: dict[str, object] = {"model": model}
        for method in METHODS:
            row[method] = peak(catalogue, model, method, tokens=SEQUENCE, checkpointing=True) / GIB
        row["long"] = peak(catalogue, model, "qlora", tokens=8 * SEQUENCE, checkpointing=True) / GIB
        row["without"] = peak(catalogue, model, "qlora", tokens=SEQUENCE, checkpointing=False) / GIB
        rows.append(row)
    return pd.DataFrame(rows)


CARDS = {"rtx-4060": 8, "rtx-3060": 12, "rtx-5060-ti-16gb": 16, "rtx-3090": 24, "rtx-5090": 32, "rtx-a6000": 48}
"""A card of each size that is sold -> its memory [GiB]."""
COMMON = (12, 16, 24)
"""Sizes that a narrow screen shows [GiB]."""
TIMED = "rtx-3090"
MARGIN_GIB = 1.0
"""What the driver and the desktop keep of a card [GiB]."""
STEP = 256
SAMPLES = 1000
PASSES = 4
"""Work of one training step in forward passes: forward, forward again for the checkpoints, and backward, which is twice forward."""


def longest_sequence(catalogue: Catalogue, model: str, memory_gib: float) -> int | None:
    """The longest sample that QLoRA has room for with checkpoints, at most what the model was trained for [tokens]."""
    room = (memory_gib - MARGIN_GIB) * GIB
    low, high = 0, architecture_of(catalogue.models[model], catalogue.models).context_length // STEP
    while low < high:
        middle = (low + high + 1) // 2
        fits = peak(catalogue, model, "qlora", tokens=middle * STEP, checkpointing=True) <= room
        low, high = (middle, high) if fits else (low, middle - 1)
    return low * STEP or None


def _hours(catalogue: Catalogue, model: str, *, bound: str) -> float | None:
    """Time for SAMPLES samples of SEQUENCE tokens on one card [h]; None where the model cannot be read in 16 bits."""
    question = {"model": model, "quant": "f16", "context": SEQUENCE, "gpus": [TIMED], "gpu_layers": 9999, "prompt_tokens": SEQUENCE}
    prefill = speeds(question, catalogue).get("prefill")
    return None if prefill is None else SAMPLES * SEQUENCE * PASSES / prefill[bound] / 3600


@table(
    id="qlora-by-card",
    title={
        "zh": "QLoRA 在各档显存上的最长序列（微批次 1，梯度检查点，秩 16）",
        "en": "Longest sequence of QLoRA by VRAM (micro-batch 1, gradient checkpointing, rank 16)",
    },
    key=["model"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        *(
            Column(card, {"zh": f"{size} GiB", "en": f"{size} GiB"}, unit="tokens", secondary=size not in COMMON)
            for card, size in CARDS.items()
        ),
        Column(
            "soonest",
            {"zh": "1,000 条，最快", "en": "1,000 samples, soonest"},
            unit="h",
            digits=2,
            secondary=True,
            note={
                "zh": "RTX 3090，每条 2,048 词元；由预填充速度推出，没有实测核对",
                "en": "RTX 3090, 2,048 tokens each; from the speed of prefill, not held against measurements",
            },
        ),
        Column("latest", {"zh": "1,000 条，最慢", "en": "1,000 samples, latest"}, unit="h", digits=2, secondary=True),
    ],
    formulas=("training_bytes", "kept_activation_bytes", "loss_bytes"),
)
def qlora_by_card(catalogue: Catalogue) -> pd.DataFrame:
    """Two samples at a time take the room of one that is twice as long; empty where not even the shortest fits."""
    rows = []
    for model in models(catalogue):
        row: dict[str, object] = {"model": model}
        for card, size in CARDS.items():
            row[card] = longest_sequence(catalogue, model, size)
        fits = row[TIMED] is not None
        row["soonest"] = _hours(catalogue, model, bound="high") if fits else None
        row["latest"] = _hours(catalogue, model, bound="low") if fits else None
        rows.append(row)
    return pd.DataFrame(rows)


@table(
    id="fine-tuning-measured",
    title={"zh": "微调：公开的峰值与计算值", "en": "Fine-tuning: published peaks beside computed ones"},
    key=["row"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        Column("method", {"zh": "方法（出处的说法）", "en": "Method, as published"}, under=True),
        Column("engine", {"zh": "程序", "en": "Program"}, under=True),
        Column("sequence", {"zh": "序列长度", "en": "Sequence"}),
        Column("micro_batch", {"zh": "微批次", "en": "Micro-batch"}, secondary=True),
        Column("measured", {"zh": "实测", "en": "Measured"}, unit="MiB", digits=0),
        Column("computed", {"zh": "计算", "en": "Computed"}, unit="MiB", digits=0),
        Column("difference", {"zh": "相差", "en": "Off by"}, unit="%", digits=0),
        Column("row", {"zh": "行", "en": "Row"}),
    ],
    formulas=("training_bytes", "kept_activation_bytes", "layer_activation_bytes", "loss_bytes"),
)
def measured(catalogue: Catalogue) -> pd.DataFrame:
    """Rows that state model, method and sequence length; a micro-batch that is not stated is taken for 1."""
    rows = []
    for index, row in enumerate(catalogue.measurements["fine-tuning"].rows):
        known = COMPARED.get((row.engine, row.method))
        if known is None or row.model is None or row.sequence_length is None or row.quality is not None:
            continue
        samples = row.micro_batch or 1
        computed = peak(catalogue, row.model, known[0], tokens=row.sequence_length * samples, checkpointing=known[1]) / MIB
        rows.append(
            {
                "model": row.model,
                "method": row.method,
                "engine": row.engine,
                "sequence": row.sequence_length,
                "micro_batch": samples,
                "measured": row.peak_mib,
                "computed": computed,
                "difference": (computed / row.peak_mib - 1) * 100,
                "row": index,
            }
        )
    return pd.DataFrame(rows)
