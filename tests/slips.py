"""Which slips of the keyboard `make check` lets through: every number of every record is changed, one at a time.

    python -m tests.slips                 every field, the shares by field and kind of slip (minutes)
    python -m tests.slips gpus cpus       of some kinds of records
    python -m tests.slips --sample 300    of so many numbers, drawn anew each day

A changed record counts as refused when its form or a relation refuses it; that other records would be refused as well is not counted.
"""

from __future__ import annotations

import argparse
import copy
import random
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

import macros.calibrate.plausible
import macros.formulas.checks  # noqa: F401
from macros import relations
from macros.relations import sealed
from macros.specs import Catalogue, load
from macros.specs.catalogue import VALUE_CHECKS, computed
from macros.specs.kinds import KINDS
from macros.specs.record import numbers_in
from macros.specs.yaml_file import Location

TARGETS = {"x10": 0.97, "/10": 0.97, "unit": 0.97, "x2": 0.90, "swapped": 0.60}
"""Slip -> the share of them, over all numbers of all records, that has to be refused."""


def slipped(value: int | float, chance: random.Random) -> Iterator[tuple[str, int | float]]:
    """A number as it is written by mistake: a digit more or less, another unit, twice, two digits swapped."""
    whole = isinstance(value, int)
    yield "x10", value * 10
    yield "/10", value / 10 if not whole or value % 10 else value // 10
    yield "unit", value * 1000 if chance.random() < 0.5 else (value / 1000 if not whole or value % 1000 else value // 1000)
    yield "x2", value * 2
    text = repr(value)
    pairs = [at for at in range(len(text) - 1) if text[at : at + 2].isdigit() and text[at] != text[at + 1]]
    if pairs and "e" not in text:
        at = chance.choice(pairs)
        swapped = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        if swapped.lstrip("0") and not (whole and swapped.startswith("0")):
            yield "swapped", type(value)(swapped)


def changed(value: Any, at: Location, new: int | float) -> Any:
    """A record with one number changed."""
    made = copy.copy(value)
    made[at[0]] = new if len(at) == 1 else changed(value[at[0]], at[1:], new)
    return made


def refused(kind: str, name: str, value: Any, at: Location, catalogue: Catalogue) -> bool:
    """Whether `make check` would refuse the record."""
    try:
        record = _record(kind, name, value, at, catalogue)
    except ValidationError:
        return True
    if any(True for _ in computed(lambda one, all_of: _slips(kind, one, all_of), kind, record, catalogue)):
        return True
    return any(True for of, check in VALUE_CHECKS if of == kind for _ in computed(check, kind, record, catalogue))


def _record(kind: str, name: str, value: Any, at: Location, catalogue: Catalogue) -> Any:
    """The changed record; of a file with hundreds of rows only the changed one is read again."""
    if kind != "measurements" or at[0] != "rows":
        return KINDS[kind].model_validate({"id": name, **value})
    row = KINDS[kind].model_validate({"id": name, **value, "rows": [value["rows"][at[1]]]}).rows[0]  # type: ignore[attr-defined]
    before = catalogue.records[kind][name]
    return before.model_copy(update={"rows": [row if index == at[1] else one for index, one in enumerate(before.rows)]})


def _slips(kind: str, record: Any, catalogue: Catalogue) -> Iterator[Any]:
    for slip in relations.slips(kind, record, catalogue):
        yield catalogue.error(kind, record.id, slip.at, slip.expected, slip.got, slip.fix)


def main() -> int:
    """Print the shares, and say which target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", help="kinds of records; without: all")
    parser.add_argument("--sample", type=int, help="so many numbers instead of all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--missed", help="a field, kind.field: print what is let through there")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    catalogue = load(Path(__file__).resolve().parent.parent / "data")
    everything = [
        (kind, name, at, number, catalogue.files[kind, name].value)
        for kind in KINDS
        if not arguments.kinds or kind in arguments.kinds
        for name in catalogue.records[kind]
        for at, number in numbers_in(catalogue.files[kind, name].value)
        if number
    ]
    if arguments.sample:
        everything = chance.sample(everything, min(arguments.sample, len(everything)))
    counts: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for kind, name, at, number, value in everything:
        field = f"{kind}.{'.'.join('*' if isinstance(part, int) else str(part) for part in at)}"
        if kind in sealed.KINDS:
            field = f"{kind}.{at[0]}"
        for slip, new in slipped(number, chance):
            caught = refused(kind, name, changed(value, at, new), at, catalogue)
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
