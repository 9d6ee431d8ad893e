"""The pages that no one writes: one for each model and each device, made from its record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from macros.render.view import View


@dataclass(frozen=True)
class Page:
    """A page to be: where it lies, what search engines are told, and its Markdown."""

    path: str
    kind: str
    title: str
    description: str
    record: str
    """The file that its numbers come from, for "edit this page"."""
    markdown: str


def generated(view: View) -> Iterator[Page]:
    """Every generated page in one language."""
    yield from ()


def body(view: View, kind: str, id: str) -> str:
    """What stands on the page of one record, as Markdown with its tables already in place."""
    return ""
