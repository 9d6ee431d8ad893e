"""Fits as data: what `python -m macros fit` writes to data/calibration, and what has moved since it did."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from macros.calibrate import serving, speculation, whole
from macros.calibrate.accuracy import Scatter
from macros.calibrate.fit import BASE, Model, decode_model, prefill_model
from macros.calibrate.rows import MeasuredRow
from macros.calibrate.several import BOUNDARY_TERM, EXCHANGE_TERM, LINK_TERM, PIPELINE_TERM, several_terms
from macros.estimate.constants import Fitted
from macros.estimate.speed_range import DEEP
from macros.specs import Catalogue
from macros.specs.calibration import Calibration
from macros.specs.models import architecture_of
from macros.specs.record import with_checksum

TITLES = {
    "decode": {"zh": "解码速度公式的常数", "en": "Constants of the decode formula"},
    "prefill": {"zh": "提示处理速度公式的常数", "en": "Constants of the prefill formula"},
}
HEADER = "# Written by `python -m macros fit`; change data/measurements instead and run it again.\n"

MOVED = 0.005
"""A constant that moves by less is not worth a line."""

SELECTIONS = {
    "all": lambda row: True,
    "graphics": lambda row: not row.rates.is_processor,
    "processors": lambda row: row.rates.is_processor,
    "llama.cpp": lambda row: row.row.engine == "llama.cpp",
    "since-2024": lambda row: row.row.built is None or row.row.built >= date(2024, 1, 1),
    "since-2025": lambda row: row.row.built is None or row.row.built >= date(2025, 1, 1),
    "geforce-30-to-50": lambda row: row.family in ("ga102-gf", "ada-gf", "bw-gf"),
    "apple": lambda row: row.wider == "apple-unified",
}
"""Selection of rows -> which belong to it. Rows without a date come from threads that opened in December 2024 or later: recent ones."""


def _plain(row: MeasuredRow) -> bool:
    """A graphics device with the engine that constants are stated for."""
    return not row.rates.is_processor and row.stack.engine == BASE


def _deep(row: MeasuredRow) -> bool:
    return (row.row.depth or 0) >= DEEP


CLASSES = {
    "class-dense": lambda row: _plain(row) and row.model_class == "dense" and not _deep(row),
    "class-dense-deep": lambda row: _plain(row) and row.model_class == "dense" and _deep(row),
    "class-mixture": lambda row: _plain(row) and row.model_class == "mixture" and not _deep(row),
    "class-mixture-deep": lambda row: _plain(row) and row.model_class == "mixture" and _deep(row),
    "class-hybrid": lambda row: _plain(row) and row.model_class == "hybrid" and not _deep(row),
    "class-hybrid-deep": lambda row: _plain(row) and row.model_class == "hybrid" and _deep(row),
    "class-deep": lambda row: _plain(row) and _deep(row),
    "class-processors": lambda row: row.rates.is_processor and row.stack.program is None,
    "class-processors-ik": lambda row: row.rates.is_processor and row.stack.program is not None,
    "class-vllm": lambda row: row.stack.engine == "vllm",
    "class-mlx": lambda row: row.stack.engine == "mlx",
    "class-mlx-lm": lambda row: row.stack.engine == "mlx" and row.stack.program is None,
    "backend-cuda": lambda row: _plain(row) and row.kin == "nvidia" and row.row.backend in (None, "cuda"),
    "backend-metal": lambda row: _plain(row) and row.kin == "apple",
    "backend-rocm": lambda row: _plain(row) and row.row.backend == "rocm",
    "backend-vulkan": lambda row: _plain(row) and row.row.backend == "vulkan",
    "backend-sycl": lambda row: _plain(row) and row.row.backend == "sycl",
}
"""Classes of models, engines and back ends that readers ask for -> which rows belong to each."""


def models(catalogue: Catalogue) -> tuple[Model, Model]:
    """Decode and prefill, not solved yet."""
    decode = decode_model(catalogue)
    return decode, prefill_model(catalogue, decode)


def record(model: Model, catalogue: Catalogue) -> dict[str, Any]:
    """A fit as data/calibration holds it.

    Args:
        model: the fit
        catalogue: all records

    Returns:
        The record.
    """
    scatter = Scatter(model)
    fitted = scatter.ranged(model.constants(model.coefficients))
    terms = {**fitted.terms, **several_terms(model.name, catalogue, fitted)}
    rows_of = {name: sum(name in ("all", row.kin, row.wider, row.family) for row in model.rows) for name in fitted.groups}
    held_out: dict[str, list[float | None]] = {file: [None] * len(catalogue.measurements[file].rows) for file in _files(model)}
    for row, predicted in zip(model.rows, scatter.predicted, strict=True):
        held_out[row.file][row.index] = _short(predicted, 4)
    accuracy = {}
    for name, belongs in (
        *SELECTIONS.items(),
        *CLASSES.items(),
        *((family, _of_family(family)) for family in sorted({row.family for row in model.rows})),
    ):
        chosen = np.array([belongs(row) for row in model.rows])
        if chosen.any():
            accuracy[name] = {key: _short(value, 4) for key, value in scatter.accuracy(chosen).model_dump().items()}
    return {
        "title": TITLES[model.name],
        "as_of": max(catalogue.sources[str(row.row.source)].accessed for row in model.rows),
        "fingerprint": model.fingerprint,
        "rows": len(model.rows),
        "left_out": {reason: len(places) for reason, places in sorted(model.left_out.items())},
        "parts": _parts(model, catalogue),
        "terms": {name: _short(value, 5) for name, value in sorted(terms.items())},
        "groups": {
            name: {
                "devices": group.devices,
                "rows": rows_of[name],
                "values": {key: _short(value, 5) for key, value in sorted(group.values.items())},
            }
            for name, group in fitted.groups.items()
        },
        "spreads": {
            name: {"devices": found.devices, "rows": rows, "squares": _short(found.squares, 5)}
            for name, (found, rows) in scatter.spreads().items()
        },
        "low": _short(fitted.low, 4),
        "high": _short(fitted.high, 4),
        "ends": {name: [_short(end, 4) for end in ends] for name, ends in fitted.ends.items()},
        "accuracy": accuracy,
        "held_out": held_out,
    }


def _parts(model: Model, catalogue: Catalogue) -> list[str]:
    """Unusual parts that models of the rows have."""
    measured = {str(row.row.model) for row in model.rows}
    return sorted({part for name in measured for part in architecture_of(catalogue.models[name], catalogue.models).unusual_parts})


def write(catalogue: Catalogue, root: Path, *, every_row: bool = False) -> list[str]:
    """Fit both formulas and store the constants.

    Args:
        catalogue: all records
        root: data/
        every_row: name each row left out, not only how many there are

    Returns:
        What there is to say of it, line by line: rows used and left out, errors, constants that moved.
    """
    told = []
    (root / "calibration").mkdir(exist_ok=True)
    fitted = dict(catalogue.calibration)
    for model in models(catalogue):
        made = record(model, catalogue)
        fitted[model.name] = Calibration.model_validate({"id": model.name, **made})
        told += [f"{model.name}: {made['rows']} rows of {made['groups']['all']['devices']} devices, fingerprint {made['fingerprint']}"]
        for reason, places in sorted(model.left_out.items()):
            told.append(f"  left out {len(places)}: {reason}")
            told += [f"    data/measurements/{place}" for place in places if every_row]
        told += [
            f"  {name}: median {of['median']:.1%}, 90th percentile {of['ninetieth']:.1%}, in range {of['covered']:.0%}, "
            f"bias {of['bias']:+.1%} ({of['devices']} devices, {of['rows']} rows)"
            for name, of in made["accuracy"].items()
            if name in SELECTIONS or name in CLASSES
        ]
        told += [f"  {line}" for line in fallen_back(model, catalogue)]
        told += [f"  {line}" for line in moved(catalogue.calibration.get(model.name), model.constants(model.coefficients))]
        _store(root, model.name, made)
    for beside in (serving, speculation):
        made = beside.record(Catalogue({**catalogue.records, "calibration": fitted}, catalogue.files))
        fitted[beside.NAME] = Calibration.model_validate({"id": beside.NAME, **made})
        _store(root, beside.NAME, made)
        told += [f"{beside.NAME}: {made['rows']} rows, {', '.join(f'{name} {value}' for name, value in made['terms'].items())}"]
    return told


def _store(root: Path, name: str, made: Mapping[str, Any]) -> None:
    text = HEADER + _yaml(made)
    text = with_checksum(text, Calibration.model_validate({"id": name, **yaml.safe_load(text)}).computed_checksum())
    (root / "calibration" / f"{name}.yaml").write_text(text, "utf-8")


def wholes(catalogue: Catalogue, *, every_row: bool = False) -> Iterator[str]:
    """How far off answers are where they are put together from parts: experts in RAM, several users.

    Args:
        catalogue: all records
        every_row: name each row left out, not only how many there are

    Yields:
        Lines to print.
    """
    compared, left_out = whole.compared(catalogue)
    yield f"put together from parts: {len(compared)} figures that the formulas are not fitted to"
    for reason, places in sorted(left_out.items()):
        yield f"  left out {len(places)}: {reason}"
        yield from (f"    data/measurements/{place}" for place in places if every_row)
    for name in whole.CLASSES:
        rows = [row for row in compared if row.of == name]
        if rows:
            of = whole.accuracy(rows)
            yield (
                f"  {name}: median {of.median:.1%}, 90th percentile {of.ninetieth:.1%}, in range {of.covered:.0%}, bias {of.bias:+.1%} "
                f"({of.devices} devices, {of.rows} rows)"
            )


def fallen_back(model: Model, catalogue: Catalogue) -> Iterator[str]:
    """Families of devices that nobody measured, and the class whose constants they take.

    Args:
        model: the fit
        catalogue: all records

    Yields:
        A line for each class.
    """
    measured = {row.family for row in model.rows}
    classes = {row.wider for row in model.rows} | {row.kin for row in model.rows}
    found: dict[str, list[str]] = {}
    for device in (*catalogue.gpus.values(), *catalogue.cpus.values()):
        if device.family not in measured:
            family = catalogue.device_families[device.family]
            kin = "cores" if device.id in catalogue.cpus else family.wider.split("-")[0]
            wider = next((group for group in (family.wider, kin) if group in classes), "all")
            families = found.setdefault(wider, [])
            if device.family not in families:
                families.append(device.family)
    for wider, families in sorted(found.items()):
        yield f"no rows of {', '.join(sorted(families))}: they take the constants of {wider}"


def refitted(catalogue: Catalogue) -> Catalogue:
    """The same records with constants fitted anew, nothing written.

    Args:
        catalogue: all records

    Returns:
        A catalogue whose constants follow from its measurements.
    """
    made = dict(catalogue.calibration)
    made |= {model.name: Calibration.model_validate({"id": model.name, **record(model, catalogue)}) for model in models(catalogue)}
    return Catalogue({**catalogue.records, "calibration": made}, catalogue.files)


def due(catalogue: Catalogue) -> list[str]:
    """Whether the stored constants still follow from the data, and what a refit would change.

    Args:
        catalogue: all records

    Returns:
        Nothing where they do; else a line that says so, and one for each constant that would move.
    """
    told = []
    for model in models(catalogue):
        stored: Calibration | None = catalogue.calibration.get(model.name)
        if stored is not None and stored.fingerprint == model.fingerprint:
            continue
        told.append(
            f"data/calibration/{model.name}.yaml: refit due ({_count(stored)} -> {len(model.rows)} rows): run `python -m macros fit`"
        )
        told += [f"  {line}" for line in moved(stored, model.constants(model.coefficients))]
    for beside in (serving, speculation):
        stored = catalogue.calibration.get(beside.NAME)
        if stored is None or stored.fingerprint != beside.fingerprint(catalogue):
            told.append(f"data/calibration/{beside.NAME}.yaml: refit due: run `python -m macros fit`")
    return told


def moved(stored: Calibration | None, fitted: Fitted) -> Iterator[str]:
    """Constants that differ between a stored fit and a new one."""
    if stored is None:
        return
    before = {f"{name} {key}": value for name, group in stored.groups.items() for key, value in group.values.items()} | {
        name: value for name, value in stored.terms.items() if name not in (BOUNDARY_TERM, EXCHANGE_TERM, LINK_TERM, PIPELINE_TERM)
    }
    after = {f"{name} {key}": value for name, group in fitted.groups.items() for key, value in group.values.items()} | dict(fitted.terms)
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old is None or new is None:
            yield f"{name}: {'none' if old is None else f'{old:.4g}'} -> {'none' if new is None else f'{new:.4g}'}"
        elif abs(new / old - 1) > MOVED:
            yield f"{name}: {old:.4g} -> {new:.4g} ({new / old - 1:+.1%})"


def _of_family(family: str) -> Any:
    return lambda row: row.family == family


def _files(model: Model) -> list[str]:
    return sorted({row.file for row in model.rows})


def _count(stored: Calibration | None) -> int:
    return 0 if stored is None else stored.rows


def _short(value: float, digits: int) -> float:
    return value if isinstance(value, int) else float(f"{value:.{digits}g}")


def _yaml(value: Mapping[str, Any], indent: str = "") -> str:
    """Keys over lines, lists and the innermost mappings on one."""
    lines = []
    for key, item in value.items():
        if isinstance(item, Mapping) and any(isinstance(inner, Mapping | list) for inner in item.values()):
            lines.append(f"{indent}{key}:\n{_yaml(item, indent + '  ')}".rstrip())
        else:
            lines.append(f"{indent}{key}: {_flow(item)}")
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[\w.-]+", name) else f'"{name}"'


def _flow(value: Any) -> str:
    match value:
        case Mapping():
            return "{" + ", ".join(f"{_key(key)}: {_flow(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(_flow(item) for item in value) + "]"
        case None:
            return "null"
        case float():
            text = f"{value:.10f}".rstrip("0") if abs(value) < 1e-3 else repr(value)
            return text + "0" if text.endswith(".") else text
        case str():
            return f'"{value}"'
        case _:
            return str(value)
