"""Other calculators beside this guide, on the same examples."""

from __future__ import annotations

from typing import Any

import pandas as pd

from macros.estimate import estimate
from macros.formulas import units
from macros.formulas.parameters import active_parameters, parameters
from macros.formulas.peers import full_length_cache, peer_memory
from macros.specs import Catalogue
from macros.specs.architectures import Architecture
from macros.specs.calculators import Calculator
from macros.specs.models import architecture_of
from macros.tables import Column, Words, table

QUANT = "q4_k_m"
EXAMPLES: tuple[tuple[str, int, Words], ...] = (
    ("qwen2.5-7b", 8192, {"zh": "KV 头很少，词表很大", "en": "few KV heads, a large vocabulary"}),
    ("llama-3.1-8b", 32768, {"zh": "缓存几乎与权重一样大", "en": "a cache nearly as large as the weights"}),
    ("gemma-3-12b", 32768, {"zh": "滑动窗口", "en": "sliding windows"}),
    ("qwen3-30b-a3b", 32768, {"zh": "混合专家", "en": "an MoE model"}),
    ("deepseek-v3-671b", 32768, {"zh": "潜在注意力", "en": "latent attention"}),
)
"""One of each kind."""
NAMES: dict[str, Words] = {
    "qwen2.5-7b": {"zh": "Qwen2.5 7B", "en": "Qwen2.5 7B"},
    "llama-3.1-8b": {"zh": "Llama 3.1 8B", "en": "Llama 3.1 8B"},
    "gemma-3-12b": {"zh": "Gemma 3 12B", "en": "Gemma 3 12B"},
    "qwen3-30b-a3b": {"zh": "Qwen3 30B-A3B", "en": "Qwen3 30B-A3B"},
    "deepseek-v3-671b": {"zh": "DeepSeek V3", "en": "DeepSeek V3"},
}


def _answers(catalogue: Catalogue, model: str, context: int) -> tuple[float, dict[str, float]]:
    """This guide's answer and everybody's [bytes]; nothing on cards, so that no driver's share enters."""
    ours = estimate({"model": model, "quant": QUANT, "context": context}, catalogue)
    shape = architecture_of(catalogue.models[model], catalogue.models)
    count = parameters(shape)
    attention: Any = shape.attention
    latent = attention.latent
    heads = attention.heads if latent else attention.kv_heads
    width = heads * (latent.nope_dim + latent.rope_dim if latent else attention.head_dim)
    attending = len(attention.layers.of(shape.layers)) if attention.layers else shape.layers
    answers = {}
    for calculator in catalogue.calculators.values():
        known: Calculator = calculator
        weight = ours["weights"]["bytes"] if known.bytes_per_parameter is None else count * known.bytes_per_parameter
        mixture = known.mixture_factor if shape.experts is not None else None
        added_for = active_parameters(shape) if mixture else count
        layers = attending if known.attending_layers_only else shape.layers
        seen = _seen(shape, context) if known.caps_windows else context
        caches = {
            "none": 0,
            "exact": ours["kv_cache"]["bytes"],
            "grouped": full_length_cache(layers=layers, width=width, context=seen),
            "multi-head": full_length_cache(layers=layers, width=shape.hidden_size, context=seen),
        }
        by_parameters = added_for * (mixture or 1) * seen * (known.cache_bytes_per_parameter_and_token or 0)
        answers[known.id] = peer_memory(
            weight_bytes=weight,
            weights_factor=known.weights_factor,
            cache_bytes=caches.get(known.cache, by_parameters),
            cache_factor=known.cache_factor,
            constant_bytes=known.constant_bytes,
            parameters=added_for,
            bytes_per_parameter_more=known.bytes_per_parameter_more,
            context=context,
            bytes_per_token=known.bytes_per_token,
        )
    return ours["total"]["bytes"], answers


def _seen(shape: Architecture, context: int) -> float:
    """Tokens that a layer holds on average, where layers with a window hold no more than that."""
    window = shape.attention.window
    if window is None:
        return context
    whole = len(window.full_layers.of(shape.layers)) / shape.layers
    return whole * context + (1 - whole) * min(context, window.size)


@table(
    id="calculator-examples",
    title={"zh": "用来对照的例子", "en": "The examples"},
    key=["model"],
    columns=[
        Column("model", {"zh": "模型（Q4_K_M）", "en": "Model (Q4_K_M)"}, link="models"),
        Column("context", {"zh": "上下文", "en": "Context"}),
        Column("weights", {"zh": "权重", "en": "Weights"}, unit="GiB", digits=2),
        Column("cache", {"zh": "KV 缓存", "en": "KV cache"}, unit="GiB", digits=2),
        Column("rest", {"zh": "计算缓冲区", "en": "Compute buffer"}, unit="GiB", digits=2),
        Column("total", {"zh": "一共", "en": "In all"}, unit="GiB", digits=2),
        Column("attention", {"zh": "难在哪里", "en": "What is hard about it"}),
    ],
    formulas=("full_length_cache",),
)
def examples(catalogue: Catalogue) -> pd.DataFrame:
    """What this guide answers, in its parts."""
    rows = []
    for model, context, hard in EXAMPLES:
        ours = estimate({"model": model, "quant": QUANT, "context": context}, catalogue)
        parts = [ours["weights"]["bytes"], ours["kv_cache"]["bytes"], ours["compute_buffer"]["bytes"], ours["total"]["bytes"]]
        rows.append([model, context, *(part / units.GIB for part in parts), hard])
    return pd.DataFrame(rows, columns=["model", "context", "weights", "cache", "rest", "total", "attention"])


@table(
    id="calculators",
    title={"zh": "各家的公式与本指南相差多少", "en": "How far each calculator’s rule lies from this guide"},
    key=["calculator"],
    columns=[
        Column("calculator", {"zh": "计算器", "en": "Calculator"}, link="calculators"),
        *(Column(model, NAMES[model], unit="%", digits=0) for model, _, _ in EXAMPLES),
        Column("worst", {"zh": "最差", "en": "Worst"}, unit="%", digits=0),
    ],
    formulas=("peer_memory", "full_length_cache"),
)
def calculators(catalogue: Catalogue) -> pd.DataFrame:
    """Each calculator's error on each example, the best first."""
    errors: dict[str, dict[str, float]] = {name: {} for name in catalogue.calculators}
    for model, context, _ in EXAMPLES:
        ours, answers = _answers(catalogue, model, context)
        for name, answer in answers.items():
            errors[name][model] = (answer / ours - 1) * 100
    worst = {name: max(by_model.values(), key=abs) for name, by_model in errors.items()}
    best_first = sorted(worst, key=lambda name: abs(worst[name]))
    return pd.DataFrame([{"calculator": name, **errors[name], "worst": worst[name]} for name in best_first])


@table(
    id="calculator-rules",
    title={"zh": "各家公开的算法", "en": "The published rules"},
    key=["calculator"],
    columns=[
        Column("calculator", {"zh": "计算器", "en": "Calculator"}, link="calculators"),
        Column("version", {"zh": "版本，读于", "en": "Version, read on"}),
        Column("rule", {"zh": "Q4_K_M 怎么算", "en": "What it computes for Q4_K_M"}),
    ],
)
def rules(catalogue: Catalogue) -> pd.DataFrame:
    """Each rule in words."""
    known = catalogue.calculators.values()
    versions = [" · ".join(filter(None, [one.version, one.read.isoformat()])) for one in known]
    return pd.DataFrame(
        {"calculator": [one.id for one in known], "version": versions, "rule": [{"zh": one.rule.zh, "en": one.rule.en} for one in known]}
    )
