"""Where a statement comes from."""

from __future__ import annotations

from html import escape
from typing import Any

from macros.render.view import View, one_of


def cite(view: View, *ids: str) -> str:
    """Links to sources, in brackets."""
    for source in ids:
        one_of("a source in data/sources.yaml", source, view.catalogue.sources)
    return f'<span class="cite">[{", ".join(link(view, source) for source in ids)}]</span>'


def link(view: View, id: str) -> str:
    """One source: its publisher, leading to the document, with title and date on hover."""
    source: Any = view.catalogue.sources[id]
    hover = escape(f"{source.title}, {source.accessed.isoformat()}")
    return f'<a href="{escape(source.url)}" title="{hover}" rel="noopener">{escape(source.publisher)}</a>'
