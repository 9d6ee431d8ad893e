"""Engines beside each other: Macs with MLX or GGUF, the same model in three engines, a team on one server, and servers as measured."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import pandas as pd

from macros.estimate import Refused, estimate
from macros.estimate.ways import way
from macros.formulas.remember import by_identity
from macros.formulas.units import GIB, MIB
from macros.specs import Catalogue
from macros.specs.measurements import Serving
from macros.tables import Column, ranged, table, with_range

CONTEXT = 16384
PROMPT = 4096
USERS = 16
MACS = (("apple-m4-10c", 16), ("apple-m4-pro-20c", 48), ("apple-m4-max-40c", 64), ("apple-m5-max-40c", 128), ("apple-m3-ultra-80c", 256))
MAC_MODELS = ("qwen3.5-9b", "gpt-oss-20b", "qwen3.8-27b", "qwen3.6-35b-a3b", "gpt-oss-120b")
FORMATS = (("mlx", "mlx-4bit-64g", "mlx-mxfp4-q8"), ("llama.cpp", "q4_k_m", "mxfp4_moe"))
"""Engine, its usual format of four bits, and that of a model that was published in MXFP4."""
PUBLISHED_IN_MXFP4 = "mxfp4"
COMPARED = (
    ("llama.cpp", "rtx-4090", "qwen3.5-9b", "q8_0"),
    ("vllm", "rtx-4090", "qwen3.5-9b", "fp8"),
    ("llama.cpp", "rtx-pro-6000-blackwell", "qwen3.6-35b-a3b", "q8_0"),
    ("vllm", "rtx-pro-6000-blackwell", "qwen3.6-35b-a3b", "fp8"),
    ("llama.cpp", "apple-m4-max-40c", "qwen3.5-9b", "q8_0"),
    ("mlx", "apple-m4-max-40c", "qwen3.5-9b", "mlx-8bit-64g"),
)
"""Engine, device, model and a format of eight bits that the engine reads."""
KEEPING = ("qwen3-8b", "gemma-3-4b", "gemma-3-27b", "gpt-oss-20b", "gemma-4-31b", "qwen3.5-9b", "qwen3.6-35b-a3b", "qwen3-next-80b-a3b")
"""Attention alone, sliding windows, recurrent states."""
ROOMY = "b300"
ALL_LAYERS = 9999
TEAMS = (5, 20, 50)
TEAM_CONTEXT = 32768
SERVERS = (
    (("rtx-4090",), "qwen3.5-9b", "fp8"),
    (("rtx-5090",), "qwen3.6-35b-a3b", "awq-4bit-128g"),
    (("rtx-3090", "rtx-3090"), "qwen3.6-35b-a3b", "awq-4bit-128g"),
    (("l40s", "l40s"), "qwen3-32b", "awq-4bit-128g"),
    (("rtx-pro-6000-blackwell",), "gpt-oss-120b", "mxfp4"),
    (("rtx-pro-6000-blackwell",), "qwen3.6-35b-a3b", "fp8"),
    (("h100-sxm-80gb",), "qwen3.8-27b", "fp8"),
    (("h200-sxm",), "gpt-oss-120b", "mxfp4"),
)
"""Cards, model and format of servers for a team."""

DEVICE = Column("gpu", {"zh": "设备", "en": "Device"}, link="gpus")
MODEL = Column("model", {"zh": "模型", "en": "Model"}, link="models", under=True)
QUANT = Column("quant", {"zh": "量化", "en": "Quantization"}, link="quantizations", under=True)
ENGINE = Column("engine", {"zh": "引擎", "en": "Engine"}, under=True)


def _answer(catalogue: Catalogue, question: Mapping[str, Any]) -> dict[str, Any] | None:
    """The answer; None where the question is refused or has no room."""
    try:
        found = estimate(question, catalogue)
    except Refused:
        return None
    return found if found["fits"] else None


def _speed(kind: str, found: dict[str, Any] | None, name: str | None = None) -> dict[str, float | None]:
    """The cells of a speed, under another name where a row has several."""
    return with_range(name or kind, None if found is None else found[kind])


@table(
    id="mac-engines",
    title={"zh": "Mac：MLX 与 GGUF（4 位，上下文 16,384，提示词 4,096）", "en": "Mac: MLX and GGUF (4-bit, context 16,384, prompt 4,096)"},
    key=["gpu", "memory", "model", "engine"],
    columns=[
        MODEL,
        ENGINE,
        QUANT,
        dataclasses.replace(DEVICE, under=True),
        Column("memory", {"zh": "内存", "en": "Memory"}, unit="GiB", digits=0, under=True),
        *ranged(Column("decode", {"zh": "解码", "en": "Decode"}, unit="tokens/s")),
        *ranged(Column("prefill", {"zh": "预填充", "en": "Prefill"}, unit="tokens/s")),
        Column("needed", {"zh": "需要", "en": "Needed"}, unit="GiB", digits=1),
    ],
    formulas=("grown_cells", "token_seconds"),
)
def mac_engines(catalogue: Catalogue) -> pd.DataFrame:
    """The models that have room with both; each in the engine's own format of four bits."""
    return pd.DataFrame([row for gpu, memory in MACS for row in side_by_side(catalogue, gpu, memory)])


