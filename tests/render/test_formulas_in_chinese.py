"""Formulas are written and explained in the language of the page."""

import re
from pathlib import Path

from macros import tables
from macros.render import equations

PAGES = Path(__file__).parents[2] / "docs" / "zh"
KEPT = re.compile(r"(llama\.cpp, [\w.-]+|data/[\w-]+)\.$")
"""Sources that are names of files."""


def shown():
    text = "".join(path.read_text("utf-8") for path in PAGES.rglob("*.md"))
    return sorted(set(re.findall(r'formula\("(\w+)"\)', text)))


def test_every_word_on_a_formula_is_told_in_chinese():
    said = set()
    for name in shown():
        about = equations.told(equations.formulas()[name])
        parts = [text for key, text in about.parts.items() if key in ("Returns", "Assumes", "Source")]
        said |= {equations.phrase(text)[0] for text in (about.summary, *about.arguments.values(), *parts) if not KEPT.fullmatch(text)}
    assert len(said) > 200
    assert sorted(said - equations.chinese().keys()) == [], "add these to docs/formulas.zh.yaml"
    assert sorted(equations.chinese().keys() - said) == [], "remove these from docs/formulas.zh.yaml"


def test_every_value_of_an_equation_has_a_chinese_name():
    beside = {name for known in tables.tables().values() for name in known.formulas}
    said = set()
    for name in {*shown(), *beside}:
        lines = equations.mathml(equations.formulas()[name])
        stated = equations.told(equations.formulas()[name]).parts.get("Equation")
        said |= {each for line in lines for each in equations.named(line)} or ({stated} if stated else set())
    said -= {"max", "min", "log2", "sqrt"}
    assert len(said) > 250
    assert sorted(said - equations.symbols().keys()) == [], "add these to docs/symbols.zh.yaml"
    assert sorted(equations.symbols().keys() - said) == [], "remove these from docs/symbols.zh.yaml"
