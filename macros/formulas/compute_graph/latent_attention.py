"""Multi-head latent attention: one small vector a token is cached, and what heads need is made from it; and sparse attention over it."""

from __future__ import annotations

from macros.formulas.compute_graph.passes import FLOAT, HALF, WORD, Pass
from macros.formulas.compute_graph.weighing import attend, caches_of, halved, widen
from macros.formulas.kv_cache import mask_bytes
from macros.specs.architectures import Indexer, LatentAttention


def latent_attention(p: Pass, latent: LatentAttention, layer: int, n: int) -> int:
    """Latent attention over a row `n` of each token: what it adds to the residual stream."""
    if latent.cached_whole:
        return _cached_whole(p, latent, layer, n)
    a, b, g = p.a, p.b, p.graph
    heads, indexer = a.heads(layer), a.attention.indexer if a.sees_all(layer) else None
    rank, turned, nope = latent.kv_rank, latent.rope_dim, latent.nope_dim
    first = n
    if latent.query_rank > 0:
        first = p.project(layer, "attn_q_a", n, latent.query_rank)
        first = p.norm(layer, first, latent.query_rank, "attn_q_a_norm")
    if indexer is not None and a.scores(layer):
        p.inputs["best"] = _best(p, indexer, layer, n, first)
    row = heads * (nope + turned)
    q = p.project(layer, "attn_q_b" if latent.query_rank > 0 else "attn_q", first, row)
    small = p.project(layer, "attn_kv_a_mqa", n, rank + turned)
    c = p.norm(layer, p.part(small, rank, rank + turned), rank, "attn_kv_a_norm")
    span = FLOAT * (b.tokens * row - turned)
    q_nope, q_turned = g.view(q, b.tokens, span), g.view(q, b.tokens * heads, span)
    k_turned = p.part(small, turned, rank + turned)
    if a.turns(layer) and "positions" in p.inputs:
        q_turned = p.each(q_turned, turned, (p.inputs["positions"],))
        k_turned = p.each(k_turned, turned, (p.inputs["positions"],))
    absorbed = g.fresh(FLOAT * b.tokens * heads * rank, b.tokens, (p.matrix(layer, "attn_k_b"), q_nope))
    query = g.fresh(FLOAT * b.tokens * heads * (rank + turned), b.tokens * heads, (g.view(absorbed), q_turned))
    key = g.fresh(FLOAT * b.tokens * (rank + turned), b.tokens, (g.view(c), k_turned))
    g.expand(query)
    g.expand(c)
    g.expand(key)
    keys, values = caches_of(p, layer)
    g.expand(g.write(keys, (g.view(key), p.inputs["key_index_all"])))
    mask = p.inputs["mask_all"]
    if indexer is not None:
        mask = _only_best(p, mask)
    y = _weighed(p, latent, layer, query, (keys, values), mask)
    if a.attention.gate is not None:
        gate = p.each(g.view(p.project(layer, "attn_gate", n, heads), b.tokens * heads), 1)
        y = p.each(g.view(y, b.tokens * heads), latent.value_dim, (gate,))
        y = g.fresh(FLOAT * b.tokens * heads * latent.value_dim, b.tokens, (y,))
    return p.project(layer, "attn_output", y, a.hidden_size)


def _weighed(p: Pass, latent: LatentAttention, layer: int, query: int, caches: tuple[int, int], mask: int) -> int:
    """How queries meet what is cached, which is its own value, and what comes of it for each head."""
    b, g = p.b, p.graph
    heads, rank, turned = p.a.heads(layer), latent.kv_rank, latent.rope_dim
    keys, values = g.view(caches[0]), g.view(caches[1])
    up = FLOAT * b.tokens * heads * latent.value_dim
    # Caches that stand side by side are weighed each with its own tokens.
    together = b.tokens // b.streams
    if b.flash_attention:
        if b.key_whole:
            keys, values = halved(p, keys, b.cells * (rank + turned), True), halved(p, values, b.cells * rank, True)
        y = g.fresh(FLOAT * b.tokens * heads * rank, b.tokens, (g.view(query), keys, values, mask))
        g.device_sizes[y] = widen(p, y, b.cells * b.streams, ((b.key_half, rank + turned),))
        g.apart_sizes[y] = widen(p, y, b.cells * b.streams, ((b.key_half, rank + turned), (b.key_half, rank)))
        y = g.fresh(up, together, (p.matrix(layer, "attn_v_b"), g.view(y, b.tokens)))
        y = g.fresh(up, b.tokens * heads, (g.view(y),))
    else:
        rows = b.tokens * heads
        scores = g.fresh(FLOAT * rows * b.cells, rows, (keys, g.view(query)))
        scores = g.over(FLOAT * rows * b.cells, rows, [scores, mask])
        turned_values = g.fresh(HALF * b.cells * b.streams * rank, b.cells * b.streams, (values,))
        y = g.fresh(FLOAT * rows * rank, b.tokens, (turned_values, scores))
        y = g.fresh(up, together, (p.matrix(layer, "attn_v_b"), y))
        y = g.fresh(up, b.tokens, (g.view(y),))
    y = g.view(y, b.tokens)
    g.expand(y)
    return y


