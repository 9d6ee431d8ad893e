"""Other calculators' rules, worked out by hand."""

from pathlib import Path

import pytest

from macros.specs import load
from macros.tables import tables
from macros.tables.calculators import EXAMPLES, NAMES

DATA = Path(__file__).resolve().parents[2] / "data"
GIB = 2**30


@pytest.fixture(scope="module")
def catalogue():
    return load(DATA)


@pytest.fixture(scope="module")
def errors(catalogue):
    return tables()["calculators"].frame(catalogue).set_index("calculator")


@pytest.fixture(scope="module")
def total(catalogue):
    return tables()["calculator-examples"].frame(catalogue).set_index("model")["total"]


LLAMA = 8_030_261_248
CACHE = 2 * 32 * 8 * 128 * 32768 * 2  # 8 KV heads of 128 in 32 layers
HAND = [
    ("llmfit", LLAMA * 0.58 + CACHE + 500_000_000),
    ("canitrun-dev", (LLAMA * 0.5 + CACHE) * 1.12),
    ("gpu-poor", LLAMA * 0.61 + 4 * CACHE + 650_000_000),  # 32 heads counted where 8 are cached
    ("vram-calculator", LLAMA * 0.5 + 1000 * 2**20),
    ("gollama", LLAMA * 4.85 / 8 + CACHE + 500 * 2**20),
]


@pytest.mark.parametrize(("calculator", "answer"), HAND)
def test_rules_worked_out_by_hand(errors, total, calculator, answer):
    assert (errors.loc[calculator, "llama-3.1-8b"] / 100 + 1) * total["llama-3.1-8b"] * GIB == pytest.approx(answer, rel=1e-9)


def test_full_length_caches_miss_the_sliding_window(errors):
    assert errors.loc["llmfit", "gemma-3-12b"] > 50


def test_every_calculator_is_shown_and_every_example_has_a_name(catalogue, errors):
    assert set(errors.index) == set(catalogue.calculators)
    assert [model for model, _, _ in EXAMPLES] == list(NAMES)
    for model, name in NAMES.items():
        assert name["en"].split()[0] in catalogue.models[model].name


def test_parts_of_the_examples_add_up(catalogue):
    frame = tables()["calculator-examples"].frame(catalogue)
    assert (frame["weights"] + frame["cache"] + frame["rest"]).tolist() == pytest.approx(frame["total"].tolist(), rel=1e-9)
