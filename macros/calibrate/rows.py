"""Measured rows -> what the formulas need of each, and which rows are left out and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from macros.estimate.rates import Rates, measured_rates
from macros.estimate.speed_features import Stack, lookup_format, repacked_format, slow_start
from macros.estimate.speed_range import alike, cell, spread_keys
from macros.estimate.work import Work, model_work, output_work
from macros.formulas.decode import power_factor
from macros.formulas.weights.file import weight_bytes
from macros.specs import Catalogue
from macros.specs.architectures import Architecture
from macros.specs.measurements import Decode, Prefill
from macros.specs.models import architecture_of

FIRST_BUILD = date(2023, 11, 1)
"""Older builds lack the kernels of today: quantized matrix products came in the summer of 2023 and went on changing until then."""

FLASH_BY_DEFAULT = date(2025, 9, 1)
"""llama.cpp turns flash attention on by itself since then; before, a row that says nothing had none."""

SCATTER = 0.2
"""A row whose runs differ by more than this share of it tells little."""

MICRO_BATCH = 512
"""llama.cpp reads prompts in passes of so many tokens unless told otherwise [tokens]."""

MIX_SIZE = 1.3
"""A mix made by hand is at most so many times as large as its preset; another file is not the model that the row names."""

Kind = TypeVar("Kind", Decode, Prefill)


@dataclass(frozen=True)
class MeasuredRow:
    """A row that constants are fitted to."""

    file: str
    index: int
    row: Decode | Prefill
    rates: Rates
    work: Work
    stack: Stack
    pass_tokens: int
    """Tokens of a pass where the row does not say [tokens]."""
    model_class: str
    """dense, mixture or hybrid."""
    family: str
    wider: str

    @property
    def device(self) -> str:
        """Id of the device."""
        return self.rates.name

    @property
    def kin(self) -> str:
        """The widest group of its device."""
        return self.rates.kin

    @property
    def generation(self) -> str:
        """Families of one generation of chips, whatever memory they have: the first word of a family's id."""
        return self.family.split("-")[0] + " generation"

    @property
    def depth(self) -> float:
        """Tokens in the cache, on average over what was generated [tokens]."""
        if not isinstance(self.row, Decode):
            return float(self.row.depth or 0)
        depth = (self.row.depth or 0) + (self.row.generated_tokens or 128) / 2
        return min(depth, self.row.context or depth)

    @property
    def prompt_tokens(self) -> int:
        """Length of the prompt [tokens]."""
        return (self.row.prompt_tokens if isinstance(self.row, Prefill) else None) or 512

    @property
    def ubatch(self) -> int:
        """Tokens of a pass [tokens]."""
        return self.row.ubatch or self.pass_tokens

    @property
    def flash_attention(self) -> bool:
        """Whether it was on."""
        if self.row.flash_attention is not None:
            return self.row.flash_attention
        recent = self.row.built is not None and self.row.built >= FLASH_BY_DEFAULT
        return recent or self.pass_tokens != MICRO_BATCH

    @property
    def power(self) -> float:
        """How much longer everything took because the device was not allowed all its power [1]."""
        limit, full = self.row.power_limit_w, self.rates.watts
        return 1.0 if limit is None or full is None else float(power_factor(limit_w=limit, full_w=full))

    @property
    def cell(self) -> str:
        """Class of models and depth: rows of a cell are alike in how well they can be foretold."""
        prompt = self.prompt_tokens // 2 if isinstance(self.row, Prefill) else 0
        return cell(self.model_class, (self.row.depth or 0) + prompt)

    @property
    def alike(self) -> list[str]:
        """Names of the rows that its range is cut from."""
        return alike(self.cell, self.rates, self.stack)

    @property
    def spread_keys(self) -> list[str]:
        """Groups of rows that it is like."""
        return spread_keys(self.cell, self.rates, self.stack)


def measured_rows(catalogue: Catalogue, kind: type[Decode] | type[Prefill]) -> tuple[list[MeasuredRow], dict[str, list[str]]]:
    """The rows of one device, and which others are left out for which reason.

    Args:
        catalogue: all records
        kind: Decode or Prefill

    Returns:
        Rows to fit to, and reason -> places of the rows left out (`file.yaml rows.index`).
    """
    used: list[MeasuredRow] = []
    left_out: dict[str, list[str]] = {}
    for file in sorted(catalogue.measurements):
        for index, row in enumerate(catalogue.measurements[file].rows):
            if not isinstance(row, kind):
                continue
            reason = next(_reasons(row, catalogue), None)
            if reason is not None:
                left_out.setdefault(reason, []).append(f"{file}.yaml rows.{index}")
                continue
            used.append(measured(file, index, row, catalogue))
    return used, left_out


