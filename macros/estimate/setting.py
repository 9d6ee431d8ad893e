"""A question, checked: which model, in which format, with which context, on which devices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from macros.estimate.notices import Notice
from macros.formulas.remember import by_identity
from macros.specs import Catalogue
from macros.specs.architectures import Architecture
from macros.specs.devices import Gpu
from macros.specs.engines import Engine
from macros.specs.errors import nearest
from macros.specs.models import architecture_of
from macros.specs.quantizations import Quantization, TensorType

MAX_CONTEXT = 1 << 27
MAX_MEMORY_GIB = 1 << 20
KEYS = {
    "model", "config", "quant", "context", "imatrix", "engine", "kv_type", "kv_type_k", "kv_type_v", "flash_attention", "ubatch",
    "swa_full", "profile", "slots", "logits_rows", "gpus", "gpu_layers", "experts_on_host", "memory_gib", "cpu", "memory",
    "memory_channels", "drive", "prompt_tokens", "depth", "users", "margin_mib", "backend", "built",
}  # fmt: skip
FLOAT_CACHE_TYPES = ("f32", "f16", "bf16")
BACKENDS = ("cuda", "rocm", "vulkan", "sycl", "metal", "cpu")
CACHE_TYPES = ("f32", "f16", "bf16", "q8_0", "q4_0", "q4_1", "iq4_nl", "q5_0", "q5_1")


class Refused(ValueError):  # noqa: N818  (what happened to the question)
    """A question that cannot be answered: names the field, what was expected and what was found."""

    def __init__(self, field: str, expected: str, got: object, fix: str = "") -> None:
        self.field = field
        shown = repr(got) if len(repr(got)) <= 80 else repr(got)[:77] + "…"
        super().__init__(f"{field}: expected {expected}, got {shown}." + (f" Fix: {fix}." if fix else ""))


@dataclass(frozen=True)
class Device:
    """A GPU and how much of its memory is meant."""

    id: str
    gpu: Gpu
    memory_gib: float


@dataclass(frozen=True)
class Setting:
    """A checked question. Fields as in the keys of a question; what was left out has its default."""

    model: str | None
    architecture: Architecture
    quant: Quantization
    context: int
    engine: Engine
    imatrix: bool = False
    kv_type_k: TensorType = None  # type: ignore[assignment]
    kv_type_v: TensorType = None  # type: ignore[assignment]
    flash_attention: bool = True
    ubatch: int = 512
    swa_full: bool = False
    slots: int = 1
    logits_rows: int | None = None
    gpus: tuple[Device, ...] = ()
    gpu_layers: int | None = None
    experts_on_host: bool = False
    cpu: str | None = None
    memory: str | None = None
    memory_channels: int | None = None
    memory_gib: float | None = None
    drive: str | None = None
    prompt_tokens: int = 512
    depth: int = 0
    users: int = 1
    margin_mib: float | None = None
    profile: str = "cli"
    backend: str | None = None
    built: str | None = None
    notices: tuple[Notice, ...] = field(default=())


def check_setting(question: Mapping[str, Any], catalogue: Catalogue) -> Setting:
    """Check a question; raises Refused, which names the field.

    Args:
        question: keys and values as `python -m macros estimate` takes them
        catalogue: the records

    Returns:
        The checked question.
    """
    if not isinstance(question, Mapping):
        raise Refused("question", "an object of keys and values", question)
    for key in question:
        if key not in KEYS:
            raise Refused(str(key), "a key of a question", key, nearest(str(key), KEYS))
    notices: list[Notice] = []
    model, architecture = _model(question, catalogue)
    quant = _record(question, "quant", catalogue.quantizations, "the id of a quantization")
    engine = _engine(question, quant, catalogue)
    context = _whole(question, "context", None, 1, MAX_CONTEXT)
    if context > architecture.context_length:
        notices.append(Notice("beyond-context", {"context": context, "limit": architecture.context_length}))
    flash = _flag(question, "flash_attention", True)
    both = question.get("kv_type", "f16")
    key_type = _cache_type(question.get("kv_type_k", both), "kv_type_k" if "kv_type_k" in question else "kv_type", catalogue)
    value_type = _cache_type(question.get("kv_type_v", both), "kv_type_v" if "kv_type_v" in question else "kv_type", catalogue)
    latent = architecture.attention.latent is not None
    if not flash and value_type.id not in FLOAT_CACHE_TYPES and not latent:
        raise Refused("flash_attention", "true, which a quantized V cache needs", False, "turn it on, or keep V at f16")
    for keys, values in _cached_heads(architecture):
        for name, kind, head in (("kv_type_k", key_type, keys), ("kv_type_v", value_type, values)):
            if head % kind.block:
                raise Refused(name, f"a type whose blocks divide a head of {head}", kind.id, "use f16")
    if quant.recipe is not None and quant.recipe.needs_importance_matrix and not question.get("imatrix", False):
        notices.append(Notice("needs-imatrix", {"quant": quant.id}))
    profile = question.get("profile", "cli")
    if profile not in ("cli", "server"):
        raise Refused("profile", '"cli" or "server"', profile)
    slots = _whole(question, "slots", 4 if profile == "server" else 1, 1, 4096)
    rows = question.get("logits_rows")
    ubatch = _whole(question, "ubatch", 512, 1, 1 << 20)
    if rows is not None:
        rows = _whole(question, "logits_rows", None, 1, 1 << 20)
    elif profile == "server":
        rows = slots
    memory_gib = _size(question.get("memory_gib"))
    gpus = _gpus(question, memory_gib, catalogue)
    layers = _gpu_layers(question, architecture, gpus)
    if quant.kind != "gguf" and layers is not None and layers < architecture.layers + 1:
        raise Refused("gpu_layers", "all layers on GPUs, which this engine needs", layers, "leave it out")
    for key, folder, what in (("cpu", "cpus", "a processor"), ("memory", "memory", "a kind of memory"), ("drive", "drives", "a drive")):
        if question.get(key) is not None:
            _record(question, key, catalogue.records[folder], f"the id of {what}")
    margin = question.get("margin_mib")
    if margin is not None and (isinstance(margin, bool) or not isinstance(margin, int | float) or not 0 <= margin < 1 << 30):
        raise Refused("margin_mib", "MiB to leave free on each device", margin)
    channels = question.get("memory_channels")
    if channels is not None:
        channels = _whole(question, "memory_channels", None, 1, 64)
    return Setting(
        model=model,
        architecture=architecture,
        quant=quant,
        context=context,
        engine=engine,
        imatrix=_flag(question, "imatrix", False),
        kv_type_k=key_type,
        kv_type_v=value_type,
        flash_attention=flash,
        ubatch=ubatch,
        swa_full=_flag(question, "swa_full", False),
        slots=slots,
        logits_rows=rows,
        gpus=gpus,
        gpu_layers=layers,
        experts_on_host=_flag(question, "experts_on_host", False),
        cpu=question.get("cpu"),
        memory=question.get("memory"),
        memory_channels=channels,
        memory_gib=memory_gib,
        drive=question.get("drive"),
        prompt_tokens=_whole(question, "prompt_tokens", 512, 1, MAX_CONTEXT),
        depth=_whole(question, "depth", 0, 0, MAX_CONTEXT),
        users=_whole(question, "users", 1, 1, 4096),
        margin_mib=margin,
        profile=profile,
        backend=_backend(question),
        built=_day(question, "built"),
        notices=tuple(notices),
    )


def _backend(question: Mapping[str, Any]) -> str | None:
    name = question.get("backend")
    if name is not None and name not in BACKENDS:
        raise Refused("backend", f"one of {', '.join(BACKENDS)}", name)
    return name


def _day(question: Mapping[str, Any], key: str) -> str | None:
    text = question.get(key)
    if text is None:
        return None
    parts = text.split("-") if isinstance(text, str) else []
    if [len(part) for part in parts] != [4, 2, 2] or not all(digit in "0123456789" for part in parts for digit in part):
        raise Refused(key, "a day like 2024-05-31, when the engine was built", text)
    return str(text)


def _model(question: Mapping[str, Any], catalogue: Catalogue) -> tuple[str | None, Architecture]:
    if ("model" in question) == ("config" in question):
        raise Refused("model", "either `model` or `config`", sorted({"model", "config"} & set(question)), "keep one of them")
    if "config" in question:
        from macros.estimate.config_json import read_config

        return None, read_config(question["config"])
    name = question["model"]
    if not isinstance(name, str) or name not in catalogue.models:
        raise Refused("model", "the id of a model", name, nearest(str(name), catalogue.models))
    return name, architecture_of(catalogue.models[name], catalogue.models)


def _record(question: Mapping[str, Any], key: str, known: Mapping[str, Any], expected: str) -> Any:
    name = question.get(key)
    if not isinstance(name, str) or name not in known:
        raise Refused(key, expected, name, nearest(str(name), known))
    return known[name]


def _engine(question: Mapping[str, Any], quant: Quantization, catalogue: Catalogue) -> Engine:
    name = question.get("engine", next((engine for engine in quant.read_by if engine in catalogue.engines), quant.read_by[0]))
    if not isinstance(name, str) or name not in catalogue.engines:
        raise Refused("engine", f"one of {', '.join(catalogue.engines)}", name)
    if name not in quant.read_by:
        raise Refused(
            "quant", f"a format that {catalogue.engines[name].name} reads", quant.id, f"use engine {quant.read_by[0]}, or another format"
        )
    engine: Engine = catalogue.engines[name]
    return engine


def _whole(question: Mapping[str, Any], key: str, default: int | None, low: int, high: int) -> int:
    value = question.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise Refused(key, f"a whole number from {low} to {high}", value)
    return value


def _flag(question: Mapping[str, Any], key: str, default: bool) -> bool:
    value = question.get(key, default)
    if not isinstance(value, bool):
        raise Refused(key, "true or false", value)
    return value


def _cache_type(name: Any, key: str, catalogue: Catalogue) -> TensorType:
    if name not in CACHE_TYPES:
        raise Refused(key, f"one of {', '.join(CACHE_TYPES)}", name)
    kind: TensorType = catalogue.tensor_types[name]
    return kind


@by_identity
def _cached_heads(a: Architecture) -> list[tuple[int, int]]:
    """Sizes of the heads in the cache, of keys and of values, each pair once."""
    latent = a.attention.latent
    if latent is not None and latent.cached_whole:
        return [(a.attention.head_dim, latent.value_dim)]
    heads = []
    for layer in range(a.layers):
        if a.has_cache(layer):
            keys = a.head_dim(layer) if latent is None else latent.kv_rank + latent.rope_dim
            heads.append((keys, keys if latent is not None else a.value_dim(layer)))
    return list(dict.fromkeys(heads))


def _size(memory_gib: Any) -> float | None:
    """A size of memory as sold [GiB]."""
    if memory_gib is None:
        return None
    if isinstance(memory_gib, bool) or not isinstance(memory_gib, int | float) or not 0 < memory_gib <= MAX_MEMORY_GIB:
        raise Refused("memory_gib", f"a size in GiB above 0 and up to {MAX_MEMORY_GIB}", memory_gib)
    return float(memory_gib)


def _gpus(question: Mapping[str, Any], memory_gib: float | None, catalogue: Catalogue) -> tuple[Device, ...]:
    listed = question.get("gpus", [])
    if isinstance(listed, str) or not isinstance(listed, Sequence):
        raise Refused("gpus", "a list of ids or objects", listed)
    if len(listed) > 64:
        raise Refused("gpus", "at most 64 devices", len(listed))
    gpus = tuple(_device(item, memory_gib, catalogue) for item in listed)
    if memory_gib is not None and gpus and not any(device.memory_gib == memory_gib for device in gpus):
        raise Refused("memory_gib", "a size that a GPU of the question is sold with", memory_gib, "leave it out")
    return gpus


def _device(item: Any, memory_gib: float | None, catalogue: Catalogue) -> Device:
    if isinstance(item, Mapping) and all(key in ("id", "memory_gib") for key in item):
        wanted = _size(item.get("memory_gib"))
        device = _device(item.get("id"), memory_gib if wanted is None else wanted, catalogue)
        if wanted is not None and device.memory_gib != wanted:
            raise Refused("memory_gib", f"the size that {device.id} is sold with ({device.memory_gib:g})", wanted, "leave it out")
        return device
    if isinstance(item, Mapping):
        gpu = _unlisted(item, catalogue)
        name = str(item.get("id", "custom"))
    else:
        name = item.replace("_", "-") if isinstance(item, str) and item not in catalogue.gpus else item
        if not isinstance(name, str) or name not in catalogue.gpus:
            raise Refused("gpus", "the id of a GPU", item, nearest(str(item), catalogue.gpus))
        gpu = catalogue.gpus[name]
    if gpu.memory_sizes_gib:
        size = max(gpu.memory_sizes_gib) if memory_gib is None else memory_gib
        if size not in gpu.memory_sizes_gib:
            sold = ", ".join(f"{s:g}" for s in gpu.memory_sizes_gib)
            raise Refused("memory_gib", f"a size that {name} is sold with ({sold})", size)
        return Device(name, gpu, float(size))
    assert gpu.memory_gib is not None
    return Device(name, gpu, float(gpu.memory_gib))


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
        raise Refused(f"gpus.{where}", detail["msg"], detail["input"]) from None
    if gpu.shared_memory is not None and gpu.shared_memory not in catalogue.shared_memory:
        raise Refused("gpus.shared_memory", "the id of a rule", gpu.shared_memory, nearest(gpu.shared_memory, catalogue.shared_memory))
    return gpu


def _gpu_layers(question: Mapping[str, Any], a: Architecture, gpus: tuple[Device, ...]) -> int | None:
    value = question.get("gpu_layers", "auto")
    if value == "auto":
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 9999:
        raise Refused("gpu_layers", '"auto" or a whole number from 0 to 9999', value)
    return min(value, a.layers + a.prediction_layers + 1)
