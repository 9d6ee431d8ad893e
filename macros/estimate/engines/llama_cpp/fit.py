"""What llama.cpp does by itself where nothing is said (`--fit`): it shrinks a context that nobody asked for, then leaves experts of the
last layers in RAM, and cuts one layer's block into parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from macros.estimate.engines.llama_cpp.builds import basis
from macros.estimate.engines.llama_cpp.placing import every_layer
from macros.estimate.engines.llama_cpp.plan import demand_of, least, planned
from macros.estimate.engines.llama_cpp.splitting import split_layers
from macros.estimate.setting import Setting
from macros.estimate.shares import HOST, Moves, Placement, Share, empty_host, empty_shares
from macros.estimate.weights import ModelWeights
from macros.formulas.engine_constants import CELL_STEP
from macros.formulas.remember import by_identity
from macros.formulas.units import MIB
from macros.specs import Catalogue

LEAST_CONTEXT = 4096
"""It shrinks a context no further (common.h, fit_params_min_ctx)."""
LESS, MORE = 0.02, 0.2
"""What a buffer may take less, and more, than is known roughly: if that decides whether a card has room, it is planned to the byte."""
EXPERTS = ("ffn_up_exps", "ffn_down_exps", "ffn_gate_exps", "ffn_gate_up_exps")
"""How the names of routed experts' tensors begin."""
PARTS = {
    "experts": EXPERTS,
    "all": ("ffn_gate", "ffn_up", "ffn_down"),
    "but-up": ("ffn_gate", "ffn_down"),
    "down": ("ffn_down",),
}
"""What of a layer's block may lie elsewhere -> how the names of its tensors begin (fit.cpp, get_overflow_pattern)."""
NOTHING: Mapping[str, int] = {}
"""No tensor lies elsewhere than its layer."""


@dataclass(frozen=True)
class Filling:
    """What one card gets."""

    layers: int = 0
    """Layers, the output among them."""
    partial: int = 0
    """How many of them, the last ones, leave experts elsewhere."""
    part: str = "experts"
    """What the first of those leaves elsewhere."""
    to: int = HOST
    """Where that goes."""


@dataclass(frozen=True)
class Tried:
    """What cards hold with a filling."""

    memory: Sequence[int]
    """Of each card [bytes]."""
    buffers: Sequence[int]
    """Of it, compute buffers [bytes]."""


@dataclass(frozen=True)
class Task:
    """What is to be fitted into what."""

    setting: Setting
    weights: ModelWeights
    shares: Sequence[Share]
    """The cards, empty."""
    host: Share
    targets: Sequence[int]
    """Most that each card may hold [bytes]."""


def fitted(
    setting: Setting, weights: ModelWeights, catalogue: Catalogue, *, free: Sequence[int] | None = None, open_context: bool = False
) -> Placement:
    """Where the engine puts things by itself.

    Args:
        setting: a checked question; what it says of layers and tensors is left out
        weights: what the layers weigh
        catalogue: the records
        free: free memory of each card; None: what the engine sees of it, less what its back end takes [bytes]
        open_context: whether the context is the engine's to choose: as trained, or smaller

    Returns:
        The placement; one that does not fit where the engine gives up and tries all the same.

    Source: llama.cpp, common/fit.cpp, common_params_fit_impl.
    """
    asked = replace(setting, n_cpu_moe=None, n_cpu_ffn=0, override_tensor=(), experts_on_host=False, tensor_split=None, gpu_layers=None)
    if open_context:
        asked = replace(asked, context=asked.architecture.context_length)
    shares = empty_shares(asked, catalogue)
    room = [share.usable_bytes - share.runtime_bytes for share in shares] if free is None else list(free)
    kept = asked.engine.margin_mib if asked.margin_mib is None else asked.margin_mib
    margins = [int((kept or 0) * MIB) for _ in shares]
    task = Task(asked, weights, shares, empty_host(asked, catalogue), [most - less for most, less in zip(room, margins, strict=True)])
    if open_context or _all_below(_needs(task, every_layer(asked), room, _nothing_moved(task)), task.targets):
        whole = _whole(task, room)
        if _all_below(_memory_of(whole), task.targets):
            return whole
    if open_context and sum(_memory_of(whole)) > sum(task.targets) and asked.context > LEAST_CONTEXT:
        asked = replace(asked, context=_smaller_context(task, whole, room))
        task = replace(task, setting=asked)
        whole = _whole(task, room)
        if len(shares) == 1 and _all_below(_memory_of(whole), task.targets):
            return whole
    fillings = _backwards(task)
    if asked.architecture.experts is None or not _dense_part_fits(task):
        return _placement(task, fillings)
    return _placement(task, _forwards(task, fillings))


