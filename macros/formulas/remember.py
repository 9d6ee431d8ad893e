"""Remembering what a pure function made of records that it has seen."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

BY_VALUE = frozenset({bool, int, str, tuple})
"""Types of arguments that count by what they are."""
MOST = 4000
"""Results kept of a function, unless it says otherwise; then the oldest is forgotten."""

_ALL_KNOWN: list[dict[tuple[Any, ...], tuple[tuple[Any, ...], Any]]] = []


def by_identity(function: Function, most: int = MOST) -> Function:
    """Compute once for the same arguments: records by which they are, not by what they hold, so that asking costs nothing.

    Numbers, texts and tuples of them count by what they are.

    >>> count = []
    >>> double = by_identity(lambda numbers: count.append(1) or [2 * number for number in numbers])
    >>> numbers = [1, 2]
    >>> double(numbers), double(numbers), double([1, 2]), len(count)
    ([2, 4], [2, 4], [2, 4], 2)
    >>> double((1000, 2)), double((1000, 2)), len(count)
    ([2000, 4], [2000, 4], 3)
    """
    known: dict[tuple[Any, ...], tuple[tuple[Any, ...], Any]] = {}
    _ALL_KNOWN.append(known)

    @functools.wraps(function)
    def remembering(*arguments: Any, **named: Any) -> Any:
        values = (*arguments, *named.values())
        key = (*named, *[value if type(value) in BY_VALUE else id(value) for value in values])
        found = known.get(key)
        if found is None:
            if len(known) >= most:
                del known[next(iter(known))]
            # Its arguments are kept with it: no other record can come to lie where one of them lies.
            found = known[key] = (values, function(*arguments, **named))
        return found[1]

    return remembering  # type: ignore[return-value]


def forget() -> None:
    """Forget every result, so that the next question is computed again: a test sees what the formulas say now."""
    for known in _ALL_KNOWN:
        known.clear()
