"""How long a model takes to load."""

from __future__ import annotations

import pandas as pd

from macros.estimate import estimate
from macros.formulas.units import GB
from macros.specs import Catalogue
from macros.tables import Column, table
from macros.tables.headlines import quant_of

DRIVES = ("hdd", "ssd-sata", "nvme-pcie3", "nvme-pcie4", "nvme-pcie5")
MODELS = ("qwen3.5-4b", "qwen3.5-9b", "gpt-oss-20b", "qwen3.8-27b", "qwen3.6-35b-a3b", "llama-3.3-70b", "gpt-oss-120b", "minimax-m2.7-230b")


@table(
    id="load-time",
    title={"zh": "加载时间（4 位，先读进内存）", "en": "Load times (4-bit, into RAM)"},
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
        asked = {"model": model, "quant": quant_of(catalogue, model), "context": 4096, "cpu": "ryzen-5-7600x", "memory": "ddr5-5600"}
        for drive in DRIVES:
            found = estimate({**asked, "drive": drive}, catalogue)
            row |= {"size": found["weights"]["bytes"] / GB, drive: found["load"]["seconds"], "cached": found["load"]["cached_seconds"]}
        rows.append(row)
    return pd.DataFrame(rows, columns=["model", "size", *DRIVES, "cached"])
