"""All records together: read, typed, and checked against each other."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple, get_args

from macros.specs import compiled, kinds, yaml_file
from macros.specs.compiled import Kept
from macros.specs.errors import TOLD, SpecError, SpecErrors, in_words, nearest, shown_path
from macros.specs.form import BaseModel, ValidationError
from macros.specs.kinds import KINDS, SINGLE_FILES
from macros.specs.models import complete
from macros.specs.record import ID, Record
from macros.specs.records import Catalogue as Catalogue
from macros.specs.records import Files, Records
from macros.specs.yaml_file import Location, YamlFile

Check = Callable[[Catalogue], Iterator[SpecError]]
CHECKS: list[Check] = []
"""Checks of names between records."""
ValueCheck = Callable[[Any, Catalogue], Iterator[SpecError]]
VALUE_CHECKS: list[tuple[str, ValueCheck]] = []
"""Kind, and a check that computes with a record of it (computed = published parameters): added by the rooms above, made once every
name leads somewhere."""


def cross_check(function: Check) -> Check:
    """Register a check of names over the whole catalogue."""
    CHECKS.append(function)
    return function


def value_check(kind: str) -> Callable[[ValueCheck], ValueCheck]:
    """Register a check that computes with each record of a kind."""

    def register(function: ValueCheck) -> ValueCheck:
        VALUE_CHECKS.append((kind, function))
        return function

    return register


def computed(check: ValueCheck, kind: str, record: Any, catalogue: Catalogue, *, complete: bool = True) -> Iterator[SpecError]:
    """What a check finds in a record; a record with which nothing can be computed is a mistake in it, and no traceback.

    Where names lead nowhere (not `complete`), which is told already, a check may come to nothing without a word.
    """
    try:
        yield from check(record, catalogue)
    except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError) as error:
        if not complete:
            return
        got = f"{type(error).__name__} {' '.join(str(error).split())[:120]}".strip()
        yield catalogue.error(kind, record.id, (), "figures that formulas can compute with", got, "undo the last change of this record")


@dataclass(frozen=True)
class Known:
    """What was read of a folder before, by this program or by one before it."""

    kept: Kept
    records: dict[str, Records]

    @cached_property
    def names(self) -> dict[str, list[str]]:
        """Kind -> its files."""
        return _by_kind(self.kept.files)


class Read(NamedTuple):
    """A file that was read now, and what is in it."""

    file: YamlFile
    records: dict[str, Any]


_before: dict[tuple[Path, int], Known] = {}
"""Folder, and the kinds that it was read as -> what is known of it."""


def load(root: Path, *, without: Path | None = None) -> Catalogue:
    """Read data/; raises SpecErrors with every mistake in it.

    Files that did not change since they were last read are not read again, and what held of all of them is not checked again.

    Args:
        root: the folder of the records
        without: a file that is still being made, and not read
    """
    at, listed = time.time_ns(), compiled.listing(root, without)
    now = {name: stamp for name, stamp in listed.items() if _kind(name) is not None}
    known = _known(root)
    same = known.kept.same(root, now)
    errors = list(_strangers(root, listed))
    fresh: dict[str, Read] = {}
    unread: list[str] = []
    for name in now:
        if name not in same:
            try:
                fresh[name] = _read(root, name)
            except SpecErrors as found:
                errors += found.errors
                unread.append(name)
    if errors:
        readable = _readable(root, [name for name in now if name not in unread], fresh, known)
        raise SpecErrors([*errors, *_beside(readable, unread)], readable)
    names = _by_kind(now)
    records = {kind: _records(kind, names[kind], fresh, known) for kind in (*KINDS, *SINGLE_FILES)}
    whole: dict[str, dict[str, Any]] = dict(records)
    if {"models", "architectures"} <= records.keys():
        whole["models"] = complete(records["models"], records["architectures"])
    catalogue = Catalogue(whole, Files(lambda: _files(root, now, fresh, records)))
    passed = known.kept.checked if not fresh and now.keys() == known.kept.files.keys() else frozenset()
    # The file that is still being made may be the one that cites a source.
    checks = {f"{check.__module__}.{check.__qualname__}": check for check in CHECKS if without is None or check is not sources_are_used}
    values = {f"{check.__module__}.{check.__qualname__}": (kind, check) for kind, check in VALUE_CHECKS}
    errors = [error for name, check in checks.items() if name not in passed for error in check(catalogue)]
    errors += [
        error
        for name, (kind, value) in values.items()
        if name not in passed and kind in records
        for record in records[kind].values()
        for error in computed(value, kind, record, catalogue, complete=not errors)
    ]
    if errors:
        raise SpecErrors(errors, catalogue)
    if without is None:
        files = {
            name: (stamp, compiled.digest(fresh[name].file.text.encode()) if name in fresh else known.kept.files[name][1])
            for name, stamp in now.items()
        }
        _remember(root, Kept(at, files, passed | checks.keys() | values.keys()), records, fresh.keys())
    return catalogue


def _readable(root: Path, read: list[str], fresh: Mapping[str, Read], known: Known) -> Catalogue:
    """The records that can be read, where others cannot."""
    names = _by_kind(read)
    records = {kind: _records(kind, names[kind], fresh, known) for kind in names}
    whole: dict[str, Any] = dict(records)
    with contextlib.suppress(AttributeError, LookupError):  # a class that a model is of, or a model that one is based on, cannot be read
        whole["models"] = complete(records["models"], records["architectures"])
    return Catalogue(whole, Files(lambda: _files(root, read, fresh, records)))


def _beside(catalogue: Catalogue, unread: list[str]) -> Iterator[SpecError]:
    """Names in the records that can be read which lead nowhere, not even to one that cannot."""
    if not unread or any(_kind(name) in SINGLE_FILES for name in unread):
        return
    ids = [repr(Path(name).stem) for name in unread]
    for check in [check for check in CHECKS if check.__module__ in OF_NAMES and check is not sources_are_used]:
        with contextlib.suppress(AttributeError, LookupError):  # what it leads to is told already
            yield from (error for error in check(catalogue) if not any(of in error.got for of in ids))


OF_NAMES = (__name__, "macros.specs.references")
"""Modules whose checks hold of some of the records as of all."""


def _known(root: Path) -> Known:
    if (root, id(KINDS)) not in _before:
        kept = compiled.opened(root) if KINDS is kinds.KINDS else Kept()
        _before[root, id(KINDS)] = Known(kept, kept.records())
    return _before[root, id(KINDS)]


def _remember(root: Path, now: Kept, records: dict[str, Records], fresh: Set[str]) -> None:
    """Keep what is known for the next reading, of this program and of others."""
    before = _before[root, id(KINDS)].kept
    if (now.files, now.checked) == (before.files, before.checked):
        now = before
    elif KINDS is kinds.KINDS and compiled.place(root):
        anew = {(_kind(name), of) for name in fresh for of in _ids(name, records[_kind(name) or ""])}
        now.places, now.body = compiled.packed(records, anew, before)
        compiled.write(root, now)
    _before[root, id(KINDS)] = Known(now, records)


def _kind(name: str) -> str | None:
    """The kind of record that a file below the folder of records holds; None: of none."""
    folder, slash, inner = name.partition("/")
    if slash:
        return folder if folder in KINDS and inner else None
    stem = name.removesuffix(".yaml")
    return stem if stem != name and stem in SINGLE_FILES else None


def _by_kind(names: Iterable[str]) -> dict[str, list[str]]:
    """Kind -> the files of its records, of names each of which has a kind."""
    found: dict[str, list[str]] = {kind: [] for kind in (*KINDS, *SINGLE_FILES)}
    for name in names:
        found[_kind(name) or ""].append(name)
    return found


def _strangers(root: Path, listed: Iterable[str]) -> Iterator[SpecError]:
    """Files and folders that hold no kind of record, and files that are not there."""
    for name in listed:
        folder, slash, inner = name.partition("/")
        if inner or folder == "LICENSE" or (slash and folder in KINDS) or _kind(name) is not None:
            continue
        shown = shown_path(root / folder, root)
        if folder in KINDS:
            yield SpecError(shown, 1, folder, "a folder", "a file", "make it a folder of records")
        elif folder.removesuffix(".yaml") in SINGLE_FILES:
            yield SpecError(shown, 1, "file", "a plain file", "a folder", "put the record itself there")
        else:
            yield SpecError(shown, 1, folder, "a kind of record", "an unknown folder", nearest(folder, KINDS))
    for kind in {"sources"} & SINGLE_FILES.keys():
        if not {f"{kind}.yaml", f"{kind}.yaml/"} & set(listed):
            yield SpecError(shown_path(root / f"{kind}.yaml", root), 1, "file", f"{kind}.yaml", "nothing", "restore the file")


def _records(kind: str, names: Sequence[str], fresh: Mapping[str, Read], known: Known) -> Records:
    """The records of a kind; those of before, where all its files are as they were: what was made of them is remembered by them."""
    before = known.records.get(kind)
    if before is not None and names == known.names[kind] and not any(name in fresh for name in names):
        return before
    waiting: dict[str, Callable[[], Any]] = {}
    for name in names:
        if name in fresh:
            waiting |= {of: partial(lambda record: record, record) for of, record in fresh[name].records.items()}
        elif before is not None:
            waiting |= {of: partial(before.__getitem__, of) for of in _ids(name, before)}
    return Records(waiting)


def _ids(name: str, of_kind: Records) -> Iterable[str]:
    """Ids of the records that a file holds."""
    return [Path(name).stem] if "/" in name else of_kind.ids()


def _files(
    root: Path, now: Iterable[str], fresh: Mapping[str, Read], records: Mapping[str, Records]
) -> Iterator[tuple[tuple[str, str], YamlFile]]:
    """(kind, id) -> the file of a record."""
    for name in now:
        kind = _kind(name) or ""
        file = fresh[name].file if name in fresh else YamlFile(shown_path(root / name, root), root / name)
        for of in _ids(name, records[kind]):
            yield (kind, of), file


def _read(root: Path, name: str) -> Read:
    """A file and the records in it."""
    path, kind = root / name, _kind(name) or ""
    shown = shown_path(path, root)
    if "/" not in name:
        file = yaml_file.read(path, shown)
        return Read(file, _mapping(file, SINGLE_FILES[kind]))
    if path.suffix != ".yaml" or not ID.fullmatch(path.stem):
        raise SpecErrors(
            [SpecError(shown, 1, "file", "a name like rtx-3090.yaml (a-z, 0-9, hyphen, dot)", path.name, "rename the file to its id")]
        )
    if path.is_dir() or (path.is_symlink() and not path.exists()):
        got = "a folder" if path.is_dir() else "a link to nothing"
        raise SpecErrors([SpecError(shown, 1, "file", "a plain file", got, "put the record itself there")])
    file = yaml_file.read(path, shown)
    return Read(file, {path.stem: _record(path.stem, file, KINDS[kind])})


def _record(id: str, file: YamlFile, model: type[Record]) -> Record:
    keys = _keys(file)
    if "id" in keys:
        raise SpecErrors([file.error(("id",), "a key of this record", "an unknown key", "remove it: the file's name is the id")])
    try:
        return model.model_validate({"id": id, **keys})
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
            case "value_error" if told := TOLD.fullmatch(detail["msg"]):
                yield file.error(location, *told.groups())
            case "literal_error":
                choices = re.findall(r"'([^']*)'", context["expected"])
                yield file.error(location, context["expected"], shown, nearest("" if found is None else str(found), choices))
            case "finite_number":
                yield file.error(location, "a finite number", shown, "write the number, or null where it is unknown")
            case _:
                expected, _ = in_words(detail["msg"])
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
