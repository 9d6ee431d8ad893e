"""Reading a Hugging Face config.json: the classes that the guide knows; any other is refused by name.

A value that the configuration leaves out has the default that the class documents; where it documents none, the value is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from macros.estimate.setting import Refused
from macros.specs.architectures import Architecture

Shapes = dict[str, Any]
BLOCK_LETTERS = {"mamba": "M", "attention": "*", "mlp": "-", "moe": "E"}
LONGEST = 1000
"""Layers beyond which a configuration is a mistake."""


@dataclass(frozen=True)
class Keys:
    """The values of a configuration, each checked when it is asked for."""

    values: Mapping[str, Any]

    def get(self, *names: str) -> Any:
        """The first of these keys that holds something."""
        return next((self.values[name] for name in names if self.values.get(name) is not None), None)

    def whole(self, *names: str, default: int | None = None, low: int = 1) -> int:
        """A whole number."""
        value = self.get(*names)
        if value is None:
            value = default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= 10**12:
            raise Refused(f"config.{names[0]}", f"a whole number from {low}", value, "copy the whole config.json of the model")
        return value

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        value = self.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise Refused(f"config.{name}", "true or false", value)
        return value

    def layer_list(self, name: str, layers: int) -> list[Any] | None:
        """A value for each layer."""
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != layers:
            found = len(value) if isinstance(value, Sequence) else value
            raise Refused(f"config.{name}", f"one entry for each of the {layers} layers", found)
        return list(value)

    def same(self, name: str) -> int:
        """A whole number, or a list that holds one number throughout."""
        value = self.get(name)
        if isinstance(value, Sequence) and not isinstance(value, str) and value and set(value) == {value[0]}:
            return Keys({name: value[0]}).whole(name)
        return self.whole(name)

    def mapping(self, *names: str) -> Mapping[str, Any]:
        """A nested object; empty where there is none."""
        value = self.get(*names)
        return value if isinstance(value, Mapping) else {}

    def refuse(self, name: str, allowed: tuple[Any, ...], why: str) -> None:
        """Refuse a feature that the formulas do not cover."""
        if self.values.get(name) not in (None, *allowed):
            raise Refused(f"config.{name}", f"{allowed[0]!r}, {why}", self.values[name])


def read_config(config: Any) -> Architecture:
    """The shapes that a configuration describes; raises Refused for one that the guide cannot read.

    Args:
        config: config.json as it stands beside a model's weights

    Returns:
        The shapes of its text part.

    Assumes: the file that llama.cpp's converter makes of it: text part only.
    """
    if not isinstance(config, Mapping):
        raise Refused("config", "an object, as config.json holds it", config)
    values = _text_part(config)
    kind = values.get("model_type")
    if not isinstance(kind, str) or kind not in CLASSES:
        fix = "name a model of the guide instead, or add the class to macros/estimate/config_json.py"
        raise Refused("config.model_type", "a class that the guide can read", kind, fix)
    try:
        return Architecture.model_validate(CLASSES[kind](Keys(values)))
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in detail["loc"])
        raise Refused("config", detail["msg"].removeprefix("Value error, "), where or values.get("model_type")) from None


def _text_part(config: Mapping[str, Any]) -> dict[str, Any]:
    """The text model of a configuration, which a model that sees keeps in a part of its own."""
    for name in ("text_config", "llm_config", "language_config"):
        if isinstance(config.get(name), Mapping):
            inner = dict(config[name])
            inner.setdefault("tie_word_embeddings", config.get("tie_word_embeddings"))
            inner.setdefault("model_type", config.get("model_type"))
            return inner
    return dict(config)


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


def _base(k: Keys, engine: str, *, tied: bool = False, size: str | None = "intermediate_size", **attention: Any) -> Shapes:
    heads, width = k.whole("num_attention_heads"), k.whole("hidden_size")
    if k.get("head_dim", "attention_head_dim") is not None:
        head = k.whole("head_dim", "attention_head_dim")
    else:
        if width % heads:
            raise Refused("config.head_dim", "a head size, as the heads do not divide the hidden size", None, "copy the whole config.json")
        head = width // heads
    layers = k.whole("num_hidden_layers", "num_layers")
    if layers > LONGEST:
        raise Refused("config.num_hidden_layers", f"at most {LONGEST} layers", layers)
    shapes: Shapes = {
        "engine_name": engine,
        "layers": layers,
        "hidden_size": width,
        "vocabulary_size": k.whole("vocab_size"),
        "context_length": k.whole("max_position_embeddings"),
        "tied_embeddings": k.flag("tie_word_embeddings", tied),
        "attention": {"heads": heads, "kv_heads": k.whole("num_key_value_heads", default=heads), "head_dim": head, **attention},
    }
    if size is not None:
        shapes["feed_forward"] = {"size": k.whole(size)}
    return shapes


def _rope_factors(k: Keys, shapes: Shapes) -> Shapes:
    """Stored position-scaling factors, which Llama 3's scaling and Phi's long contexts bring."""
    scaling = k.mapping("rope_scaling", "rope_parameters")
    kind = scaling.get("rope_type", scaling.get("type"))
    if kind == "llama3":
        shapes["attention"] |= {"rope_factors": shapes["attention"]["head_dim"] // 2, "rope_factor_sets": 1}
    elif kind == "longrope":
        shapes["attention"] |= {"rope_factors": len(scaling.get("short_factor", ())), "rope_factor_sets": 2}
    return shapes


def _experts(k: Keys, *, count: tuple[str, ...], size: str = "moe_intermediate_size", **more: Any) -> Shapes:
    return {
        "count": k.whole(*count),
        "used": k.whole("num_experts_per_tok", "experts_per_token", "moe_topk"),
        "size": k.whole(size),
        **more,
    }


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
        return _base(k, engine, tied=tied, **attention)

    return read


def _mixtral(k: Keys) -> Shapes:
    return {**_base(k, "llama", size=None), "experts": _experts(k, count=("num_local_experts",), size="intermediate_size")}


def _qwen_mixture(engine: str) -> Callable[[Keys], Shapes]:
    def read(k: Keys) -> Shapes:
        k.refuse("mlp_only_layers", ([],), "as every layer is a mixture")
        k.refuse("decoder_sparse_step", (1,), "as every layer is a mixture")
        return {**_base(k, engine, size=None, qk_norm="per-head"), "experts": _experts(k, count=("num_experts",))}

    return read


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


def _gemma2(k: Keys) -> Shapes:
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
    known = Keys({**defaults, **{key: value for key, value in k.values.items() if value is not None}})
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


def _latent(engine: str, *, indexed: bool = False) -> Callable[[Keys], Shapes]:
    """DeepSeek's form: latent attention, leading dense layers, routed and shared experts."""

    def read(k: Keys) -> Shapes:
        k.refuse("moe_layer_freq", (1,), "as every layer after the dense ones is a mixture")
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
            leading_dense_layers=k.whole("first_k_dense_replace", low=0),
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
    shapes = _base(k, "glm4moe")
    if k.flag("attention_bias", False):
        shapes["attention"]["qkv_bias"] = True
    if k.flag("use_qk_norm", False):
        shapes["attention"]["qk_norm"] = "per-head"
    shapes["experts"] = _experts(
        k,
        count=("n_routed_experts",),
        shared_size=k.whole("moe_intermediate_size") * k.whole("n_shared_experts", low=0),
        leading_dense_layers=k.whole("first_k_dense_replace", low=0),
        selection_bias=True,
    )
    shapes["prediction_layers"] = k.whole("num_nextn_predict_layers", low=0, default=0)
    return shapes


