"""Classes of models: which configurations belong to one, how they are read, and what is the engine's own in it."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from macros.specs.files import FileClass
from macros.specs.form import Field
from macros.specs.quantities import Count
from macros.specs.record import Plain, Strict, Transcript

Reader = Literal[
    "arctic", "bailing", "bamba", "block-sparse", "chatglm", "compressed", "dbrx", "delta-and-latent", "delta-net", "dense", "falcon",
    "falcon-h1", "gemma-3n", "gemma-4", "granite-hybrid", "inkling", "inkling-2", "internlm", "jamba", "laguna", "latent", "latent-windows",
    "lfm2",
    "lfm2-mixture", "lightning", "llama-4", "longcat", "loops", "mamba", "mamba-2", "mimo-2", "mixture", "mpt", "nemotron-h", "old",
    "opt", "pictures-apart", "plamo", "pooled", "qwen-1", "qwen-4", "recurrent-gemma", "rwkv-6", "rwkv-7", "searched", "shared-blocks",
    "smallthinker", "step-3", "two-stacks",
]  # fmt: skip
"""Readers with logic, in macros/estimate/classes."""


class ConfigClass(Strict):
    """How a config.json that names itself by one `model_type` is read."""

    reader: Reader
    """What reads it; most classes share one and differ in the keys below."""
    keys: dict[str, list[Plain]] = Field(default_factory=dict)
    """The usual name of a key -> its names in this class."""
    defaults: dict[str, Any] = Field(default_factory=dict)
    """Values that a configuration leaves out, as the published class has them."""
    only: dict[str, list[Any]] = Field(default_factory=dict)
    """Keys with the values that the engine can run; any other is refused by name."""
    must_say: list[Plain] = Field(default_factory=list)
    """Keys that a configuration must have, as the class makes up what it leaves out."""
    flags: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Keys that are true or false -> the shapes that they bring when true."""
    shapes: dict[str, Any] = Field(default_factory=dict)
    """Shapes that every model of the class has."""
    windows: bool = False
    """The engine gives its windowed layers no more than their window."""
    positions_in_windows: bool = False
    """Where there are windowed layers, only they turn queries and keys by position."""
    heads_fill_width: bool = False
    """The output projection goes from the hidden size to the hidden size: heads together are as wide."""
    stores_rope_factors: bool = False
    """Factors that scale positions are stored in the file."""
    variants: dict[str, Plain] = Field(default_factory=dict)
    """What a configuration may turn out to be -> the class that the engine has for that."""
    unknown_to: list[Plain] = Field(default_factory=list)
    """Engines that have no class of their own for it."""
    keeps_prediction_layers: bool = False
    """The converter keeps prediction layers in the file."""
    ignored: list[Plain] = Field(default_factory=list)
    """Keys that name something of the shapes elsewhere and have no effect here."""
    architectures: list[Plain] = Field(default_factory=list)
    """Names of classes that its configurations carry and that are not made of its own."""


