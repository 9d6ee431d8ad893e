"""The fastest of all placements that fit: layers, experts of the first layers, or the cache in RAM, by the guide's own speed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from macros.estimate.engines.llama_cpp.overrides import moves_of, moves_with
from macros.estimate.engines.llama_cpp.placing import every_layer, filled_shares, placed, split_of
from macros.estimate.engines.llama_cpp.plan import Demand, caches_of, demand_of, least
from macros.estimate.engines.llama_cpp.slicing import check_slices
from macros.estimate.ram import one_memory
from macros.estimate.setting import Setting
from macros.estimate.shares import Moves, Placement, Share, empty_host, empty_shares, slices
from macros.estimate.speed import decode_speed
from macros.estimate.weights import ModelWeights
from macros.specs import Catalogue

LIKELY = 0.97
"""Of buffers that are known roughly, so much is taken for sure before a placement is planned."""
SPARE_TRIES = 8
"""Numbers of layers that are kept for trial: buffers may keep the first ones from fitting."""


@dataclass(frozen=True)
class Search:
    """What a placement is looked for."""

    setting: Setting
    """A checked question that leaves the layers open; what it says of experts, tensors or the cache stays."""
    weights: ModelWeights
    catalogue: Catalogue
    demand: Demand
    devices: Sequence[Share]
    """The devices with nothing on them."""
    host: Share


@dataclass(frozen=True)
class Candidate:
    """A way to place a model, not planned yet."""

    gpu_layers: int
    experts: int | None
    """Layers whose experts are in RAM; None: as the question says [layers]."""
    split: tuple[float, ...] | None
    """How several cards share the layers; None: as the question says."""
    speed: float = 0.0
    """What it would reach at most [tokens/s]."""


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
    if slices(setting):
        return placed(setting, weights, every_layer(setting), catalogue)
    search = _search(setting, weights, catalogue)
    whole = _whole(search)
    best = advised(search) if whole is None else whole
    told = setting.architecture.experts is not None and not _open(setting)
    if (one_memory(setting) and not told) or not best.fits:
        return best
    # A slow card beside fast RAM is best left alone, or with the output: layers on it are then slower, all alike. With experts in RAM
    # each layer on a card costs a way there and back, so there may be a best number of them.
    fastest = decode_speed(best.setting, best, catalogue)
    few = [_timed(search, Candidate(count, None, None)) for count in (range(every_layer(setting)) if told else (0, 1))]
    slow = _fastest(search, [one for one in few if one.speed > fastest])
    if slow is None or decode_speed(slow.setting, slow, catalogue) <= fastest:
        return best
    return replace(slow, runner_up=lambda: best)


def _whole(search: Search) -> Placement | None:
    """Everything on the devices; None: it has no room there."""
    every = every_layer(search.setting)
    if not _has_room(search, Candidate(every, None, None), [0.0 for _ in search.devices], host=False):
        return None
    whole = placed(search.setting, search.weights, every, search.catalogue)
    return whole if whole.fits else None


def advised(search: Search) -> Placement:
    """The fastest placement that fits; its runner-up is of another kind: with layers in RAM, with experts, or with the cache.

    Args:
        search: what it is looked for

    Returns:
        The placement; with nothing on the devices where nothing else fits.

    Assumes: fewer experts or layers in RAM are never slower.
    """
    setting = search.setting
    if _hopeless(search):
        return placed(setting, search.weights, 0, search.catalogue)
    candidates = _candidates(search)
    best = _fastest(search, candidates)
    without = _most_layers(search) if best is None else best
    elsewhere = _with_cache_in_ram(search, without)
    if elsewhere is not None:
        return replace(elsewhere, runner_up=lambda: without if without.fits else None)
    if best is None:
        return without
    kind = _kind(best.setting.n_cpu_moe, setting, best.gpu_layers)

    def runner_up() -> Placement | None:
        return _fastest(search, [one for one in candidates if _kind(one.experts, setting, one.gpu_layers) != kind])

    return replace(best, runner_up=runner_up)


def _search(setting: Setting, weights: ModelWeights, catalogue: Catalogue) -> Search:
    demand = demand_of(setting, len(setting.gpus))
    return Search(setting, weights, catalogue, demand, empty_shares(setting, catalogue), empty_host(setting, catalogue))


def _hopeless(search: Search) -> bool:
    """Whether all memory together is too small, so that nothing need be planned."""
    split = split_of(search.setting, 0, search.devices)
    needs = sum(least(search.demand, search.weights, split.devices, split.host, _moves_of(search, None)))
    room = search.host.usable_bytes
    if not one_memory(search.setting):
        room += sum([max(share.usable_bytes - share.runtime_bytes - share.margin_bytes, 0) for share in search.devices])
    return needs > room


def _with_cache_in_ram(search: Search, best: Placement) -> Placement | None:
    """The most layers with the cache in RAM; None: not faster, now and with a full cache, which then comes through the slot every time."""
    setting = search.setting
    if not setting.kv_offload or one_memory(setting) or _open(setting):
        return None
    moved = _search(replace(setting, kv_offload=False), search.weights, search.catalogue)
    nothing = [0.0 for _ in search.devices]
    every = every_layer(setting)
    layers = next((count for count in range(every, best.gpu_layers, -1) if _has_room(moved, Candidate(count, None, None), nothing)), 0)
    if layers == 0 or not _faster(search, Candidate(layers, None, None), moved, best):
        return None
    for count in range(layers, max(layers - SPARE_TRIES, best.gpu_layers), -1):
        placement = _placed(moved, Candidate(count, None, None))
        if placement.fits:
            return placement if _faster(search, Candidate(count, None, None), moved, best) else None
    return None


def _faster(search: Search, candidate: Candidate, moved: Search, best: Placement) -> bool:
    """Whether a candidate with the cache in RAM beats a placement, both as deep as asked and with a full cache."""
    for depth in (search.setting.depth, search.setting.context):
        other = _timed(replace(moved, setting=replace(moved.setting, depth=depth)), candidate).speed
        if other <= decode_speed(replace(best.setting, depth=depth), best, search.catalogue):
            return False
    return True


def _fastest(search: Search, candidates: Sequence[Candidate]) -> Placement | None:
    """The fastest of the candidates once their buffers are planned; None: none of them fits."""
    best: Placement | None = None
    fastest = 0.0
    for candidate in sorted(candidates, key=lambda one: -one.speed):
        if candidate.speed <= fastest:
            break
        placement = _fitting(search, candidate, fastest)
        if placement is not None:
            speed = decode_speed(placement.setting, placement, search.catalogue)
            if speed > fastest:
                best, fastest = placement, speed
    return best


def _most_layers(search: Search) -> Placement:
    """The most layers that fit, where buffers left none of the candidates; nothing on the devices where none do."""
    nothing = [0.0 for _ in search.devices]
    for gpu_layers in range(every_layer(search.setting) - 1, 0, -1):
        if _has_room(search, Candidate(gpu_layers, None, None), nothing):
            tried = placed(search.setting, search.weights, gpu_layers, search.catalogue)
            if tried.fits:
                return tried
    return placed(search.setting, search.weights, 0, search.catalogue)


def _kind(experts: int | None, setting: Setting, gpu_layers: int) -> str:
    """What lies in RAM, layers or experts: the runner-up should be of another kind."""
    return "layers" if (experts or 0) <= every_layer(setting) - gpu_layers else "experts"


def _candidates(search: Search) -> list[Candidate]:
    """Placements in which weights, cache and a likely buffer have room: most layers without, and with the fewest experts in RAM."""
    found = []
    every, layers = every_layer(search.setting), search.setting.architecture.layers
    buffers = _likely_buffers([_placed(search, Candidate(every // 2, None, None), roughly=True)])
    for gpu_layers in range(every, -1, -1):
        candidate = Candidate(gpu_layers, None, None)
        if _has_room(search, candidate, buffers):
            found.append(_timed(search, candidate))
            if len(found) == SPARE_TRIES:
                break
    if not _open(search.setting):
        return found
    for evenly in _ways_to_share(search.setting):
        tried = [_with_experts(search, layers // 2, gpu_layers, evenly) for gpu_layers in (every, every - layers // 4)]
        buffers = _likely_buffers([_placed(search, one, roughly=True) for one in tried])
        experts = layers
        for gpu_layers in range(every, -1, -1):
            fewest = _fewest(search, experts, gpu_layers, buffers, evenly=evenly)
            if fewest is not None:
                experts = fewest.experts or 0
                if experts <= every - gpu_layers:
                    break
                found.append(_timed(search, fewest))
    return found


def _likely_buffers(placements: Sequence[Placement]) -> list[float]:
    """What buffers of placements that are much like these take on each device at least [bytes]."""
    return [LIKELY * min([one.devices[device].compute_buffer_bytes for one in placements]) for device in range(len(placements[0].devices))]


def _placed(search: Search, candidate: Candidate, *, roughly: bool = False) -> Placement:
    setting = search.setting
    if candidate.experts is not None:
        split = setting.tensor_split if candidate.split is None else candidate.split
        setting = replace(setting, n_cpu_moe=candidate.experts, tensor_split=split)
    return placed(setting, search.weights, candidate.gpu_layers, search.catalogue, roughly=roughly)


def _moves_of(search: Search, experts: int | None) -> Moves:
    return moves_of(search.setting, search.weights) if experts is None else moves_with(search.setting, search.weights, experts)


def _timed(search: Search, candidate: Candidate) -> Candidate:
    """The candidate, with the speed that it would reach."""
    split = split_of(search.setting, candidate.gpu_layers, search.devices, candidate.split)
    states = [state for _, state in caches_of(search.demand, split.devices, split.host)]
    devices, host = filled_shares(split, search.devices, search.host, states)
    moves = _moves_of(search, candidate.experts)
    unplanned = Placement(search.setting, search.weights, tuple(devices), host, candidate.gpu_layers, moves=moves)
    return replace(candidate, speed=decode_speed(search.setting, unplanned, search.catalogue))


def _ways_to_share(setting: Setting) -> tuple[bool, ...]:
    """Whether several cards share the layers evenly; cards of different speed may be better off with as many as their memory says."""
    if len(setting.gpus) < 2 or setting.tensor_split is not None or setting.split_mode != "layer":
        return (False,)
    first = setting.gpus[0].gpu.bandwidth_gb_per_s
    unlike = any(device.gpu.bandwidth_gb_per_s != first for device in setting.gpus)
    return (True, False) if unlike else (True,)


def _with_experts(search: Search, experts: int, gpu_layers: int, evenly: bool) -> Candidate:
    """So many layers' experts in RAM; several cards share the layers by their number, or evenly: by what is left of them."""
    setting, weights = search.setting, search.weights
    if not evenly:
        return Candidate(gpu_layers, experts, None)
    moved = moves_with(setting, weights, experts).layers
    first = max(every_layer(setting) - gpu_layers, 0)
    room = [max(share.usable_bytes - share.runtime_bytes - share.margin_bytes, 1) for share in search.devices]
    sizes = []
    for layer in range(first, len(weights.layers)):
        piece = weights.layers[layer]
        sizes.append(piece.device_bytes - sum([piece.tensors[name][1] for name in moved[layer]]))
    sizes += [0] * (every_layer(setting) - 1 - len(weights.layers))
    sizes.append(weights.output.device_bytes + weights.tied.device_bytes)
    return Candidate(gpu_layers, experts, tuple(_counts(sizes, room)))


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


