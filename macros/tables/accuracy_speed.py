"""Predicted beside measured speeds: held out by device, by family, beside single constants, and the worst of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from macros.estimate.rates import Rates, measured_rates
from macros.estimate.work import model_work, output_work
from macros.formulas.decode import decode_ceiling
from macros.specs import Catalogue
from macros.specs.calibration import Calibration
from macros.specs.measurements import Decode, Prefill
from macros.tables import Column, Words, table

WORST = 20
PEERS: dict[str, tuple[Words, float]] = {
    "gguf-parser": ({"zh": "gguf-parser：带宽的全部", "en": "gguf-parser: all of the bandwidth"}, 1.0),
    "fitllm": ({"zh": "fitllm：75%", "en": "fitllm: 75 %"}, 0.75),
    "llmfit": ({"zh": "llmfit：55%", "en": "llmfit: 55 %"}, 0.55),
    "llm-cal": ({"zh": "llm-cal：50%", "en": "llm-cal: 50 %"}, 0.50),
}
"""Share of the bandwidth that other calculators take for all devices alike."""

KINDS: dict[str, Words] = {"decode": {"zh": "解码", "en": "Decode"}, "prefill": {"zh": "预填充", "en": "Prefill"}}
KIND = Column("kind", {"zh": "代号", "en": "Id"}, only_data=True)
SPEED = Column("speed", {"zh": "速度", "en": "Speed"}, under=True)
DEVICES = Column("devices", {"zh": "设备数", "en": "Devices"}, secondary=True)
ROWS = Column("rows", {"zh": "测量数", "en": "Measurements"}, secondary=True)
MEDIAN = Column("median", {"zh": "误差中位数", "en": "Median error"}, unit="%", digits=1)
NINETIETH = Column("ninetieth", {"zh": "误差第 90 百分位", "en": "90th percentile"}, unit="%", digits=1)
COVERED = Column("covered", {"zh": "落在所示范围内", "en": "Inside the range shown"}, unit="%", digits=0)
ERRORS = (SPEED, DEVICES, ROWS, MEDIAN, NINETIETH, COVERED)
"""What is told of the errors of a group of measurements."""
ALL: Words = {"zh": "全部", "en": "All"}


@dataclass(frozen=True)
class Compared:
    """One measured row and what was predicted of it by constants that never saw its device."""

    kind: str
    file: str
    index: int
    row: Decode | Prefill
    rates: Rates
    predicted: float
    ceiling: float
    """Bandwidth over the bytes that a token reads [1/s]."""

    @property
    def device(self) -> str:
        return self.rates.name

    @property
    def error(self) -> float:
        """Predicted over measured, less 1."""
        return self.predicted / self.row.tokens_per_second - 1


def compared(catalogue: Catalogue, kind: str) -> list[Compared]:
    """Every row that the stored fit compares; none where the data has moved on since and a refit is due.

    Args:
        catalogue: all records
        kind: decode or prefill

    Returns:
        Rows with their held-out predictions.
    """
    calibration: Calibration | None = catalogue.calibration.get(kind)
    if calibration is None:
        return []
    found = []
    for file, predictions in sorted(calibration.held_out.items()):
        rows = catalogue.measurements[file].rows if file in catalogue.measurements else []
        if len(rows) != len(predictions):
            continue
        for index, (row, predicted) in enumerate(zip(rows, predictions, strict=True)):
            if predicted is None or not isinstance(row, Decode | Prefill) or row.model is None or row.quant is None:
                continue
            rates = measured_rates(row, catalogue)
            read = model_work(row.model, row.quant, catalogue).weight_bytes()
            if isinstance(row, Decode) and row.without_output:
                read -= output_work(row.model, row.quant, catalogue).weight_bytes()
            ceiling = float(decode_ceiling(bytes_read=read, bandwidth=rates.bandwidth))
            found.append(Compared(kind, file, index, row, rates, predicted, ceiling))
    return found


def _by_device(rows: list[Compared], error: Callable[[Compared], float]) -> list[float]:
    """The median error of each device: a device with many rows counts once."""
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(row.device, []).append(abs(error(row)))
    return [median(errors) for errors in found.values()]


def _summary(rows: list[Compared], error: Callable[[Compared], float] = lambda row: row.error) -> dict[str, Any]:
    errors = _by_device(rows, error)
    return {
        "devices": len(errors),
        "rows": len(rows),
        "median": 100 * float(np.median(errors)),
        "ninetieth": 100 * float(np.quantile(errors, 0.9)),
    }


@table(
    id="accuracy-families",
    title={"zh": "留一设备误差，按系列", "en": "Leave-one-device-out error by family"},
    key=["kind", "family"],
    columns=[
        KIND,
        Column("family", {"zh": "系列代号", "en": "Id of the family"}),
        Column("name", {"zh": "系列", "en": "Family"}),
        *ERRORS,
    ],
)
def families(catalogue: Catalogue) -> pd.DataFrame:
    """Each device is predicted by constants fitted without it, and counts once."""
    rows: list[dict[str, Any]] = []
    for kind, name in KINDS.items():
        every = compared(catalogue, kind)
        stored = catalogue.calibration[kind].accuracy if kind in catalogue.calibration else {}
        groups: dict[str, list[Compared]] = {}
        for row in every:
            groups.setdefault(row.rates.family or "", []).append(row)
        for family, of in [("", every), *sorted(groups.items(), key=lambda item: (-len({row.device for row in item[1]}), item[0]))]:
            shown = catalogue.device_families[family].name.model_dump() if family else ALL
            if of:
                rows.append(
                    {
                        "kind": kind,
                        "family": family or "all",
                        "speed": name,
                        "name": shown,
                        **_summary(of),
                        "covered": 100 * stored[family or "all"].covered,
                    }
                )
    return pd.DataFrame(rows, columns=["kind", "family", "speed", "name", "devices", "rows", "median", "ninetieth", "covered"])


SELECTIONS: dict[str, Words] = {
    "all": {"zh": "全部（2023 年十一月以来的版本）", "en": "All (builds since November 2023)"},
    "since-2024": {"zh": "2024 年以来的版本", "en": "Builds since 2024"},
    "since-2025": {"zh": "2025 年以来的版本", "en": "Builds since 2025"},
    "llama.cpp": {"zh": "只看 llama.cpp 本身", "en": "llama.cpp itself only"},
    "graphics": {"zh": "只看 GPU", "en": "GPUs only"},
    "processors": {"zh": "只看处理器", "en": "Processors only"},
}
"""Selections that the fit measures itself by."""


@table(
    id="accuracy-selections",
    title={"zh": "留一设备误差，按版本与设备的种类", "en": "Leave-one-device-out error by build and kind of device"},
    key=["kind", "selection"],
    columns=[
        KIND,
        Column("selection", {"zh": "选择的代号", "en": "Id of the selection"}),
        Column("name", {"zh": "测量", "en": "Measurements"}),
        *ERRORS,
    ],
)
def selections(catalogue: Catalogue) -> pd.DataFrame:
    """The same fit, judged on part of the rows."""
    rows: list[dict[str, Any]] = []
    for kind, speed in KINDS.items():
        stored = catalogue.calibration[kind].accuracy if kind in catalogue.calibration else {}
        for selection, name in SELECTIONS.items():
            if selection in stored:
                of = stored[selection]
                shares = {"median": 100 * of.median, "ninetieth": 100 * of.ninetieth, "covered": 100 * of.covered}
                named = {"kind": kind, "selection": selection, "speed": speed, "name": name}
                rows.append({**named, "devices": of.devices, "rows": of.rows, **shares})
    return pd.DataFrame(rows, columns=["kind", "selection", "speed", "name", "devices", "rows", "median", "ninetieth", "covered"])


@table(
    id="accuracy-methods",
    title={"zh": "解码速度的误差：本指南与单一常数", "en": "Error of decode: this guide and single constants"},
    key=["method"],
    columns=[
        Column("method", {"zh": "代号", "en": "Id"}),
        Column("name", {"zh": "算法", "en": "Method"}),
        DEVICES,
        ROWS,
        MEDIAN,
        NINETIETH,
    ],
)
def methods(catalogue: Catalogue) -> pd.DataFrame:
    """The same rows for all; constants of one's own are fitted without the device, those of others are as they publish them."""
    rows = compared(catalogue, "decode")
    if not rows:
        return pd.DataFrame(columns=["method", "name", "devices", "rows", "median", "ninetieth"])
    found = [{"method": "this-guide", "name": {"zh": "本指南", "en": "This guide"}, **_summary(rows)}]
    one = _shares(rows, lambda row: "all")
    found.append(
        {
            "method": "one-constant",
            "name": {"zh": "一个常数", "en": "One constant"},
            **_summary(rows, lambda row: _off(row, one[row.device])),
        }
    )
    vendors = _shares(rows, lambda row: row.rates.wider)
    found.append(
        {
            "method": "constant-by-class",
            "name": {"zh": "每类设备一个常数", "en": "One constant for each class of devices"},
            **_summary(rows, lambda row: _off(row, vendors[row.device])),
        }
    )
    for peer, (name, share) in PEERS.items():
        errors = partial(_off, share=share)
        found.append({"method": peer, "name": name, **_summary(rows, errors)})
    return pd.DataFrame(found)


