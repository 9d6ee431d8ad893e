"""What the guide shows first: the records that say `headline`, from small to large, and the format in which people run a model."""

from __future__ import annotations

from datetime import date

from macros.estimate import columns
from macros.estimate.files.quantized import of_publisher
from macros.formulas.parameters import parameters
from macros.formulas.remember import by_identity
from macros.formulas.weights.file import weight_bytes
from macros.specs import Catalogue
from macros.specs.models import architecture_of

QUANT = "q4_k_m"
"""What people run a model in that was released in 16 bits."""
LADDER = ("q4_k_m", "q5_k_m", "q6_k", "q8_0")
"""From four bits up: below, a smaller model is the better choice; above, nothing is gained that one could read."""
STALE_MONTHS = 9
"""Months after which the newest headline model is old."""


COARSER, FINER = 0.9, 1.1
"""Beside the form in which a model came out: formats that save a tenth are worth a row; none is that takes a tenth more."""


def own_quant(catalogue: Catalogue, model: str) -> str | None:
    """The GGUF preset that holds what the publisher released in few bits; None where there is none, or the model came out in 16 bits."""
    native = catalogue.models[model].native_quant
    return None if native is None else catalogue.quantizations[native].gguf


def quant_of(catalogue: Catalogue, model: str) -> str:
    """The format of the tables: the one that the model was released in, or four bits."""
    return own_quant(catalogue, model) or QUANT


def native_bytes(catalogue: Catalogue, model: str) -> int | None:
    """Tensors of the form in which a model came out [bytes]; None for one of 16 bits."""
    native = catalogue.models[model].native_quant
    if native is None:
        return None
    shapes = architecture_of(catalogue.models[model], catalogue.models)
    return weight_bytes(shapes, of_publisher(catalogue.quantizations[native], model, catalogue.checkpoints), catalogue.tensor_types)


@by_identity
def ladder_of(catalogue: Catalogue, model: str, ladder: tuple[str, ...] = LADDER) -> tuple[str, ...]:
    """The formats worth downloading, from small to large: none is finer than what was released."""
    native = native_bytes(catalogue, model)
    if native is None:
        return ladder
    own = own_quant(catalogue, model)
    offered = ladder if own is None else (*ladder, own)
    found = columns.sizes(catalogue, [model], offered)
    sizes: dict[str, int] = dict(zip(found["quant"], found["bytes"], strict=True))
    most = FINER * native if own is None else COARSER * sizes[own]
    kept = [quant for quant in ladder if sizes[quant] <= most and quant != own]
    return (*kept, own) if own is not None else tuple(kept)


@by_identity
def headline_models(catalogue: Catalogue) -> list[str]:
    """Ids of the models that come first, from small to large."""
    marked = [model for model in catalogue.models.values() if model.headline]
    return [model.id for model in sorted(marked, key=lambda model: parameters(architecture_of(model, catalogue.models)))]


KINDS = ("card", "laptop", "unified", "integrated", "accelerator", "phone")
"""The order in which devices are listed."""


@by_identity
def headline_devices(catalogue: Catalogue) -> list[str]:
    """Ids of the devices that come first: cards, laptops, unified memory; each from small to large, newest first among equals."""
    marked = [gpu for gpu in catalogue.gpus.values() if gpu.headline]
    order = sorted(marked, key=lambda gpu: (gpu.released or date.min, gpu.id), reverse=True)
    return [gpu.id for gpu in sorted(order, key=lambda gpu: (KINDS.index(gpu.kind), gpu.largest_memory_gib))]


@by_identity
def headline_cpus(catalogue: Catalogue) -> list[str]:
    """Ids of the processors that come first, by memory channels, newest last."""
    marked = [cpu for cpu in catalogue.cpus.values() if cpu.headline]
    return [cpu.id for cpu in sorted(marked, key=lambda cpu: (cpu.memory_channels, cpu.released or date.min))]


def stale(catalogue: Catalogue, today: date) -> str | None:
    """What is to be said of headline models that have grown old; None while the newest is young enough."""
    known = [model for model in catalogue.models.values() if model.headline and model.released is not None]
    newest = max(known, key=lambda model: (model.released, model.id))
    assert newest.released is not None
    months = 12 * (today.year - newest.released.year) + today.month - newest.released.month
    if months <= STALE_MONTHS:
        return None
    return (
        f"data/models: expected a headline model of the last {STALE_MONTHS} months, got {newest.id} of {newest.released} as the newest. "
        "Fix: mark newer models with `headline: true`, and unmark those that nobody runs any more"
    )
