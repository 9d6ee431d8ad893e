"""Answers of the estimate, kept for as long as the records behind them stay as they are: an edit asks again only what it concerns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import pandas as pd

from macros.estimate import Refused, columns, estimate
from macros.estimate.ways import way
from macros.specs import Catalogue

SHARED = (
    "architectures",
    "calibration",
    "checkpoints",
    "device-families",
    "engines",
    "families",
    "memory",
    "quantizations",
    "shared-memory",
    "tensor-types",
)
"""Kinds of records that every answer may depend on."""
OWN = ("models", "gpus", "cpus")
"""Kinds of which an answer depends on those that it names."""


class Answer(NamedTuple):
    """What tables show of one setting."""

    weights_bytes: int
    kv_cache_bytes: int
    """With the state of recurrent layers."""
    compute_buffer_bytes: int
    runtime_bytes: int
    memory_bytes: int
    """On the device, or on the host where there is none."""
    fits: bool
    decode: float | None
    """Tokens a second, and the range below."""
    low: float | None
    high: float | None
    prefill: float | None
    prefill_low: float | None
    prefill_high: float | None
    way: str = "card"
    """How the machine runs it, where that was left open."""
    ram_bytes: int = 0
    """What that takes of system memory."""
    whole_bytes: int = 0
    """On the device with everything on it."""


Kept = TypeVar("Kept")
Question = tuple[tuple[str, Any], ...]
"""Keys and values in order."""

_known: dict[Question, tuple[tuple[Any, ...], Any]] = {}
_shared: tuple[Catalogue | None, tuple[Any, ...]] = (None, ())


def ask(catalogue: Catalogue, **question: Any) -> Answer | None:
    """The answer to one question; None for one that is refused (a recipe that the model's shapes do not allow).

    With `ram_gib` the machine runs it in the fastest way for which it has so much system memory.
    """
    return _kept(catalogue, question, lambda: _asked(catalogue, question))


def buffers(catalogue: Catalogue, models: Sequence[str], contexts: Sequence[int]) -> pd.DataFrame:
    """Cache and compute buffer of models with everything on one device, as `columns.buffers` gives them [bytes]."""

    def one(model: str, context: int) -> list[dict[Any, Any]]:
        question = {"model": model, "context": context, "of": "buffers"}
        return _kept(catalogue, question, lambda: columns.buffers(catalogue, [model], [context]).to_dict("records"))

    rows = [row for model in models for context in contexts for row in one(model, context)]
    return pd.DataFrame(rows, columns=["model", "context", "kv_cache_bytes", "compute_buffer_bytes"])


def _kept(catalogue: Catalogue, question: dict[str, Any], work: Callable[[], Kept]) -> Kept:
    key = tuple(sorted((name, tuple(value) if isinstance(value, list) else value) for name, value in question.items()))
    behind = _behind(catalogue, question)
    found = _known.get(key)
    if found is None or not _same(found[0], behind):
        found = _known[key] = (behind, work())
    kept: Kept = found[1]
    return kept


def learned(work: Callable[[], object]) -> dict[Question, Any]:
    """The answers that a piece of work is the first to ask for, so that it can be done in a process of its own."""
    before = set(_known)
    work()
    return {question: answer for question, (_, answer) in _known.items() if question not in before}


def take(catalogue: Catalogue, answers: Mapping[Question, Any]) -> None:
    """Take over what another process learned from the same records."""
    for question, answer in answers.items():
        _known[question] = (_behind(catalogue, dict(question)), answer)


def behind(catalogue: Catalogue, question: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Kind and id of the records that an answer depends on, besides those of the kinds that any may depend on."""
    named = []
    model = catalogue.models.get(question["model"])
    while model is not None:
        named.append(("models", model.id))
        model = catalogue.models.get(model.based_on)
    named += [("gpus", gpu) for gpu in question.get("gpus", ())]
    return [*named, ("cpus", question["cpu"])] if "cpu" in question else named


def _behind(catalogue: Catalogue, question: dict[str, Any]) -> tuple[Any, ...]:
    """Those records, and all of the shared kinds."""
    global _shared
    if _shared[0] is not catalogue:
        shared = tuple(record for kind in SHARED for record in catalogue.records.get(kind, {}).values())
        _shared = (catalogue, _shared[1] if _same(_shared[1], shared) else shared)
    return (*[catalogue.records[kind][name] for kind, name in behind(catalogue, question)], _shared[1])


def _same(before: tuple[Any, ...], after: tuple[Any, ...]) -> bool:
    """Whether these are the very same records: what did not change on disk is not read again."""
    return len(before) == len(after) and all(old is new for old, new in zip(before, after, strict=True))


def _asked(catalogue: Catalogue, question: dict[str, Any]) -> Answer | None:
    asked = {name: value for name, value in question.items() if name != "ram_gib"}
    try:
        answer = way(asked, catalogue, ram_gib=question["ram_gib"]) if "ram_gib" in question else estimate(asked, catalogue)
    except Refused:
        return None
    host = answer["host"]
    on_host = host["weights_bytes"] + host["kv_cache_bytes"] + host["compute_buffer_bytes"]
    decode, prefill = answer.get("decode", {}), answer.get("prefill", {})
    return Answer(
        answer["weights"]["bytes"],
        answer["kv_cache"]["bytes"],
        answer["compute_buffer"]["bytes"],
        answer["runtime"]["bytes"],
        sum(device["memory_bytes"] for device in answer["devices"]) if answer["devices"] else on_host,
        answer["fits"],
        decode.get("tokens_per_second"),
        decode.get("low"),
        decode.get("high"),
        prefill.get("tokens_per_second"),
        prefill.get("low"),
        prefill.get("high"),
        answer.get("way", "card"),
        answer.get("ram_bytes", on_host),
        answer.get("whole_bytes", 0),
    )
