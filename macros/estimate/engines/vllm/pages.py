"""The cache of vLLM in pages: what each layer keeps, how many pages a conversation takes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from macros.estimate.cache import state_values
from macros.estimate.drafts import drafted
from macros.estimate.engines.vllm.batches import batches_of
from macros.estimate.refused import Refused
from macros.estimate.setting import Setting
from macros.formulas.compute_graph.prediction import like_layer
from macros.formulas.kv_cache import row_bytes
from macros.formulas.paged_cache import (
    PagedLayer,
    PagePlan,
    passes_in_flight,
    plan_pages,
    pool_block_bytes,
    request_blocks,
    state_block_tokens,
)
from macros.specs.architectures import Architecture
from macros.specs.engines import Pages

HALF, SINGLE = 2, 4
"""Bytes of a value of the model, and of a 32-bit one."""

WIDE_HEAD = 512
"""Values of a head that needs a kernel of its own."""


@dataclass(frozen=True)
class Pool:
    """How the cache of a setting is given out."""

    plan: PagePlan
    layers: tuple[int, ...]
    """Layer of the model that each place of the plan belongs to."""
    blocks: int
    """Pages that one conversation takes."""
    in_flight: int
    """Tokens that are scheduled and not yet settled."""


def page_pool(setting: Setting, tensor: int, stages: int, beside: Setting | None = None) -> Pool:
    """The groups of layers, their pages, and how many pages a conversation takes.

    Args:
        setting: a checked question
        tensor: cards that slice each layer
        stages: stages of layers
        beside: what guesses ahead; None: nothing

    Returns:
        The pool.
    """
    a, pages = setting.architecture, setting.engine.pages
    assert pages is not None
    if a.attention.compressed is not None or (a.attention.indexer is not None and a.attention.indexer.block is not None):
        raise Refused("engine", "an engine whose cache of this attention the guide knows", setting.engine.id, "use llama.cpp")
    if a.attention.indexer is not None and setting.gpus and not _on(setting, pages.indexed_families):
        families = ", ".join(pages.indexed_families)
        raise Refused("gpus", f"cards with a kernel for sparse attention ({families})", setting.gpus[0].id, "use such a card")
    found: list[PagedLayer] = []
    places: list[int] = []
    for layer in range(a.layers):
        for one in _kept(setting, pages, layer, tensor):
            found.append(one)
            places.append(layer)
    if beside is not None:
        # One layer more that attends, or those of the draft model; they lie with the last layer.
        for layer in [like_layer(a)] if beside.mtp else range(beside.architecture.layers):
            for one in _kept(beside, pages, layer, tensor):
                found.append(one)
                places.append(a.layers - 1)
    tokens, step = _page_tokens(setting, pages, found)
    in_flight = passes_in_flight(pipeline_parallel=stages) * batches_of(setting).tokens
    plan = plan_pages(found, block_tokens=tokens, step=step)
    pool = Pool(plan, tuple(places), 0, in_flight)
    return replace(pool, blocks=blocks_of(pool, setting.context))


def blocks_of(pool: Pool, context: int) -> int:
    """Pages of a conversation of so many tokens."""
    return request_blocks(pool.plan, context=context, in_flight=pool.in_flight)


def _kept(setting: Setting, pages: Pages, layer: int, tensor: int) -> list[PagedLayer]:
    """What a layer keeps on one card."""
    a = setting.architecture
    found = []
    if a.recurs(layer):
        found.append(PagedLayer("state", state_bytes(setting, pages, tensor), _states(setting, pages)))
    if not a.has_cache(layer):
        return found
    latent, indexer = a.latent_of(layer), a.attention.indexer
    kind = setting.kv_type_k
    if latent is not None:
        own = row_bytes(values=latent.kv_rank + latent.rope_dim, block=kind.block, block_bytes=kind.block_bytes)
        if indexer is not None:
            packed = [one.bytes for one in pages.packed_rows if kind.id in one.cache_types and _on(setting, one.families)]
            own = packed[0] if packed else own
        near = a.attention.window
        if near is not None and not a.sees_all(layer):
            return [*found, PagedLayer("window", own, near.size)]
        found.append(PagedLayer("full", own))
        if indexer is not None and a.scores(layer):
            found.append(PagedLayer("full", indexer.head_dim + pages.indexer_scale_bytes))
        return found
    heads = max(a.kv_heads(layer) // tensor, 1)
    row = row_bytes(values=heads * (a.head_dim(layer) + a.value_dim(layer)), block=kind.block, block_bytes=kind.block_bytes)
    window = a.attention.window
    if window is None or a.sees_all(layer):
        found.append(PagedLayer("full", row))
    else:
        found.append(PagedLayer("chunk" if window.kind == "chunked" else "window", row, window.size))
    if a.short_convolutions is not None:
        found.append(_convolved(a, layer, heads, a.short_convolutions.kernel))
    return found


def _convolved(a: Architecture, layer: int, heads: int, kernel: int) -> PagedLayer:
    """What short convolutions see: a window of the kernel's tokens, packed by cached heads, each filled up to a power of two."""
    values, room = 2 * (a.head_dim(layer) + a.hidden_size // a.kv_heads(layer)), 1
    while room < values:
        room *= 2
    return PagedLayer("window", heads * room * HALF, kernel, kernel, heads)


def state_bytes(setting: Setting, pages: Pages, tensor: int) -> int:
    """The state of a recurrent layer on one card [bytes]."""
    a = setting.architecture
    r = a.recurrent
    kernel, convolved, values = state_values(a)
    if r is not None and r.groups % tensor and r.kind == "mamba-2":
        convolved += 2 * (tensor - r.groups % tensor) * r.state_size
    width = SINGLE if a.engine_name in pages.wide_states else HALF
    # What a convolution sees is kept for each guess as well.
    return ((kernel - 1 + drafted(setting)) * convolved * HALF + values * width) // tensor


def _on(setting: Setting, families: list[str]) -> bool:
    """Whether all cards are of these families; none named: any card."""
    return len(families) == 0 or (len(setting.gpus) > 0 and all(device.gpu.family in families for device in setting.gpus))


def _checkpoint_step(setting: Setting, pages: Pages) -> int | None:
    """What a page is a multiple of where states are stored in the middle of a prompt; None where they are not."""
    recurrent = setting.architecture.recurrent
    if recurrent is None or not setting.prefix_caching:
        return None
    for one in pages.checkpoints:
        if recurrent.kind in one.kinds and _on(setting, one.families):
            return one.step
    return None


def _states(setting: Setting, pages: Pages) -> int:
    """States that a conversation keeps of one recurrent layer: one, two with prefix caching, three with checkpoints, and one a guess."""
    return 1 + int(setting.prefix_caching) + int(_checkpoint_step(setting, pages) is not None) + drafted(setting)


def _attention_tokens(setting: Setting, pages: Pages) -> int:
    """Tokens of a page, as the kernel of the model's attention wants them."""
    attention = setting.architecture.attention
    holds = {
        "indexed": attention.indexer is not None,
        "latent": attention.latent is not None and attention.indexer is None,
        "wide-heads": attention.latent is None and attention.head_dim == WIDE_HEAD,
    }
    for rule in pages.rules:
        named = len(rule.cache_types) == 0 or setting.kv_type_k.id in rule.cache_types
        if holds[rule.of] and named and _on(setting, rule.families):
            return rule.tokens
    return pages.tokens


def _page_tokens(setting: Setting, pages: Pages, layers: list[PagedLayer]) -> tuple[int, int]:
    """Tokens of a page, and what they must be a multiple of."""
    tokens = _attention_tokens(setting, pages)
    states = [layer.bytes for layer in layers if layer.kind == "state"]
    rows = [layer.bytes for layer in layers if layer.kind == "full"]
    if not states or not rows:
        return tokens, tokens
    step = max(tokens, pages.latent_hybrid_step) if setting.architecture.attention.latent is not None else tokens
    step = max(step, _checkpoint_step(setting, pages) or 1)
    return max(tokens, state_block_tokens(state_bytes=max(states), row_bytes=max(rows), step=step)), tokens


def block_bytes(pool: Pool, layers: list[int]) -> int:
    """A page of the pool on a card that holds these layers [bytes]."""
    return pool_block_bytes(pool.plan, [place for place, layer in enumerate(pool.layers) if layer in layers])
