"""The pass of a model: what comes from outside, the layers one after another, and the logits."""

from __future__ import annotations

from collections.abc import Sequence

from macros.formulas.compute_graph.attention import attention
from macros.formulas.compute_graph.compressed_attention import compressed_attention
from macros.formulas.compute_graph.feed_forward import dense, mixture, routed
from macros.formulas.compute_graph.graph import SMALL_WEIGHT, Graph
from macros.formulas.compute_graph.hyper_connections import keeps_streams, last_mixed, mixed_in, mixed_out, spread
from macros.formulas.compute_graph.latent_attention import latent_attention
from macros.formulas.compute_graph.passes import FLOAT, INDEX, WORD, Batch, Layout, Pass
from macros.formulas.compute_graph.recurrence import recurrent
from macros.formulas.compute_graph.time_mix import rwkv_layer
from macros.formulas.compute_graph.weighing import VALUE_ROTATION, key_rotation, rotation_bytes, widest_cache
from macros.formulas.kv_cache import mask_bytes
from macros.specs.architectures import Architecture, Experts


def model_graph(a: Architecture, b: Batch, layout: Layout, layers: Sequence[int]) -> Graph:
    """Put a pass together.

    Args:
        a: the shapes of the model
        b: the sizes of the pass
        layout: what lies where
        layers: the layers gone through; of many equal ones in a row a few are enough

    Returns:
        The tensors of the pass; where its weights lie `homes` says.
    """
    p = Pass(a, b, layout, Graph(layout.host + 1))
    g = p.graph
    inputs(p)
    looked_up, each = -1, -1
    first = b.build.reads_lazily and a.traits.reads_lazily
    if a.per_layer_embeddings is not None and first:
        looked_up = _per_layer_rows(p)
        p.graph.expand(looked_up)
    x = _embedded(p)
    if a.per_layer_embeddings is not None:
        each = _per_layer_inputs(p, x, looked_up)
    if a.alternating_updates is not None:
        x = _streams(p, x)
    if a.traits.adds_embeddings:
        p.inputs["embedded"] = x
    if a.attention.compressed is not None:
        g.expand(p.inputs["mask_window"])
    if keeps_streams(a):
        x = spread(p, x)
    in_last = not (_chooses_after_norm(p) or _chooses_before_norm(p) or a.traits.never_chooses)
    for layer in layers:
        if keeps_streams(a):
            x = _between_streams(p, layer, x)
            continue
        x = through_layer(p, layer, x, each, chooses=in_last and layer == layers[-1])
    to_logits(p, x)
    return p.graph


def _embedded(p: Pass) -> int:
    """The embedded tokens; they may come as vectors instead, for which there is room."""
    a, b, g = p.a, p.b, p.graph
    width = a.hidden_size
    given = width * (1 + (a.traits.picture_layers or 0))
    tokens, vectors = g.input(WORD * b.tokens), g.input(FLOAT * b.tokens * given)
    p.inputs["tokens"] = tokens
    x = g.looked_up(FLOAT * b.tokens * width, b.tokens, (tokens,), "token_embd")
    among, mixes = -1, b.build.mixes_inputs and not a.traits.never_mixes
    if mixes:
        # Both are looked up before either is made wider.
        g.expand(x)
        among = g.looked_up(FLOAT * b.tokens * width, b.tokens, (g.input(WORD * b.tokens),), "token_embd")
        g.expand(among)
    if given != width:
        x = g.fresh(FLOAT * b.tokens * given, b.tokens, (x,))
    g.expand(x)
    g.expand(vectors)
    if mixes:
        g.expand(_mixed_in(p, given, among))
    if given != width:
        p.inputs["pictures"] = x
        x = p.part(x, width, given)
    if a.traits.scales_embeddings:
        x = p.each(x, width)
        g.expand(x)
    if a.traits.scales_embeddings_later:
        by_row = b.build.mixes_inputs and a.traits.scales_rows
        x = p.each(x, width, (g.input(FLOAT * b.tokens),) if by_row else ())
        if by_row:
            g.expand(x)
    if a.embedding_norm:
        x = p.norm(0, x, width, "token_embd_norm", centred=a.norm_biases, biased=a.norm_biases)
    if a.traits.norms_embeddings:
        x = p.each(x, width)
    if a.position_embeddings:
        x = p.each(x, width, (g.looked_up(FLOAT * b.tokens * width, b.tokens, (p.inputs["positions"],), "position_embd"),))
    return x


