"""What the configurations of all classes have: width, vocabulary, heads, windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from macros.estimate.config_keys import WHOLE_FILE, Keys
from macros.estimate.refused import Refused

Shapes = dict[str, Any]

REFERENCE = "reference_sliding_attention"
"""Windows that keep the prompt in sight besides the last tokens: they hold no less than the prompt."""
FULL, SLIDING, CHUNKED, LINEAR, CONV = "full_attention", "sliding_attention", "chunked_attention", "linear_attention", "conv"
INDEXED = "indexed_attention"
COUNT = ("num_experts", "n_routed_experts", "num_local_experts", "moe_num_experts")
USED = ("num_experts_per_tok", "num_experts_per_token", "experts_per_token", "moe_topk", "moe_top_k", "moe_k", "top_k_experts")
EXPERT_SIZE = ("moe_intermediate_size", "expert_hidden_dim", "expert_intermediate_size")
SHARED_SIZE = ("shared_expert_intermediate_size", "share_expert_dim", "moe_shared_expert_intermediate_size", "shared_intermediate_size")
SHARED_COUNT = ("n_shared_experts", "num_shared_experts", "num_shared_expert", "moe_num_shared_experts")
SCALE = ("routed_scaling_factor", "moe_router_scaling_factor", "router_scaling_factor", "route_scale")


def pattern(indices: list[int], layers: int) -> Shapes:
    """Layers as the records say them: the last of every n, or their indices."""
    for every in range(2, layers + 1):
        if indices == list(range(every - 1, layers, every)):
            return {"every": every}
    return {"indices": indices}


def places_of(kinds: list[str], wanted: str) -> list[int]:
    return [layer for layer, kind in enumerate(kinds) if kind == wanted]


def shapes_if(true: bool, **shapes: Any) -> Shapes:
    return shapes if true else {}


def _head(k: Keys, heads: int, width: int) -> int:
    if k.get("head_dim", "attention_head_dim") is not None:
        head = k.whole("head_dim", "attention_head_dim")
        if k.kind.heads_fill_width and heads * head != width:
            raise Refused("config.head_dim", f"{width / heads:g}, so that the {heads} heads are as wide as the hidden size {width}", head)
        return head
    if width % heads:
        raise Refused("config.head_dim", "a head size, as the heads do not divide the hidden size", None, WHOLE_FILE)
    return width // heads


def base_shapes(k: Keys, *, dense: bool = True, **attention: Any) -> Shapes:
    """What every class has: width, vocabulary, heads, and the dense block where there is one."""
    heads, width, layers = k.whole("num_attention_heads"), k.whole("hidden_size"), k.layers()
    key_heads = k.whole("num_key_value_heads", default=heads)
    if heads % key_heads:
        raise Refused(f"config.{k.name('num_key_value_heads')}", f"a number that divides the {heads} query heads", key_heads)
    cross = k.indices("cross_attention_layers", layers)
    shapes: Shapes = {
        "engine_name": k.engine,
        "layers": layers,
        "hidden_size": width,
        "vocabulary_size": k.whole("vocab_size"),
        "context_length": k.whole("max_position_embeddings", default=UNKNOWN_CONTEXT),
        "tied_embeddings": k.flag("tie_word_embeddings"),
        "attention": {"heads": heads, "kv_heads": key_heads, "head_dim": _head(k, heads, width), **attention},
    }
    if cross:
        shapes["attention"]["cross_layers"] = {"indices": cross}
    if k.get("additional_vocab_size") is not None:
        shapes["extra_rows"] = k.whole("additional_vocab_size", low=0)
    if "mrope_section" in k.inside("rope_scaling", "rope_parameters").values:
        shapes["attention"]["positions"] = 4
    if k.kind.stores_rope_factors:
        _rope_factors(k, shapes)
    if dense:
        shapes["feed_forward"] = {"size": k.same("intermediate_size")}
    return shapes


UNKNOWN_CONTEXT = 2**27
"""Tokens that a model is taken to be trained for where neither configuration nor class says it: it changes no byte."""


def _rope_factors(k: Keys, shapes: Shapes) -> None:
    """Stored position-scaling factors, which Llama 3's scaling and Phi's long contexts bring."""
    scaling = k.inside("rope_scaling", "rope_parameters")
    kind = scaling.get("rope_type", "type")
    if kind is not None and not isinstance(kind, str):
        raise Refused("config.rope_scaling", "a name of its kind", kind)
    if kind == "llama3":
        shapes["attention"] |= {"rope_factors": shapes["attention"]["head_dim"] // 2, "rope_factor_sets": 1}
    elif kind in ("longrope", "su"):
        shapes["attention"] |= {"rope_factors": len(scaling.items("short_factor")), "rope_factor_sets": 2}


def with_windows(k: Keys, shapes: Shapes, **more: Any) -> Shapes:
    """Sliding-window layers: as listed, or all but the last of every n."""
    layers = shapes["layers"]
    kinds = k.kinds("layer_types", layers, (FULL, SLIDING))
    if kinds is None and k.get("sliding_window_pattern", "_sliding_window_pattern", "global_attn_every_n_layers") is not None:
        every = k.whole("sliding_window_pattern", "_sliding_window_pattern", "global_attn_every_n_layers")
        kinds = [SLIDING if (layer + 1) % every else FULL for layer in range(layers)]
    if kinds is not None and SLIDING in kinds and k.get("sliding_window") is not None and k.flag("use_sliding_window", default=True):
        shapes["attention"]["window"] = {"size": k.whole("sliding_window"), "full_layers": pattern(places_of(kinds, FULL), layers), **more}
    return _turns_in_windows(shapes) if k.kind.positions_in_windows else shapes


def without_windows(k: Keys, shapes: Shapes) -> Shapes:
    """The engine gives every layer of such a class the whole context: a window in the configuration is told, not computed."""
    kinds = k.kinds("layer_types", shapes["layers"], (FULL, SLIDING, REFERENCE)) or []
    size = k.get("sliding_window", "attention_window")
    used = size is not None and k.flag("use_sliding_window", default=True) and (SLIDING in kinds or REFERENCE in kinds or not kinds)
    if used and k.whole("sliding_window", "attention_window") < shapes["context_length"]:
        k.tell("window-unused", size=size)
    return shapes


def _turns_in_windows(shapes: Shapes) -> Shapes:
    """Only windowed layers turn queries and keys by position, where there are such."""
    if "window" in shapes["attention"]:
        shapes["attention"]["no_position_layers"] = shapes["attention"]["window"]["full_layers"]
    return shapes


def by_layer(k: Keys, what: str, meant: list[int], allowed: tuple[str, ...]) -> Shapes:
    """What `per_layer_config` says of layers of one kind; empty where it is not there."""
    given = k.inside("per_layer_config").values
    if not given:
        return {}
    found: list[Any] = []
    known: list[str] = []
    for layer in meant:
        # Transformers writes the numbers of layers with leading zeros where some have more digits.
        names = [name for name in (str(layer), f"0{layer}", f"00{layer}") if name in given]
        known += names
        one = given[names[0]] if names else {}
        if one not in found:
            found.append(one)
    extra = [name for name in given if name not in known]
    if extra or len(found) != 1 or not isinstance(found[0], Mapping):
        raise Refused("config.per_layer_config", f"the same values for all layers of {what}, and none for the others", given)
    for name in found[0]:
        if name not in allowed:
            raise Refused(f"config.per_layer_config.{meant[0]}.{name}", " or ".join(allowed), found[0][name])
    return dict(found[0])
