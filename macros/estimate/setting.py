"""A question, checked: which model, in which format, with which context, on which devices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from macros.estimate.contradictions import check, check_cells
from macros.estimate.notices import Notice
from macros.estimate.question import (
    FLOAT_CACHE_TYPES,
    KEYS,
    MAX_CONTEXT,
    OPTIONS,
    USUAL_BATCH,
    USUAL_DRAFT,
    Options,
    check_value,
    read_question,
)
from macros.estimate.refused import Refused
from macros.formulas.remember import by_identity
from macros.specs import Catalogue
from macros.specs.architectures import Architecture
from macros.specs.devices import Gpu
from macros.specs.engines import Engine
from macros.specs.errors import nearest
from macros.specs.form import ValidationError
from macros.specs.models import architecture_of, predicts, tower_of
from macros.specs.naming import nearest_called
from macros.specs.quantizations import Quantization, TensorType

if TYPE_CHECKING:
    from macros.estimate.files.model import FileModel

HOST_BACKEND = "cpu"
LEAST_LETTERS = 5
"""So many first letters of another engine's name tell which is meant."""


@dataclass(frozen=True)
class Device:
    """A GPU, how much of its memory is meant, and the back end that runs on it."""

    id: str
    gpu: Gpu
    memory_gib: float
    backend: str


@dataclass(frozen=True, kw_only=True)
class Setting(Options):
    """A checked question: its options, and the records that its other keys name."""

    model: str | None
    """Id of the model; None: it was given as a configuration."""
    architecture: Architecture
    quant: Quantization
    engine: Engine
    kv_type_k: TensorType
    kv_type_v: TensorType
    slots: int
    """Conversations that share the cache."""
    gpus: tuple[Device, ...] = ()
    gpu_layers: int | None = None
    """Layers on GPUs as llama.cpp counts them; None: as many as fit."""
    has_towers: bool = False
    """Whether the model comes with towers for pictures or sound."""
    may_predict: bool = False
    """Whether its files may hold a prediction layer that its record has not among the layers."""
    notices: tuple[Notice, ...] = field(default=())


