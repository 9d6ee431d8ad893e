"""Checkpoints as their publishers ship them: which format, what stays at 16 bits, and the bytes where a public page states them."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from macros.specs.form import Field
from macros.specs.models import Repository
from macros.specs.quantities import Bytes, Whole
from macros.specs.quantizations import PackingRule
from macros.specs.record import Id, Plain, Text, Transcript


class Checkpoint(Transcript):
    """One repository of quantized weights."""

    SOURCE_GROUPS: ClassVar[dict[str, tuple[str, ...]]] = {"bytes": ("bytes", "matrix_bytes", "projector_bytes", "rules")}

    model: Id
    """Id in data/models."""
    repository: Repository
    """Repository on Hugging Face."""
    quant: Id
    """Its format, an id in data/quantizations."""
    file: Plain | None = None
    """The file in it that is meant, where it holds several."""
    mix: bool = False
    """A mix of types of its publisher's own, of which only the size is known: `quant` names the preset that it is closest to."""
    imatrix: bool = False
    """Its preset was made with an importance matrix."""
    rules: list[PackingRule] = Field(default_factory=list)
    """What it stores otherwise than the format says."""
    matrix_bytes: Whole | None = None
    """Bytes beside each matrix, where they are not those of the format."""
    bytes: Bytes | None = None
    """Bytes of its tensors, or of its files [bytes]."""
    of_files: bool = False
    """The bytes are those of the files, headers among them."""
    with_projector: bool = False
    """The model's projector is in it, at 16 bits."""
    projector_bytes: Whole | None = None
    """Bytes of the projector in it, where they are not two for each of the model's count."""
    with_prediction: bool = False
    """The model's prediction layers are in it, and the bytes hold them too."""
    seen: date
    """Day on which the bytes were read."""
    notes: Text | None = None
    """What a reader should know of it."""
