"""The memory that an engine computes in, planned as llama.cpp plans it.

A pass is put together tensor by tensor (`model`), each tensor gets a place (`schedule`), and one buffer for each place is packed
(`packing`): every tensor takes room when it is computed and gives it back after its last use. The buffer is as large as its fullest
moment, gaps included.
"""

from __future__ import annotations

from macros.formulas.compute_graph.model import model_graph
from macros.formulas.compute_graph.packing import buffer_bytes
from macros.formulas.compute_graph.passes import Batch, Layout
from macros.formulas.compute_graph.schedule import schedule
from macros.formulas.compute_graph.shortening import layers_enough
from macros.formulas.remember import by_identity
from macros.specs.architectures import Architecture


@by_identity
def compute_buffer_bytes(a: Architecture, batch: Batch, layout: Layout, *, copies: int = 1) -> list[int]:
    """Compute buffers of all places.

    Args:
        a: the shapes of the model
        batch: the sizes of the pass
        layout: what lies where
        copies: passes that several devices have under way at a time, each with what comes from outside [passes]

    Returns:
        The buffer of each device, then that of the host [bytes].

    Assumes: devices allocate as CUDA does; large batches of layers on the host are computed on the first device.

    Source: llama.cpp's plan.
    """
    graph = model_graph(a, batch, layout, layers_enough(a, layout))
    return buffer_bytes(graph, schedule(graph, copies=copies))
