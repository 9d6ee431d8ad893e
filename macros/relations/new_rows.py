"""Measured rows that no checksum holds yet: beside what formulas say of them, and beside the settings of the other rows of their file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from macros.estimate import Refused
from macros.estimate.answering import speeds
from macros.formulas.remember import by_identity
from macros.relations.ratios import Slip
from macros.specs import Catalogue
from macros.specs.measurements import Decode, Generation, MeasurementFile, Prefill

BEYOND = 1.3
"""So far beyond the range of the formulas, which nine in ten rows lie in, a sound row may lie."""
DOUBTFUL = 2.0
"""So many times further a row may lie that is marked as noisy or incomplete."""
ENOUGH = 3
"""Rows of a file from which on their settings say what its other rows have."""
CHOSEN = (
    "prompt_tokens", "generated_tokens", "depth", "context", "ubatch", "batch", "users", "threads", "sequence_length", "micro_batch",
    "memory_channels",
)  # fmt: skip
"""Keys of a row whose value somebody chose, mostly once for a whole table."""


ELSEWHERE = 2
"""A setting that so many other files have is a common one; so many of its own make a file one with settings of its own."""
SCATTER = 1.5
"""So far above the widest scatter beside it that of a row may lie."""
SAY_SO = "read the source again; if it is so, say so in `exceptions: {{rows.{index}.{key}: …}}`"


def is_new(file: MeasurementFile, index: int) -> bool:
    """Whether no checksum holds a row.

    Args:
        file: the file
        index: place of the row in it
    """
    return file.checksum is None or (file.sealed_rows is not None and index >= file.sealed_rows)


def expected(file: MeasurementFile, index: int, row: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """The speed of one device lies about where the formulas say, which are fitted to all others."""
    if not is_new(file, index) or not isinstance(row, Decode | Prefill) or not _on_one_device(row):
        return
    answer = computed(row, catalogue)
    doubtful = row.quality is not None or (not row.gpus and row.memory is None)
    beyond = BEYOND * DOUBTFUL if doubtful else BEYOND
    least = 0 if _idle_cores(row, catalogue) else answer["low"] / beyond if answer is not None else 0
    if answer is not None and not least <= row.tokens_per_second <= answer["high"] * beyond:
        told = f"about {answer['low']:.4g} to {answer['high']:.4g} tokens/s, as the formulas say of this device, model and depth"
        fix = "read the source again (another device, depth, unit, or a sum?); if it is so, mark the row with quality: {flag: anomalous, …}"
        yield Slip(("rows", index, "tokens_per_second"), told, f"{row.tokens_per_second:g}", fix)


def _on_one_device(row: Decode | Prefill) -> bool:
    """Whether everything is on one device as it is sold, which the formulas are fitted to."""
    apart = row.n_cpu_moe is not None or row.gpu_layers is not None or row.power_limit_w is not None
    return not apart and len(row.gpus) < 2


def _idle_cores(row: Decode | Prefill, catalogue: Catalogue) -> bool:
    """Whether the row was measured with fewer threads than the processor has cores, which formulas do not tell."""
    return not row.gpus and row.cpu is not None and row.threads is not None and row.threads < catalogue.cpus[row.cpu].cores


def computed(row: Decode | Prefill, catalogue: Catalogue) -> dict[str, Any] | None:
    """What the formulas say of a row that is not far from all others, asked as somebody would.

    Args:
        row: the row
        catalogue: all records

    Returns:
        Speed with its range; None: it cannot be asked.
    """
    program = catalogue.programs.get(row.engine)
    if program is None or program.engine not in catalogue.engines or program.own_speed or row.model is None or row.quant is None:
        return None
    anomalous = row.quality is not None and row.quality.flag == "anomalous"
    if anomalous or row.offload is not None or row.users != 1 or (not row.gpus and row.cpu is None):
        return None
    try:
        return speeds(_question(row, program.engine, catalogue), catalogue).get(row.kind)
    except Refused:
        return None  # a question that the door does not take says nothing of the row


def _question(row: Decode | Prefill, engine: str, catalogue: Catalogue) -> dict[str, Any]:
    question = {
        "model": row.model, "quant": row.quant, "gpus": row.gpus, "engine": engine, "context": 1 << 18, "depth": row.depth,
        "backend": row.backend if row.gpus else None, "built": row.built.isoformat() if row.built else None,
        "cpu": row.cpu, "memory": row.memory, "memory_channels": row.memory_channels,
        "prompt_tokens": getattr(row, "prompt_tokens", None), "power_limit_w": row.power_limit_w,
    }  # fmt: skip
    if "ubatch" in catalogue.engines[engine].settings:
        layers = row.gpu_layers if row.gpu_layers is not None else 999 if row.gpus else None
        question |= {"flash_attention": row.flash_attention, "ubatch": row.ubatch, "gpu_layers": layers, "n_cpu_moe": row.n_cpu_moe}
    return {key: value for key, value in question.items() if value is not None}


def usual(file: MeasurementFile, index: int, row: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """A setting that all other rows of a file have at least twice, each of its values, is not another one in a single row."""
    if not is_new(file, index):
        return
    for key in CHOSEN:
        value = getattr(row, key, None)
        others = Counter(_settings(catalogue, file.id, row.kind, key))
        rows = catalogue.measurements[file.id].rows
        if index < len(rows) and (own := getattr(rows[index], key, None)) and rows[index].kind == row.kind:
            others[own] -= 1
        others = +others
        if value and others.total() >= ENOUGH and min(others.values()) > 1 and value not in others:
            have = " or ".join(str(one) for one in sorted(others))
            told = f"{have}, as the other {others.total()} rows of this file have"
            yield Slip(("rows", index, key), told, f"{value}", SAY_SO.format(index=index, key=key))


def common(file: MeasurementFile, index: int, row: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """A setting is one that others choose too, in this file or in two others, unless this file has several of its own."""
    if not is_new(file, index):
        return
    for key in CHOSEN:
        value, files = getattr(row, key, None), _files(catalogue, key)
        if not value or len(files.get(value, frozenset()) - {file.id}) >= ELSEWHERE:
            continue
        rows = catalogue.measurements[file.id].rows
        here = {getattr(other, key, None) for place, other in enumerate(rows) if place != index and other.kind == row.kind}
        own = [one for one in here if one and len(files.get(one, frozenset()) - {file.id}) < ELSEWHERE]
        if value not in here and len(own) < ELSEWHERE:
            told = "a number that rows of two other files have, or another row of this one"
            yield Slip(("rows", index, key), told, f"{value}", SAY_SO.format(index=index, key=key))


@by_identity
def _files(catalogue: Catalogue, key: str) -> dict[int, frozenset[str]]:
    """Value of a setting -> files that have it."""
    found: dict[int, set[str]] = {}
    for file in catalogue.measurements.values():
        for row in file.rows:
            if value := getattr(row, key, None):
                found.setdefault(value, set()).add(file.id)
    return {value: frozenset(files) for value, files in found.items()}


def scatter(file: MeasurementFile, index: int, row: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """Runs scatter at most about as widely as those of other rows of their source."""
    if not is_new(file, index) or not isinstance(row, Generation) or not row.standard_deviation:
        return
    rows = catalogue.measurements[file.id].rows
    others = [
        other.standard_deviation / other.tokens_per_second
        for place, other in enumerate(rows)
        if place != index and isinstance(other, Generation) and other.standard_deviation and other.kind == row.kind
    ]
    share = row.standard_deviation / row.tokens_per_second
    if len(others) > ENOUGH and share > SCATTER * max(others):
        told = f"at most {100 * max(others):.2g} % of the speed, as {len(others)} rows beside it have"
        yield Slip(
            ("rows", index, "standard_deviation"), told, f"{100 * share:.2g} %", SAY_SO.format(index=index, key="standard_deviation")
        )


@by_identity
def _settings(catalogue: Catalogue, name: str, kind: str, key: str) -> list[int]:
    return [value for row in catalogue.measurements[name].rows if row.kind == kind and (value := getattr(row, key, None))]


ROWS = (expected, usual, common, scatter)
"""What is held of each new row."""