def _mixed_in(p: Pass, given: int, x: int) -> int:
    """Vectors with embedded tokens `x` among them: never computed in a plan, but room is made for it."""
    a, b, g = p.a, p.b, p.graph
    slots = g.input(INDEX * b.tokens)
    vectors = g.fresh(FLOAT * b.tokens * given, b.tokens, (g.input(FLOAT * b.tokens * given),))
    if given != a.hidden_size:
        x = g.fresh(FLOAT * b.tokens * given, b.tokens, (x,))
    # Nothing is computed from it, so nothing ever gives its room back.
    g.outputs.append(vectors)
    return g.write(vectors, (x, slots))


def inputs(p: Pass) -> None:
    """What a pass gets from outside beside the tokens."""
    a, b, g = p.a, p.b, p.graph
    t = a.attention
    if a.recurrent is not None:
        everyone = g.input(WORD * b.sequences)
        p.inputs["state_index_all"] = everyone
        p.inputs["state_index"] = g.view(everyone, 0, WORD * b.sequences)
        p.inputs["state_index_rest"] = g.view(everyone, 0, WORD * (b.sequences - 1) if b.build.gathers_states else 0)
    if a.position_embeddings or any(a.attends(layer) and a.turns(layer) for layer in range(a.layers)):
        p.inputs["positions"] = g.input(WORD * b.tokens * t.positions)
    p.inputs["scale"] = g.input(FLOAT * b.tokens)
    p.inputs["output_index"] = g.input(WORD * b.outputs)
    if t.rope_factors:
        for place in range(p.layout.host + 1):
            p.inputs[f"factors_{place}"] = g.settled(g.tensor(SMALL_WEIGHT, FLOAT * t.rope_factors, 0, ()), place)
    for kind, cells in (("all", b.cells), ("window", b.window_cells)):
        of_kind = [layer for layer in range(a.layers) if a.attends(layer) and a.sees_all(layer) == (kind == "all")]
        if not of_kind:
            continue
        head, value = a.head_dim(of_kind[0]), a.value_dim(of_kind[0])
        if t.latent is not None:
            head, value = t.latent.nope_dim + t.latent.rope_dim, t.latent.value_dim
        if a.traits.keeps_no_cache:
            p.inputs[f"mask_{kind}"] = g.input(mask_bytes(tokens=b.tokens, cells=cells, flash_attention=b.flash_attention))
            continue
        if b.key_quantized and head % VALUE_ROTATION == 0:
            p.inputs[f"key_rotation_{kind}"] = g.input(rotation_bytes(key_rotation(head)))
        if b.value_quantized and value % VALUE_ROTATION == 0:
            p.inputs[f"value_rotation_{kind}"] = g.input(rotation_bytes(VALUE_ROTATION))
        p.inputs[f"key_index_{kind}"] = g.input(INDEX * b.tokens)
        p.inputs[f"value_index_{kind}"] = g.input(INDEX * b.tokens * (1 if b.flash_attention else widest_cache(a)))
        p.inputs[f"mask_{kind}"] = g.input(mask_bytes(tokens=b.tokens, cells=cells, flash_attention=b.flash_attention))
    if t.indexer is not None:
        p.inputs["indexer_index"] = g.input(INDEX * b.tokens)
        p.inputs["indexer_mask"] = g.input(mask_bytes(tokens=b.tokens, cells=b.cells, flash_attention=True))
        p.inputs["indexer_rotation"] = g.input(rotation_bytes(key_rotation(t.indexer.head_dim)))


