"""Models, and the families that share a tokenizer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

from macros.specs.architectures import Architecture
from macros.specs.classes import ArchitectureClass
from macros.specs.form import Field, model_validator
from macros.specs.quantities import Bytes, Count, Whole
from macros.specs.record import Id, Plain, Record, Strict, Text
from macros.specs.records import Records
from macros.specs.towers import Tower

Repository = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$", max_length=120)]


class Family(Record):
    """Models that share a tokenizer: what a GGUF file of theirs holds beside the tensors."""

    name: Plain
    """Name of the family."""
    also_called: list[Plain] = Field(default_factory=list)
    """Names that readers search by besides: the Chinese name, the publisher's."""
    tokenizer: Plain
    """The tokenizer's kind and size."""
    header_bytes: Bytes | None
    """Bytes of a GGUF file before the tensors: tokenizer and metadata; null: not known, and then estimated from the vocabulary."""


class Projector(Strict):
    """Vision and audio towers with their projector: a file of their own (mmproj), loaded beside the text model."""

    parameters: Count
    """Parameters of the towers and the projector together."""
    file_bytes: Bytes | None = None
    """Bytes of the published 16-bit file; null: not known, and then two bytes a parameter."""
    tower: Tower | None = None
    """Shapes of its picture tower; null: not known, or those of `same_as`."""
    same_as: Id | None = None
    """The model whose projector has a tower of the same shapes."""


class Beside(Strict):
    """What a published count holds beside the text model: published = text + projector + these."""

    prediction: Whole = 0
    """Prediction layers that the checkpoint brings and the architecture of this record leaves out."""
    stored: Whole = 0
    """Stored values that are no parameters of their own: rotary frequencies, scales of 8-bit weights, a tied matrix stored twice."""


class Score(Strict):
    """One published result of a test of quality."""

    test: Plain
    """Name of the test, with its version."""
    percent: Annotated[float, Field(ge=0, le=100)]
    """The result [%]."""
    setting: Text | None = None
    """How the model was run, where the source says it: with or without thinking, with tools, how many tries."""
    by: Literal["maker", "independent"]
    """Who ran the test: the maker of the model, or somebody else."""
    source: Id
    """Where it was published."""


class GgufFiles(Strict):
    """Where ready-made GGUF files of a model are."""

    repository: Repository
    """Repository on Hugging Face, the publisher's or of somebody who quantizes models."""
    quant: Id = "q4_k_m"
    """Id in data/quantizations of a format that it holds."""


