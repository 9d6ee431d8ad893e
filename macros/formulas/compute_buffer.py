"""The memory that an engine computes in, planned as llama.cpp plans it.

One buffer serves a whole pass. Each tensor between two operations gets a place when it is computed and gives it back after its last
use, so the buffer is as large as the fullest moment, gaps included. Here the pass is gone through block by block: which tensors each
block needs, how large they are, and in which order they come and go. Operations that work in place appear only where they end a life.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from macros.formulas.arena import Arena, become, compute, give, take, top
from macros.formulas.remember import by_identity
from macros.specs.architectures import Architecture, Experts, Indexer, LatentAttention, Recurrent

FLOAT = 4
"""Bytes of a value between two operations: 32-bit floats."""
HALF = 2
"""Bytes of a 16-bit float."""
INDEX = 8
"""Bytes of an index into the cache."""
WORD = 4
"""Bytes of a token's number, a position, an expert's number."""
DEVICE_ALIGNMENT = 128
"""Tensors of a device start at multiples of so many bytes."""
HOST_ALIGNMENT = 32
"""Tensors of the host start at multiples of so many bytes."""
VALUE_ROTATION = 64
"""Side of the rotation that values go through before they are quantized."""


@dataclass(frozen=True)
class Batch:
    """The sizes of one pass."""

    tokens: int
    """Tokens computed at once."""
    cells: int
    """Cells of the layers that see everything."""
    window_cells: int
    """Cells of the windowed layers; 0: there are none."""
    outputs: int
    """Tokens whose logits are kept."""
    sequences: int
    """Sequences that share the cache."""
    flash_attention: bool
    """Whether flash attention is on."""
    key_half: bool
    """Whether keys are 16-bit."""
    value_half: bool
    """Whether values are 16-bit."""


@dataclass(frozen=True)
class _Pass:
    """What the blocks need to know of the pass."""

    a: Architecture
    b: Batch
    arena: Arena
    widens: bool
    """Whether a quantized cache is widened for flash attention (devices)."""
    keeps: bool
    """Whether what comes from outside stays to the end (several devices)."""
    streamed: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    """Layer -> tensor -> bytes, of what lies on the host and is brought for the pass."""
    caches: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    """Layer -> bytes of keys and of values, of caches that lie on the host and are brought for the pass."""
    layers: tuple[int, ...] = ()
    """The layers gone through."""
    away: bool = False
    """Whether routed experts are computed on another device, which gets them from the host."""
    late: dict[str, int] = field(default_factory=dict)
    """What comes from outside only when a layer first needs it, because the host's layers cut the pass in pieces [bytes]."""

    def floats(self, values: int) -> int:
        """Bytes of so many values for each token."""
        return FLOAT * self.b.tokens * values


def _project(p: _Pass, layer: int, tensor: str, name: str, size: int, last_use_of: tuple[str, ...] = ()) -> None:
    """Multiply by a matrix; one that lies on the host is brought for that long."""
    streamed = p.streamed.get(layer, {}).get(tensor, 0)
    if streamed > 0 and "matrix" not in p.arena.held:
        take(p.arena, "matrix", streamed)
        if tensor == _last_brought(p, layer):
            _come_along(p, layer)
    if streamed > 0 and "x" in p.late:
        take(p.arena, "x", p.late.pop("x"))
    if (tensor in ("attn_q", "attn_qkv") and _turn_begins(p.a, layer) == "matrix") or (tensor == "attn_v" and not p.a.attention.qkv_bias):
        _arrive(p, layer, tensor)
    if tensor == "attn_k_b":
        _need(p, "positions", layer)
    if tensor == "attn_output" and layer in p.caches and layer == p.a.layers - 1 and p.a.engine_name not in SELECTS_AT_THE_END:
        _need(p, "output_index", layer)
    take(p.arena, name, size)
    if streamed > 0:
        give(p.arena, "matrix")
    for used in last_use_of:
        give(p.arena, used)


def _turn_begins(a: Architecture, layer: int) -> str:
    """What begins the piece of a pass in which queries are turned by position: the last of what is brought before that."""
    if a.attention.latent is not None:
        return "absorption"
    if _has_factors(a, layer):
        return "factors"
    if a.attention.qk_norm in ("per-head", "whole"):
        return "norm"
    return "bias" if a.attention.qkv_bias else "matrix"


def _arrive(p: _Pass, layer: int, tensor: str) -> None:
    """What heads need from outside comes with their piece."""
    if tensor == "attn_v":
        _need(p, "value_rotation", layer)
    else:
        _need(p, "positions", layer)
        _need(p, "key_rotation", layer)


def _has_factors(a: Architecture, layer: int) -> bool:
    """Whether positions of a layer are scaled by a list: of those that turn, the ones that see everything, if there are such."""
    if a.attention.rope_factors == 0 or not a.turns(layer):
        return False
    return a.sees_all(layer) or not any(a.sees_all(other) and a.turns(other) for other in range(a.layers))


def _factors(p: _Pass, layer: int) -> None:
    """Factors of positions begin a piece; one list serves all layers."""
    if "factors" in p.arena.held:
        # It brings nothing of its own, so what the next one needs comes with it.
        take(p.arena, "matrix", p.streamed[layer]["attn_v" if _values_first(p.a) else "attn_k"])
    else:
        _arrive(p, layer, "attn_q")
        take(p.arena, "factors", FLOAT * p.a.attention.rope_factors)


def _heads(p: _Pass, layer: int, name: str, values: int, *, renews: bool) -> None:
    """From a projection to heads: a bias, a norm, the turn by position; of a layer on the host each brings what it needs."""
    a, t = p.a, p.a.attention
    brought = layer in p.caches
    begins = _turn_begins(a, layer)
    whole, normed = t.qk_norm == "whole", t.qk_norm in ("per-head", "whole") and name != "v"
    turned = brought and begins == "factors" and name == "q"
    if brought and t.qkv_bias:
        take(p.arena, "bias", FLOAT * values)
        if name == "v" or begins == "bias":
            _arrive(p, layer, f"attn_{name}")
        give(p.arena, "bias")
    if turned and not normed:
        _factors(p, layer)
    if not whole:
        _renew(p, name, values, renews)
    if brought and normed:
        take(p.arena, "scale_of_norm", FLOAT * (values if whole else a.head_dim(layer)))
        if begins == "norm":
            _arrive(p, layer, f"attn_{name}")
        give(p.arena, "scale_of_norm")
    if turned and normed:
        _factors(p, layer)
    if whole:
        _renew(p, name, values, renews)
    if name == "k" and "factors" in p.arena.held and not any(other > layer and _has_factors(a, other) for other in p.caches):
        give(p.arena, "factors")


def mask_bytes(*, tokens: int, cells: int, flash_attention: bool) -> int:
    """The mask that says which cell each token may see.

    Equation: bytes = tokens x cells x 2 with flash attention, x 4 without

    Args:
        tokens: tokens computed at once [tokens]
        cells: cells of the cache [tokens]
        flash_attention: whether it is on [1]

    Returns:
        Bytes [bytes].

    Assumes: one cache for all sequences.

    Source: llama.cpp, llama-graph.cpp.

    >>> mask_bytes(tokens=512, cells=4096, flash_attention=True)
    4194304
    """
    return tokens * cells * (HALF if flash_attention else FLOAT)


def key_rotation(head_dim: int) -> int:
    """Side of the rotation that keys go through before they are quantized: the largest power of two that divides a head.

    >>> key_rotation(192)
    64
    """
    side = VALUE_ROTATION
    while head_dim % (2 * side) == 0:
        side *= 2
    return side