def check_setting(question: Mapping[str, Any], catalogue: Catalogue) -> Setting:
    """Check a question; raises Refused, which names the field.

    Args:
        question: keys and values as `python -m macros estimate` takes them
        catalogue: the records

    Returns:
        The checked question.
    """
    _covered(question, catalogue)
    _preset(question, catalogue)
    asked = read_question(question, catalogue.records)
    notices: list[Notice] = []
    model, architecture = None, None
    if asked["gguf"] is not None:
        file = _file(asked, catalogue)
        architecture, quant = file.architecture, file.quantization
        notices += file.notices
    else:
        model, architecture, published = _model(question, catalogue, notices)
        if asked["safetensors"] is not None:
            quant = _weighed(asked, architecture, published, model, notices, catalogue)
        else:
            quant = _format(asked, model, published, notices, catalogue)
    engine = _engine(asked, quant, catalogue)
    _engine_has(engine, question, catalogue)
    if architecture.traits.keeps_no_cache and not engine.gguf:
        able = " or ".join([one.name for one in catalogue.engines.values() if one.gguf])
        raise Refused("engine", "one that writes a text all at once, as such a model does", engine.id, f"use {able}")
    if model is not None and architecture.prediction_layers:
        notices.append(Notice("prediction-layers", {"count": architecture.prediction_layers}))
    if asked["context"] > architecture.context_length:
        notices.append(Notice("beyond-context", {"context": asked["context"], "limit": architecture.context_length}))
    key_type, value_type = _cache_types(asked, question, architecture, engine, catalogue)
    if quant.recipe is not None and quant.recipe.needs_importance_matrix and not asked["imatrix"]:
        notices.append(Notice("needs-imatrix", {"quant": quant.id}))
    slots = asked["slots"] if asked["slots"] is not None else 4 if asked["profile"] == "server" else 1
    if asked["slots"] is None and "kv_unified" in engine.settings:
        # Who serves more users than a program has slots for starts it with as many slots.
        slots = max(slots, asked["users"])
    if asked["logits_rows"] is None and asked["profile"] == "server":
        # A checking pass gives logits for each guess besides.
        guesses = (asked["draft_tokens"] or USUAL_DRAFT) if asked["mtp"] or asked["draft"] is not None else 0
        asked["logits_rows"] = slots * (1 + guesses)
    gpus = _gpus(asked, engine, catalogue)
    for device in gpus:
        if device.backend == "":
            notices.append(Notice("no-engine", {"device": device.id}))
        elif device.backend not in engine.contexts:
            notices.append(Notice("context-unknown", {"device": device.id, "backend": device.backend}))
    check(asked, question, architecture, len(gpus), catalogue)
    if "kv_unified" in engine.settings:
        check_cells(asked, slots)
    _one_memory(asked, gpus)
    _known_build(asked["build"], engine)
    _built(asked["built"], catalogue)
    notices.extend(_of_settings(asked, question, model, engine, len(gpus), catalogue))
    layers = _gpu_layers(asked["gpu_layers"], architecture)
    if engine.splits != "layers" and layers is not None and layers < architecture.layers + 1:
        raise Refused("gpu_layers", "all layers on GPUs, which this engine needs", layers, "leave it out")
    values = {name: asked[name] for name in OPTIONS} | {
        "model": model,
        "architecture": architecture,
        "quant": quant,
        "engine": engine,
        "kv_type_k": key_type,
        "kv_type_v": value_type,
        "slots": slots,
        "gpus": gpus,
        "gpu_layers": layers,
        "may_predict": model is not None and architecture.prediction_layers == 0 and predicts(catalogue.models[model]),
        "has_towers": model is not None and catalogue.models[model].projector is not None,
        "notices": tuple([one for one in notices if one.code != "class-unknown" or engine.id in one.values["engines"].split(" / ")]),
    }
    return Setting(**values)


def _nearest_in_bits(name: str, types: Sequence[str], catalogue: Catalogue) -> str:
    """The type that takes most nearly as many bits a value."""
    bits = [catalogue.tensor_types[one].block_bytes / catalogue.tensor_types[one].block for one in (name, *types)]
    best = 0
    for index in range(len(types)):
        if abs(bits[index + 1] - bits[0]) < abs(bits[best + 1] - bits[0]):
            best = index
    return types[best]


def _covered(question: Mapping[str, Any], catalogue: Catalogue) -> None:
    """Refuse an engine that the guide does not cover by its name, with the one that it runs, or the nearest."""
    named = question.get("engine") if isinstance(question, Mapping) else None
    if not isinstance(named, str) or named in catalogue.engines:
        return
    for key, other in catalogue.records["other-engines"].items():
        called = _letters(named)
        if called in (_letters(key), _letters(other.name)) or (len(called) >= LEAST_LETTERS and _letters(key).startswith(called)):
            known = ", ".join(catalogue.engines)
            if other.inside is not None:
                raise Refused(
                    "engine", f"an engine of the guide ({known})", named, f"use {other.inside}, which {other.name} runs: {other.why}"
                )
            fix = f"{other.name} is not covered; {other.nearest} is nearest. {other.name} {other.why}"
            raise Refused("engine", f"an engine of the guide ({known})", named, fix)


def _preset(question: Mapping[str, Any], catalogue: Catalogue) -> None:
    """Refuse a mix that is another for each model by what it is: the preset that is spelled most like it would mislead."""
    named = question.get("quant") if isinstance(question, Mapping) else None
    if not isinstance(named, str) or named in catalogue.quantizations:
        return
    for other in catalogue.records["other-formats"].values():
        if named.lower().startswith(other.begins):
            raise Refused("quant", "the id of a quantization", named, f"{other.name} is {other.why}")


def _letters(name: str) -> str:
    """A name without what spellings differ in."""
    return "".join(letter for letter in name.lower() if letter in "abcdefghijklmnopqrstuvwxyz0123456789")


