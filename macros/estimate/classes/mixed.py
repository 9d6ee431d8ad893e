"""Classes of mixtures that have something of their own."""

from __future__ import annotations

from collections.abc import Sequence

from macros.estimate.classes.base import (
    CHUNKED,
    FULL,
    SLIDING,
    Shapes,
    base_shapes,
    pattern,
    shapes_if,
    with_windows,
)
from macros.estimate.classes.mixtures import experts_of, mixture, with_experts
from macros.estimate.config_keys import WHOLE_FILE, Keys
from macros.estimate.refused import Refused


def llama4(k: Keys) -> Shapes:
    """Llama 4: chunks, and full attention without positions in every fourth layer."""
    shapes = base_shapes(k, dense=False)
    layers = shapes["layers"]
    with_experts(k, shapes, shared_size=k.whole("intermediate_size"))
    rotated = k.layer_list("no_rope_layers", layers) if k.get("no_rope_layers") else None
    fourth = [1 if (layer + 1) % 4 else 0 for layer in range(layers)]
    if rotated is not None and rotated != fourth:
        raise Refused("config.no_rope_layers", "0 in every fourth layer, as the engine has it", rotated)
    k.refuse("no_rope_layer_interval", (4,), "as the engine has it")
    kinds = k.kinds("layer_types", layers, (FULL, CHUNKED))
    if kinds is not None and kinds != [CHUNKED if rotated else FULL for rotated in fourth]:
        raise Refused("config.layer_types", "full attention in every fourth layer, as the engine has it", kinds)
    shapes["attention"] |= {
        "window": {"kind": "chunked", "size": k.whole("attention_chunk_size"), "full_layers": {"every": 4}},
        "no_position_layers": {"every": 4},
    }
    return shapes


def arctic(k: Keys) -> Shapes:
    """Arctic: a mixture beside a dense block that is as wide as the residual stream."""
    shapes = mixture(k)
    shapes["experts"] = {**experts_of(shapes), "beside_dense": True, "beside_norms": False, "own_norm": True}
    return {**shapes, "feed_forward": {"size": shapes["hidden_size"]}}


def smallthinker(k: Keys) -> Shapes:
    """SmallThinker: lists of ones and zeros say which layers are windowed, and which turn by position."""
    layers = k.layers()
    flags = k.layer_list("sliding_window_layout", layers)
    if flags is not None:
        k = k.but(layer_types=[SLIDING if flag else FULL for flag in flags], sliding_window=k.get("sliding_window_size"))
    shapes = with_windows(k, with_experts(k, base_shapes(k, dense=False)))
    turned = k.layer_list("rope_layout", layers) or []
    still = [layer for layer, flag in enumerate(turned) if not flag]
    if still:
        shapes["attention"]["no_position_layers"] = pattern(still, layers)
    return shapes


def laguna(k: Keys) -> Shapes:
    """Laguna: gates, and heads that differ by the kind of layer."""
    shapes = mixture(k)
    gate = k.get("gating")
    shapes["attention"]["gate"] = "per-head" if gate in (None, True, "per-head") else "per-value"
    return _heads_by_layer(k, "num_attention_heads_per_layer", shapes)


def _heads_by_layer(k: Keys, name: str, shapes: Shapes) -> Shapes:
    """Query heads listed layer by layer: one number for the layers that see everything, one for the windowed ones."""
    window = shapes["attention"].get("window")
    if k.layer_list(name, shapes["layers"]) is None:
        return shapes
    listed = k.wholes(name)
    kinds = k.kinds("layer_types", shapes["layers"], (FULL, SLIDING)) or [FULL] * len(listed)
    full = [window is None or kind == FULL for kind in kinds]
    whole, narrow = {n for n, wide in zip(listed, full, strict=True) if wide}, {n for n, wide in zip(listed, full, strict=True) if not wide}
    if len(whole) != 1 or len(narrow) > 1:
        raise Refused(f"config.{name}", "one number for the layers of each kind", listed)
    shapes["attention"]["heads"] = max(whole)
    if narrow and window is not None:
        window["heads"] = max(narrow)
    return shapes


def step3(k: Keys) -> Shapes:
    """Step 3.5 and 3.7: lists go on for the prediction layers, windows have heads of their own."""
    layers = k.layers()
    kinds, enum = k.get("layer_types"), k.get("moe_layers_enum")
    if isinstance(kinds, Sequence) and not isinstance(kinds, str):
        # The list goes on for the prediction layers.
        k = k.but(layer_types=list(kinds)[:layers])
    listed: list[int] | None = None
    if k.get("mlp_layer_types") is None and enum is not None:
        words = [str(word).strip() for word in (enum.split(",") if isinstance(enum, str) else k.items("moe_layers_enum"))]
        listed = [layer for layer in range(layers) if str(layer) in words]
        if len(listed) != len(words):
            raise Refused("config.moe_layers_enum", f"numbers of layers from 0 to {layers - 1}", enum)
    shapes = with_windows(k, with_experts(k, base_shapes(k, dense=False), mixtures=listed))
    for name, key in (("swiglu_limits", "clamped_layers"), ("swiglu_limits_shared", "shared_clamped_layers")):
        limits = k.items(name) if k.get(name) is not None else []
        clamped = [layer for layer, limit in enumerate(limits[:layers]) if limit]
        if "experts" in shapes:
            shapes["experts"] |= shapes_if(len(clamped) > 0, **{key: {"indices": clamped}})
    other = k.inside("attention_other_setting")
    if "window" in shapes["attention"]:
        heads = k.whole("num_sliding_attention_heads", default=shapes["attention"]["heads"])
        shapes["attention"]["window"] |= {
            "heads": other.whole("num_attention_heads", default=heads),
            "kv_heads": other.whole("num_attention_groups", default=shapes["attention"]["kv_heads"]),
        }
    return shapes


