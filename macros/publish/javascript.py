"""Python functions -> JavaScript, from their syntax trees, so that the calculator computes with the guide's own formulas.

The subset is what formulas need: arithmetic, comparisons, conditions, loops, lists, dictionaries, plain records, calls of
one another. Whatever is not listed here is refused with its file and line, never guessed. What differs between the two
languages (floor division, truth of an empty list, `+` on lists, keyword arguments) goes through python_semantics.js.
Results have equal bits as long as whole numbers stay below 2^53, which the tests hold.
"""

from __future__ import annotations

import ast
import builtins
import copy
import dataclasses
import functools
import importlib
import inspect
import json
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import FunctionType, ModuleType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from macros.specs import SpecError, SpecErrors

ROOT = Path(__file__).resolve().parents[2]
SEMANTICS = Path(__file__).with_name("python_semantics.js")

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
SUBSTITUTES = {
    "macros.formulas.elementwise.ceil": "ceil",
    "macros.formulas.elementwise.floor": "floor",
    "macros.formulas.elementwise.maximum": "maximum",
    "macros.formulas.elementwise.minimum": "minimum",
    "macros.formulas.elementwise.where": "where",
    "macros.specs.errors.nearest": "nearest",
}
"""Functions of the package that python_semantics.js has, because they lean on libraries."""
METHODS = {
    "append": "{0}.push({1})",
    "extend": "{0}.push(...list({1}))",
    "copy": "{0}.slice()",
    "index": "{0}.indexOf({1})",
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
    "lower": "{0}.toLowerCase()",
    "upper": "{0}.toUpperCase()",
    "strip": "{0}.trim()",
    "split": "{0}.split({1})",
    "replace": "{0}.replaceAll({1})",
    "join": "list({1}).join({0})",
}
DOORS = ("fromJson", "toJson", "catalogueOf", "copied: dictionary")
"""What a page needs of python_semantics.js to call the functions."""
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
LARGEST = 2**53


class Refused(SpecErrors):
    """A construct outside the subset."""


def translate(roots: Mapping[str, Any]) -> tuple[str, frozenset[str]]:
    """A classic script that defines `globalThis.formulas`, with the given functions and records and all that they call.

    Returns:
        The script, and the names of all fields that it reads: no other field of a record is needed beside it.

    >>> script, read = translate({})
    >>> "globalThis.formulas" in script
    True
    """
    script = _Script()
    names = {public: script.name_of(function, None, None) for public, function in roots.items()}
    exported = ", ".join([*(f"{public}: {name}" for public, name in names.items()), *DOORS])
    body = "\n".join(script.finished())
    text = f'(() => {{\n"use strict";\n{SEMANTICS.read_text("utf-8")}\n{body}\nglobalThis.formulas = {{ {exported} }};\n}})();\n'
    return text, frozenset(script.attributes)


