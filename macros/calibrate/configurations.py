"""Counts of parameters that a library printed of its own classes, against what the reader of configurations makes of them."""

from __future__ import annotations

import json
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


def stored_beside(a: Architecture) -> set[int]:
    """Values that the library keeps as buffers, and does not count: selection biases, layer scales, constants of an activation.

    It counts what no file has where it reserves matrices for experts without weights.
    """
    experts, block = a.experts, a.feed_forward
    biased = reserved = 0
    if experts is not None:
        mixtures = sum(1 for layer in range(experts.hash_layers, a.layers) if a.is_mixture(layer))
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
    folder = root / "data" / "library-classes"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("transformers-*.yaml"):
        old.unlink()
    record = {
        "library": "transformers",
        "version": version,
        "day": day,
        "source": SOURCE.format(version=version),
        "classes": compare(path.read_text("utf-8").splitlines(), catalogue),
    }
    target = folder / f"transformers-{version}.yaml"
    text = yaml.safe_dump(record, sort_keys=False, allow_unicode=True, width=140)
    checksum = LibraryClasses.model_validate({"id": target.stem, **record}).computed_checksum()
    target.write_text(with_checksum(text, checksum), "utf-8")
    return target
