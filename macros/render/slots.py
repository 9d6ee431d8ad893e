"""Finished HTML passes through Markdown untouched: a macro leaves a mark, and this extension puts the HTML in its place.

So nothing that comes from data is ever read as Markdown, and large tables cost no parsing.
"""

from __future__ import annotations

import itertools
import re

import markdown
from markdown.extensions import Extension
from markdown.postprocessors import Postprocessor

_MARK = re.compile(r"<p>\s*(slot0x[0-9a-f]{8}B)\s*</p>|(slot0x[0-9a-f]{8}[BI])")
_kept: dict[str, str] = {}
_count = itertools.count()


def block(html: str) -> str:
    """A mark for HTML that stands on its own."""
    return f"\n\n{_keep(html, 'B')}\n\n"


def inline(html: str) -> str:
    """A mark for HTML inside a sentence, a heading or a table cell."""
    return _keep(html, "I")


def clear() -> None:
    """Forget what earlier pages kept."""
    _kept.clear()


def fill(text: str) -> str:
    """Put the kept HTML where its marks are."""
    return _MARK.sub(lambda match: _kept.get(match[1] or match[2], ""), text)


def _keep(html: str, kind: str) -> str:
    mark = f"slot0x{next(_count):08x}{kind}"
    _kept[mark] = html
    return mark


class _Fill(Postprocessor):  # type: ignore[misc]
    def run(self, text: str) -> str:
        return fill(text)


class SlotExtension(Extension):  # type: ignore[misc]
    """The Markdown side of it."""

    def extendMarkdown(self, md: markdown.Markdown) -> None:  # noqa: N802  (the name that Markdown calls)
        # After raw HTML was put back (30) and before the rest.
        md.postprocessors.register(_Fill(md), "slots", 25)


def makeExtension(**options: object) -> SlotExtension:  # noqa: N802
    """How Markdown finds it: `macros.render.slots` under markdown_extensions."""
    return SlotExtension(**options)
