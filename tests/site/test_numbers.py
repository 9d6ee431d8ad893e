"""Numbers of an earlier build are taken for as long as what they were computed from is the same, and no longer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from macros import generator
from macros.generator import now, numbers
from macros.specs import load
from macros.tables import tables
from macros.tables.answers import Answer, buffers

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = load(ROOT / "data")
BASED, MODEL = next((model.id, model.based_on) for model in CATALOGUE.models.values() if model.based_on)
"""A model that has the shapes of another, and that other."""
STATE = numbers.Behind(code="1", records="1", others="1", models=dict.fromkeys(CATALOGUE.models, "1"))


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Models whose answers are computed, in turn."""
    monkeypatch.setattr(generator, "CACHE", tmp_path)
    monkeypatch.setattr(now, "catalogue", CATALOGUE)
    found: list[str] = []

    def answers(catalogue, model):
        found.append(model)
        return {(("model", model),): Answer(1, 2, 3, 4, 5, True, 6.5, None, None, None, None, None)}

    monkeypatch.setattr("macros.tables.pairs.answers_of", answers)
    return found


def changed(**models: str) -> numbers.Behind:
    return replace(STATE, models=STATE.models | models)


def test_answers_are_computed_again_where_anything_behind_them_changed(asked):
    first = numbers._answers(STATE, BASED)
    assert numbers._answers(STATE, BASED) == first
    assert asked == [BASED]
    other = next(name for name in CATALOGUE.models if name not in (BASED, MODEL))
    assert numbers._answers(changed(**{other: "2"}), BASED) == first
    assert asked == [BASED]  # another model's record is none of them
    for behind in (changed(**{BASED: "2"}), changed(**{MODEL: "2"}), replace(STATE, others="2"), replace(STATE, code="2")):
        asked.clear()
        numbers._answers(behind, BASED)
        assert asked == [BASED]


def test_a_table_is_computed_again_where_any_record_changed(asked, monkeypatch):
    table = tables()["gpus"]
    first = numbers._frame(STATE, "gpus")
    assert first.equals(table.frame(CATALOGUE))
    monkeypatch.setattr(type(table), "frame", lambda self, catalogue: pytest.fail("computed again"))
    assert numbers._frame(STATE, "gpus").equals(first)
    with pytest.raises(pytest.fail.Exception, match="computed again"):
        numbers._frame(replace(STATE, records="2"), "gpus")


def test_what_was_kept_is_what_is_computed(tmp_path):
    """Buffers as rows of a frame, whole numbers as whole numbers."""
    from macros.publish.remembered import kept

    rows = buffers(CATALOGUE, [MODEL], [8192])
    path = tmp_path / "deep" / "rows.pickle"
    assert kept(path, "1", lambda: rows) is rows
    again = kept(path, "1", lambda: pytest.fail("made again"))
    assert again.equals(rows)
    assert again.dtypes.equals(rows.dtypes)
    path.write_bytes(b"half")
    assert kept(path, "1", lambda: 2) == 2


def test_the_state_of_the_checkout():
    found = numbers.behind(ROOT)
    assert set(found.models) == set(CATALOGUE.models)
    assert len({found.code, found.records, found.others}) == 3
