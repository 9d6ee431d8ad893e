"""What a model is made of: a composition of features. A new model is a new composition; a new feature is a new field here."""

from __future__ import annotations

from typing import Annotated, Literal

from macros.specs.classes import Traits
from macros.specs.form import Field, SkipJsonSchema, model_validator
from macros.specs.quantities import Count, Whole
from macros.specs.record import Strict

Layers = Annotated[int, Field(gt=0, le=1000)]
LayerIndex = Annotated[int, Field(ge=0, lt=1000)]


class LayerPattern(Strict):
    """Some of the layers: the last of every n, or a list of indices counted from 0."""

    every: Count | None = None
    """Layers n-1, 2n-1, 3n-1 …"""
    indices: list[LayerIndex] | None = None
    """Their indices, where there is no period."""

    @model_validator(mode="after")
    def _one(self) -> LayerPattern:
        if (self.every is None) == (self.indices is None):
            raise ValueError("expected either `every` or `indices`, got both or neither. Fix: keep one of them")
        return self

    def of(self, layers: int) -> list[int]:
        """Indices of the layers meant, of so many."""
        if self.indices is not None:
            return list(self.indices)
        assert self.every is not None
        return list(range(self.every - 1, layers, self.every))


class LatentAttention(Strict):
    """Multi-head latent attention: keys and values are rebuilt from one small vector a token, and only that is cached."""

    query_rank: Whole
    """Width of the compressed query; 0: the query is not compressed."""
    kv_rank: Count
    """Width of the compressed key and value."""
    nope_dim: Count
    """Part of a key without position, for each head."""
    rope_dim: Whole
    """Part of a key with position, shared by the heads; 0: none."""
    value_dim: Count
    """Size of a value, for each head."""
    rope_norm: bool = False
    """A norm on the part with position."""
    cached_whole: bool = False
    """Not the small vector is cached but the keys and values of every head (an older class)."""


class Window(Strict):
    """Layers that see only a part of the context; the others see all of it."""

    kind: Literal["sliding", "chunked"] = "sliding"
    """sliding: the last `size` tokens; chunked: the tokens of the same block of `size`."""
    size: Count
    """Tokens that such a layer sees."""
    full_layers: LayerPattern
    """The layers that see the whole context."""
    head_dim: Count | None = None
    """Size of a head in the windowed layers, where it differs from `attention.head_dim`."""
    kv_heads: Count | None = None
    """Key and value heads of the windowed layers, where they differ from `attention.kv_heads`."""
    heads: Count | None = None
    """Query heads of the windowed layers, where they differ from `attention.heads`."""
    latent: LatentAttention | None = None
    """Latent attention of the windowed layers, where its widths differ from `attention.latent`."""
    sinks: bool = False
    """Only the windowed layers have a learned logit for each head."""


class Distances(Strict):
    """Biases of attention by distance, in place of positions: the layer's input mixes a few learned curves, for each head."""

    size: Count
    """Curves."""
    extent: Count
    """Tokens back that have a bias; a windowed layer has one for each token that it sees."""
    scaled: bool = False
    """A learned scale on each value that mixes them."""


class ShortConvolutions(Strict):
    """Keys, values, and what attention and the feed-forward block give are each convolved over the last tokens."""

    kernel: Count
    """Tokens that are seen."""
    by_token: bool = False
    """Where a layer sees everything, its input adds to the weights of keys and values, for each head."""


class Messages(Strict):
    """What layers that run again get from the run before: queries, keys, values and feed-forward block a message each, through a gate."""

    rank: Count
    """Width between the matrices of a gate."""
    layers: list[LayerIndex]
    """The layers that hold gates: those that run again, at their first run."""


class Adapters(Strict):
    """Small pairs of matrices that each layer adds to matrices which it shares with others."""

    rank: Count
    """Width between the two of a pair."""
    attention: bool = False
    """Queries, keys and values have such pairs as well as the feed-forward block."""


