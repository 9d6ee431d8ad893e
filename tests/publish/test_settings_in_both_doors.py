"""Every setting is answered, and every contradiction refused, in the calculator as on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from macros.estimate.question import OPTIONS
from macros.specs import load
from tests.estimate.test_placements import COMMON, CONTRADICTIONS, SPLITS
from tests.publish.doors import in_node, in_python

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")
KEYS = (("total", "bytes"), ("devices",), ("host",), ("fits",), ("gpu_layers",), ("decode",), ("prefill",), ("companions",))
TWO = {"gpus": ["rtx-3090", "rtx-3090"]}
SERVED = {"engine": "vllm", "quant": "fp8", "model": "qwen3.6-27b", "gpus": ["l40s"] * 4}
MAC = {"engine": "mlx", "quant": "mlx-4bit-64g", "gpus": ["apple-m4-max-40c"]}
CHANGES: list[dict[str, Any]] = [
    {},
    {"n_cpu_moe": 7},
    {"n_cpu_ffn": 5, "model": "llama-3.1-8b"},
    {"override_tensor": ["ffn_.*_exps=CPU", "attn_q=GPU0"]},
    {**TWO, "override_tensor": ["blk.3.=CUDA1"], "tensor_split": [3, 1], "gpu_layers": 49},
    {**TWO, "split_mode": "tensor", "model": "qwen3-8b"},
    {**TWO, "split_mode": "none", "main_gpu": 1},
    {"kv_offload": False, "op_offload": False, "gpu_layers": 20},
    {"profile": "server", "slots": 2, "kv_unified": False, "batch": 1024, "ubatch": 256},
    {"experts_on_host": True, "quant": "q8_0", "gpu_layers": 49, "moe_cache_mib": 1024},
    {"gpus": [], "model": "qwen3-4b", "embedding": True, "logits_rows": 1, "build": "0c1e57098"},
    {"model": "gemma-3-12b", "mmproj": True, "swa_full": True, "flash_attention": False},
    {"model": "qwen3-8b", "draft": "qwen3-0.6b", "draft_tokens": 5, "acceptance": 0.7, "draft_kv_type": "q8_0"},
    {"model": "glm-4.5-air-106b", "gpus": ["h200-sxm"], "mtp": True, "built": "2026-10-02"},
    {"lora": 16, "lora_targets": "attention"},
    {"lora_bytes": 36_000_000, "margin_mib": 512},
    {"kv_type": "q8_0", "users": 3, "depth": 100, "prompt_tokens": 200, "profile": "server", "checkpoints": 4, "cache_ram_mib": 0},
    {"quant": "iq2_xs", "imatrix": True, "pcie_gen": 3, "pcie_lanes": 4, "power_limit_w": 200, "fit": True},
    {"gpus": ["rtx-5070"], "gpu_layers": 49, "system": "windows", "ram_gib": 64},
    {"gpus": ["apple-m4-max-40c"], "memory_gib": 64},
    {"cpu": "ryzen-7-9700x", "memory": "ddr5-5600", "memory_channels": 2, "backend": "vulkan", "gpus": ["rtx-3060"]},
    {"cpu": "epyc-9654", "sockets": 2, "gpus": [], "drive": "nvme-pcie4"},
    {**SERVED, "mmproj": True, "users": 8, "max_batched_tokens": 4096, "max_sequences": 16},
    {**SERVED, "tensor_parallel": 2, "pipeline_parallel": 2, "memory_utilization": 0.8, "prefix_caching": False, "kv_type": "fp8"},
    MAC,
]


def test_every_option_is_among_the_changes():
    asked = {key for change in CHANGES for key in change}
    assert sorted(set(OPTIONS) - asked - {"context"}) == []


def test_settings_are_answered_and_refused_alike():
    broken = [{**COMMON, **change} for change, *_ in CONTRADICTIONS] + [{**COMMON, **TWO, **change} for change, _ in SPLITS]
    questions = [*({**COMMON, **change} for change in CHANGES), *broken]
    told = in_node(questions, KEYS, CATALOGUE)
    differ = []
    for place, (question, page) in enumerate(zip(questions, told, strict=True)):
        python = json.loads(json.dumps(in_python(question, KEYS, CATALOGUE)))
        assert python[0] == ("answered" if place < len(CHANGES) else "refused"), (question, python)
        if python != page:
            differ.append((question, python, page))
    assert differ == []
