"""The memory that an engine computes in: the largest of a few moments of one pass.

llama.cpp plans one buffer for a whole pass: a tensor takes its place when it is computed and gives it back after its last use.
So the buffer is as large as the fullest moment: inside attention, inside a feed-forward block, at the logits. Each function
below is one such moment; the buffer is the largest of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from macros.specs.architectures import Architecture

FLOAT = 4
"""Bytes of a value between two operations: 32-bit floats."""
HALF = 2
"""Bytes of a 16-bit float."""
INDEX = 8
"""Bytes of an index into the cache."""


def mask_bytes(*, tokens: Any, cells: Any, flash_attention: bool) -> Any:
    """The mask that says which cell each token may see.

    Equation: bytes = tokens x cells x 2 with flash attention, x 4 without

    Args:
        tokens: tokens computed at once [tokens]
        cells: cells of the cache [tokens]
        flash_attention: whether it is on [1]

    Returns:
        Bytes [bytes].

    Assumes: one cache for all sequences.

    Source: llama.cpp, llama-graph.cpp.

    >>> mask_bytes(tokens=512, cells=4096, flash_attention=True)
    4194304
    """
    return tokens * cells * (HALF if flash_attention else FLOAT)


def index_bytes(*, tokens: Any, key_values: Any, flash_attention: bool) -> Any:
    """Where in the cache each new key and value goes: without flash attention values are stored transposed, one index each.

    Equation: bytes = 8 x tokens x 2 with flash attention, 8 x tokens x (1 + key_values) without

    Args:
        tokens: tokens computed at once [tokens]
        key_values: values of one token in a layer [values]
        flash_attention: whether it is on [1]

    Returns:
        Bytes [bytes].

    Assumes: every layer stores as many.

    Source: llama.cpp, llama-kv-cache.cpp.

    >>> index_bytes(tokens=512, key_values=1024, flash_attention=True)
    8192
    """
    return INDEX * tokens * (2 if flash_attention else 1 + key_values)


def logits_moment(*, tokens: Any, outputs: Any, hidden_size: Any, vocabulary_size: Any) -> Any:
    """The end of the pass: the last hidden states and the logits.

    Equation: bytes = 4 x (outputs x vocabulary + tokens x hidden)

    Args:
        tokens: tokens computed at once [tokens]
        outputs: tokens whose logits are kept [tokens]
        hidden_size: width of the model [values]
        vocabulary_size: size of the vocabulary [values]

    Returns:
        Bytes [bytes].

    Assumes: everything else has been given back.

    Source: llama.cpp's plan, read moment by moment.

    >>> logits_moment(tokens=512, outputs=512, hidden_size=4096, vocabulary_size=128256)
    271056896
    """
    return FLOAT * (outputs * vocabulary_size + tokens * hidden_size)


def feed_forward_moment(*, tokens: Any, hidden_size: Any, inner_size: Any, inputs: Any) -> Any:
    """Inside a gated feed-forward block: gate, up and their product, beside three rows as wide as the model.

    Equation: bytes = inputs + 4 x tokens x (3 x inner + 3 x hidden)

    Args:
        tokens: tokens computed at once [tokens]
        hidden_size: width of the model [values]
        inner_size: width of the block [values]
        inputs: masks and indices, which stay until the last layer [bytes]

    Returns:
        Bytes [bytes].

    Assumes: gate and up are two matrices.

    Source: llama.cpp's plan, read moment by moment.

    >>> feed_forward_moment(tokens=512, hidden_size=4096, inner_size=11008, inputs=0)
    92798976
    """
    return inputs + FLOAT * tokens * (3 * inner_size + 3 * hidden_size)


def attention_moment(*, tokens: Any, cells: Any, heads: Any, hidden_size: Any, query_size: Any, inputs: Any) -> Any:
    """Inside attention without flash attention: the scores of every head against every cell.

    Equation: bytes = inputs + 4 x tokens x (heads x cells + 2 x hidden + 2 x query)

    Args:
        tokens: tokens computed at once [tokens]
        cells: cells of the cache [tokens]
        heads: query heads [heads]
        hidden_size: width of the model [values]
        query_size: width of all queries [values]
        inputs: masks and indices [bytes]

    Returns:
        Bytes [bytes].

    Assumes: scores are 32-bit.

    Source: llama.cpp's plan, read moment by moment.

    >>> attention_moment(tokens=512, cells=4096, heads=32, hidden_size=4096, query_size=4096, inputs=0)
    301989888
    """
    return inputs + FLOAT * tokens * (heads * cells + 2 * hidden_size + 2 * query_size)


def dequantized_cache_moment(*, tokens: Any, cells: Any, widened: Any, hidden_size: Any, query_size: Any, inputs: Any) -> Any:
    """Inside flash attention with a quantized cache: one layer's cache is widened to 16 bits.

    Equation: bytes = inputs + 2 x cells x widened + 4 x tokens x (2 x hidden + 2 x query)

    Args:
        tokens: tokens computed at once [tokens]
        cells: cells of the cache [tokens]
        widened: keys and values of one token in a layer that are not 16-bit already [values]
        hidden_size: width of the model [values]
        query_size: width of all queries [values]
        inputs: masks and indices [bytes]

    Returns:
        Bytes [bytes].

    Assumes: the CUDA back end, whose flash attention needs 16-bit keys and values.

    Source: llama.cpp's plan, read moment by moment.

    >>> dequantized_cache_moment(tokens=512, cells=4096, widened=2048, hidden_size=4096, query_size=4096, inputs=0)
    50331648
    """
    return inputs + HALF * cells * widened + FLOAT * tokens * (2 * hidden_size + 2 * query_size)


@dataclass(frozen=True)
class Batch:
    """The sizes of one pass."""

    tokens: int
    """Tokens computed at once."""
    cells: int
    """Cells of the layers that see everything."""
    window_cells: int
    """Cells of the windowed layers; 0: there are none."""
    outputs: int
    """Tokens whose logits are kept."""
    sequences: int
    """Sequences that share the cache."""
    flash_attention: bool
    """Whether flash attention is on."""
    key_half: bool
    """Whether keys are 16-bit."""
    value_half: bool
    """Whether values are 16-bit."""


def input_bytes(a: Architecture, batch: Batch) -> int:
    """Masks, indices and positions: they stay until the last layer has used them.

    Args:
        a: the shapes of the model
        batch: the sizes of the pass

    Returns:
        Bytes [bytes].
    """
    t = a.attention
    caches = [batch.cells]
    if batch.window_cells:
        caches.append(batch.window_cells)
    total = 4 * batch.tokens + 4 * batch.outputs
    for cells in caches:
        total += mask_bytes(tokens=batch.tokens, cells=cells, flash_attention=batch.flash_attention)
        total += index_bytes(tokens=batch.tokens, key_values=t.kv_heads * t.head_dim, flash_attention=batch.flash_attention)
    return int(total)


def device_compute_bytes(
    a: Architecture, batch: Batch, *, layers: Sequence[int], has_output: bool, streamed: int = 0, copies: int = 1
) -> int:
    """Compute buffer of a device.

    Args:
        a: the shapes of the model
        batch: the sizes of the pass
        layers: layers on the device
        has_output: whether the output matrix is there
        streamed: the largest matrix that is brought from the host for a pass [bytes]
        copies: copies kept of what passes between devices

    Returns:
        Bytes [bytes].

    Source: llama.cpp's plan, read moment by moment.
    """
    t = a.attention
    tokens, width = batch.tokens, a.hidden_size
    inputs = input_bytes(a, batch)
    query, key_values = t.heads * t.head_dim, t.kv_heads * t.head_dim
    moments = [0]
    if has_output:
        moments.append(logits_moment(tokens=tokens, outputs=batch.outputs, hidden_size=width, vocabulary_size=a.vocabulary_size))
    if layers:
        inner = max(a.feed_forward_size(layer) if a.has_dense(layer) else 0 for layer in layers)
        if a.experts is not None:
            inner = max(inner, a.experts.used * a.experts.size)
        moments.append(feed_forward_moment(tokens=tokens, hidden_size=width, inner_size=inner, inputs=inputs))
        most = max(batch.cells, batch.window_cells)
        if not batch.flash_attention:
            moments.append(attention_moment(tokens=tokens, cells=most, heads=t.heads, hidden_size=width, query_size=query, inputs=inputs))
        widened = key_values * ((not batch.key_half) + (not batch.value_half))
        if batch.flash_attention and widened:
            moments.append(
                dequantized_cache_moment(tokens=tokens, cells=most, widened=widened, hidden_size=width, query_size=query, inputs=inputs)
            )
    return int(max(moments) + streamed + (copies - 1) * inputs)


def host_compute_bytes(
    a: Architecture, batch: Batch, *, layers: Sequence[int], has_output: bool, with_devices: bool, copies: int = 1
) -> int:
    """Compute buffer of the host.

    Args:
        a: the shapes of the model
        batch: the sizes of the pass
        layers: layers on the host
        has_output: whether the output matrix is there
        with_devices: whether other layers are on devices
        copies: copies kept of what passes between devices

    Returns:
        Bytes [bytes].

    Source: llama.cpp's plan, read moment by moment.
    """
    inputs = input_bytes(a, batch)
    start = inputs + 2 * FLOAT * batch.tokens * a.hidden_size
    if with_devices:
        return int(start)
    return max(start, device_compute_bytes(a, batch, layers=layers, has_output=has_output) + FLOAT * batch.tokens * a.hidden_size)
