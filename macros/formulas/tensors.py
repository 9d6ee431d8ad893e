"""The tensors of a model: every matrix and vector of its file, from its architecture.

Equal tensors of several layers are one group, so that a model is some twenty groups instead of a thousand tensors.
Shapes are written as the file has them: `row` values lie side by side, `rows` of them, `stack` such matrices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from macros.formulas.remember import by_identity
from macros.specs.architectures import Architecture, CompressedAttention, Distances, Experts, Recurrent, ShortConvolutions

FIRST, LAST = -1, -2
"""Where a tensor belongs that is in no layer: with the input, or with the output."""


@dataclass(frozen=True)
class TensorGroup:
    """Tensors of one name and one shape."""

    name: str
    """The part of the name that says what it is, as in `blk.0.<name>.weight`."""
    row: int
    """Values of a row: quantization works along it."""
    rows: int = 1
    """Rows of a matrix."""
    stack: int = 1
    """Matrices of a tensor (experts, or heads of latent attention)."""
    role: str = "other"
    """What the recipes call it; `kept` is never quantized, `kept_matrix` stays at 16 bits."""
    is_parameter: bool = True
    """Whether the checkpoint counts it."""
    active: float = 1.0
    """Share of it that is read for one token."""
    layers: tuple[int, ...] = ()
    """Layers that have one; FIRST or LAST for those outside the layers."""

    @property
    def values(self) -> int:
        """Values of one of its tensors."""
        return self.row * self.rows * self.stack

    @property
    def count(self) -> int:
        """Tensors in the group."""
        return len(self.layers)


BIASES = ("attn_q.bias", "attn_k.bias", "attn_v.bias", "attn_output.bias")
"""What files call the biases of attention."""
WHOLE_NAMES = ("ssm_a", "ssm_d", "hrm.z_l_init")
"""Tensors that files call so, without `weight` behind."""
BIAS_ONLY = ("ssm_dt", "exp_probs_b")
"""Vectors that files hold as the bias of something."""
OUTSIDE = ("per_layer_model_proj", "per_layer_proj_norm", "token_embd_norm", "token_embd_norm_bias")
"""Tensors that work in the layers but are called without one."""
GATE_RANK = 3
"""Where RWKV-7's ranks have that of its gate, if it has one."""
FACTORS = ("rope_factors_long", "rope_factors_short")
"""Lists that scale positions, where there are two."""


def file_name(a: Architecture, name: str, layer: int) -> str:
    """What a file calls a tensor of a group: patterns of placement are looked for in this.

    Args:
        a: the shapes of the model
        name: the group's name
        layer: its layer; FIRST or LAST outside the layers

    Returns:
        The name, as `blk.0.ffn_up.weight`.

    Source: llama.cpp, src/llama-arch.cpp.
    """
    where = f"blk.{layer}." if layer >= 0 and name not in OUTSIDE else ""
    if name.startswith("rope_factors_"):
        return f"{FACTORS[int(name[-1])] if a.attention.rope_factor_sets > 1 else 'rope_freqs'}.weight"
    if name.startswith("attn_bias_"):
        number = int(name[-1])
        if a.attention.fused_qkv and number < 3 and a.attention.qkv_bias:
            return f"{where}attn_qkv.bias"
        return where + BIASES[number if a.attention.qkv_bias else 3]
    if name in WHOLE_NAMES:
        return where + name
    if name in BIAS_ONLY:
        return f"{where}{name}.bias"
    if name.endswith("_bias"):
        return f"{where}{name[:-5]}.bias"
    if name in ("ffn_down_exps_scale", "ffn_gate_inp_scale"):
        return f"{where}{name[:-6]}.scale"
    return f"{where}{name}.weight"


@by_identity
def tensor_groups(architecture: Architecture) -> list[TensorGroup]:
    """Every tensor of the file, in groups.

    Args:
        architecture: the shapes of the model.

    Returns:
        The groups; a name can return with another shape (layers of different width).

    Assumes: the layout that llama.cpp's converter writes: norms and biases apart, experts stacked, text part only.

    Source: llama.cpp, the tensor list of each architecture.
    """
    return [*_outside(architecture), *_within(architecture)]


def _within(a: Architecture) -> list[TensorGroup]:
    """The layers' tensors; equal ones of several layers become one group."""
    merged: dict[TensorGroup, list[int]] = {}
    for layer in range(a.layers + a.prediction_layers):
        for group in layer_tensors(a, layer):
            merged.setdefault(group, []).append(layer)
    return [replace(group, layers=tuple(layers)) for group, layers in merged.items()]


def layer_tensors(architecture: Architecture, layer: int) -> list[TensorGroup]:
    """Tensors of one layer; one beyond the last is a prediction layer.

    Args:
        architecture: the shapes of the model
        layer: its number [1]

    Returns:
        The tensors.

    Source: llama.cpp, the tensor list of each architecture.
    """
    runs = architecture.runs(layer)
    held = [group if runs == 1 else replace(group, active=group.active * runs) for group in (_layer(architecture, layer) if runs else ())]
    return [*held, *_of_each_run(architecture, layer)]


