"""Memory that the processor and the GPU share: what the system leaves to the GPU of each size sold."""

from __future__ import annotations

import pandas as pd

from macros.specs import Catalogue
from macros.tables import Column, table


@table(
    id="shared-memory",
    title={"zh": "共用内存中 GPU 可用的部分", "en": "What a GPU may use of shared memory"},
    key=["system", "memory"],
    columns=[
        Column("system", {"zh": "系统", "en": "System"}, link="shared-memory"),
        Column("memory", {"zh": "机器的内存", "en": "Memory of the machine"}, unit="GiB", digits=0),
        Column("gpu", {"zh": "GPU 可用", "en": "Left to the GPU"}, unit="GiB", digits=1),
        Column("known", {"zh": "有实测或厂商说明", "en": "Measured, or stated by the maker"}),
        Column("raised_by", {"zh": "如何调高", "en": "How to raise it"}),
    ],
)
def shared_memory(catalogue: Catalogue) -> pd.DataFrame:
    """Each system with each size that its devices are sold with; sizes that nobody measured have the share of the next smaller one."""
    sold: dict[str, set[float]] = {system: set() for system in sorted(catalogue.shared_memory)}
    for gpu in catalogue.gpus.values():
        if gpu.shared_memory is not None:
            sold[gpu.shared_memory].update(gpu.memory_sizes_gib or [gpu.memory_gib])
    rows = [(catalogue.shared_memory[system], size) for system, sizes in sold.items() for size in sorted(sizes)]
    return pd.DataFrame(
        {
            "system": [system.id for system, _ in rows],
            "memory": [size for _, size in rows],
            "gpu": [system.gpu_gib(size) for system, size in rows],
            "known": [size in {part.memory_gib for part in system.parts} for system, size in rows],
            "raised_by": [None if system.raised_by is None else system.raised_by.model_dump() for system, _ in rows],
        }
    )
