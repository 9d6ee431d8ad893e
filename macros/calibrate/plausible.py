"""Is a measured row possible at all? Slips (GB for GiB, MiB for GB, a total for one user) break a physical bound; noise does not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from macros.estimate.rates import measured_rates
from macros.estimate.work import model_work
from macros.formulas.decode import decode_ceiling
from macros.formulas.parameters import active_parameters
from macros.formulas.weights.file import weight_bytes
from macros.specs import Catalogue, SpecError
from macros.specs.catalogue import value_check
from macros.specs.measurements import AnyRow, Decode, Load, MeasurementFile, Prefill
from macros.specs.models import architecture_of

SLACK = 1.03
"""A clock that is a little above the published one is no slip."""

DOUBTFUL = 1.5
"""The same of a row that is marked as noisy or incomplete: a range was published, or a setting was not."""

FILE_SIZE = 0.12
"""A file may be so much larger or smaller than its tensors: other versions of a format, a tied matrix stored twice."""

NEAR_SIZE = 0.4
"""The same of a format that is only named after the guide's: its output matrix at 16 bits, say."""

CUT_INTO_MICRO_BATCHES = ("llama.cpp", "ik_llama.cpp", "ollama", "llamafile")
"""Programs that read a prompt in micro-batches, of 512 tokens unless told otherwise."""

LEAST_MICRO_BATCH = 512
"""A prompt up to this length is one micro-batch in any case [tokens]."""

BITS = re.compile(r"(\d(?:\.\d+)?)[ -]?(?:bit|bpw)", re.IGNORECASE)
"""Bits of a parameter in the words of whoever published a row."""

LEAST_BITS = 1.6
"""No format has fewer for a parameter."""

FASTEST_DRIVE = 60e9
"""No machine loads faster than its memory copies [bytes/s]."""


def implausible(row: AnyRow, catalogue: Catalogue) -> Iterator[tuple[str, str, str, str]]:
    """What cannot be true of a row.

    Args:
        row: the row; its ids exist
        catalogue: all records

    Yields:
        (key, what was expected, what is there, how it may have come about).
    """
    if isinstance(row, Load) and row.file_bytes and row.file_bytes / row.seconds > FASTEST_DRIVE:
        yield "seconds", f"at least {row.file_bytes / FASTEST_DRIVE:.2g} s for that file", f"{row.seconds:g}", "milliseconds for seconds?"
    if row.model is not None and row.quant is None and isinstance(row, Decode):
        yield from _of_no_format(row, row.model, catalogue)
    if row.model is None or row.quant is None:
        return
    architecture = architecture_of(catalogue.models[row.model], catalogue.models)
    quantization = catalogue.quantizations[row.quant]
    if row.file_bytes is not None:
        expected = weight_bytes(architecture, quantization, catalogue.records["tensor-types"])
        if abs(row.file_bytes / expected - 1) > (FILE_SIZE if row.published_as is None else NEAR_SIZE):
            yield "file_bytes", f"about {expected:,} bytes for this model and format", f"{row.file_bytes:,}", "GB, GiB or MiB for bytes?"
    if row.quality is not None and row.quality.flag == "anomalous":
        return
    if not isinstance(row, Decode | Prefill) or row.gpu_layers is not None or (row.gpus == [] and row.cpu is None):
        return
    rates = measured_rates(row, catalogue)
    work = model_work(row.model, row.quant, catalogue)
    devices = max(len(row.gpus), 1)
    slack = SLACK if row.quality is None else DOUBTFUL
    if isinstance(row, Decode):
        most = slack * devices * row.users * float(decode_ceiling(bytes_read=work.weight_bytes(), bandwidth=rates.bandwidth))
        if row.tokens_per_second > most:
            yield (
                "tokens_per_second",
                f"at most {most:.4g}: the memory of {rates.name} gives no more",
                f"{row.tokens_per_second:g}",
                "prompt processing, several users, or another model?",
            )
    elif rates.matrix_rate and not rates.is_processor and rates.peak_rate:
        most = slack * devices * 4 * rates.peak_rate / (2 * work.parameters)
        if row.tokens_per_second > most:
            yield (
                "tokens_per_second",
                f"at most {most:.4g} from the arithmetic of {rates.name}",
                f"{row.tokens_per_second:g}",
                "another model?",
            )


