"""Python functions -> JavaScript, from their syntax trees, so that the calculator computes with the guide's own formulas.

The subset is what formulas need: arithmetic, comparisons, conditions, loops, lists, dictionaries, plain records, calls of
one another. Whatever is not listed here is refused with its file and line, never guessed. What differs between the two
languages (floor division, truth of an empty list, `+` on lists, keyword arguments) goes through python_semantics.js.
Results have equal bits as long as whole numbers stay below 2^53, which the tests hold.
"""

from __future__ import annotations

import ast
import copy
import dataclasses
import inspect
from collections.abc import Collection, Mapping
from datetime import date
from functools import cached_property
from itertools import groupby
from types import FunctionType
from typing import Any

from macros.publish.javascript.body import Body
from macros.publish.javascript.records import fields_of, is_record, maker, records_in, value_test
from macros.publish.javascript.scope import SEMANTICS, safe
from macros.publish.javascript.source import Place, literal, of_the_package, place_of, refusal
from macros.specs.record import Written

SUBSTITUTES = {
    "macros.formulas.elementwise.ceil": "ceil",
    "macros.formulas.elementwise.floor": "floor",
    "macros.formulas.elementwise.maximum": "maximum",
    "macros.formulas.elementwise.minimum": "minimum",
    "macros.formulas.elementwise.where": "where",
    "macros.formulas.patterns.found_in": "foundIn",
    "macros.formulas.patterns.is_pattern": "isPattern",
    "macros.specs.errors.nearest": "nearest",
    "macros.specs.naming.nearest_called": "nearest",
    "macros.estimate.files.octets.whole": "wholeAt",
    "macros.estimate.files.octets.signed": "signedAt",
    "macros.estimate.files.octets.real": "realAt",
    "macros.estimate.files.octets.letters": "lettersAt",
    "macros.estimate.files.octets.after_texts": "afterTexts",
}
"""Functions of the package that python_semantics.js has, because they lean on libraries."""
DOORS = ("fromJson", "toJson", "catalogueOf", "copied: dictionary")
"""What a page needs of python_semantics.js to call the functions."""


def translate(roots: Mapping[str, Any], *, without: Collection[Any] = ()) -> tuple[str, frozenset[str]]:
    """A classic script that defines `globalThis.formulas`, with the given functions and records and all that they call.

    Args:
        roots: name in `formulas` -> function or record
        without: functions that the script does not have, nor what only they call; a call of them fails

    Returns:
        The script, and the names of all fields that it reads: no other field of a record is needed beside it.

    >>> script, read = translate({})
    >>> "globalThis.formulas" in script
    True
    """
    script = Script(without)
    names = {public: script.name_of(function, None, None) for public, function in roots.items()}
    exported = ", ".join([*(f"{public}: {name}" for public, name in names.items()), *DOORS])
    body = "\n".join(script.finished())
    text = f'(() => {{\n"use strict";\n{SEMANTICS.read_text("utf-8")}\n{body}\nglobalThis.formulas = {{ {exported} }};\n}})();\n'
    return text, frozenset(script.attributes)