def _shared_and_routed(engine: str, *, norm: str | None) -> Callable[[Keys], Shapes]:
    """Leading dense layers, routed and shared experts, grouped-query attention."""

    def read(k: Keys) -> Shapes:
        shapes = _base(k, engine, **_when(norm is not None, qk_norm=norm))
        shapes["experts"] = _experts(
            k,
            count=("n_routed_experts", "num_experts"),
            shared_size=k.whole("moe_intermediate_size") * k.whole("n_shared_experts", "num_shared_experts", low=0),
            leading_dense_layers=k.whole("first_k_dense_replace", low=0),
            selection_bias=True,
        )
        return shapes

    return read


def _bailing(k: Keys) -> Shapes:
    for name in ("use_qk_norm", "moe_router_enable_expert_bias"):
        if not k.flag(name, False):
            raise Refused(f"config.{name}", "true, as in version 2 of this class", k.values.get(name))
    return _shared_and_routed("bailingmoe2", norm="per-head")(k)


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
    norm = k.flag("mamba_rms_norm", False)
    shapes = _base(k, "falcon-h1")
    shapes["recurrent"] = _mamba(k, k.whole("mamba_n_heads"), k.whole("mamba_d_head"), norm=norm, beside_attention=True)
    return shapes


def _nemotron_h(k: Keys) -> Shapes:
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
    return shapes


