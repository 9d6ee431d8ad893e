"""Each works on a number and on a column, wherever the column stands."""

import numpy as np
import pandas as pd
import pytest

from macros.formulas.elementwise import ceil, floor, maximum, minimum, where


def column(*values):
    """A column of a table."""
    return pd.Series(values)


@pytest.mark.parametrize(
    ("function", "arguments", "expected"),
    [
        (maximum, (column(1, 5), 3), [3, 5]),
        (maximum, (3, column(1, 5)), [3, 5]),
        (minimum, (column(1, 5), 3), [1, 3]),
        (minimum, (3, column(1, 5)), [1, 3]),
        (ceil, (column(1.2, 2.0),), [2, 2]),
        (floor, (column(1.2, 2.0),), [1, 2]),
        (where, (column(True, False), 1, 2), [1, 2]),
        (where, (True, column(1, 2), 3), [1, 2]),
        (where, (False, 3, column(1, 2)), [1, 2]),
        (where, (False, column(1, 2), 3), [3, 3]),
        (where, (True, 3, column(1, 2)), [3, 3]),
        (maximum, (np.array([1, 5]), 3), [3, 5]),
    ],
)
def test_columns(function, arguments, expected):
    assert list(function(*arguments)) == expected


@pytest.mark.parametrize(("a", "b"), [(2, 3), (3, 2), (3, 3.0)])
def test_numbers(a, b):
    assert maximum(a, b) == max(a, b)
    assert minimum(a, b) == min(a, b)
    assert (where(a < b, "less", "not")) == ("less" if a < b else "not")


def test_of_equals_the_first():
    """A whole number stays one: byte counts are whole."""
    assert isinstance(maximum(3, 3.0), int)
    assert isinstance(minimum(3, 3.0), int)
