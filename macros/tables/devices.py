"""The devices side by side: their specs as written, one row a device."""

from __future__ import annotations

from datetime import date

import pandas as pd

from macros.specs import Catalogue
from macros.tables import Column, table

KINDS = {
    "card": {"zh": "显卡", "en": "graphics card"},
    "laptop": {"zh": "笔记本显卡", "en": "laptop GPU"},
    "accelerator": {"zh": "加速卡", "en": "accelerator"},
    "unified": {"zh": "统一内存", "en": "unified memory"},
    "integrated": {"zh": "核显", "en": "integrated graphics"},
    "phone": {"zh": "手机芯片", "en": "phone chip"},
}


@table(
    id="gpus",
    title={"zh": "显卡、加速卡与统一内存设备", "en": "Graphics cards, accelerators and unified-memory devices"},
    key=["gpu"],
    columns=[
        Column("gpu", {"zh": "设备", "en": "Device"}, link="gpus"),
        Column("memory", {"zh": "显存", "en": "Memory"}, unit="GiB", digits=0),
        Column("bandwidth", {"zh": "显存带宽", "en": "Memory bandwidth"}, unit="GB/s", digits=0),
        Column("kind", {"zh": "类型", "en": "Kind"}),
        Column("released", {"zh": "发布", "en": "Released"}),
        Column("fp16", {"zh": "FP16 矩阵算力", "en": "FP16 matrix rate"}, unit="TFLOP/s", digits=0, secondary=True),
        Column("fp32", {"zh": "FP32 算力", "en": "FP32 rate"}, unit="TFLOP/s", digits=1, secondary=True),
        Column("power", {"zh": "功耗", "en": "Power"}, unit="W", digits=0, secondary=True),
    ],
)
def gpus(catalogue: Catalogue) -> pd.DataFrame:
    """What people own or buy now first, by kind; then every other, newest first; those with no known date last."""
    order = sorted(catalogue.gpus.values(), key=lambda gpu: (gpu.released or date.min, gpu.id), reverse=True)
    order.sort(key=lambda gpu: (not gpu.headline, list(KINDS).index(gpu.kind) if gpu.headline else 0))
    return pd.DataFrame(
        {
            "gpu": [gpu.id for gpu in order],
            "memory": [gpu.largest_memory_gib for gpu in order],
            "bandwidth": [gpu.bandwidth_gb_per_s for gpu in order],
            "kind": [KINDS[gpu.kind] for gpu in order],
            "released": [gpu.released.isoformat()[:7] if gpu.released else None for gpu in order],
            "fp16": [gpu.fp16_tensor_tflops for gpu in order],
            "fp32": [gpu.fp32_tflops for gpu in order],
            "power": [gpu.limit_w for gpu in order],
        }
    )


@table(
    id="cpus",
    title={"zh": "处理器", "en": "Processors"},
    key=["cpu"],
    columns=[
        Column("cpu", {"zh": "处理器", "en": "Processor"}, link="cpus"),
        Column("channels", {"zh": "内存通道", "en": "Memory channels"}),
        Column("cores", {"zh": "核心", "en": "Cores"}),
        Column("threads", {"zh": "线程", "en": "Threads"}, secondary=True),
        Column("boost", {"zh": "最高频率", "en": "Boost clock"}, unit="MHz", digits=0, secondary=True),
        Column("memory", {"zh": "首选内存", "en": "First memory kind"}),
        Column("power", {"zh": "功耗", "en": "Power"}, unit="W", digits=0),
        Column("released", {"zh": "发布", "en": "Released"}),
    ],
)
def cpus(catalogue: Catalogue) -> pd.DataFrame:
    """Processors by the number of memory channels, newest first."""
    order = sorted(catalogue.cpus.values(), key=lambda cpu: (-cpu.memory_channels, cpu.name))
    return pd.DataFrame(
        {
            "cpu": [cpu.id for cpu in order],
            "cores": [cpu.cores for cpu in order],
            "threads": [cpu.threads for cpu in order],
            "boost": [cpu.boost_mhz for cpu in order],
            "channels": [cpu.memory_channels for cpu in order],
            "memory": [catalogue.memory[cpu.memory_kinds[0]].name for cpu in order],
            "power": [cpu.tdp_w for cpu in order],
            "released": [cpu.released.isoformat()[:7] if cpu.released else None for cpu in order],
        }
    )
