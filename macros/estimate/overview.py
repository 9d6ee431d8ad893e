"""Everything that the calculator shows for one question: the answer, what is left or missing, the first word, the money, the command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from macros.estimate import answer
from macros.estimate.answering import engine_fit
from macros.estimate.inverse import context_trials, quantization_trials
from macros.estimate.launch import launch_command, other_commands
from macros.estimate.placement import place
from macros.estimate.ram import with_ram
from macros.estimate.setting import check_setting
from macros.estimate.shares import Placement
from macros.estimate.weights import model_weights
from macros.formulas.power import HOURS_A_DAY, cost_of_a_million_tokens, machine_watts, tokens_per_joule, yearly_kilowatt_hours
from macros.formulas.prefill import time_to_first_token
from macros.specs import Catalogue


def overview(
    question: Mapping[str, Any],
    catalogue: Catalogue,
    *,
    ram_gib: float | None = None,
    price: float | None = None,
    price_per_kwh: float | None = None,
    hours_a_day: float = HOURS_A_DAY,
) -> dict[str, Any]:
    """Answer one question as `estimate` does, and what a reader wants to know besides.

    Args:
        question: keys and values as `python -m macros estimate` takes them
        catalogue: the records
        ram_gib: system memory [GiB]; None: what the question says
        price: price of the machine, in any currency [currency]
        price_per_kwh: price of electricity [currency/kWh]
        hours_a_day: how long it works on a day [h]

    Returns:
        The answer of `estimate`, and: `layers` that there are to place; `spare_bytes` and `short_bytes`, one of them zero;
        `first_token`, `watts`, `tokens_per_joule`, `tokens_per_second_per_1000`, `kwh_per_million`, `cost_per_million`, `kwh_per_year`,
        `cost_per_year` where they are known; `command`.

    Assumes: devices draw their limit while they work.
    """
    asked = check_setting(question, catalogue)
    setting = asked if ram_gib is None else with_ram(asked, ram_gib)
    placement = place(setting, catalogue)
    result = answer(placement, catalogue)
    result["layers"] = setting.architecture.layers + setting.architecture.prediction_layers + 1
    result["context_length"] = setting.architecture.context_length
    spare, short = _left(placement)
    result["spare_bytes"] = spare
    result["short_bytes"] = short
    if "decode" in result and "prefill" in result:
        decode, prefill = result["decode"], result["prefill"]
        result["first_token"] = {
            "seconds": _first(setting.prompt_tokens, prefill["tokens_per_second"], decode["tokens_per_second"]),
            "low": _first(setting.prompt_tokens, prefill["high"], decode["high"]),
            "high": _first(setting.prompt_tokens, prefill["low"], decode["low"]),
        }
    watts = _watts(placement, catalogue)
    if watts is not None:
        result["watts"] = watts
        result["kwh_per_year"] = yearly_kilowatt_hours(watts=watts, hours_a_day=hours_a_day)
        if price_per_kwh is not None:
            result["cost_per_year"] = result["kwh_per_year"] * price_per_kwh
    if "decode" in result:
        speed = result["decode"]["tokens_per_second"]
        if price is not None:
            result["tokens_per_second_per_1000"] = speed / price * 1000
        if watts is not None:
            result["tokens_per_joule"] = tokens_per_joule(tokens_per_second=speed, watts=watts)
            result["kwh_per_million"] = cost_of_a_million_tokens(tokens_per_second=speed, watts=watts, price_per_kwh=1)
            if price_per_kwh is not None:
                result["cost_per_million"] = cost_of_a_million_tokens(tokens_per_second=speed, watts=watts, price_per_kwh=price_per_kwh)
    result["command"] = launch_command(placement, catalogue)
    result["other_commands"] = other_commands(placement, catalogue)
    return result


def room(question: Mapping[str, Any], catalogue: Catalogue, *, ram_gib: float | None = None) -> dict[str, Any]:
    """What the machine of a question has room for at most.

    Args:
        question: keys and values as `python -m macros estimate` takes them
        catalogue: the records
        ram_gib: system memory [GiB]; None: as much as is needed

    Returns:
        `largest_context` [tokens] and `best_quantization` (an id, or None) with which all layers have room.
    """
    found: dict[str, Any] = {}
    for tried in room_trials(question, catalogue, ram_gib=ram_gib):
        found = tried
    return found


def room_trials(question: Mapping[str, Any], catalogue: Catalogue, *, ram_gib: float | None = None) -> Iterator[dict[str, Any]]:
    """The same, trial by trial: a page that looks for it between two frames stays at hand.

    Args:
        question: keys and values as `python -m macros estimate` takes them
        catalogue: the records
        ram_gib: system memory [GiB]; None: as much as is needed

    Yields:
        After each trial what is known; what comes last is the answer.
    """
    setting = check_setting(question, catalogue)
    found: dict[str, Any] = {"largest_context": 0, "best_quantization": None}
    for context in context_trials(setting, catalogue, ram_gib):
        found = {"largest_context": context, "best_quantization": None}
        yield found
    for name in quantization_trials(setting, catalogue, ram_gib):
        found = {**found, "best_quantization": name}
        yield found
    yield found


def by_itself(question: Mapping[str, Any], catalogue: Catalogue, *, ram_gib: float | None = None) -> dict[str, Any]:
    """What the engine of a question does by itself: `fit`, or nothing."""
    setting = check_setting(question, catalogue)
    return engine_fit(setting if ram_gib is None else with_ram(setting, ram_gib), catalogue)


def file_size(question: Mapping[str, Any], catalogue: Catalogue) -> int:
    """Bytes of the weights alone; asked for each format beforehand, `room` answers at once [bytes]."""
    setting = check_setting(question, catalogue)
    quant, gguf = setting.quant, setting.engine.gguf
    return model_weights(setting.architecture, quant, catalogue.tensor_types, imatrix=setting.imatrix, gguf=gguf).bytes


def _left(placement: Placement) -> tuple[int, int]:
    """Bytes left on the devices (on the host, where there are none) and bytes missing, of which one is zero."""
    spare, short = 0, 0
    for share in placement.devices:
        left = share.usable_bytes - share.margin_bytes - share.memory_bytes
        spare += max(left, 0)
        short += max(-left, 0)
    left = placement.host_room_bytes - placement.host.memory_bytes
    short += max(-left, 0)
    if not placement.devices:
        spare = max(left, 0)
    return (0, short) if short > 0 else (spare, 0)


def _first(prompt_tokens: int, prefill: float, decode: float) -> float:
    return float(time_to_first_token(prefill_seconds=prompt_tokens / prefill, decode_seconds=1 / decode))


def _watts(placement: Placement, catalogue: Catalogue) -> float | None:
    """Power of the machine at its limit [W]; None where a device does not say."""
    cards = 0.0
    for device in placement.setting.gpus:
        if device.gpu.limit_w is None:
            return None
        cards += device.gpu.limit_w
    cpu = catalogue.cpus[placement.setting.cpu] if placement.setting.cpu is not None else None
    if cpu is None and not placement.setting.gpus:
        return None
    processor = 0.0 if cpu is None or cpu.tdp_w is None else cpu.tdp_w
    return float(machine_watts(gpu_watts=cards, cpu_watts=processor))
