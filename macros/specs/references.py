"""Do names in one record lead to another record?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from macros.specs.catalogue import Catalogue, cross_check
from macros.specs.catalogue import load as load
from macros.specs.errors import SpecError, nearest
from macros.specs.form import BaseModel
from macros.specs.kinds import KINDS
from macros.specs.yaml_file import Location


def _missing(catalogue: Catalogue, kind: str, record: str, at: Location, folder: str, name: str | None) -> Iterator[SpecError]:
    known: Mapping[str, Any] = catalogue.records[folder]
    if name is not None and name not in known:
        yield catalogue.error(kind, record, at, f"the id of a file in data/{folder}", f"'{name}'", nearest(name, known))


@cross_check
def devices(catalogue: Catalogue) -> Iterator[SpecError]:
    """Every device names a family, what shares its memory, and every processor kinds of memory, that exist."""
    for kind in ("gpus", "cpus"):
        for record in catalogue.records[kind].values():
            yield from _missing(catalogue, kind, record.id, ("family",), "device-families", record.family)
    for gpu in catalogue.gpus.values():
        yield from _missing(catalogue, "gpus", gpu.id, ("shared_memory",), "shared-memory", gpu.shared_memory)
    for cpu in catalogue.cpus.values():
        for index, memory in enumerate(cpu.memory_kinds):
            yield from _missing(catalogue, "cpus", cpu.id, ("memory_kinds", index), "memory", memory)


@cross_check
def measurements(catalogue: Catalogue) -> Iterator[SpecError]:
    """Every measured row names devices, a model, a format and a source that exist."""
    for file in catalogue.measurements.values():
        yield from _missing(catalogue, "measurements", file.id, ("source",), "sources", file.source)
        for index, row in enumerate(file.rows):
            at: Location = ("rows", index)
            for gpu in row.gpus:
                yield from _missing(catalogue, "measurements", file.id, (*at, "gpus"), "gpus", gpu)
            for key, folder in (
                ("cpu", "cpus"),
                ("memory", "memory"),
                ("model", "models"),
                ("quant", "quantizations"),
                ("dense_quant", "quantizations"),
            ):
                if folder in catalogue.records:
                    yield from _missing(catalogue, "measurements", file.id, (*at, key), folder, getattr(row, key))
            if row.source not in catalogue.sources:
                fix = f"{nearest(row.source, catalogue.sources)}, or add it to data/sources.yaml"
                yield catalogue.error("measurements", file.id, (*at, "source"), "an id in data/sources.yaml", f"'{row.source}'", fix)


@cross_check
def models(catalogue: Catalogue) -> Iterator[SpecError]:
    """Every model names a family, and other models (its base, its draft), that exist; a draft shares its vocabulary."""
    for model in catalogue.models.values():
        yield from _missing(catalogue, "models", model.id, ("family",), "families", model.family)
        yield from _missing(catalogue, "models", model.id, ("based_on",), "models", model.based_on)
        yield from _missing(catalogue, "models", model.id, ("draft",), "models", model.draft)
        yield from _missing(catalogue, "models", model.id, ("native_quant",), "quantizations", model.native_quant)
        for index, score in enumerate(model.scores):
            yield from _missing(catalogue, "models", model.id, ("scores", index, "source"), "sources", score.source)
        draft = catalogue.models.get(model.draft)
        if draft is not None and draft.family != model.family:
            expected, got = f"a model of the family {model.family}", f"'{draft.id}' of {draft.family}"
            yield catalogue.error("models", model.id, ("draft",), expected, got, "name a small model with the same tokenizer, or remove it")


@cross_check
def lineages(catalogue: Catalogue) -> Iterator[SpecError]:
    """What a model is based on leads to a model with shapes of its own, without a circle."""
    for model in catalogue.models.values():
        seen, at = [model.id], model
        while at.architecture is None and at.based_on in catalogue.models:
            at = catalogue.models[at.based_on]
            if at.id in seen:
                got = " -> ".join([*seen, at.id])
                yield catalogue.error("models", model.id, ("based_on",), "a model with shapes of its own", got, "correct based_on")
                break
            seen.append(at.id)


@cross_check
def formats(catalogue: Catalogue) -> Iterator[SpecError]:
    """Every type that a recipe chooses exists, and what a row gets that fits no block has a smaller one."""
    types = catalogue.records["tensor-types"]
    needed = {other.fallback for other in types.values()}
    for kind in types.values():
        yield from _missing(catalogue, "tensor-types", kind.id, ("fallback",), "tensor-types", kind.fallback)
        fallback = types.get(kind.fallback)
        if fallback is not None and fallback.block >= kind.block:
            expected, got = f"a type with a block of fewer than {kind.block}", f"'{fallback.id}' with {fallback.block}"
            yield catalogue.error("tensor-types", kind.id, ("fallback",), expected, got, "name one, or correct block")
        if kind.fallback is None and kind.block != 1 and kind.id in needed:
            expected = "a fallback for rows that are no multiple of the block"
            yield catalogue.error("tensor-types", kind.id, ("fallback",), expected, "none", "name a type, or correct block")
    for quantization in catalogue.quantizations.values():
        if quantization.recipe is not None:
            for at, name in _types(quantization.recipe.model_dump(exclude_unset=True), ("recipe",)):
                yield from _missing(catalogue, "quantizations", quantization.id, at, "tensor-types", name)


def _types(value: Any, at: Location) -> Iterator[tuple[Location, str]]:
    """Names of tensor types in a recipe, with their places."""
    keys = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in keys:
        if isinstance(item, str) and key in TYPE_KEYS:
            yield (*at, key), item
        else:
            yield from _types(item, (*at, key))


TYPE_KEYS = {"type", "base", "output", "token_embedding", "stacked", "value_large", "value_eight_experts"}
"""Keys of a recipe that name a tensor type."""


@cross_check
def quality(catalogue: Catalogue) -> Iterator[SpecError]:
    """Every published loss names a model, formats and a source that exist."""
    for file in catalogue.records.get("quality", {}).values():
        yield from _missing(catalogue, "quality", file.id, ("model",), "models", file.model)
        yield from _missing(catalogue, "quality", file.id, ("source",), "sources", file.source)
        for index, row in enumerate(file.rows):
            yield from _missing(catalogue, "quality", file.id, ("rows", index, "quant"), "quantizations", row.quant)


@cross_check
def builds(catalogue: Catalogue) -> Iterator[SpecError]:
    """Every build names parts and a model that exist."""
    for build in catalogue.records.get("builds", {}).values():
        for gpu in build.gpus:
            yield from _missing(catalogue, "builds", build.id, ("gpus",), "gpus", gpu)
        for key, folder in (("cpu", "cpus"), ("memory", "memory"), ("drive", "drives")):
            yield from _missing(catalogue, "builds", build.id, (key,), folder, getattr(build, key))
        yield from _missing(catalogue, "builds", build.id, ("task", "model"), "models", build.task.model)
        yield from _missing(catalogue, "builds", build.id, ("task", "quant"), "quantizations", build.task.quant)


@cross_check
def engines(catalogue: Catalogue) -> Iterator[SpecError]:
    """Every engine reads the format in which people are said to run models there."""
    for engine in catalogue.engines.values():
        yield from _missing(catalogue, "engines", engine.id, ("usual_format",), "quantizations", engine.usual_format)
        usual = catalogue.quantizations.get(engine.usual_format)
        if usual is not None and engine.id not in usual.read_by:
            able = nearest(engine.usual_format, [quant.id for quant in catalogue.quantizations.values() if engine.id in quant.read_by])
            yield catalogue.error("engines", engine.id, ("usual_format",), f"a format that {engine.name} reads", f"'{usual.id}'", able)


@cross_check
def checkpoints(catalogue: Catalogue) -> Iterator[SpecError]:
    """Every checkpoint names a model and a format that exist."""
    for record in catalogue.records.get("checkpoints", {}).values():
        yield from _missing(catalogue, "checkpoints", record.id, ("model",), "models", record.model)
        yield from _missing(catalogue, "checkpoints", record.id, ("quant",), "quantizations", record.quant)


@cross_check
def plans(catalogue: Catalogue) -> Iterator[SpecError]:
    """Every plan and every size names a model and formats that exist."""
    for kind in ("cache-plans", "engine-plans", "file-sizes"):
        for record in catalogue.records[kind].values():
            yield from _missing(catalogue, kind, record.id, ("model",), "models", record.model)
    for record in catalogue.file_sizes.values():
        for quant in record.tensor_bytes:
            yield from _missing(catalogue, "file-sizes", record.id, ("tensor_bytes", quant), "quantizations", quant)
    for record in catalogue.engine_plans.values():
        for index, plan in enumerate(record.plans()):
            yield from _missing(catalogue, "engine-plans", record.id, ("rows", index), "quantizations", plan["quant"])
    for record in catalogue.cache_plans.values():
        for index, plan in enumerate(record.plans()):
            yield from _missing(catalogue, "cache-plans", record.id, ("rows", index), "gpus", plan["gpu"])


@cross_check
def named_once(catalogue: Catalogue) -> Iterator[SpecError]:
    """No two classes claim the same `model_type`."""
    first: dict[str, str] = {}
    for record in catalogue.architectures.values():
        for kind in record.classes:
            if kind in first:
                yield catalogue.error(
                    "architectures", record.id, ("classes", kind), "a model_type that no other class has", f"one of {first[kind]} as well",
                    f"keep it here or in data/architectures/{first[kind]}.yaml",
                )  # fmt: skip
            first.setdefault(kind, record.id)


LEADS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("architectures", "classes.*.unknown_to", ("engines",)),
    ("architectures", "classes.*.variants.*", ("architectures",)),
    ("composites", "engines", ("engines",)),
    ("unlisted", "run_by", ("engines",)),
    ("unread-classes", "run_by", ("engines",)),
    ("engines", "lacks", ("device-families",)),
    ("engines", "makes", ("quantizations",)),
    ("engines", "not_sliced", ("architectures",)),
    ("engines", "pages.checkpoints.*.families", ("device-families",)),
    ("engines", "pages.indexed_families", ("device-families",)),
    ("engines", "pages.packed_rows.*.families", ("device-families",)),
    ("engines", "pages.rules.*.families", ("device-families",)),
    ("engines", "pages.wide_states", ("architectures",)),
    ("engines", "slices.wide.*.classes", ("architectures",)),
    ("measurements", "rows.*.draft", ("models",)),
    ("models", "architecture.engine_name", ("architectures",)),
    ("models", "projector.same_as", ("models",)),
    ("other-engines", "inside", ("engines",)),
    ("other-engines", "nearest", ("engines",)),
    ("programs", "engine", ("engines",)),
    ("quantizations", "gguf", ("quantizations",)),
    ("quantizations", "per_weight.rules.*.classes", ("architectures",)),
    ("quantizations", "read_by", ("engines", "other-engines")),
    ("quantizations", "recipe.*.*.engine_name", ("architectures",)),
)
"""Kind, place in its records (* for each of several), and the kinds that the names there are ids of."""


@cross_check
def elsewhere(catalogue: Catalogue) -> Iterator[SpecError]:
    """What is named in the places of LEADS exists."""
    for kind, place, folders in LEADS:
        if not {kind, *folders} <= catalogue.records.keys():
            continue
        known = [name for folder in folders for name in catalogue.records[folder]]
        for name, record in catalogue.records[kind].items():
            for at, found in _names(record, place.split("."), () if kind in KINDS else (name,)):
                if found not in known:
                    expected = f"the id of a record in data/{' or data/'.join(folders)}"
                    yield catalogue.error(kind, name, at, expected, f"'{found}'", nearest(found, known))


def _names(value: Any, place: Sequence[str], at: Location) -> Iterator[tuple[Location, str]]:
    """The names in a place of a record, each with where it stands; of a mapping there its keys."""
    if value is None or (place and isinstance(value, str | int | float)):
        return
    if place and place[0] != "*":
        inner = value.get(place[0]) if isinstance(value, Mapping) else getattr(value, place[0], None)
        yield from _names(inner, place[1:], (*at, place[0]))
    elif place and isinstance(value, BaseModel):
        for field, one in value:
            yield from _names(one, place[1:], (*at, field))
    elif isinstance(value, str):
        yield at, value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _names(one, place[1:], (*at, key)) if place else [((*at, key), key)]
    else:
        for index, one in enumerate(value):
            yield from _names(one, place[1:], (*at, index))
