"""A question answered in the words of the door: memory as bytes, speeds with their range."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from macros.estimate.drafts import drafted
from macros.estimate.notices import sentence
from macros.estimate.placement import place, placed_by_engine
from macros.estimate.setting import Setting, check_setting
from macros.estimate.shares import FILL, HOST, Placement, Share
from macros.formulas.parameters import parameters
from macros.specs import Catalogue
from macros.specs.naming import spelled


def estimate(question: Mapping[str, Any], catalogue: Catalogue, *, whole: bool = False) -> dict[str, Any]:
    """Answer one question; raises Refused, which names the field, for a question that cannot be answered.

    Args:
        question: keys and values as `python -m macros estimate` takes them
        catalogue: the records
        whole: whether to tell, too, what the engine does by itself, and the command that starts it as it is placed

    Returns:
        Memory as integers of bytes, speeds with their range; what was not asked is absent. `notices` are codes with values, `warnings`
        the same in words.
    """
    asked = opened(question, catalogue)
    setting = check_setting(asked, catalogue)
    placement = place(setting, catalogue)
    found = answer(placement, catalogue)
    if setting.fit or (whole and setting.gpu_layers is None):
        found |= engine_fit(setting, catalogue)
    if whole:
        from macros.estimate.launch import launch_command

        found["command"] = launch_command(placement, catalogue)
    if asked.get("gguf") is not None:
        from macros.estimate.files.model import summary

        found["file"] = summary(asked["gguf"], catalogue.tensor_types)
    elif asked.get("safetensors") is not None:
        from macros.estimate.files.safetensors import summary as of_headers

        found["file"] = of_headers(asked["safetensors"])
    found["warnings"] = [sentence(notice, catalogue) for notice in found["notices"]]
    return found


def speeds(question: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """Decode and prefill as if the machine had room: for what is measured, or trained, on another one.

    Args:
        question: keys and values as `python -m macros estimate` takes them
        catalogue: the records

    Returns:
        `decode` and `prefill` with their ranges.
    """
    from macros.estimate.speed import answer as speed

    setting = check_setting(question, catalogue)
    return speed(setting, place(setting, catalogue), catalogue)


NAMED = {"gpus": "gpus", "cpu": "cpus", "model": "models", "draft": "models"}
"""Keys that name a record by its id -> kind of record."""


def named(question: Mapping[str, Any], catalogue: Catalogue) -> Mapping[str, Any]:
    """The question with ids in place of names: "RTX 5070 Ti" is rtx-5070-ti."""
    found = dict(question)
    for key, kind in NAMED.items():
        records, given = catalogue.records[kind], question.get(key)
        if isinstance(given, str):
            found[key] = spelled(given, records)
        elif isinstance(given, list):
            found[key] = [spelled(one, records) for one in given]
    return found


def opened(question: Mapping[str, Any], catalogue: Catalogue) -> Mapping[str, Any]:
    """The question with the header of its file in place of the file's path, and with ids in place of names."""
    if isinstance(question, Mapping):
        question = named(question, catalogue)
    if isinstance(question, Mapping) and isinstance(question.get("safetensors"), str):
        from macros.estimate.files.checkpoint import beside_configuration

        return beside_configuration(question)
    path = question.get("gguf") if isinstance(question, Mapping) else None
    if not isinstance(path, str):
        return question
    from macros.estimate.files.model import numbered
    from macros.estimate.files.read import read_gguf

    return {**question, "gguf": read_gguf(Path(path), numbered(catalogue.tensor_types))}


