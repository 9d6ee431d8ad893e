"""Checkpoints on this machine: headers of their safetensors files, and the config.json beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from macros.estimate.files.read import parts_beside, size_of
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
from macros.estimate.refused import Refused, why

OFFSETS = b'"data_offsets"'
"""What stands in a header once for each tensor."""


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
    return together([_read_one(part) for part in parts_beside(path)])


def _read_one(path: Path) -> SafeHeader:
    size = size_of(path, "safetensors")
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
    if size_of(path, key) > LONGEST_HEADER:
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
        raise Refused(
            key, "JSON in the header" if key == "safetensors" else "a JSON file", path.name, f"load it again ({why(error)})"
        ) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys stand in it once."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands in it twice")
    return found
