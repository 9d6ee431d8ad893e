"""Records of classes: no model_type twice, no unknown key, every reader there is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from macros.estimate.classes.readers import READERS
from macros.specs import SpecErrors, load
from macros.specs.classes import Reader
from macros.specs.references import named_once

DATA = Path(__file__).resolve().parents[2] / "data"
CATALOGUE = load(DATA)


def test_the_records_name_the_readers_that_there_are():
    assert set(get_args(Reader)) == set(READERS)


def test_every_model_belongs_to_a_class():
    names = {model.architecture.engine_name for model in CATALOGUE.models.values() if model.architecture is not None}
    assert names <= set(CATALOGUE.architectures)


def test_a_model_type_that_two_classes_claim_is_refused():
    qwen = CATALOGUE.architectures["qwen3"]
    twice = qwen.model_copy(update={"classes": {**qwen.classes, "llama": CATALOGUE.architectures["llama"].classes["llama"]}})
    (error,) = named_once(replace(CATALOGUE, records={**CATALOGUE.records, "architectures": {**CATALOGUE.architectures, "qwen3": twice}}))
    assert "classes.llama" in str(error)
    assert "llama" in error.got
    assert str(error).startswith("data/architectures/qwen3.yaml:")


@pytest.mark.parametrize(
    ("text", "line", "expected", "fix"),
    [
        ("name: X\nclasses:\n  x:\n    reader: dens\n", 4, "'dense'", "dense"),
        ("name: X\nclasses:\n  x:\n    reader: dense\n    windos: true\n", 5, "a key of this record", "windows"),
    ],
)
def test_what_a_record_of_a_class_does_not_know_is_refused(tmp_path, text, line, expected, fix):
    (tmp_path / "architectures").mkdir()
    (tmp_path / "architectures" / "x.yaml").write_text(text, "utf-8")
    with pytest.raises(SpecErrors) as refused:
        load(tmp_path)
    told = [error for error in refused.value.errors if "architectures/x.yaml" in error.path]
    assert told[0].line == line
    assert expected in told[0].expected
    assert fix in told[0].fix
