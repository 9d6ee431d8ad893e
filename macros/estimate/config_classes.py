"""The classes of models that the guide can read, and how the configuration of each is read.

A value that the configuration leaves out has the default that the class documents; where it documents none, the value is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from macros.estimate.config_keys import Keys
from macros.estimate.refused import Refused

Shapes = dict[str, Any]
BLOCK_LETTERS = {"mamba": "M", "linear_attention": "M", "attention": "*", "full_attention": "*", "mlp": "-", "moe": "E"}
LONGEST = 1000
"""Layers beyond which a configuration is a mistake."""


def _pattern(indices: list[int], layers: int) -> Shapes:
    """Layers as the records say them: the last of every n, or their indices."""
    for every in range(2, layers + 1):
        if indices == list(range(every - 1, layers, every)):
            return {"every": every}
    return {"indices": indices}


def _chosen(k: Keys, name: str, wanted: str, layers: int) -> Shapes | None:
    """The layers whose entry in a list of kinds is the one wanted."""
    kinds = k.layer_list(name, layers)
    return None if kinds is None else _pattern([layer for layer, kind in enumerate(kinds) if kind == wanted], layers)


def _when(true: bool, **shapes: Any) -> Shapes:
    return shapes if true else {}


PICTURE_POSITIONS = ("qwen3vl", "qwen3vlmoe", "qwen35", "qwen35moe")
"""Classes whose tokens have the positions of pictures, whether or not the text part of a configuration tells their sections."""


def _base(k: Keys, engine: str, *, tied: bool = False, size: str | None = "intermediate_size", **attention: Any) -> Shapes:
    heads, width = k.whole("num_attention_heads"), k.whole("hidden_size")
    if k.get("head_dim", "attention_head_dim") is not None:
        head = k.whole("head_dim", "attention_head_dim")
    else:
        if width % heads:
            raise Refused("config.head_dim", "a head size, as the heads do not divide the hidden size", None, "copy the whole config.json")
        head = width // heads
    key_heads = k.whole("num_key_value_heads", default=heads)
    if heads % key_heads:
        raise Refused("config.num_key_value_heads", f"a number that divides the {heads} query heads", key_heads)
    layers = k.whole("num_hidden_layers", "num_layers")
    if "qkv_bias" not in attention:
        k.refuse("attention_bias", (False,), "as projections have no biases in this class")
    if layers > LONGEST:
        raise Refused("config.num_hidden_layers", f"at most {LONGEST} layers", layers)
    shapes: Shapes = {
        "engine_name": engine,
        "layers": layers,
        "hidden_size": width,
        "vocabulary_size": k.whole("vocab_size"),
        "context_length": k.whole("max_position_embeddings"),
        "tied_embeddings": k.flag("tie_word_embeddings", tied),
        "attention": {"heads": heads, "kv_heads": key_heads, "head_dim": head, **attention},
    }
    if engine in PICTURE_POSITIONS or "mrope_section" in k.mapping("rope_scaling", "rope_parameters"):
        shapes["attention"]["positions"] = 4
    if size is not None:
        shapes["feed_forward"] = {"size": k.whole(size)}
    return shapes


def _no_biases(k: Keys, *names: str) -> None:
    for name in names:
        k.refuse(name, (False,), "as projections have no biases in this class")


def _rope_factors(k: Keys, shapes: Shapes) -> Shapes:
    """Stored position-scaling factors, which Llama 3's scaling and Phi's long contexts bring."""
    scaling = k.mapping("rope_scaling", "rope_parameters")
    kind = scaling.get("rope_type", scaling.get("type"))
    if kind == "llama3":
        shapes["attention"] |= {"rope_factors": shapes["attention"]["head_dim"] // 2, "rope_factor_sets": 1}
    elif kind == "longrope":
        shapes["attention"] |= {"rope_factors": len(Keys(scaling).items("short_factor")), "rope_factor_sets": 2}
    return shapes


def _experts(k: Keys, *, count: tuple[str, ...], size: str = "moe_intermediate_size", **more: Any) -> Shapes:
    names = ("num_experts_per_tok", "num_experts_per_token", "experts_per_token", "moe_topk")
    number, used = k.whole(*count), k.whole(*names)
    if used > number:
        raise Refused(f"config.{k.name(*names)}", f"at most the {number} experts of {k.name(*count)}", used)
    groups = k.whole("n_group", default=1)
    scale = k.get("routed_scaling_factor", "moe_router_scaling_factor", "router_scaling_factor", "route_scale")
    return {
        "count": number,
        "used": used,
        "size": k.whole(size),
        **_when(not k.flag("norm_topk_prob", True), weights_normed=False),
        **_when(scale not in (None, 1, 1.0), weights_scaled=True),
        **_when(groups > 1, groups=groups, groups_used=k.whole("topk_group", default=groups)),
        **more,
    }


def _leading(k: Keys, layers: int, default: int | None = None) -> int:
    """Leading layers with a dense block: as a number, or counted off a list of kinds or of flags."""
    kinds = k.layer_list("mlp_layer_types", layers) if k.get("mlp_layer_types") is not None else None
    name = "mlp_layer_types"
    for other in ("is_moe_layer", "moe_layer_freq"):
        if kinds is None and isinstance(k.get(other), Sequence):
            name, kinds = other, k.layer_list(other, layers)
    if kinds is None:
        k.refuse("moe_layer_freq", (1,), "as every layer after the dense ones is a mixture")
        return k.whole("first_k_dense_replace", "num_dense_layers", low=0, default=default)
    dense = [kind in ("dense", 0, False) for kind in kinds]
    count = dense.index(False) if False in dense else layers
    if True in dense[count:]:
        raise Refused(f"config.{name}", "dense layers only before the mixtures", kinds)
    return count


def _window(k: Keys, shapes: Shapes, every: int | None, **more: Any) -> Shapes:
    """Sliding-window layers: as listed, or the last of every n sees everything."""
    full = _chosen(k, "layer_types", "full_attention", shapes["layers"])
    if full is None and every is not None:
        full = {"every": every}
    size = k.get("sliding_window")
    if full is not None and size is not None and full != _pattern(list(range(shapes["layers"])), shapes["layers"]):
        shapes["attention"]["window"] = {"size": k.whole("sliding_window"), "full_layers": full, **more}
    return shapes


def _llama(k: Keys) -> Shapes:
    bias = k.flag("attention_bias", False)
    shapes = _rope_factors(k, _base(k, "llama", **_when(bias, qkv_bias=True, output_bias=True)))
    if k.flag("mlp_bias", False):
        shapes["feed_forward"]["biases"] = True
    return shapes


def _plain(engine: str, *, tied: bool = False, **attention: Any) -> Callable[[Keys], Shapes]:
    """A dense model of the usual form."""

    def read(k: Keys) -> Shapes:
        k.refuse("use_sliding_window", (False,), "as these formulas cover")
        _no_biases(k, "mlp_bias")
        return _base(k, engine, tied=tied, **attention)

    return read


def _norms_that_shift(engine: str, **more: Any) -> Callable[[Keys], Shapes]:
    """A dense model of the older form: norms with biases, two matrices in the feed-forward block, biases throughout."""
    fused, turns = bool(more.pop("fused", False)), bool(more.pop("turns", True))

    def read(k: Keys) -> Shapes:
        k.refuse("qk_layernorm", (False,), "as queries and keys have no norms")
        biased = k.flag("attention_bias", engine != "nemotron")
        inner = k.known(intermediate_size=4 * k.whole("hidden_size"))
        shapes = _base(inner, engine, tied=engine in TIED, **_when(biased, qkv_bias=True, output_bias=True), **_when(fused, fused_qkv=True))
        shapes["feed_forward"] |= {"gated": False, "biases": k.flag("mlp_bias", engine != "nemotron")}
        if not turns:
            shapes["attention"]["no_position_layers"] = {"every": 1}
        return {**shapes, "norm_biases": True, **more}

    return read


TIED = ("gpt2", "starcoder", "bloom", "mpt")
"""Of these, the classes whose output matrix is the embedding table."""


def _gpt2(k: Keys) -> Shapes:
    same = k.renamed(
        hidden_size="n_embd", num_hidden_layers="n_layer", num_attention_heads="n_head", intermediate_size="n_inner",
        max_position_embeddings="n_positions",
    )  # fmt: skip
    starcoder = k.values["model_type"] == "gpt_bigcode"
    if starcoder and k.flag("multi_query", True):
        same = same.known(num_key_value_heads=1)
    return _norms_that_shift("starcoder" if starcoder else "gpt2", fused=True, turns=False, position_embeddings=True)(same)


def _bloom(k: Keys) -> Shapes:
    same = k.renamed(hidden_size="n_embed", num_hidden_layers="n_layer", num_attention_heads="n_head", max_position_embeddings="seq_length")
    return _norms_that_shift("bloom", fused=True, turns=False, embedding_norm=True)(same.known(max_position_embeddings=2048))


def _mpt(k: Keys) -> Shapes:
    same = k.renamed(
        hidden_size="d_model", num_hidden_layers="n_layers", num_attention_heads="n_heads", max_position_embeddings="max_seq_len"
    )
    attention = Keys(k.mapping("attn_config"))
    attention.refuse("qk_ln", (False,), "as queries and keys have no norms")
    k.refuse("no_bias", (True,), "as nothing has a bias")
    wide = {
        "intermediate_size": k.whole("expansion_ratio", default=4) * k.whole("d_model"),
        "num_key_value_heads": attention.get("kv_n_heads"),
    }
    shapes = _base(Keys({**same.values, **wide}), "mpt", tied=True, fused_qkv=True, no_position_layers={"every": 1})
    shapes["feed_forward"]["gated"] = False
    return shapes


def _baichuan(k: Keys) -> Shapes:
    return _base(k.renamed(max_position_embeddings="model_max_length"), "baichuan")


def _mixtral(k: Keys) -> Shapes:
    return {**_base(k, "llama", size=None), "experts": _experts(k, count=("num_local_experts",), size="intermediate_size")}


def _qwen_mixture(engine: str) -> Callable[[Keys], Shapes]:
    def read(k: Keys) -> Shapes:
        k.refuse("mlp_only_layers", ([],), "as every layer is a mixture")
        k.refuse("decoder_sparse_step", (1,), "as every layer is a mixture")
        return {**_base(k, engine, size=None, qk_norm="per-head"), "experts": _experts(k, count=("num_experts", "num_local_experts"))}

    return read


def _qwen2_mixture(k: Keys) -> Shapes:
    shapes = _qwen_mixture("qwen2moe")(k)
    shapes["attention"] = {key: value for key, value in shapes["attention"].items() if key != "qk_norm"} | {"qkv_bias": True}
    shapes["experts"] |= {"shared_size": k.whole("shared_expert_intermediate_size"), "shared_gate": True}
    return shapes


def _delta_net(engine: str, *, mixture: bool, fused: bool = False) -> Callable[[Keys], Shapes]:
    """Gated delta-net layers, and attention in every n-th."""

    def read(k: Keys) -> Shapes:
        shapes = _base(k, engine, size=None if mixture else "intermediate_size", qk_norm="per-head", output_gate=True)
        listed = _chosen(k, "layer_types", "full_attention", shapes["layers"])
        shapes["attention"]["layers"] = listed or {"every": k.whole("full_attention_interval")}
        if mixture:
            shared = k.whole("shared_expert_intermediate_size")
            shapes["experts"] = _experts(k, count=("num_experts",), shared_size=shared, shared_gate=True)
        heads = k.whole("linear_num_value_heads")
        shapes["recurrent"] = {
            "kind": "gated-delta-net",
            "conv_kernel": k.whole("linear_conv_kernel_dim"),
            "inner_size": heads * k.whole("linear_value_head_dim"),
            "heads": heads,
            "groups": k.whole("linear_num_key_heads"),
            "state_size": k.whole("linear_key_head_dim"),
            "fused_beta_alpha": fused,
        }
        return shapes

    return read


def _gemma(k: Keys) -> Shapes:
    return _base(k.known(head_dim=256, vocab_size=256000), "gemma", tied=True)


def _gemma2(k: Keys) -> Shapes:
    k = k.known(head_dim=256, vocab_size=256000, sliding_window=4096)
    shapes = {**_base(k, "gemma2", tied=True, softcap=True), "norms": "both"}
    return _window(k, shapes, 2)


def _gemma3(k: Keys) -> Shapes:
    defaults = {
        "vocab_size": 262208,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "max_position_embeddings": 131072,
    }
    known = k.known(**defaults)
    shapes = {**_base(known, "gemma3", tied=True, qk_norm="per-head"), "norms": "both"}
    return _window(known, shapes, known.whole("sliding_window_pattern", default=6))


def _gemma3n(k: Keys) -> Shapes:
    values = {**k.values, "intermediate_size": k.same("intermediate_size"), "vocab_size": k.whole("vocab_size_per_layer_input")}
    shared: Shapes = {"shared_cache_layers": k.whole("num_kv_shared_layers", low=0), "shared_cache_projections": True}
    shapes = {**_base(Keys(values), "gemma3n", tied=True, qk_norm="per-head", **shared), "norms": "both"}
    shapes["per_layer_embeddings"] = {"size": k.whole("hidden_size_per_layer_input")}
    shapes["alternating_updates"] = {"streams": k.whole("altup_num_inputs"), "low_rank": k.whole("laurel_rank")}
    return _window(k, shapes, 5)


def _gemma4(k: Keys) -> Shapes:
    shapes = {**_base(k, "gemma4", tied=True, qk_norm="per-head"), "norms": "both", "layer_scale": True}
    attention = shapes["attention"]
    small, narrow = attention["kv_heads"], attention["head_dim"]
    attention["head_dim"] = k.whole("global_head_dim")
    attention["kv_heads"] = k.whole("num_global_key_value_heads", default=small)
    attention |= {"rope_factors": attention["head_dim"] // 2, "rope_factor_sets": 1}
    if k.flag("attention_k_eq_v", False):
        attention["value_is_key"] = True
    _window(k, shapes, None, head_dim=narrow, **({} if small == attention["kv_heads"] else {"kv_heads": small}))
    shared = k.whole("num_kv_shared_layers", low=0, default=0)
    if shared:
        attention |= {"shared_cache_layers": shared, "shared_cache_projections": True}
        if k.flag("use_double_wide_mlp", False):
            shapes["feed_forward"]["size_in_shared_cache_layers"] = 2 * shapes["feed_forward"]["size"]
    if k.whole("hidden_size_per_layer_input", low=0, default=0):
        shapes["per_layer_embeddings"] = {"size": k.whole("hidden_size_per_layer_input")}
    if k.flag("enable_moe_block", False):
        shapes["experts"] = {
            "count": k.whole("num_experts"),
            "used": k.whole("top_k_experts"),
            "size": k.whole("moe_intermediate_size", "expert_intermediate_size"),
            "beside_dense": True,
            "fused_gate_up": True,
        }
    return shapes


def _phi3(k: Keys) -> Shapes:
    shapes = _rope_factors(k, _base(k, "phi3", fused_qkv=True))
    shapes["feed_forward"]["fused_gate_up"] = True
    return shapes


LEADING = {"deepseek_v2": 0, "glm4_moe": 1, "glm4_moe_lite": 1}
"""Leading dense layers of classes that need not say how many."""


def _latent(engine: str, *, indexed: bool = False) -> Callable[[Keys], Shapes]:
    """DeepSeek's form: latent attention, leading dense layers, routed and shared experts."""

    def read(k: Keys) -> Shapes:
        nope, rope = k.whole("qk_nope_head_dim"), k.whole("qk_rope_head_dim")
        shapes = _base(Keys({**k.values, "head_dim": nope + rope}), engine)
        attention = shapes["attention"]
        attention["latent"] = {
            "query_rank": k.whole("q_lora_rank") if indexed else k.whole("q_lora_rank", low=0, default=0),
            "kv_rank": k.whole("kv_lora_rank"),
            "nope_dim": nope,
            "rope_dim": rope,
            "value_dim": k.whole("v_head_dim"),
        }
        if indexed:
            attention["indexer"] = {
                "heads": k.whole("index_n_heads"),
                "head_dim": k.whole("index_head_dim"),
                "top_k": k.whole("index_topk"),
            }
            own = _chosen(k, "indexer_types", "full", shapes["layers"])
            if own is not None and own != {"indices": list(range(shapes["layers"]))}:
                attention["indexer"]["layers"] = own
        size = k.whole("moe_intermediate_size")
        shapes["experts"] = _experts(
            k,
            count=("n_routed_experts",),
            shared_size=size * k.whole("n_shared_experts", low=0, default=0),
            leading_dense_layers=_leading(k, shapes["layers"], LEADING.get(k.values["model_type"])),
            selection_bias=k.values.get("model_type") not in ("deepseek_v2", "mistral4"),
        )
        if shapes["experts"]["leading_dense_layers"] == 0:
            del shapes["feed_forward"]
        return shapes

    return read


