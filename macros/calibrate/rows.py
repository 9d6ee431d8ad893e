"""Measured rows -> what the formulas need of each, and which rows are left out and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from macros.estimate.rates import Rates, measured_rates
from macros.estimate.work import Work, model_work
from macros.specs import Catalogue
from macros.specs.measurements import Decode, Prefill

ENGINES = {"llama.cpp", "ollama", "llamafile"}
"""llama.cpp and the programs that are llama.cpp inside."""

FIRST_BUILD = date(2023, 11, 1)
"""Older builds lack the kernels of today: quantized matrix products came in the summer of 2023 and went on changing until then."""


MICRO_BATCH = 512
"""Measured rows read prompts in passes of so many tokens [tokens]."""

Kind = TypeVar("Kind", Decode, Prefill)


@dataclass(frozen=True)
class MeasuredRow:
    """A row that constants are fitted to."""

    file: str
    index: int
    row: Decode | Prefill
    rates: Rates
    work: Work
    family: str
    wider: str

    @property
    def device(self) -> str:
        """Id of the device."""
        return self.rates.name

    @property
    def depth(self) -> float:
        """Tokens in the cache, on average over what was generated [tokens]."""
        if not isinstance(self.row, Decode):
            return 0.0
        depth = (self.row.depth or 0) + (self.row.generated_tokens or 128) / 2
        return min(depth, self.row.context or depth)

    @property
    def prompt_tokens(self) -> int:
        """Length of the prompt [tokens]."""
        return (self.row.prompt_tokens if isinstance(self.row, Prefill) else None) or 512


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
            reason = next(_reasons(row), None)
            if reason is None and not _known(file, catalogue):
                reason = "not fitted to yet"
            if reason is not None:
                left_out.setdefault(reason, []).append(f"{file}.yaml rows.{index}")
                continue
            rates = measured_rates(row, catalogue)
            assert row.model is not None
            assert row.quant is not None
            assert rates.family is not None
            work = model_work(row.model, row.quant, catalogue)
            used.append(MeasuredRow(file, index, row, rates, work, rates.family, rates.wider))
    return used, left_out


def _reasons(row: Decode | Prefill) -> Iterator[str]:
    """Why a row is not fitted to; the first that holds is the one told."""
    if row.quality is not None:
        yield f"quality: {row.quality.flag}"
    if row.engine not in ENGINES:
        yield "another engine"
    if len(row.gpus) > 1:
        yield "several devices"
    if row.gpu_layers is not None:
        yield "part of the layers on the host"
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


def _known(file: str, catalogue: Catalogue) -> bool:
    """Whether the stored fit knows a file: those named after a repository wait for the formulas of mixtures, hybrids and depth."""
    return not catalogue.measurements[file].title.en.endswith(f": {file.removesuffix('-2026')}")


def on_devices(catalogue: Catalogue, kind: type[Kind]) -> list[Kind]:
    """The sound rows of graphics devices, one or several, in the order of their files."""
    files = (catalogue.measurements[name] for name in sorted(catalogue.measurements) if _known(name, catalogue))
    return [row for file in files for row in file.rows if isinstance(row, kind) and row.quality is None and row.gpus]
