"""Numbers and texts in bytes, least significant byte first. The calculator's JavaScript has the same functions for a slice of a file."""

from __future__ import annotations

import struct
from itertools import repeat
from mmap import mmap

Octets = bytes | mmap
"""Bytes in memory, or those of a file as they are looked at."""


def whole(data: Octets, at: int, size: int) -> int:
    """A whole number without sign, of `size` bytes.

    >>> whole(bytes([1, 2]), 0, 2)
    513
    """
    return int.from_bytes(data[at : at + size], "little")


def signed(data: Octets, at: int, size: int) -> int:
    """A whole number with a sign, of `size` bytes.

    >>> signed(bytes([255, 255]), 0, 2)
    -1
    """
    return int.from_bytes(data[at : at + size], "little", signed=True)


def real(data: Octets, at: int, size: int) -> float:
    """A floating point number of 4 or 8 bytes.

    >>> real(bytes([0, 0, 128, 63]), 0, 4)
    1.0
    """
    return float(struct.unpack_from("<f" if size == 4 else "<d", data, at)[0])


def letters(data: Octets, at: int, size: int) -> str:
    """A text of `size` bytes; what is no UTF-8 is shown as replaced.

    >>> letters(b"GGUF", 0, 4)
    'GGUF'
    """
    return data[at : at + size].decode("utf-8", "replace")


def after_texts(data: Octets, at: int, count: int, *, short: bool = False) -> int:
    """Where so many texts end, each with its length before it in 8 bytes; -1 where the data ends first.

    Args:
        data: the bytes
        at: where the first length stands
        count: how many texts
        short: take every text for shorter than 256 bytes, which is several times as fast and wrong where one is not

    Returns:
        The place after the last text.

    >>> after_texts(bytes([1, 0, 0, 0, 0, 0, 0, 0, 65]), 0, 1)
    9
    """
    length = _LENGTH.unpack_from
    try:
        if short:
            end = _after_short_texts(data, at, count)
            if end >= at:
                return end
            for _ in repeat(None, count):
                at += 8 + data[at]
        else:
            for _ in repeat(None, count):
                at += 8 + length(data, at)[0]
    except (IndexError, OverflowError, struct.error):
        return -1
    return at if at <= len(data) else -1


def _after_short_texts(data: Octets, at: int, count: int) -> int:
    """Where so many short texts without a zero in them end; -1 where that is not seen.

    Seven of the eight bytes of each length are all the zeros up to what comes next. They are counted a piece at a time, as the processor
    keeps a piece near; where all of them have come, something that may stand behind a vocabulary begins.
    """
    left = _ZEROS * count
    while True:
        piece = data[at : at + _PIECE]
        zeros = piece.count(0)
        if zeros >= left or len(piece) < _PIECE:
            break
        left -= zeros
        at += _PIECE
    piece = data[at : at + _PIECE + _LONGEST]
    for begins in _NEXT:
        end = piece.find(begins) - 1
        while end >= 0 and piece.count(0, 0, end) < left:
            end = piece.find(begins, end + 2) - 1
        if end >= 0 and piece.count(0, 0, end) == left:
            return at + end
    return -1


_LENGTH = struct.Struct("<Q")
_ZEROS = 7
"""Of the 8 bytes of the length of a short text."""
_PIECE = 1 << 16
"""Bytes whose zeros are counted at a time."""
_LONGEST = 1 << 9
"""No short text and what comes next are longer together."""
_NEXT = tuple([bytes(_ZEROS) + begins for begins in (b"tokenizer.", b"general.", b"token_embd.", b"output", b"blk.")])
"""How keys and tensors begin that stand behind a vocabulary, from the second byte of the length of their name."""