class Model(Record):
    """One model, base or derived."""

    SOURCE_GROUPS: ClassVar[dict[str, tuple[str, ...]]] = {
        "parameters": ("published_parameters", "published_parameters_rounded_to", "published_beside", "projector"),
    }

    name: Plain
    """Its name as its publisher writes it."""
    publisher: Plain
    """Who made it."""
    family: Id
    """The family whose tokenizer it uses."""
    released: date | None
    """When its weights became public."""
    licence: Plain | None
    """Name of its licence."""
    based_on: Id | None = None
    """The model whose shapes it has, for a fine-tuned one; then it has no architecture of its own."""
    published_parameters: Count | None
    """Parameters as its publisher counts them."""
    published_parameters_rounded_to: Count | None = None
    """1: that count is exact; otherwise what it is rounded to."""
    published_beside: Beside | None = None
    """What that count holds beside text model and projector."""
    projector: Projector | None = None
    """Towers for pictures and sound, where it has them."""
    headline: bool = False
    """Whether the guide shows it first: what people run now, one or two of each size; `make check` says when the newest gets old."""
    native_quant: Id | None = None
    """Id in data/quantizations of the format that its publisher released it in, where that is no 16-bit one: nothing finer exists."""
    also_called: list[Plain] = Field(default_factory=list)
    """Names that readers search by besides."""
    scores: Annotated[list[Score], Field(max_length=3)] = Field(default_factory=list)
    """Published results of tests of quality, at most three."""
    draft: Id | None = None
    """A small model of the same vocabulary that can guess ahead for it (speculative decoding)."""
    hugging_face: Repository | None
    """Repository on Hugging Face."""
    modelscope: Repository | None = None
    """Repository on ModelScope."""
    gguf_files: GgufFiles | None = None
    """Ready-made GGUF files, where a public list names some."""
    architecture: Architecture | None = None
    """Its shapes."""
    notes: Text | None = None
    """What a reader should know of it."""

    def sourced_fields(self) -> set[str]:
        """Each score names its own source."""
        return {*super().sourced_fields(), "scores"}

    def cited(self) -> Iterator[str]:
        """The sources of the scores."""
        for score in self.scores:
            yield score.source

    @property
    def published_parameters_exact(self) -> bool:
        """Whether the published count is an exact integer."""
        return self.published_parameters_rounded_to == 1

    @property
    def counted_beside_text(self) -> int:
        """Values in the published count that are not the text model's."""
        beside = self.published_beside or Beside()
        return beside.prediction + beside.stored + (self.projector.parameters if self.projector else 0)

    @model_validator(mode="after")
    def _shapes(self) -> Model:
        if (self.architecture is None) == (self.based_on is None):
            raise ValueError("expected either `architecture` or `based_on`, got both or neither. Fix: keep one of them")
        if (self.published_parameters is None) != (self.published_parameters_rounded_to is None):
            raise ValueError(
                "expected `published_parameters_rounded_to` exactly where there is a count, got one of the two. "
                "Fix: write 1 for an exact count, 100000000 for a count like 8.0B"
            )
        if self.published_beside is not None and self.published_parameters is None:
            raise ValueError(
                "expected `published_parameters` beside `published_beside`, got none. Fix: write the count, or remove the other"
            )
        return self


def architecture_of(model: Model, models: dict[str, Model]) -> Architecture:
    """A model's shapes, its own or those of the model that it is based on."""
    seen = {model.id}
    while model.architecture is None:
        assert model.based_on is not None
        model = models[model.based_on]
        if model.id in seen:
            raise ValueError(f"expected a model with shapes of its own, got a circle at {model.id}. Fix: correct based_on")
        seen.add(model.id)
    return model.architecture


def tower_of(model: Model, models: Mapping[str, Model]) -> Tower | None:
    """The picture tower of a model's projector; None: it has none, or its shapes are not known."""
    projector = model.projector
    if projector is None or projector.same_as is None:
        return None if projector is None else projector.tower
    return tower_of(models[projector.same_as], models)


def predicts(model: Model) -> bool:
    """Whether its checkpoint brings layers that predict further tokens, which the usual files leave out."""
    return model.published_beside is not None and model.published_beside.prediction > 0


_WITH_TRAITS: dict[str, tuple[Model, ArchitectureClass, Model]] = {}


def with_traits(model: Model, classes: Mapping[str, ArchitectureClass]) -> Model:
    """A model whose shapes know what the engine does in their class; the same again where neither record changed."""
    if model.architecture is None or model.architecture.engine_name not in classes:
        return model
    record = classes[model.architecture.engine_name]
    before = _WITH_TRAITS.get(model.id)
    if before is None or before[0] is not model or before[1] is not record:
        made = model.model_copy(update={"architecture": model.architecture.model_copy(update={"traits": record.traits})})
        before = _WITH_TRAITS[model.id] = (model, record, made)
    return before[2]


_completed: dict[int, tuple[Records, Records, Records]] = {}


def complete(models: Records, classes: Records) -> Records:
    """Models that know what the engine does in their class; the same again for the same records, and each made when it is asked for."""
    before = _completed.get(id(models))
    if before is None or before[0] is not models or before[1] is not classes:
        made = Records({of: partial(_with_traits, models, classes, of) for of in models.ids()})
        before = _completed[id(models)] = (models, classes, made)
    return before[2]


def _with_traits(models: Records, classes: Records, of: str) -> Any:
    return with_traits(models[of], classes)
