"""Names, days and languages, in every kind of record: one name a thing, days within the field's years, each language in its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from pydantic import BaseModel

from macros.formulas.remember import by_identity
from macros.relations.ratios import Relation, Slip
from macros.specs import Catalogue
from macros.specs.record import Text
from macros.specs.yaml_file import Location

FIRST = date(2006, 1, 1)
"""Nothing of this field is older: the first graphics device that computes is of that year."""
HAN = re.compile(r"[\u3400-\u9fff]")
WORD = re.compile(r"(?<![\w.-])[a-z]{3,}(?![\w-])")
"""A word of an English sentence; names are capitalised, or have digits and hyphens in them."""
FOREIGN = re.compile(r"[\u0370-\u03ff\u0400-\u052f\u0530-\u058f]")
"""Greek, Cyrillic and Armenian letters, which look like Latin ones in a name."""
MARKUP = re.compile(r"\]\(|javascript:|&#?\w+;")
"""A link of Markdown, an address that runs, a letter by its number or its name."""
GREEK_FOR_UNITS = "μΩπασΔ"
QUOTED = {"中文", "简体中文", "本地大模型硬件指南"}
UNIQUE = {"gpus", "cpus", "models", "memory", "quantizations", "tensor-types", "families", "engines", "calculators"}
"""Kinds whose names stand for themselves in a table."""


@by_identity
def _names(catalogue: Catalogue, kind: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for record in catalogue.records[kind].values():
        found.setdefault(str(record.name), []).append(record.id)
    return found


def unique(kind: str, record: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """No two records of a kind bear one name: the slip of a copied file."""
    if kind not in UNIQUE:
        return
    twins = [other for other in _names(catalogue, kind).get(str(record.name), ()) if other != record.id]
    if twins:
        yield Slip(("name",), f"a name of its own; {twins[0]} has it already", f"'{record.name}'", "write the name of this one")


def like_its_id(kind: str, record: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """The numbers in a name stand in its id, or the other way round."""
    if kind not in ("gpus", "cpus", "memory"):
        return
    given, named = set(re.findall(r"\d+", record.id)), set(re.findall(r"\d+", record.name))
    if not (given <= named or named <= given):
        fix = "write the name of this one, or rename the file"
        yield Slip(("name",), f"the numbers of its id, {record.id}", f"'{record.name}'", fix)


def days(kind: str, record: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """A day lies between the field's first year and a year from now."""
    last = _today(catalogue) + timedelta(days=366)
    for at, day in _days(record, ()):
        if not FIRST <= day <= last:
            yield Slip(at, f"a day from {FIRST} to {last}", f"{day}", "correct the year")


@by_identity
def _today(catalogue: Catalogue) -> date:
    """The youngest day on which a source was read: nothing in the data can be much later than that."""
    return max((source.accessed for source in catalogue.sources.values()), default=date.max - timedelta(days=400))


