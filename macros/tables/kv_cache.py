"""The KV cache by model, context, type and engine."""

from __future__ import annotations

from typing import Any

import pandas as pd

from macros.estimate import Refused, estimate
from macros.formulas.units import GIB, MIB
from macros.specs import Catalogue
from macros.specs.models import architecture_of
from macros.tables import Column, Words, table
from macros.tables.headlines import headline_models

CONTEXTS = (8192, 16384, 32768, 65536, 131072)
STORY = ("llama-2-7b", "llama-3.1-8b", "gemma-3-12b", "deepseek-v3-671b", "kimi-k2.6-1t")
"""Beside the headline models: one with a cache for each head, and those that the text speaks of."""
WINDOWED = ("gemma-4-e4b", "gemma-4-12b", "gemma-4-26b-a4b", "gemma-4-31b", "gpt-oss-20b", "gpt-oss-120b", "gemma-3-27b")
TYPES = ("f16", "q8_0", "q5_1", "q4_0")

CLASSES: dict[str, Words] = {
    "multi-head": {"zh": "多头", "en": "multi-head"},
    "grouped": {"zh": "分组查询", "en": "grouped-query"},
    "window": {"zh": "滑动窗口", "en": "sliding window"},
    "latent": {"zh": "潜在（MLA）", "en": "latent (MLA)"},
    "hybrid": {"zh": "混合架构", "en": "hybrid"},
}


def attention_class(catalogue: Catalogue, model: str) -> str:
    """What decides how the cache of a model grows."""
    shape = architecture_of(catalogue.models[model], catalogue.models)
    attention: Any = shape.attention
    if shape.recurrent is not None:
        return "hybrid"
    if attention.latent is not None:
        return "latent"
    if attention.window is not None:
        return "window"
    return "grouped" if attention.kv_heads < attention.heads else "multi-head"


def kept(catalogue: Catalogue, model: str, context: int, **more: Any) -> int | None:
    """Bytes of cache and state; None where the model was not trained for so much, or the question is refused."""
    if context > architecture_of(catalogue.models[model], catalogue.models).context_length:
        return None
    try:
        found: int = estimate({"model": model, "quant": "f16", "context": context, **more}, catalogue)["kv_cache"]["bytes"]
    except Refused:
        return None
    return found


def _in(value: int | None, unit: int) -> float | None:
    return None if value is None else value / unit


@table(
    id="kv-cache",
    title={"zh": "KV 缓存有多大（16 位，llama.cpp，一个槽位）", "en": "Size of the KV cache (16 bits, llama.cpp, one slot)"},
    key=["model"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        Column("attention", {"zh": "注意力", "en": "Attention"}, under=True),
        Column("slope", {"zh": "每多一千词元", "en": "Each thousand tokens more"}, unit="MiB", digits=1),
        *(Column(f"at_{context}", {"zh": f"{context:,}", "en": f"{context:,}"}, unit="GiB", digits=2) for context in CONTEXTS),
        Column("state", {"zh": "其中循环状态", "en": "Of it, recurrent state"}, unit="MiB", digits=1),
    ],
    formulas=("cache_bytes", "window_cells", "recurrent_state_bytes"),
)
def kv_cache(catalogue: Catalogue) -> pd.DataFrame:
    """By class and then by size; empty where the context is longer than the model was trained for."""
    rows = []
    for model in sorted((*STORY, *headline_models(catalogue)), key=lambda name: list(CLASSES).index(attention_class(catalogue, name))):
        longest = architecture_of(catalogue.models[model], catalogue.models).context_length
        far = min(longest, CONTEXTS[1]) // 256 * 256
        near = far // 2
        least, most = kept(catalogue, model, near), kept(catalogue, model, far)
        state = estimate({"model": model, "quant": "f16", "context": near}, catalogue).get("state")
        rows.append(
            {
                "model": model,
                "attention": CLASSES[attention_class(catalogue, model)],
                "slope": None if least is None or most is None else (most - least) / (far - near) * 1000 / MIB,
                **{f"at_{context}": _in(kept(catalogue, model, context), GIB) for context in CONTEXTS},
                "state": None if state is None else state["bytes"] / MIB,
            }
        )
    return pd.DataFrame(rows)


@table(
    id="kv-types",
    title={"zh": "量化 KV 缓存省多少（上下文 32,768）", "en": "What quantizing the KV cache saves (context 32,768)"},
    key=["model"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        *(Column(kind, {"zh": kind, "en": kind}, unit="GiB", digits=2) for kind in TYPES),
    ],
    formulas=("row_bytes",),
)
def kv_types(catalogue: Catalogue) -> pd.DataFrame:
    """Keys and values of one type; empty where the back end has no such rows for the model's head size."""
    rows = []
    for model in (
        "llama-3.1-8b",
        "qwen3.5-9b",
        "granite-4.2-8b",
        "gemma-4-12b",
        "qwen3.8-27b",
        "llama-3.3-70b",
        "minimax-m2.7-230b",
        "gpt-oss-120b",
    ):
        rows.append({"model": model, **{kind: _in(kept(catalogue, model, 32768, kv_type=kind), GIB) for kind in TYPES}})
    return pd.DataFrame(rows)


@table(
    id="kv-engines",
    title={
        "zh": "滑动窗口模型的缓存，各引擎不同（上下文 32,768）",
        "en": "Sliding windows: the cache depends on the engine (context 32,768)",
    },
    key=["model"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        Column("llama_cpp", {"zh": "llama.cpp", "en": "llama.cpp"}, unit="GiB", digits=2),
        Column("swa_full", {"zh": "llama.cpp，按全长保留", "en": "llama.cpp, windows in full"}, unit="GiB", digits=2),
        Column("four_slots", {"zh": "llama.cpp，四个槽位", "en": "llama.cpp, four slots"}, unit="GiB", digits=2),
        Column("vllm", {"zh": "vLLM，每次 2,048 词元", "en": "vLLM, passes of 2,048"}, unit="GiB", digits=2),
    ],
    formulas=("window_cells", "group_blocks"),
)
def kv_engines(catalogue: Catalogue) -> pd.DataFrame:
    """The same model and context; empty where the model was not trained for so much."""
    rows = []
    for model in WINDOWED:
        if kept(catalogue, model, 32768) is None:
            continue
        rows.append(
            {
                "model": model,
                "llama_cpp": _in(kept(catalogue, model, 32768), GIB),
                "swa_full": _in(kept(catalogue, model, 32768, swa_full=True), GIB),
                "four_slots": _in(kept(catalogue, model, 32768, slots=4), GIB),
                "vllm": _in(_paged(catalogue, model), GIB),
            }
        )
    return pd.DataFrame(rows)


def _paged(catalogue: Catalogue, model: str) -> int | None:
    try:
        found: int = estimate({"model": model, "quant": "bf16", "context": 32768, "engine": "vllm"}, catalogue)["kv_cache"]["bytes"]
    except Refused:
        return None
    return found
