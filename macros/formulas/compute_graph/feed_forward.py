"""Feed-forward blocks: dense, and mixtures of experts."""

from __future__ import annotations

from macros.formulas.compute_graph.passes import FLOAT, WORD, Pass
from macros.formulas.tensors.feed_forward import narrowed
from macros.specs.architectures import Experts

FUSED_COUNTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 288, 512, 576)
"""Numbers of experts of which CUDA chooses in one go: topk-moe.cu, ggml_cuda_should_use_topk_moe."""
MOST_FUSED = 15
"""Most experts of a token whose outputs CUDA sums in one go."""


def dense(p: Pass, layer: int, n: int, size: int, *, kind: str = "") -> int:
    """A dense block over rows `n`: two or three matrices; as shared expert its tensors have names of their own."""
    a = p.a
    block = a.feed_forward
    shared = kind != ""
    gated = a.experts.gated if shared and a.experts is not None else block is not None and block.gated
    biases = not shared and block is not None and block.biases
    fused = not shared and block is not None and block.fused_gate_up
    up = p.project(layer, f"ffn_up{kind}", n, 2 * size if fused else size)
    if biases:
        up = p.each(up, size, (p.vector(layer, size, "ffn_up_bias"),))
    if fused:
        product = p.made(up, size, (up,))
    elif gated:
        gate = p.project(layer, f"ffn_gate{kind}", n, size)
        if biases:
            gate = p.each(gate, size, (p.vector(layer, size, "ffn_gate_bias"),))
        if shared and a.clamps_shared(layer):
            # Cutting makes of one operation four, each in the place of the last.
            up, gate = p.each(up, size), p.each(p.each(gate, size), size)
            product = p.each(gate, size, (up,))
        else:
            product = p.made(gate, size, (gate, up))
    else:
        product = p.each(up, size)
    if not shared and block is not None and block.sub_norm:
        product = p.norm(layer, product, size, "ffn_sub_norm")
    d = p.project(layer, f"ffn_down{kind}", product, a.hidden_size)
    return p.each(d, a.hidden_size, (p.vector(layer, a.hidden_size, "ffn_down_bias"),)) if biases else d


def routed(p: Pass, e: Experts, layer: int, n: int, width: int, logits: int = -1) -> int:
    """Routed experts over rows `n` of so many values; `logits` where the router has been asked already."""
    a, g = p.a, p.graph
    tokens = g.rows[n]
    if logits < 0:
        logits = p.project(layer, "ffn_gate_inp", n, e.count)
    if e.biases:
        logits = p.each(logits, e.count, (p.vector(layer, e.count, "ffn_gate_inp_bias"),))
    scores, began = logits, len(g.kinds)
    probabilities = logits if a.traits.routes_by_softmax_at_last else p.each(logits, e.count)
    selection = probabilities
    hashed = layer < e.hash_layers
    if e.selection_bias and not hashed:
        selection = p.each(probabilities, e.count, (p.vector(layer, e.count, "exp_probs_b"),))
    if a.traits.weighs_before_experts:
        selection = logits
    if e.groups > 1:
        selection = _in_best_groups(p, e, selection, tokens)
    if hashed:
        # Which experts a token visits is looked up by its number.
        chosen = g.looked_up(WORD * tokens * e.used, tokens, (p.inputs["tokens"],), "ffn_gate_tid2eid", layer)
    else:
        order = g.fresh(WORD * tokens * e.count, tokens, (selection,))
        chosen = g.view(order, tokens, WORD * ((tokens - 1) * e.count + e.used))
    weights = g.fresh(FLOAT * tokens * e.used, tokens, (g.view(probabilities), chosen))
    if a.traits.routes_by_softmax_at_last:
        weights = g.view(p.each(g.view(weights), e.used))
    elif e.weights_normed and not a.traits.keeps_weights:
        weights = g.view(weights)
        total = g.fresh(FLOAT * tokens, tokens, (weights,))
        total = g.over(FLOAT * tokens, tokens, [total])
        weights = g.view(p.each(weights, e.used, (total,)))
    if e.weights_scaled:
        weights = p.each(weights, e.used)
    first = len(g.kinds)
    g.expand(weights)
    if _fuses_router(p, e):
        g.hold([scores, *range(began, first)], 1)
    x = g.view(n)
    if a.traits.weighs_before_experts:
        rows = tokens * e.used
        x = g.over(FLOAT * rows * width, rows, [g.fresh(FLOAT * rows * width, rows, (x,)), weights])
    each = _each_expert(p, e, layer, x, chosen, tokens, width)
    if not a.traits.weighs_before_experts:
        each = g.over(g.sizes[each], g.rows[each], [each, weights])
    g.expand(each)
    # Summed up expert by expert, into the room of the first sum; what a single one gives is copied when it is needed.
    span = FLOAT * ((tokens - 1) * e.used * width + width)
    total = g.fresh(FLOAT * tokens * width, tokens, (g.view(each, tokens, span),))
    if e.used > 1:
        g.expand(total)
    if _fuses_sum(p, e):
        product = g.operands[each][0]
        scaled = [*g.operands[product]] if e.beside_dense and e.beside_norms else [product]
        g.hold([*scaled, weights], 0)
    return total


