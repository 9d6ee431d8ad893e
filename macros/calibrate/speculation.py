"""What a guess costs beside its own arithmetic, and how often it is accepted: the middle and the ends of published rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from macros.calibrate import middles
from macros.estimate import Refused
from macros.estimate.placement import place
from macros.estimate.setting import check_setting
from macros.estimate.speculation import guess_work
from macros.estimate.speed import checking, guessing
from macros.formulas.speculation import accepted_share, tokens_of_pass
from macros.specs import Catalogue
from macros.specs.measurements import Speculation

NAME = "speculation"
TITLE = {"zh": "投机解码的常数", "en": "Constants of speculative decoding"}
ENDS = {"overhead_low": 5, "overhead": 50, "overhead_high": 95}
"""Constant -> percentile of the rows."""
USUAL_CONTEXT = 4096


@dataclass(frozen=True)
class Measured:
    """A row with what it says of a guess."""

    file: str
    index: int
    row: Speculation
    checking: float
    """Time of a checking pass over that of a plain one [1]."""
    guessing: float
    """Time of a guess over that of a plain pass, by its own arithmetic [1]."""

    @property
    def gain(self) -> float:
        """Measured speed over the speed without guesses [1]."""
        return self.row.tokens_per_second / self.row.without_tokens_per_second

    @property
    def overhead(self) -> float | None:
        """What a guess takes besides, over a plain pass [1]; None where the acceptance is not stated."""
        if self.row.acceptance is None:
            return None
        passes = tokens_of_pass(drafted=self.row.drafted, accepted=self.row.acceptance) / self.gain
        return float((passes - self.checking) / self.row.drafted - self.guessing)

    @property
    def likeness(self) -> float | None:
        """Chance that a guess is accepted if those before it are [1]; None where the acceptance is not stated."""
        if self.row.acceptance is None:
            return None
        low, high = 0.0, 1.0
        for _ in range(40):
            middle = (low + high) / 2
            if accepted_share(drafted=self.row.drafted, likeness=middle) < self.row.acceptance:
                low = middle
            else:
                high = middle
        return middle


def measured(catalogue: Catalogue) -> tuple[list[Measured], dict[str, int]]:
    """Rows that can be asked as questions, and reasons for which the others are left out.

    Args:
        catalogue: all records

    Returns:
        The rows, and reason -> how many.
    """
    found: list[Measured] = []
    left_out: dict[str, int] = {}
    for name, index, row in middles.rows_of(catalogue, Speculation):
        reason = _reason(row)
        if reason is None:
            try:
                found.append(_asked(name, index, row, catalogue))
                continue
            except Refused as refused:
                reason = f"{refused.field} refused"
        left_out[reason] = left_out.get(reason, 0) + 1
    return found, left_out


def _reason(row: Speculation) -> str | None:
    if row.quality is not None:
        return f"quality: {row.quality.flag}"
    if not row.gpus:
        return "device without a record"
    if row.model is None or row.quant is None:
        return "format without a record"
    return "draft without a record" if row.guesses_by == "draft" and row.draft is None else None


def _asked(name: str, index: int, row: Speculation, catalogue: Catalogue) -> Measured:
    guesses: dict[str, Any] = {"draft": row.draft} if row.guesses_by == "draft" else {"mtp": True}
    question = {"model": row.model, "quant": row.quant, "gpus": row.gpus, "context": USUAL_CONTEXT, "engine": row.engine, **guesses}
    if row.engine == "llama.cpp":
        question |= {"backend": row.backend, "gpu_layers": 9999}
    setting = check_setting(question, catalogue)
    placed = place(setting, catalogue)
    guess = guessing(setting, placed, catalogue, guess_work(setting, catalogue))
    return Measured(name, index, row, checking(setting, placed, catalogue, row.drafted + 1), guess)


def record(catalogue: Catalogue) -> dict[str, Any]:
    """The constants as data/calibration holds them.

    Args:
        catalogue: all records

    Returns:
        The record.
    """
    rows, left_out = measured(catalogue)
    overheads = [row.overhead for row in rows if row.overhead is not None]
    likeness = [row.likeness for row in rows if row.likeness is not None]
    terms = {name: float(np.percentile(overheads, percentile)) for name, percentile in ENDS.items()}
    return middles.record(
        catalogue,
        title=TITLE,
        sources={str(row.row.source) for row in rows},
        fingerprint=fingerprint(catalogue),
        rows=len(rows),
        left_out=left_out,
        terms=terms | {"likeness": float(np.median(likeness))},
    )


def fingerprint(catalogue: Catalogue) -> str:
    """Of what the constants follow from: the rows, and the constants of decode that they are compared with."""
    return middles.fingerprint(catalogue, Speculation, ("decode",))
