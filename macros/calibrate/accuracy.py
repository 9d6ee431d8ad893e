"""How far a fit is off where it did not see the device, and the range that follows from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from macros.calibrate.fit import Model
from macros.calibrate.regression import Vector, weighted_quantile
from macros.estimate.constants import Fitted
from macros.specs.calibration import Accuracy

RANGE = (0.05, 0.95)
"""Ends of the range shown, as shares of the held-out errors, each device counting once: 80 % and more of the single rows lie inside."""

OWN_WEIGHT = 1.0
"""The scatter of a group is drawn towards that of the wider one as if so many devices of that had been measured in it."""

WILDEST = 0.6
"""A single wild row widens the range no more than one that is off by this factor's logarithm."""

FEW_DEVICES = 0.4
"""A group with n measured devices shows a range that is wider by this over n + 1: its constants lean on few, or on others."""


class Scatter:
    """Held-out errors of a fit, by device and group."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.predicted = 1 / model.held_out()
        """Tokens a second by constants fitted without the row's device."""
        self.measured = np.array([row.row.tokens_per_second for row in model.rows])
        self.error: Vector = np.abs(self.predicted / self.measured - 1)
        self.logarithm: Vector = np.log(self.measured / self.predicted)
        self.devices = model.fit.device_of
        self.weights = np.array([1 / (self.devices == device).sum() for device in self.devices])
        clipped = np.clip(np.abs(self.logarithm), 0, WILDEST)
        self.groups = {device: (row.wider, row.family) for device, row in zip(self.devices, model.rows, strict=True)}
        self.variance = {device: float(np.mean(clipped[self.devices == device] ** 2)) for device in self.groups}
        expected = np.array([self.spread(row.wider, row.family, without=row.device) for row in model.rows])
        standard = self.logarithm / expected
        self.ends = tuple(weighted_quantile(standard, self.weights, share) for share in RANGE)
        self.low = np.exp(self.ends[0] * expected)
        self.high = np.exp(self.ends[1] * expected)
        self.inside = (self.logarithm >= np.log(self.low)) & (self.logarithm <= np.log(self.high))

    def spread(self, wider: str, family: str | None, *, without: str | None = None) -> float:
        """Typical size of the logarithm of the error in a family, or in a class where family is None."""
        known = {device: value for device, value in self.variance.items() if device != without}
        value = float(np.mean(list(known.values())))
        measured = 0
        for place, group in enumerate((wider, family)):
            own = [known[device] for device in known if self.groups[device][place] == group]
            value = (OWN_WEIGHT * value + sum(own)) / (OWN_WEIGHT + len(own))
            measured = len(own)
        return float(np.sqrt(value)) * (1 + FEW_DEVICES / (1 + measured))

    def ranged(self, fitted: Fitted) -> Fitted:
        """The constants with their ranges."""
        groups = {}
        for name, group in fitted.groups.items():
            members = {device for device, of in self.groups.items() if name in ("all", *of)}
            families = {of[1]: of[0] for of in self.groups.values()}
            spread = self.spread(families[name], name) if name in families else self.spread(name, None)
            low, high = (float(np.exp(end * spread)) for end in self.ends)
            groups[name] = replace(group, low=low, high=high, devices=len(members))
        return Fitted(fitted.terms, groups)

    def accuracy(self, chosen: NDArray[np.bool_]) -> Accuracy:
        """Errors over some of the rows, each device counting once."""
        devices = sorted(set(self.devices[chosen]))
        typical = [float(np.median(self.error[chosen & (self.devices == device)])) for device in devices]
        inside = [float(np.mean(self.inside[chosen & (self.devices == device)])) for device in devices]
        return Accuracy(
            rows=int(chosen.sum()),
            devices=len(devices),
            median=float(np.median(typical)),
            ninetieth=float(np.quantile(typical, 0.9)),
            covered=float(np.mean(inside)),
        )