def _fuses_router(p: Pass, e: Experts) -> bool:
    """Whether CUDA computes the choice of experts as one (ggml-cuda.cu, ggml_cuda_topk_moe_fusion and topk-moe.cu)."""
    odd = p.a.traits.routes_by_softmax_at_last or p.a.traits.weighs_before_experts or e.groups > 1
    return p.b.build.keeps_experts and not odd and e.count in FUSED_COUNTS


def _fuses_sum(p: Pass, e: Experts) -> bool:
    """Whether CUDA weighs and sums what experts give as one (ggml-cuda.cu, ggml_cuda_match_moe_weighted_reduction)."""
    return p.b.build.keeps_experts and not p.a.traits.weighs_before_experts and 2 <= e.used <= MOST_FUSED


def _in_best_groups(p: Pass, e: Experts, selection: int, tokens: int) -> int:
    """Scores of the experts in the best groups, which are those with the best two experts; all others closed."""
    g = p.graph
    each = g.view(selection)
    best = g.view(g.fresh(WORD * tokens * e.count, tokens * e.groups, (each,)))
    scores = g.view(g.fresh(FLOAT * tokens * e.groups * 2, tokens, (each, best)))
    scores = g.view(g.fresh(FLOAT * tokens * e.groups, tokens, (scores,)))
    groups = g.view(g.fresh(WORD * tokens * e.groups, tokens, (scores,)))
    opened = g.fresh(FLOAT * tokens * (e.count // e.groups) * e.groups_used, tokens, (each, groups))
    closed = g.over(FLOAT * tokens * e.count, tokens, [each])
    return g.view(g.write(closed, (opened, groups)), tokens)


def _each_expert(p: Pass, e: Experts, layer: int, x: int, chosen: int, tokens: int, width: int) -> int:
    """What each chosen expert gives for each token."""
    g = p.graph
    rows = tokens * e.used
    wide = FLOAT * rows * e.size

    def multiplied(name: str, source: int, size: int) -> int:
        product = g.fresh(size, tokens, (p.matrix(layer, name), source, chosen))
        if e.biases:
            values = e.count * (size // (FLOAT * rows))
            product = g.over(size, rows, [product, p.vector(layer, values, f"{name}_bias"), chosen])
        return product

    if e.fused_gate_up:
        both = multiplied("ffn_gate_up_exps", x, 2 * wide)
        product = g.fresh(wide, rows, (g.view(both), g.view(both)))
    else:
        up = multiplied("ffn_up_exps", x, wide)
        if e.gated:
            gate = multiplied("ffn_gate_exps", x, wide)
            if p.a.clamps_routed(layer):
                up, gate = g.over(wide, rows, [up]), g.over(wide, rows, [g.over(wide, rows, [gate])])
                product = g.over(wide, rows, [gate, up])
            else:
                product = g.fresh(wide, rows, (gate, up))
        else:
            product = g.over(wide, rows, [up])
    each = multiplied("ffn_down_exps", product, FLOAT * rows * width)
    if e.beside_dense and e.beside_norms:
        # A number for each expert scales what it gives.
        scales = g.view(p.vector(layer, e.count, "ffn_down_exps_scale"))
        scales = g.fresh(FLOAT * tokens * e.count, tokens * e.count, (scales,))
        scales = g.fresh(FLOAT * rows, rows, (scales, chosen))
        each = g.over(FLOAT * rows * width, rows, [each, scales])
    return each


def shared_expert(p: Pass, e: Experts, layer: int, n: int) -> int:
    """The expert that every token visits."""
    f = dense(p, layer, n, e.shared_size, kind="_shexp")
    if e.shared_gate:
        gate = p.made(n, 1, (p.vector(layer, p.a.hidden_size, "ffn_gate_inp_shexp"), n))
        weight = p.each(gate, 1)
        if p.a.traits.divides_gates:
            weight = p.each(weight, 1, (gate,))
        f = p.each(f, p.a.hidden_size, (weight,))
    return f


def mixture(p: Pass, e: Experts, layer: int, n: int, logits: int = -1) -> int:
    """A mixture of experts over rows `n`; `logits` where the router has been asked already."""
    width, x = p.a.hidden_size, n
    if e.width is not None:
        width = e.width
        x = p.project(layer, f"{narrowed(e)}_down", n, width)
        logits = p.project(layer, "ffn_gate_inp", n, e.count)
    f = routed(p, e, layer, x, width, logits)
    if e.width is not None:
        f = p.project(layer, f"{narrowed(e)}_up", f, p.a.hidden_size)
    if e.shared_size > 0:
        f = p.each(f, p.a.hidden_size, (shared_expert(p, e, layer, n),))
    return f
