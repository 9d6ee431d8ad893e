"""Attention over a window and over older tokens of which several were made one: compressors, the scorer that picks, and the weighing."""

from __future__ import annotations

from dataclasses import dataclass

from macros.formulas.compute_graph.passes import FLOAT, HALF, INDEX, WORD, Pass
from macros.formulas.compute_graph.weighing import key_rotation, rotated, rotation_bytes, widen
from macros.formulas.kv_cache import compressed_cells, mask_bytes
from macros.specs.architectures import CompressedAttention, Indexer


@dataclass(frozen=True)
class Compressor:
    """What makes one token of several."""

    name: str
    """How its tensors begin."""
    rate: int
    """Tokens that become one."""
    head: int
    """Values of what is made."""
    overlapping: bool
    """Whether it sees two blocks at a time."""


def compressed_attention(p: Pass, c: CompressedAttention, layer: int, n: int) -> int:
    """Attention over a row `n` of each token: what it adds to the residual stream."""
    a, b, g = p.a, p.b, p.graph
    heads, head, rate = a.heads(layer), a.attention.head_dim, c.rates[layer]
    q_low = p.norm(layer, p.project(layer, "attn_q_a", n, c.query_rank), c.query_rank, "attn_q_a_norm")
    q = p.each(g.view(p.project(layer, "attn_q_b", q_low, heads * head)), heads * head)
    q = p.each(q, heads * head, (p.inputs["positions"],))
    k = p.norm(layer, p.project(layer, "attn_kv", n, head), head, "attn_kv_a_norm")
    k = p.each(g.view(k), head, (p.inputs["positions"],))
    if rate > 0:
        _compress(p, Compressor("attn_compressor", rate, head, a.scores(layer)), layer, n)
    best = -1
    if a.scores(layer) and a.attention.indexer is not None:
        _compress(p, Compressor("indexer_compressor", rate, a.attention.indexer.head_dim, True), layer, n)
        best = _best(p, a.attention.indexer, layer, (n, q_low), rate)
    y = _weighed(p, layer, (q, k), rate, best)
    y = p.each(g.view(y), heads * head, (p.inputs["positions"],))
    y = p.project(layer, "attn_output_a", g.view(y), c.output_groups * c.output_rank)
    y = g.fresh(FLOAT * b.tokens * c.output_groups * c.output_rank, b.tokens, (g.view(y),))
    return p.project(layer, "attn_output_b", y, a.hidden_size)


def _input(p: Pass, name: str, size: int) -> int:
    """Something from outside that all layers of a kind share."""
    if name not in p.inputs:
        p.inputs[name] = p.graph.input(size)
    return p.inputs[name]


def _compress(p: Pass, c: Compressor, layer: int, n: int) -> None:
    """Make tokens of those of this pass and of those that wait, and keep the rest waiting."""
    b, g = p.b, p.graph
    wide = c.head * (2 if c.overlapping else 1)
    waiting = c.rate * (2 if c.overlapping else 1) * b.sequences
    blocks = b.tokens // c.rate + b.sequences
    name = f"{c.name}_{c.rate}"
    read = _input(p, f"{name}_read", WORD * blocks * c.rate * (2 if c.overlapping else 1))
    values = p.project(layer, f"{c.name}_kv", n, wide)
    scores = p.project(layer, f"{c.name}_gate", n, wide)
    places = g.looked_up(FLOAT * b.tokens * wide, b.tokens, (_input(p, f"{name}_place", WORD * b.tokens),), f"{c.name}_ape", layer)
    scores = p.each(scores, wide, (places,))
    row = FLOAT * wide
    kept = [g.stored(row * waiting, layer) for _ in range(2)]
    parts = []
    for state, new in zip(kept, (values, scores), strict=True):
        rows = g.fresh(row * (waiting + b.tokens), b.tokens, (g.view(state), new))
        if c.overlapping:
            empty = g.over(row, 1, [g.view(rows, 1, row)])
            rows = g.fresh(row * (waiting + b.tokens + 1), b.tokens, (rows, g.view(empty)))
        taken = blocks * c.rate
        if c.overlapping:
            both = g.fresh(row * 2 * taken, b.tokens, (rows, read))
            halves = [g.view(g.fresh(FLOAT * taken * c.head, taken, (g.view(both),))) for _ in range(2)]
            found = g.fresh(FLOAT * 2 * taken * c.head, b.tokens, halves)
            parts.append(g.fresh(FLOAT * 2 * taken * c.head, b.tokens, (g.view(found),)))
        else:
            found = g.fresh(row * taken, b.tokens, (rows, read))
            parts.append(g.fresh(row * taken, b.tokens, (g.view(found),)))
    size = g.sizes[parts[0]]
    weights = g.over(size, b.tokens, [parts[1]])
    product = g.over(size, b.tokens, [parts[0], weights])
    made = g.fresh(FLOAT * blocks * c.head, blocks, (product,))
    made = g.fresh(FLOAT * blocks * c.head, blocks, (g.view(made),))
    made = p.norm(layer, made, c.head, f"{c.name}_norm")
    made = p.each(made, c.head, (_input(p, f"{name}_positions", WORD * blocks),))
    rotation = _rotation(p, c)
    if rotation:
        made = rotated(p, rotation, made)
    into = g.stored(HALF * b.sequences * compressed_cells(cells=b.cells, rate=c.rate) * c.head, layer)
    g.expand(g.write(into, (g.view(made), _input(p, f"{name}_write", INDEX * blocks))))
    rest = min(b.tokens, waiting)
    chosen = _input(p, f"{name}_kept_from", WORD * rest)
    places = _input(p, f"{name}_kept_to", WORD * rest)
    written = []
    for state, new in zip(kept, (values, scores), strict=True):
        rows = g.fresh(row * rest, rest, (new, chosen))
        written.append(g.write(g.view(state), (g.view(rows), places)))
    for one in written:
        g.expand(one)


