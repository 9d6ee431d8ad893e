"""Which layers go where: as asked, or as many on the devices as fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from macros.estimate.engines.llama_cpp.plan import plan
from macros.estimate.setting import Setting
from macros.estimate.shares import Placement, Share, empty_shares
from macros.estimate.weights import ModelWeights
from macros.formulas.elementwise import added
from macros.specs import Catalogue


def split_layers(*, layers: int, gpu_layers: int, free: Sequence[float]) -> list[tuple[list[int], bool]]:
    """Which layers go to which device: the last ones, in shares like the devices' free memory.

    Args:
        layers: layers in the file, prediction layers among them [layers]
        gpu_layers: layers to place, the output counting as one [layers]
        free: free memory of each device [bytes]

    Returns:
        For each device its layers and whether it has the output.
    """
    first = max(layers + 1 - gpu_layers, 0)
    placed = min(gpu_layers, layers + 1)
    total = added(list(free))
    bounds = [added(list(free[: index + 1])) / total for index in range(len(free))]
    result: list[tuple[list[int], bool]] = [([], False) for _ in free]
    device = 0
    for layer in range(first, layers + 1):
        while device < len(free) - 1 and bounds[device] <= (layer - first) / placed:
            device += 1
        if layer == layers:
            result[device] = (result[device][0], True)
        else:
            result[device][0].append(layer)
    return result


def place(setting: Setting, weights: ModelWeights, catalogue: Catalogue) -> Placement:
    """Place a model: as asked, or with as many layers on the devices as fit.

    Args:
        setting: a checked question
        weights: what the layers weigh
        catalogue: the records

    Returns:
        The placement.

    Assumes: layers go to devices in shares like their free memory, as llama.cpp splits them.
    """
    a = setting.architecture
    every = a.layers + a.prediction_layers + 1
    if not setting.gpus:
        return _placed(setting, weights, 0, catalogue)
    if setting.gpu_layers is not None:
        return _placed(setting, weights, setting.gpu_layers, catalogue)
    low, high = 0, every
    best = _placed(setting, weights, every, catalogue)
    if best.fits:
        return best
    best = _placed(setting, weights, 0, catalogue)
    # What a single device holds grows with its layers, so halving finds the most that fit; on several the split moves with every layer.
    while low < high:
        middle = (low + high + 1) // 2
        tried = _placed(setting, weights, middle, catalogue)
        if tried.fits:
            low, best = middle, tried
        else:
            high = middle - 1
    if len(setting.gpus) == 1:
        return best
    room = sum(share.usable_bytes - share.runtime_bytes - share.margin_bytes for share in best.devices)
    for count in range(every - 1, low, -1):
        if _least_bytes(setting, weights, count) <= room:
            tried = _placed(setting, weights, count, catalogue)
            if tried.fits:
                return tried
    return best


def _least_bytes(setting: Setting, weights: ModelWeights, gpu_layers: int) -> int:
    """Weights of so many layers, without which there is nothing to try [bytes]."""
    held = weights.output.device_bytes
    for layer in range(max(setting.architecture.layers + setting.architecture.prediction_layers + 1 - gpu_layers, 0), len(weights.layers)):
        held += weights.layers[layer].device_bytes
        if setting.experts_on_host:
            held -= weights.layers[layer].expert_device_bytes
    return held


def _placed(setting: Setting, weights: ModelWeights, gpu_layers: int, catalogue: Catalogue) -> Placement:
    a = setting.architecture
    empty = empty_shares(setting, catalogue)
    free = [max(share.usable_bytes - share.runtime_bytes, 1) for share in empty]
    parts = split_layers(layers=a.layers + a.prediction_layers, gpu_layers=gpu_layers, free=free) if setting.gpus else []
    placed = {layer for layers, _ in parts for layer in layers}
    devices = []
    for share, (layers, has_output) in zip(empty, parts, strict=True):
        own = tuple(layer for layer in layers if layer < a.layers)
        devices.append(replace(share, layers=own, has_output=has_output, counted=len(layers) + has_output))
    rest = tuple(layer for layer in range(a.layers) if layer not in placed)
    host = Share("host", None, rest, not any(share.has_output for share in devices))
    filled = plan(setting, weights, devices, host)
    counted = sum(share.counted for share in filled)
    return Placement(setting, weights, tuple(filled[:-1]), filled[-1], counted)
