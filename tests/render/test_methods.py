"""The page on methods has every formula that states an equation."""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import macros.formulas

DOCS = Path(__file__).resolve().parents[2] / "docs"


def formulas() -> set[str]:
    """Names of all functions of macros/formulas with an equation."""
    found = set()
    for module in pkgutil.walk_packages(macros.formulas.__path__, "macros.formulas."):
        known = importlib.import_module(module.name)
        for name, function in inspect.getmembers(known, inspect.isfunction):
            if function.__module__ == known.__name__ and "Equation:" in (function.__doc__ or ""):
                found.add(name)
    return found


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_formula_stands_on_the_page_once(language):
    shown = re.findall(r'\{\{ formula\("(\w+)"\) \}\}', (DOCS / language / "methods.md").read_text("utf-8"))
    assert sorted(shown) == sorted(formulas())
