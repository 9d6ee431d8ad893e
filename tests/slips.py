"""Which slips of the keyboard `make check` lets through: every number of every record is changed, one at a time.

    python -m tests.slips                 every field, the shares by field and kind of slip (minutes)
    python -m tests.slips gpus cpus       of some kinds of records
    python -m tests.slips --sample 300    of so many numbers
    python -m tests.slips --unsealed      as if no record copied from a document had a checksum: by relations alone

A changed record counts as refused when its form or a relation refuses it; that other records would be refused as well is not counted.
Of a file of measured rows only the changed row is read and checked again. A record with a checksum has only its first number changed:
that every other number enters the checksum too is looked at once.
"""

from __future__ import annotations

import argparse
import copy
import random
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

import macros.formulas.checks  # noqa: F401
from macros import relations
from macros.calibrate.plausible import implausible, undecided
from macros.formulas.remember import by_identity
from macros.relations import measured
from macros.specs import Catalogue, load
from macros.specs.catalogue import VALUE_CHECKS, computed
from macros.specs.kinds import KINDS
from macros.specs.record import Transcript, Written, numbers_in
from macros.specs.yaml_file import Location

TARGETS = {"x10": 0.97, "/10": 0.97, "unit": 0.97, "GB/GiB": 0.0, "x2": 0.90, "swapped": 0.60}
"""Slip -> the share of them, over all numbers of all records, that has to be refused; GB for GiB, a twentieth, is only shown."""


BYTES = re.compile(r"(?:^|_)(?:gib|mib|bytes|gb|mb)(?:_|$)")
"""Keys of sizes, in which units of ten and of two are taken for one another."""


def slipped(value: int | float, chance: random.Random, key: str = "") -> Iterator[tuple[str, int | float]]:
    """A number as it is written by mistake: a digit more or less, another unit, twice, two digits swapped."""
    yield "x10", value * 10
    yield "/10", _divided(value, 10)
    if BYTES.search(key):
        yield "unit", chance.choice([value * 1024, _divided(value, 1024), value * 1000, _divided(value, 1000)])
        yield "GB/GiB", _as(value, chance.choice([value * 1.024**3, value / 1.024**3]))
    else:
        yield "unit", chance.choice([value * 1000, _divided(value, 1000)])
    yield "x2", value * 2
    text = repr(value)
    pairs = [at for at in range(len(text) - 1) if text[at : at + 2].isdigit() and text[at] != text[at + 1]]
    if pairs and "e" not in text:
        at = chance.choice(pairs)
        swapped = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        if swapped.lstrip("0") and not (isinstance(value, int) and swapped.startswith("0")):
            yield "swapped", type(value)(swapped)


def _divided(value: int | float, by: int) -> int | float:
    return value // by if isinstance(value, int) and value % by == 0 else value / by


def _as(value: int | float, other: float) -> int | float:
    """Written as such numbers are: whole, or with as many digits."""
    return round(other) if isinstance(value, int) and value > 100 else float(f"{other:.4g}")


def changed(value: Any, at: Location, new: int | float) -> Any:
    """A record with one number changed."""
    made = copy.copy(value)
    made[at[0]] = new if len(at) == 1 else changed(value[at[0]], at[1:], new)
    return made


def refused(kind: str, name: str, value: Any, at: Location, catalogue: Catalogue) -> bool:
    """Whether `make check` would refuse the record, whose number there was changed."""
    try:
        if kind == "measurements" and at[0] == "rows" and not value.get("checksum"):
            return _row_refused(name, value, int(at[1]), catalogue)
        record = KINDS[kind].model_validate({"id": name, **value})
    except ValidationError:
        return True
    if any(True for _ in computed(lambda one, all_of: _slips(kind, one, all_of), kind, record, catalogue)):
        return True
    return any(True for of, check in VALUE_CHECKS if of == kind for _ in computed(check, kind, record, catalogue))