class _Script:
    """What is translated so far: each Python object once, under one name."""

    def __init__(self) -> None:
        self.names: dict[int, str] = {}
        self.kept: list[Any] = []  # so that no id is used twice
        self.taken: set[str] = set()
        self.constants: list[str] = []
        self.functions: list[str] = []
        self.records: dict[str, _Record] = {}
        self.waiting: list[tuple[Any, str]] = []
        self.checked: list[type] = []
        """Records that are made of what a reader gives, and so are checked as pydantic does."""
        self.attributes: set[str] = {"__add__"}
        """Names that some function reads from a record: of its methods, only those are translated."""

    def finished(self) -> list[str]:
        """Classes and constants are not hoisted as functions are: they come first."""
        while self.waiting or any(record.translate_methods() for record in list(self.records.values())):
            if not self.waiting:
                continue
            thing, name = self.waiting.pop(0)
            if not isinstance(thing, type):
                self.functions.append(_function(self, thing, name))
            elif issubclass(thing, Exception):
                self.constants.insert(0, _exception(self, thing, name))
            else:
                self.records[name] = _Record(self, thing, name)
        return [*(record.text() for record in self.records.values()), *self.constants, *self.functions]

    def name_of(self, thing: Any, node: ast.AST | None, place: _Place | None) -> str:
        """The JavaScript name of a function, class or constant of the package, which is translated too."""
        if isinstance(thing, FunctionType) and f"{thing.__module__}.{thing.__qualname__}" in SUBSTITUTES:
            return SUBSTITUTES[f"{thing.__module__}.{thing.__qualname__}"]
        if isinstance(thing, type) and thing in (ValueError, KeyError):
            return thing.__name__
        known = self.names.get(id(thing))
        if known:
            return known
        source = inspect.unwrap(thing) if callable(thing) and not isinstance(thing, type) else thing
        if not isinstance(source, FunctionType | type) or not _of_the_package(source):
            raise refusal(place, node, "a name", "a function, record or constant of the package", repr(thing))
        name = self.fresh(source.__name__)
        self.remember(thing, name)
        self.waiting.append((thing, name))
        return name

    def validate(self, cls: type) -> None:
        """Let a record, and those inside it, be checked when they are made of what a reader gives."""
        if cls in self.checked:
            return
        self.checked.append(cls)
        self.name_of(cls, None, None)
        for _, _, annotation in _fields(cls):
            for inner in _records_in(annotation):
                self.validate(inner)

    def remember(self, thing: Any, name: str) -> None:
        self.names[id(thing)] = name
        self.kept.append(thing)

    def fresh(self, wanted: str) -> str:
        """A name that no local variable can have: Python's names have no `$`."""
        wanted = f"${wanted}"
        name, count = wanted, 1
        while name in self.taken:
            count += 1
            name = f"{wanted}{count}"
        self.taken.add(name)
        return name

    def constant(self, value: Any, hint: str, node: ast.AST, place: _Place) -> str:
        """A literal for a small value; a shared constant for a list, dictionary or record."""
        if value is None or isinstance(value, bool | int | float | str | date):
            return literal(value, node, place)
        if id(value) not in self.names:
            text = self.written(value, node, place)
            name = self.fresh(hint)
            self.remember(value, name)
            self.constants.append(f"const {name} = {text};")
        return self.names[id(value)]

    def written(self, value: Any, node: ast.AST, place: _Place) -> str:
        if value is None or isinstance(value, bool | int | float | str | date):
            return literal(value, node, place)
        if isinstance(value, Mapping):
            pairs = ", ".join(f"[{self.written(k, node, place)}, {self.written(v, node, place)}]" for k, v in value.items())
            return f"dictionary([{pairs}])"
        if isinstance(value, list | tuple):
            return "[" + ", ".join(self.written(one, node, place) for one in value) + "]"
        if isinstance(value, set | frozenset):
            return "set([" + ", ".join(self.written(one, node, place) for one in sorted(value)) + "])"
        if is_record(type(value)):
            given = ", ".join(f"{name}: {self.written(getattr(value, name), node, place)}" for name in field_names(type(value)))
            return f"new {self.name_of(type(value), node, place)}({{ {given} }})"
        if callable(value):
            return self.name_of(value, node, place)
        raise refusal(place, node, "a constant", "numbers, texts, lists, dictionaries, records", type(value).__name__)


@dataclasses.dataclass
class _Place:
    """Where a function stands: for names and for messages."""

    path: str
    names: Mapping[str, Any]


def refusal(place: _Place | None, node: ast.AST | None, what: str, expected: str, got: str) -> Refused:
    """Name the construct, its file and its line."""
    here = "macros/publish/javascript.py"
    path, line = (place.path, getattr(node, "lineno", 1)) if place else (here, 1)
    return Refused([SpecError(path, line, what, expected, got, f"write it with what the calculator's translator knows ({here})")])


def literal(value: Any, node: ast.AST, place: _Place) -> str:
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


def _is_function(thing: Any) -> bool:
    return callable(thing) and isinstance(inspect.unwrap(thing), FunctionType)


def _of_the_package(thing: Any) -> bool:
    try:
        return Path(inspect.getsourcefile(thing) or "").resolve().is_relative_to(ROOT)
    except TypeError:
        return False


@functools.cache
def _semantics_names() -> frozenset[str]:
    text = SEMANTICS.read_text("utf-8")
    words = (line.split("(")[0].split() for line in text.splitlines() if not line.startswith(" "))
    return frozenset(parts[1] for parts in words if len(parts) > 1 and parts[0] in {"function", "const", "class"})


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


def _place(thing: Any) -> tuple[ast.AST, _Place]:
    tree, path = _tree(thing)
    names = vars(sys.modules[thing.__module__]) if isinstance(thing, type) else thing.__globals__
    return tree, _Place(path, names)