def _between_streams(p: Pass, layer: int, x: int) -> int:
    """A layer whose blocks get a mixture of the residual streams, and give to all of them."""
    c = p.a.attention.compressed
    n, after, across = mixed_in(p, layer, x, "attn")
    n = _normed(p, layer, n, "attn_norm")
    if c is None:
        p.graph.expand(n)
    x = mixed_out(p, _mixed(p, layer, n) if c is None else compressed_attention(p, c, layer, n), x, after, across)
    n, after, across = mixed_in(p, layer, x, "ffn")
    if c is not None:
        for one in (x, after, across):
            p.graph.expand(one)
    return mixed_out(p, _feed_forward(p, layer, n, -1), x, after, across)


def through_layer(p: Pass, layer: int, x: int, each: int, *, chooses: bool) -> int:
    """One layer: from the residual stream `x` to the residual stream; one that chooses goes on with the tokens whose logits are kept."""
    a, g = p.a, p.graph
    if a.alternating_updates is not None:
        return _updated_layer(p, layer, x, each)
    if a.recurrent is not None and a.recurrent.kind in ("rwkv-6", "rwkv-7"):
        return rwkv_layer(p, a.recurrent, layer, x, chooses=chooses)
    if a.blocks is not None:
        return _block(p, layer, x, chooses=chooses)
    if a.norms == "shared" or a.traits.parallel_blocks:
        return _side_by_side(p, layer, x, chooses=chooses)
    width = a.hidden_size
    o, added, logits = x, x, -1
    if a.traits.routes_before_attention and a.experts is not None and a.is_mixture(layer):
        logits = p.project(layer, "ffn_gate_inp", x, a.experts.count)
        logits = p.chosen(logits, a.experts.count) if chooses else logits
    r = a.recurrent
    if r is not None and r.beside_attention:
        weights = p.vector(layer, width, "attn_norm")
        o = attention(p, layer, p.norm(layer, x, width, "attn_norm", weights=weights))
        o = p.each(o, width, (recurrent(p, r, layer, p.norm(layer, x, width, "attn_norm", weights=weights)),))
        added = p.each(o, width, (x,))
        if chooses:
            added = p.chosen(added, width)
    elif a.attends(layer) or a.recurs(layer):
        n = x if a.norms == "after" else _normed(p, layer, x, "attn_norm")
        if a.traits.expands_norm:
            g.expand(n)
        o = _mixed(p, layer, n)
        normed_first = a.traits.chooses_after_post_norm
        if normed_first:
            o = _normed(p, layer, o, "post_attention_norm")
        if chooses:
            o, x = p.chosen(o, width), p.chosen(x, width)
        if a.norms in ("both", "after") and not normed_first:
            o = _normed(p, layer, o, "post_attention_norm")
        added = p.each(x, width, (o,)) if a.traits.stream_first_before_block else p.each(o, width, (x,))
    elif chooses:
        added = p.chosen(x, width)
    if not (a.is_mixture(layer) or a.has_dense(layer)):
        return added
    if a.experts is not None and a.experts.own_norm and a.is_mixture(layer):
        return _experts_beside_attention(p, a.experts, layer, x, added)
    alone = a.traits.feeds_attention_alone and a.norms == "after"
    f = _feed_forward(p, layer, o if alone else added, logits)
    if a.norms in ("both", "after"):
        f = _normed(p, layer, f, "post_ffw_norm")
    x = p.each(added, width, (f,)) if a.traits.stream_first_after_block else p.each(f, width, (added,))
    if a.per_layer_embeddings is not None:
        x = p.each(x, width, (_per_layer(p, layer, x, each, chooses=chooses),))
    if a.layer_scale:
        scaled = p.inputs["embedded"] if a.traits.adds_embeddings else x
        scaled = p.chosen(scaled, width) if a.traits.adds_embeddings and chooses else scaled
        scaled = p.each(scaled, width, (p.vector(layer, 1, "layer_output_scale"),))
        x = p.each(x, width, (scaled,)) if a.traits.adds_embeddings else scaled
    if layer < (a.traits.picture_layers or 0):
        given = width * (1 + (a.traits.picture_layers or 0))
        x = p.each(x, width, (p.part(p.inputs["pictures"], width, given),))
    return x


