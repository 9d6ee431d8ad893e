"""Speculative decoding as an answer: how much faster with guesses, as a range, and never above what their acceptance allows."""

from __future__ import annotations

import math
from typing import Any

from macros.estimate.drafts import drafted
from macros.estimate.setting import Setting
from macros.estimate.shares import Placement
from macros.estimate.speed import checking, guessing
from macros.estimate.work import OUTPUT, Work, layer_work, total
from macros.formulas.speculation import accepted_share, speculation_gain, tokens_of_pass
from macros.specs import Catalogue
from macros.specs.models import architecture_of


def guess_work(setting: Setting, catalogue: Catalogue) -> Work:
    """The work of one guess: that of the draft model, or of a prediction layer with the output matrix.

    Args:
        setting: a checked question with `draft` or `mtp`
        catalogue: all records

    Returns:
        The work.

    Assumes: a prediction layer is like the last layer that attends.
    """
    types, gguf = catalogue.records["tensor-types"], setting.engine.gguf
    a = setting.architecture if setting.draft is None else architecture_of(catalogue.models[setting.draft], catalogue.models)
    work = layer_work(a, setting.quant, types, importance_matrix=setting.imatrix, gguf=gguf)
    if setting.draft is not None:
        return total(list(work.values()))
    return work[max(layer for layer in range(a.layers) if a.attends(layer))] + work[OUTPUT]


def speculation(setting: Setting, placement: Placement, decode: dict[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """Speed of all users together with guesses.

    Args:
        setting: a checked question with `draft` or `mtp`
        placement: where everything goes
        decode: the speed without guesses, as the answer has it
        catalogue: all records

    Returns:
        `drafted`; `acceptance`; `tokens_per_pass`, which no gain exceeds; `gain`, `gain_low` and `gain_high` over the speed without;
        `pays_from`, the acceptance from which it is faster; `tokens_per_second`, `low` and `high`.
    """
    terms = catalogue.calibration["speculation"].terms
    count = drafted(setting)
    accepted = setting.acceptance if setting.acceptance is not None else accepted_share(drafted=count, likeness=terms["likeness"])
    check = checking(setting, placement, catalogue, count + 1)
    guess = guessing(setting, placement, catalogue, guess_work(setting, catalogue))
    gains = [
        speculation_gain(drafted=count, accepted=accepted, checking=check, drafting=max(guess + terms[name], 0))
        for name in ("overhead_high", "overhead", "overhead_low")
    ]
    gain = gains[1]
    most = tokens_of_pass(drafted=count, accepted=accepted)
    middle = decode["tokens_per_second"]
    below = _together(1 - decode["low"] / middle, 1 - gains[0] / gain)
    above = _together(decode["high"] / middle - 1, gains[2] / gain - 1)
    return {
        "drafted": count,
        "acceptance": accepted,
        "tokens_per_pass": most,
        "gain": gain,
        "gain_low": gains[0],
        "gain_high": min(gains[2], most),
        "pays_from": max((check - 1) / count + guess + terms["overhead"], 0),
        "tokens_per_second": middle * gain,
        "low": middle * gain * max(1 - below, 0),
        "high": min(middle * gain * (1 + above), decode["high"] * most),
    }


def _together(one: float, other: float) -> float:
    """Two errors that do not depend on each other, as one."""
    return math.sqrt(one * one + other * other)
