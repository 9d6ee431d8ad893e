"""Published logs beside what is computed today: what does not depend on the version agrees to the last printed digit."""

from pathlib import Path

import pytest

from macros.specs import load
from macros.tables import memory_logs

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")


@pytest.fixture(scope="module")
def errors():
    return memory_logs.log_errors(CATALOGUE)


def test_every_log_that_can_be_asked_is_compared(errors):
    assert len(errors[errors["part"] == "total"]) == 207


@pytest.mark.parametrize("part", ["weights", "kv_cache"])
def test_weights_and_cache_are_those_of_the_logs(errors, part):
    rows = errors[errors["part"] == part]
    printed = rows["file"].map(lambda name: 0.005 * 1024 if name == "llama-toolchest" else 0.05)
    assert ((rows["predicted"] - rows["reported"]).abs() <= printed).all()


def test_totals_in_all_versions(errors):
    assert errors[errors["part"] == "total"]["error"].abs().max() < 0.04


def test_a_split_by_rows_is_asked_as_one_device():
    rows = [row for _, row in memory_logs.logged_rows(CATALOGUE) if row.split == "row" and len(row.gpus) > 1]
    assert len(memory_logs.question_of(rows[0])["gpus"]) == 1
