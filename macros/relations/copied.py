"""What was copied from a page or printed by a library, beside what formulas give: checkpoints, and counts of classes."""

from __future__ import annotations

from collections.abc import Iterator

from macros.estimate.files.quantized import as_published
from macros.formulas.parameters import parameters
from macros.formulas.remember import by_identity
from macros.formulas.weights.file import weight_bytes
from macros.formulas.weights.packing import uniform_bytes
from macros.relations.figures import packing
from macros.relations.ratios import Relation, Rule, Slip
from macros.specs import Catalogue
from macros.specs.checkpoints import Checkpoint
from macros.specs.library_classes import LibraryClasses
from macros.specs.models import architecture_of

NEAR = (0.88, 1.25)
"""Of its computed bytes a file may have so many: another version of a format, a mix of its publisher's, prediction layers, headers."""
OWN_MIX = (0.6, 1.7)
"""The same of a mix whose preset is only the closest."""

MATRIX = 32
"""Scales and a shape, for all of a matrix [bytes]."""


@by_identity
def _plain_bytes(model: str, quant: str, catalogue: Catalogue) -> int:
    shapes = architecture_of(catalogue.models[model], catalogue.models)
    return weight_bytes(shapes, catalogue.quantizations[quant], catalogue.records["tensor-types"])


def _bytes(checkpoint: Checkpoint, catalogue: Catalogue) -> Iterator[Slip]:
    """Bytes as the format and the checkpoint's own rules give them, with the projector where it is in it."""
    model, quant = catalogue.models[checkpoint.model], as_published(catalogue.quantizations[checkpoint.quant], checkpoint)
    shapes = architecture_of(model, catalogue.models)
    own = (
        uniform_bytes(shapes, quant.per_weight)
        if quant.per_weight is not None
        else _plain_bytes(checkpoint.model, checkpoint.quant, catalogue)
    )
    towers = checkpoint.projector_bytes or (
        2 * model.projector.parameters if checkpoint.with_projector and model.projector is not None else 0
    )
    for index, rule in enumerate(checkpoint.rules):
        yield from packing(catalogue.quantizations[checkpoint.quant], rule, ("rules", index), published=True)
    if checkpoint.matrix_bytes is not None and checkpoint.matrix_bytes > MATRIX:
        yield Slip(("matrix_bytes",), f"at most {MATRIX} bytes beside a matrix", f"{checkpoint.matrix_bytes}")
    low, high = OWN_MIX if checkpoint.mix else NEAR
    if checkpoint.bytes is not None and not low <= checkpoint.bytes / (own + towers) <= high:
        yield Slip(("bytes",), f"about {own + towers:,} bytes of this model in this format", f"{checkpoint.bytes:,}")
    if (
        checkpoint.projector_bytes
        and model.projector is not None
        and not 0.4 <= checkpoint.projector_bytes / model.projector.parameters <= 4.5
    ):
        yield Slip(("projector_bytes",), f"0.4 to 4.5 bytes for each of {model.projector.parameters:,}", f"{checkpoint.projector_bytes:,}")
    if checkpoint.bytes is not None and checkpoint.bytes > 4.6 * parameters(shapes) + towers + 10**9:
        yield Slip(("bytes",), "at most 4.6 bytes a parameter", f"{checkpoint.bytes:,}")


CHECKPOINTS: tuple[Relation, ...] = (Rule(_bytes),)


MOST_CASES = 120
"""No class has more keys that count than that."""


def _cases(record: LibraryClasses, catalogue: Catalogue) -> Iterator[Slip]:
    """Cases of a class are as many as keys that are changed one by one."""
    for name, counts in record.classes.items():
        total = counts.equal + counts.refused + counts.wrong
        if total > MOST_CASES:
            yield Slip(("classes", name), f"at most {MOST_CASES} cases", f"{total}")


LIBRARY_CLASSES: tuple[Relation, ...] = (Rule(_cases),)