def _days(value: Any, at: Location) -> Iterator[tuple[Location, date]]:
    if isinstance(value, date):
        yield at, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            if name not in ("sources", "exceptions"):
                yield from _days(getattr(value, name), (*at, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _days(item, (*at, index))


def languages(kind: str, record: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """`zh` is Chinese and `en` is not."""
    for at, text in texts(record, ()):
        sentence = (" " in text.zh and len(WORD.findall(text.zh)) > 1) or (text.zh != text.en and len(WORD.findall(text.en)) > 2)
        if (sentence and not HAN.search(text.zh)) or len(WORD.findall(text.zh)) > max(2, len(HAN.findall(text.zh))):
            yield Slip((*at, "zh"), "a text in Chinese", f"'{text.zh[:40]}'", "translate it, or swap zh and en")
        quoting = 0.3 * len(text.en) if kind in ("glossary", "article") else 0
        if len(HAN.findall(re.sub("|".join(QUOTED), "", text.en))) > quoting:
            yield Slip((*at, "en"), "a text in English", f"'{text.en[:40]}'", "translate it, or swap zh and en")
    chinese = getattr(record, "name_zh", None)
    if chinese and not HAN.search(chinese):
        yield Slip(("name_zh",), "a name in Chinese", f"'{chinese}'", "translate it, or leave the key out")


def letters(kind: str, record: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """Names are written in Latin or Chinese letters: a letter of another script only looks like one of these."""
    name = getattr(record, "name", None)
    for text in (name.zh, name.en) if isinstance(name, Text) else (name,) if isinstance(name, str) else ():
        found = next((character for character in FOREIGN.findall(text) if character not in GREEK_FOR_UNITS), None)
        if found:
            yield Slip(("name",), "Latin or Chinese letters", f"'{text}' with {found!r}", "type the name anew")


def plain(kind: str, record: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """What readers are shown is text: a link or a letter by number in it would stand there as it was typed."""
    found = [((*at, of), getattr(text, of)) for at, text in texts(record, ()) for of in ("zh", "en")]
    found += [((key,), told) for key in ("name", "name_zh") if isinstance(told := getattr(record, key, None), str)]
    found += [(("also_called", index), name) for index, name in _also(record)]
    for at, text in found:
        if mark := MARKUP.search(text):
            yield Slip(at, "words without markup", f"'{text[:60]}' with {mark[0]!r}", "say it in words, and name the page under `sources`")


def _also(record: Any) -> list[tuple[int, str]]:
    return [(index, name) for index, name in enumerate(getattr(record, "also_called", None) or ()) if isinstance(name, str)]


def other_names(kind: str, record: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """No other name of a thing is the name of another thing of its kind: a search would lead to the wrong one."""
    for index, name in _also(record) if kind in UNIQUE else ():
        if owners := [other for other in _names(catalogue, kind).get(name, ()) if other != record.id]:
            yield Slip(("also_called", index), f"a name that only this one has; {owners[0]} is called so", f"'{name}'", "remove it")


def repositories(kind: str, record: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """A repository's owner and name are words, not steps of a path, and it holds one model: the slip of a copied file."""
    for key in ("hugging_face", "modelscope"):
        told = getattr(record, key, None)
        if told and any(set(part) <= set(".-_") for part in told.split("/")):
            yield Slip((key,), "owner/name of a repository", f"'{told}'", "copy it from the address of its page")
        twins = [other for other in _held(catalogue, key).get(told, ()) if other != record.id] if told and kind == "models" else []
        if twins:
            yield Slip((key,), f"a repository of its own; {twins[0]} has it already", f"'{told}'", "copy it from the address of its page")


@by_identity
def _held(catalogue: Catalogue, key: str) -> dict[str, list[str]]:
    """Repository -> models that are said to lie there."""
    found: dict[str, list[str]] = {}
    for model in catalogue.models.values():
        found.setdefault(getattr(model, key) or "", []).append(model.id)
    return found


def texts(value: Any, at: Location) -> Iterator[tuple[Location, Text]]:
    """Every text in both languages in a record, with its place."""
    if isinstance(value, Text):
        yield at, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from texts(getattr(value, name), (*at, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts(item, (*at, index))


def granted(kind: str, record: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """An exception is of the figure that it was granted for: whoever changes the figure looks at it again."""
    for name, exception in record.exceptions.items():
        figure = _figure(record, name.split("."))
        if figure is not None and exception.of != figure:
            fix = f"read the source again; if it is so, write `of: {figure}`"
            told = "none" if exception.of is None else f"{exception.of}"
            yield Slip(("exceptions", name), f"`of: {figure}`, the figure that stands there", told, fix)


def _figure(value: Any, place: list[str]) -> int | float | list[Any] | None:
    """The number at a place, or the list of numbers; None: something else, or nothing. A key may have dots in it."""
    if not place:
        numbers = value if isinstance(value, list) else list(value) if isinstance(value, tuple) else [value]
        sound = numbers and all(isinstance(one, int | float) and not isinstance(one, bool) for one in numbers)
        return (numbers if isinstance(value, list | tuple) else value) if sound else None
    for length in range(1, len(place) + 1):
        inner = _inner(value, ".".join(place[:length]))
        if inner is not None:
            return _figure(inner, place[length:])
    return None


def _inner(value: Any, key: str) -> Any:
    if isinstance(value, list | tuple):
        return value[int(key)] if key.isdecimal() and int(key) < len(value) else None
    return value.get(key) if isinstance(value, dict) else getattr(value, key, None)


EVERY: tuple[Relation, ...] = (unique, like_its_id, days, languages, letters, plain, other_names, repositories, granted)
