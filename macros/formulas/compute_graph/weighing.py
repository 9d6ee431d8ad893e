"""What a pass keeps of keys and values, and what the values give: the part of softmax attention after its projections."""

from __future__ import annotations

from macros.formulas.compute_graph.passes import FLOAT, HALF, Pass
from macros.formulas.engine_constants import DEVICE_ALIGNMENT
from macros.formulas.remember import by_identity
from macros.specs.architectures import Architecture

VALUE_ROTATION = 64
"""Side of the rotation that values go through before they are quantized."""


def key_rotation(head_dim: int) -> int:
    """Side of the rotation that keys go through before they are quantized: the largest power of two that divides a head.

    >>> key_rotation(192)
    64
    """
    side = VALUE_ROTATION
    while head_dim % (2 * side) == 0:
        side *= 2
    return side


def rotation_bytes(side: int) -> int:
    """A square rotation of 32-bit floats."""
    return FLOAT * side * side


def kind_of(p: Pass, layer: int) -> str:
    """Which of the two kinds of cache a layer has: that of the layers that see everything, or that of the windowed ones."""
    return "all" if p.a.sees_all(layer) else "window"


def rotated(p: Pass, name: str, x: int, contiguous: bool = True) -> int:
    """Rotate heads before they are quantized, and what they give back again."""
    if name not in p.inputs:
        return x
    g = p.graph
    rows = g.rows[x]
    size = g.sizes[x]
    if not contiguous:
        size = FLOAT * rows * p.a.attention.head_dim
        x = g.fresh(size, rows, (x,))
    return g.view(g.fresh(size, rows, (p.inputs[name], g.view(x))), rows)


def attend(p: Pass, layer: int, q: int, k: int, v: int, shape: tuple[int, int, int, int]) -> int:
    """Keep keys and values (-1: an earlier layer's are read), and weigh the values by how queries meet keys.

    `shape`: query heads, key and value heads, size of a key, size of a value.
    """
    a, b, g = p.a, p.b, p.graph
    kind = kind_of(p, layer)
    heads, kv, head, value = shape
    if a.traits.keeps_no_cache:
        return _at_once(p, layer, (q, k, v), shape)
    q = rotated(p, f"key_rotation_{kind}", q, _whole(p, q, heads * head))
    if k >= 0:
        k = rotated(p, f"key_rotation_{kind}", k, _whole(p, k, kv * head))
        v = rotated(p, f"value_rotation_{kind}", v, _whole(p, v, kv * value))
    g.expand(q)
    if k >= 0:
        windowed = a.attention.window is not None
        g.expand(k if windowed else v)
        g.expand(v if windowed else k)
    keys, values = caches_of(p, layer)
    if k >= 0:
        g.expand(g.write(keys, (g.view(k, b.tokens), p.inputs[f"key_index_{kind}"])))
        stored = v if b.flash_attention or _whole(p, v, kv * value) else g.fresh(FLOAT * b.tokens * kv * value, b.tokens, (v,))
        if not b.flash_attention and kv * value < widest_cache(a):
            stored = g.fresh(FLOAT * b.tokens * widest_cache(a), b.tokens, (g.view(stored, b.tokens),))
        g.expand(g.write(values, (g.view(stored, b.tokens), p.inputs[f"value_index_{kind}"])))
    y = weighed(p, layer, q, (keys, values), shape)
    return rotated(p, f"value_rotation_{kind}", y)


def _at_once(p: Pass, layer: int, heads: tuple[int, int, int], shape: tuple[int, int, int, int]) -> int:
    """Queries meet the keys of the same pass, which are rounded to 16 bits for flash attention."""
    b, g = p.b, p.graph
    for one in heads:
        g.expand(one)
    q, k, v = heads
    if b.flash_attention:
        k = g.fresh(HALF * b.tokens * shape[1] * shape[2], b.tokens, (g.view(k),))
        v = g.fresh(HALF * b.tokens * shape[1] * shape[3], b.tokens, (g.view(v),))
    return weighed(p, layer, q, (k, v), shape)


