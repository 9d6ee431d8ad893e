"""How weights are stored: the types of tensors, and the recipes that choose a type for each tensor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from macros.specs.quantities import Count
from macros.specs.record import Id, Plain, Record, Strict, Text

TypeId = Annotated[str, Field(pattern=r"^[a-z0-9_]+$", max_length=12)]


class TensorType(Record):
    """A type of GGUF tensor: weights are stored in blocks along a row."""

    name: Plain
    """Its name in llama.cpp."""
    block: Count
    """Weights in a block."""
    block_bytes: Count
    """Bytes of a block."""
    fallback: TypeId | None
    """What a row gets whose length is no multiple of the block."""


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


class PerWeight(Strict):
    """A format that stores every linear layer alike and leaves the rest at 16 bits."""

    weight_bits: Annotated[float, Field(gt=0, le=32)]
    """Bits of a weight."""
    group_size: Count | None = None
    """Weights that share a scale; null: a row of the matrix."""
    scale_bits: Annotated[float, Field(ge=0, le=64)]
    """Bits of the scale, and of what goes with it, for each group."""
    zero_point_bits: Annotated[float, Field(ge=0, le=32)] = 0.0
    """Bits of the zero point for each group."""
    input_index_bits: Annotated[int, Field(ge=0, le=64)] = 0
    """Bits for each input of a matrix (the order of its columns)."""
    other_bits: Annotated[int, Field(ge=8, le=32)]
    """Bits of everything that is no linear layer: embeddings, output matrix, norms, router."""


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


class Quantization(Record):
    """One format that a model can be downloaded or loaded in."""

    UNSOURCED: ClassVar[tuple[str, ...]] = ("quality",)
    """Each measurement names its own sources."""

    name: Plain
    """Its usual name."""
    kind: Literal["gguf", "gptq", "awq", "fp8", "bitsandbytes", "float"]
    """Who reads it: gguf is llama.cpp's; the others are read by Transformers and vLLM."""
    recipe: Recipe | None = None
    """Which tensor gets which type (gguf)."""
    per_weight: PerWeight | None = None
    """What a weight takes (all others)."""
    quality: list[Quality] = Field(default_factory=list)
    """Published measurements of what it costs in quality."""
    notes: Text | None = None
    """What a reader should know of it."""

    @model_validator(mode="after")
    def _one(self) -> Quantization:
        if (self.kind == "gguf") != (self.recipe is not None) or (self.recipe is None) == (self.per_weight is None):
            raise ValueError(
                "expected `recipe` for gguf and `per_weight` for every other kind, got something else. "
                "Fix: write the one that its kind asks for"
            )
        return self

    def cited(self) -> Iterator[str]:
        """Sources of the quality measurements."""
        for quality in self.quality:
            yield from quality.sources
