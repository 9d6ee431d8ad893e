"""Readers of config.json: what classes share, and the logic of those that have some of their own.

Which class is read by which reader, under which names and with which values for what is left out, is a record in data/architectures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from macros.estimate.config_keys import WHOLE_FILE, Keys
from macros.estimate.refused import Refused

Shapes = dict[str, Any]
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


def _where(kinds: list[str], wanted: str) -> list[int]:
    return [layer for layer, kind in enumerate(kinds) if kind == wanted]


def _when(true: bool, **shapes: Any) -> Shapes:
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


def _base(k: Keys, *, dense: bool = True, **attention: Any) -> Shapes:
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


def _window(k: Keys, shapes: Shapes, **more: Any) -> Shapes:
    """Sliding-window layers: as listed, or all but the last of every n."""
    layers = shapes["layers"]
    kinds = k.kinds("layer_types", layers, (FULL, SLIDING))
    if kinds is None and k.get("sliding_window_pattern", "_sliding_window_pattern", "global_attn_every_n_layers") is not None:
        every = k.whole("sliding_window_pattern", "_sliding_window_pattern", "global_attn_every_n_layers")
        kinds = [SLIDING if (layer + 1) % every else FULL for layer in range(layers)]
    if kinds is not None and SLIDING in kinds and k.get("sliding_window") is not None and k.flag("use_sliding_window", default=True):
        shapes["attention"]["window"] = {"size": k.whole("sliding_window"), "full_layers": pattern(_where(kinds, FULL), layers), **more}
    return _turns_in_windows(shapes) if k.kind.positions_in_windows else shapes


def _no_window(k: Keys, shapes: Shapes) -> Shapes:
    """The engine gives every layer of such a class the whole context: a window in the configuration is told, not computed."""
    kinds = k.kinds("layer_types", shapes["layers"], (FULL, SLIDING)) or []
    size = k.get("sliding_window", "attention_window")
    used = size is not None and k.flag("use_sliding_window", default=True) and (SLIDING in kinds or not kinds)
    if used and k.whole("sliding_window", "attention_window") < shapes["context_length"]:
        k.tell("window-unused", size=size)
    return shapes


def _turns_in_windows(shapes: Shapes) -> Shapes:
    """Only windowed layers turn queries and keys by position, where there are such."""
    if "window" in shapes["attention"]:
        shapes["attention"]["no_position_layers"] = shapes["attention"]["window"]["full_layers"]
    return shapes


# Mixtures of experts


MIXTURE_LAYERS = (
    "mlp_layer_types", "moe_layers", "is_moe_layer", "moe_layer_freq", "first_k_dense_replace", "num_dense_layers", "moe_layer_start_index",
    "moe_layer_end_index", "decoder_sparse_step", "interleave_moe_layer_step", "moe_layer_interval", "expert_layer_period",
    "expert_layer_offset", "mlp_only_layers",
)  # fmt: skip
"""Spellings of which layers are mixtures; where a configuration has several, the first in this order decides."""


def _mixtures(k: Keys, layers: int) -> list[int]:
    """Layers that are mixtures, in whichever of the field's spellings a configuration says it."""
    every = list(range(layers))
    k.asked.extend(MIXTURE_LAYERS)
    kinds = k.kinds("mlp_layer_types", layers, ("dense", "sparse"))
    if kinds is not None:
        return _where(kinds, "sparse")
    listed = k.indices("moe_layers", layers)
    if listed is not None:
        return listed
    for name in ("is_moe_layer", "moe_layer_freq"):
        if isinstance(k.get(name), Sequence):
            flags = k.layer_list(name, layers) or []
            if any(flag not in (0, 1) for flag in flags):
                raise Refused(f"config.{name}", "true or false for each layer", flags)
            return [layer for layer in every if flags[layer]]
    first = k.whole("first_k_dense_replace", "num_dense_layers", "moe_layer_start_index", low=0, default=0)
    last = k.get("moe_layer_end_index")
    last = layers - 1 if last in (None, -1) else k.whole("moe_layer_end_index", low=0)
    step = k.whole("decoder_sparse_step", "interleave_moe_layer_step", "moe_layer_interval", default=1)
    period, offset = k.whole("moe_layer_freq", "expert_layer_period", default=1), k.whole("expert_layer_offset", low=0, default=0)
    dense = k.indices("mlp_only_layers", layers) or []
    return [
        layer
        for layer in every
        if first <= layer <= last and (layer + 1) % step == 0 and (layer - offset) % period == 0 and layer not in dense
    ]