@by_identity
def side_by_side(catalogue: Catalogue, gpu: str, memory: float) -> list[dict[str, Any]]:
    """The models that a device has room for with both engines.

    Args:
        catalogue: the records
        gpu: id of an Apple chip
        memory: which of the sizes sold [GiB]

    Returns:
        Rows of `mac-engines`.
    """
    rows: list[dict[str, Any]] = []
    for model in MAC_MODELS:
        own = PUBLISHED_IN_MXFP4 in (catalogue.models[model].native_quant or "")
        both = []
        for engine, usual, mxfp4 in FORMATS:
            quant = mxfp4 if own else usual
            question = {"model": model, "quant": quant, "engine": engine, "context": CONTEXT, "prompt_tokens": PROMPT, "gpus": [gpu]}
            found = way(question | {"memory_gib": memory}, catalogue)
            if found["way"] == "card":
                both.append((engine, quant, found))
        if len(both) < len(FORMATS):
            continue
        for engine, quant, found in both:
            row = {"gpu": gpu, "memory": memory, "model": model, "engine": catalogue.engines[engine].name, "quant": quant}
            needed = found["total"]["bytes"] / GIB
            rows.append({**row, "needed": needed, **_speed("decode", found), **_speed("prefill", found)})
    return rows


@table(
    id="kept-in-ram",
    title={
        "zh": "llama-server 在内存里另外保留的（一个槽位，上下文 32,768）",
        "en": "What llama-server keeps in RAM besides (one slot, context 32,768)",
    },
    key=["model"],
    columns=[
        MODEL,
        Column("checkpoint", {"zh": "一个检查点", "en": "One checkpoint"}, unit="MiB", digits=1),
        Column("checkpoints", {"zh": "全部检查点，最多", "en": "All checkpoints, at most"}, unit="MiB", digits=0),
        Column("prompts", {"zh": "提示词缓存，最多", "en": "Prompt cache, at most"}, unit="MiB", digits=0),
        Column("conversation", {"zh": "其中一个写满的对话", "en": "Of it, a full conversation"}, unit="MiB", digits=0),
    ],
)
def kept_in_ram(catalogue: Catalogue) -> pd.DataFrame:
    """Models with attention alone need no checkpoints; each conversation in the prompt cache takes what its KV cache did."""
    rows = []
    for model in KEEPING:
        question = {"model": model, "quant": "q4_k_m", "context": TEAM_CONTEXT, "profile": "server", "slots": 1, "gpus": [ROOMY]}
        found = estimate(question | {"gpu_layers": ALL_LAYERS}, catalogue)
        ram, cache = found["ram"], found["kv_cache"]["bytes"]
        kept = {"checkpoint": "checkpoint_bytes", "checkpoints": "checkpoints_bytes", "prompts": "prompt_cache_bytes"}
        rows.append({"model": model} | {name: ram[key] / MIB for name, key in kept.items()} | {"conversation": cache / MIB})
    return pd.DataFrame(rows)


