"""A module and those that it imports as one script: one request, whose names the minifier shortens, instead of a chain of them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

ENTRIES = ("js/calculator.js",)
"""Modules that are joined: a page opened from a folder starts none that stands alone."""
IMPORT = re.compile(r'^import \{[^}]*\} from "(\.[^"]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?:\{[^}]*\};\n|(?=async function|function|const|let|class))", re.MULTILINE)
DECLARED = re.compile(r"^(?:async function|function|const|let|class) (?:\{([^}]*)\}|(\w+))", re.MULTILINE)
"""Names at the top of a module: several that are taken from an object, or one."""


def joined(entry: Path) -> str:
    """The text of a module with that of all that it imports before it, each once.

    Args:
        entry: the module; what it imports are files beside it, by their own names

    Returns:
        One script, in a scope of its own.

    Raises:
        ValueError: where two of them declare the same name, or one renames what it imports.
    """
    texts: dict[Path, str] = {}

    def add(path: Path) -> None:
        text = path.read_text("utf-8")
        if path in texts:
            return
        texts[path] = ""  # its place is after what it imports
        for match in IMPORT.finditer(text):
            if " as " in match[0]:
                raise ValueError(f"{path.name}: expected imports by their own names, got {match[0].strip()}")
            add((path.parent / match[1]).resolve())
        del texts[path]
        texts[path] = EXPORT.sub("", IMPORT.sub("", text))

    add(entry.resolve())
    names = Counter(
        name.split(":")[-1].strip()
        for text in texts.values()
        for several, one in DECLARED.findall(text)
        for name in (several or one).split(",")
    )
    twice = sorted(name for name, count in names.items() if count > 1)
    if twice:
        raise ValueError(f"{entry.name}: expected each name once in it and what it imports, got two of {', '.join(twice)}")
    return "(() => {\n" + "\n".join(texts.values()) + "})();\n"
