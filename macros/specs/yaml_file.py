"""One YAML file -> plain values and the line of each key. Strict: no duplicate keys, no aliases, UTF-8, bounded size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from macros.specs.errors import SpecError, SpecErrors

MAX_BYTES = 2**20
Location = tuple[str | int, ...]


@dataclass(frozen=True, eq=False)  # each reading is itself: what was made of it is remembered by it
class YamlFile:
    """Values of one file and where each of them stands."""

    path: str
    value: Any
    lines: Mapping[Location, int]

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

    def refuse(line: int, expected: str, got: str, fix: str) -> SpecErrors:
        return SpecErrors([SpecError(shown, line, "file", expected, got, fix)])

    raw = path.read_bytes()
    if len(raw) > MAX_BYTES:
        raise refuse(1, f"at most {MAX_BYTES} bytes", f"{len(raw)} bytes", "split the file by source")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise refuse(line, "UTF-8 text", f"byte 0x{raw[error.start]:02x}", "save the file as UTF-8") from None
    loader = yaml.CSafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise refuse(1, "a mapping of keys to values", "an empty file", "write the record or delete the file")
        lines: dict[Location, int] = {}
        errors: list[SpecError] = []
        value = _value(loader, node, (), lines, errors, shown)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise refuse(mark.line + 1 if mark else 1, "well-formed YAML", str(error.problem), "correct the YAML at this line") from None
    except yaml.YAMLError as error:
        raise refuse(1, "well-formed YAML", " ".join(str(error).split()), "remove the characters that YAML does not allow") from None
    except ValueError as error:  # a scalar that looks like a date, 2024-13-01
        raise refuse(1, "valid scalars", str(error), "correct the date") from None
    finally:
        loader.dispose()
    if errors:
        raise SpecErrors(errors)
    return YamlFile(shown, value, lines)


def _value(loader: yaml.CSafeLoader, node: yaml.Node, at: Location, lines: dict[Location, int], errors: list[SpecError], shown: str) -> Any:
    line = node.start_mark.line + 1
    key = ".".join(map(str, at)) or "file"
    lines.setdefault(at, line)
    if lines.get(("#", id(node))):
        errors.append(SpecError(shown, line, key, "a value written out", "an alias (*)", "write the value again"))
        return None
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_object(node)
    lines[("#", id(node))] = line
    if isinstance(node, yaml.SequenceNode):
        return [_value(loader, child, (*at, index), lines, errors, shown) for index, child in enumerate(node.value)]
    mapping: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        name = loader.construct_object(key_node) if isinstance(key_node, yaml.ScalarNode) else str(key_node.value)
        here = key_node.start_mark.line + 1
        where = ".".join(map(str, (*at, name)))
        if not isinstance(name, str):
            errors.append(SpecError(shown, here, where, "a text key", f"{name!r}", f"quote it: '{name}'"))
        if name in mapping:
            errors.append(SpecError(shown, here, where, "each key once", "a second one", "remove one of the two"))
        lines[(*at, name)] = here
        mapping[name] = _value(loader, value_node, (*at, name), lines, errors, shown)
    return mapping
