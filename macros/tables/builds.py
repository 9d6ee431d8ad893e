"""Whole machines: what each holds, how fast it is, what power it needs."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from macros.estimate import estimate
from macros.formulas.power import machine_watts, power_supply_watts
from macros.formulas.units import GIB
from macros.specs import Catalogue
from macros.specs.builds import Build
from macros.tables import Column, table
from macros.tables.cpu import DECODE, speeds


def _launch_sum(catalogue: Catalogue, gpus: Sequence[str]) -> float | None:
    """Prices of all cards at launch; None where one is not known, or there is no card [USD]."""
    prices = [catalogue.gpus[gpu].launch_price_usd for gpu in gpus]
    return sum(prices) if prices and all(price is not None for price in prices) else None


@table(
    id="builds",
    title={"zh": "按用途配的几台电脑", "en": "Computers by purpose"},
    key=["build"],
    columns=[
        Column("name", {"zh": "用途", "en": "Purpose"}),
        *DECODE,
        Column("cards", {"zh": "显卡", "en": "Cards"}),
        Column("cpu", {"zh": "处理器", "en": "Processor"}, link="cpus", secondary=True),
        Column("memory", {"zh": "内存", "en": "Memory"}, secondary=True),
        Column("ram", {"zh": "内存容量", "en": "RAM"}, unit="GiB", digits=0),
        Column("model", {"zh": "测试模型", "en": "Measured by"}, link="models"),
        Column("context", {"zh": "上下文", "en": "Context"}, secondary=True),
        Column(
            "cards_usd",
            {"zh": "显卡首发价之和", "en": "Cards at launch"},
            unit="USD",
            note={
                "zh": "各卡发布当天的美国价格之和；今天的价格请自己查",
                "en": "sum of launch prices in the United States; look up today’s",
            },
        ),
        Column("vram_taken", {"zh": "占用显存", "en": "VRAM taken"}, unit="GiB", digits=1),
        Column("ram_taken", {"zh": "占用内存", "en": "RAM taken"}, unit="GiB", digits=1),
        Column("supply", {"zh": "电源", "en": "Power supply"}, unit="W", digits=0),
        Column("build", {"zh": "编号", "en": "Id"}),
    ],
    formulas=("memory_seconds", "machine_watts", "power_supply_watts"),
)
def builds(catalogue: Catalogue) -> pd.DataFrame:
    """Examples, from small to large; no prices, which go stale."""
    rows = []
    known: list[Build] = sorted(catalogue.records["builds"].values(), key=lambda build: build.place)
    for build in known:
        question = {
            "model": build.task.model, "quant": build.task.quant, "context": build.task.context, "gpus": list(build.gpus), "cpu": build.cpu,
            "memory": build.memory, "memory_channels": build.memory_channels, "experts_on_host": build.task.experts_on_host,
            "ram_gib": build.ram_gib,
        }  # fmt: skip
        found = estimate(question, catalogue)
        host = found["host"]
        watts = machine_watts(
            gpu_watts=sum(catalogue.gpus[gpu].tdp_w or 0 for gpu in build.gpus), cpu_watts=catalogue.cpus[build.cpu].tdp_w or 0
        )
        rows.append(
            {
                "name": {"zh": build.name.zh, "en": build.name.en},
                **speeds(found),
                "cards": " + ".join(catalogue.gpus[gpu].name for gpu in build.gpus) or None,
                "cpu": build.cpu,
                "memory": f"{build.memory_channels} × {catalogue.memory[build.memory].name}",
                "ram": build.ram_gib,
                "model": build.task.model,
                "context": build.task.context,
                "cards_usd": _launch_sum(catalogue, build.gpus),
                "vram_taken": sum(device["memory_bytes"] for device in found["devices"]) / GIB,
                "ram_taken": (host["weights_bytes"] + host["kv_cache_bytes"] + host["compute_buffer_bytes"]) / GIB,
                "supply": power_supply_watts(machine_watts=watts),
                "build": build.id,
            }
        )
    return pd.DataFrame(rows)
