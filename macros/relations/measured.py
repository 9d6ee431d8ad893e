"""Measured rows: each against what is physically possible, and against rows of the same device, model and method."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any

from macros.estimate.work import model_work
from macros.formulas.parameters import parameters
from macros.formulas.remember import by_identity
from macros.formulas.weights.file import weight_bytes
from macros.relations import new_rows, possible, same_table
from macros.relations.ratios import FEW, Relation, Rule, Slip
from macros.specs import Catalogue
from macros.specs.measurements import (
    AnyRow,
    Decode,
    FineTune,
    Generation,
    Load,
    MeasurementFile,
    MemoryUse,
    Serving,
    Speculation,
)
from macros.specs.models import architecture_of

DOUBTFUL = 3.0
"""So many times further a row may lie that is marked as noisy or incomplete, or is of a server or of guesses, which settings decide."""
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

    def __call__(self, file: MeasurementFile, index: int, row: AnyRow, catalogue: Catalogue) -> Iterator[Slip]:
        """Compare a sound row with all rows alike."""
        known, value = _known(catalogue, self), self.of(row, catalogue)
        apart = row.quality is not None or isinstance(row, Serving | Speculation)
        if value is None or (row.quality is not None and (row.quality.flag == "anomalous" or isinstance(row, FineTune))):
            return
        doubt, few = (DOUBTFUL, FEW) if apart else (1.0, 1)
        for number, (shared, slack) in enumerate(self.classes):
            key = shared(row, file.id)
            others = [other for other, place in known[number].get(key, ()) if place != (file.id, index)]
            if len(others) >= few:
                slack = doubt * slack ** (1 + 1 / len(others))
                if not min(others) / slack <= value <= max(others) * slack:
                    expected = f"{self.what} of about {min(others):.4g} to {max(others):.4g}, as {len(others)} rows alike have"
                    yield Slip(("rows", index, self.key), expected, f"{value:.4g}")
                return


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
    users = getattr(row, "users", None)
    return (row.kind, row.engine, users, row.gpu_layers, row.threads, row.depth, getattr(row, "prompt_tokens", None), row.rate)


def _work(row: Any, catalogue: Catalogue) -> float | None:
    """Bytes that a token reads, or parameters that work for it."""
    if row.model is None:
        return None
    if row.quant is None:
        return float(row.file_bytes) if row.file_bytes else None
    work = model_work(row.model, row.quant, catalogue)
    return work.weight_bytes() if isinstance(row, Decode | Speculation) else work.parameters


def _done(row: AnyRow, catalogue: Catalogue) -> float | None:
    """Speed times what each token costs: what the device gives, whatever the model."""
    if not isinstance(row, Generation):
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


def _settings(file: MeasurementFile, index: int, row: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """Numbers of tokens, threads and layers that somebody chose."""
    chosen, usual = _chosen(catalogue)
    for key in CHOSEN:
        value = getattr(row, key, None)
        if value and _odd(value) and (file.id, key) in usual and chosen.get((file.id, value), 0) < 2:
            expected = f"a power of two or a multiple of {ROUND}, as the other rows of this file have"
            yield Slip(("rows", index, key), expected, f"{value}")
        most = MOST.get(key)
        if value and most and value > most:
            yield Slip(("rows", index, key), f"at most {most}, as measured anywhere", f"{value}")


def _size(file: MeasurementFile, index: int, row: AnyRow, catalogue: Catalogue) -> Iterator[Slip]:
    """A file's size for its parameters, and no size made of the digits of a size that others have."""
    size, sizes = row.file_bytes, _sizes(catalogue)
    if not size:
        return
    if row.model in catalogue.models and not 0.18 <= size / _parameters(row.model, catalogue) <= 4.3:
        yield Slip(("rows", index, "file_bytes"), "0.18 to 4.3 bytes for a parameter", f"{size / _parameters(row.model, catalogue):.3g}")
    if sizes.get(size, 0) < 2 and len(str(size)) >= LONG:
        for other, count in sizes.items():
            if count > 1 and sorted(str(size)) == sorted(str(other)):
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


