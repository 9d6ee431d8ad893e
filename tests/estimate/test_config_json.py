"""Reading config.json: each class gives the shapes of the record; what cannot be read is refused by its name."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from macros.calibrate.configurations import outcome, stored_beside
from macros.commands.values import read_config_file
from macros.estimate import estimate
from macros.estimate.classes.readers import READERS
from macros.estimate.config_json import read, read_config
from macros.estimate.refused import Refused
from macros.formulas.parameters import parameters
from macros.formulas.weights.file import weight_bytes
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
    assert read_config(long_form(CONFIGS[name]), CATALOGUE) == architecture_of(CATALOGUE.models[name], CATALOGUE.models)


@pytest.mark.parametrize("name", COUNTED)
def test_configuration_has_the_parameters_that_its_publisher_counts(name: str) -> None:
    """Configurations of models that are no records: what they leave out has the value that their class documents."""
    assert parameters(read_config(long_form(COUNTED[name]["config"]), CATALOGUE)) == COUNTED[name]["parameters"]


@pytest.mark.parametrize("name", SMALL)
def test_a_small_model_of_the_class_takes_what_the_engine_gives_it(name: str) -> None:
    """Weights to the byte in presets of each kind; cache and compute buffer to the digits that the engine prints."""
    small, config = SMALL[name], long_form(SMALL[name]["config"])
    shapes = read_config(config, CATALOGUE)
    for preset, expected in small["weights"].items():
        assert weight_bytes(shapes, CATALOGUE.quantizations[preset], CATALOGUE.tensor_types) == expected, preset
    answer = estimate({"config": config, "quant": "f16", "context": 32_768, "gpus": [], "build": "0c1e57098"}, CATALOGUE)
    assert answer["kv_cache"]["bytes"] / MIB == pytest.approx(small["cache"], abs=0.011)
    if "compute" in small:
        assert answer["compute_buffer"]["bytes"] / MIB == pytest.approx(small["compute"], abs=0.02)


def test_without_compressed_keys_deepseek_is_a_mixture_like_others() -> None:
    """DeepSeek-OCR says `use_mla: false`, and leaves the ranks open: whole keys and values of each head are cached."""
    text = {
        "use_mla": False, "first_k_dense_replace": 1, "hidden_size": 1280, "intermediate_size": 6848, "kv_lora_rank": None,
        "vocab_size": 129280, "moe_intermediate_size": 896, "n_routed_experts": 64, "n_shared_experts": 2, "num_attention_heads": 10,
        "num_experts_per_tok": 6, "num_hidden_layers": 12, "num_key_value_heads": 10, "q_lora_rank": None, "qk_nope_head_dim": 0,
        "qk_rope_head_dim": 0, "v_head_dim": 0,
    }  # fmt: skip
    shapes = read_config({"model_type": "deepseek_vl_v2", "language_config": text}, CATALOGUE)
    assert (shapes.engine_name, shapes.attention.latent, shapes.attention.head_dim) == ("deepseek2-ocr", None, 128)
    attention, blocks = 12 * (4 * 1280**2 + 2 * 1280), 3 * 1280 * (6848 + 11 * 66 * 896) + 11 * 64 * 1280
    assert parameters(shapes) == 2 * 129280 * 1280 + 1280 + attention + blocks


def test_what_a_configuration_says_twice_and_differently_is_told() -> None:
    """A list of the layers decides; numbers that would make others mixtures are not passed over in silence."""
    small = next(row["config"] for row in WRITTEN if row["kind"] == "deepseek_v3" and row["case"] == "small")
    kinds = ["dense", "sparse", "sparse", "sparse"]
    listed = {**small, "num_hidden_layers": 4, "mlp_layer_types": kinds}
    for more, codes in (({}, []), ({"first_k_dense_replace": 1}, []), ({"first_k_dense_replace": 2}, ["mixtures-said-twice"])):
        reading = read({**{key: value for key, value in listed.items() if key != "first_k_dense_replace"}, **more}, CATALOGUE)
        assert [reading.architecture.is_mixture(layer) for layer in range(4)] == [False, True, True, True]
        assert [notice.code for notice in reading.notices if notice.code == "mixtures-said-twice"] == codes


@pytest.mark.parametrize("less", [{"moe_layers": []}, {"first_k_dense_replace": 4, "moe_layers": None}, {"index_topk": None}])
def test_a_class_without_its_experts_or_indexer_is_read_or_refused(less: dict[str, Any]) -> None:
    """What hangs on such a part is not looked for in vain, in any class."""
    written = {row["kind"]: row["config"] for row in WRITTEN if row["case"] == "small"}
    for config in (*written.values(), *(entry["config"] for entry in SMALL.values())):
        with contextlib.suppress(Refused):
            read_config({**config, **less}, CATALOGUE)


def test_a_text_written_all_at_once_needs_an_engine_that_does_it() -> None:
    config = COUNTED["dream-7b"]["config"]
    assert estimate({"config": config, "quant": "q4_k_m", "context": 2048}, CATALOGUE)["kv_cache"]["bytes"] == 0
    with pytest.raises(Refused, match="engine: expected one that writes a text all at once"):
        estimate({"config": config, "quant": "bf16", "context": 2048, "engine": "vllm", "gpus": ["b200"]}, CATALOGUE)


@pytest.mark.parametrize("kind", ["plamo2", "jais", "grove_moe", "step3_text", "openelm"])
def test_classes_with_code_of_their_own_are_refused_by_what_stands_in_the_way(kind: str) -> None:
    with pytest.raises(Refused, match=rf"a class whose parts the guide knows \({kind} has .*; run by "):
        read_config({"model_type": kind}, CATALOGUE)


def test_every_reader_is_read() -> None:
    """Each reader reads a configuration here."""
    configs = [*CONFIGS.values(), *(entry["config"] for entry in (*COUNTED.values(), *SMALL.values(), *WRITTEN)), RWKV_6]
    seen = {long_form(config).get("model_type") for config in configs}
    seen |= {config["text_config"]["model_type"] for config in configs if "text_config" in config}
    readers = {kind.reader for record in CATALOGUE.architectures.values() for name, kind in record.classes.items() if name in seen}
    assert readers == set(READERS)


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
        ({"model_type": "minimax_m4"}, "config.model_type"),
        ({"use_qk_norm": True}, "config.use_qk_norm"),
        ({"model_type": "banana"}, "config.model_type"),
        ({"model_type": "deepseek_v4"}, "config.num_key_value_heads"),
        ({"model_type": "kimi_k9", "text_config": LLAMA_LIKE}, "config.model_type"),
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
        ({"model_type": "olmo3", "layer_types": ["full_attention"]}, "config.layer_types"),
        ({"model_type": "olmo3", "layer_types": "full_attention"}, "config.layer_types"),
        ({"model_type": "qwen2", "mlp_bias": True}, "config.mlp_bias"),
        ({"model_type": "mistral", "num_experts": 8}, "config.num_experts"),
        ({"model_type": "llama", "per_layer_config": {"1": {"head_dim": 64}}}, "config.per_layer_config"),
        ({"model_type": "llama", "layer_types": ["banana"] * 32}, "config.layer_types"),
        ({"model_type": "lfm2", "layer_types": ["banana"] * 32}, "config.layer_types"),
        ({"model_type": "gemma3_text", "layer_types": ["banana"] * 32}, "config.layer_types"),
        ({"model_type": "granitemoehybrid", "layer_types": ["banana"] * 32}, "config.layer_types"),
        ({"model_type": "exaone_moe", "mlp_layer_types": ["banana"] * 32}, "config.mlp_layer_types"),
        ({"model_type": "qwen3_next", "layer_types": ["sliding_attention"] * 32}, "config.layer_types"),
        ({"architectures": ["LlamaForSequenceClassification"]}, "config.architectures"),
        ({"architectures": ["Qwen2ForRewardModel"]}, "config.architectures"),
        ({"architectures": ["MixtralForCausalLM"]}, "config.architectures"),
        ({"architectures": ["Qwen2ForCausalLM"]}, "config.architectures"),
        ({"architectures": ["T5ForConditionalGeneration"]}, "config.architectures"),
        ({"architectures": ["MambaForCausalLM"]}, "config.architectures"),
        ({"model_type": "qwen3_moe", "architectures": ["Qwen3ForCausalLM"]}, "config.architectures"),
        ({"model_type": "llava", "text_config": {**LLAMA_LIKE, "architectures": ["Qwen2ForCausalLM"]}}, "config.architectures"),
        ({"peft_type": "LORA"}, "config.peft_type"),
        ({"is_encoder_decoder": True}, "config.is_encoder_decoder"),
        ({"model_type": "banana_vl", "text_config": LLAMA_LIKE}, "config.model_type"),
        ({"model_type": "llava", "text_config": {}}, "config.text_config"),
        ({"model_type": "llava", "text_config": "llama"}, "config.text_config"),
        ({"model_type": "llava", "text_config": LLAMA_LIKE, "llm_config": {"model_type": "mistral"}}, "config.llm_config"),
        ({"model_type": "helium", "head_dim": 64}, "config.head_dim"),
        ({"model_type": "recurrent_gemma", "block_types": ["banana"]}, "config.block_types"),
        ({"model_type": "recurrent_gemma", "block_types": []}, "config.block_types"),
        ({"model_type": "recurrent_gemma", "lru_width": 100}, "config.lru_width"),
        ({"model_type": "longcat_flash", "head_dim": 64, "qk_head_dim": 64}, "config.qk_head_dim"),
        ({"model_type": "mllama_text_model", "cross_attention_layers": [40]}, "config.cross_attention_layers"),
        ({"model_type": "nemotron-nas"}, "config.block_configs"),
        ({"model_type": "mimo_v2_flash", "hybrid_layer_pattern": [1]}, "config.hybrid_layer_pattern"),
        ({"model_type": "exaone_moe", "moe_intermediate_size": 8, "is_moe_layer": [False, True] * 15}, "config.is_moe_layer"),
        ({"model_type": "mixtral", "num_local_experts": 8, "num_experts_per_tok": 9}, "config.num_experts_per_tok"),
        ({"model_type": "mixtral", "num_experts_per_tok": None}, "config.num_experts_per_tok"),
        ({"model_type": "nemotron_h"}, "config.hybrid_override_pattern"),
        ({"model_type": "qwen3_moe", "mlp_only_layers": [32]}, "config.mlp_only_layers"),
        ({"model_type": "qwen3_moe", "mlp_only_layers": [1, 1]}, "config.mlp_only_layers"),
    ],
)
def test_refused_by_name(changed: dict[str, Any], key: str) -> None:
    """A configuration that cannot be read says which value, and what to do."""
    with pytest.raises(Refused) as refused:
        read_config(long_form(LLAMA) | changed, CATALOGUE)
    assert refused.value.field == key


@pytest.mark.parametrize("config", [[], "llama", 7, None, {}])
def test_no_configuration(config: Any) -> None:
    """What is not a configuration at all is refused too."""
    with pytest.raises(Refused):
        read_config(config, CATALOGUE)


def test_limits_of_activations_are_of_the_layers_that_have_one():
    limits = {"swiglu_limits": [0.0] * 6 + [7.0, 7.0] + [0.0] * 3, "swiglu_limits_shared": [None] * 7 + [16.0] + [0.0] * 3}
    a = read_config(long_form(SMALL["step3p5"]["config"] | limits), CATALOGUE)
    assert [layer for layer in range(a.layers) if a.clamps_routed(layer)] == [6, 7]
    assert [layer for layer in range(a.layers) if a.clamps_shared(layer)] == [7]


WRITTEN = [json.loads(line) for line in Path(__file__).with_name("transformers_configs.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("kind", sorted({row["kind"] for row in WRITTEN}))
def test_what_transformers_writes_has_the_parameters_that_transformers_builds(kind: str) -> None:
    """Small models of each class that transformers 5.24.0 built, and with one value changed or two; written by `make configs`."""
    rows = [row for row in WRITTEN if row["kind"] == kind]
    found = {row["case"]: outcome({**row, "count": row["parameters"]}, CATALOGUE) for row in rows}
    assert {case: what for case, what in found.items() if what[0] != "equal"} == {}


@pytest.mark.parametrize(
    ("outside", "inside", "version", "tied"),
    [
        (True, False, "5.24.0", True),
        (True, True, "5.24.0", True),
        (True, False, "4.57.1", False),
        (False, True, "4.57.1", True),
        (None, True, "4.57.1", True),
        (None, True, "5.24.0", False),
        (False, True, "5.24.0", False),
        (True, None, "4.57.1", True),
        (None, None, None, False),
        (True, False, None, True),
    ],
)
def test_which_configuration_decides_on_the_output_matrix(outside: Any, inside: Any, version: Any, tied: bool) -> None:
    """The outer one since transformers 5, the inner one before; where they differ, the answer says so."""
    outer = {"tie_word_embeddings": outside, "transformers_version": version, "model_type": "vipllava"}
    inner = {"model_type": "llama", "tie_word_embeddings": inside}
    given = {key: value for key, value in outer.items() if value is not None}
    given["text_config"] = {key: value for key, value in inner.items() if value is not None}
    reading = read(given, CATALOGUE)
    assert reading.architecture.tied_embeddings is tied
    # Some classes take over a true from inside.
    assert read({**given, "model_type": "llava"}, CATALOGUE).architecture.tied_embeddings is (tied or inside is True)
    differs = outside is not None and inside is not None and outside != inside
    assert ("tied-differently" in [notice.code for notice in reading.notices]) is differs


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"architectures": ["LlamaModel"]}, "no-output-matrix"),
        ({"hidden_size": 2048, "num_hidden_layers": 4}, None),
        ({"model_type": "mistral", "sliding_window": 1024}, "window-unused"),
        ({"model_type": "deepseek_v3", "num_nextn_predict_layers": 1}, "prediction-layers"),
        ({"model_type": "glm4_moe", "num_nextn_predict_layers": 1}, "prediction-layers"),
        ({"model_type": "video_llava", "text_config": {"model_type": "llama"}}, "outer-class-not-run"),
        ({"architectures": ["LLaMAForCausalLM"], "num_experts_per_tok": 0, "kv_lora_rank": None}, None),
        ({"architectures": ["BananaForCausalLM"]}, "class-named-otherwise"),
        ({"architectures": ["MistralForCausalLM"]}, "class-named-otherwise"),
        ({"architectures": ["LlamaForCausalLM", "BertModel"]}, "class-named-otherwise"),
        ({"num_experts_per_tok": 2}, "keys-unused"),
        ({"ssm_state_size": 128}, "keys-unused"),
        ({"q_lora_rank": 1536}, "keys-unused"),
        ({"linear_num_value_heads": 32}, "keys-unused"),
        ({"hybrid_override_pattern": "M-M*"}, "keys-unused"),
    ],
)
def test_what_is_told_beside_a_reading(changed: dict[str, Any], code: str | None) -> None:
    """What a reader cannot see in the numbers."""
    codes = [notice.code for notice in read(long_form(LLAMA) | changed, CATALOGUE).notices]
    assert codes == [] if code is None else code in codes


def test_published_configurations_call_themselves_by_their_class() -> None:
    """What transformers writes, and what stands beside published weights, is no other class and has no keys of another kind."""
    configs = [row["config"] for row in WRITTEN] + [long_form(config) for config in CONFIGS.values()]
    told = [(config["model_type"], n) for config in configs for n in read(config, CATALOGUE).notices if n.code in ODD]
    assert told == []


ODD = ("class-named-otherwise", "keys-unused")


def test_left_out_values_are_those_of_the_class_and_are_named() -> None:
    """Llama's own, where nothing is said."""
    reading = read({"model_type": "llama"}, CATALOGUE)
    assert parameters(reading.architecture) == 6_738_415_616
    (notice,) = reading.notices
    assert "hidden_size" in notice.values["keys"]


