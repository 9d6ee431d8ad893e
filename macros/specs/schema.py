"""The JSON Schema of each kind: what editors complete from, and what the contributor's guide prints."""

from __future__ import annotations

from typing import Any

from macros.specs.kinds import KINDS, SINGLE_FILES


def schemas() -> dict[str, dict[str, Any]]:
    """Kind -> JSON Schema (2020-12) of one file of that kind."""
    result = {}
    for kind, model in KINDS.items():
        schema = model.model_json_schema()
        schema["properties"].pop("id", None)
        schema["required"] = [name for name in schema.get("required", []) if name != "id"]
        result[kind] = schema
    for kind, single in SINGLE_FILES.items():
        result[kind] = {"type": "object", "additionalProperties": single.model_json_schema()}
    for kind, schema in result.items():
        schema.update({"$schema": "https://json-schema.org/draft/2020-12/schema", "title": kind})
    return result
