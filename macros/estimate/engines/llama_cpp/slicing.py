"""What each card holds where every card has a slice of each layer (`split_mode` tensor): weights, cache and states.

The engine shows its allocator one device that stands for all of them, and each card makes as much room for a pass as that one would.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from macros.estimate.cache import cache_values, state_values
from macros.estimate.refused import Refused
from macros.estimate.setting import Setting
from macros.estimate.shares import slices
from macros.estimate.weights import ModelWeights, Piece
from macros.formulas.compute_graph.passes import FLOAT, Batch
from macros.formulas.engine_constants import aligned, row_padding_bytes
from macros.formulas.kv_cache import row_bytes
from macros.formulas.remember import by_identity
from macros.formulas.slices import LEAST_STEP, common_step, least_slice, slice_sizes
from macros.formulas.tensors.group import LAST
from macros.formulas.tensors.names import file_name
from macros.specs.architectures import Architecture
from macros.specs.quantizations import TensorType

INPUTS = ("attn_q", "attn_k", "attn_v", "attn_qkv", "attn_gate")
"""Matrices of attention, and of what stands in its place, that are cut along their rows."""
STEPS = ("ssm_alpha", "ssm_beta", "ssm_ba")
"""Matrices of recurrent layers that give a few values for each head."""
INNER = ("ffn_up", "ffn_gate", "ffn_gate_up", "ffn_up_exps", "ffn_gate_exps", "ffn_gate_up_exps")
"""Matrices that lead into the inner width of a feed-forward block."""


@dataclass(frozen=True)
class Cut:
    """How a tensor is cut."""

    along_row: bool
    """Whether each row is cut; otherwise the rows are shared out."""
    parts: list[tuple[int, int, int]]
    """Parts that are cut each for itself: values, how often it stands there, step of its slices."""


def check_slices(setting: Setting) -> None:
    """Refuse what has no plan with a slice of each layer on every card.

    Args:
        setting: a checked question

    Raises:
        Refused: naming the other key.
    """
    a, mode = setting.architecture, setting.split_mode
    if setting.gpus and mode not in setting.engine.split_modes:
        modes = " or ".join(setting.engine.split_modes)
        raise Refused("split_mode", f"{modes}, which {setting.engine.name} has on these `gpus`", mode, "its other back ends dropped it")
    if not slices(setting):
        return
    if a.engine_name in setting.engine.not_sliced or a.attention.latent is not None or a.attention.compressed is not None:
        raise Refused("split_mode", f"layer or none, for a `model` of class {a.engine_name}", mode, "the engine has no slices for it")
    if not setting.flash_attention:
        raise Refused("split_mode", "layer or none, without `flash_attention`", mode, "turn flash attention on")
    if setting.gpu_layers is not None and setting.gpu_layers < a.layers + a.prediction_layers + 1:
        raise Refused("split_mode", "layer or none, with fewer `gpu_layers` than all", mode, "put all layers on the cards")
    for key, asked in (
        ("n_cpu_moe", setting.n_cpu_moe), ("n_cpu_ffn", setting.n_cpu_ffn), ("override_tensor", setting.override_tensor),
        ("experts_on_host", setting.experts_on_host), ("kv_offload", not setting.kv_offload),
    ):  # fmt: skip
        if asked:
            raise Refused("split_mode", f"layer or none, beside `{key}`", mode, "keep one of them")


def shares_asked(setting: Setting) -> list[float]:
    """Shares of the cards: equal ones unless some were named."""
    return list(setting.tensor_split) if setting.tensor_split is not None else [1.0 for _ in setting.gpus]


def sliced_weights(a: Architecture, weights: ModelWeights, shares: Sequence[float]) -> list[int]:
    """Weights of each card [bytes]; a tied table is there whole as output matrix."""
    blocks = _blocks(a, weights)
    held = [weights.tied.device_bytes for _ in shares]
    for piece in weights.pieces:
        for layer in piece.layers:
            if layer != LAST and (layer < 0 or layer >= a.layers):
                continue
            name = _name(a, piece.group.name, layer)
            cut = _cut(a, piece, max(layer, 0), name, blocks[layer], len(shares))
            if cut is None:
                sizes = [piece.device_bytes for _ in shares]
            else:
                sizes = [_slice_bytes(piece, cut, counts) for counts in _counts(cut, shares, _turn(a, layer, len(shares)))]
            held = [one + more for one, more in zip(held, sizes, strict=True)]
    return held


def sliced_cache(
    a: Architecture, weights: ModelWeights, batch: Batch, key_type: TensorType, value_type: TensorType, shares: Sequence[float]
) -> tuple[list[int], list[int]]:
    """Keys and values of each card, and states of recurrent layers [bytes]."""
    blocks = _blocks(a, weights)
    caches, states = [0 for _ in shares], [0 for _ in shares]
    for layer in range(a.layers):
        turn = _turn(a, layer, len(shares))
        if a.has_cache(layer):
            keys, values = cache_values(a, layer)
            cells = batch.streams * (batch.cells if a.sees_all(layer) else batch.window_cells)
            block = blocks[layer]["attn_output.weight"]
            for width, head, kind in ((keys, a.head_dim(layer), key_type), (values, a.value_dim(layer), value_type)):
                step = _heads_step(a, layer, block, len(shares)) // _queries(a, layer) * head
                for place, count in enumerate(slice_sizes(size=width, step=step, shares=shares, turn=turn)):
                    caches[place] += _cache_bytes(count, cells, kind)
        if a.recurs(layer):
            for place, size in enumerate(_state_bytes(a, blocks[layer], shares, turn)):
                states[place] += size * batch.sequences
    return caches, states


@by_identity
def _blocks(a: Architecture, weights: ModelWeights) -> dict[int, dict[str, int]]:
    """Layer by layer: weights of a block in the type of each tensor."""
    found: dict[int, dict[str, int]] = {place: {} for place in (*range(a.layers), LAST)}
    for piece in weights.pieces:
        for layer in piece.layers:
            if layer in found:
                found[layer][_name(a, piece.group.name, layer)] = piece.block
    return found


def _name(a: Architecture, name: str, layer: int) -> str:
    """What a file calls a tensor, without its layer."""
    return file_name(a, name, layer).removeprefix(f"blk.{layer}.")


def _turn(a: Architecture, layer: int, cards: int) -> int:
    """The card that comes first in a layer: each kind of layer goes round by itself."""
    if layer < 0:
        return a.layers % cards
    return sum(1 for other in range(layer) if a.recurs(other) == a.recurs(layer) and a.sees_all(other) == a.sees_all(layer)) % cards


def _cut(a: Architecture, piece: Piece, layer: int, name: str, blocks: dict[str, int], cards: int) -> Cut | None:
    """How a tensor is cut; None: every card has all of it."""
    group = piece.group
    stem = name.removesuffix(".weight").removesuffix(".bias")
    is_bias = name.endswith(".bias")
    size = group.row if is_bias else group.rows
    if stem in INPUTS:
        block = blocks["attn_output.weight"] if "attn_output.weight" in blocks else blocks["ssm_out.weight"]
        return Cut(is_bias, _attention_parts(a, layer, stem, size, block, cards))
    if name == "attn_output.weight":
        return Cut(True, [(group.row, 1, _heads_step(a, layer, piece.block, cards) * a.value_dim(layer))])
    if name == "attn_sinks.weight":
        return Cut(True, [(group.row, 1, _heads_step(a, layer, blocks["attn_output.weight"], cards))])
    if stem in INNER or name == "ffn_down.weight" or name == "ffn_down_exps.weight":
        down = "ffn_down.weight" if "ffn_down.weight" in blocks else "ffn_down_exps.weight"
        step = common_step(blocks[down], LEAST_STEP)
        if stem not in INNER:
            return Cut(True, [(group.row, 1, step)])
        fused = stem == "ffn_gate_up" or stem == "ffn_gate_up_exps" or (stem == "ffn_up" and size == 2 * a.feed_forward_size(layer))
        return Cut(is_bias, [(size // 2, 2, step)] if fused else [(size, 1, step)])
    if name == "output.weight" or name == "output.bias":
        return Cut(is_bias, [(size, 1, 1)])
    return _recurrent_cut(a, group.row, size, stem, blocks) if "ssm_out.weight" in blocks else None


def _heads_step(a: Architecture, layer: int, block: int, cards: int) -> int:
    """Query heads that stay together: whole groups that share a key, in slices that suit the kernels."""
    group = _queries(a, layer) * a.head_dim(layer)
    return common_step(group, least_slice(block=block, group=group, cards=cards)) // a.head_dim(layer)


def _queries(a: Architecture, layer: int) -> int:
    """Query heads that share a key."""
    return a.heads(layer) // a.kv_heads(layer)


def _attention_parts(a: Architecture, layer: int, stem: str, size: int, block: int, cards: int) -> list[tuple[int, int, int]]:
    """Parts of what leads into attention, or into what stands in its place."""
    r = a.recurrent
    if r is not None and a.recurs(layer):
        step = common_step(common_step(block, LEAST_STEP), r.state_size)
        keys = r.groups * r.state_size
        if r.fused_beta_alpha:
            return [(keys, 2, step), (r.inner_size, 1, step)] if stem == "attn_qkv" else [(size, 1, step)]
        times = r.inner_size // keys
        return [(keys, 2 + times if stem == "attn_qkv" else times, step)]
    head, shared = a.head_dim(layer), _queries(a, layer)
    least = least_slice(block=block, group=shared * head, cards=cards)
    whole = common_step(shared * head, least)
    doubled = common_step(2 * shared * head, least) if a.attention.output_gate else whole
    own = whole // shared
    values = own // head * a.value_dim(layer)
    if stem == "attn_q":
        return [(size, 1, doubled)]
    if stem == "attn_gate":
        return [(size, 1, whole // head if size == a.heads(layer) else whole)]
    if stem == "attn_k":
        return [(size, 1, own)]
    if stem == "attn_v":
        return [(size, 1, values)]
    kv = a.kv_heads(layer)
    query = size - kv * (head + a.value_dim(layer))
    if head == a.value_dim(layer):
        return [(query, 1, doubled), (kv * head, 2, own)]
    return [(query, 1, whole), (kv * head, 1, own), (kv * a.value_dim(layer), 1, values)]


def _recurrent_cut(a: Architecture, row: int, rows: int, stem: str, blocks: dict[str, int]) -> Cut | None:
    """How a tensor of a recurrent layer is cut."""
    r = a.recurrent
    if r is None or r.kind != "gated-delta-net":
        return None
    step = common_step(common_step(blocks["ssm_out.weight"], LEAST_STEP), r.state_size)
    keys = r.groups * r.state_size
    times = r.inner_size // keys
    each = step // r.state_size
    if stem == "ssm_conv1d":
        return Cut(False, [(keys, 2, step), (r.inner_size, 1, step)] if r.fused_beta_alpha else [(keys, 2 + times, step)])
    if stem == "ssm_out":
        return Cut(True, [(row, 1, step)] if r.fused_beta_alpha else [(keys, times, step)])
    if stem == "ssm_dt" or stem == "ssm_a":
        return Cut(True, [(row, 1, each)] if r.fused_beta_alpha else [(r.groups, times, each)])
    if stem == "ssm_ba":
        return Cut(False, [(rows, 1, 2 * each)])
    if stem in STEPS:
        return Cut(False, [(r.groups, times, each)])
    return None


def _state_bytes(a: Architecture, blocks: dict[str, int], shares: Sequence[float], turn: int) -> list[int]:
    """States of one layer and one sequence on each card [bytes]."""
    r = a.recurrent
    kernel, convolved, values = state_values(a)
    if r is None or r.kind != "gated-delta-net":
        return [FLOAT * ((kernel - 1) * convolved + values) for _ in shares]
    step = common_step(common_step(blocks["ssm_out.weight"], LEAST_STEP), r.state_size)
    keys, seen = r.groups * r.state_size, kernel - 1
    times = r.inner_size // keys
    if r.fused_beta_alpha:
        parts = [(keys * seen, 2, step * seen), (r.inner_size * seen, 1, step * seen), (values, 1, step * r.state_size)]
    else:
        parts = [(keys * seen, 2 + times, step * seen), (values // times, times, step * r.state_size)]
    return [FLOAT * count for count in _counts(Cut(True, parts), shares, turn)]


def _counts(cut: Cut, shares: Sequence[float], turn: int) -> list[int]:
    """Values of the dimension that is cut, on each card."""
    counts = [0 for _ in shares]
    for size, times, step in cut.parts:
        sizes = slice_sizes(size=size, step=step, shares=shares, turn=turn)
        counts = [count + times * one for count, one in zip(counts, sizes, strict=True)]
    return counts


def _slice_bytes(piece: Piece, cut: Cut, count: int) -> int:
    """A slice on its card; an empty one of quantized rows still gets the padding of a row [bytes]."""
    group = piece.group
    row = count if cut.along_row else group.row
    rows = group.rows * group.stack if cut.along_row else count * group.stack
    size = piece.bytes // (group.rows * group.stack) * row // group.row * rows
    return aligned(size + row_padding_bytes(row=row, block=piece.block, block_bytes=piece.block_bytes))


def _cache_bytes(values: int, cells: int, kind: TensorType) -> int:
    """Keys or values of a layer on a card [bytes]."""
    if values == 0:
        return 0
    padding = row_padding_bytes(row=values, block=kind.block, block_bytes=kind.block_bytes)
    row: int = row_bytes(values=values, block=kind.block, block_bytes=kind.block_bytes)
    return cells * row + aligned(padding)