class Indexer(Strict):
    """Sparse attention: a small scorer picks the tokens that are looked at; its keys are cached as well."""

    heads: Count
    """Heads of the scorer."""
    head_dim: Count
    """Size of one of its heads."""
    top_k: Count
    """Tokens that it picks."""
    block: Annotated[int, Field(gt=0, le=512)] | None = None
    """Tokens of a block, where it picks whole blocks; its queries and keys are then made of the layer's input, each with a norm."""
    pool: Count | None = None
    """Tokens whose keys become one, weighed by a gate and by their place, where latent attention picks among such."""
    cached: Count = 1
    """Keys that its cache has room for in each token."""
    layers: LayerPattern | None = None
    """The layers that score for themselves; the others take over the last choice. null: all."""


class CompressedAttention(Strict):
    """One key for all heads, which is its value too: the last tokens as they are, older ones several in one."""

    query_rank: Count
    """Width of the compressed query."""
    output_groups: Count
    """Groups of heads whose outputs are compressed together."""
    output_rank: Count
    """Width of the compressed output of a group."""
    rates: list[Annotated[int, Field(ge=0, le=512)]]
    """Tokens that become one, layer by layer; 0: the layer sees its window alone."""
    indexed_rate: Count
    """Layers with this rate pick among the compressed tokens; their compressor sees two blocks at a time."""


class Attention(Strict):
    """Softmax attention and what it keeps for each token."""

    heads: Count
    """Query heads."""
    kv_heads: Count
    """Key and value heads; fewer than `heads` is grouped-query attention."""
    heads_by_layer: list[Whole] | None = None
    """Query heads layer by layer, where they vary."""
    kv_heads_by_layer: list[Whole] | None = None
    """Key and value heads layer by layer, where they vary."""
    head_dim: Count
    """Size of a head (of the layers that see everything). A field of its own: not always hidden size / heads."""
    value_dim: Count | None = None
    """Size of a value, where it is not that of a key."""
    layers: LayerPattern | None = None
    """The layers that attend, in a hybrid or where some layers have no attention; null: all."""
    cross_layers: LayerPattern | None = None
    """Layers that look at pictures instead of the text: nothing of the text is cached in them, and two numbers gate what they add."""
    qkv_bias: bool = False
    """Biases on the query, key and value projections."""
    output_bias: bool = False
    """A bias on the output projection."""
    qk_norm_biases: bool = False
    """The norms of queries and keys shift as well as scale."""
    qk_norm: Literal["per-head", "whole", "constant"] | None = None
    """Norms on queries and keys: of a head's size, as wide as all heads, or without weights (the file then holds a constant)."""
    fused_qkv: bool = False
    """One matrix instead of three."""
    sub_norm: bool = False
    """A norm between the weighed values and the output projection."""
    output_gate: bool = False
    """The query projection is twice as wide: its other half gates the output."""
    gate: Literal["per-head", "per-value"] | None = None
    """A projection of its own gates the output: one number for a head, or one for each of its values."""
    gate_bias: bool = False
    """That gate has a bias for each head."""
    gate_value_bias: bool = False
    """That gate has a bias for each value."""
    input_size: Count | None = None
    """Width of what attention reads, where it is not the residual stream's alone: the embedded tokens stand beside that."""
    sinks: bool = False
    """A learned logit for each head that takes up attention."""
    sinks_by_token: bool = False
    """What takes up attention is made from the layer's input, for each head."""
    query_scale: bool = False
    """A learned scale on each value of the queries."""
    distances: Distances | None = None
    """Biases by distance."""
    own_inputs: bool = False
    """Where a layer sees everything, queries, keys and values have each a norm and a score of earlier blocks of their own.

    The first layer scores none.
    """
    rope_factors: Whole = 0
    """Stored position-scaling factors (32-bit values that are in the file but are not parameters)."""
    rope_factor_sets: Whole = 0
    """How many such lists there are."""
    value_is_key: bool = False
    """The layers that see everything have no value projection: they use the key's. Both are cached."""
    shared_cache_layers: Whole = 0
    """The last so many layers read the cache of an earlier layer and have none of their own."""
    shared_cache_projections: bool = False
    """Those layers have key and value projections in the file all the same."""
    softcap: bool = False
    """Attention scores are squashed before the softmax."""
    positions: Count = 1
    """Positions of a token: with pictures time, height, width and one more, for text as well."""
    no_position_layers: LayerPattern | None = None
    """The layers that attend without positions."""
    window: Window | None = None
    """Sliding-window or chunked layers."""
    latent: LatentAttention | None = None
    """Multi-head latent attention."""
    indexer: Indexer | None = None
    """Sparse attention."""
    compressed: CompressedAttention | None = None
    """Compressed attention."""

    @model_validator(mode="after")
    def _divides(self) -> Attention:
        if self.heads % self.kv_heads:
            raise ValueError(
                f"expected query heads that are a multiple of key-value heads, got {self.heads} and {self.kv_heads}. "
                "Fix: read both again in the model's configuration"
            )
        if bool(self.rope_factors) != bool(self.rope_factor_sets):
            raise ValueError("expected both `rope_factors` and `rope_factor_sets`, got one. Fix: write the other as well")
        return self


