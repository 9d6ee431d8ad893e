"""What llama.cpp reported of its memory in published logs, beside what the formulas say of the same setting today."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from macros.estimate import check_setting, place
from macros.estimate.question import FIRST_BUILT
from macros.formulas.units import MIB
from macros.specs import Catalogue
from macros.specs.measurements import MemoryUse
from macros.tables import Column, table
from macros.tables.accuracy_memory import PARTS, ROOMY, relative_error

LOGGED = {
    "weights": PARTS["weights"],
    "kv_cache": PARTS["kv_cache"],
    "compute_buffer": {"zh": "计算缓冲区", "en": "compute buffer"},
    "total": PARTS["total"],
}
"""What logs report, over all devices."""
OLDEST = FIRST_BUILT
"""No build that is known apart is as old: logs without a date are of older ones."""


def logged_rows(catalogue: Catalogue) -> Iterator[tuple[str, MemoryUse]]:
    """Published logs that say all that a prediction needs.

    Args:
        catalogue: the records

    Returns:
        (id of the file, row), one by one.
    """
    for file in catalogue.measurements.values():
        for row in file.rows:
            if isinstance(row, MemoryUse) and row.model and row.quant and row.parts_mib and "devices" in row.parts_mib:
                yield file.id, row


def question_of(row: MemoryUse) -> dict[str, Any]:
    """The question to `estimate` that a log answers.

    Args:
        row: a published log

    Returns:
        Keys and values of a question.

    Assumes: split by rows, several devices hold together what one would; cache and buffers are on the first.
    """
    question: dict[str, Any] = {"model": row.model, "quant": row.quant, "profile": row.profile, "gpu_layers": 9999}
    given = {"context": row.context, "ubatch": row.ubatch, "flash_attention": row.flash_attention, "kv_type": row.kv_type}
    question |= {key: value for key, value in given.items() if value is not None}
    question["built"] = row.built.isoformat() if row.built is not None else OLDEST
    question["gpus"] = [ROOMY] * (1 if row.split == "row" else len(row.gpus))
    return question


def log_errors(catalogue: Catalogue) -> pd.DataFrame:
    """Every published log beside what the formulas say, part by part.

    Args:
        catalogue: the records

    Returns:
        One row a log and part: file, build, model, the setting, predicted and reported [bytes], error [1].
    """
    rows: list[dict[str, Any]] = []
    known: dict[str, dict[str, int]] = {}
    for file, row in logged_rows(catalogue):
        question = question_of(row)
        if repr(question) not in known:
            devices = place(check_setting(question, catalogue), catalogue).devices
            predicted = {part: sum(getattr(share, f"{part}_bytes") for share in devices) for part in LOGGED if part != "total"}
            known[repr(question)] = predicted | {"total": sum(predicted.values())}
        reported = dict((row.parts_mib or {})["devices"])
        # Some logs add what the back end takes outside the buffers; the sum of the parts leaves it out everywhere.
        reported["total"] = sum(reported.values())
        rows += [
            {
                "file": file,
                "build": row.build or "",
                "built": row.built,
                "model": row.model,
                "quant": row.quant,
                "gpus": f"{len(row.gpus)} × {row.gpus[0]}",
                "source": row.source,
                "context": row.context,
                "part": part,
                "predicted": known[repr(question)][part] / MIB,
                "reported": value,
                "error": relative_error(known[repr(question)][part], value * MIB),
            }
            for part, value in reported.items()
            if value > 0
        ]
    return pd.DataFrame(rows)


@table(
    id="memory-logs-accuracy",
    title={"zh": "预测值与公开日志，按版本", "en": "Predicted beside published logs, by version"},
    key=["case"],
    columns=[
        Column("case", title={"zh": "编号", "en": "case"}),
        Column("logs", title={"zh": "日志", "en": "logs"}),
        Column("part", title={"zh": "部分", "en": "part"}, under=True),
        Column("median", unit="%", title={"zh": "误差中位数", "en": "median error"}, digits=2),
        Column("percentile_90", unit="%", title={"zh": "第 90 百分位误差", "en": "90th percentile error"}, digits=2),
        Column("rows", title={"zh": "条数", "en": "rows"}, digits=0, secondary=True),
        Column("worst", unit="%", title={"zh": "最大误差", "en": "worst error"}, digits=2),
    ],
    formulas=("compute_buffer_bytes", "cache_bytes", "tensor_bytes"),
)
def memory_logs_accuracy(catalogue: Catalogue) -> pd.DataFrame:
    """Errors against published logs, file by file and part by part."""
    errors = log_errors(catalogue)
    groups = errors.assign(size=errors["error"].abs() * 100).groupby(["file", "part"], sort=False)["size"]
    frame = pd.DataFrame(
        {"rows": groups.size(), "median": groups.median(), "percentile_90": groups.quantile(0.9), "worst": groups.max()}
    ).reset_index()
    order = {name: number for number, name in enumerate([*sorted(frame["file"].unique()), *LOGGED])}
    frame = frame.loc[frame[["file", "part"]].map(lambda name: order[name]).sort_values(["file", "part"]).index].reset_index(drop=True)
    frame.insert(0, "case", frame["file"] + "-" + frame["part"].str.replace("_", "-"))
    frame.insert(1, "logs", frame["file"].map(lambda name: catalogue.measurements[name].title.model_dump()))
    frame["part"] = frame["part"].map(LOGGED)
    return frame.drop(columns="file")


@table(
    id="memory-logs",
    title={"zh": "预测值与公开日志，逐条", "en": "Predicted beside published logs, row by row"},
    key=["row"],
    columns=[
        Column("row", title={"zh": "序号", "en": "row"}, digits=0),
        Column("model", title={"zh": "模型", "en": "model"}, link="models"),
        Column("quant", title={"zh": "量化", "en": "quantization"}, link="quantizations"),
        Column("gpus", title={"zh": "GPU", "en": "GPU"}),
        Column("build", title={"zh": "版本", "en": "build"}),
        Column("context", unit="tokens", title={"zh": "上下文", "en": "context"}, digits=0),
        Column("part", title={"zh": "部分", "en": "part"}),
        Column("predicted", unit="MiB", title={"zh": "预测值", "en": "predicted"}, digits=2),
        Column("reported", unit="MiB", title={"zh": "日志报告值", "en": "reported in the log"}, digits=2),
        Column("error", unit="%", title={"zh": "误差", "en": "error"}, digits=2),
        Column("source", title={"zh": "来源", "en": "source"}, link="sources"),
    ],
    formulas=("compute_buffer_bytes", "cache_bytes", "tensor_bytes"),
)
def memory_logs(catalogue: Catalogue) -> pd.DataFrame:
    """Every published log and part beside the prediction."""
    frame = log_errors(catalogue)
    frame.insert(0, "row", frame.index + 1)
    frame["part"] = frame["part"].map(LOGGED)
    frame["error"] = frame["error"] * 100
    columns = ["row", "model", "quant", "gpus", "build", "context", "part", "predicted", "reported", "error", "source"]
    return frame[columns]
