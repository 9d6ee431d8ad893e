"""A question, checked: which model, in which format, with which context, on which devices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from macros.estimate.asked.devices import Device, check_memory, devices_of
from macros.estimate.asked.engine import cache_types, check_build, check_engine, engine_of
from macros.estimate.asked.model import check_format, subject
from macros.estimate.contradictions import check, check_cells
from macros.estimate.notices import Notice
from macros.estimate.question import OPTIONS, USUAL_BATCH, USUAL_DRAFT, Options, read_question
from macros.estimate.refused import Refused
from macros.specs import Catalogue
from macros.specs.architectures import Architecture
from macros.specs.engines import Engine
from macros.specs.models import predicts, tower_of
from macros.specs.quantizations import Quantization, TensorType


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


def pass_tokens(setting: Setting) -> int:
    """Tokens that go through the model together: no more than the context holds, nor than a batch that somebody asked for.

    Args:
        setting: the checked question

    Returns:
        Tokens of a pass; a batch that nobody asked for grows with the micro-batch. [tokens]
    """
    least = setting.context if setting.batch == USUAL_BATCH else min(setting.batch, setting.context)
    return min(setting.ubatch, least)


def check_setting(question: Mapping[str, Any], catalogue: Catalogue) -> Setting:
    """Check a question; raises Refused, which names the field.

    Args:
        question: keys and values as `python -m macros estimate` takes them
        catalogue: the records

    Returns:
        The checked question.
    """
    check_engine(question, catalogue)
    check_format(question, catalogue)
    asked = read_question(question, catalogue.records)
    about = subject(question, asked, catalogue)
    asked = asked | {"context": about.context}
    a, quant = about.architecture, about.quant
    engine = engine_of(question, asked, a, quant, catalogue)
    key_type, value_type = cache_types(asked, a, engine, catalogue)
    gpus = devices_of(asked, engine, catalogue)
    check(asked, question, a, len(gpus), catalogue)
    slots = _slots(asked, engine)
    check_memory(asked, gpus)
    check_build(asked["build"], engine)
    _built(asked["built"], catalogue)
    told = [*about.notices, *_of_format(asked, quant), *_of_devices(gpus, engine)]
    told += _of_settings(asked, question, about.model, engine, len(gpus), catalogue)
    listed = catalogue.models[about.model] if about.model is not None else None
    values = {name: asked[name] for name in OPTIONS} | {
        "prompt_tokens": min(asked["prompt_tokens"], asked["context"]),
        "logits_rows": _logits_rows(asked, slots),
        "model": about.model,
        "architecture": a,
        "quant": quant,
        "engine": engine,
        "kv_type_k": key_type,
        "kv_type_v": value_type,
        "slots": slots,
        "gpus": gpus,
        "gpu_layers": _gpu_layers(asked["gpu_layers"], a, engine),
        "may_predict": listed is not None and a.prediction_layers == 0 and predicts(listed),
        "has_towers": listed is not None and listed.projector is not None,
        "notices": tuple([one for one in told if one.code != "class-unknown" or engine.id in one.values["engines"].split(" / ")]),
    }
    return Setting(**values)


def _slots(asked: Mapping[str, Any], engine: Engine) -> int:
    """Conversations that a program makes room for: who serves more users than it has slots for starts it with as many."""
    slots: int = asked["slots"] if asked["slots"] is not None else 4 if asked["profile"] == "server" else 1
    if "kv_unified" not in engine.settings:
        return slots
    if asked["slots"] is None:
        slots = max(slots, asked["users"])
    if engine.most_sequences is not None and slots > engine.most_sequences:
        key = "users" if asked["slots"] is None else "slots"
        expected = f"at most the {engine.most_sequences} conversations that {engine.name} keeps apart"
        raise Refused(key, expected, slots, "start the program twice, or ask for fewer")
    check_cells(asked, slots)
    return slots


def _logits_rows(asked: Mapping[str, Any], slots: int) -> int | None:
    """Tokens of a pass that logits are wanted of; a checking pass gives them for each guess besides."""
    if asked["logits_rows"] is not None or asked["profile"] != "server":
        rows: int | None = asked["logits_rows"]
        return rows
    guesses = (asked["draft_tokens"] or USUAL_DRAFT) if asked["mtp"] or asked["draft"] is not None else 0
    return slots * (1 + guesses)


def _built(day: str | None, catalogue: Catalogue) -> None:
    """The guide is renewed more than once a year: a later day than a year after the newest build that it knows is a slip."""
    newest = max([str(build.built) for engine in catalogue.engines.values() for build in engine.builds])
    last = f"{int(newest[:4]) + 1}{newest[4:]}"
    if day is not None and day > last:
        raise Refused("built", f"a day that has been: the newest known build is of {newest}", day, "leave it out for a recent build")


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
    each = asked["context"] // asked["users"]
    if "kv_unified" in engine.settings and asked["users"] > 1 and each < asked["prompt_tokens"]:
        notices.append(Notice("users-share-context", {"each": each, "prompt": asked["prompt_tokens"]}))
    if asked["moe_cache_mib"] > 0:
        notices.append(Notice("expert-cache-speed"))
    if asked["mtp"] and asked["split_mode"] == "tensor" and devices > 1:
        notices.append(Notice("guesses-in-slices"))
    if asked["mmproj"]:
        known = model is not None and tower_of(catalogue.models[model], catalogue.models) is not None
        of_files = "picture-reserved" if known else "projector-buffer"
        notices.append(Notice(of_files if engine.gguf else "tower-weights"))
    return notices


def _of_format(asked: Mapping[str, Any], quant: Quantization) -> list[Notice]:
    """What to know of a format without what it needs."""
    needs = quant.recipe is not None and quant.recipe.needs_importance_matrix and not asked["imatrix"]
    return [Notice("needs-imatrix", {"quant": quant.id})] if needs else []


def _of_devices(gpus: Sequence[Device], engine: Engine) -> list[Notice]:
    """What to know of devices of which an engine's share is not known."""
    notices = []
    for device in gpus:
        if device.backend == "":
            notices.append(Notice("no-engine", {"device": device.id}))
        elif device.backend not in engine.contexts:
            notices.append(Notice("context-unknown", {"device": device.id, "backend": device.backend}))
    return notices


def _gpu_layers(asked: int | str, a: Architecture, engine: Engine) -> int | None:
    """Layers on GPUs; None: as many as fit."""
    if isinstance(asked, str):
        return None
    layers = min(asked, a.layers + a.prediction_layers + 1)
    if engine.splits != "layers" and layers < a.layers + 1:
        raise Refused("gpu_layers", "all layers on GPUs, which this engine needs", layers, "leave it out")
    return layers
