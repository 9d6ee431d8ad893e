"""What it costs when a driver gives a card memory that it does not have: part of everything is read through the slot."""

from __future__ import annotations


def spilled_tokens_per_second(*, tokens: float, tokens_per_second: float, more_seconds: float) -> float:
    """Speed of a card that reads a part of its memory from RAM.

    Equation: spilled = tokens / (tokens / tokens_per_second + more_seconds)

    Args:
        tokens: tokens of a step [tokens]
        tokens_per_second: speed with everything in its own memory [tokens/s]
        more_seconds: time to read what lies in RAM [s]

    Returns:
        Tokens each second [tokens/s].

    Assumes: reading from RAM and computing do not overlap.

    Source: llama.cpp pull request 15952, RTX 5070 on Windows with more than its memory: 11.09 tokens/s.

    >>> spilled_tokens_per_second(tokens=1, tokens_per_second=200, more_seconds=0.045)
    20.0
    """
    return tokens / (tokens / tokens_per_second + more_seconds)
