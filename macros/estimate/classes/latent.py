"""Classes with latent, compressed or sparse attention."""

from __future__ import annotations

from macros.estimate.classes.base import (
    COUNT,
    FULL,
    INDEXED,
    LINEAR,
    SLIDING,
    Shapes,
    base_shapes,
    by_layer,
    pattern,
    places_of,
    shapes_if,
)
from macros.estimate.classes.mixtures import MIXTURE_LAYERS, experts_of, mixture, with_experts
from macros.estimate.config_keys import WHOLE_FILE, Keys
from macros.estimate.refused import Refused


def latent(k: Keys) -> Shapes:
    """DeepSeek's form: latent attention, leading dense layers, routed and shared experts; an indexer where the class has one."""
    if not k.flag("use_mla", default=True):
        return {**mixture(k), "engine_name": k.variant("whole-heads")}
    nope, rope = k.whole("qk_nope_head_dim"), k.whole("qk_rope_head_dim", low=0)
    shapes = base_shapes(k.but(head_dim=nope + rope, num_key_value_heads=k.whole("num_attention_heads")), dense=False)
    attention, indexed = shapes["attention"], k.get("index_topk") is not None
    attention["latent"] = {
        "query_rank": k.whole("q_lora_rank") if indexed else k.whole("q_lora_rank", low=0, default=0),
        "kv_rank": k.whole("kv_lora_rank"),
        "nope_dim": nope,
        "rope_dim": rope,
        "value_dim": k.whole("v_head_dim", default=shapes["hidden_size"] // attention["heads"]),
    }
    if indexed:
        attention["indexer"] = {"heads": k.whole("index_n_heads"), "head_dim": k.whole("index_head_dim"), "top_k": k.whole("index_topk")}
        kinds = k.kinds("indexer_types", shapes["layers"], ("full", "shared"))
        if k.get("index_kpool") is not None:
            # Its cache keeps the key, the gate's logits and the pooled key.
            attention["indexer"] |= {"pool": k.whole("index_kpool"), "cached": 3}
        if kinds is not None and "shared" in kinds:
            attention["indexer"]["layers"] = pattern(places_of(kinds, "full"), shapes["layers"])
    if k.get("hc_mult") is not None:
        shapes["hyper_connections"] = k.whole("hc_mult")
    if k.kind.reader == "latent":
        k.kinds("layer_types", shapes["layers"], (FULL, INDEXED))
    if k.get(*COUNT) is None:
        shapes["feed_forward"] = {"size": k.whole("intermediate_size")}
        return shapes
    return with_experts(k, shapes)


def longcat(k: Keys) -> Shapes:
    """LongCat's form: a layer is two of the usual ones, with experts beside the first's dense block, and experts without weights."""
    k.refuse("qk_head_dim", (k.whole("qk_nope_head_dim") + k.whole("qk_rope_head_dim"),), "the parts of a key together")
    layers = 2 * k.whole("num_layers", "num_hidden_layers")
    own = k.but(num_hidden_layers=layers, num_layers=layers)
    shapes = latent(own)
    shapes["experts"] = {
        **experts_of(shapes),
        "layers": {"indices": list(range(0, layers, 2))},
        "beside_dense": True,
        "beside_norms": False,
        "idle": k.whole("zero_expert_num", low=0, default=0),
    }
    return {**shapes, "feed_forward": {"size": k.whole("intermediate_size")}}


WINDOW_KEYS = (
    "head_dim", "kv_lora_rank", "num_attention_heads", "num_key_value_heads", "q_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim",
    "v_head_dim",
)  # fmt: skip
"""What windowed layers have of their own, where attention is latent."""


def latent_windows(k: Keys) -> Shapes:
    """dots3's form: latent attention with an indexer in some layers, and of other widths in the windows of the others."""
    k = k.but(moe_shared_expert_intermediate_size=k.whole("shared_experts_intermediate_size") * k.whole("n_shared_experts"))
    shapes = latent(k)
    attention, layers = shapes["attention"], shapes["layers"]
    if "indexer" not in attention:
        raise Refused("config.index_topk", "how many tokens a layer picks, as all models of this class do", None, WHOLE_FILE)
    usual = [INDEXED if layer < 2 or layer % 4 == 1 else SLIDING for layer in range(layers)]
    kinds = k.kinds("layer_types", layers, (FULL, INDEXED, SLIDING)) or usual
    whole = [layer for layer in range(layers) if kinds[layer] != SLIDING]
    attention["latent"]["rope_norm"] = True
    attention["indexer"]["layers"] = pattern(places_of(kinds, FULL if k.get("use_dsa") is True else INDEXED), layers)
    windowed = places_of(kinds, SLIDING)
    if not windowed:
        return shapes
    given = by_layer(k, "windows", windowed, WINDOW_KEYS)
    own = k.but(**given) if given else k.but(**{name: k.get(f"swa_{name}") for name in WINDOW_KEYS})
    heads, key, nope = own.whole("num_attention_heads"), own.whole("head_dim"), own.whole("qk_nope_head_dim")
    attention["window"] = {
        "size": k.whole("sliding_window", "sliding_window_size"),
        "full_layers": pattern(whole, layers),
        "heads": heads,
        "kv_heads": own.whole("num_key_value_heads"),
        "head_dim": key,
        "latent": {
            "query_rank": own.whole("q_lora_rank"),
            "kv_rank": own.whole("kv_lora_rank"),
            "nope_dim": nope,
            "rope_dim": own.whole("qk_rope_head_dim", default=key - nope),
            "value_dim": own.whole("v_head_dim"),
            "rope_norm": True,
        },
    }
    return shapes


RATES = {"sliding_attention": 0, "compressed_sparse_attention": 4, "heavily_compressed_attention": 128}


def compressed(k: Keys) -> Shapes:
    """DeepSeek V4's form: a window, older tokens several in one, several residual streams, experts in all layers."""
    shapes = base_shapes(k, dense=False)
    layers = shapes["layers"]
    listed = k.get("compress_ratios")
    kinds = k.kinds("layer_types", layers, tuple(RATES))
    if listed is not None:
        rates = list(k.items("compress_ratios"))[:layers]
    elif kinds is not None:
        rates = [RATES[kind] for kind in kinds]
    else:
        rates = [4 if layer > 2 and layer % 2 else 128 for layer in range(layers)]
    for rate in rates:
        if rate not in (0, 4, 128):
            raise Refused("config.compress_ratios", "0, 4 or 128 for each layer, as the engine has it", rate)
    own = k.inside("compress_rates")
    for name, usual in RATES.items():
        if usual:
            own.refuse(name, (usual,), "as the engine has it")
    k.asked.extend([*MIXTURE_LAYERS])
    kinds = k.kinds("mlp_layer_types", layers, ("hash_moe", "moe"))
    hashed = k.whole("num_hash_layers", low=0, default=3) if kinds is None else len(places_of(kinds, "hash_moe"))
    if kinds is not None and kinds[:hashed] != ["hash_moe" for _ in range(hashed)]:
        raise Refused("config.mlp_layer_types", "hash_moe only in the first layers", kinds)
    with_experts(k, shapes, mixtures=list(range(layers)), selection_bias=True, hash_layers=min(hashed, layers))
    shapes["attention"] |= {
        "indexer": {"heads": k.whole("index_n_heads"), "head_dim": k.whole("index_head_dim"), "top_k": k.whole("index_topk")},
        "window": {"size": k.whole("sliding_window"), "full_layers": {"indices": []}},
        "compressed": {
            "query_rank": k.whole("q_lora_rank"),
            "output_groups": k.whole("o_groups"),
            "output_rank": k.whole("o_lora_rank"),
            "rates": rates,
            "indexed_rate": 4,
        },
    }
    return {**shapes, "hyper_connections": k.whole("hc_mult")}


def block_sparse(k: Keys) -> Shapes:
    """MiniMax M3's form: grouped-query attention that looks at blocks which a scorer picks, and a mixture after dense layers."""
    nested = k.inside("sparse_attention_config")
    shapes = with_experts(k, base_shapes(k, dense=False))
    layers = shapes["layers"]
    kinds = k.kinds("layer_types", layers, (FULL, "minimax_m3_sparse"))
    flags = nested.layer_list("sparse_attention_freq", layers)
    sparse = [layer for layer in range(layers) if flags[layer]] if flags is not None else places_of(kinds or [], "minimax_m3_sparse")
    if sparse:
        own = nested if nested.values else k
        shapes["attention"]["indexer"] = {
            "heads": own.whole("sparse_num_index_heads", "index_n_heads"),
            "head_dim": own.whole("sparse_index_dim", "index_head_dim"),
            "top_k": own.whole("sparse_topk_blocks", "index_topk_blocks"),
            "block": own.whole("sparse_block_size", "index_block_size"),
            "cached": 2,
            **shapes_if(len(sparse) < layers, layers={"indices": sparse}),
        }
    return shapes


def _last_of_groups(k: Keys, layers: int) -> list[int]:
    """The last layer of every group, and what is left over behind the last whole group."""
    group = k.whole("layer_group_size", "full_attention_interval")
    rest = layers if k.get("layer_group_size") is None else layers // group * group
    return [layer for layer in range(layers) if (layer + 1) % group == 0 or layer >= rest]


def delta_and_latent(k: Keys) -> Shapes:
    """Kimi's delta attention, and latent attention in some layers."""
    nested = k.inside("linear_attn_config")
    shapes = latent(k)
    layers, width = shapes["layers"], shapes["hidden_size"]
    inside = k.whole("routed_expert_hidden_size", default=width)
    if "experts" in shapes and inside != width:
        shapes["experts"] |= {"width": inside, **shapes_if(k.flag("latent_moe_use_norm"), width_norm=True)}
    if k.flag("mla_use_output_gate"):
        shapes["attention"]["gate"] = "per-value"
    if k.get("attn_res_block_size") is not None:
        shapes |= {"engine_name": k.variant("block-residuals"), "block_residuals": k.whole("attn_res_block_size") > 0}
    linear = nested.get("full_attn_layers") is not None
    if linear:
        attends = [layer - 1 for layer in nested.wholes("full_attn_layers")]
    else:
        kinds = k.kinds("layer_types", layers, (INDEXED if "indexer" in shapes["attention"] else FULL, LINEAR))
        listed = [layer for layer in range(layers) if kinds is not None and kinds[layer] != LINEAR]
        attends = listed if kinds is not None else _last_of_groups(k, layers)
    own = nested if linear else k
    head, heads = own.whole("linear_head_dim", "head_dim"), own.whole("linear_num_heads", "num_heads", "num_attention_heads")
    shapes["attention"]["layers"] = pattern(attends, layers)
    shapes["recurrent"] = {
        "kind": "kimi-delta",
        "conv_kernel": own.whole("linear_conv_kernel_dim", "short_conv_kernel_size"),
        "inner_size": heads * head,
        "heads": heads,
        "groups": heads,
        "state_size": head,
        "rank": 0 if k.flag("no_kda_lora") else head,
        **shapes_if(nested.flag("use_full_rank_gate"), full_gate=True),
    }
    return shapes
