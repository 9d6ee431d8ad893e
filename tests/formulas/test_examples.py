"""The example of every formula holds, of remembered ones too, which pytest's own doctests pass by."""

import doctest
import importlib
import pkgutil

import pytest

from macros import formulas

MODULES = [importlib.import_module(module.name) for module in pkgutil.walk_packages(formulas.__path__, "macros.formulas.")]
EXAMPLES = [
    pytest.param(module, function, id=f"{module.__name__.rpartition('.')[2]}.{name}")
    for module in MODULES
    for name, function in vars(module).items()
    if name.isidentifier()
    and getattr(function, "__module__", "") == module.__name__
    and getattr(function, "__name__", "") == name
    and ">>>" in (function.__doc__ or "")
]


@pytest.mark.parametrize(("module", "function"), EXAMPLES)
def test_example(module, function):
    example = doctest.DocTestParser().get_doctest(function.__doc__, dict(vars(module)), function.__name__, None, 0)
    assert doctest.DocTestRunner(verbose=False).run(example).failed == 0
