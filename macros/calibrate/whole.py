"""Rows that the two formulas are not fitted to, beside what the door answers: experts in RAM, and several users served at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from macros.estimate import Refused
from macros.estimate.answering import speeds
from macros.formulas.serving import served_tokens_per_second
from macros.specs import Catalogue
from macros.specs.calibration import Accuracy
from macros.specs.measurements import Decode, Generation, Prefill, Serving

MOST_RAM_GIB = 2048.0
"""Of a host whose processor does not say how much it takes [GiB]: whether it fits is not asked here."""

CACHE_TYPES = {"fp8_e4m3": "fp8", "fp8_e5m2": "fp8"}
"""Names of a cache's type in measurements -> what a question calls it."""

CLASSES = ("experts-in-ram-decode", "experts-in-ram-prefill", "serving-per-stream", "serving-total")
"""What such rows measure."""


@dataclass(frozen=True)
class Whole:
    """One such row and its answer."""

    of: str
    """One of CLASSES."""
    file: str
    index: int
    device: str
    measured: float
    predicted: float
    low: float
    high: float

    @property
    def error(self) -> float:
        """Predicted over measured, less 1."""
        return self.predicted / self.measured - 1


def compared(catalogue: Catalogue) -> tuple[list[Whole], dict[str, list[str]]]:
    """The rows, each with its answer, and those that cannot be asked with the reason.

    Args:
        catalogue: all records; of the constants, the share of a slot and the time of a conversation come from these rows, no other

    Returns:
        Compared rows, and reason -> places.
    """
    found: list[Whole] = []
    left_out: dict[str, list[str]] = {}
    for name, file in sorted(catalogue.measurements.items()):
        for index, row in enumerate(file.rows):
            if not isinstance(row, Decode | Prefill | Serving) or not _concerned(row):
                continue
            reason = next(_reasons(row, catalogue), None)
            if reason is None:
                try:
                    found += _answers(name, index, row, catalogue)
                    continue
                except Refused as refused:
                    reason = str(refused)
            left_out.setdefault(reason, []).append(f"{name}.yaml rows.{index}")
    return found, left_out


def _concerned(row: Generation) -> bool:
    return isinstance(row, Serving) or bool(row.n_cpu_moe) or row.offload is not None


def _reasons(row: Decode | Prefill | Serving, catalogue: Catalogue) -> Iterator[str]:
    """Why a row is not asked."""
    if row.quality is not None:
        yield f"quality: {row.quality.flag}"
    if row.engine not in catalogue.programs or catalogue.programs[row.engine].engine not in catalogue.engines:
        yield "another engine"
    if not row.gpus:
        yield "device without a record"
    if len(row.gpus) > 1:
        yield "several devices"
    if row.model is None or row.quant is None:
        yield "model or format without a record"
    if isinstance(row, Serving):
        if row.users is None or row.generated_tokens is None or row.prompt_tokens is None:
            yield "users or lengths not stated"
        if row.rate != "total":
            yield f"rate: {row.rate}"
    elif not row.n_cpu_moe:
        yield "layers with experts in RAM not stated"
    elif row.cpu is None and row.memory is None and isinstance(row, Decode):
        yield "host not stated"


def _question(row: Decode | Prefill | Serving, catalogue: Catalogue) -> dict[str, Any]:
    engine = catalogue.programs[row.engine].engine
    question = {
        "model": row.model, "quant": row.quant, "gpus": row.gpus, "engine": engine, "context": 1 << 17,
        "kv_type": CACHE_TYPES.get(row.kv_type or "", row.kv_type),
        "backend": row.backend, "built": row.built.isoformat() if row.built else None,
    }  # fmt: skip
    if row.n_cpu_moe:
        most = (catalogue.cpus[row.cpu].max_memory_gib if row.cpu else None) or MOST_RAM_GIB
        question |= {"n_cpu_moe": row.n_cpu_moe, "gpu_layers": 9999, "cpu": row.cpu, "memory": row.memory, "ram_gib": most}
        question |= {"memory_channels": row.memory_channels, "ubatch": row.ubatch, "depth": row.depth}
        if catalogue.programs[row.engine].own_speed:
            question["op_offload"] = False  # ik_llama.cpp leaves experts of micro-batches of 512 on the processor
    return {key: value for key, value in question.items() if value is not None}


def _answers(name: str, index: int, row: Decode | Prefill | Serving, catalogue: Catalogue) -> Iterator[Whole]:
    question = _question(row, catalogue)
    if isinstance(row, Serving):
        yield from _served(name, index, row, question, catalogue)
        return
    kind = "decode" if isinstance(row, Decode) else "prefill"
    if isinstance(row, Prefill):
        question["prompt_tokens"] = row.prompt_tokens or 512
    answer = speeds(question, catalogue)[kind]
    program = row.engine if catalogue.programs[row.engine].own_speed else ""
    slower = catalogue.calibration[kind].terms.get(f"program.{program}", 1.0)  # a program that cannot be asked, but has a factor
    ends = (answer["tokens_per_second"] / slower, answer["low"] / slower, answer["high"] / slower)
    yield Whole(f"experts-in-ram-{kind}", name, index, row.gpus[0], row.tokens_per_second, *ends)


def _served(name: str, index: int, row: Serving, question: dict[str, Any], catalogue: Catalogue) -> Iterator[Whole]:
    assert row.users is not None
    assert row.prompt_tokens is not None
    assert row.generated_tokens is not None
    depth = row.prompt_tokens + row.generated_tokens // 2
    cells = depth * max(2, row.users)  # enough where all of them share a context, and where each has its own
    answer = speeds({**question, "users": row.users, "depth": depth, "context": cells}, catalogue)
    decode = answer["decode"]
    if row.per_stream_tokens_per_second is not None:
        each = [decode[end] / row.users for end in ("tokens_per_second", "low", "high")]
        yield Whole("serving-per-stream", name, index, row.gpus[0], row.per_stream_tokens_per_second, *each)
    prompt = speeds({**question, "prompt_tokens": row.prompt_tokens, "context": 2 * depth}, catalogue)["prefill"]
    total = [
        float(
            served_tokens_per_second(
                users=row.users,
                prompt_tokens=0 if row.depth is not None and row.per_stream_tokens_per_second is None else row.prompt_tokens,
                generated_tokens=row.generated_tokens,
                prefill_speed=prompt[end],
                decode_speed=decode[end],
                prompts=(row.users - 1) / 2 if row.depth is not None else row.users,
            )
        )
        for end in ("tokens_per_second", "low", "high")
    ]
    yield Whole("serving-total", name, index, row.gpus[0], row.tokens_per_second, *total)


def accuracy(rows: list[Whole]) -> Accuracy:
    """How far answers are off; each device counts once."""

    def by_device(value: Callable[[Whole], float], middle: Callable[[list[float]], Any]) -> list[float]:
        return [float(middle([value(row) for row in rows if row.device == device])) for device in sorted({row.device for row in rows})]

    typical = by_device(lambda row: abs(row.error), np.median)
    inside = by_device(lambda row: float(row.low <= row.measured <= row.high), np.mean)
    return Accuracy(
        rows=len(rows),
        devices=len(typical),
        median=float(np.median(typical)),
        ninetieth=float(np.quantile(typical, 0.9)),
        covered=float(np.mean(inside)),
        bias=float(np.median(by_device(lambda row: row.error, np.median))),
    )