def _file(asked: Mapping[str, Any], catalogue: Catalogue) -> FileModel:
    """The model in a file whose header was read."""
    from macros.estimate.files.gguf import Header
    from macros.estimate.files.model import file_model

    for key in ("model", "config", "quant", "safetensors"):
        if asked[key] is not None:
            raise Refused(key, "nothing beside `gguf`, which says it itself", asked[key], "leave it out")
    if not isinstance(asked["gguf"], Header):
        raise Refused("gguf", "the path of a GGUF file", asked["gguf"])
    return file_model(asked["gguf"], catalogue.tensor_types, catalogue.architectures)


def _weighed(
    asked: dict[str, Any], a: Architecture, published: Quantization | None, model: str | None, notices: list[Notice], catalogue: Catalogue
) -> Quantization:
    """The format with the bytes that the headers of a model's files give."""
    from macros.estimate.files.safetensors import SafeHeader, float_format, weighed

    header = asked["safetensors"]
    if not isinstance(header, SafeHeader):
        raise Refused("safetensors", "the path of a .safetensors file or its index", header)
    if model is not None:
        raise Refused("model", "`config` beside `safetensors`: the config.json that came with the files", model, "give it instead")
    if published is None and asked["quant"] is None:
        asked["quant"] = float_format(header)
    quant = _format(asked, model, published, notices, catalogue)
    if quant.per_weight is None:
        raise Refused("quant", "a format of safetensors files", quant.id, "leave it out where config.json names the format")
    if not header.held:
        notices.append(Notice("file-not-whole", {}))
    return weighed(quant, header, a)


def _model(
    question: Mapping[str, Any], catalogue: Catalogue, notices: list[Notice]
) -> tuple[str | None, Architecture, Quantization | None]:
    """The model, its shapes, and the format that its configuration names."""
    if "model" not in question and "config" not in question:
        raise Refused("model", "a model: its id in `model`, or its file in `config` or `gguf`", None, "name one")
    if "model" in question and "config" in question:
        raise Refused("model", "either `model` or `config`", ["config", "model"], "keep one of them")
    if "config" in question:
        from macros.estimate.config_json import read

        reading = read(question["config"], catalogue)
        notices.extend(reading.notices)
        if reading.quantized is None:
            return None, reading.architecture, None
        published = _published(reading.quantized, reading.architecture, catalogue)
        if published is None:
            from macros.estimate.files.methods import told

            method = told(reading.quantized)
            if question.get("quant") is None:
                fix = "say the format that is nearest in `quant`"
                raise Refused("config.quantization_config", "a way of quantizing that an engine of the guide reads", method, fix)
            notices.append(Notice("published-quantized", {"method": method}))
        return None, reading.architecture, published
    name = question["model"]
    if not isinstance(name, str) or name not in catalogue.models:
        raise Refused("model", "the id of a model", name, nearest_called(str(name), catalogue.models))
    architecture = architecture_of(catalogue.models[name], catalogue.models)
    notices.extend(_of_class(architecture, catalogue))
    return name, architecture, None


def _of_class(a: Architecture, catalogue: Catalogue) -> list[Notice]:
    """What a reader should know of a listed model's class: who has none of its own, and whether its pass was compared."""
    own = catalogue.architectures.get(a.engine_name)
    if own is None:
        return []
    kinds = [*own.classes.values()]
    lacking = [engine for engine in (kinds[0].unknown_to if kinds else []) if all(engine in kind.unknown_to for kind in kinds)]
    unknown = [Notice("class-unknown", {"engines": " / ".join(lacking)})] if lacking else []
    return unknown if own.compared else [*unknown, Notice("pass-not-compared", {})]


def _published(quantized: Mapping[str, Any], a: Architecture, catalogue: Catalogue) -> Quantization | None:
    from macros.estimate.files.quantized import format_of

    return format_of(quantized, a, catalogue.quantizations)


