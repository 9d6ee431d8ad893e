"""The numbers for machines: `api/v1/`, tables at full precision and the specs as written. Sorted, no clock: equal data, equal bytes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from functools import partial
from typing import Any

from macros.estimate import question
from macros.publish import calculator
from macros.specs import Catalogue
from macros.specs.kinds import KINDS, SINGLE_FILES
from macros.specs.schema import schemas
from macros.tables import Table, plain, tables

Files = dict[str, Callable[[], bytes]]


def files(catalogue: Catalogue) -> Files:
    """Path below `api/v1/` -> what makes its content."""
    made: Files = {"tables/index.json": lambda: _json([_described(table) for table in tables().values()])}
    for table in tables().values():
        made[f"tables/{table.id}.json"] = partial(_table_json, table, catalogue)
        made[f"tables/{table.id}.csv"] = partial(_csv, table, catalogue)
    for kind in (*KINDS, *SINGLE_FILES):
        made[f"{kind}.json"] = partial(_specs, catalogue, kind)
    for kind in KINDS:
        if kind != "measurements":
            for name in catalogue.records[kind]:
                made[f"{kind}/{name}.json"] = partial(_with_sources, catalogue, kind, name)
    made["calculator/data.js"] = lambda: calculator.data_script(catalogue)
    made["calculator/formulas.js"] = lambda: calculator.formulas_script(configs=False)
    made["calculator/formulas-and-configs.js"] = lambda: calculator.reading_script(catalogue)
    for name, schema in schemas().items():
        made[f"schema/{name}.json"] = partial(_json, schema)
    made["schema/question.json"] = partial(_json, question.schema())
    return made


def _table_json(table: Table, catalogue: Catalogue) -> bytes:
    return _json(_described(table) | {"rows": rows(table, catalogue)})


def _specs(catalogue: Catalogue, kind: str) -> bytes:
    return _json([_spec(record, name) for name, record in sorted(catalogue.records[kind].items())])


def rows(table: Table, catalogue: Catalogue) -> list[dict[str, Any]]:
    """The rows of a table as JSON knows them, at full precision."""
    frame = table.frame(catalogue)
    names = [column.id for column in table.columns]
    return [{name: _value(value) for name, value in zip(names, row, strict=True)} for row in frame.itertuples(index=False, name=None)]


def _described(table: Table) -> dict[str, Any]:
    columns = [{"id": column.id, "unit": column.unit, "title": column.title} for column in table.columns]
    return {"id": table.id, "title": table.title, "key": list(table.key), "columns": columns}


def _value(value: Any) -> Any:
    if type(value) in (str, int, bool):
        return value
    if isinstance(value, list | tuple):
        return [_value(item) for item in value]
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    value = value if isinstance(value, dict) else plain(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def _spec(record: Any, id: str) -> dict[str, Any]:
    return {"id": id, **record.model_dump(mode="json")}


def _with_sources(catalogue: Catalogue, kind: str, id: str) -> bytes:
    """One record, its sources spelled out: what the proof of a cell shows."""
    spec = _spec(catalogue.records[kind][id], id)
    cited = sorted({source for ids in spec["sources"].values() for source in ids})
    return _json(spec | {"cited": {source: catalogue.sources[source].model_dump(mode="json") for source in cited}})


def _json(value: Any) -> bytes:
    return (_lines(value, 2) + "\n").encode()


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def _lines(value: Any, levels: int) -> str:
    """A line for each key and each item down to a level: a row of a table, a field of a record."""
    if levels == 0 or not value or not isinstance(value, dict | list):
        return _encode(value)
    if isinstance(value, list):
        return "[\n" + ",\n".join(_lines(item, levels - 1) for item in value) + "\n]"
    return "{\n" + ",\n".join(f"{_encode(key)}: {_lines(item, levels - 1)}" for key, item in value.items()) + "\n}"


def _csv(table: Table, catalogue: Catalogue) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([f"{column.id} [{column.unit}]" if column.unit else column.id for column in table.columns])
    for row in rows(table, catalogue):
        writer.writerow([_csv_cell(value) for value in row.values()])
    # The mark that makes spreadsheets read Chinese as UTF-8.
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _csv_cell(value: Any) -> Any:
    if isinstance(value, dict):
        return value.get("en", "")
    if isinstance(value, list):
        return "; ".join(str(_csv_cell(item)) for item in value)
    # A spreadsheet would run a cell that starts like a formula.
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value