def _of_each_run(a: Architecture, layer: int) -> Iterator[TensorGroup]:
    """What a layer has of its own beside matrices that it shares with others."""
    if a.adapters is None:
        return
    rank, width = a.adapters.rank, a.attention.input_size or a.hidden_size
    if a.attends(layer) and a.adapters.attention:
        for name, wide in (("q", a.heads(layer)), ("k", a.heads(layer)), ("v", a.heads(layer))):
            yield TensorGroup(f"attn_{name}_lora_a", width, rank)
            yield TensorGroup(f"attn_{name}_lora_b", rank, wide * a.head_dim(layer))
    if a.has_dense(layer):
        yield TensorGroup("ffn_up_lora_a", a.hidden_size, rank)
        yield TensorGroup("ffn_up_lora_b", rank, 2 * a.feed_forward_size(layer))
        yield TensorGroup("ffn_linear", a.hidden_size, a.hidden_size)


def _outside(a: Architecture) -> Iterator[TensorGroup]:
    width = a.hidden_size
    table = a.embedding_size or width
    rows = a.vocabulary_size + a.extra_rows
    yield TensorGroup("token_embd", table, rows, role="token_embedding", active=1.0 / rows, layers=(FIRST,))
    if table != width:
        yield TensorGroup("embd_proj_in", table, width, layers=(FIRST,))
        yield TensorGroup("embd_proj_out", width, table, layers=(LAST,))
    if a.position_embeddings:
        rows = a.context_length + a.positions_beyond
        yield TensorGroup("position_embd", width, rows, role="kept", active=1.0 / rows, layers=(FIRST,))
    if a.embedding_norm:
        yield TensorGroup("token_embd_norm", width, role="kept", layers=(0,))
        if a.norm_biases:
            yield TensorGroup("token_embd_norm_bias", width, role="kept", layers=(0,))
    if a.norms != "none" and a.output_norm:
        yield TensorGroup("output_norm", width, role="kept", layers=(LAST,))
    if a.norm_biases and a.output_norm:
        yield TensorGroup("output_norm_bias", width, role="kept", layers=(LAST,))
    if not a.tied_embeddings:
        yield TensorGroup("output", table, a.vocabulary_size, role="output", layers=(LAST,))
    if a.hypersphere:
        yield TensorGroup("output_scale", a.vocabulary_size, role="kept", layers=(LAST,))
    if a.start_vector:
        yield TensorGroup("hrm.z_l_init", width, role="kept", layers=(FIRST,))
    if a.output_bias:
        yield TensorGroup("output_bias", a.vocabulary_size, role="kept", layers=(LAST,))
    if a.block_residuals:
        yield TensorGroup("output_res_score", width, role="kept", layers=(LAST,))
    if a.messages is not None:
        yield TensorGroup("message_score", width, 4 * len(a.messages.layers), role="kept", layers=(LAST,))
    if a.hyper_rank > 0:
        yield from _compressed_streams("output_hc", width * a.hyper_connections, a.hyper_rank, LAST)
    elif a.hyper_connections > 0 and a.hyper_head:
        yield TensorGroup("output_hc_fn", width * a.hyper_connections, a.hyper_connections, role="kept", layers=(LAST,))
        yield TensorGroup("output_hc_base", a.hyper_connections, role="kept", layers=(LAST,))
        yield TensorGroup("output_hc_scale", 1, role="kept", layers=(LAST,))
    for number in range(a.attention.rope_factor_sets):
        first = a.factor_layers()[0]
        yield TensorGroup(f"rope_factors_{number}", a.attention.rope_factors, role="kept", is_parameter=False, layers=(first,))
    extra = a.per_layer_embeddings
    if extra is not None:
        all_layers = extra.size * a.layers
        rows = extra.rows or a.vocabulary_size
        yield TensorGroup("per_layer_token_embd", all_layers, rows, role="token_embedding", active=1.0 / rows, layers=(FIRST,))
        yield TensorGroup("per_layer_model_proj", width, all_layers, role="kept_matrix", layers=(0,))
        yield TensorGroup("per_layer_proj_norm", extra.size, role="kept", layers=(0,))
    runs = a.run_embeddings
    if runs is not None:
        active = width / runs.size / runs.rows
        yield TensorGroup("per_layer_token_embd", runs.size, runs.rows, role="token_embedding", active=active, layers=(FIRST,))
    streams = a.alternating_updates
    if streams is not None:
        yield TensorGroup("altup_proj", width, width, streams.streams - 1, role="kept_matrix", layers=(LAST,))
        yield TensorGroup("altup_unembd_proj", width, width, streams.streams - 1, role="kept_matrix", layers=(LAST,))