def _all_below(held: Sequence[int], most: Sequence[int]) -> bool:
    return all(one <= limit for one, limit in zip(held, most, strict=True))


def _memory_of(placement: Placement) -> list[int]:
    """Weights, cache and compute buffer of each card [bytes]."""
    return [share.weights_bytes + share.kv_cache_bytes + share.compute_buffer_bytes for share in placement.devices]


def _shared_out(task: Task, gpu_layers: int, free: Sequence[float]) -> tuple[list[Share], Share]:
    """So many layers, shared out like `free`: the cards and the host, before anything is planned."""
    a = task.setting.architecture
    spread = list(free) if sum(free) > 0 else [1.0 for _ in free]
    parts = split_layers(layers=a.layers + a.prediction_layers, gpu_layers=gpu_layers, free=spread)
    devices = []
    for share, (layers, has_output) in zip(task.shares, parts, strict=True):
        own = tuple(layer for layer in layers if layer < a.layers)
        devices.append(replace(share, layers=own, has_output=has_output, counted=len(layers) + has_output))
    there = {layer for share in devices for layer in share.layers}
    rest = tuple(layer for layer in range(a.layers) if layer not in there)
    return devices, replace(task.host, layers=rest, has_output=not any(share.has_output for share in devices))


def _needs(task: Task, gpu_layers: int, free: Sequence[float], moves: Moves) -> list[int]:
    """Weights and cache of each card, without which there is nothing to plan [bytes]."""
    devices, host = _shared_out(task, gpu_layers, free)
    demand = demand_of(task.setting, len(devices))
    placed = tuple([(share.layers, share.has_output) for share in devices])
    return least(demand, task.weights, placed, (host.layers, host.has_output), moves)[:-1]


def _placed(task: Task, gpu_layers: int, free: Sequence[float], moves: Moves, *, deciding: Sequence[int] | None = None) -> Placement:
    """So many layers, shared out like `free`.

    `deciding`: the cards whose room is asked; then buffers may be about the same, unless that decides whether one of them has room.
    """
    devices, host = _shared_out(task, gpu_layers, free)
    filled = planned(task.setting, task.weights, devices, host, moves, roughly=deciding is not None)
    counted = sum(share.counted for share in devices)
    build, from_what = basis(task.setting)
    found = Placement(task.setting, task.weights, tuple(filled[:-1]), filled[-1], counted, moves=moves, build=build, basis=from_what)
    held = _memory_of(found)
    for card in deciding or ():
        if _undecided(held[card], task.targets[card], found.devices[card].compute_buffer_bytes):
            return _placed(task, gpu_layers, free, moves)
    return found


def _undecided(held: int, target: int, buffer: int) -> bool:
    """Whether what is held with a buffer that is known roughly may turn out to be more, or less, than it may."""
    over = (held - target) / max(buffer, 1)
    return -MORE <= over <= LESS


def _nothing_moved(task: Task) -> Moves:
    return Moves([NOTHING for _ in task.weights.layers], NOTHING, NOTHING, told=False)


def _whole(task: Task, room: Sequence[int]) -> Placement:
    """Everything on the cards."""
    return _placed(task, every_layer(task.setting), [max(one, 1) for one in room], _nothing_moved(task))


def _smaller_context(task: Task, whole: Placement, room: Sequence[int]) -> int:
    """The context with which everything should have room, between what the model was trained for and the least [tokens]."""
    a, streams = task.setting.architecture, 1 if task.setting.kv_unified else task.setting.slots
    most, least = a.context_length * streams, LEAST_CONTEXT * streams
    target = sum(task.targets)
    if len(task.shares) > 1:
        # Whole layers, or whole tensors, leave about half of one unused on each card.
        each = sum(share.weights_bytes for share in whole.devices) // (a.layers + 1)
        target -= (len(task.shares) + 1) * each // (2 if a.experts is None else 6)
    used = sum(_memory_of(whole))
    used_least = sum(_memory_of(_whole(replace(task, setting=replace(task.setting, context=least)), room)))
    if target <= used_least:
        return least
    context = least + (most - least) * (target - used_least) // (used - used_least)
    return max(context - context % (CELL_STEP * streams), least)


