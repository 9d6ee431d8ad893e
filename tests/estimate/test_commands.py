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
    {"quant": "q8_0", "gpus": ["rtx-4090"], "embedding": True},
    {"quant": "q8_0", "gpus": ["rtx-4090"], "slots": 4, "kv_unified": False, "embedding": True, "checkpoints": 0},
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


@pytest.mark.parametrize(
    ("asked", "option"),
    [({"embedding": True}, "--embedding"), ({"cache_ram_mib": 0}, "--cache-ram 0"), ({"checkpoints": 8}, "--ctx-checkpoints 8")],
)
def test_what_only_a_server_has_starts_one(asked, option):
    """The chat program has no such option, so a command for it would leave out what was asked."""
    words = " ".join(commands({"quant": "q8_0", "gpus": ["rtx-4090"]} | asked)[0].replace("\\\n", " ").split())
    assert words.startswith("llama-server ")
    assert option in words


@pytest.mark.parametrize("asked", ASKED)
def test_the_models_own_repository_is_named_for_its_own_weights_only(asked):
    own = asked["quant"] in ("bf16", "fp8")
    for command in commands(asked):
        named = re.findall(r'"?(?:hf.co/)?([\w.-]+/[\w.-]+)(?::\w+)?"?', command)
        if own and not command.startswith("lms"):
            assert "Qwen/Qwen3-8B" in named
        else:
            assert "Qwen/Qwen3-8B" not in named
            assert named or re.search(r'"[^"]*<[^<>]+>[^"]*"', command), command


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"model": "qwen3-14b", "quant": "q4_k_m"}, "bartowski/Qwen_Qwen3-14B-GGUF:Q4_K_M"),
        ({"model": "gpt-oss-120b", "quant": "mxfp4_moe"}, "ggml-org/gpt-oss-120b-GGUF:MXFP4"),
        ({"model": "gpt-oss-20b", "quant": "mxfp4"}, "vllm serve openai/gpt-oss-20b "),
        ({"model": "glm-5.1-744b", "quant": "nvfp4", "gpus": ["b200"] * 8}, "vllm serve nvidia/GLM-5.1-NVFP4 "),
        # Files of another format are not what was asked.
        ({"model": "qwen3-14b", "quant": "q5_k_m"}, "<GGUF repository of qwen3-14b>:Q5_K_M"),
        # A model's own repository holds no GGUF.
        ({"model": "qwen3-14b", "quant": "bf16", "engine": "llama.cpp"}, "<GGUF repository of qwen3-14b>:BF16"),
    ],
)
def test_a_command_names_a_repository_that_holds_the_format(asked, named):
    assert any(named in command for command in commands({"gpus": ["rtx-5090"]} | asked))
