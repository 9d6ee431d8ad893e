"""The statements of one function."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
from collections.abc import Iterable

from macros.publish.javascript.expressions import Expressions
from macros.publish.javascript.scope import safe
from macros.publish.javascript.source import literal
from macros.publish.javascript.syntax import as_read, assigned_names


class Body(Expressions):
    """The statements of one function."""

    def definition(self, tree: ast.FunctionDef, *, method: bool = False, before: str = "") -> str:
        """`(parameters) { … }`."""
        parameters = self.parameters(tree.args, method=method)
        assigned = sorted(assigned_names(tree.body) - self.locals)
        self.locals |= set(assigned)
        self.inner = {node.name: node.args for node in tree.body if isinstance(node, ast.FunctionDef)}
        body = tree.body[1:] if ast.get_docstring(tree) is not None else tree.body
        lines = [before] if before else []
        lines += ["const $self = this;"] if method else []
        names = [safe(name) for name in assigned if name not in self.inner]
        if names:
            lines.append(f"let {', '.join(names)};")
        for statement in body:
            lines += self.statement(statement)
        return f"({', '.join(parameters)}) {{\n" + "\n".join(lines) + "\n}"

    def block(self, statements: Iterable[ast.stmt]) -> str:
        return "{\n" + "\n".join(line for statement in statements for line in self.statement(statement)) + "\n}"

    def statement(self, node: ast.stmt) -> list[str]:
        match node:
            case ast.Return(value=None):
                return ["return null;"]
            case ast.Return(value=ast.expr() as value):
                return [f"return {self.expression(value)};"]
            case ast.Assign(targets=[target], value=value):
                return [self.assignment(target, self.expression(value))]
            case ast.AnnAssign(target=target, value=value):
                return [] if value is None else [self.assignment(target, self.expression(value))]
            case ast.AugAssign(target=target, op=operator, value=value):
                if not isinstance(target, ast.Name | ast.Subscript | ast.Attribute):
                    raise self.refusal(node, "an assignment", "a name or an item", ast.unparse(target))
                if isinstance(operator, ast.BitOr):  # in place: other names for the dictionary see it
                    return [self.assignment(target, f"updated({self.expression(as_read(target))}, {self.expression(value)})")]
                read = ast.copy_location(ast.BinOp(as_read(target), operator, value), node)
                return [self.assignment(target, self.expression(ast.fix_missing_locations(read)))]
            case ast.Expr(value=ast.Constant(value=str())) | ast.Pass():
                return []
            case ast.Expr(value=ast.Yield(value=ast.expr() as value)):
                self.star = "*"
                return [f"yield {self.expression(value)};"]
            case ast.Expr(value=ast.YieldFrom(value=value)):
                self.star = "*"
                return [f"yield* list({self.expression(value)});"]
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr="__init__"), args=[message])):
                return [f"$self.message = {self.expression(message)};"]
            case ast.Expr(value=ast.Call() as call):
                return [f"{self.expression(call)};"]
            case ast.If(test=test, body=body, orelse=otherwise):
                text = f"if ({self.condition(test)}) {self.block(body)}"
                return [f"{text} else {self.block(otherwise)}" if otherwise else text]
            case ast.For():
                return [self.loop(node)]
            case ast.While(test=test, body=body, orelse=[]):
                return [f"while ({self.condition(test)}) {self.block(body)}"]
            case ast.Break():
                return ["break;"]
            case ast.Continue():
                return ["continue;"]
            case ast.Raise(exc=ast.Call(func=ast.Name() as error, args=arguments, keywords=keywords)):
                _, cls = self.resolved(error)
                given = [self.expression(one) for one in arguments]
                named = {str(keyword.arg): self.expression(keyword.value) for keyword in keywords}
                order = list(inspect.signature(cls).parameters) if named else []
                return [f"throw new {self.name(error)}({', '.join(self.ordered(node, given, named, order, error.id))});"]
            case ast.ImportFrom(module=str() as module, names=names, level=0):
                found = importlib.import_module(module)
                self.place = dataclasses.replace(
                    self.place, names={**self.place.names, **{one.asname or one.name: getattr(found, one.name) for one in names}}
                )
                return []
            case ast.Assert(test=test):
                return [f'if (!{self.condition(test)}) throw new ValueError("assertion");']
            case ast.Try(body=body, handlers=handlers, orelse=[], finalbody=[]) if all(self.is_library_error(one) for one in handlers):
                # Errors of libraries: there only the rules of a record raise one, which the handler names.
                lines = [line for one in body for line in self.statement(one)]
                fields = {self.expression(field) for one in handlers for field in refused_fields(one)}
                return lines if len(fields) != 1 else ["try {", *lines, f"}} catch ($error) {{ throw named($error, {fields.pop()}); }}"]
            case ast.Delete(targets=[ast.Subscript(value=container, slice=key)]) if not isinstance(key, ast.Slice):
                return [f"pop({self.expression(container)}, {self.expression(key)});"]
            case ast.Match(subject=subject, cases=cases):
                return [self.match(subject, cases)]
            case ast.FunctionDef(name=name, decorator_list=[]):
                inner = Body(self.script, self.place, self)
                text = inner.definition(node)
                return [f"function{inner.star} {safe(name)}{text}"]
        kind = type(node.value if isinstance(node, ast.Expr) else node).__name__
        raise self.refusal(node, kind, "a statement of the subset", ast.unparse(node).splitlines()[0])

    def assignment(self, target: ast.expr, value: str) -> str:
        match target:
            case ast.Name(id=name):
                return f"{safe(name)} = {value};"
            case ast.Tuple() | ast.List():
                return f"{self.pattern(target)} = {value};"
            case ast.Attribute(value=ast.Name(id="self"), attr=name) if self.knows("self"):
                return f"$self.{name} = {value};"
            case ast.Subscript(value=container, slice=key) if not isinstance(key, ast.Slice):
                return f"setItem({self.expression(container)}, {self.expression(key)}, {value});"
        raise self.refusal(target, "an assignment", "a name, names in a tuple, or an item", ast.unparse(target))

    def loop(self, node: ast.For) -> str:
        if node.orelse:
            raise self.refusal(node, "for … else", "a loop without else", "else")
        body = self.block(node.body)
        match node.iter:
            case ast.Call(func=ast.Name(id="range"), args=[*bounds], keywords=[]) if len(bounds) <= 2 and not self.knows("range"):
                start, stop = ["0", *(self.expression(bound) for bound in bounds)][-2:]
                self.counter += 1
                step, end = f"$i{self.counter}", f"$n{self.counter}"
                head = f"for (let {step} = {start}, {end} = {stop}; {step} < {end}; {step}++)"
                return f"{head} {{\n{self.pattern(node.target)} = {step};\n{body[2:]}"
        return f"for ({self.pattern(node.target)} of list({self.expression(node.iter)})) {body}"

    def is_library_error(self, handler: ast.ExceptHandler) -> bool:
        _, cls = self.resolved(handler.type) if handler.type is not None else (False, None)
        return isinstance(cls, type) and cls.__module__.split(".")[0] in {"pydantic_core", "pydantic"}

    def match(self, subject: ast.expr, cases: list[ast.match_case]) -> str:
        """Cases of constants, one after the other."""
        self.counter += 1
        name = f"$m{self.counter}"
        chain = ""
        for case in cases:
            test = self.case(case.pattern, name)
            if case.guard is not None:
                raise self.refusal(case.guard, "a case", "no guard", ast.unparse(case.guard))
            chain += f"{' else ' if chain else ''}if ({test}) {self.block(case.body)}"
        return f"const {name} = {self.expression(subject)};\n{chain}"

    def case(self, pattern: ast.pattern, name: str) -> str:
        match pattern:
            case ast.MatchValue(value=value):
                return f"{name} === {self.expression(value)}"
            case ast.MatchSingleton(value=value):
                return f"{name} === {literal(value, pattern, self.place)}"
            case ast.MatchOr(patterns=patterns):
                return " || ".join(self.case(one, name) for one in patterns)
            case ast.MatchAs(pattern=None, name=None):
                return "true"
        raise self.refusal(pattern, "a case", "a constant", ast.unparse(pattern))


def refused_fields(handler: ast.ExceptHandler) -> list[ast.Constant]:
    """What a handler says was wrong, where it says it by a name written there."""
    raised = [one.exc for one in ast.walk(handler) if isinstance(one, ast.Raise)]
    firsts = [call.args[0] for call in raised if isinstance(call, ast.Call) and call.args]
    return [first for first in firsts if isinstance(first, ast.Constant)]
