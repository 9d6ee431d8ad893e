"""To the byte: every size of the tool's own files."""

from pathlib import Path

import pytest

from macros.estimate import columns
from macros.specs import load
from macros.tables.accuracy_memory import file_sizes

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")


@pytest.mark.parametrize("record", CATALOGUE.file_sizes)
def test_tensor_bytes_are_those_of_the_tool(record):
    sizes = file_sizes(CATALOGUE, record)
    wrong = [(quant, matrix, computed - given) for quant, matrix, computed, given in sizes if computed != given]
    assert not wrong


@pytest.mark.parametrize(
    ("quant", "gigabytes"), [("q2_k_l", 3.69), ("q3_k_xl", 4.78), ("q4_k_l", 5.31), ("q5_k_l", 6.06), ("q6_k_l", 6.85)]
)
def test_presets_with_tables_at_eight_bits_are_as_large_as_published(quant, gigabytes):
    # huggingface.co/bartowski/Meta-Llama-3.1-8B-Instruct-GGUF, the sizes of its files: embedding and output at Q8_0.
    ((size,),) = columns.sizes(CATALOGUE, ["llama-3.1-8b"], [quant])[["bytes"]].to_numpy().tolist()
    assert round((size + CATALOGUE.families["llama-3"].header_bytes) / 1e9, 2) == gigabytes
