"""Softmax attention: how queries, keys and values are made, and what becomes of what the heads give."""

from __future__ import annotations

from macros.formulas.compute_graph.block_attention import attend_blocks, picks_blocks
from macros.formulas.compute_graph.passes import FLOAT, Pass
from macros.formulas.compute_graph.weighing import attend
from macros.formulas.remember import by_identity
from macros.specs.architectures import Architecture


def _turned(p: Pass, layer: int, x: int, head: int) -> int:
    """Turn heads by their positions."""
    if not p.a.turns(layer):
        return x
    others = [p.inputs["positions"]]
    if layer in factor_layers(p.a):
        others.append(p.inputs[f"factors_{p.layout.layers[layer]}"])
    return p.each(x, head, others)


@by_identity
def factor_layers(a: Architecture) -> set[int]:
    """Layers whose positions are scaled by a list."""
    return set(a.factor_layers())


def _biased(p: Pass, layer: int, x: int, values: int, number: int) -> int:
    return p.each(x, values, (p.vector(layer, values, f"attn_bias_{number}"),)) if p.a.attention.qkv_bias else x


def attention(p: Pass, layer: int, n: int) -> int:
    """Softmax attention over a row `n` of each token: what it adds to the residual stream."""
    y = heads_of(p, layer, n)
    if p.a.attention.sub_norm:
        y = p.norm(layer, y, p.a.heads(layer) * p.a.value_dim(layer), "attn_sub_norm")
    o = p.project(layer, "attn_output", y, p.a.hidden_size)
    if not p.a.attention.output_bias:
        return o
    bias = p.vector(layer, p.a.hidden_size, f"attn_bias_{3 if p.a.attention.qkv_bias else 0}")
    return p.each(o, p.a.hidden_size, (bias,))


def heads_of(p: Pass, layer: int, n: int) -> int:
    """What the heads give, before they are projected back."""
    a, g, t = p.a, p.graph, p.a.attention
    tokens = p.b.tokens
    head, heads, kv = a.head_dim(layer), a.heads(layer), a.kv_heads(layer)
    value = a.value_dim(layer)
    q, k, v, gate = _before_turning(p, layer, n, (heads, kv, head, value))
    before = a.traits.rope_before_qk_norm
    if before:
        q = _turned(p, layer, q, head)
        k = _turned(p, layer, k, head) if k >= 0 else k
    if t.qk_norm is not None and not _norms_whole(p):
        centred = p.centres() or a.traits.centres_heads
        q = p.norm(layer, q, head, "attn_q_norm", centred=centred)
        k = p.norm(layer, k, head, "attn_k_norm", centred=centred) if k >= 0 else k
    if v >= 0 and a.traits.norms_values:
        v = p.each(v, value)
    if not before:
        q = _turned(p, layer, q, head)
        k = _turned(p, layer, k, head) if k >= 0 else k
    if a.traits.qk_norm_after_rope and a.turns(layer):
        q, k = p.each(q, head), p.each(k, head)
    if a.traits.scales_queries_without_rope and not a.turns(layer):
        q = p.each(q, head, (p.inputs["scale"],))
    shape = (heads, kv, head, value)
    y = attend_blocks(p, layer, n, (q, k, v), shape) if picks_blocks(p, layer) else attend(p, layer, q, k, v, shape)
    if t.gate is not None:
        wide = heads if t.gate == "per-head" else heads * value
        weight = p.each(p.project(layer, "attn_gate", n, wide), wide)
        if t.gate == "per-head":
            y = g.view(y, tokens * heads)
            y = g.view(p.each(y, value, (g.view(weight, tokens * heads),)), tokens)
        else:
            y = p.each(y, wide, (weight,))
    if gate >= 0:
        y = p.each(y, heads * value, (p.each(gate, heads * value),))
    return y


def _before_turning(p: Pass, layer: int, n: int, shape: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Heads of queries, keys and values (-1: an earlier layer's are read), and the gate of what they give (-1: none)."""
    g, t, tokens = p.graph, p.a.attention, p.b.tokens
    heads, kv, head, _ = shape
    q, k, v = _of_one_matrix(p, layer, n, shape) if t.fused_qkv else _projected(p, layer, n, shape)
    gate = -1
    if t.output_gate:
        both = q
        span = FLOAT * (2 * tokens * heads * head - head)
        q = g.view(both, tokens * heads, span)
        gate = g.fresh(FLOAT * tokens * heads * head, tokens, (g.view(both, tokens, span),))
    elif _norms_whole(p):
        q = p.norm(layer, q, heads * head, "attn_q_norm")
        k = p.norm(layer, k, kv * head, "attn_k_norm")
    if t.fused_qkv and not _splits_whole(p):
        return q, k, v, gate
    if not t.output_gate:
        q = g.view(q, tokens * heads)
    if k >= 0:
        k, v = g.view(k, tokens * kv), g.view(v, tokens * kv)
    return q, k, v, gate


def _splits_whole(p: Pass) -> bool:
    """Whether what one matrix gives for queries, keys and values is copied apart before it is looked at head by head."""
    return p.a.attention.output_gate or _norms_whole(p)


def _norms_whole(p: Pass) -> bool:
    """Whether a norm of queries or keys goes over all heads at once."""
    return p.a.attention.qk_norm == "whole" and not p.a.traits.norms_each_head


def _of_one_matrix(p: Pass, layer: int, n: int, shape: tuple[int, int, int, int]) -> tuple[int, int, int]:
    """Queries, keys and values as parts of what one matrix gives, or copies of them."""
    g, tokens = p.graph, p.b.tokens
    heads, kv, head, value = shape
    parts = ((heads, heads * head * (2 if p.a.attention.output_gate else 1)), (kv, kv * head), (kv, kv * value))
    row = sum([size for _, size in parts])
    qkv = _biased(p, layer, p.project(layer, "attn_qkv", n, row), row, 0)
    found = []
    for count, size in parts:
        span = FLOAT * ((tokens - 1) * row + size)
        if _splits_whole(p):
            found.append(g.fresh(FLOAT * tokens * size, tokens, (g.view(qkv, tokens, span),)))
        else:
            found.append(g.view(qkv, tokens * count, span))
    return found[0], found[1], found[2]


def _projected(p: Pass, layer: int, n: int, shape: tuple[int, int, int, int]) -> tuple[int, int, int]:
    """Queries, keys and values by a matrix each."""
    a, t = p.a, p.a.attention
    heads, kv, head, value = shape
    q = p.project(layer, "attn_q", n, heads * head * (2 if t.output_gate else 1))
    q = _biased(p, layer, q, heads * head, 0)
    if not (a.has_cache(layer) or a.traits.keeps_no_cache):
        return q, -1, -1
    k = _biased(p, layer, p.project(layer, "attn_k", n, kv * head), kv * head, 1)
    v = k if t.value_is_key and a.sees_all(layer) else p.project(layer, "attn_v", n, kv * value)
    return q, k, _biased(p, layer, v, kv * value, 2)
