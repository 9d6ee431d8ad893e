"""What the calculator says of some settings that people ask about, for readers on paper or without a script."""

from __future__ import annotations

from typing import Any

import pandas as pd

from macros.estimate import check_setting, estimate, place
from macros.estimate.launch import launch_command
from macros.estimate.shares import Placement
from macros.formulas.units import GIB
from macros.specs import Catalogue
from macros.tables import Column, pairs, table

EXAMPLES: tuple[dict[str, Any], ...] = (
    {"model": "qwen3.5-9b", "quant": "q4_k_m", "context": 16384, "gpus": ["rtx-3060"]},
    {"model": "gemma-4-12b", "quant": "q8_0", "context": 32768, "kv_type": "q8_0", "gpus": ["rtx-5060-ti-16gb"]},
    {"model": "gemma-4-31b", "quant": "q4_k_m", "context": 16384, "gpus": ["rtx-3090"]},
    {"model": "llama-3.3-70b", "quant": "q4_k_m", "context": 8192, "gpus": ["rtx-3090", "rtx-3090"]},
    {
        "model": "qwen3.6-35b-a3b",
        "quant": "q4_k_m",
        "context": 32768,
        "gpus": ["rtx-3060"],
        "experts_on_host": True,
        "cpu": "ryzen-9-5900x",
    },
    {"model": "gpt-oss-120b", "quant": "mxfp4_moe", "context": 32768, "gpus": ["ryzen-ai-max-395"]},
    {"model": "qwen3.5-122b-a10b", "quant": "q4_k_m", "context": 16384, "gpus": ["apple-m4-max-40c"]},
)
"""One card, a quantized cache, a window, two cards, experts in RAM, a box, a Mac."""


@table(
    id="worked-examples",
    title={"zh": "算好的例子", "en": "Worked examples"},
    key=["model", "devices"],
    columns=[
        Column("model", {"zh": "模型", "en": "Model"}, link="models"),
        Column("quant", {"zh": "量化", "en": "Quantization"}, under=True),
        Column("context", {"zh": "上下文", "en": "Context"}, unit="tokens", under=True),
        Column("devices", {"zh": "设备", "en": "Devices"}, under=True),
        Column("way", {"zh": "能否运行", "en": "Runs"}, choices=pairs.WAYS),
        Column("decode", {"zh": "解码", "en": "Decode"}, unit="tokens/s", digits=1),
        Column("layers", {"zh": "设备上的层", "en": "Layers on devices"}),
        Column("devices_hold", {"zh": "设备上", "en": "On devices"}, unit="GiB", digits=2),
        Column("host_holds", {"zh": "内存里", "en": "In RAM"}, unit="GiB", digits=2),
        Column("low", {"zh": "低", "en": "Low"}, unit="tokens/s", digits=1),
        Column("high", {"zh": "高", "en": "High"}, unit="tokens/s", digits=1),
        Column("fits", {"zh": "放得下", "en": "Fits"}, only_data=True),
        Column("command", {"zh": "命令", "en": "Command"}, only_data=True),
    ],
    formulas=("memory_seconds", "layer_seconds"),
)
def worked_examples(catalogue: Catalogue) -> pd.DataFrame:
    """One row a setting, as the command line answers it."""
    rows = []
    for question in EXAMPLES:
        found = estimate(question, catalogue)
        host = found["host"]
        placement = place(check_setting(question, catalogue), catalogue)
        command = launch_command(placement, catalogue)
        rows.append(
            {
                "model": question["model"],
                "quant": catalogue.quantizations[question["quant"]].name,
                "context": question["context"],
                "devices": " + ".join(catalogue.gpus[gpu].name for gpu in question["gpus"]),
                "way": _way(placement),
                "fits": found["fits"],
                "layers": found["gpu_layers"],
                "devices_hold": sum(device["memory_bytes"] for device in found["devices"]) / GIB,
                "host_holds": (host["weights_bytes"] + host["kv_cache_bytes"] + host["compute_buffer_bytes"]) / GIB,
                "decode": found["decode"]["tokens_per_second"],
                "low": found["decode"]["low"],
                "high": found["decode"]["high"],
                "command": " ".join(command.replace("\\\n", " ").split()),
            }
        )
    return pd.DataFrame(rows)


def _way(placement: Placement) -> str:
    """Where an answer puts the model, in the words of the other tables."""
    architecture = placement.setting.architecture
    if not placement.fits:
        return "no"
    if placement.setting.experts_on_host:
        return "experts"
    return "card" if placement.gpu_layers == architecture.layers + architecture.prediction_layers + 1 else "layers"
