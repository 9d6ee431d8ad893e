"""How the values of one dimension of a tensor are shared out, where every card holds a slice of each layer."""

from __future__ import annotations

from collections.abc import Sequence

from macros.formulas.elementwise import added

LEAST_STEP = 128
"""Kernels are fast on slices of a multiple of so many values."""


def common_step(one: int, other: int) -> int:
    """Least number that both divide.

    Equation: step = one x other / their greatest common divisor

    Args:
        one: a step [values]
        other: another [values]

    Returns:
        A step that is a multiple of both [values].

    Source: Euclid, Elements VII, 34.

    >>> common_step(96, 128)
    384
    """
    larger, smaller = one, other
    while smaller > 0:
        larger, smaller = smaller, larger % smaller
    return one // larger * other


def slice_sizes(*, size: int, step: int, shares: Sequence[float], turn: int) -> list[int]:
    """What each card gets of one dimension: whole steps, the rest to the last.

    Equation: end(j) = floor(size x (share_1 + … + share_j) / sum of shares), rounded down to a multiple of step; each card gets what lies
    between two ends, counted from card number turn on

    Args:
        size: values along the dimension [values]
        step: slices are a multiple of so many, but for the last [values]
        shares: share of each card
        turn: card that comes first, so that what rounding leaves over goes to another card in each layer

    Returns:
        Values of each card, in the cards' own order [values].

    Source: llama.cpp, llama-model.cpp, llama_meta_device_get_split_state.

    >>> slice_sizes(size=14_336, step=256, shares=[1, 1, 1], turn=1)
    [4864, 4608, 4864]
    >>> slice_sizes(size=8, step=1, shares=[3, 1], turn=0)
    [6, 2]
    """
    cards = len(shares)
    turned = [shares[(place + turn) % cards] for place in range(cards)]
    found = [0 for _ in shares]
    low = 0
    for place in range(cards):
        high = size
        if place < cards - 1:
            high = int(size * added(turned[: place + 1]) / added(turned))
            high -= high % step
        found[(place + turn) % cards] = high - low
        low = high
    return found


def least_slice(*, block: int, group: int, cards: int) -> int:
    """Step of attention's slices: blocks of a quantized row, made larger for the kernels where that leaves work for every card.

    Equation: step = block, doubled while it is below 128 and cards x step < group

    Args:
        block: weights of a block in the type of the output projection [weights]
        group: values of the query heads that share one key head [values]
        cards: number of cards

    Returns:
        Values [values].

    Source: llama.cpp, llama-model.cpp, llama_meta_device_get_split_state.

    >>> least_slice(block=32, group=512, cards=2)
    128
    """
    step = block
    while step < LEAST_STEP and step * cards < group:
        step *= 2
    return step
