"""Files on this machine: which they are, and as much of them as their headers need."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from macros.estimate.files.gguf import Cut, Header, joined, read_header
from macros.estimate.refused import Refused
from macros.specs.quantizations import TensorType

SLICES = (1 << 20, 1 << 24, 40 << 20)
"""The header of a small vocabulary is in the first, of a large one in the second, of any in the third [bytes]."""
PART = re.compile(r"(.*)-(\d{5})-of-(\d{5})\.gguf")


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
    count = int(named[3])
    parts = [path.with_name(f"{named[1]}-{number:05d}-of-{named[3]}.gguf") for number in range(1, count + 1)]
    missing = [part.name for part in parts if not part.exists()]
    if missing:
        raise Refused("gguf", f"all {count} parts beside {path.name}", f"{len(missing)} missing, {missing[0]} first", "download them all")
    return parts


def _header(path: Path, types: Mapping[int, TensorType]) -> Header:
    """Quickly first, and exactly where that finds anything wrong."""
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):
            raise Refused("gguf", "a file", f"{path}: {'a folder' if stat.S_ISDIR(found.st_mode) else 'none'}", "name a .gguf file")
        try:
            return _sliced(path, found.st_size, types, short=True)
        except Refused:
            return _sliced(path, found.st_size, types, short=False)
    except OSError as error:
        raise Refused("gguf", "a readable file", f"{path}: {error.strerror}", "name a .gguf file") from None


def _sliced(path: Path, size: int, types: Mapping[int, TensorType], *, short: bool) -> Header:
    with path.open("rb", buffering=0) as file:
        for length in SLICES:
            file.seek(0)
            try:
                return read_header(file.read(length), size, types, short=short)
            except Cut:
                continue
    raise Refused("gguf", f"a header of at most {SLICES[-1]} bytes", path.name, "name a .gguf file")
