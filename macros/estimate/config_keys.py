"""The values of a config.json, each checked when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from macros.estimate.refused import Refused


@dataclass(frozen=True)
class Keys:
    """The values of a configuration, each checked when it is asked for."""

    values: Mapping[str, Any]

    def get(self, *names: str) -> Any:
        """The first of these keys that holds something."""
        return next((self.values[name] for name in names if self.values.get(name) is not None), None)

    def name(self, *names: str) -> str:
        """The first of these keys that holds something; where none does, the usual one."""
        return next((name for name in names if self.values.get(name) is not None), names[0])

    def whole(self, *names: str, default: int | None = None, low: int = 1) -> int:
        """A whole number."""
        value = self.get(*names)
        if value is None:
            value = default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= 10**12:
            raise Refused(f"config.{self.name(*names)}", f"a whole number from {low}", value, "copy the whole config.json of the model")
        return value

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        value = self.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise Refused(f"config.{name}", "true or false", value)
        return value

    def real(self, name: str, default: float) -> float:
        """A number."""
        value = self.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 10**12:
            raise Refused(f"config.{name}", "a number from 0", value)
        return float(value)

    def known(self, **defaults: Any) -> Keys:
        """The same with the class's own values for what is left out."""
        return Keys({**defaults, **{key: value for key, value in self.values.items() if value is not None}})

    def renamed(self, **names: str) -> Keys:
        """The same with the names that other classes use: usual name = name in this class."""
        return Keys({**self.values, **{usual: self.get(usual, own) for usual, own in names.items()}})

    def layer_list(self, name: str, layers: int) -> list[Any] | None:
        """A value for each layer."""
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != layers:
            found = len(value) if isinstance(value, Sequence) else value
            raise Refused(f"config.{name}", f"one entry for each of the {layers} layers", found)
        return list(value)

    def items(self, name: str) -> list[Any]:
        """A list of whatever it may be."""
        value = self.get(name)
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise Refused(f"config.{name}", "a list", value, "copy the whole config.json of the model")
        return list(value)

    def wholes(self, name: str) -> list[int]:
        """A list of whole numbers."""
        return [Keys({name: value}).whole(name) for value in self.items(name)]

    def same(self, name: str) -> int:
        """A whole number, or a list that holds one number throughout."""
        value = self.get(name)
        if isinstance(value, Sequence) and not isinstance(value, str) and value and len(set(self.wholes(name))) == 1:
            return Keys({name: value[0]}).whole(name)
        return self.whole(name)

    def mapping(self, *names: str) -> Mapping[str, Any]:
        """A nested object; empty where there is none."""
        value = self.get(*names)
        return value if isinstance(value, Mapping) else {}

    def refuse(self, name: str, allowed: tuple[Any, ...], why: str) -> None:
        """Refuse a feature that the formulas do not cover."""
        if self.values.get(name) not in (None, *allowed):
            raise Refused(f"config.{name}", f"{allowed[0]!r}, {why}", self.values[name])
