"""What it costs to spread a model over several devices: medians over measured rows, beside the fitted single-device constants."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from macros.estimate.constants import Fitted, decode_constants
from macros.estimate.rates import gpu_rates
from macros.estimate.speed_features import decode_features, slower
from macros.estimate.work import layer_work, total
from macros.formulas.decode import token_seconds
from macros.specs import Catalogue
from macros.specs.measurements import Decode
from macros.specs.models import architecture_of

BOUNDARY_TERM = "boundary_time"
EXCHANGE_TERM = "exchange_time"


def several_terms(catalogue: Catalogue, fitted: Fitted) -> dict[str, float]:
    """Time of handing over between two devices, and of one exchange among devices that share a layer.

    Args:
        catalogue: all records
        fitted: constants of one device

    Returns:
        Both, at the median of the measured rows [s].

    Assumes: rows of one kind of card; handing over is compared with the same card alone, exchanges with what the formula leaves over.
    """
    return {
        BOUNDARY_TERM: float(np.median(list(_boundaries(catalogue)))),
        EXCHANGE_TERM: float(np.median(list(_exchanges(catalogue, fitted)))),
    }


def _decode_rows(catalogue: Catalogue) -> list[Decode]:
    files = (catalogue.measurements[name] for name in sorted(catalogue.measurements))
    return [row for file in files for row in file.rows if isinstance(row, Decode) and row.quality is None and row.gpus]


def _boundaries(catalogue: Catalogue) -> Iterator[float]:
    """Seconds for each boundary, from rows with a layer split and the same setting on one card."""

    def setting(row: Decode) -> tuple[object, ...]:
        return row.model, row.quant, row.gpus[0], row.engine, row.build, row.generated_tokens

    rows = _decode_rows(catalogue)
    alone = {setting(row): row.tokens_per_second for row in rows if len(row.gpus) == 1 and row.gpu_layers is None}
    for row in rows:
        if row.split == "layer" and setting(row) in alone:
            yield (1 / row.tokens_per_second - 1 / alone[setting(row)]) / (len(row.gpus) - 1)


def _exchanges(catalogue: Catalogue, fitted: Fitted) -> Iterator[float]:
    """Seconds for each exchange, from rows with a tensor split: what the formula for a slice on each card leaves over."""
    for row in _decode_rows(catalogue):
        if row.split != "tensor" or row.model is None or row.quant is None:
            continue
        rates = gpu_rates(catalogue.gpus[row.gpus[0]], catalogue)
        architecture = architecture_of(catalogue.models[row.model], catalogue.models)
        work = total(layer_work(architecture, catalogue.quantizations[row.quant], catalogue.records["tensor-types"]).values())
        inputs = decode_features(rates, work, cache_bytes=0, weight_bytes=work.weight_bytes() / len(row.gpus), flash_attention=True)
        factor = slower(fitted.terms, rates.wider, None, None)
        slice_seconds = token_seconds(**inputs, **decode_constants(fitted, rates), slower=factor)
        yield max(1 / row.tokens_per_second - slice_seconds, 0.0) / (2 * work.layers)
