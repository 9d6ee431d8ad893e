"""Watts, kilowatt-hours, and what a token costs of them."""

from __future__ import annotations

from typing import Any

from macros.formulas.elementwise import ceil

REST_OF_THE_MACHINE_WATTS = 75
"""Board, memory, drives and fans of a desktop under load."""


def machine_watts(*, gpu_watts: Any, cpu_watts: Any, rest_watts: Any = REST_OF_THE_MACHINE_WATTS) -> Any:
    """Power of a machine with everything at its limit.

    Equation: watts = graphics + processor + rest

    Args:
        gpu_watts: board power of all cards [W]
        cpu_watts: power of the processor [W]
        rest_watts: power of everything else [W]

    Returns:
        Power [W].

    Assumes: cards keep to their limit on average; peaks of milliseconds go beyond it.

    >>> machine_watts(gpu_watts=350, cpu_watts=105)
    530
    """
    return gpu_watts + cpu_watts + rest_watts


def power_supply_watts(*, machine_watts: Any, load_share: Any = 0.7, step: Any = 50) -> Any:
    """Rating of the power supply to buy.

    Equation: rating = ceil(machine / load_share / step) x step

    Args:
        machine_watts: power of the machine at its limit [W]
        load_share: share of its rating that the supply should carry [1]
        step: ratings are sold in such steps [W]

    Returns:
        Rating [W].

    Assumes: 30 % of head room covers the short peaks of graphics cards.

    >>> power_supply_watts(machine_watts=530)
    800
    """
    return ceil(machine_watts / load_share / step) * step


HOURS_A_DAY = 4
"""What a machine at home is taken to work, where nobody says."""


def yearly_kilowatt_hours(*, watts: Any, hours_a_day: Any) -> Any:
    """Electricity of a year.

    Equation: kWh = watts / 1000 x hours x 365

    Args:
        watts: power while it works [W]
        hours_a_day: hours a day that it works [h]

    Returns:
        Electricity [kWh].

    Assumes: nothing is drawn the rest of the day.

    >>> yearly_kilowatt_hours(watts=500, hours_a_day=2)
    365.0
    """
    return watts / 1000 * hours_a_day * 365


def tokens_per_joule(*, tokens_per_second: Any, watts: Any) -> Any:
    """Tokens for each joule, which is tokens a second for each watt.

    Equation: tokens per joule = speed / watts

    Args:
        tokens_per_second: speed [1/s]
        watts: power while it works [W]

    Returns:
        Tokens per joule [1/J].

    >>> tokens_per_joule(tokens_per_second=100, watts=400)
    0.25
    """
    return tokens_per_second / watts


def cost_of_a_million_tokens(*, tokens_per_second: Any, watts: Any, price_per_kwh: Any) -> Any:
    """Electricity that a million tokens cost, in the currency of the price.

    Equation: cost = 10^6 / speed x watts / 3.6 x 10^6 x price

    Args:
        tokens_per_second: speed [1/s]
        watts: power while it works [W]
        price_per_kwh: price of electricity [currency/kWh]

    Returns:
        Cost [currency].

    >>> cost_of_a_million_tokens(tokens_per_second=100, watts=360, price_per_kwh=0.5)
    0.5
    """
    return 1_000_000 / tokens_per_second * watts / 3_600_000 * price_per_kwh