def _glm4(k: Keys) -> Shapes:
    shapes = _base(k, "glm4", **_when(k.flag("attention_bias", False), qkv_bias=True))
    shapes["feed_forward"]["fused_gate_up"] = True
    return {**shapes, "norms": "both"}


def _glm4_mixture(k: Keys) -> Shapes:
    shapes = _base(k, "glm4moe", **_when(k.flag("attention_bias", False), qkv_bias=True))
    if k.flag("use_qk_norm", False):
        shapes["attention"]["qk_norm"] = "per-head"
    shapes["experts"] = _experts(
        k,
        count=("n_routed_experts",),
        shared_size=k.whole("moe_intermediate_size") * k.whole("n_shared_experts", low=0),
        leading_dense_layers=_leading(k, shapes["layers"], LEADING.get(k.values["model_type"])),
        selection_bias=True,
    )
    shapes["prediction_layers"] = k.whole("num_nextn_predict_layers", low=0, default=0)
    return shapes


def _shared_and_routed(engine: str, *, norm: str | None, fused_qkv: bool = False) -> Callable[[Keys], Shapes]:
    """Leading dense layers, routed and shared experts, grouped-query attention."""

    def read(k: Keys) -> Shapes:
        shapes = _base(k, engine, **_when(norm is not None, qk_norm=norm), **_when(fused_qkv, fused_qkv=True))
        shapes["experts"] = _experts(
            k,
            count=("n_routed_experts", "num_experts"),
            shared_size=k.whole("moe_intermediate_size") * k.whole("n_shared_experts", "num_shared_experts", low=0),
            leading_dense_layers=_leading(k, shapes["layers"], LEADING.get(k.values["model_type"])),
            selection_bias=True,
        )
        return shapes

    return read


