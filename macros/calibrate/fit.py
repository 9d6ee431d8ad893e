"""Constants of the speed formulas from published measurements."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from macros.calibrate.regression import NOISE, Fit, Prediction, Quantity, Vector, common, factor, leaning, levels
from macros.calibrate.rows import Kind, MeasuredRow, measured_rows, on_devices
from macros.estimate.constants import Fitted, Group, decode_constants
from macros.estimate.speed_features import (
    OLDER_PARTS,
    OLDER_PROMPT_PARTS,
    STATE_BYTES,
    decode_features,
    decode_terms,
    layers_of,
    matrix_terms,
    moved_bytes,
    part_terms,
    prefill_features,
    prefill_terms,
    start_terms,
)
from macros.formulas.decode import token_seconds
from macros.formulas.prefill import prompt_seconds
from macros.specs import Catalogue
from macros.specs.measurements import Decode, Prefill

CACHE_BYTES = {"f32": 4.0, "fp8": 1.0, "fp8_e4m3": 1.0, "fp8_e5m2": 1.0}
"""Types of the cache that are no tensor types -> bytes of a value [bytes]."""

PROMPT_NOISE = 0.1
"""Scatter of one measured prompt about the next, as a share."""

TOLD = {
    "emulated_matrix": 3.2,
    "mixture_before_2026_06": 1.7,
    "mlx.without_bfloat": 1.34,
    "recurrence_before_2026_03": 3.3,
    "tiles_before_2026_09": 1.8,
    "metal_before_2026_08": 1.9,
    "vllm.slow_start": 1.3,
    "vulkan_before_2026_01": 1.5,
    "without_matrix_units": 2.5,
}
"""What those who mended or measured it say of a factor: issue 15233 of llama.cpp (7 TFLOPS by Vulkan, 2.2 by CUDA), pull 23142 of it,
issue 3154 of Rapid-MLX, pulls 1266 of ik_llama.cpp, 24546 of llama.cpp (prompts of 512 tokens a third to a half faster, where nearly half
of the time is that of a pass), 26570 of it (what 32,768 tokens in the cache add to a token), 18749 of it (the mean of three formats), issue
2040 of LM Studio (two to three times), vLLM's announcement of its V1 engine (up to 1.7 times the throughput; midway between none and
that)."""

BASE = "llama.cpp"
"""The engine that constants are stated for; the others have factors of their own."""


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
    noise: float = NOISE
    """Scatter of one measurement, as a share."""

    @cached_property
    def fit(self) -> Fit:
        """The least-squares problem."""
        observed = 1 / _column(row.row.tokens_per_second for row in self.rows)
        return Fit(self.quantities, self.predict, observed, [row.device for row in self.rows], self.noise)

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
        digest.update(f"{self.beside} {self.noise}".encode())
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
        """The constants that coefficients stand for; how far they are off is not known here."""
        terms: dict[str, float] = {}
        lineages = self._lineages()
        groups: dict[str, dict[str, float]] = {name: {} for name in lineages}
        for quantity, part in zip(self.quantities, self.fit.slices, strict=True):
            of = dict(zip(quantity.terms, coefficients[part], strict=True))
            if quantity.by_group:
                for name, lineage in lineages.items():
                    total = sum(of.get(group, 0.0) for group in lineage)
                    groups[name][quantity.name] = float(quantity.shape(np.exp(np.array(total))))
                inside = {group for lineage in lineages.values() for group in lineage}
                of = {term: value for term, value in of.items() if term not in inside}
            for term, value in of.items():
                shape = quantity.shape if term == quantity.name else _plain
                terms[term] = float(shape(np.exp(np.array(value))))
        return Fitted(terms, {name: Group(values, 0) for name, values in groups.items()}, {}, -1.0, 1.0, {})

    def _lineages(self) -> dict[str, tuple[str, ...]]:
        """Group -> the groups that it lies in, itself last."""
        found: dict[str, tuple[str, ...]] = {"all": ("all",)}
        for row in self.rows:
            found.setdefault(row.kin, ("all", row.kin))
            found.setdefault(row.wider, ("all", row.kin, row.wider))
            found.setdefault(row.family, ("all", row.kin, row.wider, row.generation, row.family))
        return dict(sorted(found.items()))


def _plain(value: Vector) -> Vector:
    return value


def decode_model(catalogue: Catalogue) -> Model:
    """Decode: bytes over bandwidth and efficiency, attention over the cache, and a time for each layer.

    Args:
        catalogue: all records

    Returns:
        The fitted model.
    """
    rows, left_out = measured_rows(catalogue, Decode)
    inputs, power = _columns(decode_inputs(row, catalogue) for row in rows), _column(row.power for row in rows)

    def predict(constants: dict[str, Vector]) -> Vector:
        seconds: Vector = token_seconds(**inputs, **{**constants, "slower": constants["slower"] * power})
        return seconds

    count, groups = len(rows), _groups(rows)
    by_generation = [*groups, [row.generation for row in rows]]
    layer_time = levels("layer_time", by_generation, 60e-6, (3.0, 0.3, 0.6, 0.4, 0.3))
    started = leaning(layer_time, _older(rows, OLDER_PARTS["layer_time"]) | _slow_starts(rows), 0.5, TOLD)
    recurrent = leaning(common("recurrent_factor", 1.0, 0.3, count), _engines(rows, "recurrent_factor"), 0.5)
    attention = levels("attention_cost", groups, 6.0, (0.7, 0.5, 0.3, 0.4))
    mixture = leaning(common("mixture_factor", 1.7, 0.4, count), _engines(rows, "mixture_factor"), 0.3)
    efficiency = levels("efficiency", groups, 0.12, (0.25, 0.3, 0.3, 0.3), shape=of_loss)
    quantities = [
        leaning(leaning(efficiency, _engines(rows, "efficiency"), 0.5), _kin(rows, "cores", "efficiency"), 0.8),
        leaning(started, _engines(rows, "layer_time"), 0.65),
        leaning(leaning(attention, _programs(rows, "attention_cost"), 0.7), _older(rows, OLDER_PARTS["attention_cost"]), 0.7, TOLD),
        leaning(common("core_cost", 3.0, 0.5, count), _programs(rows, "core_cost"), 0.7),
        common("cache_factor", 1.5, 0.5, count),
        leaning(mixture, _older(rows, OLDER_PARTS["mixture_factor"]), 1.0),
        leaning(common("beside_factor", 0.3, 0.5, count), _engines(rows, "beside_factor"), 0.3),
        leaning(recurrent, _kin(rows, "cores", "recurrent_factor"), 0.7),
        common("norm_factor", 0.5, 0.7, count),
        common("die_factor", 1.5, 0.3, count),
        leaning(common("dot_cost", 4.0, 0.7, count), _through(rows, "vulkan", "dot_cost"), 0.7),
        common("lookup_cost", 2.0, 0.5, count),
        factor("slower", _terms(decode_terms(row.rates, row.stack) for row in rows), 0.25, _free_of_token, TOLD),
    ]
    return Model("decode", rows, left_out, quantities, predict, predict, _several(catalogue, Decode))


def of_loss(loss: Vector) -> Vector:
    """The share of a peak that is left."""
    return 1 / (1 + loss)


def prefill_model(catalogue: Catalogue, decode: Model) -> Model:
    """Prefill: matrix products at their real size and attention over the rate that the family goes by, recurrences, and passes.

    Args:
        catalogue: all records
        decode: the fitted model of decode

    Returns:
        The fitted model; what follows from decode is that of constants fitted without the row's device, as all that is held out.
    """
    rows, left_out = measured_rows(catalogue, Prefill)
    known: list[dict[str, Vector]] = []
    inputs, power = _columns(prefill_inputs(row, 1.0) for row in rows), _column(row.power for row in rows)
    read, experts_read = inputs.pop("read_seconds"), inputs.pop("expert_read_seconds")

    def predict(constants: dict[str, Vector]) -> Vector:
        if not known:
            known.append(_passes(rows, decode))
        efficiency = known[0]["efficiency"]
        return seconds_of(constants, read / efficiency, experts_read / efficiency, known[0]["pass_seconds"])

    def trial(constants: dict[str, Vector]) -> Vector:
        nothing = np.zeros(len(rows))
        return seconds_of(constants, nothing, nothing, nothing)

    def seconds_of(constants: dict[str, Vector], read: Vector, experts: Vector, waiting: Vector) -> Vector:
        limited = {**constants, "slower": constants["slower"] * power}
        seconds: Vector = prompt_seconds(**inputs, **limited, read_seconds=read, expert_read_seconds=experts, pass_seconds=waiting)
        return seconds / inputs["prompt_tokens"]

    count, groups = len(rows), _groups(rows)
    recurrent, experts = common("recurrent_cost", 150.0, 1.0, count), levels("expert_factor", groups, 1.3, (0.4, 0.6, 0.2, 0.1))
    older_tiles = _older(rows, OLDER_PROMPT_PARTS["unpack_cost"])
    of_cores = {"cores.attention_cost_flash": _column(row.rates.is_processor and row.stack.program is None for row in rows)}
    utilisation = leaning(levels("utilisation", groups, 0.5, (3.0, 0.3, 0.4, 0.35)), _engines(rows, "utilisation"), 0.9)
    attention = leaning(levels("attention_cost_flash", groups, 2.0, (0.7, 1.0, 0.3, 0.2)), _engines(rows, "attention_cost_flash"), 0.7)
    quantities = [
        leaning(utilisation, _kin(rows, "cores", "utilisation"), 1.0),
        leaning(attention, of_cores, 1.5),
        common("attention_cost", 4.0, 0.5, count),
        common("cache_cost", 2.0, 1.0, count),
        common("score_cost", 20.0, 1.0, count),
        leaning(leaning(recurrent, _engines(rows, "recurrent_cost"), 1.5), _kin(rows, "cores", "recurrent_cost"), 1.0),
        common("scan_cost", 8.0, 0.3, count),
        leaning(levels("unpack_cost", groups, 60.0, (0.7, 0.6, 0.2, 0.1)), older_tiles, 1.0, TOLD),
        leaning(leaning(experts, _engines(rows, "expert_factor"), 0.4), _kin(rows, "cores", "expert_factor"), 0.5),
        common("activation_cost", 8.0, 0.7, count),
        common("pass_factor", 2.0, 0.5, count),
        factor("slower", _terms(prefill_terms(row.rates, row.stack) for row in rows) | _idle(rows), 0.2, _free, TOLD),
        factor("slower_matrices", _terms(matrix_terms(row.rates, row.stack) for row in rows), 0.2, _free),
    ]
    return Model(
        "prefill",
        rows,
        left_out,
        quantities,
        predict,
        trial,
        _several(catalogue, Prefill),
        follows_from=decode.fingerprint,
        noise=PROMPT_NOISE,
    )


def _several(catalogue: Catalogue, kind: type[Kind]) -> str:
    """Rows of several devices, as text."""
    rows = (row for row in on_devices(catalogue, kind) if len(row.gpus) > 1)
    return "\n".join(f"{row.model} {row.quant} {row.gpus} {row.engine} {row.build} {row.split} {row.tokens_per_second}" for row in rows)


def decode_inputs(row: MeasuredRow, catalogue: Catalogue) -> dict[str, float]:
    """What `token_seconds` needs of a row."""
    return decode_features(
        row.rates,
        row.work,
        cache_bytes=row.work.cache_bytes(row.depth, moved_bytes(cache_value_bytes(row.row.kv_type, catalogue), row.stack.backend)),
        weight_bytes=row.work.weight_bytes() + 2 * STATE_BYTES * row.work.state_values,
        attention_flop=row.work.attention_flop(row.depth),
        flash_attention=row.flash_attention,
        stack=row.stack,
    )


def cache_value_bytes(kv_type: str | None, catalogue: Catalogue) -> float:
    """Bytes of a value in a row's cache [bytes]; 16 bits where it names none."""
    known = catalogue.tensor_types.get(kv_type or "f16")
    return known.block_bytes / known.block if known is not None else CACHE_BYTES.get(kv_type or "", 2.0)


