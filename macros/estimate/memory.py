"""What each device and the host hold, for layers that have been placed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from macros.estimate.setting import FLOAT_CACHE_TYPES, Setting
from macros.estimate.weights import ModelWeights
from macros.formulas.compute_buffer import OFFLOADED_TOKENS, Batch, host_compute_bytes, planned_bytes
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
    a, batch = demand.architecture, demand.batch
    host_layers, host_output = host
    # Several devices work on several passes at a time, if nothing is left to the host.
    copies = 4 if len(devices) > 1 and not host_layers and not host_output and not demand.experts_on_host else 1
    parts = []
    for number, (layers, has_output) in enumerate(devices):
        helps = number == 0 and batch.tokens >= OFFLOADED_TOKENS
        # Whatever is brought from the host comes to the first device.
        away = demand.experts_on_host and not helps and batch.tokens >= OFFLOADED_TOKENS
        others = _others(demand, devices) if helps else ()
        streamed = None if away else _streamed(demand, weights, (*layers, *others), host_layers if helps else ())
        compute = 0
        if layers or has_output or (helps and (host_layers or host_output)):
            compute = planned_bytes(
                a,
                batch,
                layers=(*(host_layers if helps else ()), *layers),
                has_output=has_output or (helps and host_output and batch.outputs >= OFFLOADED_TOKENS),
                on_device=True,
                streamed=streamed,
                caches=_brought_caches(demand, host_layers if helps else ()),
                output_matrix=weights.output_matrix if helps and host_output else 0,
                copies=copies,
                first=number == 0,
                away=away,
                others=others,
            )
        parts.append(_part(demand, weights, layers, has_output, on_device=True, compute=compute))
    compute = host_compute_bytes(a, batch, layers=host_layers, has_output=host_output, devices=bool(devices), copies=copies)
    return Plan(tuple(parts), _part(demand, weights, host_layers, host_output, on_device=False, compute=compute, gpu_layers=devices), batch)


def _others(demand: Demand, devices: tuple[Placed, ...]) -> tuple[int, ...]:
    """Mixtures of experts on all devices but the first, where experts stay on the host."""
    if not demand.experts_on_host:
        return ()
    return tuple(layer for layers, _ in devices[1:] for layer in layers if demand.architecture.is_mixture(layer))


def _streamed(demand: Demand, weights: ModelWeights, layers: Sequence[int], host_layers: Sequence[int]) -> dict[int, dict[str, int]] | None:
    """Matrices that a device gets from the host for a pass: those of the host's layers, and experts that stay there."""
    found = {layer: weights.matrices[layer] for layer in host_layers}
    if demand.experts_on_host and demand.batch.tokens >= OFFLOADED_TOKENS:
        for layer in layers:
            found[layer] = {name: size for name, size in weights.matrices[layer].items() if name.endswith("_exps")}
    return found or None


def _brought_caches(demand: Demand, layers: Sequence[int]) -> dict[int, tuple[int, int]] | None:
    """Keys and values of the host's layers, which a device gets for a pass."""
    a, batch = demand.architecture, demand.batch
    found = {}
    for layer in layers:
        if a.attends(layer):
            key, value = cache_row(a, layer, demand.key_type, demand.value_type)
            cells = batch.cells if a.sees_all(layer) else batch.window_cells
            row = a.head_dim(layer)
            latent = a.attention.latent
            if latent is not None and not latent.cached_whole:
                key = row_bytes(
                    values=latent.kv_rank + latent.rope_dim, block=demand.key_type.block, block_bytes=demand.key_type.block_bytes
                )
                rest = row_bytes(values=latent.rope_dim, block=demand.key_type.block, block_bytes=demand.key_type.block_bytes)
                found[layer] = (cells * key, cells * key - rest)
                continue
            found[layer] = (cells * key + _row_padding(row, demand.key_type), cells * value + _row_padding(row, demand.value_type))
    return found or None


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
    cache, state, rows = _cache(demand, layers, on_device=on_device)
    return Part(held, read, active, cache + state, state, rows, compute, expert_bytes)


def _cache(demand: Demand, layers: Sequence[int], *, on_device: bool) -> tuple[int, int, tuple[tuple[int, int], ...]]:
    a, batch = demand.architecture, demand.batch
    cache = 0
    rows: list[tuple[int, int]] = []
    for layer in layers:
        if not a.has_cache(layer):
            continue
        key, value = cache_row(a, layer, demand.key_type, demand.value_type)
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
    padding = 0
    for values, kind in zip(cache_values(a, layer), (key_type, value_type), strict=True):
        padding += -(-_row_padding(values, kind) // ALIGNMENT) * ALIGNMENT
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
