"""vLLM: everything on the devices, a slice of every layer each (tensor parallel), or stages of layers (pipeline parallel)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from macros.estimate.cache import state_values
from macros.estimate.drafts import drafted, prediction_weights
from macros.estimate.engines.repository import repository_with
from macros.estimate.engines.runner import Runner
from macros.estimate.refused import Refused
from macros.estimate.setting import Device, Setting
from macros.estimate.shares import FILL, Placement, Share, empty_host, empty_shares
from macros.estimate.weights import ModelWeights, model_weights
from macros.formulas.activations import activation_bytes
from macros.formulas.kv_cache import row_bytes
from macros.formulas.paged_cache import (
    PagedLayer,
    PagePlan,
    passes_in_flight,
    plan_pages,
    pool_block_bytes,
    request_blocks,
    requests_that_fit,
    state_block_tokens,
)
from macros.formulas.units import MIB
from macros.specs import Catalogue
from macros.specs.architectures import Architecture
from macros.specs.engines import Batches, Pages
from macros.specs.models import architecture_of

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
            devices.append(_with_guesses(_filled(share, setting, weights, pool, layers, tensor), weights, beside, tensor, catalogue))
    host = empty_host(setting, catalogue)
    if not shares:
        filled_host = _filled(host, setting, weights, pool, list(range(a.layers)), 1)
        host = _with_guesses(filled_host, weights, beside, 1, catalogue)
    filled = _blocks(pool, max(int(setting.context * FILL), 1))
    return Placement(
        setting,
        weights,
        tuple(devices),
        host,
        a.layers + a.prediction_layers + 1 if devices else 0,
        users_that_fit=_users(setting, pool, devices, pool.blocks),
        users_at_fill=_users(setting, pool, devices, filled),
    )


def parallel(setting: Setting) -> tuple[int, int]:
    """Cards that slice each layer, and stages of layers.

    Args:
        setting: a checked question

    Returns:
        Both; their product is the number of cards.

    Raises:
        Refused: where they do not make up the cards, or the heads cannot be sliced so.
    """
    cards = max(len(setting.gpus), 1)
    tensor, stages = setting.tensor_parallel, setting.pipeline_parallel
    fitting = [count for count in range(1, cards + 1) if cards % count == 0 and _slices(setting.architecture, count)]
    if tensor is None:
        left = [count for count in fitting if stages is None or count * stages == cards]
        if not left:
            raise Refused("pipeline_parallel", f"stages that divide the {cards} cards", stages, f"use {cards // max(fitting)}")
        tensor = max(left)
    if not _slices(setting.architecture, tensor):
        attention = setting.architecture.attention
        expected = f"a number that divides the {attention.heads} query heads and fits the {attention.kv_heads} key-value heads"
        raise Refused("tensor_parallel", expected, tensor, f"use {max(fitting)}")
    if stages is None:
        stages = cards // tensor if cards % tensor == 0 else 0
    if tensor * stages != cards:
        raise Refused("tensor_parallel", f"slices times stages to be the {cards} cards of `gpus`", tensor, f"use {max(fitting)}")
    if stages > setting.architecture.layers:
        raise Refused("pipeline_parallel", f"at most the {setting.architecture.layers} layers", stages, "use fewer")
    return tensor, stages


def _slices(a: Architecture, count: int) -> bool:
    """Whether the heads of all layers can be sliced for so many cards."""
    for layer in range(a.layers):
        if a.attends(layer) and (a.heads(layer) % count or (a.attention.latent is None and not _alike(a.kv_heads(layer), count))):
            return False
    r = a.recurrent
    return r is None or r.heads % count == 0


def _alike(heads: int, count: int) -> bool:
    return heads % count == 0 or count % heads == 0


def stage_layers(layers: int, stages: int) -> list[list[int]]:
    """Layers of each stage: equal parts, and what is left over goes to the last but one, then to those before it.

    Args:
        layers: layers of the model [layers]
        stages: stages of the pipeline

    Returns:
        Layers of each stage.
    """
    counts = [layers // stages for _ in range(stages)]
    for left in range(layers % stages):
        counts[max(stages - 2 - left, 0)] += 1
    found: list[list[int]] = []
    first = 0
    for count in counts:
        found.append(list(range(first, first + count)))
        first += count
    return found


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
        last = max(layer for layer in range(a.layers) if a.attends(layer)) if beside.mtp else -1
        for layer in [last] if beside.mtp else range(beside.architecture.layers):
            for one in _kept(beside, pages, layer, tensor):
                found.append(one)
                places.append(a.layers - 1)
    tokens, step = _page_tokens(setting, pages, found)
    in_flight = passes_in_flight(pipeline_parallel=stages) * batches_of(setting).tokens
    plan = plan_pages(found, block_tokens=tokens, step=step)
    pool = Pool(plan, tuple(places), 0, in_flight)
    return replace(pool, blocks=_blocks(pool, setting.context))


def _blocks(pool: Pool, context: int) -> int:
    """Pages of a conversation of so many tokens."""
    return request_blocks(pool.plan, context=context, in_flight=pool.in_flight)


def _kept(setting: Setting, pages: Pages, layer: int, tensor: int) -> list[PagedLayer]:
    """What a layer keeps on one card."""
    a = setting.architecture
    found = []
    if a.recurs(layer):
        found.append(PagedLayer("state", _state_bytes(setting, pages, tensor), _states(setting, pages)))
    if not a.has_cache(layer):
        return found
    latent, indexer = a.attention.latent, a.attention.indexer
    kind = setting.kv_type_k
    if latent is not None:
        own = row_bytes(values=latent.kv_rank + latent.rope_dim, block=kind.block, block_bytes=kind.block_bytes)
        if indexer is not None:
            packed = [one.bytes for one in pages.packed_rows if kind.id in one.cache_types and _on(setting, one.families)]
            own = packed[0] if packed else own
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
    return found


def _state_bytes(setting: Setting, pages: Pages, tensor: int) -> int:
    """The state of a recurrent layer on one card [bytes]."""
    a = setting.architecture
    r = a.recurrent
    kernel, convolved, values = state_values(a)
    if r is not None and r.groups % tensor and r.kind == "mamba-2":
        convolved += 2 * (tensor - r.groups % tensor) * r.state_size
    width = SINGLE if a.engine_name in pages.wide_states else HALF
    return ((kernel - 1) * convolved * HALF + values * width) // tensor


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


def _filled(share: Share, setting: Setting, weights: ModelWeights, pool: Pool, layers: list[int], tensor: int) -> Share:
    """A card with its slice of some layers."""
    a, pages = setting.architecture, setting.engine.pages
    assert pages is not None
    last = layers[-1] == a.layers - 1
    held = sum(weights.layers[layer].bytes for layer in layers)
    if layers[0] == 0 or (last and a.tied_embeddings):
        held += weights.embedding.bytes
    if last:
        held += weights.output.bytes
    states = sum(1 for layer in layers if a.recurs(layer))
    return replace(
        share,
        layers=tuple(layers),
        has_output=last,
        counted=len(layers) + (1 + a.prediction_layers if last else 0),
        weights_bytes=-(-held // tensor),
        kv_cache_bytes=_block_bytes(pool, layers) * pool.blocks * setting.users,
        state_bytes=states * _state_bytes(setting, pages, tensor) if states else 0,
        compute_buffer_bytes=-(-_activations(setting) // tensor) + _graph_bytes(setting),
    )


def _block_bytes(pool: Pool, layers: list[int]) -> int:
    """A page of the pool on a card that holds these layers [bytes]."""
    return pool_block_bytes(pool.plan, [place for place, layer in enumerate(pool.layers) if layer in layers])


def _graph_bytes(setting: Setting) -> int:
    return int((setting.engine.graphs_mib or 0) * MIB) if setting.gpus else 0


def _activations(setting: Setting) -> int:
    """What one pass computes in [bytes]."""
    a = setting.architecture
    batches = batches_of(setting)
    inner = max(a.feed_forward_size(0), a.experts.used * a.experts.size if a.experts is not None else 0)
    return int(
        activation_bytes(
            tokens=batches.tokens,
            sequences=batches.sequences,
            hidden_size=a.hidden_size,
            feed_forward_size=inner,
            vocabulary_size=a.vocabulary_size,
        )
    )


def _users(setting: Setting, pool: Pool, devices: list[Share], blocks: int) -> int | None:
    """Conversations of so many pages that have room at once; None without devices."""
    found = None
    for share in devices:
        room = share.usable_bytes - share.margin_bytes - (share.memory_bytes - share.kv_cache_bytes)
        page = _block_bytes(pool, list(share.layers))
        if page == 0:
            continue  # its layers look into the cache of others
        count = requests_that_fit(pool_bytes=max(room, 0), block_bytes=page, blocks=blocks)
        found = count if found is None else min(found, count)
    return None if found is None else min(found, batches_of(setting).sequences)


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
    made = s.engine.makes.get(s.quant.id)
    words = [f"vllm serve {repository_with(s, repository)}", f"--max-model-len {s.context}"]
    if made is not None:
        words.append(f"--quantization {made}")
    words.append(f"--max-num-seqs {s.max_sequences if s.max_sequences is not None else s.users}")
    tensor, stages = parallel(s)
    if tensor > 1:
        words.append(f"--tensor-parallel-size {tensor}")
    if stages > 1:
        words.append(f"--pipeline-parallel-size {stages}")
    if s.max_batched_tokens is not None:
        words.append(f"--max-num-batched-tokens {s.max_batched_tokens}")
    if s.kv_type_k.id == "fp8":
        words.append("--kv-cache-dtype fp8")
    if s.mtp:
        words.append(f"""--speculative-config '{{"method": "mtp", "num_speculative_tokens": {drafted(s)}}}'""")
    if s.draft is not None:
        words.append(
            f"""--speculative-config '{{"method": "draft_model", "model": "<{s.draft} in {s.quant.name}>", "num_speculative_tokens": """
            f"{drafted(s)}}}'"
        )
    if not s.prefix_caching:
        words.append("--no-enable-prefix-caching")
    share = s.memory_utilization if s.memory_utilization is not None else s.engine.memory_utilization
    words.append(f"--gpu-memory-utilization {share}")
    return words


def also(_: Placement) -> dict[str, list[str]]:
    """No other program runs it.

    Returns:
        Nothing.
    """
    return {}


RUNNER = Runner("vllm", place, command, also)