def _format(
    asked: dict[str, Any], model: str | None, published: Quantization | None, notices: list[Notice], catalogue: Catalogue
) -> Quantization:
    """The format that is asked for; without one, that in which the weights were published."""
    if published is not None:
        if asked["quant"] is None or asked["quant"] == published.id:
            return published
        notices.append(Notice("quant-contradicts", {"quant": asked["quant"], "published": published.name}))
    if asked["quant"] is None and model is not None:
        asked["quant"] = _own_format(model, asked["engine"], catalogue)
    quant: Quantization = _named(asked, "quant", catalogue)
    if model is None or quant.per_weight is None:
        return quant
    from macros.estimate.files.quantized import of_publisher

    return of_publisher(quant, model, catalogue.checkpoints)


def _own_format(model: str, engine: str | None, catalogue: Catalogue) -> str | None:
    """The format in which a model came out, of those that the engine reads."""
    native = catalogue.models[model].native_quant
    if native is None:
        return None
    formats = [name for name in (catalogue.quantizations[native].gguf, native) if name is not None]
    readers = [name for name in formats if engine is None or engine in catalogue.quantizations[name].read_by]
    return readers[0] if readers else None


def _named(asked: Mapping[str, Any], key: str, catalogue: Catalogue) -> Any:
    """The record that a key names; it has to name one."""
    known = catalogue.records[KEYS[key].records]
    if asked[key] is None:
        raise Refused(key, f"the id of {KEYS[key].expected}", None, f"add `{key}`")
    return known[asked[key]]


def _engine(asked: Mapping[str, Any], quant: Quantization, catalogue: Catalogue) -> Engine:
    """The engine that is named; otherwise the first one that reads the format."""
    readers = [name for name in quant.read_by if name in catalogue.engines]
    if asked["engine"] is None:
        if not readers:
            raise Refused("quant", f"a format that {' or '.join(catalogue.engines)} reads", quant.id, "use another format")
        first: Engine = catalogue.engines[readers[0]]
        return first
    engine: Engine = catalogue.engines[asked["engine"]]
    if engine.id not in readers:
        formats = [one.id for one in catalogue.quantizations.values() if engine.id in one.read_by]
        fix = f"use {_few(formats)}" + (f", or engine {' or '.join(readers)}" if readers else "")
        raise Refused("quant", f"a format that {engine.name} reads", quant.id, fix)
    return engine


def _few(ids: Sequence[str]) -> str:
    return ", ".join(ids[:6]) + (" …" if len(ids) > 6 else "")


def _engine_has(engine: Engine, question: Mapping[str, Any], catalogue: Catalogue) -> None:
    """Refuse a setting that other engines have and this one has not; at its default it asks for nothing."""
    for key in question:
        if question[key] is None or question[key] == KEYS[key].default or key in engine.settings:
            continue
        owners = [other.name for other in catalogue.engines.values() if key in other.settings]
        if owners:
            raise Refused(key, f"a setting that {engine.name} has", question[key], f"leave it out; {' and '.join(owners)} has it")


def _cache_types(
    asked: Mapping[str, Any], question: Mapping[str, Any], a: Architecture, engine: Engine, catalogue: Catalogue
) -> tuple[TensorType, TensorType]:
    """Types of keys and of values."""
    found = []
    for key in ("kv_type_k", "kv_type_v"):
        name = asked[key] if asked[key] is not None else asked["kv_type"]
        if name not in engine.cache_types:
            used = key if asked[key] is not None else "kv_type"
            near = _nearest_in_bits(name, engine.cache_types, catalogue)
            raise Refused(used, f"a cache type of {engine.name} ({', '.join(engine.cache_types)})", name, f"use {near}")
        found.append(catalogue.tensor_types[name])
    key_type, value_type = found
    latent = a.attention.latent is not None
    if not asked["flash_attention"] and value_type.id not in FLOAT_CACHE_TYPES and not latent:
        raise Refused("flash_attention", "true, which a quantized V cache needs", False, "turn it on, or keep V at f16")
    for keys, values in _cached_heads(a):
        for name, kind, head in (("kv_type_k", key_type, keys), ("kv_type_v", value_type, values)):
            if head % kind.block:
                raise Refused(name, f"a type whose blocks divide a head of {head}", kind.id, "use f16")
    return key_type, value_type


