"""What is shown: specs x formulas -> frames of numbers at full precision, a module a chapter. How they look is render's."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pandas as pd

from macros.specs import Catalogue

Words = dict[str, str]
"""A text in both languages, {"zh": …, "en": …}."""


@dataclass(frozen=True)
class Column:
    """One column: its id (a door: other people's scripts read it), its unit, its title, and how many digits a reader needs."""

    id: str
    title: Words
    unit: str | None = None
    digits: int | None = None
    """Digits after the point for a reader; None for text and whole numbers, and where three significant ones are all that is known."""
    link: str | None = None
    """Kind of record (`models`, `gpus`, …) whose page the cell leads to, when the value is an id."""
    note: Words | None = None
    """What a reader should know of this column."""
    only_data: bool = False
    """Whether it is meant for the data files alone; any other column stands on some page."""
    choices: Mapping[str, Words] | None = None
    """Value -> what a reader sees, where the values are few."""
    secondary: bool = False
    """Whether a narrow screen leaves it out at first."""
    under: bool = False
    """Whether it stands in small letters under the name of the row: what else tells rows apart. The answer comes next to the name so."""


def ranged(column: Column) -> tuple[Column, Column, Column]:
    """A figure with the ends of its range, which pages write below it."""
    ends = {"low": ("，低", ", low"), "high": ("，高", ", high")}
    low, high = (
        replace(column, id=f"{column.id}_{end}", title={"zh": column.title["zh"] + zh, "en": column.title["en"] + en})
        for end, (zh, en) in ends.items()
    )
    return column, low, high


def with_range(figure: str, speed: Mapping[str, float] | None) -> dict[str, float | None]:
    """The cells of such a figure from a speed of the estimate; None: empty."""
    ends = {figure: "tokens_per_second", f"{figure}_low": "low", f"{figure}_high": "high"}
    return {name: None if speed is None else speed[key] for name, key in ends.items()}


@dataclass(frozen=True)
class Table:
    """A table of the guide: frames are computed from a catalogue, never stored."""

    id: str
    title: Words
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    compute: Callable[[Catalogue], pd.DataFrame]
    formulas: tuple[str, ...] = ()
    """Names of the formulas behind the numbers, for the proof that a cell opens."""

    def frame(self, catalogue: Catalogue) -> pd.DataFrame:
        """The numbers, one row a key, columns as declared; computed once for each catalogue."""
        frames = _frames_of(catalogue)
        if self.id not in frames:
            frames[self.id] = self._checked(self.compute(catalogue))
        return frames[self.id]

    def take(self, catalogue: Catalogue, frame: pd.DataFrame) -> None:
        """Take over the numbers that another process computed from the same catalogue."""
        _frames_of(catalogue)[self.id] = frame

    def _checked(self, frame: pd.DataFrame) -> pd.DataFrame:
        declared = [column.id for column in self.columns]
        if sorted(frame.columns) != sorted(declared):
            raise ValueError(f"table {self.id}: expected columns {declared}, got {list(frame.columns)}")
        frame = frame[declared]
        if frame.duplicated(list(self.key)).any():
            raise ValueError(f"table {self.id}: expected one row for each {self.key}, got duplicates")
        return frame


_frames: dict[int, tuple[Catalogue, dict[str, pd.DataFrame]]] = {}
_registry: dict[str, Table] = {}


def _frames_of(catalogue: Catalogue) -> dict[str, pd.DataFrame]:
    """What was computed from a catalogue; of another nothing is kept."""
    known = _frames.get(id(catalogue))
    if known is None or known[0] is not catalogue:
        _frames.clear()
        known = _frames[id(catalogue)] = (catalogue, {})
    return known[1]


def table(
    *,
    id: str,
    title: Words,
    key: list[str],
    columns: list[Column],
    formulas: tuple[str, ...] = (),
) -> Callable[[Callable[[Catalogue], pd.DataFrame]], Callable[[Catalogue], pd.DataFrame]]:
    """Declare the function below as the computation of a table."""

    def declare(compute: Callable[[Catalogue], pd.DataFrame]) -> Callable[[Catalogue], pd.DataFrame]:
        if id in _registry and _registry[id].compute.__module__ != compute.__module__:
            raise ValueError(f"two tables are called {id}: in {_registry[id].compute.__module__} and {compute.__module__}")
        _registry[id] = Table(id, title, tuple(key), tuple(columns), compute, formulas)
        return compute

    return declare


@cache
def _import_chapters() -> None:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")


def tables() -> dict[str, Table]:
    """All tables by id."""
    _import_chapters()
    return dict(sorted(_registry.items()))


def plain(value: Any) -> Any:
    """A cell as JSON knows it: numbers, text, null."""
    if value is None or (isinstance(value, float) and value != value):
        return None
    return value.item() if hasattr(value, "item") else value