class Script:
    """What is translated so far: each Python object once, under one name."""

    def __init__(self, without: Collection[Any] = ()) -> None:
        self.without = without
        self.names: dict[int, str] = {}
        self.kept: list[Any] = []  # so that no id is used twice
        self.taken: set[str] = set()
        self.constants: list[str] = []
        self.functions: list[str] = []
        self.records: dict[str, RecordClass] = {}
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
            if thing in self.without:
                self.functions.append(f'function {name}() {{ throw new KeyError("{thing.__name__}"); }}')
            elif not isinstance(thing, type):
                self.functions.append(function_text(self, thing, name))
            elif issubclass(thing, Exception):
                self.constants.insert(0, exception_text(self, thing, name))
            else:
                self.records[name] = RecordClass(self, thing, name)
        return [*(record.text() for record in self.records.values()), *self.constants, *self.functions]

    def name_of(self, thing: Any, node: ast.AST | None, place: Place | None) -> str:
        """The JavaScript name of a function, class or constant of the package, which is translated too."""
        if isinstance(thing, FunctionType) and f"{thing.__module__}.{thing.__qualname__}" in SUBSTITUTES:
            return SUBSTITUTES[f"{thing.__module__}.{thing.__qualname__}"]
        if isinstance(thing, type) and thing in (ValueError, KeyError):
            return thing.__name__
        known = self.names.get(id(thing))
        if known:
            return known
        source = inspect.unwrap(thing) if callable(thing) and not isinstance(thing, type) else thing
        if not isinstance(source, FunctionType | type) or not of_the_package(source):
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
        for _, _, annotation in fields_of(cls):
            for inner in records_in(annotation):
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

    def constant(self, value: Any, hint: str, node: ast.AST, place: Place) -> str:
        """A literal for a small value; a shared constant for a list, dictionary or record."""
        if value is None or isinstance(value, bool | int | float | str | date):
            return literal(value, node, place)
        if id(value) not in self.names:
            text = self.written(value, node, place)
            name = self.fresh(hint)
            self.remember(value, name)
            self.constants.append(f"const {name} = {text};")
        return self.names[id(value)]

    def written(self, value: Any, node: ast.AST, place: Place) -> str:
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
            # What is at its default the record knows itself.
            told = [(name, getattr(value, name)) for name, default, _ in fields_of(type(value)) if getattr(value, name) != default]
            given = ", ".join(f"{name}: {self.written(one, node, place)}" for name, one in told)
            return f"new {self.name_of(type(value), node, place)}({{ {given} }})"
        if callable(value):
            return self.name_of(value, node, place)
        raise refusal(place, node, "a constant", "numbers, texts, lists, dictionaries, records", type(value).__name__)


def function_text(script: Script, function: Any, name: str) -> str:
    plain = inspect.unwrap(function)
    tree, place = place_of(plain)
    if not isinstance(tree, ast.FunctionDef):
        raise refusal(place, tree, "a function", "`def`", type(tree).__name__)
    cached = False
    for decorator in tree.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if ast.unparse(called) not in {"cache", "lru_cache", "functools.cache", "functools.lru_cache", "by_identity"}:
            raise refusal(place, decorator, "a decorator", "cache", ast.unparse(decorator))
        cached = True
    body = Body(script, place)
    held = inspect.getclosurevars(plain).nonlocals if plain.__closure__ else {}
    body.locals |= set(held)
    before = " ".join(f"const {safe(one)} = {script.written(value, tree, place)};" for one, value in held.items())
    text = body.definition(tree, before=before)
    return f"const {name} = remembered(function{body.star} {text});" if cached else f"function{body.star} {name}{text}"


def exception_text(script: Script, cls: type, name: str) -> str:
    tree, place = place_of(cls)
    assert isinstance(tree, ast.ClassDef)
    made = [one for one in tree.body if isinstance(one, ast.FunctionDef)]
    if any(one.name != "__init__" for one in made):
        raise refusal(place, tree, f"exception {cls.__name__}", "no methods but __init__", ", ".join(one.name for one in made))
    text = f"constructor{Body(script, place).definition(made[0], method=True, before='super();')}" if made else ""
    return f"class {name} extends {script.name_of(cls.__bases__[0], tree, place)} {{{text}}}"


