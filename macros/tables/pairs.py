"""Models on devices: what the pages of models and devices show. Each frame can be had for one record, so that a page costs its own rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from macros.estimate import columns
from macros.formulas.ram_rule import SYSTEM_GIB
from macros.formulas.remember import by_identity
from macros.formulas.units import GIB
from macros.specs import Catalogue
from macros.specs.models import architecture_of
from macros.tables import Column, Words, ranged, table
from macros.tables.answers import Answer, ask, buffers
from macros.tables.headlines import headline_devices, headline_models, ladder_of, native_bytes, quant_of

CONTEXT = 8192
LONG_CONTEXT = 32768
CONTEXTS = (8192, 16384, 32768, 65536, 131072, 262144)
"""Contexts that are tried for the longest [tokens]."""
LADDER = ("q2_k", "q3_k_m", "q4_k_m", "q5_k_m", "q6_k", "q8_0", "f16")
"""Quantizations shown for each model, from small to large."""
REFERENCE = "rtx-4090"
"""The device whose plan stands for what a model needs on one card."""
HOST = {"cpu": "core-i5-13600k", "memory": "ddr5-5600", "memory_channels": 2}
"""What stands beside the card where a part of the model stays in RAM."""
MOST_RAM = 256
"""The most memory that a desktop board takes: what needs more is a no [GiB]."""
COMMON_RAM = 32
"""What most desktops have [GiB]."""
LEAST_RAM = 16
"""What every desktop with a card has [GiB]."""
SOLD = (8, 16, 32, 48, 64, 96, 128, 192, 256)
"""Sizes that memory is bought in [GiB]."""

WAYS: dict[str, Words] = {
    "card": {"zh": "放得下", "en": "yes"},
    "experts": {"zh": "专家放内存", "en": "experts in RAM"},
    "layers": {"zh": "部分层放内存", "en": "some layers in RAM"},
    "host": {"zh": "全在内存", "en": "in RAM"},
    "no": {"zh": "放不下", "en": "no"},
}

MODEL = Column("model", {"zh": "模型", "en": "Model"}, link="models")
GPU = Column("gpu", {"zh": "设备", "en": "Device"}, link="gpus")
MEMORY = Column("memory", {"zh": "显存", "en": "Memory"}, unit="GiB", digits=0)
QUANT = Column(
    "quant",
    {"zh": "量化", "en": "Quantization"},
    link="quantizations",
    note={"zh": "4 位；以 4 位发布的模型用它自己的格式", "en": "4 bits; models released in 4 bits in their own format"},
    secondary=True,
)
WAY = Column(
    "way",
    {"zh": "能否运行", "en": "Runs"},
    choices=WAYS,
    note={
        "zh": "放不进显存时：MoE 模型的专家，或一部分层，放在双通道 DDR5-5600 的内存里，取较快的一种",
        "en": "where it does not fit: experts of an MoE model, or some layers, in two channels of DDR5-5600, whichever is faster",
    },
)
NEED = Column(
    "need",
    {"zh": "需要", "en": "Needs"},
    unit="GiB",
    digits=1,
    note={
        "zh": "全部放在设备上时，不含余量；训练长度不足 8,192 的模型按它的训练长度",
        "en": "with all of it on the device, without the margin; models trained for less than 8,192 tokens: at that length",
    },
)
FITS = Column("fits", {"zh": "全部放得下", "en": "Fits whole"}, only_data=True)
RAM = Column(
    "ram",
    {"zh": "配内存", "en": "RAM"},
    unit="GiB",
    note={
        "zh": f"放在内存里的部分，加上系统与浏览器，向上取到有售的容量；全部放得进设备、{LEAST_RAM} GiB 内存就够时不写",
        "en": "what stays in RAM, and the system with a browser, up to a size that is sold; "
        f"not said where everything fits on the device and {LEAST_RAM} GiB are enough",
    },
)
LONGEST = Column(
    "context",
    {"zh": "最长上下文", "en": "Longest context"},
    unit="tokens",
    note={"zh": "全部放在设备上时，逐次加倍到放不下为止", "en": "with everything on the device, doubled for as long as it fits"},
)
DECODE = Column("decode", {"zh": "解码", "en": "Decode"}, unit="tokens/s")
LOW = Column("low", {"zh": "解码，低", "en": "Decode, low"}, unit="tokens/s", secondary=True)
HIGH = Column("high", {"zh": "解码，高", "en": "Decode, high"}, unit="tokens/s", secondary=True)
PREFILL = ranged(Column("prefill", {"zh": "预填充", "en": "Prefill"}, unit="tokens/s", secondary=True))
FORMULAS = ("memory_seconds", "layer_seconds")


def _frame(rows: Iterable[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=columns)


def _ids(columns: Sequence[Column]) -> list[str]:
    return [column.id for column in columns]


def trained_context(catalogue: Catalogue, model: str, context: int = CONTEXT) -> int:
    """A context, or what the model was trained for where that is shorter [tokens]."""
    return min(context, architecture_of(catalogue.models[model], catalogue.models).context_length)


def on_gpu(catalogue: Catalogue, model: str, gpu: str, quant: str | None = None, context: int = CONTEXT) -> Answer | None:
    """A model wholly on one device, in the format of the tables unless another is named."""
    shapes = architecture_of(catalogue.models[model], catalogue.models)
    layers = shapes.layers + shapes.prediction_layers + 1
    quant = quant or quant_of(catalogue, model)
    return ask(catalogue, model=model, quant=quant, context=min(context, shapes.context_length), gpus=[gpu], gpu_layers=layers)


def sizes_of(catalogue: Catalogue, gpu: str) -> list[float]:
    """Sizes of memory that a device is sold with, from small to large [GiB]."""
    record = catalogue.gpus[gpu]
    return sorted(record.memory_sizes_gib) if record.memory_sizes_gib else [record.largest_memory_gib]


def on_machine(catalogue: Catalogue, model: str, gpu: str, memory: float, ram_gib: float = MOST_RAM - SYSTEM_GIB) -> Answer | None:
    """A model on one device, in the fastest way that a desktop beside it allows."""
    question: dict[str, Any] = {
        "model": model, "quant": quant_of(catalogue, model), "context": trained_context(catalogue, model), "gpus": [gpu],
    }  # fmt: skip
    if catalogue.gpus[gpu].memory_sizes_gib:
        question["memory_gib"] = memory
    return ask(catalogue, **question, **HOST, ram_gib=ram_gib)


def ram_to_have(held_bytes: float) -> int | None:
    """The size of memory to buy for what stays in RAM and the system [GiB]."""
    return next((size for size in SOLD if size >= held_bytes / GIB + SYSTEM_GIB), None)


def ram_beside(catalogue: Catalogue, gpu: str, answer: Answer) -> int | None:
    """The size of memory to have beside a device [GiB]; None where every desktop has it, or the device shares its own with the system."""
    size = ram_to_have(answer.ram_bytes)
    if answer.way in ("experts", "layers"):
        return size
    embeddings = answer.way == "card" and not catalogue.gpus[gpu].shares_memory
    return size if embeddings and (size is None or size > LEAST_RAM) else None


@by_identity
def _needs(catalogue: Catalogue, model: str) -> list[tuple[int, int]]:
    """(context, bytes on a device without its runtime) of a model in the format of the tables, from short to long."""
    (weights,) = columns.sizes(catalogue, [model], [quant_of(catalogue, model)])["device_bytes"]
    found = buffers(catalogue, [model], CONTEXTS)
    beside = found["kv_cache_bytes"] + found["compute_buffer_bytes"] + weights
    return list(zip(found["context"].tolist(), beside.tolist(), strict=True))


@by_identity
def _room(catalogue: Catalogue, gpu: str) -> dict[float, int]:
    """Memory of a device -> what is left of it beside runtime and margin [bytes]."""
    found = columns.devices(catalogue, [gpu])
    room = found["usable_bytes"] - found["runtime_bytes"] - found["margin_bytes"]
    return dict(zip(found["memory_gib"].tolist(), room.tolist(), strict=True))


def room_gib(catalogue: Catalogue, gpu: str, memory: float) -> float:
    """What a model with its cache, buffers and runtime may take of a device: all that it may use, less the margin [GiB]."""
    found = columns.devices(catalogue, [gpu])
    (room,) = (found["usable_bytes"] - found["margin_bytes"])[found["memory_gib"] == memory]
    return float(room) / GIB


def longest_context(catalogue: Catalogue, model: str, gpu: str, memory: float) -> int | None:
    """The longest of the contexts with which everything still lies on the device [tokens]; None where not even the first does."""
    room = _room(catalogue, gpu).get(float(memory), 0)
    return max((context for context, need in _needs(catalogue, model) if need <= room), default=None)


def _row(catalogue: Catalogue, model: str, gpu: str, memory: float, answer: Answer) -> dict[str, Any]:
    runs = answer.way != "no"
    return {
        "gpu": gpu,
        "memory": memory,
        "model": model,
        "quant": quant_of(catalogue, model),
        "way": answer.way,
        "decode": answer.decode if runs else None,
        "need": answer.whole_bytes / GIB,
        "fits": answer.way == "card",
        "ram": ram_beside(catalogue, gpu, answer),
        "context": longest_context(catalogue, model, gpu, memory) if answer.way == "card" else None,
        "low": answer.low if runs else None,
        "high": answer.high if runs else None,
        "prefill": answer.prefill if runs else None,
        "prefill_low": answer.prefill_low if runs else None,
        "prefill_high": answer.prefill_high if runs else None,
    }


ON_DEVICE = [GPU, MEMORY, MODEL, WAY, DECODE, NEED, RAM, LONGEST, QUANT, FITS, LOW, HIGH, *PREFILL]


def _of_interest(catalogue: Catalogue, model: str, gpu: str, memory: float) -> bool:
    """Whether the owner of a device asks for a model: on what the guide does not show first, at most what a common desktop holds beside."""
    if catalogue.gpus[gpu].headline:
        return True
    return _needs(catalogue, model)[0][1] <= (memory + COMMON_RAM - SYSTEM_GIB) * GIB


def device_models_of(catalogue: Catalogue, gpu: str) -> pd.DataFrame:
    """What one device runs, with each size of memory that it is sold with."""
    rows = []
    for memory in sizes_of(catalogue, gpu):
        for model in headline_models(catalogue):
            if _of_interest(catalogue, model, gpu, memory) and (answer := on_machine(catalogue, model, gpu, memory)) is not None:
                rows.append(_row(catalogue, model, gpu, memory, answer))
    return _frame(rows, _ids(ON_DEVICE))


@table(
    id="device-models",
    title={"zh": "能运行的模型：4 位，上下文 8,192", "en": "Models that it runs: 4-bit, context 8,192"},
    key=["gpu", "memory", "model"],
    columns=ON_DEVICE,
    formulas=FORMULAS,
)
def device_models(catalogue: Catalogue) -> pd.DataFrame:
    """Every device with every headline model."""
    return pd.concat([device_models_of(catalogue, gpu) for gpu in catalogue.gpus], ignore_index=True)


IN_RAM = [
    Column("cpu", {"zh": "处理器", "en": "Processor"}, link="cpus"),
    MODEL,
    DECODE,
    Column("need", {"zh": "占用内存", "en": "RAM taken"}, unit="GiB", digits=1),
    Column("ram", RAM.title, unit="GiB", note=RAM.note),
    QUANT,
    LOW,
    HIGH,
    *PREFILL,
]


def in_ram(catalogue: Catalogue, model: str, cpu: str) -> Answer | None:
    """A model wholly in the RAM of a processor."""
    return ask(catalogue, model=model, quant=quant_of(catalogue, model), context=trained_context(catalogue, model), cpu=cpu)


def cpu_models_of(catalogue: Catalogue, cpu: str) -> pd.DataFrame:
    """What one processor runs from its RAM."""
    rows = []
    for model in headline_models(catalogue):
        quant = quant_of(catalogue, model)
        answer = in_ram(catalogue, model, cpu)
        if answer is not None:
            need = answer.memory_bytes / GIB
            row: dict[str, Any] = {"cpu": cpu, "model": model, "decode": answer.decode, "need": need, "quant": quant}
            row["ram"] = next((size for size in SERVERS if size >= need + SYSTEM_GIB), None)
            row |= {"low": answer.low, "high": answer.high, "prefill": answer.prefill}
            rows.append(row | {"prefill_low": answer.prefill_low, "prefill_high": answer.prefill_high})
    return _frame(rows, _ids(IN_RAM))


SERVERS = (*SOLD, 384, 512, 768, 1024)
"""Sizes of memory with those of servers [GiB]."""


@table(
    id="cpu-models",
    title={"zh": "能运行的模型：4 位，上下文 8,192，全在内存里", "en": "Models that it runs: 4-bit, context 8,192, all in RAM"},
    key=["cpu", "model"],
    columns=IN_RAM,
    formulas=FORMULAS,
)
def cpu_models(catalogue: Catalogue) -> pd.DataFrame:
    """Every processor with every headline model."""
    return pd.concat([cpu_models_of(catalogue, cpu) for cpu in catalogue.cpus], ignore_index=True)


@by_identity
def one_of_each(catalogue: Catalogue) -> list[str]:
    """Of the cards and laptops that come first, the newest of each size of memory; every other device that comes first."""
    seen: set[tuple[str, float]] = set()
    kept = []
    for gpu in headline_devices(catalogue):
        record = catalogue.gpus[gpu]
        size = (record.kind, record.largest_memory_gib)
        if record.kind not in ("card", "laptop") or size not in seen:
            seen.add(size)
            kept.append(gpu)
    return kept


FOR_MODEL = [MODEL, GPU, WAY, DECODE, RAM, MEMORY, NEED, LONGEST, QUANT, FITS, LOW, HIGH, *PREFILL]


def model_devices_of(catalogue: Catalogue, model: str) -> pd.DataFrame:
    """Where one model runs: on each device with the smallest memory that holds it, or else the largest."""
    rows = []
    for gpu in headline_devices(catalogue) if catalogue.models[model].headline else one_of_each(catalogue):
        for memory in sizes_of(catalogue, gpu):
            answer = on_machine(catalogue, model, gpu, memory)
            if answer is not None and (answer.way != "no" or memory == sizes_of(catalogue, gpu)[-1]):
                rows.append(_row(catalogue, model, gpu, memory, answer))
                break
    return _frame(rows, _ids(FOR_MODEL))


@table(
    id="model-devices",
    title={"zh": "在常见设备上：4 位，上下文 8,192", "en": "On common devices: 4-bit, context 8,192"},
    key=["model", "gpu"],
    columns=FOR_MODEL,
    formulas=FORMULAS,
)
def model_devices(catalogue: Catalogue) -> pd.DataFrame:
    """Every model on the common devices."""
    return pd.concat([model_devices_of(catalogue, model) for model in catalogue.models], ignore_index=True)


@by_identity
def model_memory_of(catalogue: Catalogue, model: str) -> pd.DataFrame:
    """What one model needs at each quantization; last the form in which it came out, where that has few bits, which other engines read."""
    trained = architecture_of(catalogue.models[model], catalogue.models).context_length
    contexts = [min(CONTEXT, trained), *([LONG_CONTEXT] if trained >= LONG_CONTEXT else [])]
    weights = columns.sizes(catalogue, [model], ladder_of(catalogue, model, LADDER))
    (runtime,) = columns.devices(catalogue, [REFERENCE])["runtime_bytes"]
    beside = buffers(catalogue, [model], contexts).set_index("context")[["kv_cache_bytes", "compute_buffer_bytes"]].sum(axis=1)
    needs = {context: (weights["device_bytes"] + beside[context] + runtime) / GIB for context in contexts}
    found = pd.DataFrame(
        {
            "model": model,
            "quant": weights["quant"],
            "weights": weights["bytes"] / GIB,
            "on_device": weights["device_bytes"] / GIB,
            "short": needs[contexts[0]],
            "long": needs.get(LONG_CONTEXT),
        }
    )
    native = native_bytes(catalogue, model)
    if native is not None:
        row = {"model": model, "quant": catalogue.models[model].native_quant, "weights": native / GIB}
        found = pd.concat([found, pd.DataFrame([row])], ignore_index=True)
    return found


def ask_all(catalogue: Catalogue, model: str) -> None:
    """Ask all that the tables here do about one model: one model after another shares more than one device after another."""
    _needs(catalogue, model)
    model_devices_of(catalogue, model)
    if model in headline_models(catalogue):
        for gpu in catalogue.gpus:
            for memory in sizes_of(catalogue, gpu):
                if _of_interest(catalogue, model, gpu, memory):
                    on_machine(catalogue, model, gpu, memory)
        for cpu in catalogue.cpus:
            in_ram(catalogue, model, cpu)


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
