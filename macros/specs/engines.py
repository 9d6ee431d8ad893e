"""Programs that run models: what they reserve beside weights, cache and compute buffer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar, Literal

from macros.specs.form import Field
from macros.specs.quantities import Count, Gibibytes, Mebibytes
from macros.specs.record import Id, Plain, Record, Strict, Text

Share = Annotated[float, Field(gt=0, le=1)]


class Context(Strict):
    """What a back end takes on a device before the first tensor."""

    base_mib: Mebibytes
    """On any device [MiB]."""
    per_compute_unit_mib: Mebibytes
    """More for each SM, compute unit or GPU core [MiB]."""
    hidden_mib: Mebibytes = 0
    """What the driver keeps of a card, so that the engine does not see it [MiB]."""
    spill_gb_per_s: float | None = None
    """On Windows: how fast a card then reads what it has no room for [GB/s]; by one published run. None: not known."""
    measured: bool
    """Whether somebody measured it on this back end; otherwise it is assumed equal to CUDA's."""
    sources: list[Id]
    """Where it was published."""


class Batches(Strict):
    """How much an engine computes at once on cards of one size."""

    from_gib: Gibibytes
    """Cards with so much memory and more [GiB]."""
    tokens: Count
    """Tokens of a pass."""
    sequences: Count
    """Conversations of a pass."""
    not_on: list[Plain] = Field(default_factory=list)
    """Words in the names of cards that count as smaller all the same."""


class PageRule(Strict):
    """Where a page has another number of tokens."""

    of: Literal["latent", "indexed", "wide-heads"]
    """Latent attention, sparse attention, or layers with heads of 512."""
    tokens: Count
    """Tokens of a page."""
    families: list[Id] = Field(default_factory=list)
    """Families of devices; none: all."""
    cache_types: list[Id] = Field(default_factory=list)
    """Types of the cache; none: all."""


class PackedRow(Strict):
    """What a token takes in a layer of sparse attention, values and scales together."""

    families: list[Id]
    """Families of devices whose kernel packs so."""
    cache_types: list[Id]
    """Types of the cache that it packs so."""
    bytes: Count
    """Of a token [bytes]."""


class Checkpoints(Strict):
    """Recurrent layers whose states are stored in the middle of a prompt."""

    kinds: list[Plain]
    """Kinds of recurrent layers."""
    families: list[Id] = Field(default_factory=list)
    """Families of devices; none: all."""
    step: Count = 1
    """What the tokens of a page are then a multiple of."""


class Pages(Strict):
    """The cache of an engine that gives it out in pages, and what stands in one."""

    tokens: Count
    """Tokens of a page."""
    rules: list[PageRule] = Field(default_factory=list)
    """Where it is another number; the first that holds decides."""
    indexed_families: list[Id]
    """Families of devices that have a kernel for sparse attention."""
    packed_rows: list[PackedRow] = Field(default_factory=list)
    """Where a token in a layer of sparse attention is packed in its own way; the first that holds decides."""
    indexer_scale_bytes: Count
    """Scale beside the 8-bit key of a scorer [bytes]."""
    latent_hybrid_step: Count
    """Beside recurrent layers, a page of latent attention is a multiple of so many tokens."""
    checkpoints: list[Checkpoints] = Field(default_factory=list)
    """With prefix caching: where a conversation keeps one state more."""
    wide_states: list[Plain]
    """Classes of models whose states are 32-bit by their configuration; those of others have the width of the model."""


class WideTensors(Strict):
    """Tensors that the engine holds in 32 bits whatever the format."""

    names: list[Plain]
    """Names of tensors."""
    classes: list[Plain] = Field(default_factory=list)
    """Classes of models; none: all."""


class Slices(Strict):
    """How an engine divides the tensors of a layer over cards."""

    vocabulary_step: Count
    """Rows of the embedding and of the output matrix are padded to a multiple of so many."""
    whole: list[Plain]
    """Tensors that every card holds in full; norms besides."""
    by_cache_heads: list[Plain]
    """Tensors that go by key-value heads, of which every card has at least one."""
    wide: list[WideTensors] = Field(default_factory=list)
    """What it holds in 32 bits."""
    undivided: list[Plain] = Field(default_factory=list)
    """Classes whose layers it does not slice."""


class KnownBuild(Strict):
    """A build whose buffers are known to the byte, or nearly, and what it does differently from others."""

    id: Plain
    """What its makers call it: a number or a commit."""
    built: date
    """Day of the source."""
    mixes_inputs: bool = False
    """Its graph has a third way in, for passes that mix tokens and vectors."""
    gathers_states: bool = False
    """It reads the states of all sequences at once, those that only move as well."""
    chooses_early: bool = False
    """It chooses the tokens whose logits are kept in the last layer, in classes that did so after the last norm as well."""
    reads_lazily: bool = False
    """It looks rows of tables that may stay on the drive up before anything else."""
    keeps_streams: bool = False
    """It keeps the residual streams of the last layer, where there are several, to the end of the pass."""
    caches_experts: bool = False
    """It can keep experts that lie in RAM on the card once they were used."""
    keeps_experts: bool = False
    """Its CUDA back end keeps what experts give until it is summed."""


