"""The cache of an engine that gives it out in pages (vLLM): how many a conversation takes, and what each is worth.

All layers draw pages from one pool. Layers that keep the same are put in groups of equal size; a page of the pool holds one group's
tokens, so that a model with several kinds of layers pays with the pages of its largest group, padding layers included.
"""

from __future__ import annotations

from dataclasses import dataclass

PADDED_GROUPS = 1.5
"""Where the commonest kind of layer is less than so many times as frequent as the rarest, groups are as large as the commonest."""


@dataclass(frozen=True)
class PagedLayer:
    """What one layer keeps on one device."""

    kind: str
    """`full`: all tokens; `window`: the last ones; `chunk`: those of the same chunk; `state`: a state of constant size."""
    bytes: int
    """Of one token; of a state, all of it [bytes]."""
    size: int = 0
    """Tokens of the window or of the chunk; pages that a conversation's state takes."""
    block: int = 0
    """Tokens of a page, where the layer has its own; 0: as the others."""
    heads: int = 0
    """Heads that such a page is made of: layers with others share none."""


@dataclass(frozen=True)
class PageGroup:
    """Layers that share a list of pages."""

    kind: str
    """As of its layers."""
    layers: tuple[int, ...]
    """Places of the layers in the list."""
    block_tokens: int
    """Tokens of a page; of a state, meaningless."""
    size: int
    """As of its layers."""


@dataclass(frozen=True)
class PagePlan:
    """How the layers of a model share the pool."""

    groups: tuple[PageGroup, ...]
    """The groups."""
    page_bytes: tuple[int, ...]
    """What a page takes in each layer [bytes]."""
    block_tokens: int
    """Tokens of a page of the layers that see everything."""