def _of_no_format(row: Decode, model: str, catalogue: Catalogue) -> Iterator[tuple[str, str, str, str]]:
    """A row whose format is only named reads at least as many bits a parameter as its words say, or as the smallest format has."""
    if not row.gpus or row.gpu_layers is not None or row.quality is not None:
        return
    rates, told = measured_rates(row, catalogue), BITS.search(row.published_as or "")
    read = float(told[1]) / 8 * active_parameters(architecture_of(catalogue.models[model], catalogue.models)) if told else 0.0
    read = read or LEAST_BITS / 8 * active_parameters(architecture_of(catalogue.models[model], catalogue.models))
    most = SLACK * len(row.gpus) * row.users * float(decode_ceiling(bytes_read=read, bandwidth=rates.bandwidth))
    if row.tokens_per_second > most:
        expected = f"at most {most:.4g}: the memory of {rates.name} gives no more at {8 * read:.3g} bits for a token"
        yield "tokens_per_second", expected, f"{row.tokens_per_second:g}", "prompt processing, several users, or another model?"


def undecided(row: AnyRow, catalogue: Catalogue) -> Iterator[tuple[str, str, str, str]]:
    """What a row leaves open although its value hangs on it.

    Args:
        row: the row; its ids exist
        catalogue: all records

    Yields:
        (key, what was expected, what is there, where it is to be found).
    """
    if not isinstance(row, Prefill) or row.quality is not None or row.model is None or row.engine not in CUT_INTO_MICRO_BATCHES:
        return
    mixture = architecture_of(catalogue.models[row.model], catalogue.models).experts is not None
    if mixture and row.ubatch is None and (row.prompt_tokens or 0) > LEAST_MICRO_BATCH:
        expected = f"the micro-batch, which decides how fast a mixture reads a prompt of {row.prompt_tokens} tokens"
        yield "ubatch", expected, "none", "llama-bench: 512 unless its table has a column n_ubatch; else quality: {flag: incomplete, …}"


def same(row: AnyRow) -> tuple[object, ...]:
    """What makes two rows the same measurement."""
    return tuple(sorted((name, repr(value)) for name, value in row.model_dump().items() if name not in ("note", "quality")))


def _resolves(row: AnyRow, catalogue: Catalogue) -> bool:
    named: list[tuple[str, str | None]] = [("gpus", gpu) for gpu in row.gpus]
    named += [("cpus", row.cpu), ("memory", row.memory), ("models", row.model), ("quantizations", row.quant)]
    return all(name is None or name in catalogue.records[kind] for kind, name in named)


@value_check("measurements")
def measurements_are_possible(file: MeasurementFile, catalogue: Catalogue) -> Iterator[SpecError]:
    """Every measured row is possible, and stands there once."""
    seen: dict[tuple[object, ...], int] = {}
    for index, row in enumerate(file.rows):
        if not _resolves(row, catalogue):
            continue  # told by the check of references
        for key, expected, got, guess in implausible(row, catalogue):
            fix = f"read the source again ({guess})"
            yield catalogue.error("measurements", file.id, ("rows", index, key), expected, got, fix)
        for key, expected, got, found in undecided(row, catalogue):
            yield catalogue.error("measurements", file.id, ("rows", index, key), expected, got, f"read it in the source ({found})")
        first = seen.setdefault(same(row), index)
        if first != index:
            yield catalogue.error("measurements", file.id, ("rows", index), "each measurement once", f"rows.{first} again", "remove one")
