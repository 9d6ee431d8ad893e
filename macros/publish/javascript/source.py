"""Where a definition stands, what is said of it when it cannot be translated, and values as JavaScript writes them."""

from __future__ import annotations

import ast
import dataclasses
import functools
import inspect
import json
import math
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import FunctionType
from typing import Any

from macros.specs import SpecError, SpecErrors

ROOT = Path(__file__).resolve().parents[3]
LARGEST = 2**53


class Refused(SpecErrors):
    """A construct outside the subset."""


@dataclasses.dataclass
class Place:
    """Where a function stands: for names and for messages."""

    path: str
    names: Mapping[str, Any]


def refusal(place: Place | None, node: ast.AST | None, what: str, expected: str, got: str) -> Refused:
    """Name the construct, its file and its line."""
    here = "macros/publish/javascript"
    path, line = (place.path, getattr(node, "lineno", 1)) if place else (here, 1)
    return Refused([SpecError(path, line, what, expected, got, f"write it with what the calculator's translator knows ({here})")])


def literal(value: Any, node: ast.AST, place: Place) -> str:
    """A number, text, truth value or nothing, as JavaScript writes it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | date):  # days compare like their ISO form
        return json.dumps(str(value), ensure_ascii=False)
    if isinstance(value, int):
        if abs(value) > LARGEST:
            raise refusal(place, node, "a whole number", "at most 2^53", str(value))
        return str(value) if value >= 0 else f"({value})"
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "Infinity" if value > 0 else "(-Infinity)"
        return repr(value) if value >= 0 else f"({value!r})"
    raise refusal(place, node, "a constant", "a number, a text, a truth value, None", type(value).__name__)


def is_function(thing: Any) -> bool:
    return callable(thing) and isinstance(inspect.unwrap(thing), FunctionType)


def of_the_package(thing: Any) -> bool:
    try:
        return Path(inspect.getsourcefile(thing) or "").resolve().is_relative_to(ROOT)
    except TypeError:
        return False


@functools.cache
def _definitions(path: Path) -> dict[int | str, ast.AST]:
    """What a file defines: functions by their first line, classes by their qualified name."""
    found: dict[int | str, ast.AST] = {}

    def enter(node: ast.AST, within: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Lambda):
                found.setdefault(child.lineno, child)
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                found[min([child.lineno, *(decorator.lineno for decorator in child.decorator_list)])] = child
                enter(child, f"{within}{child.name}.<locals>.")
            elif isinstance(child, ast.ClassDef):
                found[f"{within}{child.name}"] = child
                enter(child, f"{within}{child.name}.")
            else:
                enter(child, within)

    enter(ast.parse(path.read_text("utf-8")), "")
    return found


@functools.cache
def _tree(thing: Any) -> tuple[ast.AST, str]:
    path = Path(inspect.getsourcefile(thing) or "?")
    shown = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    return _definitions(path)[thing.__qualname__ if isinstance(thing, type) else thing.__code__.co_firstlineno], shown


def place_of(thing: Any) -> tuple[ast.AST, Place]:
    tree, path = _tree(thing)
    names = vars(sys.modules[thing.__module__]) if isinstance(thing, type) else thing.__globals__
    return tree, Place(path, names)
