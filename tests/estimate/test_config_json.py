"""Reading config.json: each class gives the shapes of the record; what cannot be read is refused by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from macros.estimate import estimate
from macros.estimate.config_classes import CLASSES
from macros.estimate.config_json import read_config
from macros.estimate.refused import Refused
from macros.formulas.parameters import parameters
from macros.formulas.recipe import weight_bytes
from macros.specs import load
from macros.specs.models import architecture_of

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")
CONFIGS, COUNTED, SMALL = (
    yaml.safe_load((Path(__file__).parent / f"{name}.yaml").read_text("utf-8")) for name in ("configs", "counted_configs", "small_classes")
)
MIB = 2**20
LLAMA = CONFIGS["llama-3.1-8b"]


def long_form(value: Any) -> Any:
    """A configuration with its lists written out again."""
    if not isinstance(value, dict):
        return value
    if "blocks" in value:
        return [block for run in value["blocks"] for block in searched(*run.split())]
    runs = [kind for part in ("of", "runs") for kind in spelled(value.get(part, []))] * value.get("times", 1)
    if runs:
        return runs + spelled(value.get("then", []))
    return {key: long_form(entry) for key, entry in value.items()}


def spelled(runs: list[str]) -> list[Any]:
    """Three full, one linear -> full, full, full, linear."""
    counted = [run.split(" ", 1) for run in runs]
    return [WORDS.get(kind, int(kind) if kind.isdigit() else kind) for count, kind in counted for _ in range(int(count))]


def searched(count: str, group: str, width: str) -> list[Any]:
    """3 8 5.25 -> three blocks with eight heads in a group and a feed-forward block of 5.25; - is none."""
    heads, wide = (None if word == "-" else float(word) for word in (group, width))
    return [{"attention": {"n_heads_in_group": heads and int(heads)}, "ffn": {"ffn_mult": wide}}] * int(count)


WORDS = {"true": True, "false": False}


@pytest.mark.parametrize("name", CONFIGS)
def test_configuration_gives_the_shapes_of_the_record(name: str) -> None:
    """A model's own configuration says what the guide's record says."""
    assert read_config(long_form(CONFIGS[name])) == architecture_of(CATALOGUE.models[name], CATALOGUE.models)


@pytest.mark.parametrize("name", COUNTED)
def test_configuration_has_the_parameters_that_its_publisher_counts(name: str) -> None:
    """Configurations of models that are no records: what they leave out has the value that their class documents."""
    assert parameters(read_config(long_form(COUNTED[name]["config"]))) == COUNTED[name]["parameters"]


@pytest.mark.parametrize("name", SMALL)
def test_a_small_model_of_the_class_takes_what_the_engine_gives_it(name: str) -> None:
    """Weights to the byte in presets of each kind; cache and compute buffer to the digits that the engine prints."""
    small, config = SMALL[name], long_form(SMALL[name]["config"])
    shapes = read_config(config)
    for preset, expected in small["weights"].items():
        assert weight_bytes(shapes, CATALOGUE.quantizations[preset], CATALOGUE.tensor_types) == expected, preset
    answer = estimate({"config": config, "quant": "f16", "context": 32_768, "gpus": []}, CATALOGUE)
    assert answer["kv_cache"]["bytes"] / MIB == pytest.approx(small["cache"], abs=0.011)
    if "compute" in small:
        assert answer["compute_buffer"]["bytes"] / MIB == pytest.approx(small["compute"], abs=0.02)


def test_every_class_is_read_once() -> None:
    """A class without a configuration here is another name of one that has."""
    configs = [*CONFIGS.values(), *(entry["config"] for entry in (*COUNTED.values(), *SMALL.values()))]
    seen = {long_form(config).get("model_type") for config in configs}
    seen |= {config["text_config"]["model_type"] for config in configs if "text_config" in config}
    readers = {CLASSES[kind] for kind in seen if kind in CLASSES}
    other = {kind for kind, reader in CLASSES.items() if kind not in seen and reader not in readers}
    assert other <= OTHER_NAMES, f"no configuration in configs.yaml for: {sorted(other - OTHER_NAMES)}"


OTHER_NAMES = {"qwen3_5", "qwen3_5_moe", "qwen3_vl", "qwen3_vl_moe", "qwen2_vl_text", "qwen2_5_vl_text", "xverse", "Yi"}
OTHER_NAMES |= {"qwen2_5_omni_text", "qwen3_omni_moe_text"}
"""Outer or inner names of models that see, and names of the usual form."""


def test_configuration_answers_like_the_record() -> None:
    """The same question with the configuration in place of the name."""
    rest = {"quant": "q4_k_m", "context": 8192, "gpus": ["rtx-4090"]}
    by_name = estimate({"model": "llama-3.1-8b", **rest}, CATALOGUE)
    by_config = estimate({"config": long_form(LLAMA), **rest}, CATALOGUE)
    assert {key: value for key, value in by_config.items() if key != "model"} == {
        key: value for key, value in by_name.items() if key != "model"
    }


LLAMA_LIKE = {"model_type": "llama"}


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"model_type": "minimax_m3"}, "config.model_type"),
        ({"model_type": "deepseek_v4"}, "config.model_type"),
        ({"model_type": "kimi_k3", "text_config": LLAMA_LIKE}, "config.model_type"),
        ({"architectures": ["LlamaForCausalLMEagle3"]}, "config.architectures"),
        ({"model_type": None}, "config.model_type"),
        ({"model_type": ["llama"]}, "config.model_type"),
        ({"num_hidden_layers": None}, "config.num_hidden_layers"),
        ({"num_hidden_layers": True}, "config.num_hidden_layers"),
        ({"num_hidden_layers": -32}, "config.num_hidden_layers"),
        ({"num_hidden_layers": "32"}, "config.num_hidden_layers"),
        ({"num_hidden_layers": 10**6}, "config.num_hidden_layers"),
        ({"hidden_size": 4096.0}, "config.hidden_size"),
        ({"hidden_size": 4100}, "config.head_dim"),
        ({"num_key_value_heads": 5}, "config.num_key_value_heads"),
        ({"model_type": "lfm2", "block_auto_adjust_ff_dim": True, "block_ffn_dim_multiplier": [1]}, "config.block_ffn_dim_multiplier"),
        (
            {"model_type": "lfm2", "block_auto_adjust_ff_dim": True, "block_ffn_dim_multiplier": float("nan")},
            "config.block_ffn_dim_multiplier",
        ),
        ({"tie_word_embeddings": "yes"}, "config.tie_word_embeddings"),
        ({"model_type": "qwen2", "use_sliding_window": True}, "config.use_sliding_window"),
        ({"model_type": "olmo3", "layer_types": ["full_attention"]}, "config.layer_types"),
        ({"model_type": "olmo3", "layer_types": "full_attention"}, "config.layer_types"),
        ({"model_type": "cohere", "attention_bias": True}, "config.attention_bias"),
        ({"model_type": "qwen3", "attention_bias": True}, "config.attention_bias"),
        ({"model_type": "granite", "mlp_bias": True}, "config.mlp_bias"),
        ({"model_type": "nemotron_h", "mamba_proj_bias": True}, "config.mamba_proj_bias"),
        ({"model_type": "lfm2", "conv_bias": True}, "config.conv_bias"),
        ({"model_type": "falcon", "alibi": True}, "config.alibi"),
        ({"model_type": "jamba", "expert_layer_offset": 0}, "config.expert_layer_offset"),
        ({"model_type": "nemotron-nas"}, "config.block_configs"),
        ({"model_type": "mimo_v2_flash", "hybrid_layer_pattern": [1]}, "config.hybrid_layer_pattern"),
        ({"model_type": "exaone_moe", "moe_intermediate_size": 8, "is_moe_layer": [False, True] * 16}, "config.is_moe_layer"),
        ({"model_type": "mixtral", "num_local_experts": 8, "num_experts_per_tok": 9}, "config.num_experts_per_tok"),
        ({"model_type": "mixtral", "num_local_experts": 8}, "config.num_experts_per_tok"),
        ({"model_type": "nemotron_h"}, "config.hybrid_override_pattern"),
        ({"model_type": "qwen3_moe", "mlp_only_layers": [0]}, "config.mlp_only_layers"),
    ],
)
def test_refused_by_name(changed: dict[str, Any], key: str) -> None:
    """A configuration that cannot be read says which value, and what to do."""
    with pytest.raises(Refused) as refused:
        read_config(long_form(LLAMA) | changed)
    assert refused.value.field == key


@pytest.mark.parametrize("config", [[], "llama", 7, None, {}])
def test_no_configuration(config: Any) -> None:
    """What is not a configuration at all is refused too."""
    with pytest.raises(Refused):
        read_config(config)


def test_limits_of_activations_are_of_the_layers_that_have_one():
    limits = {"swiglu_limits": [0.0] * 6 + [7.0, 7.0] + [0.0] * 3, "swiglu_limits_shared": [None] * 7 + [16.0] + [0.0] * 3}
    a = read_config(long_form(SMALL["step3p5"]["config"] | limits))
    assert [layer for layer in range(a.layers) if a.clamps_routed(layer)] == [6, 7]
    assert [layer for layer in range(a.layers) if a.clamps_shared(layer)] == [7]
