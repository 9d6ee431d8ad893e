"""All records together: read, typed, and checked against each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from macros.specs import yaml_file
from macros.specs.errors import SpecError, SpecErrors, nearest, shown_path
from macros.specs.kinds import KINDS, SINGLE_FILES
from macros.specs.record import ID, Record
from macros.specs.yaml_file import Location, YamlFile


@dataclass(frozen=True)
class Catalogue:
    """Every record by kind and id; `catalogue.gpus["rtx-3090"]`."""

    records: dict[str, dict[str, Any]]
    files: dict[tuple[str, str], YamlFile] = field(repr=False)
    """(kind, id) -> the file it was read from, for errors that name a line."""

    def __getattr__(self, kind: str) -> dict[str, Any]:
        try:
            return self.records[kind.replace("_", "-")]
        except KeyError:
            raise AttributeError(kind) from None

    def error(self, kind: str, record: str, location: Location, expected: str, got: object, fix: str) -> SpecError:
        """A mistake in a record, with its file and line."""
        return self.files[kind, record].error(location, expected, str(got), fix)


Check = Callable[[Catalogue], Iterator[SpecError]]
CHECKS: list[Check] = []
"""Checks that need more than one record; formulas' own (computed = published parameters) are added by the rooms above."""


def cross_check(function: Check) -> Check:
    """Register a check over the whole catalogue."""
    CHECKS.append(function)
    return function


def load(root: Path, *, without: Path | None = None) -> Catalogue:
    """Read data/; raises SpecErrors with every mistake in it.

    Files that did not change since the last call are not read again.

    Args:
        root: the folder of the records
        without: a file that is still being made, and not read
    """
    errors: list[SpecError] = []
    records: dict[str, dict[str, Any]] = {kind: {} for kind in (*KINDS, *SINGLE_FILES)}
    files: dict[tuple[str, str], YamlFile] = {}
    for path in sorted(root.iterdir()):
        if path.name != "LICENSE" and path.name not in KINDS and path.stem not in SINGLE_FILES:
            errors.append(
                SpecError(shown_path(path, root), 1, path.name, "a kind of record", "an unknown folder", nearest(path.name, KINDS))
            )
    for kind, model in KINDS.items():
        folder = root / kind
        if folder.exists() and not folder.is_dir():
            errors.append(SpecError(shown_path(folder, root), 1, kind, "a folder", "a file", "make it a folder of records"))
        for path in sorted(folder.glob("*")):
            if path == without:
                continue
            try:
                file = _file(path, shown_path(path, root))
                records[kind][path.stem] = _record(path, _stamp(path), file, model)
                files[kind, path.stem] = file
            except SpecErrors as found:
                errors += found.errors
    for kind, single in SINGLE_FILES.items():
        path = root / f"{kind}.yaml"
        try:
            file = _file(path, shown_path(path, root))
            records[kind] = _mapping(file, single)
            for name in records[kind]:
                files[kind, name] = file
        except FileNotFoundError:
            errors.append(SpecError(shown_path(path, root), 1, "file", f"{kind}.yaml", "nothing", "restore the file"))
        except SpecErrors as found:
            errors += found.errors
    if errors:
        raise SpecErrors(errors)
    records = {kind: _as_before(root, kind, found) for kind, found in records.items()}
    catalogue = Catalogue(records, files)
    # The file that is still being made may be the one that cites a source.
    checks = [check for check in CHECKS if without is None or check is not sources_are_used]
    errors = [error for check in checks for error in check(catalogue)]
    if errors:
        raise SpecErrors(errors)
    return catalogue


_before: dict[tuple[Path, str], dict[str, Any]] = {}


def _as_before(root: Path, kind: str, found: dict[str, Any]) -> dict[str, Any]:
    """The mapping of the reading before, where all its records are the same: what was made of it is remembered by it."""
    before = _before.get((root, kind))
    if before is None or before.keys() != found.keys() or any(before[name] is not record for name, record in found.items()):
        before = _before[root, kind] = found
    return before


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def _file(path: Path, shown: str) -> YamlFile:
    if path.suffix != ".yaml" or not ID.fullmatch(path.stem):
        raise SpecErrors(
            [SpecError(shown, 1, "file", "a name like rtx-3090.yaml (a-z, 0-9, hyphen, dot)", path.name, "rename the file to its id")]
        )
    if path.is_dir() or (path.is_symlink() and not path.exists()):
        got = "a folder" if path.is_dir() else "a link to nothing"
        raise SpecErrors([SpecError(shown, 1, "file", "a plain file", got, "put the record itself there")])
    return _read(path, shown, _stamp(path))


@cache
def _read(path: Path, shown: str, stamp: tuple[int, int]) -> YamlFile:
    return yaml_file.read(path, shown)


@cache
def _record(path: Path, stamp: tuple[int, int], file: YamlFile, model: type[Record]) -> Record:
    keys = _keys(file)
    if "id" in keys:
        raise SpecErrors([file.error(("id",), "a key of this record", "an unknown key", "remove it: the file's name is the id")])
    try:
        return model.model_validate({"id": path.stem, **keys})
    except ValidationError as error:
        raise SpecErrors(list(translate(error, file, model, ()))) from None


def _keys(file: YamlFile) -> dict[str, Any]:
    if not isinstance(file.value, dict):
        got = "a list" if isinstance(file.value, list) else "a text or a number"
        raise SpecErrors([file.error((), "a mapping of keys to values", got, "write `key: value` lines")])
    return file.value


