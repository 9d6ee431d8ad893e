"""Residual streams kept side by side: mixed into one before a block, and the block's result spread over them again."""

from __future__ import annotations

from macros.formulas.compute_graph.graph import LAST
from macros.formulas.compute_graph.passes import FLOAT, Pass
from macros.specs.architectures import Architecture


def keeps_streams(a: Architecture) -> bool:
    """Whether blocks work on mixtures of residual streams, mixed by a full matrix."""
    return a.hyper_connections > 1 and a.hyper_mixing and a.hyper_rank == 0 and not a.hypersphere


def spread(p: Pass, x: int) -> int:
    """The embedded tokens, the same in every stream."""
    return p.made(x, p.a.hyper_connections * p.a.hidden_size, (x,))


def _weights(p: Pass, layer: int, x: int, name: str, count: int) -> int:
    """So many numbers for each token, computed from all its streams."""
    wide = p.a.hyper_connections * p.a.hidden_size
    flat = p.each(p.graph.view(x), wide)
    return p.made(flat, count, (p.matrix(layer, f"{name}_fn"), flat))


def _scaled(p: Pass, layer: int, mixes: int, name: str) -> int:
    """A part of these numbers, scaled, shifted and bent: two operations more, each in the place of the last."""
    streams = p.a.hyper_connections
    x = p.each(mixes, streams, (p.vector(layer, streams, f"{name}_scale"),))
    x = p.each(x, streams, (p.vector(layer, streams, f"{name}_base"),))
    return p.each(p.each(x, streams), streams)


def mixed_in(p: Pass, layer: int, x: int, block: str) -> tuple[int, int, int]:
    """What a block gets of the streams `x`, and the numbers by which its result and the streams are mixed afterwards."""
    g, streams = p.graph, p.a.hyper_connections
    name, each = f"hc_{block}", (2 + streams) * streams
    mixes = _weights(p, layer, x, name, each)
    before = _scaled(p, layer, p.part(mixes, streams, each), name)
    after = _scaled(p, layer, p.part(mixes, streams, each), name)
    small = [p.vector(layer, 3, f"{name}_scale"), p.vector(layer, each, f"{name}_base")]
    across = g.fresh(FLOAT * g.rows[x] * streams * streams, g.rows[x], [mixes, *small])
    return p.made(x, p.a.hidden_size, (x, before)), after, across


def mixed_out(p: Pass, y: int, x: int, after: int, across: int) -> int:
    """The streams after a block that gave `y`."""
    return p.made(x, p.a.hyper_connections * p.a.hidden_size, (y, x, after, across))


def last_mixed(p: Pass, x: int) -> int:
    """What goes to the logits: the streams summed one by one, with weights of their own or as their mean."""
    a = p.a
    streams, width = a.hyper_connections, a.hidden_size
    if not a.hyper_head:
        total = p.part(x, width, streams * width)
        for _ in range(streams - 1):
            total = p.each(total, width, (p.part(x, width, streams * width),))
        return p.each(total, width)
    weights = _weights(p, LAST, x, "output_hc", streams)
    for name in ("scale", "base"):
        weights = p.each(weights, streams, (p.last_vector(streams, f"output_hc_{name}"),))
    weights = p.each(p.each(weights, streams), streams)
    total = -1
    for _ in range(streams):
        one = p.each(p.part(x, width, streams * width), width, (p.part(weights, 1, streams),))
        total = one if total < 0 else p.each(total, width, (one,))
    return total