def _layer(a: Architecture, layer: int) -> Iterator[TensorGroup]:
    def vector(name: str, size: int) -> TensorGroup:
        return TensorGroup(name, size, role="kept")

    width = a.hidden_size
    mixes, feeds = a.attends(layer) or a.recurs(layer), a.has_dense(layer) or a.is_mixture(layer)
    for name in _norms_before(a, mixes=mixes, feeds=feeds):
        wide = a.attention.input_size if a.attends(layer) and a.attention.input_size is not None else width
        yield vector(name, wide)
        for part in ("attn_norm_k", "attn_norm_v") if name == "attn_norm" and _own_inputs(a, layer) else ():
            yield vector(part, wide)
        if a.norm_biases:
            yield vector(f"{name}_bias", wide)
    if a.norms == "after" or a.norms == "both":
        yield vector("post_attention_norm", width)
        yield vector("post_ffw_norm", width)
    if a.norm_after_feed_forward:
        yield vector("post_ffw_norm", width)
    for block in ("attn", "ffn") if a.residual_gates or a.hypersphere else ():
        yield vector(f"{block}_residual", width)
    if a.attends(layer):
        if a.attention.compressed is not None:
            yield from _compressed(a, a.attention.compressed, layer)
        else:
            yield from _latent(a, layer) if a.attention.latent is not None else _attention(a, layer)
    if a.recurs(layer) and a.recurrent is not None:
        yield from _time_mix(width, a.recurrent, layer) if shifts(a) else _recurrent(width, a.recurrent)
    yield from _channel_mix(a, layer) if shifts(a) else _feed_forward(a, layer)
    if a.per_layer_embeddings is not None:
        size = a.per_layer_embeddings.size
        yield TensorGroup("inp_gate", width, size)
        yield TensorGroup("proj", size, width)
        yield vector("post_norm", width)
    if a.alternating_updates is not None:
        yield from _alternating(width, a.alternating_updates.streams, a.alternating_updates.low_rank)
    if a.block_residuals:
        if layer > 0 or not a.attention.own_inputs:
            yield TensorGroup("attn_res_score", width, 3 if _own_inputs(a, layer) else 1, role="kept")
        yield vector("ffn_res_score", width)
    if a.messages is not None and layer in a.messages.layers:
        yield from _message_gates(width, a.messages.rank)
    if a.short_convolutions is not None and a.attends(layer):
        yield from _short_convolutions(a, a.short_convolutions, layer)
    if a.embeds_runs(layer) and a.run_embeddings is not None:
        yield from _run_embeddings(width, a.hyper_connections * width, a.run_embeddings.conv_kernel)
    if a.hyper_rank > 0:
        wide = width * a.hyper_connections
        for block in ("hc_attn", "hc_ffn"):
            yield from _compressed_streams(block, wide, a.hyper_rank)
            yield TensorGroup(f"{block}_inject", wide, a.hyper_connections)
    elif a.hyper_connections > 0:
        yield from _hyper_connections(width, a.hyper_connections, mixing=a.hyper_mixing)
    if a.layer_scale:
        yield vector("layer_output_scale", 1)
    if layer >= a.layers:
        yield TensorGroup("nextn.eh_proj", 2 * width, width)
        yield vector("nextn.enorm", width)
        yield vector("nextn.hnorm", width)
        yield vector("nextn.shared_head_norm", width)
        if a.prediction_embeddings:
            yield TensorGroup("nextn.embed_tokens", width, a.vocabulary_size)
            yield TensorGroup("nextn.shared_head_head", width, a.vocabulary_size)


def _own_inputs(a: Architecture, layer: int) -> bool:
    """Whether queries, keys and values of a layer have each an input of their own."""
    return a.attention.own_inputs and a.sees_all(layer)


def _message_gates(width: int, rank: int) -> Iterator[TensorGroup]:
    for name in ("q", "k", "v", "ffn"):
        yield TensorGroup(f"message_{name}_down", 2 * width, rank)
        yield TensorGroup(f"message_{name}_forget", rank, width)
        yield TensorGroup(f"message_{name}_up", rank, width)


def _short_convolutions(a: Architecture, c: ShortConvolutions, layer: int) -> Iterator[TensorGroup]:
    keys = a.kv_heads(layer) * a.head_dim(layer)
    for name, channels in (("k", keys), ("v", keys), ("attn", a.hidden_size), ("ffn", a.hidden_size)):
        yield TensorGroup(f"shortconv.{name}", c.kernel, channels, role="kept")
    for name in ("k", "v") if c.by_token and a.sees_all(layer) else ():
        yield TensorGroup(f"shortconv.{name}_proj", a.hidden_size, a.kv_heads(layer) * c.kernel)


def _distances(a: Architecture, d: Distances, layer: int) -> Iterator[TensorGroup]:
    window = a.attention.window
    seen = d.extent if window is None or a.sees_all(layer) else window.size
    yield TensorGroup("attn_rel", a.hidden_size, a.heads(layer) * d.size)
    yield TensorGroup("attn_rel_proj", seen, d.size, role="kept_matrix")
    if d.scaled:
        yield TensorGroup("attn_rel_scale", a.heads(layer) * d.size, role="kept")


def shifts(a: Architecture) -> bool:
    """Whether its blocks mix each token with the one before, as RWKV's do."""
    return a.recurrent is not None and a.recurrent.kind in ("rwkv-6", "rwkv-7")


