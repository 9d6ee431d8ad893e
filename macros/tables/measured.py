"""What others measured, beside what is computed elsewhere: loading, several cards, power of whole machines."""

from __future__ import annotations

from statistics import median
from typing import Any

import pandas as pd

from macros.estimate.work import model_work
from macros.formulas.power import tokens_per_joule
from macros.formulas.units import GB
from macros.specs import Catalogue
from macros.specs.measurements import Decode, Load, against_one
from macros.tables import Column, table

LEAST_ROWS = 3
GPU = Column("gpu", {"zh": "设备", "en": "Device"}, link="gpus")
ROWS = Column("rows", {"zh": "测量数", "en": "Measurements"})


@table(
    id="load-measured",
    title={"zh": "测得的载入速度", "en": "Loading as measured"},
    key=["gpu", "cached"],
    columns=[
        GPU,
        Column("cached", {"zh": "已缓存", "en": "Cached"}),
        ROWS,
        Column("slowest", {"zh": "最慢", "en": "Slowest"}, unit="GB/s", digits=2),
        Column("middle", {"zh": "中位数", "en": "Median"}, unit="GB/s", digits=2),
        Column("fastest", {"zh": "最快", "en": "Fastest"}, unit="GB/s", digits=2),
    ],
)
def load_measured(catalogue: Catalogue) -> pd.DataFrame:
    """Size of the file over the time to load it; machines with fewer than three measurements are left out."""
    rates: dict[tuple[str, bool], list[float]] = {}
    for file in catalogue.measurements.values():
        for row in file.rows:
            if isinstance(row, Load) and row.gpus and row.file_bytes and row.cached is not None and row.quality is None:
                rates.setdefault((row.gpus[0], row.cached), []).append(row.file_bytes / row.seconds / GB)
    return pd.DataFrame(
        {"gpu": gpu, "cached": cached, "rows": len(of), "slowest": min(of), "middle": median(of), "fastest": max(of)}
        for (gpu, cached), of in sorted(rates.items())
        if len(of) >= LEAST_ROWS
    )


@table(
    id="several-measured",
    title={"zh": "测得的多卡速度与一张卡之比", "en": "Several cards against one, as measured"},
    key=["split", "cards"],
    columns=[
        Column("split", {"zh": "拆分方式", "en": "Split"}),
        Column("cards", {"zh": "张数", "en": "Cards"}),
        ROWS,
        Column("slowest", {"zh": "最慢", "en": "Slowest"}, unit="×", digits=2),
        Column("middle", {"zh": "中位数", "en": "Median"}, unit="×", digits=2),
        Column("fastest", {"zh": "最快", "en": "Fastest"}, unit="×", digits=2),
    ],
)
def several_measured(catalogue: Catalogue) -> pd.DataFrame:
    """The same model, format, engine and build on one of the same cards is 1."""
    rows = (row for file in catalogue.measurements.values() for row in file.rows if isinstance(row, Decode))
    ratios: dict[tuple[str, int], list[float]] = {}
    for row, alone in against_one(rows):
        if row.split is not None:
            ratios.setdefault((row.split, len(row.gpus)), []).append(row.tokens_per_second / alone)
    return pd.DataFrame(
        {"split": split, "cards": cards, "rows": len(of), "slowest": min(of), "middle": median(of), "fastest": max(of)}
        for (split, cards), of in sorted(ratios.items())
    )


@table(
    id="cpu-formats",
    title={"zh": "各格式在少数线程上的解码速度（测得）", "en": "Decode of formats on few threads, as measured"},
    key=["cpu", "quant"],
    columns=[
        Column("cpu", {"zh": "处理器", "en": "Processor"}, link="cpus"),
        Column("quant", {"zh": "格式", "en": "Format"}, link="quantizations"),
        Column("threads", {"zh": "线程", "en": "Threads"}),
        Column("size", {"zh": "每个词元读", "en": "Read for each token"}, unit="GB", digits=1, secondary=True),
        Column("decode", {"zh": "解码", "en": "Decode"}, unit="tokens/s", digits=1),
        Column("drawn", {"zh": "实际读取带宽", "en": "Bandwidth drawn"}, unit="GB/s", digits=0),
    ],
)
def cpu_formats(catalogue: Catalogue) -> pd.DataFrame:
    """llama.cpp on two processors; where the bandwidth drawn falls, unpacking binds and not the memory."""
    rows = []
    for row in catalogue.measurements["cpu-formats"].rows:
        if isinstance(row, Decode) and row.engine in catalogue.engines and row.model and row.quant:
            size = model_work(row.model, row.quant, catalogue).weight_bytes() / GB
            named = {"cpu": row.cpu, "quant": row.quant, "threads": row.threads}
            rows.append({**named, "size": size, "decode": row.tokens_per_second, "drawn": size * row.tokens_per_second})
    return pd.DataFrame(rows).sort_values(["cpu", "size"], ascending=[True, False], ignore_index=True)


@table(
    id="power-measured",
    title={"zh": "测得的整机功耗与速度", "en": "Power of whole machines and their speed, as measured"},
    key=["gpu", "model", "wall"],
    columns=[
        GPU,
        Column("model", {"zh": "模型", "en": "Model"}, link="models", under=True),
        Column("wall", {"zh": "插座处功耗", "en": "Power at the wall"}, unit="W", digits=0),
        Column("idle", {"zh": "空闲时", "en": "Idle"}, unit="W", digits=0),
        Column("decode", {"zh": "解码", "en": "Decode"}, unit="tokens/s", digits=1),
        Column("per_watt", {"zh": "每瓦", "en": "For each watt"}, unit="tokens/J", digits=2),
    ],
    formulas=("tokens_per_joule",),
)
def power_measured(catalogue: Catalogue) -> pd.DataFrame:
    """The whole machine, with its processor and losses of the supply."""
    rows: list[dict[str, Any]] = []
    for file in catalogue.measurements.values():
        for row in file.rows:
            if isinstance(row, Decode) and row.wall_watts is not None and len(row.gpus) == 1 and row.model is not None:
                rows.append(
                    {
                        "gpu": row.gpus[0],
                        "model": row.model,
                        "wall": row.wall_watts,
                        "idle": row.idle_watts,
                        "decode": row.tokens_per_second,
                        "per_watt": tokens_per_joule(tokens_per_second=row.tokens_per_second, watts=row.wall_watts),
                    }
                )
    return pd.DataFrame(rows).sort_values(["model", "gpu", "wall"], ignore_index=True)