class Engine(Record):
    """One engine at one version."""

    SOURCE_GROUPS: ClassVar[dict[str, tuple[str, ...]]] = {
        "builds": ("builds",),
        "reserves": ("margin_mib", "memory_utilization", "graphs_mib"),
        "batches": ("batches",),
        "pages": ("pages",),
        "host": ("host_exchange_us", "far_socket_share"),
        "layers": ("quicker_layers_since",),
        "chunk": ("chunk_tokens", "cache_step", "quantized_from", "fused_heads"),
    }
    UNSOURCED: ClassVar[tuple[str, ...]] = ("contexts",)
    """Each context names its own sources."""

    name: Plain
    """Its name."""
    build: Plain
    """The version that the numbers stand for."""
    builds: list[KnownBuild] = Field(default_factory=list)
    """Builds that a question may name, from old to new, where they differ."""
    gguf: bool
    """Whether it reads GGUF files; other engines read files of their own."""
    backends: dict[Plain, list[Id]]
    """Vendor of a family of devices -> back ends that run there, the usual one first."""
    lacks: list[Id] = Field(default_factory=list)
    """Families of these vendors' devices that it does not run on."""
    splits: Literal["layers", "slices", "none"]
    """How several devices share a model: whole layers each, a slice of every layer (tensor parallel), or not at all."""
    split_modes: list[Plain] = Field(default_factory=list)
    """Values of `split_mode` that can be asked: those that its back ends for cards still have."""
    not_sliced: list[Plain] = Field(default_factory=list)
    """Classes of models that it refuses to cut into a slice of each layer for every card, as files call them."""
    cache_types: Annotated[list[Id], Field(min_length=1)]
    """Types that the cache can have, the usual ones first."""
    usual_format: Id
    """What people run a model in there that was released in 16 bits."""
    makes: dict[Id, Plain] = Field(default_factory=dict)
    """Format -> name under which the engine makes it itself of 16-bit weights when it loads them."""
    settings: list[Id] = Field(default_factory=list)
    """Keys of a question that not every engine has, and this one has."""
    fitted: bool
    """Whether the constants of speed were fitted to measurements of it."""
    margin_mib: Mebibytes | None = None
    """What it leaves free on each device when it chooses by itself [MiB]."""
    memory_utilization: Share | None = None
    """Share of a device's memory that it claims."""
    graphs_mib: Mebibytes | None = None
    """What it takes off for recorded graphs before it sizes the cache [MiB]; the middle of published logs."""
    logit_bytes: Count | None = None
    """What it holds of one logit while it chooses tokens [bytes]."""
    layers_in_flight: Count | None = None
    """Layers whose intermediate results lie beside each other."""
    score_copies: Annotated[float, Field(gt=0, le=10)] | None = None
    """How often it holds attention scores that its fused kernel does not make."""
    quicker_layers_since: date | None = None
    """Day from which its builds start the kernels of a layer faster than those before."""
    dated_speed: bool = False
    """Whether the constants of its speed know of older builds that were slower."""
    scans_states: bool = False
    """Whether it goes through the states of Mamba token by token when it reads a prompt; others cut it into blocks of matrix products."""
    widening: list[Plain] = Field(default_factory=list)
    """Back ends that bring weights to 32 bits where a device has no fast 16-bit numbers."""
    host_exchange_us: Annotated[float, Field(gt=0, le=10_000)] | None = None
    """Time of each of the two ways between card and cores where a layer's experts lie in system memory [µs]: the card stops and sends, and
    its kernels are no longer started as one graph."""
    far_socket_share: Share | None = None
    """Speed of two sockets where all weights lie beside one of them, over that where both share them; absent: all the same."""
    latent_score_copies: Annotated[float, Field(gt=0, le=10)] | None = None
    """The same with latent attention, whose positions are scored apart."""
    batches: list[Batches] = Field(default_factory=list)
    """What it computes at once, from large cards to small."""
    slices: Slices | None = None
    """How it divides tensors over cards."""
    pages: Pages | None = None
    """How its cache is given out, where that is in pages."""
    lazy_prompts: bool = False
    """Whether a prompt computes what the cache needs and nothing else: layers that look into another's cache are left out."""
    chunk_tokens: Count | None = None
    """Tokens of a prompt that it reads at once."""
    most_sequences: Count | None = None
    """Conversations that one context holds at most; absent: as many as there is memory for."""
    cache_step: Count | None = None
    """Tokens by which its cache grows."""
    quantized_from: Count | None = None
    """Tokens from which on its cache is quantized, if that is asked."""
    fused_heads: list[Count] = Field(default_factory=list)
    """Sizes of heads for which it reads a prompt without holding all scores of attention."""
    contexts: dict[str, Context] = Field(default_factory=dict)
    """Back end -> what it takes on a device."""
    notes: Text | None = None
    """What a reader should know of it."""

    def cited(self) -> Iterator[str]:
        """Sources of the contexts."""
        for context in self.contexts.values():
            yield from context.sources


class Program(Strict):
    """A program that measurements name."""

    engine: Id
    """Id of the engine that it is inside, or is."""
    own_speed: bool = False
    """Whether it is faster or slower than that engine: then it has a factor of its own."""
    pass_tokens: Count = 512
    """Prompt tokens that it reads at a time unless told otherwise."""


class OtherEngine(Strict):
    """An engine or program that a question may name and that is no engine of the guide."""

    name: Plain
    """As its makers write it."""
    inside: Id | None = None
    """Id of the engine that it runs."""
    nearest: Id | None = None
    """Id of the engine that is most like it, where it runs none of them."""
    why: Plain
    """What is the same, or what differs."""
