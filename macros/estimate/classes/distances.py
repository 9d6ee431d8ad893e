"""Inkling: biases by distance in place of positions, and short convolutions beside attention and feed-forward block."""

from __future__ import annotations

from macros.estimate.classes.base import FULL, SLIDING, Shapes, base_shapes, pattern, places_of, shapes_if
from macros.estimate.classes.mixtures import with_experts
from macros.estimate.classes.repeated import few, in_order
from macros.estimate.config_keys import Keys
from macros.estimate.refused import Refused

NAMES = {"hybrid": FULL, "hybrid_sliding": SLIDING}
"""What this class calls its kinds of layers."""


def inkling(k: Keys) -> Shapes:
    """The first generation: a norm on queries and keys, and shared experts that the router weighs."""
    wide = k.gives("dense_intermediate_size")
    # Checkpoints call the width of an expert so, where they name that of the dense block apart.
    own = k.but(moe_intermediate_size=k.whole("intermediate_size"), intermediate_size=k.whole("dense_intermediate_size")) if wide else k
    layers = k.layers()
    dense = k.whole("dense_mlp_idx", low=0, default=0)
    said = None if k.gives("mlp_layer_types") else list(range(min(dense, layers), layers))
    shapes = with_experts(own, _base(own, _kinds(k, layers)), mixtures=said)
    if "experts" in shapes:
        shapes["experts"]["shared_scored"] = k.whole("n_shared_experts", low=0)
    return shapes


def inkling_2(k: Keys) -> Shapes:
    """The second: scores of earlier blocks, and layers that run again with a message from the run before."""
    layers, rows, kept = k.layers(), k.whole("vocab_size"), k.whole("unpadded_vocab_size")
    if kept > rows:
        raise Refused("config.unpadded_vocab_size", f"at most the {rows} rows of the table", kept)
    kinds = _kinds(k, layers)
    step = k.whole("n_layers_per_attn_res_block")
    if k.get("loop_layer_index_start", "core_start") is None:
        order, again = list(range(layers)), []
    else:
        inner = k.inside("loop_config")
        own = k.but(**{name: inner.get(said) for name, said in LOOP.items() if inner.gives(said)})
        start, end, passes = own.whole("loop_layer_index_start"), own.whole("loop_layer_index_end"), own.whole("loop_num_passes")
        if start % step or end % step or not start < end <= layers:
            raise Refused("config.loop_layer_index_start", f"layers from one multiple of {step} to another, of {layers}", [start, end])
        few("loop_num_passes", layers + (passes - 1) * (end - start))
        again = list(range(start, end))
        order = [*range(start), *[layer for _ in range(passes) for layer in again], *range(end, layers)]
    shapes = _base(k.but(vocab_size=kept), [kinds[layer] for layer in order])
    shapes = with_experts(k, in_order(shapes, order), mixtures=list(range(len(order))))
    messages = {"rank": own.whole("loop_gate_rank"), "layers": again} if again else {}
    return {**shapes, **shapes_if(rows > kept, extra_rows=rows - kept), **shapes_if(len(again) > 0, messages=messages)}


LOOP = {
    "loop_layer_index_start": "core_start",
    "loop_layer_index_end": "core_end",
    "loop_num_passes": "num_passes",
    "loop_gate_rank": "gate_rank",
}
"""Keys of the class -> what a part of its own calls them."""


def _kinds(k: Keys, layers: int) -> list[str]:
    """The kind of each layer: listed by name, or by number, or all but every sixth windowed."""
    given = k.layer_list("layer_types", layers)
    near = k.indices("local_layer_ids", layers)
    if given is None:
        windowed = [layer for layer in range(layers) if (layer + 1) % 6] if near is None else near
        return [SLIDING if layer in windowed else FULL for layer in range(layers)]
    own = k.but(layer_types=[NAMES.get(kind, kind) if isinstance(kind, str) else kind for kind in given])
    return own.kinds("layer_types", layers, (FULL, SLIDING)) or []


def _base(k: Keys, kinds: list[str]) -> Shapes:
    """What both generations have, for layers of these kinds."""
    layers = len(kinds)
    shapes = base_shapes(k.but(num_hidden_layers=layers), dense=False)
    attention, full = shapes["attention"], places_of(kinds, FULL)
    distances = {"size": k.whole("d_rel"), "extent": k.whole("rel_extent")}
    attention |= {"distances": distances, "no_position_layers": {"every": 1}}
    if len(full) < layers:
        heads, cached, head = k.whole("swa_num_attention_heads"), k.whole("swa_num_key_value_heads"), k.whole("swa_head_dim")
        if heads % cached:
            raise Refused("config.swa_num_key_value_heads", f"a number that divides the {heads} query heads", cached)
        attention["window"] = {
            "size": k.whole("sliding_window_size"),
            "full_layers": pattern(full, layers),
            **{name: size for name, size in (("head_dim", head), ("heads", heads), ("kv_heads", cached)) if size != attention[name]},
        }
    return {**shapes, "short_convolutions": {"kernel": k.whole("conv_kernel_size")}}
