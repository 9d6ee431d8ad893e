"""One question answered: placement on devices, memory, speed; for one setting or for columns of them.

What it gives is imported when it is first asked for: declaring a question, or refusing one, takes far less than answering it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from macros.estimate.answering import answer, estimate, opened
    from macros.estimate.placement import place
    from macros.estimate.refused import Refused
    from macros.estimate.setting import Setting, check_setting
    from macros.estimate.shares import Placement, Share

__all__ = ["Placement", "Refused", "Setting", "Share", "answer", "check_setting", "estimate", "opened", "place"]

_HOMES = {"answer": "answering", "estimate": "answering", "opened": "answering", "place": "placement", "Refused": "refused"}
_HOMES |= {"Setting": "setting", "check_setting": "setting", "Placement": "shares", "Share": "shares"}
"""Name -> the module that has it."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    return found