def _normed(p: Pass, layer: int, x: int, name: str) -> int:
    """The residual stream, normed for a block."""
    width = p.a.hidden_size
    if p.a.norms == "none":
        return p.made(x, width, (x,)) if p.centres() else p.each(x, width)
    return p.norm(layer, x, width, name, centred=p.centres(), biased=p.a.norm_biases)


def _mixed(p: Pass, layer: int, n: int) -> int:
    """What mixes tokens: attention or recurrence."""
    a = p.a
    if a.recurrent is not None and a.recurs(layer):
        return recurrent(p, a.recurrent, layer, n)
    latent = a.latent_of(layer)
    if latent is not None:
        return latent_attention(p, latent, layer, n)
    return attention(p, layer, n)


def _experts_beside_attention(p: Pass, e: Experts, layer: int, x: int, added: int) -> int:
    """Experts that work on what the layer gets, `x`, while a dense block works on what attention made of it."""
    a, width = p.a, p.a.hidden_size
    f = p.each(dense(p, layer, _normed(p, layer, added, "ffn_norm"), a.feed_forward_size(layer)), width, (added,))
    return p.each(mixture(p, e, layer, _normed(p, layer, x, "ffn_norm_exps")), width, (f,))


def _feed_forward(p: Pass, layer: int, x: int, logits: int) -> int:
    """The feed-forward block of a layer, norms before and inside it included; `logits` where the router has been asked already."""
    a = p.a
    e = a.experts
    if e is None or not a.is_mixture(layer):
        return dense(p, layer, x if a.norms == "after" else _normed(p, layer, x, "ffn_norm"), a.feed_forward_size(layer))
    if e.beside_dense and e.beside_norms:
        width = a.hidden_size
        beside = dense(p, layer, _normed(p, layer, x, "ffn_norm"), a.feed_forward_size(layer))
        beside = _normed(p, layer, beside, "post_ffw_norm_1")
        n = _normed(p, layer, x, "pre_ffw_norm_2")
        r = p.each(p.each(x, width), width, (p.vector(layer, width, "ffn_gate_inp_scale"),))
        logits = p.project(layer, "ffn_gate_inp", r, e.count)
        return p.each(beside, width, (_normed(p, layer, routed(p, e, layer, n, width, logits), "post_ffw_norm_2"),))
    n = x if a.norms == "after" else _normed(p, layer, x, "ffn_norm")
    f = mixture(p, e, layer, n, logits)
    if not e.beside_dense:
        return f
    beside = dense(p, layer, n, a.feed_forward_size(layer))
    return p.each(p.each(beside, a.hidden_size, (f,)), a.hidden_size)


def _block(p: Pass, layer: int, x: int, *, chooses: bool) -> int:
    """A layer that is one block: recurrence, attention, experts or a dense block."""
    a = p.a
    n = _normed(p, layer, x, "attn_norm")
    if a.experts is not None and a.is_mixture(layer):
        f = mixture(p, a.experts, layer, n)
    elif a.has_dense(layer):
        f = dense(p, layer, n, a.feed_forward_size(layer))
    else:
        f = _mixed(p, layer, n)
    if chooses:
        f, x = p.chosen(f, a.hidden_size), p.chosen(x, a.hidden_size)
    return p.each(f, a.hidden_size, (x,))