def _lfm2(k: Keys) -> Shapes:
    mixture = k.values.get("model_type") == "lfm2_moe"
    size = k.whole("intermediate_size", "block_ff_dim")
    if k.flag("block_auto_adjust_ff_dim", False):
        step = k.whole("block_multiple_of", default=256)
        size = -(-int(float(k.get("block_ffn_dim_multiplier") or 1.0) * (2 * size // 3)) // step) * step
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
    shapes = _base(k, "seed_oss")
    if k.flag("attention_bias", True):
        shapes["attention"]["qkv_bias"] = True
    if k.flag("attention_out_bias", False):
        shapes["attention"]["output_bias"] = True
    return shapes


def _olmo(k: Keys) -> Shapes:
    shapes = {**_base(k, "olmo2", qk_norm="whole"), "norms": "after"}
    return _window(k, shapes, None)


def _muse_glimmer(k: Keys) -> Shapes:
    shapes = {**_base(k, "muse-glimmer", qk_norm="constant", output_gate=True), "norms": "both"}
    return _window(k, shapes, 4)


def _exaone4(k: Keys) -> Shapes:
    shapes = {**_rope_factors(k, _base(k, "exaone4", qk_norm="per-head")), "norms": "after"}
    return _window(k, shapes, None)


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


def _starcoder2(k: Keys) -> Shapes:
    biased = k.flag("use_bias", True)
    shapes = _base(k, "starcoder2", tied=True, **_when(biased, qkv_bias=True, output_bias=True))
    shapes["feed_forward"] |= {"gated": False, "biases": biased}
    return {**shapes, "norm_biases": True}


def _cohere(k: Keys) -> Shapes:
    k.refuse("use_qk_norm", (False,), "as only the smaller models of this class are covered")
    return {**_base(k, "command-r", tied=True), "norms": "shared"}


def _stablelm(k: Keys) -> Shapes:
    k.refuse("use_parallel_residual", (False,), "as attention and feed-forward follow each other")
    k.refuse("qk_layernorm", (False,), "as queries and keys have no norms")
    return {**_base(k, "stablelm", **_when(k.flag("use_qkv_bias", False), qkv_bias=True)), "norm_biases": True}


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
    "bailing_moe": _bailing,
    "baichuan": _plain("baichuan"),
    "chatglm": _chatglm,
    "cohere": _cohere,
    "deepseek_v2": _latent("deepseek2"),
    "deepseek_v3": _latent("deepseek2"),
    "deepseek_v32": _latent("deepseek32", indexed=True),
    "dots1": _shared_and_routed("dots1", norm="per-head"),
    "ernie4_5": _plain("ernie4_5", tied=True),
    "ernie4_5_moe": _ernie_mixture,
    "exaone4": _exaone4,
    "falcon_h1": _falcon_h1,
    "gemma2": _gemma2,
    "gemma3": _gemma3,
    "gemma3_text": _gemma3,
    "gemma3n": _gemma3n,
    "gemma3n_text": _gemma3n,
    "gemma4": _gemma4,
    "gemma4_text": _gemma4,
    "glm4": _glm4,
    "glm4_moe": _glm4_mixture,
    "glm4_moe_lite": _latent("deepseek2"),
    "glm_moe_dsa": _latent("glm-dsa", indexed=True),
    "gpt_oss": _gpt_oss,
    "granite": _plain("granite"),
    "granitemoehybrid": _granite_hybrid,
    "hunyuan": _hunyuan_mixture,
    "hunyuan_v1_dense": _plain("hunyuan-dense", tied=True, qk_norm="per-head"),
    "hunyuan_v1_moe": _hunyuan_mixture,
    "internlm2": _plain("internlm2"),
    "kimi_k2": _latent("deepseek2"),
    "lfm2": _lfm2,
    "lfm2_moe": _lfm2,
    "llama": _llama,
    "llama4": _llama4,
    "llama4_text": _llama4,
    "mimo": _plain("qwen2", qkv_bias=True),
    "minicpm": _plain("minicpm"),
    "minimax_m2": _minimax_m2,
    "ministral3": _plain("mistral3"),
    "mistral": _plain("llama"),
    "mistral4": _latent("mistral4"),
    "mixtral": _mixtral,
    "muse_glimmer": _muse_glimmer,
    "muse_glimmer_text": _muse_glimmer,
    "nemotron_h": _nemotron_h,
    "olmo2": _olmo,
    "olmo3": _olmo,
    "phi3": _phi3,
    "qwen2": _plain("qwen2", qkv_bias=True),
    "qwen3": _plain("qwen3", qk_norm="per-head"),
    "qwen3_5": _delta_net("qwen35", mixture=False),
    "qwen3_5_moe": _delta_net("qwen35moe", mixture=True),
    "qwen3_5_moe_text": _delta_net("qwen35moe", mixture=True),
    "qwen3_5_text": _delta_net("qwen35", mixture=False),
    "qwen3_moe": _qwen_mixture("qwen3moe"),
    "qwen3_next": _delta_net("qwen3next", mixture=True, fused=True),
    "qwen3_vl": _plain("qwen3vl", qk_norm="per-head"),
    "qwen3_vl_moe": _qwen_mixture("qwen3vlmoe"),
    "qwen3_vl_moe_text": _qwen_mixture("qwen3vlmoe"),
    "qwen3_vl_text": _plain("qwen3vl", qk_norm="per-head"),
    "seed_oss": _seed_oss,
    "smollm3": _smollm3,
    "stablelm": _stablelm,
    "starcoder2": _starcoder2,
}
"""model_type -> how its configuration is read."""
