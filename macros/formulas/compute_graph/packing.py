"""The buffers that a scheduled pass needs: each tensor takes room when it is computed and gives it back after its last use."""

from __future__ import annotations

from macros.formulas.compute_graph.arena import Arena, give, take
from macros.formulas.compute_graph.graph import COPY, FRESH, LAST_USE, OVER, VIEW, Graph
from macros.formulas.compute_graph.schedule import Schedule
from macros.formulas.engine_constants import DEVICE_ALIGNMENT, HOST_ALIGNMENT


def buffer_bytes(g: Graph, s: Schedule) -> list[int]:
    """The buffer of each place.

    Args:
        g: the pass
        s: its schedule

    Returns:
        Bytes of each device and of the host [bytes].

    Source: llama.cpp, ggml-alloc.c.
    """
    return [arena.tops[0] for arena in packed(g, s)]


def packed(g: Graph, s: Schedule) -> list[Arena]:
    """The same, with what is left in the buffers at the end."""
    host = g.places - 1
    arenas = [*[Arena(alignment=DEVICE_ALIGNMENT) for _ in range(host)], Arena(alignment=HOST_ALIGNMENT)]
    sizes = list(g.sizes)
    for tensor, size in g.device_sizes.items():
        if s.where[tensor] != host:
            values = g.operands[tensor][2]
            sizes[tensor] = g.apart_sizes.get(tensor, size) if g.kinds[values] == COPY else size
    count = len(sizes)
    uses = [0] * count
    kinds, operands, roots, where = g.kinds, g.operands, g.roots, s.where
    for step in s.steps:
        for source in operands[step]:
            uses[roots[source]] += 1
    holds = [False] * count
    stays = [False] * count
    offsets = [0] * count
    for tensor in (*s.kept, *g.outputs):
        stays[tensor] = True
    kept = set(s.kept)
    for tensor in (*s.kept, *[leaf for leaf in g.leaves if leaf not in kept]):
        offsets[tensor] = take(arenas[where[tensor]], sizes[tensor])
        holds[tensor] = True
    for step in s.steps:
        kind = kinds[step]
        sources = operands[step]
        if kind >= FRESH and not holds[step] and kind != LAST_USE:
            taken = -1
            if kind == OVER:
                for source in sources:
                    free = holds[source] and not stays[source] and uses[source] == 1
                    if free and kinds[source] != VIEW and g.sizes[source] == g.sizes[step]:
                        taken = source
                        break
            if taken >= 0:
                offsets[step] = offsets[taken]
                holds[taken] = False
            else:
                offsets[step] = take(arenas[where[step]], sizes[step])
            holds[step] = True
        for source in sources:
            root = roots[source]
            uses[root] -= 1
            if uses[root] == 0 and holds[root] and not stays[root]:
                give(arenas[where[root]], offsets[root], sizes[root])
                holds[root] = False
    return arenas