@pytest.mark.parametrize(
    ("kind", "count"),
    # What transformers 5.24.0 builds of each class where nothing is said; typed from its own printout.
    [
        ("qwen3_next", 79_674_391_296),
        ("hy_v3", 295_033_528_320),
        ("glm4_moe_lite", 29_943_390_976),
        ("laguna", 33_189_975_808),
        ("falcon_h1", 8_514_961_408),
        ("deepseek_v4", 284_325_869_015),
    ],
)
def test_a_class_alone_has_the_parameters_of_its_defaults(kind: str, count: int) -> None:
    """Lists of layers too are those that the class makes up."""
    a = read_config({"model_type": kind}, CATALOGUE)
    assert parameters(a) - count in stored_beside(a)


@pytest.mark.parametrize(("kind", "key"), [("lfm3", "layer_types"), ("hy_v4", "indexer_types")])
def test_what_a_class_makes_up_is_asked_for(kind: str, key: str) -> None:
    """Rather than guessed."""
    with pytest.raises(Refused) as refused:
        read_config({"model_type": kind}, CATALOGUE)
    assert refused.value.field == f"config.{key}"


def test_the_context_length_is_not_demanded() -> None:
    """It changes no byte."""
    config = {"model_type": "internlm2", "hidden_size": 256, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 64}
    assert read_config({**config, "intermediate_size": 64}, CATALOGUE).layers == 2