def _side_by_side(p: Pass, layer: int, x: int, *, chooses: bool) -> int:
    """Attention and feed-forward block side by side, after one norm or a norm each."""
    a, width = p.a, p.a.hidden_size
    n = _normed(p, layer, x, "attn_norm")
    o = attention(p, layer, n)
    own_norm = a.norms == "before" and a.traits.norms_feed_forward
    if own_norm:
        n = _normed(p, layer, x, "ffn_norm")
    if chooses:
        o, x = p.chosen(o, width), p.chosen(x, width)
        n = p.chosen(n, width) if a.norms == "shared" or own_norm else n
    if a.norms == "before" and not own_norm:
        n = _normed(p, layer, x, "ffn_norm")
    e = a.experts
    f = mixture(p, e, layer, n) if e is not None and a.is_mixture(layer) else dense(p, layer, n, a.feed_forward_size(layer))
    first, second = (o, f) if a.traits.sums_attention_first else (f, o if a.traits.sums_blocks_first else x)
    last = o if second == x else x
    return p.each(p.each(first, width, (second,)), width, (last,))


def _chooses_after_norm(p: Pass) -> bool:
    """Whether all tokens go through the last layer and the last norm."""
    return p.a.traits.chooses_after_norm and not p.b.build.chooses_early


def _chooses_before_norm(p: Pass) -> bool:
    """Whether all tokens go through the last layer, but not through the last norm."""
    t, early = p.a.traits, p.b.build.chooses_early
    return t.chooses_late if early and (t.chooses_early or t.chooses_late) else t.chooses_before_norm


def to_logits(p: Pass, x: int) -> None:
    """From the residual stream to the logits."""
    a, g, width = p.a, p.graph, p.a.hidden_size
    if a.alternating_updates is not None:
        x = p.chosen(_merged(p, x), width)
    if keeps_streams(a):
        if p.b.build.keeps_streams:
            g.outputs.append(x)
        x = last_mixed(p, p.chosen(x, a.hyper_connections * width))
    if _chooses_before_norm(p):
        g.outputs.append(x)
        x = p.chosen(x, width)
    n = p.made(x, width, (x,)) if p.centres() else p.each(x, width)
    if a.norms != "none":
        n = p.each(n, width, (p.last_vector(width, "output_norm"),))
    if a.norm_biases:
        n = p.each(n, width, (p.last_vector(width, "output_norm_bias"),))
    if _chooses_after_norm(p):
        g.outputs.append(n)
        n = p.chosen(n, width)
    g.outputs.append(n)
    pooled = n
    if p.b.pools:
        sequences = p.b.sequences
        pooled = g.fresh(FLOAT * sequences * width, sequences, (n, g.input(WORD * sequences)))
    if not p.b.logits:
        g.expand(pooled)
        return
    if a.traits.scales_before_logits:
        n = p.each(n, width)
    logits = p.made(n, a.vocabulary_size, (p.last_matrix("output"), n))
    if a.output_bias:
        logits = p.each(logits, a.vocabulary_size, (p.last_vector(a.vocabulary_size, "output_bias"),))
    if a.traits.masks_logits:
        masks = g.over(FLOAT * a.traits.masks_logits, 1, [g.blank(FLOAT * a.traits.masks_logits)])
        logits = p.made(logits, a.vocabulary_size, (logits, masks))
    g.outputs.append(logits)
    g.expand(logits)
    g.expand(pooled)


def _per_layer_rows(p: Pass) -> int:
    """Per-layer embeddings: the rows of the table."""
    a, b, g = p.a, p.b, p.graph
    assert a.per_layer_embeddings is not None
    rows = b.tokens * a.layers
    return g.looked_up(FLOAT * rows * a.per_layer_embeddings.size, rows, (g.input(WORD * b.tokens),), "per_layer_token_embd")


