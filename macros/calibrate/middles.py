"""Constants that are middles of rows and no fit: how data/calibration holds them, and what they follow from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from macros.specs import Catalogue
from macros.specs.measurements import Row

Kind = TypeVar("Kind", bound=Row)


def rows_of(catalogue: Catalogue, kind: type[Kind]) -> Iterator[tuple[str, int, Kind]]:
    """Rows of one kind: file, number in it, row."""
    for name, file in sorted(catalogue.measurements.items()):
        for index, row in enumerate(file.rows):
            if isinstance(row, kind):
                yield name, index, row


def record(
    catalogue: Catalogue,
    *,
    title: Mapping[str, str],
    sources: Iterable[str],
    fingerprint: str,
    rows: int,
    left_out: Mapping[str, int],
    terms: Mapping[str, float],
) -> dict[str, Any]:
    """Constants in the form of a fit, without groups, spreads and held-out rows."""
    return {
        "title": title,
        "as_of": max(catalogue.sources[source].accessed for source in sources),
        "fingerprint": fingerprint,
        "rows": rows,
        "left_out": dict(sorted(left_out.items())),
        "terms": {name: float(f"{value:.4g}") for name, value in sorted(terms.items())},
        "groups": {},
        "spreads": {},
        "low": -1.0,
        "high": 1.0,
        "accuracy": {},
        "held_out": {},
    }


def fingerprint(catalogue: Catalogue, kind: type[Row], beside: Sequence[str]) -> str:
    """Of what constants follow from: the rows, and the fits that they are compared with."""
    rows = [(name, index, row.model_dump(mode="json")) for name, index, row in rows_of(catalogue, kind)]
    fits = [catalogue.calibration[fit].fingerprint for fit in beside]
    text = json.dumps([rows, fits], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