def _function(script: _Script, function: Any, name: str) -> str:
    plain = inspect.unwrap(function)
    tree, place = _place(plain)
    if not isinstance(tree, ast.FunctionDef):
        raise refusal(place, tree, "a function", "`def`", type(tree).__name__)
    cached = False
    for decorator in tree.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if ast.unparse(called) not in {"cache", "lru_cache", "functools.cache", "functools.lru_cache", "by_identity"}:
            raise refusal(place, decorator, "a decorator", "cache", ast.unparse(decorator))
        cached = True
    body = _Body(script, place)
    held = inspect.getclosurevars(plain).nonlocals if plain.__closure__ else {}
    body.locals |= set(held)
    before = " ".join(f"const {_safe(one)} = {script.written(value, tree, place)};" for one, value in held.items())
    text = body.definition(tree, before=before)
    return f"const {name} = remembered(function{body.star} {text});" if cached else f"function{body.star} {name}{text}"


def _exception(script: _Script, cls: type, name: str) -> str:
    tree, place = _place(cls)
    assert isinstance(tree, ast.ClassDef)
    made = [one for one in tree.body if isinstance(one, ast.FunctionDef)]
    if any(one.name != "__init__" for one in made):
        raise refusal(place, tree, f"exception {cls.__name__}", "no methods but __init__", ", ".join(one.name for one in made))
    text = f"constructor{_Body(script, place).definition(made[0], method=True, before='super();')}" if made else ""
    return f"class {name} extends {script.name_of(cls.__bases__[0], tree, place)} {{{text}}}"


class _Record:
    """A dataclass, or a checked record of macros.specs: its fields with their defaults, and the methods that are used.

    It is made from an object that names its fields; what is left out has its default. So data may leave out defaults too.
    """

    def __init__(self, script: _Script, cls: Any, name: str) -> None:
        self.script = script
        self.cls = cls
        self.name = name
        self.methods: dict[str, str | None] = {}
        self.bodies: dict[str, tuple[ast.FunctionDef, _Place]] = {}
        tree, place = _place(cls)
        if not is_record(cls):
            raise refusal(place, tree, f"class {cls.__name__}", "a dataclass, a record or an exception", "another class")
        self.fields = [self._field(name, default, annotation, tree, place) for name, default, annotation in _fields(cls)]
        for base in reversed(cls.__mro__):
            if is_record(base) and _of_the_package(base):
                node, base_place = _place(base)
                assert isinstance(node, ast.ClassDef)
                self.bodies |= {one.name: (one, base_place) for one in node.body if isinstance(one, ast.FunctionDef)}

    def _field(self, name: str, default: Any, annotation: Any, tree: ast.AST, place: _Place) -> str:
        value = f"given.{name}"
        value = _made(value, annotation, lambda record: self.script.name_of(record, tree, place))
        if default is not dataclasses.MISSING:
            value = f"given.{name} === undefined ? {self.script.written(default, tree, place)} : {value}"
        return f"this.{name} = {value};"

    def translate_methods(self) -> bool:
        """Whether some were new."""
        wanted = [name for name in self.bodies if name not in self.methods and self._wanted(name)]
        for name in wanted:
            self.methods[name] = None  # it may call itself
            self.methods[name] = self._method(*self.bodies[name])
        return bool(wanted)

    def _wanted(self, name: str) -> bool:
        return name in self.script.attributes or (self.cls in self.script.checked and name in self._validators())

    def _validators(self) -> list[str]:
        """Methods that pydantic runs on a finished record."""
        decorated = {name: [ast.unparse(one) for one in body.decorator_list] for name, (body, _) in self.bodies.items()}
        return [name for name, kinds in decorated.items() if AFTER_CHECK in kinds]

    def _check(self) -> str:
        """What the types of the fields allow, field by field, and then the record's own validators."""
        lines = []
        for name, field in self.cls.model_fields.items():
            test = _test(field.annotation, field.metadata, self.script)
            lines.append(f'if (!(({test})(this.{name}))) throw new ValueError("{name}");')
        lines += [f"this.{name}();" for name in self._validators()]
        return "check() {\n" + "\n".join(lines) + "\nreturn true;\n}"

    def _method(self, member: ast.FunctionDef, place: _Place) -> str:
        kinds = {ast.unparse(decorator) for decorator in member.decorator_list}
        if kinds == {"classmethod"}:
            own = dataclasses.replace(place, names={**place.names, "cls": self.cls})
            member = copy.deepcopy(member)
            member.args.args.pop(0)
            return f"static {member.name}{_Body(self.script, own).definition(member)}"
        if kinds == {AFTER_CHECK}:
            kinds = set()
        if not kinds <= {"property", "cached_property", "functools.cached_property"}:
            raise refusal(place, member, f"method {member.name}", "a method or a property", ", ".join(sorted(kinds)))
        if not member.args.args or member.args.args[0].arg != "self":
            raise refusal(place, member, f"method {member.name}", "`self` first", "none")
        body = _Body(self.script, place)
        text = body.definition(member, method=True)
        return f"{'get ' if kinds else body.star}{member.name}{text}"

    def text(self) -> str:
        methods = "\n".join(text for text in self.methods.values() if text)
        if self.cls in self.script.checked:
            methods += "\n" + self._check()
        return f"class {self.name} {{\nconstructor(given) {{ {' '.join(self.fields)} }}\n{methods}\n}}"


