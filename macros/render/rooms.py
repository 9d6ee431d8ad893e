"""The rooms of the code, as their own docstrings name them: a tree that cannot rot, because it is read from the files."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path

from macros.render.annotated import with_code
from macros.render.view import View
from macros.specs import yaml_file
from macros.specs.errors import SpecError

ROOT = Path(__file__).resolve().parents[2]
CHINESE = ROOT / "docs" / "rooms.zh.yaml"


def rooms() -> dict[str, str]:
    """Folder of the package -> the first sentence of its docstring."""
    found = {}
    for path in sorted((ROOT / "macros").glob("**/__init__.py")):
        told = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        if path.parent != ROOT / "macros":
            found[path.parent.relative_to(ROOT).as_posix()] = told.split("\n\n")[0].replace("\n", " ")
    return found


@cache
def chinese() -> dict[str, str]:
    """A sentence of a room: English -> Chinese."""
    return dict(yaml_file.read(CHINESE, f"docs/{CHINESE.name}").value)


def untold() -> Iterator[SpecError]:
    """Rooms without a sentence, sentences without Chinese, and Chinese of what no room says."""
    said = rooms()
    for folder, sentence in said.items():
        if not sentence:
            yield SpecError(f"{folder}/__init__.py", 1, "docstring", "a sentence on what is inside", "none", "write one")
        elif sentence not in chinese():
            yield SpecError("docs/rooms.zh.yaml", 1, "room", "the Chinese of each room's sentence", f"none of '{sentence}'", "add it")
    for sentence in sorted(chinese().keys() - set(said.values())):
        yield SpecError("docs/rooms.zh.yaml", 1, "room", "a sentence of a room", f"'{sentence}'", "remove it")


def tree(view: View) -> str:
    """The rooms as nested lists with a sentence for each."""
    items = []
    for folder, sentence in rooms().items():
        depth = folder.count("/") - 1
        words = with_code(escape(sentence if view.language == "en" else chinese()[sentence]))
        items.append(f'<li class="room room-{depth}"><code>{escape(folder)}/</code> {words}</li>')
    return f'<ul class="rooms">{"".join(items)}</ul>'