def _rotation(p: Pass, c: Compressor) -> str:
    """The rotation that a compressed token goes through before it is kept: a scorer's always, others where the cache is quantized."""
    if c.name != "indexer_compressor" and not p.b.key_quantized:
        return ""
    name = f"{c.name}_{c.rate}_rotation"
    _input(p, name, rotation_bytes(key_rotation(c.head)))
    return name


def _best(p: Pass, indexer: Indexer, layer: int, rows: tuple[int, int], rate: int) -> int:
    """The compressed tokens that each token looks at."""
    b, g = p.b, p.graph
    n, q_low = rows
    cells = compressed_cells(cells=b.cells, rate=rate)
    wide = indexer.heads * indexer.head_dim
    q = g.view(p.project(layer, "indexer.attn_q_b", q_low, wide))
    q = p.each(q, wide, (p.inputs["positions"],))
    q = g.fresh(FLOAT * b.tokens * wide, b.tokens, (_input(p, f"indexer_compressor_{rate}_rotation", 0), g.view(q)))
    weights = p.each(p.project(layer, "indexer.proj", n, indexer.heads), indexer.heads)
    keys = g.stored(HALF * b.sequences * cells * indexer.head_dim, layer)
    mask = _input(p, "indexer_compressed_mask", mask_bytes(tokens=b.tokens, cells=cells, flash_attention=True))
    score = g.fresh(FLOAT * cells * b.tokens, b.tokens, (g.view(q), g.view(keys), g.view(weights), mask))
    picked = min(indexer.top_k, cells)
    order = g.fresh(WORD * picked * b.tokens, b.tokens, (score,))
    return g.fresh(WORD * picked * b.tokens, b.tokens, (g.view(order),))


def _opened(p: Pass, mask: int, best: int) -> int:
    """A mask with only the best open."""
    b, g = p.b, p.graph
    size = HALF if b.flash_attention else FLOAT
    picked = g.sizes[best] // WORD
    zero = g.over(size * picked, b.tokens, [g.blank(size * picked)])
    closed = g.over(g.sizes[mask], b.tokens, [mask])
    opened = g.write(g.view(closed), (zero, g.view(best)))
    return g.over(g.sizes[mask], b.tokens, [g.view(opened), mask])


def _weighed(p: Pass, layer: int, heads: tuple[int, int], rate: int, best: int) -> int:
    """Keep the key, and weigh what is seen of the window and of the compressed tokens."""
    a, b, g = p.a, p.b, p.graph
    count, head = a.heads(layer), a.attention.head_dim
    q, k = [rotated(p, "key_rotation_window", one) for one in heads]
    g.expand(q)
    g.expand(k)
    # Each sequence has its own window, whether or not others share the rest.
    row = p.layout.caches[layer][0] // (b.streams * b.window_cells)
    keys = g.stored(row * b.window_cells * b.sequences, layer)
    g.expand(g.write(keys, (g.view(k, b.tokens), p.inputs["key_index_window"])))
    mask, cells, seen = p.inputs["mask_window"], b.window_cells, g.view(keys)
    if rate > 0:
        more = compressed_cells(cells=b.cells, rate=rate)
        older = g.stored(row * more * b.sequences, layer)
        cells += more
        seen = g.fresh(row * cells * b.sequences, b.tokens, (g.view(keys), g.view(older)))
        part = _input(p, f"compressed_mask_{rate}", mask_bytes(tokens=b.tokens, cells=more, flash_attention=b.flash_attention))
        opened = part if best < 0 else _opened(p, part, best)
        mask = g.fresh(g.sizes[mask] // b.window_cells * cells, b.tokens, (mask, opened))
    sinks = g.small_weight(FLOAT * count, layer, "attn_sinks")
    size = FLOAT * b.tokens * count * head
    if b.flash_attention:
        y = g.fresh(size, b.tokens, [g.view(q), g.view(seen), g.view(seen), mask, sinks])
        g.device_sizes[y] = widen(p, y, cells * b.sequences, ((b.key_half, head),))
    else:
        rows = b.tokens * count
        scores = g.fresh(FLOAT * cells * rows, rows, [g.view(seen), g.view(q)])
        scores = g.over(FLOAT * cells * rows, rows, [scores, mask, sinks])
        turned = g.fresh(HALF * cells * b.sequences * head, cells, (g.view(seen),))
        y = g.fresh(size, b.tokens, [turned, scores])
        y = g.fresh(size, b.tokens, [g.view(y)])
    return rotated(p, "key_rotation_window", g.view(y, b.tokens))
