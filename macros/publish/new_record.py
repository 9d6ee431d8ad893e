"""An empty record in data/, with a word on each key, ready to fill in; and the schemas that editors complete from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from macros.render import annotated
from macros.specs.errors import SpecError, SpecErrors, nearest
from macros.specs.kinds import KINDS
from macros.specs.record import ID, MAX_ID
from macros.specs.schema import schemas

SCHEMAS = Path("dist") / "schema"


def kind_of(word: str) -> str:
    """The folder of data/ that a word means: `gpu`, `gpus`, `family`.

    >>> kind_of("gpu"), kind_of("family"), kind_of("memory")
    ('gpus', 'families', 'memory')
    """
    writable = [kind for kind in annotated.WRITTEN_BY_HAND if kind in KINDS]
    for guess in (word, f"{word}s", f"{word.removesuffix('y')}ies"):
        if guess in writable:
            return guess
    raise SpecErrors([SpecError("make new", 1, "KIND", "a kind of record", f"'{word}'", nearest(word, writable))])


def write(root: Path, word: str, id: str, filled: Mapping[str, Any] | None = None) -> Path:
    """Make data/<kind>/<id>.yaml with what is known; refuses to touch one that is there."""
    kind = kind_of(word)
    path = root / "data" / kind / f"{id}.yaml"
    if len(id) > MAX_ID:
        raise SpecErrors([SpecError("make new", 1, "ID", f"an id of at most {MAX_ID} letters", f"{len(id)}", "shorten it")])
    if not ID.fullmatch(id):
        raise SpecErrors([SpecError("make new", 1, "ID", "an id like rtx-3090 (a-z, 0-9, hyphen, dot)", f"'{id}'", "write it so")])
    if path.exists():
        raise SpecErrors([SpecError("make new", 1, "ID", "an id that is free", f"'{id}'", f"edit data/{kind}/{id}.yaml")])
    write_schemas(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(annotated.blank(kind, f"../../{(SCHEMAS / kind).as_posix()}.json", filled), "utf-8")
    return path


def write_schemas(root: Path) -> list[Path]:
    """The JSON Schema of each kind where the first line of a new record points to."""
    folder = root / SCHEMAS
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for kind, schema in schemas().items():
        made.append(folder / f"{kind}.json")
        made[-1].write_text(json.dumps(schema, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")
    return made