def _placed(mixtures: list[int], layers: int) -> Shapes:
    """Those layers as the records say them: after leading dense ones, the last of every n, or their indices."""
    first = mixtures[0]
    if mixtures == list(range(first, layers)):
        return _when(first > 0, leading_dense_layers=first)
    found = pattern(mixtures, layers)
    return {"every": found["every"]} if "every" in found else {"layers": found}


def _experts(k: Keys, shapes: Shapes, *, mixtures: list[int] | None = None, **more: Any) -> Shapes:
    """Add the mixture of experts, and the dense block where a layer has one."""
    layers = shapes["layers"]
    found = _mixtures(k, layers) if mixtures is None else mixtures
    if len(found) < layers:
        shapes["feed_forward"] = {"size": k.same("intermediate_size_mlp", "dense_intermediate_size", "intermediate_size")}
    if not found:
        k.asked.extend([*COUNT, *USED, *EXPERT_SIZE, *SHARED_SIZE, *SHARED_COUNT])
        return shapes
    number, used = k.same(*COUNT), k.same(*USED)
    if used > number:
        raise Refused(f"config.{k.name(*USED)}", f"at most the {number} experts of {k.name(*COUNT)}", used)
    size = k.same("intermediate_size") if k.get(*EXPERT_SIZE) is None else k.same(*EXPERT_SIZE)
    shared = k.get(*SHARED_SIZE)
    groups, scale = k.whole("n_group", default=1), k.get(*SCALE)
    k.asked.extend([*SHARED_SIZE, *SHARED_COUNT])
    shapes["experts"] = {
        "count": number,
        "used": used,
        "size": size,
        "shared_size": size * k.same(*SHARED_COUNT, default=0, low=0) if shared is None else k.whole(*SHARED_SIZE, low=0),
        **_placed(found, layers),
        **_when(not k.flag("norm_topk_prob", default=True), weights_normed=False),
        **_when(scale not in (None, 1, 1.0), weights_scaled=True),
        **_when(groups > 1, groups=groups, groups_used=k.whole("topk_group", default=groups)),
        **more,
    }
    return shapes


def _mixture(k: Keys) -> Shapes:
    """Grouped-query attention and a mixture of experts; windows where the class says so."""
    shapes = _experts(k, _base(k, dense=False))
    return _window(k, shapes) if k.kind.windows else _no_window(k, shapes)


# Dense classes


def _dense(k: Keys) -> Shapes:
    """A dense model of the usual form."""
    shapes = _base(k)
    return _window(k, shapes) if k.kind.windows else _no_window(k, shapes)


def _wide(k: Keys) -> Keys:
    """The feed-forward block four times as wide as the model, where nothing else is said."""
    given = k.get("intermediate_size")
    return k.but(intermediate_size=4 * k.whole("hidden_size") if given is None else given)


def _old(k: Keys) -> Shapes:
    """The older form: two matrices in the feed-forward block, four times as wide, and often one for queries, keys and values."""
    shapes = _base(_wide(k))
    if k.get("multi_query") is not None:
        shapes["attention"]["kv_heads"] = 1 if k.flag("multi_query") else shapes["attention"]["heads"]
    return shapes


def _opt(k: Keys) -> Shapes:
    shapes = _base(k)
    wide = k.whole("word_embed_proj_dim", default=shapes["hidden_size"])
    # Norms behind the blocks need none at the end.
    last = k.flag("do_layer_norm_before", default=True) and not k.flag("_remove_final_layer_norm")
    weights = k.flag("layer_norm_elementwise_affine", default=True)
    norms = {"norm_biases": True} if weights else {"norms": "none"}
    return {**shapes, **norms, **_when(wide != shapes["hidden_size"], embedding_size=wide), **_when(not last, output_norm=False)}


def _mpt(k: Keys) -> Shapes:
    attention = k.inside("attn_config")
    attention.refuse("qk_ln", (False,), "as queries and keys have no norms")
    wide = k.whole("expansion_ratio", default=4) * k.whole("hidden_size")
    return _base(k.but(intermediate_size=wide, num_key_value_heads=attention.get("kv_n_heads")))


def _falcon(k: Keys) -> Shapes:
    heads, new = k.whole("num_attention_heads"), k.flag("new_decoder_architecture")
    kv_heads = k.whole("num_kv_heads", "n_head_kv", default=heads) if new else 1 if k.flag("multi_query", default=True) else heads
    shapes = _base(_wide(k.but(num_key_value_heads=kv_heads)))
    two = (new and k.whole("num_ln_in_parallel_attn", default=2) == 2) or not k.flag("parallel_attn", default=True)
    return {**shapes, **_when(not two, norms="shared")}


