"""Memory kinds and drives: what they carry in a second."""

from __future__ import annotations

import pandas as pd

from macros.formulas.bandwidth import ram_bandwidth
from macros.formulas.decode import decode_ceiling
from macros.formulas.units import GB
from macros.specs import Catalogue
from macros.tables import Column, table

CHANNELS = (1, 2, 4, 8, 12)
YARDSTICK_BYTES = 8 * GB
"""The model of the article's table."""


@table(
    id="ram-bandwidth",
    title={"zh": "内存带宽，按种类和通道数", "en": "Bandwidth of RAM by kind and channels"},
    key=["memory"],
    columns=[
        Column("memory", {"zh": "内存", "en": "Memory"}, link="memory"),
        Column("rate", {"zh": "传输速率", "en": "Transfer rate"}, unit="MT/s", secondary=True),
        *(Column(f"channels_{count}", {"zh": f"{count} 通道", "en": f"{count} ch."}, unit="GB/s", digits=1) for count in CHANNELS),
        Column("ceiling", {"zh": "双通道读 8 GB 的上限", "en": "Ceiling for 8 GB on 2 ch."}, unit="tokens/s", digits=1),
    ],
    formulas=("ram_bandwidth", "decode_ceiling"),
)
def kinds(catalogue: Catalogue) -> pd.DataFrame:
    """Slowest first; theoretical values."""
    rows = []
    for kind in sorted(catalogue.memory.values(), key=lambda kind: (kind.transfer_rate_mt_per_s, kind.id)):
        carried = {
            count: ram_bandwidth(channels=count, transfer_rate=kind.transfer_rate_mt_per_s, bus_bits_per_channel=kind.bus_bits_per_channel)
            for count in CHANNELS
        }
        rows.append(
            {
                "memory": kind.id,
                "rate": kind.transfer_rate_mt_per_s,
                **{f"channels_{count}": value / GB for count, value in carried.items()},
                "ceiling": decode_ceiling(bandwidth=carried[2], bytes_read=YARDSTICK_BYTES),
            }
        )
    return pd.DataFrame(rows)


@table(
    id="drives",
    title={"zh": "硬盘", "en": "Drives"},
    key=["drive"],
    columns=[
        Column("drive", {"zh": "硬盘", "en": "Drive"}, link="drives"),
        Column("interface", {"zh": "接口", "en": "Interface"}),
        Column("read", {"zh": "顺序读取", "en": "Sequential reading"}, unit="MB/s"),
    ],
)
def drives(catalogue: Catalogue) -> pd.DataFrame:
    """Slowest first; one common product stands for its kind."""
    order = sorted(catalogue.drives.values(), key=lambda drive: drive.read_mb_per_s)
    return pd.DataFrame([{"drive": one.id, "interface": one.interface, "read": one.read_mb_per_s} for one in order])
