"""One way to see a slip: a ratio of two figures lies outside what records that are alike have."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from macros.formulas.remember import by_identity
from macros.specs import Catalogue
from macros.specs.yaml_file import Location

FEW = 3
"""Fewer records than that say nothing about what is usual; a wider class is asked then."""


AGAIN = "read the source again (a digit too many or too few, GB for GiB, a neighbouring column?)"
"""What to do about a figure that may be a slip."""


@dataclass(frozen=True)
class Slip:
    """A figure that cannot be."""

    at: Location
    """The key."""
    expected: str
    """What it was compared with."""
    got: str
    """What follows from it."""
    fix: str = AGAIN
    """How it may have come about."""


Relation = Callable[[str, Any, Catalogue], Iterator[Slip]]
"""Kind of record, record, all records -> what cannot be."""

Key = Callable[[Any], Hashable | None]


@dataclass(frozen=True)
class Ratio:
    """A figure, or a ratio of figures, that records which are alike share."""

    what: str
    """Its name and unit, for the message."""
    at: Location
    """The key that is told."""
    of: Callable[[Any], float | None]
    """Record -> the ratio; None: it has none."""
    alike: Sequence[Key]
    """From narrow to wide: what the records that it is compared with have in common."""
    slack: float = 1.2
    """So far beyond the lowest and the highest of many of them a true value may lie; of three, twice as far."""
    below: float | None = None
    """The same below the lowest, where a part of a device may be switched off or slowed on purpose; None: as above the highest."""
    step: float | None = None
    """The ratio is a choice of few: it equals one of theirs within this share. None: it lies among them."""
    round_to: float | None = None
    """With `step`: a whole multiple of this is no slip either, if it lies among them."""
    few: int = FEW
    """So many others a class needs."""

    def __call__(self, kind: str, record: Any, catalogue: Catalogue) -> Iterator[Slip]:
        """Compare a record with those alike."""
        value = self.of(record)
        if value is None:
            return
        for key, known in zip(self.alike, _known(catalogue, kind, self), strict=True):
            others = [(other, name) for other, name in known.get(key(record), ()) if name != record.id]
            if len(others) >= self.few:
                yield from self._outside(value, others, key(record))
                return

    def _outside(self, value: float, others: list[tuple[float, str]], shared: Hashable) -> Iterator[Slip]:
        low, high = min(others), max(others)
        slack, below = (share ** (1 + FEW / len(others)) for share in (self.slack, self.below or self.slack))
        among = f"{len(others)} others of {_words(shared)}"
        if not low[0] / below <= value <= high[0] * slack:
            expected = f"{self.what} from {low[0]:.4g} ({low[1]}) to {high[0]:.4g} ({high[1]}), as {among} have"
            yield Slip(self.at, expected, f"{value:.4g}")
        elif self.step is not None and not self._is_step(value, others):
            nearest = min(others, key=lambda other: abs(other[0] - value))
            yield Slip(self.at, f"{self.what} as one of {among} has, the nearest {nearest[0]:.4g} ({nearest[1]})", f"{value:.4g}")

    def _is_step(self, value: float, others: list[tuple[float, str]]) -> bool:
        assert self.step is not None
        if any(abs(other / value - 1) <= self.step for other, _ in others):
            return True
        return self.round_to is not None and abs(value / self.round_to - round(value / self.round_to)) * self.round_to <= self.step * value


def _words(shared: Hashable) -> str:
    return ", ".join(str(part) for part in shared) if isinstance(shared, tuple) else str(shared)


@by_identity
def _known(catalogue: Catalogue, kind: str, ratio: Ratio) -> list[dict[Hashable, list[tuple[float, str]]]]:
    """For each of the ratio's classes: what its records have in common -> their ratios, with their ids."""
    found: list[dict[Hashable, list[tuple[float, str]]]] = [{} for _ in ratio.alike]
    for record in catalogue.records[kind].values():
        value = None if record.excepted(ratio.at) else ratio.of(record)
        if value is not None:
            for key, known in zip(ratio.alike, found, strict=True):
                shared = key(record)
                if shared is not None:
                    known.setdefault(shared, []).append((value, record.id))
    return found


@dataclass(frozen=True)
class Rule:
    """What holds within one record, or between it and the records that it names."""

    of: Callable[[Any, Catalogue], Iterator[Slip]]

    def __call__(self, kind: str, record: Any, catalogue: Catalogue) -> Iterator[Slip]:
        """Look at one record."""
        yield from self.of(record, catalogue)