def _input_sizes(a: Architecture, b: Batch, *, on_device: bool) -> list[tuple[str, int]]:
    """What a pass gets from outside beside the embedded tokens, in the order of first use."""
    t = a.attention
    latent = None if t.latent is not None and t.latent.cached_whole else t.latent
    if t.indexer is not None:
        return _indexed_inputs(t.indexer, b, on_device=on_device)
    sizes: list[tuple[str, int]] = []
    if a.recurrent is not None and not a.recurrent.beside_attention and not _states_first(a):
        sizes += _state_inputs(b)
    if not any(a.attends(layer) for layer in range(a.layers)):
        return [*sizes, ("output_index", WORD * b.outputs)]
    positions = ("positions", WORD * b.tokens * (4 if a.engine_name in FOUR_POSITIONS else 1))
    turns = any(a.attends(layer) and a.turns(layer) for layer in range(a.layers))
    # One index list serves all layers of a cache, so it is as long as the widest layer needs.
    values = _widest_cache(a)
    caches = [b.window_cells, b.cells] if b.window_cells and not a.sees_all(0) else [b.cells] + ([b.window_cells] if b.window_cells else [])
    for number, cells in enumerate(caches):
        layer = _layer_with(a, number == 0)
        if number == 0 and turns and on_device:
            sizes.append(positions)
        if not b.key_half and latent is None and a.head_dim(layer) % VALUE_ROTATION == 0:
            side = key_rotation(a.head_dim(layer))
            sizes.append((f"key_rotation_{number}", FLOAT * side * side))
        if number == 0 and turns and not on_device:
            # What a rotated query is made of is named from its end, and brought to a device from its beginning.
            sizes.append(positions)
        if not b.value_half and latent is None and a.head_dim(layer) % VALUE_ROTATION == 0:
            sizes.append((f"value_rotation_{number}", FLOAT * VALUE_ROTATION * VALUE_ROTATION))
        sizes.append((f"key_index_{number}", INDEX * b.tokens))
        if latent is None:
            sizes.append((f"value_index_{number}", INDEX * b.tokens * (1 if b.flash_attention else values)))
        sizes.append((f"mask_{number}", mask_bytes(tokens=b.tokens, cells=cells, flash_attention=b.flash_attention)))
        if number == 0 and a.engine_name in SCALES_QUERIES:
            sizes.append(("scale", FLOAT * b.tokens))
    if a.recurrent is not None and a.recurrent.beside_attention:
        sizes += _state_inputs(b)
    sizes.append(("output_index", WORD * b.outputs))
    return sizes


def _indexed_inputs(indexer: Indexer, b: Batch, *, on_device: bool) -> list[tuple[str, int]]:
    """The same for sparse attention: its scorer comes before what it picks for."""
    side = key_rotation(indexer.head_dim)
    rotation = ("indexer_rotation", FLOAT * side * side)
    positions = ("positions", WORD * b.tokens)
    return [
        *((positions, rotation) if on_device else (rotation, positions)),
        ("indexer_index", INDEX * b.tokens),
        ("key_index_0", INDEX * b.tokens),
        ("indexer_mask", mask_bytes(tokens=b.tokens, cells=b.cells, flash_attention=True)),
        ("mask_0", mask_bytes(tokens=b.tokens, cells=b.cells, flash_attention=b.flash_attention)),
        ("output_index", WORD * b.outputs),
    ]


def _given_values(a: Architecture) -> int:
    """Values of a token that is given as a vector, with what pictures add to the first layers."""
    return a.hidden_size * (1 + PICTURE_LAYERS.get(a.engine_name, 0))


@by_identity
def _widest_cache(a: Architecture) -> int:
    """Values of the widest layer; without flash attention they are cached transposed, in rows of this length."""
    return max(a.kv_heads(layer) * a.value_dim(layer) for layer in range(a.layers))


def _states_first(a: Architecture) -> bool:
    """Whether the first thing that a pass asks for is a state: so it is where nothing is done to the embedded tokens before."""
    return a.blocks is not None or (a.recurrent is not None and a.recurrent.kind == "short-convolution")


def _state_inputs(b: Batch) -> list[tuple[str, int]]:
    """Which states belong to the sequences of the pass, and which others have to move (none)."""
    return [("state_index", WORD * b.sequences), ("no_index", 0)]


PICTURE_LAYERS = {"qwen3vl": 3, "qwen3vlmoe": 3}
"""Classes whose first so many layers add what they get of pictures: tokens come with room for that, text as well."""
FOUR_POSITIONS = ("qwen35", "qwen35moe", "qwen3vl", "qwen3vlmoe")
"""Classes whose tokens have four positions (time, height, width and one more), for pictures."""


def _layer_with(a: Architecture, first: bool) -> int:
    """A layer of the kind that the first (or the other) cache belongs to."""
    for layer in range(a.layers):
        if a.attends(layer) and (a.sees_all(layer) == a.sees_all(0)) == first:
            return layer
    return 0


def _attention(p: _Pass, layer: int, later: Sequence[int]) -> None:
    """Softmax attention: `n` (or `x`) in, `o` out."""
    a, b, arena = p.a, p.b, p.arena
    t = a.attention
    head, heads = a.head_dim(layer), a.heads(layer)
    query, key = heads * head, a.kv_heads(layer) * head
    values, weighed = a.kv_heads(layer) * a.value_dim(layer), heads * a.value_dim(layer)
    source = "x" if a.norms == "after" else "n"
    ends = () if source == "x" or a.alternating_updates is not None or a.norms == "shared" or t.gate is not None else (source,)
    if a.recurrent is not None and a.recurrent.beside_attention:
        ends = ("n",)
    own = a.has_cache(layer)
    # Heads are a view of the projection, and nothing is computed in place of a view: the first operation on heads needs a new place.
    reshaped = t.qk_norm == "per-head" or a.turns(layer)
    norms_values = a.engine_name in ("gemma3n", "gemma4")
    rotates = head % VALUE_ROTATION == 0
    if t.fused_qkv:
        _project(p, layer, "attn_qkv", "qkv", p.floats(query + key + values), ends)
        if reshaped or not (b.key_half and b.value_half):
            take(arena, "q", p.floats(query))
        else:
            # Nothing turns queries and keys: they stay parts of the projection.
            become(arena, "qkv", "q")
            take(arena, "qkv", 0)
        _rotate(p, "q", query, not b.key_half and rotates)
        if not b.value_half and rotates:
            take(arena, "v", p.floats(values))
            _rotate(p, "v", values, True)
            compute(arena, "k", p.floats(key), ("qkv",))
        else:
            take(arena, "k", p.floats(key) if reshaped else 0)
            become(arena, "qkv", "v")
        _end(p, "positions", layer, later)
        _rotate(p, "k", key, not b.key_half and rotates)
        _end(p, "key_rotation", layer, later)
    else:
        _project(p, layer, "attn_q", "q", p.floats(2 * query if t.output_gate else query), () if own else ends)
        if t.output_gate:
            become(arena, "q", "gate")
            take(arena, "q", p.floats(query))
            if layer in p.caches:
                take(arena, "scale_of_norm", FLOAT * head)
                _arrive(p, layer, "attn_q")
                give(arena, "scale_of_norm")
        else:
            _heads(p, layer, "q", query, renews=reshaped or a.engine_name in SCALES_QUERIES)
        _end(p, "scale", layer, later)
        values_first = _values_first(a)
        if not own:
            _end(p, "positions", layer, later)
        _rotate(p, "q", query, not b.key_half and rotates)
        if not own:
            _end(p, "key_rotation", layer, later)
        for name in ("v", "k") if values_first else ("k", "v"):
            if own:
                last = ends if name == ("k" if values_first else "v") else ()
                wide = key if name == "k" else values
                _project(p, layer, f"attn_{name}", name, p.floats(wide), last)
                _heads(p, layer, name, wide, renews=reshaped if name == "k" else norms_values)
                if name == "k":
                    _end(p, "positions", layer, later)
                _rotate(p, name, wide, rotates and not (b.key_half if name == "k" else b.value_half))
                if name == "k":
                    _end(p, "key_rotation", layer, later)
    if own:
        if layer not in p.caches:
            _need(p, "key_index", layer)
            _need(p, "value_index", layer)
        give(arena, "k")
        _end(p, "key_index", layer, later)
        widest = _widest_cache(a)
        if not b.flash_attention and values < widest:
            compute(arena, "padded", p.floats(widest), ("v",))
            become(arena, "padded", "v")
        give(arena, "v")
        _end(p, "value_index", layer, later)
    cells = b.cells if a.sees_all(layer) else b.window_cells
    _weigh(p, layer, cells=cells, sizes=(key, values), weighed=weighed, scores=heads, later=later)
    if not a.is_mixture(layer):
        _fetch(p, later)
    if (a.recurrent is not None and a.recurrent.beside_attention) or _attends_last(a):
        return
    _rotate(p, "y", weighed, not b.value_half and rotates)
    _end(p, "value_rotation", layer, later)
    if t.gate is not None:
        _project(p, layer, "attn_gate", "gate", p.floats(heads if t.gate == "per-head" else weighed), (source,) if source == "n" else ())
        if t.gate == "per-value" and b.flash_attention:
            give(arena, "y")
            become(arena, "gate", "y")
        elif b.flash_attention:
            compute(arena, "g", p.floats(weighed), ("y", "gate"))
            become(arena, "g", "y")
        else:
            give(arena, "gate")
    if t.output_gate:
        compute(arena, "g", p.floats(query), ("gate",))
        # Flash attention's result is a view of itself, in whose place nothing is computed.
        if b.flash_attention:
            give(arena, "y")
            become(arena, "g", "y")
        else:
            give(arena, "g")
    _project(p, layer, "attn_output", "o", p.floats(a.hidden_size), ("y",))


