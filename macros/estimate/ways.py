"""How a machine runs a model: all of it on the cards, the experts or some layers in RAM, all of it in RAM, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from macros.estimate import answer
from macros.estimate.placement import place
from macros.estimate.ram import one_memory, with_ram
from macros.estimate.setting import check_setting
from macros.estimate.shares import Placement
from macros.specs import Catalogue


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

    Assumes: RAM beside a card is memory of its own; what does not fit memory shared with the processor has nowhere to go.
    """
    setting = with_ram(check_setting(question, catalogue), ram_gib)
    if len(setting.gpus) == 0:
        host = place(setting, catalogue)
        return _told("host" if host.fits else "no", host, host, catalogue)
    every = setting.architecture.layers + setting.architecture.prediction_layers + 1
    whole = place(replace(setting, gpu_layers=every, n_cpu_moe=0, experts_on_host=False), catalogue)
    if whole.fits:
        return _told("card", whole, whole, catalogue)
    if setting.engine.splits == "slices" or one_memory(setting):
        return _told("no", whole, whole, catalogue)
    best = place(replace(setting, gpu_layers=None, n_cpu_moe=None, experts_on_host=False), catalogue)
    if best.fits and best.gpu_layers == 0 and best.runner_up is not None:
        # The card is slower than RAM: what it would run is told all the same.
        best = best.runner_up() or best
    if not best.fits or best.gpu_layers == 0:
        return _told("no", whole, whole, catalogue)
    return _told("experts" if (best.setting.n_cpu_moe or 0) > every - best.gpu_layers else "layers", best, whole, catalogue)


def _told(name: str, placement: Placement, whole: Placement, catalogue: Catalogue) -> dict[str, Any]:
    found = answer(replace(placement, runner_up=None), catalogue)
    found["way"] = name
    found["ram_bytes"] = placement.host.memory_bytes
    found["whole_bytes"] = sum(share.memory_bytes for share in whole.devices)
    return found
