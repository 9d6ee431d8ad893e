"""The calls of one function: of functions and records of the package, and of what Python brings."""

from __future__ import annotations

import ast
import dataclasses
from types import FunctionType
from typing import Any

from macros.publish.javascript.library import BUILTINS, METHODS, OWN_METHODS, TYPE_TESTS, filled
from macros.publish.javascript.records import field_names, is_record
from macros.publish.javascript.scope import Scope, safe
from macros.publish.javascript.source import is_function
from macros.publish.javascript.syntax import Signature, union_members


class Calls(Scope):
    """A call with its arguments where the callee declares them."""

    def call(self, node: ast.Call) -> str:
        found, callee = self.resolved(node.func)
        if callee is isinstance:
            return self.type_test(node)
        if callee is getattr and len(node.args) == 2 and not node.keywords:
            return f"{self.expression(node.args[0])}[{self.expression(node.args[1])}]"
        if is_record(callee) and not node.args and len(node.keywords) == 1 and node.keywords[0].arg is None:
            return f"new {self.script.name_of(callee, node, self.place)}(toJson({self.expression(node.keywords[0].value)}))"
        signature = self.signature(node.func, callee)
        if signature is not None:
            return self.arranged(node, callee, signature)
        if any(keyword.arg is None for keyword in node.keywords):
            raise self.refusal(node, "a call", "arguments, each for itself", "**")
        if any(isinstance(argument, ast.Starred) for argument in node.args) and callee not in (min, max, zip):
            raise self.refusal(node, "a call", "arguments, each for itself", "*")
        given = [self.element(argument) for argument in node.args]
        named = {str(keyword.arg): self.expression(keyword.value) for keyword in node.keywords}
        if not found:
            return self.local_call(node, given, named)
        if callee in (min, max):
            candidates = given[0] if len(given) == 1 and not isinstance(node.args[0], ast.Starred) else f"[{', '.join(given)}]"
            return f"{callee.__name__}({', '.join([candidates, named.get('key', 'undefined'), named.get('default', 'undefined')])})"
        if callee is zip:
            named.pop("strict", None)
        if callee is range and len(given) == 1:
            given = ["0", *given]
        if callee is dataclasses.replace:
            return f"replace({given[0]}, {{ {', '.join(f'{name}: {value}' for name, value in named.items())} }})"
        if callee in (dict, list, set, tuple, frozenset) and not given and not named:
            return "dictionary([])" if callee is dict else "set([])" if callee in (set, frozenset) else "[]"
        if callee in (list, tuple):
            return f"[...list({given[0]})]"
        try:
            name, order = BUILTINS.get(callee, ("", ()))
        except TypeError:
            name, order = "", ()
        if name:
            if callee is round and len(given) != 1:
                raise self.refusal(node, "round", "one argument", ast.unparse(node))
            return f"{name}({', '.join(self.ordered(node, given, named, list(order), name))})"
        if is_record(callee):
            fields = dict(zip(field_names(callee), given, strict=False)) | named
            self.ordered(node, given, named, field_names(callee), callee.__name__)
            arguments = ", ".join(f"{name}: {value}" for name, value in fields.items())
            return f"new {self.script.name_of(callee, node, self.place)}({{ {arguments} }})"
        raise self.refusal(node, "a call", "a function or record of the package, or a listed built-in", ast.unparse(node.func))

    def element(self, node: ast.expr) -> str:
        return f"...list({self.expression(node.value)})" if isinstance(node, ast.Starred) else self.expression(node)

    def signature(self, function: ast.expr, callee: Any) -> Signature | None:
        """Of a function of the package, of a function inside this one, or of the one method that the module's records have by that name."""
        if is_function(callee):
            return Signature.of(callee) if callee not in BUILTINS else None
        if isinstance(function, ast.Name):
            arguments = self.inner_arguments(function.id)
            return Signature.written(arguments) if arguments else None
        if isinstance(function, ast.Attribute):
            records = {value for value in self.place.names.values() if is_record(value)}
            methods = {vars(record)[function.attr] for record in records if isinstance(vars(record).get(function.attr), FunctionType)}
            found = {Signature.of(method).without_self() for method in methods}
            if len(found) > 1:
                raise self.refusal(function, f"method {function.attr}", "one meaning in a module", f"{len(found)}")
            return found.pop() if found else None
        return None

    def arranged(self, node: ast.Call, callee: Any, signature: Signature) -> str:
        """A call with its arguments where the function declares them."""
        if any(keyword.arg is None for keyword in node.keywords):
            pairs = []
            for keyword in node.keywords:
                value = self.expression(keyword.value)
                pairs.append(f"...items({value})" if keyword.arg is None else f'["{keyword.arg}", {value}]')
            given = ", ".join(self.element(argument) for argument in node.args)
            arguments = f"...bound({signature.text()}, [{given}], [{', '.join(pairs)}])"
        else:
            arguments = ", ".join(self.placed(node, signature))
        if is_function(callee):
            return f"{self.script.name_of(callee, node, self.place)}({arguments})"
        if isinstance(node.func, ast.Name):
            return f"{safe(node.func.id)}({arguments})"
        assert isinstance(node.func, ast.Attribute)
        owner, name = self.expression(node.func.value), node.func.attr
        self.script.attributes.add(name)
        pattern = METHODS.get(name)
        if pattern is None:
            return f"{owner}.{name}({arguments})"
        # A record of the package has a method that Python's own types have too.
        plain = ", ".join(self.element(argument) for argument in node.args)
        return f"(isPlain({owner}) ? {filled(pattern, owner, plain)} : {owner}.{name}({arguments}))"

    def placed(self, node: ast.Call, signature: Signature) -> list[str]:
        named = {str(keyword.arg): self.expression(keyword.value) for keyword in node.keywords}
        if any(isinstance(argument, ast.Starred) for argument in node.args[: len(signature.first)]):
            raise self.refusal(node, "a call", "arguments, each for itself", "*")
        given = [self.element(argument) for argument in node.args]
        values = dict(zip(signature.first, given, strict=False))
        if given[len(signature.first) :]:
            if signature.rest is None:
                raise self.refusal(node, "a call", f"{len(signature.first)} arguments", str(len(given)))
            values[signature.rest] = f"[{', '.join(given[len(signature.first) :])}]"
        others = {name: value for name, value in named.items() if name not in (*signature.first, *signature.named)}
        values |= {name: value for name, value in named.items() if name not in others}
        if others:
            if signature.others is None:
                raise self.refusal(node, "a call", f"the arguments {', '.join((*signature.first, *signature.named))}", ", ".join(others))
            pairs = ", ".join(f'["{name}", {value}]' for name, value in others.items())
            values[signature.others] = f"dictionary([{pairs}])"
        written = [values.get(name, "undefined") for name in signature.order()]
        while written and written[-1] == "undefined":
            written.pop()
        return written

    def local_call(self, node: ast.Call, given: list[str], named: dict[str, str]) -> str:
        """A function held in a variable or made by another one, or a method of Python's own types."""
        if named:
            raise self.refusal(node, "a call", "arguments by position", ", ".join(named))
        if not isinstance(node.func, ast.Attribute):
            return f"{self.expression(node.func)}({', '.join(given)})"
        found, cls = self.resolved(node.func.value)
        if cls is dict and node.func.attr == "fromkeys" and len(given) == 1:
            return f"dictionary(list({given[0]}).map((key) => [key, null]))"
        if found and isinstance(cls, type) and not is_record(cls):
            raise self.refusal(node, "a call", "a listed built-in", ast.unparse(node.func))
        if found and is_record(cls) and node.func.attr == "model_validate":
            name = self.script.name_of(cls, node, self.place)
            self.script.validate(cls)
            return f"validated({name}, toJson({given[0]}))"
        owner = self.expression(node.func.value)
        pattern = METHODS.get(node.func.attr)
        if pattern is None and node.func.attr in OWN_METHODS:
            raise self.refusal(node, "a call", "a listed method", ast.unparse(node.func))
        if pattern is None:
            self.script.attributes.add(node.func.attr)
            return f"{owner}.{node.func.attr}({', '.join(given)})"
        return filled(pattern, owner, ", ".join(given))

    def ordered(self, node: ast.AST, given: list[str], named: dict[str, str], parameters: list[str], callee: str) -> list[str]:
        """Keyword arguments at the place where they were declared."""
        if not named:
            return given
        unknown = [name for name in named if name not in parameters]
        if unknown:
            raise self.refusal(node, f"call of {callee}", f"the arguments {', '.join(parameters)}", ", ".join(unknown))
        last = max(parameters.index(name) for name in named)
        rest = [named.get(parameter, "undefined") for parameter in parameters[len(given) : last + 1]]
        return [*given, *rest]

    def type_test(self, node: ast.Call) -> str:
        value, kinds = node.args
        written = self.expression(value)
        types = kinds.elts if isinstance(kinds, ast.Tuple) else union_members(kinds)
        tests = []
        for kind in types:
            _, cls = self.resolved(kind)
            if cls in TYPE_TESTS:
                tests.append(f"{TYPE_TESTS[cls]}({written})")
            elif is_record(cls):
                tests.append(f"({written} instanceof {self.script.name_of(cls, node, self.place)})")
            else:
                raise self.refusal(node, "isinstance", "a number, text, list, dict or record", ast.unparse(kind))
        return tests[0] if len(tests) == 1 else f"({' || '.join(tests)})"
