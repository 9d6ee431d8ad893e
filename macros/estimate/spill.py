"""What may stand beside "it does not fit": no speed, or that of a card whose driver spills into RAM, called so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from macros.estimate.cache import cache_row
from macros.estimate.ram import one_memory
from macros.estimate.setting import Setting, pass_tokens
from macros.estimate.shares import Placement, Share
from macros.estimate.speed_parts import parts_of
from macros.formulas.elementwise import ceil
from macros.formulas.ram_rule import SYSTEM_GIB
from macros.formulas.spill import spilled_tokens_per_second
from macros.formulas.units import GB, GIB
from macros.specs import Catalogue

SPILLING = "windows"
"""The system whose drivers give a card more memory than it has."""
UNSURE = 2.0
"""One published run: the range is so many times wider on either side."""


def with_room(setting: Setting, placement: Placement, found: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """Speeds of a placement, where it has room; otherwise none, or those of a card that spills.

    Args:
        setting: a checked question
        placement: where everything goes
        found: speeds as if there were room, and notices
        catalogue: the records

    Returns:
        The same where everything fits; else without `decode` and `prefill` and with a notice, or both of `basis` spilled.
    """
    if placement.fits:
        return dict(found) | {"notices": [*found["notices"], *_little_left(setting, placement)]}
    kept = {key: value for key, value in found.items() if key not in ("decode", "prefill")}
    rates = [_spill_rate(share, setting) for share in placement.devices]
    over = [max(share.memory_bytes + share.margin_bytes - share.usable_bytes, 0) for share in placement.devices]
    room = placement.host_room_bytes - placement.host.memory_bytes - sum(over)
    short = [share.memory_bytes > share.usable_bytes for share in placement.devices]
    if room < 0 or sum(over) == 0 or any(rate is None for rate, more in zip(rates, over, strict=True) if more > 0):
        code = "only-without-margin" if sum(over) > 0 and not any(short) and room + sum(over) >= 0 else "no-speed-without-room"
        kept["notices"] = [*found["notices"], {"code": code, "values": {}}]
        return kept
    seconds = [more / (rate * GB) if rate is not None else 0.0 for rate, more in zip(rates, over, strict=True)]
    parts = [part for part in parts_of(setting, placement, catalogue, []) if not part.rates.is_processor]
    a_token = 0.0
    working = [(share, time) for share, time in zip(placement.devices, seconds, strict=True) if share.layers or share.has_output]
    for part, (share, time) in zip(parts, working, strict=True):
        read = part.work.weight_bytes() + _cache_read(setting, share)
        a_token += time * min(read / share.memory_bytes, 1.0)
    passes = float(ceil(setting.prompt_tokens / min(pass_tokens(setting), setting.prompt_tokens)))
    kept["decode"] = _slower(found["decode"], setting.users, a_token)
    kept["prefill"] = _slower(found["prefill"], setting.prompt_tokens, sum(seconds) * passes)
    return kept


def _little_left(setting: Setting, placement: Placement) -> list[dict[str, Any]]:
    """A notice where what the host holds leaves the system less RAM than it usually takes; memory for both has its own limit."""
    left = placement.host_room_bytes - placement.host.memory_bytes
    if one_memory(setting) or left >= SYSTEM_GIB * GIB or placement.host.memory_bytes <= left:
        return []
    return [{"code": "ram-tight", "values": {"left": f"{left * 10 // GIB / 10:g}", "system_gib": SYSTEM_GIB}}]


def _spill_rate(share: Share, setting: Setting) -> float | None:
    """How fast a card reads what it has no room for [GB/s]; None: it does not spill."""
    if share.device is None or share.device.gpu.shares_memory or setting.system != SPILLING:
        return None
    context = setting.engine.contexts.get(share.device.backend)
    return None if context is None else context.spill_gb_per_s


def _cache_read(setting: Setting, share: Share) -> float:
    """Keys and values that a token reads on a device [bytes]."""
    a = setting.architecture
    rows = [sum(cache_row(a, layer, setting.kv_type_k, setting.kv_type_v)) for layer in share.layers if a.has_cache(layer)]
    return float(sum(rows) * setting.depth)


def _slower(speed: Mapping[str, Any], tokens: int, seconds: float) -> dict[str, Any]:
    """A speed with so much more time for so many tokens."""
    found = {
        end: spilled_tokens_per_second(tokens=tokens, tokens_per_second=speed[end], more_seconds=seconds * factor)
        for end, factor in (("tokens_per_second", 1.0), ("low", UNSURE), ("high", 1 / UNSURE))
    }
    return found | {"basis": "spilled"}