def _attends_last(a: Architecture) -> bool:
    """Whether attention, side by side with the feed-forward block, is projected after that block: the sum begins with the block."""
    return a.norms == "shared" and a.engine_name != "phi2"


def _values_first(a: Architecture) -> bool:
    """Whether values are computed before keys: so it is where there is one kind of cache."""
    return a.attention.window is None


SCALES_QUERIES = ("llama4",)
"""Classes that scale queries by position in the layers that do not turn them."""


def _renew(p: _Pass, name: str, values: int, wanted: bool) -> None:
    if wanted:
        compute(p.arena, "renewed", p.floats(values), (name,))
        become(p.arena, "renewed", name)


def _rotate(p: _Pass, name: str, values: int, wanted: bool) -> None:
    if wanted:
        compute(p.arena, "rotated", p.floats(values), (name,))
        become(p.arena, "rotated", name)


def _bring(p: _Pass, layer: int, name: str, part: int) -> None:
    """Bring a layer's keys or values from the host."""
    if layer in p.caches and p.caches[layer][part] > 0:
        take(p.arena, name, p.caches[layer][part])


def _weigh(p: _Pass, layer: int, *, cells: int, sizes: tuple[int, int], weighed: int, scores: int, later: Sequence[int]) -> None:
    """From queries `q` to what the values give, `y`."""
    b, arena = p.b, p.arena
    if b.flash_attention:
        size = p.floats(weighed)
        if p.widens:
            align = DEVICE_ALIGNMENT
            for half, wide in ((b.key_half, sizes[0]), (b.value_half, sizes[1])):
                if not half:
                    size = (size + align - 1) // align * align + HALF * cells * wide
        _bring(p, layer, "keys", 0)
        _bring(p, layer, "values", 1)
        _need(p, "mask", layer)
        compute(arena, "y", size, ("q",))
        for name in ("keys", "values"):
            if name in arena.held:
                give(arena, name)
        _end(p, "mask", layer, later)
        return
    _bring(p, layer, "keys", 0)
    _need(p, "mask", layer)
    _bring(p, layer, "values", 1)
    compute(arena, "s", FLOAT * b.tokens * cells * scores, ("keys", "q") if "keys" in arena.held else ("q",))
    _end(p, "mask", layer, later)
    compute(arena, "w", p.floats(weighed), ("values", "s") if "values" in arena.held else ("s",))
    compute(arena, "y", p.floats(weighed), ("w",))


def _latent_attention(p: _Pass, latent: LatentAttention, layer: int, later: Sequence[int]) -> None:
    """Latent attention: `n` in, `o` out."""
    a, b, arena = p.a, p.b, p.arena
    heads = a.attention.heads
    indexer = a.attention.indexer
    scorer = indexer if a.scores(layer) else None
    if scorer is not None:
        take(arena, "key", p.floats(scorer.head_dim))
        for _ in range(3):
            _renew(p, "key", scorer.head_dim, True)
        _end(p, "indexer_index", layer, later)
        give(arena, "key")
    first = "n"
    if latent.query_rank > 0:
        _project(p, layer, "attn_q_a", "qa", p.floats(latent.query_rank))
        first = "qa"
    ends = ("qa",) if first == "qa" and scorer is None else ()
    _project(p, layer, "attn_q_b" if first == "qa" else "attn_q", "qb", p.floats(heads * (latent.nope_dim + latent.rope_dim)), ends)
    _project(p, layer, "attn_k_b", "absorbed", p.floats(heads * latent.kv_rank))
    compute(arena, "turned", p.floats(heads * latent.rope_dim), ("qb",))
    compute(arena, "q", p.floats(heads * (latent.kv_rank + latent.rope_dim)), ("absorbed", "turned"))
    _project(p, layer, "attn_kv_a_mqa", "kv", p.floats(latent.kv_rank + latent.rope_dim), () if scorer is not None else ("n",))
    take(arena, "c", p.floats(latent.kv_rank))
    if layer in p.caches:
        take(arena, "scale_of_norm", FLOAT * latent.kv_rank)
        give(arena, "scale_of_norm")
    compute(arena, "kp", p.floats(latent.rope_dim), ("kv",))
    if scorer is None:
        _end(p, "positions", layer, later)
    compute(arena, "k", p.floats(latent.kv_rank + latent.rope_dim), ("c", "kp"))
    give(arena, "k")
    _end(p, "key_index", layer, later)
    width = latent.kv_rank + latent.rope_dim
    if b.flash_attention:
        if scorer is not None:
            _pick(p, scorer, layer, later)
        if indexer is not None:
            _open(p, layer, later)
        size = p.floats(heads * latent.kv_rank)
        if p.widens and not b.key_half:
            size += HALF * b.cells * width
        # Values are a part of what is cached as keys; both come.
        _bring(p, layer, "keys", 0)
        _bring(p, layer, "values", 1)
        _need(p, "mask", layer)
        compute(arena, "y", size, ("q", "sparse") if indexer is not None else ("q",))
        for name in ("keys", "values"):
            if name in arena.held:
                give(arena, name)
        _end(p, "mask", layer, later)
        _project(p, layer, "attn_v_b", "up", p.floats(heads * latent.value_dim), ("y",))
        compute(arena, "y", p.floats(heads * latent.value_dim), ("up",))
    else:
        take(arena, "vc", HALF * b.cells * latent.kv_rank)
        _bring(p, layer, "keys", 0)
        _need(p, "mask", layer)
        compute(arena, "s", FLOAT * b.tokens * b.cells * heads, ("keys", "q") if "keys" in arena.held else ("q",))
        if scorer is not None:
            _pick(p, scorer, layer, later)
        if indexer is not None:
            _open(p, layer, later)
            give(arena, "sparse")
        _end(p, "mask", layer, later)
        compute(arena, "w", p.floats(heads * latent.kv_rank), ("s", "vc"))
        _project(p, layer, "attn_v_b", "up", p.floats(heads * latent.value_dim), ("w",))
        compute(arena, "y", p.floats(heads * latent.value_dim), ("up",))
    _project(p, layer, "attn_output", "o", p.floats(a.hidden_size), ("y",))


def _nothing(p: _Pass, later: Sequence[int], *, last: bool = True) -> None:
    """States of other sequences that have to move: none in a plan, but the engine makes room for none."""
    take(p.arena, "nothing", 0)
    if last and "no_index" in p.arena.held and not any(p.a.recurs(layer) for layer in later):
        give(p.arena, "no_index")
    give(p.arena, "nothing")


def _give_state_index(p: _Pass, later: Sequence[int]) -> None:
    if "state_index" in p.arena.held and not any(p.a.recurs(layer) for layer in later):
        give(p.arena, "state_index")


def _fetch(p: _Pass, later: Sequence[int]) -> None:
    """Bring what the next layer's convolution remembers: it depends on nothing, so it comes as early as the engine can."""
    a, r = p.a, p.a.recurrent
    # A block that is only dense holds nothing up: it is all computed when something after it is asked for.
    while a.blocks is not None and later and not (a.attends(later[0]) or a.recurs(later[0]) or a.is_mixture(later[0])):
        later = later[1:]
    if r is None or r.kind in ("gated-delta-net", "kimi-delta") or r.beside_attention or not later or not a.recurs(later[0]):
        return
    if "past" not in p.arena.held:
        take(p.arena, "past", _past_bytes(p, r))
        if r.kind == "short-convolution":
            _give_state_index(p, later[1:])
        _nothing(p, later[1:], last=r.kind == "short-convolution")


def _note(p: _Pass, layer: int) -> None:
    """Room for the tokens that a layer picks: it is there from the beginning."""
    indexer = p.a.attention.indexer
    assert indexer is not None
    take(p.arena, f"picked_{layer}", FLOAT * p.b.tokens * min(indexer.top_k, p.b.cells))


def _pick(p: _Pass, indexer: Indexer, layer: int, later: Sequence[int]) -> None:
    """Sparse attention: score every cell, and note the `best`."""
    b, arena = p.b, p.arena
    take(arena, "scorer", p.floats(indexer.heads * indexer.head_dim))
    give(arena, "qa")
    _renew(p, "scorer", indexer.heads * indexer.head_dim, True)
    _end(p, "positions", layer, later)
    _renew(p, "scorer", indexer.heads * indexer.head_dim, True)
    _end(p, "indexer_rotation", layer, later)
    compute(arena, "weight", p.floats(indexer.heads), ("n",))
    _renew(p, "weight", indexer.heads, True)
    compute(arena, "score", FLOAT * b.tokens * b.cells, ("scorer", "weight"))
    _end(p, "indexer_mask", layer, later)
    best = min(indexer.top_k, b.cells)
    compute(arena, "best", WORD * b.tokens * best, ("score",))
    _renew(p, "best", best, True)


