"""One number in a sentence: a spec, a computed value, or a cell of a table; never typed by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from macros.estimate import estimate
from macros.render.numbers import SCALES, in_unit, number, unit_html
from macros.render.tables import selected
from macros.render.view import Mistake, View, one_of
from macros.specs.errors import nearest
from macros.tables import plain, tables

_UNITS = {"gib": "GiB", "mib": "MiB", "gb_per_s": "GB/s", "mb_per_s": "MB/s", "mt_per_s": "MT/s", "w": "W", "mhz": "MHz", "usd": "USD"}
_UNITS |= {"tflops": "TFLOP/s", "tops": "TOP/s", "bits": "bit", "bytes": "B", "seconds": "s", "tokens_per_second": "tokens/s"}


def value(
    view: View, path: str | None, *, get: str | None, unit: str | None, digits: int | None, table: str | None = None, **of: Any
) -> str:
    """The number with its unit."""
    if table is not None:
        found, known = _cell(view, table, get, of)
    elif path is not None:
        found, known = _spec(view, path)
    else:
        found, known = _computed(view, get, of)
    if unit is None or unit == known:
        unit = known
    elif unit not in SCALES:
        raise Mistake("a unit", repr(unit), nearest(unit, SCALES))
    else:
        found = in_unit(float(found) * SCALES.get(known or "", 1), unit)
    shown = number(found, digits) if isinstance(found, int | float) else view.html(found)
    return f'<span class="value">{shown}{"" if unit in (None, "%") else " "}{unit_html(unit, view.language) if unit else ""}</span>'


def _spec(view: View, path: str) -> tuple[Any, str | None]:
    kind, _, rest = path.partition(".")
    one_of("a kind of record", kind, view.catalogue.records)
    records = view.catalogue.records[kind]
    # Ids may contain dots, so the longest one that fits is meant.
    fitting = [name for name in records if rest == name or rest.startswith(f"{name}.")]
    if not fitting:
        one_of(f"a record in data/{kind}", rest.rpartition(".")[0] or rest, records)
    record = max(fitting, key=len)
    found: Any = records[record]
    names = [name for name in rest[len(record) :].split(".") if name]
    for name in names:
        if isinstance(found, list | tuple) and name.isdigit() and int(name) < len(found):
            found = found[int(name)]
            continue
        known = (
            list(found) if isinstance(found, Mapping) else list(type(found).model_fields) if hasattr(type(found), "model_fields") else []
        )
        one_of(f"a key of {kind}.{record}", name, known)
        found = found[name] if isinstance(found, Mapping) else getattr(found, name)
    if not names:
        raise Mistake("a record and its key, gpus.rtx-3090.memory_gib", repr(path), f"add a key to {path}")
    if found is None:
        raise Mistake("a known value", f"null at {path}", "name another value or leave the sentence out")
    return found, _unit_of(names[-1])


def _unit_of(name: str) -> str | None:
    return next(
        (unit for ending, unit in sorted(_UNITS.items(), key=lambda item: -len(item[0])) if name == ending or name.endswith(f"_{ending}")),
        None,
    )


def _cell(view: View, id: str, get: str | None, key: Mapping[str, Any]) -> tuple[Any, str | None]:
    one_of("a table", id, tables())
    table = tables()[id]
    column = {column.id: column for column in table.columns}
    one_of(f"a column of table {id}", str(get), column)
    rows = selected(view, table, key)
    if len(rows) != 1:
        raise Mistake(f"one row of table {id}", f"{len(rows)} rows", f"give each of its keys: {', '.join(table.key)}")
    found = plain(rows.iloc[0][str(get)])
    if found is None:
        raise Mistake("a known value", f"nothing in {get}", "name another cell")
    return found, column[str(get)].unit


def _computed(view: View, get: str | None, question: Mapping[str, Any]) -> tuple[Any, str | None]:
    answer: Any = estimate(dict(question), view.catalogue)
    found = answer
    for name in (get or "").split("."):
        if not isinstance(found, Mapping) or name not in found:
            choices = list(found) if isinstance(found, Mapping) else []
            raise Mistake("a key of the estimate's answer", repr(get), nearest(name, choices))
        found = found[name]
    last = (get or "").split(".")[-1]
    return found, "B" if last.endswith("bytes") else _unit_of(last)