def test_prediction_layers_are_never_among_the_parameters() -> None:
    """One rule for classes whose files keep them and for those whose files do not."""
    for kind in ("glm4_moe", "deepseek_v3"):
        small = next(row for row in WRITTEN if row["kind"] == kind and row["case"] == "small")["config"]
        counts = {parameters(read_config({**small, "num_nextn_predict_layers": count}, CATALOGUE)) for count in (0, 1, 2)}
        assert len(counts) == 1


def test_a_listed_model_tells_what_its_class_lacks() -> None:
    """As its configuration would."""
    question = {"quant": "q4_k_m", "context": 4096, "gpus": ["rtx-4090"]}
    told = " ".join(estimate({"model": "llama-3.2-11b-vision", **question}, CATALOGUE)["warnings"])
    assert "llama.cpp / mlx / vllm has no class of its own" in told
    assert "not compared" in told
    assert "not compared" not in " ".join(estimate({"model": "llama-3.1-8b", **question}, CATALOGUE)["warnings"])


@pytest.mark.parametrize(
    ("model", "count"), [("longcat-flash-560b-a27b", 560e9), ("kimi-k3-2.8t", 2.78e12), ("glm-5.3-flash-320b-a18b", 313.3e9)]
)
def test_new_models_have_the_parameters_of_their_names(model: str, count: float) -> None:
    """Published as 560B and 2.8T; GLM 5.3 Flash as transformers builds it, without its prediction layer."""
    assert parameters(architecture_of(CATALOGUE.models[model], CATALOGUE.models)) == pytest.approx(count, rel=0.002)