AFTER_CHECK = "model_validator(mode='after')"


def _records_in(annotation: Any) -> list[type]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [record for argument in get_args(annotation) for record in _records_in(argument)]


PLAIN_TESTS: dict[Any, str] = {
    int: "isInt(v)",
    float: "isFloat(v) && Number.isFinite(v)",
    bool: "isBool(v)",
    str: "isText(v)",
    type(None): "v === null",
}


def _test(annotation: Any, limits: Sequence[Any], script: _Script) -> str:
    """A JavaScript function of a value: whether it has the type and keeps within the limits of a field."""
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return _test(inner, [*limits, *(one for limit in more for one in getattr(limit, "metadata", [limit]))], script)
    if annotation in PLAIN_TESTS:
        tests = [PLAIN_TESTS[annotation]]
        for limit in limits:
            for name, sign in (("gt", ">"), ("ge", ">="), ("lt", "<"), ("le", "<=")):
                if hasattr(limit, name):
                    tests.append(f"v {sign} {getattr(limit, name)}")
        return f"(v) => {' && '.join(tests)}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"(v) => v instanceof {script.name_of(annotation, None, None)} && v.check()"
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return f"(v) => {json.dumps(arguments)}.includes(v)"
    if origin in (list, tuple):
        return f"(v) => isList(v) && v.every({_test(arguments[0], limits, script)})"
    if origin in (Union, UnionType):
        return "(v) => " + " || ".join(f"({_test(argument, limits, script)})(v)" for argument in arguments)
    return "(v) => true"


def is_record(cls: Any) -> bool:
    """Whether a class is a dataclass or a checked record."""
    return isinstance(cls, type) and (dataclasses.is_dataclass(cls) or issubclass(cls, BaseModel))


def _fields(cls: Any) -> list[tuple[str, Any, Any]]:
    """(name, default, type) of each field."""
    if issubclass(cls, BaseModel):
        return [
            (
                name,
                field.get_default(call_default_factory=True) if not field.is_required() else dataclasses.MISSING,
                field.annotation,
            )
            for name, field in cls.model_fields.items()
        ]
    types = get_type_hints(cls)
    made = []
    for field in dataclasses.fields(cls):
        default = field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default
        made.append((field.name, default, types[field.name]))
    return made


def field_names(cls: Any) -> list[str]:
    """Names of a record's fields, in their order."""
    return [name for name, _, _ in _fields(cls)]


