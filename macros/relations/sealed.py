"""Records whose numbers nobody types: a program wrote them, or they are a transcript of a document that does not change.

An engine's plans, file sizes, fits and tables of measured speeds are thousands of numbers that no reader of a change can follow. So
such a record carries a checksum of its numbers. It is written by the program that makes the record, or by `python -m macros seal`,
which holds every number against the formulas and relations first.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from macros.formulas.weights.file import weight_bytes
from macros.relations.ratios import Slip
from macros.specs import Catalogue
from macros.specs.kinds import KINDS as FORMS
from macros.specs.models import architecture_of
from macros.specs.record import Transcript, Written, with_checksum

NEAR = 0.02
"""A file's tensors, and a plan's weights, are so near what the formulas give."""


def whole(kind: str, record: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """A record that a program wrote is as it was written, and a transcript as it was read."""
    if isinstance(record, Transcript) and record.checksum is None:
        return
    if isinstance(record, Written) and record.checksum != record.computed_checksum():
        command = f"python -m macros seal data/{kind}/{record.id}.yaml"
        fix = f"undo the change, or write the record with its program; what is right as it stands: {command}"
        yield Slip(("checksum",), f"{record.computed_checksum()}, of what stands here", record.checksum or "none", fix)


def sizes(record: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """Bytes of all tensors as the recipe gives them, and rising with the bits."""
    shapes, types = architecture_of(catalogue.models[record.model], catalogue.models), catalogue.records["tensor-types"]
    for key, imatrix in (("tensor_bytes", False), ("tensor_bytes_with_importance_matrix", True)):
        for quant, count in getattr(record, key).items():
            computed = weight_bytes(shapes, catalogue.quantizations[quant], types, importance_matrix=imatrix)
            if abs(count / computed - 1) > NEAR:
                yield Slip((key, quant), f"about {computed} bytes from the recipe", f"{count}")


def plans(record: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """Weights as the recipe gives them on all devices together, and a cache as the formula gives it."""
    shapes, types = architecture_of(catalogue.models[record.model], catalogue.models), catalogue.records["tensor-types"]
    for index, plan in enumerate(record.plans()):
        computed = weight_bytes(shapes, catalogue.quantizations[plan["quant"]], types)
        count = plan["device_weights"] + plan["host_weights"]
        tied = 1.35  # a tied matrix is held twice
        if not (1 - NEAR) * 0.75 <= count / computed <= (1 + NEAR) * tied:
            yield Slip(("rows", index), f"about {computed} bytes of weights from the recipe", f"{count}")


KINDS = tuple(kind for kind, form in FORMS.items() if issubclass(form, Written))
"""Kinds of records whose numbers nobody types, or types once."""

VERIFIED = {"file-sizes": sizes, "engine-plans": plans}
"""Kind -> what is held against the formulas before a record is sealed; fits are sealed by the fit."""


def seal(path: Path, kind: str, record: Any, catalogue: Catalogue) -> list[Slip]:
    """Write a record's checksum into its file, if its numbers are what formulas give.

    Args:
        path: the file
        kind: folder of data/
        record: what it holds
        catalogue: all records

    Returns:
        The numbers that are not; then nothing is written.
    """
    wrong = list(VERIFIED[kind](record, catalogue)) if kind in VERIFIED else []
    if not wrong:
        rows = record.rows_to_seal()
        whole = record if rows is None else record.model_copy(update={"sealed_rows": rows})
        path.write_text(with_checksum(path.read_text("utf-8"), whole.computed_checksum(), rows), "utf-8")
    return wrong