def _open(p: _Pass, layer: int, later: Sequence[int]) -> None:
    """Sparse attention: mask all but the `best`, which layers that do not score take over."""
    b, arena = p.b, p.arena
    size = mask_bytes(tokens=b.tokens, cells=b.cells, flash_attention=b.flash_attention)
    take(arena, "open", size)
    give(arena, f"picked_{layer}")
    if not later or p.a.scores(later[0]):
        give(arena, "best")
    compute(arena, "sparse", size, ("open",))


def _past_bytes(p: _Pass, r: Recurrent) -> int:
    """What the convolution of a layer remembers of each sequence."""
    channels = p.a.hidden_size if r.kind == "short-convolution" else r.inner_size + 2 * r.groups * r.state_size
    return FLOAT * p.b.sequences * (r.conv_kernel - 1) * channels


def _recurrent(p: _Pass, r: Recurrent, layer: int, later: Sequence[int], *, fetches: bool) -> None:
    """A recurrent layer: `n` in, `o` out."""
    b, arena = p.b, p.arena
    width = p.a.hidden_size
    if r.kind == "short-convolution":
        _project(p, layer, "shortconv.in_proj", "in", p.floats(3 * width), ("n",))
        take(arena, "gated", p.floats(width))
        compute(arena, "seen", FLOAT * (b.tokens + b.sequences * (r.conv_kernel - 1)) * width, ("past", "gated"))
        if fetches:
            _fetch(p, later)
        compute(arena, "conv", p.floats(width), ("seen",))
        give(arena, "in")
        _project(p, layer, "shortconv.out_proj", "o", p.floats(width), ("conv",))
        return
    convolved = r.inner_size + 2 * r.groups * r.state_size
    past = _past_bytes(p, r)
    state = FLOAT * b.sequences * r.state_size * r.inner_size
    if r.kind == "gated-delta-net":
        _delta_net(p, r, layer, later)
        return
    if r.kind == "kimi-delta":
        _kimi_delta(p, r, layer, later)
        return
    if r.kind == "mamba-1":
        _mamba_1(p, r, layer, later, fetches=fetches)
        return
    _project(p, layer, "ssm_in", "in", p.floats(r.inner_size + convolved + r.heads), ("n",))
    compute(arena, "seen", FLOAT * b.tokens * convolved + past, ("past",))
    compute(arena, "conv", p.floats(convolved), ("seen",))
    take(arena, "dt", p.floats(r.heads))
    compute(arena, "scan", p.floats(r.inner_size) + state, ("dt",))
    _give_state_index(p, later)
    _nothing(p, later)
    if fetches:
        _fetch(p, later)
    if r.beside_attention:
        query = p.a.attention.heads * p.a.attention.head_dim
        _rotate(p, "y", query, not b.value_half and p.a.attention.head_dim % VALUE_ROTATION == 0)
        _end(p, "value_rotation", p.a.layers - 1, later)
        _project(p, layer, "attn_output", "o", p.floats(width), ("y",))
    compute(arena, "z", p.floats(r.inner_size), ("in",))
    compute(arena, "skip", p.floats(r.inner_size), ("conv",))
    give(arena, "scan")
    compute(arena, "gated", p.floats(r.inner_size), ("z", "skip"))
    _renew(p, "gated", r.inner_size, r.norm)
    _project(p, layer, "ssm_out", "o2" if r.beside_attention else "o", p.floats(width), ("gated",))
    if r.beside_attention:
        give(arena, "o2")


SPARSE_LAYERS = 10
"""So many first layers of a class with alternating updates keep only the strongest activations of the feed-forward block."""


def _delta_net(p: _Pass, r: Recurrent, layer: int, later: Sequence[int]) -> None:
    """A gated delta-net: `n` in, `o` out; of a layer on the host, state and weights come when they are asked for."""
    arena, brought = p.arena, p.streamed.get(layer, {})
    host = _on_host(p, layer)
    convolved = r.inner_size + 2 * r.groups * r.state_size
    past, state = _past_bytes(p, r), FLOAT * p.b.sequences * r.state_size * r.inner_size
    if host:
        take(arena, "matrix", brought.get("attn_qkv", 0))
    take(arena, "past", past)
    if not host:
        _nothing(p, later, last=False)
    take(arena, "in", p.floats(convolved))
    if host:
        give(arena, "matrix")
    compute(arena, "seen", FLOAT * p.b.tokens * convolved + past, ("past", "in"))
    if host:
        take(arena, "kernel", FLOAT * r.conv_kernel * convolved)
    else:
        take(arena, "state", state)
        _give_state_index(p, later)
        _nothing(p, later)
    compute(arena, "conv", p.floats(convolved), ("seen", "kernel") if host else ("seen",))
    for name in ("q", "k"):
        take(arena, name, p.floats(r.groups * r.state_size))
        if r.fused_beta_alpha and r.heads > r.groups:
            compute(arena, "repeated", p.floats(r.inner_size), (name,))
            become(arena, "repeated", name)
    if r.fused_beta_alpha:
        _project(p, layer, "ssm_ba", "both", p.floats(2 * r.heads))
        take(arena, "alpha", p.floats(r.heads))
        compute(arena, "beta", p.floats(r.heads), ("both",))
        if host:
            take(arena, "state", state)
    else:
        _project(p, layer, "ssm_alpha", "alpha", p.floats(r.heads))
        _renew(p, "alpha", r.heads, True)
        if host:
            take(arena, "matrix", brought.get("ssm_beta", 0))
            take(arena, "state", state)
        _project(p, layer, "ssm_beta", "beta", p.floats(r.heads))
        _renew(p, "beta", r.heads, True)
    compute(arena, "net", p.floats(r.inner_size) + state, ("q", "k", "conv", "alpha", "beta", "state"))
    compute(arena, "y", p.floats(r.inner_size), ("net",))
    _project(p, layer, "attn_gate", "z", p.floats(r.inner_size), ("n",))
    compute(arena, "gated", p.floats(r.inner_size), ("z",))
    give(arena, "gated")
    _project(p, layer, "ssm_out", "o", p.floats(p.a.hidden_size), ("y",))


