"""What llama.cpp loads beside a model: projector, draft model, prediction layers, adapter; and what its server keeps in RAM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from macros.estimate.cache import cache_row, state_values
from macros.estimate.drafts import drafted, prediction_experts, prediction_layers, prediction_weights
from macros.estimate.engines.llama_cpp.expert_cache import cached_experts
from macros.estimate.engines.llama_cpp.overrides import moves_of
from macros.estimate.engines.llama_cpp.plan import plan
from macros.estimate.setting import Setting
from macros.estimate.shares import Share, empty_host
from macros.estimate.weights import ModelWeights, model_weights
from macros.formulas.companions import adapter_bytes, prediction_buffer_bytes, projector_bytes
from macros.formulas.kv_cache import padded_cells, recurrent_state_bytes
from macros.formulas.tensors import tensor_groups
from macros.formulas.units import MIB
from macros.specs import Catalogue
from macros.specs.models import architecture_of

DRAFT_CACHE = "f16"
"""Type of the cache of what guesses ahead, whatever the model's own is (`--spec-draft-type-k`, `-v`)."""

TARGETS = {
    "attention": ("attn_q", "attn_k", "attn_v", "attn_output"),
    "query-value": ("attn_q", "attn_v"),
}
"""Targets of an adapter -> how the names of their matrices begin; a fused one counts as each of its parts."""


def with_companions(setting: Setting, weights: ModelWeights, shares: Sequence[Share], catalogue: Catalogue) -> list[Share]:
    """Devices and host with what is loaded beside the model: on the first device, or on the host where there is none.

    Args:
        setting: a checked question
        weights: what the layers weigh
        shares: devices and host, filled
        catalogue: the records

    Returns:
        The same, with their companions.

    Assumes: an adapter lies with its layers; the draft model has the context of the model, and a cache of 16 bits.
    """
    more = [0 for _ in shares]
    if setting.mmproj and setting.model is not None:
        projector = catalogue.models[setting.model].projector
        if projector is not None:
            more[0] += projector_bytes(parameters=projector.parameters, file_bytes=projector.file_bytes)
    if setting.mtp:
        last = next((place for place, share in enumerate(shares) if share.has_output), 0)
        more[last] += prediction_weights(setting.architecture, weights) + _prediction_bytes(setting, catalogue)
        if setting.experts_on_host or (setting.n_cpu_moe or 0) > setting.architecture.layers:
            away = prediction_experts(setting.architecture, weights)
            more[last] -= away
            more[-1] += away
    if setting.lora > 0 or setting.lora_bytes > 0:
        for place, share in enumerate(shares):
            more[place] += _adapter(setting, share.layers)
    if setting.draft is not None:
        first, host = _draft(setting, catalogue)
        more[0] += first
        more[-1] += host
    cached, table = cached_experts(setting, weights, moves_of(setting, weights))
    caches = [0 for _ in shares]
    caches[0] += cached
    caches[-1] += table
    return [
        replace(share, companion_bytes=extra, kv_cache_bytes=share.kv_cache_bytes + cache)
        for share, extra, cache in zip(shares, more, caches, strict=True)
    ]


def _prediction_bytes(setting: Setting, catalogue: Catalogue) -> int:
    """Cache and buffer of prediction layers; and recurrent states are kept once more for each guess [bytes]."""
    a = setting.architecture
    key, value = cache_row(a, a.layers - 1, catalogue.tensor_types[DRAFT_CACHE], catalogue.tensor_types[DRAFT_CACHE])
    tokens = min(setting.ubatch, setting.batch, setting.context)
    cells: int = padded_cells(setting.context)
    experts = a.experts
    buffer = prediction_buffer_bytes(
        tokens=tokens,
        outputs=tokens if setting.logits_rows is None else min(setting.logits_rows, tokens),
        cells=cells,
        vocabulary_size=a.vocabulary_size,
        hidden_size=a.hidden_size,
        query_size=a.heads(a.layers - 1) * a.head_dim(a.layers - 1) * (2 if a.attention.output_gate else 1),
        inner_size=a.feed_forward_size(0) if experts is None else experts.used * experts.size,
        experts_used=0 if experts is None else experts.used,
    )
    return prediction_layers(a) * cells * (key + value) + buffer + drafted(setting) * _states(setting)


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


def _draft(setting: Setting, catalogue: Catalogue) -> tuple[int, int]:
    """What a draft model takes on the first device, and on the host [bytes]."""
    a = architecture_of(catalogue.models[setting.draft or ""], catalogue.models)
    kind = catalogue.tensor_types[DRAFT_CACHE]
    own = replace(
        setting, model=setting.draft, architecture=a, gpus=setting.gpus[:1], kv_type_k=kind, kv_type_v=kind,
        n_cpu_moe=None, n_cpu_ffn=0, override_tensor=(), experts_on_host=False, draft=None, mtp=False, mmproj=False, lora=0,
    )  # fmt: skip
    weights = model_weights(a, own.quant, catalogue.tensor_types, imatrix=own.imatrix)
    every = tuple(range(a.layers))
    host = empty_host(own, catalogue)
    if not own.gpus:
        return 0, plan(own, weights, [], replace(host, layers=every, has_output=True))[0].memory_bytes
    device, rest = plan(own, weights, [Share("draft", own.gpus[0], every, True)], host)
    return device.memory_bytes, rest.memory_bytes


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
