"""The table of measured speeds beside computed ones."""

from pathlib import Path

from macros.specs import load
from macros.tables.measured_decode import _rows

DATA = Path(__file__).resolve().parents[2] / "data"


def test_prompts_read_token_by_token_are_no_decoding():
    """A row without the output matrix is faster than any answer: it is fitted to, but not shown as what a user gets."""
    catalogue = load(DATA)
    assert any(row.without_output and row.depth == 0 for row in catalogue.measurements["llama.cpp-pull-29152"].rows)
    assert not any(row.without_output for _, row in _rows(catalogue))
