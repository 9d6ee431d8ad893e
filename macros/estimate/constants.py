"""The fitted constants of a device: its family's, or those of the wider class where the family was not measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from macros.estimate.rates import Rates
from macros.formulas.remember import by_identity
from macros.specs.calibration import Calibration


@dataclass(frozen=True)
class Group:
    """Constants of a family or class, and the range of measured over predicted."""

    values: Mapping[str, float]
    low: float
    high: float
    devices: int


@dataclass(frozen=True)
class Fitted:
    """Constants of one formula."""

    terms: Mapping[str, float]
    groups: Mapping[str, Group]

    def group(self, rates: Rates) -> tuple[str, Group]:
        """The narrowest group with constants that a device belongs to."""
        for name in (rates.family, rates.wider, "all"):
            if name is not None and name in self.groups:
                return name, self.groups[name]
        raise KeyError("all")


@by_identity
def fitted_of(calibration: Calibration) -> Fitted:
    """The constants of a stored fit."""
    groups = {name: Group(group.values, group.low, group.high, group.devices) for name, group in calibration.groups.items()}
    return Fitted(calibration.terms, groups)


DECODE_GROUP = ("efficiency", "layer_time")
DECODE_TERMS = ("cache_factor", "mixture_factor", "die_factor", "dot_cost", "core_cost")
PREFILL_GROUP = ("utilisation",)
PREFILL_TERMS = ("attention_cost", "attention_cost_flash")


def decode_constants(fitted: Fitted, rates: Rates) -> dict[str, float]:
    """What `token_seconds` takes of constants, but for the factor of builds and back ends."""
    group = fitted.group(rates)[1]
    return {name: group.values[name] for name in DECODE_GROUP} | {name: fitted.terms[name] for name in DECODE_TERMS}


def prefill_constants(fitted: Fitted, rates: Rates) -> dict[str, float]:
    """What `prompt_seconds` takes of constants, but for the factor of builds and back ends."""
    group = fitted.group(rates)[1]
    return {name: group.values[name] for name in PREFILL_GROUP} | {name: fitted.terms[name] for name in PREFILL_TERMS}
