"""Programs that run models: what they reserve beside weights, cache and compute buffer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from macros.specs.quantities import Count, Mebibytes
from macros.specs.record import Id, Plain, Record, Strict, Text

Share = Annotated[float, Field(gt=0, le=1)]


class Context(Strict):
    """What a back end takes on a device before the first tensor."""

    base_mib: Mebibytes
    """On any device [MiB]."""
    per_compute_unit_mib: Mebibytes
    """More for each SM, compute unit or GPU core [MiB]."""
    measured: bool
    """Whether somebody measured it on this back end; otherwise it is assumed equal to CUDA's."""
    sources: list[Id]
    """Where it was published."""


class Engine(Record):
    """One engine at one version."""

    SOURCE_GROUPS: ClassVar[dict[str, tuple[str, ...]]] = {
        "reserves": ("margin_mib", "memory_utilization", "page_tokens", "batched_tokens", "sequences"),
    }
    UNSOURCED: ClassVar[tuple[str, ...]] = ("contexts",)
    """Each context names its own sources."""

    name: Plain
    """Its name."""
    build: Plain
    """The version that the numbers stand for."""
    backends: dict[Plain, list[Id]]
    """Vendor of a family of devices -> back ends that run there, the usual one first."""
    splits: Literal["layers", "slices"]
    """How several devices share a model: whole layers each, or a slice of every layer (tensor parallel)."""
    cache_types: Annotated[list[Id], Field(min_length=1)]
    """Types that the cache can have, the usual ones first."""
    settings: list[Id] = Field(default_factory=list)
    """Keys of a question that not every engine has, and this one has."""
    fitted: bool
    """Whether the constants of speed were fitted to measurements of it."""
    margin_mib: Mebibytes | None = None
    """What it leaves free on each device when it chooses by itself [MiB]."""
    memory_utilization: Share | None = None
    """Share of a device's memory that it claims."""
    page_tokens: Count | None = None
    """Tokens in a page of the cache."""
    batched_tokens: Count | None = None
    """Tokens that it computes at once."""
    sequences: Count | None = None
    """Sequences that it computes at once."""
    contexts: dict[str, Context] = Field(default_factory=dict)
    """Back end -> what it takes on a device."""
    notes: Text | None = None
    """What a reader should know of it."""

    def cited(self) -> Iterator[str]:
        """Sources of the contexts."""
        for context in self.contexts.values():
            yield from context.sources
