"""What each device and the host hold once layers are placed, as llama.cpp allocates it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from macros.estimate.cache import cache_row, cache_values, compressed_values, convolved_values, state_values
from macros.estimate.drafts import guessed_states, prediction_layers
from macros.estimate.engines.llama_cpp.builds import build_of
from macros.estimate.engines.llama_cpp.overrides import moves_of
from macros.estimate.engines.llama_cpp.slicing import shares_asked, sliced_cache, sliced_weights
from macros.estimate.question import FLOAT_CACHE_TYPES, WHOLE_CACHE_TYPE
from macros.estimate.setting import Setting, pass_tokens
from macros.estimate.shares import HOST, Moves, Share, slices
from macros.estimate.weights import LayerWeights, ModelWeights
from macros.formulas.compute_buffer import compute_buffer_bytes
from macros.formulas.compute_graph.passes import FLOAT, Batch, Build, Layout
from macros.formulas.compute_graph.prediction import like_layer, prediction_buffers
from macros.formulas.compute_graph.weighing import widest_cache
from macros.formulas.engine_constants import aligned, row_padding_bytes
from macros.formulas.kv_cache import (
    compressed_cells,
    compressor_state_bytes,
    padded_cells,
    recurrent_state_bytes,
    row_bytes,
    window_cells,
)
from macros.formulas.remember import by_identity
from macros.specs.architectures import Architecture, CompressedAttention
from macros.specs.quantizations import TensorType

TABLE = "token_embd"
"""The table of tokens, which may be the output matrix too."""
Placed = tuple[tuple[int, ...], bool]
"""Layers, and whether the output is with them."""


@dataclass(frozen=True)
class Held:
    """What one device, or the host, holds."""

    weights_bytes: int
    kv_cache_bytes: int
    state_bytes: int
    compute_buffer_bytes: int


@dataclass(frozen=True)
class Demand:
    """What a plan depends on besides the weights: not which device, processor or prompt."""

    architecture: Architecture
    batch: Batch
    key_type: TensorType
    value_type: TensorType
    cache_on_host: bool
    streams_weights: bool


@by_identity
def _demand(
    a: Architecture,
    context: int,
    ubatch: int,
    slots: int,
    unified: bool,
    logits_rows: int | None,
    key_type: TensorType,
    value_type: TensorType,
    flash_attention: bool,
    swa_full: bool,
    cache_on_host: bool,
    streams_weights: bool,
    logits: bool,
    pools: bool,
    build: Build,
    snapshots: int,
) -> Demand:
    """One for equal questions, so that their plan is remembered."""
    # A pass is a whole number of tokens for each slot.
    tokens = min(ubatch, context)
    tokens = -(-tokens // slots) * slots
    streams = 1 if unified else slots
    # Without a cache a pass sees its own tokens.
    cells = tokens if a.traits.keeps_no_cache else padded_cells(max(context // streams, 1))
    window = a.attention.window
    seen = 0
    if window is not None:
        # Compressed attention keeps a window for each sequence apart.
        together = 1 if a.attention.compressed is not None else slots // streams
        small = window_cells(cells=cells, window=window.size, sequences=together, batch=min(ubatch, context // streams))
        seen = cells if swa_full else small
    batch = Batch(
        tokens=tokens,
        cells=cells,
        window_cells=seen,
        outputs=tokens if logits_rows is None else min(tokens, logits_rows),
        sequences=slots,
        flash_attention=flash_attention,
        key_half=key_type.id in ("f16", WHOLE_CACHE_TYPE),
        value_half=value_type.id in ("f16", WHOLE_CACHE_TYPE),
        key_quantized=key_type.id not in FLOAT_CACHE_TYPES,
        value_quantized=value_type.id not in FLOAT_CACHE_TYPES,
        key_whole=key_type.id == WHOLE_CACHE_TYPE and not a.traits.keeps_no_cache,
        value_whole=value_type.id == WHOLE_CACHE_TYPE and not a.traits.keeps_no_cache,
        streams=streams,
        logits=logits,
        pools=pools,
        build=build,
        snapshots=snapshots,
    )
    return Demand(a, batch, key_type, value_type, cache_on_host, streams_weights)


def plan(setting: Setting, weights: ModelWeights, devices: Sequence[Share], host: Share, *, roughly: bool = False) -> list[Share]:
    """What each device and the host hold.

    Args:
        setting: a checked question
        weights: what the layers weigh
        devices: the devices with their layers
        host: the host with its layers
        roughly: whether buffers may be those of layers that are all as large as the largest: about the same, and sooner known

    Returns:
        The same, filled; the host last.
    """
    return planned(setting, weights, devices, host, moves_of(setting, weights), roughly=roughly)


def planned(
    setting: Setting, weights: ModelWeights, devices: Sequence[Share], host: Share, moves: Moves, *, roughly: bool = False
) -> list[Share]:
    """The same with tensors moved as told here, whatever the question says of them."""
    demand = demand_of(setting, len(devices))
    placed = tuple((one.layers, one.has_output) for one in devices)
    if setting.split_mode == "none" and len(devices) > 1:
        alone = setting.main_gpu
        own, rest = _planned(demand, weights, (placed[alone],), (host.layers, host.has_output), _moves_alone(moves, alone), roughly)
        held = [own if place == alone else Held(0, 0, 0, 0) for place in range(len(devices))] + [rest]
    elif slices(setting):
        held = _sliced(setting, demand, weights, placed[0], (host.layers, host.has_output))
    else:
        held = _planned(demand, weights, placed, (host.layers, host.has_output), moves, roughly)
    return [
        replace(
            share,
            weights_bytes=part.weights_bytes,
            kv_cache_bytes=part.kv_cache_bytes,
            state_bytes=part.state_bytes,
            compute_buffer_bytes=part.compute_buffer_bytes,
        )
        for share, part in zip([*devices, host], held, strict=True)
    ]


@by_identity
def _moves_alone(moves: Moves, card: int) -> Moves:
    """Moves where the engine uses one of several cards: to it, it is the first."""
    found = []
    for pieces in (*moves.layers, moves.first, moves.last):
        found.append({name: 0 if place == card else place for name, place in pieces.items()})
    return Moves(found[:-2], found[-2], found[-1], moves.told)


def _sliced(setting: Setting, demand: Demand, weights: ModelWeights, every: Placed, host: Placed) -> list[Held]:
    """A slice of each layer on every card: each makes as much room for a pass as one that holds all of it."""
    a, shares = demand.architecture, shares_asked(setting)
    one, rest = _planned(demand, weights, (every,), host, moves_of(setting, weights), False)
    own = sliced_weights(a, weights, shares)
    caches, states = sliced_cache(a, weights, demand.batch, demand.key_type, demand.value_type, shares)
    cards = [Held(own[card], caches[card] + states[card], states[card], one.compute_buffer_bytes) for card in range(len(shares))]
    return [*cards, rest]


def demand_of(setting: Setting, devices: int) -> Demand:
    """What a plan depends on besides the weights."""
    return _demand(
        setting.architecture,
        setting.context,
        pass_tokens(setting),
        setting.slots,
        setting.kv_unified,
        setting.logits_rows,
        setting.kv_type_k,
        setting.kv_type_v,
        setting.flash_attention and not setting.architecture.traits.plain_attention,
        setting.swa_full,
        not setting.kv_offload and devices > 0,
        setting.op_offload,
        # Builds that mix inputs compute no logits for embeddings; some classes never did.
        not (setting.embedding and (build_of(setting).mixes_inputs or setting.architecture.traits.embeds_without_logits)),
        setting.embedding and not setting.architecture.traits.keeps_no_cache,
        build_of(setting),
        1 + guessed_states(setting),
    )


@by_identity
def least(demand: Demand, weights: ModelWeights, devices: tuple[Placed, ...], host: Placed, moves: Moves) -> list[int]:
    """Weights, caches and states of each device and of the host, without which there is nothing to plan [bytes]."""
    needs = _weights_held(demand.architecture, weights, devices, host, moves)
    return [need + cache + state for need, (cache, state) in zip(needs, caches_of(demand, devices, host), strict=True)]


def caches_of(demand: Demand, devices: Sequence[Placed], host: Placed) -> list[tuple[int, int]]:
    """The cache of each device and of the host, and the states beside it [bytes]."""
    found = []
    for place in range(len(devices) + 1):
        on_device = place < len(devices)
        layers, _ = devices[place] if on_device else host
        found.append(_cache(demand, _caching(demand, layers, on_device=on_device), on_device=on_device))
    return found


def _caching(demand: Demand, layers: Sequence[int], *, on_device: bool) -> Sequence[int]:
    """The layers whose cache lies with these."""
    if not demand.cache_on_host:
        return layers
    return () if on_device else range(demand.architecture.layers)


@by_identity
def _planned(demand: Demand, weights: ModelWeights, devices: tuple[Placed, ...], host: Placed, moves: Moves, roughly: bool) -> list[Held]:
    host_layers, host_output = host
    # Several devices work on several passes at a time, if nothing is left to the host and no tensor was placed by name.
    whole = not host_layers and not host_output and not demand.cache_on_host
    copies = 4 if len(devices) > 1 and whole and not moves.told else 1
    # Where no weight is brought anywhere, buffers do not depend on the format.
    brought = moves.told or (len(devices) > 0 and (len(host_layers) > 0 or host_output or demand.architecture.traits.brings_tied_table))
    caches = _brought_caches(demand.architecture, demand.batch, demand.key_type, demand.value_type)
    layout = _layout(demand.architecture, devices, moves, demand.cache_on_host, caches, weights if brought else None, roughly)
    computing = compute_buffer_bytes(demand.architecture, demand.batch, layout, copies=copies, streams=demand.streams_weights)
    holding = _weights_held(demand.architecture, weights, devices, host, moves)
    parts = []
    for place in range(len(devices) + 1):
        on_device = place < len(devices)
        layers = devices[place][0] if on_device else host_layers
        cache, state = _cache(demand, _caching(demand, layers, on_device=on_device), on_device=on_device)
        factors = _repeated_factors(demand.architecture, layers, on_device=on_device)
        parts.append(Held(holding[place] + factors, cache + state, state, computing[place]))
    return parts


def _at(place: int, host: int) -> int:
    return host if place == HOST else place


@by_identity
def _layout(
    a: Architecture,
    devices: tuple[Placed, ...],
    moves: Moves,
    cache_on_host: bool,
    caches: dict[int, tuple[int, int, int]],
    weights: ModelWeights | None,
    roughly: bool,
) -> Layout:
    """What lies where."""
    host = len(devices)
    layers = [host] * a.layers
    output = host
    for place, (own, has_output) in enumerate(devices):
        for layer in own:
            layers[layer] = place
        if has_output:
            output = place
    nothing: dict[str, int] = {}
    last_moved = {name: _at(place, host) for name, place in moves.last.items() if _at(place, host) != output}
    first_moved = {name: _at(place, host) for name, place in moves.first.items() if _at(place, host) != host}
    table = moves.first.get(TABLE) if a.tied_embeddings else None
    if table is not None and _at(table, host) != output:
        last_moved["output"] = _at(table, host)
    elif table is None and a.traits.brings_tied_table and output != host:
        last_moved["output"] = host
    moved = [
        {name: _at(place, host) for name, place in moves.layers[layer].items() if _at(place, host) != layers[layer]}
        for layer in range(a.layers)
    ]
    return Layout(
        host=host,
        layers=layers,
        output=output,
        moved=moved,
        first_moved=first_moved,
        last_moved=last_moved,
        cache_on_host=cache_on_host,
        matrices=weights.matrices if weights is not None else [nothing] * a.layers,
        last_matrices=weights.last_matrices if weights is not None else nothing,
        caches=caches,
        roughly=roughly,
    )


@by_identity
def _weights_held(a: Architecture, weights: ModelWeights, devices: tuple[Placed, ...], host: Placed, moves: Moves) -> list[int]:
    """Weights on each device and on the host [bytes]."""
    count = len(devices)
    held = [0] * (count + 1)
    sums = _held_sums(weights, moves)
    for place in range(count + 1):
        layers, has_output = devices[place] if place < count else host
        pieces = [_between(sums, layers)]
        if has_output:
            pieces.append(_held_of(weights.output, moves.last))
            if TABLE in moves.first:
                # A pattern places both uses of a tied table alike: one copy serves them, but in classes that never share it.
                there = _at(moves.first[TABLE], count)
                if a.traits.holds_tied_twice:
                    held[there] += weights.tied.bytes if there == count else weights.tied.device_bytes
            elif place < count and not a.traits.brings_tied_table:
                held[place] += weights.tied.device_bytes
            elif a.traits.holds_tied_twice:
                held[place] += weights.tied.bytes
        if place == count:
            pieces.append(_held_of(weights.embedding, moves.first))
        for own, elsewhere in pieces:
            held[place] += own[1] if place < count else own[0]
            for target, sizes in elsewhere.items():
                there = _at(target, count)
                held[there] += sizes[1] if there < count else sizes[0]
    return held


Sizes = tuple[int, int]
"""Bytes on the host, bytes on a device."""
HeldPiece = tuple[Sizes, dict[int, Sizes]]
"""What stays of a piece with its layer, and what lies elsewhere, by place."""


@by_identity
def _held_sums(weights: ModelWeights, moves: Moves) -> list[HeldPiece]:
    """What the layers before each take, all together: so the sum over any of them that follow each other is one difference."""
    kept, kept_device = 0, 0
    elsewhere: dict[int, Sizes] = {}
    sums = [((kept, kept_device), elsewhere)]
    for piece, away in zip(weights.layers, moves.layers, strict=True):
        if not away:
            kept += piece.bytes
            kept_device += piece.device_bytes
        else:
            own, moved = _held_of(piece, away)
            kept += own[0]
            kept_device += own[1]
            elsewhere = dict(elsewhere)
            for target, sizes in moved.items():
                before = elsewhere.get(target, (0, 0))
                elsewhere[target] = (before[0] + sizes[0], before[1] + sizes[1])
        sums.append(((kept, kept_device), elsewhere))
    return sums


def _between(sums: Sequence[HeldPiece], layers: Sequence[int]) -> HeldPiece:
    """The sum over layers that follow each other."""
    if len(layers) == 0:
        return (0, 0), {}
    before, before_moved = sums[layers[0]]
    upto, upto_moved = sums[layers[-1] + 1]
    elsewhere: dict[int, Sizes] = {}
    for target, sizes in upto_moved.items():
        less = before_moved.get(target, (0, 0))
        elsewhere[target] = (sizes[0] - less[0], sizes[1] - less[1])
    return (upto[0] - before[0], upto[1] - before[1]), elsewhere


@by_identity
def _held_of(piece: LayerWeights, moved: Mapping[str, int]) -> HeldPiece:
    """What stays of a piece with its layer, and what lies elsewhere, by place."""
    kept, kept_device = piece.bytes, piece.device_bytes
    elsewhere: dict[int, Sizes] = {}
    for name, target in moved.items():
        size, device_size = piece.tensors[name]
        kept -= size
        kept_device -= device_size
        before = elsewhere.get(target, (0, 0))
        elsewhere[target] = (before[0] + size, before[1] + device_size)
    return (kept, kept_device), elsewhere


@by_identity
def _brought_caches(a: Architecture, batch: Batch, key_type: TensorType, value_type: TensorType) -> dict[int, tuple[int, int, int]]:
    """What a device gets where keys, values and the keys of a scorer lie elsewhere: layer by layer [bytes]."""
    found = {}
    for layer in range(a.layers):
        if not a.has_cache(layer):
            continue
        key, value = cache_row(a, layer, key_type, value_type)
        cells = batch.streams * (batch.cells if a.sees_all(layer) else batch.window_cells)
        latent, indexer = a.latent_of(layer), a.attention.indexer
        if latent is not None and not latent.cached_whole:
            # Values are a part of what is cached as keys: a view that spans all but the turned part of the last row.
            key = row_bytes(values=latent.kv_rank + latent.rope_dim, block=key_type.block, block_bytes=key_type.block_bytes)
            rest = row_bytes(values=latent.rope_dim, block=key_type.block, block_bytes=key_type.block_bytes)
            scorer = 0
            if indexer is not None:
                scorer = cells * row_bytes(values=indexer.head_dim, block=key_type.block, block_bytes=key_type.block_bytes)
                scorer += _padding_of(indexer.head_dim, key_type)
            padding = _padding_of(latent.kv_rank + latent.rope_dim, key_type)
            found[layer] = (cells * key + padding, cells * key - rest, scorer)
        else:
            key_padding, value_padding = _padding_of(a.head_dim(layer), key_type), _padding_of(a.value_dim(layer), value_type)
            scorer = 0
            if indexer is not None and a.scores(layer):
                # The scorer's key lies apart; of a second one there is room for, nothing is brought.
                scorer = cells * row_bytes(values=indexer.head_dim, block=key_type.block, block_bytes=key_type.block_bytes)
                heads = a.kv_heads(layer)
                key = row_bytes(values=heads * a.head_dim(layer), block=key_type.block, block_bytes=key_type.block_bytes)
                value = row_bytes(values=heads * a.value_dim(layer), block=value_type.block, block_bytes=value_type.block_bytes)
            spanned = cells * value
            if not batch.flash_attention:
                # Caches that stand side by side are as far from each other as those of the widest layer.
                widest = row_bytes(values=widest_cache(a), block=value_type.block, block_bytes=value_type.block_bytes)
                spanned += cells // batch.streams * (batch.streams - 1) * (widest - value)
            found[layer] = (cells * key + key_padding, spanned + value_padding, scorer)
    return found


def _padding_of(values: int, kind: TensorType) -> int:
    return row_padding_bytes(row=values, block=kind.block, block_bytes=kind.block_bytes)


def _repeated_factors(a: Architecture, layers: Sequence[int], *, on_device: bool) -> int:
    """Position-scaling factors, which each place with layers that need them holds again [bytes]."""
    if a.attention.rope_factors == 0:
        return 0
    needing = a.factor_layers()
    if needing[0] in layers or not any(layer in needing for layer in layers):
        return 0
    size = FLOAT * a.attention.rope_factors
    return a.attention.rope_factor_sets * (aligned(size) if on_device else size)


@by_identity
def _cache(demand: Demand, layers: Sequence[int], *, on_device: bool) -> tuple[int, int]:
    """Bytes of keys and values, and of states, of layers that follow each other."""
    if len(layers) == 0:
        return 0, 0
    a, batch = demand.architecture, demand.batch
    sums = _cache_sums(demand, on_device=on_device)
    (before, less), (upto, recurrent) = sums[layers[0]], sums[layers[-1] + 1]
    cache, recurrent = upto - before, recurrent - less
    if a.attention.compressed is not None:
        more, remembered = _compressed_cache(a, a.attention.compressed, demand, layers)
        return cache // batch.streams * batch.sequences + more, remembered
    kernel, convolved, values = state_values(a)
    state = recurrent_state_bytes(layers=recurrent, sequences=batch.sequences, conv_kernel=kernel, convolved=convolved, state=values)
    if a.short_convolutions is not None:
        state += FLOAT * batch.sequences * sum(convolved_values(a, layer) for layer in layers)
    runs = a.run_embeddings
    if runs is not None:
        # What their convolution has seen, in each residual stream.
        adding, seen = sum(1 for layer in layers if a.embeds_runs(layer)), 1 + (runs.conv_kernel - 1) * runs.longest
        wide = a.hyper_connections * a.hidden_size
        state += recurrent_state_bytes(layers=adding, sequences=batch.sequences, conv_kernel=seen, convolved=wide, state=0)
    return cache, state


@by_identity
def _cache_sums(demand: Demand, *, on_device: bool) -> list[tuple[int, int]]:
    """What the layers before each take: bytes of keys and values, and how many of them have a state."""
    a, batch = demand.architecture, demand.batch
    cache, recurrent = 0, 0
    sums = [(cache, recurrent)]
    for layer in range(a.layers):
        if a.has_cache(layer):
            key, value = cache_row(a, layer, demand.key_type, demand.value_type)
            if not batch.flash_attention and value > 0:
                # Values are kept transposed, as wide in every layer as in the widest.
                kind, beside = demand.value_type, a.kv_heads(layer) * a.value_dim(layer)
                second = 0 if a.attention.latent is not None else cache_values(a, layer)[1] - beside
                value = row_bytes(values=widest_cache(a) + second, block=kind.block, block_bytes=kind.block_bytes)
            cells = batch.streams * (batch.cells if a.sees_all(layer) else batch.window_cells)
            cache += cells * (key + value)
            if on_device:
                cache += _padding(a, layer, demand.key_type, demand.value_type)
        elif not batch.flash_attention and a.recurrent is None and not a.attends(layer):
            # Values as wide as in the widest layer are kept even for a layer that has no attention.
            kind = demand.value_type
            row = row_bytes(values=widest_cache(a), block=kind.block, block_bytes=kind.block_bytes)
            cache += batch.streams * batch.cells * row
        recurrent += int(a.recurs(layer))
        sums.append((cache, recurrent))
    return sums


def _compressed_cache(a: Architecture, c: CompressedAttention, demand: Demand, layers: Sequence[int]) -> tuple[int, int]:
    """Bytes of compressed tokens, and of what compressors remember; each sequence has its own, as long as the whole context."""
    kind, indexer = demand.key_type, a.attention.indexer
    cache, state = 0, 0
    for layer in layers:
        rate = c.rates[layer]
        if rate == 0:
            continue
        row = row_bytes(values=compressed_values(a, layer), block=kind.block, block_bytes=kind.block_bytes)
        cache += compressed_cells(cells=demand.batch.cells, rate=rate) * row
        scores = a.scores(layer)
        state += compressor_state_bytes(width=a.attention.head_dim, rate=rate, overlapping=scores)
        if scores and indexer is not None:
            state += compressor_state_bytes(width=indexer.head_dim, rate=rate, overlapping=True)
    return cache * demand.batch.sequences, state * demand.batch.sequences


def _padding(a: Architecture, layer: int, key_type: TensorType, value_type: TensorType) -> int:
    """What a device adds to the tensors of a layer's cache; the keys of a scorer are a tensor of their own."""
    keys, values = cache_values(a, layer)
    indexer = a.attention.indexer
    scores = indexer is not None and a.scores(layer)
    scorer = [(indexer.head_dim, kind) for kind in (key_type, value_type)[: indexer.cached]] if scores and indexer is not None else []
    if a.attention.compressed is None:
        keys -= sum([one for one, kind in scorer[:1]])
        values -= sum([one for one, kind in scorer[1:]])
    padding = 0
    for width, kind in ((keys, key_type), *scorer, (values, value_type)):
        padding += aligned(_padding_of(width, kind))
    return padding


