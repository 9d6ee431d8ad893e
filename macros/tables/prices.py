"""Prices at launch, which do not go stale, and what they bought."""

from __future__ import annotations

from typing import Any

import pandas as pd

from macros.specs import Catalogue
from macros.tables import Column, table
from macros.tables.answers import ask

MODEL, QUANT, CONTEXT = "qwen3.5-9b", "q4_k_m", 4096
DEVICES = (
    "gtx-1080-ti", "rtx-2060", "rtx-2080-ti", "rtx-3060", "rtx-3070", "rtx-3080", "rtx-3090", "rtx-4060", "rtx-4060-ti", "rtx-4070",
    "rtx-4070-ti-super", "rtx-4080", "rtx-4090", "rtx-5060-ti-16gb", "rtx-5070", "rtx-5070-ti", "rtx-5080", "rtx-5090", "rx-6800-xt",
    "rx-7800-xt", "rx-7900-xtx", "rx-9070-xt", "arc-a770", "arc-b580",
)  # fmt: skip
"""Cards for everybody."""


@table(
    id="launch-prices",
    title={"zh": "发布价与它买到的", "en": "Launch price and what it bought"},
    key=["gpu"],
    columns=[
        Column("gpu", {"zh": "显卡", "en": "Card"}, link="gpus"),
        Column("released", {"zh": "发布", "en": "Released"}, secondary=True),
        Column("price", {"zh": "发布价", "en": "Launch price"}, unit="USD"),
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
