"""Layers of RWKV: each token is mixed with the one before it, and with a state; what is remembered stands before the tokens."""

from __future__ import annotations

from macros.formulas.compute_graph.feed_forward import dense
from macros.formulas.compute_graph.passes import FLOAT, Pass
from macros.formulas.compute_graph.recurrence import past_states, stored_state
from macros.specs.architectures import Recurrent

GATED = 4
"""So many ranks has a mix of tokens whose gate is compressed, too."""


def rwkv_layer(p: Pass, r: Recurrent, layer: int, x: int, *, chooses: bool) -> int:
    """A layer: the mix of tokens, then a mix of channels, which sees the token before as well, or a usual block.

    Source: llama.cpp, rwkv6.cpp, rwkv6qwen2.cpp, rwkv7.cpp and arwkv7.cpp.
    """
    a, g, inner = p.a, p.graph, r.inner_size
    x = g.view(x)
    stored = stored_state(p, layer, r.shifts * inner)
    before = g.view(past_states(p, stored, r.shifts * inner))
    n = _normed(p, layer, x, "attn_norm")
    mixed = _mixed(p, r, layer, n, _shifted(p, before, n, inner))
    if r.shifts == 1:
        g.expand(g.write(stored, (g.view(n),)))
        added = g.view(p.each(mixed, inner, (x,)))
        added = p.chosen(added, inner) if chooses else added
        f = dense(p, layer, _normed(p, layer, added, "ffn_norm"), a.feed_forward_size(layer))
        return p.each(f, inner, (added,))
    added = p.each(mixed, inner, (x,))
    n_2 = _normed(p, layer, added, "attn_norm_2")
    shifted = _shifted(p, before, n_2, inner)
    last = g.fresh(FLOAT * p.b.sequences * 2 * inner, p.b.sequences, (g.view(n), g.view(n_2)))
    g.expand(g.write(stored, (g.view(last),)))
    added, n_2, shifted = g.view(added), g.view(n_2), g.view(shifted)
    if chooses:
        added, n_2, shifted = p.chosen(added, inner), p.chosen(n_2, inner), p.chosen(shifted, inner)
    return p.each(_channels(p, r, layer, n_2, shifted), inner, (added,))


def _normed(p: Pass, layer: int, x: int, name: str) -> int:
    return p.norm(layer, x, p.a.hidden_size, name, centred=p.centres(), biased=p.a.norm_biases)


def _shifted(p: Pass, before: int, n: int, inner: int) -> int:
    """For each token the one before it."""
    return p.made(n, inner, (before, p.graph.view(n)))


def _lerped(p: Pass, layer: int, difference: int, x: int, name: str) -> int:
    """A token, mixed with the difference to the one before it."""
    inner = p.a.hidden_size
    return p.each(p.each(difference, inner, (p.vector(layer, inner, name),)), inner, (x,))


def _channels(p: Pass, r: Recurrent, layer: int, n: int, shifted: int) -> int:
    """The mix of channels."""
    size, inner = p.a.feed_forward_size(layer), r.inner_size
    difference = p.each(shifted, inner, (n,))

    def values() -> int:
        keys = p.project(layer, "channel_mix_key", _lerped(p, layer, difference, n, "channel_mix_lerp_k"), size)
        return p.project(layer, "channel_mix_value", p.each(p.each(keys, size), size), inner)

    if r.kind == "rwkv-7":
        return values()
    gate = p.project(layer, "channel_mix_receptance", _lerped(p, layer, difference, n, "channel_mix_lerp_r"), inner)
    return p.each(p.each(gate, inner), inner, (values(),))


def _mixed(p: Pass, r: Recurrent, layer: int, n: int, shifted: int) -> int:
    """The mix of tokens."""
    difference = p.each(shifted, r.inner_size, (n,))
    mix = _mixed_6 if r.kind == "rwkv-6" else _mixed_7
    return p.graph.view(p.project(layer, "time_mix_output", mix(p, r, layer, n, difference), p.a.hidden_size))


def _through(p: Pass, layer: int, name: str, x: int, rank: int, width: int, *, bent: bool) -> int:
    """Two small matrices, with an activation between them or none."""
    small = p.project(layer, f"time_mix_{name}1", x, rank)
    return p.project(layer, f"time_mix_{name}2", p.each(small, rank) if bent else small, width)


def _with_states(p: Pass, r: Recurrent, layer: int, sources: tuple[int, ...], state: int, past: int) -> int:
    """What the states give for each token; after it stand the new states."""
    g, values = p.graph, r.state_size * r.inner_size
    y = g.fresh(FLOAT * (p.b.tokens * r.inner_size + p.b.sequences * values), p.b.tokens, (*sources, g.view(past)))
    out = g.view(y, p.b.tokens, p.floats(r.inner_size))
    g.expand(g.write(state, (g.view(y, p.b.tokens, FLOAT * p.b.sequences * values),)))
    if not r.norm:
        return out
    # Norms of heads: each head is a row.
    heads = g.view(p.made(out, r.inner_size, (out,)))
    scaled = p.each(heads, r.inner_size, (p.vector(layer, r.inner_size, "time_mix_ln"),))
    return p.each(scaled, r.inner_size, (p.vector(layer, r.inner_size, "time_mix_ln_bias"),))