class Traits(Strict):
    """What the engine does in a class that its shapes do not tell: mostly in which order its graph computes what others do as well."""

    scales_embeddings: bool = False
    """Token embeddings are multiplied by a number, before anything else."""
    scales_embeddings_later: bool = False
    """The same, when the first layer asks for them."""
    scales_rows: bool = False
    """The number is one for each row where a pass may mix tokens and vectors."""
    reads_lazily: bool = False
    """Its table of per-layer embeddings may stay on the drive, in builds that read so."""
    norms_embeddings: bool = False
    """Token embeddings are normed without weights."""
    layer_norm_without_bias: bool = False
    """Norms are LayerNorm without biases, not RMSNorm."""
    rms_norm_with_bias: bool = False
    """Norms are RMSNorm with biases."""
    picture_layers: Count | None = None
    """The first so many layers add what they get of pictures: tokens come with room for that, text as well."""
    expands_norm: bool = False
    """The norm before attention is put into the pass before anything is computed from it."""
    norms_values: bool = False
    """Values are normed, without weights."""
    norms_each_head: bool = False
    """Norms of queries and keys have weights of their own for every head, and go over each head by itself."""
    centres_heads: bool = False
    """Norms of queries and keys are LayerNorm, where others are RMSNorm."""
    qk_norm_after_rope: bool = False
    """Queries and keys are normed without weights after RoPE."""
    rope_before_qk_norm: bool = False
    """RoPE comes before the norms of queries and keys."""
    turns_with_layers: Count | None = None
    """Queries and keys are turned by position only in a model of so many layers."""
    turns_leading_layers: bool = False
    """In leading layers without experts queries and keys are turned by position, even where others that see everything are not."""
    scales_queries_without_rope: bool = False
    """Queries of layers without RoPE are multiplied by a number for each position."""
    parallel_blocks: bool = False
    """Attention and feed-forward block stand side by side, even where each has a norm of its own."""
    stream_first_before_block: bool = False
    """Attention is added to the residual stream, and not the stream to it."""
    stream_first_after_block: bool = False
    """The feed-forward block is added to the residual stream, and not the stream to it."""
    scales_before_logits: bool = False
    """The last hidden states are multiplied by a number before the logits."""
    embeds_without_logits: bool = False
    """For embeddings it computes no logits, in builds too that do so for others."""
    chooses_after_post_norm: bool = False
    """Those whose logits are kept are chosen after the norm that follows attention, not before it."""
    chooses_before_norm: bool = False
    """All tokens go through the last layer, and those whose logits are kept are chosen before the last norm."""
    chooses_late: bool = False
    """Builds that choose in the last layer, where others chose after the last norm, do so here before that norm instead."""
    chooses_early: bool = False
    """Builds that choose in the last layer, where others chose after the last norm, do so here as well."""
    chooses_after_norm: bool = False
    """All tokens go through the last layer and the last norm, before those whose logits are kept are chosen."""
    predicts_chosen: bool = False
    """A prediction layer goes on after its attention with the tokens whose logits are kept, not after its last norm."""
    keeps_weights: bool = False
    """Weights of the chosen experts are not made to sum to one."""
    divides_gates: bool = False
    """The gate of the shared expert is made from what it was before its activation, too."""
    weighs_before_experts: bool = False
    """Routed experts get what they work on weighed, instead of weighing what they give."""
    routes_by_softmax_at_last: bool = False
    """Weights of experts are made from the scores of the chosen ones alone."""
    sparse_layers: Count | None = None
    """So many first layers keep only the strongest activations of the feed-forward block."""
    norms_feed_forward: bool = False
    """Where they stand side by side, the feed-forward block has a norm of its own, of the same input."""
    sums_blocks_first: bool = False
    """Attention and feed-forward block are summed before the residual stream is added."""
    sums_attention_first: bool = False
    """In that sum attention stands first."""
    never_mixes: bool = False
    """A pass never mixes tokens and vectors, in builds too that may."""
    masks_logits: Count | None = None
    """Logits of so many tokens, which stand for pictures, are overwritten in a copy of all."""
    never_chooses: bool = False
    """All tokens go through the last layer, and logits are made for all of them, whichever are kept."""
    routes_before_attention: bool = False
    """The router sees what the layer gets, before its norm and its attention."""
    feeds_attention_alone: bool = False
    """Where norms stand after blocks, the feed-forward block works on what attention gives, without the residual stream."""
    adds_embeddings: bool = False
    """What a layer adds at its end is the embedded tokens, scaled by a number of its own."""
    plain_attention: bool = False
    """It never computes with flash attention, even where that is asked for."""
    brings_tied_table: bool = False
    """A tied table is not held a second time as output matrix: it is brought from the host for the logits."""
    holds_tied_twice: bool = False
    """A tied table is held a second time as output matrix, even in host memory."""
    keeps_no_cache: bool = False
    """Text is written all at once, by passes over all of it: nothing is kept between them."""
    keeps_guessed_states: bool = False
    """A state is kept for each guess of a prediction layer, so that those not taken can be undone."""
    large_at_80_layers: bool = False
    """With 80 layers and grouped heads it counts as a large model, whose values get more bits."""
    careful_output: bool = False
    """The output matrix has 8 bits in every preset."""
    kept_at_16: list[Plain] = Field(default_factory=list)
    """Matrices that every preset leaves at 16 bits."""
    kept_at_32: list[Plain] = Field(default_factory=list)
    """Matrices that every file holds at 32 bits."""


class ArchitectureClass(Transcript):
    """One class of models, under the name that llama.cpp gives it."""

    SOURCE_GROUPS: ClassVar[dict[str, tuple[str, ...]]] = {"configurations": ("classes",), "engine": ("traits",), "files": ("file",)}

    name: Plain
    """What it is called."""
    classes: dict[str, ConfigClass] = Field(default_factory=dict)
    """`model_type` of a config.json -> how that is read."""
    compared: bool = True
    """Its pass was compared with the engine's, room by room; otherwise buffers are those of the nearest form."""
    file: FileClass = Field(default_factory=FileClass)
    """What the engine knows of it that its GGUF files do not say."""
    traits: Traits = Field(default_factory=Traits)
    """What the engine does in this class that its shapes do not tell."""


class Composite(Strict):
    """A model that sees or hears, around a text model that its configuration keeps in a part of its own."""

    part: Plain = "text_config"
    """The key that holds the text model."""
    text: Plain | None = None
    """`model_type` of the text model where the part does not say it."""
    tie_word_embeddings: bool | None = None
    """Whether its output matrix is the embedding table where the configuration does not say it; null: as the text model's class."""
    tied_by_either: bool = False
    """Its class takes over what the text part says, where that is true and the outside is not."""
    engines: list[Plain]
    """Engines that run it."""


class UnreadClass(Strict):
    """A class that configurations name themselves by and the guide does not read: what it is, or what its layers have besides."""

    is_a: Literal["encoder", "encoder-decoder", "speech"] | None = None
    """What models of the class are, where they do not write token by token, layer by layer."""
    has: Plain | None = None
    """What stands in the way: a part that the guide does not know."""
    run_by: list[Plain] = Field(default_factory=list)
    """Engines of the guide that run it nevertheless."""


class Unlisted(Strict):
    """A thing that is asked for by name and that the guide leaves out."""

    name: Plain
    """Its name as people write it."""
    kind: Literal["model", "processor"]
    """What it is."""
    why: Literal["no-count", "other-count", "no-shapes", "no-figures", "no-engine", "unknown-part"]
    """What stands in the way."""
    run_by: list[Plain] = Field(default_factory=list)
    """Engines of the guide that run it."""