def _norms_before(a: Architecture, *, mixes: bool, feeds: bool) -> list[str]:
    if a.norms == "after" or a.norms == "none":
        return []
    if a.norms == "shared" or a.blocks is not None:
        return ["attn_norm"]
    second = "attn_norm_2" if shifts(a) else "ffn_norm"
    return (["attn_norm"] if mixes else []) + ([second] if feeds else [])


def _attention(a: Architecture, layer: int) -> Iterator[TensorGroup]:
    t = a.attention
    head, heads = a.head_dim(layer), a.heads(layer)
    width = a.hidden_size if t.input_size is None else t.input_size
    query, key = heads * head, a.kv_heads(layer) * head
    values, weighed = a.kv_heads(layer) * a.value_dim(layer), heads * a.value_dim(layer)
    crosses = a.sees_pictures(layer)
    projects = a.has_cache(layer) or a.same_cache or a.traits.keeps_no_cache or t.shared_cache_projections or crosses
    value = projects and not (t.value_is_key and a.sees_all(layer))
    if t.fused_qkv:
        yield TensorGroup("attn_qkv", width, (2 if t.output_gate else 1) * query + key + values, role="value_fused")
    else:
        yield TensorGroup("attn_q", width, 2 * query if t.output_gate else query, role="query")
        if projects:
            yield TensorGroup("attn_k", width, key, role="key")
        if value:
            yield TensorGroup("attn_v", width, values, role="value")
    if t.gate is not None:
        yield TensorGroup("attn_gate", width, heads if t.gate == "per-head" else weighed)
    if t.gate_bias:
        yield TensorGroup("attn_gate_bias", heads, role="kept")
    if t.gate_value_bias:
        yield TensorGroup("attn_gate_value_bias", weighed, role="kept")
    yield TensorGroup("attn_output", weighed, a.hidden_size, role="attention_output")
    for name in ("attn_query_scale", "attn_gate_scale") if a.hypersphere else ():
        yield TensorGroup(name, query, role="kept")
    biases = [2 * query if t.output_gate else query, key, values] if t.qkv_bias else []
    biases += [a.hidden_size] if t.output_bias else []
    for number, size in enumerate(biases):
        yield TensorGroup(f"attn_bias_{number}", size, role="kept")
    if crosses:
        yield TensorGroup("cross_attn_attn_gate", 1, role="kept")
        yield TensorGroup("cross_attn_mlp_gate", 1, role="kept")
    if t.qk_norm is not None or crosses:
        yield TensorGroup("attn_q_norm", query if t.qk_norm == "whole" else head, role="kept", is_parameter=t.qk_norm != "constant")
        if projects:
            yield TensorGroup("attn_k_norm", key if t.qk_norm == "whole" else head, role="kept", is_parameter=t.qk_norm != "constant")
        for name in ("attn_q_norm_bias", "attn_k_norm_bias") if t.qk_norm_biases else ():
            yield TensorGroup(name, head, role="kept")
    if a.has_sinks(layer):
        yield TensorGroup("attn_sinks", heads, role="kept")
    if t.sinks_by_token:
        yield TensorGroup("attn_sinks_proj", width, heads)
    if t.query_scale:
        yield TensorGroup("attn_q_scale", query, role="kept")
    if t.distances is not None:
        yield from _distances(a, t.distances, layer)
    if t.indexer is not None and a.scores(layer):
        yield TensorGroup("indexer.q_proj", width, t.indexer.heads * t.indexer.head_dim, role="kept")
        yield TensorGroup("indexer.k_proj", width, t.indexer.head_dim, role="kept")
        yield TensorGroup("indexer.q_norm", t.indexer.head_dim, role="kept")
        yield TensorGroup("indexer.k_norm", t.indexer.head_dim, role="kept")
    if t.sub_norm:
        yield TensorGroup("attn_sub_norm", weighed, role="kept")


