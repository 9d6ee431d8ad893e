"""The memory that an engine computes in, planned as llama.cpp plans it.

A pass is put together tensor by tensor (`model`), each tensor gets a place (`schedule`), and one buffer for each place is packed
(`packing`): every tensor takes room when it is computed and gives it back after its last use. The buffer is as large as its fullest
moment, gaps included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from macros.formulas.compute_graph.homes import placed_graph
from macros.formulas.compute_graph.packing import buffer_bytes
from macros.formulas.compute_graph.passes import Batch, Layout
from macros.formulas.compute_graph.schedule import schedule
from macros.formulas.compute_graph.shortening import layer_kinds, layers_enough
from macros.formulas.remember import by_identity
from macros.specs.architectures import Architecture


@by_identity
def compute_buffer_bytes(a: Architecture, batch: Batch, layout: Layout, *, copies: int = 1, streams: bool = True) -> list[int]:
    """Compute buffers of all places.

    Args:
        a: the shapes of the model
        batch: the sizes of the pass
        layout: what lies where
        copies: passes that several devices have under way at a time, each with what comes from outside [passes]
        streams: whether large batches are computed on a device with weights of the host

    Returns:
        The buffer of each device, then that of the host [bytes].

    Assumes: devices allocate as CUDA does; large batches of layers on the host are computed on the first device.

    Source: llama.cpp's plan.
    """
    layers = layers_enough(a, layout)
    known = _known(a, batch, layout.caches, layout.last_matrices, _look(a, layout, layers), copies, streams)
    if not known:
        graph = placed_graph(a, batch, layout, layers)
        known.extend(buffer_bytes(graph, schedule(graph, copies=copies, streams=streams)))
    return known


@by_identity
def _known(
    a: Architecture,
    batch: Batch,
    caches: Mapping[int, tuple[int, int, int]],
    last_matrices: Mapping[str, int],
    look: str,
    copies: int,
    streams: bool,
) -> list[int]:
    """The buffers of all layouts that look alike; empty until one of them was planned."""
    return []


def _look(a: Architecture, layout: Layout, layers: Sequence[int]) -> str:
    """All of a layout that buffers depend on: places, sizes that are brought, and in which order they come."""
    kinds = layer_kinds(a, layout)
    own = "|".join([kinds[layer] for layer in layers])
    last = " ".join([f"{name}:{home}" for name, home in layout.last_moved.items()])
    first = " ".join([f"{name}:{home}" for name, home in layout.first_moved.items()])
    return f"{layout.host} {layout.output} {layout.cache_on_host} {first} {last} / {own}"
