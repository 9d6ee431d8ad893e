"""Forms of records without their rules: for a program that takes out records which were checked before and checks none itself.

The library that checks takes longer to import than a question to answer. These are the names that the forms are declared with; what
a record does itself (its methods and properties) is the same.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar, get_args, get_type_hints

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

    @classmethod
    def model_validate(cls: type[Made], given: Mapping[str, Any]) -> Made:
        """A record of values that their reader checked one by one; the rules between them are applied here."""
        hints = get_type_hints(cls)
        made = cls(**{name: _made(value, hints.get(name)) for name, value in given.items()})
        for rule in [rule for base in cls.__mro__ for rule in vars(base).values() if getattr(rule, "is_rule", False)]:
            try:
                rule(made)
            except ValueError as error:
                raise ValidationError(str(error)) from None
        return made

    def model_copy(self: Made, *, update: Mapping[str, Any]) -> Made:
        """The same with other values of some fields."""
        made = copy.copy(self)
        made.__dict__.update(update)
        return made

    def __copy__(self: Made) -> Made:
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__)
        return made


def _made(value: Any, hint: Any) -> Any:
    """A value as its field has it: records from mappings."""
    forms = [one for one in (hint, *get_args(hint)) if isinstance(one, type) and issubclass(one, BaseModel)]
    return forms[0].model_validate(value) if forms and isinstance(value, Mapping) else value


class ValidationError(ValueError):
    """What a rule finds."""

    def errors(self, **shown: bool) -> list[dict[str, Any]]:
        """As the library tells it."""
        return [{"msg": str(self), "loc": (), "input": None}]


class SkipJsonSchema:
    """A mark on a type, which nobody reads here."""

    def __class_getitem__(cls, of: Any) -> Any:
        return of


def Field(default: Any = None, **rules: Any) -> Any:  # noqa: N802  (the name that it stands for)
    """A field's default."""
    return rules["default_factory"]() if "default_factory" in rules else default


def ConfigDict(**settings: Any) -> Any:  # noqa: N802  (the name that it stands for)
    """Settings of a form."""
    return settings


def AfterValidator(rule: Any) -> Any:  # noqa: N802  (the name that it stands for)
    """A rule."""
    return rule


def model_validator(*, mode: str) -> Callable[[Made], Made]:
    """A rule that is a method: marked."""

    def marked(method: Made) -> Made:
        method.is_rule = True  # type: ignore[attr-defined]
        return method

    return marked