@by_identity
def _cached_heads(a: Architecture) -> list[tuple[int, int]]:
    """Sizes of the heads in the cache, of keys and of values, each pair once."""
    latent = a.attention.latent
    if latent is not None and latent.cached_whole:
        return [(a.attention.head_dim, latent.value_dim)]
    heads = []
    for layer in range(a.layers):
        if a.has_cache(layer):
            own = a.latent_of(layer)
            keys = a.head_dim(layer) if own is None else own.kv_rank + own.rope_dim
            heads.append((keys, keys if latent is not None else a.value_dim(layer)))
    return list(dict.fromkeys(heads))


def _gpus(asked: Mapping[str, Any], engine: Engine, catalogue: Catalogue) -> tuple[Device, ...]:
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


PROCESSORS = "cpu-"
"""Families of processors begin so."""

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
        raise Refused(f"gpus.{where}", detail["msg"], detail["input"]) from None
    if gpu.shared_memory is not None and gpu.shared_memory not in catalogue.shared_memory:
        raise Refused("gpus.shared_memory", "the id of a rule", gpu.shared_memory, nearest(gpu.shared_memory, catalogue.shared_memory))
    return gpu


def _known_build(name: Any, engine: Engine) -> None:
    """A build that is named has to be one that is known."""
    known = [build.id for build in engine.builds] or [engine.build]
    if name is not None and name not in known:
        raise Refused("build", f"a build of {engine.name} ({', '.join(known)})", name, nearest(str(name), known))


def _built(day: str | None, catalogue: Catalogue) -> None:
    """The guide is renewed more than once a year: a later day than a year after the newest build that it knows is a slip."""
    newest = max([str(build.built) for engine in catalogue.engines.values() for build in engine.builds])
    last = f"{int(newest[:4]) + 1}{newest[4:]}"
    if day is not None and day > last:
        raise Refused("built", f"a day that has been: the newest known build is of {newest}", day, "leave it out for a recent build")


def _one_memory(asked: Mapping[str, Any], gpus: Sequence[Device]) -> None:
    """A machine whose GPU shares its memory has no other."""
    for device in gpus:
        if all(one.gpu.shares_memory for one in gpus) and asked["ram_gib"] is not None and asked["ram_gib"] != device.memory_gib:
            raise Refused("ram_gib", f"the {device.memory_gib:g} GiB that {device.id} shares", asked["ram_gib"], "use `memory_gib` instead")


def _of_settings(
    asked: Mapping[str, Any], question: Mapping[str, Any], model: str | None, engine: Engine, devices: int, catalogue: Catalogue
) -> list[Notice]:
    """What to know of settings as they were asked."""
    notices = []
    if asked["system"] == "windows" and devices > 0:
        notices.append(Notice("spills-silently"))
    at_once = asked["context"] if asked["batch"] == USUAL_BATCH else min(asked["batch"], asked["context"])
    if question.get("ubatch") is not None and asked["ubatch"] > at_once:
        notices.append(Notice("micro-batch-cut", {"tokens": at_once}))
    if asked["moe_cache_mib"] > 0:
        notices.append(Notice("expert-cache-speed"))
    if asked["mtp"] and asked["split_mode"] == "tensor" and devices > 1:
        notices.append(Notice("guesses-in-slices"))
    if asked["mmproj"]:
        known = model is not None and tower_of(catalogue.models[model], catalogue.models) is not None
        of_files = "picture-reserved" if known else "projector-buffer"
        notices.append(Notice(of_files if engine.gguf else "tower-weights"))
    return notices


def _gpu_layers(asked: int | str, a: Architecture) -> int | None:
    """Layers on GPUs; None: as many as fit."""
    if isinstance(asked, str):
        return None
    return min(asked, a.layers + a.prediction_layers + 1)