def _latent(a: Architecture, layer: int) -> Iterator[TensorGroup]:
    t, latent = a.attention, a.latent_of(layer)
    assert latent is not None
    width, heads = a.hidden_size, a.heads(layer)
    query = heads * (latent.nope_dim + latent.rope_dim)
    if latent.query_rank > 0:
        yield TensorGroup("attn_q_a", width, latent.query_rank)
        yield TensorGroup("attn_q_a_norm", latent.query_rank, role="kept")
        yield TensorGroup("attn_q_b", latent.query_rank, query)
    else:
        yield TensorGroup("attn_q", width, query, role="query")
    yield TensorGroup("attn_kv_a_mqa", width, latent.kv_rank + latent.rope_dim)
    yield TensorGroup("attn_kv_a_norm", latent.kv_rank, role="kept")
    if latent.rope_norm:
        yield TensorGroup("attn_k_norm", latent.rope_dim, role="kept")
    if latent.cached_whole:
        yield TensorGroup("attn_kv_b", latent.kv_rank, heads * (latent.nope_dim + latent.value_dim), role="value")
    else:
        yield TensorGroup("attn_k_b", latent.nope_dim, latent.kv_rank, heads)
        yield TensorGroup("attn_v_b", latent.kv_rank, latent.value_dim, heads)
    if t.gate is not None:
        yield TensorGroup("attn_gate", width, heads if t.gate == "per-head" else heads * latent.value_dim)
    yield TensorGroup("attn_output", heads * latent.value_dim, width, role="attention_output")
    if t.qkv_bias:
        if latent.query_rank > 0:
            yield TensorGroup("attn_q_a_bias", latent.query_rank, role="kept")
        yield TensorGroup("attn_kv_a_mqa_bias", latent.kv_rank + latent.rope_dim, role="kept")
    if t.output_bias:
        yield TensorGroup("attn_output_bias", width, role="kept")
    if a.has_sinks(layer):
        yield TensorGroup("attn_sinks", heads, role="kept")
    if t.indexer is not None and a.scores(layer):
        yield TensorGroup("indexer.k_norm", t.indexer.head_dim, role="kept")
        yield TensorGroup("indexer.k_norm_bias", t.indexer.head_dim, role="kept")
        yield TensorGroup("indexer.proj", width, t.indexer.heads)
        yield TensorGroup("indexer.attn_k", width, t.indexer.head_dim)
        yield TensorGroup("indexer.attn_q_b", latent.query_rank, t.indexer.heads * t.indexer.head_dim)
        if t.indexer.pool is not None:
            yield TensorGroup("indexer_compressor_gate", width, t.indexer.head_dim)
            yield TensorGroup("indexer_compressor_ape", t.indexer.head_dim, t.indexer.pool, role="kept")


