"""One YAML file -> plain values, and the line of each key if asked. Strict: no duplicate keys, no aliases, UTF-8, bounded size."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from macros.specs.errors import SpecError, SpecErrors

MAX_BYTES = 2**20
MAX_DEPTH = 20
PLAIN_TAGS = {"tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"}
PLAIN_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
PLAIN_FLOAT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]*(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
"""YAML 1.1 reads 1:30 as 90, 010 as 8, 0x10 as 16 and 1_000 as 1000: nobody means that. What is not finite is told by its key."""
SAFE_OPENINGS = 4000
"""So many levels libyaml composes without running out of stack; a file that could hold more is walked through first."""
Location = tuple[str | int, ...]


@dataclass(frozen=True, eq=False)  # each reading is itself: what was made of it is remembered by it
class YamlFile:
    """Values of one file and where each of them stands; read when somebody wants to know."""

    path: str
    """As the contributor knows it."""
    source: Path

    @cached_property
    def value(self) -> Any:
        """What it says; raises SpecErrors with all that is wrong with its form."""
        return _parsed(self.text, self.path)

    @cached_property
    def text(self) -> str:
        """Its characters."""
        return _decoded(_bytes(self.source, self.path), self.path)

    @cached_property
    def lines(self) -> Mapping[Location, int]:
        """Where the keys stand; found only when something is to be told of them."""
        loader = yaml.CSafeLoader(self.text)
        try:
            node = loader.get_single_node()
            return dict(_lines(node, ())) if node is not None else {}
        finally:
            loader.dispose()

    def line(self, location: Location) -> int:
        """The line of a key, or of the nearest thing around it."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location, 1)

    def error(self, location: Location, expected: str, got: str, fix: str) -> SpecError:
        key = ".".join(str(part) for part in location) or "file"
        return SpecError(self.path, self.line(location), key, expected, got, fix)


def read(path: Path, shown: str) -> YamlFile:
    """Read one file; raises SpecErrors with all that is wrong with its form.

    Source: YAML 1.1 as libyaml reads it, minus what a record never needs (aliases, tags, several documents).
    """
    file = YamlFile(shown, path)
    _ = file.value
    return file


def _refusal(shown: str, line: int, expected: str, got: str, fix: str) -> SpecErrors:
    return SpecErrors([SpecError(shown, line, "file", expected, got, fix)])


def _bytes(path: Path, shown: str) -> bytes:
    """What stands in a plain file, never more than a record may have: a link could lead anywhere, and a device never ends."""
    if path.is_symlink() or not path.is_file():
        got = "a link" if path.is_symlink() else "a folder" if path.is_dir() else "none"
        raise _refusal(shown, 1, "a plain file", got, "put the record itself there")
    if (size := path.stat().st_size) > MAX_BYTES:
        raise _refusal(shown, 1, f"at most {MAX_BYTES} bytes", f"{size} bytes", "split the file by source")
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _decoded(raw: bytes, shown: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _refusal(shown, line, "UTF-8 text", f"byte 0x{raw[error.start]:02x}", "save the file as UTF-8") from None


def _parsed(text: str, shown: str) -> Any:
    loader = yaml.CSafeLoader(text)
    try:
        if too_deep(text):
            raise _refusal(shown, 1, f"at most {MAX_DEPTH} levels of nesting", "more", "write it flatter")
        node = loader.get_single_node()
        if node is None:
            raise _refusal(shown, 1, "a mapping of keys to values", "an empty file", "write the record or delete the file")
        errors: list[SpecError] = []
        value = _value(loader, node, (), set(), errors, shown)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise _refusal(shown, line, "well-formed YAML", str(error.problem), "correct the YAML at this line") from None
    except yaml.YAMLError as error:
        told = " ".join(str(error).split())
        position = getattr(error, "position", None)  # of a character that YAML has not
        line = text.encode()[:position].count(b"\n") + 1 if isinstance(position, int) else 1
        raise _refusal(shown, line, "well-formed YAML", told, "remove the characters that YAML does not allow") from None
    finally:
        loader.dispose()
    if errors:
        raise SpecErrors(_at_aliases(errors, text))
    return value


ALIAS = "an alias (*)"


def _at_aliases(errors: list[SpecError], text: str) -> Iterator[SpecError]:
    """Mistakes with those of aliases at the lines of the aliases: what is composed knows only where their anchors stand."""
    lines: list[int] = []
    merge = False
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent) and not merge:
            lines.append(event.start_mark.line + 1 if event.start_mark else 1)
        merge = isinstance(event, yaml.ScalarEvent) and event.value == "<<"
    told = iter(lines)
    for error in errors:
        yield replace(error, line=next(told, error.line)) if error.got == ALIAS else error