def _mapping(file: YamlFile, model: type[BaseModel]) -> dict[str, Any]:
    errors: list[SpecError] = []
    result: dict[str, Any] = {}
    for name, value in _keys(file).items():
        if not ID.fullmatch(name):
            errors.append(file.error((name,), "an id (a-z, 0-9, hyphen, dot)", name, "rename it"))
        try:
            result[name] = model.model_validate(value)
        except ValidationError as error:
            errors += translate(error, file, model, (name,))
    if errors:
        raise SpecErrors(errors)
    return result


FORMS = {
    "a valid dictionary or instance of Text": "text in both languages, {zh: …, en: …}",
    "a valid dictionary": "keys with values",
}
"""What the type checker calls a form -> what an author of records calls it."""


def translate(error: ValidationError, file: YamlFile, model: type[BaseModel], prefix: Location) -> Iterator[SpecError]:
    """What the type checker found, in the words of this project."""
    for detail in error.errors(include_url=False):
        found: Any = detail["input"]
        location = (*prefix, *_real_location(detail["loc"], file, prefix))
        shown = repr(found) if len(repr(found)) <= 80 else repr(found)[:77] + "…"
        context = detail.get("ctx", {})
        match detail["type"]:
            case "missing":
                name, parent = str(location[-1]), _model_at(model, detail["loc"][:-1])
                field = parent.model_fields.get(name) if parent else None
                unknown = field is None or type(None) in get_args(field.annotation)
                how = "null and a note where it is unknown" if unknown else "its value; a record without it cannot be used"
                yield file.error(location, f"the key `{name}`", "none", f"add `{name}:` ({how})")
            case "extra_forbidden":
                parent = _model_at(model, detail["loc"][:-1])
                valid = set(parent.model_fields) - {"id"} if parent else set()
                taken = set(_value_at(file.value, location[:-1]) or ())
                yield file.error(location, "a key of this record", "an unknown key", nearest(str(location[-1]), valid - taken or valid))
            case "value_error" if told := re.match(r"expected (.*), got (.*)\. Fix: (.*)", str(context.get("error")), re.S):
                yield file.error(location, *told.groups())
            case "literal_error":
                choices = re.findall(r"'([^']*)'", context["expected"])
                yield file.error(location, context["expected"], shown, nearest("" if found is None else str(found), choices))
            case "finite_number":
                yield file.error(location, "a finite number", shown, "write the number, or null where it is unknown")
            case _:
                expected = re.sub(r"^(Input should be|Value error,|String should) ", "", detail["msg"])
                expected = FORMS.get(expected, expected)
                yield file.error(location, expected, f"{shown} ({type(found).__name__})", "write a value of that form and unit")


def _real_location(location: tuple[int | str, ...], file: YamlFile, prefix: Location) -> Location:
    """Without the names of union members, which stand in no file."""
    real: Location = ()
    for index, part in enumerate(location):
        if (*prefix, *real, part) in file.lines or index == len(location) - 1:
            real = (*real, part)
    return real


def _value_at(value: Any, location: Location) -> Any:
    for part in location:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _model_at(model: type[BaseModel], location: tuple[int | str, ...]) -> type[BaseModel] | None:
    here: Any = model
    for part in location:
        if isinstance(here, type) and issubclass(here, BaseModel) and part in here.model_fields:
            here = _inner(here.model_fields[str(part)].annotation)
        elif isinstance(part, str) and isinstance(here, type) and here.__name__ == part:
            continue
    return here if isinstance(here, type) and issubclass(here, BaseModel) else None


def _inner(annotation: Any) -> Any:
    """The record class inside `X | None`, `list[X]`, `dict[str, X]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        if (inner := _inner(argument)) is not None:
            return inner
    return None


@cross_check
def sources_resolve(catalogue: Catalogue) -> Iterator[SpecError]:
    """Every number has a source, every source id resolves."""
    for kind in KINDS:
        for record in catalogue.records[kind].values():
            groups = set(record.SOURCE_GROUPS) | set(type(record).model_fields)
            for name, ids in record.sources.items():
                if name not in groups:
                    yield catalogue.error(
                        kind, record.id, ("sources", name), "a field or group of this record", f"'{name}'", nearest(name, groups)
                    )
                if not ids:
                    yield catalogue.error(kind, record.id, ("sources", name), "at least one source", "none", "name one, or remove the key")
                for index, source in enumerate(ids):
                    if source not in catalogue.sources:
                        yield catalogue.error(
                            kind,
                            record.id,
                            ("sources", name, index),
                            "the id of a source in data/sources.yaml",
                            f"'{source}'",
                            f"{nearest(source, catalogue.sources)}, or add it to data/sources.yaml",
                        )
            covered = record.sourced_fields() | set(record.UNSOURCED)
            for location in record.numbers:
                if location[0] not in covered:
                    yield catalogue.error(
                        kind, record.id, location, "a source for this number", "none", f"add `{location[0]}:` under `sources:`"
                    )


@cross_check
def sources_are_used(catalogue: Catalogue) -> Iterator[SpecError]:
    """Every source is cited."""
    records = (record for kind in KINDS for record in catalogue.records[kind].values())
    used = {source for record in records for source in (*record.cited(), *(one for ids in record.sources.values() for one in ids))}
    for name in sorted(set(catalogue.sources) - used):
        yield catalogue.error("sources", name, (name,), "a source that some record cites", "an unused one", "cite it or remove it")
