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
            # Short texts without a zero in them: seven of each length are all the zeros up to what comes next.
            for begins in _NEXT:
                end = data.find(begins, at, at + _USUAL * count) - 1
                if end >= at and data[at:end].count(0) == _ZEROS * count:
                    return end
            for _ in repeat(None, count):
                at += 8 + data[at]
        else:
            for _ in repeat(None, count):
                at += 8 + length(data, at)[0]
    except (IndexError, struct.error):
        return -1
    return at if at <= len(data) else -1


_LENGTH = struct.Struct("<Q")
_ZEROS = 7
"""Of the 8 bytes of the length of a short text."""
_USUAL = 64
"""Most bytes that a text of a vocabulary takes on average, its length included."""
_NEXT = tuple([bytes(_ZEROS) + begins for begins in (b"tokenizer.", b"general.", b"token_embd.", b"output", b"blk.")])
"""How keys and tensors begin that stand behind a vocabulary, from the second byte of the length of their name."""