def _faster(file: MeasurementFile, index: int, row: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """Guessing gives at most a token for each guess and one more; a stream of many is no faster than all, and no slower than its share."""
    if isinstance(row, Speculation):
        gain = row.tokens_per_second / row.without_tokens_per_second
        if not 0.4 <= gain <= row.drafted + 1:
            expected = f"0.4 to {row.drafted + 1} times the speed without guesses, as {row.drafted} are drafted"
            yield Slip(("rows", index, "tokens_per_second"), expected, f"{gain:.3g} times")
        if row.drafted > 16:
            yield Slip(("rows", index, "drafted"), "at most 16 guesses before a pass", f"{row.drafted}")
    if isinstance(row, Serving) and row.per_stream_tokens_per_second and row.users and row.rate == "total" and row.quality is None:
        share = row.per_stream_tokens_per_second * row.users / row.tokens_per_second
        if not 0.5 <= share <= 6:
            yield Slip(("rows", index, "per_stream_tokens_per_second"), f"about a {row.users}th of the total", f"{share:.3g} times that")
    if isinstance(row, Generation) and row.standard_deviation and row.standard_deviation > row.tokens_per_second:
        expected = f"at most the {row.tokens_per_second:g} tokens/s themselves"
        yield Slip(("rows", index, "standard_deviation"), expected, f"{row.standard_deviation:g}")


def _of_the_model(file: MeasurementFile, index: int, row: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """Layers that the model has, and tokens that it was made for."""
    if row.model is None or row.model not in catalogue.models or not isinstance(row, Generation):
        return
    shapes = architecture_of(catalogue.models[row.model], catalogue.models)
    for key in ("gpu_layers", "n_cpu_moe"):
        layers = getattr(row, key)
        if layers and shapes.layers + 3 < layers != EVERY_LAYER:
            yield Slip(("rows", index, key), f"at most the {shapes.layers + 3} layers of {row.model}, or {EVERY_LAYER}", f"{layers}")
    tokens = (row.depth or 0) + (getattr(row, "prompt_tokens", None) or 0)
    if tokens > 2 * max(shapes.context_length, LONGEST):
        yield Slip(("rows", index, "depth"), f"about the {shapes.context_length} tokens that {row.model} is made for", f"{tokens}")


EVERY_LAYER = 99
"""What people write for all layers."""
LONGEST = 65536
"""A benchmark fills as many tokens as it likes, whatever an old model was made for."""


def _of_the_device(file: MeasurementFile, index: int, row: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """Memory and power that the devices have, and bandwidth that their host's memory has."""
    gpus = [catalogue.gpus[gpu] for gpu in row.gpus if gpu in catalogue.gpus]
    memory = [gpu.largest_memory_gib * 1024 for gpu in gpus]
    for key, most in (("peak_mib", max(memory, default=None)), ("more_mib", sum(memory) or None), ("mib", sum(memory) or None)):
        value = getattr(row, key, None)
        if value and most and value > 1.01 * most:
            yield Slip(("rows", index, key), f"at most the {most:.6g} MiB of the device", f"{value:g}")
    if isinstance(row, FineTune) and row.model in catalogue.models and row.peak_mib < 0.05 * _parameters(row.model, catalogue) / 2**20:
        yield Slip(
            ("rows", index, "peak_mib"),
            f"room for the weights of {row.model}, at least 0.05 bytes for each on each of several",
            f"{row.peak_mib:g}",
        )
    if row.host_bandwidth_gb_per_s and not 8 <= row.host_bandwidth_gb_per_s <= 1300:
        yield Slip(
            ("rows", index, "host_bandwidth_gb_per_s"),
            "8 to 1300 GB/s, as memory of one or two sockets has",
            f"{row.host_bandwidth_gb_per_s:g}",
        )
    limits = [gpu.limit_w for gpu in gpus if gpu.limit_w]
    limit, wall = getattr(row, "power_limit_w", None), getattr(row, "wall_watts", None)
    if limit and limits and not 0.25 * min(limits) <= limit <= 1.5 * max(limits):
        yield Slip(("rows", index, "power_limit_w"), f"about the {max(limits):g} W of the device", f"{limit:g}")
    idle = getattr(row, "idle_watts", None)
    if idle and not (wall and 0.02 * wall <= idle <= 0.9 * wall):
        told = f"2 to 90 % of the {wall:g} W that the machine takes at work" if wall else "wall_watts beside it"
        yield Slip(("rows", index, "idle_watts"), told, f"{idle:g}")
    if wall and limits and len(limits) == len(gpus) and not 0.2 * sum(limits) <= wall <= 2 * sum(limits) + 400:
        yield Slip(("rows", index, "wall_watts"), f"about the {sum(limits):g} W of the devices and their host", f"{wall:g}")


LEAST_OF_WEIGHTS = 0.95
"""Where all layers are on the devices, what they hold is no less than so much of the weights."""
GUESSERS = (0.02, 0.25)
"""What a second model or a prediction layer takes, over the weights of the first."""


def _held(file: MeasurementFile, index: int, row: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """Memory that holds the weights of a model, and what is held beside them to guess tokens."""
    if row.model not in catalogue.models or row.quant not in catalogue.quantizations or row.quality is not None:
        return
    weights = _weights_mib(row.model, row.quant, catalogue)
    if isinstance(row, MemoryUse) and row.gpu_layers is None and row.mib < LEAST_OF_WEIGHTS * weights:
        yield Slip(("rows", index, "mib"), f"at least the {weights:.6g} MiB of the weights", f"{row.mib:.6g}")
    more = getattr(row, "more_mib", None)
    if more and not GUESSERS[0] <= more / weights <= GUESSERS[1]:
        least, most = (share * weights for share in GUESSERS)
        expected = f"{least:.4g} to {most:.4g} MiB, as what guesses takes beside {weights:.6g} MiB of weights"
        yield Slip(("rows", index, "more_mib"), expected, f"{more:g}")


@by_identity
def _weights_mib(model: str, quant: str, catalogue: Catalogue) -> float:
    shapes = architecture_of(catalogue.models[model], catalogue.models)
    return weight_bytes(shapes, catalogue.quantizations[quant], catalogue.records["tensor-types"]) / 2**20


def _batches(file: MeasurementFile, index: int, row: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """A batch is cut into micro-batches; both are powers of two, or round."""
    batch, ubatch = getattr(row, "batch", None), getattr(row, "ubatch", None)
    if batch and (batch > 16384 or _odd(batch) or (ubatch and ubatch > batch)):
        yield Slip(("rows", index, "batch"), f"a power of two up to 16384, at least the micro-batch of {ubatch}", f"{batch}")


def _printed(file: MeasurementFile, index: int, row: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """A source prints a column with so many digits after the point; one more comes of a point that moved."""
    known = _digits(catalogue)
    for key in PRINTED:
        value = getattr(row, key, None)
        most = known.get((row.source, row.kind, key))
        if isinstance(value, float) and most is not None and (digits := _after_the_point(value)) > most[0] and most[1] >= MANY:
            yield Slip(
                ("rows", index, key),
                f"at most {most[0]} digits after the point, as {most[1]} rows of {row.source} have",
                f"{value:g} with {digits}",
            )


PRINTED = (
    "tokens_per_second",
    "standard_deviation",
    "per_stream_tokens_per_second",
    "without_tokens_per_second",
    "seconds",
    "wall_watts",
    "mib",
)
MANY = 8


def _after_the_point(value: float) -> int:
    text = repr(value)
    return 0 if text.endswith(".0") or "e" in text else len(text.partition(".")[2])


@by_identity
def _digits(catalogue: Catalogue) -> dict[tuple[str | None, str, str], tuple[int, int]]:
    """(Source, kind of row, key) -> most digits after the point, and rows."""
    found: dict[tuple[str | None, str, str], tuple[int, int]] = {}
    for file in catalogue.measurements.values():
        for row in file.rows:
            for key in PRINTED:
                value = getattr(row, key, None)
                if value is not None:
                    digits, count = found.get((row.source, row.kind, key), (0, 0))
                    found[row.source, row.kind, key] = max(digits, _after_the_point(float(value))), count + 1
    return found


RowRelation = Callable[[MeasurementFile, int, Any, Catalogue], Iterator[Slip]]
"""File, place of a row in it, the row, all records -> what cannot be."""
ROWS: tuple[RowRelation, ...] = (
    _settings, _size, _limits, _faster, _of_the_model, _of_the_device, _held, _batches, _printed,
    *possible.ROWS, *new_rows.ROWS, *same_table.ROWS, *ALIKE,
)  # fmt: skip
"""What is held of each row."""


def _rows(file: MeasurementFile, catalogue: Catalogue) -> Iterator[Slip]:
    for index, row in enumerate(file.rows):
        for relation in ROWS:
            yield from relation(file, index, row, catalogue)


MEASUREMENTS: tuple[Relation, ...] = (Rule(_rows),)
