"""Measured rows that cannot be are refused with file, line and reason."""

from pathlib import Path

import pytest
from pydantic import ValidationError

import macros.calibrate.plausible  # noqa: F401  (adds its checks)
from macros.specs import SpecErrors, load
from macros.specs.measurements import MeasurementFile
from tests import copies

DATA = Path(__file__).resolve().parents[2] / "data"
FILE = "llama.cpp-cuda-scoreboard.yaml"


@pytest.fixture
def data(tmp_path):
    return copies.of_records(tmp_path)


SLIPS = [
    ("tokens_per_second: 290.02", "tokens_per_second: 2900.2", "the memory of rtx-5090 gives no more"),
    ("file_bytes: 3825065984, tokens_per_second: 274.2", "file_bytes: 3648, tokens_per_second: 274.2", "MiB for bytes"),
    ("gpus: [h100-sxm-80gb]", "gpus: [h101-sxm-80gb]", "the id of a file in data/gpus"),
    ("file_bytes: 3825065984, tokens_per_second: 190.88", "quant: q4_9, tokens_per_second: 190.88", "data/quantizations"),
]
"""What is there, what a slip makes of it, and what is said of that."""


def test_slips_are_told_with_their_line_all_at_once(data):
    """Impossible speed, a unit, an unknown device or format."""
    file = data / "measurements" / FILE
    text = file.read_text("utf-8")
    for old, new, _ in SLIPS:
        assert old in text
        text = text.replace(old, new, 1)
    last = text.splitlines()[-1]
    file.write_text(f"{text}{last}\n", "utf-8")
    with pytest.raises(SpecErrors) as errors:
        load(data)
    told = [str(error) for error in errors.value.errors]
    for _, new, words in SLIPS:
        line = text[: text.index(new)].count("\n") + 1
        assert any(error.startswith(f"data/measurements/{FILE}:{line}:") and words in error for error in told), words
    assert any("each measurement once" in error for error in told)


UNDECIDED = [
    ("llama-bench-dashboard", "depth: 0, ", "", "expected depth"),
    ("kubis-gpt-oss-120b-topology", "rate: total, ", "", "expected rate (total, per-stream"),
    ("strieber-gpt-3", ", ubatch: 2048", "", "expected the micro-batch, which decides how fast a mixture reads a prompt of 2048 tokens"),
]
"""File, what is taken away of a row, what stands there then, and what is said of that."""


@pytest.mark.parametrize(("name", "old", "new", "words"), UNDECIDED)
def test_what_decides_and_is_not_stated_is_refused_with_its_line(data, name, old, new, words):
    """Depth, kind of rate, micro-batch."""
    file = data / "measurements" / f"{name}.yaml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(SpecErrors) as errors:
        load(data)
    told = [str(error) for error in errors.value.errors]
    assert all(error.startswith(f"data/measurements/{name}.yaml:") and words in error for error in told), told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"tokens_per_second": -1.0}, "greater than 0"),
        ({"tokens_per_minute": 5.0}, "Extra inputs"),
        ({"depth": None}, "expected depth"),
        ({"users": 4}, "expected rate"),
        ({"source": None}, "expected a source for rows.0"),
        ({"gpus": []}, "expected gpus, cpu or published_as"),
        ({"quality": {"flag": "bad", "reason": {"zh": "坏", "en": "bad"}}}, "noisy"),
    ],
)
def test_rows_of_wrong_form(change, told):
    """A negative speed, a key that does not exist, no source, no device, an unknown flag."""
    row = {
        "kind": "decode",
        "model": "llama-2-7b",
        "quant": "q4_0",
        "gpus": ["rtx-3090"],
        "tokens_per_second": 150.0,
        "source": "somebody",
        "depth": 0,
    }
    with pytest.raises(ValidationError) as error:
        MeasurementFile.model_validate({"id": "x", "title": {"zh": "甲", "en": "a"}, "source": None, "rows": [{**row, **change}]})
    assert told in str(error.value)