def _compressed(a: Architecture, c: CompressedAttention, layer: int) -> Iterator[TensorGroup]:
    width, head, heads, indexer = a.hidden_size, a.attention.head_dim, a.attention.heads, a.attention.indexer
    yield TensorGroup("attn_sinks", heads, role="kept")
    yield TensorGroup("attn_q_a", width, c.query_rank)
    yield TensorGroup("attn_q_a_norm", c.query_rank, role="kept")
    yield TensorGroup("attn_q_b", c.query_rank, heads * head)
    yield TensorGroup("attn_kv", width, head)
    yield TensorGroup("attn_kv_a_norm", head, role="kept")
    yield TensorGroup("attn_output_a", heads * head // c.output_groups, c.output_rank * c.output_groups)
    yield TensorGroup("attn_output_b", c.output_groups * c.output_rank, width)
    rate = c.rates[layer] if layer < a.layers else 0
    if rate == 0:
        return
    yield from _compressor(width, head * (2 if a.scores(layer) else 1), head, rate, "attn_compressor")
    if a.scores(layer) and indexer is not None:
        yield TensorGroup("indexer.proj", width, indexer.heads)
        yield TensorGroup("indexer.attn_q_b", c.query_rank, indexer.heads * indexer.head_dim)
        yield from _compressor(width, 2 * indexer.head_dim, indexer.head_dim, rate, "indexer_compressor")


def _compressor(width: int, wide: int, head: int, rate: int, name: str) -> Iterator[TensorGroup]:
    """Several tokens become one: weighed by a gate and by their place in the block."""
    yield TensorGroup(f"{name}_kv", width, wide)
    yield TensorGroup(f"{name}_gate", width, wide)
    yield TensorGroup(f"{name}_ape", wide, rate, role="kept")
    yield TensorGroup(f"{name}_norm", head, role="kept")


def _compressed_streams(block: str, wide: int, rank: int, *outside: int) -> Iterator[TensorGroup]:
    """What makes one of all residual streams."""
    yield TensorGroup(f"{block}_norm", wide, role="kept", layers=outside)
    yield TensorGroup(f"{block}_down", wide, rank, layers=outside)
    yield TensorGroup(f"{block}_up", rank, wide, layers=outside)


def _run_embeddings(width: int, wide: int, kernel: int) -> Iterator[TensorGroup]:
    """What adds the embeddings of runs of tokens to the residual streams."""
    yield TensorGroup("ple_key", width, wide)
    yield TensorGroup("ple_value", width, width)
    for name in ("key", "query", "conv"):
        yield TensorGroup(f"ple_norm_{name}", wide, role="kept")
    yield TensorGroup("ple_conv1d", kernel, wide)


def _hyper_connections(width: int, streams: int, *, mixing: bool) -> Iterator[TensorGroup]:
    weights = (2 + streams if mixing else 2) * streams
    for block in ("attn", "ffn"):
        yield TensorGroup(f"hc_{block}_fn", width * streams, weights, role="kept")
        yield TensorGroup(f"hc_{block}_base", weights, role="kept")
        yield TensorGroup(f"hc_{block}_scale", 3 if mixing else 2, role="kept")


def _recurrent(width: int, r: Recurrent) -> Iterator[TensorGroup]:
    if r.kind == "short-convolution":
        yield TensorGroup("shortconv.conv", r.conv_kernel, width, role="kept")
        yield TensorGroup("shortconv.in_proj", width, 3 * width)
        yield TensorGroup("shortconv.out_proj", width, width)
        for name, size in (("conv", width), ("in_proj", 3 * width)) if r.input_bias else ():
            yield TensorGroup(f"shortconv.{name}_bias", size, role="kept")
        if r.output_bias:
            yield TensorGroup("shortconv.out_proj_bias", width, role="kept")
        return
    if r.kind == "mamba-1":
        yield from _mamba_1(width, r)
        return
    if r.kind == "gated-linear":
        yield from _gated_linear(width, r)
        return
    if r.kind == "lightning":
        yield TensorGroup("attn_qkv", width, 3 * r.inner_size, role="value_fused")
        yield TensorGroup("attn_gate", width, r.inner_size)
        yield TensorGroup("ssm_norm", r.inner_size, role="kept")
        yield TensorGroup("ssm_out", r.inner_size, width)
        return
    if r.kind == "kimi-delta":
        yield from _kimi_delta(width, r)
        return
    convolved = r.inner_size + 2 * r.groups * r.state_size
    yield TensorGroup("ssm_conv1d", r.conv_kernel, convolved, role="kept")
    yield TensorGroup("ssm_dt", r.heads, role="kept")
    yield TensorGroup("ssm_a", r.heads, role="kept")
    if r.kind == "gated-delta-net":
        yield TensorGroup("attn_qkv", width, convolved, role="value")
        yield TensorGroup("attn_gate", width, r.inner_size)
        if r.fused_beta_alpha:
            yield TensorGroup("ssm_ba", width, 2 * r.heads)
        else:
            yield TensorGroup("ssm_beta", width, r.heads)
            yield TensorGroup("ssm_alpha", width, r.heads)
        if r.norm:
            yield TensorGroup("ssm_norm", r.inner_size // r.heads, role="kept")
    else:
        yield TensorGroup("ssm_in", width, r.inner_size + convolved + r.heads)
        if r.input_bias:
            yield TensorGroup("ssm_in_bias", r.inner_size + convolved + r.heads, role="kept")
        if r.conv_bias:
            yield TensorGroup("ssm_conv1d_bias", convolved, role="kept")
        yield TensorGroup("ssm_d", r.heads, role="kept")
        if r.norm:
            yield TensorGroup("ssm_norm", r.inner_size // r.groups, r.groups, role="kept")
    yield TensorGroup("ssm_out", r.inner_size, width)
    if r.output_bias:
        yield TensorGroup("ssm_out_bias", width, role="kept")


def _time_mix(width: int, r: Recurrent, layer: int) -> Iterator[TensorGroup]:
    """RWKV's mix of tokens: what each projection sees of the token before, small projections for decay and rates, and four large ones."""
    sixth = r.kind == "rwkv-6"
    gated = len(r.ranks) > GATE_RANK
    yield TensorGroup("time_mix_lerp_fused", width, 1, 6 if gated else 5, role="kept")
    if sixth:
        mix, decay = r.ranks
        yield TensorGroup("time_mix_w1", width, 5 * mix, role="kept")
        yield TensorGroup("time_mix_w2", mix, width, 5, role="kept")
        yield TensorGroup("time_mix_lerp_x", width, role="kept")
        yield TensorGroup("time_mix_first", r.state_size, r.heads, role="kept")
        yield TensorGroup("time_mix_decay", width, role="kept")
        yield TensorGroup("time_mix_decay_w1", width, decay, role="kept")
        yield TensorGroup("time_mix_decay_w2", decay, width, role="kept")
        yield TensorGroup("time_mix_gate", width, width)
    else:
        decay, rate, value = r.ranks[:GATE_RANK]
        # The first layer's values mix with nothing: its file has copies of other tensors in these places.
        for name, rank, real in (("w", decay, True), ("a", rate, True), ("v", value if layer > 0 else rate, layer > 0)):
            role = "kept" if name == "w" else "kept_matrix"
            yield TensorGroup(f"time_mix_{name}0", width, role="kept", is_parameter=real)
            yield TensorGroup(f"time_mix_{name}1", width, rank, role=role, is_parameter=real)
            yield TensorGroup(f"time_mix_{name}2", rank, width, role=role, is_parameter=real)
        if gated:
            yield TensorGroup("time_mix_g1", width, r.ranks[GATE_RANK], role="kept_matrix")
            yield TensorGroup("time_mix_g2", r.ranks[GATE_RANK], width, role="kept_matrix")
        for name in ("k_k", "k_a", "r_k"):
            yield TensorGroup(f"time_mix_{name}", width, role="kept")
    for name in ("key", "value", "receptance", "output"):
        yield TensorGroup(f"time_mix_{name}", width, width)
    yield TensorGroup("time_mix_ln", width, role="kept")
    yield TensorGroup("time_mix_ln_bias", width, role="kept")


def _channel_mix(a: Architecture, layer: int) -> Iterator[TensorGroup]:
    """RWKV's feed-forward block, which sees the token before as well."""
    width, size = a.hidden_size, a.feed_forward_size(layer)
    yield TensorGroup("channel_mix_lerp_k", width, role="kept")
    yield TensorGroup("channel_mix_key", width, size)
    yield TensorGroup("channel_mix_value", size, width)
    if a.recurrent is not None and a.recurrent.kind == "rwkv-6":
        yield TensorGroup("channel_mix_lerp_r", width, role="kept")
        yield TensorGroup("channel_mix_receptance", width, width)


def _mamba_1(width: int, r: Recurrent) -> Iterator[TensorGroup]:
    yield TensorGroup("ssm_in", width, 2 * r.inner_size)
    yield TensorGroup("ssm_conv1d", r.conv_kernel, r.inner_size, role="kept")
    if r.conv_bias:
        yield TensorGroup("ssm_conv1d_bias", r.inner_size, role="kept")
    yield TensorGroup("ssm_x", r.inner_size, r.rank + 2 * r.state_size)
    yield TensorGroup("ssm_dt", r.rank, r.inner_size)
    yield TensorGroup("ssm_dt_bias", r.inner_size, role="kept")
    yield TensorGroup("ssm_a", r.state_size, r.inner_size, role="kept")
    yield TensorGroup("ssm_d", r.inner_size, role="kept")
    yield TensorGroup("ssm_out", r.inner_size, width)
    if r.input_bias:
        yield TensorGroup("ssm_in_bias", 2 * r.inner_size, role="kept")
    if r.output_bias:
        yield TensorGroup("ssm_out_bias", width, role="kept")
    if r.norm:
        yield TensorGroup("ssm_dt_norm", r.rank, role="kept")
        yield TensorGroup("ssm_b_norm", r.state_size, role="kept")
        yield TensorGroup("ssm_c_norm", r.state_size, role="kept")


def _gated_linear(width: int, r: Recurrent) -> Iterator[TensorGroup]:
    """Griffin's recurrence: two paths, one convolved and held by gates of blocks of channels."""
    block = r.inner_size // r.heads
    for name in ("lru_x", "lru_y"):
        yield TensorGroup(name, width, r.inner_size)
        yield TensorGroup(f"{name}_bias", r.inner_size, role="kept")
    yield TensorGroup("ssm_conv1d", r.conv_kernel, r.inner_size, role="kept")
    yield TensorGroup("ssm_conv1d_bias", r.inner_size, role="kept")
    for name in ("lru_input_gate", "lru_recurrent_gate"):
        yield TensorGroup(name, block, block, r.heads)
        yield TensorGroup(f"{name}_bias", r.inner_size, role="kept")
    yield TensorGroup("ssm_a", r.inner_size, role="kept")
    yield TensorGroup("ssm_out", r.inner_size, width)
    yield TensorGroup("ssm_out_bias", width, role="kept")


def _kimi_delta(width: int, r: Recurrent) -> Iterator[TensorGroup]:
    for name, role in (("q", "query"), ("k", "key"), ("v", "value")):
        yield TensorGroup(f"ssm_conv1d_{name}", r.conv_kernel, r.inner_size, role="kept")
        yield TensorGroup(f"attn_{name}", width, r.inner_size, role=role)
    for name, rank in (("f", r.rank), ("g", 0 if r.full_gate else r.rank)):
        yield TensorGroup("ssm_g" if r.full_gate and rank == 0 else f"ssm_{name}_a", width, rank or r.inner_size)
        if rank > 0:
            yield TensorGroup(f"ssm_{name}_b", rank, r.inner_size)
    yield TensorGroup("ssm_beta", width, r.heads)
    yield TensorGroup("ssm_a", r.heads, role="kept")
    yield TensorGroup("ssm_dt_bias", r.inner_size, role="kept")
    yield TensorGroup("ssm_norm", r.state_size, role="kept")
    yield TensorGroup("attn_output", r.inner_size, width, role="attention_output")


def narrowed(e: Experts) -> str:
    """What files call the matrices that lead to a width of the routed experts' own, without their direction."""
    return "ffn_routed" if e.width_norm else "ffn_latent"


def _feed_forward(a: Architecture, layer: int) -> Iterator[TensorGroup]:
    width = a.hidden_size
    block, experts = a.feed_forward, a.experts
    if a.has_dense(layer) and block is not None:
        size = a.feed_forward_size(layer)
        if block.fused_gate_up:
            yield TensorGroup("ffn_up", width, 2 * size, role="gate_up")
        else:
            if block.gated:
                yield TensorGroup("ffn_gate", width, size, role="gate_up")
            yield TensorGroup("ffn_up", width, size, role="gate_up")
        yield TensorGroup("ffn_down", size, width, role="down")
        for name in ("ffn_gate_scale", "ffn_up_scale") if a.hypersphere else ():
            yield TensorGroup(name, size, role="kept")
        if block.sub_norm:
            yield TensorGroup("ffn_sub_norm", size, role="kept")
        if a.output_scales:
            yield TensorGroup("ffn_scale", 1, role="kept")
        if block.biases:
            if block.gated:
                yield TensorGroup("ffn_gate_bias", size, role="kept")
            yield TensorGroup("ffn_up_bias", size, role="kept")
            yield TensorGroup("ffn_down_bias", width, role="kept")
    if not a.is_mixture(layer) or experts is None:
        return
    number, size, active = experts.count, experts.size, experts.used / experts.count
    inside = width if experts.width is None else experts.width
    scored = number + experts.idle + experts.shared_scored
    yield TensorGroup("ffn_gate_inp", width, scored, role="kept_matrix" if experts.half_router else "kept")
    if a.output_scales:
        yield TensorGroup("exp_scale", 1, role="kept")
    if experts.width is not None:
        yield TensorGroup(f"{narrowed(experts)}_down", width, inside)
        yield TensorGroup(f"{narrowed(experts)}_up", inside, width)
        if experts.width_norm:
            yield TensorGroup("ffn_routed_norm", inside, role="kept")
        if experts.shared_biases:
            yield TensorGroup("ffn_latent_down_bias", inside, role="kept")
            yield TensorGroup("ffn_latent_up_bias", width, role="kept")
    if experts.fused_gate_up:
        yield TensorGroup("ffn_gate_up_exps", inside, 2 * size, number, role="gate_up", active=active)
    else:
        if experts.gated:
            yield TensorGroup("ffn_gate_exps", inside, size, number, role="gate_up", active=active)
        yield TensorGroup("ffn_up_exps", inside, size, number, role="gate_up", active=active)
    yield TensorGroup("ffn_down_exps", size, inside, number, role="down", active=active)
    if experts.output_norm:
        yield TensorGroup("ffn_norm_exps_output", inside, role="kept")
    if experts.picture_size > 0:
        yield from _of_pictures(width, experts)
    if experts.biases:
        yield TensorGroup("ffn_gate_inp_bias", number, role="kept")
        yield TensorGroup("ffn_gate_exps_bias", size, number, role="kept", active=active)
        yield TensorGroup("ffn_up_exps_bias", size, number, role="kept", active=active)
        yield TensorGroup("ffn_down_exps_bias", inside, number, role="kept", active=active)
    if layer < experts.hash_layers:
        yield TensorGroup("ffn_gate_tid2eid", experts.used, a.vocabulary_size, role="kept", is_parameter=False, active=0.0)
    elif experts.selection_bias:
        yield TensorGroup("exp_probs_b", number + experts.idle, role="kept")
    if experts.shared_size > 0:
        if experts.shared_gate:
            yield TensorGroup("ffn_gate_inp_shexp", width, role="kept")
        if experts.gated:
            yield TensorGroup("ffn_gate_shexp", width, experts.shared_size, role="gate_up")
        yield TensorGroup("ffn_up_shexp", width, experts.shared_size, role="gate_up")
        yield TensorGroup("ffn_down_shexp", experts.shared_size, width, role="down")
        if experts.shared_biases:
            if experts.gated:
                yield TensorGroup("ffn_gate_shexp_bias", experts.shared_size, role="kept")
            yield TensorGroup("ffn_up_shexp_bias", experts.shared_size, role="kept")
            yield TensorGroup("ffn_down_shexp_bias", width, role="kept")
    if experts.own_norm:
        yield TensorGroup("ffn_norm_exps", width, role="kept")
    if experts.beside_dense and experts.beside_norms:
        yield TensorGroup("ffn_gate_inp_scale", width, role="kept")
        yield TensorGroup("ffn_down_exps_scale", number, role="kept")
        yield TensorGroup("pre_ffw_norm_2", width, role="kept")
        yield TensorGroup("post_ffw_norm_1", width, role="kept")
        yield TensorGroup("post_ffw_norm_2", width, role="kept")


def _of_pictures(width: int, e: Experts) -> Iterator[TensorGroup]:
    """Experts that tokens of text never visit."""
    yield TensorGroup("ffn_gate_inp_vis", width, e.count, role="kept", active=0.0)
    if e.selection_bias:
        yield TensorGroup("exp_probs_b_vis", e.count, role="kept", active=0.0)
    for name in ("ffn_gate_exps_vis", "ffn_up_exps_vis"):
        yield TensorGroup(name, width, e.picture_size, e.count, role="gate_up", active=0.0)
    yield TensorGroup("ffn_down_exps_vis", e.picture_size, width, e.count, role="down", active=0.0)


def _alternating(width: int, streams: int, low_rank: int) -> Iterator[TensorGroup]:
    yield TensorGroup("altup_correct_coef", streams, streams, role="kept")
    yield TensorGroup("altup_correct_scale", width, role="kept")
    yield TensorGroup("altup_predict_coef", streams, streams * streams, role="kept")
    yield TensorGroup("altup_router", width, streams, role="kept_matrix")
    yield TensorGroup("altup_router_norm", width, role="kept")
    yield TensorGroup("laurel_l", width, low_rank, role="kept_matrix")
    yield TensorGroup("laurel_r", low_rank, width, role="kept_matrix")
    yield TensorGroup("laurel_post_norm", width, role="kept")