def answer(placement: Placement, catalogue: Catalogue) -> dict[str, Any]:
    """A placement in the words of the door: see the design of `estimate`."""
    from macros.estimate.speculation import speculation
    from macros.estimate.speed import answer as speed
    from macros.estimate.spill import with_room

    setting = placement.setting
    shares = [*placement.devices, placement.host]
    state = sum(share.state_bytes for share in shares)
    result: dict[str, Any] = {
        "quant": setting.quant.id,
        "context": setting.context,
        "parameters": parameters(setting.architecture),
        "weights": {"bytes": placement.weights.bytes, "loaded_bytes": sum(share.weights_bytes for share in shares)},
        "kv_cache": {"bytes": sum(share.kv_cache_bytes for share in shares)},
    }
    if state > 0 or setting.architecture.recurrent is not None:
        result["state"] = {"bytes": state}
    result |= {
        "compute_buffer": {"bytes": sum(share.compute_buffer_bytes for share in shares), "basis": placement.basis},
        "runtime": {"bytes": sum(share.runtime_bytes for share in shares)},
        "total": {"bytes": sum(share.memory_bytes for share in shares)},
        "devices": [_device(share) for share in placement.devices],
        "host": {
            "weights_bytes": placement.host.weights_bytes,
            "kv_cache_bytes": placement.host.kv_cache_bytes,
            "compute_buffer_bytes": placement.host.compute_buffer_bytes,
        },
        "ram": {"bytes": placement.host.memory_bytes, "usable_bytes": placement.host_room_bytes},
        "gpu_layers": placement.gpu_layers,
        "fits": placement.fits,
    }
    companions = sum(share.companion_bytes for share in shares)
    if companions > 0:
        result["companions"] = {"bytes": companions}
    if placement.kept_in_ram is not None:
        result["ram"] |= placement.kept_in_ram
    if len(setting.gpus) > 0 and not setting.kv_offload:
        result["kv_offload"] = False
    if setting.n_cpu_moe is not None:
        result["n_cpu_moe"] = setting.n_cpu_moe
    if placement.users_that_fit is not None and placement.users_at_fill is not None:
        result["users_that_fit"] = placement.users_that_fit
        result["users_at_fill"] = {"fill": FILL, "users": placement.users_at_fill}
    result |= with_room(setting, placement, speed(setting, placement, catalogue), catalogue)
    if drafted(setting) > 0 and "decode" in result:
        result["speculation"] = speculation(setting, placement, result["decode"], catalogue)
    if setting.users > 1 and "decode" in result:
        result["per_user"] = _per_user(setting, result)
    other = None if placement.runner_up is None else placement.runner_up()
    if other is not None:
        result["alternative"] = _other(other, catalogue)
    result["engine"] = {"name": setting.engine.name, "build": placement.build or setting.engine.build}
    return result


def _per_user(setting: Setting, found: Mapping[str, Any]) -> dict[str, float]:
    """What one of several users gets; the first word where the prompt is the only one that is read, and where all come at once."""
    alone = setting.prompt_tokens / found["prefill"]["tokens_per_second"]
    step = setting.users / found["decode"]["tokens_per_second"]
    speeds = {key: found["decode"][key] / setting.users for key in ("tokens_per_second", "low", "high")}
    return speeds | {"first_token_seconds": alone + step, "last_first_token_seconds": alone * setting.users + step}


def _other(placement: Placement, catalogue: Catalogue) -> dict[str, Any]:
    """Another way to place the model, in short."""
    from macros.estimate.speed import decode_speed

    return {
        "gpu_layers": placement.gpu_layers,
        "n_cpu_moe": placement.setting.n_cpu_moe,
        "kv_offload": placement.setting.kv_offload,
        "tokens_per_second": decode_speed(placement.setting, placement, catalogue),
        "devices_bytes": sum(share.memory_bytes for share in placement.devices),
        "host_bytes": placement.host.memory_bytes,
    }


def engine_fit(setting: Setting, catalogue: Catalogue) -> dict[str, Any]:
    """What the engine does by itself, where nothing is said of layers and tensors.

    Args:
        setting: a checked question
        catalogue: the records

    Returns:
        `fit` {gpu_layers, layers_with_experts_in_ram [from, to], devices, host_bytes, fits, tokens_per_second}; nothing where the engine
        leaves it to who starts it.
    """
    from macros.estimate.speed import decode_speed

    placement = placed_by_engine(setting, catalogue)
    if placement is None:
        return {}
    layers = placement.moves.layers if placement.moves is not None else []
    away = [layer for layer, moved in enumerate(layers) if HOST in moved.values()]
    found: dict[str, Any] = {
        "gpu_layers": placement.gpu_layers,
        "layers_with_experts_in_ram": [away[0], away[-1]] if away else None,
        "devices": [_device(share) for share in placement.devices],
        "host_bytes": placement.host.memory_bytes,
        "fits": placement.fits,
    }
    if placement.fits:
        found["tokens_per_second"] = decode_speed(placement.setting, placement, catalogue)
    return {"fit": found}


def _device(share: Share) -> dict[str, Any]:
    return {
        "id": share.id,
        "memory_bytes": share.memory_bytes,
        "weights_bytes": share.weights_bytes,
        "kv_cache_bytes": share.kv_cache_bytes,
        "compute_buffer_bytes": share.compute_buffer_bytes,
        "runtime_bytes": share.runtime_bytes,
        "companion_bytes": share.companion_bytes,
        "usable_bytes": share.usable_bytes,
        "margin_bytes": share.margin_bytes,
        "layers": len(share.layers) + share.has_output,
    }