def _per_layer_inputs(p: Pass, x: int, looked_up: int) -> int:
    """Per-layer embeddings: the vectors of all layers for each token; rows of the table that were looked up before are scaled later."""
    a, b, g = p.a, p.b, p.graph
    assert a.per_layer_embeddings is not None
    size = a.per_layer_embeddings.size
    everything = FLOAT * b.tokens * size * a.layers
    rows = b.tokens * a.layers
    before = looked_up >= 0
    looked_up = g.over(everything, rows, [g.view(looked_up if before else _per_layer_rows(p))])
    if not before:
        g.expand(looked_up)
    made = g.fresh(everything, b.tokens, (p.matrix(0, "per_layer_model_proj"), x))
    made = g.over(everything, b.tokens, [made])
    made = g.over(everything, rows, [g.view(made)])
    made = g.over(everything, rows, [made, p.vector(0, size, "per_layer_proj_norm")])
    made = g.over(everything, rows, [made, looked_up])
    return g.fresh(everything, rows, (made,))


def _per_layer(p: Pass, layer: int, x: int, each: int, *, chooses: bool = False) -> int:
    """What a layer's own vector of a token adds."""
    a, g = p.a, p.graph
    assert a.per_layer_embeddings is not None
    size = a.per_layer_embeddings.size
    gate = p.each(p.project(layer, "inp_gate", x, size), size)
    own = g.view(each, p.b.tokens, p.floats(size))
    own = p.chosen(own, size) if chooses else own
    gate = p.each(gate, size, (own,))
    return p.norm(layer, p.project(layer, "proj", gate, a.hidden_size), a.hidden_size, "post_norm")


def _lengths(p: Pass, x: int, rows: int) -> int:
    """The length of each row."""
    g, width = p.graph, p.a.hidden_size
    squares = g.over(FLOAT * rows * width, rows, [x])
    return g.over(FLOAT * rows, rows, [g.fresh(FLOAT * rows, rows, (squares,))])


def _rescaled(p: Pass, x: int, like: int) -> int:
    """All streams but one, as long as that one."""
    a, b, g = p.a, p.b, p.graph
    assert a.alternating_updates is not None
    rows = b.tokens * (a.alternating_updates.streams - 1)
    size = FLOAT * rows * a.hidden_size
    new = _lengths(p, x, rows)
    scaled = g.over(size, rows, [x, like])
    return g.over(size, rows, [scaled, new])


def _streams(p: Pass, x: int) -> int:
    """Alternating updates: the parallel streams that grow out of the embedded tokens."""
    a, b, g = p.a, p.b, p.graph
    assert a.alternating_updates is not None
    count, width = a.alternating_updates.streams, a.hidden_size
    rows = b.tokens * (count - 1)
    length = _lengths(p, x, b.tokens)
    repeated = g.fresh(FLOAT * rows * width, rows, (x,))
    others = g.fresh(FLOAT * rows * width, b.tokens, (p.last_matrix("altup_proj"), repeated))
    others = _rescaled(p, others, length)
    return g.fresh(FLOAT * b.tokens * count * width, b.tokens * count, (x, others))


def _merged(p: Pass, x: int) -> int:
    """Alternating updates: the parallel streams become one again."""
    a, b, g = p.a, p.b, p.graph
    assert a.alternating_updates is not None
    count, width = a.alternating_updates.streams, a.hidden_size
    rows = b.tokens * (count - 1)
    one = FLOAT * b.tokens * width
    length = _lengths(p, g.view(x, b.tokens, one), b.tokens)
    others = g.fresh(FLOAT * rows * width, b.tokens, (p.last_matrix("altup_unembd_proj"), g.view(x, rows, FLOAT * rows * width)))
    others = _rescaled(p, others, length)
    y = g.view(x, b.tokens, one)
    for _ in range(count - 1):
        y = p.each(y, width, (g.view(others, b.tokens, one),))
    return p.each(y, width)


