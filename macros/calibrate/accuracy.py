"""How far a fit is off where it did not see the device, and the range that follows from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from macros.calibrate.fit import Model
from macros.calibrate.regression import Vector, weighted_quantile
from macros.estimate.constants import Fitted, Spread
from macros.estimate.speed_range import spread
from macros.specs.calibration import Accuracy

RANGE = (0.055, 0.945)
"""Ends of the range shown, as shares of the held-out errors, each device counting once: 80 % and more of the single rows lie inside."""

WILDEST = 0.8
"""A single wild row widens the range no more than one that is so many times off, less 1."""


class Scatter:
    """Held-out errors of a fit, by device and by what rows are alike in."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.predicted = 1 / model.held_out()
        """Tokens a second by constants fitted without the row's device."""
        self.measured = np.array([row.row.tokens_per_second for row in model.rows])
        self.error: Vector = np.abs(self.predicted / self.measured - 1)
        self.times: Vector = _times(self.measured / self.predicted)
        self.devices = model.fit.device_of
        self.weights = self._weights()
        self.members = self._members()
        expected = np.array([spread(self._spreads(without=row.device), row.spread_keys) for row in model.rows])
        standard = self.times / expected
        self.ends = tuple(weighted_quantile(standard, self.weights, share) for share in RANGE)
        self.low = 1 / (1 - self.ends[0] * expected)
        self.high = 1 + self.ends[1] * expected
        self.inside = (standard >= self.ends[0]) & (standard <= self.ends[1])

    def _weights(self) -> Vector:
        """A device counts once in each cell of models."""
        names = [f"{row.cell} {row.stack.engine} {row.device}" for row in self.model.rows]
        counts = {name: names.count(name) for name in set(names)}
        return np.array([1 / counts[name] for name in names])

    def _members(self) -> dict[str, dict[str, tuple[float, int]]]:
        """Group of rows -> device -> mean square of its errors there, and how many there are."""
        squares = np.minimum(np.abs(self.times), WILDEST) ** 2
        of: dict[str, dict[str, list[float]]] = {}
        for row, square in zip(self.model.rows, squares, strict=True):
            for key in {*row.spread_keys, f"{row.model_class}|{row.stack.engine}", f"{row.model_class}|{row.family}"}:
                of.setdefault(key, {}).setdefault(row.device, []).append(float(square))
        return {
            key: {device: (float(np.mean(values)), len(values)) for device, values in devices.items()}
            for key, devices in sorted(of.items())
        }

    def _spreads(self, *, without: str | None = None) -> dict[str, Spread]:
        found = {}
        for key, devices in self.members.items():
            values = [square for device, (square, _) in devices.items() if device != without]
            if values:
                found[key] = Spread(len(values), sum(values))
        return found

    def spreads(self) -> dict[str, tuple[Spread, int]]:
        """Groups of rows, with the number of rows of each."""
        return {key: (found, sum(rows for _, rows in self.members[key].values())) for key, found in self._spreads().items()}

    def ranged(self, fitted: Fitted) -> Fitted:
        """The constants with what is known of their errors."""
        groups = {}
        for name, group in fitted.groups.items():
            members = {row.device for row in self.model.rows if name in ("all", row.kin, row.wider, row.family)}
            groups[name] = replace(group, devices=len(members))
        return Fitted(fitted.terms, groups, self._spreads(), float(self.ends[0]), float(self.ends[1]))

    def accuracy(self, chosen: NDArray[np.bool_]) -> Accuracy:
        """Errors over some of the rows, each device counting once."""
        devices = sorted(set(self.devices[chosen]))
        typical = [float(np.median(self.error[chosen & (self.devices == device)])) for device in devices]
        leaning = [
            float(np.median(self.predicted[chosen & (self.devices == device)] / self.measured[chosen & (self.devices == device)]))
            for device in devices
        ]
        inside = [float(np.mean(self.inside[chosen & (self.devices == device)])) for device in devices]
        return Accuracy(
            rows=int(chosen.sum()),
            devices=len(devices),
            median=float(np.median(typical)),
            ninetieth=float(np.quantile(typical, 0.9)),
            covered=float(np.mean(inside)),
            bias=float(np.median(leaning)) - 1,
        )


def _times(ratio: Vector) -> Vector:
    """How many times measured is above predicted, less 1; below, negative."""
    return np.where(ratio >= 1, ratio - 1, 1 - 1 / ratio)
