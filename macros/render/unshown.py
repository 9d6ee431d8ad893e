"""What is computed for readers and reaches none: a column that every page leaves out, a page that the navigation does not name."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import yaml
from jinja2 import nodes

from macros.render.view import LANGUAGES
from macros.specs.errors import SpecError
from macros.tables import Table, tables

CONFIGS = {"zh": "mkdocs.yml", "en": "mkdocs.en.yml"}


def columns(root: Path) -> Iterator[SpecError]:
    """A mistake for each column that is meant for pages, of a table that pages show in part, and this column on none of them."""
    asked = _asked(root / "docs")
    for name, table in tables().items():
        shown = asked.get(name, {})
        if not shown or None in shown:
            continue
        page = next(iter(shown.values())).relative_to(root).as_posix()
        for column in table.columns:
            if column.id not in shown and column.id not in table.key and not column.only_data:
                fix = f"name it under columns= in {page} and its other language, declare it only_data=True, or remove it"
                key, got = f"{name}.{column.id}", "one that all pages leave out"
                yield SpecError(*_place(root, table, column.id), key, "a column that some page shows", got, fix)


def _asked(docs: Path) -> dict[str, dict[str | None, Path]]:
    """Table -> the columns that pages show, name in a sentence or choose rows by, each with such a page; None: all columns."""
    found: dict[str, dict[str | None, Path]] = {}
    for path in sorted(docs.glob("*/**/*.md")):
        try:
            tree = jinja2.Environment(autoescape=True).parse(path.read_text("utf-8"))
        except (UnicodeDecodeError, jinja2.TemplateSyntaxError):
            continue  # told by who reads the page
        for call in tree.find_all(nodes.Call):
            options = {option.key: option.value for option in call.kwargs}
            of = (
                call.args[0]
                if isinstance(call.node, nodes.Name) and call.node.name == "table" and call.args
                else options.pop("table", None)
            )
            if isinstance(of, nodes.Const):
                table = found.setdefault(of.value, {})
                named = [options.pop(key).as_const() for key in ("columns", "get") if key in options]
                for column in [None] if not named else [*named[0]] if isinstance(named[0], list) else named:
                    table.setdefault(column, path)
                for column in options:
                    table.setdefault(column, path)
    return found


def _place(root: Path, table: Table, column: str) -> tuple[str, int]:
    """File and line of a column's declaration; of the table's computation where it is made by a loop."""
    path = Path(inspect.getfile(table.compute))
    lines = path.read_text("utf-8").splitlines()
    declared = re.compile(rf"Column\(\s*(?:id=)?\"{re.escape(column)}\"")
    line = next((number for number, text in enumerate(lines, 1) if declared.search(text)), table.compute.__code__.co_firstlineno)
    return path.relative_to(root).as_posix(), line


class _Loader(yaml.CSafeLoader):
    """Reads the generator's configuration without what it takes from the environment."""


_Loader.add_constructor("!ENV", lambda loader, node: None)


def pages(root: Path) -> Iterator[SpecError]:
    """A mistake for each authored page that the navigation of its language lacks."""
    for language in LANGUAGES:
        config = root / CONFIGS[language]
        if not config.is_file():
            yield SpecError(config.name, 1, "file", "the configuration of the generator", "none", "restore it")
            continue
        try:
            settings = yaml.load(config.read_text("utf-8"), _Loader)  # noqa: S506  (a safe loader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            yield SpecError(config.name, line, "file", "well-formed YAML", str(error.problem), "correct the YAML at this line")
            continue
        named = set(_named(settings.get("nav") if isinstance(settings, dict) else []))
        for path in sorted((root / "docs" / language).rglob("*.md")):
            page = path.relative_to(root / "docs" / language).as_posix()
            if page not in named:
                fix = f"add a line `- …: {page}` under `nav:` of {config.name}"
                yield SpecError(
                    path.relative_to(root).as_posix(), 1, "nav", "a page that the navigation leads to", "one that it lacks", fix
                )


def _named(entry: Any) -> Iterator[str]:
    """Files that a part of the navigation names."""
    if isinstance(entry, str):
        yield entry
    for part in entry.values() if isinstance(entry, dict) else entry if isinstance(entry, list) else ():
        yield from _named(part)
