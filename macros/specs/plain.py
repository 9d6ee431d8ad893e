"""Forms of records without their rules: for a program that takes out records which were checked before and checks none itself.

The library that checks takes longer to import than a question to answer. These are the names that the forms are declared with; what
a record does itself (its methods and properties) is the same.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

alone = False
"""Whether this program does what its command line says and ends."""
enough = False
"""Whether forms without rules are enough for it; said before the first form is imported."""

Made = TypeVar("Made")


class BaseModel:
    """A record whose fields were checked."""

    model_config: Any = None
    model_fields: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        own = {name: None for name, of in cls.__annotations__.items() if not str(of).startswith("ClassVar")}
        cls.model_fields = cls.model_fields | own

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state["__dict__"])

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]

    def model_copy(self: Made, *, update: Mapping[str, Any]) -> Made:
        """The same with other values of some fields."""
        made = copy.copy(self)
        made.__dict__.update(update)
        return made

    def __copy__(self: Made) -> Made:
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__)
        return made


class ValidationError(ValueError):
    """What a rule finds; there are none."""


class SkipJsonSchema:
    """A mark on a type, which nobody reads here."""

    def __class_getitem__(cls, of: Any) -> Any:
        return of


def Field(default: Any = None, **rules: Any) -> Any:  # noqa: N802  (the name that it stands for)
    """A field's default."""
    return default


def ConfigDict(**settings: Any) -> Any:  # noqa: N802  (the name that it stands for)
    """Settings of a form."""
    return settings


def AfterValidator(rule: Any) -> Any:  # noqa: N802  (the name that it stands for)
    """A rule."""
    return rule


def model_validator(*, mode: str) -> Callable[[Made], Made]:
    """A rule that is a method: left alone."""
    return lambda method: method
