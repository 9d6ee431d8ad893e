"""Sparse attention that picks whole blocks of positions: the best are opened in a mask, one for each group of heads."""

from __future__ import annotations

from macros.formulas.compute_graph.graph import NOWHERE
from macros.formulas.compute_graph.passes import FLOAT, HALF, WORD, Pass
from macros.formulas.compute_graph.weighing import caches_of, rotated, widen
from macros.formulas.kv_cache import padded_cells
from macros.specs.architectures import Indexer


def picks_blocks(p: Pass, layer: int) -> bool:
    """Whether a layer picks blocks: with flash attention, and with a cache for each sequence."""
    indexer = p.a.attention.indexer
    sparse = indexer is not None and indexer.block is not None and p.a.scores(layer)
    return sparse and p.b.flash_attention and p.b.streams == p.b.sequences


def attend_blocks(p: Pass, layer: int, n: int, heads: tuple[int, int, int], shape: tuple[int, int, int, int]) -> int:
    """Keep keys and values, and weigh those of the best blocks.

    `n`: the layer's normed input; `heads`: queries, keys, values; `shape`: heads of queries and of keys, size of a key and of a value.
    """
    a, b, g = p.a, p.b, p.graph
    indexer = a.attention.indexer
    assert indexer is not None
    q, k, v = heads
    iq, ik = _scorers(p, indexer, layer, n)
    if "block_bias" not in p.inputs:
        _inputs(p, indexer)
    kept = g.stored(p.layout.caches[layer][2], layer)
    g.expand(g.write(kept, (g.view(ik), p.inputs["indexer_index"])))
    q, k, v = rotated(p, "key_rotation_all", q), rotated(p, "key_rotation_all", k), rotated(p, "value_rotation_all", v)
    for one in (q, k, v):
        g.expand(one)
    keys, values = caches_of(p, layer)
    g.expand(g.write(keys, (g.view(k, b.tokens), p.inputs["key_index_all"])))
    g.expand(g.write(values, (g.view(v, b.tokens), p.inputs["value_index_all"])))
    together = b.tokens // b.streams
    y = -1
    for stream in range(b.streams):
        mask = _opened(p, indexer, (iq, kept), shape[1])
        parts = [_own(p, q), _own(p, keys), _own(p, values), mask]
        size = FLOAT * together * shape[0] * shape[3]
        o = g.fresh(size, together, parts)
        g.device_sizes[o] = widen(p, o, b.cells, ((b.key_half, shape[1] * shape[2]), (b.value_half, shape[1] * shape[3])))
        o = g.view(g.fresh(size, together, (g.view(o),)))
        y = o if stream == 0 else g.fresh((stream + 1) * size, (stream + 1) * together, (y, o))
    return rotated(p, "value_rotation_all", g.view(y, b.tokens))


def _own(p: Pass, whole: int, rows: int = NOWHERE) -> int:
    """The part of one sequence of a cache, or of what comes from outside."""
    return p.graph.view(whole, rows, p.graph.sizes[whole] // p.b.streams)


def _scorers(p: Pass, indexer: Indexer, layer: int, n: int) -> tuple[int, int]:
    """Queries and key of the scorer, each made of the layer's input, normed and turned."""
    g, head = p.graph, indexer.head_dim
    found = []
    for name, count in (("q", indexer.heads), ("k", 1)):
        x = g.view(p.project(layer, f"indexer.{name}_proj", n, count * head), p.b.tokens * count)
        x = p.norm(layer, x, head, f"indexer.{name}_norm")
        found.append(p.each(x, head, (p.inputs["positions"],)))
    return found[0], found[1]


def _positions(p: Pass, indexer: Indexer) -> int:
    """Positions that a plan makes room for: those of an empty cache, in whole blocks."""
    assert indexer.block is not None
    cells: int = padded_cells(1)
    return -(-cells // indexer.block) * indexer.block


def _inputs(p: Pass, indexer: Indexer) -> None:
    """What says where positions lie: once for all layers."""
    b, g = p.b, p.graph
    assert indexer.block is not None
    positions = _positions(p, indexer)
    p.inputs["block_bias"] = g.input(FLOAT * (positions // indexer.block) * b.tokens)
    p.inputs["block_positions"] = g.input(FLOAT * positions * b.tokens)
    p.inputs["block_cells"] = g.input(WORD * positions * b.streams)
    p.inputs["block_of_cell"] = g.input(WORD * b.cells * b.streams)
    p.inputs["block_mask"] = g.fresh(FLOAT * b.cells * b.tokens, b.tokens, (p.inputs["mask_all"],))


def _opened(p: Pass, indexer: Indexer, scorer: tuple[int, int], groups: int) -> int:
    """The mask of one sequence with the best blocks open, for each group of heads."""
    b, g = p.b, p.graph
    assert indexer.block is not None
    iq, kept = scorer
    tokens = b.tokens // b.streams
    positions = _positions(p, indexer)
    blocks = positions // indexer.block
    best = min(indexer.top_k, blocks)
    rows = tokens * groups
    key = g.fresh(FLOAT * positions * indexer.head_dim, positions, (_own(p, kept), _own(p, p.inputs["block_cells"])))
    score = g.fresh(FLOAT * positions * rows, rows, (key, _own(p, iq)))
    score = g.view(score)
    score = g.write(score, (score, _own(p, p.inputs["block_positions"], rows)))
    score = g.fresh(FLOAT * blocks * rows, rows, (score,))
    bias = _own(p, p.inputs["block_bias"], tokens)
    score = g.over(FLOAT * blocks * rows, rows, [score, bias])
    chosen = g.fresh(WORD * best * rows, rows, (score,))
    closed = g.over(FLOAT * blocks * tokens, tokens, [bias])
    closed = g.fresh(HALF * blocks * tokens, tokens, (closed,))
    closed = g.fresh(HALF * blocks * rows, rows, (closed,))
    zero = g.fresh(FLOAT * best * rows, rows, (chosen,))
    zero = g.over(FLOAT * best * rows, rows, [zero])
    mask = g.view(g.write(g.view(closed), (g.view(zero), g.view(chosen))), rows)
    mask = g.fresh(HALF * blocks * rows, rows, (g.view(mask),))
    mask = g.fresh(HALF * blocks * rows, rows, (g.view(mask),))
    mask = g.fresh(FLOAT * b.cells * rows, b.cells, (mask, _own(p, p.inputs["block_of_cell"])))
    mask = g.fresh(FLOAT * b.cells * rows, rows, (g.view(mask),))
    mask = g.view(mask)
    mask = g.write(mask, (mask, _own(p, p.inputs["block_mask"], rows)))
    return g.fresh(HALF * b.cells * rows, rows, (g.view(mask, rows),))
