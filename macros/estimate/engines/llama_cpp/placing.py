"""Which layers go where, once somebody has said how many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from macros.estimate.engines.llama_cpp.builds import basis
from macros.estimate.engines.llama_cpp.companions import server_bytes, with_companions
from macros.estimate.engines.llama_cpp.overrides import moves_of
from macros.estimate.engines.llama_cpp.plan import Placed, plan
from macros.estimate.engines.llama_cpp.splitting import split_layers
from macros.estimate.setting import Setting
from macros.estimate.shares import Placement, Share, empty_host, empty_shares, slices
from macros.estimate.weights import ModelWeights
from macros.formulas.remember import by_identity
from macros.specs import Catalogue


def every_layer(setting: Setting) -> int:
    """All layers as llama.cpp counts them [layers]."""
    return setting.architecture.layers + setting.architecture.prediction_layers + 1


@dataclass(frozen=True)
class Split:
    """Which layers lie where."""

    devices: tuple[Placed, ...]
    """Of each device."""
    counted: tuple[int, ...]
    """Layers of each device as llama.cpp counts them [layers]."""
    host: Placed
    """Of the host."""


def split_of(setting: Setting, gpu_layers: int, empty: Sequence[Share], advised: tuple[float, ...] | None = None) -> Split:
    """Which layers lie where, once so many are on the devices; several may be advised to share them in another way than by room."""
    if slices(setting):
        every = (tuple(range(setting.architecture.layers)), True)
        return Split(tuple([every for _ in empty]), tuple([every_layer(setting) for _ in empty]), ((), False))
    if advised is not None:
        free = advised
    elif setting.split_mode == "none":
        free = tuple([float(number == setting.main_gpu) for number in range(len(empty))])
    elif setting.tensor_split is not None:
        free = setting.tensor_split
    elif len(empty) == 1:
        free = (1.0,)
    else:
        free = tuple([float(max(share.usable_bytes - share.runtime_bytes, 1)) for share in empty])
    return _split(setting.architecture.layers, setting.architecture.prediction_layers, gpu_layers, free)


@by_identity
def _split(layers: int, prediction_layers: int, gpu_layers: int, free: tuple[float, ...]) -> Split:
    parts = split_layers(layers=layers + prediction_layers, gpu_layers=gpu_layers, free=free) if free else []
    on_device = {layer for own, _ in parts for layer in own}
    devices = tuple([(tuple([layer for layer in own if layer < layers]), has_output) for own, has_output in parts])
    rest = tuple([layer for layer in range(layers) if layer not in on_device])
    counted = tuple([len(own) + int(has_output) for own, has_output in parts])
    return Split(devices, counted, (rest, not any(has_output for _, has_output in parts)))


def filled_shares(split: Split, empty: Sequence[Share], host: Share, states: Sequence[int] | None = None) -> tuple[list[Share], Share]:
    """The devices and the host with their layers, and with the states of recurrent layers where known, before anything is planned."""
    of = [0 for _ in [*empty, host]] if states is None else states
    devices = [
        replace(share, layers=layers, has_output=has_output, counted=counted, state_bytes=state)
        for share, (layers, has_output), counted, state in zip(empty, split.devices, split.counted, of[:-1], strict=True)
    ]
    layers, has_output = split.host
    return devices, replace(host, layers=layers, has_output=has_output, state_bytes=of[-1])


def placed(setting: Setting, weights: ModelWeights, gpu_layers: int, catalogue: Catalogue, *, roughly: bool = False) -> Placement:
    """Place so many layers on the devices.

    Args:
        setting: a checked question
        weights: what the layers weigh
        gpu_layers: layers as llama.cpp counts them [layers]
        catalogue: the records
        roughly: whether buffers may be about the same

    Returns:
        The placement, whether it fits or not.
    """
    empty = empty_shares(setting, catalogue)
    devices, host = filled_shares(split_of(setting, gpu_layers, empty), empty, empty_host(setting, catalogue))
    filled = with_companions(setting, weights, plan(setting, weights, devices, host, roughly=roughly), catalogue)
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