def _bailing(k: Keys) -> Shapes:
    if not k.flag("use_qk_norm", False):
        return _ling_1(k)
    for name in ("use_qk_norm", "moe_router_enable_expert_bias"):
        if not k.flag(name, False):
            raise Refused(f"config.{name}", "true, as in version 2 of this class", k.values.get(name))
    return _shared_and_routed("bailingmoe2", norm="per-head", fused_qkv=True)(k)


def _ling_1(k: Keys) -> Shapes:
    for name in ("use_bias", "use_qkv_bias"):
        k.refuse(name, (False,), "as version 1 of this class has no biases")
    shapes = _base(k, "bailingmoe", size=None)
    leading = _leading(k, shapes["layers"], 0)
    if leading:
        shapes["feed_forward"] = {"size": k.whole("intermediate_size")}
    shared = k.whole("moe_intermediate_size") * k.whole("num_shared_experts", low=0, default=0)
    shapes["experts"] = _experts(k, count=("num_experts",), shared_size=shared, leading_dense_layers=leading)
    return shapes


def _shared_experts(engine: str, *, selection_bias: bool = True, **attention: Any) -> Callable[[Keys], Shapes]:
    """Leading dense layers, then routed experts beside shared ones; windows where the layers are listed."""

    def read(k: Keys) -> Shapes:
        shapes = _base(k, engine, size=None, **attention)
        size = k.whole("moe_intermediate_size", "expert_hidden_dim")
        leading = _leading(k, shapes["layers"], 0 if engine in DENSE_LAYERS_RARE else None)
        if leading > 0:
            shapes["feed_forward"] = {"size": k.whole("intermediate_size")}
        given = k.get("shared_expert_intermediate_size", "share_expert_dim")
        count = k.whole("num_shared_experts", "n_shared_experts", low=0, default=0)
        shapes["experts"] = {
            "count": k.whole("num_experts", "n_routed_experts", "num_local_experts", "moe_num_experts"),
            "used": k.whole("num_experts_per_tok", "moe_top_k"),
            "size": size,
            "shared_size": size * count if given is None else given,
            "leading_dense_layers": leading,
            "selection_bias": selection_bias,
        }
        return _window(k, _rope_factors(k, shapes), k.get("global_attn_every_n_layers"))

    return read


