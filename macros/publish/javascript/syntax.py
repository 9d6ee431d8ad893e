"""Questions about syntax trees that need no more than the tree: parameters by kind, names that are set, operands that are numbers."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
from collections.abc import Iterable
from typing import Any


@dataclasses.dataclass(frozen=True)
class Signature:
    """Parameters by kind."""

    first: tuple[str, ...]
    rest: str | None
    named: tuple[str, ...]
    others: str | None

    @classmethod
    def of(cls, function: Any) -> Signature:
        """Of a function or method that is loaded."""
        by: dict[Any, list[str]] = {}
        for parameter in inspect.signature(function).parameters.values():
            by.setdefault(parameter.kind, []).append(parameter.name)
        kinds = inspect.Parameter
        first = (*by.get(kinds.POSITIONAL_ONLY, ()), *by.get(kinds.POSITIONAL_OR_KEYWORD, ()))
        rest, others = by.get(kinds.VAR_POSITIONAL, [None])[0], by.get(kinds.VAR_KEYWORD, [None])[0]
        return cls(first, rest, tuple(by.get(kinds.KEYWORD_ONLY, ())), others)

    @classmethod
    def written(cls, arguments: ast.arguments) -> Signature:
        """Of a function that stands inside another one."""
        return cls(
            tuple(one.arg for one in (*arguments.posonlyargs, *arguments.args)),
            arguments.vararg.arg if arguments.vararg else None,
            tuple(one.arg for one in arguments.kwonlyargs),
            arguments.kwarg.arg if arguments.kwarg else None,
        )

    def without_self(self) -> Signature:
        """As a caller sees a method."""
        return dataclasses.replace(self, first=self.first[1:])

    def order(self) -> list[str]:
        """All names, in the order of the JavaScript function."""
        return [*self.first, *([self.rest] if self.rest else []), *self.named, *([self.others] if self.others else [])]

    def text(self) -> str:
        """For python_semantics.js."""
        return json.dumps({"first": self.first, "rest": self.rest, "named": self.named, "others": self.others})


def union_members(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*union_members(node.left), *union_members(node.right)]
    return [node]


def as_read(target: ast.expr) -> ast.expr:
    text = ast.parse(ast.unparse(target), mode="eval").body
    return ast.copy_location(text, target)


def assigned_names(statements: Iterable[ast.stmt]) -> set[str]:
    """Names that a function sets, without those of functions inside it."""
    names: set[str] = set()

    def targets(node: ast.expr) -> None:
        match node:
            case ast.Name(id=name):
                names.add(name)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part in parts:
                    targets(part)
            case ast.Starred(value=value):
                targets(value)

    def visit(node: ast.AST) -> None:
        match node:
            case ast.FunctionDef(name=name):
                names.add(name)
                return
            case ast.Lambda():
                return
            case ast.Assign(targets=found):
                for target in found:
                    targets(target)
            case ast.AnnAssign(target=target) | ast.AugAssign(target=target) | ast.For(target=target) | ast.NamedExpr(target=target):
                targets(target)
        for child in ast.iter_child_nodes(node):
            visit(child)

    for statement in statements:
        visit(statement)
    return names


def folded(node: ast.expr) -> int | None:
    """The value of arithmetic on whole literals, such as 2**30."""
    match node:
        case ast.Constant(value=int() as value) if not isinstance(value, bool):
            return value
        case ast.BinOp(left=left, op=ast.Pow() | ast.Mult() | ast.LShift() as operator, right=right):
            a, b = folded(left), folded(right)
            if a is None or b is None or not 0 <= b <= 2**40:
                return None
            return a**b if isinstance(operator, ast.Pow) else a << b if isinstance(operator, ast.LShift) else a * b
    return None


def makes_set(node: ast.expr) -> bool:
    """Whether an operand is seen to be a set, which `-` in the script would take for a number."""
    called = node.func if isinstance(node, ast.Call) else None
    return isinstance(node, ast.Set | ast.SetComp) or (isinstance(called, ast.Name) and called.id in ("set", "frozenset"))


def is_number(node: ast.expr) -> bool:
    """Whether an operand can only be a number, so that `+` means addition."""
    match node:
        case ast.Constant(value=value):
            return isinstance(value, int | float)
        case ast.BinOp(op=ast.Sub() | ast.Div() | ast.FloorDiv() | ast.Mult(), left=left):
            return not isinstance(left, ast.List | ast.Tuple) and not (isinstance(left, ast.Constant) and isinstance(left.value, str))
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return is_number(left) or is_number(right)
        case ast.UnaryOp(op=ast.USub()):
            return True
    return False
