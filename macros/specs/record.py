"""What every record has in common: an id, strict keys, and a source for each number."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from functools import cached_property
from typing import Annotated, Any, ClassVar

from macros.specs.form import AfterValidator, BaseModel, ConfigDict, Field

ID = re.compile(r"[a-z0-9][a-z0-9._-]*")


def _plain(text: str) -> str:
    """Names and sentences reach pages: markup and templates have no place in them."""
    if not text.strip():
        raise ValueError("expected text, got an empty string. Fix: write it, or null where the key allows it")
    for mark in ("<", ">", "{", "}", "`"):
        if mark in text:
            raise ValueError(f"expected plain text, got {mark!r} in it. Fix: say it without markup")
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co"} for character in text.replace("\n", "")):
        raise ValueError("expected plain text, got a control character. Fix: remove it")
    return text


Plain = Annotated[str, Field(max_length=2000), AfterValidator(_plain)]
MAX_ID = 80
"""Letters of an id: it is a file's name too."""
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=MAX_ID)]


class Strict(BaseModel):
    """Unknown keys, wrong types, NaN and infinity are refused; nothing changes after reading."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, use_attribute_docstrings=True, defer_build=True
    )


class Text(Strict):
    """A text for readers, in both languages."""

    zh: Plain
    """简体中文"""
    en: Plain
    """English"""

    def __getitem__(self, language: str) -> str:
        return str(getattr(self, language))


class Exempt(Strict):
    """Why a figure that breaks a relation is true."""

    of: int | float | list[int | float] | None = None
    """The figure, or figures, that it was granted for; of another one it says nothing."""
    reason: Plain
    """What makes it true."""
    until: date
    """The day on which somebody looks again."""


class Record(Strict):
    """One YAML file: a thing with an id (the file's stem) and, for each of its numbers, where it comes from."""

    SOURCE_GROUPS: ClassVar[dict[str, tuple[str, ...]]] = {}
    """Name of a group in `sources:` -> the fields that it covers. A field's own name always covers it."""

    UNSOURCED: ClassVar[tuple[str, ...]] = ()
    """Numeric fields that are a choice of this guide and not a fact of the world."""

    id: Id = Field(exclude=True)
    """The file's stem; not written in the file."""
    sources: dict[str, list[Id]] = Field(default_factory=dict)
    """Field or named group of fields -> ids in data/sources.yaml."""
    exceptions: dict[str, Exempt] = Field(default_factory=dict)
    """Field, or its place (`rows.3.seconds`), that breaks a relation of `make check` and is true -> why, and until when."""

    def excepted(self, at: tuple[str | int, ...]) -> bool:
        """Whether an exception covers a place."""
        told = ".".join(str(part) for part in at)
        return any(told == name or told.startswith(f"{name}.") for name in self.exceptions)

    def cited(self) -> Iterator[str]:
        """Source ids that stand elsewhere than in `sources:` (a measurement file names its source once for all rows)."""
        yield from ()

    @cached_property
    def numbers(self) -> list[tuple[str | int, ...]]:
        """Where this record holds a number; looked up once, because a record never changes."""
        fields = [name for name in type(self).model_fields if name not in {"id", "sources", "exceptions"}]
        return [location for name in fields for location, _ in numbers_in(getattr(self, name), (name,))]

    def sourced_fields(self) -> set[str]:
        """The top-level fields that `sources:` covers."""
        return {field for name in self.sources for field in self.SOURCE_GROUPS.get(name, (name,))}


class Written(Record):
    """A record that a program wrote, or a transcript of a document that does not change: nobody types a number in it."""

    checksum: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")] | None = None
    """Of all its numbers; `python -m macros seal` writes it."""

    def computed_checksum(self) -> str:
        """Sixteen hexadecimal digits of the SHA-256 of all numbers that stand in the file, each with its place."""
        written = self.model_dump(exclude_unset=True, exclude={"id", "sources", "exceptions"})
        numbers = sorted(f"{'.'.join(map(str, at))}={float(number)!r}" for at, number in numbers_in(written))
        return hashlib.sha256("\n".join(numbers).encode()).hexdigest()[:16]

    def rows_to_seal(self) -> int | None:
        """How many rows a checksum of all that stands here is of; None: no rows may follow."""
        return None


class Transcript(Written):
    """Figures of documents that do not change, such as a benchmark's table: sealed once they were read against them.

    One without a checksum is still being written, and only relations hold its figures.
    """


def with_checksum(text: str, checksum: str, rows: int | None = None) -> str:
    """A file's text with its checksum as the first key, and with how many rows it is of where more may follow."""
    rest = re.sub(r"^(?:checksum|sealed_rows): .*\n", "", text, flags=re.MULTILINE)
    comments = re.match(r"(?:#.*\n)*", rest)
    end = comments.end() if comments else 0
    keys = f'checksum: "{checksum}"\n' + (f"sealed_rows: {rows}\n" if rows is not None else "")
    return rest[:end] + keys + rest[end:]


def numbers_in(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], int | float]]:
    """Every number in a record, or in what a file says, with its place."""
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield at, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from numbers_in(getattr(value, name), (*at, name))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from numbers_in(item, (*at, name))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from numbers_in(item, (*at, index))