class FeedForward(Strict):
    """The dense feed-forward block."""

    size: Count
    """Its inner width."""
    sizes: list[Whole] | None = None
    """Its inner width layer by layer, where it varies; 0: the layer has no such block."""
    gated: bool = True
    """Three matrices (gate, up, down) instead of two."""
    fused_gate_up: bool = False
    """Gate and up are one matrix."""
    biases: bool = False
    """Its matrices have biases."""
    activation_values: Whole = 0
    """Learned numbers of the activation in each layer; the file keeps them beside the tensors."""
    sub_norm: bool = False
    """A norm before the last matrix."""
    size_in_shared_cache_layers: Count | None = None
    """Its width in the layers that share a cache, where that differs."""


class Experts(Strict):
    """A mixture of experts: a router sends each token to a few of many feed-forward blocks."""

    count: Count
    """Routed experts of a layer: all of them need memory."""
    used: Count
    """Routed experts that one token visits: only these are read for it."""
    size: Count
    """Inner width of one expert."""
    width: Count | None = None
    """Width at which routed experts work, where it is not the hidden size: the layer goes down to it and up again."""
    width_norm: bool = False
    """A norm at that width."""
    gated: bool = True
    """Three matrices an expert (gate, up, down) instead of two."""
    shared_size: Whole = 0
    """Inner width, taken together, of the experts that every token visits."""
    shared_biases: bool = False
    """What every token visits has biases: the shared expert, and the way down to the width of the others and up again."""
    shared_gate: bool = False
    """A gate weighs the shared expert."""
    own_norm: bool = False
    """Each mixture has a norm of its own, beside those of its layer."""
    leading_dense_layers: Whole = 0
    """The first layers that have a dense block instead."""
    every: Count = 1
    """Only the last of every n layers is a mixture."""
    layers: LayerPattern | None = None
    """The layers that are mixtures, where they are neither all after the first ones nor the last of every n."""
    selection_bias: bool = False
    """A bias for each expert that only steers the choice."""
    weights_normed: bool = True
    """Weights of the chosen experts are made to sum to one."""
    weights_scaled: bool = False
    """Weights of the chosen experts are multiplied by a number."""
    clamped_layers: LayerPattern | None = None
    """Layers whose routed experts cut their activations at a limit."""
    shared_clamped_layers: LayerPattern | None = None
    """Layers whose shared expert does."""
    groups: Count = 1
    """Groups that routed experts stand in: a token first picks groups, then experts in them."""
    groups_used: Count = 1
    """Groups that a token picks."""
    hash_layers: Whole = 0
    """The first so many layers look up in a table which experts a token visits."""
    biases: bool = False
    """Router and experts have biases."""
    shared_scored: Whole = 0
    """Shared experts that the router weighs as well."""
    half_router: bool = False
    """The file stores the router at 16 bits, not at 32."""
    beside_dense: bool = False
    """The dense block stays, beside the experts."""
    beside_norms: bool = True
    """The experts beside a dense block have norms and scales of their own."""
    picture_size: Whole = 0
    """Inner width of as many experts more, with a router of their own, which only tokens of pictures visit; 0: none."""
    output_norm: bool = False
    """A norm of what the routed experts give."""
    idle: Whole = 0
    """Experts without weights that the router knows besides: a token that visits one passes through."""
    fused_gate_up: bool = False
    """Gate and up of the experts are one tensor."""

    @model_validator(mode="after")
    def _fewer(self) -> Experts:
        if self.used > self.count:
            raise ValueError(
                f"expected at most {self.count} experts used, got {self.used}. Fix: read both again in the model's configuration"
            )
        if self.count % self.groups or self.groups_used > self.groups:
            raise ValueError(
                f"expected groups of equal size, and at most all of them used, got {self.groups} groups of {self.count} experts, "
                f"{self.groups_used} used. Fix: read them again in the model's configuration"
            )
        return self


