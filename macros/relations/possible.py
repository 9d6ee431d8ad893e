"""What a measured row cannot be of: a program older than its device or model, a back end of another maker, memory of another socket."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from macros.formulas.remember import by_identity
from macros.relations.ratios import Slip
from macros.specs import Catalogue
from macros.specs.measurements import MeasurementFile

BEFORE = timedelta(days=180)
"""So long before the day that a table names it may hold rows that were added later."""


def _day(file: MeasurementFile, index: int, row: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """No program of a day runs on a device, or a model, that came out much later."""
    built = getattr(row, "built", None)
    for named in (*(catalogue.gpus.get(gpu) for gpu in row.gpus), catalogue.models.get(getattr(row, "model", None) or "")):
        if built and named is not None and named.released and built < named.released - BEFORE:
            yield Slip(
                ("rows", index, "built"), f"a day after {named.released}, on which {named.id} came out, or little before", f"{built}"
            )


@by_identity
def _owners(catalogue: Catalogue) -> dict[str, set[str]]:
    """Back end -> vendors on whose devices some engine has it."""
    found: dict[str, set[str]] = {}
    for engine in catalogue.engines.values():
        for vendor, back_ends in engine.backends.items():
            for one in back_ends:
                found.setdefault(one, set()).add(vendor)
    return found


def _back_end(file: MeasurementFile, index: int, row: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """A back end of one vendor runs on no device of another; one of several may run on any."""
    backend = getattr(row, "backend", None)
    owners = _owners(catalogue).get(backend or "", set())
    for gpu in [catalogue.gpus[gpu] for gpu in row.gpus if gpu in catalogue.gpus]:
        family = catalogue.device_families.get(gpu.family)
        if len(owners) == 1 and family is not None and family.vendor not in owners:
            yield Slip(("rows", index, "backend"), f"a back end of devices of {family.vendor}, as {gpu.id} is one", f"{backend}")


def _memory(file: MeasurementFile, index: int, row: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """A processor takes memory of its own standards."""
    cpu, memory = catalogue.cpus.get(row.cpu or ""), catalogue.memory.get(getattr(row, "memory", None) or "")
    taken = sorted({catalogue.memory[kind].standard for kind in cpu.memory_kinds if kind in catalogue.memory}) if cpu else []
    if cpu and memory and memory.standard not in taken:
        yield Slip(("rows", index, "memory"), f"memory that {cpu.id} takes ({', '.join(taken)})", f"{memory.id}")


ROWS = (_day, _back_end, _memory)