DENSE_LAYERS_RARE = ("laguna", "deepseek", "glm4moe")
"""Classes that need not say that they have no leading dense layers."""


def _afmoe(k: Keys) -> Shapes:
    every = k.whole("global_attn_every_n_layers", default=4)
    k.whole("sliding_window")
    plain = ["sliding_attention" if (layer + 1) % every else "full_attention" for layer in range(k.whole("num_hidden_layers"))]
    k = k.known(layer_types=plain)
    return {**_turns_in_windows(_shared_experts("afmoe", qk_norm="per-head", gate="per-value")(k)), "norms": "both"}


def _laguna(k: Keys) -> Shapes:
    gate = "per-head" if k.get("gating") in (None, True, "per-head") else "per-value"
    shapes = _shared_experts("laguna", qk_norm="per-head", **_when(k.get("gating") is not False, gate=gate))(k)
    return _heads_by_layer(k, "num_attention_heads_per_layer", shapes)


def _heads_by_layer(k: Keys, name: str, shapes: Shapes) -> Shapes:
    """Query heads listed layer by layer: one number for the layers that see everything, one for the windowed ones."""
    window = shapes["attention"].get("window")
    if k.layer_list(name, shapes["layers"]) is None:
        return shapes
    listed = k.wholes(name)
    kinds = k.layer_list("layer_types", shapes["layers"]) or []
    full = [window is None or kind == "full_attention" for kind in kinds or listed]
    whole, narrow = {n for n, wide in zip(listed, full, strict=True) if wide}, {n for n, wide in zip(listed, full, strict=True) if not wide}
    if len(whole) != 1 or len(narrow) > 1:
        raise Refused(f"config.{name}", "one number for the layers of each kind", listed)
    shapes["attention"]["heads"] = whole.pop()
    if narrow and window is not None:
        window["heads"] = narrow.pop()
    return shapes


def _step3(k: Keys) -> Shapes:
    k.refuse("use_head_wise_attn_gate", (True,), "as each head has a gate")
    enum = k.get("moe_layers_enum")
    layers = k.whole("num_hidden_layers")
    kinds = k.get("layer_types")
    same = k.renamed(num_key_value_heads="num_attention_groups")
    if k.get("mlp_layer_types") is None:
        listed = enum.split(",") if isinstance(enum, str) else enum
        listed = [str(layer).strip() for layer in listed] if isinstance(listed, Sequence) else []
        first = layers - len(listed)
        if listed != [str(layer) for layer in range(first, layers)] or first == layers:
            raise Refused("config.moe_layers_enum", f"numbers of all layers from the first mixture to {layers - 1}", enum)
        same = same.known(num_dense_layers=first)
    if isinstance(kinds, Sequence) and not isinstance(kinds, str):
        # The list goes on for the prediction layers.
        same = Keys({**same.values, "layer_types": list(kinds)[:layers]})
    shapes = _shared_experts("step35", qk_norm="per-head", gate="per-head")(same)
    for name, key in (("swiglu_limits", "clamped_layers"), ("swiglu_limits_shared", "shared_clamped_layers")):
        limits = k.items(name) if k.get(name) is not None else []
        clamped = [layer for layer, limit in enumerate(limits[:layers]) if limit]
        shapes["experts"] |= _when(bool(clamped), **{key: {"indices": clamped}})
    other = Keys(k.mapping("attention_other_setting"))
    if "window" in shapes["attention"]:
        shapes["attention"]["window"] |= {
            "heads": other.whole("num_attention_heads", default=k.get("num_sliding_attention_heads")),
            "kv_heads": other.whole("num_attention_groups", default=shapes["attention"]["kv_heads"]),
        }
    return shapes


def _mimo_v2(k: Keys) -> Shapes:
    flags = k.layer_list("hybrid_layer_pattern", k.whole("num_hidden_layers"))
    if flags is not None:
        k = k.known(layer_types=["sliding_attention" if flag else "full_attention" for flag in flags])
    for name, same in (("swa_head_dim", "head_dim"), ("swa_v_head_dim", "v_head_dim"), ("swa_num_attention_heads", "num_attention_heads")):
        k.refuse(name, (k.get(same),), f"as {same}")
    k.refuse("add_full_attention_sink_bias", (False,), "as only windowed layers have sinks")
    shapes = _shared_experts("mimo2", value_dim=k.whole("v_head_dim"))(k)
    if "window" not in shapes["attention"]:
        name = "hybrid_layer_pattern" if flags is None else "sliding_window"
        raise Refused(f"config.{name}", "windowed layers, which this class has", k.get(name), "copy the whole config.json of the model")
    small = k.whole("swa_num_key_value_heads", default=2 * k.whole("num_key_value_heads"))
    sinks = k.flag("add_swa_attention_sink_bias", True)
    # The published file says 128 tokens; the library counts the token itself as well.
    if k.get("sliding_window") == 129:
        shapes["attention"]["window"]["size"] = 128
    shapes["attention"]["window"] |= {"kv_heads": small, **_when(sinks, sinks=True)}
    return shapes


def _last_of_groups(k: Keys, layers: int) -> Shapes:
    """The last layer of every group, and what is left over behind the last whole group."""
    group = k.whole("layer_group_size")
    rest = layers // group * group
    return _pattern([layer for layer in range(layers) if (layer + 1) % group == 0 or layer >= rest], layers)


def _delta_and_latent(engine: str) -> Callable[[Keys], Shapes]:
    """Kimi's delta attention, and latent attention in some layers."""

    def read(k: Keys) -> Shapes:
        nested = Keys(k.mapping("linear_attn_config"))
        k.refuse("routed_expert_hidden_size", (k.get("hidden_size"),), "as experts work at the hidden size")
        k.refuse("mla_use_output_gate", (engine == "bailingmoe3",), "as this class does")
        k.refuse("no_kda_lora", (engine == "bailingmoe3",), "as this class does")
        k.refuse("gated_attention_proj_granularity_type", ("head_wise",), "as each head has a gate")
        same = k.renamed(max_position_embeddings="model_max_length", n_routed_experts="num_experts", n_shared_experts="num_shared_experts")
        shapes = _latent(engine)(same)
        layers = shapes["layers"]
        listed = None if nested.get("full_attn_layers") is None else nested.wholes("full_attn_layers")
        if listed is not None:
            shapes["attention"]["layers"] = _pattern([layer - 1 for layer in listed], layers)
        else:
            shapes["attention"]["layers"] = _chosen(k, "layer_types", "full_attention", layers) or _last_of_groups(k, layers)
        head = nested.whole("head_dim") if listed is not None else k.whole("linear_head_dim", "head_dim")
        heads = nested.whole("num_heads") if listed is not None else k.whole("linear_num_heads", "num_attention_heads")
        shapes["recurrent"] = {
            "kind": "kimi-delta",
            "conv_kernel": nested.whole("short_conv_kernel_size")
            if listed is not None
            else k.whole("linear_conv_kernel_dim", "short_conv_kernel_size"),
            "inner_size": heads * head,
            "heads": heads,
            "groups": heads,
            "state_size": head,
            "rank": head if engine == "kimi-linear" else 0,
        }
        if engine == "kimi-linear":
            shapes["attention"]["no_position_layers"] = {"every": 1}
        if engine == "bailingmoe3":
            shapes["attention"]["gate"] = "per-head"
            given = k.get("moe_shared_expert_intermediate_size")
            shapes["experts"]["shared_size"] = shapes["experts"]["shared_size"] if given is None else given
        return shapes

    return read