class Recurrent(Strict):
    """Layers with a state of constant size instead of a cache that grows."""

    kind: Literal[
        "gated-delta-net", "gated-linear", "kimi-delta", "lightning", "mamba-1", "mamba-2", "rwkv-6", "rwkv-7", "short-convolution"
    ]
    """What the layer computes."""
    conv_kernel: Count
    """Tokens that its convolution sees."""
    inner_size: Whole = 0
    """Width inside the layer (all value heads)."""
    heads: Whole = 0
    """Value heads."""
    groups: Whole = 0
    """Key heads (groups that share keys)."""
    state_size: Whole = 0
    """Size of the state of a head: its rows."""
    rank: Whole = 0
    """Rank of the projection that sets the time steps (Mamba-1) or the decay (Kimi's delta attention; 0: not compressed)."""
    ranks: list[Count] = Field(default_factory=list)
    """Ranks of RWKV's small projections: 6: of the mix of tokens and the decay; 7: of decay, learning rate, values and, if any, gate."""
    full_gate: bool = False
    """The gate of a delta attention is one matrix, even where its decay is compressed."""
    norm: bool = True
    """A norm before the output projection."""
    conv_bias: bool = True
    """Mamba's convolution has biases."""
    shifts: Count = 2
    """Blocks of an RWKV layer that look at the token before: the mix of tokens, and the mix of channels where it has one."""
    input_bias: bool = False
    """The projection into the layer has biases; a short convolution itself has them too."""
    output_bias: bool = False
    """The projection out of the layer has a bias."""
    fused_beta_alpha: bool = False
    """The two small projections of a gated delta-net are one matrix."""
    beside_attention: bool = False
    """Recurrence and attention stand side by side in every layer, instead of taking turns."""


class PerLayerEmbeddings(Strict):
    """A second, large embedding table with a small vector for each layer; looked up, so it can stay in host memory."""

    size: Count
    """Width of one layer's vector."""
    rows: Count | None = None
    """Rows of its table, where they are not the vocabulary's."""


class RunEmbeddings(Strict):
    """A large table of vectors for runs of tokens, found by a hash: some layers add them to their residual streams."""

    layers: LayerPattern
    """The layers that do."""
    rows: Count
    """Rows of the table."""
    size: Count
    """Width of a row; together they are as wide as the residual stream."""
    longest: Count
    """Tokens of the longest run."""
    conv_kernel: Count
    """Tokens that their convolution sees, which lie as far apart as the longest run is long."""


