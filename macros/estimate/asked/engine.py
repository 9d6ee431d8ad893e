"""Which engine answers a question, and what of the question it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from macros.estimate.question import FLOAT_CACHE_TYPES, KEYS
from macros.estimate.refused import Refused
from macros.formulas.remember import by_identity
from macros.specs import Catalogue
from macros.specs.architectures import Architecture
from macros.specs.engines import Engine
from macros.specs.errors import nearest
from macros.specs.quantizations import Quantization, TensorType

LEAST_LETTERS = 5
"""So many first letters of another engine's name tell which is meant."""


def check_engine(question: Mapping[str, Any], catalogue: Catalogue) -> None:
    """Refuse an engine that the guide does not cover by its name, with the one that it runs, or the nearest.

    Args:
        question: as it was asked
        catalogue: the records

    Raises:
        Refused: naming the engine to use instead.
    """
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


def _letters(name: str) -> str:
    """A name without what spellings differ in."""
    return "".join(letter for letter in name.lower() if letter in "abcdefghijklmnopqrstuvwxyz0123456789")


def engine_of(question: Mapping[str, Any], asked: Mapping[str, Any], a: Architecture, quant: Quantization, catalogue: Catalogue) -> Engine:
    """The engine that is named; otherwise the first one that reads the format.

    Args:
        question: as it was asked
        asked: the values of all keys
        a: shapes of the model
        quant: format of its weights
        catalogue: the records

    Returns:
        The engine, which has every setting that is asked for.

    Raises:
        Refused: where it does not read the format, lacks a setting, or does not write texts as the model does.
    """
    engine = _reader(asked, quant, catalogue)
    _check_settings(engine, question, catalogue)
    if a.traits.keeps_no_cache and not engine.gguf:
        able = " or ".join([one.name for one in catalogue.engines.values() if one.gguf])
        raise Refused("engine", "one that writes a text all at once, as such a model does", engine.id, f"use {able}")
    return engine


def _reader(asked: Mapping[str, Any], quant: Quantization, catalogue: Catalogue) -> Engine:
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


def _check_settings(engine: Engine, question: Mapping[str, Any], catalogue: Catalogue) -> None:
    """Refuse a setting that other engines have and this one has not; at its default it asks for nothing."""
    for key in question:
        if question[key] is None or question[key] == KEYS[key].default or key in engine.settings:
            continue
        owners = [other.name for other in catalogue.engines.values() if key in other.settings]
        if owners:
            raise Refused(key, f"a setting that {engine.name} has", question[key], f"leave it out; {' and '.join(owners)} has it")


def check_build(name: Any, engine: Engine) -> None:
    """Refuse a build that is not known.

    Args:
        name: of the build, or None
        engine: whose it is

    Raises:
        Refused: naming the nearest.
    """
    known = [build.id for build in engine.builds] or [engine.build]
    if name is not None and name not in known:
        raise Refused("build", f"a build of {engine.name} ({', '.join(known)})", name, nearest(str(name), known))


def cache_types(asked: Mapping[str, Any], a: Architecture, engine: Engine, catalogue: Catalogue) -> tuple[TensorType, TensorType]:
    """Types of keys and of values.

    Args:
        asked: the values of all keys
        a: shapes of the model
        engine: that keeps them
        catalogue: the records

    Returns:
        (of keys, of values).

    Raises:
        Refused: where the engine has no such type, or the heads are no whole blocks of it.
    """
    found = []
    for key in ("kv_type_k", "kv_type_v"):
        name = asked[key] if asked[key] is not None else asked["kv_type"]
        if name not in engine.cache_types:
            used = key if asked[key] is not None else "kv_type"
            near = _nearest_in_bits(name, engine.cache_types, catalogue)
            raise Refused(used, f"a cache type of {engine.name} ({', '.join(engine.cache_types)})", name, f"use {near}")
        found.append(catalogue.tensor_types[name])
    key_type, value_type = found
    latent = a.attention.latent
    shared = a.attention.compressed is not None or (latent is not None and not latent.cached_whole)
    if shared and key_type.id != value_type.id:
        # llama-context.cpp, llama_init_from_model
        raise Refused(
            "kv_type_v",
            f"the type of `kv_type_k`, {key_type.id}, as keys are values too in this `model`",
            value_type.id,
            "write one `kv_type`",
        )
    if not asked["flash_attention"] and value_type.id not in FLOAT_CACHE_TYPES:
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


def _nearest_in_bits(name: str, types: Sequence[str], catalogue: Catalogue) -> str:
    """The type that takes most nearly as many bits a value."""
    bits = [catalogue.tensor_types[one].block_bytes / catalogue.tensor_types[one].block for one in (name, *types)]
    best = 0
    for index in range(len(types)):
        if abs(bits[index + 1] - bits[0]) < abs(bits[best + 1] - bits[0]):
            best = index
    return types[best]
