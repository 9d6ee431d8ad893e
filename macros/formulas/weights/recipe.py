"""Which type each tensor gets in the presets of llama.cpp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from macros.formulas.tensors.group import TensorGroup
from macros.formulas.tensors.model import tensor_groups
from macros.formulas.weights.blocks import TypedTensors, Types, fitting_type, tensor_bytes
from macros.formulas.weights.parts import RULED_ROLES
from macros.specs.architectures import Architecture
from macros.specs.quantizations import Recipe, Rule

LARGE_CLASS_LAYERS = 80
"""llama.cpp calls models of the LLaMA and Qwen2 classes with so many layers and grouped heads its 70B class."""


def more_bits(index: int, count: int) -> bool:
    """Whether a layer is one of those that medium presets store with more bits: the outer eighths and every third between.

    Args:
        index: place of the tensor among its like [layers]
        count: how many there are [layers]

    Returns:
        True or False.

    >>> [i for i in range(32) if more_bits(i, 32)]
    [0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31]
    """
    eighth = count // 8
    return index < eighth or index >= 7 * count // 8 or (index - eighth) % 3 == 2


def _covers(rule: Rule, index: int, count: int) -> bool:
    match rule.layers:
        case None:
            return True
        case "first-2":
            return index < 2
        case "first-4":
            return index < 4
        case "first-eighth":
            return index < count // 8
        case "first-sixteenth":
            return index < count // 16
        case "middle":
            return count // 8 <= index < 7 * count // 8
        case "more-bits":
            return more_bits(index, count)


def _query_heads_per_kv_head(a: Architecture) -> int:
    # Of the first layer: a hybrid that lists its heads by layer has none there. The gated delta-net class writes one number for all.
    if not a.attends(0) and (a.recurrent is None or a.recurrent.kind != "gated-delta-net"):
        return 0
    return a.heads(0) // a.kv_heads(0)


def _applicable(rules: Sequence[Rule], a: Architecture, importance_matrix: bool) -> list[Rule]:
    experts = a.experts.count if a.experts is not None else 0
    sharing = _query_heads_per_kv_head(a)
    return [
        rule
        for rule in rules
        if (rule.query_heads_per_kv_head_at_least is None or sharing >= rule.query_heads_per_kv_head_at_least)
        and (rule.experts_at_least is None or experts >= rule.experts_at_least)
        and (rule.eight_experts is None or (experts == 8) == rule.eight_experts)
        and (rule.importance_matrix is None or importance_matrix == rule.importance_matrix)
        and (rule.engine_name is None or a.engine_name == rule.engine_name)
    ]


def _is_large(a: Architecture) -> bool:
    return a.traits.large_at_80_layers and a.layers == LARGE_CLASS_LAYERS and a.attention.heads > a.attention.kv_heads


def _ranks(groups: Sequence[TensorGroup], role: str) -> dict[tuple[str, int, int], int]:
    """Place of each tensor of a role in the order of the file."""
    order = sorted((layer, group.name, number) for number, group in enumerate(groups) if group.role == role for layer in group.layers)
    return {(name, layer, number): rank for rank, (layer, name, number) in enumerate(order)}


def _places(groups: Sequence[TensorGroup]) -> dict[tuple[str, int], int]:
    """Place of each tensor among those of its name, in the order of the file."""
    layers: dict[str, list[int]] = {}
    for group in groups:
        layers.setdefault(group.name, []).extend(group.layers)
    return {(name, layer): place for name, found in layers.items() for place, layer in enumerate(sorted(found))}


def typed_tensors(
    architecture: Architecture,
    recipe: Recipe,
    types: Types,
    *,
    importance_matrix: bool = False,
    groups: Sequence[TensorGroup] | None = None,
) -> list[TypedTensors]:
    """Every tensor of the file with its type.

    Args:
        architecture: the shapes of the model
        recipe: the preset
        types: every tensor type
        importance_matrix: whether the file was made with one
        groups: the tensors, where the caller has them already

    Returns:
        Tensors in groups of one shape and one type.

    Assumes: what is never quantized is stored as 32-bit floats, as conversions do.

    Source: llama.cpp, llama-quant.cpp at commit 0c1e57098.
    """
    a = architecture
    groups = tensor_groups(a) if groups is None else groups
    order = _order(a, recipe, groups)
    rules = {role: _applicable(getattr(recipe, role), a, importance_matrix) for role in RULED_ROLES}
    found: list[TypedTensors] = []
    for number, group in enumerate(groups):
        role = "value" if group.role == "value_fused" else group.role
        one = _one_type(a, group, recipe, types, ruled=role in rules)
        chosen = _by_layer(a, group, number, recipe, rules[role], order) if one is None else {one: group.layers}
        for name, layers in chosen.items():
            kind = types[fitting_type(name, group.row, types)]
            size = tensor_bytes(row=group.row, rows=group.rows * group.stack, block=kind.block, block_bytes=kind.block_bytes)
            found.append(TypedTensors(group, kind.id, layers, size))
    return found


def _one_type(a: Architecture, group: TensorGroup, recipe: Recipe, types: Types, *, ruled: bool) -> str | None:
    """The type of tensors that no rule of layers is about; None: rules choose it layer by layer."""
    floating = types[recipe.base].block == 1
    if group.name in a.traits.kept_at_16:
        return recipe.base if floating else "f16"
    if group.role == "kept" or group.name in a.traits.kept_at_32:
        return "f32"
    if group.role == "kept_matrix":
        return "f16"
    if group.role == "output" or (group.role == "token_embedding" and a.tied_embeddings):
        divides = group.row % types[recipe.base].block == 0 and (floating or not a.traits.careful_output)
        return recipe.output if divides else "q8_0"
    if group.role == "token_embedding":
        return recipe.token_embedding
    if not floating and recipe.stacked is not None and group.stack > 1:
        return recipe.stacked
    return recipe.base if floating or recipe.stacked is not None or not ruled else None


@dataclass(frozen=True)
class _Order:
    """In which order the tensors come that rules count."""

    blocks: int
    values: int
    """Tensors of values, which rules for them count."""
    value_ranks: dict[tuple[str, int, int], int]
    down_ranks: dict[tuple[str, int, int], int]
    places: dict[tuple[str, int], int]

    def of(self, role: str, group: TensorGroup, number: int, layer: int) -> tuple[int, int]:
        """Place of a tensor among those that its rules count, and how many these are."""
        if role == "value":
            return self.value_ranks.get((group.name, layer, number), layer), self.values
        if role == "down" and self.down_ranks:
            return self.down_ranks[group.name, layer, number], self.blocks
        if role in ("down", "gate_up"):
            return self.places.get((group.name, layer), layer), self.blocks
        return layer, self.blocks


def _order(a: Architecture, recipe: Recipe, groups: Sequence[TensorGroup]) -> _Order:
    blocks = a.layers + a.prediction_layers
    value_ranks = _ranks(groups, "value") if any(group.role == "value" for group in groups) else {}
    # A mixture's tensors are counted by the layer in their name, a dense model's in the order in which they come.
    counted = a.experts is None and not all(a.has_dense(layer) for layer in range(a.layers))
    return _Order(
        blocks=blocks,
        values=len(value_ranks) or blocks,
        value_ranks=value_ranks,
        down_ranks=_ranks(groups, "down") if recipe.counts_down_tensors else {},
        places=_places(groups) if counted else {},
    )


def _by_layer(
    a: Architecture, group: TensorGroup, number: int, recipe: Recipe, rules: Sequence[Rule], order: _Order
) -> dict[str, tuple[int, ...]]:
    """Type -> layers whose tensor gets it by the first rule that covers it."""
    role = "value" if group.role == "value_fused" else group.role
    same = not rules or rules[0].layers is None
    chosen: dict[str, list[int]] = {}
    for layer in [group.layers[0]] if same else group.layers:
        index, count = order.of(role, group, number, layer)
        kind = next((rule.type for rule in rules if _covers(rule, index, count)), recipe.base)
        chosen.setdefault(_value_type(a, recipe, kind) if role == "value" else kind, []).append(layer)
    return {kind: group.layers if same else tuple(layers) for kind, layers in chosen.items()}


def _value_type(a: Architecture, recipe: Recipe, kind: str) -> str:
    """The type of values, which the largest classes and eight experts get more bits for."""
    if a.experts is not None and a.experts.count == 8 and recipe.value_eight_experts is not None:
        return recipe.value_eight_experts
    if _is_large(a) and recipe.value_large is not None and kind in ("q3_k", "q4_k"):
        return recipe.value_large
    return kind
