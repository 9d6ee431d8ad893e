"""The same pass for many layouts: where its weights lie, and how large they are, is told last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from macros.formulas.compute_graph.graph import CACHE, FIRST, LAST, WEIGHT, Graph
from macros.formulas.compute_graph.model import model_graph
from macros.formulas.compute_graph.passes import Batch, Layout
from macros.formulas.compute_graph.shortening import layer_traits
from macros.formulas.remember import by_identity
from macros.specs.architectures import Architecture


@dataclass(frozen=True)
class Drawn:
    """A pass that was put together for some layers, and serves for others that are like them."""

    graph: Graph
    layers: Sequence[int]


def placed_graph(a: Architecture, b: Batch, layout: Layout, layers: Sequence[int]) -> Graph:
    """A pass whose weights have their places and sizes.

    Args:
        a: the shapes of the model
        b: the sizes of the pass
        layout: what lies where
        layers: the layers gone through

    Returns:
        The tensors of the pass.
    """
    traits = layer_traits(a)
    # Factors of positions are a tensor in each place that has layers with them.
    look = "|".join([f"{traits[layer]} {layout.layers[layer] if a.attention.rope_factors else 0}" for layer in layers])
    known = _drawn(a, b, layout.caches, layout.host, layout.cache_on_host, look)
    if not known:
        known.append(Drawn(model_graph(a, b, layout, layers), layers))
    return at_home(known[0].graph, layout, dict(zip(known[0].layers, layers, strict=True)))


def _none_drawn(
    a: Architecture, b: Batch, caches: Mapping[int, tuple[int, int, int]], host: int, cache_on_host: bool, look: str
) -> list[Drawn]:
    """The pass of all layouts that differ only in where weights lie; empty until it was put together."""
    return []


_drawn = by_identity(_none_drawn, most=8)


def at_home(g: Graph, layout: Layout, layers: Mapping[int, int]) -> Graph:
    """Give weights, caches and what is written into them their places, and matrices their sizes.

    Args:
        g: the pass; it stays as it is
        layout: what lies where
        layers: layer of the pass -> layer of the layout

    Returns:
        A pass that a schedule may add to.
    """
    homes, sizes = dict(g.homes), list(g.sizes)
    for tensor, (layer, name) in g.owners.items():
        if layer == FIRST:
            homes[tensor] = layout.first_moved.get(name, layout.host)
            continue
        if layer == LAST:
            homes[tensor] = layout.last_moved.get(name, layout.output)
            matrices = layout.last_matrices
        else:
            own = layers[layer]
            matrices = layout.matrices[own]
            if name == CACHE:
                homes[tensor] = layout.host if layout.cache_on_host else layout.layers[own]
            else:
                homes[tensor] = layout.moved[own].get(name, layout.layers[own])
        if sizes[tensor] == 0 and g.kinds[tensor] == WEIGHT:
            sizes[tensor] = matrices.get(name, 0)
    return replace(g, kinds=list(g.kinds), sizes=sizes, rows=list(g.rows), operands=list(g.operands), roots=list(g.roots), homes=homes)
