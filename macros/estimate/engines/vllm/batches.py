"""What vLLM computes at once: as asked, or as it decides by the card."""

from __future__ import annotations

from macros.estimate.asked.devices import Device
from macros.estimate.setting import Setting
from macros.specs.engines import Batches


def batches_of(setting: Setting) -> Batches:
    """What the engine computes at once: as asked, or its default for the smallest of the cards."""
    kinds = [_default_batches(setting, device) for device in setting.gpus] or [setting.engine.batches[-1]]
    smallest = min(kinds, key=lambda kind: kind.tokens)
    sequences = setting.max_sequences if setting.max_sequences is not None else smallest.sequences
    tokens = setting.max_batched_tokens if setting.max_batched_tokens is not None else min(smallest.tokens, sequences * setting.context)
    return Batches(from_gib=smallest.from_gib, tokens=tokens, sequences=min(sequences, tokens))


def _default_batches(setting: Setting, device: Device) -> Batches:
    for kind in setting.engine.batches:
        if device.memory_gib >= kind.from_gib and not any(word in device.gpu.name for word in kind.not_on):
            return kind
    return setting.engine.batches[-1]
