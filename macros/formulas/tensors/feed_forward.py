"""Tensors of feed-forward blocks: dense ones, routed experts, and what stands beside those."""

from __future__ import annotations

from collections.abc import Iterator

from macros.formulas.tensors.group import TensorGroup
from macros.specs.architectures import Architecture, Experts, FeedForward


def narrowed(e: Experts) -> str:
    """What files call the matrices that lead to a width of the routed experts' own, without their direction."""
    return "ffn_routed" if e.width_norm else "ffn_latent"


def feed_forward(a: Architecture, layer: int) -> Iterator[TensorGroup]:
    """Tensors of a layer's feed-forward block, dense or a mixture of experts, or both side by side.

    Args:
        a: the shapes of the model
        layer: its number [1]

    Returns:
        The tensors, in groups without layers.

    Source: llama.cpp, the tensor list of each architecture.
    """
    if a.has_dense(layer) and a.feed_forward is not None:
        yield from _dense(a, a.feed_forward, a.feed_forward_size(layer))
    if a.is_mixture(layer) and a.experts is not None:
        yield from _mixture(a, a.experts, layer)


def _dense(a: Architecture, block: FeedForward, size: int) -> Iterator[TensorGroup]:
    width = a.hidden_size
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


def _mixture(a: Architecture, e: Experts, layer: int) -> Iterator[TensorGroup]:
    """The router, the routed experts, and what chooses among and stands beside them."""
    width = a.hidden_size
    scored = e.count + e.idle + e.shared_scored
    yield TensorGroup("ffn_gate_inp", width, scored, role="kept_matrix" if e.half_router else "kept")
    if a.output_scales:
        yield TensorGroup("exp_scale", 1, role="kept")
    if e.width is not None:
        yield from _narrowing(width, e, e.width)
    yield from _routed(width if e.width is None else e.width, e)
    if e.picture_size > 0:
        yield from _of_pictures(width, e)
    if e.biases:
        yield from _biases(width if e.width is None else e.width, e)
    if layer < e.hash_layers:
        yield TensorGroup("ffn_gate_tid2eid", e.used, a.vocabulary_size, role="kept", is_parameter=False, active=0.0)
    elif e.selection_bias:
        yield TensorGroup("exp_probs_b", e.count + e.idle, role="kept")
    if e.shared_size > 0:
        yield from _shared(width, e)
    if e.own_norm:
        yield TensorGroup("ffn_norm_exps", width, role="kept")
    if e.beside_dense and e.beside_norms:
        yield from _norms_beside(width, e)


def _narrowing(width: int, e: Experts, inside: int) -> Iterator[TensorGroup]:
    """From the model's width to that of the routed experts, and back."""
    yield TensorGroup(f"{narrowed(e)}_down", width, inside)
    yield TensorGroup(f"{narrowed(e)}_up", inside, width)
    if e.width_norm:
        yield TensorGroup("ffn_routed_norm", inside, role="kept")
    if e.shared_biases:
        yield TensorGroup("ffn_latent_down_bias", inside, role="kept")
        yield TensorGroup("ffn_latent_up_bias", width, role="kept")


def _routed(inside: int, e: Experts) -> Iterator[TensorGroup]:
    """The routed experts, stacked; a token visits some of them."""
    active = e.used / e.count
    if e.fused_gate_up:
        yield TensorGroup("ffn_gate_up_exps", inside, 2 * e.size, e.count, role="gate_up", active=active)
    else:
        if e.gated:
            yield TensorGroup("ffn_gate_exps", inside, e.size, e.count, role="gate_up", active=active)
        yield TensorGroup("ffn_up_exps", inside, e.size, e.count, role="gate_up", active=active)
    yield TensorGroup("ffn_down_exps", e.size, inside, e.count, role="down", active=active)
    if e.output_norm:
        yield TensorGroup("ffn_norm_exps_output", inside, role="kept")


def _biases(inside: int, e: Experts) -> Iterator[TensorGroup]:
    active = e.used / e.count
    yield TensorGroup("ffn_gate_inp_bias", e.count, role="kept")
    yield TensorGroup("ffn_gate_exps_bias", e.size, e.count, role="kept", active=active)
    yield TensorGroup("ffn_up_exps_bias", e.size, e.count, role="kept", active=active)
    yield TensorGroup("ffn_down_exps_bias", inside, e.count, role="kept", active=active)


def _shared(width: int, e: Experts) -> Iterator[TensorGroup]:
    """The experts that every token visits, as one block."""
    if e.shared_gate:
        yield TensorGroup("ffn_gate_inp_shexp", width, role="kept")
    if e.gated:
        yield TensorGroup("ffn_gate_shexp", width, e.shared_size, role="gate_up")
    yield TensorGroup("ffn_up_shexp", width, e.shared_size, role="gate_up")
    yield TensorGroup("ffn_down_shexp", e.shared_size, width, role="down")
    if e.shared_biases:
        if e.gated:
            yield TensorGroup("ffn_gate_shexp_bias", e.shared_size, role="kept")
        yield TensorGroup("ffn_up_shexp_bias", e.shared_size, role="kept")
        yield TensorGroup("ffn_down_shexp_bias", width, role="kept")


def _norms_beside(width: int, e: Experts) -> Iterator[TensorGroup]:
    """Scales and norms of experts that work beside a dense block."""
    yield TensorGroup("ffn_gate_inp_scale", width, role="kept")
    yield TensorGroup("ffn_down_exps_scale", e.count, role="kept")
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