def _off(row: Compared, share: float) -> float:
    """Error of a constant share of the bandwidth."""
    return row.ceiling * share / row.row.tokens_per_second - 1


def _shares(rows: list[Compared], group: Callable[[Compared], str]) -> dict[str, float]:
    """Device -> the median share of the bandwidth that the other devices of its group reach; of all others where it is alone."""
    reached: dict[str, list[float]] = {}
    of: dict[str, str] = {}
    for row in rows:
        reached.setdefault(row.device, []).append(row.row.tokens_per_second / row.ceiling)
        of[row.device] = group(row)
    typical = {device: median(values) for device, values in reached.items()}
    found = {}
    for device in typical:
        others = [value for other, value in typical.items() if other != device and of[other] == of[device]]
        found[device] = median(others or [value for other, value in typical.items() if other != device])
    return found


def _row(row: Compared) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "device": row.device,
        "model": row.row.model,
        "quant": row.row.quant,
        "engine": row.row.engine,
        "measured": row.row.tokens_per_second,
        "predicted": row.predicted,
        "error": 100 * row.error,
    }


ROW_COLUMNS = [
    KIND,
    Column("device", {"zh": "设备", "en": "Device"}, only_data=True),
    Column("model", {"zh": "模型", "en": "Model"}, link="models", under=True),
    Column("quant", {"zh": "格式", "en": "Format"}, link="quantizations", under=True),
    Column("engine", {"zh": "引擎", "en": "Engine"}, under=True),
    Column("measured", {"zh": "测得", "en": "Measured"}, unit="tokens/s", digits=1),
    Column("predicted", {"zh": "预测", "en": "Predicted"}, unit="tokens/s", digits=1),
    Column("error", {"zh": "误差", "en": "Error"}, unit="%", digits=1),
]