def measured(file: str, index: int, row: Decode | Prefill, catalogue: Catalogue) -> MeasuredRow:
    """A row of a known device, model and format with all that the formulas need."""
    rates = measured_rates(row, catalogue)
    assert row.model is not None
    assert rates.family is not None
    architecture = architecture_of(catalogue.models[row.model], catalogue.models)
    stack = stack_of(row, architecture, catalogue)
    passes = catalogue.programs[row.engine].pass_tokens
    work = row_work(row, catalogue)
    return MeasuredRow(file, index, row, rates, work, stack, passes, architecture.model_class, rates.family, rates.wider)


def stack_of(row: Decode | Prefill, architecture: Architecture, catalogue: Catalogue) -> Stack:
    """What ran a row."""
    program = catalogue.programs[row.engine]
    engine = catalogue.engines[program.engine]
    quant = row.quant or ""
    built = row.built.isoformat() if row.built is not None else None
    return Stack(
        program.engine,
        row.backend,
        built,
        row.engine if program.own_speed else None,
        quant == "bf16",
        quant in ("bf16", "f16", "f32", "fp32"),
        lookup_format(quant),
        repacked_format(quant),
        architecture.experts is not None,
        architecture.recurrent is not None,
        engine.dated_speed,
        slow_start(built, engine),
        engine.scans_states,
        row.backend in engine.widening,
    )


def row_work(row: Decode | Prefill, catalogue: Catalogue) -> Work:
    """The work of one token in the file that was run: presets are scaled to its size, mixes are put together."""
    work = _file_work(row, catalogue)
    if isinstance(row, Decode) and row.without_output:
        assert row.model is not None
        assert row.quant is not None
        output = output_work(row.model, row.dense_quant or row.quant, catalogue)
        return replace(work, dense_bytes=work.dense_bytes - output.dense_bytes, output_parameters=0.0)
    return work


def _file_work(row: Decode | Prefill, catalogue: Catalogue) -> Work:
    assert row.model is not None
    assert row.quant is not None
    engine = catalogue.engines[catalogue.programs[row.engine].engine] if isinstance(row, Prefill) else None
    work = model_work(row.model, row.quant, catalogue, engine)
    rest = model_work(row.model, row.dense_quant, catalogue, engine) if row.dense_quant is not None else work
    experts = work.expert_bytes
    if row.file_bytes is None:
        return replace(work, dense_bytes=rest.dense_bytes)
    architecture = architecture_of(catalogue.models[row.model], catalogue.models)
    types = catalogue.records["tensor-types"]
    size = weight_bytes(architecture, catalogue.quantizations[row.dense_quant or row.quant], types)
    if row.dense_quant is not None:
        left = row.file_bytes - (size - rest.expert_bytes)
        return replace(work, dense_bytes=rest.dense_bytes, expert_bytes=min(max(left, experts / MIX_SIZE), experts * MIX_SIZE))
    ratio = row.file_bytes / size
    if not 1 / MIX_SIZE < ratio < MIX_SIZE:
        return work
    return replace(work, dense_bytes=work.dense_bytes * ratio, expert_bytes=experts * ratio)


def _reasons(row: Decode | Prefill, catalogue: Catalogue) -> Iterator[str]:
    """Why a row is not fitted to; the first that holds is the one told."""
    if row.quality is not None:
        yield f"quality: {row.quality.flag}"
    if row.engine not in catalogue.programs:
        yield "another engine"
    if len(row.gpus) > 1:
        yield "several devices"
    if row.gpu_layers is not None:
        yield "part of the layers on the host"
    if row.n_cpu_moe or row.offload is not None:
        yield "experts on the host"
    if not row.gpus and row.cpu is None:
        yield "device without a record"
    if row.model is None:
        yield "model without a record"
    if row.quant is None:
        yield "format without a record"
    if row.users > 1:
        yield "several users"
    if row.built is not None and row.built < FIRST_BUILD:
        yield "a build older than November 2023"
    if row.standard_deviation is not None and row.standard_deviation > SCATTER * row.tokens_per_second:
        yield "runs that differ by more than a fifth"


def on_devices(catalogue: Catalogue, kind: type[Kind]) -> list[Kind]:
    """The sound rows of graphics devices, one or several, in the order of their files."""
    files = (catalogue.measurements[name] for name in sorted(catalogue.measurements))
    return [row for file in files for row in file.rows if isinstance(row, kind) and row.quality is None and row.gpus]
