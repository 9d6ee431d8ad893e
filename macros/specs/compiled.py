"""Records that were read and checked before, kept in a file so that the next program need not: each beside the stamp and hash of its YAML.

A record counts while its file has the stamp (or, where stamps cannot tell, the hash) that it had, and while the code that read and
checked it is the same. What is kept can be thrown away at any time; where it cannot be written, nothing is kept.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import mmap
import os
import pickle
import sys
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from macros.specs.aside import put
from macros.specs.errors import SpecError, SpecErrors
from macros.specs.records import Catalogue, Records

PACKAGE = Path(__file__).resolve().parents[1]
ROOMS = ("specs", "formulas", "estimate", "calibrate")
"""What reads records, and what checks them."""
COARSE = 2 * 10**9
"""A file changed within so many nanoseconds of being looked at may change again under the same stamp, where clocks are coarse."""
MAGIC = b"guide records 1\n"

Stamp = tuple[int, int, int, int]


@dataclass
class Kept:
    """What is known of a folder of records."""

    at: int = 0
    """When its files were looked at [ns since 1970]."""
    files: dict[str, tuple[Stamp, bytes]] = field(default_factory=dict)
    """`gpus/rtx-3090.yaml` -> its stamp and hash."""
    checked: frozenset[str] = frozenset()
    """Names of the checks over all records that found nothing wrong."""
    places: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)
    """Kind -> id -> where its bytes begin and end in `body`."""
    body: Any = field(default=b"", repr=False)

    def raw(self, kind: str, id: str) -> bytes:
        """The bytes of one record."""
        start, end = self.places[kind][id]
        return bytes(self.body[start:end])

    def record(self, kind: str, id: str) -> Any:
        """One record."""
        return pickle.loads(self.raw(kind, id))  # noqa: S301  (what this package wrote for itself, as Python its compiled modules)

    def records(self) -> dict[str, Records]:
        """All of them by kind, each made when it is asked for."""
        return {kind: Records({of: functools.partial(self.record, kind, of) for of in ids}) for kind, ids in self.places.items()}

    def same(self, root: Path, now: Mapping[str, Stamp]) -> set[str]:
        """Those of the files now there that hold what they held."""
        found = set()
        for name, stamp in now.items():
            before = self.files.get(name)
            sure = before is not None and before[0] == stamp and max(stamp[1], stamp[2]) < self.at - COARSE
            if sure or (before is not None and before[1] == _digest_of(root / name)):
                found.add(name)
        return found


def listing(root: Path, without: Path | None = None) -> dict[str, Stamp]:
    """Every file of a folder of records, and of the folders in it, with its stamp, in order; a folder ends with a slash."""
    if not root.is_dir():
        raise SpecErrors([SpecError(root.name, 1, "folder", "the folder of the records", "none", "restore it")])
    found: dict[str, Stamp] = {}
    for entry in os.scandir(root):
        if not entry.is_dir():
            found[entry.name] = _stamp(entry)
            continue
        found[f"{entry.name}/"] = (0, 0, 0, 0)
        for inner in os.scandir(entry.path):
            if without is None or Path(inner.path) != without:
                found[f"{entry.name}/{inner.name}"] = _stamp(inner)
    return dict(sorted(found.items()))


def _stamp(entry: os.DirEntry[str]) -> Stamp:
    try:
        status = entry.stat()
    except OSError:  # a link to nothing
        status = entry.stat(follow_symlinks=False)
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def digest(content: bytes) -> bytes:
    """A hash of a file's content."""
    return hashlib.blake2b(content, digest_size=16).digest()


def _digest_of(path: Path) -> bytes | None:
    try:
        return digest(path.read_bytes())
    except OSError:
        return None


def place(root: Path) -> Path | None:
    """Where what is known of a folder of records is kept: below .cache in a checkout, in the user's cache for an installed package."""
    root = root.resolve()
    if (root.parent / "pyproject.toml").is_file():
        return root.parent / ".cache" / "records"
    if root.parent == PACKAGE:
        home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        return Path(home) / "llm-hardware" / f"records-{digest(str(root).encode()).hex()[:12]}"
    return None


@functools.cache
def code() -> bytes:
    """Changes when what reads or checks records does."""
    parts: list[Any] = [sys.version]
    library = importlib.util.find_spec("pydantic")
    if library is not None and library.origin is not None:
        parts.append((library.origin, os.stat(library.origin).st_mtime_ns))
    for room in ROOMS:
        for folder, _, names in os.walk(PACKAGE / room):
            for name in names:
                if name.endswith(".py"):
                    status = os.stat(os.path.join(folder, name))
                    parts.append((folder, name, status.st_size, status.st_mtime_ns))
    return digest("\n".join(sorted(map(repr, parts))).encode())


def opened(root: Path) -> Kept:
    """What is kept of a folder of records; nothing, unless the code of today kept it."""
    path = place(root)
    with contextlib.suppress(OSError, ValueError, EOFError, TypeError, pickle.UnpicklingError):
        if path is not None:
            with path.open("rb") as file:
                whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            head = MAGIC + code()
            begin = len(head) + 8
            end = begin + int.from_bytes(whole[len(head) : begin], "little")
            if whole[: len(head)] == head:
                at, files, checked, places, size = pickle.loads(whole[begin:end])  # noqa: S301  (as above)
                if len(whole) == end + size:
                    return Kept(at, files, checked, places, memoryview(whole)[end:])
    return Kept()


def write(root: Path, kept: Kept) -> None:
    """Keep what is known of a folder of records for other programs; whole or not at all."""
    path = place(root)
    if path is None:
        return
    head = pickle.dumps((kept.at, kept.files, kept.checked, kept.places, len(kept.body)), 5)
    put(path, MAGIC + code() + len(head).to_bytes(8, "little") + head + kept.body)


Places = dict[str, dict[str, tuple[int, int]]]


def packed(records: Mapping[str, Records], fresh: Set[tuple[str | None, str]], before: Kept) -> tuple[Places, bytes]:
    """Places and bytes of records: of those that are fresh, and of the others as they were kept.

    Args:
        records: by kind and id
        fresh: kind and id of those that were read anew
        before: where the others are kept
    """
    places: Places = {}
    body = bytearray()
    for kind, of_kind in records.items():
        places[kind], kept = {}, before.places.get(kind, {})
        for of in of_kind.ids():
            start = len(body)
            body += before.raw(kind, of) if of in kept and (kind, of) not in fresh else pickle.dumps(of_kind[of], 5)
            places[kind][of] = (start, len(body))
    return places, bytes(body)


def whole(root: Path) -> Catalogue | None:
    """The records of a folder that was read and checked before and has not changed since; None: it is to be read.

    Files are read only to be compared, and none by the libraries that read and check records.
    """
    kept, listed = opened(root), listing(root)
    folders = {f"{kind}/" for name in kept.files for kind, inner, _ in [name.partition("/")] if inner}
    there = {name for name in listed if name not in folders and name != "LICENSE"}
    if not kept.files or there != kept.files.keys() or len(kept.same(root, {name: listed[name] for name in there})) != len(there):
        return None
    from macros.specs.models import complete

    records = kept.records()
    return Catalogue({**records, "models": complete(records["models"], records["architectures"])}, {})
