"""The values of a config.json, each checked when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from macros.estimate.notices import Notice
from macros.estimate.refused import Refused
from macros.specs.classes import ConfigClass

SAME_KIND = {
    "mamba": "linear_attention",
    "attention": "full_attention",
    "deepseek_sparse_attention": "indexed_attention",
    "qwen_sparse_attention": "indexed_attention",
}
"""Older names of kinds of layers -> what transformers 5 writes instead."""
LONGEST = 1000
"""Layers beyond which a configuration is a mistake."""
WHOLE_FILE = "copy the whole config.json of the model"


@dataclass(frozen=True)
class Keys:
    """The values of a configuration, each checked when it is asked for; what it leaves out has the value of its class."""

    values: Mapping[str, Any]
    """What the configuration says; null is an answer too."""
    kind: ConfigClass
    """Its class: other names of keys, and values for what is left out."""
    engine: str
    """What llama.cpp calls the class."""
    asked: list[str] = field(default_factory=list)
    """Keys that somebody asked for."""
    left_out: list[str] = field(default_factory=list)
    """Keys that were asked for and had the value of the class."""
    notices: list[Notice] = field(default_factory=list)
    """What a reader should know of this reading."""

    def _names(self, names: tuple[str, ...]) -> list[str]:
        every = [one for name in names for one in (name, *self.kind.keys.get(name, []))]
        return [name for name in every if name not in self.kind.ignored]

    def get(self, *names: str) -> Any:
        """The first of these keys that holds something; where the configuration has none of them, the value of its class."""
        every = self._names(names)
        self.asked.extend(every)
        given = [name for name in every if name in self.values]
        if given:
            return next((self.values[name] for name in given if self.values[name] is not None), None)
        for name in every:
            if self.kind.defaults.get(name) is not None:
                self.left_out.append(name)
                return self.kind.defaults[name]
        return None

    def gives(self, *names: str) -> bool:
        """Whether the configuration itself holds something under one of these keys."""
        return any(self.values.get(name) is not None for name in self._names(names))

    def name(self, *names: str) -> str:
        """The first of these keys that holds something; where none does, the usual one."""
        return next((name for name in self._names(names) if self.values.get(name) is not None), names[0])

    def whole(self, *names: str, default: int | None = None, low: int = 1) -> int:
        """A whole number."""
        value = self.get(*names)
        if value is None:
            value = default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= 10**12:
            raise Refused(f"config.{self.name(*names)}", f"a whole number from {low}", value, WHOLE_FILE)
        return value

    def flag(self, *names: str, default: bool = False) -> bool:
        """True or false."""
        value = self.get(*names)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise Refused(f"config.{self.name(*names)}", "true or false", value)
        return value

    def real(self, name: str, default: float) -> float:
        """A number."""
        value = self.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 10**12:
            raise Refused(f"config.{name}", "a number from 0", value)
        return float(value)

    def but(self, **values: Any) -> Keys:
        """The same with other values for some keys."""
        return Keys({**self.values, **values}, self.kind, self.engine, self.asked, self.left_out, self.notices)

    def inside(self, *names: str) -> Keys:
        """A nested object; empty where there is none. It knows no values of a class."""
        value = self.get(*names)
        if value is not None and not isinstance(value, Mapping):
            raise Refused(f"config.{self.name(*names)}", "an object", value)
        return Keys(value or {}, NOTHING, self.engine, [], [], self.notices)

    def since_5(self) -> bool:
        """Whether transformers 5 or later wrote the configuration."""
        version = self.values.get("transformers_version")
        first = version.split(".")[0] if isinstance(version, str) else ""
        return first != "" and len(first) < 4 and all(letter in "0123456789" for letter in first) and int(first) >= 5

    def variant(self, what: str) -> str:
        """What llama.cpp calls a configuration of this class that turns out to be such a one."""
        return self.kind.variants.get(what, self.engine)

    def layers(self) -> int:
        """How many layers there are."""
        count = self.whole("num_hidden_layers", "num_layers")
        if count > LONGEST:
            raise Refused(f"config.{self.name('num_hidden_layers', 'num_layers')}", f"at most {LONGEST} layers", count)
        return count

    def layer_list(self, name: str, layers: int) -> list[Any] | None:
        """A value for each layer."""
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != layers:
            found = len(value) if isinstance(value, Sequence) else value
            raise Refused(f"config.{name}", f"one entry for each of the {layers} layers", found)
        return list(value)

    def kinds(self, name: str, layers: int, allowed: tuple[str, ...]) -> list[str] | None:
        """The kind of each layer, under its newest name; one that this class does not have is refused by its name."""
        given = self.layer_list(name, layers)
        if given is None:
            return None
        for kind in given:
            if not isinstance(kind, str) or SAME_KIND.get(kind, kind) not in allowed:
                raise Refused(f"config.{name}", f"kinds of layers that this class has ({', '.join(allowed)})", kind)
        return [SAME_KIND.get(kind, kind) for kind in given]

    def items(self, name: str) -> list[Any]:
        """A list of whatever it may be."""
        value = self.get(name)
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise Refused(f"config.{name}", "a list", value, WHOLE_FILE)
        return list(value)

    def indices(self, name: str, layers: int) -> list[int] | None:
        """Numbers of layers, counted from 0 and each once, in order."""
        if self.get(name) is None:
            return None
        listed = self.items(name)
        for layer in listed:
            if isinstance(layer, bool) or not isinstance(layer, int) or not 0 <= layer < layers:
                raise Refused(f"config.{name}", f"numbers of layers from 0 to {layers - 1}", layer)
        if len(set(listed)) != len(listed):
            raise Refused(f"config.{name}", "each layer once", listed)
        return sorted(listed)

    def wholes(self, name: str) -> list[int]:
        """A list of whole numbers."""
        found = self.items(name)
        for value in found:
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 10**12:
                raise Refused(f"config.{name}", "whole numbers from 1", value, WHOLE_FILE)
        return found

    def same(self, *names: str, default: int | None = None, low: int = 1) -> int:
        """A whole number, or a list that holds one number throughout."""
        value = self.get(*names)
        if isinstance(value, Sequence) and not isinstance(value, str) and value:
            name = self.name(*names)
            found = self.wholes(name)
            if len(set(found)) > 1:
                raise Refused(f"config.{name}", "one number for all layers", found)
            return found[0]
        return self.whole(*names, default=default, low=low)

    def refuse(self, name: str, allowed: tuple[Any, ...], why: str) -> None:
        """Refuse a feature that the formulas do not cover."""
        value = self.get(name)
        if value is not None and value not in allowed:
            raise Refused(f"config.{name}", f"{allowed[0]!r}, {why}", value)

    def tell(self, code: str, **values: Any) -> None:
        """Say something beside the reading."""
        self.notices.append(Notice(code, values))


NOTHING = ConfigClass(reader="dense")
"""A class that knows nothing."""
