"""A cache on the card for experts that lie in RAM."""

from __future__ import annotations

from collections.abc import Mapping


def cached_experts_bytes(*, budget: float, layers: Mapping[int, int]) -> int:
    """Memory of a cache of experts: whole ones, and of each size as many as its part of all experts gives of the budget.

    Equation: bytes = sum of floor(budget x layers / total) x size over sizes; total = sum of layers x size

    Args:
        budget: memory that the cache may take [bytes]
        layers: for each size of an expert in bytes, how many layers have such experts [layers]

    Returns:
        Bytes [bytes].

    Source: plans of llama.cpp b11739: gpt-oss-120B 1,070,755,200 bytes for 1,024 MiB; Qwen3-30B-A3B in Q4_K_M, whose layers have two sizes,
        531,394,560 for 512; on one, two and three cards.

    >>> cached_experts_bytes(budget=1024 * 2**20, layers={13_219_200: 36})
    1070755200
    >>> cached_experts_bytes(budget=512 * 2**20, layers={2_654_208: 24, 3_059_712: 24})
    531394560
    """
    every = sum([size * count for size, count in layers.items()])
    return sum([int(budget * count / every) * size for size, count in layers.items()])
