"""The names that one function knows: its own, those around it, and those of its module."""

from __future__ import annotations

import ast
import builtins
import functools
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Self

from macros.publish.javascript.library import BUILTINS
from macros.publish.javascript.records import is_record
from macros.publish.javascript.source import Place, Refused, refusal

if TYPE_CHECKING:
    from macros.publish.javascript import Script

RESERVED_WORDS = """
    arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally
    for function globalThis if implements import in instanceof interface let new null package private protected public return self
    static super switch this throw true try typeof undefined var void while window with yield
"""
RESERVED = frozenset(RESERVED_WORDS.split())
SEMANTICS = Path(__file__).with_name("python_semantics.js")


@functools.cache
def _semantics_names() -> frozenset[str]:
    text = SEMANTICS.read_text("utf-8")
    words = (line.split("(")[0].split() for line in text.splitlines() if not line.startswith(" "))
    return frozenset(parts[1] for parts in words if len(parts) > 1 and parts[0] in {"function", "const", "class"})


def safe(name: str) -> str:
    return f"{name}$" if name in RESERVED or name in _semantics_names() else name


class Scope:
    """What a name of a function stands for."""

    def __init__(self, script: Script, place: Place, outer: Self | None = None) -> None:
        self.script = script
        self.place = place
        self.outer = outer
        self.locals: set[str] = set()
        self.inner: dict[str, ast.arguments] = {}
        self.counter = 0
        self.star = ""
        """`*` once the body has yielded: then it is a generator."""

    def refusal(self, node: ast.AST, what: str, expected: str, got: str) -> Refused:
        return refusal(self.place, node, what, expected, got)

    def knows(self, name: str) -> bool:
        return name in self.locals or (self.outer is not None and self.outer.knows(name))

    def inner_arguments(self, name: str) -> ast.arguments | None:
        return self.inner.get(name) or (self.outer.inner_arguments(name) if self.outer else None)

    def expression(self, node: ast.expr) -> str:
        """An expression of the function."""
        raise NotImplementedError

    def resolved(self, node: ast.expr) -> tuple[bool, Any]:
        """The Python object that a global name, or an attribute of a module, stands for."""
        if isinstance(node, ast.Name) and not self.knows(node.id):
            if node.id in self.place.names:
                return True, self.place.names[node.id]
            if hasattr(builtins, node.id):
                return True, getattr(builtins, node.id)
            raise self.refusal(node, "a name", "one that is defined", node.id)
        if isinstance(node, ast.Attribute):
            found, owner = self.resolved(node.value) if isinstance(node.value, ast.Name | ast.Attribute) else (False, None)
            if found and isinstance(owner, ModuleType):
                return True, getattr(owner, node.attr)
        return False, None

    def name(self, node: ast.Name) -> str:
        if node.id == "self" and self.knows("self"):
            return "$self"
        found, value = self.resolved(node)
        return self.global_value(value, node.id, node) if found else safe(node.id)

    def attribute(self, node: ast.Attribute) -> str:
        found, value = self.resolved(node)
        if found:
            return self.global_value(value, node.attr, node)
        if node.attr.startswith("__") or (self.resolved(node.value)[0] and not self.is_own(node.value)):
            raise self.refusal(node, "an attribute", "one of a record", ast.unparse(node))
        self.script.attributes.add(node.attr)
        return f"{self.expression(node.value)}.{node.attr}"

    def is_own(self, node: ast.expr) -> bool:
        """Whether a global name stands for a record of the package or its class."""
        _, value = self.resolved(node)
        return is_record(value) or is_record(type(value))

    def global_value(self, value: Any, hint: str, node: ast.AST) -> str:
        if isinstance(value, ModuleType):
            raise self.refusal(node, "a module", "a name in it", hint)
        try:
            if value in BUILTINS:
                return BUILTINS[value][0]
        except TypeError:
            pass
        if callable(value) and not is_record(type(value)):
            return self.script.name_of(value, node, self.place)
        return self.script.constant(value, hint, node, self.place)
