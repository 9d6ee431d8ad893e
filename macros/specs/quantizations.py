"""How weights are stored: the types of tensors, and the recipes that choose a type for each tensor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from macros.specs.architectures import LayerPattern
from macros.specs.form import Field, model_validator
from macros.specs.quantities import Count, Whole
from macros.specs.record import Id, Plain, Record, Strict, Text

TypeId = Annotated[str, Field(pattern=r"^[a-z0-9_-]+$", max_length=12)]


class TensorType(Record):
    """A type of tensor: values are stored in blocks along a row."""

    SOURCE_GROUPS: ClassVar[dict[str, tuple[str, ...]]] = {"layout": ("number", "block", "block_bytes", "row_bytes")}

    name: Plain
    """Its name in the engine."""
    number: Annotated[int, Field(ge=0, le=511)] | None
    """Its number in a GGUF file; null: such files do not have it."""
    block: Count
    """Weights in a block."""
    block_bytes: Count
    """Bytes of a block."""
    row_bytes: Annotated[int, Field(ge=0, le=8)] = 0
    """Bytes of a row besides its blocks: a scale for all of it."""
    fallback: TypeId | None
    """What a row gets whose length is no multiple of the block."""
    read_by: list[Id]
    """Engines that read it."""


class Rule(Strict):
    """One line of a recipe: this type, if all its conditions hold. The first line that holds decides; none: the base type."""

    type: TypeId
    """The type chosen."""
    layers: Literal["first-2", "first-4", "first-eighth", "first-sixteenth", "more-bits", "middle"] | None = None
    """Only these layers: the first 2 or 4; the first n/8 or n/16; the outer eighths and every third between; all but the outer eighths."""
    query_heads_per_kv_head_at_least: Count | None = None
    """Only with so much sharing of keys and values."""
    experts_at_least: Count | None = None
    """Only with so many experts."""
    eight_experts: bool | None = None
    """Only (or only not) with exactly eight experts."""
    importance_matrix: bool | None = None
    """Only with (or only without) an importance matrix."""
    engine_name: Annotated[str, Field(pattern=r"^[a-z0-9-]+$", max_length=40)] | None = None
    """Only for this class of llama.cpp, which has rules of its own."""


class Recipe(Strict):
    """Which type each kind of tensor gets."""

    base: TypeId
    """The type of all that no rule names."""
    output: TypeId
    """The output matrix, or the embedding table that serves as one."""
    token_embedding: TypeId
    """The embedding table beside an output matrix of its own."""
    stacked: TypeId | None = None
    """Every three-dimensional tensor (stacked experts), whatever its kind."""
    value: list[Rule] = Field(default_factory=list)
    """Value projections (`attn_v`, and `attn_qkv` where they are fused)."""
    value_large: TypeId | None = None
    """Value projections of the 70B class, where they would have 3 or 4 bits."""
    value_eight_experts: TypeId | None = None
    """Value projections with exactly eight experts."""
    key: list[Rule] = Field(default_factory=list)
    """Key projections."""
    query: list[Rule] = Field(default_factory=list)
    """Query projections."""
    attention_output: list[Rule] = Field(default_factory=list)
    """Output projections of attention."""
    down: list[Rule] = Field(default_factory=list)
    """Down projections of feed-forward blocks and experts."""
    gate_up: list[Rule] = Field(default_factory=list)
    """Gate and up projections of feed-forward blocks and experts."""
    counts_down_tensors: bool = False
    """`down` counts tensors, not layers: a mixture with a shared expert advances by two in each layer."""
    needs_importance_matrix: bool = False
    """The tool refuses to make it without one."""


Part = Literal[
    "embedding", "output", "router", "selection_bias", "experts", "shared_experts", "latent_experts", "feed_forward", "attention",
    "recurrent", "indexer", "streams", "prediction", "query", "key", "value", "attention_output", "down", "gate_up",
]  # fmt: skip
"""What a tensor is part of, and which of its kind it is."""


class Packing(Strict):
    """How a matrix is stored: bits of a weight, and what goes with a group of weights, an input, an output, the matrix."""

    weight_bits: Annotated[float, Field(ge=0, le=32)]
    """Bits of a weight; 0: it is not stored."""
    word_weights: Count | None = None
    """Weights in a 32-bit word, where none is split over two words; null: one after the other [weights]."""
    group_size: Count | None = None
    """Weights along a row that share a scale; null: a row of the matrix."""
    group_rows: Count | None = None
    """Rows that share the scales of their groups, where scales stand for blocks; null: each row has its own."""
    scale_bits: Annotated[float, Field(ge=0, le=64)] = 0.0
    """Bits of the scale, and of what goes with it, for each group."""
    zero_point_bits: Annotated[float, Field(ge=0, le=32)] = 0.0
    """Bits of the zero point for each group."""
    input_index_bits: Annotated[int, Field(ge=0, le=64)] = 0
    """Bits for each input of a matrix (the order of its columns, or their signs)."""
    output_bits: Annotated[int, Field(ge=0, le=64)] = 0
    """Bits for each output of a matrix."""
    matrix_bytes: Annotated[int, Field(ge=0, le=4096)] = 0
    """Bytes for each matrix: tables, its shape, a scale for all of it."""


class PackingRule(Packing):
    """Some tensors that are stored otherwise; the first rule that holds decides."""

    parts: list[Part] = Field(default_factory=list)
    """What they are part of."""
    names: list[Annotated[str, Field(max_length=60)]] = Field(default_factory=list)
    """Or their names, in a checkpoint that lists its modules."""
    layers: LayerPattern | None = None
    """Only these layers; null: all."""
    more_bits: bool = False
    """Only the outer eighths of the layers and every third between."""
    classes: list[Annotated[str, Field(pattern=r"^[a-z0-9_.-]+$", max_length=40)]] | None = None
    """Only for these classes of models, by llama.cpp's names; null: for all."""