def predicted(setting: Setting, weights: ModelWeights, devices: int, place: int, kind: TensorType, away: Mapping[str, int]) -> list[int]:
    """Cache and compute buffer of the context in which a prediction layer guesses.

    Args:
        setting: a checked question
        weights: what the layers weigh
        devices: how many there are
        place: where the layer and the output are: a device from 0, or the host after them
        kind: type of its cache
        away: its tensors that lie elsewhere: name -> device, or HOST

    Returns:
        Bytes of each device, then of the host [bytes].
    """
    demand = demand_of(replace(setting, kv_type_k=kind, kv_type_v=kind, logits_rows=setting.slots, embedding=False), devices)
    a, layer = demand.architecture, like_layer(demand.architecture)
    nothing: dict[str, int] = {}
    moves = Moves([away if one == layer else nothing for one in range(a.layers)], nothing, nothing, told=len(away) > 0)
    every = tuple(range(a.layers))
    placed = tuple((every if one == place else (), one == place) for one in range(devices))
    layout = _layout(a, placed, moves, demand.cache_on_host, _brought_caches(a, demand.batch, kind, kind), weights, False)
    copies = 4 if devices > 1 and place < devices and not demand.cache_on_host and not moves_of(setting, weights).told else 1
    held = list(prediction_buffers(a, demand.batch, layout, copies=copies, streams=demand.streams_weights))
    on_host = demand.cache_on_host or place == devices
    cache, _ = _cache(demand, (layer,), on_device=not on_host)
    held[devices if on_host else place] += prediction_layers(a) * cache
    return held


def predicted_slices(setting: Setting, weights: ModelWeights, kind: TensorType) -> list[int]:
    """The same where every card has a slice of the layer: a part of the cache, and room for a pass as one card alone would make.

    Args:
        setting: a checked question
        weights: what the layers weigh
        kind: type of its cache

    Returns:
        Bytes of each device, then of the host [bytes].

    Assumes: equal parts.
    """
    cards = len(setting.gpus)
    device, host = predicted(setting, weights, 1, 0, kind, {})
    demand = demand_of(replace(setting, kv_type_k=kind, kv_type_v=kind, logits_rows=setting.slots, embedding=False), 1)
    cache, _ = _cache(demand, (like_layer(demand.architecture),), on_device=True)
    shared = prediction_layers(demand.architecture) * cache
    return [device - shared + -(-shared // cards) for _ in setting.gpus] + [host]