def _gpt_oss(k: Keys) -> Shapes:
    shapes = _base(k, "gpt-oss", size=None, qkv_bias=True, output_bias=True, sinks=True)
    shapes["experts"] = _experts(k, count=("num_local_experts",), size="intermediate_size", biases=True)
    return _window(k, shapes, 2)


def _llama4(k: Keys) -> Shapes:
    every = k.whole("interleave_moe_layer_step", default=1)
    shapes = _rope_factors(k, _base(k, "llama4", size="intermediate_size_mlp" if every > 1 else None))
    size = k.whole("intermediate_size")
    shapes["experts"] = _experts(k, count=("num_local_experts",), size="intermediate_size", shared_size=size, every=every)
    shapes["attention"]["window"] = {"kind": "chunked", "size": k.whole("attention_chunk_size", default=8192), "full_layers": {"every": 4}}
    shapes["attention"]["no_position_layers"] = {"every": 4}
    return shapes


def _smollm3(k: Keys) -> Shapes:
    shapes = _base(k, "smollm3", tied=True)
    shapes["attention"]["no_position_layers"] = {"every": k.whole("no_rope_layer_interval", default=4)}
    return shapes


def _mamba(k: Keys, heads: int, head: int, **more: Any) -> Shapes:
    return {
        "kind": "mamba-2",
        "conv_kernel": k.whole("mamba_d_conv", "conv_kernel"),
        "inner_size": heads * head,
        "heads": heads,
        "groups": k.whole("mamba_n_groups", "n_groups"),
        "state_size": k.whole("mamba_d_state", "ssm_state_size"),
        **more,
    }


def _granite_mixture(k: Keys) -> Shapes:
    biased = k.flag("attention_bias", False)
    shapes = _base(k, "granitemoe", size=None, **_when(biased, qkv_bias=True, output_bias=True))
    shared = k.whole("shared_intermediate_size", low=0, default=0)
    shapes["experts"] = _experts(k, count=("num_local_experts",), size="intermediate_size", shared_size=shared)
    return shapes


def _bamba(k: Keys) -> Shapes:
    heads = k.whole("mamba_n_heads")
    wide = k.whole("mamba_expand", default=2) * k.whole("hidden_size") // heads
    same = k.renamed(shared_intermediate_size="intermediate_size")
    full = k.get("attn_layer_indices")
    full = () if isinstance(full, str) or not isinstance(full, Sequence) else full
    kinds = ["attention" if layer in full else "mamba" for layer in range(k.whole("num_hidden_layers"))]
    head = wide if k.get("mamba_d_head") == "auto" else k.whole("mamba_d_head")
    more = {"layer_types": kinds, "num_local_experts": 0, "mamba_d_head": head, "position_embedding_type": "rope"}
    return _granite_hybrid(Keys({**same.values, **more, "tie_word_embeddings": k.flag("tie_word_embeddings", False)}))


