"""One pass through a model: its sizes, where the weights lie, and the operations that all blocks are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from macros.formulas.compute_graph.graph import LAST, NOWHERE, Graph
from macros.specs.architectures import Architecture

FLOAT = 4
"""Bytes of a value between two operations: 32-bit floats."""
HALF = 2
"""Bytes of a 16-bit float."""
INDEX = 8
"""Bytes of an index into the cache."""
WORD = 4
"""Bytes of a token's number, a position, an expert's number."""


@dataclass(frozen=True)
class Build:
    """What builds of the engine do differently."""

    mixes_inputs: bool = False
    """A pass may mix tokens and vectors: the graph has a third way in (llama-graph.cpp, build_inp_embd)."""
    gathers_states: bool = False
    """States of all sequences are read at once, those that only move as well (llama-graph.cpp, build_rs)."""
    chooses_early: bool = False
    """Tokens whose logits are kept are chosen in the last layer, in classes that did so after the last norm as well."""
    reads_lazily: bool = False
    """Rows of tables that may stay on the drive are looked up before anything else (llama-graph.cpp)."""
    keeps_streams: bool = False
    """The residual streams of the last layer stay to the end of the pass, where there are several."""
    keeps_experts: bool = False
    """The back end keeps what experts give and how they are weighed until it is summed, and the router's values until the choice is made
    (ggml-cuda.cu, ggml_backend_cuda_graph_optimize)."""


FIRST_BUILD = Build()


@dataclass(frozen=True)
class Batch:
    """The sizes of one pass."""

    tokens: int
    """Tokens computed at once."""
    cells: int
    """Cells of the layers that see everything, in each stream."""
    window_cells: int
    """Cells of the windowed layers, in each stream; 0: there are none."""
    outputs: int
    """Tokens whose logits are kept."""
    sequences: int
    """Sequences that share the cache."""
    flash_attention: bool
    """Whether flash attention is on."""
    key_half: bool
    """Whether keys are 16-bit floats (f16) when flash attention meets them; else CUDA makes such of them beside what it gives."""
    value_half: bool
    """The same of values."""
    streams: int = 1
    """Caches that stand side by side: one for all sequences, or one for each."""
    logits: bool = True
    """Whether logits are computed; for embeddings later builds compute none."""
    pools: bool = False
    """Whether embeddings are asked for: the last token of each sequence is chosen besides."""
    build: Build = FIRST_BUILD
    """The build of the engine."""
    key_quantized: bool = False
    """Whether keys are quantized: heads are rotated before."""
    value_quantized: bool = False
    """The same of values."""
    key_whole: bool = False
    """Whether keys are 32-bit floats: the pass itself makes 16-bit ones of them for flash attention."""
    value_whole: bool = False
    """The same of values."""
    snapshots: int = 1
    """States kept of each sequence: one, and one for each guess that may be undone."""


@dataclass(frozen=True)
class Layout:
    """What lies where: places are the devices in order, then the host."""

    host: int
    """The host's place."""
    layers: Sequence[int]
    """The place of each layer, its cache and its state."""
    output: int
    """The place of the output matrix."""
    moved: Sequence[Mapping[str, int]]
    """Layer by layer: the tensors that lie elsewhere than their layer, and where."""
    first_moved: Mapping[str, int]
    """Tables that lie elsewhere than on the host, and where."""
    last_moved: Mapping[str, int]
    """The same of what stands with the output."""
    cache_on_host: bool
    """Whether caches and states lie on the host, wherever their layer does."""
    matrices: Sequence[Mapping[str, int]]
    """Layer by layer: what a matrix takes on a device [bytes]."""
    last_matrices: Mapping[str, int]
    """What matrices that stand with the output take on a device [bytes]."""
    caches: Mapping[int, tuple[int, int, int]]
    """Layer -> what its keys, its values and the keys of its scorer take on a device that gets them from elsewhere [bytes]."""
    roughly: bool = False
    """Whether few layers of each kind are enough, for a buffer that is about as large."""


@dataclass(frozen=True)
class Pass:
    """A pass that is being put together."""

    a: Architecture
    b: Batch
    layout: Layout
    """What lies where; of it a pass is made by how many places there are, by caches, and by the places of layers with factors."""
    graph: Graph
    inputs: dict[str, int] = field(default_factory=dict)
    """Name -> what comes from outside, or what layers share."""

    def matrix(self, layer: int, name: str) -> int:
        """A matrix of a layer; how large it is the format says."""
        return self.graph.weight(0, layer, name)

    def last_matrix(self, name: str) -> int:
        """A matrix that stands with the output."""
        return self.graph.weight(0, LAST, name)

    def vector(self, layer: int, values: int, name: str) -> int:
        """A bias, or the weights of a norm."""
        return self.graph.weight(FLOAT * values, layer, name)

    def last_vector(self, values: int, name: str) -> int:
        """A bias or the weights of a norm that stand with the output."""
        return self.graph.weight(FLOAT * values, LAST, name)

    def made(self, x: int, values: int, sources: Sequence[int]) -> int:
        """So many values for each row of `x`, computed from sources."""
        rows = self.graph.rows[x]
        return self.graph.fresh(FLOAT * rows * values, rows, sources)

    def each(self, x: int, values: int, others: Sequence[int] = ()) -> int:
        """Each of the values of the rows of `x` by itself, computed from it and others."""
        rows = self.graph.rows[x]
        return self.graph.over(FLOAT * rows * values, rows, [x, *others])

    def part(self, x: int, values: int, row: int) -> int:
        """A part of each row; it spans all rows but what lies before and after it."""
        rows = self.graph.rows[x]
        return self.graph.view(x, rows, FLOAT * ((rows - 1) * row + values))

    def project(self, layer: int, name: str, x: int, values: int) -> int:
        """Multiply rows by a matrix of a layer."""
        return self.made(x, values, (self.matrix(layer, name), x))

    def project_each(self, layer: int, name: str, x: int, values: int) -> int:
        """The same sequence by sequence."""
        y = self.project(layer, name, x, values)
        self.graph.rows_together[y] = self.b.tokens // self.b.sequences
        return y

    def norm(
        self, layer: int, x: int, values: int, name: str, *, centred: bool = False, biased: bool = False, weights: int = NOWHERE
    ) -> int:
        """A norm of rows with its weights; one that subtracts the mean is not computed in place."""
        n = self.made(x, values, (x,)) if centred else self.each(x, values)
        n = self.each(n, values, (self.vector(layer, values, name) if weights < 0 else weights,))
        return self.each(n, values, (self.vector(layer, values, f"{name}_bias"),)) if biased else n

    def centres(self) -> bool:
        """Whether the norms of the class subtract the mean."""
        return (self.a.norm_biases and not self.a.traits.rms_norm_with_bias) or self.a.traits.layer_norm_without_bias

    def chosen(self, x: int, values: int) -> int:
        """The rows whose logits are kept."""
        return self.graph.fresh(FLOAT * self.b.outputs * values, self.b.outputs, (x, self.inputs["output_index"]))

    def floats(self, values: int) -> int:
        """Bytes of so many values for each token."""
        return FLOAT * self.b.tokens * values
