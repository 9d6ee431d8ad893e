"""Models on devices: what the pages of models and devices show. Each frame can be had for one record, so that a page costs its own rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from macros.estimate import columns
from macros.formulas.remember import by_identity
from macros.formulas.units import GIB
from macros.specs import Catalogue
from macros.specs.models import architecture_of
from macros.tables import Column, table
from macros.tables.answers import Answer, ask

CONTEXT = 8192
LONG_CONTEXT = 32768
QUANT = "q4_k_m"
LADDER = ("q2_k", "q3_k_m", "q4_k_m", "q5_k_m", "q6_k", "q8_0", "f16")
"""Quantizations shown for each model, from small to large."""
YARDSTICK_MODELS = (
    "llama-3.2-3b", "qwen3-4b", "llama-2-7b", "llama-3.1-8b", "qwen3-8b", "gemma-3-12b", "llama-2-13b", "qwen3-14b", "gpt-oss-20b",
    "mistral-small-24b", "gemma-3-27b", "qwen3-30b-a3b", "qwen3-32b", "llama-1-30b", "mixtral-8x7b", "llama-1-65b", "llama-3.1-70b",
    "qwen2.5-72b", "gpt-oss-120b", "qwen3-235b-a22b", "deepseek-v3-671b",
)  # fmt: skip
"""Models that a device is measured by: the ones people ask about, from small to large."""
YARDSTICK_DEVICES = (
    "rtx-3060", "rtx-2080-ti", "rtx-3080", "rtx-4070", "rtx-5070-ti", "rtx-3090", "rtx-4090", "rtx-5090", "rx-7900-xtx",
    "tesla-p40", "rtx-a6000", "l40s", "a100-sxm-80gb", "h100-sxm-80gb", "apple-m4-10c", "apple-m2-max-38c", "apple-m3-ultra-80c",
)  # fmt: skip
"""Devices that a model is shown on."""
REFERENCE = "rtx-4090"
"""The device whose plan stands for what a model needs on one card."""

MODEL = Column("model", {"zh": "模型", "en": "Model"}, link="models")
GPU = Column("gpu", {"zh": "设备", "en": "Device"}, link="gpus")
NEED = Column(
    "need",
    {"zh": "需要", "en": "Needs"},
    unit="GiB",
    digits=1,
    note={"zh": "训练长度不足 8,192 的模型按它的训练长度", "en": "models trained for less than 8,192 tokens: at that length"},
)
FITS = Column("fits", {"zh": "装得下", "en": "Fits"})
DECODE = Column("decode", {"zh": "解码", "en": "Decode"}, unit="tokens/s")
LOW = Column("low", {"zh": "解码，低", "en": "Decode, low"}, unit="tokens/s")
HIGH = Column("high", {"zh": "解码，高", "en": "Decode, high"}, unit="tokens/s")
PREFILL = Column("prefill", {"zh": "预填充", "en": "Prefill"}, unit="tokens/s")
FORMULAS = ("memory_seconds", "layer_seconds")


def _speeds(answer: Answer) -> dict[str, Any]:
    """Speeds only where the whole model lies on the device."""
    if not answer.fits:
        return {"decode": None, "low": None, "high": None, "prefill": None}
    return {"decode": answer.decode, "low": answer.low, "high": answer.high, "prefill": answer.prefill}


def _frame(rows: Iterable[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=columns)


def on_gpu(catalogue: Catalogue, model: str, gpu: str, quant: str = QUANT, context: int = CONTEXT) -> Answer | None:
    """A model wholly on one device."""
    shapes = architecture_of(catalogue.models[model], catalogue.models)
    layers = shapes.layers + shapes.prediction_layers + 1
    return ask(catalogue, model=model, quant=quant, context=min(context, shapes.context_length), gpus=[gpu], gpu_layers=layers)


def device_models_of(catalogue: Catalogue, gpu: str) -> pd.DataFrame:
    """What one device runs."""
    rows = []
    for model in YARDSTICK_MODELS:
        if model in catalogue.models and (answer := on_gpu(catalogue, model, gpu)) is not None:
            rows.append({"gpu": gpu, "model": model, "need": answer.memory_bytes / GIB, "fits": answer.fits, **_speeds(answer)})
    return _frame(rows, ["gpu", "model", "need", "fits", "decode", "low", "high", "prefill"])


@table(
    id="device-models",
    title={"zh": "能运行的模型：Q4_K_M，上下文 8,192", "en": "Models that it runs: Q4_K_M, context 8,192"},
    key=["gpu", "model"],
    columns=[GPU, MODEL, NEED, FITS, DECODE, LOW, HIGH, PREFILL],
    formulas=FORMULAS,
)
def device_models(catalogue: Catalogue) -> pd.DataFrame:
    """Every device with every yardstick."""
    return pd.concat([device_models_of(catalogue, gpu) for gpu in catalogue.gpus], ignore_index=True)


def cpu_models_of(catalogue: Catalogue, cpu: str) -> pd.DataFrame:
    """What one processor runs from its RAM."""
    rows = []
    for model in YARDSTICK_MODELS:
        if model not in catalogue.models:
            continue
        context = min(CONTEXT, architecture_of(catalogue.models[model], catalogue.models).context_length)
        answer = ask(catalogue, model=model, quant=QUANT, context=context, cpu=cpu)
        if answer is not None:
            rows.append({"cpu": cpu, "model": model, "need": answer.memory_bytes / GIB, **_speeds(answer)})
    return _frame(rows, ["cpu", "model", "need", "decode", "low", "high", "prefill"])


@table(
    id="cpu-models",
    title={"zh": "能运行的模型：Q4_K_M，上下文 8,192，全在内存里", "en": "Models that it runs: Q4_K_M, context 8,192, all in RAM"},
    key=["cpu", "model"],
    columns=[Column("cpu", {"zh": "处理器", "en": "Processor"}, link="cpus"), MODEL, NEED, DECODE, LOW, HIGH, PREFILL],
    formulas=FORMULAS,
)
def cpu_models(catalogue: Catalogue) -> pd.DataFrame:
    """Every processor with every yardstick."""
    return pd.concat([cpu_models_of(catalogue, cpu) for cpu in catalogue.cpus], ignore_index=True)


def model_devices_of(catalogue: Catalogue, model: str) -> pd.DataFrame:
    """Where one model runs."""
    rows = []
    for gpu in YARDSTICK_DEVICES:
        answer = on_gpu(catalogue, model, gpu) if gpu in catalogue.gpus else None
        if answer is not None:
            size = catalogue.gpus[gpu].largest_memory_gib
            rows.append(
                {"model": model, "gpu": gpu, "memory": size, "need": answer.memory_bytes / GIB, "fits": answer.fits, **_speeds(answer)}
            )
    return _frame(rows, ["model", "gpu", "memory", "need", "fits", "decode", "low", "high", "prefill"])


@table(
    id="model-devices",
    title={"zh": "在常见设备上：Q4_K_M，上下文 8,192", "en": "On common devices: Q4_K_M, context 8,192"},
    key=["model", "gpu"],
    columns=[
        MODEL,
        GPU,
        Column("memory", {"zh": "显存", "en": "Memory"}, unit="GiB", digits=0),
        NEED,
        FITS,
        DECODE,
        LOW,
        HIGH,
        PREFILL,
    ],
    formulas=FORMULAS,
)
def model_devices(catalogue: Catalogue) -> pd.DataFrame:
    """Every model on the common devices."""
    return pd.concat([model_devices_of(catalogue, model) for model in catalogue.models], ignore_index=True)


@by_identity
def model_memory_of(catalogue: Catalogue, model: str) -> pd.DataFrame:
    """What one model needs at each quantization."""
    trained = architecture_of(catalogue.models[model], catalogue.models).context_length
    contexts = [min(CONTEXT, trained), *([LONG_CONTEXT] if trained >= LONG_CONTEXT else [])]
    weights = columns.sizes(catalogue, [model], LADDER)
    (runtime,) = columns.devices(catalogue, [REFERENCE])["runtime_bytes"]
    beside = columns.buffers(catalogue, [model], contexts).set_index("context")[["kv_cache_bytes", "compute_buffer_bytes"]].sum(axis=1)
    needs = {context: (weights["device_bytes"] + beside[context] + runtime) / GIB for context in contexts}
    return pd.DataFrame(
        {
            "model": model,
            "quant": weights["quant"],
            "weights": weights["bytes"] / GIB,
            "on_device": weights["device_bytes"] / GIB,
            "short": needs[contexts[0]],
            "long": needs.get(LONG_CONTEXT),
        }
    )


@table(
    id="model-memory",
    title={"zh": "各种量化需要的显存：全部放在一张卡上", "en": "VRAM that each quantization needs: all of it on one card"},
    key=["model", "quant"],
    columns=[
        MODEL,
        Column("quant", {"zh": "量化", "en": "Quantization"}, link="quantizations"),
        Column("weights", {"zh": "权重", "en": "Weights"}, unit="GiB", digits=2),
        Column(
            "on_device",
            {"zh": "其中在显卡上", "en": "Of them on the card"},
            unit="GiB",
            digits=2,
            note={"zh": "查表用的词嵌入留在内存里", "en": "embeddings that are only looked up stay in RAM"},
        ),
        Column("short", {"zh": "上下文 8,192", "en": "Context 8,192"}, unit="GiB", digits=2),
        Column("long", {"zh": "上下文 32,768", "en": "Context 32,768"}, unit="GiB", digits=2),
    ],
    formulas=("cache_bytes",),
)
def model_memory(catalogue: Catalogue) -> pd.DataFrame:
    """Every model at every quantization of the ladder."""
    return pd.concat([model_memory_of(catalogue, model) for model in catalogue.models], ignore_index=True)
