"""What one card holds of a model whose layers are sliced: most tensors by equal parts, some in full, keys and values by whole heads."""

from __future__ import annotations

from macros.estimate.setting import Setting
from macros.estimate.weights import LayerWeights, ModelWeights
from macros.specs.architectures import Architecture
from macros.specs.engines import Slices

CACHE_SCALES = 16
"""Four 32-bit scales that each layer with attention holds for an 8-bit cache, used or not [bytes]."""


def held_bytes(setting: Setting, weights: ModelWeights, layers: list[int], tensor: int) -> int:
    """Weights of some layers on one card, with the tables that stand before the first and after the last.

    Args:
        setting: a checked question
        weights: what the layers weigh
        layers: layers of the card's stage
        tensor: cards that slice each layer

    Returns:
        Bytes [bytes].

    Source: vLLM 0.33.0: parameters of the built model, on one to eight cards.
    """
    a, rules = setting.architecture, setting.engine.slices
    assert rules is not None
    last = layers[-1] == a.layers - 1
    found = sum(_layer_bytes(a, weights.layers[layer], layer, tensor, rules) for layer in layers)
    if layers[0] == 0 or (last and a.tied_embeddings):
        found += _table_bytes(a, weights.embedding, tensor, rules)
    if last:
        found += _table_bytes(a, weights.output, tensor, rules)
    return found


def _layer_bytes(a: Architecture, held: LayerWeights, layer: int, tensor: int, rules: Slices) -> int:
    found = CACHE_SCALES if a.attends(layer) else 0
    for name, (size, _) in held.tensors.items():
        found += _slice(a, name, size * _width(a, name, rules), layer, tensor, rules)
    if a.attends(layer) and "attn_v" not in held.tensors and "attn_k" in held.tensors:
        # Values that are the keys are stored a second time, in the matrix that gives queries, keys and values.
        found += _slice(a, "attn_v", held.tensors["attn_k"][0], layer, tensor, rules)
    return found


def _width(a: Architecture, name: str, rules: Slices) -> int:
    """How many times as wide as in the format it is held."""
    for one in rules.wide:
        if name in one.names and (len(one.classes) == 0 or a.engine_name in one.classes):
            return 2
    return 1


def _slice(a: Architecture, name: str, size: int, layer: int, tensor: int, rules: Slices) -> int:
    """One card's part of a tensor [bytes]."""
    if name in rules.whole or ("norm" in name and not (name == "ssm_norm" and _shared_groups(a))):
        return size
    if a.recurs(layer) and name in ("ssm_in", "ssm_conv1d", "ssm_conv1d_bias") and _shared_groups(a):
        return _with_groups(a, name, size, tensor)
    if name in rules.by_cache_heads and a.attends(layer):
        heads = a.kv_heads(layer)
        return size * max(heads // tensor, 1) // heads
    if name == "attn_qkv" and a.attends(layer):
        keys = a.kv_heads(layer) * (a.head_dim(layer) + a.value_dim(layer))
        queries = a.heads(layer) * a.head_dim(layer)
        own = queries // tensor + keys * max(a.kv_heads(layer) // tensor, 1) // a.kv_heads(layer)
        return size * own // (queries + keys)
    return -(-size // tensor)


def _shared_groups(a: Architecture) -> bool:
    """Whether groups of heads share what a state is read and written by; every card has at least one group."""
    return a.recurrent is not None and a.recurrent.kind == "mamba-2"


def _with_groups(a: Architecture, name: str, size: int, tensor: int) -> int:
    """A card's part of what holds heads and groups side by side [bytes]."""
    r = a.recurrent
    assert r is not None
    heads = r.inner_size + (r.inner_size + r.heads if name == "ssm_in" else 0)
    groups = 2 * r.groups * r.state_size
    own = heads // tensor + groups * max(r.groups // tensor, 1) // r.groups
    return size * own // (heads + groups)


def _table_bytes(a: Architecture, held: LayerWeights, tensor: int, rules: Slices) -> int:
    """One card's part of a table with a row for each token, and of norms beside it [bytes]."""
    found = 0
    rows = -(-a.vocabulary_size // rules.vocabulary_step) * rules.vocabulary_step
    for name, (size, _) in held.tensors.items():
        if name in ("token_embd", "output"):
            found += size * rows // a.vocabulary_size // tensor
        else:
            found += size if "norm" in name else -(-size // tensor)
    return found
