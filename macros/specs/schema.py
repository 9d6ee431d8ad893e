"""The JSON Schema of each kind: what editors complete from, and what the contributor's guide prints."""

from __future__ import annotations

from functools import cache
from typing import Any

from macros.specs.kinds import KINDS, SINGLE_FILES


def schemas() -> dict[str, dict[str, Any]]:
    """Kind -> JSON Schema (2020-12) of one file of that kind."""
    return {kind: schema_of(kind) for kind in (*KINDS, *SINGLE_FILES)}


@cache
def schema_of(kind: str) -> dict[str, Any]:
    """The one of a kind."""
    if kind in SINGLE_FILES:
        made: dict[str, Any] = {"type": "object", "additionalProperties": SINGLE_FILES[kind].model_json_schema()}
    else:
        made = KINDS[kind].model_json_schema()
        made["properties"].pop("id", None)
        made["required"] = [name for name in made.get("required", []) if name != "id"]
    return {**made, "$schema": "https://json-schema.org/draft/2020-12/schema", "title": kind}
