"""Speed of a placement."""

from __future__ import annotations

from typing import Any

from macros.estimate.placement import Placement
from macros.estimate.setting import Setting
from macros.specs import Catalogue


def answer(setting: Setting, placement: Placement, catalogue: Catalogue) -> dict[str, Any]:
    """Decode, prefill and load of a placement, as the door names them."""
    return {}