def state_block_tokens(*, state_bytes: int, row_bytes: int, step: int) -> int:
    """Tokens of a page that is large enough for a state as well.

    Equation: tokens = step x ceil(state / (step x row))

    Args:
        state_bytes: the state of a recurrent layer [bytes]
        row_bytes: a token in an attention layer [bytes]
        step: what the number must be a multiple of [tokens]

    Returns:
        Tokens [tokens].

    Assumes: states are padded to the page of an attention layer.

    Source: vLLM 0.33.0, platforms/interface.py, _align_hybrid_block_size.

    >>> state_block_tokens(state_bytes=1097728, row_bytes=2048, step=16)
    544
    """
    return step * -(-state_bytes // (step * row_bytes))


def window_block_tokens(*, row_bytes: int, page_bytes: int, step: int) -> int:
    """Tokens of a page of a layer with a window: as many as a page of the other layers has room for, and at least one step.

    Equation: tokens = max(step, floor(page / row / step) x step)

    Args:
        row_bytes: a token in the layer [bytes]
        page_bytes: a page of the layers that see everything [bytes]
        step: what the number must be a multiple of [tokens]

    Returns:
        Tokens [tokens].

    Assumes: the attention kernel takes every multiple of the step.

    Source: vLLM 0.33.0, layers/attention/attention.py, _largest_kernel_block_within.

    >>> window_block_tokens(row_bytes=16384, page_bytes=131072, step=16)
    16
    """
    return max(step, page_bytes // row_bytes // step * step)


def passes_in_flight(*, pipeline_parallel: int) -> int:
    """Passes whose tokens are scheduled and not yet settled.

    Equation: passes = stages + 1

    Args:
        pipeline_parallel: stages of the pipeline [1]

    Returns:
        Passes [1].

    Assumes: scheduling is asynchronous, the default.

    Source: vLLM 0.33.0, config/vllm.py, max_concurrent_batches.

    >>> passes_in_flight(pipeline_parallel=1)
    2
    """
    return pipeline_parallel + 1


def group_layers(fewest: int, most: int) -> int:
    """Layers of a group.

    Equation: layers = most where most < 1.5 x fewest, fewest otherwise

    Args:
        fewest: layers of the rarest kind [layers]
        most: layers of the commonest kind [layers]

    Returns:
        Layers; groups that have fewer are padded [layers].

    Assumes: there are several kinds.

    Source: vLLM 0.33.0, v1/core/kv_cache_planning.py, _get_kv_cache_groups_uniform_page_size.

    >>> group_layers(10, 52)
    10
    >>> group_layers(12, 13)
    13
    """
    return most if most < fewest * PADDED_GROUPS else fewest


def group_blocks(*, kind: str, size: int, block_tokens: int, context: int, in_flight: int) -> int:
    """Pages that a conversation takes in one group.

    Equation: full: ceil(context / block); window: ceil(min(size - 1 + in_flight, context) / block) + 1;
    chunk: ceil(min(size + in_flight, context) / block); state: size

    Args:
        kind: what its layers keep
        size: tokens of the window or chunk; pages of a state [tokens]
        block_tokens: tokens of a page [tokens]
        context: tokens of the conversation [tokens]
        in_flight: tokens that are scheduled and not yet settled [tokens]

    Returns:
        Pages [1].

    Assumes: a window may begin in the middle of a page, hence the one more.

    Source: vLLM 0.33.0, v1/kv_cache_interface.py.

    >>> group_blocks(kind="window", size=1024, block_tokens=16, context=32768, in_flight=4096)
    321
    """
    if kind == "state":
        return size
    if kind == "window":
        return -(-min(size - 1 + in_flight, context) // block_tokens) + 1
    seen = min(size + in_flight, context) if kind == "chunk" else context
    return -(-seen // block_tokens)


def plan_pages(layers: list[PagedLayer], *, block_tokens: int, step: int) -> PagePlan:
    """Put the layers into groups and give each kind its page.

    Args:
        layers: what each layer keeps
        block_tokens: tokens of a page of the layers that see everything [tokens]
        step: what a page's tokens must be a multiple of [tokens]

    Returns:
        The plan.

    Assumes: pages of different kinds are made equal by more tokens a page, where that divides, and by padding otherwise.

    Source: vLLM 0.33.0, v1/core/kv_cache_planning.py, get_kv_cache_groups.
    """
    kinds = {layer.kind for layer in layers}
    if len(kinds) == 1 and len({layer.size for layer in layers}) == 1:
        # Whatever a token takes in each, all keep the same tokens: one group, whose page is the sum.
        group = PageGroup(layers[0].kind, tuple(range(len(layers))), block_tokens, layers[0].size)
        return PagePlan((group,), tuple(layer.bytes * (1 if layer.kind == "state" else block_tokens) for layer in layers), block_tokens)
    whole = max((layer.bytes for layer in layers if layer.kind != "window" and layer.kind != "state"), default=0)
    alike: dict[str, list[int]] = {}
    for place, layer in enumerate(layers):
        name = f"{layer.kind} {layer.bytes} {layer.size} {layer.block} {layer.heads}"
        alike[name] = [*alike.get(name, []), place]
    tokens = {}
    for name, places in alike.items():
        one = layers[places[0]]
        budget = (whole or one.bytes) * block_tokens
        tokens[name] = window_block_tokens(row_bytes=one.bytes, page_bytes=budget, step=step) if one.kind == "window" else block_tokens
        if one.block > 0:
            tokens[name] = one.block
    page = max(layers[places[0]].bytes * (1 if layers[places[0]].kind == "state" else tokens[name]) for name, places in alike.items())
    counts = [len(places) for places in alike.values()]
    largest = group_layers(min(counts), max(counts))
    groups = []
    for name, places in alike.items():
        one = layers[places[0]]
        own = page if one.kind == "state" else one.bytes * tokens[name]
        block = tokens[name] * (page // own) if page % own == 0 else tokens[name]
        parts = -(-len(places) // largest)
        for part in range(parts):
            groups.append(PageGroup(one.kind, tuple(place for index, place in enumerate(places) if index % parts == part), block, one.size))
    return PagePlan(
        tuple(groups), tuple(page for _ in layers), max((g.block_tokens for g in groups if g.kind == "full"), default=block_tokens)
    )


def pool_block_bytes(plan: PagePlan, held: list[int]) -> int:
    """Bytes of one page of the pool on a device: of its largest group.

    Args:
        plan: how layers share the pool
        held: places of the layers that the device holds

    Returns:
        Bytes [bytes].
    """
    return max(sum(plan.page_bytes[place] for place in group.layers if place in held) for group in plan.groups)


def request_blocks(plan: PagePlan, *, context: int, in_flight: int) -> int:
    """Pages that one conversation takes: the sum over the groups, each of which draws its own from the pool.

    Args:
        plan: how layers share the pool
        context: tokens of the conversation [tokens]
        in_flight: tokens that are scheduled and not yet settled [tokens]

    Returns:
        Pages [1].
    """
    return sum(
        group_blocks(kind=group.kind, size=group.size, block_tokens=group.block_tokens, context=context, in_flight=in_flight)
        for group in plan.groups
    )


def requests_that_fit(*, pool_bytes: int, block_bytes: int, blocks: int) -> int:
    """Conversations of that many pages that the pool has room for at once.

    Equation: conversations = floor((floor(pool / block) - 1) / blocks)

    Args:
        pool_bytes: what is left for the cache [bytes]
        block_bytes: a page of the pool [bytes]
        blocks: pages of a conversation [1]

    Returns:
        Conversations [1].

    Assumes: one page is never given out.

    Source: vLLM 0.33.0, v1/core/kv_cache_planning.py, get_kv_cache_configs.

    >>> requests_that_fit(pool_bytes=10 * 2**30, block_bytes=2**21, blocks=512)
    9
    """
    return max(pool_bytes // block_bytes - 1, 0) // blocks