@table(
    id="accuracy-rows",
    title={"zh": "逐行：预测与测得", "en": "Row by row: predicted and measured"},
    key=["file", "row"],
    columns=[
        Column("file", {"zh": "数据文件", "en": "Data file"}),
        Column("row", {"zh": "行", "en": "Row"}),
        *ROW_COLUMNS,
        Column("source", {"zh": "来源", "en": "Source"}, link="sources"),
    ],
)
def rows(catalogue: Catalogue) -> pd.DataFrame:
    """Every row compared; the chart and the machine-readable copy are made of these."""
    found = [
        {"file": row.file, "row": row.index, **_row(row), "source": row.row.source} for kind in KINDS for row in compared(catalogue, kind)
    ]
    return pd.DataFrame(found, columns=["file", "row", *(column.id for column in ROW_COLUMNS), "source"])


@table(
    id="accuracy-worst",
    title={"zh": "误差最大的二十行", "en": "The worst twenty rows"},
    key=["rank"],
    columns=[
        Column("rank", {"zh": "名次", "en": "Rank"}),
        Column("name", {"zh": "设备", "en": "Device"}),
        *ROW_COLUMNS,
        Column("cause", {"zh": "已知的原因", "en": "What is known of the cause"}),
    ],
)
def worst(catalogue: Catalogue) -> pd.DataFrame:
    """Of decode; by how many times predicted and measured differ."""
    every = sorted(compared(catalogue, "decode"), key=lambda row: -abs(np.log(row.predicted / row.row.tokens_per_second)))
    devices = {**catalogue.gpus, **catalogue.cpus}
    found = [
        {"rank": rank, "name": devices[row.device].name, **_row(row), "cause": _cause(row)} for rank, row in enumerate(every[:WORST], 1)
    ]
    return pd.DataFrame(found, columns=["rank", "name", *(column.id for column in ROW_COLUMNS), "cause"])


