"""Questions asked backwards, over what people own or buy now: which devices run a model so fast, and what one has over another."""

from __future__ import annotations

from typing import Any

import pandas as pd

from macros.estimate.question import check_value
from macros.estimate.refused import Refused
from macros.formulas.ram_rule import SYSTEM_GIB
from macros.specs import Catalogue
from macros.specs.errors import nearest
from macros.tables import pairs
from macros.tables.answers import ask
from macros.tables.headlines import headline_devices, headline_models, quant_of

BOTH = ("way", "decode", "context", "ram")
"""What is compared of two devices, or of two models."""


def what_needs(catalogue: Catalogue, model: str, *, tokens_per_second: float, context: int) -> list[dict[str, Any]]:
    """Devices that run a model at least so fast with such a context, everything on the device before parts in RAM, least memory first.

    Args:
        catalogue: the records
        model: id
        tokens_per_second: least speed of decode [1/s]
        context: context that must have room [tokens]
    """
    if model not in catalogue.models:
        raise Refused("model", "the id of a model", model, nearest(model, catalogue.models))
    check_value("context", context, {})
    if not 0 < tokens_per_second < float("inf"):
        raise Refused("tokens_per_second", "a speed above 0", tokens_per_second)
    rows = []
    for gpu in headline_devices(catalogue):
        for memory in pairs.sizes_of(catalogue, gpu):
            question: dict[str, Any] = {"model": model, "quant": quant_of(catalogue, model), "context": context, "gpus": [gpu]}
            if catalogue.gpus[gpu].memory_sizes_gib:
                question["memory_gib"] = memory
            answer = ask(catalogue, **question, **pairs.HOST, ram_gib=float(pairs.MOST_RAM - SYSTEM_GIB))
            if answer is None or answer.way == "no" or answer.decode is None or answer.decode < tokens_per_second:
                continue
            row = {"gpu": gpu, "memory": memory, "way": answer.way, "decode": answer.decode, "low": answer.low, "high": answer.high}
            rows.append(row | {"ram": pairs.ram_beside(catalogue, gpu, answer), "launch_price_usd": catalogue.gpus[gpu].launch_price_usd})
            break
    return sorted(rows, key=lambda row: (row["way"] != "card", row["memory"], -row["decode"]))


def compare(catalogue: Catalogue, one: str, other: str) -> pd.DataFrame:
    """Two devices over the models of today, or two models over the common devices, side by side.

    Args:
        catalogue: the records
        one: id of a device or a model
        other: id of another of the same kind
    """
    if one in catalogue.gpus and other in catalogue.gpus:
        frames, key = [_largest(pairs.device_models_of(catalogue, gpu)) for gpu in (one, other)], "model"
    elif one in catalogue.models and other in catalogue.models:
        frames, key = [pairs.model_devices_of(catalogue, model) for model in (one, other)], "gpu"
    else:
        known = {**catalogue.gpus, **catalogue.models}
        wrong = next((name for name in (one, other) if name not in known), None)
        told = nearest(wrong, known) if wrong else "name two of the same kind"
        raise Refused("compare", "two devices or two models", wrong or f"{one} and {other}", told)
    left, right = (frame.set_index(key)[list(BOTH)] for frame in frames)
    both = pd.concat([left.add_suffix(f":{one}"), right.add_suffix(f":{other}")], axis=1)
    order = headline_models(catalogue) if key == "model" else headline_devices(catalogue)
    listed: pd.DataFrame = both.loc[[name for name in order if name in both.index]].rename_axis(key).reset_index()
    return listed


def _largest(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of the largest memory that a device is sold with."""
    rows: pd.DataFrame = frame[frame["memory"] == frame["memory"].max()]
    return rows
