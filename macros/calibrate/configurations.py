"""Counts of parameters that a library printed of its own classes, against what the reader of configurations makes of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from macros.estimate.config_json import read
from macros.estimate.refused import Refused
from macros.formulas.parameters import parameters
from macros.specs import Catalogue
from macros.specs.architectures import Architecture
from macros.specs.library_classes import LibraryClasses
from macros.specs.record import with_checksum

SOURCE = "transformers-{version}"
CASE: dict[str, type] = {"kind": str, "case": str, "config": dict, "count": int}
"""Keys of a line that holds a count."""


def stored_beside(a: Architecture) -> set[int]:
    """Values that the library keeps as buffers, and does not count: selection biases, layer scales, constants of an activation.

    It counts what no file has where it reserves matrices for experts without weights.
    """
    experts, block = a.experts, a.feed_forward
    biased = reserved = 0
    if experts is not None:
        mixtures = sum(1 for layer in range(experts.hash_layers, a.layers) if a.is_mixture(layer) and a.runs(layer) > 0)
        biased = (experts.count + experts.idle) * mixtures if experts.selection_bias else 0
        reserved = 2 * experts.idle * experts.size * a.hidden_size * mixtures
    constants = block.activation_values * a.layers if block is not None else 0
    return {-reserved, biased - reserved, a.layers if a.layer_scale else 0, constants // 2, constants}


def outcome(row: dict[str, Any], catalogue: Catalogue) -> tuple[str, str]:
    """Equal, refused or wrong; and for the latter two why.

    Args:
        row: a configuration with its count, as tools/configurations/count.py prints it
        catalogue: the records of classes

    Returns:
        What it came to, and a sentence.
    """
    try:
        reading = read(row["config"], catalogue)
    except Refused as refused:
        return "refused", str(refused)
    a = reading.architecture
    # Rows that the engine's file leaves out are told beside the answer.
    left = sum(notice.values["rows"] - notice.values["kept"] for notice in reading.notices if notice.code == "rows-left-out")
    count = parameters(a) + left * a.hidden_size
    if count - row["count"] in stored_beside(a):
        return "equal", ""
    return "wrong", f"{row['case']}: {row['count']:,} in the library, {count:,} here"


def compare(lines: Iterable[str], catalogue: Catalogue) -> dict[str, dict[str, Any]]:
    """Counts by class, those of a class in the order of its cases."""
    found: dict[str, dict[str, Any]] = {}
    for line in lines:
        row = json.loads(line)
        if "count" not in row:
            continue
        kind, why = outcome(row, catalogue)
        counts = found.setdefault(row["kind"], {"equal": 0, "refused": 0, "wrong": 0})
        counts[kind] += 1
        if why and (kind == "wrong" or "says" not in counts) and not (kind == "wrong" and counts["wrong"] > 1):
            counts["says"] = _plain(why)
    return {kind: {name: value for name, value in counts.items() if value} for kind, counts in sorted(found.items())}


def _plain(text: str) -> str:
    """Without the marks that a record has no place for."""
    for mark in "<>{}`":
        text = text.replace(mark, "'")
    return text if len(text) <= 240 else text[:239] + "…"


def printed(path: Path) -> tuple[str, list[str]]:
    """The library's version, and the lines that follow it; raises Refused where the file is none of tools/configurations/count.py.

    Args:
        path: JSON lines that the library printed

    Returns:
        Version, and lines with a case each.
    """
    expected, fix = "what tools/configurations/count.py prints: a version, then a configuration with its count a line", "name that file"
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise Refused(str(path), expected, " ".join(str(error).split()), fix) from None
    for number, line in enumerate(lines or [""]):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        form = (
            {"version": str} if not number else {"kind": str, "case": str, "config": dict, "count": int} if row and "count" in row else {}
        )
        if not isinstance(row, dict) or not all(isinstance(row.get(key), kind) for key, kind in form.items()):
            raise Refused(f"{path}:{number + 1}", expected, line[:60], fix)
    version = json.loads(lines[0])["version"]
    if not re.fullmatch(r"[0-9]+(?:\.[0-9a-z]+){0,4}", version):
        raise Refused(f"{path}:1", "a version like 5.24.0", version, fix)
    return version, lines[1:]


def write(path: Path, root: Path, catalogue: Catalogue, version: str, day: date) -> Path:
    """Write the record of a comparison; the one of an older version goes.

    Args:
        path: JSON lines that the library printed
        root: the repository
        catalogue: the records of classes
        version: of the library
        day: today

    Returns:
        The record's file.
    """
    _, lines = printed(path)
    record = {
        "library": "transformers",
        "version": version,
        "day": day,
        "source": SOURCE.format(version=version),
        "classes": compare(lines, catalogue),
    }
    folder = root / "data" / "library-classes"
    folder.mkdir(exist_ok=True)
    target = folder / f"transformers-{version}.yaml"
    text = yaml.safe_dump(record, sort_keys=False, allow_unicode=True, width=140)
    checksum = LibraryClasses.model_validate({"id": target.stem, **record}).computed_checksum()
    target.write_text(with_checksum(text, checksum), "utf-8")
    for old in folder.glob("transformers-*.yaml"):
        if old != target:
            old.unlink()
    return target
