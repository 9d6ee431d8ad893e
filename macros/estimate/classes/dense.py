"""Dense classes whose keys need logic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from macros.estimate.classes.base import (
    FULL,
    SLIDING,
    Shapes,
    base_shapes,
    by_layer,
    pattern,
    places_of,
    shapes_if,
    with_windows,
    without_windows,
)
from macros.estimate.config_keys import WHOLE_FILE, Keys
from macros.estimate.refused import Refused


def dense(k: Keys) -> Shapes:
    """A dense model of the usual form."""
    shapes = base_shapes(k)
    return with_windows(k, shapes) if k.kind.windows else without_windows(k, shapes)


def _wide(k: Keys) -> Keys:
    """The feed-forward block four times as wide as the model, where nothing else is said."""
    given = k.get("intermediate_size")
    return k.but(intermediate_size=4 * k.whole("hidden_size") if given is None else given)


def old(k: Keys) -> Shapes:
    """The older form: two matrices in the feed-forward block, four times as wide, and often one for queries, keys and values."""
    shapes = base_shapes(_wide(k))
    if k.get("multi_query") is not None:
        shapes["attention"]["kv_heads"] = 1 if k.flag("multi_query") else shapes["attention"]["heads"]
    return shapes


def opt(k: Keys) -> Shapes:
    """OPT: tokens embedded at a width of their own, norms before or behind the blocks."""
    shapes = base_shapes(k)
    wide = k.whole("word_embed_proj_dim", default=shapes["hidden_size"])
    # Norms behind the blocks need none at the end.
    last = k.flag("do_layer_norm_before", default=True) and not k.flag("_remove_final_layer_norm")
    weights = k.flag("layer_norm_elementwise_affine", default=True)
    norms = {"norm_biases": True} if weights else {"norms": "none"}
    return {**shapes, **norms, **shapes_if(wide != shapes["hidden_size"], embedding_size=wide), **shapes_if(not last, output_norm=False)}


def mpt(k: Keys) -> Shapes:
    """MPT: what its attention is stands in a part of its own."""
    attention = k.inside("attn_config")
    attention.refuse("qk_ln", (False,), "as queries and keys have no norms")
    wide = k.whole("expansion_ratio", default=4) * k.whole("hidden_size")
    return base_shapes(k.but(intermediate_size=wide, num_key_value_heads=attention.get("kv_n_heads")))


def falcon(k: Keys) -> Shapes:
    """Falcon: one key and value head, or several in its newer form."""
    heads, new = k.whole("num_attention_heads"), k.flag("new_decoder_architecture")
    kv_heads = k.whole("num_kv_heads", "n_head_kv", default=heads) if new else 1 if k.flag("multi_query", default=True) else heads
    shapes = base_shapes(_wide(k.but(num_key_value_heads=kv_heads)))
    two = (new and k.whole("num_ln_in_parallel_attn", default=2) == 2) or not k.flag("parallel_attn", default=True)
    return {**shapes, **shapes_if(not two, norms="shared")}


def qwen_1(k: Keys) -> Shapes:
    """Qwen 1: its file says the width of two matrices together."""
    shapes = base_shapes(k)
    shapes["feed_forward"]["size"] //= 2
    return shapes


def chatglm(k: Keys) -> Shapes:
    """ChatGLM: groups of heads under names of its own."""
    heads = k.whole("num_attention_heads")
    groups = k.whole("multi_query_group_num") if k.flag("multi_query_attention") else heads
    return base_shapes(k.but(num_key_value_heads=groups))


def plamo(k: Keys) -> Shapes:
    """PLaMo: so many query heads share a key and a value."""
    heads, shared = k.whole("num_attention_heads"), k.whole("n_shared_head")
    if heads % shared:
        raise Refused("config.n_shared_head", f"a number that divides the {heads} query heads", shared)
    return base_shapes(k.but(num_key_value_heads=heads // shared))


def internlm(k: Keys) -> Shapes:
    """InternLM: one key for biases, of attention alone in its first version."""
    both, first = k.flag("bias"), k.values["model_type"] == "internlm"
    shapes = base_shapes(k, **shapes_if(both and first, qkv_bias=True), **shapes_if(both, output_bias=True))
    if both and not first:
        shapes["feed_forward"]["biases"] = True
    return without_windows(k, shapes)


def searched(k: Keys) -> Shapes:
    """Layers found by search: some without attention, some with a feed-forward block of another width, or none."""
    layers, width = k.layers(), k.whole("hidden_size")
    blocks = k.layer_list("block_configs", layers)
    if blocks is None:
        raise Refused("config.block_configs", "one entry a layer", None, WHOLE_FILE)
    groups: list[Any] = []
    sizes = []
    for block in blocks:
        if not isinstance(block, Mapping):
            raise Refused("config.block_configs", "a mapping for each layer", block)
        inner = k.but(**block)
        attention, feed = inner.inside("attention"), inner.inside("ffn")
        attention.refuse("replace_with_linear", (False,), "as attention is there or not")
        feed.refuse("replace_with_linear", (False,), "as the block is there or not")
        groups.append(None if attention.get("n_heads_in_group") is None else attention.whole("n_heads_in_group"))
        wide = int(2.0 * feed.real("ffn_mult", 0.0) * width / 3.0)
        sizes.append(-(-wide // 256) * 256)
    attends = [layer for layer, group in enumerate(groups) if group is not None]
    found = {groups[layer] for layer in attends}
    if len(found) != 1:
        raise Refused("config.block_configs", "attention layers with one number of heads in a group", sorted(found))
    heads = k.whole("num_attention_heads")
    shapes = base_shapes(k.but(num_key_value_heads=heads // max(found), intermediate_size=max(sizes)))
    shapes["attention"]["layers"] = pattern(attends, layers)
    shapes["feed_forward"]["sizes"] = sizes
    return shapes


def gemma3n(k: Keys) -> Shapes:
    rows, kept = k.whole("vocab_size"), k.whole("vocab_size_per_layer_input")
    if rows > kept:
        k.tell("rows-left-out", rows=rows, kept=kept)
    shapes = base_shapes(k.but(vocab_size=min(rows, kept)))
    # Since version 5 the library leaves out what the layers that share a cache never used.
    shared = {"shared_cache_layers": k.whole("num_kv_shared_layers", low=0), "shared_cache_projections": not k.since_5()}
    shapes["attention"] |= shared
    shapes["per_layer_embeddings"] = {"size": k.whole("hidden_size_per_layer_input"), **shapes_if(rows < kept, rows=kept)}
    shapes["alternating_updates"] = {"streams": k.whole("altup_num_inputs"), "low_rank": k.whole("laurel_rank")}
    return with_windows(k, shapes)


def gemma4(k: Keys) -> Shapes:
    """Gemma 4: windows of other heads, shared caches, embeddings in each layer, experts beside the dense block."""
    shapes = base_shapes(k)
    attention, layers = shapes["attention"], shapes["layers"]
    small, narrow = attention["kv_heads"], attention["head_dim"]
    every = [SLIDING if (layer + 1) % 6 else FULL for layer in range(layers)]
    kinds = [*(k.kinds("layer_types", layers, (FULL, SLIDING)) or every)[:-1], FULL]
    full = places_of(kinds, FULL)
    own = k.but(**by_layer(k, "full attention", full, ("head_dim", "num_key_value_heads")))
    listed = len(own.inside("per_layer_config").values) > 0
    attention["head_dim"] = own.whole("head_dim") if listed else k.whole("global_head_dim")
    wide = own.whole("num_key_value_heads") if listed else k.whole("num_global_key_value_heads", default=small)
    same = k.flag("attention_k_eq_v")
    attention["kv_heads"] = wide if same or listed else small
    attention |= {"rope_factors": attention["head_dim"] // 2, "rope_factor_sets": 1, **shapes_if(same, value_is_key=True)}
    if SLIDING in kinds:
        other = shapes_if(small != attention["kv_heads"], kv_heads=small)
        attention["window"] = {"size": k.whole("sliding_window"), "full_layers": pattern(full, layers), "head_dim": narrow, **other}
    shared = k.whole("num_kv_shared_layers", low=0, default=0)
    if shared:
        attention |= {"shared_cache_layers": shared, "shared_cache_projections": not listed}
        if k.flag("use_double_wide_mlp"):
            shapes["feed_forward"]["size_in_shared_cache_layers"] = 2 * shapes["feed_forward"]["size"]
    if k.whole("hidden_size_per_layer_input", low=0, default=0):
        rows = k.whole("vocab_size_per_layer_input", default=shapes["vocabulary_size"])
        own_rows = shapes_if(rows != shapes["vocabulary_size"], rows=rows)
        shapes["per_layer_embeddings"] = {"size": k.whole("hidden_size_per_layer_input"), **own_rows}
    if k.flag("enable_moe_block"):
        shapes["experts"] = {
            "count": k.whole("num_experts"),
            "used": k.whole("top_k_experts"),
            "size": k.whole("moe_intermediate_size", "expert_intermediate_size"),
            "beside_dense": True,
            "fused_gate_up": True,
        }
    return shapes
