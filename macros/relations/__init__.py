"""What cannot be true of a record: its figures held against one another, and against those of records that are alike.

A slip of the keyboard (a digit too many, GB for GiB, two digits swapped, a copied name) has the right form and type; what it breaks
is a relation. A relation that a true record breaks is set aside in that record, `exceptions:`, with a reason and a last day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any

from macros.relations import copied, devices, figures, measured, models, names, sealed, shapes
from macros.relations.ratios import AGAIN, Ratio, Relation, Slip
from macros.specs import Catalogue, SpecError
from macros.specs.catalogue import computed
from macros.specs.errors import nearest
from macros.specs.kinds import KINDS

RELATIONS: dict[str, tuple[Relation, ...]] = {
    "gpus": devices.GPUS,
    "cpus": devices.CPUS,
    "memory": devices.MEMORY,
    "drives": devices.DRIVES,
    "shared-memory": devices.SHARED_MEMORY,
    "builds": figures.BUILDS,
    "calculators": figures.CALCULATORS,
    "quality": figures.QUALITY,
    "quantizations": figures.QUANTIZATIONS,
    "tensor-types": figures.TENSOR_TYPES,
    "engines": figures.ENGINES,
    "families": figures.FAMILIES,
    "engine-settings": figures.ENGINE_SETTINGS,
    "models": models.MODELS,
    "architectures": shapes.ARCHITECTURES,
    "checkpoints": copied.CHECKPOINTS,
    "library-classes": copied.LIBRARY_CLASSES,
    "measurements": measured.MEASUREMENTS,
}
"""Kind -> what is held of each of its records."""

EVERY: tuple[Relation, ...] = (*names.EVERY, sealed.whole)
"""What is held of records of all kinds."""


def slips(kind: str, record: Any, catalogue: Catalogue, *, alone: bool = False) -> Iterator[Slip]:
    """What cannot be true of one record, the exceptions that it states left out.

    Args:
        kind: folder of data/
        record: the record
        catalogue: all records, with which it is compared
        alone: only what is held of it by itself, and of what it names: others cannot be read

    Yields:
        Each figure that cannot be, with what it was compared with.
    """
    own = () if alone and kind == "measurements" else RELATIONS.get(kind, ())
    for relation in (*own, *EVERY):
        if alone and isinstance(relation, Ratio):
            continue
        for slip in relation(kind, record, catalogue):
            if not record.excepted(slip.at):
                yield slip


def check(catalogue: Catalogue, today: date, *, alone: bool = False) -> Iterator[SpecError]:
    """What cannot be true of any record, and exceptions that have run out or are of no key.

    Args:
        catalogue: all records
        today: the day on which exceptions are looked at
        alone: not all records could be read: each is held against itself and what it names

    Yields:
        Each mistake with its file and line.
    """
    for kind in KINDS:
        for record in catalogue.records[kind].values():
            yield from computed(partial(_told, kind, alone), kind, record, catalogue, complete=not alone)
            yield from _exceptions(kind, record, catalogue, today)


def _told(kind: str, alone: bool, record: Any, catalogue: Catalogue) -> Iterator[SpecError]:
    for slip in slips(kind, record, catalogue, alone=alone):
        fix = slip.fix
        if fix == AGAIN:
            key = ".".join(map(str, slip.at))
            fix = f"{fix}; what is so in the source: exceptions: {{{key}: {{of: <the figure>, reason: …, until: <a year from now>}}}}"
        yield catalogue.error(kind, record.id, slip.at, slip.expected, slip.got, fix)


def _exceptions(kind: str, record: Any, catalogue: Catalogue, today: date) -> Iterator[SpecError]:
    """An exception has a last day, and is of a key that there is."""
    for name, exception in record.exceptions.items():
        at = ("exceptions", name)
        if exception.until < today:
            fix = "look at the figure again, then write a later day or remove the exception"
            yield catalogue.error(kind, record.id, at, f"a day that is not past ({today})", str(exception.until), fix)
        known = type(record).model_fields
        if name.split(".")[0] not in known:
            yield catalogue.error(kind, record.id, at, "a key of this record, or its place", f"'{name}'", nearest(name, known))
