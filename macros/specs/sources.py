"""Where facts come from."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from macros.specs.form import Field
from macros.specs.record import Plain, Strict


class Source(Strict):
    """A public document that a reader can open."""

    title: Plain
    """Title of the document, in its own language."""
    publisher: Plain
    """Who answers for it."""
    url: Annotated[str, Field(pattern=r"^https://[^\s<>{}\"'`]+$", max_length=500)]
    """Its address."""
    accessed: date
    """When it was read."""
    kind: Literal["vendor", "database", "paper", "model-config", "code", "measurement", "article", "standard", "derived"]
    """What sort of document it is."""
