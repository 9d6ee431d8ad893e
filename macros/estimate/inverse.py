"""Questions asked backwards: how much context, and which format, a machine has room for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from macros.estimate.files.quantized import of_publisher
from macros.estimate.placement import place
from macros.estimate.ram import with_ram
from macros.estimate.setting import Setting
from macros.estimate.weights import model_weights
from macros.formulas.engine_constants import CELL_STEP
from macros.specs import Catalogue
from macros.specs.quantizations import Quantization


def fits_whole(setting: Setting, catalogue: Catalogue, *, ram_gib: float | None = None) -> bool:
    """Whether all layers have room on the devices, or in system memory where there are none.

    Args:
        setting: a checked question; how many layers it asks for does not count
        catalogue: the records
        ram_gib: system memory [GiB]; None: as much as is needed

    Returns:
        True or False.
    """
    a = setting.architecture
    return place(replace(with_ram(setting, ram_gib), gpu_layers=a.layers + a.prediction_layers + 1), catalogue).fits


def largest_context(setting: Setting, catalogue: Catalogue, *, ram_gib: float | None = None) -> int:
    """The most context with which all layers still have room.

    Args:
        setting: a checked question
        catalogue: the records
        ram_gib: system memory [GiB]; None: as much as is needed

    Returns:
        A multiple of 256, at most what the model was trained for; 0 where not even the smallest has room [tokens].

    Assumes: more context never takes less memory.
    """
    found = 0
    for context in context_trials(setting, catalogue, ram_gib):
        found = context
    return found


def context_trials(setting: Setting, catalogue: Catalogue, ram_gib: float | None) -> Iterator[int]:
    """The search for it: after each trial the most that is known to have room [tokens]."""
    low, high = 0, setting.architecture.context_length // CELL_STEP
    middle = high
    while low < high:
        if fits_whole(replace(setting, context=middle * CELL_STEP), catalogue, ram_gib=ram_gib):
            low = middle
        else:
            high = middle - 1
        yield low * CELL_STEP
        middle = (low + high + 1) // 2


def best_quantization(setting: Setting, catalogue: Catalogue, *, ram_gib: float | None = None) -> str | None:
    """The format with the most bits with which all layers have room.

    Args:
        setting: a checked question; its own format does not count
        catalogue: the records
        ram_gib: system memory [GiB]; None: as much as is needed

    Returns:
        Id of a format that the engine reads; None: even the smallest is too large.

    Assumes: more bytes of weights, better answers.
    """
    found = None
    for name in quantization_trials(setting, catalogue, ram_gib):
        found = name
    return found


def quantization_trials(setting: Setting, catalogue: Catalogue, ram_gib: float | None) -> Iterator[str | None]:
    """The search for it: after each trial the best that is known to have room."""
    formats = [quant for quant in catalogue.quantizations.values() if setting.engine.id in quant.read_by]
    most = _finest(setting, catalogue)
    weighed = [(_size(setting, quant, catalogue), quant.id) for quant in formats]
    sizes = [(size, name) for size, name in weighed if most is None or size <= most]
    ranked = [catalogue.quantizations[name] for _, name in sorted(sizes)]
    low, high = 0, len(ranked)
    while low < high:
        middle = (low + high) // 2
        if fits_whole(replace(setting, quant=ranked[middle]), catalogue, ram_gib=ram_gib):
            low = middle + 1
        else:
            high = middle
        yield ranked[low - 1].id if low > 0 else None


FINER = 1.1
"""A file of 8 bits is a little larger in other formats of as many; beyond that it holds nothing more."""


def _finest(setting: Setting, catalogue: Catalogue) -> float | None:
    """Bytes of the form in which a model came out in few bits: no format that takes more holds more; None for a model of 16 bits."""
    native = None if setting.model is None else catalogue.models[setting.model].native_quant
    if native is None or setting.model is None:
        return None
    quant = catalogue.quantizations[native]
    if quant.gguf is not None and setting.engine.gguf:
        return _size(setting, catalogue.quantizations[quant.gguf], catalogue)
    return FINER * _size(setting, of_publisher(quant, setting.model, catalogue.checkpoints), catalogue)


def _size(setting: Setting, quant: Quantization, catalogue: Catalogue) -> int:
    return model_weights(setting.architecture, quant, catalogue.tensor_types, imatrix=setting.imatrix, gguf=setting.engine.gguf).bytes
