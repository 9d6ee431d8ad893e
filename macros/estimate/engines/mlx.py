"""MLX (mlx-lm): everything on one Apple GPU, each conversation with a cache of its own."""

from __future__ import annotations

from dataclasses import replace

from macros.estimate.cache import convolved_values, state_values
from macros.estimate.drafts import drafted
from macros.estimate.engines.repository import Repository, lm_studio, repository_with
from macros.estimate.engines.runner import Runner
from macros.estimate.question import FLOAT_CACHE_TYPES
from macros.estimate.refused import Refused
from macros.estimate.setting import Setting
from macros.estimate.shares import FILL, Placement, Share, empty_host, empty_shares
from macros.estimate.weights import ModelWeights, model_weights
from macros.formulas.activations import activation_bytes, inner_values
from macros.formulas.kv_cache import row_bytes
from macros.formulas.mlx_cache import chunked_cells, grown_cells, score_bytes, windowed_cells
from macros.specs import Catalogue
from macros.specs.models import architecture_of
from macros.specs.quantizations import TensorType

HALF, SINGLE = 2, 4
"""Bytes of a value of the model, and of a 32-bit one."""

USUAL_UBATCH = 512
"""What `ubatch` is where nobody asks: the slices of this engine are then its own."""


def place(setting: Setting, weights: ModelWeights, catalogue: Catalogue) -> Placement:
    """Put a model on the GPU; without one, everything is the host's.

    Args:
        setting: a checked question
        weights: what the layers weigh
        catalogue: the records

    Returns:
        The placement.
    """
    if len(setting.gpus) > 1:
        others = " or ".join(other.id for other in catalogue.engines.values() if other.splits == "layers")
        raise Refused("gpus", f"one device, which {setting.engine.name} uses", len(setting.gpus), f"name one, or use engine {others}")
    _check_cache(setting, catalogue)
    a = setting.architecture
    every = a.layers + a.prediction_layers + 1
    shares = empty_shares(setting, catalogue)
    filled = _filled(shares[0] if shares else empty_host(setting, catalogue), setting, weights, every)
    if setting.draft is not None:
        filled = replace(filled, companion_bytes=_draft_bytes(setting, catalogue))
    if not shares:
        return Placement(setting, weights, (), filled, 0)
    room = filled.usable_bytes - filled.margin_bytes - (filled.memory_bytes - filled.kv_cache_bytes)
    return Placement(
        setting,
        weights,
        (filled,),
        empty_host(setting, catalogue),
        every,
        users_that_fit=max(room, 0) // cache_bytes(setting, setting.context),
        users_at_fill=max(room, 0) // cache_bytes(setting, max(int(setting.context * FILL), 1)),
    )


def _draft_bytes(setting: Setting, catalogue: Catalogue) -> int:
    """A draft model with a cache of its own, of the same length and kind [bytes]."""
    a = architecture_of(catalogue.models[setting.draft or ""], catalogue.models)
    held = model_weights(a, setting.quant, catalogue.tensor_types, imatrix=False, gguf=False).bytes
    return held + cache_bytes(replace(setting, architecture=a), setting.context)


def _check_cache(setting: Setting, catalogue: Catalogue) -> None:
    """Refuse a quantized cache of a model that has a layer with a window, which mlx-lm cannot quantize."""
    window = setting.architecture.attention.window
    if _quantizes(setting, setting.context) and window is not None and window.kind == "sliding":
        floats = " or ".join(kind for kind in setting.engine.cache_types if kind in FLOAT_CACHE_TYPES)
        raise Refused("kv_type", f"{floats}: caches of sliding-window layers are not quantized", setting.kv_type_k.id, "leave it out")
    if setting.kv_type_k.id != setting.kv_type_v.id:
        raise Refused("kv_type_v", "the type of the keys, as this engine has one for both", setting.kv_type_v.id, "use `kv_type`")


def _quantizes(setting: Setting, context: int) -> bool:
    """Whether the cache is quantized by the end of a conversation of so many tokens."""
    return setting.kv_type_k.id not in FLOAT_CACHE_TYPES and context > (setting.engine.quantized_from or 0)


def slice_tokens(setting: Setting) -> int:
    """Tokens of a prompt that are read at once."""
    if setting.max_batched_tokens is not None:
        return setting.max_batched_tokens
    if setting.ubatch != USUAL_UBATCH:
        return setting.ubatch
    return setting.engine.chunk_tokens or USUAL_UBATCH


def cache_bytes(setting: Setting, context: int) -> int:
    """What one conversation of so many tokens keeps, states included [bytes].

    Args:
        setting: a checked question
        context: tokens of the conversation [tokens]

    Returns:
        Bytes [bytes].
    """
    a = setting.architecture
    types = [kind for kind in (setting.kv_type_k,) if _quantizes(setting, context)]
    found = state_bytes(setting)
    for layer in range(a.layers):
        if a.has_cache(layer):
            found += _layer_cells(setting, layer, context) * _row(setting, layer, types[0] if types else None)
    return found


