"""Tensors of attention: plain, latent, compressed, and what some models add to it."""

from __future__ import annotations

from collections.abc import Iterator

from macros.formulas.tensors.group import TensorGroup
from macros.specs.architectures import Architecture, CompressedAttention, Distances, ShortConvolutions


def attention(a: Architecture, layer: int) -> Iterator[TensorGroup]:
    """Tensors of a layer's attention.

    Args:
        a: the shapes of the model
        layer: its number [1]

    Returns:
        The tensors, in groups without layers.

    Source: llama.cpp, the tensor list of each architecture.
    """
    if a.attention.compressed is not None:
        return _compressed(a, a.attention.compressed, layer)
    return _plain(a, layer) if a.attention.latent is None else _latent(a, layer)


def _plain(a: Architecture, layer: int) -> Iterator[TensorGroup]:
    t = a.attention
    head, heads = a.head_dim(layer), a.heads(layer)
    width = a.hidden_size if t.input_size is None else t.input_size
    query, key = heads * head, a.kv_heads(layer) * head
    values, weighed = a.kv_heads(layer) * a.value_dim(layer), heads * a.value_dim(layer)
    crosses = a.sees_pictures(layer)
    projects = a.has_cache(layer) or a.same_cache or a.traits.keeps_no_cache or t.shared_cache_projections or crosses
    value = projects and not (t.value_is_key and a.sees_all(layer))
    if t.fused_qkv:
        yield TensorGroup("attn_qkv", width, (2 if t.output_gate else 1) * query + key + values, role="value_fused")
    else:
        yield TensorGroup("attn_q", width, 2 * query if t.output_gate else query, role="query")
        if projects:
            yield TensorGroup("attn_k", width, key, role="key")
        if value:
            yield TensorGroup("attn_v", width, values, role="value")
    if t.gate is not None:
        yield TensorGroup("attn_gate", width, heads if t.gate == "per-head" else weighed)
    if t.gate_bias:
        yield TensorGroup("attn_gate_bias", heads, role="kept")
    if t.gate_value_bias:
        yield TensorGroup("attn_gate_value_bias", weighed, role="kept")
    yield TensorGroup("attn_output", weighed, a.hidden_size, role="attention_output")
    for name in ("attn_query_scale", "attn_gate_scale") if a.hypersphere else ():
        yield TensorGroup(name, query, role="kept")
    biases = [2 * query if t.output_gate else query, key, values] if t.qkv_bias else []
    biases += [a.hidden_size] if t.output_bias else []
    for number, size in enumerate(biases):
        yield TensorGroup(f"attn_bias_{number}", size, role="kept")
    if crosses:
        yield TensorGroup("cross_attn_attn_gate", 1, role="kept")
        yield TensorGroup("cross_attn_mlp_gate", 1, role="kept")
    if t.qk_norm is not None or crosses:
        yield TensorGroup("attn_q_norm", query if t.qk_norm == "whole" else head, role="kept", is_parameter=t.qk_norm != "constant")
        if projects:
            yield TensorGroup("attn_k_norm", key if t.qk_norm == "whole" else head, role="kept", is_parameter=t.qk_norm != "constant")
        for name in ("attn_q_norm_bias", "attn_k_norm_bias") if t.qk_norm_biases else ():
            yield TensorGroup(name, head, role="kept")
    if a.has_sinks(layer):
        yield TensorGroup("attn_sinks", heads, role="kept")
    if t.sinks_by_token:
        yield TensorGroup("attn_sinks_proj", width, heads)
    if t.query_scale:
        yield TensorGroup("attn_q_scale", query, role="kept")
    if t.distances is not None:
        yield from _distances(a, t.distances, layer)
    if t.indexer is not None and a.scores(layer):
        yield TensorGroup("indexer.q_proj", width, t.indexer.heads * t.indexer.head_dim, role="kept")
        yield TensorGroup("indexer.k_proj", width, t.indexer.head_dim, role="kept")
        yield TensorGroup("indexer.q_norm", t.indexer.head_dim, role="kept")
        yield TensorGroup("indexer.k_norm", t.indexer.head_dim, role="kept")
    if t.sub_norm:
        yield TensorGroup("attn_sub_norm", weighed, role="kept")


def _distances(a: Architecture, d: Distances, layer: int) -> Iterator[TensorGroup]:
    window = a.attention.window
    seen = d.extent if window is None or a.sees_all(layer) else window.size
    yield TensorGroup("attn_rel", a.hidden_size, a.heads(layer) * d.size)
    yield TensorGroup("attn_rel_proj", seen, d.size, role="kept_matrix")
    if d.scaled:
        yield TensorGroup("attn_rel_scale", a.heads(layer) * d.size, role="kept")