def _best(p: Pass, indexer: Indexer, layer: int, n: int, query: int) -> int:
    """The tokens that a layer picks: score every cell with a small key of its own, which is cached as well."""
    b, g = p.b, p.graph
    wide = indexer.heads * indexer.head_dim
    q = g.view(p.project(layer, "indexer.attn_q_b", query, wide), b.tokens * indexer.heads)
    turned = "positions" in p.inputs
    q = p.each(q, indexer.head_dim, (p.inputs["positions"],)) if turned else q
    k = p.project(layer, "indexer.attn_k", n, indexer.head_dim)
    k = p.norm(layer, k, indexer.head_dim, "indexer.k_norm", centred=True, biased=True)
    k = p.each(g.view(k), indexer.head_dim, (p.inputs["positions"],)) if turned else g.view(k)
    q = p.made(q, indexer.head_dim, (p.inputs["indexer_rotation"], q))
    k = p.made(k, indexer.head_dim, (p.inputs["indexer_rotation"], k))
    kept = g.stored(p.layout.caches[layer][2], layer)
    g.expand(g.write(kept, (g.view(k), p.inputs["indexer_index"])))
    weight = p.each(g.view(p.project(layer, "indexer.proj", n, indexer.heads)), indexer.heads)
    score = g.fresh(FLOAT * b.tokens * b.cells, b.tokens, (g.view(q), g.view(kept), weight, p.inputs["indexer_mask"]))
    size = WORD * b.tokens * min(indexer.top_k, b.cells)
    best = g.fresh(size, b.tokens, (score,))
    return g.fresh(size, b.tokens, (best,))


def _only_best(p: Pass, mask: int) -> int:
    """The mask with all closed but the best."""
    b, g = p.b, p.graph
    size = mask_bytes(tokens=b.tokens, cells=b.cells, flash_attention=b.flash_attention)
    best = p.inputs["best"]
    closed = g.over(size, b.tokens, [mask])
    # One value for each of the best; 32-bit, whatever the mask is.
    opened = g.blank(FLOAT * (g.sizes[best] // WORD))
    opened = g.over(g.sizes[opened], g.sizes[best] // WORD, [opened])
    some = g.write(g.view(closed), (opened, g.view(best)))
    return g.over(size, b.tokens, [g.view(some), mask])


def _cached_whole(p: Pass, latent: LatentAttention, layer: int, n: int) -> int:
    """Latent attention of the older kind, which caches keys and values of every head."""
    b, g, heads = p.b, p.graph, p.a.attention.heads
    nope, turned = latent.nope_dim, latent.rope_dim
    row, both = heads * (nope + turned), heads * (nope + latent.value_dim)
    q = p.norm(layer, p.project(layer, "attn_q_a", n, latent.query_rank), latent.query_rank, "attn_q_a_norm")
    q = p.project(layer, "attn_q_b", q, row)
    small = p.project(layer, "attn_kv_a_mqa", n, latent.kv_rank + turned)
    k_turned = p.part(small, turned, latent.kv_rank + turned)
    c = p.norm(layer, p.part(small, latent.kv_rank, latent.kv_rank + turned), latent.kv_rank, "attn_kv_a_norm")
    kv = p.project(layer, "attn_kv_b", c, both)
    span = FLOAT * (b.tokens * both)
    v = g.fresh(FLOAT * b.tokens * heads * latent.value_dim, b.tokens * heads, (g.view(kv, b.tokens * heads, span - FLOAT * nope),))
    positions = [p.inputs["positions"]]
    q = p.each(g.view(q, b.tokens * heads), nope + turned, positions)
    k_turned = p.each(k_turned, turned, positions)
    each = g.fresh(FLOAT * b.tokens * heads * turned, b.tokens * heads, (k_turned,))
    k = g.fresh(FLOAT * b.tokens * row, b.tokens * heads, (g.view(kv, b.tokens * heads, span - FLOAT * latent.value_dim), each))
    y = attend(p, layer, q, k, v, (heads, heads, nope + turned, latent.value_dim))
    return p.project(layer, "attn_output", y, p.a.hidden_size)