def prefill_inputs(row: MeasuredRow, efficiency: float) -> dict[str, float]:
    """What `prompt_seconds` needs of a row, but for the time of a pass."""
    return prefill_features(
        row.rates,
        row.work,
        prompt_tokens=row.prompt_tokens,
        depth=round(row.depth),
        ubatch=row.ubatch,
        flash_attention=row.flash_attention,
        stack=row.stack,
        efficiency=efficiency,
    )


def _passes(rows: Sequence[MeasuredRow], decode: Model) -> dict[str, Vector]:
    """What decode says of each row: the share of the bandwidth that is reached, and the time that layers take whatever their size."""
    whole = decode.constants(decode.coefficients)
    without = {device: decode.constants(coefficients) for device, coefficients in decode.by_device.items()}
    return _columns(pass_inputs(row, without.get(row.device, whole)) for row in rows)


def pass_inputs(row: MeasuredRow, fitted: Fitted) -> dict[str, float]:
    """The share of the bandwidth that weights are read at [1], and the time of layers for a token [s]."""
    constants = decode_constants(fitted, row.rates, row.stack.engine, row.stack.backend)
    return {"efficiency": constants["efficiency"], "pass_seconds": layers_of(row.rates, row.work, constants)}


def _groups(rows: Sequence[MeasuredRow]) -> list[list[str]]:
    return [["all"] * len(rows), [row.kin for row in rows], [row.wider for row in rows], [row.family for row in rows]]


