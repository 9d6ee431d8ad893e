"""What the tensors of a model weigh, layer by layer: for one model in one format this is computed once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from macros.formulas.recipe import TypedTensors, Types, typed_tensors, uniform_tensors
from macros.formulas.remember import by_identity
from macros.formulas.tensors import FIRST, LAST, TensorGroup
from macros.specs.architectures import Architecture
from macros.specs.quantizations import Quantization

ROW_PADDING = 512
"""CUDA pads the last row of a quantized matrix whose rows are no multiple of so many values."""
ALIGNMENT = 128
"""Tensors on a device start at multiples of so many bytes."""


@dataclass(frozen=True)
class LayerWeights:
    """Weights of one layer, or of what stands before or after the layers."""

    bytes: int = 0
    device_bytes: int = 0
    """With the padding of a device."""
    expert_bytes: int = 0
    """Routed experts, which may stay on the host."""
    expert_device_bytes: int = 0
    """The same with the padding of a device."""
    read_bytes: float = 0.0
    """Read for one token."""
    expert_read_bytes: float = 0.0
    """Of these, from routed experts."""
    active: float = 0.0
    """Parameters that work for one token."""
    expert_active: float = 0.0
    """Of these, in routed experts."""


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

    @cached_property
    def bytes(self) -> int:
        """All tensors of the file, each once."""
        return sum(layer.bytes for layer in self.layers) + self.embedding.bytes + self.output.bytes + self.unloaded_bytes


def _is_expert(group: TensorGroup) -> bool:
    return group.name.endswith("_exps")


@by_identity
def model_weights(a: Architecture, quant: Quantization, types: Types, *, imatrix: bool) -> ModelWeights:
    """Weigh a model; remembered for as long as its record lives."""
    return _weigh(a, quant, types, imatrix)


def padded_bytes(tensor: TypedTensors, types: Types) -> int:
    """Bytes of one of these tensors on a device."""
    kind = types[tensor.type]
    padded = tensor.bytes_each
    if kind.block > 1 and tensor.group.row % ROW_PADDING:
        padded += (ROW_PADDING - tensor.group.row % ROW_PADDING) // kind.block * kind.block_bytes
    return -(-padded // ALIGNMENT) * ALIGNMENT


def _pieces(a: Architecture, quant: Quantization, types: Types, imatrix: bool) -> list[tuple[TensorGroup, tuple[int, ...], int, int]]:
    """Tensors: the group, its layers, bytes of one of them, bytes on a device."""
    if quant.recipe is None:
        assert quant.per_weight is not None
        return [(group, group.layers, size // group.count, size // group.count) for group, size in uniform_tensors(a, quant.per_weight)]
    found = []
    for tensor in typed_tensors(a, quant.recipe, types, importance_matrix=imatrix):
        found.append((tensor.group, tensor.layers, tensor.bytes_each, padded_bytes(tensor, types)))
    return found


def _weigh(a: Architecture, quant: Quantization, types: Types, imatrix: bool) -> ModelWeights:
    sums: dict[int, dict[str, Any]] = {place: {} for place in (*range(a.layers), FIRST, LAST)}
    matrices: list[dict[str, int]] = [{} for _ in range(a.layers)]
    tied = LayerWeights()
    last_matrices: dict[str, int] = {}
    unloaded = 0
    for group, layers, size, padded in _pieces(a, quant, types, imatrix):
        expert = _is_expert(group)
        read = size * group.active
        active = group.values * group.active if group.is_parameter else 0.0
        for layer in layers:
            if layer >= a.layers:
                unloaded += size
                continue
            total = sums[layer]
            gains = {"bytes": size, "device_bytes": padded, "read_bytes": read, "active": active}
            if expert:
                gains |= {"expert_bytes": size, "expert_device_bytes": padded, "expert_read_bytes": read, "expert_active": active}
            for name, gain in gains.items():
                total[name] = total.get(name, 0) + gain
            if group.rows > 1 and layer >= 0:
                matrices[layer][group.name] = padded
            if group.rows > 1 and layer == LAST:
                last_matrices[group.name] = padded
        if group.name == "token_embd" and a.tied_embeddings:
            tied = LayerWeights(bytes=size, device_bytes=padded, read_bytes=size, active=group.values)
            last_matrices["output"] = padded
    layers_found = tuple(LayerWeights(**sums[layer]) for layer in range(a.layers))
    first, last = LayerWeights(**sums[FIRST]), LayerWeights(**sums[LAST])
    return ModelWeights(layers_found, first, last, tied, tuple(matrices), last_matrices, unloaded)
