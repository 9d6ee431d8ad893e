"""The range about a speed: how far held-out predictions of like models on like stacks and devices were off."""

from __future__ import annotations

import math
from collections.abc import Mapping

from macros.estimate.constants import Fitted, Spread
from macros.estimate.rates import Rates
from macros.estimate.speed_features import Stack
from macros.formulas.elementwise import maximum, minimum

DEEP = 4096
"""From so many tokens in the cache on, attention shows [tokens]."""

OWN_WEIGHT = 0.5
"""The scatter of a group is drawn towards that of the wider one as if so many devices of that had been measured in it."""

FEW_DEVICES = 0.4
"""A group with n measured devices shows a range that is wider by this over n + 1: its constants lean on few, or on others."""


def cell(model_class: str, seen: int) -> str:
    """Name of a class of models at a depth.

    >>> cell("dense", 512), cell("hybrid", 8192)
    ('dense', 'hybrid-deep')
    """
    return model_class + "-deep" if seen >= DEEP else model_class


def spread_keys(of: str, rates: Rates, stack: Stack) -> list[str]:
    """Groups of rows that a prediction is like, from the widest to the narrowest.

    Args:
        of: cell of the model
        rates: the device
        stack: what runs it

    Returns:
        Keys of `Fitted.spreads`. Of processors too few were measured to tell classes of models apart. A program with a speed of its own on
        graphics devices is unlike the engine inside: without its only device nothing foretells it.
    """
    if rates.is_processor:
        return ["all", rates.kin, rates.wider] if rates.family is None else ["all", rates.kin, rates.wider, rates.family]
    found = ["all", of, of + "|" + (stack.engine if stack.program is None else stack.engine + ":" + stack.program)]
    if stack.backend is not None and stack.program is None:
        found.append(of + "|" + stack.engine + "/" + stack.backend)
    found += [of + "|" + rates.kin, of + "|" + rates.wider]
    return [*found, of + "|" + rates.family] if rates.family is not None else found


def spread(spreads: Mapping[str, Spread], keys: list[str]) -> float:
    """Typical size of an error [1]: the root of a mean square that each group with devices of its own draws to itself."""
    square = 0.0
    devices = 0
    for key in keys:
        found = spreads.get(key)
        own = 0 if found is None else found.devices
        if key == "all":
            square = 0.1 if found is None or own == 0 else found.squares / own
        elif found is not None and own > 0:
            square = (OWN_WEIGHT * square + found.squares) / (OWN_WEIGHT + own)
        devices = own
    return math.sqrt(square) * (1 + FEW_DEVICES / (1 + devices))


def alike(of: str, rates: Rates, stack: Stack) -> list[str]:
    """Whose held-out errors a range is cut from: a class of models with an engine through its back end, or through any; or processors."""
    if rates.is_processor:
        return ["cores" if stack.program is None else "cores/" + stack.program]
    if stack.program is not None:
        return [of + "|" + stack.engine + ":" + stack.program]
    with_engine = of + "|" + stack.engine
    return [with_engine] if stack.backend is None else [with_engine + "/" + stack.backend, with_engine]


def ends(fitted: Fitted, of: str, rates: Rates, stack: Stack, widen: float) -> tuple[float, float]:
    """Measured over predicted at the two ends of the range [1].

    Args:
        fitted: constants of a formula
        of: cell of the model
        rates: the device
        stack: what runs it
        widen: how much wider it is for a reason of the question [1]

    Returns:
        The low end, below 1, and the high end, above it.
    """
    typical = spread(fitted.spreads, spread_keys(of, rates, stack)) * widen
    low, high = fitted.low * typical, fitted.high * typical
    for name in reversed(alike(of, rates, stack)):
        if name in fitted.ends:
            of_class = fitted.ends[name]
            low, high = maximum(of_class[0] * typical, of_class[2] * widen), minimum(of_class[1] * typical, of_class[3] * widen)
    return 1 / (1 - low), 1 + high


def measured(fitted: Fitted, of: str, rates: Rates, stack: Stack) -> bool:
    """Whether rows of such models stand behind a speed.

    Args:
        fitted: constants of a formula
        of: cell of the model
        rates: the device
        stack: what runs it

    Returns:
        Whether the engine was measured with the class, through its back end where one is named, and the class on that kind of device.
    """
    model_class = of.split("-")[0]
    engine = model_class + "|" + stack.engine
    if stack.backend is not None and not rates.is_processor:
        engine += "/" + stack.backend
    return engine in fitted.spreads and (model_class + "|" + rates.kin) in fitted.spreads


def basis(fitted: Fitted, of: str, rates: Rates, stack: Stack) -> str:
    """What a speed rests on: rows of such models with this engine on this family of devices, on others, or none.

    Args:
        fitted: constants of a formula
        of: cell of the model
        rates: the device
        stack: what runs it

    Returns:
        fitted, family, or extrapolated.
    """
    if not measured(fitted, of, rates, stack) or fitted.group(rates)[0] in ("all", rates.kin):
        return "extrapolated"
    own = rates.family is not None and (of.split("-")[0] + "|" + rates.family) in fitted.spreads
    return "fitted" if own else "family"