def _mixes(p: Pass, x: int, weights: int, router: int) -> int:
    """Alternating updates: how a token mixes its streams."""
    updates, width = p.a.alternating_updates, p.a.hidden_size
    assert updates is not None
    n = p.each(p.norm(0, x, width, "altup_router_norm", weights=weights), width)
    return p.each(p.made(n, updates.streams, (router, n)), updates.streams)


def _updated_layer(p: Pass, layer: int, x: int, each: int) -> int:
    """A layer of alternating updates: guess all streams, compute one, correct the guesses by what it became."""
    a, b, g, width = p.a, p.b, p.graph, p.a.hidden_size
    updates, extra = a.alternating_updates, a.per_layer_embeddings
    assert updates is not None
    assert extra is not None
    count = updates.streams
    one, every, others = FLOAT * b.tokens * width, FLOAT * b.tokens * count * width, FLOAT * b.tokens * (count - 1) * width
    # Both times streams are mixed the same router says how.
    weights, router = p.vector(layer, width, "altup_router_norm"), p.matrix(layer, "altup_router")
    mixes = _mixes(p, g.view(x, b.tokens, one), weights, router)
    mixes = p.project(layer, "altup_predict_coef", mixes, count * count)
    turned = g.fresh(every, b.tokens, (g.view(x),))
    guess = g.fresh(every, b.tokens, (turned, g.view(mixes)))
    guess = g.fresh(every, b.tokens * count, (g.view(guess),))
    guess = g.over(every, b.tokens * count, [guess, x])
    active = g.view(guess, b.tokens, one)
    n = p.norm(layer, active, width, "attn_norm")
    low = p.project(layer, "laurel_l", n, updates.low_rank)
    side = p.norm(layer, p.project(layer, "laurel_r", low, width), width, "laurel_post_norm")
    side = p.each(side, width, (n,))
    o = p.norm(layer, attention(p, layer, n), width, "post_attention_norm")
    o = p.each(p.each(o, width, (active,)), width, (side,))
    o = p.each(o, width)
    f = _sparse_block(p, layer, p.norm(layer, o, width, "ffn_norm"))
    f = p.each(p.norm(layer, f, width, "post_ffw_norm"), width, (o,))
    mixes = _mixes(p, f, weights, router)
    new = p.each(f, width, (g.view(guess, b.tokens, one),))
    mixes = p.each(p.project(layer, "altup_correct_coef", mixes, count), count)
    mixes = g.fresh(FLOAT * b.tokens * count, b.tokens * count, (g.view(mixes),))
    corrected = g.fresh(every, b.tokens * count, (new,))
    corrected = g.over(every, b.tokens * count, [corrected, mixes])
    corrected = g.over(every, b.tokens * count, [corrected, guess])
    first = p.each(g.view(corrected, b.tokens, one), width, (p.vector(layer, width, "altup_correct_scale"),))
    first = _per_layer(p, layer, first, each)
    rest = g.over(others, b.tokens * (count - 1), [g.view(corrected, b.tokens * (count - 1), others), first])
    return g.fresh(every, b.tokens * count, (g.view(corrected, b.tokens, one), rest))


def _sparse_block(p: Pass, layer: int, n: int) -> int:
    """The dense block of a class with alternating updates; early layers keep only the strongest activations."""
    size = p.a.feed_forward_size(layer)
    up = p.project(layer, "ffn_up", n, size)
    gate = p.project(layer, "ffn_gate", n, size)
    if layer < (p.a.traits.sparse_layers or 0):
        mean = p.made(gate, 1, (gate,))
        squares = p.each(p.each(gate, size, (mean,)), size)
        deviation = p.each(p.each(p.made(squares, 1, (squares,)), 1), 1)
        cut = p.each(mean, 1, (p.each(deviation, 1),))
        gate = p.each(p.each(gate, size, (cut,)), size)
    gate = p.each(gate, size)
    return p.project(layer, "ffn_down", p.each(up, size, (gate,)), p.a.hidden_size)
