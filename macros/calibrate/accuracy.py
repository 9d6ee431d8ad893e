"""How far a fit is off where it did not see the device, and the range that follows from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from macros.calibrate.fit import Model
from macros.calibrate.regression import Vector, between_quantile, weighted_quantile
from macros.estimate.constants import Fitted, Spread
from macros.estimate.speed_range import spread
from macros.specs.calibration import Accuracy

RANGE = {"decode": (0.055, 0.945), "prefill": (0.06, 0.94)}
"""Ends of the range shown, as shares of the held-out errors, each device counting once: one pair for all classes of a formula, chosen so
that of each class 80 to 93 % lie inside."""

ENOUGH_DEVICES = 4
"""With so many, a class of models with an engine has ends of its own, and so has each of its back ends; a class with n, fewer, has ends
between its own and those of all, which weigh 1 in n + 1."""

LEAST_END = 0.3
"""A range reaches so far to either side at least, in units of the typical error: a class that leans to one side has no other end."""

FARTHEST_AT_LEAST = 1.0
"""A range may always reach to half and twice the speed."""

WILDEST = 0.8
"""A single wild row widens the range no more than one that is so many times off, less 1."""


class Scatter:
    """Held-out errors of a fit, by device and by what rows are alike in."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.shares = RANGE[model.name]
        self.predicted = 1 / model.held_out()
        """Tokens a second by constants fitted without the row's device."""
        self.measured = np.array([row.row.tokens_per_second for row in model.rows])
        self.error: Vector = np.abs(self.predicted / self.measured - 1)
        self.times: Vector = _times(self.measured / self.predicted)
        self.devices = model.fit.device_of
        self.weights = self._weights()
        self.members = self._members()
        expected = np.array([spread(self._spreads(without=row.device), row.spread_keys) for row in model.rows])
        self.standard = standard = self.times / expected
        """Errors in units of those that are typical of such rows."""
        self.all_ends = _ends(standard, self.weights, self.shares)
        self.ends = self._class_ends(standard)
        ends = np.array([next(self.ends[name] for name in row.alike if name in self.ends) for row in model.rows])
        low, high, lowest, highest = ends.T
        self.low = 1 / (1 - np.maximum(low * expected, lowest))
        self.high = 1 + np.minimum(high * expected, highest)
        self.inside = (self.measured >= self.low * self.predicted) & (self.measured <= self.high * self.predicted)

    def _weights(self) -> Vector:
        """A device counts once in each cell of models."""
        names = [f"{row.cell} {row.stack.engine} {row.device}" for row in self.model.rows]
        counts = {name: names.count(name) for name in set(names)}
        return np.array([1 / counts[name] for name in names])

    def _class_ends(self, standard: Vector) -> dict[str, tuple[float, float, float, float]]:
        """Name of alike predictions -> the ends of their range, in units of the typical error, and how far it reaches at most.

        One device that is much unlike those beside it is many typical errors off, where these are small; where they are large, as many
        of them would reach further than any prediction was ever off.
        """
        found = {}
        for name in sorted({name for row in self.model.rows for name in row.alike}):
            mine = np.array([name in row.alike for row in self.model.rows])
            devices, place, count = np.unique(self.devices[mine], return_inverse=True, return_counts=True)
            low, high = _ends(standard[mine], 1 / count[place], self.shares)
            times = np.abs(self.times[mine])
            farthest = max(weighted_quantile(times, 1 / count[place], self.shares[1]), FARTHEST_AT_LEAST)
            if len(devices) < ENOUGH_DEVICES:
                if "|" in name and "/" in name:
                    continue  # the class with any back end stands for it
                own = len(devices) / (len(devices) + 1)
                low, high = (end * own + of_all * (1 - own) for end, of_all in zip((low, high), self.all_ends, strict=True))
            found[name] = (min(low, -LEAST_END), max(high, LEAST_END), -farthest, farthest)
        return found

    def _members(self) -> dict[str, dict[str, tuple[float, int]]]:
        """Group of rows -> device -> mean square of its errors there, and how many there are."""
        squares = np.minimum(np.abs(self.times), WILDEST) ** 2
        of: dict[str, dict[str, list[float]]] = {}
        for row, square in zip(self.model.rows, squares, strict=True):
            told = {f"{row.model_class}|{group}" for group in (row.stack.engine, row.kin, row.family)}
            for key in {*row.spread_keys, *told}:
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
        return Fitted(fitted.terms, groups, self._spreads(), *self.all_ends, self.ends)

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


def _ends(standard: Vector, weights: Vector, shares: tuple[float, float]) -> tuple[float, float]:
    """The two ends of a range, in units of the typical error."""
    low, high = (between_quantile(standard, weights, share) for share in shares)
    return low, high


def _times(ratio: Vector) -> Vector:
    """How many times measured is above predicted, less 1; below, negative."""
    return np.where(ratio >= 1, ratio - 1, 1 - 1 / ratio)
