"""Every computed table and every authored key as one JSON text: what two revisions of the guide are compared by."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import date
from typing import Any

from pydantic import BaseModel

from macros.specs import Catalogue, SpecErrors
from macros.tables import Table, plain, tables

SCHEMA = 1
NOT_A_CAUSE = {"sources", "notes"}
"""Keys of a record that no formula reads."""


def dump(catalogue: Catalogue) -> dict[str, Any]:
    """Tables at full precision and the authored keys that they were computed from; no clock, no path of a machine."""
    return {
        "schema": SCHEMA,
        "tables": {name: _table(table, catalogue) for name, table in tables().items()},
        "inputs": _inputs(catalogue),
    }


def failure(errors: SpecErrors) -> dict[str, Any]:
    """The same for data that cannot be read: its mistakes."""
    return {"schema": SCHEMA, "errors": [vars(error) for error in errors.errors]}


def text(value: dict[str, Any]) -> str:
    """Stable JSON: sorted, a value a line."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n"


def cell(value: Any) -> Any:
    """A cell as JSON knows it.

    >>> cell(float("inf")), cell((1, None)), cell(float("nan"))
    ('inf', [1, None], None)
    """
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {str(key): cell(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [cell(item) for item in value]
    value = plain(value)
    if isinstance(value, float) and math.isinf(value):
        return str(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _table(table: Table, catalogue: Catalogue) -> dict[str, Any]:
    frame = table.frame(catalogue)
    return {
        "key": list(table.key),
        "columns": [{"id": column.id, "unit": column.unit, "digits": column.digits} for column in table.columns],
        "rows": [{str(name): cell(value) for name, value in row.items()} for row in frame.to_dict("records")],
    }


def _inputs(catalogue: Catalogue) -> dict[str, dict[str, Any]]:
    files = {file.path: file.value for (kind, _), file in catalogue.files.items() if kind != "sources"}
    return {path: dict(_leaves(value, ())) for path, value in sorted(files.items())}


def _leaves(value: Any, at: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            if at or key not in NOT_A_CAUSE:
                yield from _leaves(item, (*at, str(key)))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(item, (*at, str(index)))
    else:
        yield ".".join(at), value.isoformat() if isinstance(value, date) else cell(value)
