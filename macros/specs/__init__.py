"""What is: the YAML of data/, checked and typed. Knows nothing of formulas or pages.

What it gives is imported when it is first asked for: reading records takes a library that telling an error, or naming a type, does not.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from macros.specs.catalogue import load
    from macros.specs.errors import SpecError, SpecErrors
    from macros.specs.records import Catalogue

__all__ = ["Catalogue", "SpecError", "SpecErrors", "load"]


_HOMES = {"Catalogue": "records", "SpecError": "errors", "SpecErrors": "errors", "load": "references"}
"""Name -> the module that has it. `references` registers checks, and has `load` from `catalogue`."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    return found
