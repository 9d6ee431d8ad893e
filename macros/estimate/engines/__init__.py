"""Engines, a module or package each: how one places a model, what each device then holds, the command that starts it.

What an engine is (formats that it reads, back ends, how it splits, its settings) stands in data/engines/<id>.yaml; what it does stands
here, under the same name with `_` for `.`, as its `RUNNER`. Nothing else in the code names an engine.
"""

from __future__ import annotations

import importlib
import pkgutil

from macros.estimate.engines.runner import Runner

OTHERS = ("checks", "repository", "runner")
"""Modules that are no engine."""


def _found() -> dict[str, Runner]:
    names = [module.name for module in pkgutil.iter_modules(__path__) if module.name not in OTHERS]
    runners = [importlib.import_module(f"{__name__}.{name}").RUNNER for name in names]
    return {runner.id: runner for runner in runners}


RUNNERS: dict[str, Runner] = _found()
"""Id of an engine -> what it does."""