def _jamba(k: Keys) -> Shapes:
    k.refuse("mamba_proj_bias", (False,), "as projections have no biases")
    k.refuse("mamba_conv_bias", (True,), "as convolutions have biases")
    width, layers = k.whole("hidden_size"), k.whole("num_hidden_layers")
    shapes = _base(k, "jamba")
    first, period = k.whole("attn_layer_offset", low=0, default=4), k.whole("attn_layer_period", default=8)
    shapes["attention"] |= {"layers": _pattern(list(range(first, layers, period)), layers), "no_position_layers": {"every": 1}}
    shapes["recurrent"] = {
        "kind": "mamba-1",
        "conv_kernel": k.whole("mamba_d_conv", default=4),
        "inner_size": k.whole("mamba_expand", default=2) * width,
        "state_size": k.whole("mamba_d_state", default=16),
        "rank": -(-width // 16) if k.get("mamba_dt_rank") in (None, "auto") else k.whole("mamba_dt_rank"),
    }
    if k.whole("num_experts", default=16) > 1:
        every = k.whole("expert_layer_period", default=2)
        if k.whole("expert_layer_offset", low=0, default=1) != every - 1:
            raise Refused("config.expert_layer_offset", f"{every - 1}, the last of every {every} layers", k.get("expert_layer_offset"))
        used = k.whole("num_experts_per_tok", default=2)
        shapes["experts"] = {
            "count": k.whole("num_experts", default=16),
            "used": used,
            "size": k.whole("intermediate_size"),
            "every": every,
        }
        if every == 1:
            del shapes["feed_forward"]
    return shapes


def _granite_hybrid(k: Keys) -> Shapes:
    kinds = k.layer_list("layer_types", k.whole("num_hidden_layers"))
    hybrid = kinds is not None and "mamba" in kinds
    mixture = k.whole("num_local_experts", low=0, default=0) > 0
    shapes = _base(k, "granitehybrid" if hybrid else "granite", tied=True, size=None if mixture else "shared_intermediate_size")
    if mixture:
        shared = k.whole("shared_intermediate_size", low=0)
        shapes["experts"] = _experts(k, count=("num_local_experts",), size="intermediate_size", shared_size=shared)
    if hybrid:
        shapes["attention"]["layers"] = _chosen(k, "layer_types", "attention", shapes["layers"])
        shapes["recurrent"] = _mamba(k, k.whole("mamba_n_heads"), k.whole("mamba_d_head"))
        if k.get("position_embedding_type") in (None, "nope"):
            shapes["attention"]["no_position_layers"] = {"every": 1}
    return shapes


def _falcon_h1(k: Keys) -> Shapes:
    _no_biases(k, "mlp_bias", "mamba_proj_bias", "projectors_bias")
    norm = k.flag("mamba_rms_norm", False)
    shapes = _base(k, "falcon-h1")
    shapes["recurrent"] = _mamba(k, k.whole("mamba_n_heads"), k.whole("mamba_d_head"), norm=norm, beside_attention=True)
    return shapes


def _nemotron_h(k: Keys) -> Shapes:
    _no_biases(k, "use_bias", "mlp_bias", "mamba_proj_bias")
    listed, blocks = k.get("layers_block_type"), k.get("hybrid_override_pattern")
    if isinstance(listed, Sequence) and not isinstance(listed, str) and all(kind in BLOCK_LETTERS for kind in listed):
        blocks = "".join(BLOCK_LETTERS[kind] for kind in listed)
    if not isinstance(blocks, str):
        raise Refused("config.hybrid_override_pattern", "one letter a layer (M, *, -, E)", blocks)
    layers = {"num_hidden_layers": k.whole("num_hidden_layers", default=len(blocks))}
    shapes = _base(Keys({**k.values, **layers}), "nemotron_h_moe" if "E" in blocks else "nemotron_h", size=None)
    shapes["blocks"] = blocks
    if "-" in blocks:
        shapes["feed_forward"] = {"size": k.whole("intermediate_size"), "gated": False}
    if "E" in blocks:
        shared = k.whole("moe_shared_expert_intermediate_size", low=0) * k.whole("n_shared_experts", low=0)
        shapes["experts"] = _experts(k, count=("n_routed_experts",), gated=False, shared_size=shared, selection_bias=True)
        if k.get("moe_latent_size") is not None:
            shapes["experts"]["width"] = k.whole("moe_latent_size")
    shapes["recurrent"] = _mamba(k, k.whole("mamba_num_heads"), k.whole("mamba_head_dim"))
    shapes["attention"]["no_position_layers"] = {"every": 1}
    return shapes


def _lfm2(k: Keys) -> Shapes:
    _no_biases(k, "conv_bias")
    mixture = k.values.get("model_type") == "lfm2_moe"
    size = k.whole("intermediate_size", "block_ff_dim")
    if k.flag("block_auto_adjust_ff_dim", False):
        step = k.whole("block_multiple_of", default=256)
        size = -(-int(k.real("block_ffn_dim_multiplier", 1.0) * (2 * size // 3)) // step) * step
    tied = k.flag("tie_embedding", True)
    shapes = _base(Keys({**k.values, "intermediate_size": size}), "lfm2moe" if mixture else "lfm2", tied=tied, qk_norm="per-head")
    listed = k.get("full_attn_idxs")
    shapes["attention"]["layers"] = _chosen(k, "layer_types", "full_attention", shapes["layers"]) or {"indices": listed}
    shapes["recurrent"] = {"kind": "short-convolution", "conv_kernel": k.whole("conv_L_cache")}
    if mixture:
        bias = k.flag("use_expert_bias", True)
        shapes["experts"] = _experts(
            k, count=("num_experts",), leading_dense_layers=k.whole("num_dense_layers", low=0), selection_bias=bias
        )
    return shapes


def _seed_oss(k: Keys) -> Shapes:
    shapes = _base(k, "seed_oss", **_when(k.flag("attention_bias", True), qkv_bias=True))
    if k.flag("attention_out_bias", False):
        shapes["attention"]["output_bias"] = True
    return shapes


def _olmo(k: Keys) -> Shapes:
    shapes = {**_base(k, "olmo2", qk_norm="whole"), "norms": "after"}
    return _window(k, shapes, None)


def _muse_glimmer(k: Keys) -> Shapes:
    shapes = {**_base(k, "muse-glimmer", qk_norm="constant", gate="per-value"), "norms": "both"}
    return _turns_in_windows(_window(k, shapes, 4))


def _turns_in_windows(shapes: Shapes) -> Shapes:
    """Only windowed layers turn queries and keys by position, where there are such."""
    if "window" in shapes["attention"]:
        shapes["attention"]["no_position_layers"] = shapes["attention"]["window"]["full_layers"]
    return shapes


def _exaone4(k: Keys) -> Shapes:
    return _turns_in_windows(_window(k, {**_rope_factors(k, _base(k, "exaone4", qk_norm="per-head")), "norms": "after"}, None))


def _minimax_m2(k: Keys) -> Shapes:
    k.refuse("shared_intermediate_size", (0,), "as this class has no shared expert")
    shapes = _base(k, "minimax-m2", size=None, **_when(k.flag("use_qk_norm", True), qk_norm="whole"))
    bias = k.flag("use_routing_bias", True)
    shapes["experts"] = _experts(k, count=("num_local_experts",), size="intermediate_size", selection_bias=bias)
    return shapes


def _ernie_mixture(k: Keys) -> Shapes:
    k.refuse("moe_layer_interval", (1,), "as every layer after the dense ones is a mixture")
    shapes = _base(k, "ernie4_5-moe", tied=True)
    size = k.same("moe_intermediate_size")
    shapes["experts"] = {
        "count": k.same("moe_num_experts"),
        "used": k.whole("moe_k"),
        "size": size,
        "shared_size": size * k.whole("moe_num_shared_experts", low=0, default=0),
        "leading_dense_layers": k.whole("moe_layer_start_index", low=0),
        "selection_bias": True,
    }
    return shapes


def _hunyuan_mixture(k: Keys) -> Shapes:
    k.refuse("use_cla", (False,), "as each layer has keys and values of its own")
    shapes = _base(k, "hunyuan-moe", tied=True, size=None, qk_norm="per-head")
    size = k.same("moe_intermediate_size") if k.get("moe_intermediate_size") is not None else k.whole("intermediate_size")
    shapes["experts"] = {
        "count": k.same("num_experts"),
        "used": k.same("moe_topk"),
        "size": size,
        "shared_size": size * k.same("num_shared_expert"),
    }
    return shapes


def _dbrx(k: Keys) -> Shapes:
    attention, experts = Keys(k.mapping("attn_config")), Keys(k.mapping("ffn_config"))
    same = k.renamed(
        hidden_size="d_model", num_hidden_layers="n_layers", num_attention_heads="n_heads", max_position_embeddings="max_seq_len"
    )
    more = {"num_key_value_heads": attention.whole("kv_n_heads", default=1)}
    shapes = _base(Keys({**same.values, **more}), "dbrx", size=None, fused_qkv=True)
    used = experts.whole("moe_top_k", default=1)
    shapes["experts"] = {
        "count": experts.whole("moe_num_experts", default=4),
        "used": used,
        "size": experts.whole("ffn_hidden_size"),
        "half_router": True,
    }
    return shapes


def _phi(k: Keys) -> Shapes:
    shapes = _norms_that_shift("phi2", norms="shared", output_bias=True)(k)
    shapes["feed_forward"]["size"] = k.whole("intermediate_size", default=4 * k.whole("hidden_size"))
    return shapes


def _phi_mixture(k: Keys) -> Shapes:
    biased = k.flag("attention_bias", False)
    shapes = _rope_factors(k, _base(k, "phimoe", size=None, **_when(biased, qkv_bias=True, output_bias=True)))
    shapes["experts"] = _experts(k, count=("num_local_experts",), size="intermediate_size")
    return {**shapes, "norm_biases": True, **_when(k.flag("lm_head_bias", False), output_bias=True)}


def _olmo_1(k: Keys) -> Shapes:
    return {**_base(k, "olmo"), "norms": "none"}


def _olmo_mixture(k: Keys) -> Shapes:
    shapes = _base(k, "olmoe", size=None, qk_norm="whole")
    return {**shapes, "experts": _experts(k, count=("num_experts",), size="intermediate_size")}


def _two_matrices(engine: str, *, activation: int = 0, **attention: Any) -> Callable[[Keys], Shapes]:
    """A dense model whose feed-forward block has two matrices."""

    def read(k: Keys) -> Shapes:
        k.refuse("mlp_bias", (False,), "as feed-forward blocks have no biases")
        shapes = _rope_factors(k, _base(k, engine, **attention))
        shapes["feed_forward"] |= {"gated": False, **_when(activation > 0, activation_values=activation)}
        return shapes

    return read


def _internlm(k: Keys) -> Shapes:
    both, qkv, first = k.flag("bias", False), k.flag("qkv_bias", False), k.values["model_type"] == "internlm"
    shapes = _base(k, "llama", **_when(qkv or (both and first), qkv_bias=True), **_when(both, output_bias=True))
    if both and not first:
        shapes["feed_forward"]["biases"] = True
    return shapes


def _exaone(k: Keys) -> Shapes:
    return _rope_factors(k, _base(k, "exaone", tied=False))


def _qwen_1(k: Keys) -> Shapes:
    k.refuse("no_bias", (True,), "as only queries, keys and values have biases")
    same = k.renamed(head_dim="kv_channels", max_position_embeddings="seq_length")
    shapes = _base(same, "qwen", qkv_bias=True, fused_qkv=True)
    shapes["feed_forward"]["size"] //= 2
    return shapes


def _falcon(k: Keys) -> Shapes:
    for name, only in (("alibi", False), ("bias", False), ("parallel_attn", True)):
        k.refuse(name, (only,), "as these formulas cover")
    heads, new = k.whole("num_attention_heads", "n_head"), k.flag("new_decoder_architecture", False)
    kv_heads = k.whole("num_kv_heads", "n_head_kv", default=heads) if new else 1 if k.flag("multi_query", True) else heads
    same = k.renamed(num_hidden_layers="n_layer", num_attention_heads="n_head").known(
        num_key_value_heads=kv_heads, intermediate_size=k.get("ffn_hidden_size") or 4 * k.whole("hidden_size"), max_position_embeddings=2048
    )
    shapes = _base(same, "falcon", tied=True, fused_qkv=True)
    shapes["feed_forward"]["gated"] = False
    two = new and k.whole("num_ln_in_parallel_attn", default=2) == 2
    return {**shapes, "norm_biases": True, **_when(not two, norms="shared")}


def _mellum(k: Keys) -> Shapes:
    if _leading(k, k.whole("num_hidden_layers"), 0):
        raise Refused("config.mlp_layer_types", "mixtures in all layers", k.get("mlp_layer_types"))
    shapes = _qwen_mixture("mellum")(k)
    return _window(k, shapes, None) if k.flag("use_sliding_window", True) else shapes


def _minicpm(k: Keys) -> Shapes:
    _no_biases(k, "mlp_bias")
    return _rope_factors(k, _base(k, "minicpm", tied=True))


def _minicpm3(k: Keys) -> Shapes:
    shapes = _base(k.known(head_dim=k.whole("qk_nope_head_dim") + k.whole("qk_rope_head_dim")), "minicpm3", tied=True)
    shapes["attention"]["latent"] = {
        "query_rank": k.whole("q_lora_rank"),
        "kv_rank": k.whole("kv_lora_rank"),
        "nope_dim": k.whole("qk_nope_head_dim"),
        "rope_dim": k.whole("qk_rope_head_dim"),
        "value_dim": k.whole("v_head_dim", default=k.whole("hidden_size") // k.whole("num_attention_heads")),
        "cached_whole": True,
    }
    shapes["attention"]["head_dim"] = k.whole("qk_nope_head_dim") + k.whole("qk_rope_head_dim")
    return _rope_factors(k, shapes)


def _only_mamba(k: Keys) -> Shapes:
    """No attention: the heads named are none's."""
    second = k.values["model_type"] == "mamba2"
    k.refuse("use_bias", (False,), "as projections have no biases")
    k.refuse("use_conv_bias", (True,), "as convolutions have biases")
    layers = k.whole("num_hidden_layers", "n_layer")
    plain = {"num_hidden_layers": layers, "num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": k.whole("hidden_size", "d_model")}
    same = k.renamed(hidden_size="d_model").values
    shapes = _base(Keys({**same, **plain}).known(max_position_embeddings=2**20), k.values["model_type"], tied=not second, size=None)
    width = shapes["hidden_size"]
    shapes |= {"blocks": "M" * layers, "engine_name": "mamba2" if second else "mamba"}
    inner = k.whole("expand", default=2) * width
    if second:
        shapes["recurrent"] = _mamba(
            k.known(conv_kernel=4, n_groups=8, ssm_state_size=k.whole("state_size", default=128)), k.whole("num_heads"), k.whole("head_dim")
        )
        return shapes
    shapes["recurrent"] = {
        "kind": "mamba-1",
        "conv_kernel": k.whole("conv_kernel", "d_conv", default=4),
        "inner_size": k.whole("intermediate_size", "d_inner", default=inner),
        "state_size": k.whole("state_size", "d_state", default=16),
        "rank": -(-width // 16) if k.get("time_step_rank") in (None, "auto") else k.whole("time_step_rank"),
        "norm": False,
    }
    return shapes


def _glm(k: Keys) -> Shapes:
    shapes = _base(k, "chatglm", **_when(k.flag("attention_bias", False), qkv_bias=True))
    shapes["feed_forward"]["fused_gate_up"] = True
    return shapes


def _nas(k: Keys) -> Shapes:
    """Layers found by search: some without attention, some with a feed-forward block of another width, or none."""
    layers, width = k.whole("num_hidden_layers"), k.whole("hidden_size")
    blocks = k.layer_list("block_configs", layers)
    if blocks is None:
        raise Refused("config.block_configs", "one entry a layer", None, "copy the whole config.json")
    groups: list[Any] = []
    sizes = []
    for block in blocks:
        if not isinstance(block, Mapping):
            raise Refused("config.block_configs", "a mapping for each layer", block)
        attention, feed = Keys(Keys(block).mapping("attention")), Keys(Keys(block).mapping("ffn"))
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
    more = {"num_key_value_heads": heads // found.pop(), "intermediate_size": max(sizes)}
    shapes = _rope_factors(k, _base(Keys({**k.values, **more}), "deci"))
    shapes["attention"]["layers"] = _pattern(attends, layers)
    shapes["feed_forward"]["sizes"] = sizes
    return shapes


def _starcoder2(k: Keys) -> Shapes:
    biased = k.flag("use_bias", True)
    shapes = _base(k, "starcoder2", tied=True, **_when(biased, qkv_bias=True, output_bias=True))
    shapes["feed_forward"] |= {"gated": False, "biases": biased}
    return {**shapes, "norm_biases": True}


def _cohere(k: Keys) -> Shapes:
    normed = k.flag("use_qk_norm", False)
    return {**_base(k, "command-r", tied=True, **_when(normed, qk_norm="whole")), "norms": "shared"}


def _cohere2(k: Keys) -> Shapes:
    shapes = {**_base(k, "cohere2", tied=True), "norms": "shared"}
    shapes = _window(k, shapes, k.whole("sliding_window_pattern", "_sliding_window_pattern", default=4))
    if "window" in shapes["attention"]:
        shapes["attention"]["no_position_layers"] = shapes["attention"]["window"]["full_layers"]
    return shapes


def _stablelm(k: Keys) -> Shapes:
    normed, biased = k.flag("qk_layernorm", False), k.flag("use_qkv_bias", False)
    shapes = _base(k, "stablelm", **_when(biased, qkv_bias=True), **_when(normed, qk_norm="whole"))
    return {**shapes, "norm_biases": True, **_when(k.flag("use_parallel_residual", False), norms="shared")}


def _chatglm(k: Keys) -> Shapes:
    heads, width = k.whole("num_attention_heads"), k.whole("hidden_size")
    groups = k.whole("multi_query_group_num") if k.flag("multi_query_attention", False) else heads
    same = {
        **k.values,
        "head_dim": k.get("kv_channels") or width // heads,
        "num_key_value_heads": groups,
        "vocab_size": k.whole("padded_vocab_size"),
        "max_position_embeddings": k.whole("seq_length"),
        "intermediate_size": k.whole("ffn_hidden_size"),
    }
    shapes = _base(Keys(same), "chatglm", **_when(k.flag("add_qkv_bias", False), qkv_bias=True), fused_qkv=True)
    shapes["feed_forward"]["fused_gate_up"] = True
    return shapes


CLASSES: dict[str, Callable[[Keys], Shapes]] = {
    "afmoe": _afmoe,
    "apertus": _two_matrices("apertus", activation=4, qk_norm="per-head"),
    "arcee": _two_matrices("arcee"),
    "baichuan": _baichuan,
    "bailing_hybrid": _delta_and_latent("bailingmoe3"),
    "bailing_moe": _bailing,
    "bailing_moe_v2": _bailing,
    "bamba": _bamba,
    "bloom": _bloom,
    "chatglm": _chatglm,
    "cohere": _cohere,
    "cohere2": _cohere2,
    "dbrx": _dbrx,
    "deepseek": _shared_experts("deepseek", selection_bias=False),
    "deepseek_v2": _latent("deepseek2"),
    "deepseek_v3": _latent("deepseek2"),
    "deepseek_v32": _latent("deepseek32", indexed=True),
    "dots1": _shared_and_routed("dots1", norm="per-head"),
    "ernie4_5": _plain("ernie4_5", tied=True),
    "ernie4_5_moe": _ernie_mixture,
    "exaone": _exaone,
    "exaone4": _exaone4,
    "exaone_moe": _shared_experts("exaone-moe", qk_norm="per-head"),
    "falcon": _falcon,
    "falcon_h1": _falcon_h1,
    "falcon_mamba": _only_mamba,
    "gemma": _gemma,
    "gemma2": _gemma2,
    "gemma3": _gemma3,
    "gemma3_text": _gemma3,
    "gemma3n": _gemma3n,
    "gemma3n_text": _gemma3n,
    "gemma4": _gemma4,
    "gemma4_text": _gemma4,
    "glm": _glm,
    "glm4": _glm4,
    "glm4_moe": _glm4_mixture,
    "glm4_moe_lite": _latent("deepseek2"),
    "glm4v_moe_text": _glm4_mixture,
    "glm4v_text": _glm4,
    "glm_moe_dsa": _latent("glm-dsa", indexed=True),
    "gpt2": _gpt2,
    "gpt_bigcode": _gpt2,
    "gpt_neox": _norms_that_shift("gptneox", fused=True),
    "gpt_oss": _gpt_oss,
    "granite": _plain("granite"),
    "granitemoe": _granite_mixture,
    "granitemoehybrid": _granite_hybrid,
    "granitemoeshared": _granite_mixture,
    "hunyuan": _hunyuan_mixture,
    "hunyuan_v1_dense": _plain("hunyuan-dense", tied=True, qk_norm="per-head"),
    "hunyuan_v1_moe": _hunyuan_mixture,
    "hy_v3": _shared_experts("hy-v3", qk_norm="per-head"),
    "internlm": _internlm,
    "internlm2": _plain("internlm2"),
    "internlm3": _internlm,
    "jamba": _jamba,
    "kimi_k2": _latent("deepseek2"),
    "kimi_linear": _delta_and_latent("kimi-linear"),
    "laguna": _laguna,
    "lfm2": _lfm2,
    "lfm2_moe": _lfm2,
    "llama": _llama,
    "llama4": _llama4,
    "llama4_text": _llama4,
    "mamba": _only_mamba,
    "mamba2": _only_mamba,
    "mellum": _mellum,
    "mimo": _plain("qwen2", qkv_bias=True),
    "mimo_v2_flash": _mimo_v2,
    "minicpm": _minicpm,
    "minicpm3": _minicpm3,
    "minimax_m2": _minimax_m2,
    "ministral3": _plain("mistral3"),
    "mistral": _plain("llama"),
    "mistral4": _latent("mistral4"),
    "mixtral": _mixtral,
    "mpt": _mpt,
    "muse_glimmer": _muse_glimmer,
    "muse_glimmer_text": _muse_glimmer,
    "nemotron": _norms_that_shift("nemotron"),
    "nemotron-nas": _nas,
    "nemotron_h": _nemotron_h,
    "olmo": _olmo_1,
    "olmo2": _olmo,
    "olmo3": _olmo,
    "olmoe": _olmo_mixture,
    "phi": _phi,
    "phi3": _phi3,
    "phimoe": _phi_mixture,
    "qwen": _qwen_1,
    "qwen2": _plain("qwen2", qkv_bias=True),
    "qwen2_5_omni_text": _plain("qwen2vl", qkv_bias=True),
    "qwen2_5_vl": _plain("qwen2vl", qkv_bias=True),
    "qwen2_5_vl_text": _plain("qwen2vl", qkv_bias=True),
    "qwen2_moe": _qwen2_mixture,
    "qwen2_vl": _plain("qwen2vl", qkv_bias=True),
    "qwen2_vl_text": _plain("qwen2vl", qkv_bias=True),
    "qwen3": _plain("qwen3", qk_norm="per-head"),
    "qwen3_5": _delta_net("qwen35", mixture=False),
    "qwen3_5_moe": _delta_net("qwen35moe", mixture=True),
    "qwen3_5_moe_text": _delta_net("qwen35moe", mixture=True),
    "qwen3_5_text": _delta_net("qwen35", mixture=False),
    "qwen3_moe": _qwen_mixture("qwen3moe"),
    "qwen3_next": _delta_net("qwen3next", mixture=True, fused=True),
    "qwen3_omni_moe_text": _qwen_mixture("qwen3vlmoe"),
    "qwen3_vl": _plain("qwen3vl", qk_norm="per-head"),
    "qwen3_vl_moe": _qwen_mixture("qwen3vlmoe"),
    "qwen3_vl_moe_text": _qwen_mixture("qwen3vlmoe"),
    "qwen3_vl_text": _plain("qwen3vl", qk_norm="per-head"),
    "seed_oss": _seed_oss,
    "smollm3": _smollm3,
    "step3p5": _step3,
    "solar_open": _shared_experts("glm4moe"),
    "stablelm": _stablelm,
    "starcoder2": _starcoder2,
    "xverse": _plain("xverse"),
    "Yi": _plain("llama"),
}
"""model_type -> how its configuration is read."""