def test_pooled_keys_of_an_indexer_are_cached_three_times() -> None:
    """GLM 5.3 Flash: 11 layers keep the latent vector, the raw key, the gate's values and the pooled key, 16 bits each.

    Source: llama.cpp b11434, src/llama-memory-hybrid-idx.cpp and llama-hparams.h (indexer_kpool_row).
    """
    question = {"model": "glm-5.3-flash-320b-a18b", "quant": "q4_k_m", "gpus": ["rtx-4090"]}
    kept = [estimate({**question, "context": context}, CATALOGUE)["kv_cache"]["bytes"] for context in (8192, 4096)]
    assert kept[0] - kept[1] == 4096 * 11 * (512 + 3 * 128) * 2


def test_windows_of_latent_attention_keep_their_own_width() -> None:
    """dots3-note: 13 layers keep 512 + 64 values and a scorer's 128, the other 33 keep 1,024 + 64 of at most a window.

    Source: transformers 5.24.0, Dots3NoteTextConfig.
    """
    question = {"model": "dots3-note-288b-a19b", "quant": "q4_k_m", "gpus": ["rtx-4090"]}
    kept = [estimate({**question, "context": context}, CATALOGUE)["kv_cache"]["bytes"] for context in (16_384, 8192)]
    assert kept[0] - kept[1] == 8192 * 13 * (512 + 64 + 128) * 2
    # A window of 512 tokens, and the 512 of a micro-batch.
    assert kept[1] - 8192 * 13 * (512 + 64 + 128) * 2 == 1024 * 33 * (1024 + 64) * 2


