"""Classes with recurrent layers."""

from __future__ import annotations

from typing import Any

from macros.estimate.classes.base import (
    CONV,
    COUNT,
    FULL,
    INDEXED,
    LINEAR,
    SHARED_COUNT,
    SHARED_SIZE,
    SLIDING,
    Shapes,
    base_shapes,
    pattern,
    places_of,
    shapes_if,
)
from macros.estimate.classes.mixtures import with_experts
from macros.estimate.config_keys import WHOLE_FILE, Keys
from macros.estimate.refused import Refused


def delta_net(k: Keys) -> Shapes:
    """Gated delta-net layers, and attention in every n-th."""
    mixture = k.get(*COUNT) is not None
    shapes = base_shapes(k, dense=not mixture)
    layers = shapes["layers"]
    kinds = k.kinds("layer_types", layers, (FULL, LINEAR))
    if kinds is None:
        every = k.whole("full_attention_interval", default=4)
        kinds = [LINEAR if (layer + 1) % every else FULL for layer in range(layers)]
    shapes["attention"]["layers"] = pattern(places_of(kinds, FULL), layers)
    if mixture:
        with_experts(k, shapes)
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


def qwen_4(k: Keys) -> Shapes:
    """Qwen 4: delta-net layers, attention to blocks that a scorer picks, compressed residual streams, embeddings of runs of tokens."""
    layers, width = k.layers(), k.whole("hidden_size")
    kinds = k.kinds("layer_types", layers, (FULL, INDEXED, LINEAR))
    shapes = delta_net(k if kinds is None else k.but(layer_types=[FULL if kind == INDEXED else kind for kind in kinds]))
    k.refuse("indexer_kv_heads", (1,), "as the scorer has one key")
    block, budget = k.whole("indexer_compress_ratio", low=2), k.whole("indexer_budget")
    if budget % block:
        raise Refused("config.indexer_budget", f"a multiple of the {block} tokens of a block", budget)
    # Its cache keeps the key of each token, and that of its block.
    scorer = {
        "heads": k.whole("indexer_n_heads"),
        "head_dim": k.whole("indexer_head_dim"),
        "top_k": budget // block,
        "block": block,
        "cached": 2,
    }
    shapes["attention"]["indexer"] = scorer
    shapes |= {"norms": "none", "hyper_connections": k.whole("hc_count", low=2), "hyper_rank": k.whole("hc_lowrank")}
    adding = sorted({layer - 1 for layer in k.wholes("ple_layer_ids")}) if k.gives("ple_layer_ids") else []
    if not adding:
        return shapes
    if adding[-1] >= layers:
        raise Refused("config.ple_layer_ids", f"numbers of layers from 1 to {layers}", adding[-1] + 1)
    k.refuse("ple_embed_dim", (width,), "as wide as the residual stream")
    longest, each = k.whole("ngram_size", low=2), k.whole("heads_per_ngram")
    tables = (longest - 1) * each
    if width % tables:
        raise Refused("config.heads_per_ngram", f"tables that divide the hidden size {width}", tables)
    step, base = k.whole("make_ngram_vocab_size_divisible_by"), k.whole("ngram_vocab_size_base", low=2)
    rows = sizes_of_tables(base, len(adding), tables, step)
    shapes["run_embeddings"] = {
        "layers": {"indices": adding},
        "rows": rows,
        "size": width // tables,
        "longest": longest,
        "conv_kernel": k.whole("ple_conv_kernel_size"),
    }
    return shapes


