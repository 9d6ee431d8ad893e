"""An answer of `estimate` for a reader at a terminal: whether it fits and how fast first, then where the memory goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from macros.formulas.units import GIB
from macros.specs import Catalogue

RESTS_ON = {"fitted": "", "family": ", from other devices", "extrapolated": ", extrapolated", "spilled": ", spilling into RAM"}
"""What a speed rests on, where that is not rows of such models on such a device."""
PARTS = ("weights", "kv_cache", "state", "compute_buffer", "runtime", "companions", "total")


def told(found: dict[str, Any], catalogue: Catalogue) -> str:
    """The lines of an answer.

    Args:
        found: the answer
        catalogue: the records

    Returns:
        Text for a terminal.
    """
    quant = catalogue.quantizations.get(found["quant"])
    build = found["engine"]
    lines = [
        *_file(found),
        f"{'asked':15} {found['quant'] if quant is None else quant.name}, context {found['context']:,}, {build['name']} {build['build']}",
        f"{'fits':15} {'yes' if found['fits'] else ', '.join(['no', *_short(found)])}",
        *_speeds(found),
        *_memory(found),
        *_users(found),
    ]
    if "load" in found:
        lines.append(f"{'load':15} {found['load']['seconds']:10.1f} s")
    if "fit" in found:
        lines.append(_by_itself(found["fit"]))
    lines += [f"warning: {warning}" for warning in found["warnings"]]
    if found["fits"] and "command" in found:
        lines += ["", found["command"]]
    return "\n".join(lines)


def _file(found: dict[str, Any]) -> Iterator[str]:
    """What the file that was asked of holds, the types with most bytes first."""
    if "file" in found:
        file = found["file"]
        types = ", ".join(f"{name} {size / GIB:.3f}" for name, size in file["types"].items())
        yield f"{'file':15} {file['tensors']} tensors, {file['bytes'] / GIB:.3f} GiB: {types}"


def _short(found: dict[str, Any]) -> Iterator[str]:
    """Who has too little room, and by how much."""
    for place in (*found["devices"], {"id": "host", "memory_bytes": found["ram"]["bytes"], **found["ram"]}):
        lacking = place["memory_bytes"] - place["usable_bytes"]
        if lacking > 0:
            yield f"{place['id']} is {lacking / GIB:.3f} GiB short"


def _speeds(found: dict[str, Any]) -> Iterator[str]:
    """What one stream, or all together, get."""
    for key in ("decode", "prefill"):
        if key in found:
            yield _speed(key, found[key], RESTS_ON[found[key]["basis"]].removeprefix(", "))
    if "speculation" in found:
        of = found["speculation"]
        guesses = f"{of['drafted']} guesses, {of['acceptance']:.0%} accepted; pays from {of['pays_from']:.0%}"
        yield _speed("with guesses", of, guesses)


def _speed(name: str, speed: dict[str, Any], more: str) -> str:
    between = f"{speed['low']:.1f} to {speed['high']:.1f}"
    return f"{name:15} {speed['tokens_per_second']:10.1f} tokens/s ({'; '.join([between, *([more] if more else [])])})"


def _memory(found: dict[str, Any]) -> Iterator[str]:
    """The parts, and what each device and the host hold of them."""
    for key in PARTS:
        if key in found:
            yield f"{key:15} {found[key]['bytes'] / GIB:10.3f} GiB"
    for device in found["devices"]:
        usable = device["usable_bytes"] / GIB
        yield f"{device['id']:15} {device['memory_bytes'] / GIB:10.3f} GiB of {usable:.3f} GiB usable, {device['layers']} layers"
    if not found.get("kv_offload", True):
        yield f"{'kv_offload':15} off: the cache is in RAM"
    ram = found["ram"]
    yield f"{'host':15} {ram['bytes'] / GIB:10.3f} GiB of {ram['usable_bytes'] / GIB:.3f} GiB usable"
    yield f"{'parameters':15} {found['parameters']:,}"


def _users(found: dict[str, Any]) -> Iterator[str]:
    """How many fit, and what each gets."""
    if "users_that_fit" in found:
        some = found["users_at_fill"]
        yield f"{'users that fit':15} {found['users_that_fit']} conversations at full length, {some['users']} at {some['fill']:.0%} of it"
    if "per_user" in found:
        one = found["per_user"]
        first = f"first token {one['first_token_seconds']:.1f} s, {one['last_first_token_seconds']:.1f} s where all ask at once"
        yield f"{'each user':15} {one['tokens_per_second']:10.1f} tokens/s, {first}"


def _by_itself(fit: dict[str, Any]) -> str:
    """What the engine does if nothing is said of layers and experts."""
    placed = f"{fit['gpu_layers']} layers on devices"
    if fit["layers_with_experts_in_ram"] is not None:
        placed += ", experts of layers {} to {} in RAM".format(*fit["layers_with_experts_in_ram"])
    speed = f", {fit['tokens_per_second']:.1f} tokens/s" if fit["fits"] else ", which does not fit"
    return f"{'by itself':15} {placed}{speed}"
