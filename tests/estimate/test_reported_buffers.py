"""Buffers that llama.cpp itself reported, on models of 2026: computed to the last digit that was published."""

from datetime import date
from pathlib import Path

import pytest

from macros.estimate import estimate
from macros.specs import load
from macros.specs.measurements import MemoryUse

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")
ROWS = [row for row in CATALOGUE.measurements["llama-toolchest"].rows if isinstance(row, MemoryUse)]
MIB = 2**20
DIGIT = 0.01 * 1024
"""Published in GiB with two digits after the point; sums of several buffers are rounded besides."""


def asked(row):
    """The devices of the same question."""
    question = {"model": row.model, "quant": row.quant, "context": row.context, "ubatch": row.ubatch, "kv_type": row.kv_type}
    built = (row.built or date(2026, 1, 1)).isoformat()
    return estimate({**question, "gpus": row.gpus, "profile": "server", "built": built}, CATALOGUE)["devices"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.model}-{row.context}-{row.ubatch}-{len(row.gpus)}x{row.gpus[0]}")
def test_reported(row):
    devices = asked(row)
    (reported,) = row.parts_mib.values()
    for part in ("weights", "kv_cache"):
        assert sum(device[f"{part}_bytes"] for device in devices) / MIB == pytest.approx(reported[part], abs=DIGIT)
    if len(devices) == 1:
        assert devices[0]["compute_buffer_bytes"] / MIB == pytest.approx(reported["compute_buffer"], abs=DIGIT)


def test_files_are_the_published_size_to_the_byte():
    """Weights and the header of the family are the whole file, whatever the format."""
    header = CATALOGUE.families["granite-4"].header_bytes
    for quant, size in (("q8_0", 9_345_613_952), ("q6_k", 7_216_480_384), ("q4_k_m", 5_347_917_952)):
        answer = estimate({"model": "granite-4.2-8b", "quant": quant, "context": 512, "gpus": []}, CATALOGUE)
        assert answer["weights"]["bytes"] + header == size
