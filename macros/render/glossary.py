"""Words explained where they are used. The explanations stand once, on the glossary page."""

from __future__ import annotations

import re
from functools import cache
from html import escape
from pathlib import Path

from macros.render.view import View, one_of

_ENTRY = re.compile(r"^#{2,3}\s+(.+?)\s*\{\s*#([\w.-]+)\s*\}\s*\n+((?:(?!#).+\n?)+)", re.M)


def term(view: View, docs: Path, id: str, text: str | None) -> str:
    """A word with its explanation on hover, leading to the glossary."""
    path = docs / view.language / "glossary.md"
    entries = _entries(path, path.stat().st_mtime_ns) if path.is_file() else {}
    one_of(f"a heading of docs/{view.language}/glossary.md", id, entries)
    name, explanation = entries[id]
    shown = escape(text or name)
    return f'<a class="term" href="{escape(view.page("glossary/"))}#{escape(id)}" title="{escape(explanation)}">{shown}</a>'


@cache
def _entries(path: Path, stamp: int) -> dict[str, tuple[str, str]]:
    found = {}
    for name, anchor, paragraph in _ENTRY.findall(path.read_text("utf-8")):
        plain = re.sub(r"\{\{.*?\}\}", lambda match: " ".join(re.findall(r'"([^"]*)"', match[0])[-1:]), paragraph)
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|[*`_]{1,2}(\S[^*`_]*)[*`_]{1,2}", lambda match: match[1] or match[2], plain)
        found[anchor] = (re.sub(r"[（(].*?[）)]", "", name).strip(), " ".join(plain.split()))
    return found
