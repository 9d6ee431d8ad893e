"""Records to be filled in, and what editors need to check them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from macros.commands import Declare, Mistake
from macros.commands.values import read_config_file

if TYPE_CHECKING:
    from macros.estimate.notices import Notice
    from macros.specs import Catalogue
    from macros.specs.architectures import Architecture


def new(arguments: argparse.Namespace, root: Path) -> int:
    """Make an empty record to fill in: `new gpu rtx-6090`; of a model from its config.json or its GGUF file."""
    from macros.estimate.refused import Refused
    from macros.publish import new_record
    from macros.specs import load

    path: Path | None = arguments.config or arguments.gguf
    if path is None:
        print(f"{new_record.write(root, arguments.kind, arguments.id).relative_to(root)}: fill it in, then `make check`")
        return 0
    catalogue, read = load(root / "data"), _of_config if arguments.config else _of_gguf
    try:
        source = read(path, arguments.repository, catalogue)
    except Refused as refused:
        raise Mistake(f"{path}:1: file: {refused}") from None
    _write_model(source, arguments, root, catalogue)
    return 0


@dataclass(frozen=True)
class Source:
    """What a file tells of a model."""

    file: str
    """What it is called where the model lies."""
    shapes: Architecture
    notices: Sequence[Notice]
    repository: str | None
    """Where that is on Hugging Face: as the user said it, or as the file does."""
    said: Mapping[str, Any]
    """Keys of the record that the file itself fills in."""
    tokenizer: str = ""


def _of_config(path: Path, repository: str | None, catalogue: Catalogue) -> Source:
    """A model as its config.json tells it."""
    from macros.estimate.config_json import read
    from macros.publish import new_model

    config = read_config_file(path)
    found = read(config, catalogue)
    return Source("config.json", found.architecture, found.notices, new_model.repository_of(config, repository), {})


def _of_gguf(path: Path, repository: str | None, catalogue: Catalogue) -> Source:
    """A model as its GGUF file tells it."""
    from macros.estimate.files.model import file_model, numbered
    from macros.estimate.files.read import read_gguf
    from macros.publish import new_model

    header = read_gguf(path, numbered(catalogue.tensor_types))
    found, said = file_model(header, catalogue.tensor_types, catalogue.architectures), new_model.said_in_file(header.values, catalogue)
    tokenizer = str(header.values.get("tokenizer.ggml.model", ""))
    return Source(path.name, found.architecture, found.notices, repository or said.get("hugging_face"), said, tokenizer)


def _write_model(source: Source, arguments: argparse.Namespace, root: Path, catalogue: Catalogue) -> None:
    """Write what the source tells as a record, with its family and its source where they are new, and say what was written."""
    from datetime import UTC, datetime

    from macros.estimate.notices import sentence
    from macros.publish import new_model, new_record

    repository = source.repository
    name = arguments.id or (repository or "").rpartition("/")[2].lower().replace("_", "-")
    said = {**source.said, "hugging_face": repository} if repository else source.said
    made = new_model.record(source.shapes, repository, name, catalogue, said)
    if "family" not in made:
        family = new_record.write(root, "family", name, new_model.family(made, source.tokenizer))
        made["family"] = name
        print(f"{family.relative_to(root)}: no listed model has this vocabulary, so it is a family of its own")
    written = new_record.write(root, arguments.kind, name, made)
    if repository:
        print(f"data/sources.yaml: {new_model.cite(root, repository, datetime.now(UTC).date(), source.file)}")
    for notice in source.notices:
        print(sentence({"code": notice.code, "values": notice.values}, catalogue))
    print(f"{written.relative_to(root)}: look through it, then `make check`")


def schema(arguments: argparse.Namespace, root: Path) -> int:
    """Write the JSON Schema of each kind of record to dist/schema, for editors."""
    from macros.publish import new_record

    print("\n".join(str(path.relative_to(root)) for path in new_record.write_schemas(root)))
    return 0


def declare(command: Declare) -> None:
    """Their options."""
    of_new = command("new", new)
    of_new.add_argument("kind", help="gpu, cpu, model, measurement … (a folder of data/)")
    of_new.add_argument("id", nargs="?", default="", help="what the file will be called: a-z, 0-9, hyphen, dot")
    of_new.add_argument("--config", type=Path, help="for a model: its Hugging Face config.json, from which the record is filled")
    of_new.add_argument("--gguf", type=Path, help="for a model: its GGUF file, from which the record is filled instead")
    of_new.add_argument("--repository", metavar="OWNER/NAME", help="where that lies on Hugging Face, if the file does not say it")
    command("schema", schema)
