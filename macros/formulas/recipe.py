"""Which type each tensor gets, and so what the weights weigh: the presets of llama.cpp, and the formats of other engines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from macros.formulas.elementwise import ceil
from macros.formulas.tensors.group import LAST, TensorGroup
from macros.formulas.tensors.model import tensor_groups
from macros.specs.architectures import Architecture
from macros.specs.quantizations import Packing, PackingRule, PerWeight, Quantization, Recipe, Rule, TensorType

LARGE_CLASS_LAYERS = 80
"""llama.cpp calls models of the LLaMA and Qwen2 classes with so many layers and grouped heads its 70B class."""

RULED_ROLES = ("value", "key", "query", "attention_output", "down", "gate_up")
"""Kinds of tensors that a recipe has rules for."""

Types = Mapping[str, TensorType]


@dataclass(frozen=True)
class TypedTensors:
    """Tensors of a group that got the same type."""

    group: TensorGroup
    type: str
    layers: tuple[int, ...]
    bytes_each: int

    @property
    def bytes(self) -> int:
        """Bytes of all of them."""
        return self.bytes_each * len(self.layers)


def tensor_bytes(*, row: int, rows: int, block: int, block_bytes: int) -> int:
    """Bytes of a tensor whose rows are stored in blocks.

    Equation: bytes = rows x row / block x block_bytes

    Args:
        row: values of a row [values]; a multiple of the block
        rows: number of rows, of all matrices of the tensor [rows]
        block: values in a block [values]
        block_bytes: bytes of a block [bytes]

    Returns:
        Bytes [bytes].

    Assumes: no padding between rows.

    Source: GGUF specification, tensor data.

    >>> tensor_bytes(row=4096, rows=4096, block=256, block_bytes=144)
    9437184
    """
    return rows * (row // block) * block_bytes


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


def fitting_type(chosen: str, row: int, types: Types) -> str:
    """The type chosen, or the first of its fallbacks whose block divides the row.

    Args:
        chosen: a tensor type
        row: values of a row [values]
        types: every tensor type

    Returns:
        A tensor type.
    """
    kind = types[chosen]
    while row % kind.block:
        assert kind.fallback is not None
        kind = types[kind.fallback]
    return kind.id


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
    if groups is None:
        groups = tensor_groups(a)
    blocks = a.layers + a.prediction_layers
    value_ranks = _ranks(groups, "value") if any(group.role == "value" for group in groups) else {}
    down_ranks = _ranks(groups, "down") if recipe.counts_down_tensors else {}
    # A mixture's tensors are counted by the layer in their name, a dense model's in the order in which they come.
    places = _places(groups) if a.experts is None and not all(a.has_dense(layer) for layer in range(a.layers)) else {}
    values = len(value_ranks) or blocks
    rules = {role: _applicable(getattr(recipe, role), a, importance_matrix) for role in RULED_ROLES}
    floating = types[recipe.base].block == 1
    eight = a.experts is not None and a.experts.count == 8
    large = _is_large(a)
    found: list[TypedTensors] = []

    def add(group: TensorGroup, chosen: str, layers: tuple[int, ...]) -> None:
        kind = types[fitting_type(chosen, group.row, types)]
        size = tensor_bytes(row=group.row, rows=group.rows * group.stack, block=kind.block, block_bytes=kind.block_bytes)
        found.append(TypedTensors(group, kind.id, layers, size))

    for number, group in enumerate(groups):
        role = "value" if group.role == "value_fused" else group.role
        if group.name in a.traits.kept_at_16:
            add(group, recipe.base if floating else "f16", group.layers)
        elif role == "kept" or group.name in a.traits.kept_at_32:
            add(group, "f32", group.layers)
        elif role == "kept_matrix":
            add(group, "f16", group.layers)
        elif role == "output" or (role == "token_embedding" and a.tied_embeddings):
            divides = group.row % types[recipe.base].block == 0 and (floating or not a.traits.careful_output)
            add(group, recipe.output if divides else "q8_0", group.layers)
        elif role == "token_embedding":
            add(group, recipe.token_embedding, group.layers)
        elif floating:
            add(group, recipe.base, group.layers)
        elif recipe.stacked is not None:
            add(group, recipe.stacked if group.stack > 1 else recipe.base, group.layers)
        elif role not in rules:
            add(group, recipe.base, group.layers)
        else:
            ordered = rules[role]
            same = not ordered or ordered[0].layers is None
            chosen: dict[str, list[int]] = {}
            for layer in [group.layers[0]] if same else group.layers:
                index, count = layer, blocks
                if role == "value":
                    index, count = value_ranks.get((group.name, layer, number), layer), values
                elif role == "down" and recipe.counts_down_tensors:
                    index = down_ranks[group.name, layer, number]
                elif role in ("down", "gate_up"):
                    index = places.get((group.name, layer), layer)
                kind = next((rule.type for rule in ordered if _covers(rule, index, count)), recipe.base)
                if role == "value" and large and recipe.value_large is not None and kind in ("q3_k", "q4_k"):
                    kind = recipe.value_large
                if role == "value" and eight and recipe.value_eight_experts is not None:
                    kind = recipe.value_eight_experts
                chosen.setdefault(kind, []).append(layer)
            for kind, layers in chosen.items():
                add(group, kind, group.layers if same else tuple(layers))
    return found


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


def _is_linear(group: TensorGroup) -> bool:
    """Whether a group is what other engines quantize: the matrices of linear layers inside the blocks."""
    return group.role not in ("kept", "kept_matrix") and group.layers[0] >= 0


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
            size -= shared * (per_weight.matrix_bytes if _is_linear(group) else 0)
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
    packed = _is_linear(group) or any(part in p.covers for part in parts)
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


WORD_BITS = 32
"""Weights of odd widths are packed into words."""
SELECTION_BIAS_BITS = 32
"""Biases that steer the choice of experts are published as 32-bit floats whatever the rest is."""

NAMED_PARTS = {
    "token_embd": "embedding",
    "position_embd": "embedding",
    "per_layer_token_embd": "embedding",
    "nextn.embed_tokens": "embedding",
    "output": "output",
    "nextn.shared_head_head": "output",
    "ffn_gate_inp": "router",
    "ffn_gate_inp_shexp": "router",
    "exp_probs_b": "selection_bias",
    "ffn_latent_down": "latent_experts",
    "ffn_latent_up": "latent_experts",
    "ffn_routed_down": "latent_experts",
    "ffn_routed_up": "latent_experts",
    "per_layer_model_proj": "streams",
    "altup_proj": "streams",
    "altup_unembd_proj": "streams",
    "altup_router": "streams",
    "laurel_l": "streams",
    "laurel_r": "streams",
}
"""What a tensor of this name is part of; of the others their beginning or end tells it."""


def tensor_parts(a: Architecture, group: TensorGroup) -> list[str]:
    """What a group of tensors is part of, as the lists of quantized files name it; nothing for norms, biases and convolutions."""
    found = ["prediction"] if group.layers[0] >= a.layers else []
    if group.name in NAMED_PARTS:
        return [NAMED_PARTS[group.name], *found]
    if not _is_linear(group):
        return []
    if group.role in RULED_ROLES:
        found.append(group.role)
    if group.name.endswith("_exps"):
        return ["experts", *found]
    if group.name.endswith("_shexp"):
        return ["shared_experts", *found]
    if group.name.startswith("ffn_"):
        return ["feed_forward", *found]
    if group.name.startswith("indexer"):
        return ["indexer", *found]
    recurs = a.recurs(group.layers[0]) and not a.attends(group.layers[0])
    if recurs or group.name.startswith(("ssm_", "shortconv.")):
        return ["recurrent", *found]
    return ["attention", *found] if group.name.startswith("attn_") else found


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