class AlternatingUpdates(Strict):
    """Several parallel residual streams, one of which is computed (with a low-rank side path)."""

    streams: Count
    """How many."""
    low_rank: Count
    """Rank of the side path."""


class Architecture(Strict):
    """The shapes of a model. Text part only; vision and audio towers are files of their own."""

    engine_name: str = Field(pattern=r"^[a-z0-9._-]+$", max_length=40)
    """What llama.cpp calls this class (`general.architecture` in the file)."""
    layers: Layers
    """Layers, without prediction layers."""
    hidden_size: Count
    """Width of the residual stream."""
    vocabulary_size: Count
    """Rows of the embedding table."""
    extra_rows: Whole = 0
    """Rows of that table beyond the vocabulary, for what stands for pictures: the output matrix has none of them."""
    embedding_size: Count | None = None
    """Width of the embedding table where it is not the residual stream's: one matrix leads from it, another one back."""
    context_length: Count
    """Tokens that it was trained for."""
    tied_embeddings: bool
    """The output matrix is the embedding table."""
    norms: Literal["before", "after", "both", "shared", "none"] = "before"
    """Where the norms of a block stand: before it, after it, both (sandwich), one for attention and feed-forward side by side.

    none: norms without weights.
    """
    norm_after_feed_forward: bool = False
    """A norm after the feed-forward block besides; the one after attention has no weights."""
    norm_biases: bool = False
    """Norms shift as well as scale."""
    position_embeddings: bool = False
    """A table with a learned vector for each position of the context."""
    positions_beyond: Whole = 0
    """Rows of that table beyond the context."""
    embedding_norm: bool = False
    """A norm on the embedded tokens."""
    output_norm: bool = True
    """A norm before the output matrix."""
    output_bias: bool = False
    """The output matrix has a bias."""
    blocks: str | None = Field(default=None, pattern=r"^[M*E-]+$", max_length=1000)
    """One block a layer instead of attention and feed-forward: M recurrent, * attention, E experts, - dense feed-forward."""
    attention: Attention
    """Attention."""
    feed_forward: FeedForward | None = None
    """The dense block; null where every layer is a mixture."""
    experts: Experts | None = None
    """The mixture of experts."""
    recurrent: Recurrent | None = None
    """Recurrent layers."""
    per_layer_embeddings: PerLayerEmbeddings | None = None
    """Per-layer embeddings."""
    run_embeddings: RunEmbeddings | None = None
    """Embeddings of runs of tokens."""
    alternating_updates: AlternatingUpdates | None = None
    """Parallel residual streams."""
    hyper_connections: Whole = 0
    """Residual streams, mixed before and after each block by weights made of all of them; 0: one stream."""
    hyper_rank: Whole = 0
    """Rank of the matrices that make one of the streams before each block, after a norm of all of them; 0: not compressed."""
    hyper_head: bool = True
    """Weights make one of the streams at the end; otherwise it is their mean."""
    block_residuals: bool = False
    """Before attention and before the feed-forward block the sums of earlier blocks are weighed by a score of each."""
    hyper_mixing: bool = True
    """The streams are mixed with one another between blocks, and not only read and written by weights."""
    residual_gates: bool = False
    """What attention and the feed-forward block add is weighed against the residual stream, by a learned number for each channel."""
    hypersphere: bool = False
    """All vectors have the length one: learned scales stand where others have norms, also on the logits."""
    same_weights: list[LayerIndex] | None = None
    """Layer by layer the first layer with the same matrices, where layers run several times; null: each has its own."""
    same_cache: bool = False
    """Such layers share one cache as well."""
    adapters: Adapters | None = None
    """What each of such layers has of its own."""
    start_vector: bool = False
    """A learned vector that the recurrence over such layers begins with."""
    short_convolutions: ShortConvolutions | None = None
    """Short convolutions beside attention and feed-forward block."""
    messages: Messages | None = None
    """What layers that run again get from the run before."""
    output_scales: bool = False
    """A learned number multiplies what the dense block gives, and one what the router does."""
    layer_scale: bool = False
    """One learned factor for the output of each layer."""
    prediction_layers: Whole = 0
    """Multi-token prediction layers in the file; the engine does not load them by default."""
    prediction_embeddings: bool = False
    """They bring their own copies of the embedding table and the output matrix."""
    traits: SkipJsonSchema[Traits] = Field(default_factory=Traits)
    """What the engine does in its class besides; the record of the class says it."""

    @model_validator(mode="after")
    def _whole(self) -> Architecture:
        if self.feed_forward is None and self.experts is None and set(self.blocks or "-") != {"M"}:
            raise ValueError("expected `feed_forward` or `experts`, got neither. Fix: write the block that the model has")
        dense = self.experts is not None and (
            self.experts.leading_dense_layers > 0 or self.experts.every > 1 or self.experts.layers is not None
        )
        if dense and self.feed_forward is None:
            raise ValueError("expected `feed_forward` for the dense layers, got none. Fix: write its size")
        if self.norms == "shared" and not all(self.attends(layer) for layer in range(self.layers)):
            raise ValueError(
                "expected attention in all layers where one norm serves attention and feed-forward block, got layers without. "
                "Fix: read the norms of a layer again"
            )
        if self.blocks is not None and (len(self.blocks) != self.layers or self.attention.layers is not None):
            raise ValueError(
                f"expected one letter of `blocks` for each of the {self.layers} layers and no `attention.layers`, "
                f"got {len(self.blocks)} letters. Fix: copy the pattern of the model's configuration"
            )
        hybrid = self.recurrent is not None and not self.recurrent.beside_attention and self.blocks is None
        sizes = self.feed_forward.sizes if self.feed_forward is not None else None
        if hybrid != (self.attention.layers is not None) and sizes is None:
            raise ValueError(
                "expected `attention.layers` exactly where recurrent layers take turns with attention, "
                f"got {'none' if hybrid else 'some'}. Fix: {'list the layers that attend' if hybrid else 'remove it'}"
            )
        if sizes is not None and len(sizes) != self.layers:
            raise ValueError(
                f"expected one of `feed_forward.sizes` for each of the {self.layers} layers, got {len(sizes)}. "
                "Fix: write 0 for a layer without a feed-forward block"
            )
        indexer, compressed = self.attention.indexer, self.attention.compressed
        if indexer is not None and indexer.block is None and self.attention.latent is None and compressed is None:
            raise ValueError("expected `latent` beside `indexer`, got none. Fix: write the latent attention that it serves")
        if compressed is not None and (len(compressed.rates) != self.layers or self.attention.window is None or indexer is None):
            raise ValueError(
                f"expected a rate for each of the {self.layers} layers, a window and an indexer beside `compressed`, "
                f"got {len(compressed.rates)} rates. Fix: read them again in the model's configuration"
            )
        same = self.same_weights
        if same is not None and (len(same) != self.layers or any(first > at or same[first] != first for at, first in enumerate(same))):
            raise ValueError(
                f"expected for each of the {self.layers} layers in `same_weights` the first one with the same matrices, got others. "
                "Fix: count the layers again in the order in which they run"
            )
        again = [layer for layer in range(self.layers) if self.runs(layer) > 1]
        if self.messages is not None and self.messages.layers != again:
            raise ValueError(
                f"expected in `messages.layers` those that run again, {again}, got {self.messages.layers}. "
                "Fix: take them from `same_weights`"
            )
        if self.attention.shared_cache_layers >= self.layers:
            raise ValueError(
                f"expected fewer shared cache layers than the {self.layers} layers, got {self.attention.shared_cache_layers}. "
                "Fix: read both again in the model's configuration"
            )
        return self

    @property
    def model_class(self) -> str:
        """How well a speed can be foretold goes by it: recurrent (no attention), hybrid (both), else mixture (experts), else dense."""
        if self.recurrent is not None and not any(self.attends(layer) for layer in range(self.layers)):
            return "recurrent"
        return "hybrid" if self.recurrent is not None else "mixture" if self.experts is not None else "dense"

    @property
    def unusual_parts(self) -> list[str]:
        """Kinds of blocks and additions with kernels of their own: how fast they are is known only where they were measured."""
        named = {
            "latent": self.attention.latent is not None,
            "compressed": self.attention.compressed is not None,
            "indexer": self.attention.indexer is not None,
            "distances": self.attention.distances is not None,
            "per_layer_embeddings": self.per_layer_embeddings is not None,
            "run_embeddings": self.run_embeddings is not None,
            "alternating_updates": self.alternating_updates is not None,
            "hyper_connections": self.hyper_connections > 0,
            "block_residuals": self.block_residuals,
            "short_convolutions": self.short_convolutions is not None,
            "messages": self.messages is not None,
            "adapters": self.adapters is not None,
        }
        found = [name for name, has in named.items() if has]
        return found if self.recurrent is None else [*found, self.recurrent.kind]

    def attends(self, layer: int) -> bool:
        """Whether a layer has attention."""
        if self.blocks is not None and layer < self.layers:
            return self.blocks[layer] == "*"
        pattern = self.attention.layers
        return pattern is None or layer >= self.layers or layer in pattern.of(self.layers)

    def recurs(self, layer: int) -> bool:
        """Whether a layer is recurrent."""
        if self.recurrent is None or layer >= self.layers:
            return False
        if self.blocks is not None:
            return self.blocks[layer] == "M"
        return self.recurrent.beside_attention or not self.attends(layer)

    def scores(self, layer: int) -> bool:
        """Whether a layer has a scorer of its own that picks the tokens to look at."""
        indexer, compressed = self.attention.indexer, self.attention.compressed
        if compressed is not None and layer < self.layers:
            return compressed.rates[layer] == compressed.indexed_rate
        return indexer is not None and (indexer.layers is None or layer >= self.layers or layer in indexer.layers.of(self.layers))

    def sees_all(self, layer: int) -> bool:
        """Whether a layer's attention sees the whole context."""
        window = self.attention.window
        return window is None or layer >= self.layers or layer in window.full_layers.of(self.layers)

    def turns(self, layer: int) -> bool:
        """Whether queries and keys of a layer are turned by position."""
        pattern = self.attention.no_position_layers
        if self.traits.turns_with_layers not in (None, self.layers):
            return False
        if self.traits.turns_leading_layers and self.experts is not None and layer < self.experts.leading_dense_layers:
            return True
        return pattern is None or layer not in pattern.of(self.layers)

    def has_cache(self, layer: int) -> bool:
        """Whether a layer has keys and values of its own."""
        return (self.attends(layer) and not self.traits.keeps_no_cache) and (
            layer >= self.layers
            or (layer < self.layers - self.attention.shared_cache_layers and not (self.sees_pictures(layer) or self._cached_before(layer)))
        )

    def _cached_before(self, layer: int) -> bool:
        """Whether the cache of a layer is that of an earlier run."""
        return self.same_cache and self.first_run(layer) != layer

    def first_run(self, layer: int) -> int:
        """The first layer with the same matrices."""
        return layer if self.same_weights is None or layer >= self.layers else self.same_weights[layer]

    def runs(self, layer: int) -> int:
        """How often the matrices of a layer are used for a token; 0 where an earlier layer holds them."""
        if self.first_run(layer) != layer:
            return 0
        return 1 if self.same_weights is None else max(sum(1 for first in self.same_weights if first == layer), 1)

    def sees_pictures(self, layer: int) -> bool:
        """Whether a layer looks at pictures instead of the text."""
        pattern = self.attention.cross_layers
        return pattern is not None and layer in pattern.of(self.layers)

    def is_mixture(self, layer: int) -> bool:
        """Whether a layer has experts."""
        if self.blocks is not None and layer < self.layers:
            return self.blocks[layer] == "E"
        experts = self.experts
        if experts is not None and experts.layers is not None and layer < self.layers:
            return layer in experts.layers.of(self.layers)
        return experts is not None and layer >= experts.leading_dense_layers and (layer + 1) % experts.every == 0

    def clamps_routed(self, layer: int) -> bool:
        """Whether the routed experts of a layer cut their activations at a limit."""
        pattern = self.experts.clamped_layers if self.experts is not None else None
        return pattern is not None and layer in pattern.of(self.layers)

    def clamps_shared(self, layer: int) -> bool:
        """Whether the shared expert of a layer does."""
        pattern = self.experts.shared_clamped_layers if self.experts is not None else None
        return pattern is not None and layer in pattern.of(self.layers)

    def embeds_runs(self, layer: int) -> bool:
        """Whether a layer adds embeddings of runs of tokens."""
        return self.run_embeddings is not None and layer in self.run_embeddings.layers.of(self.layers)

    def has_dense(self, layer: int) -> bool:
        """Whether a layer has a dense feed-forward block."""
        if self.blocks is not None and layer < self.layers:
            return self.blocks[layer] == "-"
        if self.feed_forward is not None and self.feed_forward.sizes is not None:
            return self.feed_forward_size(layer) > 0
        return not self.is_mixture(layer) or (self.experts is not None and self.experts.beside_dense)

    def head_dim(self, layer: int) -> int:
        """Size of a head in a layer."""
        window = self.attention.window
        if window is not None and window.head_dim is not None and not self.sees_all(layer):
            return window.head_dim
        return self.attention.head_dim

    def latent_of(self, layer: int) -> LatentAttention | None:
        """Latent attention of a layer."""
        window = self.attention.window
        if window is not None and window.latent is not None and not self.sees_all(layer):
            return window.latent
        return self.attention.latent

    def kv_heads(self, layer: int) -> int:
        """Key and value heads of a layer."""
        listed = self.attention.kv_heads_by_layer
        if listed is not None and layer < len(listed):
            return listed[layer]
        window = self.attention.window
        if window is not None and window.kv_heads is not None and not self.sees_all(layer):
            return window.kv_heads
        return self.attention.kv_heads

    def heads(self, layer: int) -> int:
        """Query heads of a layer."""
        listed = self.attention.heads_by_layer
        if listed is not None and layer < len(listed):
            return listed[layer]
        window = self.attention.window
        if window is not None and window.heads is not None and not self.sees_all(layer):
            return window.heads
        return self.attention.heads

    def value_dim(self, layer: int) -> int:
        """Size of a value in a layer."""
        return self.head_dim(layer) if self.attention.value_dim is None else self.attention.value_dim

    def factor_layers(self) -> list[int]:
        """Layers that go with the stored position-scaling factors: those that see everything, if some of them turn; else all."""
        if self.attention.rope_factors == 0:
            return []
        whole = [layer for layer in range(self.layers) if self.sees_all(layer)]
        return whole if any(self.turns(layer) for layer in whole) else list(range(self.layers))

    def has_sinks(self, layer: int) -> bool:
        """Whether a layer has a learned logit for each head."""
        window = self.attention.window
        return self.attention.sinks or (window is not None and window.sinks and not self.sees_all(layer))

    def feed_forward_size(self, layer: int) -> int:
        """Inner width of the dense block of a layer."""
        block = self.feed_forward
        if block is None:
            return 0
        if block.sizes is not None and layer < self.layers:
            return block.sizes[layer]
        if block.size_in_shared_cache_layers is not None and layer >= self.layers - self.attention.shared_cache_layers:
            return block.size_in_shared_cache_layers
        return block.size