def _cause(row: Compared) -> Words:
    """What the row's note says, or what its kind makes likely."""
    if row.row.note is not None:
        note: Words = row.row.note.model_dump()
        return note
    if row.rates.is_processor and row.row.quant is not None and row.row.quant.startswith(("iq", "q2", "q3", "q5", "q6")):
        return {
            "zh": "处理器解开这种格式要花的运算比读它更久；公式对各种格式计同样多的运算",
            "en": "unpacking this format takes a processor longer than reading it; the formula counts the same arithmetic for every format",
        }
    if row.rates.is_processor:
        return {"zh": "内存速率、线程与 NUMA 设置未知", "en": "rate of the memory, threads and NUMA settings unknown"}
    if not row.rates.integer_dot:
        return {
            "zh": "没有整数点积指令的旧架构，各代差别很大",
            "en": "an old architecture without integer dot products; generations differ widely",
        }
    if row.row.engine == "ollama":
        return {"zh": "Ollama 的版本、上下文与卸载设置未知", "en": "version, context and offload settings of Ollama unknown"}
    return {"zh": "未知；同系列的其他设备没有这样的偏差", "en": "unknown; other devices of the family do not deviate so"}


@table(
    id="accuracy-left-out",
    title={"zh": "没有用来拟合的测量，及原因", "en": "Measurements not fitted to, and why"},
    key=["kind", "reason"],
    columns=[
        KIND,
        Column("reason", {"zh": "原因代号", "en": "Id of the reason"}),
        Column("name", {"zh": "原因", "en": "Reason"}),
        SPEED,
        dataclasses.replace(ROWS, secondary=False),
    ],
)
def left_out(catalogue: Catalogue) -> pd.DataFrame:
    """As the fit printed them."""

    def listed() -> Iterator[dict[str, Any]]:
        for kind, name in KINDS.items():
            calibration: Calibration | None = catalogue.calibration.get(kind)
            for reason, count in sorted(calibration.left_out.items(), key=lambda item: -item[1]) if calibration else []:
                yield {
                    "kind": kind,
                    "reason": reason,
                    "speed": name,
                    "name": REASONS.get(reason, {"zh": reason, "en": reason}),
                    "rows": count,
                }

    return pd.DataFrame(listed(), columns=["kind", "reason", "speed", "name", "rows"])


REASONS: dict[str, Words] = {
    "experts on the host": {"zh": "专家留在内存：由各部分合成，不用来拟合", "en": "experts in RAM: put together from parts, not fitted to"},
    "runs that differ by more than a fifth": {"zh": "各次运行相差五分之一以上", "en": "runs that differ by more than a fifth"},
    "quality: noisy": {"zh": "来源混合了不同条件", "en": "the source mixes unlike conditions"},
    "quality: anomalous": {"zh": "与同类结果相差太远，原因写在该行", "en": "far from like results, for a reason that the row states"},
    "quality: not-measured": {"zh": "厂商的说法，不是测量", "en": "a maker's statement, not a measurement"},
    "quality: incomplete": {"zh": "缺少设置", "en": "settings missing"},
    "another engine": {"zh": "另一种引擎", "en": "another engine"},
    "several devices": {"zh": "不止一台设备", "en": "several devices"},
    "part of the layers on the host": {"zh": "一部分层在内存", "en": "part of the layers in system memory"},
    "device without a record": {"zh": "设备不在本指南的记录里", "en": "a device that this guide has no record of"},
    "model without a record": {"zh": "模型不在本指南的记录里", "en": "a model that this guide has no record of"},
    "format without a record": {"zh": "没有写明格式", "en": "the format is not stated"},
    "several users": {"zh": "多人同时使用", "en": "several users at a time"},
    "a build older than November 2023": {"zh": "早于 2023 年十一月的版本", "en": "a build older than November 2023"},
}
"""Reasons of the fit, for readers."""
