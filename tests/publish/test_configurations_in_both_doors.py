"""A pasted configuration is answered, or refused by the same key, in the calculator as on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from macros.specs import load
from tests.publish.doors import in_node, in_python

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = load(ROOT / "data")
WRITTEN = [json.loads(line) for line in (ROOT / "tests" / "estimate" / "transformers_configs.jsonl").read_text("utf-8").splitlines()]
LLAMA = {
    "model_type": "llama", "hidden_size": 256, "num_hidden_layers": 4, "num_attention_heads": 8, "num_key_value_heads": 2,
    "vocab_size": 512, "intermediate_size": 512, "max_position_embeddings": 2048,
}  # fmt: skip
MIXTURE = {**LLAMA, "model_type": "qwen3_moe", "num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 64}


def nested(depth: int) -> Any:
    """A part in a part in a part …"""
    value: Any = {}
    for _ in range(depth):
        value = {"text_config": value}
    return value


BAD: list[Any] = [
    *({**LLAMA, "hidden_size": value} for value in ("256", -1, 0, 256.5, 1e30, True, [], {}, None)),
    *({**LLAMA, "num_hidden_layers": value} for value in ("4", -4, 0, 1001, [4])),
    *({**LLAMA, "num_attention_heads": value} for value in ("8", 0, 3)),
    *({**LLAMA, "head_dim": value} for value in (-5, "32", 0)),
    *({**LLAMA, "vocab_size": value} for value in (2**70, -1, "512")),
    *({**LLAMA, "tie_word_embeddings": value} for value in (1, "true", [])),
    *({**LLAMA, "attention_bias": value} for value in ("true", 2)),
    *({**LLAMA, "layer_types": value} for value in ([], ["full_attention"], [None] * 4, "full", {"0": "full_attention"}, ["banana"] * 4)),
    *({**LLAMA, "rope_scaling": value} for value in ([], "llama3", {"rope_type": 5}, {"type": "longrope", "short_factor": "abc"})),
    *({**LLAMA, "architectures": value} for value in ({}, "LlamaForCausalLM", [5], [[]], ["LlamaForSequenceClassification"])),
    *({**LLAMA, "architectures": [name]} for name in ("MixtralForCausalLM", "T5ForConditionalGeneration", "Qwen2ForCausalLM")),
    {"model_type": "llava", "text_config": {**LLAMA, "architectures": ["Qwen2ForCausalLM"]}},
    *({**LLAMA, "text_config": value} for value in ([], 5, {}, "llama")),
    *({**LLAMA, "quantization_config": value} for value in ([], 5, "gptq")),
    *({**LLAMA, "model_type": value} for value in (5, ["llama"], "LLAMA", "", None)),
    *({**MIXTURE, "num_experts_per_tok": value} for value in (0, 9, "2", -1)),
    *({**MIXTURE, "mlp_only_layers": value} for value in ([-1], [4], [0, 0], "0", ["0"])),
    {**MIXTURE, "decoder_sparse_step": 0},
    {"model_type": "xlstm"},
    {"model_type": "gemma4_text", "num_hidden_layers": 6, "num_kv_shared_layers": 6},
    {"model_type": "deepseek_v4", "compress_ratios": [4, 4, 4]},
    {"model_type": "inkling2_text", "unpadded_vocab_size": 300_000},
    {"model_type": "inkling2_loop_text", "loop_layer_index_end": 20},
    {"model_type": "inkling2_loop_text", "loop_config": []},
    {"model_type": "inkling_text", "use_sconv": False},
    {"model_type": "roberta"},
    {"model_type": "florence2", "text_config": {"hidden_size": 8}},
    {"model_type": "nemotron_h", "hybrid_override_pattern": "M*X-"},
    {"model_type": "nemotron_h", "hybrid_override_pattern": "M" * 2000},
    {"model_type": "deepseek_v4", "compress_ratios": ["4"] * 43},
    {"model_type": "gemma4_text", "num_hidden_layers": 6, "per_layer_config": {"5": {"head_dim": "512"}}},
    {"model_type": "recurrent_gemma", "block_types": "recurrent"},
    {"model_type": "opt", "word_embed_proj_dim": "512"},
    {"model_type": "kimi_linear", "linear_attn_config": []},
    {"model_type": "mllama", "text_config": {"model_type": "mllama_text_model", "cross_attention_layers": "all"}},
    {"model_type": "glm5_next", "text_config": {"model_type": "glm5_next_text", "index_kpool": 0}},
    nested(900),
    [],
    "llama",
    5,
]
ODD: list[Any] = [
    *({**LLAMA, "architectures": [name]} for name in ("MistralForCausalLM", "LLaMAForCausalLM", "BananaForCausalLM")),
    {**LLAMA, "num_experts_per_tok": 2, "ssm_state_size": 128, "q_lora_rank": 0, "moe_top_k": 1},
    {"model_type": "llava", "text_config": {**LLAMA, "architectures": 5}},
]
KEYS = (("parameters",), ("total", "bytes"), ("notices",))


@pytest.fixture(scope="module")
def doors() -> list[tuple[Any, list[Any], list[Any]]]:
    """Each configuration with what Python and what the page's script say of it."""
    small = [row["config"] for row in WRITTEN if row["case"] == "small"]
    configs = [*BAD, *ODD, *small]
    questions = [{"config": config, "quant": "q4_k_m", "context": 4096, "gpus": ["rtx-3090"]} for config in configs]
    python = [json.loads(json.dumps(in_python(question, KEYS, CATALOGUE))) for question in questions]
    return list(zip(configs, python, in_node(questions, KEYS, CATALOGUE), strict=True))


def test_bad_configurations_are_refused_by_the_same_key(doors: list[tuple[Any, list[Any], list[Any]]]) -> None:
    """Never with an error of the language, and never silently answered."""
    for config, python, page in doors[: len(BAD)]:
        assert python[0] == page[0] == "refused", (str(config)[-200:], python, page)
        # What a record checks itself is refused for the whole configuration.
        assert python[1] == page[1], (str(config)[-200:], python, page)


def test_small_models_of_each_class_are_answered_alike(doors: list[tuple[Any, list[Any], list[Any]]]) -> None:
    differ = [(config["model_type"], python, page) for config, python, page in doors[len(BAD) :] if python != page]
    assert differ == []