def sizes_of_tables(base: int, layers: int, tables: int, step: int) -> int:
    """Rows of tables whose sizes are primes from `base` on, those of a layer filled up together to a multiple of `step`.

    >>> sizes_of_tables(10, 2, 2, 8)
    64
    """
    rows, size = 0, base - 1
    for _ in range(layers):
        together = 0
        for _ in range(tables):
            size += 1
            while not _is_prime(size):
                size += 1
            together += size
        rows += -(-together // step) * step
    return rows


def _is_prime(number: int) -> bool:
    if number < 4:
        return number > 1
    if number % 2 == 0:
        return False
    divisor = 3
    while divisor * divisor <= number:
        if number % divisor == 0:
            return False
        divisor += 2
    return True


def rwkv_6(k: Keys) -> Shapes:
    """RWKV 6."""
    return _rwkv(k, sixth=True)


def rwkv_7(k: Keys) -> Shapes:
    """RWKV 7."""
    return _rwkv(k, sixth=False)


def _rwkv(k: Keys, *, sixth: bool) -> Shapes:
    """No attention, a state for each head, and a feed-forward block that sees the token before."""
    width, head = k.whole("hidden_size"), k.whole("head_size")
    if width % head:
        raise Refused("config.head_dim", f"a size that divides the hidden size {width}", head)
    k.refuse("attention_hidden_size", (width,), "as wide as the model")
    size = k.get("intermediate_size")
    if size is None:
        size = int(width * 3.5) // 32 * 32 if sixth else 4 * width
    shapes = base_shapes(k.but(num_attention_heads=1, num_key_value_heads=1, head_dim=width, intermediate_size=size))
    shapes["attention"]["layers"] = {"indices": []}
    if sixth:
        # The class has no keys for these.
        ranks = [64, 128] if width == 4096 else [32, 64]
    else:
        # Versions of the class make up different ones, so a configuration must say them.
        names = ("decay_low_rank_dim", "a_low_rank_dim", "v_low_rank_dim", "gate_low_rank_dim")
        ranks = [k.whole(name) for name in names]
    shapes["feed_forward"]["gated"] = False
    kind = "rwkv-6" if sixth else "rwkv-7"
    state = {"inner_size": width, "heads": width // head, "state_size": head, "ranks": ranks}
    return shapes | {"norm_biases": True, "embedding_norm": True, "recurrent": {"kind": kind, "conv_kernel": 2, **state}}


def _mamba_2(k: Keys, heads: int, head: int, **more: Any) -> Shapes:
    return {
        "kind": "mamba-2",
        "conv_kernel": k.whole("mamba_d_conv", "conv_kernel"),
        "inner_size": heads * head,
        "heads": heads,
        "groups": k.whole("mamba_n_groups", "n_groups"),
        "state_size": k.whole("mamba_d_state", "ssm_state_size", "state_size"),
        **shapes_if(not k.flag("mamba_conv_bias", "use_conv_bias", default=True), conv_bias=False),
        **more,
    }


def mamba_1(k: Keys) -> Shapes:
    """Mamba, the first version."""
    return _only_mamba(k, second=False)


def mamba_2(k: Keys) -> Shapes:
    """Mamba, the second version."""
    return _only_mamba(k, second=True)


def _only_mamba(k: Keys, *, second: bool) -> Shapes:
    """No attention: the heads named are none's."""
    width, layers = k.whole("hidden_size"), k.layers()
    heads, head = (k.whole("num_heads"), k.whole("head_dim")) if second else (1, width)
    shapes = base_shapes(k.but(num_attention_heads=1, num_key_value_heads=1, head_dim=width), dense=False)
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
        **shapes_if(not k.flag("use_conv_bias", default=True), conv_bias=False),
    }
    return shapes


def _time_step_rank(k: Keys, name: str, width: int) -> int:
    return -(-width // 16) if k.get(name) in (None, "auto") else k.whole(name)


def jamba(k: Keys) -> Shapes:
    """Jamba: Mamba layers, attention in every n-th, and mixtures in every m-th."""
    shapes = base_shapes(k, dense=False)
    width, layers = shapes["hidden_size"], shapes["layers"]
    kinds = k.kinds("layer_types", layers, (FULL, LINEAR))
    first, period = k.whole("attn_layer_offset", low=0), k.whole("attn_layer_period")
    attends = list(range(first, layers, period)) if kinds is None else places_of(kinds, FULL)
    shapes["attention"]["layers"] = pattern(attends, layers)
    shapes["recurrent"] = {
        "kind": "mamba-1",
        "conv_kernel": k.whole("mamba_d_conv"),
        "inner_size": k.whole("mamba_expand") * width,
        "state_size": k.whole("mamba_d_state"),
        "rank": _time_step_rank(k, "mamba_dt_rank", width),
        **shapes_if(not k.flag("mamba_conv_bias", default=True), conv_bias=False),
    }
    single = k.whole("num_experts") == 1
    return with_experts(k, shapes, mixtures=[] if single else None)


def bamba(k: Keys) -> Shapes:
    """Bamba: Mamba 2 layers and attention in some."""
    layers, heads = k.layers(), k.whole("mamba_n_heads")
    full = k.indices("attn_layer_indices", layers) or []
    kinds = k.kinds("layer_types", layers, (FULL, LINEAR)) or [FULL if layer in full else LINEAR for layer in range(layers)]
    wide = k.whole("mamba_expand") * k.whole("hidden_size") // heads
    shapes = base_shapes(k)
    shapes["attention"]["layers"] = pattern(places_of(kinds, FULL), layers)
    shapes["recurrent"] = _mamba_2(k, heads, wide if k.get("mamba_d_head") == "auto" else k.whole("mamba_d_head"))
    return shapes


def granite_hybrid(k: Keys) -> Shapes:
    """Granite 4: Mamba 2 layers and attention in some; without such layers it is an older Granite."""
    layers = k.layers()
    kinds = k.kinds("layer_types", layers, (FULL, LINEAR)) or [LINEAR] * layers
    hybrid, mixture = LINEAR in kinds, k.whole(*COUNT, low=0, default=0) > 0
    size = k.whole("shared_intermediate_size", low=0)
    shapes = with_experts(k, base_shapes(k, dense=False)) if mixture else base_shapes(k.but(intermediate_size=size))
    if not hybrid:
        return {**shapes, "engine_name": k.variant("mixture" if mixture else "dense")}
    shapes["attention"]["layers"] = pattern(places_of(kinds, FULL), layers)
    wide = k.whole("mamba_expand") * shapes["hidden_size"] // k.whole("mamba_n_heads")
    shapes["recurrent"] = _mamba_2(k, k.whole("mamba_n_heads"), wide if k.get("mamba_d_head") == "auto" else k.whole("mamba_d_head"))
    if k.get("position_embedding_type") in (None, "nope"):
        shapes["attention"]["no_position_layers"] = {"every": 1}
    return shapes


def recurrent_gemma(k: Keys) -> Shapes:
    """Griffin's form: gated linear recurrences, and attention in a window in some layers."""
    shapes = base_shapes(k.but(intermediate_size=k.whole("intermediate_size") // 2))
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


def falcon_h1(k: Keys) -> Shapes:
    """Falcon-H1: attention and Mamba 2 side by side in every layer."""
    shapes = base_shapes(k)
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


def nemotron_h(k: Keys) -> Shapes:
    """Nemotron-H: one block a layer, by a letter or a name each."""
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
    shapes = base_shapes(k.but(num_hidden_layers=layers), dense=False)
    shapes |= {"engine_name": k.variant("mixture" if "E" in blocks else "dense"), "blocks": blocks}
    if "-" in blocks:
        shapes["feed_forward"] = {"size": k.whole("intermediate_size"), "gated": False}
    if "E" not in blocks:
        k.asked.extend([*COUNT, *SHARED_SIZE, *SHARED_COUNT, "moe_latent_size"])
    else:
        shared = shapes.get("feed_forward")
        with_experts(k, shapes, mixtures=list(range(shapes["layers"])), gated=False, selection_bias=True)
        shapes |= shapes_if(shared is not None, feed_forward=shared)
        if k.get("moe_latent_size") is not None:
            shapes["experts"]["width"] = k.whole("moe_latent_size")
    shapes["recurrent"] = _mamba_2(k, k.whole("mamba_num_heads"), k.whole("mamba_head_dim"))
    return shapes


def lfm2(k: Keys) -> Shapes:
    """LFM2 and 3."""
    return _convolved(k, mixture=False)


def lfm2_mixture(k: Keys) -> Shapes:
    """The same with a mixture of experts."""
    return _convolved(k, mixture=True)


def _convolved(k: Keys, *, mixture: bool) -> Shapes:
    """Short convolutions, attention in some layers."""
    size = k.whole("intermediate_size", "block_ff_dim")
    if k.flag("block_auto_adjust_ff_dim"):
        step = k.whole("block_multiple_of", default=256)
        size = -(-int(k.real("block_ffn_dim_multiplier", 1.0) * (2 * size // 3)) // step) * step
    shapes = base_shapes(k.but(intermediate_size=size), dense=not mixture)
    layers = shapes["layers"]
    kinds = k.kinds("layer_types", layers, (FULL, SLIDING, CONV) if k.kind.windows else (FULL, CONV))
    if kinds is not None and SLIDING in kinds:
        shapes["attention"]["window"] = {"size": k.whole("sliding_window"), "full_layers": {"indices": places_of(kinds, FULL)}}
        kinds = [FULL if kind == SLIDING else kind for kind in kinds]
    listed = k.indices("full_attn_idxs", layers)
    attends = (listed if listed is not None else list(range(layers))) if kinds is None else places_of(kinds, FULL)
    shapes["attention"]["layers"] = pattern(attends, layers)
    shapes["recurrent"] = {"kind": "short-convolution", "conv_kernel": k.whole("conv_L_cache")}
    return with_experts(k, shapes) if mixture else shapes


def lightning(k: Keys) -> Shapes:
    """MiniMax's form: linear attention with a state, softmax attention in some layers, a mixture in all."""
    shapes = with_experts(k, base_shapes(k, dense=False))
    layers, heads, head = shapes["layers"], shapes["attention"]["heads"], shapes["attention"]["head_dim"]
    kinds = k.kinds("layer_types", layers, (FULL, LINEAR))
    if kinds is None:
        # The published files number the kinds; transformers lists them, and has every other layer of a kind.
        flags = k.layer_list("attn_type_list", layers)
        kinds = (
            [FULL if (layer + 1) % 2 else LINEAR for layer in range(layers)] if flags is None else [FULL if f else LINEAR for f in flags]
        )
    shapes["attention"]["layers"] = pattern(places_of(kinds, FULL), layers)
    shapes["recurrent"] = {"kind": "lightning", "conv_kernel": 1, "inner_size": heads * head, "heads": heads, "state_size": head}
    return shapes
