"""All tensors of a model, in its layers and outside of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from macros.formulas.remember import by_identity
from macros.formulas.tensors.attention import attention, short_convolutions
from macros.formulas.tensors.feed_forward import feed_forward
from macros.formulas.tensors.group import FIRST, LAST, TensorGroup
from macros.formulas.tensors.recurrence import channel_mix, recurrence, shifts
from macros.formulas.tensors.streams import alternating_updates, compressed_streams, hyper_connections, message_gates, run_embeddings
from macros.specs.architectures import Architecture


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
        yield from compressed_streams("output_hc", width * a.hyper_connections, a.hyper_rank, LAST)
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
        yield from attention(a, layer)
    if a.recurs(layer) and a.recurrent is not None:
        yield from recurrence(a, layer)
    yield from channel_mix(a, layer) if shifts(a) else feed_forward(a, layer)
    if a.per_layer_embeddings is not None:
        size = a.per_layer_embeddings.size
        yield TensorGroup("inp_gate", width, size)
        yield TensorGroup("proj", size, width)
        yield vector("post_norm", width)
    if a.alternating_updates is not None:
        yield from alternating_updates(width, a.alternating_updates.streams, a.alternating_updates.low_rank)
    if a.block_residuals:
        if layer > 0 or not a.attention.own_inputs:
            yield TensorGroup("attn_res_score", width, 3 if _own_inputs(a, layer) else 1, role="kept")
        yield vector("ffn_res_score", width)
    if a.messages is not None and layer in a.messages.layers:
        yield from message_gates(width, a.messages.rank)
    if a.short_convolutions is not None and a.attends(layer):
        yield from short_convolutions(a, a.short_convolutions, layer)
    if a.embeds_runs(layer) and a.run_embeddings is not None:
        yield from run_embeddings(width, a.hyper_connections * width, a.run_embeddings.conv_kernel)
    if a.hyper_rank > 0:
        wide = width * a.hyper_connections
        for block in ("hc_attn", "hc_ffn"):
            yield from compressed_streams(block, wide, a.hyper_rank)
            yield TensorGroup(f"{block}_inject", wide, a.hyper_connections)
    elif a.hyper_connections > 0:
        yield from hyper_connections(width, a.hyper_connections, mixing=a.hyper_mixing)
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


def _norms_before(a: Architecture, *, mixes: bool, feeds: bool) -> list[str]:
    if a.norms == "after" or a.norms == "none":
        return []
    if a.norms == "shared" or a.blocks is not None:
        return ["attn_norm"]
    second = "attn_norm_2" if shifts(a) else "ffn_norm"
    return (["attn_norm"] if mixes else []) + ([second] if feeds else [])
