"""What llama.cpp loads beside a model: projector, draft model, prediction layers, adapter; and what its server keeps in RAM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from macros.estimate.cache import cache_row, state_values
from macros.estimate.drafts import guessed_states, prediction_experts, prediction_weights
from macros.estimate.engines.llama_cpp.expert_cache import cached_experts
from macros.estimate.engines.llama_cpp.overrides import EXPERTS, moves_of
from macros.estimate.engines.llama_cpp.plan import plan, predicted, predicted_slices
from macros.estimate.engines.llama_cpp.splitting import split_layers
from macros.estimate.setting import Setting
from macros.estimate.shares import HOST, Share, empty_host, slices
from macros.estimate.weights import ModelWeights, model_weights
from macros.formulas.companions import adapter_bytes, projector_bytes
from macros.formulas.compute_graph.prediction import like_layer
from macros.formulas.compute_graph.tower import tower_buffers
from macros.formulas.kv_cache import recurrent_state_bytes
from macros.formulas.tensors.model import tensor_groups
from macros.formulas.units import MIB
from macros.specs import Catalogue
from macros.specs.models import Model, architecture_of, tower_of

TARGETS = {
    "attention": ("attn_q", "attn_k", "attn_v", "attn_output"),
    "query-value": ("attn_q", "attn_v"),
}
"""Targets of an adapter -> how the names of their matrices begin; a fused one counts as each of its parts."""


def with_companions(setting: Setting, weights: ModelWeights, shares: Sequence[Share], catalogue: Catalogue) -> list[Share]:
    """Devices and host with what is loaded beside the model.

    Args:
        setting: a checked question
        weights: what the layers weigh
        shares: devices and host, filled
        catalogue: the records

    Returns:
        The same, with their companions.

    Assumes: a projector lies on the first device, an adapter with its layers, prediction layers with the output; the draft model has the
        context of the model.

    Source: llama.cpp, common_base_params_to_speculative and server_output_limits: what guesses keeps the logits of one token a slot.
    """
    more = [0 for _ in shares]
    if setting.mmproj and setting.model is not None:
        weight, device, host = _projector(setting, catalogue.models[setting.model], catalogue)
        more[0] += weight + device
        if len(more) > 1:
            more[-1] += host
    if setting.mtp and slices(setting):
        weight = prediction_weights(setting.architecture, weights) + guessed_states(setting) * _states(setting)
        kind = catalogue.tensor_types[setting.draft_kv_type]
        for place, held in enumerate(predicted_slices(setting, weights, kind)):
            more[place] += held + (-(-weight // len(setting.gpus)) if place < len(setting.gpus) else 0)
    elif setting.mtp:
        last = next((place for place, share in enumerate(shares) if share.has_output), 0)
        more[last] += prediction_weights(setting.architecture, weights) + guessed_states(setting) * _states(setting)
        away: dict[str, int] = {}
        if setting.experts_on_host or (setting.n_cpu_moe or 0) > setting.architecture.layers:
            routed = prediction_experts(setting.architecture, weights)
            more[last] -= routed
            more[-1] += routed
            away = {name: HOST for name in weights.layers[like_layer(setting.architecture)].tensors if EXPERTS in name}
        kind = catalogue.tensor_types[setting.draft_kv_type]
        for place, held in enumerate(predicted(setting, weights, len(shares) - 1, last, kind, away)):
            more[place] += held
    if setting.lora > 0 or setting.lora_bytes > 0:
        for place, share in enumerate(shares):
            more[place] += _adapter(setting, share.layers)
    if setting.draft is not None:
        for place, held in enumerate(_draft(setting, shares, catalogue)):
            more[place] += held
    caches = cached_experts(setting, weights, moves_of(setting, weights), shares[:-1])
    return [
        replace(share, companion_bytes=extra, kv_cache_bytes=share.kv_cache_bytes + cache)
        for share, extra, cache in zip(shares, more, caches, strict=True)
    ]


def _projector(setting: Setting, model: Model, catalogue: Catalogue) -> tuple[int, int, int]:
    """Weights of a projector, and its compute buffer on a device and beside it on the host [bytes]."""
    projector, tower = model.projector, tower_of(model, catalogue.models)
    if projector is None:
        return 0, 0, 0
    positions = 0 if tower is None else tower.position_rows * tower.width
    weights = projector_bytes(parameters=projector.parameters, file_bytes=projector.file_bytes, positions=positions)
    if tower is None:
        return weights, 0, 0
    device, host = tower_buffers(tower, text=setting.architecture.hidden_size, flash_attention=setting.flash_attention)
    return weights, device, host


def _states(setting: Setting) -> int:
    """States of all recurrent layers [bytes]."""
    a = setting.architecture
    kernel, convolved, values = state_values(a)
    recurrent = sum(1 for layer in range(a.layers) if a.recurs(layer))
    return int(recurrent_state_bytes(layers=recurrent, sequences=setting.slots, conv_kernel=kernel, convolved=convolved, state=values))


def _adapter(setting: Setting, layers: Sequence[int]) -> int:
    """The part of an adapter that goes with some layers [bytes]."""
    if setting.lora_bytes > 0:
        return setting.lora_bytes * len(layers) // setting.architecture.layers
    held = 0
    for group in tensor_groups(setting.architecture):
        if group.rows > 1 and _targeted(group.name, setting.lora_targets):
            count = sum(1 for layer in group.layers if layer in layers)
            held += count * adapter_bytes(rank=setting.lora, row=group.row, rows=group.rows, stack=group.stack)
    return held


def _targeted(name: str, targets: str) -> bool:
    """Whether an adapter is for a tensor."""
    return targets == "all" or any(name.startswith(stem) for stem in TARGETS[targets])


def _draft(setting: Setting, shares: Sequence[Share], catalogue: Catalogue) -> list[int]:
    """What a draft model takes on each device and on the host: all its layers on the cards, shared among them as the model's are."""
    a = architecture_of(catalogue.models[setting.draft or ""], catalogue.models)
    kind = catalogue.tensor_types[setting.draft_kv_type]
    own = replace(
        setting, model=setting.draft, architecture=a, kv_type_k=kind, kv_type_v=kind, logits_rows=setting.slots, embedding=False,
        n_cpu_moe=None, n_cpu_ffn=0, override_tensor=(), experts_on_host=False, draft=None, mtp=False, mmproj=False, lora=0,
    )  # fmt: skip
    weights = model_weights(a, own.quant, catalogue.tensor_types, imatrix=own.imatrix)
    every = tuple(range(a.layers))
    counted = [float(share.counted) for share in shares[:-1]]
    if slices(setting):
        placed = [(every, True) for _ in counted]
    elif sum(counted) > 0:
        split = split_layers(layers=a.layers + a.prediction_layers, gpu_layers=a.layers + a.prediction_layers + 1, free=counted)
        placed = [(tuple([layer for layer in layers if layer < a.layers]), has_output) for layers, has_output in split]
    else:
        placed = [((), False) for _ in counted]
    devices = [Share("draft", device, layers, has) for device, (layers, has) in zip(setting.gpus, placed, strict=True)]
    host = empty_host(own, catalogue)
    if sum(counted) == 0:
        host = replace(host, layers=every, has_output=True)
    return [share.memory_bytes for share in plan(own, weights, devices, host)]


def server_bytes(setting: Setting) -> dict[str, int]:
    """What llama-server may keep in RAM beside: prompts that it has read, and checkpoints of what cannot be cut back.

    Args:
        setting: a checked question

    Returns:
        `prompt_cache_bytes`, a limit; `checkpoint_bytes` of one; `checkpoints_bytes` of all that it may keep [bytes].

    Source: llama.cpp, tools/server: --cache-ram and --ctx-checkpoints; a checkpoint holds windowed layers and states.
    """
    a = setting.architecture
    one = _states(setting) // setting.slots
    window = a.attention.window
    for layer in range(a.layers):
        if window is not None and a.has_cache(layer) and not a.sees_all(layer):
            one += min(window.size, setting.context) * sum(cache_row(a, layer, setting.kv_type_k, setting.kv_type_v))
    kept = one * setting.checkpoints * setting.slots
    return {"prompt_cache_bytes": setting.cache_ram_mib * MIB, "checkpoint_bytes": one, "checkpoints_bytes": kept}
