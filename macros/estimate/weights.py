"""What the tensors of a model weigh: one pass over them, which memory and speed both read, remembered for as long as the records live."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from macros.formulas.engine_constants import HOST_ALIGNMENT, aligned, row_padding_bytes
from macros.formulas.remember import by_identity
from macros.formulas.tensors.group import FIRST, LAST, TensorGroup
from macros.formulas.weights.blocks import TypedTensors, Types
from macros.formulas.weights.file import stored_tensors
from macros.formulas.weights.packing import uniform_tensors
from macros.formulas.weights.recipe import typed_tensors
from macros.specs.architectures import Architecture
from macros.specs.quantizations import Quantization


@dataclass(frozen=True)
class Piece:
    """Tensors of one group that have one type."""

    group: TensorGroup
    layers: tuple[int, ...]
    """Where there is one of them; FIRST and LAST stand for what is before and after the layers."""
    bytes: int
    """Bytes of each."""
    host_bytes: int
    """The same in host memory."""
    device_bytes: int
    """The same with the padding of a device."""
    block: int = 1
    """Weights of a block of its type."""
    block_bytes: int = 0
    """Bytes of such a block."""


@dataclass(frozen=True)
class LayerWeights:
    """Weights of one layer, or of what stands before or after the layers."""

    bytes: int = 0
    """In host memory."""
    device_bytes: int = 0
    """With the padding of a device."""
    expert_bytes: int = 0
    """Routed experts, which may stay on the host."""
    expert_device_bytes: int = 0
    """The same with the padding of a device."""
    tensors: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Its tensors by name: bytes, and bytes on a device."""


@dataclass(frozen=True)
class ModelWeights:
    """Weights of a model in one format."""

    layers: tuple[LayerWeights, ...]
    """The layers, prediction layers not among them."""
    embedding: LayerWeights
    """Tables that are looked up: they stay on the host."""
    output: LayerWeights
    """The output matrix and norm; a tied matrix is not in it."""
    tied: LayerWeights
    """The tied embedding table as it is held a second time, as output matrix; zero where nothing is tied."""
    matrices: tuple[dict[str, int], ...]
    """Layer by layer: matrices and what each takes on a device [bytes]."""
    last_matrices: dict[str, int]
    """Matrices that stand with the output, the one that gives the logits among them, and what each takes on a device [bytes]."""
    unloaded_bytes: int
    """Prediction layers: in the file, not loaded."""
    unloaded_expert_bytes: int
    """Of them, routed experts."""
    pieces: list[Piece]
    """All of it, tensor by tensor."""

    @cached_property
    def bytes(self) -> int:
        """All tensors of the file, each once."""
        return sum(piece.bytes * len(piece.layers) for piece in self.pieces)


def is_expert(group: TensorGroup) -> bool:
    """Whether a group of tensors belongs to routed experts."""
    return "_exps" in group.name


def padded_bytes(tensor: TypedTensors, types: Types) -> int:
    """Bytes of one of these tensors on a device."""
    kind = types.get(tensor.type)
    if kind is None:
        return aligned(tensor.bytes_each)
    return aligned(tensor.bytes_each + row_padding_bytes(row=tensor.group.row, block=kind.block, block_bytes=kind.block_bytes))


@by_identity
def pieces(a: Architecture, quant: Quantization, types: Types, imatrix: bool, gguf: bool = True) -> list[Piece]:
    """All tensors of a model in a format; engines that do not read GGUF read files of their own."""
    found = []
    if (quant.recipe is None or not gguf) and not quant.stored:
        assert quant.per_weight is not None
        for group, size in uniform_tensors(a, quant.per_weight):
            each = size // group.count
            found.append(Piece(group, group.layers, each, each, each))
        return found
    recipe = quant.recipe
    tensors = stored_tensors(a, quant) if recipe is None else typed_tensors(a, recipe, types, importance_matrix=imatrix)
    for tensor in tensors:
        kind = types.get(tensor.type)
        block, block_bytes = (kind.block, kind.block_bytes) if kind is not None else (1, 0)
        each = tensor.bytes_each
        host = aligned(each, HOST_ALIGNMENT) if gguf else each
        found.append(Piece(tensor.group, tensor.layers, each, host, padded_bytes(tensor, types), block, block_bytes))
    return found


@by_identity
def model_weights(a: Architecture, quant: Quantization, types: Types, *, imatrix: bool, gguf: bool = True) -> ModelWeights:
    """The weights layer by layer."""
    sums: dict[int, dict[str, Any]] = {place: {} for place in (*range(a.layers), FIRST, LAST)}
    tensors: dict[int, dict[str, tuple[int, int]]] = {place: {} for place in sums}
    matrices: list[dict[str, int]] = [{} for _ in range(a.layers)]
    tied = LayerWeights()
    last_matrices: dict[str, int] = {}
    unloaded, unloaded_experts = 0, 0
    every = pieces(a, quant, types, imatrix, gguf)
    for piece in every:
        group = piece.group
        for layer in piece.layers:
            if layer >= a.layers:
                unloaded += piece.bytes
                unloaded_experts += piece.bytes if is_expert(group) else 0
                continue
            total = sums[layer]
            tensors[layer][group.name] = (piece.host_bytes, piece.device_bytes)
            gains = {"bytes": piece.host_bytes, "device_bytes": piece.device_bytes}
            if is_expert(group):
                gains |= {"expert_bytes": piece.host_bytes, "expert_device_bytes": piece.device_bytes}
            for name, gain in gains.items():
                total[name] = total.get(name, 0) + gain
            if group.rows > 1 and layer >= 0:
                matrices[layer][group.name] = piece.device_bytes
            if group.rows > 1 and layer == LAST:
                last_matrices[group.name] = piece.device_bytes
        if group.name == "token_embd" and a.tied_embeddings:
            tied = LayerWeights(bytes=piece.host_bytes, device_bytes=piece.device_bytes)
            last_matrices["output"] = piece.device_bytes
    for place, named in tensors.items():
        sums[place]["tensors"] = named
    layers_found = tuple(LayerWeights(**sums[layer]) for layer in range(a.layers))
    first, last = LayerWeights(**sums[FIRST]), LayerWeights(**sums[LAST])
    return ModelWeights(layers_found, first, last, tied, tuple(matrices), last_matrices, unloaded, unloaded_experts, every)