RWKV_6 = {"model_type": "rwkv6", "hidden_size": 4096, "num_hidden_layers": 32}


def test_rwkv_6_has_the_matrices_and_vectors_that_its_layers_are_made_of():
    """At the sizes of its 7B: six square matrices a layer, two of the feed-forward block, small pairs for the mix and the decay."""
    width, size = 4096, 14_336
    each = 6 * width * width + 2 * width * size + 2 * width * (5 * 64 + 128) + 16 * width
    assert parameters(read_config(RWKV_6, CATALOGUE)) == 32 * each + 2 * 65536 * width + 4 * width == 7_635_746_816


def test_rwkv_7_has_the_parameters_of_the_model_that_was_published():
    """RWKV7 World 1.5B: embeddings, and in each layer matrices, small projections and vectors, of which the first has no mix of values."""
    width, size, layers = 2048, 8192, 24
    config = {"model_type": "rwkv7", "hidden_size": width, "num_hidden_layers": layers, "intermediate_size": size, "vocab_size": 65536}
    ranks = {"decay_low_rank_dim": 96, "a_low_rank_dim": 96, "v_low_rank_dim": 64, "gate_low_rank_dim": 256}
    each = 4 * width * width + 2 * width * size + 2 * width * (96 + 96 + 256) + 18 * width
    expected = 2 * 65536 * width + 4 * width + layers * each + (layers - 1) * (2 * width * 64 + width)
    assert expected == 1_527_404_544
    assert parameters(read_config({**config, **ranks}, CATALOGUE)) == expected
    with pytest.raises(Refused, match="low_rank_dim"):
        read_config(config, CATALOGUE)


