"""Commands that run: each option is one of its program, and what a command names holds what was asked."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from macros.estimate.overview import overview
from macros.specs import load

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")
PROGRAMS = yaml.safe_load((Path(__file__).parent / "programs.yaml").read_text("utf-8"))
ASKED = [
    {"quant": "q4_k_m", "gpus": ["rtx-4090"]},
    {"quant": "q4_k_m", "gpus": ["rtx-3090", "rtx-3090"], "profile": "server", "kv_type": "q8_0", "ubatch": 4096},
    {"quant": "q8_0", "model": "qwen3-30b-a3b", "gpus": ["rtx-3090"], "n_cpu_moe": 12, "kv_offload": False},
    {"quant": "awq-4bit-128g", "gpus": ["rtx-3090", "rtx-3090"], "users": 8},
    {"quant": "fp8", "gpus": ["h100-sxm-80gb"], "kv_type": "fp8", "prefix_caching": False, "max_batched_tokens": 4096},
    {"quant": "bf16", "engine": "vllm", "gpus": ["l40s"] * 4, "tensor_parallel": 2, "pipeline_parallel": 2, "memory_utilization": 0.8},
    {"quant": "mlx-4bit-64g", "gpus": ["apple-m4-max-40c"], "kv_type": "mlx-8bit-64g", "max_batched_tokens": 512},
    {"quant": "mlx-8bit-64g", "gpus": ["apple-m4-max-40c"], "users": 4},
    {"quant": "bf16", "engine": "mlx", "gpus": ["apple-m4-max-40c"]},
    {"quant": "q8_0", "gpus": ["rtx-4090"], "draft": "qwen3-0.6b", "draft_tokens": 5, "draft_kv_type": "q8_0", "lora": 16},
    {
        "quant": "q8_0",
        "model": "qwen3.8-27b",
        "gpus": ["rtx-5090"],
        "mtp": True,
        "mmproj": True,
        "profile": "server",
        "cache_ram_mib": 0,
        "checkpoints": 4,
    },
    {"quant": "awq-4bit-128g", "gpus": ["rtx-4090"], "draft": "qwen3-0.6b"},
    {"quant": "awq-4bit-128g", "model": "qwen3.6-27b", "gpus": ["rtx-5090"], "mtp": True, "draft_tokens": 1},
    {"quant": "awq-4bit-128g", "model": "qwen3.6-27b", "gpus": ["rtx-5090"], "mmproj": True},
    {"quant": "mlx-4bit-64g", "gpus": ["apple-m4-max-40c"], "draft": "qwen3-0.6b"},
]


def commands(asked):
    found = overview({"model": "qwen3-8b", "context": 8192} | asked, CATALOGUE)
    return [found["command"], *found["other_commands"].values()]


@pytest.mark.parametrize("asked", ASKED)
def test_every_option_is_one_of_its_program(asked):
    for command in commands(asked):
        words = shlex.split(command.replace("\\\n", " "))
        program = " ".join(words[:2]) if " ".join(words[:2]) in PROGRAMS else words[0]
        assert [word for word in words if word.startswith("--") and word not in PROGRAMS[program]["options"]] == [], command


@pytest.mark.parametrize("asked", ASKED)
def test_the_models_own_repository_is_named_for_its_own_weights_only(asked):
    own = asked["quant"] in ("bf16", "fp8")
    for command in commands(asked):
        if own and not command.startswith("lms"):
            assert "Qwen/Qwen3-8B" in command
        else:
            assert "Qwen/Qwen3-8B" not in command
            assert re.search(r'"[^"]*<[^<>]+>[^"]*"', command), command