def _made(value: str, annotation: Any, name_of: Callable[[type], str]) -> str:
    """What makes a field's value from data: records from plain objects, one or many; dictionaries from objects."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"made({value}, {name_of(annotation)})"
    inner = [argument for argument in get_args(annotation) if argument is not type(None)]
    if get_origin(annotation) in (dict, Mapping):
        return f"madeEntries({value}, (one) => {_made('one', inner[-1], name_of)})"
    if get_origin(annotation) in (list, tuple):
        text = _made("one", inner[0], name_of) if inner else "one"
        return value if text == "one" else f"madeList({value}, (one) => {text})"
    for one in inner:
        text = _made(value, one, name_of)
        if text != value:
            return text
    return value


def _safe(name: str) -> str:
    return f"{name}$" if name in RESERVED or name in _semantics_names() else name


class _Body:
    """The statements and expressions of one function."""

    def __init__(self, script: _Script, place: _Place, outer: _Body | None = None) -> None:
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
        assigned = sorted(_assigned(tree.body) - self.locals)
        self.locals |= set(assigned)
        self.inner = {node.name: node.args for node in tree.body if isinstance(node, ast.FunctionDef)}
        body = tree.body[1:] if ast.get_docstring(tree) is not None else tree.body
        lines = [before] if before else []
        lines += ["const $self = this;"] if method else []
        names = [_safe(name) for name in assigned if name not in self.inner]
        if names:
            lines.append(f"let {', '.join(names)};")
        for statement in body:
            lines += self.statement(statement)
        return f"({', '.join(parameters)}) {{\n" + "\n".join(lines) + "\n}"

    def parameters(self, arguments: ast.arguments, *, method: bool = False) -> list[str]:
        """In the order that `_Signature` lists them: `*names` as one list, `**names` as one dictionary at the end."""
        if self.outer is not None and (arguments.vararg or arguments.kwarg):  # it may be called where nobody knows its parameters
            raise self.refusal(arguments.vararg or arguments.kwarg or arguments, "parameters", "names, each for itself", "* or **")
        first = [*arguments.posonlyargs, *arguments.args]
        defaults: list[ast.expr | None] = [None] * (len(first) - len(arguments.defaults)) + list(arguments.defaults)
        written = []

        def add(name: str, default: str | None) -> None:
            self.locals.add(name)
            if not (method and name == "self"):
                written.append(_safe(name) if default is None else f"{_safe(name)} = {default}")

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
                    return [self.assignment(target, f"updated({self.expression(_loaded(target))}, {self.expression(value)})")]
                read = ast.copy_location(ast.BinOp(_loaded(target), operator, value), node)
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
                # Errors of libraries: there is no library there that could raise them.
                return [line for one in body for line in self.statement(one)]
            case ast.Delete(targets=[ast.Subscript(value=container, slice=key)]) if not isinstance(key, ast.Slice):
                return [f"pop({self.expression(container)}, {self.expression(key)});"]
            case ast.Match(subject=subject, cases=cases):
                return [self.match(subject, cases)]
            case ast.FunctionDef(name=name, decorator_list=[]):
                inner = _Body(self.script, self.place, self)
                text = inner.definition(node)
                return [f"function{inner.star} {_safe(name)}{text}"]
        kind = type(node.value if isinstance(node, ast.Expr) else node).__name__
        raise self.refusal(node, kind, "a statement of the subset", ast.unparse(node).splitlines()[0])

    def assignment(self, target: ast.expr, value: str) -> str:
        match target:
            case ast.Name(id=name):
                return f"{_safe(name)} = {value};"
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
                return _safe(name)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                return f"[{', '.join(self.pattern(part) for part in parts)}]"
            case ast.Starred(value=ast.Name(id=name)):
                return f"...{_safe(name)}"
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
                return f"({_safe(name)} = {self.expression(value)})"
            case ast.Lambda(args=arguments, body=body):
                inner = _Body(self.script, self.place, self)
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
        names = _assigned([ast.Assign([generator.target], ast.Constant(0))])
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
        value = _folded(node)
        if value is not None:
            return literal(value, node, self.place)
        left, right = self.expression(node.left), self.expression(node.right)
        match node.op:
            case ast.Add():
                if _is_number(node.left) or _is_number(node.right):
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
                plain = any(isinstance(side, ast.Constant) or _is_number(side) for side in (left, right))
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
        return self.global_value(value, node.id, node) if found else _safe(node.id)

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

    def signature(self, function: ast.expr, callee: Any) -> _Signature | None:
        """Of a function of the package, of a function inside this one, or of the one method that the module's records have by that name."""
        if _is_function(callee):
            return _Signature.of(callee) if callee not in BUILTINS else None
        if isinstance(function, ast.Name):
            arguments = self.inner_arguments(function.id)
            return _Signature.written(arguments) if arguments else None
        if isinstance(function, ast.Attribute):
            records = {value for value in self.place.names.values() if is_record(value)}
            methods = {vars(record)[function.attr] for record in records if isinstance(vars(record).get(function.attr), FunctionType)}
            found = {_Signature.of(method).without_self() for method in methods}
            if len(found) > 1:
                raise self.refusal(function, f"method {function.attr}", "one meaning in a module", f"{len(found)}")
            return found.pop() if found else None
        return None

    def arranged(self, node: ast.Call, callee: Any, signature: _Signature) -> str:
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
        if _is_function(callee):
            return f"{self.script.name_of(callee, node, self.place)}({arguments})"
        if isinstance(node.func, ast.Name):
            return f"{_safe(node.func.id)}({arguments})"
        assert isinstance(node.func, ast.Attribute)
        owner, name = self.expression(node.func.value), node.func.attr
        self.script.attributes.add(name)
        pattern = METHODS.get(name)
        if pattern is None:
            return f"{owner}.{name}({arguments})"
        # A record of the package has a method that Python's own types have too.
        plain = ", ".join(self.element(argument) for argument in node.args)
        return f"(isPlain({owner}) ? {_filled(pattern, owner, plain)} : {owner}.{name}({arguments}))"

    def placed(self, node: ast.Call, signature: _Signature) -> list[str]:
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
        if pattern is None:
            self.script.attributes.add(node.func.attr)
            return f"{owner}.{node.func.attr}({', '.join(given)})"
        return _filled(pattern, owner, ", ".join(given))

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
        types = kinds.elts if isinstance(kinds, ast.Tuple) else _alternatives(kinds)
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


