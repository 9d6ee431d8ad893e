"""To the byte: every size of the tool's own files."""

from pathlib import Path

import pytest

from macros.specs import load
from macros.tables.accuracy_memory import file_sizes

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")


@pytest.mark.parametrize("record", CATALOGUE.file_sizes)
def test_tensor_bytes_are_those_of_the_tool(record):
    sizes = file_sizes(CATALOGUE, record)
    wrong = [(quant, matrix, computed - given) for quant, matrix, computed, given in sizes if computed != given]
    assert not wrong
