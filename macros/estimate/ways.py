"""How a machine runs a model: all of it on the cards, the experts or some layers in RAM, all of it in RAM, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from macros.estimate import answer
from macros.estimate.placement import place
from macros.estimate.setting import check_setting
from macros.estimate.shares import Placement
from macros.formulas.units import GIB
from macros.specs import Catalogue

SHARES_MEMORY = ("unified", "integrated", "phone")
"""Kinds of devices whose memory is the machine's: what does not fit them has nowhere else to go."""

LAYERS_FROM = 0.5
"""Part of a mixture of experts that must have room on the cards before whole layers there are worth a try: below, experts in RAM win."""


def way(question: Mapping[str, Any], catalogue: Catalogue, *, ram_gib: float | None = None) -> dict[str, Any]:
    """Answer one question by the fastest way in which the machine has room for it.

    Args:
        question: keys and values as `python -m macros estimate` takes them; where layers and experts go is chosen here
        catalogue: the records
        ram_gib: system memory [GiB]; None: as much as is needed

    Returns:
        The answer of `estimate` for that way; `way`: `card` (everything on the devices), `experts` (the experts in system memory),
        `layers` (some layers there), `host` (no device), or `no` (the answer is then that of everything on the devices); `ram_bytes`
        that it takes of system memory, and `whole_bytes` that the devices would hold with everything on them [bytes].

    Assumes: RAM beside a card is memory of its own; memory that a device shares with the processor has no second part.
    """
    setting = check_setting(question, catalogue)
    a = setting.architecture
    every = a.layers + a.prediction_layers + 1
    if len(setting.gpus) == 0:
        host = place(setting, catalogue)
        return _told("host" if _has_room(host, ram_gib) else "no", host, host, catalogue)
    whole = place(replace(setting, gpu_layers=every, experts_on_host=False), catalogue)
    if _has_room(whole, ram_gib):
        return _told("card", whole, whole, catalogue)
    best = _told("no", whole, whole, catalogue)
    for device in setting.gpus:
        if device.gpu.kind in SHARES_MEMORY:
            return best
    if setting.engine.splits == "slices":
        return best
    tried = []
    if a.experts is not None:
        tried.append(("experts", place(replace(setting, gpu_layers=every, experts_on_host=True), catalogue)))
    if a.experts is None or _room(whole) >= LAYERS_FROM * sum(share.memory_bytes for share in whole.devices):
        tried.append(("layers", place(replace(setting, gpu_layers=None, experts_on_host=False), catalogue)))
    speed = -1.0
    for name, placement in tried:
        if _has_room(placement, ram_gib) and placement.gpu_layers > 0:
            found = _told(name, placement, whole, catalogue)
            decode = found["decode"]["tokens_per_second"] if "decode" in found else 0.0
            if decode > speed:
                best = found
                speed = decode
    return best


def _room(placement: Placement) -> int:
    """Memory of all devices that may be used [bytes]."""
    return sum(share.usable_bytes - share.margin_bytes for share in placement.devices)


def _has_room(placement: Placement, ram_gib: float | None) -> bool:
    return placement.fits and (ram_gib is None or placement.host.memory_bytes <= ram_gib * GIB)


def _told(name: str, placement: Placement, whole: Placement, catalogue: Catalogue) -> dict[str, Any]:
    found = answer(placement, catalogue)
    found["way"] = name
    found["ram_bytes"] = placement.host.memory_bytes
    found["whole_bytes"] = sum(share.memory_bytes for share in whole.devices)
    return found