def _filled(pattern: str, owner: str, arguments: str) -> str:
    return pattern.replace("{0}", owner).replace("{1}", arguments).replace(", )", ")")


@dataclasses.dataclass(frozen=True)
class _Signature:
    """Parameters by kind."""

    first: tuple[str, ...]
    rest: str | None
    named: tuple[str, ...]
    others: str | None

    @classmethod
    def of(cls, function: Any) -> _Signature:
        """Of a function or method that is loaded."""
        by: dict[Any, list[str]] = {}
        for parameter in inspect.signature(function).parameters.values():
            by.setdefault(parameter.kind, []).append(parameter.name)
        kinds = inspect.Parameter
        first = (*by.get(kinds.POSITIONAL_ONLY, ()), *by.get(kinds.POSITIONAL_OR_KEYWORD, ()))
        rest, others = by.get(kinds.VAR_POSITIONAL, [None])[0], by.get(kinds.VAR_KEYWORD, [None])[0]
        return cls(first, rest, tuple(by.get(kinds.KEYWORD_ONLY, ())), others)

    @classmethod
    def written(cls, arguments: ast.arguments) -> _Signature:
        """Of a function that stands inside another one."""
        return cls(
            tuple(one.arg for one in (*arguments.posonlyargs, *arguments.args)),
            arguments.vararg.arg if arguments.vararg else None,
            tuple(one.arg for one in arguments.kwonlyargs),
            arguments.kwarg.arg if arguments.kwarg else None,
        )

    def without_self(self) -> _Signature:
        """As a caller sees a method."""
        return dataclasses.replace(self, first=self.first[1:])

    def order(self) -> list[str]:
        """All names, in the order of the JavaScript function."""
        return [*self.first, *([self.rest] if self.rest else []), *self.named, *([self.others] if self.others else [])]

    def text(self) -> str:
        """For python_semantics.js."""
        return json.dumps({"first": self.first, "rest": self.rest, "named": self.named, "others": self.others})


def _alternatives(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_alternatives(node.left), *_alternatives(node.right)]
    return [node]


def _loaded(target: ast.expr) -> ast.expr:
    text = ast.parse(ast.unparse(target), mode="eval").body
    return ast.copy_location(text, target)


def _assigned(statements: Iterable[ast.stmt]) -> set[str]:
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


def _folded(node: ast.expr) -> int | None:
    """The value of arithmetic on whole literals, such as 2**30."""
    match node:
        case ast.Constant(value=int() as value) if not isinstance(value, bool):
            return value
        case ast.BinOp(left=left, op=ast.Pow() | ast.Mult() | ast.LShift() as operator, right=right):
            a, b = _folded(left), _folded(right)
            if a is None or b is None or not 0 <= b <= 2**40:
                return None
            return a**b if isinstance(operator, ast.Pow) else a << b if isinstance(operator, ast.LShift) else a * b
    return None


def _is_number(node: ast.expr) -> bool:
    """Whether an operand can only be a number, so that `+` means addition."""
    match node:
        case ast.Constant(value=value):
            return isinstance(value, int | float)
        case ast.BinOp(op=ast.Sub() | ast.Div() | ast.FloorDiv() | ast.Mult(), left=left):
            return not isinstance(left, ast.List | ast.Tuple) and not (isinstance(left, ast.Constant) and isinstance(left.value, str))
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return _is_number(left) or _is_number(right)
        case ast.UnaryOp(op=ast.USub()):
            return True
    return False
