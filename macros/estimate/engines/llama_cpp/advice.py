"""The fastest of all placements that fit: layers, experts of the first layers or the cache in RAM, by the guide's own speed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from macros.estimate.engines.llama_cpp.overrides import moves_of
from macros.estimate.engines.llama_cpp.placing import every_layer, placed, shares_of
from macros.estimate.engines.llama_cpp.plan import least
from macros.estimate.engines.llama_cpp.slicing import check_slices
from macros.estimate.setting import Setting
from macros.estimate.shares import Placement, slices
from macros.estimate.speed import decode_speed
from macros.estimate.weights import ModelWeights
from macros.specs import Catalogue

LIKELY = 0.97
"""Of the buffers of a few placements, so much is taken for sure before one is planned."""
SPARE_TRIES = 8
"""Numbers of layers that are kept for trial: buffers may keep the first ones from fitting."""


@dataclass(frozen=True)
class Candidate:
    """A way to place a model, not planned yet."""

    setting: Setting
    gpu_layers: int
    speed: float
    """What it would reach [tokens/s]."""


def place(setting: Setting, weights: ModelWeights, catalogue: Catalogue) -> Placement:
    """Place a model: as asked; otherwise everything on the devices, or what is fastest of all that fits.

    Args:
        setting: a checked question
        weights: what the layers weigh
        catalogue: the records

    Returns:
        The placement.

    Assumes: layers go to devices in shares like their free memory, as llama.cpp splits them.
    """
    check_slices(setting)
    if not setting.gpus:
        return placed(setting, weights, 0, catalogue)
    if setting.gpu_layers is not None:
        return placed(setting, weights, setting.gpu_layers, catalogue)
    whole = placed(setting, weights, every_layer(setting), catalogue)
    return whole if whole.fits or slices(setting) else advised(setting, weights, catalogue)


def advised(setting: Setting, weights: ModelWeights, catalogue: Catalogue) -> Placement:
    """The fastest placement that fits, and the fastest of another kind as its alternative.

    Args:
        setting: a checked question that leaves the layers open; what it says of experts, tensors or the cache stays
        weights: what the layers weigh
        catalogue: the records

    Returns:
        The placement; with nothing on the devices where nothing else fits.

    Assumes: fewer experts or layers in RAM are never slower.
    """
    best: dict[str, Placement] = {}
    speeds: dict[str, float] = {}
    for candidate in sorted(_candidates(setting, weights, catalogue), key=lambda one: -one.speed):
        kind = _kind(candidate.setting, candidate.gpu_layers)
        if candidate.speed <= speeds.get(kind, 0.0):
            continue
        placement = _fitting(candidate, setting, weights, catalogue)
        if placement is not None:
            speed = decode_speed(placement.setting, placement, catalogue)
            if speed > speeds.get(kind, 0.0):
                best[kind] = placement
                speeds[kind] = speed
    if not best:
        return _most_layers(setting, weights, catalogue)
    ranked = sorted(best, key=lambda kind: -speeds[kind])
    return replace(best[ranked[0]], alternative=best[ranked[1]]) if len(ranked) > 1 else best[ranked[0]]


def _most_layers(setting: Setting, weights: ModelWeights, catalogue: Catalogue) -> Placement:
    """The most layers that fit, where buffers left none of the candidates; nothing on the devices where none do."""
    for gpu_layers in range(every_layer(setting) - 1, 0, -1):
        if _has_room(setting, gpu_layers, [0.0 for _ in setting.gpus], weights, catalogue):
            tried = placed(setting, weights, gpu_layers, catalogue)
            if tried.fits:
                return tried
    return placed(setting, weights, 0, catalogue)


def _kind(setting: Setting, gpu_layers: int) -> str:
    """What lies in RAM, layers or experts: the runner-up should be of another kind."""
    return "layers" if (setting.n_cpu_moe or 0) <= every_layer(setting) - gpu_layers else "experts"


def _candidates(setting: Setting, weights: ModelWeights, catalogue: Catalogue) -> list[Candidate]:
    """Placements in which weights, cache and a likely buffer have room: most layers without, and with the fewest experts in RAM."""
    found = []
    every, layers = every_layer(setting), setting.architecture.layers
    buffers = _least_buffers([setting], [every // 2], weights, catalogue)
    for gpu_layers in range(every, -1, -1):
        if _has_room(setting, gpu_layers, buffers, weights, catalogue):
            found.append(_candidate(setting, gpu_layers, weights, catalogue))
            if len(found) == SPARE_TRIES:
                break
    if not _open(setting):
        return found
    half = _with_experts(setting, layers // 2, every, weights, catalogue)
    buffers = _least_buffers([half, half], [every, every - layers // 4], weights, catalogue)
    experts = layers
    for gpu_layers in range(every, -1, -1):
        fewest = _fewest(setting, experts, gpu_layers, buffers, weights, catalogue)
        if fewest is not None:
            experts = fewest.n_cpu_moe or 0
            if experts <= every - gpu_layers:
                break
            found.append(_candidate(fewest, gpu_layers, weights, catalogue))
    return found


def _least_buffers(settings: list[Setting], gpu_layers: list[int], weights: ModelWeights, catalogue: Catalogue) -> list[float]:
    """What buffers take on each device at least, by a few placements of the kind; less a little, as others may take less [bytes]."""
    tried = [placed(one, weights, count, catalogue) for one, count in zip(settings, gpu_layers, strict=True)]
    count = len(settings[0].gpus)
    return [LIKELY * min([one.devices[device].compute_buffer_bytes for one in tried]) for device in range(count)]


def _candidate(setting: Setting, gpu_layers: int, weights: ModelWeights, catalogue: Catalogue) -> Candidate:
    """One of them, with the speed that it would reach."""
    devices, host = shares_of(setting, gpu_layers, catalogue)
    unplanned = Placement(setting, weights, tuple(devices), host, gpu_layers, moves=moves_of(setting, weights))
    return Candidate(setting, gpu_layers, decode_speed(setting, unplanned, catalogue))


def _with_experts(setting: Setting, experts: int, gpu_layers: int, weights: ModelWeights, catalogue: Catalogue) -> Setting:
    """So many layers' experts in RAM; several cards then share the layers by what is left of them, not by their number."""
    more = replace(setting, n_cpu_moe=experts)
    if len(setting.gpus) < 2 or setting.tensor_split is not None or setting.split_mode != "layer":
        return more
    moved = moves_of(more, weights).layers
    first = max(every_layer(setting) - gpu_layers, 0)
    empty, _ = shares_of(more, 0, catalogue)
    room = [max(share.usable_bytes - share.runtime_bytes - share.margin_bytes, 1) for share in empty]
    sizes = []
    for layer in range(first, len(weights.layers)):
        piece = weights.layers[layer]
        sizes.append(piece.device_bytes - sum([piece.tensors[name][1] for name in moved[layer]]))
    sizes += [0] * (every_layer(setting) - 1 - len(weights.layers))
    sizes.append(weights.output.device_bytes + weights.tied.device_bytes)
    return replace(more, tensor_split=tuple(_counts(sizes, room)))


