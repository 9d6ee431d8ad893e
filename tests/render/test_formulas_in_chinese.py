"""Formulas are written and explained in the language of the page."""

from pathlib import Path

import pytest

from macros.render import equations

ROOT = Path(__file__).resolve().parents[2]


def test_every_word_and_every_value_of_a_formula_has_its_chinese():
    assert len(equations.chinese()) > 200
    assert len(equations.symbols()) > 250
    assert list(equations.untold(ROOT)) == []


@pytest.mark.parametrize("of", ["chinese", "symbols"])
def test_what_is_missing_and_what_nobody_says_is_told(monkeypatch, of):
    known = dict(getattr(equations, of)())
    word = next(iter(known))
    known[f"{word}s"] = known.pop(word)
    monkeypatch.setattr(equations, of, lambda: known)
    assert [(error.got, error.fix) for error in equations.untold(ROOT)] == [(f"none of '{word}'", "add it"), (f"'{word}s'", "remove it")]
