"""Which layers go where, once somebody has said how many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from macros.estimate.engines.llama_cpp.builds import basis
from macros.estimate.engines.llama_cpp.companions import server_bytes, with_companions
from macros.estimate.engines.llama_cpp.overrides import moves_of
from macros.estimate.engines.llama_cpp.plan import plan
from macros.estimate.setting import Setting
from macros.estimate.shares import Placement, Share, empty_host, empty_shares, slices
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


def every_layer(setting: Setting) -> int:
    """All layers as llama.cpp counts them [layers]."""
    return setting.architecture.layers + setting.architecture.prediction_layers + 1


def shares_of(setting: Setting, gpu_layers: int, catalogue: Catalogue) -> tuple[list[Share], Share]:
    """The devices and the host with their layers, before anything is planned."""
    a = setting.architecture
    empty = empty_shares(setting, catalogue)
    if slices(setting):
        every = tuple(range(a.layers))
        counted = every_layer(setting)
        cards = [replace(share, layers=every, has_output=True, counted=counted) for share in empty]
        return cards, empty_host(setting, catalogue)
    if setting.split_mode == "none":
        free = [float(number == setting.main_gpu) for number in range(len(empty))]
    elif setting.tensor_split is not None:
        free = list(setting.tensor_split)
    else:
        free = [max(share.usable_bytes - share.runtime_bytes, 1) for share in empty]
    parts = split_layers(layers=a.layers + a.prediction_layers, gpu_layers=gpu_layers, free=free) if setting.gpus else []
    on_device = {layer for layers, _ in parts for layer in layers}
    devices = []
    for share, (layers, has_output) in zip(empty, parts, strict=True):
        own = tuple(layer for layer in layers if layer < a.layers)
        devices.append(replace(share, layers=own, has_output=has_output, counted=len(layers) + has_output))
    rest = tuple(layer for layer in range(a.layers) if layer not in on_device)
    host = replace(empty_host(setting, catalogue), layers=rest, has_output=not any(share.has_output for share in devices))
    return devices, host


def placed(setting: Setting, weights: ModelWeights, gpu_layers: int, catalogue: Catalogue) -> Placement:
    """Place so many layers on the devices.

    Args:
        setting: a checked question
        weights: what the layers weigh
        gpu_layers: layers as llama.cpp counts them [layers]
        catalogue: the records

    Returns:
        The placement, whether it fits or not.
    """
    devices, host = shares_of(setting, gpu_layers, catalogue)
    filled = with_companions(setting, weights, plan(setting, weights, devices, host), catalogue)
    build, from_what = basis(setting)
    counted = filled[0].counted if slices(setting) else sum(share.counted for share in filled)
    return Placement(
        setting,
        weights,
        tuple(filled[:-1]),
        filled[-1],
        counted,
        moves=moves_of(setting, weights),
        build=build,
        basis=from_what,
        kept_in_ram=server_bytes(setting) if setting.profile == "server" else None,
    )
