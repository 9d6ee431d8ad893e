"""The fitted constants of a device: its family's, or a wider group's where the family was not measured, and what an engine changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from macros.estimate.rates import Rates
from macros.formulas.remember import by_identity
from macros.specs.calibration import Calibration


@dataclass(frozen=True)
class Group:
    """Constants of a family or of a wider group."""

    values: Mapping[str, float]
    devices: int


@dataclass(frozen=True)
class Spread:
    """How far held-out predictions of some rows were off."""

    devices: int
    """Devices measured."""
    squares: float
    """Sum over the devices of the mean square of how many times they were off, less 1."""


@dataclass(frozen=True)
class Fitted:
    """Constants of one formula."""

    terms: Mapping[str, float]
    groups: Mapping[str, Group]
    spreads: Mapping[str, Spread]
    low: float
    """Low end of the range in units of the typical error, below 0 [1]."""
    high: float
    """High end, above 0 [1]."""
    ends: Mapping[str, Sequence[float]]
    """The same two where rows of a class with an engine were measured on enough devices."""

    def group(self, rates: Rates) -> tuple[str, Group]:
        """The narrowest group with constants that a device belongs to."""
        for name in (rates.family, rates.wider, rates.kin, "all"):
            if name is not None and name in self.groups:
                return name, self.groups[name]
        raise KeyError("all")


@by_identity
def fitted_of(calibration: Calibration) -> Fitted:
    """The constants of a stored fit."""
    groups = {name: Group(group.values, group.devices) for name, group in calibration.groups.items()}
    spreads = {name: Spread(spread.devices, spread.squares) for name, spread in calibration.spreads.items()}
    return Fitted(calibration.terms, groups, spreads, calibration.low, calibration.high, calibration.ends)


DECODE_GROUP = ("efficiency", "layer_time", "attention_cost")
DECODE_TERMS = (
    "core_cost",
    "cache_factor",
    "mixture_factor",
    "beside_factor",
    "recurrent_factor",
    "norm_factor",
    "die_factor",
    "dot_cost",
    "lookup_cost",
)
PREFILL_GROUP = ("utilisation", "attention_cost_flash", "unpack_cost", "expert_factor")
PREFILL_TERMS = (
    "attention_cost",
    "cache_cost",
    "score_cost",
    "recurrent_cost",
    "scan_cost",
    "activation_cost",
    "pass_factor",
)


def of_loss(value: float, factor: float) -> float:
    """A share of a peak whose loss is so many times as large.

    >>> of_loss(0.8, 2.0) == 1 / 1.5
    True
    """
    return 1 / (1 + (1 / value - 1) * factor)


def _constants(
    fitted: Fitted, rates: Rates, engine: str, backend: str | None, group: tuple[str, ...], terms: tuple[str, ...]
) -> dict[str, float]:
    """Constants by name, as an engine has them through a back end on a kind of device: each times its own factors, a share by its loss."""
    values = fitted.group(rates)[1].values
    found = {name: values[name] for name in group} | {name: fitted.terms[name] for name in terms}
    for name, value in found.items():
        factor = 1.0
        for of in (engine, backend or "", rates.kin):
            factor = factor * fitted.terms.get(of + "." + name, 1.0)
        if factor != 1:
            found[name] = of_loss(value, factor) if name == "efficiency" else value * factor
    return found


def decode_constants(fitted: Fitted, rates: Rates, engine: str, backend: str | None = None) -> dict[str, float]:
    """What `token_seconds` takes of constants, but for the factor of builds and back ends."""
    return _constants(fitted, rates, engine, backend, DECODE_GROUP, DECODE_TERMS)


def prefill_constants(fitted: Fitted, rates: Rates, engine: str, backend: str | None = None) -> dict[str, float]:
    """What `prompt_seconds` takes of constants, but for the factor of builds and back ends."""
    return _constants(fitted, rates, engine, backend, PREFILL_GROUP, PREFILL_TERMS)
