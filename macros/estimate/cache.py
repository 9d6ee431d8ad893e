"""What a model keeps of one token: bytes of keys and values in each layer, and the sizes of recurrent states."""

from __future__ import annotations

from macros.formulas.kv_cache import row_bytes
from macros.specs.architectures import Architecture
from macros.specs.quantizations import TensorType


def cache_row(a: Architecture, layer: int, key_type: TensorType, value_type: TensorType) -> tuple[int, int]:
    """Bytes that one token takes in a layer: keys, values.

    Args:
        a: the shapes of the model
        layer: a layer with a cache
        key_type: type of the keys
        value_type: type of the values

    Returns:
        Bytes of keys and of values [bytes].
    """
    keys, values = cache_values(a, layer)
    return (
        row_bytes(values=keys, block=key_type.block, block_bytes=key_type.block_bytes),
        row_bytes(values=values, block=value_type.block, block_bytes=value_type.block_bytes),
    )


def cache_values(a: Architecture, layer: int) -> tuple[int, int]:
    """Values that one token takes in a layer: keys, values."""
    latent = a.latent_of(layer)
    if latent is not None and latent.cached_whole:
        return a.attention.heads * (latent.nope_dim + latent.rope_dim), a.attention.heads * latent.value_dim
    if latent is not None:
        indexer = a.attention.indexer
        return latent.kv_rank + latent.rope_dim + (indexer.head_dim * indexer.cached if indexer is not None and a.scores(layer) else 0), 0
    heads = a.kv_heads(layer)
    if a.attention.compressed is not None:
        return a.head_dim(layer), 0
    indexer = a.attention.indexer
    scorer = indexer.head_dim if indexer is not None and a.scores(layer) else 0
    # Where there is room for a second key of the scorer, it is in the place of a value.
    second = scorer if indexer is not None and indexer.cached > 1 else 0
    return heads * a.head_dim(layer) + scorer, heads * a.value_dim(layer) + second


def compressed_values(a: Architecture, layer: int) -> int:
    """Values that one compressed token takes in a layer: its key, and the scorer's."""
    indexer = a.attention.indexer
    return a.attention.head_dim + (indexer.head_dim if indexer is not None and a.scores(layer) else 0)


def convolved_values(a: Architecture, layer: int) -> int:
    """Values of the last tokens that the short convolutions of a layer see, 0 without such."""
    c = a.short_convolutions
    return 0 if c is None else (c.kernel - 1) * 2 * (a.kv_heads(layer) * a.head_dim(layer) + a.hidden_size)


def state_values(a: Architecture) -> tuple[int, int, int]:
    """Of one recurrent layer: what its convolution sees [tokens], its channels [values], the values of its state."""
    r = a.recurrent
    if r is None:
        return 1, 0, 0
    if r.kind == "short-convolution":
        return r.conv_kernel, a.hidden_size, 0
    if r.kind in ("rwkv-6", "rwkv-7"):
        # The token before, for each block that looks at it.
        return r.conv_kernel, r.shifts * a.hidden_size, r.state_size * r.inner_size
    return r.conv_kernel, r.inner_size + 2 * r.groups * r.state_size, r.state_size * r.inner_size
