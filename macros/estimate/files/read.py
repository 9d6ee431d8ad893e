"""GGUF files on this machine: which they are, and as much of them as their headers need."""

from __future__ import annotations

import mmap
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from macros.estimate.files.gguf import Cut, Header, Reader, joined, read_by, read_header
from macros.estimate.refused import Refused
from macros.specs.quantizations import TensorType

LONGEST_GGUF_HEADER = 40 << 20
"""No header is longer: the largest vocabularies make it 15 MB [bytes]."""
PART = re.compile(r"(.*)-(\d{5})-of-(\d{5})\.(gguf|safetensors)")
MOST_PARTS = 1024


def read_gguf(path: Path, types: Mapping[int, TensorType]) -> Header:
    """The header of a GGUF file, or of all parts of one that is split.

    Args:
        path: the file, or any of its parts
        types: number -> tensor type

    Returns:
        The header.
    """
    return joined([_header(part, types) for part in parts_beside(path)])


def parts_beside(path: Path) -> list[Path]:
    """A file, or all parts of one that is split."""
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
    size = size_of(path, "gguf")
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


def size_of(path: Path, key: str) -> int:
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