def mimo_v2(k: Keys) -> Shapes:
    """MiMo V2: windows with more key heads."""
    layers = k.layers()
    flags = k.layer_list("hybrid_layer_pattern", layers)
    if flags is not None:
        k = k.but(layer_types=[SLIDING if flag else FULL for flag in flags])
    for name, same in (("swa_head_dim", "head_dim"), ("swa_v_head_dim", "v_head_dim"), ("swa_num_attention_heads", "num_attention_heads")):
        k.refuse(name, (k.get(same),), f"as {same}")
    shapes = with_windows(k, with_experts(k, base_shapes(k, dense=False, value_dim=k.whole("v_head_dim"))))
    if "window" not in shapes["attention"]:
        name = "hybrid_layer_pattern" if flags is None else "sliding_window"
        raise Refused(f"config.{name}", "windowed layers, which this class has", k.get(name), WHOLE_FILE)
    small = k.whole("swa_num_key_value_heads", default=2 * shapes["attention"]["kv_heads"])
    # The published file says 128 tokens; the library counts the token itself as well.
    if k.get("sliding_window") == 129:
        shapes["attention"]["window"]["size"] = 128
    shapes["attention"]["window"] |= {"kv_heads": small, **shapes_if(k.flag("add_swa_attention_sink_bias", default=True), sinks=True)}
    return shapes


def dbrx(k: Keys) -> Shapes:
    """DBRX: attention and experts stand in parts of their own."""
    attention, experts = k.inside("attn_config"), k.inside("ffn_config")
    inner = {
        "num_key_value_heads": attention.whole("kv_n_heads", default=1),
        "moe_num_experts": experts.whole("moe_num_experts", default=4),
        "moe_top_k": experts.whole("moe_top_k", default=1),
        "moe_intermediate_size": experts.whole("ffn_hidden_size", default=3584),
    }
    own = k.but(**inner)
    return with_experts(own, base_shapes(own, dense=False))


def pictures_apart(k: Keys) -> Shapes:
    """ERNIE 4.5 VL: experts for text, and as many narrower ones for pictures."""
    both = k.wholes("moe_intermediate_size")
    if len(both) != 2:
        raise Refused("config.moe_intermediate_size", "two widths, of experts for text and for pictures", both)
    shapes = with_experts(k.but(moe_intermediate_size=both[0]), base_shapes(k, dense=False), mixtures=_ernie_layers(k))
    if "experts" in shapes:
        shapes["experts"]["picture_size"] = both[1]
    return shapes


def _ernie_layers(k: Keys) -> list[int] | None:
    """All layers but the first, where nothing is said."""
    said = ("mlp_layer_types", "moe_layer_start_index", "moe_layer_end_index", "moe_layer_interval")
    return None if any(k.gives(name) for name in said) else list(range(1, k.layers()))


def pooled(k: Keys) -> Shapes:
    """Muse Spark: experts at a width of their own, a learned gate at the residual stream, windows in three of four layers."""
    layers = k.layers()
    kinds = k.kinds("layer_types", layers, (FULL, SLIDING))
    if kinds is None:
        kinds = [SLIDING if (layers - 1 - layer) % 4 else FULL for layer in range(layers)]
    shapes = with_windows(k.but(layer_types=kinds), with_experts(k, base_shapes(k, dense=False)))
    if "experts" in shapes:
        shapes["experts"] |= {"width": k.whole("moe_hidden_size"), "width_norm": True, "output_norm": True}
    return shapes


def bailing(k: Keys) -> Shapes:
    """Version 1 has neither norms of queries and keys nor biases of experts; version 2 has both."""
    second = k.flag("use_qk_norm")
    if second and not k.flag("moe_router_enable_expert_bias"):
        raise Refused(
            "config.moe_router_enable_expert_bias", "true, as in version 2 of this class", k.values.get("moe_router_enable_expert_bias")
        )
    for name in () if second else ("use_bias", "use_qkv_bias"):
        k.refuse(name, (False,), "as version 1 of this class has no biases")
    shapes = base_shapes(k, dense=False)
    if second:
        shapes["attention"] |= {"qk_norm": "per-head", "fused_qkv": True}
    with_experts(k, shapes, **shapes_if(second, selection_bias=True))
    return {**shapes, "engine_name": k.variant("second" if second else "first")}
