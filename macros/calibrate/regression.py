"""Least squares for few rows and many families: robust against outliers, and each family drawn towards its wider class."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Prediction = Callable[[dict[str, Vector]], Vector]
"""Row by row: the named constants -> what is predicted."""

NOISE = 0.04
"""Scatter of one measurement about the next of the same device, as a share: beyond it a row counts less and less. Prompts scatter more.

This and the numbers below were chosen on random halves of the devices, and did as well on the other halves."""
TAILS = 2.0
"""Degrees of freedom of Student's distribution: between a normal error (many) and a wild one (few)."""
DEVICE_POWER = 0.7
"""A device with n rows weighs n^(1 - 0.7): more than one with a single row, far less than n of those."""
STEP = 1e-5
LARGEST_MOVE = 0.7
SETTLED = 5e-4
"""Coefficients that move by less, as a factor's logarithm, have settled."""
ROUNDS_FROM_NEAR = 8
"""Most steps where the start is a solution from nearly the same rows."""


def positive(value: Vector) -> Vector:
    """A constant that may have any positive value."""
    return value


@dataclass(frozen=True)
class Quantity:
    """A constant of the formula: the logarithm of what shapes it is a weighted sum of coefficients."""

    name: str
    """The formula's name for it."""
    terms: list[str]
    """Name of each coefficient: of a group, or of a term that all groups share."""
    design: Vector
    """Rows x coefficients: the weights."""
    guess: Vector
    """What each coefficient is taken for without data."""
    spread: Vector
    """How far from that guess it may lie; small values draw it there."""
    shape: Callable[[Vector], Vector] = positive
    """From a positive number without an upper end to the constant."""
    by_group: bool = False
    """Whether each family has its own."""

    def of(self, coefficients: Vector) -> Vector:
        """The constant in each row."""
        return self.shape(np.exp(self.design @ coefficients))


def levels(
    name: str, groups: Sequence[Sequence[str]], guess: float, spread: Sequence[float], shape: Callable[[Vector], Vector] = positive
) -> Quantity:
    """A constant that each family has of its own: a common value, and what each level of groups deviates from the one above.

    Args:
        name: the formula's name for it
        groups: for each level, from the widest to the narrowest, the group of each row
        guess: the common value before any data
        spread: for each level, how far its groups may deviate, as a factor's logarithm
        shape: from a positive number to the constant

    Returns:
        The quantity.
    """
    blocks, terms, guesses, spreads = [], [], [], []
    for level, (of_rows, width) in enumerate(zip(groups, spread, strict=True)):
        known = sorted(set(of_rows))
        blocks.append(np.array([[float(group == other) for other in known] for group in of_rows]))
        terms += known
        guesses += [np.log(guess) if level == 0 else 0.0] * len(known)
        spreads += [width] * len(known)
    return Quantity(name, terms, np.hstack(blocks), np.array(guesses), np.array(spreads), shape, by_group=True)


def common(name: str, guess: float, spread: float, rows: int, shape: Callable[[Vector], Vector] = positive) -> Quantity:
    """A constant that all rows share."""
    return Quantity(name, [name], np.ones((rows, 1)), np.array([np.log(guess)]), np.array([spread]), shape)


def factor(
    name: str,
    columns: dict[str, Vector],
    spread: float,
    free: Callable[[str], float] = lambda term: 1.0,
    guesses: Mapping[str, float] = MappingProxyType({}),
) -> Quantity:
    """A factor that is 1 but where a column says otherwise; some terms are freer than others, some have another guess."""
    design = np.column_stack(list(columns.values()))
    guess = np.log(np.array([guesses.get(term, 1.0) for term in columns]))
    return Quantity(name, list(columns), design, guess, np.array([spread * free(term) for term in columns]))


def leaning(quantity: Quantity, columns: dict[str, Vector], spread: float, guesses: Mapping[str, float] = MappingProxyType({})) -> Quantity:
    """The same constant, times factors of its own where columns say so.

    Args:
        quantity: the constant
        columns: term -> its power in each row
        spread: how far from its guess each factor may lie, as its logarithm
        guesses: factors that are not taken for 1 without data

    Returns:
        The quantity with more terms.
    """
    if not columns:
        return quantity
    more = factor(quantity.name, columns, spread, guesses=guesses)
    return replace(
        quantity,
        terms=[*quantity.terms, *more.terms],
        design=np.hstack([quantity.design, more.design]),
        guess=np.concatenate([quantity.guess, more.guess]),
        spread=np.concatenate([quantity.spread, more.spread]),
    )


