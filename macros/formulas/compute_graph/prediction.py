"""The pass of a layer that predicts a further token: a context of its own beside the model (common/speculative.cpp, draft-mtp)."""

from __future__ import annotations

from macros.formulas.compute_graph.graph import INPUT, Graph
from macros.formulas.compute_graph.homes import at_home
from macros.formulas.compute_graph.model import inputs, through_layer
from macros.formulas.compute_graph.packing import buffer_bytes
from macros.formulas.compute_graph.passes import FLOAT, WORD, Batch, Layout, Pass
from macros.formulas.compute_graph.schedule import schedule
from macros.specs.architectures import Architecture


def prediction_buffers(a: Architecture, batch: Batch, layout: Layout, *, copies: int = 1, streams: bool = True) -> list[int]:
    """Compute buffers of the context in which a prediction layer guesses.

    Args:
        a: the shapes of the model
        batch: the sizes of the pass
        layout: what lies where; the prediction layer as the last layer that attends
        copies: passes that several devices have under way at a time, each with what comes from outside [passes]
        streams: whether large batches are computed on a device with weights of the host

    Returns:
        The buffer of each device, then that of the host [bytes].

    Assumes: the layer is like the last one that attends and, in sparse attention, picks tokens for itself.

    Source: llama.cpp, graph_mtp of src/models/qwen35.cpp, qwen35moe.cpp, glm4-moe.cpp and qwen3next.cpp (commit 0c1e57098).
    """
    graph = at_home(_prediction_graph(a, batch, layout), layout, {layer: layer for layer in range(a.layers)})
    return buffer_bytes(graph, schedule(graph, copies=copies, streams=streams))


def like_layer(a: Architecture) -> int:
    """The layer that a prediction layer is like: the last one that attends, and picks tokens itself where some layers do."""
    picks = a.attention.indexer is not None and a.attention.compressed is None
    return max([layer for layer in range(a.layers) if a.attends(layer) and (not picks or a.scores(layer))])


def _prediction_graph(a: Architecture, b: Batch, layout: Layout) -> Graph:
    """Token and last hidden state, normed side by side and projected to the width of the stream; a layer; the logits of those kept."""
    p = Pass(a, b, layout, Graph(layout.host + 1))
    g, layer, width = p.graph, like_layer(a), a.hidden_size
    inputs(p)
    tokens = g.input(WORD * b.tokens)
    # A layer with a table of its own looks it up where it lies itself.
    size = FLOAT * b.tokens * width
    if a.prediction_embeddings:
        embedded = g.looked_up(size, b.tokens, (tokens,), "nextn.embed_tokens", layer)
    else:
        embedded = g.looked_up(size, b.tokens, (tokens,), "token_embd")
    hidden = p.norm(layer, g.tensor(INPUT, FLOAT * b.tokens * width, b.tokens, ()), width, "nextn.hnorm")
    embedded = p.norm(layer, embedded, width, "nextn.enorm")
    both = p.made(embedded, 2 * width, (embedded, hidden))
    early = a.traits.predicts_chosen
    x = through_layer(p, layer, p.project(layer, "nextn.eh_proj", both, width), -1, chooses=early)
    n = p.each(p.each(x, width), width, (p.last_vector(width, "output_norm"),))
    g.outputs.append(n)
    n = n if early else p.chosen(n, width)
    logits = p.made(n, a.vocabulary_size, (p.last_matrix("output"), n))
    g.outputs.append(logits)
    g.expand(logits)
    return g
