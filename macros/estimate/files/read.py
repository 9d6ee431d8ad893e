"""Files on this machine: which they are, and as much of them as their headers need."""

from __future__ import annotations

import json
import mmap
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from macros.estimate.files.gguf import Cut, Header, Reader, joined, read_by, read_header
from macros.estimate.files.safetensors import (
    LENGTH_BYTES,
    LONGEST_HEADER,
    SafeHeader,
    check_count,
    header_length,
    index_alone,
    index_files,
    read_safetensors,
    together,
)
from macros.estimate.refused import Refused
from macros.specs.quantizations import TensorType

LONGEST_GGUF_HEADER = 40 << 20
"""No header is longer: the largest vocabularies make it 15 MB [bytes]."""
PART = re.compile(r"(.*)-(\d{5})-of-(\d{5})\.(gguf|safetensors)")
MOST_PARTS = 1024
OFFSETS = b'"data_offsets"'
"""What stands in a header of safetensors once for each tensor."""


def read_gguf(path: Path, types: Mapping[int, TensorType]) -> Header:
    """The header of a GGUF file, or of all parts of one that is split.

    Args:
        path: the file, or any of its parts
        types: number -> tensor type

    Returns:
        The header.
    """
    return joined([_header(part, types) for part in _parts(path)])


def _parts(path: Path) -> list[Path]:
    named = PART.fullmatch(path.name)
    if named is None:
        return [path]
    count, key = int(named[3]), named[4]
    if count > MOST_PARTS:
        raise Refused(key, f"at most {MOST_PARTS} parts", path.name)
    parts = [path.with_name(f"{named[1]}-{number:05d}-of-{named[3]}.{key}") for number in range(1, count + 1)]
    missing = [part.name for part in parts if not part.exists()]
    if missing:
        raise Refused(key, f"all {count} parts beside {path.name}", f"{len(missing)} missing, {missing[0]} first", "download them all")
    return parts


def _header(path: Path, types: Mapping[int, TensorType]) -> Header:
    """Quickly first, and exactly where that finds anything wrong behind texts. The file is mapped: only what is looked at is read."""
    size = _size(path, "gguf")
    if size == 0:
        return read_header(b"", 0, types)
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), min(size, LONGEST_GGUF_HEADER), access=mmap.ACCESS_READ) as data:
            quick = Reader(data, size, True, 0, 0, 0, {}, [], set())
            try:
                return read_by(quick, types)
            except Refused:
                if quick.texts == 0:
                    raise
                return read_header(data, size, types)
    except Cut:
        raise Refused("gguf", f"a header of at most {LONGEST_GGUF_HEADER} bytes", path.name, "name a .gguf file") from None
    except OSError as error:
        raise Refused("gguf", "a readable file", f"{path}: {error.strerror}", "name a .gguf file") from None


def _size(path: Path, key: str) -> int:
    """Bytes of a file; what is none is refused before it is opened, for a pipe would never end."""
    try:
        found = os.stat(path)
    except (OSError, ValueError) as error:
        raise Refused(key, "a readable file", f"{path}: {getattr(error, 'strerror', error)}", f"name a .{key} file") from None
    if not stat.S_ISREG(found.st_mode):
        raise Refused(
            key, "a file", f"{'a folder' if stat.S_ISDIR(found.st_mode) else 'a pipe or a device'}: {path}", f"name a .{key} file"
        )
    return found.st_size


# safetensors


def beside_configuration(question: Mapping[str, Any]) -> dict[str, Any]:
    """The question with the headers of its safetensors files, and with the config.json beside them where it gives none.

    Args:
        question: `safetensors` is the path of a file, of one of several parts, or of the index

    Returns:
        The question that the page asks too.
    """
    path = Path(question["safetensors"])
    found = {**question, "safetensors": read_headers(path)}
    if question.get("config") is None and question.get("model") is None:
        found["config"] = _json(path.with_name("config.json"), "config")
    return found


def read_headers(path: Path) -> SafeHeader:
    """The headers of a model's files.

    Args:
        path: a file, one of several parts, or the index

    Returns:
        All tensors; of an index without its files their names and the sum of their bytes.
    """
    if path.name.endswith(".json"):
        index = _json(path, "safetensors")
        files = [path.with_name(name) for name in index_files(index)]
        missing = [one.name for one in files if not one.exists()]
        if len(missing) == len(files):
            return index_alone(index)
        if missing:
            raise Refused(
                "safetensors", f"all {len(files)} files beside {path.name}, or none", f"{len(missing)} missing, {missing[0]} first"
            )
        return together([_read_one(one) for one in files])
    return together([_read_one(part) for part in _parts(path)])


def _read_one(path: Path) -> SafeHeader:
    size = _size(path, "safetensors")
    try:
        with path.open("rb", buffering=0) as file:
            length = header_length(int.from_bytes(file.read(LENGTH_BYTES), "little"), size)
            text = file.read(length)
            check_count(text.count(OFFSETS), length)
            return read_safetensors(parsed(text, path, "safetensors"), length, size)
    except OSError as error:
        raise Refused("safetensors", "a readable file", f"{path}: {error.strerror}", "name a .safetensors file") from None


def _json(path: Path, key: str) -> Any:
    """The JSON of a file beside the weights."""
    if _size(path, key) > LONGEST_HEADER:
        raise Refused(key, f"a file of at most {LONGEST_HEADER} bytes", str(path))
    try:
        return parsed(path.read_bytes(), path, key)
    except OSError as error:
        raise Refused(key, "a readable file", f"{path}: {error.strerror}") from None


def parsed(text: bytes, path: Path, key: str) -> Any:
    """The values of JSON; raises Refused where it is none, or a key stands in it twice.

    Args:
        text: the bytes
        path: where they come from
        key: of the question

    Returns:
        The values.
    """
    try:
        return json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise Refused(key, "JSON in the header" if key == "safetensors" else "a JSON file", path.name, str(error)[:200]) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys stand in it once."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands in it twice")
    return found