def test_a_number_with_a_point_is_whole_where_it_is(tmp_path: Path) -> None:
    """As a page's script reads it."""
    path = tmp_path / "config.json"
    path.write_text('{"hidden_size": 4096.0, "rope_theta": 1e6, "eps": 1e-5, "far": 1e300}', "utf-8")
    assert repr(read_config_file(path)) == "{'hidden_size': 4096, 'rope_theta': 1000000, 'eps': 1e-05, 'far': 1e+300}"


@pytest.mark.parametrize(
    ("kind", "tower"),
    [("gemma3", "vision_config"), ("qwen2_5_vl", "vision_config"), ("gemma3n", "audio_config"), ("voxtral", "audio_config")],
)
def test_towers_are_told_and_not_counted(kind: str, tower: str) -> None:
    bare = read({"model_type": kind, **({} if kind == "qwen2_5_vl" else {"text_config": {"hidden_size": 2048}})}, CATALOGUE)
    seeing = read(
        {"model_type": kind, tower: {"hidden_size": 1152}, **({} if kind == "qwen2_5_vl" else {"text_config": {"hidden_size": 2048}})},
        CATALOGUE,
    )
    assert parameters(seeing.architecture) == parameters(bare.architecture)
    assert [(notice.code, notice.values["parts"]) for notice in seeing.notices if notice.code == "towers-apart"] == [
        ("towers-apart", tower)
    ]
