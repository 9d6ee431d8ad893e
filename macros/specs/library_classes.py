"""What a reader of configurations gets of the classes of the library that writes them: one file a version of the library."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from pydantic import Field

from macros.specs.quantities import Whole
from macros.specs.record import Id, Plain, Strict, Transcript


class ClassCounts(Strict):
    """Configurations of one class: as the class has it, small, and small with one value changed."""

    equal: Whole = 0
    """The count of parameters is that of the model that the library builds."""
    refused: Whole = 0
    """The reader refuses them, naming the key."""
    wrong: Whole = 0
    """The count is another one."""
    says: Plain | None = None
    """The first refusal, or the first difference."""


class LibraryClasses(Transcript):
    """A version of the library, and how its text classes are read."""

    library: Plain
    """Name of the library."""
    version: Plain
    """The version that was compared."""
    day: date
    """When it was compared."""
    source: Id
    """Where its classes stand."""
    classes: dict[str, ClassCounts] = Field(default_factory=dict)
    """`model_type` -> counts of its configurations."""

    def sourced_fields(self) -> set[str]:
        """One source for all."""
        return {"classes"}

    def cited(self) -> Iterator[str]:
        """The source."""
        yield self.source