def _fewest(search: Search, most: int, gpu_layers: int, buffers: Sequence[float], *, evenly: bool) -> Candidate | None:
    """The fewest experts in RAM, up to so many layers, with which weights and cache have room; None: they never have."""
    best = _with_experts(search, most, gpu_layers, evenly)
    if not _has_room(search, best, buffers, host=False):
        return None
    low, high = 0, most
    while high - low > 1:
        # Close to the last number of layers the answer changes little: first look near it.
        middle = high - 1 if high == most and most < search.setting.architecture.layers else (low + high) // 2
        tried = _with_experts(search, middle, gpu_layers, evenly)
        if _has_room(search, tried, buffers, host=False):
            high, best = middle, tried
        else:
            low = middle
    # RAM may be too small for all experts, and yet large enough for those that the cards leave.
    return best if _has_room(search, best, buffers) else None


def _has_room(search: Search, candidate: Candidate, buffers: Sequence[float], *, host: bool = True) -> bool:
    """Whether weights, cache and likely buffers have room on the cards, and what is left of them in RAM."""
    split = split_of(search.setting, candidate.gpu_layers, search.devices, candidate.split)
    needs = least(search.demand, search.weights, split.devices, split.host, _moves_of(search, candidate.experts))
    taken = 0.0
    for share, need, buffer in zip(search.devices, needs, buffers, strict=False):
        if need + buffer + share.runtime_bytes + share.margin_bytes > share.usable_bytes:
            return False
        taken += need + buffer + share.runtime_bytes
    return not host or needs[-1] + (taken if one_memory(search.setting) else 0.0) <= search.host.usable_bytes


def _fitting(search: Search, candidate: Candidate, fastest: float) -> Placement | None:
    """The candidate, with as many more experts in RAM as its buffers make necessary; None: none fits, or is faster than what is known."""
    placement = _placed(search, candidate)
    if placement.fits or not _open(search.setting):
        return placement if placement.fits else None
    # Experts of layers in RAM are there already.
    already = max(candidate.experts or 0, every_layer(search.setting) - candidate.gpu_layers)
    for experts in range(already + 1, search.setting.architecture.layers + 1):
        tried = _with_experts(search, experts, candidate.gpu_layers, candidate.split is not None)
        buffers = _likely_buffers([placement])
        if not _has_room(search, tried, buffers, host=False):
            continue
        if not _has_room(search, tried, buffers) or (fastest > 0.0 and _timed(search, tried).speed <= fastest):
            return None
        placement = _placed(search, tried)
        if placement.fits:
            return placement
    return None
