"""What should I run: for each size of memory the models of today that fit with a useful context and answer at reading speed.

The rule, in order:

1. models that the records mark `headline`, released at most RECENT_MONTHS before the newest of them, or on a day not known;
2. in the finest of the formats from four bits up (or the one in which the model was released) with which all of it fits, with the
   margin and a context of at least LEAST_CONTEXT;
3. that decode at least as fast as one reads;
   beside a card whose RAM is told, a mixture that does not fit on it may leave experts there, as long as it does;
4. the larger first, one of each publisher, the first MOST.

A size of memory stands for the slowest of the headline devices that have it, so that the speed is what one has at least.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pandas as pd

from macros.estimate import Refused, check_setting, columns, estimate
from macros.estimate.question import check_value
from macros.estimate.ways import way
from macros.formulas.parameters import parameters
from macros.formulas.ram_rule import SYSTEM_GIB
from macros.formulas.remember import by_identity
from macros.formulas.units import GIB
from macros.specs import Catalogue
from macros.specs.models import Model, architecture_of
from macros.tables import Column, Words, table
from macros.tables.answers import buffers
from macros.tables.headlines import headline_cpus, headline_devices, ladder_of
from macros.tables.pairs import COMMON_RAM, HOST, MODEL, sizes_of
from macros.tables.reading import reading

RECENT_MONTHS = 15
LEAST_CONTEXT = 16384
MOST = 4
CONTEXTS = (16384, 32768, 65536, 131072, 262144)
"""Contexts that are tried for the longest [tokens]."""
RAM = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
"""Sizes of RAM without a card [GiB]."""
KINDS: dict[str, Words] = {
    "card": {"zh": "显卡", "en": "Graphics card"},
    "unified": {"zh": "Mac 与统一内存", "en": "Mac or unified memory"},
    "ram": {"zh": "只有内存", "en": "RAM only"},
}


def _months(model: Model, newest: date) -> int:
    if model.released is None:
        return 0
    return 12 * (newest.year - model.released.year) + newest.month - model.released.month


@by_identity
def candidates(catalogue: Catalogue) -> list[str]:
    """Ids of the models of today, from large to small."""
    marked = [model for model in catalogue.models.values() if model.headline]
    newest = max(model.released for model in marked if model.released is not None)
    recent = [model for model in marked if _months(model, newest) <= RECENT_MONTHS]
    return [model.id for model in sorted(recent, key=lambda model: (-parameters(architecture_of(model, catalogue.models)), model.id))]


@by_identity
def _beside(catalogue: Catalogue, model: str) -> dict[int, int]:
    """Context -> cache and compute buffer of a model [bytes]."""
    found = buffers(catalogue, [model], CONTEXTS)
    return dict(zip(found["context"].tolist(), (found["kv_cache_bytes"] + found["compute_buffer_bytes"]).tolist(), strict=True))


@by_identity
def _weights(catalogue: Catalogue, model: str) -> list[tuple[str, int]]:
    """(format, bytes on a device) of a model, the finest first."""
    found = columns.sizes(catalogue, [model], ladder_of(catalogue, model))
    return list(zip(found["quant"].tolist(), found["device_bytes"].tolist(), strict=True))[::-1]


def pace(catalogue: Catalogue) -> float:
    """The pace of a reader of English [tokens/s]."""
    found = reading(catalogue)
    return float(found.loc[found["reader"] == "english", "speed"].iloc[0])


def ranking(
    catalogue: Catalogue, question: Mapping[str, Any], room: float, *, ram_gib: float | None = None, most: int = MOST
) -> Iterator[dict[str, Any]]:
    """The models that one machine should run, best first.

    Args:
        catalogue: the records
        question: the machine, in the words of `estimate`
        room: memory that weights, cache and compute buffer may take [bytes]
        ram_gib: memory beside a card, for experts that do not fit on it; None: all has to fit [GiB]
        most: how many

    Yields:
        Model, format, the longest context that fits, and the speed.
    """
    publishers: set[str] = set()
    least = pace(catalogue)
    for name in candidates(catalogue):
        model = catalogue.models[name]
        if model.publisher in publishers or len(publishers) >= most:
            continue
        found = next(_fitting(catalogue, name, question, room, least), None)
        if found is None and ram_gib is not None:
            found = next(_with_experts_in_ram(catalogue, name, question, ram_gib, least), None)
        if found is not None:
            publishers.add(model.publisher)
            yield found


def _fitting(catalogue: Catalogue, model: str, question: Mapping[str, Any], room: float, least: float) -> Iterator[dict[str, Any]]:
    for quant, weights in _weights(catalogue, model):
        contexts = [context for context, beside in _beside(catalogue, model).items() if weights + beside <= room]
        if not contexts:
            continue
        try:
            answer = estimate({"model": model, "quant": quant, "context": LEAST_CONTEXT, **question}, catalogue)
        except Refused:
            continue
        decode = answer.get("decode")
        if decode is not None and decode["tokens_per_second"] >= least:
            speeds = {"decode": decode["tokens_per_second"], "low": decode["low"], "high": decode["high"]}
            yield {"model": model, "quant": quant, "context": max(contexts), "need": answer["total"]["bytes"] / GIB, **speeds}


def _with_experts_in_ram(
    catalogue: Catalogue, model: str, question: Mapping[str, Any], ram_gib: float, least: float
) -> Iterator[dict[str, Any]]:
    asked = {name: value for name, value in question.items() if name != "gpu_layers"} | {"model": model}
    trained = architecture_of(catalogue.models[model], catalogue.models).context_length
    for quant, _ in _weights(catalogue, model):
        longest = None
        for context in [context for context in CONTEXTS if context <= trained]:
            try:
                answer = way({**asked, "quant": quant, "context": context}, catalogue, ram_gib=ram_gib - SYSTEM_GIB)
            except Refused:
                break
            if answer["way"] != "experts" or answer["decode"]["tokens_per_second"] < least:
                break
            longest = (context, answer) if longest is None else (context, longest[1])
        if longest is not None:
            context, answer = longest
            speeds = {"decode": answer["decode"]["tokens_per_second"], "low": answer["decode"]["low"], "high": answer["decode"]["high"]}
            need = sum(device["memory_bytes"] for device in answer["devices"]) / GIB
            yield {"model": model, "quant": quant, "context": context, "need": need, **speeds, "ram": answer["ram_bytes"] / GIB}


def machines(catalogue: Catalogue) -> Iterator[tuple[str, float, str | None, dict[str, Any], float]]:
    """(kind, memory, device, question, room) of each size of memory [GiB, bytes], from small to large."""
    slowest: dict[tuple[str, float], str] = {}
    for gpu in headline_devices(catalogue):
        kind = catalogue.gpus[gpu].kind
        if kind in ("card", "unified"):
            for size in sizes_of(catalogue, gpu):
                other = slowest.get((kind, size))
                if other is None or catalogue.gpus[gpu].bandwidth_gb_per_s < catalogue.gpus[other].bandwidth_gb_per_s:
                    slowest[kind, size] = gpu
    for (kind, size), gpu in sorted(slowest.items()):
        question: dict[str, Any] = {"gpus": [gpu], "gpu_layers": 9999}
        if catalogue.gpus[gpu].memory_sizes_gib:
            question["memory_gib"] = size
        yield kind, size, gpu, question, _room(catalogue, gpu, size)
    for ram in RAM:
        yield "ram", ram, None, {**host_of(catalogue, ram), "ram_gib": ram}, (ram - SYSTEM_GIB) * GIB


def host_of(catalogue: Catalogue, ram_gib: float) -> dict[str, Any]:
    """The usual processor, or the first of those shown first that takes so much memory."""
    usual: dict[str, Any] = {**HOST}
    if ram_gib <= (catalogue.cpus[usual["cpu"]].max_memory_gib or 0):
        return usual
    for cpu in (catalogue.cpus[name] for name in headline_cpus(catalogue)):
        if ram_gib <= (cpu.max_memory_gib or 0):
            return {"cpu": cpu.id, "memory": cpu.memory_kinds[0], "memory_channels": cpu.memory_channels}
    return usual


def of_machine(catalogue: Catalogue, *, gpu: str | None, memory_gib: float | None, ram_gib: float | None) -> list[dict[str, Any]]:
    """What one machine should run, best first.

    Args:
        catalogue: the records
        gpu: id of the device; None: RAM alone
        memory_gib: which of the sizes sold, for unified memory; None: the largest [GiB]
        ram_gib: system memory; None: without a device what most have, beside one not asked for [GiB]

    Raises:
        Refused: for an unknown device, a size that it is not sold with, RAM beside a device that shares its own, and a size that is none.
    """
    if gpu is None and memory_gib is not None:
        raise Refused("memory_gib", "a device with it", memory_gib, "name the device, or use `ram_gib`")
    if ram_gib is not None:
        ram_gib = check_value("ram_gib", ram_gib, {})
    if gpu is None:
        ram_gib = COMMON_RAM if ram_gib is None else ram_gib
        host = host_of(catalogue, ram_gib)
        return list(ranking(catalogue, {**host, "ram_gib": ram_gib}, (ram_gib - SYSTEM_GIB) * GIB))
    question: dict[str, Any] = {"gpus": [gpu], "gpu_layers": 9999}
    if memory_gib is not None:
        question["memory_gib"] = memory_gib
    asked = {"model": candidates(catalogue)[0], "quant": "q4_k_m", "context": 1, **question}
    device = check_setting(asked if ram_gib is None else {**asked, "ram_gib": ram_gib}, catalogue).gpus[0]
    if ram_gib is not None:
        question |= host_of(catalogue, ram_gib)
    return list(ranking(catalogue, question, _room(catalogue, device.id, device.memory_gib), ram_gib=ram_gib))


def _room(catalogue: Catalogue, gpu: str, size: float) -> float:
    """What a device leaves to weights, cache and compute buffer [bytes]."""
    (found,) = [row for row in columns.devices(catalogue, [gpu]).to_dict("records") if row["memory_gib"] == size]
    return float(found["usable_bytes"] - found["runtime_bytes"] - found["margin_bytes"])


@table(
    id="what-runs",
    title={"zh": "该运行哪个模型", "en": "What to run"},
    key=["kind", "memory", "model"],
    columns=[
        Column("kind", {"zh": "机器", "en": "Machine"}, choices=KINDS),
        Column("memory", {"zh": "内存", "en": "Memory"}, unit="GiB", digits=0),
        MODEL,
        Column("decode", {"zh": "解码", "en": "Decode"}, unit="tokens/s"),
        Column("context", {"zh": "最长上下文", "en": "Longest context"}, unit="tokens"),
        Column("quant", {"zh": "量化", "en": "Quantization"}, link="quantizations"),
        Column("need", {"zh": "占用", "en": "Takes"}, unit="GiB", digits=1, secondary=True),
        Column("low", {"zh": "解码，低", "en": "Decode, low"}, unit="tokens/s", secondary=True),
        Column("high", {"zh": "解码，高", "en": "Decode, high"}, unit="tokens/s", secondary=True),
        Column("device", {"zh": "按这台设备", "en": "As on"}, link="gpus", secondary=True),
        Column("cpu", {"zh": "按这款处理器", "en": "As on this processor"}, link="cpus", secondary=True),
    ],
    formulas=("memory_seconds", "layer_seconds"),
)
def what_runs(catalogue: Catalogue) -> pd.DataFrame:
    """Every size of memory that headline devices, or RAM, come in."""
    rows = []
    for kind, memory, device, question, room in machines(catalogue):
        for found in ranking(catalogue, question, room):
            rows.append({"kind": kind, "memory": float(memory), "device": device, "cpu": question.get("cpu"), **found})
    return pd.DataFrame(rows)[["kind", "memory", "model", "decode", "context", "quant", "need", "low", "high", "device", "cpu"]]
