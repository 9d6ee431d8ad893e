"""Measured rows that no checksum holds yet, beside the other rows of their table.

What formulas say of a device may be off; then it is off alike for all rows of it. And who measures changes one setting at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any

from macros.estimate.work import model_work
from macros.formulas.remember import by_identity
from macros.relations.new_rows import DOUBTFUL, computed, is_new
from macros.relations.ratios import Slip
from macros.specs import Catalogue
from macros.specs.measurements import Decode, FineTune, Load, MeasurementFile, Prefill, Serving


@dataclass(frozen=True)
class Beside:
    """A figure that rows of one table have alike."""

    key: str
    """The key that is told."""
    what: str
    """How it is told."""
    of: Callable[[Any, Catalogue], float | None]
    """Row -> figure."""
    shared: Callable[[Any], Hashable]
    """What the rows have in common."""
    few: int
    """So many others it needs."""
    slack: float
    """So far beyond them a sound row may lie."""

    def __call__(self, file: MeasurementFile, index: int, row: Any, catalogue: Catalogue) -> Iterator[Slip]:
        """Compare a new row with those beside it."""
        if not is_new(file, index) or (value := self.of(row, catalogue)) is None:
            return
        others = self._others(file, index, row, catalogue)
        if len(others) < self.few:
            return
        slack = self.slack ** (1 + 1 / len(others)) * (DOUBTFUL if row.quality else 1)
        if not min(others) / slack <= value <= max(others) * slack:
            told = f"{self.what} {min(others):.3g} to {max(others):.3g}, as {len(others)} rows beside it have"
            fix = "read the source again (a digit, another row or column?); if it is so, mark the row with quality: {flag: anomalous, …}"
            yield Slip(("rows", index, self.key), told, f"{value:.3g}", fix)

    def _others(self, file: MeasurementFile, index: int, row: Any, catalogue: Catalogue) -> list[float]:
        shared = self.shared(row)
        known = _known(catalogue, file.id, self)
        return [value for place, (kind, other, value) in known if place != index and kind == row.kind and other == shared]


@by_identity
def _known(catalogue: Catalogue, name: str, beside: Beside) -> list[tuple[int, tuple[str, Hashable, float]]]:
    """The sound rows of a file: place, kind, what they share, figure."""
    found = []
    for place, row in enumerate(catalogue.measurements[name].rows):
        if row.quality is None and (value := beside.of(row, catalogue)) is not None:
            found.append((place, (row.kind, beside.shared(row), value)))
    return found


@by_identity
def _computed(row: Any, catalogue: Catalogue) -> float | None:
    answer = computed(row, catalogue) if isinstance(row, Decode | Prefill) else None
    return float(answer["tokens_per_second"]) if answer else None


def _residual(row: Any, catalogue: Catalogue) -> float | None:
    """Measured over computed."""
    said = _computed(row, catalogue)
    return row.tokens_per_second / said if said else None


def _seconds(row: Any, catalogue: Catalogue) -> float | None:
    """Time to read a gigabyte [s]."""
    return row.seconds / row.file_bytes * 1e9 if isinstance(row, Load) and row.file_bytes else None


def _served(row: Any, catalogue: Catalogue) -> float | None:
    """What a server does: tokens a second times parameters that work for each [1e9/s]."""
    if not isinstance(row, Serving) or row.model is None or row.quant is None:
        return None
    return row.tokens_per_second * model_work(row.model, row.quant, catalogue).parameters / 1e9


def _share(row: Any, catalogue: Catalogue) -> float | None:
    """Speeds of all streams together over the total that is stated: prompts are read in between, and not all streams run all the time."""
    if not isinstance(row, Serving) or not row.per_stream_tokens_per_second or not row.users:
        return None
    return row.per_stream_tokens_per_second * row.users / row.tokens_per_second


def _peak(row: Any, catalogue: Catalogue) -> float | None:
    return row.peak_mib if isinstance(row, FineTune) else None


def _device(row: Any) -> tuple[Hashable, ...]:
    return (tuple(row.gpus), row.cpu, row.engine, row.backend, getattr(row, "threads", None), getattr(row, "gpu_layers", None))


SAID = "times what formulas say:"
ROWS: tuple[Beside, ...] = (
    Beside("tokens_per_second", SAID, _residual, _device, 2, 1.3),
    Beside("tokens_per_second", SAID, _residual, lambda row: (row.model, row.quant, row.engine), 3, 1.6),
    Beside("tokens_per_second", SAID, _residual, lambda row: (*_device(row), row.model, row.quant), 2, 1.4),
    Beside("seconds", "seconds for a gigabyte:", _seconds, lambda row: (tuple(row.gpus), row.cached), 2, 1.5),
    Beside(
        "tokens_per_second", "10^9 parameters a second:", _served, lambda row: (tuple(row.gpus), row.engine, row.rate, row.users), 2, 1.5
    ),
    Beside("per_stream_tokens_per_second", "of the total for all streams:", _share, lambda row: (row.rate, row.users), 2, 1.3),
    Beside("peak_mib", "MiB at most:", _peak, lambda row: (row.model, row.published_as, row.method, row.engine), 1, 1.5),
)
"""What is held of each new row."""
