"""What every engine does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from macros.estimate.engines.repository import Repository
from macros.estimate.setting import Setting
from macros.estimate.shares import Placement
from macros.estimate.weights import ModelWeights
from macros.specs import Catalogue


@dataclass(frozen=True)
class Runner:
    """One engine; arguments are given by position."""

    id: str
    """Id of its record."""
    place: Callable[[Setting, ModelWeights, Catalogue], Placement]
    """Setting, weights, records -> where everything goes."""
    command: Callable[[Placement, Repository | None], list[str]]
    """Placement, a repository that holds the format -> the words of the command line."""
    also: Callable[[Placement, Repository | None], dict[str, list[str]]]
    """The same -> programs that run the same engine, each with the words of its command line."""
    by_itself: Callable[[Setting, ModelWeights, Catalogue], Placement] | None = None
    """Setting, weights, records -> where the engine puts things if nothing is said of that; None: it does nothing of its own."""
