"""Reading config.json: each class gives the shapes of the record; what cannot be read is refused by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from macros.estimate import estimate
from macros.estimate.config_json import CLASSES, read_config
from macros.estimate.setting import Refused
from macros.specs import load
from macros.specs.models import architecture_of

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")
CONFIGS: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "configs.yaml").read_text("utf-8"))
LLAMA = CONFIGS["llama-3.1-8b"]


def long_form(value: Any) -> Any:
    """A configuration with its lists written out again."""
    if not isinstance(value, dict):
        return value
    runs = [kind for part in ("of", "runs") for kind in spelled(value.get(part, []))] * value.get("times", 1)
    if runs:
        return runs + spelled(value.get("then", []))
    return {key: long_form(entry) for key, entry in value.items()}


def spelled(runs: list[str]) -> list[Any]:
    """Three full, one linear -> full, full, full, linear."""
    counted = [run.split(" ", 1) for run in runs]
    return [int(kind) if kind.isdigit() else kind for count, kind in counted for _ in range(int(count))]


@pytest.mark.parametrize("name", CONFIGS)
def test_configuration_gives_the_shapes_of_the_record(name: str) -> None:
    """A model's own configuration says what the guide's record says."""
    assert read_config(long_form(CONFIGS[name])) == architecture_of(CATALOGUE.models[name], CATALOGUE.models)


def test_every_class_is_read_once() -> None:
    """A class without a configuration here is another name of one that has."""
    seen = {long_form(config).get("model_type") for config in CONFIGS.values()}
    seen |= {config["text_config"]["model_type"] for config in CONFIGS.values() if "text_config" in config}
    readers = {CLASSES[kind] for kind in seen if kind in CLASSES}
    other = {kind for kind, reader in CLASSES.items() if kind not in seen and reader not in readers}
    assert other <= OTHER_NAMES, f"no configuration in configs.yaml for: {sorted(other - OTHER_NAMES)}"


OTHER_NAMES = {"qwen3_5", "qwen3_5_moe", "qwen3_vl", "qwen3_vl_moe"}
"""Outer names of models that see; the name of their text part is read."""


def test_configuration_answers_like_the_record() -> None:
    """The same question with the configuration in place of the name."""
    rest = {"quant": "q4_k_m", "context": 8192, "gpus": ["rtx-4090"]}
    by_name = estimate({"model": "llama-3.1-8b", **rest}, CATALOGUE)
    by_config = estimate({"config": long_form(LLAMA), **rest}, CATALOGUE)
    assert {key: value for key, value in by_config.items() if key != "model"} == {
        key: value for key, value in by_name.items() if key != "model"
    }


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"model_type": "kimi_linear"}, "config.model_type"),
        ({"model_type": "deepseek_v4"}, "config.model_type"),
        ({"model_type": None}, "config.model_type"),
        ({"model_type": ["llama"]}, "config.model_type"),
        ({"num_hidden_layers": None}, "config.num_hidden_layers"),
        ({"num_hidden_layers": True}, "config.num_hidden_layers"),
        ({"num_hidden_layers": -32}, "config.num_hidden_layers"),
        ({"num_hidden_layers": "32"}, "config.num_hidden_layers"),
        ({"num_hidden_layers": 10**6}, "config.num_hidden_layers"),
        ({"hidden_size": 4096.0}, "config.hidden_size"),
        ({"hidden_size": 4100}, "config.head_dim"),
        ({"num_key_value_heads": 5}, "config"),
        ({"tie_word_embeddings": "yes"}, "config.tie_word_embeddings"),
        ({"model_type": "qwen2", "use_sliding_window": True}, "config.use_sliding_window"),
        ({"model_type": "olmo3", "layer_types": ["full_attention"]}, "config.layer_types"),
        ({"model_type": "olmo3", "layer_types": "full_attention"}, "config.layer_types"),
        ({"model_type": "cohere", "use_qk_norm": True}, "config.use_qk_norm"),
        ({"model_type": "mixtral", "num_local_experts": 8, "num_experts_per_tok": 9}, "config"),
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
