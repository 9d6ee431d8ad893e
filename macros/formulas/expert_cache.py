"""A cache on the card for experts that lie in RAM."""

from __future__ import annotations


def cached_experts_bytes(*, budget: int, expert: int) -> int:
    """Memory of a cache of experts: as many whole ones as the budget holds.

    Equation: bytes = floor(budget / expert) x expert

    Args:
        budget: memory that the cache may take [bytes]
        expert: matrices of one expert [bytes]

    Returns:
        Bytes [bytes].

    Assumes: experts of all layers are of one size.

    Source: plans of llama.cpp b11739 for gpt-oss-120B: 1,070,755,200 bytes for 1,024 MiB, 2,141,510,400 for 2,048.

    >>> cached_experts_bytes(budget=1024 * 2**20, expert=13_219_200)
    1070755200
    """
    return budget // expert * expert
