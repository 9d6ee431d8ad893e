"""Constants of the speed formulas from published measurements."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from macros.calibrate.regression import Fit, Prediction, Quantity, Vector, common, factor, levels
from macros.calibrate.rows import MICRO_BATCH, Kind, MeasuredRow, measured_rows, on_devices
from macros.estimate.constants import Fitted, Group, decode_constants
from macros.estimate.speed_features import OLDER_BUILDS, VULKAN, backend_lean, decode_features, prefill_features, slower
from macros.formulas.decode import token_seconds
from macros.formulas.prefill import prompt_seconds
from macros.specs import Catalogue
from macros.specs.measurements import Decode, Prefill

CACHE_BYTES_PER_VALUE = 2.0
"""Measured rows keep keys and values as f16 [bytes]."""


@dataclass
class Model:
    """A formula with the measured rows that its constants come from; fitted when its coefficients are first asked for."""

    name: str
    rows: list[MeasuredRow]
    left_out: dict[str, list[str]]
    """Reason -> places of the rows left out."""
    quantities: list[Quantity]
    predict: Prediction
    trial: Prediction
    """The prediction without what follows from another fit: what the fingerprint is taken of."""
    beside: str
    """What the constants of several devices follow from; they are no coefficients, but stand in the same record."""
    follows_from: str = ""
    """Fingerprint of that other fit."""

    @cached_property
    def fit(self) -> Fit:
        """The least-squares problem."""
        observed = 1 / _column(row.row.tokens_per_second for row in self.rows)
        return Fit(self.quantities, self.predict, observed, [row.device for row in self.rows])

    @cached_property
    def coefficients(self) -> Vector:
        """Coefficients from all rows."""
        return self.fit.solve(np.ones(len(self.rows), bool))

    @cached_property
    def by_device(self) -> dict[str, Vector]:
        """Device -> coefficients from the rows of all others."""
        return self.fit.held_out(self.coefficients)

    @cached_property
    def fingerprint(self) -> str:
        """Of all that the coefficients follow from: rows, devices, models, formula, and how much each is trusted beforehand."""
        fit = self.fit
        first = self.trial(fit.values(fit.guess))
        parts = [fit.observed, first, fit.guess, fit.spread, *(quantity.design.ravel() for quantity in self.quantities)]
        digest = hashlib.sha256(self.follows_from.encode())
        digest.update(self.beside.encode())
        for part in parts:
            digest.update(" ".join(f"{value:.9g}" for value in part).encode())
        digest.update(repr([(q.name, q.terms) for q in self.quantities] + [row.device for row in self.rows]).encode())
        return digest.hexdigest()[:16]

    def held_out(self) -> Vector:
        """Seconds a token of each row, by constants fitted without its device."""
        result = np.empty(len(self.rows))
        for device, coefficients in self.by_device.items():
            mine = self.fit.device_of == device
            result[mine] = self.predict(self.fit.values(coefficients))[mine]
        return result

    def constants(self, coefficients: Vector) -> Fitted:
        """The constants that coefficients stand for; their ranges are not known here."""
        terms: dict[str, float] = {}
        groups: dict[str, dict[str, float]] = {name: {} for name in self._lineages()}
        for quantity, part in zip(self.quantities, self.fit.slices, strict=True):
            of = dict(zip(quantity.terms, coefficients[part], strict=True))
            if quantity.by_group:
                for name, lineage in self._lineages().items():
                    total = sum(of.get(group, 0.0) for group in lineage)
                    groups[name][quantity.name] = float(quantity.shape(np.exp(np.array(total))))
            else:
                terms |= {term: float(quantity.shape(np.exp(np.array(value)))) for term, value in of.items()}
        return Fitted(terms, {name: Group(values, 1.0, 1.0, 0) for name, values in groups.items()})

    def _lineages(self) -> dict[str, tuple[str, ...]]:
        """Group -> the groups that it lies in, itself last."""
        found: dict[str, tuple[str, ...]] = {"all": ("all",)}
        for row in self.rows:
            found.setdefault(row.wider, ("all", row.wider))
            found.setdefault(row.family, ("all", row.wider, row.family))
        return dict(sorted(found.items()))


def decode_model(catalogue: Catalogue) -> Model:
    """Decode: bytes over bandwidth and efficiency, and a time for each layer.

    Args:
        catalogue: all records

    Returns:
        The fitted model.
    """
    rows, left_out = measured_rows(catalogue, Decode)
    inputs = _columns(_decode_inputs(row) for row in rows)

    def predict(constants: dict[str, Vector]) -> Vector:
        seconds: Vector = token_seconds(**inputs, **constants)
        return seconds

    count, groups = len(rows), _groups(rows)
    quantities = [
        levels("efficiency", groups, 0.12, (0.25, 0.15, 0.15), shape=lambda loss: 1 / (1 + loss)),
        levels("layer_time", groups, 60e-6, (3.0, 0.8, 0.6)),
        common("cache_factor", 1.5, 0.5, count),
        common("mixture_factor", 0.7, 0.4, count, shape=lambda more: 1 + more),
        common("die_factor", 1.5, 0.3, count),
        common("dot_cost", 4.0, 0.7, count),
        common("core_cost", 3.0, 0.5, count),
        factor("slower", _slower_columns(rows), 0.25),
    ]
    return Model("decode", rows, left_out, quantities, predict, predict, _several(catalogue, Decode))


def prefill_model(catalogue: Catalogue, decode: Model) -> Model:
    """Prefill: arithmetic over the rate that the family goes by, and a decoded token's time for each pass.

    Args:
        catalogue: all records
        decode: the fitted model of decode

    Returns:
        The fitted model; the time of a token is that of constants fitted without the row's device, as all that is held out.
    """
    rows, left_out = measured_rows(catalogue, Prefill)
    steps: list[Vector] = []
    inputs = _columns(
        prefill_features(
            row.rates,
            row.work,
            prompt_tokens=row.prompt_tokens,
            ubatch=MICRO_BATCH,
            flash_attention=row.row.flash_attention is True,
        )
        for row in rows
    )

    def predict(constants: dict[str, Vector]) -> Vector:
        if not steps:
            steps.append(_step_column(rows, decode))
        return seconds_of(constants, steps[0])

    def trial(constants: dict[str, Vector]) -> Vector:
        return seconds_of(constants, np.zeros(len(rows)))

    def seconds_of(constants: dict[str, Vector], step: Vector) -> Vector:
        seconds: Vector = prompt_seconds(**inputs, **constants, step_seconds=step)
        return seconds / inputs["prompt_tokens"]

    count, groups = len(rows), _groups(rows)
    quantities = [
        levels("utilisation", groups, 0.5, (3.0, 0.6, 0.2)),
        common("attention_cost", 4.0, 0.5, count),
        common("attention_cost_flash", 2.0, 0.5, count),
        factor("slower", _slower_columns(rows), 0.3),
    ]
    return Model("prefill", rows, left_out, quantities, predict, trial, _several(catalogue, Prefill), follows_from=decode.fingerprint)


def _several(catalogue: Catalogue, kind: type[Kind]) -> str:
    """Rows of several devices, as text."""
    rows = (row for row in on_devices(catalogue, kind) if len(row.gpus) > 1)
    return "\n".join(f"{row.model} {row.quant} {row.gpus} {row.engine} {row.build} {row.split} {row.tokens_per_second}" for row in rows)


def _decode_inputs(row: MeasuredRow) -> dict[str, float]:
    return decode_features(
        row.rates,
        row.work,
        cache_bytes=row.work.cache_bytes(row.depth, CACHE_BYTES_PER_VALUE),
        weight_bytes=row.work.weight_bytes(),
        flash_attention=row.row.flash_attention is True,
    )


def _step_column(rows: Sequence[MeasuredRow], decode: Model) -> Vector:
    whole = decode.constants(decode.coefficients)
    without = {device: decode.constants(coefficients) for device, coefficients in decode.by_device.items()}
    return _column(_step_seconds(row, without.get(row.device, whole)) for row in rows)


def _step_seconds(row: MeasuredRow, fitted: Fitted) -> float:
    """Time of a decoded token at an empty cache, which is what a pass takes whatever its tokens [s]."""
    constants = decode_constants(fitted, row.rates)
    built = None if row.row.built is None else row.row.built.isoformat()
    factor = slower(fitted.terms, row.wider, built, row.row.backend)
    return float(token_seconds(**_decode_inputs(row), **constants, slower=factor))


def _groups(rows: Sequence[MeasuredRow]) -> list[list[str]]:
    return [["all"] * len(rows), [row.wider for row in rows], [row.family for row in rows]]


def _slower_columns(rows: Sequence[MeasuredRow]) -> dict[str, Vector]:
    """Columns of what makes a row slower: the terms of older builds, and the back end."""
    builds = {
        term: _column(row.wider == wider and row.row.built is not None and row.row.built.isoformat() < before for row in rows)
        for term, (wider, before) in OLDER_BUILDS.items()
    }
    return {**builds, VULKAN: _column(backend_lean(row.wider, row.row.backend) for row in rows)}


def _column(values: Iterable[Any]) -> Vector:
    return np.array([float(value) for value in values])


def _columns(rows: Iterable[dict[str, float]]) -> dict[str, Vector]:
    listed = list(rows)
    return {name: _column(row[name] for row in listed) for name in listed[0]}
