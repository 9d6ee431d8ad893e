"""Measured rows: each against what is physically possible, and against rows of the same device, model and method."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any

from macros.estimate.work import model_work
from macros.formulas.parameters import parameters
from macros.formulas.remember import by_identity
from macros.relations.ratios import FEW, Relation, Rule, Slip
from macros.specs import Catalogue
from macros.specs.measurements import AnyRow, Decode, FineTune, Load, MeasurementFile, MemoryUse, Prefill
from macros.specs.models import architecture_of

SOCKETS = 2
"""A row may be of two processors on one board."""
ROUND = 100
"""Whoever chooses a number of tokens takes a power of two, or a round number."""
LONG = 7
"""Digits from which on two sizes made of the same digits are one size and a slip of the keyboard."""


@dataclass(frozen=True)
class Alike:
    """A figure of a row that rows alike share."""

    key: str
    """The key that is told."""
    what: str
    """Name and unit."""
    of: Callable[[Any, Catalogue], float | None]
    """Row -> figure, or figure for what it should follow from."""
    classes: tuple[tuple[Callable[[Any, str], Hashable], float], ...]
    """From narrow to wide: (row, file) -> what rows have in common, and how far beyond them a sound one may lie."""

    def __call__(self, kind: str, file: MeasurementFile, catalogue: Catalogue) -> Iterator[Slip]:
        """Compare the sound rows of a file with all rows alike."""
        known = _known(catalogue, self)
        for index, row in enumerate(file.rows):
            value = _sound(row, self, catalogue)
            if value is None:
                continue
            for number, (shared, slack) in enumerate(self.classes):
                key = shared(row, file.id)
                others = [other for other, place in known[number].get(key, ()) if place != (file.id, index)]
                if others:
                    slack = slack ** (1 + 1 / len(others))
                    if not min(others) / slack <= value <= max(others) * slack:
                        expected = f"{self.what} of about {min(others):.4g} to {max(others):.4g}, as {len(others)} rows alike have"
                        yield Slip(("rows", index, self.key), expected, f"{value:.4g}")
                    break


def _sound(row: AnyRow, alike: Alike, catalogue: Catalogue) -> float | None:
    return alike.of(row, catalogue) if row.quality is None else None


@by_identity
def _known(catalogue: Catalogue, alike: Alike) -> list[dict[Hashable, list[tuple[float, tuple[str, int]]]]]:
    found: list[dict[Hashable, list[tuple[float, tuple[str, int]]]]] = [{} for _ in alike.classes]
    for file in catalogue.measurements.values():
        for index, row in enumerate(file.rows):
            value = _sound(row, alike, catalogue)
            if value is not None:
                for known, (shared, _) in zip(found, alike.classes, strict=True):
                    known.setdefault(shared(row, file.id), []).append((value, (file.id, index)))
    return found


def _device(row: AnyRow) -> Hashable:
    return (tuple(row.gpus), row.cpu, row.memory, row.published_as if not row.gpus and row.cpu is None else None)


def _chips(row: AnyRow) -> Hashable:
    return row.gpus[0].split("-")[0] if row.gpus else "processor"


def _method(row: Any) -> Hashable:
    return (row.kind, row.engine, row.users, row.gpu_layers, row.threads, row.depth, getattr(row, "prompt_tokens", None))


def _work(row: Any, catalogue: Catalogue) -> float | None:
    """Bytes that a token reads, or parameters that work for it."""
    if row.model is None:
        return None
    if row.quant is None:
        return float(row.file_bytes) if row.file_bytes else None
    work = model_work(row.model, row.quant, catalogue)
    return work.weight_bytes() if isinstance(row, Decode) else work.parameters


def _done(row: AnyRow, catalogue: Catalogue) -> float | None:
    """Speed times what each token costs: what the device gives, whatever the model."""
    if not isinstance(row, Decode | Prefill):
        return None
    work = _work(row, catalogue)
    return row.tokens_per_second * work / 1e9 if work else None


def _rate(row: AnyRow, catalogue: Catalogue) -> float | None:
    return row.file_bytes / row.seconds / 1e6 if isinstance(row, Load) and row.file_bytes else None


def _peak(row: AnyRow, catalogue: Catalogue) -> float | None:
    return row.peak_mib if isinstance(row, FineTune) else None


def _watts(row: AnyRow, catalogue: Catalogue) -> float | None:
    return getattr(row, "wall_watts", None)


ALIKE: tuple[Alike, ...] = (
    Alike(
        "tokens_per_second",
        "a speed times the cost of a token [GB/s, GFLOP/s]",
        _done,
        (
            (lambda row, file: (_device(row), _method(row), row.model, row.quant), 2.5),
            (lambda row, file: (_device(row), row.kind, row.gpu_layers, row.engine, row.model, row.quant), 2.5),
            (lambda row, file: (_device(row), row.kind, row.gpu_layers, row.engine, row.model), 2.5),
            (lambda row, file: (_device(row), row.kind, row.gpu_layers), 2.5),
            (lambda row, file: (file, row.kind, _chips(row)), 2.5),
            (lambda row, file: (row.kind, bool(row.gpus)), 1.3),
        ),
    ),
    Alike(
        "seconds",
        "reading at [MB/s]",
        _rate,
        (
            (lambda row, file: (file, row.cached, row.model, row.quant), 3.0),
            (lambda row, file: (file, row.cached, row.model), 3.0),
            (lambda row, file: (file, row.cached), 3.0),
            (lambda row, file: "load", 1.2),
        ),
    ),
    Alike(
        "peak_mib",
        "a peak [MiB]",
        _peak,
        (
            (lambda row, file: (row.model, row.published_as, row.method, row.engine), 2.6),
            (lambda row, file: (row.model or row.published_as, row.engine), 2.6),
            (lambda row, file: "finetune", 1.0),
        ),
    ),
    Alike("wall_watts", "power of the machine [W]", _watts, ((lambda row, file: _device(row), 1.8), (lambda row, file: "watts", 2.5))),
)


def _settings(file: MeasurementFile, catalogue: Catalogue) -> Iterator[Slip]:
    """Numbers of tokens, threads and layers that somebody chose; and sizes made of the digits of a size that others have."""
    (chosen, usual), sizes = _chosen(catalogue), _sizes(catalogue)
    for index, row in enumerate(file.rows):
        for key in CHOSEN:
            value = getattr(row, key, None)
            if value and _odd(value) and (file.id, key) in usual and chosen.get((file.id, value), 0) < 2:
                expected = f"a power of two or a multiple of {ROUND}, as the other rows of this file have"
                yield Slip(("rows", index, key), expected, f"{value}")
            most = MOST.get(key)
            if value and most and value > most:
                yield Slip(("rows", index, key), f"at most {most}, as measured anywhere", f"{value}")
        yield from _limits(file, index, row, catalogue)
        size = row.file_bytes
        if size and row.model in catalogue.models and not 0.18 <= size / _parameters(row.model, catalogue) <= 4.3:
            yield Slip(
                ("rows", index, "file_bytes"), "0.18 to 4.3 bytes for a parameter", f"{size / _parameters(row.model, catalogue):.3g}"
            )
        if size and sizes.get(size, 0) < 2:
            for other, count in sizes.items():
                if count > 1 and len(str(size)) >= LONG and sorted(str(size)) == sorted(str(other)):
                    yield Slip(("rows", index, "file_bytes"), f"{other}, as {count} others have with the same digits", f"{size}")


MOST = {"prompt_tokens": 262144, "generated_tokens": 32768, "depth": 262144, "ubatch": 16384, "micro_batch": 16}


def _limits(file: MeasurementFile, index: int, row: Any, catalogue: Catalogue) -> Iterator[Slip]:
    cpu, threads = catalogue.cpus.get(row.cpu or ""), getattr(row, "threads", None)
    if threads and cpu is not None and threads > cpu.threads:
        yield Slip(("rows", index, "threads"), f"at most the {cpu.threads} threads of {cpu.id}", f"{threads}")
    if row.memory_channels and cpu is not None and row.memory_channels > SOCKETS * cpu.memory_channels:
        yield Slip(
            ("rows", index, "memory_channels"), f"at most the {SOCKETS * cpu.memory_channels} of two {cpu.id}", f"{row.memory_channels}"
        )
    users = getattr(row, "users", None) or 1
    if users > 1024:
        yield Slip(("rows", index, "users"), "at most 1024", f"{users}")
    if isinstance(row, MemoryUse) and row.parts_mib:
        total = sum(value for parts in row.parts_mib.values() for value in parts.values())
        if abs(total / row.mib - 1) > (0.001 if _sums(catalogue, file.id) else 0.08):
            yield Slip(("rows", index, "mib"), f"about the sum of its parts, {total:.6g} MiB", f"{row.mib:.6g}")


@by_identity
def _parameters(model: str, catalogue: Catalogue) -> int:
    return parameters(architecture_of(catalogue.models[model], catalogue.models))


@by_identity
def _sums(catalogue: Catalogue, name: str) -> bool:
    """Whether the parts of a file's rows make up the whole; in some files something else is counted in it."""
    rows = [row for row in catalogue.measurements[name].rows if isinstance(row, MemoryUse) and row.parts_mib]
    exact = sum(abs(sum(part for parts in (row.parts_mib or {}).values() for part in parts.values()) / row.mib - 1) < 0.001 for row in rows)
    return exact > 0.8 * len(rows)


