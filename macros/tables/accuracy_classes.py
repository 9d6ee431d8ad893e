"""Errors of speed by class of models, engine and back end: no headline for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from macros.calibrate import whole
from macros.specs import Catalogue
from macros.specs.calibration import Accuracy
from macros.tables import Column, Words, table
from macros.tables.accuracy_speed import ERRORS, KIND, KINDS

CLASSES: dict[str, Words] = {
    "class-dense": {"zh": "稠密模型，深度不到 4K", "en": "Dense, less than 4K deep"},
    "class-dense-deep": {"zh": "稠密模型，深度 4K 及以上", "en": "Dense, 4K deep and more"},
    "class-mixture": {"zh": "混合专家，深度不到 4K", "en": "MoE models, less than 4K deep"},
    "class-mixture-deep": {"zh": "混合专家，深度 4K 及以上", "en": "MoE models, 4K deep and more"},
    "class-hybrid": {"zh": "混合架构（带循环层），深度不到 4K", "en": "Hybrids with recurrent layers, less than 4K deep"},
    "class-hybrid-deep": {"zh": "混合架构，深度 4K 及以上", "en": "Hybrids, 4K deep and more"},
    "class-deep": {"zh": "各类模型，深度 4K 及以上", "en": "All of these, 4K deep and more"},
    "class-processors": {"zh": "只用处理器", "en": "Processors alone"},
    "class-processors-ik": {"zh": "只用处理器，ik_llama.cpp", "en": "Processors alone, ik_llama.cpp"},
    "class-vllm": {"zh": "vLLM，单个用户", "en": "vLLM, one user"},
    "class-mlx": {"zh": "MLX", "en": "MLX"},
    "backend-cuda": {"zh": "llama.cpp，CUDA", "en": "llama.cpp, CUDA"},
    "backend-metal": {"zh": "llama.cpp，Metal", "en": "llama.cpp, Metal"},
    "backend-rocm": {"zh": "llama.cpp，ROCm", "en": "llama.cpp, ROCm"},
    "backend-vulkan": {"zh": "llama.cpp，Vulkan", "en": "llama.cpp, Vulkan"},
    "backend-sycl": {"zh": "llama.cpp，SYCL", "en": "llama.cpp, SYCL"},
}
"""Classes that the fit judges itself by, each device unseen."""

WHOLES: dict[str, tuple[str, Words]] = {
    "experts-in-ram-decode": ("decode", {"zh": "专家留在内存", "en": "Experts in RAM"}),
    "experts-in-ram-prefill": ("prefill", {"zh": "专家留在内存", "en": "Experts in RAM"}),
    "serving-per-stream": ("decode", {"zh": "服务器，多个用户，每个用户", "en": "Servers, several users, each of them"}),
    "serving-total": ("decode", {"zh": "服务器，多个用户，合计（含读提示词）", "en": "Servers, several users, in all (prompts included)"}),
}
"""Rows that no constant is fitted to: kind of speed, and words."""


@table(
    id="accuracy-classes",
    title={"zh": "速度误差，按模型类别、引擎与后端", "en": "Error of speed by class of models, engine and back end"},
    key=["kind", "class"],
    columns=[
        KIND,
        Column("class", {"zh": "类别代号", "en": "Id of the class"}),
        Column("name", {"zh": "类别", "en": "Class"}),
        *ERRORS,
        Column("bias", {"zh": "偏差", "en": "Bias"}, unit="%", digits=0),
    ],
)
def classes(catalogue: Catalogue) -> pd.DataFrame:
    """Each device counts once; a class that nobody measured is not there, and speeds of it are marked as extrapolated."""
    shown = ["kind", "class", "speed", "name", "devices", "rows", "median", "ninetieth", "covered", "bias"]
    return pd.DataFrame(_rows(catalogue), columns=shown)


def _rows(catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    for kind in KINDS:
        stored = catalogue.calibration[kind].accuracy if kind in catalogue.calibration else {}
        for name, words in CLASSES.items():
            if name in stored:
                yield _row(kind, name, words, stored[name])
    compared, _ = whole.compared(catalogue) if len(catalogue.calibration) else ([], {})
    for name, (kind, words) in WHOLES.items():
        rows = [row for row in compared if row.of == name]
        if rows:
            yield _row(kind, name, words, whole.accuracy(rows))


def _row(kind: str, name: str, words: Words, of: Accuracy) -> dict[str, Any]:
    shares = {"median": 100 * of.median, "ninetieth": 100 * of.ninetieth, "covered": 100 * of.covered, "bias": 100 * of.bias}
    return {"kind": kind, "class": name, "speed": KINDS[kind], "name": words, "devices": of.devices, "rows": of.rows, **shares}
