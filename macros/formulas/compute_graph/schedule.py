"""Where each tensor of a pass is computed, what is brought from one place to another for it, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from macros.formulas.compute_graph.graph import COPY, INPUT, LAST_USE, NOWHERE, SMALL_WEIGHT, VIEW, WEIGHT, Graph
from macros.formulas.engine_constants import OFFLOADED_ROWS


@dataclass(frozen=True)
class Schedule:
    """A pass on its places: the devices in order, then the host."""

    steps: list[int]
    """What is computed or brought, in order."""
    where: list[int]
    """The place of each tensor."""
    kept: list[int]
    """With several passes under way at a time: all that comes from outside, copies included; it stays to the end."""


def schedule(g: Graph, *, copies: int = 1, streams: bool = True) -> Schedule:
    """Give every tensor its place.

    What is computed with a weight goes to where the weight lies; what is computed into a cache goes there; the rest follows its
    neighbours, those on devices first. What lies elsewhere is brought at the beginning of the piece of the pass that needs it, and a
    weight that is brought begins a new piece, so that the room of the one before can serve again.

    Args:
        g: the pass; copies are added to it
        copies: passes that are under way at a time [passes]
        streams: whether large batches are computed on a device with weights of the host

    Returns:
        Steps and places.

    Source: llama.cpp, ggml-backend.cpp.
    """
    places = g.places
    if places == 1:
        return Schedule(g.order, [0] * len(g.kinds), [])
    host = places - 1
    computed = [tensor for tensor in g.order if g.kinds[tensor] != VIEW]
    where = _settle(g, computed, host, streams=streams)
    _spread(computed, where, host)
    for tensor in computed:
        for source in g.operands[tensor]:
            root = g.roots[source]
            if where[root] == NOWHERE:
                where[root] = where[tensor]
    steps: list[int] = []
    brought: dict[int, int] = {}
    sets: list[list[int]] = []
    if copies > 1:
        for leaf in g.leaves:
            if g.kinds[leaf] == INPUT:
                sets.append([leaf, *[_copy(g, where, leaf, host) for _ in range(copies - 1)]])
    first: list[int] = []
    rest: list[int] = []
    kinds, operands, roots = g.kinds, g.operands, g.roots
    place = where[computed[0]]
    for step, tensor in enumerate(g.order):
        if kinds[tensor] == VIEW:
            rest.append(tensor)
            if step in g.holds:
                rest += _held(g, where, step, host)
            continue
        here = where[tensor]
        sources = operands[tensor]
        # Nearly all tensors have their sources with them: a list is made only for the others.
        apart, weighs = False, False
        for source in sources:
            if where[roots[source]] != here:
                apart = True
                weighs = weighs or kinds[source] in (WEIGHT, SMALL_WEIGHT)
        if here != place or (first and weighs):
            steps += first
            steps += rest
            first, rest = [], []
            place = here
        brought_sources = list(sources) if apart else []
        for position in range(len(sources) if apart else 0):
            source = sources[position]
            if where[roots[source]] == here:
                continue
            key = source * places + here
            if key not in brought:
                brought[key] = _copy(g, where, source, here)
                first.append(_last_use(g, where, source))
                first.append(brought[key])
                if copies > 1:
                    sets.append([brought[key], *[_copy(g, where, source, here) for _ in range(copies - 1)]])
            brought_sources[position] = brought[key]
        if apart:
            operands[tensor] = brought_sources
        rest.append(tensor)
        if step in g.holds:
            rest += _held(g, where, step, host)
    steps += first
    steps += rest
    return Schedule(steps, where, [tensor for each in sets for tensor in each])


def _settle(g: Graph, computed: Sequence[int], host: int, *, streams: bool) -> list[int]:
    """Places that follow from where inputs, weights and stored tensors lie."""
    where = [host if kind == INPUT else NOWHERE for kind in g.kinds]
    for tensor, home in g.homes.items():
        where[tensor] = home
    for tensor in computed:
        if where[tensor] != NOWHERE:
            continue
        for source in g.operands[tensor]:
            if g.kinds[source] == WEIGHT:
                home = g.homes[source]
                rows = g.rows_together.get(tensor, g.rows[tensor])
                where[tensor] = 0 if streams and home == host and rows >= OFFLOADED_ROWS else home
                break
    return where


def _spread(computed: Sequence[int], where: list[int], host: int) -> None:
    """What has no place yet follows its neighbours: forwards and backwards from devices, then from the host."""
    backwards = list(reversed(computed))
    for from_host in (False, True):
        for order in (computed, backwards):
            place = NOWHERE
            for tensor in order:
                if where[tensor] != NOWHERE:
                    place = NOWHERE if where[tensor] == host and not from_host else where[tensor]
                elif place != NOWHERE:
                    where[tensor] = place


def _held(g: Graph, where: list[int], step: int, host: int) -> list[int]:
    """What holds on to tensors of devices until a step (ggml-backend.cpp, alloc_deps of ggml_backend_sched_split_graph)."""
    found = []
    for tensor in g.holds[step]:
        if where[g.roots[tensor]] != host:
            found.append(_last_use(g, where, tensor))
    return found


def _copy(g: Graph, where: list[int], source: int, place: int) -> int:
    where.append(place)
    return g.tensor(COPY, g.sizes[source], 0, ())


def _last_use(g: Graph, where: list[int], source: int) -> int:
    where.append(where[g.roots[source]])
    return g.tensor(LAST_USE, 0, 0, (source,))