def _engines(rows: Sequence[MeasuredRow], quantity: str) -> dict[str, Vector]:
    """Columns of the engines that have factors of their own."""
    others = sorted({row.stack.engine for row in rows} - {BASE})
    return {f"{engine}.{quantity}": _column(row.stack.engine == engine for row in rows) for engine in others}


def _kin(rows: Sequence[MeasuredRow], kin: str, quantity: str) -> dict[str, Vector]:
    """The column of a kind of devices: what cores reach of a peak has little to do with what graphics devices do."""
    return {f"{kin}.{quantity}": _column(row.kin == kin for row in rows)}


def _through(rows: Sequence[MeasuredRow], backend: str, quantity: str) -> dict[str, Vector]:
    """The column of a back end: Vulkan's shaders are compiled from one source for all vendors."""
    return {f"{backend}.{quantity}": _column(row.stack.backend == backend for row in rows)}


def _programs(rows: Sequence[MeasuredRow], quantity: str) -> dict[str, Vector]:
    """Columns of the programs that have factors of their own, on processors."""
    others = sorted({row.stack.program for row in rows if row.stack.program is not None and row.rates.is_processor})
    return {f"{program}.{quantity}": _column(row.stack.program == program for row in rows) for program in others}


def _older(rows: Sequence[MeasuredRow], of: Mapping[str, tuple[str, str, str, str | None]]) -> dict[str, Vector]:
    """Columns of the builds that a constant differs in."""
    found = {term: _column(term in part_terms(of, row.rates, row.stack) for row in rows) for term in of}
    return {term: column for term, column in found.items() if column.any()}


