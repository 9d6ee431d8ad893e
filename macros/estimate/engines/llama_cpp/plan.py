"""What each device and the host hold once layers are placed, as llama.cpp allocates it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from macros.estimate.cache import cache_row, cache_values, state_values
from macros.estimate.setting import FLOAT_CACHE_TYPES, Setting
from macros.estimate.shares import Share
from macros.estimate.weights import ModelWeights
from macros.formulas.compute_buffer import compute_buffer_bytes
from macros.formulas.compute_graph.attention import widest_cache
from macros.formulas.compute_graph.passes import FLOAT, Batch, Layout
from macros.formulas.engine_constants import aligned, row_padding_bytes
from macros.formulas.kv_cache import padded_cells, recurrent_state_bytes, row_bytes, window_cells
from macros.formulas.remember import by_identity
from macros.specs.architectures import Architecture
from macros.specs.quantizations import TensorType

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
    experts_on_host: bool


@by_identity
def _demand(
    a: Architecture,
    context: int,
    ubatch: int,
    slots: int,
    logits_rows: int | None,
    key_type: TensorType,
    value_type: TensorType,
    flash_attention: bool,
    swa_full: bool,
    experts_on_host: bool,
) -> Demand:
    """One for equal questions, so that their plan is remembered."""
    # A pass is a whole number of tokens for each slot.
    tokens = min(ubatch, context)
    tokens = -(-tokens // slots) * slots
    cells = padded_cells(context)
    window = a.attention.window
    seen = 0
    if window is not None:
        small = window_cells(cells=cells, window=window.size, sequences=slots, batch=tokens)
        seen = cells if swa_full else small
    batch = Batch(
        tokens=tokens,
        cells=cells,
        window_cells=seen,
        outputs=tokens if logits_rows is None else min(tokens, logits_rows),
        sequences=slots,
        flash_attention=flash_attention,
        key_half=key_type.id in FLOAT_CACHE_TYPES,
        value_half=value_type.id in FLOAT_CACHE_TYPES,
    )
    return Demand(a, batch, key_type, value_type, experts_on_host)


def plan(setting: Setting, weights: ModelWeights, devices: Sequence[Share], host: Share) -> list[Share]:
    """What each device and the host hold.

    Args:
        setting: a checked question
        weights: what the layers weigh
        devices: the devices with their layers
        host: the host with its layers

    Returns:
        The same, filled; the host last.
    """
    demand = _demand(
        setting.architecture,
        setting.context,
        setting.ubatch,
        setting.slots,
        setting.logits_rows,
        setting.kv_type_k,
        setting.kv_type_v,
        setting.flash_attention,
        setting.swa_full,
        setting.experts_on_host,
    )
    held = _planned(demand, weights, tuple((one.layers, one.has_output) for one in devices), (host.layers, host.has_output))
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
def _planned(demand: Demand, weights: ModelWeights, devices: tuple[Placed, ...], host: Placed) -> list[Held]:
    host_layers, host_output = host
    # Several devices work on several passes at a time, if nothing is left to the host.
    copies = 4 if len(devices) > 1 and not host_layers and not host_output and not demand.experts_on_host else 1
    # Where no weight is brought anywhere, buffers do not depend on the format.
    brought = demand.experts_on_host or (len(devices) > 0 and (len(host_layers) > 0 or host_output))
    caches = _brought_caches(demand.architecture, demand.batch, demand.key_type, demand.value_type)
    layout = _layout(demand.architecture, devices, demand.experts_on_host, caches, weights if brought else None)
    computing = compute_buffer_bytes(demand.architecture, demand.batch, layout, copies=copies)
    parts = []
    for (layers, has_output), compute in zip(devices, computing[:-1], strict=True):
        parts.append(_held(demand, weights, layers, has_output, on_device=True, compute=compute))
    parts.append(_held(demand, weights, host_layers, host_output, on_device=False, compute=computing[-1], gpu_layers=devices))
    return parts


@by_identity
def _layout(
    a: Architecture,
    devices: tuple[Placed, ...],
    experts_on_host: bool,
    caches: dict[int, tuple[int, int, int]],
    weights: ModelWeights | None,
) -> Layout:
    """What lies where."""
    layers = [len(devices)] * a.layers
    output = len(devices)
    for place, (own, has_output) in enumerate(devices):
        for layer in own:
            layers[layer] = place
        if has_output:
            output = place
    nothing: dict[str, int] = {}
    matrices = weights.matrices if weights is not None else [nothing] * a.layers
    return Layout(
        len(devices), layers, output, experts_on_host, matrices, weights.last_matrices if weights is not None else nothing, caches
    )


@by_identity
def _brought_caches(a: Architecture, batch: Batch, key_type: TensorType, value_type: TensorType) -> dict[int, tuple[int, int, int]]:
    """What a device gets where keys, values and the keys of a scorer lie elsewhere: layer by layer [bytes]."""
    found = {}
    for layer in range(a.layers):
        if not a.has_cache(layer):
            continue
        key, value = cache_row(a, layer, key_type, value_type)
        cells = batch.cells if a.sees_all(layer) else batch.window_cells
        latent, indexer = a.attention.latent, a.attention.indexer
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
            found[layer] = (cells * key + key_padding, cells * value + value_padding, 0)
    return found


def _padding_of(values: int, kind: TensorType) -> int:
    return row_padding_bytes(row=values, block=kind.block, block_bytes=kind.block_bytes)


def _held(
    demand: Demand,
    weights: ModelWeights,
    layers: Sequence[int],
    has_output: bool,
    *,
    on_device: bool,
    compute: int,
    gpu_layers: Sequence[Placed] = (),
) -> Held:
    held = 0
    away = demand.experts_on_host and on_device
    for layer in layers:
        w = weights.layers[layer]
        held += (w.device_bytes if on_device else w.bytes) - ((w.expert_device_bytes if on_device else w.expert_bytes) if away else 0)
    if has_output:
        held += (weights.output.device_bytes + weights.tied.device_bytes) if on_device else weights.output.bytes
        if not on_device and demand.architecture.traits.holds_tied_twice:
            held += weights.tied.bytes
    if not on_device:
        held += weights.embedding.bytes
        if demand.experts_on_host:
            held += sum(weights.layers[layer].expert_bytes for placed, _ in gpu_layers for layer in placed)
    held += _repeated_factors(demand.architecture, layers, on_device=on_device)
    cache, state = _cache(demand, layers, on_device=on_device)
    return Held(held, cache + state, state, compute)


def _repeated_factors(a: Architecture, layers: Sequence[int], *, on_device: bool) -> int:
    """Position-scaling factors, which each place with layers that need them holds again [bytes]."""
    if a.attention.rope_factors == 0:
        return 0
    needing = a.factor_layers()
    if needing[0] in layers or not any(layer in needing for layer in layers):
        return 0
    size = FLOAT * a.attention.rope_factors
    return a.attention.rope_factor_sets * (aligned(size) if on_device else size)


def _cache(demand: Demand, layers: Sequence[int], *, on_device: bool) -> tuple[int, int]:
    """Bytes of keys and values, and of states."""
    a, batch = demand.architecture, demand.batch
    cache = 0
    for layer in layers:
        if not a.has_cache(layer):
            continue
        key, value = cache_row(a, layer, demand.key_type, demand.value_type)
        if not batch.flash_attention and value > 0:
            # Values are kept transposed, as wide in every layer as in the widest.
            kind = demand.value_type
            value = row_bytes(values=widest_cache(a), block=kind.block, block_bytes=kind.block_bytes)
        cells = batch.cells if a.sees_all(layer) else batch.window_cells
        cache += cells * (key + value)
        if on_device:
            cache += _padding(a, layer, demand.key_type, demand.value_type)
    kernel, convolved, values = state_values(a)
    recurrent = sum(1 for layer in layers if a.recurs(layer))
    state = recurrent_state_bytes(layers=recurrent, sequences=batch.sequences, conv_kernel=kernel, convolved=convolved, state=values)
    return cache, state


def _padding(a: Architecture, layer: int, key_type: TensorType, value_type: TensorType) -> int:
    """What a device adds to the tensors of a layer's cache; the keys of a scorer are a tensor of their own."""
    keys, values = cache_values(a, layer)
    indexer = a.attention.indexer
    scorer = indexer.head_dim if indexer is not None and a.scores(layer) else 0
    padding = 0
    for width, kind in ((keys - scorer, key_type), (scorer, key_type), (values, value_type)):
        padding += aligned(_padding_of(width, kind))
    return padding
