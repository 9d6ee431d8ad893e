"""How long a model takes to load."""

from __future__ import annotations

import pandas as pd

from macros.estimate import estimate
from macros.formulas.units import GB
from macros.specs import Catalogue
from macros.tables import Column, table

DRIVES = ("hdd", "ssd-sata", "nvme-pcie3", "nvme-pcie4", "nvme-pcie5")
MODELS = ("llama-3.2-3b", "llama-3.1-8b", "qwen3-14b", "qwen3-32b", "llama-3.1-70b", "gpt-oss-120b", "qwen3-235b-a22b")


@table(
    id="load-time",
    title={"zh": "加载时间（Q4_K_M，先读进内存）", "en": "Load times (Q4_K_M, into RAM)"},
    key=["model"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        Column("size", {"zh": "大小", "en": "Size"}, unit="GB", digits=1),
        Column("hdd", {"zh": "机械硬盘", "en": "Hard disk"}, unit="s", digits=0),
        Column("ssd-sata", {"zh": "SATA 固态", "en": "SATA SSD"}, unit="s", digits=0),
        Column("nvme-pcie3", {"zh": "PCIe 3.0", "en": "PCIe 3.0"}, unit="s", digits=1),
        Column("nvme-pcie4", {"zh": "PCIe 4.0", "en": "PCIe 4.0"}, unit="s", digits=1),
        Column("nvme-pcie5", {"zh": "PCIe 5.0", "en": "PCIe 5.0"}, unit="s", digits=1),
        Column("cached", {"zh": "已缓存", "en": "Cached"}, unit="s", digits=1),
    ],
    formulas=("cold_load_seconds", "cached_load_seconds"),
)
def load_time(catalogue: Catalogue) -> pd.DataFrame:
    """The first time from each drive, and once the file is in the page cache."""
    rows = []
    for model in MODELS:
        row: dict[str, object] = {"model": model}
        for drive in DRIVES:
            question = {"model": model, "quant": "q4_k_m", "context": 4096, "cpu": "ryzen-5-7600x", "memory": "ddr5-5600", "drive": drive}
            found = estimate(question, catalogue)
            row |= {"size": found["weights"]["bytes"] / GB, drive: found["load"]["seconds"], "cached": found["load"]["cached_seconds"]}
        rows.append(row)
    return pd.DataFrame(rows, columns=["model", "size", *DRIVES, "cached"])
