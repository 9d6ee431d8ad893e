"""Numbers of an earlier build are taken for as long as what they were computed from is the same, and no longer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from macros import generator
from macros.formulas.remember import forget
from macros.generator import now, numbers
from macros.specs import Catalogue, load
from macros.tables import answers, pairs, tables
from macros.tables.answers import OWN, Answer, buffers

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = load(ROOT / "data")
BASED, MODEL = next((model.id, model.based_on) for model in CATALOGUE.models.values() if model.based_on)
"""A model that has the shapes of another, and that other."""
CARDS = ["rtx-3060", "rtx-4090"]
STATE = numbers.Behind(code="1", records="1", shared="1", own={(kind, name): "1" for kind in OWN for name in CATALOGUE.records[kind]})
"""Nothing has changed yet."""


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Models and cards of the questions that are computed, in turn; each model is asked for on two cards."""
    monkeypatch.setattr(generator, "CACHE", tmp_path)
    monkeypatch.setattr(now, "catalogue", CATALOGUE)
    found: list[str] = []

    def answer(catalogue, question):
        found.append(question["gpus"][0])
        return Answer(1, 2, 3, 4, 5, True, 6.5, None, None, None, None, None)

    def ask_all(catalogue, model):
        for gpu in CARDS:
            answers.ask(catalogue, model=model, gpus=[gpu])

    monkeypatch.setattr(answers, "_asked", answer)
    monkeypatch.setattr(answers, "_known", {})
    monkeypatch.setattr("macros.tables.pairs.ask_all", ask_all)
    monkeypatch.setattr("macros.tables.measured_decode.ask_all", lambda catalogue, model: None)

    def build(behind: numbers.Behind) -> list[str]:
        answers._known.clear()  # a build begins with what the file holds
        found.clear()
        assert len(numbers._answers(behind, BASED)) == len(CARDS)
        return list(found)

    return build


def changed(kind: str, name: str) -> numbers.Behind:
    return replace(STATE, records=f"{kind} {name}", own=STATE.own | {(kind, name): "2"})


def test_answers_are_computed_again_where_anything_behind_them_changed(asked):
    assert asked(STATE) == CARDS
    assert asked(STATE) == []
    other = next(name for name in CATALOGUE.models if name not in (BASED, MODEL))
    assert asked(changed("models", other)) == []  # another model's record is none of them
    assert asked(changed("gpus", "rtx-5090")) == []
    assert asked(changed("gpus", CARDS[1])) == [CARDS[1]]
    asked(STATE)
    for behind in (changed("models", BASED), changed("models", MODEL), replace(STATE, records="2", shared="2"), replace(STATE, code="2")):
        assert asked(behind) == CARDS
        asked(STATE)


class Watched(dict):
    """Records of a kind, and which of them were read."""

    def __init__(self, kind, records, seen):
        super().__init__(records)
        self.kind, self.seen = kind, seen

    def __getitem__(self, name):
        self.seen.add((self.kind, name))
        return super().__getitem__(name)

    def get(self, name, default=None):
        self.seen.add((self.kind, name))
        return super().get(name, default)

    def _all(self):
        self.seen.update((self.kind, name) for name in self)

    def values(self):
        self._all()
        return super().values()

    def items(self):
        self._all()
        return super().items()


@pytest.mark.parametrize(
    "question",
    [
        {"model": BASED, "quant": "q4_k_m", "context": 4096, "gpus": ["rtx-4090"], "gpu_layers": 99},
        {"model": "qwen3-30b-a3b", "quant": "q4_k_m", "context": 8192, "gpus": ["rtx-3060"], **pairs.HOST, "ram_gib": 30},
        {
            "model": "gpt-oss-20b",
            "quant": "mxfp4_moe",
            "context": 8192,
            "gpus": ["apple-m4-pro-20c"],
            "memory_gib": 48,
            **pairs.HOST,
            "ram_gib": 250,
        },
        {"model": "llama-3.1-8b", "quant": "q4_k_m", "context": 8192, "cpu": "epyc-9654"},
        {"model": "llama-3.1-8b", "quant": "q4_k_m", "context": 8192, "gpus": ["rtx-3060"], "ram_gib": 30},
    ],
)
def test_an_answer_reads_no_record_but_those_that_are_said_to_be_behind_it(question):
    seen = set()
    forget()  # what was remembered reads nothing
    watched = Catalogue({kind: Watched(kind, records, seen) for kind, records in CATALOGUE.records.items()}, CATALOGUE.files)
    assert answers._asked(watched, question) is not None
    named = set(answers.behind(CATALOGUE, question))
    assert {read for read in seen if read[0] not in answers.SHARED} <= named
    assert named & seen


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
    assert kept(path, "1", lambda _: rows) is rows
    again = kept(path, "1", lambda _: pytest.fail("made again"))
    assert again.equals(rows)
    assert again.dtypes.equals(rows.dtypes)
    assert kept(path, "2", lambda before: len(before)) == len(rows)  # what the same code made before
    assert kept(path, "2", lambda before: before, code="other") is None
    path.write_bytes(b"half")
    assert kept(path, "1", lambda before: before or 2) == 2


def test_the_state_of_the_checkout():
    found = numbers.behind(ROOT)
    assert set(found.own) == set(STATE.own)
    assert len({found.code, found.records, found.shared}) == 3