def too_deep(text: str) -> bool:
    """Whether a text nests deeper than any record: libyaml would recurse with it.

    >>> too_deep("[" * 5000), too_deep("- a\\n" * 5000)
    (True, False)
    """
    if sum(text.count(opening) for opening in "[{-?") <= SAFE_OPENINGS:
        return False
    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                return True
    except yaml.YAMLError:
        return False  # told with its line by who reads it
    return False


def _lines(node: yaml.Node, at: Location) -> Iterator[tuple[Location, int]]:
    """Every location at a node and below with its line: of a key, of an item."""
    yield at, node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            yield from _lines(child, (*at, index))
    elif isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            where = (*at, key.value)
            yield from _lines(child, where)
            yield where, key.start_mark.line + 1


def _value(loader: yaml.CSafeLoader, node: yaml.Node, at: Location, seen: set[int], errors: list[SpecError], shown: str) -> Any:
    def wrong(expected: str, got: str, fix: str, marked: yaml.Node = node, where: Location = at) -> None:
        line = marked.start_mark.line + 1
        errors.append(SpecError(shown, line, ".".join(map(str, where)) or "file", expected, got, fix))

    if id(node) in seen:
        return wrong("a value written out", ALIAS, "write the value again")
    seen.add(id(node))
    if len(at) > MAX_DEPTH:
        return wrong(f"at most {MAX_DEPTH} levels of nesting", "more", "write it flatter", where=at[:1])
    if isinstance(node, yaml.ScalarNode):
        if node.tag == "tag:yaml.org,2002:int" and not PLAIN_INTEGER.fullmatch(node.value):
            return wrong("a decimal number", f"'{node.value[:40]}'", "write it in plain digits, or quote it if it is text")
        if node.tag == "tag:yaml.org,2002:float" and not PLAIN_FLOAT.fullmatch(node.value):
            return wrong("a decimal number", f"'{node.value[:40]}'", "write it in plain digits, or quote it if it is text")
        try:
            return loader.construct_object(node)
        except ValueError:  # 2024-13-01 looks like a day, and five thousand digits like a number
            return wrong("a number or a day that there is", f"'{node.value[:40]}'", "correct it, or quote it if it is text")
    if node.tag not in PLAIN_TAGS:
        return wrong("a value without a tag", f"'{node.tag.replace('tag:yaml.org,2002:', '!!')}'", "remove the tag")
    if isinstance(node, yaml.SequenceNode):
        return [_value(loader, child, (*at, index), seen, errors, shown) for index, child in enumerate(node.value)]
    mapping: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            wrong("a text key", "a list or mapping", "write a plain word", key_node)
            continue
        if key_node.tag.endswith(":merge"):
            wrong("a value written out", "a merge (<<)", "write the keys again", key_node)
            continue
        name = loader.construct_object(key_node)
        where = (*at, name)
        if not isinstance(name, str):
            wrong("a text key", f"{name!r}", f"quote it: '{name}'", key_node, where)
        if name in mapping:
            wrong("each key once", "a second one", "remove one of the two", key_node, where)
        mapping[name] = _value(loader, value_node, where, seen, errors, shown)
    return mapping