def _dense_part_fits(task: Task) -> bool:
    """Whether all cards together have room for everything but the experts."""
    every = [_elsewhere(piece.tensors, "experts", HOST) for piece in task.weights.layers]
    room = [max(target, 1) for target in task.targets]
    layers, moves = every_layer(task.setting), Moves(every, NOTHING, NOTHING, told=True)
    target = sum(task.targets)
    if sum(_needs(task, layers, room, moves)) >= target:
        return False
    roughly = _placed(task, layers, room, moves, deciding=())
    buffers = sum(share.compute_buffer_bytes for share in roughly.devices)
    if _undecided(sum(_memory_of(roughly)), target, buffers):
        return target > sum(_memory_of(_placed(task, layers, room, moves)))
    return target > sum(_memory_of(roughly))


@by_identity
def _elsewhere(names: Mapping[str, tuple[int, int]], part: str, place: int) -> Mapping[str, int]:
    """The tensors of a part of a layer, and where they go: one for all fillings, so that what it weighs is remembered."""
    return {name: place for name in names if name.startswith(PARTS[part])}


def _placement(task: Task, fillings: Sequence[Filling]) -> Placement:
    """The cards filled so."""
    gpu_layers = sum(filling.layers for filling in fillings)
    return _placed(task, gpu_layers, [float(filling.layers) for filling in fillings], _moved(task, fillings))


def _moved(task: Task, fillings: Sequence[Filling]) -> Moves:
    """What the cards leave elsewhere, filled so."""
    a = task.setting.architecture
    gpu_layers = sum(filling.layers for filling in fillings)
    moved = [NOTHING for _ in task.weights.layers]
    # The engine counts without prediction layers here, so with one in the file it leaves one layer more to the host.
    layer = a.layers + 1 - gpu_layers
    told = False
    for filling in fillings:
        layer += filling.layers - filling.partial
        for place in range(filling.partial):
            told = True
            first = place == 0
            if layer < a.layers:
                part, to = (filling.part, filling.to) if first else ("experts", HOST)
                moved[layer] = _elsewhere(task.weights.layers[layer].tensors, part, to)
            layer += 1
    return Moves(moved, NOTHING, NOTHING, told=told)


def _tried(task: Task, fillings: Sequence[Filling], card: int, known: Sequence[int], deciding: Sequence[int]) -> Tried:
    """What each card holds, filled so; where this card has no room even with less of a buffer than is known, that is taken for its own.

    `deciding`: the cards whose room is asked, this one among them.
    """
    gpu_layers, free = sum(filling.layers for filling in fillings), [float(filling.layers) for filling in fillings]
    moves = _moved(task, fillings)
    needs = _needs(task, gpu_layers, free, moves)
    # A card that brings nothing from the host any more may get by with a far smaller buffer.
    brings = moves.told or gpu_layers < every_layer(task.setting)
    if needs[card] + (known[card] * (1 - MORE) if brings else 0) > task.targets[card]:
        return Tried([need + buffer for need, buffer in zip(needs, known, strict=True)], known)
    placement = _placed(task, gpu_layers, free, moves, deciding=deciding)
    return Tried(_memory_of(placement), [share.compute_buffer_bytes for share in placement.devices])


def _step(delta: int, target: int, low: int, high: int) -> int:
    """Layers to go on by false position: where a line between two ends meets the target."""
    step = delta * (target - low) // (high - low) if high > low else delta - 1
    # Below zero the engine's unsigned number is huge.
    return min(max(step, 1), delta - 1) if step >= 0 else delta - 1


def _backwards(task: Task) -> list[Filling]:
    """Layers from the last card to the first, without experts: as many as each has room for."""
    cards = len(task.shares)
    mixture = task.setting.architecture.experts is not None
    found = [Filling() for _ in range(cards)]
    held = _tried(task, found, 0, [0 for _ in found], range(cards))
    for card in range(cards - 1, -1, -1):
        left = task.setting.architecture.layers + 1 - sum(filling.layers for filling in found[card + 1 :])
        if left == 0:
            continue
        # The output stands on the last card, and is never in parts.
        partial = 0 if not mixture else left - 1 if card == cards - 1 else left
        high = _with(found, card, replace(found[card], layers=left, partial=partial))
        # Those after it are filled already.
        open_cards = range(card + 1)
        held_high = _tried(task, high, card, held.buffers, open_cards)
        if held_high.memory[card] <= task.targets[card]:
            found, held = high, held_high
            continue
        if held.memory[card] > task.targets[card]:
            continue
        delta = high[card].layers - found[card].layers
        while delta > 1:
            step = _step(delta, task.targets[card], held.memory[card], held_high.memory[card])
            now = found[card]
            more = 0 if not mixture else step - 1 if card == cards - 1 and now.partial == 0 else step
            tried = _with(found, card, replace(now, layers=now.layers + step, partial=now.partial + more))
            held_tried = _tried(task, tried, card, held.buffers, open_cards)
            if held_tried.memory[card] <= task.targets[card]:
                found, held = tried, held_tried
            else:
                high, held_high = tried, held_tried
            delta = high[card].layers - found[card].layers
    return found


