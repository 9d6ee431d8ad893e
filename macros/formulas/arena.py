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
    held: dict[str, list[int]] = field(default_factory=dict)
    """Name -> (offset, size) of what is in use [bytes]."""
    tops: list[int] = field(default_factory=list)
    """How far the buffer reached, each time further than ever before [bytes]."""


def top(arena: Arena) -> int:
    """How far the buffer ever reached: its size.

    Args:
        arena: the buffer

    Returns:
        Bytes [bytes].
    """
    return arena.tops[-1] if arena.tops else 0


def take(arena: Arena, name: str, size: int) -> None:
    """Find a place for a tensor: the smallest gap that holds it, the last of equals; if none does, the end.

    Args:
        arena: the buffer
        name: name of the tensor
        size: its size [bytes]

    Returns:
        Nothing; the arena changes.

    >>> arena = Arena(alignment=32)
    >>> take(arena, "a", 100)
    >>> take(arena, "b", 32)
    >>> give(arena, "a")
    >>> take(arena, "c", 64)
    >>> arena.held["c"], top(arena)
    ([0, 64], 160)
    """
    size = (size + arena.alignment - 1) // arena.alignment * arena.alignment
    best = len(arena.gaps) - 1
    for index in range(len(arena.gaps) - 1):
        room = arena.gaps[index][1]
        if room >= size and (best == len(arena.gaps) - 1 or room <= arena.gaps[best][1]):
            best = index
    gap = arena.gaps[best]
    arena.held[name] = [gap[0], size]
    if gap[0] + size > top(arena):
        arena.tops.append(gap[0] + size)
    gap[0] += size
    gap[1] -= size
    if gap[1] == 0:
        arena.gaps.pop(best)


def give(arena: Arena, name: str) -> None:
    """Give a tensor's place back; neighbouring gaps become one.

    Args:
        arena: the buffer
        name: name of the tensor

    Returns:
        Nothing; the arena changes.
    """
    place = arena.held.pop(name)
    _free(arena, place[0], place[1])


def _free(arena: Arena, offset: int, size: int) -> None:
    # A gap grows by its neighbour, and by the next one beyond. Tensors without values (the engine has some) leave gaps without size,
    # between which two neighbours stay apart, as they do in the engine.
    gaps = arena.gaps
    for index in range(len(gaps)):
        gap = gaps[index]
        if gap[0] + gap[1] == offset:
            gap[1] += size
            if index + 1 < len(gaps) and gap[0] + gap[1] == gaps[index + 1][0]:
                gap[1] += gaps[index + 1][1]
                gaps.pop(index + 1)
            return
        if offset + size == gap[0]:
            gap[0] = offset
            gap[1] += size
            if index > 0 and gaps[index - 1][0] + gaps[index - 1][1] == gap[0]:
                gaps[index - 1][1] += gap[1]
                gaps.pop(index)
            return
    at = 0
    while at < len(gaps) and gaps[at][0] < offset:
        at += 1
    gaps.insert(at, [offset, size])


def become(arena: Arena, old: str, new: str, size: int | None = None) -> None:
    """Compute one tensor in the place of another that nobody needs any more; what is left over of the place becomes a gap.

    Args:
        arena: the buffer
        old: name of the tensor that was there
        new: name of the one that is there now
        size: its size, where it is smaller [bytes]

    Returns:
        Nothing; the arena changes.
    """
    place = arena.held.pop(old)
    if size is not None:
        size = (size + arena.alignment - 1) // arena.alignment * arena.alignment
        if size < place[1]:
            _free(arena, place[0] + size, place[1] - size)
            place = [place[0], size]
    arena.held[new] = place


def compute(arena: Arena, name: str, size: int, last_use_of: tuple[str, ...] = ()) -> None:
    """Compute a tensor from others: it gets its place first; then those that were needed for the last time give theirs back.

    Args:
        arena: the buffer
        name: name of the tensor
        size: its size [bytes]
        last_use_of: tensors that nobody needs after it

    Returns:
        Nothing; the arena changes.
    """
    take(arena, name, size)
    for used in last_use_of:
        give(arena, used)
