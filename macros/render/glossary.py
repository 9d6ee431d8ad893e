"""Words explained where they are used, and all of them on one page."""

from __future__ import annotations

from html import escape
from typing import Any

from macros.render.view import View, one_of


def term(view: View, id: str, text: str | None) -> str:
    """A word with its explanation on hover, leading to the glossary."""
    one_of("a term in data/glossary", id, view.catalogue.glossary)
    known: Any = view.catalogue.glossary[id]
    shown = escape(text) if text else view.html(known.name)
    return f'<a class="term" href="{escape(view.page("glossary/"))}#{escape(id)}" title="{view.html(known.definition)}">{shown}</a>'


def glossary(view: View) -> str:
    """Every term, in the order of its name."""
    entries = []
    for anchor, known in sorted(view.catalogue.glossary.items(), key=lambda item: view.words(item[1].name).lower()):
        other = view.words(known.name["en" if view.language == "zh" else "zh"])
        also = [other, *known.also[view.language]] if other.casefold() != view.words(known.name).casefold() else known.also[view.language]
        names = f" <small>{escape(view.pick('、', ', ').join(also))}</small>" if also else ""
        entries.append(f'<dt id="{escape(anchor)}">{view.html(known.name)}{names}</dt><dd>{view.html(known.definition)}</dd>')
    return f'<dl class="glossary">{"".join(entries)}</dl>'