def _counts(sizes: list[int], room: list[int]) -> list[float]:
    """How many of these, in order, each card takes so that all are equally full."""
    counts = [0.0 for _ in room]
    total, filled, card = sum(sizes), 0, 0
    for size in sizes:
        while card < len(room) - 1 and filled + size / 2 > total * sum(room[: card + 1]) / sum(room):
            card += 1
        counts[card] += 1
        filled += size
    return counts


def _open(setting: Setting) -> bool:
    """Whether the question leaves open which experts are in RAM."""
    asked = setting.experts_on_host or setting.n_cpu_moe is not None or setting.n_cpu_ffn > 0 or len(setting.override_tensor) > 0
    return setting.architecture.experts is not None and not asked


def _fewest(
    setting: Setting, most: int, gpu_layers: int, buffers: list[float], weights: ModelWeights, catalogue: Catalogue
) -> Setting | None:
    """The setting with the fewest experts in RAM, up to so many layers, with which weights and cache have room; None: they never have."""
    best = _with_experts(setting, most, gpu_layers, weights, catalogue)
    if not _has_room(best, gpu_layers, buffers, weights, catalogue):
        return None
    low, high = 0, most
    while high - low > 1:
        # Close to the last number of layers the answer changes little: first look near it.
        middle = high - 1 if high == most and most < setting.architecture.layers else (low + high) // 2
        tried = _with_experts(setting, middle, gpu_layers, weights, catalogue)
        if _has_room(tried, gpu_layers, buffers, weights, catalogue):
            high, best = middle, tried
        else:
            low = middle
    return best


def _has_room(setting: Setting, gpu_layers: int, buffers: list[float], weights: ModelWeights, catalogue: Catalogue) -> bool:
    devices, host = shares_of(setting, gpu_layers, catalogue)
    needs = least(setting, weights, devices, host)
    for share, need, buffer in zip(devices, needs, buffers, strict=False):
        if need + buffer + share.runtime_bytes + share.margin_bytes > share.usable_bytes:
            return False
    return needs[-1] <= host.usable_bytes


def _fitting(candidate: Candidate, asked: Setting, weights: ModelWeights, catalogue: Catalogue) -> Placement | None:
    """The candidate, with as many more experts in RAM as its buffers make necessary; None: it does not fit with any."""
    placement = placed(candidate.setting, weights, candidate.gpu_layers, catalogue)
    experts = candidate.setting.n_cpu_moe or 0
    while not placement.fits and _open(asked) and experts < asked.architecture.layers:
        experts += 1
        more = _with_experts(asked, experts, candidate.gpu_layers, weights, catalogue)
        placement = placed(more, weights, candidate.gpu_layers, catalogue)
    return placement if placement.fits else None