def state_bytes(setting: Setting) -> int:
    """States of all recurrent layers: the state itself has 32 bits, what the convolution sees 16 [bytes]."""
    a = setting.architecture
    kernel, convolved, values = state_values(a)
    layers = sum(1 for layer in range(a.layers) if a.recurs(layer))
    seen = sum(convolved_values(a, layer) for layer in range(a.layers))
    return layers * ((kernel - 1) * convolved * HALF + values * SINGLE) + seen * HALF


def _layer_cells(setting: Setting, layer: int, context: int) -> int:
    a, step = setting.architecture, setting.engine.cache_step or 1
    window = a.attention.window
    if window is None or a.sees_all(layer):
        return grown_cells(tokens=context, step=step)
    if window.kind == "chunked":
        return chunked_cells(tokens=context, chunk=window.size, slice_tokens=slice_tokens(setting), step=step)
    return windowed_cells(tokens=context, window=window.size, slice_tokens=slice_tokens(setting))


def _row(setting: Setting, layer: int, kind: TensorType | None) -> int:
    """Bytes of a token in a layer; the keys of a scorer are held twice, and as they are."""
    a = setting.architecture
    latent, indexer = a.latent_of(layer), a.attention.indexer
    values = a.kv_heads(layer) * (a.head_dim(layer) + a.value_dim(layer)) if latent is None else latent.kv_rank + latent.rope_dim
    if indexer is not None:
        return (values + (2 * indexer.head_dim if a.scores(layer) else 0)) * HALF
    return values * HALF if kind is None else row_bytes(values=values, block=kind.block, block_bytes=kind.block_bytes)


def _compute_bytes(setting: Setting) -> int:
    """What a slice of a prompt computes in [bytes]."""
    a = setting.architecture
    tokens = min(slice_tokens(setting), setting.context)
    found = activation_bytes(
        tokens=tokens,
        sequences=1,
        hidden_size=a.hidden_size,
        inner_size=inner_values(
            dense_size=a.feed_forward_size(0),
            experts_used=0 if a.experts is None else a.experts.used,
            expert_size=0 if a.experts is None else a.experts.size,
            hidden_size=a.hidden_size,
            cards=1,
        ),
        vocabulary_size=a.vocabulary_size,
        logit_bytes=setting.engine.logit_bytes or SINGLE,
    )
    latent = a.attention.latent is not None
    copies = (setting.engine.latent_score_copies if latent else setting.engine.score_copies) or 1.0
    scores = 0
    for layer in range(a.layers):
        if a.attends(layer) and (latent or a.head_dim(layer) not in setting.engine.fused_heads):
            cells = _layer_cells(setting, layer, setting.context)
            scores = max(scores, score_bytes(heads=a.heads(layer), slice_tokens=tokens, cells=cells))
    return int(found * (setting.engine.layers_in_flight or 1) + scores * copies)


def _filled(share: Share, setting: Setting, weights: ModelWeights, every: int) -> Share:
    """The device, or the host, with all of the model."""
    a = setting.architecture
    return replace(
        share,
        layers=tuple(range(a.layers)),
        has_output=True,
        counted=every,
        weights_bytes=sum(piece.bytes for piece in (*weights.layers, weights.output, weights.embedding)),
        kv_cache_bytes=cache_bytes(setting, setting.context) * setting.users,
        state_bytes=state_bytes(setting) if a.recurrent is not None else 0,
        compute_buffer_bytes=_compute_bytes(setting),
    )


def command(placement: Placement, repository: Repository | None) -> list[str]:
    """The words of the command line: a server where there are several users.

    Args:
        placement: where everything goes
        repository: one that holds the model in the format that was asked; None: not known

    Returns:
        Words of a shell command, an option each.

    Source: the options' descriptions of mlx-lm.
    """
    s = placement.setting
    server = s.users > 1 or s.profile == "server"
    words = [f"{'mlx_lm.server' if server else 'mlx_lm.generate'} --model {repository_with(s, repository)}"]
    if not server:
        words.append('--prompt "<your question>"')
    if server and s.users > 1:
        words.append(f"--decode-concurrency {s.users}")
    if slice_tokens(s) != s.engine.chunk_tokens:
        words.append(f"--prefill-step-size {slice_tokens(s)}")
    if s.draft is not None:
        words.append(f'--draft-model "<{s.draft} in {s.quant.name}>"')
        words.append(f"--num-draft-tokens {drafted(s)}")
    if s.kv_type_k.id not in FLOAT_CACHE_TYPES:
        words.append(f"--kv-bits {8 if s.kv_type_k.id.startswith('mlx-8') else 4}")
    return words


def also(placement: Placement, _repository: Repository | None) -> dict[str, list[str]]:
    """Other programs that run it.

    Args:
        placement: where everything goes

    Returns:
        Program -> words of its command.
    """
    return {"LM Studio": lm_studio(placement)}


RUNNER = Runner("mlx", place, command, also)