CHOSEN = ("prompt_tokens", "generated_tokens", "depth", "context", "ubatch", "sequence_length", "micro_batch")
"""Keys of a row whose value somebody chose."""


def _odd(value: int) -> bool:
    return value % ROUND != 0 and value & (value - 1) != 0


@by_identity
def _chosen(catalogue: Catalogue) -> tuple[dict[tuple[str, int], int], set[tuple[str, str]]]:
    """(File, number) -> rows that have it; and the (file, key) whose numbers are round ones but for a few."""
    found: dict[tuple[str, int], int] = {}
    usual: set[tuple[str, str]] = set()
    for file in catalogue.measurements.values():
        for key in CHOSEN:
            values = [value for row in file.rows if (value := getattr(row, key, None))]
            for value in values:
                found[file.id, value] = found.get((file.id, value), 0) + 1
            odd = sum(_odd(value) and found[file.id, value] < FEW for value in values)
            if len(values) >= 10 and odd < 0.05 * len(values):
                usual.add((file.id, key))
    return found, usual


@by_identity
def _sizes(catalogue: Catalogue) -> dict[int, int]:
    found: dict[int, int] = {}
    for file in catalogue.measurements.values():
        for row in file.rows:
            if row.file_bytes:
                found[row.file_bytes] = found.get(row.file_bytes, 0) + 1
    return found


MEASUREMENTS: tuple[Relation, ...] = (Rule(_settings), *ALIKE)