@dataclass
class Fit:
    """Coefficients, and the rows and formula that they belong to."""

    quantities: list[Quantity]
    predict: Prediction
    observed: Vector
    devices: Sequence[str]
    """Device of each row."""
    noise: float = NOISE
    """Scatter of one measurement, as a share."""

    def __post_init__(self) -> None:
        self.guess = np.concatenate([quantity.guess for quantity in self.quantities])
        self.spread = np.concatenate([quantity.spread for quantity in self.quantities])
        ends = np.cumsum([len(quantity.guess) for quantity in self.quantities])
        self.slices = [slice(end - len(quantity.guess), end) for end, quantity in zip(ends, self.quantities, strict=True)]
        self.device_of = np.array(self.devices)
        whole = np.hstack([quantity.design for quantity in self.quantities])
        self.designs, self.design_of = np.unique(whole, axis=0, return_inverse=True)
        """Rows of one device with one stack and class of models have the same weights: each kind of row once, and the kind of each row."""

    def values(self, coefficients: Vector) -> dict[str, Vector]:
        """The constants of each row."""
        return {quantity.name: self._constant(quantity, part, coefficients, 0.0) for quantity, part in self._parts()}

    def _parts(self) -> Iterator[tuple[Quantity, slice]]:
        return zip(self.quantities, self.slices, strict=True)

    def _constant(self, quantity: Quantity, part: slice, coefficients: Vector, raised: float) -> Vector:
        return quantity.shape(np.exp(self.designs[:, part] @ coefficients[part] + raised))[self.design_of]

    def solve(self, used: NDArray[np.bool_], start: Vector | None = None, rounds: int = 40) -> Vector:
        """Coefficients from some of the rows.

        Args:
            used: True for each row that counts
            start: coefficients to start from
            rounds: most steps

        Returns:
            The coefficients: Gauss-Newton steps on the logarithm of the error, weights of Student's distribution.
        """
        share = self._shares(used)
        coefficients = self.guess.copy() if start is None else start.copy()
        for _ in range(rounds):
            normal, pull = self._equations(coefficients, share)
            move = np.clip(np.linalg.solve(normal, pull), -LARGEST_MOVE, LARGEST_MOVE)
            coefficients = coefficients + move
            if np.abs(move).max() < SETTLED:
                break
        return coefficients

    def _shares(self, used: NDArray[np.bool_]) -> Vector:
        """What each row weighs before its error is known; 0 where it does not count."""
        _, place, count = np.unique(self.device_of[used], return_inverse=True, return_counts=True)
        share = np.zeros(len(used))
        share[used] = count[place].astype(float) ** -DEVICE_POWER
        return share

    def _equations(self, coefficients: Vector, share: Vector) -> tuple[Vector, Vector]:
        """The normal equations of a step."""
        values = self.values(coefficients)
        predicted = self.predict(values)
        error = np.log(self.observed / predicted)
        weight = share * (TAILS + 1) / (TAILS + (error / self.noise) ** 2) / self.noise**2
        slopes = []
        for quantity, part in self._parts():
            moved = {**values, quantity.name: self._constant(quantity, part, coefficients, STEP)}
            slopes.append((np.log(self.predict(moved)) - np.log(predicted)) / STEP)
        normal = np.diag(1 / self.spread**2)
        pull = (self.guess - coefficients) / self.spread**2
        for index, (one, slope) in enumerate(zip(self.slices, slopes, strict=True)):
            pull[one] += self._summed(weight * slope * error) @ self.designs[:, one]
            for other, beside in zip(self.slices[: index + 1], slopes, strict=False):
                block = (self.designs[:, one] * self._summed(weight * slope * beside)[:, None]).T @ self.designs[:, other]
                normal[one, other] += block
                if other != one:
                    normal[other, one] += block.T
        return normal, pull

    def _summed(self, of_rows: Vector) -> Vector:
        """Sums over the rows of each kind."""
        sums: Vector = np.bincount(self.design_of, weights=of_rows, minlength=len(self.designs)).astype(float)
        return sums

    def held_out(self, whole: Vector) -> dict[str, Vector]:
        """For each device the coefficients from the rows of all others.

        Args:
            whole: coefficients from all rows, to start from

        Returns:
            Device -> coefficients.
        """
        return {device: self.solve(self.device_of != device, whole, ROUNDS_FROM_NEAR) for device in sorted(set(self.devices))}


def weighted_quantile(values: Vector, weights: Vector, share: float) -> float:
    """The value below which so much of the weight lies."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][min(int(np.searchsorted(reached, share)), len(order) - 1)])


def between_quantile(values: Vector, weights: Vector, share: float) -> float:
    """The same on a line between the middles of the weights: few values then reach no further than many of the same scatter."""
    order = np.argsort(values, kind="stable")
    middles = (np.cumsum(weights[order]) - weights[order] / 2) / weights.sum()
    return float(np.interp(share, middles, values[order]))
