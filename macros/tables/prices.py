"""Prices at launch, which do not go stale, and what they bought."""

from __future__ import annotations

from typing import Any

import pandas as pd

from macros.specs import Catalogue
from macros.tables import Column, table
from macros.tables.answers import ask
from macros.tables.headlines import headline_devices
from macros.tables.what_runs import of_machine

MODEL, QUANT, CONTEXT = "qwen3.5-9b", "q4_k_m", 4096
DEVICES = (
    "gtx-1080-ti", "rtx-2060", "rtx-2080-ti", "rtx-3060", "rtx-3070", "rtx-3080", "rtx-3090", "rtx-4060", "rtx-4060-ti", "rtx-4070",
    "rtx-4070-ti-super", "rtx-4080", "rtx-4090", "rtx-5060-ti-16gb", "rtx-5070", "rtx-5070-ti", "rtx-5080", "rtx-5090", "rx-6800-xt",
    "rx-7800-xt", "rx-7900-xtx", "rx-9070-xt", "arc-a770", "arc-b580",
)  # fmt: skip
"""Cards for everybody."""


@table(
    id="launch-prices",
    title={"zh": "首发价与它买到的", "en": "Launch price and what it bought"},
    key=["gpu"],
    columns=[
        Column("gpu", {"zh": "显卡", "en": "Card"}, link="gpus"),
        Column("released", {"zh": "发布", "en": "Released"}, secondary=True),
        Column("price", {"zh": "首发价", "en": "Launch price"}, unit="USD"),
        Column("memory", {"zh": "每千美元显存", "en": "VRAM for 1,000 USD"}, unit="GiB", digits=1),
        Column("bandwidth", {"zh": "每千美元带宽", "en": "Bandwidth for 1,000 USD"}, unit="GB/s", digits=0),
        Column(
            "decode",
            {"zh": "每千美元速度（Qwen3.5 9B，Q4_K_M）", "en": "Decode for 1,000 USD (Qwen3.5 9B, Q4_K_M)"},
            unit="tokens/s",
            digits=0,
        ),
    ],
)
def launch_prices(catalogue: Catalogue) -> pd.DataFrame:
    """Prices of the day of launch, which do not go stale; today's price goes into the calculator."""
    rows: list[dict[str, Any]] = []
    for gpu in DEVICES:
        record = catalogue.gpus[gpu]
        if record.launch_price_usd is None or record.released is None:
            continue
        thousands = record.launch_price_usd / 1000
        answer = ask(catalogue, model=MODEL, quant=QUANT, context=CONTEXT, gpus=[gpu], gpu_layers=9999)
        rows.append(
            {
                "gpu": gpu,
                "released": record.released.isoformat(),
                "price": record.launch_price_usd,
                "memory": record.largest_memory_gib / thousands,
                "bandwidth": record.bandwidth_gb_per_s / thousands,
                "decode": answer.decode / thousands if answer is not None and answer.fits and answer.decode is not None else None,
            }
        )
    return pd.DataFrame(rows)


TIERS = (300, 450, 600, 800, 1200, 2000, 4000, 10000)
"""Budgets for one card [USD]."""


@table(
    id="budget",
    title={"zh": "一张卡的预算：首发价以内显存最大的", "en": "A budget for one card: the most VRAM within its launch price"},
    key=["budget"],
    columns=[
        Column("budget", {"zh": "预算", "en": "Budget"}, unit="USD"),
        Column("gpu", {"zh": "显卡", "en": "Card"}, link="gpus"),
        Column("memory", {"zh": "显存", "en": "VRAM"}, unit="GiB", digits=0),
        Column("model", {"zh": "该运行", "en": "Runs"}, link="models"),
        Column("decode", {"zh": "解码", "en": "Decode"}, unit="tokens/s"),
        Column("price", {"zh": "首发价", "en": "Launch price"}, unit="USD", secondary=True),
        Column("released", {"zh": "发布", "en": "Released"}, secondary=True),
    ],
    formulas=("memory_seconds", "layer_seconds"),
)
def budget(catalogue: Catalogue) -> pd.DataFrame:
    """Of the cards shown first; among those of equal memory the one with more bandwidth. The model is the first of the home page's rule."""
    cards = [gpu for gpu in (catalogue.gpus[name] for name in headline_devices(catalogue)) if gpu.kind == "card" and gpu.launch_price_usd]
    rows: list[dict[str, Any]] = []
    for tier in TIERS:
        within = [gpu for gpu in cards if (gpu.launch_price_usd or 0) <= tier]
        if not within:
            continue
        best = max(within, key=lambda gpu: (gpu.largest_memory_gib, gpu.bandwidth_gb_per_s))
        if rows and rows[-1]["gpu"] == best.id:
            continue
        runs = of_machine(catalogue, gpu=best.id, memory_gib=None, ram_gib=None)
        rows.append(
            {
                "budget": tier,
                "gpu": best.id,
                "memory": best.largest_memory_gib,
                "model": runs[0]["model"] if runs else None,
                "decode": runs[0]["decode"] if runs else None,
                "price": best.launch_price_usd,
                "released": best.released.isoformat() if best.released else None,
            }
        )
    return pd.DataFrame(rows)
