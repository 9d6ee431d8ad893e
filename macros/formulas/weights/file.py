"""All tensors of a file, in whatever format."""

from __future__ import annotations

from macros.formulas.tensors.group import TensorGroup
from macros.formulas.weights.blocks import TypedTensors, Types
from macros.formulas.weights.packing import uniform_bytes
from macros.formulas.weights.recipe import typed_tensors
from macros.specs.architectures import Architecture
from macros.specs.quantizations import Quantization

EMBEDDINGS = ("token_embd", "per_layer_token_embd")
"""Tables that are looked up, a row for a token."""


def stored_tensors(architecture: Architecture, quantization: Quantization) -> list[TypedTensors]:
    """The tensors of one file, as its header lists them.

    Args:
        architecture: the shapes of the model
        quantization: what the file was read as

    Returns:
        Tensors in groups of one shape and one type.

    Source: the file.
    """
    a = architecture
    found = []
    for tensor in quantization.stored:
        active = 1.0
        if tensor.name in EMBEDDINGS:
            active = 1.0 / a.vocabulary_size
        elif tensor.name == "position_embd":
            active = 1.0 / a.context_length
        elif "_exps" in tensor.name and a.experts is not None:
            active = a.experts.used / a.experts.count
        constant = a.attention.qk_norm == "constant" and tensor.name in ("attn_q_norm", "attn_k_norm")
        parameter = not tensor.name.startswith("rope_factors_") and not constant
        layers = tuple(tensor.layers)
        group = TensorGroup(tensor.name, tensor.row, tensor.rows, tensor.stack, is_parameter=parameter, active=active, layers=layers)
        found.append(TypedTensors(group, tensor.type, layers, tensor.bytes))
    return found


def weight_bytes(architecture: Architecture, quantization: Quantization, types: Types, *, importance_matrix: bool = False) -> int:
    """Bytes of all tensors, each once.

    Args:
        architecture: the shapes of the model
        quantization: the preset or format
        types: every tensor type
        importance_matrix: whether the file was made with one

    Returns:
        Bytes [bytes].

    Source: the recipe of the preset, or the paper of the format.
    """
    if quantization.stored:
        return sum(tensor.bytes for tensor in stored_tensors(architecture, quantization))
    if quantization.recipe is None:
        assert quantization.per_weight is not None
        return uniform_bytes(architecture, quantization.per_weight)
    tensors = typed_tensors(architecture, quantization.recipe, types, importance_matrix=importance_matrix)
    return sum(tensor.bytes for tensor in tensors)
