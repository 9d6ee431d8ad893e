"""What each device and the host hold, for layers that have been placed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from macros.estimate.setting import FLOAT_CACHE_TYPES, Setting
from macros.estimate.weights import ModelWeights
from macros.formulas.compute_buffer import compute_buffer_bytes
from macros.formulas.compute_graph.attention import widest_cache
from macros.formulas.compute_graph.passes import FLOAT, Batch, Layout
from macros.formulas.elementwise import added
from macros.formulas.kv_cache import padded_cells, paged_cache_bytes, recurrent_state_bytes, row_bytes, window_cells
from macros.formulas.remember import by_identity
from macros.specs.architectures import Architecture
from macros.specs.engines import Engine
from macros.specs.quantizations import TensorType

ROW_PADDING = 512
"""CUDA pads the last row of a quantized tensor whose rows are no multiple of so many values."""

ALIGNMENT = 128
"""Tensors on a device start at multiples of so many bytes."""
HOLDS_TIED_TWICE = ("gemma3n", "gemma4")
"""Classes whose tied table is held a second time as output matrix even on the host."""

Placed = tuple[tuple[int, ...], bool]
"""Layers, and whether the output is with them."""


@dataclass(frozen=True)
class Part:
    """What one device, or the host, holds."""

    weights_bytes: int
    read_bytes: float
    active_parameters: float
    kv_cache_bytes: int
    state_bytes: int
    cache_rows: tuple[tuple[int, int], ...]
    compute_buffer_bytes: int
    expert_bytes: int = 0


@dataclass(frozen=True)
class Plan:
    """All parts."""

    devices: tuple[Part, ...]
    host: Part
    batch: Batch


@dataclass(frozen=True)
class Demand:
    """What a plan depends on besides the weights: not which device, processor or prompt."""

    architecture: Architecture
    engine: Engine
    batch: Batch
    context: int
    key_type: TensorType
    value_type: TensorType
    experts_on_host: bool


@by_identity
def _demand(
    a: Architecture,
    engine: Engine,
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
    return Demand(a, engine, batch, context, key_type, value_type, experts_on_host)


def cache_row(a: Architecture, layer: int, key_type: TensorType, value_type: TensorType) -> tuple[int, int]:
    """Bytes that one token takes in a layer: keys, values.

    Args:
        a: the shapes of the model
        layer: a layer with a cache
        key_type: type of the keys
        value_type: type of the values

    Returns:
        Bytes of keys and of values [bytes].
    """
    keys, values = cache_values(a, layer)
    return (
        row_bytes(values=keys, block=key_type.block, block_bytes=key_type.block_bytes),
        row_bytes(values=values, block=value_type.block, block_bytes=value_type.block_bytes),
    )


def cache_values(a: Architecture, layer: int) -> tuple[int, int]:
    """Values that one token takes in a layer: keys, values."""
    latent = a.attention.latent
    if latent is not None and latent.cached_whole:
        return a.attention.heads * (latent.nope_dim + latent.rope_dim), a.attention.heads * latent.value_dim
    if latent is not None:
        indexer = a.attention.indexer
        return latent.kv_rank + latent.rope_dim + (indexer.head_dim if indexer is not None and a.scores(layer) else 0), 0
    heads = a.kv_heads(layer)
    return heads * a.head_dim(layer), heads * a.value_dim(layer)


def state_values(a: Architecture) -> tuple[int, int, int]:
    """Of one recurrent layer: what its convolution sees [tokens], its channels [values], the values of its state."""
    r = a.recurrent
    if r is None:
        return 1, 0, 0
    if r.kind == "short-convolution":
        return r.conv_kernel, a.hidden_size, 0
    return r.conv_kernel, r.inner_size + 2 * r.groups * r.state_size, r.state_size * r.inner_size


def plan_buffers(setting: Setting, weights: ModelWeights, devices: tuple[Placed, ...], host: Placed) -> Plan:
    """What each device and the host hold.

    Args:
        setting: a checked question
        weights: what the layers weigh
        devices: the layers of each device
        host: the layers of the host

    Returns:
        The parts.
    """
    demand = _demand(
        setting.architecture,
        setting.engine,
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
    return _planned(demand, weights, devices, host)


@by_identity
def _planned(demand: Demand, weights: ModelWeights, devices: tuple[Placed, ...], host: Placed) -> Plan:
    if demand.engine.id == "vllm":
        return _plan_vllm(demand, weights, devices, host)
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
        parts.append(_part(demand, weights, layers, has_output, on_device=True, compute=compute))
    held = _part(demand, weights, host_layers, host_output, on_device=False, compute=computing[-1], gpu_layers=devices)
    return Plan(tuple(parts), held, demand.batch)


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
                scorer += _row_padding(indexer.head_dim, key_type)
            padding = _row_padding(latent.kv_rank + latent.rope_dim, key_type)
            found[layer] = (cells * key + padding, cells * key - rest, scorer)
        else:
            key_padding, value_padding = _row_padding(a.head_dim(layer), key_type), _row_padding(a.value_dim(layer), value_type)
            found[layer] = (cells * key + key_padding, cells * value + value_padding, 0)
    return found


def _row_padding(values: int, kind: TensorType) -> int:
    """What a device adds to the last row of a quantized tensor [bytes]."""
    if kind.block == 1 or values % ROW_PADDING == 0:
        return 0
    return (ROW_PADDING - values % ROW_PADDING) // kind.block * kind.block_bytes


def _part(
    demand: Demand,
    weights: ModelWeights,
    layers: Sequence[int],
    has_output: bool,
    *,
    on_device: bool,
    compute: int,
    gpu_layers: Sequence[Placed] = (),
) -> Part:
    held, read, active, expert_bytes = 0, 0.0, 0.0, 0
    away = demand.experts_on_host and on_device
    for layer in layers:
        w = weights.layers[layer]
        held += (w.device_bytes if on_device else w.bytes) - ((w.expert_device_bytes if on_device else w.expert_bytes) if away else 0)
        read += w.read_bytes - (w.expert_read_bytes if away else 0.0)
        active += w.active - (w.expert_active if away else 0.0)
    if has_output:
        for w in (weights.output, weights.tied):
            read += w.read_bytes
            active += w.active
        held += (weights.output.device_bytes + weights.tied.device_bytes) if on_device else weights.output.bytes
        if not on_device and demand.architecture.engine_name in HOLDS_TIED_TWICE:
            held += weights.tied.bytes
    if not on_device:
        held += weights.embedding.bytes
        read += weights.embedding.read_bytes
        active += weights.embedding.active
        if demand.experts_on_host:
            for placed, _ in gpu_layers:
                for layer in placed:
                    w = weights.layers[layer]
                    held += w.expert_bytes
                    expert_bytes += w.expert_bytes
                    read += w.expert_read_bytes
                    active += w.expert_active
    held += _repeated_factors(demand.architecture, layers, on_device=on_device)
    cache, state, rows = _cache(demand, layers, on_device=on_device)
    return Part(held, read, active, cache + state, state, rows, compute, expert_bytes)


def _repeated_factors(a: Architecture, layers: Sequence[int], *, on_device: bool) -> int:
    """Position-scaling factors, which each place with layers that need them holds again [bytes]."""
    if a.attention.rope_factors == 0:
        return 0
    needing = a.factor_layers()
    if needing[0] in layers or not any(layer in needing for layer in layers):
        return 0
    size = FLOAT * a.attention.rope_factors
    return a.attention.rope_factor_sets * (-(-size // ALIGNMENT) * ALIGNMENT if on_device else size)


def _cache(demand: Demand, layers: Sequence[int], *, on_device: bool) -> tuple[int, int, tuple[tuple[int, int], ...]]:
    a, batch = demand.architecture, demand.batch
    cache = 0
    rows: list[tuple[int, int]] = []
    for layer in layers:
        if not a.has_cache(layer):
            continue
        key, value = cache_row(a, layer, demand.key_type, demand.value_type)
        if not batch.flash_attention and value > 0:
            # Values are kept transposed, as wide in every layer as in the widest.
            kind = demand.value_type
            value = row_bytes(values=widest_cache(a), block=kind.block, block_bytes=kind.block_bytes)
        full = a.sees_all(layer)
        cells = batch.cells if full else batch.window_cells
        cache += cells * (key + value)
        if on_device:
            cache += _padding(a, layer, demand.key_type, demand.value_type)
        window = a.attention.window
        rows.append((key + value, cells if full or window is None else min(window.size, cells)))
    kernel, convolved, values = state_values(a)
    recurrent = sum(1 for layer in layers if a.recurs(layer))
    state = recurrent_state_bytes(layers=recurrent, sequences=batch.sequences, conv_kernel=kernel, convolved=convolved, state=values)
    return cache, state, tuple(rows)


def _padding(a: Architecture, layer: int, key_type: TensorType, value_type: TensorType) -> int:
    """What a device adds to the tensors of a layer's cache; the keys of a scorer are a tensor of their own."""
    keys, values = cache_values(a, layer)
    indexer = a.attention.indexer
    scorer = indexer.head_dim if indexer is not None and a.scores(layer) else 0
    padding = 0
    for width, kind in ((keys - scorer, key_type), (scorer, key_type), (values, value_type)):
        padding += -(-_row_padding(width, kind) // ALIGNMENT) * ALIGNMENT
    return padding


def _plan_vllm(demand: Demand, weights: ModelWeights, devices: tuple[Placed, ...], host: Placed) -> Plan:
    """vLLM holds everything on the devices, in equal shares (tensor parallel)."""
    a, batch = demand.architecture, demand.batch
    count = max(len(devices), 1)
    page = demand.engine.page_tokens or 16
    cache = 0
    rows: list[tuple[int, int]] = []
    for layer in range(a.layers):
        if a.has_cache(layer):
            key, value = cache_row(a, layer, demand.key_type, demand.value_type)
            cache += paged_cache_bytes(tokens=demand.context, page=page, layers=1, key_row_bytes=key, value_row_bytes=value)
            window = a.attention.window
            rows.append(((key + value) // count, demand.context if a.sees_all(layer) or window is None else window.size))
    kernel, convolved, values = state_values(a)
    recurrent = sum(1 for layer in range(a.layers) if a.recurs(layer))
    state = recurrent_state_bytes(layers=recurrent, sequences=batch.sequences, conv_kernel=kernel, convolved=convolved, state=values)
    tokens = min(demand.engine.batched_tokens or batch.tokens, max(demand.context, 1))
    sequences = min(demand.engine.sequences or 1, tokens)
    inner = max(a.feed_forward_size(0), a.experts.used * a.experts.size if a.experts is not None else 0)
    compute = tokens * (2 * inner + 4 * a.hidden_size) * 2 + sequences * a.vocabulary_size * 4
    pieces = (*weights.layers, weights.output, weights.embedding)
    held = sum(w.bytes for w in pieces)
    read = added([w.read_bytes for w in (*pieces, weights.tied)])
    active = added([w.active for w in (*pieces, weights.tied)])
    part = Part(
        -(-held // count), read / count, active / count, -(-(cache + state) // count), state // count, tuple(rows), -(-compute // count)
    )
    nothing = Part(0, 0.0, 0.0, 0, 0, (), 0)
    return Plan(tuple(part for _ in devices), nothing if devices else part, batch)