@by_identity
def widest_cache(a: Architecture) -> int:
    """Values of a token in the widest layer: without flash attention all layers keep as many."""
    latent = a.attention.latent
    if latent is not None:
        return a.attention.heads * latent.value_dim
    return max([a.kv_heads(layer) * a.value_dim(layer) for layer in range(a.layers)])


def _whole(p: Pass, x: int, values: int) -> bool:
    """Whether heads lie one after the other, and are not a part of something wider."""
    return p.graph.sizes[x] == FLOAT * p.b.tokens * values


def owner(a: Architecture, layer: int) -> int:
    """The layer whose keys and values a layer reads: its own, or those of the last one of its kind that has some."""
    kind = a.sees_all(layer)
    while not a.has_cache(layer) or a.sees_all(layer) != kind:
        layer -= 1
    return layer


def caches_of(p: Pass, layer: int) -> tuple[int, int]:
    """Keys and values that a layer reads."""
    whose = owner(p.a, layer)
    key_bytes, value_bytes, _ = p.layout.caches[whose]
    return p.graph.stored(key_bytes, whose), p.graph.stored(value_bytes, whose)


def weighed(p: Pass, layer: int, q: int, caches: tuple[int, int], shape: tuple[int, int, int, int]) -> int:
    """How queries meet keys, and what the values give: a row for each token."""
    a, b, g = p.a, p.b, p.graph
    keys, values = caches
    heads, kv, head, value = shape
    kind = kind_of(p, layer)
    mask = p.inputs[f"mask_{kind}"]
    sinks = [g.small_weight(FLOAT * heads, layer, "attn_sinks")] if a.has_sinks(layer) else []
    size = FLOAT * b.tokens * heads * value
    cells = b.cells if a.sees_all(layer) else b.window_cells
    if a.attention.distances is not None:
        mask = _with_distances(p, mask, q, heads * cells)
    if b.flash_attention:
        keys, values = halved(p, keys, cells * kv * head, b.key_whole), halved(p, values, cells * kv * value, b.value_whole)
        y = g.fresh(size, b.tokens, [g.view(q), keys, values, mask, *sinks])
        g.device_sizes[y] = widen(p, y, cells * b.streams, ((b.key_half, kv * head), (b.value_half, kv * value)))
        y = g.view(y)
    else:
        rows = b.tokens * heads
        scores = g.fresh(FLOAT * cells * rows, rows, [g.view(keys), g.view(q)])
        scores = g.over(FLOAT * cells * rows, rows, [scores, mask, *sinks])
        y = g.fresh(size, b.tokens, [g.view(values), scores])
        y = g.fresh(size, b.tokens, [g.view(y)])
        if p.layout.cache_on_host:
            # As a run has it; the plan that the engine prints without buffers forgets the place, and has all of this on the device.
            g.settled(y, p.layout.host)
    g.expand(y)
    return y


def halved(p: Pass, kept: int, values: int, whole: bool) -> int:
    """What flash attention reads of a cache: the cache itself, or 16-bit floats made of its 32-bit ones."""
    g, b = p.graph, p.b
    return g.fresh(HALF * b.streams * values, 0, (g.view(kept),)) if whole else g.view(kept)


def _with_distances(p: Pass, mask: int, q: int, values: int) -> int:
    """Biases by distance: looked up for each head, token and cell, then the mask is added."""
    g, tokens = p.graph, p.b.tokens
    biases = g.fresh(FLOAT * tokens * values, tokens, (g.view(q),))
    masked = g.fresh(FLOAT * tokens * values, tokens, (biases, mask))
    return g.fresh(HALF * tokens * values, tokens, (masked,)) if p.b.flash_attention else masked


def widen(p: Pass, y: int, cells: int, parts: tuple[tuple[bool, int], ...]) -> int:
    """On a device, what flash attention gives lies beside the quantized keys and values, widened to 16 bits: what both take [bytes]."""
    widened = p.graph.sizes[y]
    for half, values in parts:
        if not half:
            widened = (widened + DEVICE_ALIGNMENT - 1) // DEVICE_ALIGNMENT * DEVICE_ALIGNMENT + HALF * cells * values
    return widened