@table(
    id="engines-compared",
    title={
        "zh": "同一设备、同一模型，不同引擎（8 位，上下文 16,384）",
        "en": "One device, one model, several engines (8 bits, context 16,384)",
    },
    key=["gpu", "model", "engine"],
    columns=[
        MODEL,
        ENGINE,
        QUANT,
        dataclasses.replace(DEVICE, under=True),
        Column("memory", {"zh": "一人需要", "en": "One user needs"}, unit="GiB", digits=1),
        *ranged(Column("one", {"zh": "一人", "en": "One user"}, unit="tokens/s")),
        *ranged(Column("many", {"zh": "16 人合计", "en": "16 users, total"}, unit="tokens/s")),
    ],
    formulas=("token_seconds",),
)
def engines_compared(catalogue: Catalogue) -> pd.DataFrame:
    """One user, and sixteen at once that each have a quarter of the context in the cache; empty where those have no room."""
    rows = []
    for engine, gpu, model, quant in COMPARED:
        question = {"model": model, "quant": quant, "engine": engine, "context": CONTEXT, "gpus": [gpu]}
        one = _answer(catalogue, question)
        shared = catalogue.engines[engine].splits == "layers"
        several = {"users": USERS, "depth": CONTEXT // 4, "context": CONTEXT // 4 * (USERS if shared else 1)}
        many = _answer(catalogue, question | several | ({"slots": USERS} if shared else {}))
        memory = None if one is None else one["total"]["bytes"] / GIB
        row = {"gpu": gpu, "model": model, "engine": catalogue.engines[engine].name, "quant": quant}
        rows.append({**row, "memory": memory, **_speed("decode", one, "one"), **_speed("decode", many, "many")})
    return pd.DataFrame(rows)


@table(
    id="team",
    title={
        "zh": "5 人、20 人、50 人的团队共用一台服务器（vLLM，每人 32,768）",
        "en": "A team of 5, 20, 50 on one server (vLLM, 32,768 each)",
    },
    key=["gpu", "cards", "model", "users"],
    columns=[
        DEVICE,
        Column("cards", {"zh": "张数", "en": "Cards"}, under=True),
        MODEL,
        QUANT,
        Column("users", {"zh": "人数", "en": "Users"}, under=True),
        Column("fit", {"zh": "写满时放得下", "en": "Fit when full"}),
        *ranged(Column("each", {"zh": "每人", "en": "Each"}, unit="tokens/s")),
        Column("first", {"zh": "首词元时间", "en": "First token"}, unit="s", digits=1),
        Column("filled", {"zh": "平均写到四分之一时放得下", "en": "Fit a quarter full"}, secondary=True),
        *ranged(Column("total", {"zh": "合计", "en": "Total"}, unit="tokens/s", secondary=True)),
    ],
    formulas=("requests_that_fit", "token_seconds"),
)
def team(catalogue: Catalogue) -> pd.DataFrame:
    """All ask at once with a quarter of their context in the cache; speeds stay empty where even so they have no room together."""
    rows = []
    for cards, model, quant in SERVERS:
        for users in TEAMS:
            question = {"model": model, "quant": quant, "engine": "vllm", "gpus": list(cards), "users": users}
            full = estimate(question | {"context": TEAM_CONTEXT}, catalogue)
            found = _answer(
                catalogue, question | {"context": TEAM_CONTEXT // 4 + PROMPT, "depth": TEAM_CONTEXT // 4, "prompt_tokens": PROMPT}
            )
            rows.append(
                {
                    "gpu": cards[0],
                    "cards": len(cards),
                    "model": model,
                    "quant": quant,
                    "users": users,
                    "fit": full["users_that_fit"],
                    "filled": full["users_at_fill"]["users"],
                    **_speed("decode", found, "total"),
                    **_speed("per_user", found, "each"),
                    "first": None if found is None else found["per_user"]["first_token_seconds"],
                }
            )
    return pd.DataFrame(rows)


@table(
    id="serving-measured",
    title={"zh": "测得的服务器总吞吐量（vLLM，16 个以上对话）", "en": "Servers as measured (vLLM, 16 conversations and more)"},
    key=["gpu", "cards", "model", "quant", "users", "prompt"],
    columns=[
        DEVICE,
        Column("cards", {"zh": "张数", "en": "Cards"}, under=True),
        MODEL,
        QUANT,
        Column("users", {"zh": "对话数", "en": "Conversations"}, under=True),
        Column("prompt", {"zh": "提示词", "en": "Prompt"}, unit="tokens", digits=0, under=True),
        Column("rows", {"zh": "测量数", "en": "Measurements"}, secondary=True),
        Column("total", {"zh": "生成合计", "en": "Generated, total"}, unit="tokens/s"),
    ],
)
def serving_measured(catalogue: Catalogue) -> pd.DataFrame:
    """The fastest of the rows of one setting: engines grow faster."""
    slicing = [engine.id for engine in catalogue.engines.values() if engine.splits == "slices"]
    found: dict[tuple[Any, ...], list[float]] = {}
    for file in catalogue.measurements.values():
        for row in file.rows:
            sound = isinstance(row, Serving) and row.quality is None and row.rate == "total" and row.workload is None
            if (
                sound
                and row.gpus
                and row.model
                and row.quant
                and row.users
                and row.users >= USERS
                and (row.engine is None or row.engine in slicing)
            ):
                key = (row.gpus[0], len(row.gpus), row.model, row.quant, row.users, row.prompt_tokens)
                found.setdefault(key, []).append(row.tokens_per_second)
    names = ("gpu", "cards", "model", "quant", "users", "prompt")
    ordered = sorted(found.items(), key=lambda one: [str(part) for part in one[0]])
    rows = [dict(zip(names, key, strict=True)) | {"rows": len(of), "total": max(of)} for key, of in ordered]
    return pd.DataFrame(rows, columns=[*names, "rows", "total"])
