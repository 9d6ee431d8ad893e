"""What is not listed is computed from what is."""

from pathlib import Path

from macros.specs import load
from macros.tables.unlisted import KINDS, REASONS, unlisted

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")
FRAME = unlisted(CATALOGUE)


def test_no_class_of_a_listed_model_and_no_listed_name_is_among_them():
    listed = {CATALOGUE.architectures[m.architecture.engine_name].name for m in CATALOGUE.models.values() if m.architecture is not None}
    read = set(FRAME[FRAME.reason == "read"].name)
    assert read
    assert not read & listed
    names = {record.name for records in (CATALOGUE.models, CATALOGUE.cpus) for record in records.values()}
    assert not names & set(FRAME[FRAME.kind != "class"].name)


def test_each_class_is_run_by_an_engine_and_each_thing_has_a_reason():
    assert all(FRAME[FRAME.kind == "class"].run_by)
    assert set(FRAME.reason) <= set(REASONS)
    assert set(FRAME.kind) == set(KINDS)


def test_an_engine_that_has_dropped_a_class_is_not_named():
    engines = dict(zip(FRAME.name, FRAME.run_by, strict=True))
    assert (engines["Qwen 1"], engines["BLOOM"]) == ("llama.cpp, MLX (mlx-lm)", "llama.cpp, vLLM")
