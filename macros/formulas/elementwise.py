"""The few functions that formulas need and that Python has for numbers only: each works on a number or on a pandas column.

The calculator's JavaScript has the same six; everything else in a formula is plain arithmetic.
"""

from __future__ import annotations

import math
import sys
from typing import Any


def _is_column(*values: Any) -> bool:
    """Whether one of them is a column. Who has one has imported what makes it: numbers alone do not wait for that."""
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    return numpy is not None and any(
        isinstance(value, numpy.ndarray) or (pandas is not None and isinstance(value, pandas.Series)) for value in values
    )


def _numpy() -> Any:
    return sys.modules["numpy"]


def maximum(a: Any, b: Any) -> Any:
    """The larger of two, element by element.

    >>> maximum(2, 3)
    3
    """
    return _numpy().maximum(a, b) if _is_column(a, b) else (a if a >= b else b)


def minimum(a: Any, b: Any) -> Any:
    """The smaller of two, element by element.

    >>> minimum(2, 3)
    2
    """
    return _numpy().minimum(a, b) if _is_column(a, b) else (a if a <= b else b)


def ceil(a: Any) -> Any:
    """The next whole number upwards.

    >>> ceil(2.1)
    3
    """
    return _numpy().ceil(a) if _is_column(a) else math.ceil(a)


def floor(a: Any) -> Any:
    """The next whole number downwards.

    >>> floor(2.9)
    2
    """
    return _numpy().floor(a) if _is_column(a) else math.floor(a)


def where(condition: Any, a: Any, b: Any) -> Any:
    """`a` where the condition holds, else `b`.

    >>> where(True, 1, 2)
    1
    """
    if _is_column(condition, a, b):
        return _numpy().where(condition, a, b)
    return a if condition else b


def added(values: list[Any]) -> Any:
    """Values added one after another. Python's own `sum` corrects rounding from 3.12 on, and then differs from 3.11 and from a browser.

    >>> added([0.1] * 10)
    0.9999999999999999
    """
    total = 0
    for value in values:
        total = total + value
    return total