class RecordClass:
    """A dataclass, or a checked record of macros.specs: its fields with their defaults, and the methods that are used.

    It is made from an object that names its fields; what is left out has its default. So data may leave out defaults too.
    """

    def __init__(self, script: Script, cls: Any, name: str) -> None:
        self.script = script
        self.cls = cls
        self.name = name
        self.methods: dict[str, str | None] = {}
        self.bodies: dict[str, tuple[ast.FunctionDef, Place]] = {}
        tree, place = place_of(cls)
        if not is_record(cls):
            raise refusal(place, tree, f"class {cls.__name__}", "a dataclass, a record or an exception", "another class")
        self.fields = [self._field(name, default, annotation, tree, place) for name, default, annotation in fields_of(cls)]
        for base in reversed(cls.__mro__):
            if is_record(base) and of_the_package(base):
                node, base_place = place_of(base)
                assert isinstance(node, ast.ClassDef)
                self.bodies |= {one.name: (one, base_place) for one in node.body if isinstance(one, ast.FunctionDef)}

    def _field(self, name: str, default: Any, annotation: Any, tree: ast.AST, place: Place) -> tuple[str, str, str]:
        """Its name; its default, if it has one; what has to be made of data, if anything has."""
        known = "" if default is dataclasses.MISSING else f"{name}: {self.script.written(default, tree, place)}"
        value = maker(f"this.{name}", annotation, lambda record: self.script.name_of(record, tree, place))
        return name, known, "" if value == f"this.{name}" else f"this.{name} = {value};"

    def _constructor(self) -> str:
        """Each field at its default, unless it is given; then what of it has to be made of data. Who vouches for a record nothing reads."""
        read = [field for field in self.fields if field[0] in self.script.attributes or field[0] not in Written.model_fields]
        defaults = ", ".join([known for _, known, _ in read if known])
        return " ".join([f"Object.assign(this, {{ {defaults} }}, given);", *[line for _, _, line in read if line]])

    def translate_methods(self) -> bool:
        """Whether some were new."""
        wanted = [name for name in self.bodies if name not in self.methods and self._wanted(name)]
        for name in wanted:
            self.methods[name] = None  # it may call itself
            self.methods[name] = self._method(*self.bodies[name])
        return bool(wanted)

    def _wanted(self, name: str) -> bool:
        return name in self.script.attributes or (self.cls in self.script.checked and name in self._validators)

    @cached_property
    def _validators(self) -> list[str]:
        """Methods that pydantic runs on a finished record."""
        decorated = {name: [ast.unparse(one) for one in body.decorator_list] for name, (body, _) in self.bodies.items()}
        return [name for name, kinds in decorated.items() if AFTER_CHECK in kinds]

    def _check(self) -> str:
        """What the types of the fields allow, field by field, and then the record's own validators."""
        tests = {name: value_test(field.annotation, field.metadata, self.script) for name, field in self.cls.model_fields.items()}
        alike = groupby(tests, tests.__getitem__)
        lines = [f'checkFields(this, "{" ".join(names)}", {test});' for test, names in alike]
        lines += [f"this.{name}();" for name in self._validators]
        return "check() {\n" + "\n".join(lines) + "\nreturn true;\n}"

    def _method(self, member: ast.FunctionDef, place: Place) -> str:
        kinds = {ast.unparse(decorator) for decorator in member.decorator_list}
        if kinds == {"classmethod"}:
            own = dataclasses.replace(place, names={**place.names, "cls": self.cls})
            member = copy.deepcopy(member)
            member.args.args.pop(0)
            return f"static {member.name}{Body(self.script, own).definition(member)}"
        if kinds == {AFTER_CHECK}:
            kinds = set()
        if not kinds <= {"property", "cached_property", "functools.cached_property"}:
            raise refusal(place, member, f"method {member.name}", "a method or a property", ", ".join(sorted(kinds)))
        if not member.args.args or member.args.args[0].arg != "self":
            raise refusal(place, member, f"method {member.name}", "`self` first", "none")
        body = Body(self.script, place)
        text = body.definition(member, method=True)
        return f"{'get ' if kinds else body.star}{member.name}{text}"

    def text(self) -> str:
        methods = "\n".join(text for text in self.methods.values() if text)
        if self.cls in self.script.checked:
            methods += "\n" + self._check()
        return f"class {self.name} {{\nconstructor(given) {{ {self._constructor()} }}\n{methods}\n}}"


AFTER_CHECK = "model_validator(mode='after')"