def _latent(a: Architecture, layer: int) -> Iterator[TensorGroup]:
    t, latent = a.attention, a.latent_of(layer)
    assert latent is not None
    width, heads = a.hidden_size, a.heads(layer)
    query = heads * (latent.nope_dim + latent.rope_dim)
    if latent.query_rank > 0:
        yield TensorGroup("attn_q_a", width, latent.query_rank)
        yield TensorGroup("attn_q_a_norm", latent.query_rank, role="kept")
        yield TensorGroup("attn_q_b", latent.query_rank, query)
    else:
        yield TensorGroup("attn_q", width, query, role="query")
    yield TensorGroup("attn_kv_a_mqa", width, latent.kv_rank + latent.rope_dim)
    yield TensorGroup("attn_kv_a_norm", latent.kv_rank, role="kept")
    if latent.rope_norm:
        yield TensorGroup("attn_k_norm", latent.rope_dim, role="kept")
    if latent.cached_whole:
        yield TensorGroup("attn_kv_b", latent.kv_rank, heads * (latent.nope_dim + latent.value_dim), role="value")
    else:
        yield TensorGroup("attn_k_b", latent.nope_dim, latent.kv_rank, heads)
        yield TensorGroup("attn_v_b", latent.kv_rank, latent.value_dim, heads)
    if t.gate is not None:
        yield TensorGroup("attn_gate", width, heads if t.gate == "per-head" else heads * latent.value_dim)
    yield TensorGroup("attn_output", heads * latent.value_dim, width, role="attention_output")
    if t.qkv_bias:
        if latent.query_rank > 0:
            yield TensorGroup("attn_q_a_bias", latent.query_rank, role="kept")
        yield TensorGroup("attn_kv_a_mqa_bias", latent.kv_rank + latent.rope_dim, role="kept")
    if t.output_bias:
        yield TensorGroup("attn_output_bias", width, role="kept")
    if a.has_sinks(layer):
        yield TensorGroup("attn_sinks", heads, role="kept")
    if t.indexer is not None and a.scores(layer):
        yield TensorGroup("indexer.k_norm", t.indexer.head_dim, role="kept")
        yield TensorGroup("indexer.k_norm_bias", t.indexer.head_dim, role="kept")
        yield TensorGroup("indexer.proj", width, t.indexer.heads)
        yield TensorGroup("indexer.attn_k", width, t.indexer.head_dim)
        yield TensorGroup("indexer.attn_q_b", latent.query_rank, t.indexer.heads * t.indexer.head_dim)
        if t.indexer.pool is not None:
            yield TensorGroup("indexer_compressor_gate", width, t.indexer.head_dim)
            yield TensorGroup("indexer_compressor_ape", t.indexer.head_dim, t.indexer.pool, role="kept")


def _compressed(a: Architecture, c: CompressedAttention, layer: int) -> Iterator[TensorGroup]:
    width, head, heads, indexer = a.hidden_size, a.attention.head_dim, a.attention.heads, a.attention.indexer
    yield TensorGroup("attn_sinks", heads, role="kept")
    yield TensorGroup("attn_q_a", width, c.query_rank)
    yield TensorGroup("attn_q_a_norm", c.query_rank, role="kept")
    yield TensorGroup("attn_q_b", c.query_rank, heads * head)
    yield TensorGroup("attn_kv", width, head)
    yield TensorGroup("attn_kv_a_norm", head, role="kept")
    yield TensorGroup("attn_output_a", heads * head // c.output_groups, c.output_rank * c.output_groups)
    yield TensorGroup("attn_output_b", c.output_groups * c.output_rank, width)
    rate = c.rates[layer] if layer < a.layers else 0
    if rate == 0:
        return
    yield from _compressor(width, head * (2 if a.scores(layer) else 1), head, rate, "attn_compressor")
    if a.scores(layer) and indexer is not None:
        yield TensorGroup("indexer.proj", width, indexer.heads)
        yield TensorGroup("indexer.attn_q_b", c.query_rank, indexer.heads * indexer.head_dim)
        yield from _compressor(width, 2 * indexer.head_dim, indexer.head_dim, rate, "indexer_compressor")


def _compressor(width: int, wide: int, head: int, rate: int, name: str) -> Iterator[TensorGroup]:
    """Several tokens become one: weighed by a gate and by their place in the block."""
    yield TensorGroup(f"{name}_kv", width, wide)
    yield TensorGroup(f"{name}_gate", width, wide)
    yield TensorGroup(f"{name}_ape", wide, rate, role="kept")
    yield TensorGroup(f"{name}_norm", head, role="kept")


def short_convolutions(a: Architecture, c: ShortConvolutions, layer: int) -> Iterator[TensorGroup]:
    """Convolutions over the last tokens, beside attention and feed-forward block.

    Args:
        a: the shapes of the model
        c: their shapes
        layer: its number [1]

    Returns:
        The tensors, in groups without layers.

    Source: llama.cpp, the tensor list of each architecture.
    """
    keys = a.kv_heads(layer) * a.head_dim(layer)
    for name, channels in (("k", keys), ("v", keys), ("attn", a.hidden_size), ("ffn", a.hidden_size)):
        yield TensorGroup(f"shortconv.{name}", c.kernel, channels, role="kept")
    for name in ("k", "v") if c.by_token and a.sees_all(layer) else ():
        yield TensorGroup(f"shortconv.{name}_proj", a.hidden_size, a.kv_heads(layer) * c.kernel)
