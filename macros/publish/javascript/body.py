"""The statements and expressions of one function."""

from __future__ import annotations

import ast
import builtins
import dataclasses
import functools
import importlib
import inspect
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from macros.publish.javascript.records import field_names, is_record
from macros.publish.javascript.source import Place, Refused, is_function, literal, refusal
from macros.publish.javascript.syntax import Signature, as_read, assigned_names, folded, is_number, makes_set, union_members

if TYPE_CHECKING:
    from macros.publish.javascript import Script

# Python's built-in or method -> function of python_semantics.js; arguments in order, keywords named.
BUILTINS: dict[Any, tuple[str, tuple[str, ...]]] = {
    builtins.abs: ("absolute", ()),
    builtins.all: ("all", ()),
    builtins.any: ("any", ()),
    builtins.bool: ("truth", ()),
    builtins.dict: ("dictionary", ()),
    builtins.enumerate: ("enumerate", ("", "start")),
    builtins.float: ("Number", ()),
    builtins.int: ("int", ()),
    builtins.len: ("length", ()),
    builtins.list: ("list", ()),
    builtins.next: ("next", ()),
    builtins.range: ("range", ()),
    builtins.repr: ("quoted", ()),
    builtins.reversed: ("reversed", ()),
    builtins.round: ("roundHalfEven", ()),
    builtins.set: ("set", ()),
    builtins.frozenset: ("set", ()),
    builtins.sorted: ("sorted", ("", "key", "reverse")),
    builtins.str: ("text", ()),
    builtins.sum: ("sum", ("", "start")),
    builtins.tuple: ("list", ()),
    builtins.zip: ("zip", ()),
    math.ceil: ("ceil", ()),
    math.floor: ("floor", ()),
    math.prod: ("product", ()),
    math.sqrt: ("squareRoot", ()),
    math.isfinite: ("Number.isFinite", ()),
    dataclasses.replace: ("replace", ()),
    functools.reduce: ("reduce", ()),
}
METHODS = {
    "append": "{0}.push({1})",
    "extend": "{0}.push(...list({1}))",
    "copy": "{0}.slice()",
    "index": "{0}.indexOf({1})",
    "rindex": "{0}.lastIndexOf({1})",
    "insert": "insert({0}, {1})",
    "add": "{0}.add({1})",
    "get": "get({0}, {1})",
    "setdefault": "setDefault({0}, {1})",
    "keys": "keys({0})",
    "values": "values({0})",
    "items": "items({0})",
    "pop": "pop({0}, {1})",
    "startswith": "startsWith({0}, {1})",
    "endswith": "endsWith({0}, {1})",
    "removeprefix": "removePrefix({0}, {1})",
    "removesuffix": "removeSuffix({0}, {1})",
    "lower": "{0}.toLowerCase()",
    "upper": "{0}.toUpperCase()",
    "strip": "{0}.trim()",
    "split": "{0}.split({1})",
    "replace": "{0}.replaceAll({1})",
    "join": "list({1}).join({0})",
}
OWN_METHODS = frozenset([name for kind in (str, list, dict, set, tuple, int, float) for name in dir(kind) if not name.startswith("_")])
"""Methods of Python's own types: in the browser only those of METHODS are there."""
TYPE_TESTS: dict[Any, str] = {
    int: "isInt",
    float: "isFloat",
    str: "isText",
    bool: "isBool",
    list: "isList",
    tuple: "isList",
    dict: "isDict",
    Mapping: "isDict",
    Sequence: "isSequence",
}
ARITHMETIC: dict[type[ast.operator], str] = {ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
COMPARISONS: dict[type[ast.cmpop], str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
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


class Body:
    """The statements and expressions of one function."""

    def __init__(self, script: Script, place: Place, outer: Body | None = None) -> None:
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

    # Definitions

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

    def parameters(self, arguments: ast.arguments, *, method: bool = False) -> list[str]:
        """In the order that `Signature` lists them: `*names` as one list, `**names` as one dictionary at the end."""
        if self.outer is not None and (arguments.vararg or arguments.kwarg):  # it may be called where nobody knows its parameters
            raise self.refusal(arguments.vararg or arguments.kwarg or arguments, "parameters", "names, each for itself", "* or **")
        first = [*arguments.posonlyargs, *arguments.args]
        defaults: list[ast.expr | None] = [None] * (len(first) - len(arguments.defaults)) + list(arguments.defaults)
        written = []

        def add(name: str, default: str | None) -> None:
            self.locals.add(name)
            if not (method and name == "self"):
                written.append(safe(name) if default is None else f"{safe(name)} = {default}")

        for argument, default in zip(first, defaults, strict=True):
            add(argument.arg, None if default is None else self.expression(default))
        if arguments.vararg:
            add(arguments.vararg.arg, "[]")
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            add(argument.arg, None if default is None else self.expression(default))
        if arguments.kwarg:
            add(arguments.kwarg.arg, "dictionary([])")
        return written

    # Statements

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

    def pattern(self, target: ast.expr) -> str:
        match target:
            case ast.Name(id=name):
                return safe(name)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                return f"[{', '.join(self.pattern(part) for part in parts)}]"
            case ast.Starred(value=ast.Name(id=name)):
                return f"...{safe(name)}"
        raise self.refusal(target, "unpacking", "names", ast.unparse(target))

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

    # Expressions

    def condition(self, node: ast.expr) -> str:
        """An expression of which only the truth counts."""
        match node:
            case ast.BoolOp(op=operator, values=values):
                sign = " && " if isinstance(operator, ast.And) else " || "
                return "(" + sign.join(self.condition(value) for value in values) + ")"
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return f"!{self.condition(operand)}"
            case ast.Compare() | ast.Constant(value=bool()):
                return self.expression(node)
            case ast.Call(func=ast.Name(id="isinstance" | "any" | "all" | "bool")):
                return self.expression(node)
        return f"truth({self.expression(node)})"

    def expression(self, node: ast.expr) -> str:
        match node:
            case ast.Constant(value=value):
                return literal(value, node, self.place)
            case ast.Name():
                return self.name(node)
            case ast.Attribute():
                return self.attribute(node)
            case ast.BinOp():
                return self.arithmetic(node)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"(-{self.expression(operand)})"
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.expression(operand)
            case ast.UnaryOp(op=ast.Not()):
                return self.condition(node)
            case ast.BoolOp(op=operator, values=values):
                name = "and" if isinstance(operator, ast.And) else "or"
                written = self.expression(values[-1])
                for earlier in reversed(values[:-1]):
                    written = f"{name}({self.expression(earlier)}, () => {written})"
                return written
            case ast.Compare(left=left, ops=operators, comparators=others):
                sides = [left, *others]
                if len(others) > 1 and not all(isinstance(side, ast.Name | ast.Constant | ast.Attribute) for side in others[:-1]):
                    raise self.refusal(node, "a chain of comparisons", "names or numbers in the middle", ast.unparse(node))
                parts = [self.comparison(node, a, operator, b) for a, operator, b in zip(sides, operators, others, strict=False)]
                return parts[0] if len(parts) == 1 else f"({' && '.join(parts)})"
            case ast.IfExp(test=test, body=body, orelse=otherwise):
                return f"({self.condition(test)} ? {self.expression(body)} : {self.expression(otherwise)})"
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                return f"[{', '.join(self.element(part) for part in parts)}]"
            case ast.Set(elts=parts):
                return f"set([{', '.join(self.element(part) for part in parts)}])"
            case ast.Dict(keys=keys, values=values):
                pairs = [
                    f"...items({self.expression(value)})" if key is None else f"[{self.expression(key)}, {self.expression(value)}]"
                    for key, value in zip(keys, values, strict=True)
                ]
                return f"dictionary([{', '.join(pairs)}])"
            case ast.Subscript(value=container, slice=ast.Slice(lower=lower, upper=upper, step=None)):
                bounds = [self.expression(bound) if bound else "null" for bound in (lower, upper)]
                return f"slice({self.expression(container)}, {', '.join(bounds)})"
            case ast.Subscript(value=container, slice=key) if not isinstance(key, ast.Slice):
                return f"item({self.expression(container)}, {self.expression(key)})"
            case ast.ListComp(elt=element, generators=generators) | ast.GeneratorExp(elt=element, generators=generators):
                return self.comprehension(generators, lambda: self.expression(element))
            case ast.SetComp(elt=element, generators=generators):
                return f"set({self.comprehension(generators, lambda: self.expression(element))})"
            case ast.DictComp(key=key, value=held, generators=generators):
                return f"dictionary({self.comprehension(generators, lambda: f'[{self.expression(key)}, {self.expression(held)}]')})"
            case ast.NamedExpr(target=ast.Name(id=name), value=value):
                return f"({safe(name)} = {self.expression(value)})"
            case ast.Lambda(args=arguments, body=body):
                inner = Body(self.script, self.place, self)
                parameters = inner.parameters(arguments)
                return f"(({', '.join(parameters)}) => {inner.expression(body)})"
            case ast.JoinedStr(values=values):
                return "`" + "".join(self.message_part(value) for value in values) + "`"
            case ast.Call():
                return self.call(node)
        raise self.refusal(node, type(node).__name__, "an expression of the subset", ast.unparse(node))

    def element(self, node: ast.expr) -> str:
        return f"...list({self.expression(node.value)})" if isinstance(node, ast.Starred) else self.expression(node)

    def message_part(self, node: ast.expr) -> str:
        match node:
            case ast.Constant(value=str() as text):
                return json.dumps(text, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("`", "\\`").replace("${", "\\${")
            case ast.FormattedValue(value=value, conversion=conversion, format_spec=None):
                return f"${{{'quoted' if conversion == ord('r') else 'text'}({self.expression(value)})}}"
            case ast.FormattedValue(value=value, conversion=-1, format_spec=ast.JoinedStr(values=[ast.Constant(value="g")])):
                return f"${{text({self.expression(value)})}}"
        raise self.refusal(node, "a message", "a value without a format", ast.unparse(node))

    def comprehension(self, generators: Sequence[ast.comprehension], element: Callable[[], str]) -> str:
        generator, *rest = generators
        source = f"list({self.expression(generator.iter)})"
        names = assigned_names([ast.Assign([generator.target], ast.Constant(0))])
        outside, self.locals = self.locals, self.locals | names
        pattern = self.pattern(generator.target)
        for test in generator.ifs:
            source += f".filter(({pattern}) => {self.condition(test)})"
        text = (
            f"{source}.flatMap(({pattern}) => {self.comprehension(rest, element)})" if rest else f"{source}.map(({pattern}) => {element()})"
        )
        self.locals = outside
        return text

    def arithmetic(self, node: ast.BinOp) -> str:
        value = folded(node)
        if value is not None:
            return literal(value, node, self.place)
        left, right = self.expression(node.left), self.expression(node.right)
        match node.op:
            case ast.Add():
                if is_number(node.left) or is_number(node.right):
                    return f"({left} + {right})"
                return f"add({left}, {right})"
            case ast.Mult() if isinstance(node.left, ast.List | ast.Tuple):
                return f"repeat({left}, {right})"
            case ast.FloorDiv():
                return f"floorDivide({left}, {right})"
            case ast.BitOr():
                return f"merged({left}, {right})"
            case ast.BitAnd():
                return f"common({left}, {right})"
            case ast.Mod() if not isinstance(node.left, ast.Constant | ast.JoinedStr):
                return f"modulo({left}, {right})"
        if isinstance(node.op, ast.Sub) and (makes_set(node.left) or makes_set(node.right)):
            raise self.refusal(node, "a difference of sets", "numbers", ast.unparse(node))
        sign = ARITHMETIC.get(type(node.op))
        if sign is None:
            raise self.refusal(node, type(node.op).__name__, "+ - * / // %", ast.unparse(node))
        return f"({left} {sign} {right})"

    def comparison(self, node: ast.Compare, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> str:
        a, b = self.expression(left), self.expression(right)
        match operator:
            case ast.Is() | ast.IsNot():
                return f"({a} {'===' if isinstance(operator, ast.Is) else '!=='} {b})"
            case ast.Eq() | ast.NotEq():
                plain = any(isinstance(side, ast.Constant) or is_number(side) for side in (left, right))
                if plain:
                    return f"({a} {'===' if isinstance(operator, ast.Eq) else '!=='} {b})"
                return f"{'' if isinstance(operator, ast.Eq) else '!'}equal({a}, {b})"
            case ast.In():
                return f"contains({b}, {a})"
            case ast.NotIn():
                return f"!contains({b}, {a})"
        sign = COMPARISONS.get(type(operator))
        if sign is None:
            raise self.refusal(node, type(operator).__name__, "a comparison of the subset", ast.unparse(node))
        if isinstance(left, ast.Tuple) or isinstance(right, ast.Tuple):
            return f"(compare({a}, {b}) {sign} 0)"
        return f"({a} {sign} {b})"

    # Names and calls

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


def filled(pattern: str, owner: str, arguments: str) -> str:
    return pattern.replace("{0}", owner).replace("{1}", arguments).replace(", )", ")")


def refused_fields(handler: ast.ExceptHandler) -> list[ast.Constant]:
    """What a handler says was wrong, where it says it by a name written there."""
    raised = [one.exc for one in ast.walk(handler) if isinstance(one, ast.Raise)]
    firsts = [call.args[0] for call in raised if isinstance(call, ast.Call) and call.args]
    return [first for first in firsts if isinstance(first, ast.Constant)]