def _kimi_delta(p: _Pass, r: Recurrent, layer: int, later: Sequence[int]) -> None:
    """Kimi's delta attention: `n` in, `o` out; queries, keys and values have a convolution each."""
    arena, inner = p.arena, p.floats(r.inner_size)
    past, state = _past_bytes(p, r), FLOAT * p.b.sequences * r.state_size * r.inner_size
    take(arena, "past", past)
    _nothing(p, later, last=False)
    for name in ("q", "k", "v"):
        _project(p, layer, f"attn_{name}", "in", inner)
        compute(arena, "seen", inner + past // 3, ("in",))
        compute(arena, name, inner, ("seen",))
    give(arena, "past")
    take(arena, "narrow", p.floats(r.rank))
    compute(arena, "decay", inner, ("narrow",))
    take(arena, "beta", p.floats(r.heads))
    take(arena, "state", state)
    _give_state_index(p, later)
    _nothing(p, later)
    compute(arena, "net", inner + state, ("q", "k", "v", "decay", "beta", "state"))
    compute(arena, "y", inner, ("net",))
    compute(arena, "narrow", p.floats(r.rank), ("n",))
    compute(arena, "gate", inner, ("narrow",))
    give(arena, "gate")
    _project(p, layer, "attn_output", "o", p.floats(p.a.hidden_size), ("y",))


def _mamba_1(p: _Pass, r: Recurrent, layer: int, later: Sequence[int], *, fetches: bool) -> None:
    """The first Mamba: `n` in, `o` out; each channel is a head of its own."""
    arena, inner = p.arena, p.floats(r.inner_size)
    state = FLOAT * p.b.sequences * r.state_size * r.inner_size
    _project(p, layer, "ssm_in", "in", 2 * inner, ("n",))
    compute(arena, "seen", inner + _past_bytes(p, r), ("past",))
    compute(arena, "conv", inner, ("seen",))
    take(arena, "both", p.floats(r.rank + 2 * r.state_size))
    take(arena, "narrow", p.floats(r.rank))
    compute(arena, "dt", inner, ("narrow",))
    compute(arena, "scan", inner + state, ("dt", "both"))
    _give_state_index(p, later)
    _nothing(p, later)
    if fetches:
        _fetch(p, later)
    become(arena, "conv", "skip")
    give(arena, "scan")
    compute(arena, "z", inner, ("in",))
    compute(arena, "gated", inner, ("z", "skip"))
    _project(p, layer, "ssm_out", "o", p.floats(p.a.hidden_size), ("gated",))


def _cached_whole(p: _Pass, latent: LatentAttention, layer: int, later: Sequence[int]) -> None:
    """Latent attention of the older kind, which caches keys and values of every head: `n` in, `o` out."""
    arena, heads = p.arena, p.a.attention.heads
    query, values = heads * (latent.nope_dim + latent.rope_dim), heads * latent.value_dim
    _project(p, layer, "attn_q_a", "qa", p.floats(latent.query_rank))
    _project(p, layer, "attn_q_b", "qb", p.floats(query), ("qa",))
    compute(arena, "q", p.floats(query), ("qb",))
    _project(p, layer, "attn_kv_a_mqa", "small", p.floats(latent.kv_rank + latent.rope_dim), ("n",))
    take(arena, "c", p.floats(latent.kv_rank))
    _project(p, layer, "attn_kv_b", "kv", p.floats(heads * latent.nope_dim + values), ("c",))
    take(arena, "v", p.floats(values))
    compute(arena, "turned", p.floats(latent.rope_dim), ("small",))
    _end(p, "positions", layer, later)
    compute(arena, "each", p.floats(heads * latent.rope_dim), ("turned",))
    compute(arena, "k", p.floats(query), ("kv", "each"))
    give(arena, "k")
    _end(p, "key_index", layer, later)
    give(arena, "v")
    _end(p, "value_index", layer, later)
    _weigh(p, layer, cells=p.b.cells, sizes=(query, values), weighed=values, scores=heads, later=later)
    _project(p, layer, "attn_output", "o", p.floats(p.a.hidden_size), ("y",))


def _dense(p: _Pass, layer: int, inner: int, *, fused: bool, gated: bool, ends: tuple[str, ...], shared: bool, tokens: int) -> None:
    """A dense feed-forward block: `n` (or `x`) in, `d` out; as shared expert its tensors have names of their own."""
    arena = p.arena
    kind = "_shexp" if shared else ""
    wide, narrow = FLOAT * tokens * inner, FLOAT * tokens * p.a.hidden_size
    if fused:
        _project(p, layer, f"ffn_up{kind}", "up", 2 * wide, ends)
        compute(arena, "product", wide, ("up",))
    elif gated and p.a.alternating_updates is not None:
        _project(p, layer, "ffn_up", "up", wide)
        _project(p, layer, "ffn_gate", "gate", wide, ends)
        if layer < SPARSE_LAYERS:
            take(arena, "mean", FLOAT * tokens)
            take(arena, "difference", wide)
            compute(arena, "deviation", FLOAT * tokens, ("difference",))
            give(arena, "deviation")
            give(arena, "mean")
        give(arena, "gate")
        become(arena, "up", "product")
    elif gated:
        _project(p, layer, f"ffn_gate{kind}", "gate", wide)
        _project(p, layer, f"ffn_up{kind}", "up", wide, ends)
        compute(arena, "product", wide, ("gate", "up"))
    else:
        _project(p, layer, f"ffn_up{kind}", "product", wide, ends)
    _project(p, layer, f"ffn_down{kind}", "d", narrow, ("product",))


def _hand_over(p: _Pass, e: Experts, layer: int, tokens: int) -> None:
    """Routed experts are computed elsewhere: what they need goes there, and what they give comes back as `f`."""
    arena = p.arena
    for name in ("order", "weights"):
        if name in arena.held:
            give(arena, name)
    if e.shared_size == 0:
        for name in ("n", "x"):
            if name in arena.held:
                give(arena, name)
        if layer != p.layers[-1]:
            take(arena, "n", FLOAT * tokens * p.a.hidden_size)
    take(arena, "f", FLOAT * tokens * p.a.hidden_size)
    if e.shared_size > 0:
        _shared_expert(p, e, layer, tokens)


def _experts_of_others(p: _Pass, e: Experts, layer: int) -> None:
    """Routed experts of a layer on another device, which are brought from the host to the first one and computed there."""
    arena, tokens = p.arena, p.b.tokens
    brought = p.streamed[layer]
    width = p.a.hidden_size if e.width is None else e.width
    wide = FLOAT * tokens * e.used * e.size
    first = "ffn_gate_up_exps" if e.fused_gate_up else "ffn_gate_exps" if e.gated else "ffn_up_exps"
    take(arena, "matrix", brought[first])
    take(arena, "n", FLOAT * tokens * width * (e.used if p.a.engine_name == "llama4" else 1))
    take(arena, "order", FLOAT * tokens * e.count)
    compute(arena, "gate", 2 * wide if e.fused_gate_up else wide, ("matrix",))
    if e.gated and not e.fused_gate_up:
        take(arena, "matrix", brought["ffn_up_exps"])
        compute(arena, "up", wide, ("matrix",))
    give(arena, "n")
    if e.gated:
        compute(arena, "product", wide, ("gate", "up") if "up" in arena.held else ("gate",))
    else:
        become(arena, "gate", "product")
    take(arena, "matrix", brought["ffn_down_exps"])
    take(arena, "weights", FLOAT * tokens * e.used)
    take(arena, "stream", FLOAT * tokens * p.a.hidden_size if e.shared_size == 0 else 0)
    compute(arena, "each", FLOAT * tokens * e.used * width, ("matrix", "product", "order", "weights"))
    compute(arena, "f", FLOAT * tokens * width, ("each",))
    give(arena, "stream")
    take(arena, "n", FLOAT * tokens * p.a.hidden_size)
    give(arena, "n")
    give(arena, "f")


def _experts(p: _Pass, e: Experts, layer: int, tokens: int, later: Sequence[int]) -> None:
    """A mixture of experts: `n` in, `f` out."""
    a, arena = p.a, p.arena
    width = a.hidden_size
    router = FLOAT * tokens * e.count
    if e.beside_dense:
        compute(arena, "r", FLOAT * tokens * width)
        _project(p, layer, "ffn_gate_inp", "probabilities", router, ("r",))
    else:
        _project(p, layer, "ffn_gate_inp", "probabilities", router)
    if e.selection_bias:
        if layer in p.caches:
            take(arena, "bias", FLOAT * e.count)
        take(arena, "biased", router)
        if layer in p.caches:
            give(arena, "bias")
        compute(arena, "order", router, ("biased",))
    elif a.engine_name == "llama4":
        become(arena, "probabilities", "scores")
        take(arena, "probabilities", router)
        compute(arena, "order", router, ("scores",))
    else:
        take(arena, "order", router)
    compute(arena, "weights", FLOAT * tokens * e.used, ("probabilities",))
    if a.engine_name == "gpt-oss":
        compute(arena, "normed", FLOAT * tokens * e.used, ("weights",))
        become(arena, "normed", "weights")
    elif a.engine_name != "llama4":
        take(arena, "sum", FLOAT * tokens)
        compute(arena, "normed", FLOAT * tokens * e.used, ("weights", "sum"))
        become(arena, "normed", "weights")
    if p.away:
        _hand_over(p, e, layer, tokens)
        return
    if e.beside_dense:
        take(arena, "m", FLOAT * tokens * width)
    if e.width is not None:
        width = e.width
        _project(p, layer, "ffn_latent_down", "m", FLOAT * tokens * width)
    source = "m" if e.beside_dense or e.width is not None else "n"
    ends = () if (e.shared_size > 0 and source == "n") else (source,)
    wide = FLOAT * tokens * e.used * e.size
    if a.engine_name == "llama4":
        compute(arena, "repeated", FLOAT * tokens * e.used * width, ("weights",))
        ends = ("repeated",)
    if e.fused_gate_up:
        _project(p, layer, "ffn_gate_up_exps", "up", 2 * wide, ends)
        compute(arena, "product", wide, ("up",))
    elif not e.gated:
        _project(p, layer, "ffn_up_exps", "product", wide, ends)
    else:
        _project(p, layer, "ffn_gate_exps", "gate", wide)
        _bias_of_experts(p, layer, e.size)
        _project(p, layer, "ffn_up_exps", "up", wide, ends)
        _bias_of_experts(p, layer, e.size)
        compute(arena, "product", wide, ("gate", "up"))
    _project(p, layer, "ffn_down_exps", "each", FLOAT * tokens * e.used * width, ("product",) if e.biases else ("product", "order"))
    if e.biases:
        _bias_of_experts(p, layer, width, last=True)
        give(arena, "order")
    if a.engine_name != "llama4":
        give(arena, "weights")
    compute(arena, "f", FLOAT * tokens * width, ("each",))
    _fetch(p, later)
    _shared_expert(p, e, layer, tokens)


def _shared_expert(p: _Pass, e: Experts, layer: int, tokens: int) -> None:
    """What follows the routed experts: back to the width of the residual stream, and the expert that every token visits."""
    a, arena = p.a, p.arena
    if e.width is not None:
        _project(p, layer, "ffn_latent_up", "wide", FLOAT * tokens * a.hidden_size, ("f",))
        become(arena, "wide", "f")
    if e.shared_size > 0:
        ends = () if e.shared_gate else ("n",)
        _dense(p, layer, e.shared_size, fused=False, gated=e.gated, ends=ends, shared=True, tokens=tokens)
        if e.shared_gate:
            compute(arena, "weight", FLOAT * tokens, ("n",))
            give(arena, "weight")
        give(arena, "d")


def _on_host(p: _Pass, layer: int) -> bool:
    """Whether a layer lies on the host with all that it has, and not only its experts."""
    return layer in p.caches or any(not name.endswith("_exps") for name in p.streamed.get(layer, {}))


def _last_brought(p: _Pass, layer: int) -> str:
    """The last matrix of a layer that is brought from the host; a piece of the pass begins with it, and goes on to the next one brought."""
    brought = p.streamed.get(layer, {})
    if p.a.norms in ("both", "after") and _on_host(p, layer):
        return "post_ffw_norm"
    for tensor in ("ffn_down_shexp", "ffn_down_exps", "ffn_down"):
        if tensor in brought and not (p.a.experts is not None and p.a.experts.biases):
            return tensor
    return ""


def _come_along(p: _Pass, layer: int) -> None:
    """What the piece that begins in a layer goes on to need comes with it."""
    for wanted in _wanted(p, [other for other in p.layers if other > layer]):
        if wanted in p.late:
            take(p.arena, wanted, p.late.pop(wanted))


def _bias_of_experts(p: _Pass, layer: int, values: int, *, last: bool = False) -> None:
    """Biases of routed experts on the host are brought like their matrices."""
    e = p.a.experts
    if e is not None and e.biases and layer in p.streamed:
        take(p.arena, "bias", FLOAT * e.count * values)
        if last:
            _come_along(p, layer)
        give(p.arena, "bias")


def _wanted(p: _Pass, layers: Sequence[int]) -> list[str]:
    """What comes from outside with a piece of the pass that goes on into these layers: all that is needed up to the next matrix brought."""
    wanted: list[str] = []
    for layer in layers:
        if _on_host(p, layer):
            return wanted
        if p.a.recurs(layer):
            wanted += ["state_index", "no_index"]
        if p.a.attends(layer):
            kind = 0 if p.a.sees_all(layer) == p.a.sees_all(0) else 1
            names = ("key_rotation", "value_rotation", "key_index", "value_index", "mask")
            wanted += ["positions", *(f"{name}_{kind}" for name in names)]
            if not p.a.turns(layer):
                wanted.append("scale")
        if layer == p.a.layers - 1 and p.a.engine_name not in SELECTS_AT_THE_END:
            wanted.append("output_index")
        if p.streamed.get(layer):
            return wanted
    return [*wanted, "output_index"]


def _need(p: _Pass, name: str, layer: int) -> None:
    """Bring something from outside, if it is not there yet."""
    kind = 0 if p.a.sees_all(layer) == p.a.sees_all(0) else 1
    for full in (name, f"{name}_{kind}"):
        if full in p.late:
            take(p.arena, full, p.late.pop(full))


def _end(p: _Pass, name: str, layer: int, later: Sequence[int]) -> None:
    """Give back something from outside that no later layer needs; masks and indices are apart for each kind of cache."""
    a, held = p.a, p.arena.held
    if p.keeps:
        return
    kind = f"{name}_{0 if a.sees_all(layer) == a.sees_all(0) else 1}"
    # Indices into a cache are for the layers that write to it.
    writes = name.endswith("_index")
    if kind in held:
        if not any(a.attends(other) and a.sees_all(other) == a.sees_all(layer) and (a.has_cache(other) or not writes) for other in later):
            give(p.arena, kind)
    elif name.startswith("indexer"):
        if name in held and not any(a.scores(other) for other in later):
            give(p.arena, name)
    elif name in held and not any(a.attends(other) and (a.turns(other) or name != "positions") for other in later):
        give(p.arena, name)


def _per_layer(p: _Pass, size: int, later: Sequence[int]) -> None:
    """Per-layer embeddings: `x` in, `x` out; the vectors of all layers are made when the first layer asks."""
    a, arena = p.a, p.arena
    compute(arena, "gate", p.floats(size), ("m",) if "m" in arena.held else ())
    if "all" not in arena.held:
        compute(arena, "all", p.floats(size * a.layers), ("first",) if "first" in arena.held else ())
        _renew(p, "all", size * a.layers, True)
        give(arena, "selected")
        _renew(p, "all", size * a.layers, True)
    if not later:
        give(arena, "all")
    compute(arena, "e", p.floats(a.hidden_size), ("gate",))


def _predict(p: _Pass) -> None:
    """Alternating updates: from the parallel `streams` to a first guess of all of them."""
    a, arena = p.a, p.arena
    assert a.alternating_updates is not None
    streams = a.alternating_updates.streams
    all_streams = p.floats(streams * a.hidden_size)
    take(arena, "turned", all_streams)
    take(arena, "r", p.floats(a.hidden_size))
    compute(arena, "router", p.floats(streams), ("r",))
    compute(arena, "coefficients", p.floats(streams * streams), ("router",))
    compute(arena, "guess", all_streams, ("turned", "coefficients"))
    compute(arena, "turned", all_streams, ("guess",))
    give(arena, "streams")
    become(arena, "turned", "streams")


def _correct(p: _Pass, later: Sequence[int]) -> None:
    """Alternating updates: correct the guesses `streams` by what the active stream became, `x`."""
    a, arena = p.a, p.arena
    assert a.alternating_updates is not None
    assert a.per_layer_embeddings is not None
    width, streams = a.hidden_size, a.alternating_updates.streams
    take(arena, "new", p.floats(width))
    compute(arena, "corrected", p.floats(streams * width), ("new",))
    compute(arena, "router", p.floats(streams), ("x",))
    for _ in range(2):
        compute(arena, "coefficients", p.floats(streams), ("router",))
        become(arena, "coefficients", "router")
    give(arena, "router")
    give(arena, "streams")
    take(arena, "m", p.floats(width))
    _per_layer(p, a.per_layer_embeddings.size, later)
    compute(arena, "others", p.floats((streams - 1) * width), ("e",))
    compute(arena, "streams", p.floats(streams * width), ("corrected", "others"))


def _scale(p: _Pass, layer: int) -> None:
    """The weights of a norm, where they are brought from the host."""
    if _on_host(p, layer):
        take(p.arena, "norm", FLOAT * p.a.hidden_size)
        give(p.arena, "norm")


def _layer(p: _Pass, layer: int, later: Sequence[int], *, selects: bool) -> None:
    """One layer: `x` in, `x` out; the last one goes on with the tokens whose logits are kept."""
    a, b, arena = p.a, p.b, p.arena
    width = a.hidden_size
    recurrent, latent = a.recurrent, a.attention.latent
    recurs = recurrent is not None and a.recurs(layer)
    beside = recurrent is not None and recurrent.beside_attention
    mixture, dense = a.is_mixture(layer), a.has_dense(layer)
    if a.alternating_updates is not None:
        _predict(p)
    if recurs:
        _fetch(p, [layer, *later])
    if not (a.attends(layer) or recurs or mixture or dense):
        return
    if a.norms != "after" and "n" not in arena.held:
        take(arena, "n", p.floats(width))
        _scale(p, layer)
    if a.attends(layer):
        if latent is not None and latent.cached_whole:
            _cached_whole(p, latent, layer, later)
        elif latent is not None:
            _latent_attention(p, latent, layer, later)
        else:
            _attention(p, layer, later)
    if recurs and recurrent is not None:
        if beside:
            take(arena, "past", _past_bytes(p, recurrent))
            _nothing(p, later, last=False)
            take(arena, "n", p.floats(width))
        _recurrent(p, recurrent, layer, later, fetches=not mixture)
    tokens = b.tokens
    if selects and a.engine_name not in SELECTS_AT_THE_END and not beside:
        tokens = b.outputs
        _need(p, "output_index", layer)
        names = ["x", "o"] if a.engine_name in ADDS_TO_RESIDUAL_FIRST else ["o", "x"]
        for name in ["n"] if _attends_last(a) else [*names, "n"]:
            if name in arena.held:
                compute(arena, "kept", FLOAT * tokens * width, (name,))
                become(arena, "kept", name)
        if not _attends_last(a):
            _end(p, "output_index", layer, later)
    # A sum stands in the place of its first term, but not where that term is a view.
    if "o" in arena.held and a.norms != "shared":
        if a.alternating_updates is not None:
            low_rank = a.alternating_updates.low_rank
            take(arena, "low", p.floats(low_rank))
            compute(arena, "side", p.floats(width), ("low",))
            give(arena, "n")
            give(arena, "side")
            become(arena, "o", "x")
        elif "x" not in arena.held:
            become(arena, "o", "x")
        elif a.engine_name in ADDS_TO_RESIDUAL_FIRST or (recurs and recurrent is not None and recurrent.kind == "gated-delta-net"):
            give(arena, "o")
        else:
            if a.per_layer_embeddings is not None and "selected" in arena.held and "first" not in arena.held:
                become(arena, "x", "first")
            else:
                give(arena, "x")
            become(arena, "o", "x")
    if selects and beside:
        tokens = b.outputs
        compute(arena, "kept", FLOAT * tokens * width, ("x",))
        become(arena, "kept", "x")
        _end(p, "output_index", layer, later)
    if mixture or dense:
        ends: tuple[str, ...] = ()
        if a.norms != "after":
            if "n" not in arena.held and not (mixture and a.experts is not None and a.experts.beside_dense):
                take(arena, "n", FLOAT * tokens * width)
                _scale(p, layer)
            ends = ("n",)
        if mixture and a.experts is not None:
            _experts(p, a.experts, layer, tokens, later)
            if a.experts.beside_dense and a.feed_forward is not None:
                if "n" not in arena.held:
                    take(arena, "n", FLOAT * tokens * width)
                _dense(p, layer, a.feed_forward.size, fused=False, gated=True, ends=("n",), shared=False, tokens=tokens)
                give(arena, "f")
                become(arena, "d", "f")
        elif a.feed_forward is not None:
            block = a.feed_forward
            size = a.feed_forward_size(layer)
            _dense(p, layer, size, fused=block.fused_gate_up, gated=block.gated, ends=ends, shared=False, tokens=tokens)
            become(arena, "d", "f")
        if _last_brought(p, layer) == "post_ffw_norm" and not a.layer_scale:
            take(arena, "norm", FLOAT * width)
            _come_along(p, layer)
            give(arena, "norm")
        if "o" in arena.held:
            give(arena, "o")
        if _attends_last(a):
            _add_attention(p, layer, tokens, later, selects=selects)
        if a.engine_name in ADDS_TO_RESIDUAL and "x" in arena.held:
            give(arena, "f")
        else:
            if "x" in arena.held:
                give(arena, "x")
            become(arena, "f", "x")
    if _last_brought(p, layer) == "post_ffw_norm" and a.layer_scale:
        _come_along(p, layer)
    if "pictures" in arena.held and layer == PICTURE_LAYERS[a.engine_name] - 1:
        give(arena, "pictures")
    if a.alternating_updates is not None:
        _correct(p, later)
    elif a.per_layer_embeddings is not None:
        _per_layer(p, a.per_layer_embeddings.size, later)
        give(arena, "e")


def _add_attention(p: _Pass, layer: int, tokens: int, later: Sequence[int], *, selects: bool) -> None:
    """Side by side with the feed-forward block, attention `y` is projected and added after it: `f` and `x` in, `f` out."""
    arena = p.arena
    kept = FLOAT * tokens * p.a.hidden_size
    # With several devices the residual stream is one of the copies that stay.
    own = "x" in arena.held
    if selects:
        compute(arena, "kept", kept, ("x",) if own else ())
        become(arena, "kept", "x")
    if own or selects:
        give(arena, "x")
    head = p.a.head_dim(layer)
    _rotate(p, "y", p.a.heads(layer) * p.a.value_dim(layer), not p.b.value_half and head % VALUE_ROTATION == 0)
    _end(p, "value_rotation", layer, later)
    _project(p, layer, "attn_output", "o", p.floats(p.a.hidden_size), ("y",))
    if selects:
        compute(arena, "kept", kept, ("o",))
        become(arena, "kept", "o")
        _end(p, "output_index", layer, later)
    give(arena, "o")


SELECTS_AT_THE_END = ("gpt-oss", "gemma3n", "gemma4", "qwen35", "qwen35moe", "qwen3next", "nemotron_h", "nemotron_h_moe")
"""Classes whose last layer computes all tokens, and not only those whose logits are kept."""
ADDS_TO_RESIDUAL_FIRST = ("lfm2", "lfm2moe", "jamba")
"""Classes that add attention to the residual stream in its place."""
ADDS_TO_RESIDUAL = ("phi3", "lfm2", "lfm2moe", "jamba")
"""Classes that add the feed-forward block to the residual stream in its place."""


@by_identity
def _traits(a: Architecture) -> list[str]:
    """All that makes a layer's tensors other than another's, layer by layer."""
    found = []
    for layer in range(a.layers):
        attention = (a.attends(layer), a.sees_all(layer), a.turns(layer), a.has_cache(layer), a.scores(layer))
        block = (a.recurs(layer), a.is_mixture(layer), a.has_dense(layer), layer < SPARSE_LAYERS, a.feed_forward_size(layer))
        found.append(" ".join(str(trait) for trait in (*attention, *block, layer < PICTURE_LAYERS.get(a.engine_name, 0))))
    return found


def _kind(p: _Pass, layer: int) -> str:
    """The same with what is brought for it."""
    brought = (*p.streamed.get(layer, {}).values(), *p.caches.get(layer, (0, 0)))
    return " ".join([_traits(p.a)[layer], *[str(size) for size in brought]])


def _picture(arena: Arena) -> str:
    """What lies where in a buffer."""
    return " ".join(f"{name} {place[0]}" for name, place in arena.held.items())


def _ahead(kinds: Sequence[str], place: int, before: int) -> int:
    """The next layer to go through, where the buffer is as it was before an earlier one: equal layers that follow would do the same again.

    More than a round is left to be gone through, because what is needed for the last time is given back in it.
    """
    period = place - before
    if period == 0:
        return place
    end = place
    while end < len(kinds) and kinds[end] == kinds[end - period]:
        end += 1
    rounds = (end - place - 1) // period - 1
    return place + rounds * period if rounds > 0 else place


def _streams(p: _Pass) -> None:
    """Alternating updates: the parallel streams `streams` that grow out of the embedded tokens `x`."""
    a, arena = p.a, p.arena
    assert a.alternating_updates is not None
    width, streams = a.hidden_size, a.alternating_updates.streams
    take(arena, "repeated", p.floats((streams - 1) * width))
    compute(arena, "projected", p.floats((streams - 1) * width), ("repeated",))
    _rescale(p, width, "projected")
    compute(arena, "streams", p.floats(streams * width), ("scaled",))
    become(arena, "x", "first")


def _rescale(p: _Pass, width: int, name: str) -> None:
    """Alternating updates: all streams but one, as long as that one: `scaled`, from `name`."""
    arena = p.arena
    assert p.a.alternating_updates is not None
    others = p.a.alternating_updates.streams - 1
    take(arena, "square", p.floats(width))
    compute(arena, "length", p.floats(1), ("square",))
    compute(arena, "scaled", p.floats(others * width), ("length",))
    compute(arena, "lengths", p.floats(others), (name,))
    give(arena, "lengths")


def _merge(p: _Pass) -> None:
    """Alternating updates: the parallel streams become one again, `x`."""
    a, arena = p.a, p.arena
    assert a.alternating_updates is not None
    width, streams = a.hidden_size, a.alternating_updates.streams
    take(arena, "others", p.floats((streams - 1) * width))
    _rescale(p, width, "others")
    compute(arena, "x", p.floats(width), ("streams", "scaled"))


def _enter(p: _Pass, *, on_device: bool, copies: int, first: bool, has_output: bool) -> None:
    """What comes from outside, and the embedded tokens `x`."""
    a, b, arena = p.a, p.b, p.arena
    width = a.hidden_size
    if not on_device:
        take(arena, "tokens", WORD * b.tokens)
        take(arena, "given", p.floats(_given_values(a)))
        if a.per_layer_embeddings is not None:
            take(arena, "tokens_again", WORD * b.tokens)
    if _states_first(a):
        for name, size in _state_inputs(b):
            take(arena, name, size)
    extra = a.per_layer_embeddings
    normed = not first and a.norms != "after" and len(p.layers) > 0
    noting = list(p.layers) if a.attention.indexer is not None else []
    if on_device:
        for layer in noting:
            _note(p, layer)
        if extra is not None:
            take(arena, "selected", p.floats(extra.size * a.layers))
        if copies > 1 and a.alternating_updates is None:
            # A norm is computed before its weights are met, so it comes over from the device before, beside what it was made of.
            for number in range(2 * copies if normed else copies):
                take(arena, f"x_{number}", p.floats(width))
        elif normed and a.recurrent is None and a.alternating_updates is None:
            take(arena, "n", p.floats(width))
        elif a.norms == "after" and 0 in p.caches:
            # Without a norm before it, the first matrix comes first.
            p.late["x"] = p.floats(width)
        else:
            take(arena, "x", p.floats(width))
    at_once = _wanted(p, p.layers)
    parted = len(p.streamed) > 0 and a.attention.indexer is None
    for name, size in _input_sizes(a, b, on_device=on_device):
        if name == "output_index" and on_device and not has_output:
            continue
        if parted and name not in at_once:
            p.late[name] = size
            continue
        if noting and not on_device and name in ("indexer_mask", "output_index"):
            for layer in noting[:1] if name == "indexer_mask" else noting[1:]:
                _note(p, layer)
        take(arena, name, size)
        for number in range(1, copies):
            take(arena, f"{name}_copy_{number}", size)
    if not on_device and "no_index" in arena.held:
        # On the host the list of states is one tensor, of which both are parts.
        give(arena, "no_index")
    if not on_device:
        compute(arena, "x", p.floats(width), ("tokens",))
        if extra is not None:
            compute(arena, "selected", p.floats(extra.size * a.layers), ("tokens_again",))
    if extra is not None:
        # Scaled where it is looked up: on the host.
        _renew(p, "selected", extra.size * a.layers, not on_device)
    if a.alternating_updates is not None:
        _streams(p)
    if "n" in arena.held:
        take(arena, "x", p.floats(width))
    indexer = a.attention.indexer
    if indexer is not None and p.layers and not a.scores(p.layers[0]):
        # What a layer elsewhere has picked comes over.
        for number in range(copies):
            take(arena, f"best_copy_{number}" if number else "best", WORD * b.tokens * min(indexer.top_k, b.cells))
    if a.engine_name in PICTURE_LAYERS:
        compute(arena, "pictures", p.floats(_given_values(a)), ("x",) if "x" in arena.held else ())


def _go_through(p: _Pass, *, has_output: bool) -> None:
    """The layers, one after another; of many equal ones only the first and the last."""
    arena = p.arena
    kinds = [_kind(p, layer) for layer in p.layers]
    seen: dict[str, int] = {}
    place = 0
    while place < len(p.layers):
        mark = f"{kinds[place]} {_picture(arena)}"
        place = _ahead(kinds, place, seen.get(mark, place))
        seen[mark] = place
        _layer(p, p.layers[place], p.layers[place + 1 :], selects=has_output and place == len(p.layers) - 1)
        place += 1


def _leave(p: _Pass, *, on_device: bool, output_matrix: int) -> None:
    """From the last layer's `x` to the logits."""
    a, b, arena = p.a, p.b, p.arena
    kept = FLOAT * b.outputs * a.hidden_size
    if not p.layers and not p.keeps:
        for name, _ in _input_sizes(a, b, on_device=on_device):
            if name != "output_index":
                give(arena, name)
    if a.alternating_updates is not None:
        _merge(p)
        compute(arena, "kept", kept, ("x",))
    elif a.engine_name in SELECTS_AT_THE_END:
        # The hidden states are an output of their own and stay.
        take(arena, "kept", kept)
    if "output_index" in arena.held and not p.keeps:
        give(arena, "output_index")
    if a.norms == "shared" or a.norm_biases:
        # A norm that subtracts the mean is not computed in place; on a device of several with the output alone, `x` is a copy that stays.
        compute(arena, "kept", kept, ("x",) if "x" in arena.held else ())
    if output_matrix > 0:
        take(arena, "matrix", output_matrix)
    take(arena, "logits", FLOAT * b.outputs * a.vocabulary_size)


@by_identity
def planned_bytes(
    a: Architecture,
    batch: Batch,
    *,
    layers: tuple[int, ...],
    has_output: bool,
    on_device: bool,
    streamed: Mapping[int, Mapping[str, int]] | None = None,
    caches: Mapping[int, tuple[int, int]] | None = None,
    output_matrix: int = 0,
    copies: int = 1,
    first: bool = True,
    away: bool = False,
    others: tuple[int, ...] = (),
) -> int:
    """Compute buffer for layers that follow each other in one place.

    Args:
        a: the shapes of the model
        batch: the sizes of the pass
        layers: the layers
        has_output: whether the output matrix is there
        on_device: whether that place is a device
        streamed: matrices that lie on the host and are brought for the pass: layer, tensor, size [bytes]
        caches: keys and values that lie on the host and are brought for the pass: layer, sizes [bytes]
        output_matrix: the output matrix, where it is brought from the host [bytes]
        copies: passes that several devices have under way at a time, each with what comes from outside [passes]
        first: whether no other device comes before
        away: whether routed experts of these layers are brought to another device
        others: layers of other devices, whose routed experts are brought to this one

    Returns:
        Bytes [bytes].

    Source: llama.cpp's plan.
    """
    arena = Arena(alignment=DEVICE_ALIGNMENT if on_device else HOST_ALIGNMENT)
    p = _Pass(a, batch, arena, on_device, copies > 1, streamed or {}, caches or {}, layers, away)
    _enter(p, on_device=on_device, copies=copies, first=first, has_output=has_output)
    _go_through(p, has_output=has_output)
    if a.experts is not None:
        if others:
            take(arena, "n", p.floats(a.hidden_size))
            give(arena, "n")
            give(arena, "x")
        for layer in others[:2]:
            _experts_of_others(p, a.experts, layer)
    if has_output:
        _leave(p, on_device=on_device, output_matrix=output_matrix)
    return top(arena)


OFFLOADED_TOKENS = 32
"""From so many tokens at a time on, what lies on the host is brought to a device and computed there."""


def _aligned(size: int) -> int:
    return (size + HOST_ALIGNMENT - 1) // HOST_ALIGNMENT * HOST_ALIGNMENT


def _returned_bytes(a: Architecture, b: Batch, layer: int) -> int:
    """What comes back from a device for the cache or the state of a layer on the host; of what is a part, all that it spans comes."""
    row, latent, r = FLOAT * b.tokens, a.attention.latent, a.recurrent
    returned = 0
    if r is not None and a.recurs(layer):
        convolved = r.inner_size + 2 * r.groups * r.state_size
        if r.kind == "gated-delta-net":
            returned = FLOAT * (b.tokens + b.sequences * (r.conv_kernel - 1)) * convolved
        elif r.kind == "mamba-2":
            # The scan stays where its state is: its inputs come, each as long as the rows it is cut from, and its result is made there.
            spans = 3 * (b.tokens - 1) * convolved + r.inner_size + 2 * r.groups * r.state_size
            returned = FLOAT * (spans + b.tokens * r.heads + b.tokens * r.inner_size + b.sequences * r.state_size * r.inner_size)
    if a.has_cache(layer):
        keys, values = a.kv_heads(layer) * a.head_dim(layer), a.kv_heads(layer) * a.value_dim(layer)
        rotated = not b.value_half and a.head_dim(layer) % VALUE_ROTATION == 0
        if latent is not None and not latent.cached_whole:
            returned = max(returned, row * (latent.kv_rank + latent.rope_dim))
        elif a.attention.fused_qkv and not rotated:
            returned = max(returned, row * (a.heads(layer) * a.head_dim(layer) + 2 * keys + values))
        else:
            returned = max(returned, row * (keys + values))
    return returned


def host_compute_bytes(a: Architecture, batch: Batch, *, layers: tuple[int, ...], has_output: bool, devices: bool, copies: int = 1) -> int:
    """Compute buffer of the host.

    Args:
        a: the shapes of the model
        batch: the sizes of the pass
        layers: layers on the host
        has_output: whether the output matrix is there
        devices: whether there are devices
        copies: passes that several devices have under way at a time [passes]

    Returns:
        Bytes [bytes].

    Assumes: with devices, large batches of the host's layers are computed there; the new keys and values come back.

    Source: llama.cpp's plan.
    """
    if not devices:
        return planned_bytes(a, batch, layers=layers, has_output=has_output, on_device=False)
    width = a.hidden_size
    numbers = _aligned(WORD * batch.tokens)
    inputs = numbers + sum(_aligned(size) for _, size in _input_sizes(a, batch, on_device=False))
    if _states_first(a):
        inputs += sum(_aligned(size) for _, size in _state_inputs(batch))
    looked_up = width
    if a.per_layer_embeddings is not None:
        looked_up += a.per_layer_embeddings.size * a.layers
        inputs += numbers
    returned = max((_returned_bytes(a, batch, layer) for layer in layers), default=0)
    once = inputs + FLOAT * batch.tokens * _given_values(a) + max(FLOAT * batch.tokens * looked_up, returned)
    again = (copies - 1) * (inputs + FLOAT * batch.tokens * width)
    if (layers or has_output) and batch.tokens < OFFLOADED_TOKENS:
        once = max(once, planned_bytes(a, batch, layers=layers, has_output=has_output, on_device=False))
    return once + again
