"""The cache of mlx-lm, and what a slice of a prompt computes in."""

from __future__ import annotations


def grown_cells(*, tokens: int, step: int) -> int:
    """Cells of a layer that sees everything: the cache grows by steps.

    Equation: cells = ceil(tokens / step) x step

    Args:
        tokens: tokens of the conversation [tokens]
        step: tokens by which it grows [tokens]

    Returns:
        Cells [tokens].

    Assumes: the prompt is read in slices that are a multiple of the step.

    Source: mlx-lm 0.32.2, models/cache.py, KVCache.

    >>> grown_cells(tokens=1000, step=256)
    1024
    """
    return -(-tokens // step) * step


def windowed_cells(*, tokens: int, window: int, slice_tokens: int) -> int:
    """Cells of a layer with a window while a prompt is read.

    Equation: cells = min(tokens, window - 1 + slice)

    Args:
        tokens: tokens of the conversation [tokens]
        window: tokens that the layer sees [tokens]
        slice_tokens: tokens of a prompt that are read at once [tokens]

    Returns:
        Cells [tokens].

    Assumes: the last slice is a full one; the first token after the prompt cuts them to the window.

    Source: mlx-lm 0.32.2, models/cache.py, RotatingKVCache.

    >>> windowed_cells(tokens=8192, window=512, slice_tokens=2048)
    2559
    """
    return min(tokens, window - 1 + slice_tokens)


def chunked_cells(*, tokens: int, chunk: int, slice_tokens: int, step: int) -> int:
    """Cells of a layer that sees the tokens of its chunk only.

    Equation: cells = ceil(min(tokens, chunk + slice) / step) x step

    Args:
        tokens: tokens of the conversation [tokens]
        chunk: tokens of a chunk [tokens]
        slice_tokens: tokens of a prompt that are read at once [tokens]
        step: tokens by which the cache grows [tokens]

    Returns:
        Cells [tokens].

    Assumes: the front is cut to the chunk before a slice is read.

    Source: mlx-lm 0.32.2, models/cache.py, ChunkedKVCache.

    >>> chunked_cells(tokens=131072, chunk=8192, slice_tokens=2048, step=256)
    10240
    """
    return grown_cells(tokens=min(tokens, chunk + slice_tokens), step=step)


def score_bytes(*, heads: int, slice_tokens: int, cells: int) -> int:
    """Attention scores of a slice, where the head is of a size that the fused kernel does not have.

    Equation: bytes = heads x slice x cells x 2

    Args:
        heads: query heads [1]
        slice_tokens: tokens of a prompt that are read at once [tokens]
        cells: cells of the cache [tokens]

    Returns:
        Bytes [bytes].

    Assumes: scores have 16 bits, and those of one layer are held at a time.

    Source: mlx-lm issue 1480: peaks of 23.8 GB at 32,768 and 38.0 GB at 196,608 tokens differ by these scores and the cache.

    >>> score_bytes(heads=16, slice_tokens=2048, cells=32768)
    2147483648
    """
    return heads * slice_tokens * cells * 2
