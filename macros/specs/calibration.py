"""Constants that were fitted to measurements, with what they were fitted from and how far off they are."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar

from macros.specs.form import Field
from macros.specs.record import Plain, Strict, Text, Written

Share = Annotated[float, Field(ge=0, le=1)]


class Constants(Strict):
    """The constants of a family of devices, or of a wider class of families."""

    devices: Annotated[int, Field(ge=0)]
    """Devices that were measured."""
    rows: Annotated[int, Field(ge=0)]
    """Rows that were measured on them."""
    values: dict[str, float]
    """Name of a constant -> its value, in the unit that the formula states."""


class Spread(Strict):
    """How far predictions were off where the constants had not seen the device."""

    devices: Annotated[int, Field(ge=0)]
    """Devices that were measured."""
    rows: Annotated[int, Field(ge=0)]
    """Rows that were measured on them."""
    squares: Annotated[float, Field(ge=0)]
    """Sum over the devices of the mean square of how many times they were off, less 1."""


class Accuracy(Strict):
    """How far predictions are off for devices that the constants were not fitted to; each device counts once."""

    rows: int
    """Rows compared."""
    devices: int
    """Devices compared."""
    median: float
    """Median of the error [1]."""
    ninetieth: float
    """90th percentile of the error [1]."""
    covered: Share
    """Share of measured values inside the range shown."""
    bias: float = 0.0
    """Median of predicted over measured, less 1 [1]."""


class Calibration(Written):
    """One fit."""

    UNSOURCED: ClassVar[tuple[str, ...]] = (
        "parts", "groups", "terms", "spreads", "low", "high", "ends", "accuracy", "left_out", "held_out", "rows",
    )  # fmt: skip
    """They follow from data/measurements, each row of which has its source."""

    title: Text
    """What was fitted."""
    as_of: date
    """Day on which the youngest source of a row was read."""
    fingerprint: Plain
    """Of all that the constants follow from: rows, devices, models, formulas and the fit itself."""
    rows: int
    """Rows used."""
    left_out: dict[str, int]
    """Reason -> rows that it left out."""
    parts: list[str] = Field(default_factory=list)
    """Unusual parts that models of the rows have."""
    terms: dict[str, float]
    """Constants that all families share."""
    groups: dict[str, Constants]
    """Family, class of families, or `all` -> its constants."""
    spreads: dict[str, Spread]
    """Class of models, with the engine and back end, class or family of devices behind bars -> how far predictions were off there."""
    low: Annotated[float, Field(lt=0)]
    """Low end of the range shown, in units of the typical error."""
    high: Annotated[float, Field(gt=0)]
    """High end."""
    ends: dict[str, list[float]] = Field(default_factory=dict)
    """Class of models with an engine, or processors -> the two ends there, as its own held-out errors have them; then how far the range
    reaches at most to either side: how many times a prediction was off, less 1."""
    accuracy: dict[str, Accuracy]
    """Selection of rows -> the error there."""
    held_out: dict[str, list[float | None]]
    """Measurement file -> for each of its rows what is predicted by constants fitted without that row's device; null: not compared."""
