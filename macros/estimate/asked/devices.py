"""On which devices a question wants its model, and the back end of the engine on each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from macros.estimate.question import MAX_CONTEXT, check_value
from macros.estimate.refused import Refused
from macros.specs import Catalogue
from macros.specs.devices import Gpu
from macros.specs.engines import Engine
from macros.specs.errors import in_words, nearest
from macros.specs.form import ValidationError
from macros.specs.naming import nearest_called

HOST_BACKEND = "cpu"
PROCESSORS = "cpu-"
"""Families of processors begin so."""


@dataclass(frozen=True)
class Device:
    """A GPU, how much of its memory is meant, and the back end that runs on it."""

    id: str
    gpu: Gpu
    memory_gib: float
    backend: str


def devices_of(asked: Mapping[str, Any], engine: Engine, catalogue: Catalogue) -> tuple[Device, ...]:
    """The GPUs of a question.

    Args:
        asked: the values of all keys
        engine: that shall run on them
        catalogue: the records

    Returns:
        Them, in the order asked; ().

    Raises:
        Refused: where one is unknown, is not sold with that memory, or does not run the engine.
    """
    listed, memory_gib = asked["gpus"], asked["memory_gib"]
    if isinstance(listed, str) or not isinstance(listed, Sequence):
        raise Refused("gpus", "a list of ids or objects", listed)
    if len(listed) > 64:
        raise Refused("gpus", "at most 64 devices", len(listed))
    gpus = tuple(_device(item, memory_gib, asked["backend"], engine, catalogue) for item in listed)
    if not gpus and asked["backend"] not in (None, HOST_BACKEND):
        raise Refused("backend", f"{HOST_BACKEND}, without a GPU", asked["backend"], "leave it out, or name a GPU")
    if memory_gib is not None and gpus and not any(device.memory_gib == memory_gib for device in gpus):
        raise Refused("memory_gib", "a size that a GPU of the question is sold with", memory_gib, "leave it out")
    return gpus


def _backend(name: str, gpu: Gpu, wanted: str | None, engine: Engine, catalogue: Catalogue) -> str:
    """The back end of an engine on a device; empty where no engine is known to run on it."""
    family = catalogue.device_families.get(gpu.family)
    # Of a card of which nothing is known, its memory is: it counts like those of the first vendor.
    vendor = family.vendor if family is not None else list(engine.backends)[0]  # noqa: RUF015  (`iter` is outside the calculator's subset)
    known = engine.backends.get(vendor)
    if known is None:
        others = [other.id for other in catalogue.engines.values() if vendor in other.backends]
        if others:
            runs = ", ".join(engine.backends)
            raise Refused("gpus", f"a device that {engine.name} runs on ({runs})", name, f"use engine {' or '.join(others)}")
        return ""
    if gpu.family in engine.lacks:
        others = [other.id for other in catalogue.engines.values() if vendor in other.backends and gpu.family not in other.lacks]
        fix = f"use engine {' or '.join(others)}" if others else "use another device"
        raise Refused("gpus", f"a device that {engine.name} runs on ({gpu.architecture} is none)", name, fix)
    if wanted is None:
        return str(known[0])
    if wanted not in known:
        raise Refused("backend", f"a back end of {engine.name} on {name} ({', '.join(known)})", wanted, "leave it out")
    return wanted


def _device(item: Any, memory_gib: float | None, backend: str | None, engine: Engine, catalogue: Catalogue) -> Device:
    if isinstance(item, Mapping) and all(key in ("id", "memory_gib") for key in item):
        wanted = _size(item.get("memory_gib"))
        device = _device(item.get("id"), memory_gib if wanted is None else wanted, backend, engine, catalogue)
        if wanted is not None and device.memory_gib != wanted:
            raise Refused("memory_gib", f"the size that {device.id} is sold with ({device.memory_gib:g})", wanted, "leave it out")
        return device
    if isinstance(item, Mapping):
        gpu = _unlisted(item, catalogue)
        name = str(item.get("id", "custom"))
    else:
        name = item.replace("_", "-") if isinstance(item, str) and item not in catalogue.gpus else item
        if not isinstance(name, str) or name not in catalogue.gpus:
            raise Refused("gpus", "the id of a GPU", item, nearest_called(str(item), catalogue.gpus))
        gpu = catalogue.gpus[name]
    runs = _backend(name, gpu, backend, engine, catalogue)
    if gpu.memory_sizes_gib:
        size = max(gpu.memory_sizes_gib) if memory_gib is None else memory_gib
        if size not in gpu.memory_sizes_gib:
            sold = ", ".join(f"{s:g}" for s in gpu.memory_sizes_gib)
            raise Refused("memory_gib", f"a size that {name} is sold with ({sold})", size)
        return Device(name, gpu, float(size), runs)
    assert gpu.memory_gib is not None
    return Device(name, gpu, float(gpu.memory_gib), runs)


def _size(memory_gib: Any) -> float | None:
    """A size of memory as sold [GiB]."""
    return None if memory_gib is None else float(check_value("memory_gib", memory_gib, {}))


UNLISTED = {
    "name": "custom", "vendor": "unknown", "kind": "card", "architecture": "unknown", "released": None, "memory_kind": "unknown",
    "memory_bus_bits": None, "fp32_tflops": None, "fp16_tensor_tflops": None, "int8_tensor_tops": None, "compute_units": None,
    "boost_mhz": None, "l2_mib": None, "pcie_generation": None, "pcie_lanes": None, "launch_price_usd": None, "tdp_w": None,
    "notes": {"zh": "由提问给出。", "en": "Given by the question."},
}  # fmt: skip


def _unlisted(item: Mapping[str, Any], catalogue: Catalogue) -> Gpu:
    """A card that the guide does not list, described by the question."""
    for key in ("memory_gib", "bandwidth_gb_per_s", "family"):
        if key not in item and not (key == "memory_gib" and "memory_sizes_gib" in item):
            raise Refused(f"gpus.{key}", "a value, for a card that is not listed", None)
    described = {**UNLISTED, **item}
    described["id"] = str(item.get("id", "custom"))
    if isinstance(described["family"], str):
        described["family"] = described["family"].replace("_", "-")
    if isinstance(described["family"], str) and described["family"].startswith(PROCESSORS):
        families = [name for name in catalogue.device_families if not name.startswith(PROCESSORS)]
        raise Refused("gpus.family", "a family of GPUs", described["family"], nearest(described["family"], families))
    for key in ("memory_gib", "bandwidth_gb_per_s"):
        value = described.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            if abs(value) > MAX_CONTEXT:
                raise Refused(f"gpus.{key}", f"at most {MAX_CONTEXT}", value)
            described[key] = float(value)
    try:
        gpu: Gpu = Gpu.model_validate(described)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in detail["loc"]) or "gpus"
        expected, fix = in_words(detail["msg"])
        raise Refused(f"gpus.{where}", expected, detail["input"], fix) from None
    if gpu.shared_memory is not None and gpu.shared_memory not in catalogue.shared_memory:
        raise Refused("gpus.shared_memory", "the id of a rule", gpu.shared_memory, nearest(gpu.shared_memory, catalogue.shared_memory))
    return gpu


def check_memory(asked: Mapping[str, Any], gpus: Sequence[Device]) -> None:
    """Refuse other memory than its own in a machine whose GPU shares it.

    Args:
        asked: the values of all keys
        gpus: devices of the question

    Raises:
        Refused: naming the memory that is shared.
    """
    for device in gpus:
        if all(one.gpu.shares_memory for one in gpus) and asked["ram_gib"] is not None and asked["ram_gib"] != device.memory_gib:
            raise Refused("ram_gib", f"the {device.memory_gib:g} GiB that {device.id} shares", asked["ram_gib"], "use `memory_gib` instead")
