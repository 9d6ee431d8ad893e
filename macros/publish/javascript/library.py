"""What Python's own functions, methods and types are called in the browser."""

from __future__ import annotations

import builtins
import dataclasses
import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

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


def filled(pattern: str, owner: str, arguments: str) -> str:
    return pattern.replace("{0}", owner).replace("{1}", arguments).replace(", )", ")")