def _row_refused(name: str, value: Any, index: int, catalogue: Catalogue) -> bool:
    """The same of one row of a file of hundreds."""
    file = KINDS["measurements"].model_validate({"id": name, **value, "rows": [value["rows"][index]]})
    row = file.rows[0]  # type: ignore[attr-defined]
    if any(True for _ in (*implausible(row, catalogue), *undecided(row, catalogue))):
        return True
    return any(not file.excepted(slip.at) for relation in measured.ROWS for slip in relation(file, index, row, catalogue))  # type: ignore[arg-type]


def _sealed(kind: str, name: str, catalogue: Catalogue) -> bool:
    """Whether the record has a checksum, and every number in its file is part of it."""
    record = catalogue.records[kind][name]
    if not isinstance(record, Written) or record.checksum is None:
        return False
    written = record.model_dump(exclude_unset=True, exclude={"id", "sources", "exceptions"})
    return dict(numbers_in(catalogue.files[kind, name].value)).items() <= dict(numbers_in(written)).items()


_sealed_once = by_identity(_sealed)


def _value(kind: str, name: str, catalogue: Catalogue, *, sealed: bool) -> Any:
    """What stands in a record's file; of a transcript without its seal, if asked so."""
    value = catalogue.files[kind, name].value
    if sealed or not issubclass(KINDS[kind], Transcript):
        return value
    return {key: item for key, item in value.items() if key not in ("checksum", "sealed_rows")}


def _slips(kind: str, record: Any, catalogue: Catalogue) -> Iterator[Any]:
    for slip in relations.slips(kind, record, catalogue):
        yield catalogue.error(kind, record.id, slip.at, slip.expected, slip.got, slip.fix)


def main() -> int:
    """Print the shares, and say which target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", help="kinds of records; without: all")
    parser.add_argument("--sample", type=int, help="so many numbers instead of all")
    parser.add_argument("--unsealed", action="store_true", help="transcripts as if they had no checksum")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--missed", help="a field, kind.field: print what is let through there")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    catalogue = load(Path(__file__).resolve().parent.parent / "data")
    everything = [
        (kind, name, at, number, value)
        for kind in KINDS
        if not arguments.kinds or kind in arguments.kinds
        for name in catalogue.records[kind]
        for value in [_value(kind, name, catalogue, sealed=not arguments.unsealed)]
        for at, number in numbers_in(value)
        if number and at[0] != "sources"
    ]
    if arguments.sample:
        everything = chance.sample(everything, min(arguments.sample, len(everything)))
    counts: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    tried: set[tuple[str, str]] = set()
    for kind, name, at, number, value in everything:
        known = (kind, name) in tried and "checksum" in value and _sealed_once(kind, name, catalogue)
        known = known and not (kind == "measurements" and at[0] == "rows" and at[1] >= value["sealed_rows"])
        tried.add((kind, name))
        field = f"{kind}.{'.'.join('*' if isinstance(part, int) else str(part) for part in at)}"
        if isinstance(catalogue.records[kind][name], Written):
            field = f"{kind}.{at[0]}"
        for slip, new in slipped(number, chance, str(at[-1])):
            caught = known or refused(kind, name, changed(value, at, new), at, catalogue)
            for group in (field, kind, "all"):
                counts[group][slip][0] += caught
                counts[group][slip][1] += 1
            if not caught and field == arguments.missed:
                print(f"let through: {kind}/{name} {at} {number} -> {new} ({slip})", file=sys.stderr)
    print(f"{'':64}" + "".join(f"{slip:>16}" for slip in TARGETS))
    for group in sorted(counts, key=lambda group: (group == "all", "." not in group, group)):
        cells = (counts[group][slip] for slip in TARGETS)
        print(f"{group:64}" + "".join(f"{caught / of:9.1%} {of:6}" if of else f"{'':>16}" for caught, of in cells))
    missed = [slip for slip, share in TARGETS.items() if counts["all"][slip][0] < share * counts["all"][slip][1]]
    print(f"below the target: {', '.join(missed)}" if missed else "every target is reached")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
