"""Two dumps of the computed tables -> what changed, in Markdown.

Standard library only: the reporter of pull requests runs this on dumps that a stranger's code wrote, in a job that holds a token.
So nothing here trusts a value, and every text that comes from a dump is shown through `shown`.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

Dump = dict[str, Any]
Row = dict[str, Any]

SAME = 1e-9
"""Numbers nearer than this, relatively, are equal: two processors may round the last bits differently."""
LARGE = 0.10
"""A change that a reviewer should see first."""
ALIKE = 2
"""Cells that moved alike, from here on told in one line."""
LINES_PER_TABLE = 20
KEYS_PER_FILE = 8
FILES = 20
MISTAKES = 50
SUMMARY_ROWS = 100
"""An accuracy table of more rows holds single measurements, not summaries."""
LENGTH = 40_000
"""Characters of the whole, well under the 65,536 that a comment may have."""
TEXT_LENGTH = 80


@dataclass(frozen=True)
class Cell:
    """One value that moved."""

    row: str
    column: str
    before: Any
    after: Any

    @property
    def ratio(self) -> float | None:
        """After / before, where both are numbers of one sign."""
        if not (_is_number(self.before) and _is_number(self.after)) or self.before * self.after <= 0:
            return None
        ratio = self.after / self.before
        return ratio if math.isfinite(ratio) and ratio > 0 else None

    @property
    def flips_fit(self) -> bool:
        """What fitted does not fit any more, or the other way round."""
        return isinstance(self.before, bool) and isinstance(self.after, bool)

    @property
    def large(self) -> bool:
        """More than 10 %, or a change of sign, or between known and unknown."""
        if self.ratio is not None:
            return abs(self.ratio - 1) > LARGE
        return any(side is None or _is_number(side) for side in (self.before, self.after))

    @property
    def movement(self) -> str | None:
        """Between known and unknown; None for every other change."""
        if (self.before is None) == (self.after is None):
            return None
        return "known → unknown" if self.after is None else "unknown → known"

    @property
    def weight(self) -> float:
        """Larger first."""
        return math.inf if self.ratio is None else abs(math.log(self.ratio))


@dataclass
class TableChange:
    """What changed in one table."""

    id: str
    state: str = "changed"
    cells: list[Cell] = field(default_factory=list)
    rows_added: list[str] = field(default_factory=list)
    rows_removed: list[str] = field(default_factory=list)
    columns_added: list[str] = field(default_factory=list)
    columns_removed: list[str] = field(default_factory=list)
    named: set[str] = field(default_factory=set)
    """Every text in the rows that changed: ids of the records that they speak of."""

    def __bool__(self) -> bool:
        return self.state != "changed" or any((self.cells, self.rows_added, self.rows_removed, self.columns_added, self.columns_removed))


@dataclass
class Changes:
    """What changed between two dumps."""

    tables: list[TableChange]
    inputs: dict[str, list[tuple[str, Any, Any]]]
    """File -> (key, before, after)."""
    accuracy: list[str]
    """Lines on the measured error, before and after."""


MISSING = object()


def compare(base: Dump, head: Dump) -> Changes:
    """Table by table, row key by row key, column by column; order does not matter."""
    before, after = base["tables"], head["tables"]
    changed = []
    for name in sorted(before.keys() | after.keys()):
        if name not in before or name not in after:
            change = TableChange(name, "added" if name in after else "removed")
            table = after.get(name) or before[name]
            (change.rows_added if name in after else change.rows_removed).extend(sorted(_rows(table)))
        else:
            change = _table_change(name, before[name], after[name])
        if change:
            changed.append(change)
    return Changes(changed, _input_changes(base.get("inputs", {}), head.get("inputs", {})), list(_accuracy(before, after)))


def _table_change(name: str, before: Dump, after: Dump) -> TableChange:
    change = TableChange(name)
    old_columns = [column["id"] for column in before["columns"]]
    new_columns = [column["id"] for column in after["columns"]]
    change.columns_added = [column for column in new_columns if column not in old_columns]
    change.columns_removed = [column for column in old_columns if column not in new_columns]
    old_rows, new_rows = _rows(before), _rows(after)
    change.rows_added = sorted(new_rows.keys() - old_rows.keys())
    change.rows_removed = sorted(old_rows.keys() - new_rows.keys())
    for row in change.rows_added:
        change.named |= _texts(new_rows[row])
    for row in change.rows_removed:
        change.named |= _texts(old_rows[row])
    for row in sorted(old_rows.keys() & new_rows.keys()):
        for column in old_columns:
            if column in change.columns_removed:
                continue
            old, new = old_rows[row].get(column), new_rows[row].get(column)
            if not _equal(old, new):
                change.cells.append(Cell(row, column, old, new))
                change.named |= _texts(old_rows[row]) | _texts(new_rows[row])
    return change


def _rows(table: Dump) -> dict[str, Row]:
    return {" / ".join(_label(row.get(key)) for key in table["key"]): row for row in table["rows"]}


def _label(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("en", value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _texts(row: Row) -> set[str]:
    return {value for value in row.values() if isinstance(value, str)}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equal(a: Any, b: Any) -> bool:
    if _is_number(a) and _is_number(b):
        return math.isclose(a, b, rel_tol=SAME, abs_tol=0.0)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(_equal(x, y) for x, y in zip(a, b, strict=True))
    return type(a) is type(b) and bool(a == b)


def _input_changes(before: Dump, after: Dump) -> dict[str, list[tuple[str, Any, Any]]]:
    found: dict[str, list[tuple[str, Any, Any]]] = {}
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old is None or new is None:
            found[path] = [("", MISSING if old is None else None, MISSING if new is None else None)]
            continue
        keys = [key for key in (*old, *(key for key in new if key not in old)) if not _equal(old.get(key, MISSING), new.get(key, MISSING))]
        if keys:
            found[path] = [(key, old.get(key, MISSING), new.get(key, MISSING)) for key in keys]
    return found


def _accuracy(before: Dump, after: Dump) -> Iterator[str]:
    """Predicted beside measured is a table like another, but a reviewer wants the movement of its summaries told apart."""
    for name in sorted(before.keys() & after.keys()):
        if is_accuracy(name) and len(after[name]["rows"]) <= SUMMARY_ROWS:
            for cell in _table_change(name, before[name], after[name]).cells:
                if _is_number(cell.before) or _is_number(cell.after):
                    sides = f"{value(cell.before, cell.after)} | {value(cell.after, cell.before)}"
                    yield f"| {shown(name)} | {shown(cell.row)} | {shown(cell.column)} | {sides} |"


def is_accuracy(table: str) -> bool:
    """Whether a table tells how far predictions are from measurements."""
    return "accuracy" in table.split("-")


def shown(text: object, length: int = TEXT_LENGTH) -> str:
    """Any text as a Markdown code span on one line: no markup, mention, link, table border or workflow command survives in it.

    >>> shown("rtx-3090"), shown("a`b|c\\n::error::<img src=x> @all")
    ('`rtx-3090`', "`a'b¦c ::error::<img src=x> @all`")
    """
    plain = "".join(" " if character.isspace() else _visible(character) for character in str(text)[: 4 * length])
    plain = " ".join(plain.replace("`", "'").replace("|", "¦").split())
    if len(plain) > length:
        plain = plain[: length - 1] + "…"
    return f"`{plain}`" if plain else "` `"


def _visible(character: str) -> str:
    """The character, or a mark where it would steer what stands around it (control, direction, unassigned)."""
    return "\N{REPLACEMENT CHARACTER}" if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co"} else character


def value(cell: Any, other: Any = None) -> str:
    """A cell for a reader; with the other side's number, as many digits as show that the two differ.

    >>> value(936.2), value(True), value(None), value(1000000.4, 1000000.1), value({"zh": "是", "en": "yes"})
    ('936.2', 'yes', 'unknown', '1000000.4', '`yes`')
    """
    if cell is MISSING:
        return "—"
    if cell is None:
        return "unknown"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if not _is_number(cell):
        return shown(_label(cell), 60)
    for digits in (4, 6, 9, 12, 17):
        text = _number(cell, digits)
        if not _is_number(other) or text != _number(other, digits):
            return text
    return text


def _number(number: float, digits: int) -> str:
    text = f"{number:.{digits}g}"
    if "e" in text and 1e-4 <= abs(number) < 1e15:
        text = f"{number:.{max(0, digits - 1 - math.floor(math.log10(abs(number))))}f}"
    return text


def percent(ratio: float) -> str:
    """A ratio as a signed change.

    >>> percent(1.25), percent(0.999999)
    ('+25 %', '-0.0001 %')
    """
    return f"{100 * (ratio - 1):+.3g} %"


def _groups(cells: Iterable[Cell]) -> list[list[Cell]]:
    """Cells that moved alike together: by one factor, or from one value to another."""
    groups: dict[object, list[Cell]] = defaultdict(list)
    for cell in cells:
        values = json.dumps([cell.before, cell.after], sort_keys=True, default=str)
        groups[f"{cell.ratio:.5g}" if cell.ratio is not None else cell.movement or values].append(cell)
    result = []
    for group in groups.values():
        result += [group] if len(group) >= ALIKE else [[cell] for cell in group]
    return sorted(result, key=lambda group: (not group[0].flips_fit, not group[0].large, -group[0].weight, group[0].row, group[0].column))


def _movement(cell: Cell) -> str:
    if cell.flips_fit and "fit" in cell.column:
        return "**does not fit any more**" if cell.before else "**fits now**"
    if cell.ratio is None:
        return "⚠️" if cell.large else ""
    return percent(cell.ratio) + (" ⚠️" if cell.large else "")


def _line(group: list[Cell]) -> str:
    first = group[0]
    before, after = value(first.before, first.after), value(first.after, first.before)
    if len(group) == 1:
        return f"| {shown(first.row)} | {shown(first.column)} | {before} | {after} | {_movement(first)} |"
    rows = sorted({cell.row for cell in group})
    columns = list(dict.fromkeys(cell.column for cell in group))
    factor = f"×{first.ratio:.5g}" if first.ratio is not None else first.movement or f"{before} → {after}"
    which = ", ".join(shown(row) for row in rows[:3]) + (", …" if len(rows) > 3 else "")
    named = _columns(columns)
    return f"| **{factor} in {_count(len(rows), 'row')}**: {which} | {named} | {before} | {after} | {_movement(first)} |"


def computing(paths: Iterable[str]) -> list[str]:
    """The paths whose code, or whose locked packages, can change a computed value.

    >>> computing(["macros/render/tables.py", "macros/formulas/decode.py", "docs/en/gpu.md"])
    ['macros/formulas/decode.py']
    """
    return sorted({path for path in paths if re.match(r"macros/(specs|formulas|estimate|tables)/|requirements\.txt$", path)})


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _names(label: str, names: list[str], limit: int = LINES_PER_TABLE) -> list[str]:
    if not names:
        return []
    more = f" … {len(names) - limit} more" if len(names) > limit else ""
    return [f"{label}: {', '.join(shown(name) for name in names[:limit])}{more}", ""]


HEAD = ["| row | column | before | after | change |", "|---|---|---|---|---|"]


def _table_lines(change: TableChange, lines: int) -> list[str]:
    if change.state != "changed":
        rows = change.rows_added or change.rows_removed
        return [f"#### {shown(change.id)}: the table was {change.state} ({_count(len(rows), 'row')})", ""]
    counts = [
        f"{_count(len(found), what)}{how}"
        for found, what, how in (
            (change.cells, "value", ""),
            (change.rows_added, "row", " added"),
            (change.rows_removed, "row", " removed"),
            (change.columns_added, "column", " added"),
            (change.columns_removed, "column", " removed"),
        )
        if found
    ]
    result = [f"#### {shown(change.id)}: {', '.join(counts)}", ""]
    if change.cells:
        groups = _groups(change.cells)
        result += [*HEAD, *(_line(group) for group in groups[:lines])]
        rest = sum(len(group) for group in groups[lines:])
        result += [f"| … {_count(rest, 'more value')} | | | | |"] if rest else []
        result.append("")
    result += _names("Rows added", change.rows_added, lines)
    result += _names("Rows removed", change.rows_removed, lines)
    result += _names("Columns added", change.columns_added, lines)
    result += _names("Columns removed", change.columns_removed, lines)
    return result


def _first_look(changes: Changes, lines: int) -> list[str]:
    """What turns "fits" round, and what moved by more than a tenth, of all tables, first."""
    flips, large = [], []
    for change in changes.tables:
        flips += [(change, group) for group in _groups(cell for cell in change.cells if cell.flips_fit)]
        large += [(change, group) for group in _groups(cell for cell in change.cells if cell.large and cell.ratio is None)]
        large += [(change, group) for group in _alike(cell for cell in change.cells if cell.large and cell.ratio is not None)]
    if not flips and not large:
        return []
    flips.sort(key=lambda item: -len(item[1]))
    large.sort(key=lambda item: -item[1][0].weight)
    counts = [sum(len(group) for _, group in found) for found in (flips, large)]
    said = [f"**{_count(counts[0], 'answer')} turned round (fits ↔ does not fit)**"] if flips else []
    said += [f"**{_count(counts[1], 'value')} moved by more than 10 %** or between known and unknown"] if large else []
    found = flips + large
    result = [f"Look at these first: {', '.join(said)}.", "", "| table " + HEAD[0], "|---" + HEAD[1]]
    result += [f"| {shown(change.id)} {_span(group)}" for change, group in found[:lines]]
    rest = sum(len(group) for _, group in found[lines:])
    return [*result, *([f"| … {_count(rest, 'more value')} | | | | | |"] if rest else []), ""]


def _alike(cells: Iterable[Cell]) -> list[list[Cell]]:
    """Cells that moved the same way, whatever the factor: by column, columns of the same rows together, the largest first in each."""
    columns: dict[tuple[str, bool], list[Cell]] = defaultdict(list)
    for cell in cells:
        columns[cell.column, (cell.ratio or 0) > 1].append(cell)
    merged: dict[tuple[bool, frozenset[str]], list[Cell]] = defaultdict(list)
    for (_, up), found in columns.items():
        merged[up, frozenset(cell.row for cell in found)].extend(found)
    return [sorted(group, key=lambda cell: (-cell.weight, cell.row)) for group in merged.values()]


def _span(group: list[Cell]) -> str:
    """One line on cells that moved the same way: in how many rows, which moved most, and how far the change reaches."""
    first, last = group[0], group[-1]
    if first.ratio is None or last.ratio is None or len(group) == 1 or math.isclose(first.ratio, last.ratio, rel_tol=1e-5):
        return _line(group)
    rows = {cell.row for cell in group}
    which = shown(first.row) if len(rows) == 1 else f"**{_count(len(rows), 'row')}**, most of all {shown(first.row)}"
    columns = _columns(list(dict.fromkeys(cell.column for cell in group)))
    reach = " to ".join(dict.fromkeys([percent(last.ratio), percent(first.ratio)]))
    return f"| {which} | {columns} | {value(first.before, first.after)} | {value(first.after, first.before)} | {reach} ⚠️ |"


def _columns(columns: list[str]) -> str:
    return ", ".join(shown(column, 40) for column in columns[:4]) + (f" and {len(columns) - 4} more" if len(columns) > 4 else "")


def _causes(changes: Changes, code: list[str], full: bool) -> list[str]:
    result = []
    for path, keys in list(changes.inputs.items())[: None if full else FILES]:
        stem = path.rpartition("/")[2].removesuffix(".yaml")
        moved = [change.id for change in changes.tables if stem in change.named]
        where = f" (in tables {', '.join(shown(name) for name in moved[:6])}{', …' if len(moved) > 6 else ''})" if moved else ""
        if keys[0][0] == "":
            result.append(f"- {shown(path)}: {'added' if keys[0][1] is MISSING else 'removed'}{where}")
            continue
        told = [f"{shown(key)} {value(old, new)} → {value(new, old)}" for key, old, new in keys[: None if full else KEYS_PER_FILE]]
        rest = f" … {_count(len(keys) - len(told), 'more key')}" if len(keys) > len(told) else ""
        result.append(f"- {shown(path)}: {'; '.join(told)}{rest}{where}")
    if len(changes.inputs) > len(result):
        result.append(f"- … {_count(len(changes.inputs) - len(result), 'more file')}")
    if code:
        result.append(f"- code: {', '.join(shown(path) for path in code[:FILES])}{', …' if len(code) > FILES else ''}")
    if not result:
        return []
    return ["#### Cause: what was written differently", "", *result, ""]


def markdown(base: Dump, head: Dump, *, code: Iterable[str] = (), full: bool = False) -> str:
    """The whole report on two dumps: summary, what to look at first, tables, cause, accuracy; capped unless `full`."""
    if "errors" in head or "failed" in head:
        return "\n".join(["### Computed tables: this revision cannot be computed", "", *_failure(head)]) + "\n"
    if "errors" in base or "failed" in base:
        lines = ["### Computed tables: the base could not be computed, so there is nothing to compare with", "", *_failure(base)]
        lines.append(f"This revision computes: {_count(len(head['tables']), 'table')}.")
        return "\n".join(lines) + "\n"
    changes = compare(base, head)
    code = computing(code)
    causes = _causes(changes, code, full)
    if not changes.tables:
        said = [f"### Computed tables: no computed value changes ({_count(len(head['tables']), 'table')} compared)", "", *causes]
        return "\n".join([*said, "Accuracy against measurements: as before."]) + "\n"
    values = sum(len(change.cells) for change in changes.tables)
    added = sum(len(change.rows_added) for change in changes.tables)
    removed = sum(len(change.rows_removed) for change in changes.tables)
    counts = [_count(values, "value")] + [f"{_count(n, 'row')} {how}" for n, how in ((added, "added"), (removed, "removed")) if n]
    lines = [f"### Computed tables: {', '.join(counts)} in {_count(len(changes.tables), 'table')}", ""]
    limit = 10**9 if full else LINES_PER_TABLE
    lines += [*_first_look(changes, limit), *causes, *_accuracy_lines(base, head, changes, limit)]
    length = sum(map(len, lines))
    for index, change in enumerate(changes.tables):
        section = _table_lines(change, limit)
        length += sum(len(line) + 1 for line in section)
        if not full and length > LENGTH:
            rest = changes.tables[index:]
            cells = sum(len(change.cells) for change in rest)
            lines.append(f"… {_count(len(rest), 'more table')} with {_count(cells, 'value')}: see the job summary, or `make diff`.")
            break
        lines += section
    return "\n".join(lines).rstrip("\n") + "\n"


def _accuracy_lines(base: Dump, head: Dump, changes: Changes, limit: int) -> list[str]:
    known = [name for name in head["tables"] if is_accuracy(name) and name in base["tables"]]
    if not known:
        return []
    if not changes.accuracy:
        return ["#### Accuracy against measurements: as before", ""]
    rest = len(changes.accuracy) - limit
    more = [f"| … {_count(rest, 'more value')} | | | | |"] if rest > 0 else []
    top = ["#### Accuracy against measurements, before and after", "", "| table | row | column | before | after |", "|---|---|---|---|---|"]
    return [*top, *changes.accuracy[:limit], *more, ""]


def _failure(dump: Dump) -> list[str]:
    if "failed" in dump:
        return [f"It said: {shown(dump['failed'], 300)}", ""]
    errors = dump["errors"]
    return [*error_lines(errors), ""]


def error_lines(errors: list[Dump]) -> list[str]:
    """Mistakes in the data as a list, the first of them."""
    lines = [
        f"- {shown(error['path'] + ':' + str(error['line']))} {shown(error['key'])}: expected {shown(error['expected'], 200)}, "
        f"got {shown(error['got'], 120)}. Fix: {shown(error['fix'], 200)}"
        for error in errors[:MISTAKES]
    ]
    return [*lines, *([f"- … {_count(len(errors) - MISTAKES, 'more mistake')}"] if len(errors) > MISTAKES else [])]
