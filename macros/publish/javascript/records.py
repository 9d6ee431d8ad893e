"""Fields of records: what makes them from data, and what their types allow."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

if TYPE_CHECKING:
    from macros.publish.javascript import Script


def is_record(cls: Any) -> bool:
    """Whether a class is a dataclass or a checked record."""
    return isinstance(cls, type) and (dataclasses.is_dataclass(cls) or issubclass(cls, BaseModel))


def fields_of(cls: Any) -> list[tuple[str, Any, Any]]:
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
    return [name for name, _, _ in fields_of(cls)]


def records_in(annotation: Any) -> list[type]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [record for argument in get_args(annotation) for record in records_in(argument)]


def maker(value: str, annotation: Any, name_of: Callable[[type], str]) -> str:
    """What makes a field's value from data: records from plain objects, one or many; dictionaries from objects."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"made({value}, {name_of(annotation)})"
    if annotation is Any:
        return f"fromJson({value})"
    if get_origin(annotation) is Callable:
        return value  # a function is no data, whatever it gives
    inner = [argument for argument in get_args(annotation) if argument is not type(None)]
    if get_origin(annotation) in (dict, Mapping):
        return f"madeEntries({value}, (one) => {maker('one', inner[-1], name_of)})"
    if get_origin(annotation) in (list, tuple, Sequence):
        text = maker("one", inner[0], name_of) if inner else "one"
        return value if text == "one" else f"madeList({value}, (one) => {text})"
    for one in inner:
        text = maker(value, one, name_of)
        if text != value:
            return text
    return value


PLAIN_TESTS: dict[Any, str] = {
    int: "isInt(v)",
    float: "isFloat(v) && Number.isFinite(v)",
    bool: "isBool(v)",
    str: "isText(v)",
    type(None): "v === null",
}


def value_test(annotation: Any, limits: Sequence[Any], script: Script) -> str:
    """A JavaScript function of a value: whether it has the type and keeps within the limits of a field."""
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return value_test(inner, [*limits, *(one for limit in more for one in getattr(limit, "metadata", [limit]))], script)
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
        return f"(v) => isList(v) && v.every({value_test(arguments[0], limits, script)})"
    if origin in (Union, UnionType):
        return "(v) => " + " || ".join(f"({value_test(argument, limits, script)})(v)" for argument in arguments)
    return "(v) => true"