def _mixed_6(p: Pass, r: Recurrent, layer: int, n: int, difference: int) -> int:
    g, inner, tokens = p.graph, r.inner_size, p.b.tokens
    mix, decay = r.ranks
    difference, n = g.view(difference), g.view(n)
    first = _lerped(p, layer, difference, n, "time_mix_lerp_x")
    small = p.each(p.project(layer, "time_mix_w1", first, 5 * mix), 5 * mix)
    small = p.made(small, 5 * mix, (g.view(small),))
    five = p.made(small, 5 * inner, (g.view(p.matrix(layer, "time_mix_w2")), small))
    five = p.each(five, 5 * inner, (p.vector(layer, 5 * inner, "time_mix_lerp_fused"),))
    five = p.each(p.each(five, 5 * inner, (difference,)), 5 * inner, (n,))

    def seen() -> int:
        return g.view(five, tokens, p.floats(inner))

    keys = (r.groups or r.heads) * r.state_size
    receptance = p.project(layer, "time_mix_receptance", seen(), inner)
    both = [p.project(layer, f"time_mix_{name}", seen(), keys) for name in ("key", "value")]
    if r.input_bias:
        receptance = p.each(receptance, inner, (p.vector(layer, inner, "time_mix_receptance_bias"),))
        names = ("key", "value")
        both = [p.each(one, keys, (p.vector(layer, keys, f"time_mix_{name}_bias"),)) for one, name in zip(both, names, strict=True)]
    gate = p.each(p.project(layer, "time_mix_gate", seen(), inner), inner)
    key, value = [g.view(p.made(one, inner, (g.view(one),)) if keys != inner else one) for one in both]
    slow = p.each(p.project(layer, "time_mix_decay_w1", seen(), decay), decay)
    slow = p.each(p.project(layer, "time_mix_decay_w2", slow, inner), inner, (p.vector(layer, inner, "time_mix_decay"),))
    slow = g.view(p.each(p.each(p.each(slow, inner), inner), inner))
    if not r.norm:
        key = p.each(key, inner, (p.each(key, inner, (slow,)),))
    state = stored_state(p, layer, r.state_size * inner)
    past = past_states(p, state, r.state_size * inner)
    begins = () if not r.norm else (p.vector(layer, inner, "time_mix_first"),)
    y = _with_states(p, r, layer, (key, value, g.view(receptance), *begins, slow), state, past)
    return p.each(y, inner, (gate,))


def _mixed_7(p: Pass, r: Recurrent, layer: int, n: int, difference: int) -> int:
    g, inner, tokens = p.graph, r.inner_size, p.b.tokens
    gated = len(r.ranks) >= GATED
    many = (6 if gated else 5) * inner
    repeated = p.made(n, many, (difference,))
    mixed = p.each(p.each(repeated, many, (p.vector(layer, many, "time_mix_lerp_fused"),)), many, (n,))

    def seen() -> int:
        return g.view(mixed, tokens, p.floats(inner))

    receptance = p.project(layer, "time_mix_receptance", seen(), inner)
    decay = p.each(_through(p, layer, "w", seen(), r.ranks[0], inner, bent=True), inner, (p.vector(layer, inner, "time_mix_w0"),))
    decay = p.each(p.each(p.each(decay, inner), inner), inner)
    key, value = p.project(layer, "time_mix_key", seen(), inner), p.project(layer, "time_mix_value", seen(), inner)
    if "first_value" in p.inputs:
        rate = p.each(_through(p, layer, "v", seen(), r.ranks[2], inner, bent=False), inner, (p.vector(layer, inner, "time_mix_v0"),))
        apart = p.each(p.inputs["first_value"], inner, (value,))
        value = p.each(value, inner, (p.each(apart, inner, (p.each(rate, inner),)),))
    else:
        p.inputs["first_value"] = value
    gate = _through(p, layer, "g", seen(), r.ranks[GATED - 1], inner, bent=True) if gated else -1
    rate = p.each(_through(p, layer, "a", seen(), r.ranks[1], inner, bent=False), inner, (p.vector(layer, inner, "time_mix_a0"),))
    rate = p.each(rate, inner)
    turned = g.view(p.each(key, inner, (p.vector(layer, inner, "time_mix_k_k"),)))
    turned = p.made(turned, inner, (turned,))
    scaled = p.each(key, inner, (p.vector(layer, inner, "time_mix_k_a"),))
    key = p.each(key, inner, (p.each(p.each(rate, inner, (scaled,)), inner, (scaled,)),))
    receptance, decay, key, value, rate = (g.view(one) for one in (receptance, decay, key, value, rate))
    state = stored_state(p, layer, r.state_size * inner)
    past = past_states(p, state, r.state_size * inner)
    sources = (receptance, decay, key, value, p.each(turned, inner), p.each(turned, inner, (rate,)))
    y = _with_states(p, r, layer, sources, state, past)
    product = p.each(p.each(key, inner, (receptance,)), inner, (g.view(p.vector(layer, inner, "time_mix_r_k")),))
    weights = p.made(product, r.heads, (product,))
    y = p.each(y, inner, (g.view(p.each(value, inner, (weights,))),))
    return p.each(y, inner, (gate,)) if gated else y
