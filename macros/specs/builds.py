"""Whole machines, as examples: parts that fit together and what they are for."""

from __future__ import annotations

from typing import Annotated, ClassVar

from macros.specs.form import Field
from macros.specs.quantities import Count, Gibibytes
from macros.specs.record import Id, Plain, Record, Strict, Text


class Task(Strict):
    """A model that the machine is meant for."""

    model: Id
    """Id in data/models."""
    quant: Id
    """Id in data/quantizations."""
    context: Count
    """Cells of the KV cache."""
    experts_on_host: bool = False
    """Whether the experts stay in system memory."""


class Build(Record):
    """A choice of parts; not a fact of the world, so no number needs a source."""

    UNSOURCED: ClassVar[tuple[str, ...]] = ("place", "memory_channels", "ram_gib", "task")

    place: Annotated[int, Field(ge=1, le=100)]
    """Where it stands in the table."""
    name: Text
    """What it is for."""
    gpus: list[Id] = Field(default_factory=list)
    """Ids in data/gpus."""
    cpu: Id
    """Id in data/cpus."""
    memory: Id
    """Id in data/memory."""
    memory_channels: Count
    """Channels with modules in them."""
    ram_gib: Gibibytes
    """System memory [GiB]."""
    drive: Id
    """Id in data/drives."""
    task: Task
    """What it is measured by."""
    note: Plain | Text | None = None
    """What to mind."""
