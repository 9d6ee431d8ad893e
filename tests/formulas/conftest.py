"""What holds for the tests of the formulas."""

import pytest

from macros.formulas.remember import forget


@pytest.fixture(autouse=True)
def _computed_anew():
    """No result of an earlier test hides a change of a formula; mutation testing runs all tests in copies of one process."""
    forget()
