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
from macros.specs.measurements import Decode, MeasurementFile, Prefill

BEYOND = 1.3
"""So far beyond the range of the formulas, which nine in ten rows lie in, a sound row may lie."""
ENOUGH = 8
"""Rows of a file from which on their settings say what its other rows have."""
CHOSEN = (
    "prompt_tokens", "generated_tokens", "depth", "context", "ubatch", "batch", "users", "threads", "sequence_length", "micro_batch",
    "memory_channels",
)  # fmt: skip
"""Keys of a row whose value somebody chose, mostly once for a whole table."""


def is_new(file: MeasurementFile, index: int) -> bool:
    """Whether no checksum holds a row.

    Args:
        file: the file
        index: place of the row in it
    """
    return file.checksum is None or (file.sealed_rows is not None and index >= file.sealed_rows)


def expected(file: MeasurementFile, index: int, row: Any, catalogue: Catalogue) -> Iterator[Slip]:
    """The speed of one device lies about where the formulas say, which are fitted to all others."""
    if not is_new(file, index) or not isinstance(row, Decode | Prefill) or (question := _question(row, catalogue)) is None:
        return
    try:
        answer = speeds(question, catalogue).get(row.kind)
    except Refused:
        return  # a question that the door does not take says nothing of the row
    if answer is not None and not answer["low"] / BEYOND <= row.tokens_per_second <= answer["high"] * BEYOND:
        told = f"about {answer['low']:.4g} to {answer['high']:.4g} tokens/s, as the formulas say of this device, model and depth"
        fix = "read the source again (another device, depth, unit, or a sum?); if it is so, mark the row with quality: {flag: anomalous, …}"
        yield Slip(("rows", index, "tokens_per_second"), told, f"{row.tokens_per_second:g}", fix)


def _question(row: Decode | Prefill, catalogue: Catalogue) -> dict[str, Any] | None:
    """A sound row of one device with everything on it, as somebody would ask for it; None: any other."""
    program = catalogue.programs.get(row.engine)
    if program is None or program.engine not in catalogue.engines or program.own_speed or row.model is None or row.quant is None:
        return None
    apart = row.quality is not None or row.offload is not None or row.n_cpu_moe is not None or row.gpu_layers is not None
    if apart or row.power_limit_w is not None or row.users != 1 or len(row.gpus) > 1:
        return None
    if not row.gpus and (row.cpu is None or row.memory is None):
        return None
    question = {
        "model": row.model, "quant": row.quant, "gpus": row.gpus, "engine": program.engine, "context": 1 << 18, "depth": row.depth,
        "backend": row.backend if row.gpus else None, "built": row.built.isoformat() if row.built else None,
        "cpu": row.cpu, "memory": row.memory, "memory_channels": row.memory_channels,
        "prompt_tokens": getattr(row, "prompt_tokens", None),
    }  # fmt: skip
    if "ubatch" in catalogue.engines[program.engine].settings:
        question |= {"flash_attention": row.flash_attention, "ubatch": row.ubatch, "gpu_layers": 999 if row.gpus else None}
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
            fix = f"read the source again; if it is so, say so in `exceptions: {{rows.{index}.{key}: …}}`"
            yield Slip(("rows", index, key), told, f"{value}", fix)


@by_identity
def _settings(catalogue: Catalogue, name: str, kind: str, key: str) -> list[int]:
    return [value for row in catalogue.measurements[name].rows if row.kind == kind and (value := getattr(row, key, None))]
