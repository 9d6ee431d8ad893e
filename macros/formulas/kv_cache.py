"""What an engine keeps of the text so far: keys and values for each token, and the states of recurrent layers."""

from __future__ import annotations

from typing import Any

from macros.formulas.elementwise import ceil, minimum
from macros.formulas.engine_constants import CELL_STEP


def padded_cells(tokens: Any) -> Any:
    """Cells that llama.cpp reserves for a number of tokens.

    Equation: cells = ceil(tokens / 256) x 256

    Args:
        tokens: context length asked for [tokens]

    Returns:
        Cells [tokens].

    Assumes: one cache for all sequences (a unified cache).

    Source: llama.cpp, llama-context.cpp.

    >>> padded_cells(1000)
    1024
    """
    return ceil(tokens / CELL_STEP) * CELL_STEP


def window_cells(*, cells: Any, window: Any, sequences: Any, batch: Any) -> Any:
    """Cells that llama.cpp reserves in a layer that sees only a window.

    Equation: cells = min(cells, ceil(min(cells, window x sequences + batch) / 256) x 256)

    Args:
        cells: cells of the layers that see everything [tokens]
        window: tokens that the layer sees [tokens]
        sequences: sequences that share the cache [sequences]
        batch: tokens computed at once [tokens]

    Returns:
        Cells [tokens].

    Assumes: the engine is not asked to keep these layers at full size.

    Source: llama.cpp, llama-kv-cache-iswa.cpp.

    >>> window_cells(cells=32768, window=1024, sequences=1, batch=512)
    1536
    """
    return padded_cells(minimum(cells, window * sequences + batch))


def row_bytes(*, values: Any, block: Any, block_bytes: Any) -> Any:
    """Bytes of a row of the cache.

    Equation: bytes = values / block x block_bytes

    Args:
        values: keys (or values) of one token in one layer [values]
        block: values in a block of the cache's type [values]
        block_bytes: bytes of such a block [bytes]

    Returns:
        Bytes [bytes].

    Assumes: the row is a whole number of blocks.

    Source: GGUF specification, tensor data.

    >>> row_bytes(values=1024, block=32, block_bytes=34)
    1088
    """
    return values * block_bytes // block


def cache_bytes(*, cells: Any, layers: Any, key_row_bytes: Any, value_row_bytes: Any) -> Any:
    """Bytes of keys and values of layers of one kind.

    Equation: bytes = layers x cells x (key_row_bytes + value_row_bytes)

    Args:
        cells: cells reserved [tokens]
        layers: layers of that kind [layers]
        key_row_bytes: keys of a token in a layer [bytes]
        value_row_bytes: values of a token in a layer; 0 for latent attention [bytes]

    Returns:
        Bytes [bytes].

    Assumes: all these layers have heads of one size.

    Source: llama.cpp, llama-kv-cache.cpp.

    >>> cache_bytes(cells=4096, layers=32, key_row_bytes=8192, value_row_bytes=8192)
    2147483648
    """
    return layers * cells * (key_row_bytes + value_row_bytes)


def compressed_cells(*, cells: int, rate: int) -> int:
    """Cells of a cache of compressed tokens.

    Equation: cells = 256 x ceil(ceil(cells of the context / rate) / 256)

    Args:
        cells: cells of the context [tokens]
        rate: tokens that become one [tokens]

    Returns:
        Cells of the compressed cache of one sequence [tokens].

    Assumes: each sequence has a cache of its own, as long as the whole context.

    Source: llama.cpp b11434, llama-kv-cache-dsv4.cpp.

    >>> compressed_cells(cells=131_072, rate=4), compressed_cells(cells=131_072, rate=128), compressed_cells(cells=512, rate=128)
    (32768, 1024, 256)
    """
    return int(padded_cells(max(-(-cells // rate), 1)))


def compressor_state_bytes(*, width: int, rate: int, overlapping: bool) -> int:
    """Bytes that a compressor remembers of the block that is not full yet, for one sequence.

    Equation: bytes = 4 x 2 x width x tokens of the block, twice as wide and as many where blocks overlap

    Args:
        width: width of a key [values]
        rate: tokens of a block [tokens]
        overlapping: whether it sees two blocks at a time

    Returns:
        Bytes [bytes].

    Assumes: 32-bit floats; keys and their weights.

    Source: llama.cpp b11434, llama-kv-cache-dsv4.cpp.

    >>> compressor_state_bytes(width=512, rate=4, overlapping=True), compressor_state_bytes(width=512, rate=128, overlapping=False)
    (65536, 524288)
    """
    times = 2 if overlapping else 1
    return 4 * 2 * (times * width) * (times * rate)


def recurrent_state_bytes(*, layers: Any, sequences: Any, conv_kernel: Any, convolved: Any, state: Any) -> Any:
    """Bytes of the states of recurrent layers; they do not grow with the context.

    Equation: bytes = 4 x layers x sequences x ((conv_kernel - 1) x convolved + state)

    Args:
        layers: recurrent layers [layers]
        sequences: sequences; each needs a state of its own [sequences]
        conv_kernel: tokens that the convolution sees [tokens]
        convolved: channels of the convolution [values]
        state: values of the state; 0 for a short convolution [values]

    Returns:
        Bytes [bytes].

    Assumes: states are 32-bit, whatever the cache's type.

    Source: llama.cpp, llama-memory-recurrent.cpp.

    >>> recurrent_state_bytes(layers=48, sequences=1, conv_kernel=4, convolved=10240, state=786432)
    156893184
    """
    return 4 * layers * sequences * ((conv_kernel - 1) * convolved + state)


def mask_bytes(*, tokens: int, cells: int, flash_attention: bool) -> int:
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
    return tokens * cells * (2 if flash_attention else 4)
