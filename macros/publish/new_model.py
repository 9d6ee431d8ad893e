"""The record of a model, filled from its configuration or its GGUF file: what that and the models already listed tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from macros.specs import Catalogue
from macros.specs.architectures import Architecture
from macros.specs.models import Model, architecture_of

REPOSITORY = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+")


def repository_of(config: Mapping[str, Any], given: str | None) -> str | None:
    """Where the configuration lies on Hugging Face: as given, or as the file says it.

    >>> repository_of({"_name_or_path": "Qwen/Qwen3-8B"}, None), repository_of({"_name_or_path": "/home/me/out"}, None)
    ('Qwen/Qwen3-8B', None)
    """
    said = given if given is not None else config.get("_name_or_path")
    return said if isinstance(said, str) and REPOSITORY.fullmatch(said) else None


HUB = "https://huggingface.co/"
"""Where files say that their models lie."""


def said_in_file(values: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """What a GGUF file says of its model besides the shapes.

    Args:
        values: its metadata
        catalogue: the models that are there, for the spelling of licences

    Returns:
        Name, repository and licence, as far as the file says them.

    >>> said_in_file({"general.name": "Qwen3 8B", "general.base_model.0.repo_url": "https://huggingface.co/Qwen/Qwen3-8B"}, None)
    {'name': 'Qwen3 8B', 'hugging_face': 'Qwen/Qwen3-8B'}
    """
    found: dict[str, Any] = {}
    if isinstance(values.get("general.name"), str):
        found["name"] = values["general.name"]
    for key in ("general.source.repo_url", "general.base_model.0.repo_url", "general.repo_url"):
        url = str(values.get(key, ""))
        if url.startswith(HUB) and REPOSITORY.fullmatch(url.removeprefix(HUB)):
            found["hugging_face"] = url.removeprefix(HUB)
            break
    licence = values.get("general.license")
    for model in catalogue.models.values() if isinstance(licence, str) else ():
        if model.licence is not None and model.licence.lower() == str(licence).lower():
            found["licence"] = model.licence
    return found


def source_of(repository: str) -> str:
    """The id of a configuration among the sources.

    >>> source_of("Qwen/Qwen3-8B")
    'hf-qwen-qwen3-8b'
    """
    return f"hf-{repository.lower().replace('/', '-').replace('_', '-')}"[:80]


def record(
    shapes: Architecture, repository: str | None, id: str, catalogue: Catalogue, said: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """All keys of the record that can be known.

    Args:
        shapes: as the configuration says them
        repository: where it lies, or None
        id: of the record
        catalogue: the models that are there: one with the same vocabulary tells the family
        said: what the model's file says of itself, which goes before what is guessed

    Returns:
        Keys and values; what nobody can tell from a configuration (the day, the licence, the publisher's count) stays open.
    """
    owner, _, title = (repository or f"/{id}").partition("/")
    publisher = _publisher(owner, catalogue.models.values()) or owner or None
    made: dict[str, Any] = {
        "name": re.sub(r"[-_]+", " ", title),
        "publisher": publisher,
        "family": _family(shapes, publisher, catalogue),
        "hugging_face": repository,
        "architecture": shapes.model_dump(mode="json", exclude_defaults=True, exclude={"traits"}),
        "sources": {"architecture": [source_of(repository)]} if repository else {},
        **(said or {}),
    }
    return {key: value for key, value in made.items() if value is not None}


def _publisher(owner: str, models: Iterable[Model]) -> str | None:
    return next((model.publisher for model in models if owner and (model.hugging_face or "").startswith(f"{owner}/")), None)


def _family(shapes: Architecture, publisher: str | None, catalogue: Catalogue) -> str | None:
    """The family of a model with the same vocabulary, of the same class or publisher: others may have as many tokens by chance."""
    alike: list[tuple[bool, str]] = []
    for model in catalogue.models.values():
        other = architecture_of(model, catalogue.models)
        like = other.engine_name == shapes.engine_name
        if other.vocabulary_size == shapes.vocabulary_size and (like or model.publisher == publisher):
            alike.append((not like, model.family))
    return min(alike)[1] if alike else None


def family(made: Mapping[str, Any], tokenizer: str = "") -> dict[str, Any]:
    """The record of a vocabulary that no listed model has.

    Args:
        made: the model's record
        tokenizer: what the model's file calls the way of cutting text into tokens; empty: it does not say

    Returns:
        Keys and values of the family, under the model's own name.

    >>> family({"name": "My 8B", "architecture": {"vocabulary_size": 64000}}, "gpt2")
    {'name': 'My 8B', 'tokenizer': 'byte-level BPE, 64,000 tokens'}
    """
    kind = TOKENIZERS.get(tokenizer, "")
    return {"name": made["name"], "tokenizer": f"{kind}{made['architecture']['vocabulary_size']:,} tokens"}


TOKENIZERS = {"gpt2": "byte-level BPE, ", "llama": "SentencePiece, "}
"""What GGUF files call a tokenizer -> what the guide calls it."""


def cite(root: Path, repository: str, today: date, file: str = "config.json") -> str:
    """Put the configuration among the sources, in its place by the alphabet; nothing where it is there.

    Args:
        root: of the project
        repository: where it lies on Hugging Face
        today: the day on which it was read
        file: the name of what was read

    Returns:
        Its id.
    """
    path, name = root / "data" / "sources.yaml", source_of(repository)
    text = path.read_text("utf-8")
    entries = re.split(r"(?m)^(?=[a-z0-9][^\s:]*:\n)", text)
    if any(entry.startswith(f"{name}:\n") for entry in entries):
        return name
    owner = repository.partition("/")[0]
    url = f"{HUB}{repository}/blob/main/{file}" if file == "config.json" else f"{HUB}{repository}"
    new = (
        f"{name}:\n  title: '{repository}: {file}'\n  publisher: {owner}\n"
        f"  url: {url}\n  accessed: {today.isoformat()}\n  kind: model-config\n"
    )
    place = next((number for number, entry in enumerate(entries) if entry.partition(":")[0] > name), len(entries))
    path.write_text("".join([*entries[:place], new, *entries[place:]]), "utf-8")
    return name
