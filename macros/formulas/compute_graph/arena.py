"""How llama.cpp packs the tensors of a pass into one buffer: best fit among the gaps, else at the end; what is given back leaves a gap."""

from __future__ import annotations

from dataclasses import dataclass, field

ENDLESS = 1 << 52


@dataclass(frozen=True)
class Arena:
    """One buffer while a pass is planned."""

    alignment: int
    """Every size is rounded up to a multiple of this [bytes]."""
    gaps: list[list[int]] = field(default_factory=lambda: [[0, ENDLESS]])
    """(offset, size) of what is free, in order; the last one has no end [bytes]."""
    tops: list[int] = field(default_factory=lambda: [0])
    """How far the buffer ever reached [bytes]."""


def aligned(arena: Arena, size: int) -> int:
    """A size rounded up to the buffer's alignment [bytes]."""
    return (size + arena.alignment - 1) // arena.alignment * arena.alignment


def take(arena: Arena, size: int) -> int:
    """Find a place for a tensor: the smallest gap that holds it, the last of equals; if none does, the end.

    Args:
        arena: the buffer
        size: its size [bytes]

    Returns:
        Where it begins [bytes].

    >>> arena = Arena(alignment=32)
    >>> first, second = take(arena, 100), take(arena, 32)
    >>> give(arena, first, 100)
    >>> take(arena, 64), arena.tops[0]
    (0, 160)
    """
    size = aligned(arena, size)
    gaps = arena.gaps
    best = len(gaps) - 1
    smallest = ENDLESS
    for index in range(best):
        room = gaps[index][1]
        if size <= room <= smallest:
            best, smallest = index, room
    gap = gaps[best]
    offset = gap[0]
    if offset + size > arena.tops[0]:
        arena.tops[0] = offset + size
    gap[0] += size
    gap[1] -= size
    if gap[1] == 0:
        gaps.pop(best)
    return offset


def give(arena: Arena, offset: int, size: int) -> None:
    """Give a tensor's place back; neighbouring gaps become one.

    Tensors without values (the engine has some) leave gaps without size, between which two neighbours stay apart, as in the engine.

    Args:
        arena: the buffer
        offset: where the tensor begins [bytes]
        size: its size [bytes]

    Returns:
        Nothing; the arena changes.
    """
    size = aligned(arena, size)
    gaps = arena.gaps
    end = offset + size
    for index, gap in enumerate(gaps):
        if gap[0] + gap[1] == offset:
            gap[1] += size
            if index + 1 < len(gaps) and gap[0] + gap[1] == gaps[index + 1][0]:
                gap[1] += gaps[index + 1][1]
                gaps.pop(index + 1)
            return
        if gap[0] == end:
            gap[0] = offset
            gap[1] += size
            return
    at = 0
    while at < len(gaps) and gaps[at][0] < offset:
        at += 1
    gaps.insert(at, [offset, size])
