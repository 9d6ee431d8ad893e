"""Terms of the guide: one name in each language, what it means, and the other names that a reader meets elsewhere."""

from __future__ import annotations

from macros.specs.form import Field
from macros.specs.record import Plain, Record, Strict, Text


class Names(Strict):
    """Names in both languages."""

    zh: list[Plain] = Field(default_factory=list)
    """简体中文"""
    en: list[Plain] = Field(default_factory=list)
    """English"""

    def __getitem__(self, language: str) -> list[str]:
        return list(getattr(self, language))


class Term(Record):
    """A word that the guide uses in one sense only."""

    name: Text
    """The name that the guide uses."""
    definition: Text
    """What it means, in a sentence or two."""
    also: Names = Field(default_factory=Names)
    """Other names for the same thing; the glossary shows them, and the guide's own prose does not use them."""
