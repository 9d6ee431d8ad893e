"""What it costs to spread a model over several devices: medians over measured rows, beside the fitted single-device constants."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from macros.calibrate.rows import MICRO_BATCH, on_devices
from macros.estimate.constants import Fitted, decode_constants
from macros.estimate.rates import gpu_rates
from macros.estimate.speed_features import Stack, slow_start, slower, start_terms
from macros.estimate.work import model_work
from macros.formulas.decode import layer_seconds
from macros.formulas.prefill import PASSES_AT_A_TIME, expert_passes
from macros.specs import Catalogue
from macros.specs.measurements import Decode, Prefill, against_one
from macros.specs.models import architecture_of

BOUNDARY_TERM = "boundary_time"
EXCHANGE_TERM = "exchange_time"
PIPELINE_TERM = "pipeline_factor"
LINK_TERM = "link_share"

LEAST_COUNTS = 2
"""A series of fewer numbers of cards does not tell what they share from what they do not."""


def several_terms(model: str, catalogue: Catalogue, fitted: Fitted) -> dict[str, float]:
    """What several devices take of their own: handing over between two, one exchange among those that share a layer, waiting in a pipeline.

    Args:
        model: decode or prefill
        catalogue: all records
        fitted: constants of one device

    Returns:
        Times [s] and factors [1]: at the median of the measured rows, exchanges at that of the series over numbers of cards.

    Assumes: rows of one kind of card; handing over and pipelines are compared with the same card alone.
    """
    if model == "prefill":
        return {PIPELINE_TERM: float(np.median(list(_pipelines(catalogue)))), LINK_TERM: float(np.median(list(_links(catalogue))))}
    return {
        BOUNDARY_TERM: float(np.median(list(_boundaries(catalogue)))),
        EXCHANGE_TERM: float(np.median(list(_exchanges(catalogue, fitted)))),
    }


def _pipelines(catalogue: Catalogue) -> Iterator[float]:
    """The factor of `pipelined_seconds`, from prompts of several passes on several cards and the same prompt on one."""
    for row, alone in against_one(on_devices(catalogue, Prefill)):
        passes = -(-(row.prompt_tokens or 0) // MICRO_BATCH) if isinstance(row, Prefill) else 0
        if row.split == "layer" and passes > 1:
            share = alone / row.tokens_per_second
            yield (passes * share - 1) / (passes - 1) / max(1 / len(row.gpus), 1 / PASSES_AT_A_TIME)


def _links(catalogue: Catalogue) -> Iterator[float]:
    """The share of a slot's bandwidth that is reached, from prompts with experts in system memory: sending them takes most of the time."""
    for row in on_devices(catalogue, Prefill):
        program = catalogue.programs.get(row.engine)
        if not row.n_cpu_moe or row.model is None or row.quant is None or program is None or program.own_speed or len(row.gpus) > 1:
            continue
        rates = gpu_rates(catalogue.gpus[row.gpus[0]], catalogue)
        work = model_work(row.model, row.quant, catalogue)
        tokens = row.prompt_tokens or MICRO_BATCH
        times = expert_passes(share=work.expert_share, prompt_tokens=tokens, ubatch=min(row.ubatch or MICRO_BATCH, tokens))
        sent = work.expert_bytes * min(row.n_cpu_moe / work.mixture_layers, 1) * times
        yield sent / (tokens / row.tokens_per_second) / rates.link_bandwidth


def _boundaries(catalogue: Catalogue) -> Iterator[float]:
    """Seconds for each boundary, from rows with a layer split and the same setting on one card."""
    for row, alone in against_one(on_devices(catalogue, Decode)):
        if row.split == "layer":
            yield (1 / row.tokens_per_second - 1 / alone) / (len(row.gpus) - 1)


def _exchanges(catalogue: Catalogue, fitted: Fitted) -> Iterator[float]:
    """Seconds for each exchange, from the same setting on two and more numbers of cards.

    Equation: seconds = a / cards + layers x (layer_time + 2 x exchange_time)

    What the cards share halves with each doubling, whatever the engine makes of memory; what stays is starting layers, and exchanges.
    """
    # Whatever program measured it, the answer is that of an engine that slices layers, as its builds of that day started them.
    sliced = next((engine.id for engine in catalogue.engines.values() if engine.splits == "slices"), "")
    series: dict[tuple[object, ...], list[Decode]] = {}
    for row in on_devices(catalogue, Decode):
        if row.split == "tensor" and row.model is not None:
            series.setdefault((row.model, row.quant or row.published_as, row.engine, row.gpus[0]), []).append(row)
    for rows in series.values():
        if len({len(row.gpus) for row in rows}) < LEAST_COUNTS:
            continue
        assert rows[0].model is not None
        rates = gpu_rates(catalogue.gpus[rows[0].gpus[0]], catalogue)
        layers = architecture_of(catalogue.models[rows[0].model], catalogue.models).layers
        _, whole = np.polyfit([1 / len(row.gpus) for row in rows], [1 / row.tokens_per_second for row in rows], 1)
        constants = decode_constants(fitted, rates, sliced)
        built = rows[0].built.isoformat() if rows[0].built is not None else None
        start = slower(fitted.terms, start_terms(Stack(sliced, slow_start=slow_start(built, catalogue.engines[sliced]))))
        waiting = layer_seconds(
            layers=layers,
            mixture_layers=0,
            beside_layers=0,
            recurrent_layers=0,
            normed_layers=0,
            layer_time=constants["layer_time"] * start,
            mixture_factor=constants["mixture_factor"],
            beside_factor=constants["beside_factor"],
            recurrent_factor=constants["recurrent_factor"],
            norm_factor=constants["norm_factor"],
            pace=rates.pace,
            die_factor=1.0,
        )
        yield max(float(whole) - waiting, 0.0) / (2 * layers)
