"""vLLM: everything on the devices, each with an equal slice of every layer (tensor parallel)."""

from __future__ import annotations

from dataclasses import replace

from macros.estimate.cache import cache_row, state_values
from macros.estimate.engines.runner import Runner
from macros.estimate.setting import Setting
from macros.estimate.shares import Placement, Share, empty_shares
from macros.estimate.weights import ModelWeights
from macros.formulas.activations import activation_bytes
from macros.formulas.kv_cache import paged_cache_bytes, recurrent_state_bytes
from macros.specs import Catalogue


def place(setting: Setting, weights: ModelWeights, catalogue: Catalogue) -> Placement:
    """Slice a model over the devices; without one, everything is the host's.

    Args:
        setting: a checked question
        weights: what the layers weigh
        catalogue: the records

    Returns:
        The placement.
    """
    a = setting.architecture
    count = max(len(setting.gpus), 1)
    held = sum(piece.bytes for piece in (*weights.layers, weights.output, weights.embedding))
    cache, state = _cache_bytes(setting)
    every = a.layers + a.prediction_layers + 1
    whole = Share(
        "host",
        None,
        tuple(range(a.layers)),
        True,
        every,
        weights_bytes=-(-held // count),
        kv_cache_bytes=-(-(cache + state) // count),
        state_bytes=state // count,
        compute_buffer_bytes=-(-_activations(setting) // count),
    )
    devices = [
        replace(
            whole,
            id=share.id,
            device=share.device,
            runtime_bytes=share.runtime_bytes,
            usable_bytes=share.usable_bytes,
            margin_bytes=share.margin_bytes,
        )
        for share in empty_shares(setting, catalogue)
    ]
    host = Share("host", None, (), False) if devices else whole
    return Placement(setting, weights, tuple(devices), host, every if devices else 0)


def _cache_bytes(setting: Setting) -> tuple[int, int]:
    """Bytes of keys and values in whole pages, and of states."""
    a = setting.architecture
    page = setting.engine.page_tokens or 16
    cache = 0
    for layer in range(a.layers):
        if a.has_cache(layer):
            key, value = cache_row(a, layer, setting.kv_type_k, setting.kv_type_v)
            cache += paged_cache_bytes(tokens=setting.context, page=page, layers=1, key_row_bytes=key, value_row_bytes=value)
    kernel, convolved, values = state_values(a)
    recurrent = sum(1 for layer in range(a.layers) if a.recurs(layer))
    state = recurrent_state_bytes(layers=recurrent, sequences=setting.slots, conv_kernel=kernel, convolved=convolved, state=values)
    return cache, state


def _activations(setting: Setting) -> int:
    """What one pass computes in [bytes]."""
    a, engine = setting.architecture, setting.engine
    tokens = min(engine.batched_tokens or setting.ubatch, max(setting.context, 1))
    inner = max(a.feed_forward_size(0), a.experts.used * a.experts.size if a.experts is not None else 0)
    return int(
        activation_bytes(
            tokens=tokens,
            sequences=min(engine.sequences or 1, tokens),
            hidden_size=a.hidden_size,
            feed_forward_size=inner,
            vocabulary_size=a.vocabulary_size,
        )
    )


def command(placement: Placement, repository: str | None) -> list[str]:
    """The words of the command line: the same model, context and users.

    Args:
        placement: where everything goes
        repository: the model's repository on Hugging Face; None: not known

    Returns:
        Words of a shell command, an option each.

    Source: the options' descriptions of vLLM.
    """
    s = placement.setting
    words = [f"vllm serve {repository or 'MODEL'}", f"--max-model-len {s.context}", f"--max-num-seqs {max(s.users, s.slots)}"]
    if len(s.gpus) > 1:
        words.append(f"--tensor-parallel-size {len(s.gpus)}")
    if s.quant.kind == "bitsandbytes" or s.quant.kind == "fp8":
        words.append(f"--quantization {s.quant.kind}")
    if s.engine.memory_utilization is not None:
        words.append(f"--gpu-memory-utilization {s.engine.memory_utilization}")
    return words


RUNNER = Runner("vllm", place, command)