def _qwen_1(k: Keys) -> Shapes:
    shapes = _base(k)
    shapes["feed_forward"]["size"] //= 2
    return shapes


def _chatglm(k: Keys) -> Shapes:
    heads = k.whole("num_attention_heads")
    groups = k.whole("multi_query_group_num") if k.flag("multi_query_attention") else heads
    return _base(k.but(num_key_value_heads=groups))


def _internlm(k: Keys) -> Shapes:
    both, first = k.flag("bias"), k.values["model_type"] == "internlm"
    shapes = _base(k, **_when(both and first, qkv_bias=True), **_when(both, output_bias=True))
    if both and not first:
        shapes["feed_forward"]["biases"] = True
    return _no_window(k, shapes)


def _searched(k: Keys) -> Shapes:
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
    shapes = _base(k.but(num_key_value_heads=heads // max(found), intermediate_size=max(sizes)))
    shapes["attention"]["layers"] = pattern(attends, layers)
    shapes["feed_forward"]["sizes"] = sizes
    return shapes


def _gemma3n(k: Keys) -> Shapes:
    rows, kept = k.whole("vocab_size"), k.whole("vocab_size_per_layer_input")
    if rows > kept:
        k.tell("rows-left-out", rows=rows, kept=kept)
    shapes = _base(k.but(vocab_size=min(rows, kept)))
    # Since version 5 the library leaves out what the layers that share a cache never used.
    shared = {"shared_cache_layers": k.whole("num_kv_shared_layers", low=0), "shared_cache_projections": not k.since_5()}
    shapes["attention"] |= shared
    shapes["per_layer_embeddings"] = {"size": k.whole("hidden_size_per_layer_input"), **_when(rows < kept, rows=kept)}
    shapes["alternating_updates"] = {"streams": k.whole("altup_num_inputs"), "low_rank": k.whole("laurel_rank")}
    return _window(k, shapes)


def _by_layer(k: Keys, layers: int, full: list[int]) -> Shapes:
    """What `per_layer_config` says of the layers that see everything; empty where it is not there."""
    given = k.inside("per_layer_config").values
    if not given:
        return {}
    found: list[Any] = []
    known: list[str] = []
    for layer in full:
        # Transformers writes the numbers of layers with leading zeros where some have more digits.
        names = [name for name in (str(layer), f"0{layer}", f"00{layer}") if name in given]
        known += names
        one = given[names[0]] if names else {}
        if one not in found:
            found.append(one)
    extra = [name for name in given if name not in known]
    if extra or len(found) != 1 or not isinstance(found[0], Mapping):
        raise Refused("config.per_layer_config", "the same values for all layers of full attention, and none for the others", given)
    for name in found[0]:
        if name not in ("head_dim", "num_key_value_heads"):
            raise Refused(f"config.per_layer_config.{full[0]}.{name}", "head_dim or num_key_value_heads", found[0][name])
    return dict(found[0])


def _gemma4(k: Keys) -> Shapes:
    shapes = _base(k)
    attention, layers = shapes["attention"], shapes["layers"]
    small, narrow = attention["kv_heads"], attention["head_dim"]
    every = [SLIDING if (layer + 1) % 6 else FULL for layer in range(layers)]
    kinds = [*(k.kinds("layer_types", layers, (FULL, SLIDING)) or every)[:-1], FULL]
    full = _where(kinds, FULL)
    own = k.but(**_by_layer(k, layers, full))
    by_layer = len(own.inside("per_layer_config").values) > 0
    attention["head_dim"] = own.whole("head_dim") if by_layer else k.whole("global_head_dim")
    wide = own.whole("num_key_value_heads") if by_layer else k.whole("num_global_key_value_heads", default=small)
    same = k.flag("attention_k_eq_v")
    attention["kv_heads"] = wide if same or by_layer else small
    attention |= {"rope_factors": attention["head_dim"] // 2, "rope_factor_sets": 1, **_when(same, value_is_key=True)}
    if SLIDING in kinds:
        other = _when(small != attention["kv_heads"], kv_heads=small)
        attention["window"] = {"size": k.whole("sliding_window"), "full_layers": pattern(full, layers), "head_dim": narrow, **other}
    shared = k.whole("num_kv_shared_layers", low=0, default=0)
    if shared:
        attention |= {"shared_cache_layers": shared, "shared_cache_projections": not by_layer}
        if k.flag("use_double_wide_mlp"):
            shapes["feed_forward"]["size_in_shared_cache_layers"] = 2 * shapes["feed_forward"]["size"]
    if k.whole("hidden_size_per_layer_input", low=0, default=0):
        rows = k.whole("vocab_size_per_layer_input", default=shapes["vocabulary_size"])
        own_rows = _when(rows != shapes["vocabulary_size"], rows=rows)
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


# Latent attention


def _latent(k: Keys) -> Shapes:
    """DeepSeek's form: latent attention, leading dense layers, routed and shared experts; an indexer where the class has one."""
    nope, rope = k.whole("qk_nope_head_dim"), k.whole("qk_rope_head_dim", low=0)
    shapes = _base(k.but(head_dim=nope + rope, num_key_value_heads=k.whole("num_attention_heads")), dense=False)
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
            attention["indexer"]["layers"] = pattern(_where(kinds, "full"), shapes["layers"])
    if k.get("hc_mult") is not None:
        shapes["hyper_connections"] = k.whole("hc_mult")
    if k.kind.reader == "latent":
        k.kinds("layer_types", shapes["layers"], (FULL, INDEXED))
    if k.get(*COUNT) is None:
        shapes["feed_forward"] = {"size": k.whole("intermediate_size")}
        return shapes
    return _experts(k, shapes)


def _longcat(k: Keys) -> Shapes:
    """LongCat's form: a layer is two of the usual ones, with experts beside the first's dense block, and experts without weights."""
    k.refuse("qk_head_dim", (k.whole("qk_nope_head_dim") + k.whole("qk_rope_head_dim"),), "the parts of a key together")
    layers = 2 * k.whole("num_layers", "num_hidden_layers")
    own = k.but(num_hidden_layers=layers, num_layers=layers)
    shapes = _latent(own)
    shapes["experts"] |= {
        "layers": {"indices": list(range(0, layers, 2))},
        "beside_dense": True,
        "beside_norms": False,
        "idle": k.whole("zero_expert_num", low=0, default=0),
    }
    return {**shapes, "feed_forward": {"size": k.whole("intermediate_size")}}


RATES = {"sliding_attention": 0, "compressed_sparse_attention": 4, "heavily_compressed_attention": 128}


def _compressed(k: Keys) -> Shapes:
    """DeepSeek V4's form: a window, older tokens several in one, several residual streams, experts in all layers."""
    shapes = _base(k, dense=False)
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
    hashed = k.whole("num_hash_layers", low=0, default=3) if kinds is None else len(_where(kinds, "hash_moe"))
    if kinds is not None and kinds[:hashed] != ["hash_moe" for _ in range(hashed)]:
        raise Refused("config.mlp_layer_types", "hash_moe only in the first layers", kinds)
    _experts(k, shapes, mixtures=list(range(layers)), selection_bias=True, hash_layers=min(hashed, layers))
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


def _block_sparse(k: Keys) -> Shapes:
    """MiniMax M3's form: grouped-query attention that looks at blocks which a scorer picks, and a mixture after dense layers."""
    nested = k.inside("sparse_attention_config")
    shapes = _experts(k, _base(k, dense=False))
    layers = shapes["layers"]
    kinds = k.kinds("layer_types", layers, (FULL, "minimax_m3_sparse"))
    flags = nested.layer_list("sparse_attention_freq", layers)
    sparse = [layer for layer in range(layers) if flags[layer]] if flags is not None else _where(kinds or [], "minimax_m3_sparse")
    if sparse:
        own = nested if nested.values else k
        shapes["attention"]["indexer"] = {
            "heads": own.whole("sparse_num_index_heads", "index_n_heads"),
            "head_dim": own.whole("sparse_index_dim", "index_head_dim"),
            "top_k": own.whole("sparse_topk_blocks", "index_topk_blocks"),
            "block": own.whole("sparse_block_size", "index_block_size"),
            **_when(len(sparse) < layers, layers={"indices": sparse}),
        }
    return shapes


def _last_of_groups(k: Keys, layers: int) -> list[int]:
    """The last layer of every group, and what is left over behind the last whole group."""
    group = k.whole("layer_group_size", "full_attention_interval")
    rest = layers if k.get("layer_group_size") is None else layers // group * group
    return [layer for layer in range(layers) if (layer + 1) % group == 0 or layer >= rest]


def _delta_and_latent(k: Keys) -> Shapes:
    """Kimi's delta attention, and latent attention in some layers."""
    nested = k.inside("linear_attn_config")
    shapes = _latent(k)
    layers, width = shapes["layers"], shapes["hidden_size"]
    inside = k.whole("routed_expert_hidden_size", default=width)
    if "experts" in shapes and inside != width:
        shapes["experts"] |= {"width": inside, **_when(k.flag("latent_moe_use_norm"), width_norm=True)}
    if k.flag("mla_use_output_gate"):
        shapes["attention"]["gate"] = "per-value"
    if k.get("attn_res_block_size") is not None:
        shapes |= {"engine_name": "kimi-k3", "block_residuals": k.whole("attn_res_block_size") > 0}
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
        **_when(nested.flag("use_full_rank_gate"), full_gate=True),
    }
    return shapes


# Recurrent layers


def _delta_net(k: Keys) -> Shapes:
    """Gated delta-net layers, and attention in every n-th."""
    mixture = k.get(*COUNT) is not None
    shapes = _base(k, dense=not mixture)
    layers = shapes["layers"]
    kinds = k.kinds("layer_types", layers, (FULL, LINEAR))
    if kinds is None:
        every = k.whole("full_attention_interval", default=4)
        kinds = [LINEAR if (layer + 1) % every else FULL for layer in range(layers)]
    shapes["attention"]["layers"] = pattern(_where(kinds, FULL), layers)
    if mixture:
        _experts(k, shapes)
    heads, head = k.whole("linear_num_value_heads"), k.whole("linear_key_head_dim")
    wide = k.whole("linear_value_head_dim")
    shapes["recurrent"] = {
        "kind": "gated-delta-net",
        "conv_kernel": k.whole("linear_conv_kernel_dim"),
        "inner_size": heads * wide,
        "heads": heads,
        "groups": k.whole("linear_num_key_heads"),
        "state_size": head,
    }
    if heads % shapes["recurrent"]["groups"]:
        raise Refused("config.linear_num_key_heads", f"a number that divides the {heads} value heads", shapes["recurrent"]["groups"])
    return shapes


def _mamba_2(k: Keys, heads: int, head: int, **more: Any) -> Shapes:
    return {
        "kind": "mamba-2",
        "conv_kernel": k.whole("mamba_d_conv", "conv_kernel"),
        "inner_size": heads * head,
        "heads": heads,
        "groups": k.whole("mamba_n_groups", "n_groups"),
        "state_size": k.whole("mamba_d_state", "ssm_state_size", "state_size"),
        **_when(not k.flag("mamba_conv_bias", "use_conv_bias", default=True), conv_bias=False),
        **more,
    }


def _only_mamba(k: Keys) -> Shapes:
    """No attention: the heads named are none's."""
    second = k.engine == "mamba2"
    width, layers = k.whole("hidden_size"), k.layers()
    heads, head = (k.whole("num_heads"), k.whole("head_dim")) if second else (1, width)
    shapes = _base(k.but(num_attention_heads=1, num_key_value_heads=1, head_dim=width), dense=False)
    shapes["blocks"] = "".join(["M" for _ in range(layers)])
    if second:
        shapes["recurrent"] = _mamba_2(k, heads, head)
        return shapes
    shapes["recurrent"] = {
        "kind": "mamba-1",
        "conv_kernel": k.whole("conv_kernel", "d_conv"),
        "inner_size": k.whole("intermediate_size", "d_inner", default=k.whole("expand", default=2) * width),
        "state_size": k.whole("state_size", "d_state"),
        "rank": _time_step_rank(k, "time_step_rank", width),
        "norm": False,
        **_when(not k.flag("use_conv_bias", default=True), conv_bias=False),
    }
    return shapes


def _time_step_rank(k: Keys, name: str, width: int) -> int:
    return -(-width // 16) if k.get(name) in (None, "auto") else k.whole(name)


def _jamba(k: Keys) -> Shapes:
    shapes = _base(k, dense=False)
    width, layers = shapes["hidden_size"], shapes["layers"]
    kinds = k.kinds("layer_types", layers, (FULL, LINEAR))
    first, period = k.whole("attn_layer_offset", low=0), k.whole("attn_layer_period")
    attends = list(range(first, layers, period)) if kinds is None else _where(kinds, FULL)
    shapes["attention"]["layers"] = pattern(attends, layers)
    shapes["recurrent"] = {
        "kind": "mamba-1",
        "conv_kernel": k.whole("mamba_d_conv"),
        "inner_size": k.whole("mamba_expand") * width,
        "state_size": k.whole("mamba_d_state"),
        "rank": _time_step_rank(k, "mamba_dt_rank", width),
        **_when(not k.flag("mamba_conv_bias", default=True), conv_bias=False),
    }
    single = k.whole("num_experts") == 1
    return _experts(k, shapes, mixtures=[] if single else None)


def _bamba(k: Keys) -> Shapes:
    layers, heads = k.layers(), k.whole("mamba_n_heads")
    full = k.indices("attn_layer_indices", layers) or []
    kinds = k.kinds("layer_types", layers, (FULL, LINEAR)) or [FULL if layer in full else LINEAR for layer in range(layers)]
    wide = k.whole("mamba_expand") * k.whole("hidden_size") // heads
    shapes = _base(k)
    shapes["attention"]["layers"] = pattern(_where(kinds, FULL), layers)
    shapes["recurrent"] = _mamba_2(k, heads, wide if k.get("mamba_d_head") == "auto" else k.whole("mamba_d_head"))
    return shapes


def _granite_hybrid(k: Keys) -> Shapes:
    layers = k.layers()
    kinds = k.kinds("layer_types", layers, (FULL, LINEAR)) or [LINEAR] * layers
    hybrid, mixture = LINEAR in kinds, k.whole(*COUNT, low=0, default=0) > 0
    size = k.whole("shared_intermediate_size", low=0)
    shapes = _experts(k, _base(k, dense=False)) if mixture else _base(k.but(intermediate_size=size))
    if not hybrid:
        return {**shapes, "engine_name": "granitemoe" if mixture else "granite"}
    shapes["attention"]["layers"] = pattern(_where(kinds, FULL), layers)
    wide = k.whole("mamba_expand") * shapes["hidden_size"] // k.whole("mamba_n_heads")
    shapes["recurrent"] = _mamba_2(k, k.whole("mamba_n_heads"), wide if k.get("mamba_d_head") == "auto" else k.whole("mamba_d_head"))
    if k.get("position_embedding_type") in (None, "nope"):
        shapes["attention"]["no_position_layers"] = {"every": 1}
    return shapes


def _recurrent_gemma(k: Keys) -> Shapes:
    """Griffin's form: gated linear recurrences, and attention in a window in some layers."""
    shapes = _base(k.but(intermediate_size=k.whole("intermediate_size") // 2))
    layers, heads = shapes["layers"], shapes["attention"]["heads"]
    turns = k.items("block_types") if k.gives("block_types") else ["recurrent", "recurrent", "attention"]
    for kind in turns:
        if kind not in ("recurrent", "attention"):
            raise Refused("config.block_types", "recurrent or attention", kind)
    if not turns:
        raise Refused("config.block_types", "kinds of layers, again and again", turns)
    attends = [layer for layer in range(layers) if turns[layer % len(turns)] == "attention"]
    shapes["attention"] |= {
        "layers": pattern(attends, layers),
        "window": {"size": k.whole("sliding_window"), "full_layers": {"indices": []}},
    }
    wide = k.whole("lru_width", default=shapes["hidden_size"])
    if wide % heads:
        raise Refused("config.lru_width", f"a width that the {heads} heads divide", wide)
    shapes["recurrent"] = {
        "kind": "gated-linear",
        "conv_kernel": k.whole("conv1d_width"),
        "inner_size": wide,
        "heads": heads,
        "state_size": 1,
    }
    return shapes


def _falcon_h1(k: Keys) -> Shapes:
    shapes = _base(k)
    more = {"norm": k.flag("mamba_rms_norm"), "beside_attention": True}
    heads, inner = k.whole("mamba_n_heads"), k.get("mamba_d_ssm")
    if inner is None and k.get("mamba_d_head") in (None, "auto"):
        inner = k.whole("mamba_expand") * shapes["hidden_size"]
    head = k.whole("mamba_d_head") if k.get("mamba_d_head") not in (None, "auto") else inner // heads
    if inner is not None and head * heads != k.whole("mamba_d_ssm", default=inner):
        raise Refused("config.mamba_d_ssm", f"the {heads} heads of {head} together, {head * heads}", inner)
    shapes["recurrent"] = _mamba_2(k, heads, head, **more)
    return shapes


BLOCK_LETTERS = {LINEAR: "M", FULL: "*", "mlp": "-", "moe": "E"}


def _nemotron_h(k: Keys) -> Shapes:
    letters = k.get("hybrid_override_pattern")
    blocks = letters if isinstance(letters, str) else None
    for name in ("layers_block_type", "layer_types"):
        if k.gives(name) and blocks is None:
            kinds = k.kinds(name, len(k.items(name)), tuple(BLOCK_LETTERS))
            blocks = "".join([BLOCK_LETTERS[kind] for kind in kinds or []])
    if blocks is None:
        raise Refused("config.hybrid_override_pattern", "one letter a layer (M, *, -, E)", letters, WHOLE_FILE)
    for letter in blocks:
        if letter not in ("M", "*", "-", "E"):
            raise Refused("config.hybrid_override_pattern", "one letter a layer (M, *, -, E)", letter)
    layers = k.get("num_hidden_layers") if k.gives("num_hidden_layers") else len(blocks)
    shapes = _base(k.but(num_hidden_layers=layers), dense=False)
    shapes |= {"engine_name": "nemotron_h_moe" if "E" in blocks else "nemotron_h", "blocks": blocks}
    if "-" in blocks:
        shapes["feed_forward"] = {"size": k.whole("intermediate_size"), "gated": False}
    if "E" not in blocks:
        k.asked.extend([*COUNT, *SHARED_SIZE, *SHARED_COUNT, "moe_latent_size"])
    else:
        shared = shapes.get("feed_forward")
        _experts(k, shapes, mixtures=list(range(shapes["layers"])), gated=False, selection_bias=True)
        shapes |= _when(shared is not None, feed_forward=shared)
        if k.get("moe_latent_size") is not None:
            shapes["experts"]["width"] = k.whole("moe_latent_size")
    shapes["recurrent"] = _mamba_2(k, k.whole("mamba_num_heads"), k.whole("mamba_head_dim"))
    return shapes


def _lfm2(k: Keys) -> Shapes:
    mixture = k.engine == "lfm2moe"
    size = k.whole("intermediate_size", "block_ff_dim")
    if k.flag("block_auto_adjust_ff_dim"):
        step = k.whole("block_multiple_of", default=256)
        size = -(-int(k.real("block_ffn_dim_multiplier", 1.0) * (2 * size // 3)) // step) * step
    shapes = _base(k.but(intermediate_size=size), dense=not mixture)
    layers = shapes["layers"]
    kinds = k.kinds("layer_types", layers, (FULL, SLIDING, CONV) if k.kind.windows else (FULL, CONV))
    if kinds is not None and SLIDING in kinds:
        shapes["attention"]["window"] = {"size": k.whole("sliding_window"), "full_layers": {"indices": _where(kinds, FULL)}}
        kinds = [FULL if kind == SLIDING else kind for kind in kinds]
    listed = k.indices("full_attn_idxs", layers)
    attends = (listed if listed is not None else list(range(layers))) if kinds is None else _where(kinds, FULL)
    shapes["attention"]["layers"] = pattern(attends, layers)
    shapes["recurrent"] = {"kind": "short-convolution", "conv_kernel": k.whole("conv_L_cache")}
    return _experts(k, shapes) if mixture else shapes


def _lightning(k: Keys) -> Shapes:
    """MiniMax's form: linear attention with a state, softmax attention in some layers, a mixture in all."""
    shapes = _experts(k, _base(k, dense=False))
    layers, heads, head = shapes["layers"], shapes["attention"]["heads"], shapes["attention"]["head_dim"]
    kinds = k.kinds("layer_types", layers, (FULL, LINEAR))
    if kinds is None:
        # The published files number the kinds; transformers lists them, and has every other layer of a kind.
        flags = k.layer_list("attn_type_list", layers)
        kinds = (
            [FULL if (layer + 1) % 2 else LINEAR for layer in range(layers)] if flags is None else [FULL if f else LINEAR for f in flags]
        )
    shapes["attention"]["layers"] = pattern(_where(kinds, FULL), layers)
    shapes["recurrent"] = {"kind": "lightning", "conv_kernel": 1, "inner_size": heads * head, "heads": heads, "state_size": head}
    return shapes


# Classes with something of their own


def _llama4(k: Keys) -> Shapes:
    shapes = _base(k, dense=False)
    layers = shapes["layers"]
    _experts(k, shapes, shared_size=k.whole("intermediate_size"))
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


def _laguna(k: Keys) -> Shapes:
    shapes = _mixture(k)
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


def _step3(k: Keys) -> Shapes:
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
    shapes = _window(k, _experts(k, _base(k, dense=False), mixtures=listed))
    for name, key in (("swiglu_limits", "clamped_layers"), ("swiglu_limits_shared", "shared_clamped_layers")):
        limits = k.items(name) if k.get(name) is not None else []
        clamped = [layer for layer, limit in enumerate(limits[:layers]) if limit]
        if "experts" in shapes:
            shapes["experts"] |= _when(len(clamped) > 0, **{key: {"indices": clamped}})
    other = k.inside("attention_other_setting")
    if "window" in shapes["attention"]:
        heads = k.whole("num_sliding_attention_heads", default=shapes["attention"]["heads"])
        shapes["attention"]["window"] |= {
            "heads": other.whole("num_attention_heads", default=heads),
            "kv_heads": other.whole("num_attention_groups", default=shapes["attention"]["kv_heads"]),
        }
    return shapes


def _mimo_v2(k: Keys) -> Shapes:
    layers = k.layers()
    flags = k.layer_list("hybrid_layer_pattern", layers)
    if flags is not None:
        k = k.but(layer_types=[SLIDING if flag else FULL for flag in flags])
    for name, same in (("swa_head_dim", "head_dim"), ("swa_v_head_dim", "v_head_dim"), ("swa_num_attention_heads", "num_attention_heads")):
        k.refuse(name, (k.get(same),), f"as {same}")
    shapes = _window(k, _experts(k, _base(k, dense=False, value_dim=k.whole("v_head_dim"))))
    if "window" not in shapes["attention"]:
        name = "hybrid_layer_pattern" if flags is None else "sliding_window"
        raise Refused(f"config.{name}", "windowed layers, which this class has", k.get(name), WHOLE_FILE)
    small = k.whole("swa_num_key_value_heads", default=2 * shapes["attention"]["kv_heads"])
    # The published file says 128 tokens; the library counts the token itself as well.
    if k.get("sliding_window") == 129:
        shapes["attention"]["window"]["size"] = 128
    shapes["attention"]["window"] |= {"kv_heads": small, **_when(k.flag("add_swa_attention_sink_bias", default=True), sinks=True)}
    return shapes


def _dbrx(k: Keys) -> Shapes:
    attention, experts = k.inside("attn_config"), k.inside("ffn_config")
    inner = {
        "num_key_value_heads": attention.whole("kv_n_heads", default=1),
        "moe_num_experts": experts.whole("moe_num_experts", default=4),
        "moe_top_k": experts.whole("moe_top_k", default=1),
        "moe_intermediate_size": experts.whole("ffn_hidden_size", default=3584),
    }
    own = k.but(**inner)
    return _experts(own, _base(own, dense=False))


def _bailing(k: Keys) -> Shapes:
    """Version 1 has neither norms of queries and keys nor biases of experts; version 2 has both."""
    second = k.flag("use_qk_norm")
    if second and not k.flag("moe_router_enable_expert_bias"):
        raise Refused(
            "config.moe_router_enable_expert_bias", "true, as in version 2 of this class", k.values.get("moe_router_enable_expert_bias")
        )
    for name in () if second else ("use_bias", "use_qkv_bias"):
        k.refuse(name, (False,), "as version 1 of this class has no biases")
    shapes = _base(k, dense=False)
    if second:
        shapes["attention"] |= {"qk_norm": "per-head", "fused_qkv": True}
    _experts(k, shapes, **_when(second, selection_bias=True))
    return {**shapes, "engine_name": "bailingmoe2" if second else "bailingmoe"}


READERS: dict[str, Callable[[Keys], Shapes]] = {
    "bailing": _bailing,
    "bamba": _bamba,
    "block-sparse": _block_sparse,
    "chatglm": _chatglm,
    "compressed": _compressed,
    "dbrx": _dbrx,
    "delta-and-latent": _delta_and_latent,
    "delta-net": _delta_net,
    "dense": _dense,
    "falcon": _falcon,
    "falcon-h1": _falcon_h1,
    "gemma-3n": _gemma3n,
    "gemma-4": _gemma4,
    "granite-hybrid": _granite_hybrid,
    "internlm": _internlm,
    "jamba": _jamba,
    "laguna": _laguna,
    "latent": _latent,
    "lfm2": _lfm2,
    "lightning": _lightning,
    "llama-4": _llama4,
    "longcat": _longcat,
    "mamba": _only_mamba,
    "mimo-2": _mimo_v2,
    "mixture": _mixture,
    "mpt": _mpt,
    "nemotron-h": _nemotron_h,
    "old": _old,
    "opt": _opt,
    "qwen-1": _qwen_1,
    "recurrent-gemma": _recurrent_gemma,
    "searched": _searched,
    "step-3": _step3,
}
"""Names of readers, as data/architectures says them."""
