"""What each further conversation costs a server's step besides reading and arithmetic: the middle of published rows of several users."""

from __future__ import annotations

from typing import Any

import numpy as np

from macros.calibrate import middles, whole
from macros.specs import Catalogue
from macros.specs.calibration import Calibration
from macros.specs.measurements import Serving

NAME = "serving"
TITLE = {"zh": "服务多个用户的常数", "en": "Constants of serving several users"}


def record(catalogue: Catalogue) -> dict[str, Any]:
    """The constants as data/calibration holds them.

    Args:
        catalogue: all records, with the constants of decode and prefill

    Returns:
        The record: `ENGINE.sequence_time`, the time that each conversation but the first adds to a step [s].

    Assumes: the rate of each conversation counts its own steps only; where the middle of the rows is faster than predicted, it is 0.
    """
    without = Calibration.model_validate({"id": NAME, **_record({}, 0, catalogue)})
    plain = Catalogue({**catalogue.records, "calibration": {**catalogue.calibration, NAME: without}}, catalogue.files)
    rows = [row for row in whole.compared(plain)[0] if row.of == "serving-per-stream"]
    costs: dict[str, list[float]] = {}
    for found in rows:
        row = catalogue.measurements[found.file].rows[found.index]
        assert isinstance(row, Serving)
        if row.users is not None and row.users > 1:
            engine = catalogue.programs[row.engine].engine
            costs.setdefault(engine, []).append((1 / found.measured - 1 / found.predicted) / (row.users - 1))
    terms = {f"{engine}.sequence_time": max(float(np.median(values)), 0.0) for engine, values in costs.items()}
    return _record(terms, len(rows), catalogue)


def _record(terms: dict[str, float], rows: int, catalogue: Catalogue) -> dict[str, Any]:
    sources = {str(row.source) for _, _, row in middles.rows_of(catalogue, Serving)}
    return middles.record(catalogue, title=TITLE, sources=sources, fingerprint=fingerprint(catalogue), rows=rows, left_out={}, terms=terms)


def fingerprint(catalogue: Catalogue) -> str:
    """Of what the constants follow from: the rows, and the constants of decode and prefill that they are compared with."""
    return middles.fingerprint(catalogue, Serving, ("decode", "prefill"))