def _with(fillings: Sequence[Filling], card: int, one: Filling) -> list[Filling]:
    return [one if place == card else filling for place, filling in enumerate(fillings)]


def _full(filling: Filling) -> int:
    return filling.layers - filling.partial


def _forwards(task: Task, start: Sequence[Filling]) -> list[Filling]:
    """Layers get their experts, from the first card on, and part of one more."""
    cards = len(task.shares)
    found = list(start)
    dense = cards
    while dense > 0 and found[dense - 1].layers > 0:
        dense -= 1
    held = _tried(task, found, 0, [0 for _ in found], [0])
    card = 0
    while card <= dense < cards:
        high = _all_to(found, card, dense)
        dense_high = cards - 1
        held_high = _tried(task, high, card, held.buffers, [card])
        if held_high.memory[card] <= task.targets[card]:
            found, held, dense = high, held_high, dense_high
        else:
            delta = _full(high[card]) - _full(found[card])
            while delta > 1:
                step = _step(delta, task.targets[card], held.memory[card], held_high.memory[card])
                tried, dense_tried = _converted(found, card, dense, step)
                held_tried = _tried(task, tried, card, held.buffers, [card])
                if held_tried.memory[card] <= task.targets[card]:
                    found, held, dense = tried, held_tried, dense_tried
                else:
                    high, held_high = tried, held_tried
                delta = _full(high[card]) - _full(found[card])
        if dense < cards and found[dense].layers > (0 if card < cards - 1 else 1) and found[dense].partial > 0:
            found, held, dense = _one_more(task, found, held, card, dense)
        card += 1
    return found


def _all_to(fillings: Sequence[Filling], card: int, dense: int) -> list[Filling]:
    """All layers of later cards, with their experts, on one."""
    found = list(fillings)
    for other in range(dense, len(found)):
        moved = found[other].layers if other < len(found) - 1 else found[other].layers - 1
        found[card] = replace(found[card], layers=found[card].layers + moved)
        found[other] = replace(found[other], layers=found[other].layers - moved, partial=0)
    return found


def _converted(fillings: Sequence[Filling], card: int, dense: int, step: int) -> tuple[list[Filling], int]:
    """So many layers of later cards get their experts and go to this one."""
    found = list(fillings)
    done, other = 0, dense
    while other < len(found):
        count = min(step - done, found[other].partial)
        found[other] = replace(found[other], layers=found[other].layers - count, partial=found[other].partial - count)
        found[card] = replace(found[card], layers=found[card].layers + count)
        done += count
        if found[other].partial > 0:
            break
        other += 1
    return found, other


def _one_more(task: Task, fillings: Sequence[Filling], held: Tried, card: int, dense: int) -> tuple[list[Filling], Tried, int]:
    """Part of one more layer, if that has room: with the up matrices, and then the gate's; else without all three."""
    last = len(fillings) - 1
    base = list(fillings)
    base[dense] = replace(base[dense], layers=base[dense].layers - 1, partial=base[dense].partial - 1)
    dense_tried = dense + 1 if base[dense].partial == 0 else dense
    to = card + 1 if card < last else HOST
    best = (list(fillings), held, dense)
    now = base[card]
    fitting = False
    for part in ("but-up", "down", "all"):
        if part != "but-up" and (part == "down") != fitting:
            continue
        tried = _with(base, card, replace(now, layers=now.layers + 1, partial=now.partial + 1, part=part, to=to))
        # A layer in parts may make a buffer far smaller than it was.
        held_tried = _tried(task, tried, card, [0 for _ in tried], range(card, min(card + 2, len(tried))))
        more = held_tried.memory
        if more[card] < task.targets[card] and (card == last or more[card + 1] < task.targets[card + 1]):
            best = (tried, held_tried, dense_tried)
            fitting = True
    return best
