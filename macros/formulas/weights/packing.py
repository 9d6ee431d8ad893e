"""Formats that store every linear layer alike: GPTQ, AWQ, FP8, bitsandbytes, compressed-tensors, MLX, plain floats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from macros.formulas.elementwise import ceil
from macros.formulas.tensors.group import LAST, TensorGroup
from macros.formulas.tensors.model import tensor_groups
from macros.formulas.weights.parts import is_linear, tensor_parts
from macros.formulas.weights.recipe import more_bits
from macros.specs.architectures import Architecture
from macros.specs.quantizations import Packing, PackingRule, PerWeight

WORD_BITS = 32
"""Weights of odd widths are packed into words."""
SELECTION_BIAS_BITS = 32
"""Biases that steer the choice of experts are published as 32-bit floats whatever the rest is."""


def linear_layer_bytes(
    *,
    inputs: int,
    outputs: int,
    weight_bits: float,
    group_size: int,
    group_rows: int = 1,
    scale_bits: float = 0.0,
    zero_point_bits: float = 0.0,
    input_index_bits: int = 0,
    output_bits: int = 0,
    matrix_bytes: int = 0,
) -> float:
    """Bytes of one linear layer in a format that stores all of them alike.

    Equation: bits = inputs x outputs x weight_bits + ceil(inputs / group_size) x ceil(outputs / group_rows) x (scale_bits +
    zero_point_bits) + inputs x input_index_bits + outputs x output_bits + 8 x matrix_bytes

    Args:
        inputs: columns of the matrix [values]
        outputs: rows of the matrix [values]
        weight_bits: bits of a weight [bits]
        group_size: weights along the inputs that share a scale [values]
        group_rows: rows that share the scales of their groups [rows]
        scale_bits: bits of a group's scale [bits]
        zero_point_bits: bits of a group's zero point [bits]
        input_index_bits: bits for each input [bits]
        output_bits: bits for each output [bits]
        matrix_bytes: bytes for each matrix [bytes]

    Returns:
        Bytes [bytes].

    Assumes: weights of a group that is not full are not padded.

    Source: the papers of the formats; what their libraries write.

    >>> linear_layer_bytes(inputs=4096, outputs=4096, weight_bits=4, group_size=128, scale_bits=16, zero_point_bits=4, input_index_bits=32)
    8732672.0
    """
    groups = ceil(inputs / group_size) * ceil(outputs / group_rows)
    bits = inputs * outputs * weight_bits + groups * (scale_bits + zero_point_bits) + inputs * input_index_bits + outputs * output_bits
    return float(bits / 8 + matrix_bytes)


def uniform_bytes(architecture: Architecture, per_weight: PerWeight) -> int:
    """Bytes of the weights in a format that treats every linear layer alike (GPTQ, AWQ, FP8, bitsandbytes, plain floats).

    Args:
        architecture: the shapes of the model
        per_weight: the format

    Returns:
        Bytes [bytes].

    Assumes: embeddings, output matrix, norms and routers keep `other_bits`; position-scaling factors are not stored.

    Source: the papers of the formats.
    """
    return sum(size for _, size in uniform_tensors(architecture, per_weight))


def uniform_tensors(architecture: Architecture, per_weight: PerWeight) -> list[tuple[TensorGroup, int]]:
    """The same, group by group; a group whose layers are stored differently is split."""
    found = []
    untied = per_weight.unties and architecture.tied_embeddings
    head = [TensorGroup("output", architecture.hidden_size, architecture.vocabulary_size, role="output", layers=(LAST,))] if untied else []
    for group in [*tensor_groups(architecture), *head]:
        if not group.is_parameter:
            continue
        if not per_weight.prediction_layers and group.layers[-1] >= architecture.layers:
            group = replace(group, layers=tuple(layer for layer in group.layers if layer < architecture.layers))
            if not group.layers:
                continue
        parts = tensor_parts(architecture, group)
        rules = [rule for rule in per_weight.rules if _names(rule, group.name, parts, architecture)]
        if per_weight.whole_groups and group.rows > 1 and group.row % (per_weight.group_size or group.row):
            rules = []
        stored = group if per_weight.splits_latent else _joined(group)
        shared = 0 if stored is group or group.name == "attn_v_b" else 1  # what goes with a matrix goes once with keys and values together
        if not rules:
            size = _packed_bytes(stored, parts, per_weight, per_weight.other_bits)
            size -= shared * (per_weight.matrix_bytes if is_linear(group) else 0)
            found.append((group, round(size) * group.count))
            continue
        sizes: dict[float, list[int]] = {}
        for layer in group.layers:
            rule = next((rule for rule in rules if _holds(rule, layer, architecture)), None)
            size = _packed_bytes(stored, parts, per_weight, per_weight.other_bits) if rule is None else _stored_bytes(stored, rule)
            size -= shared * (rule or per_weight).matrix_bytes
            sizes.setdefault(size, []).append(layer)
        for size, layers in sizes.items():
            found.append((replace(group, layers=tuple(layers)), round(size) * len(layers)))
    return found


def _joined(group: TensorGroup) -> TensorGroup:
    """The part of one matrix that expands keys and values of latent attention, which checkpoints of Transformers do not split by heads."""
    if group.name == "attn_k_b":
        return replace(group, row=group.rows, rows=group.row * group.stack, stack=1)
    if group.name == "attn_v_b":
        return replace(group, rows=group.rows * group.stack, stack=1)
    return group


def _names(rule: PackingRule, name: str, parts: Sequence[str], a: Architecture) -> bool:
    return (name in rule.names or any(part in parts for part in rule.parts)) and (rule.classes is None or a.engine_name in rule.classes)


def _holds(rule: PackingRule, layer: int, a: Architecture) -> bool:
    if rule.layers is not None and layer not in rule.layers.of(a.layers + a.prediction_layers):
        return False
    return not rule.more_bits or more_bits(layer, a.layers)


def _packed_bytes(group: TensorGroup, parts: Sequence[str], p: PerWeight, other_bits: int) -> float:
    """One of these tensors, where no rule names it."""
    if "selection_bias" in parts:
        return group.values * max(other_bits, SELECTION_BIAS_BITS) / 8
    packed = is_linear(group) or any(part in p.covers for part in parts)
    if not packed or (p.whole_groups and p.group_size is not None and group.row % p.group_size):
        return group.values * other_bits / 8
    return _stored_bytes(group, p)


def _stored_bytes(group: TensorGroup, p: Packing) -> float:
    bits = p.weight_bits if p.word_weights is None else WORD_BITS * -(-group.row // p.word_weights) / group.row
    return group.stack * linear_layer_bytes(
        inputs=group.row,
        outputs=group.rows,
        weight_bits=bits,
        group_size=p.group_size or group.row,
        group_rows=p.group_rows or 1,
        scale_bits=p.scale_bits,
        zero_point_bits=p.zero_point_bits,
        input_index_bits=p.input_index_bits,
        output_bits=p.output_bits,
        matrix_bytes=p.matrix_bytes,
    )