class PerWeight(Packing):
    """A format that stores linear layers alike and leaves the rest at 16 bits, but for what its rules name."""

    other_bits: Annotated[int, Field(ge=8, le=32)]
    """Bits of everything else: embeddings, output matrix, norms, router."""
    covers: list[Part] = Field(default_factory=list)
    """Parts that are stored like linear layers, though they are none."""
    whole_groups: bool = False
    """A matrix whose rows are no multiple of the group stays at `other_bits`."""
    splits_latent: bool = False
    """Keys and values of latent attention are expanded by a matrix for each head; otherwise by one matrix for all."""
    unties: bool = False
    """An output matrix that is tied to the embedding table is stored besides, as the format stores output matrices."""
    prediction_layers: bool = True
    """Prediction layers stay in the file; false: whoever writes the format leaves them out."""
    rules: list[PackingRule] = Field(default_factory=list)
    """What is stored otherwise."""


Kind = Literal[
    "gguf", "float", "mlx", "gptq", "awq", "fp8", "compressed-tensors", "mxfp4", "bitsandbytes", "openvino", "exl3", "ctranslate2"
]  # fmt: skip
"""Ways of writing weights."""


class Quality(Strict):
    """What a format costs in quality, as somebody measured it on one model."""

    model: Id
    """The model it was measured on."""
    reference: Plain
    """What it is compared with."""
    perplexity_increase: float | None = None
    """Perplexity above that of the reference, on the text named."""
    divergence: Annotated[float, Field(ge=0)] | None = None
    """Mean Kullback-Leibler divergence from the reference."""
    text: Plain
    """The text it was measured on."""
    sources: list[Id]
    """Where it was published."""


class StoredTensor(Strict):
    """Tensors of one file that have one shape and one type."""

    name: Annotated[str, Field(max_length=200)]
    """What they are, without the layer."""
    row: Count
    """Values of a row."""
    rows: Count = 1
    """Rows of a matrix."""
    stack: Count = 1
    """Matrices of a tensor."""
    type: Annotated[str, Field(max_length=40)]
    """Their type, or its number where it is unknown."""
    bytes: Whole
    """Bytes of each [bytes]."""
    layers: list[int]
    """Layers that have one; -1 before the layers, -2 after them."""


class OtherFormat(Strict):
    """A kind of file that a question may name and that is no format of the guide."""

    name: Plain
    """As its makers write it."""
    begins: Plain
    """How the names of such files begin, in small letters."""
    why: Plain
    """What it is, and what to ask instead."""


class Quantization(Record):
    """One format that a model can be downloaded or loaded in."""

    UNSOURCED: ClassVar[tuple[str, ...]] = ("quality",)
    """Each measurement names its own sources."""

    name: Plain
    """Its usual name."""
    name_zh: Plain | None = None
    """The name on Chinese pages, where it holds English words."""
    kind: Kind
    """How it is written: gguf is llama.cpp's; float is what a model is trained in."""
    read_by: list[Id]
    """Engines that read it."""
    recipe: Recipe | None = None
    """Which tensor gets which type in a GGUF file."""
    per_weight: PerWeight | None = None
    """What a weight takes in any other file; beside `recipe` for a format that other engines read from files of their own."""
    gguf: Id | None = None
    """Id of the GGUF preset that holds the same values as good as unchanged, for a format of few bits that models are published in."""
    quality: list[Quality] = Field(default_factory=list)
    """Published measurements of what it costs in quality."""
    notes: Text | None = None
    """What a reader should know of it."""

    @model_validator(mode="after")
    def _one(self) -> Quantization:
        stored = self.kind == "gguf" and len(self.stored) > 0
        if (self.kind == "gguf") != (self.recipe is not None or stored) or (self.kind != "gguf" and self.per_weight is None):
            raise ValueError(
                "expected `recipe` for gguf and `per_weight` for every other kind, got something else. "
                "Fix: write the one that its kind asks for"
            )
        return self

    @property
    def stored(self) -> Sequence[StoredTensor]:
        """The tensors as they are, where this stands for one file and not for a format."""
        return []

    def cited(self) -> Iterator[str]:
        """Sources of the quality measurements."""
        for quality in self.quality:
            yield from quality.sources


class FileQuantization(Quantization):
    """What one file is stored in, tensor by tensor."""

    tensors: list[StoredTensor]
    """All of its tensors."""

    @property
    def stored(self) -> Sequence[StoredTensor]:
        """Its tensors."""
        return self.tensors
