"""Tensors of blocks with a recurrent state."""

from __future__ import annotations

from collections.abc import Iterator

from macros.formulas.tensors.group import TensorGroup
from macros.specs.architectures import Architecture, Recurrent

GATE_RANK = 3
"""Where RWKV-7's ranks have that of its gate, if it has one."""


def shifts(a: Architecture) -> bool:
    """Whether its blocks mix each token with the one before, as RWKV's do."""
    return a.recurrent is not None and a.recurrent.kind in ("rwkv-6", "rwkv-7")


def recurrence(a: Architecture, layer: int) -> Iterator[TensorGroup]:
    """Tensors of a layer's recurrence.

    Args:
        a: the shapes of the model
        layer: its number [1]

    Returns:
        The tensors, in groups without layers.

    Source: llama.cpp, the tensor list of each architecture.
    """
    assert a.recurrent is not None
    return _time_mix(a.hidden_size, a.recurrent, layer) if shifts(a) else _recurrent(a.hidden_size, a.recurrent)


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


def channel_mix(a: Architecture, layer: int) -> Iterator[TensorGroup]:
    """RWKV's feed-forward block, which sees the token before as well.

    Args:
        a: the shapes of the model
        layer: its number [1]

    Returns:
        The tensors, in groups without layers.

    Source: llama.cpp, the tensor list of RWKV.
    """
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