def _slow_starts(rows: Sequence[MeasuredRow]) -> dict[str, Vector]:
    """Columns of the engines whose older builds started layers slower."""
    names = sorted({term for row in rows for term in start_terms(row.stack)})
    return {name: _column(name in start_terms(row.stack) for row in rows) for name in names}


def _idle(rows: Sequence[MeasuredRow]) -> dict[str, Vector]:
    """The column of prompts that a device read without the matrix units that it has."""
    return {"without_matrix_units": _column(isinstance(row.row, Prefill) and row.row.matrix_units is False for row in rows)}


def _terms(powers: Iterable[Mapping[str, float]]) -> dict[str, Vector]:
    """Columns of what makes a row slower."""
    listed = list(powers)
    names = sorted({name for row in listed for name in row if not name.startswith(f"{BASE}.")})
    return {name: _column(row.get(name, 0.0) for row in listed) for name in names}


def _free(term: str) -> float:
    """How much freer a term is than others: programs, new kernels, formats without a fast path and tables change times, not shares."""
    wide = ("program.", "mixture_before", "recurrence_before", "bfloat", "lookup", "repacked", "sycl")
    if term.startswith(wide) or term.endswith(".without_bfloat"):
        return 4.0
    return 3.0 if "." in term and not term.startswith("vulkan.") else 1.0


def _free_of_token(term: str) -> float:
    """The same for a token: Vulkan over ROCm is read from few devices of a family, so that of all AMD devices leads."""
    return 0.4 if term.startswith("vulkan.") else _free(term)


def _column(values: Iterable[Any]) -> Vector:
    return np.array([float(value) for value in values])


def _columns(rows: Iterable[dict[str, float]]) -> dict[str, Vector]:
    listed = list(rows)
    return {name: _column(row[name] for row in listed) for name in listed[0]}
