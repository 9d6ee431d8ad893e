"""Where a model goes in vLLM, and how many conversations have room beside it."""

from __future__ import annotations

from dataclasses import replace

from macros.estimate.drafts import drafted, prediction_weights
from macros.estimate.engines.vllm.batches import batches_of
from macros.estimate.engines.vllm.pages import SINGLE, Pool, block_bytes, blocks_of, page_pool, state_bytes
from macros.estimate.engines.vllm.parallel import parallel, stage_layers
from macros.estimate.engines.vllm.slices import held_bytes
from macros.estimate.refused import Refused
from macros.estimate.setting import Setting
from macros.estimate.shares import FILL, Placement, Share, empty_host, empty_shares
from macros.estimate.weights import ModelWeights, model_weights
from macros.formulas.activations import activation_bytes, inner_values
from macros.formulas.companions import projector_bytes
from macros.formulas.paged_cache import requests_that_fit
from macros.formulas.units import MIB
from macros.specs import Catalogue
from macros.specs.models import architecture_of

WIDE, WIDE_SLICED = 3, 5
"""Tensors as wide as the model in a layer; slices of several cards are added up in two more (the peaks in vLLM's issues 10517, 15815)."""


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
    tensor, stages = parallel(setting)
    sequences = batches_of(setting).sequences
    if setting.users > sequences:
        expected = f"at most the {sequences} conversations of a pass"
        raise Refused("users", expected, setting.users, f"use at most {sequences}, or a larger `max_sequences`")
    beside = _beside(setting, catalogue)
    pool = page_pool(setting, tensor, stages, beside)
    shares = empty_shares(setting, catalogue)
    devices = []
    for index, layers in enumerate(stage_layers(a.layers, stages)):
        for share in shares[index * tensor : (index + 1) * tensor]:
            one = _filled(share, setting, weights, pool, layers, tensor)
            devices.append(_with_towers(_with_guesses(one, weights, beside, tensor, catalogue), setting, tensor, catalogue))
    host = empty_host(setting, catalogue)
    if not shares:
        filled_host = _filled(host, setting, weights, pool, list(range(a.layers)), 1)
        host = _with_towers(_with_guesses(filled_host, weights, beside, 1, catalogue), setting, 1, catalogue)
    filled = blocks_of(pool, max(int(setting.context * FILL), 1))
    return Placement(
        setting,
        weights,
        tuple(devices),
        host,
        a.layers + a.prediction_layers + 1 if devices else 0,
        users_that_fit=_users(setting, pool, devices, pool.blocks),
        users_at_fill=_users(setting, pool, devices, filled),
    )


def _beside(setting: Setting, catalogue: Catalogue) -> Setting | None:
    """The question for what guesses ahead, with the shapes of that: a draft model, or the model whose prediction layer guesses; or None."""
    if setting.draft is not None:
        return replace(setting, model=setting.draft, architecture=architecture_of(catalogue.models[setting.draft], catalogue.models))
    return setting if setting.mtp else None


def _with_guesses(share: Share, weights: ModelWeights, beside: Setting | None, tensor: int, catalogue: Catalogue) -> Share:
    """A card with the weights of what guesses ahead, which lie with the last layers; its cache is in the pages."""
    if beside is None or not share.has_output:
        return share
    if beside.mtp:
        held = prediction_weights(beside.architecture, weights)
    else:
        held = model_weights(beside.architecture, beside.quant, catalogue.tensor_types, imatrix=False, gguf=False).bytes
    return replace(share, companion_bytes=-(-held // tensor))


def _with_towers(share: Share, setting: Setting, tensor: int, catalogue: Catalogue) -> Share:
    """A card with its slice of the towers for pictures and sound, which lie with the first layers, in 16 bits."""
    projector = catalogue.models[setting.model].projector if setting.mmproj and setting.model is not None else None
    if projector is None or 0 not in share.layers:
        return share
    held = projector_bytes(parameters=projector.parameters, file_bytes=None)
    return replace(share, companion_bytes=share.companion_bytes + -(-held // tensor))


def _filled(share: Share, setting: Setting, weights: ModelWeights, pool: Pool, layers: list[int], tensor: int) -> Share:
    """A card with its slice of some layers."""
    a, pages = setting.architecture, setting.engine.pages
    assert pages is not None
    last = layers[-1] == a.layers - 1
    states = sum(1 for layer in layers if a.recurs(layer))
    return replace(
        share,
        layers=tuple(layers),
        has_output=last,
        counted=len(layers) + (1 + a.prediction_layers if last else 0),
        weights_bytes=held_bytes(setting, weights, layers, tensor),
        kv_cache_bytes=block_bytes(pool, layers) * pool.blocks * setting.users,
        state_bytes=states * state_bytes(setting, pages, tensor) if states else 0,
        compute_buffer_bytes=_activations(setting, tensor) + _graph_bytes(setting),
    )


def _graph_bytes(setting: Setting) -> int:
    return int((setting.engine.graphs_mib or 0) * MIB) if setting.gpus else 0


def _activations(setting: Setting, tensor: int) -> int:
    """What one pass computes in on each card [bytes]."""
    a = setting.architecture
    batches = batches_of(setting)
    return int(
        activation_bytes(
            tokens=batches.tokens,
            # Guesses are checked together: so many logits more for each conversation.
            sequences=min(batches.sequences * (1 + drafted(setting)), batches.tokens),
            hidden_size=a.hidden_size,
            inner_size=inner_values(
                dense_size=a.feed_forward_size(0),
                experts_used=0 if a.experts is None else a.experts.used,
                expert_size=0 if a.experts is None else a.experts.size,
                hidden_size=a.hidden_size,
                cards=tensor,
            ),
            vocabulary_size=a.vocabulary_size,
            logit_bytes=setting.engine.logit_bytes or SINGLE,
            wide=WIDE if tensor == 1 else WIDE_SLICED,
        )
    )


def _users(setting: Setting, pool: Pool, devices: list[Share], blocks: int) -> int | None:
    """Conversations of so many pages that have room at once; None without devices."""
    found = None
    for share in devices:
        room = share.usable_bytes - share.margin_bytes - (share.memory_bytes - share.kv_cache_bytes)
        page = block_bytes(pool, list(share.layers))
        if page == 0:
            continue  # its layers look into the cache of others
        count = requests_that_fit(pool_bytes=max(room, 0), block_bytes=page, blocks=blocks)
        found = count if found is None else min(found, count)
    return None if found is None else min(found, batches_of(setting).sequences)
