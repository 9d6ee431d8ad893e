"""The records as everybody asks for them: by kind and id, each made when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from macros.specs.errors import SpecError
    from macros.specs.yaml_file import Location, YamlFile


class Records(dict[str, Any]):
    """The records of a kind. Those still `waiting` are brought one by one as they are named, and all before anyone goes through them.

    >>> found = Records({"a": lambda: 1, "b": lambda: 2})
    >>> "b" in found, len(found), found["b"], list(found.waiting), found.get("c"), list(found.items())
    (True, 2, 2, ['a'], None, [('a', 1), ('b', 2)])
    >>> found = Records({"a": lambda: 1, "b": lambda: 2})
    >>> found["b"], found["a"], list(found)  # in their order, whichever was named first
    (2, 1, ['a', 'b'])
    """

    def __init__(self, waiting: Mapping[str, Callable[[], Any]]) -> None:
        super().__init__()
        self.waiting = dict(waiting)
        self._order: tuple[str, ...] | None = tuple(waiting)
        """Until it is that of the records."""

    def __missing__(self, id: str) -> Any:
        super().__setitem__(id, self.waiting.pop(id)())
        return super().__getitem__(id)

    def ids(self) -> Iterable[str]:
        """Its ids in order; brings nothing."""
        return super().keys() if self._order is None else self._order

    def _bring(self) -> None:
        """All that wait, in their order."""
        if self._order is not None:
            brought = {name: self[name] for name in self._order}
            self._order = None
            super().clear()
            super().update(brought)

    def __contains__(self, id: object) -> bool:
        return super().__contains__(id) or id in self.waiting

    def __len__(self) -> int:
        return super().__len__() + len(self.waiting)

    def __setitem__(self, id: str, record: Any) -> None:
        self._bring()
        super().__setitem__(id, record)

    def __delitem__(self, id: str) -> None:
        self._bring()
        super().__delitem__(id)

    def __iter__(self) -> Iterator[str]:
        self._bring()
        return super().__iter__()

    def __eq__(self, other: object) -> bool:
        self._bring()
        return super().__eq__(other)

    def __repr__(self) -> str:
        self._bring()
        return super().__repr__()

    def __or__(self, other: Any) -> Any:
        return self.copy() | other

    def copy(self) -> dict[str, Any]:
        return dict(self.items())

    def get(self, id: str, default: Any = None) -> Any:
        if id in self:
            return self[id]
        return default

    def keys(self) -> KeysView[str]:  # type: ignore[override]
        self._bring()
        return super().keys()

    def values(self) -> ValuesView[Any]:  # type: ignore[override]
        self._bring()
        return super().values()

    def items(self) -> ItemsView[str, Any]:  # type: ignore[override]
        self._bring()
        return super().items()

    __hash__ = None


@dataclass(frozen=True)
class Catalogue:
    """Every record by kind and id; `catalogue.gpus["rtx-3090"]`."""

    records: dict[str, dict[str, Any]]
    files: Mapping[tuple[str, str], YamlFile] = field(repr=False)
    """(kind, id) -> the file it was read from, for errors that name a line."""

    def __getattr__(self, kind: str) -> dict[str, Any]:
        try:
            return self.records[kind.replace("_", "-")]
        except KeyError:
            raise AttributeError(kind) from None

    def error(self, kind: str, record: str, location: Location, expected: str, got: object, fix: str) -> SpecError:
        """A mistake in a record, with its file and line."""
        return self.files[kind, record].error(location, expected, str(got), fix)


class Files(Mapping[tuple[str, str], "YamlFile"]):
    """The files of a catalogue, put together only when one is asked for."""

    def __init__(self, made: Callable[[], Iterable[tuple[tuple[str, str], YamlFile]]]) -> None:
        self._make = made

    @cached_property
    def _made(self) -> dict[tuple[str, str], YamlFile]:
        return dict(self._make())

    def __getitem__(self, of: tuple[str, str]) -> YamlFile:
        return self._made[of]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)
