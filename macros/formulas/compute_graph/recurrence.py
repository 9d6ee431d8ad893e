"""Layers with a state of constant size: short convolutions, Mamba, delta nets."""

from __future__ import annotations

from collections.abc import Sequence

from macros.formulas.compute_graph.passes import FLOAT, WORD, Pass
from macros.specs.architectures import Recurrent


def convolved_channels(r: Recurrent, hidden_size: int) -> int:
    """Channels that a layer's convolution goes over."""
    return hidden_size if r.kind == "short-convolution" else r.inner_size + 2 * r.groups * r.state_size


def stored_state(p: Pass, layer: int, values: int) -> int:
    """What a layer remembers of each sequence."""
    return p.graph.stored(FLOAT * p.b.sequences * values, layer)


def _clear(p: Pass, stored: int) -> None:
    """Begin with the state that new sequences get: none in a plan, but the engine makes room for none."""
    p.graph.expand(p.graph.write(stored, (p.graph.view(stored),)))


def _move_others(p: Pass, stored: int, values: int) -> None:
    """States of sequences that are not in the pass move: none in a plan, but later builds read those behind the first all the same."""
    g = p.graph
    rest = p.inputs["state_index_rest"]
    moved = g.fresh(g.sizes[rest] // WORD * FLOAT * values, 0, (stored, rest))
    g.expand(g.write(stored, (g.view(moved) if p.b.build.gathers_states else moved,)))


def past_states(p: Pass, stored: int, values: int) -> int:
    """The states of the sequences of the pass."""
    g = p.graph
    _clear(p, stored)
    size = FLOAT * p.b.sequences * values
    if p.b.build.gathers_states:
        everyone = g.fresh(size, 0, (g.view(stored), p.inputs["state_index_all"]))
        states = g.view(everyone)
        g.expand(states)
        g.expand(g.write(stored, (g.view(everyone),)))
        return states
    states = g.fresh(size, 0, (g.view(stored), p.inputs["state_index"]))
    g.expand(states)
    _move_others(p, stored, values)
    return states


def _convolve(p: Pass, r: Recurrent, channels: int, kernel: int, past: int, x: int, stored: int) -> int:
    """Put what is remembered before the tokens `x`, remember the last ones, and convolve."""
    g, b = p.graph, p.b
    kept = (r.conv_kernel - 1) * channels
    seen = g.fresh(FLOAT * (b.tokens * channels + b.sequences * kept), b.tokens, (g.view(past), x))
    # Of the last tokens of each channel a view: it spans nearly all.
    last = FLOAT * (g.sizes[seen] // FLOAT - (b.tokens // b.sequences))
    g.expand(g.write(stored, (g.view(seen, b.tokens, last),)))
    return g.fresh(FLOAT * b.tokens * channels, b.tokens, (seen, kernel))


def recurrent(p: Pass, r: Recurrent, layer: int, n: int) -> int:
    """A recurrent layer over a row `n` of each token: what it adds to the residual stream."""
    match r.kind:
        case "short-convolution":
            return _short_convolution(p, r, layer, n)
        case "mamba-1":
            return _mamba_1(p, r, layer, n)
        case "mamba-2":
            return _mamba_2(p, r, layer, n)
        case "gated-delta-net":
            return _gated_delta_net(p, r, layer, n)
        case "lightning":
            return _lightning(p, r, layer, n)
        case "gated-linear":
            return _gated_linear(p, r, layer, n)
    return _kimi_delta(p, r, layer, n)


def _lightning(p: Pass, r: Recurrent, layer: int, n: int) -> int:
    """Linear attention with a state and a gate; not compared with the engine's pass."""
    g, inner, values = p.graph, r.inner_size, r.state_size * r.inner_size
    stored = stored_state(p, layer, values)
    past = past_states(p, stored, values)
    mixed = p.project(layer, "attn_qkv", g.view(n), 3 * inner)
    weighed = g.fresh(FLOAT * p.b.tokens * inner, p.b.tokens, (mixed, past))
    gate = p.project(layer, "attn_gate", g.view(n), inner)
    return p.project(layer, "ssm_out", p.each(p.norm(layer, weighed, inner, "ssm_norm"), inner, (gate,)), p.a.hidden_size)


def _gated_linear(p: Pass, r: Recurrent, layer: int, n: int) -> int:
    """A recurrence of single channels behind a convolution, beside a gate; not compared with an engine's pass."""
    g, inner, kept = p.graph, r.inner_size, (r.conv_kernel - 1) * r.inner_size
    conv_state, state = stored_state(p, layer, kept), stored_state(p, layer, inner)
    past = past_states(p, conv_state, kept)
    x = p.project(layer, "lru_x", g.view(n), inner)
    conv = _convolve(p, r, inner, p.vector(layer, r.conv_kernel * inner, "ssm_conv1d"), past, x, conv_state)
    y = g.fresh(FLOAT * p.b.tokens * inner, p.b.tokens, (conv, past_states(p, state, inner)))
    gate = p.project(layer, "lru_y", g.view(n), inner)
    return p.project(layer, "ssm_out", p.each(y, inner, (gate,)), p.a.hidden_size)


def _short_convolution(p: Pass, r: Recurrent, layer: int, n: int) -> int:
    g, width = p.graph, p.a.hidden_size
    stored = stored_state(p, layer, (r.conv_kernel - 1) * width)
    all_three = p.project_each(layer, "shortconv.in_proj", g.view(n), 3 * width)
    part = p.part(all_three, width, 3 * width)
    gated = p.each(part, width, (p.part(all_three, width, 3 * width),))
    past = past_states(p, stored, (r.conv_kernel - 1) * width)
    conv = _convolve(p, r, width, p.vector(layer, r.conv_kernel * width, "shortconv.conv"), past, g.view(gated), stored)
    y = p.each(p.part(all_three, width, 3 * width), width, (conv,))
    return g.view(p.project_each(layer, "shortconv.out_proj", y, width))


def _mamba_1(p: Pass, r: Recurrent, layer: int, n: int) -> int:
    g, b, inner = p.graph, p.b, r.inner_size
    kept = (r.conv_kernel - 1) * inner
    conv_state, state = stored_state(p, layer, kept), stored_state(p, layer, r.state_size * inner)
    past = past_states(p, conv_state, kept)
    both = p.project_each(layer, "ssm_in", g.view(n), 2 * inner)
    conv = _convolve(p, r, inner, p.vector(layer, r.conv_kernel * inner, "ssm_conv1d"), past, p.part(both, inner, 2 * inner), conv_state)
    conv = p.each(p.each(conv, inner, (p.vector(layer, inner, "ssm_conv1d_bias"),)), inner)
    wide = r.rank + 2 * r.state_size
    parts = p.project_each(layer, "ssm_x", conv, wide)
    normed = r.norm
    dt, bs, cs = p.part(parts, r.rank, wide), p.part(parts, r.state_size, wide), p.part(parts, r.state_size, wide)
    if normed:
        dt = p.norm(layer, dt, r.rank, "ssm_dt_norm")
        bs, cs = p.norm(layer, bs, r.state_size, "ssm_b_norm"), p.norm(layer, cs, r.state_size, "ssm_c_norm")
    else:
        dt = p.made(dt, r.rank, (dt,))
    dt = p.project_each(layer, "ssm_dt", dt, inner)
    dt = p.each(dt, inner, (p.vector(layer, inner, "ssm_dt_bias"),))
    y = _scan(p, r, layer, state, (g.view(conv), dt, p.vector(layer, r.state_size * inner, "ssm_a"), bs, cs))
    y = p.each(g.view(y, b.tokens, FLOAT * b.tokens * inner), inner, (p.each(conv, inner, (p.vector(layer, inner, "ssm_d"),)),))
    z = p.part(both, inner, 2 * inner)
    y = p.made(y, inner, (p.made(z, inner, (z,)), y))
    return g.view(p.project_each(layer, "ssm_out", y, p.a.hidden_size))


def _scan(p: Pass, r: Recurrent, layer: int, state: int, inputs: Sequence[int]) -> int:
    """The scan of a Mamba: what it gives for each token, and after that the new states."""
    g, b = p.graph, p.b
    values = r.state_size * r.inner_size
    _clear(p, state)
    # What it gives is one long row, too few to be worth a device where its weights lie on the host.
    y = g.fresh(FLOAT * (b.tokens * r.inner_size + b.sequences * values), 1, (g.view(state), *inputs, p.inputs["state_index"]))
    g.expand(y)
    _move_others(p, state, values)
    g.expand(g.write(state, (g.view(y, b.tokens, FLOAT * b.sequences * values),)))
    return y


def _mamba_2(p: Pass, r: Recurrent, layer: int, n: int) -> int:
    g, b, inner = p.graph, p.b, r.inner_size
    channels = convolved_channels(r, p.a.hidden_size)
    kept = (r.conv_kernel - 1) * channels
    conv_state, state = stored_state(p, layer, kept), stored_state(p, layer, r.state_size * inner)
    past = past_states(p, conv_state, kept)
    row = inner + channels + r.heads
    everything = p.project(layer, "ssm_in", n, row)
    conv = _convolve(
        p, r, channels, p.vector(layer, r.conv_kernel * channels, "ssm_conv1d"), past, p.part(everything, channels, row), conv_state
    )
    conv = p.each(p.each(conv, channels, (p.vector(layer, channels, "ssm_conv1d_bias"),)), channels)
    dt = p.part(everything, r.heads, row)
    dt = p.each(p.made(dt, r.heads, (dt,)), r.heads, (p.vector(layer, r.heads, "ssm_dt"),))
    x = g.view(conv, b.tokens * r.heads, FLOAT * ((b.tokens - 1) * channels + inner))
    bs, cs = (p.part(conv, r.groups * r.state_size, channels) for _ in range(2))
    y = _scan(p, r, layer, state, (x, dt, p.vector(layer, r.heads, "ssm_a"), bs, cs))
    head = inner // r.heads
    y = p.each(g.view(y, b.tokens * r.heads, FLOAT * b.tokens * inner), head, (p.each(x, head, (p.vector(layer, r.heads, "ssm_d"),)),))
    z = p.part(everything, inner, row)
    y = p.made(z, inner, (p.made(z, inner, (z,)), y))
    if r.norm:
        y = g.view(y, b.tokens * r.groups)
        y = p.each(p.each(y, inner // r.groups), inner // r.groups, (p.vector(layer, inner, "ssm_norm"),))
    return p.project(layer, "ssm_out", g.view(y, b.tokens), p.a.hidden_size)


def _gated_delta_net(p: Pass, r: Recurrent, layer: int, n: int) -> int:
    g, b, inner = p.graph, p.b, r.inner_size
    keys, head = r.groups * r.state_size, r.inner_size // r.heads
    channels = convolved_channels(r, p.a.hidden_size)
    kept = (r.conv_kernel - 1) * channels
    conv_state, state = stored_state(p, layer, kept), stored_state(p, layer, r.state_size * inner)
    mixed = p.project(layer, "attn_qkv", n, channels)
    z = p.project(layer, "attn_gate", n, inner)
    if r.fused_beta_alpha:
        both = p.project(layer, "ssm_ba", n, 2 * r.heads)
        part = p.part(both, r.heads, 2 * r.heads)
        beta = p.each(p.made(part, r.heads, (part,)), r.heads)
        part = p.part(both, r.heads, 2 * r.heads)
        alpha = p.made(part, r.heads, (part,))
    else:
        beta = p.each(g.view(p.project(layer, "ssm_beta", n, r.heads)), r.heads)
        alpha = g.view(p.project(layer, "ssm_alpha", n, r.heads))
    alpha = p.each(p.each(alpha, r.heads, (p.vector(layer, r.heads, "ssm_dt"),)), r.heads)
    decay = p.each(alpha, r.heads, (p.vector(layer, r.heads, "ssm_a"),))
    past = past_states(p, conv_state, kept)
    seen = _convolve(p, r, channels, p.vector(layer, r.conv_kernel * channels, "ssm_conv1d"), past, g.view(mixed), conv_state)
    remembered = past_states(p, state, r.state_size * inner)
    conv = p.each(seen, channels)
    turned = []
    for _ in range(2):
        part = g.view(conv, b.tokens * r.groups, FLOAT * ((b.tokens - 1) * channels + keys))
        normed = p.each(part, r.state_size)
        if r.fused_beta_alpha and r.heads > r.groups:
            normed = g.view(g.fresh(FLOAT * b.tokens * inner, b.tokens * r.heads, (g.view(normed),)))
        turned.append(normed)
    q, k = turned
    y = _delta(p, r, state, (q, k, p.part(conv, inner, channels), g.view(decay), g.view(beta), g.view(remembered)))
    y = g.view(y, b.tokens * r.heads, FLOAT * b.tokens * inner)
    y = p.norm(layer, y, head, "ssm_norm")
    y = p.each(y, head, (p.each(g.view(z, b.tokens * r.heads), head),))
    return g.view(p.project_each(layer, "ssm_out", g.view(y, b.tokens), p.a.hidden_size))


def _delta(p: Pass, r: Recurrent, state: int, inputs: Sequence[int]) -> int:
    """A delta rule: what it gives for each token, and after that the new states."""
    g, b = p.graph, p.b
    values = b.sequences * r.state_size * r.inner_size
    y = g.fresh(FLOAT * (b.tokens * r.inner_size + b.snapshots * values), b.tokens, inputs)
    g.expand(g.write(state, (g.view(y, b.tokens, FLOAT * values),)))
    return y


def _kimi_delta(p: Pass, r: Recurrent, layer: int, n: int) -> int:
    """Kimi's delta attention: queries, keys and values have a convolution each."""
    g, b, inner = p.graph, p.b, r.inner_size
    head = inner // r.heads
    kept = (r.conv_kernel - 1) * inner
    conv_state, state = stored_state(p, layer, 3 * kept), stored_state(p, layer, r.state_size * inner)
    past = past_states(p, conv_state, 3 * kept)
    three = []
    for name in ("q", "k", "v"):
        x = p.project(layer, f"attn_{name}", n, inner)
        # Its kernel is looked at in another shape, and so decides nothing.
        kernel = g.view(p.vector(layer, r.conv_kernel * inner, f"ssm_conv1d_{name}"))
        seen = _convolve(p, r, inner, kernel, g.view(past, 0, FLOAT * b.sequences * kept), g.view(x), conv_state)
        three.append(g.view(p.each(g.view(seen), inner), b.tokens * r.heads))
    q, k, v = three
    decay = _through_rank(p, r, layer, "ssm_f", n)
    decay = p.each(p.each(decay, inner, (p.vector(layer, inner, "ssm_dt_bias"),)), inner)
    decay = g.view(p.each(g.view(decay), inner, (g.view(p.vector(layer, r.heads, "ssm_a")),)))
    beta = p.each(g.view(p.project(layer, "ssm_beta", n, r.heads)), r.heads)
    remembered = past_states(p, state, r.state_size * inner)
    q, k = p.each(q, head), p.each(k, head)
    y = _delta(p, r, state, (q, k, v, decay, beta, g.view(remembered)))
    y = g.fresh(FLOAT * b.tokens * inner, b.tokens, (g.view(y, b.tokens, FLOAT * b.tokens * inner),))
    gate = _through_rank(p, r, layer, "ssm_g", g.view(n))
    y = p.norm(layer, g.view(y, b.tokens * r.heads), head, "ssm_norm")
    y = p.each(y, head, (p.each(g.view(gate, b.tokens * r.heads), head),))
    y = g.fresh(FLOAT * b.tokens * inner, b.tokens, (y,))
    return p.project(layer, "attn_output", y, p.a.hidden_size)


def _through_rank(p: Pass, r: Recurrent, layer: int, name: str, n: int) -> int:
    """A projection to all heads, through a low rank where there is one."""
    if r.rank == 0:
        return p.project(layer, f"{name}_a", n, r.inner_size)
    return p.project(layer, f"{name}_b", p.project(layer, f"{name}_a", n, r.rank), r.inner_size)
