"""Memory of fine-tuning: by hand, and against published peaks."""

from pathlib import Path

import pytest

from macros.specs import load
from macros.tables import tables

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")


def frame(name):
    return tables()[name].frame(CATALOGUE)


def test_full_fine_tuning_by_hand():
    # 16 bytes a parameter; 2,048 tokens: 32 layer inputs of 4096 in 16 bits, one layer computed again, 10 bytes a logit; 1 GiB besides
    layer = 16 * 4096 + 4 * 4096 + 8 * 11008
    expected = 6_738_415_616 * 16 + 2048 * (32 * 2 * 4096 + layer) + 2048 * 32000 * 10 + 2**30
    assert frame("fine-tuning").set_index("model")["full_adamw"]["llama-2-7b"] == pytest.approx(expected / 2**30)


def test_each_method_needs_less_than_the_one_before():
    table = frame("fine-tuning").set_index("model")
    assert (table["full_adamw"] > table["full_8bit"]).all()
    assert (table["full_8bit"] > table["lora"]).all()
    assert (table["lora"] > table["qlora"]).all()
    assert (table["without"] > table["qlora"]).all()


def test_published_peaks_are_met():
    table = frame("fine-tuning-measured")
    assert len(table) >= 11
    assert table["difference"].abs().median() < 6
    assert table["difference"].abs().max() < 12
