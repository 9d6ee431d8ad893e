"""The pass of a picture tower and its projector, for which llama.cpp makes room when it starts (tools/mtmd, commit 0c1e57098)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from macros.formulas.compute_graph.graph import INPUT, WEIGHT, Graph
from macros.formulas.compute_graph.packing import buffer_bytes
from macros.formulas.compute_graph.passes import FLOAT, HALF, WORD
from macros.formulas.compute_graph.schedule import schedule
from macros.specs.towers import Tower

COLOURS = 3
"""Channels of a picture."""
LAYERS_ENOUGH = 4
"""Layers after which the buffer repeats itself, where no layer leaves anything for the end."""


@dataclass(frozen=True)
class Picture:
    """A pass over the patches of one picture."""

    t: Tower
    text: int
    """Width of the language model [values]."""
    flash_attention: bool
    graph: Graph
    weight: int
    """Any weight: all lie together, and what is computed with one goes there."""
    places: list[int]
    """What tells positions, from outside."""

    def made(self, rows: int, values: int, sources: Sequence[int]) -> int:
        """So many values for each row."""
        return self.graph.fresh(FLOAT * rows * values, rows, sources)

    def each(self, x: int, others: Sequence[int] = ()) -> int:
        """Each value by itself, in the place of `x` where nobody else needs it."""
        return self.graph.over(self.graph.sizes[x], self.graph.rows[x], [x, *others])

    def multiplied(self, x: int, values: int, *, biased: bool = False) -> int:
        """Rows multiplied by a matrix, with a bias where the tower has one; cutting values off takes no room."""
        y = self.made(self.graph.rows[x], values, (self.weight, x))
        return self.each(y, (self.weight,)) if biased else y

    def copied(self, x: int, rows: int = -1) -> int:
        """The same values in another order."""
        return self.graph.fresh(self.graph.sizes[x], self.graph.rows[x] if rows < 0 else rows, (self.graph.view(x),))

    def normed(self, x: int) -> int:
        """A norm with its weights; one that subtracts the mean has a bias, and is not computed in place."""
        if self.t.gated:
            return self.each(self.each(x), (self.weight,))
        n = self.graph.fresh(self.graph.sizes[x], self.graph.rows[x], (x,))
        return self.each(self.each(n, (self.weight,)), (self.weight,))


def tower_buffers(tower: Tower, *, text: int, flash_attention: bool = True) -> list[int]:
    """Compute buffers of a tower with its projector.

    Args:
        tower: its shapes
        text: width of the language model [values]
        flash_attention: whether flash attention is on

    Returns:
        The buffer of the device, then that of the host [bytes].

    Assumes: a picture as large as the engine reserves room for when it starts; a larger one makes the buffer grow when it comes.

    Source: llama.cpp, tools/mtmd/clip.cpp (reserve_compute_meta, build_vit) and tools/mtmd/models.
    """
    g = Graph(2)
    rows = tower.reserved_patches * tower.reserved_patches
    words = 4 * rows if tower.kind == "qwen3vl" else rows + int(tower.kind == "llama4")
    weight = g.settled(g.tensor(WEIGHT, 0, 0, ()), 0)
    raw = g.tensor(INPUT, FLOAT * COLOURS * rows * tower.patch_size * tower.patch_size, rows, ())
    p = Picture(tower, text, flash_attention, g, weight, [g.input(WORD * words) for _ in range(tower.position_inputs)])
    x = _entered(p, raw, rows)
    kept: list[int] = []
    for layer in _layers(tower):
        x = _layer(p, x)
        if layer in tower.side_layers:
            kept.append(_side(p, x, rows, kept))
    g.expand(_projected(p, x, rows, kept))
    return buffer_bytes(g, schedule(g))


def _layers(t: Tower) -> list[int]:
    """The layers gone through."""
    return list(range(t.layers if t.side_layers else min(t.layers, LAYERS_ENOUGH)))


def _convolved(p: Picture, raw: int, rows: int) -> int:
    """Patches cut out as 16-bit rows, and projected."""
    columns = p.graph.fresh(HALF * rows * COLOURS * p.t.patch_size * p.t.patch_size, rows, (p.weight, raw))
    return p.copied(p.made(rows, p.t.width, (p.graph.view(columns), p.weight)))


def _entered(p: Picture, raw: int, rows: int) -> int:
    """From the picture to a row for each patch, with what tells its place."""
    g, t = p.graph, p.t
    match t.kind:
        case "qwen3vl":
            x = p.each(_convolved(p, raw, rows), (_convolved(p, raw, rows),))
            x = p.each(p.copied(p.copied(x)), (p.weight,))
            place = p.copied(p.copied(p.copied(p.made(rows, t.width, (p.weight,)))))
            return p.each(x, (place,))
        case "gemma3":
            return p.each(p.each(p.copied(_convolved(p, raw, rows)), (p.weight,)), (p.weight,))
        case "gemma4v":
            x = p.copied(_convolved(p, p.each(raw), rows))
            for place in p.places:
                x = p.each(x, (p.made(rows, t.width, (p.weight, place)),))
            return x
        case "gemma4uv":
            wide = COLOURS * t.patch_size * t.patch_size
            x = p.normed(g.view(p.made(rows, wide, (g.blank(FLOAT * wide), raw))))
            x = p.normed(p.multiplied(x, t.width, biased=True))
            for place in p.places:
                x = p.each(x, (p.made(rows, t.width, (p.weight, place)),))
            return p.normed(x)
        case "pixtral":
            return p.normed(p.copied(_convolved(p, raw, rows)))
        case "kimik25":
            place = p.copied(p.made(rows, t.width, (p.weight,)))
            return p.each(p.each(p.copied(_convolved(p, raw, rows)), (p.weight,)), (place,))
    columns = p.made(rows, COLOURS * t.patch_size * t.patch_size, (p.weight, raw))
    x = p.made(rows + 1, t.width, (g.view(p.multiplied(columns, t.width)), p.weight))
    return p.normed(p.each(x, (p.weight,)))


def _turned(p: Picture, x: int) -> int:
    """Turned by the position: by both at once, or by one after the other."""
    for place in p.places:
        x = p.each(x, (place,))
    return x


def _layer(p: Picture, x: int) -> int:
    """Attention and a feed-forward block."""
    g, t = p.graph, p.t
    n, rows = p.normed(x), g.rows[x]
    inner = t.width
    if t.fused:
        qkv = p.multiplied(n, 3 * inner, biased=not t.gated)
        span = FLOAT * ((rows - 1) * 3 * inner + inner)
        q, k, v = (g.view(qkv, rows, span) for _ in range(3))
        if t.position_inputs:
            q, k = p.made(rows, inner, (q, *p.places[:1])), p.made(rows, inner, (k, *p.places[:1]))
            for place in p.places[1:]:
                q, k = p.each(q, (place,)), p.each(k, (place,))
    else:
        q, k, v = (g.view(p.multiplied(n, inner, biased=not t.gated)) for _ in range(3))
        if t.norms_heads:
            q, k = p.each(p.each(q), (p.weight,)), p.each(p.each(k), (p.weight,))
        q, k = _turned(p, q), _turned(p, k)
        v = p.each(v) if t.norms_heads else v
    for part in (q, k, v):
        g.expand(part)
    o = p.multiplied(_attended(p, q, k, v, rows, inner), t.width, biased=not t.gated)
    if t.norms_heads:
        o = p.normed(o)
    x = p.each(o, (x,))
    f = _fed(p, p.normed(x), t.inner, t.width, gated=t.gated, biased=not t.gated)
    if t.norms_heads:
        f = p.normed(f)
    return p.each(x, (f,))


def _attended(p: Picture, q: int, k: int, v: int, rows: int, inner: int) -> int:
    """What heads give."""
    g, t = p.graph, p.t
    if p.flash_attention:
        k, v = (g.fresh(HALF * rows * inner, rows, (g.view(part),)) for part in (k, v))
        return g.view(p.made(rows, inner, (g.view(q), k, v)), rows)
    v = p.copied(g.view(v, rows, FLOAT * rows * inner))
    scores = g.fresh(FLOAT * rows * rows * t.heads, rows * t.heads, (g.view(k), g.view(q)))
    return p.copied(p.made(rows, inner, (v, p.each(scores))), rows)


def _fed(p: Picture, n: int, inner: int, width: int, *, gated: bool = False, biased: bool = False) -> int:
    """A feed-forward block over rows."""
    up = p.multiplied(n, inner, biased=biased)
    if gated:
        gate = p.multiplied(n, inner, biased=biased)
        up = p.made(p.graph.rows[n], inner, (gate, up))
    else:
        up = p.each(up)
    return p.multiplied(up, width, biased=biased)


def _side(p: Picture, x: int, rows: int, kept: Sequence[int]) -> int:
    """What a layer gives the language model besides, joined with what earlier ones gave."""
    g, t = p.graph, p.t
    few, wide = rows // (t.merge * t.merge), t.width * t.merge * t.merge
    f = _fed(p, p.normed(g.view(x, few)), wide, p.text, biased=True)
    return f if not kept else p.made(few, p.text * (len(kept) + 1), (kept[-1], f))


def _projected(p: Picture, x: int, rows: int, kept: Sequence[int]) -> int:
    """From the tower's rows to tokens of the language model."""
    g, t = p.graph, p.t
    few, wide = rows // (t.merge * t.merge), t.width * t.merge * t.merge
    if t.norms_last:
        x = p.normed(x)
    match t.kind:
        case "qwen3vl":
            y = _fed(p, g.view(x, few), wide, p.text, biased=True)
            return p.made(few, p.text * (len(kept) + 1), (y, kept[-1])) if kept else y
        case "gemma3":
            pooled = p.made(few, t.width, (p.copied(x),))
            n = p.each(p.each(p.copied(pooled)), (p.weight,))
            # The matrix itself is turned about, 16-bit as it is.
            return p.made(few, p.text, (g.fresh(HALF * p.text * t.width, p.text, (p.weight,)), n))
        case "gemma4v":
            pooled = p.copied(p.made(few, t.width, (p.copied(x),)))
            y = p.each(pooled)
            if t.scales_last:
                y = p.each(p.each(y, (p.weight,)), (p.weight,))
            return p.multiplied(p.each(y), p.text)
        case "gemma4uv":
            return p.multiplied(p.each(x), p.text)
        case "pixtral":
            n = p.copied(p.each(p.each(x), (p.weight,)))
            columns = p.made(few, wide, (g.view(n), n))
            y = _fed(p, p.multiplied(g.view(columns), t.width), p.text, p.text)
            side = t.reserved_patches // t.merge
            breaks = p.each(p.each(g.blank(FLOAT * side * p.text)), (p.weight,))
            return g.view(p.made(few + side, p.text, (g.view(y), breaks)))
        case "kimik25":
            y = g.view(p.copied(p.copied(x)), rows)
            n = g.view(p.normed(y), few)
            return _fed(p, n, wide, p.text, biased=True)
    y = p.copied(p.copied(g.view(x, rows, FLOAT * rows * t.width)), few)
    y = p.each(p.multiplied(p.each(p.multiplied(y, t.middle or p.text)), t.middle or p.text))
    return p.multiplied(y, p.text)
