"""What was made of files that have not changed since: kept below .cache, and made again when any of them has."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pickle
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from macros.specs.aside import put

COARSE = 2 * 10**9
"""What was made from a file changed within so many nanoseconds before is not kept: it may change again under the same stamp."""


def remembered(cache: Path, name: str, inputs: Iterable[Path], make: Callable[[], Any], *, also: object = None) -> Any:
    """What `make` gives, from the cache where nothing that it is made from has changed.

    Args:
        cache: folder of the cache
        name: of what is made
        inputs: files and folders that it is made from
        make: what makes it; JSON must hold it, and what it raises is not kept
        also: what else it depends on
    """
    stamps = sorted(_stamps(inputs))
    key = _digest((sys.version, stamps, also))
    path = cache / f"{name}.json"
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        kept = json.loads(path.read_text("utf-8"))
        if kept["key"] == key:
            return kept["value"]
    started = time.time_ns()
    value = make()
    if all(max(changed) < started - COARSE for _, _, *changed in stamps):
        put(path, json.dumps({"key": key, "value": value}, ensure_ascii=False).encode())
    return value


def state(*inputs: Path) -> str:
    """Changes when a file does, or one of a folder, comes or goes; does not tell what is in them."""
    return _digest(sorted(_stamps(inputs)))


def kept(path: Path, key: object, make: Callable[[Any], Any], *, code: object = None) -> Any:
    """What `make` gives, from a file of the cache where that was made under the same key.

    Args:
        path: the file
        key: tells whatever it is made from
        make: what makes it, of what the same code made under another key; None where there is nothing
        code: the part of the key that tells what makes it
    """
    maker, now, value = _digest((sys.version, code)), _digest(key), None
    with contextlib.suppress(OSError, ValueError, EOFError, TypeError, AttributeError, ImportError, pickle.UnpicklingError):
        by, then, found = pickle.loads(path.read_bytes())  # noqa: S301  (what this package wrote for itself, as Python its compiled modules)
        if by == maker:
            value = found
            if then == now:
                return value
    value = make(value)
    put(path, pickle.dumps((maker, now, value), 5))
    return value


def _digest(of: object) -> str:
    return hashlib.blake2b(repr(of).encode(), digest_size=16).hexdigest()


def _stamps(inputs: Iterable[Path]) -> Iterator[tuple[str, int, int, int]]:
    """Path, size, and when content and entry were changed, of each file."""
    for top in inputs:
        for folder, folders, names in os.walk(top):
            folders[:] = [name for name in folders if name != "__pycache__"]
            for name in names:
                yield _stamp(os.path.join(folder, name))
        if top.is_file():
            yield _stamp(str(top))


def _stamp(path: str) -> tuple[str, int, int, int]:
    status = os.stat(path, follow_symlinks=os.path.exists(path))
    return path, status.st_size, status.st_mtime_ns, status.st_ctime_ns
