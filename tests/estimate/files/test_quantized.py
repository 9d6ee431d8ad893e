"""What `quantization_config` says: the format, and the modules that stay at 16 bits."""

from pathlib import Path

import pytest

from macros.estimate import Refused, estimate
from macros.estimate.files.modules import entries, is_followed, matches, module_names
from macros.estimate.files.quantized import format_of
from macros.formulas.weights.packing import uniform_bytes, uniform_tensors
from macros.specs import load
from macros.specs.models import architecture_of

CATALOGUE = load(Path(__file__).resolve().parents[3] / "data")
QWEN3 = {
    "model_type": "qwen3", "hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 28, "num_attention_heads": 16,
    "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151936, "max_position_embeddings": 40960, "tie_word_embeddings": True,
}  # fmt: skip


def shapes(model):
    return architecture_of(CATALOGUE.models[model], CATALOGUE.models)


def published(model, **config):
    return format_of(config, shapes(model), CATALOGUE.quantizations)


def weights(**weights):
    return {"quant_method": "compressed-tensors", "version": "0.19.0", "config_groups": {"group_0": {"targets": ["Linear"], **weights}}}


INT4 = {"num_bits": 4, "type": "int", "strategy": "group", "group_size": 128, "symmetric": True}


QUARK_FP8 = {"weight": {"dtype": "fp8_e4m3", "qscheme": "per_tensor"}, "input_tensors": {"dtype": "fp8_e4m3", "is_dynamic": False}}


@pytest.mark.parametrize(
    ("config", "name"),
    [
        ({"quant_method": "gptq", "bits": 4, "group_size": 128, "desc_act": True}, "gptq-4bit-128g"),
        ({"quant_method": "gptq", "bits": 8, "group_size": 128}, "gptq-8bit-128g"),
        ({"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": True}, "awq-4bit-128g"),
        ({"quant_method": "fp8", "weight_block_size": [128, 128]}, "fp8-block-f32"),
        ({"quant_method": "fp8", "activation_scheme": "static"}, "fp8-tensor"),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}, "nf4-single"),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_use_double_quant": True}, "nf4"),
        ({"quant_method": "bitsandbytes", "load_in_8bit": True}, "int8"),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4", "exclude_modules": ["lm_head"]}, "nvfp4"),
        ({"quant_method": "modelopt", "quantization": {"quant_algo": "FP8"}}, "fp8-tensor"),
        ({"quant_method": "exl3", "bits": 4.0}, "exl3-4bit"),
        ({"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "fp4", "qscheme": "per_group", "group_size": 32}}}, "mxfp4"),
        ({"bits": 4, "group_size": 64}, "mlx-4bit-64g"),
        ({"bits": 4, "group_size": 32, "mode": "mxfp4"}, "mlx-mxfp4"),
        (weights(weights=INT4) | {"format": "pack-quantized"}, "w4a16-128g"),
        (weights(weights=INT4 | {"symmetric": False}) | {"format": "pack-quantized"}, "w4a16-asym-128g"),
        (weights(weights=INT4 | {"num_bits": 8}) | {"format": "pack-quantized"}, "w8a16-128g"),
        (weights(weights={"num_bits": 8, "type": "float", "strategy": "channel"}), "fp8"),
        (weights(weights={"num_bits": 8, "type": "float", "strategy": "block", "block_structure": [128, 128]}), "fp8-block"),
        (weights(weights={"num_bits": 4, "type": "float", "strategy": "tensor_group", "group_size": 16}), "nvfp4a16"),
        (weights(weights={"num_bits": 4, "type": "float", "group_size": 16}, input_activations={"num_bits": 4}), "nvfp4"),
        (weights(weights={"num_bits": 4, "type": "float", "strategy": "group", "group_size": 32}), "mxfp4"),
        (weights(weights={"num_bits": 8, "type": "float", "strategy": "group", "group_size": 32}), "mxfp8"),
    ],
)
def test_a_configuration_names_its_format(config, name):
    """And it weighs what the libraries wrote for this model: see data/file-sizes/qwen3-0.6b.yaml."""
    a = shapes("qwen3-0.6b")
    found = format_of(config, a, CATALOGUE.quantizations)
    assert found.id == name
    stored_besides = 1024 * 151936 * 6 // 8 + 2 * (1024 + 151936) + 4 if name.startswith("exl3") else 0  # exllamav3 unties, and says so
    assert uniform_bytes(a, found.per_weight) == uniform_bytes(a, CATALOGUE.quantizations[name].per_weight) - stored_besides


@pytest.mark.parametrize(
    "config",
    [
        {},
        *(
            {"quant_method": method, "bits": 4}
            for method in ("hqq", "torchao", "aqlm", "quip", "vptq", "spqr", "higgs", "auto-round", "bitnet", "exl2")
        ),
        {"quant_method": "gptq"},
        {"quant_method": "compressed-tensors"},
        {"quant_method": 4},
        {"quant_method": "bitsandbytes"},
        {"quant_method": "modelopt", "quant_algo": "INT4_AWQ"},
        {"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "int2", "qscheme": "per_group", "group_size": 128}}},
        {"quant_method": "auto-round", "packing_format": "auto_round:fp8", "bits": 8},
        {"quant_method": "torchao", "quant_type": "int4_dynamic"},
        weights(weights=INT4 | {"strategy": "banana"}),
        weights(weights=INT4) | {"format": "marlin-24"},
        weights(weights=INT4) | {"format": "pack-quantized", "sparsity_config": {"format": "sparse-24-bitmask"}},
    ],
)
def test_what_is_not_known_is_no_format(config):
    assert format_of(config, shapes("qwen3-0.6b"), CATALOGUE.quantizations) is None


def leaving_out(*listed):
    return format_of(weights(weights=INT4) | {"ignore": list(listed)}, shapes("llama-3.1-8b"), CATALOGUE.quantizations)


@pytest.mark.parametrize("pattern", ["re:.*self_attn\\.[qkvo]_proj$", "re:.*self_attn\\.(q|k|v|o)_proj", "re:.*self_attn.*"])
def test_spellings_of_one_list_leave_out_the_same(pattern):
    found = [leaving_out(one, "lm_head") for one in (pattern, "re:.*self_attn.*", "no_such_module")]
    sizes = [uniform_bytes(shapes("llama-3.1-8b"), one.per_weight) for one in found]
    assert sizes[0] == sizes[1] > sizes[2]


@pytest.mark.parametrize("pattern", ["re:^(?!.*mlp).*$", "re:.*layers\\.([0-9]|1[0-9])\\.mlp.*", "re:((", "re:.*gate_?proj"])
def test_an_expression_that_says_more_is_refused_by_name(pattern):
    assert leaving_out(pattern, "lm_head") is None
    question = {"context": 1024, "engine": "vllm", "config": QWEN3 | {"quantization_config": weights(weights=INT4) | {"ignore": [pattern]}}}
    with pytest.raises(Refused) as refused:
        estimate(question, CATALOGUE)
    assert repr(f"compressed-tensors with {pattern}") in str(refused.value)
    assert "compressed-tensors" in " ".join(estimate(question | {"quant": "fp8"}, CATALOGUE)["warnings"])
    assert leaving_out(f"{pattern}vision_tower") is not None


def test_modules_of_gptq_with_bits_of_their_own():
    """GPTQModel's `dynamic`: regular expressions after `-:` leave modules out, the others give them bits of their own."""
    config = {"quant_method": "gptq", "bits": 4, "group_size": 128}
    own = {"-:.*self_attn.*": {}, "+:.*mlp\\.(up|gate)_proj": {"bits": 8}, ".*down_proj.*": {"group_size": 32}}
    found = bits("llama-3.1-8b", format_of(config | {"dynamic": own}, shapes("llama-3.1-8b"), CATALOGUE.quantizations))
    sizes = {name: round(size, 1) for (name, _), size in found.items()}
    assert [sizes[name] for name in ("attn_q", "ffn_up", "ffn_gate", "ffn_down")] == [16.0, 8.2, 8.2, 4.6]
    assert format_of(config | {"dynamic": {"-:(?!x).*": {}}}, shapes("llama-3.1-8b"), CATALOGUE.quantizations) is None


def test_older_spellings_of_where_and_how():
    """transformers takes a configuration without a method that loads 4 or 8 bits for one of bitsandbytes."""
    a, config = shapes("qwen3-0.6b"), {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}
    assert format_of(config, a, CATALOGUE.quantizations).id == "nf4-single"
    assert format_of({"load_in_8bit": True}, a, CATALOGUE.quantizations).id == "int8"


def bits(model, found):
    """Bits of a weight by name of tensor and number of layers."""
    return {
        (g.name, len(g.layers)): round(size * 8 / (g.values * g.count), 2) for g, size in uniform_tensors(shapes(model), found.per_weight)
    }


@pytest.mark.parametrize(
    ("version", "bits", "words"),
    [("0.17.1", 3, 103), ("0.18.0", 3, 96), (None, 5, 171), ("0.20.1", 5, 160), ("0.9.4", 7, 256), ("1.0.0", 7, 224), ("0.12.2", 4, 128)],
)
def test_weights_of_odd_widths_are_not_split_over_words_before_version_0_18(version, bits, words):
    """Words of a row of 1,024 weights, as pack_to_int32 of these versions of compressed-tensors makes it: see findings."""
    config = weights(weights=INT4 | {"num_bits": bits}) | {"format": "pack-quantized", "version": version}
    found = format_of(config, shapes("qwen3-0.6b"), CATALOGUE.quantizations)
    tensors = [(g.rows, size // g.count) for g, size in uniform_tensors(shapes("qwen3-0.6b"), found.per_weight) if g.name == "ffn_up"]
    beside = 8 if version is None else 16  # the shape
    assert tensors == [(3072, 3072 * (4 * words + 2 * 1024 // 128) + beside)]


def test_modules_left_out_stay_at_16_bits():
    """The form of Kimi K2.5: routed experts alone."""
    ignored = ["lm_head", "re:.*self_attn.*", "re:.*shared_experts.*", "re:.*mlp\\.(gate|up|gate_up|down)_proj.*"]
    config = {"quant_method": "compressed-tensors", "format": "pack-quantized", "ignore": ignored}
    config["config_groups"] = {"group_0": {"targets": ["Linear"], "weights": INT4 | {"group_size": 32}}}
    found = published("kimi-k2.5-1t", **config)
    assert found.id == "w4a16-32g"
    sizes = bits("kimi-k2.5-1t", found)
    assert {name for (name, _), size in sizes.items() if size < 16} == {"ffn_gate_exps", "ffn_up_exps", "ffn_down_exps"}
    # 594,205,858,816 with selection biases at 16 bits; each of 60 x 384 of them has 32.
    assert uniform_bytes(shapes("kimi-k2.5-1t"), found.per_weight) == 594_205_858_816 + 2 * 60 * 384


def test_gpt_oss_keeps_all_but_its_experts():
    """13,761,264,768 bytes of tensors: the published counts a dtype of the repository."""
    listed = ["model.layers.*.self_attn", "model.layers.*.mlp.router", "model.embed_tokens", "lm_head"]
    found = published("gpt-oss-20b", quant_method="mxfp4", modules_to_not_convert=listed)
    assert uniform_bytes(shapes("gpt-oss-20b"), found.per_weight) == 13_761_264_768


def test_single_layers_can_be_left_out():
    listed = ["lm_head", *(f"model.layers.{layer}.self_attn*" for layer in range(3)), "model.layers.5*", "mtp.layers.0*", "model.visual*"]
    sizes = bits("qwen3-8b", published("qwen3-8b", quant_method="modelopt", quant_algo="NVFP4", exclude_modules=listed))
    assert sizes["attn_q", 4] == sizes["ffn_up", 1] == 16.0
    assert sizes["attn_q", 32] == sizes["ffn_up", 35] == 4.5


def test_an_output_matrix_that_no_list_leaves_out_is_quantized():
    config = {"quant_method": "modelopt", "quant_algo": "NVFP4"}
    assert bits("qwen3-8b", published("qwen3-8b", **config))["output", 1] == 4.5
    assert bits("qwen3-8b", published("qwen3-8b", **config, exclude_modules=["lm_head"]))["output", 1] == 16.0


def test_mixed_schemes_are_told_apart_by_module():
    listed = {f"backbone.layers.{layer}.mixer.in_proj": {"quant_algo": "FP8"} for layer in range(52)}
    listed |= {f"backbone.layers.{layer}.mixer.experts.0.up_proj": {"quant_algo": "W4A16_NVFP4"} for layer in range(52)}
    sizes = bits(
        "nemotron-3-nano-30b-a3b",
        published("nemotron-3-nano-30b-a3b", quant_method="modelopt", quant_algo="MIXED_PRECISION", quantized_layers=listed),
    )
    found = {name: size for (name, _), size in sizes.items()}
    assert (found["ssm_in"], found["ffn_up_exps"], found["ffn_down_exps"], found["attn_q"]) == (8.0, 4.5, 16.0, 16.0)


def test_mlx_modules_of_their_own_width():
    """Qwen3.6 35B-A3B, 4 bits with routers at 8: 20,401,929,952 bytes with the vision tower, the total of its index."""
    own = {"group_size": 64, "bits": 8}
    gates = {f"language_model.model.layers.{layer}.mlp.{gate}": own for layer in range(40) for gate in ("gate", "shared_expert_gate")}
    found = published("qwen3.6-35b-a3b", bits=4, group_size=64, **gates)
    assert (
        uniform_bytes(shapes("qwen3.6-35b-a3b"), found.per_weight) + 2 * CATALOGUE.models["qwen3.6-35b-a3b"].projector.parameters
        == 20_401_929_952
    )


def test_the_format_is_taken_from_the_configuration():
    config = QWEN3 | {"quantization_config": {"quant_method": "awq", "bits": 4, "group_size": 128}}
    asked = {"config": config, "context": 1024, "gpus": ["rtx-3090"]}
    taken = estimate(asked, CATALOGUE)
    assert taken["weights"]["bytes"] == 540_098_560
    assert taken["engine"]["name"] == "vLLM"
    assert estimate(asked | {"quant": "awq-4bit-128g"}, CATALOGUE)["weights"] == taken["weights"]


def test_another_format_than_the_published_one_is_told():
    config = QWEN3 | {"quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]}}
    found = estimate({"config": config, "context": 1024, "quant": "q4_k_m"}, CATALOGUE)
    assert {"code": "quant-contradicts", "values": {"quant": "q4_k_m", "published": "FP8 in blocks, 32-bit scales"}} in found["notices"]


def test_a_method_that_is_not_known_is_told_and_asks_for_a_format():
    config = QWEN3 | {"quantization_config": {"quant_method": "hqq"}}
    with pytest.raises(Refused, match=r"config\.quantization_config: expected a way .* that an engine of the guide reads, got 'hqq: half"):
        estimate({"config": config, "context": 1024}, CATALOGUE)
    assert "published-quantized" in [
        one["code"] for one in estimate({"config": config, "context": 1024, "quant": "q4_0"}, CATALOGUE)["notices"]
    ]


def test_patterns():
    assert all([matches("*", ""), matches("a*c", "abc"), matches("ac", "ac"), matches("*b*b*", "abxb")])
    assert not any([matches("a*ab", "ab"), matches("*b*b*", "ab"), matches("ac", "acd")])
    (entry,) = entries(["re:.*mlp.gate$"])
    assert entry.names(module_names("ffn_gate_inp", recurs=False), 0)
    assert not entry.names(module_names("ffn_gate", recurs=False), 0)
    assert len(entries(["re:" + "(a|b)" * 5, 4, None, ""])) == 32
    assert is_followed("re:" + "(a|b)" * 5)
    assert not is_followed("re:" + "(a|b)" * 30)


def test_norms_stay_at_16_bits_where_no_gguf_is_read():
    """Qwen3 0.6B: 596,049,920 parameters of two bytes; in a GGUF file 65,536 of them, the norms, have four."""
    question = {"model": "qwen3-0.6b", "quant": "bf16", "context": 1024, "gpus": ["rtx-4090"]}
    assert estimate(question | {"engine": "vllm"}, CATALOGUE)["weights"]["bytes"] == 1_192_099_840
    assert estimate(question, CATALOGUE)["weights"]["bytes"] == 1_192_099_840 + 2 * 65_536


def test_deepseek_v4_says_four_bits_beside_its_quantization():
    """config.json of DeepSeek-V4-Flash: FP8 in blocks with E8M0 scales, and `expert_dtype` fp4 outside of quantization_config."""
    config = {"quant_method": "fp8", "fmt": "e4m3", "scale_fmt": "ue8m0", "weight_block_size": [128, 128], "expert_dtype": "fp4"}
    found = published("deepseek-v4-flash-284b-a13b", **config)
    assert found.id == "fp4-fp8-block"
    sizes = {name: size for (name, _), size in bits("deepseek-v4-flash-284b-a13b", found).items()}
    assert (sizes["ffn_up_exps"], sizes["attn_q_a"], sizes["output"]) == (4.25, 8.0, 16.0)
    a = shapes("deepseek-v4-flash-284b-a13b")
    assert uniform_bytes(a, found.per_weight) == uniform_bytes(a, CATALOGUE.quantizations["fp4-fp8-block"].per_weight)


def test_experts_beside_a_dense_block_are_told_apart_from_it():
    """NVIDIA's pack of Gemma 4 26B-A4B leaves out `mlp`, which is the dense block alone: experts have 4 bits."""
    listed = ["lm_head", *(f"model.language_model.layers.{layer}.mlp*" for layer in range(30))]
    listed += [f"model.language_model.layers.{layer}.self_attn*" for layer in range(30)]
    found = published("gemma-4-26b-a4b", quant_method="modelopt", quant_algo="NVFP4", exclude_modules=listed)
    sizes = {name: size for (name, _), size in bits("gemma-4-26b-a4b", found).items()}
    assert (sizes["ffn_gate_up_exps"], sizes["ffn_down_exps"], sizes["ffn_down"]) == (4.5, 4.5, 16.0)


def test_an_algorithm_without_a_method_is_model_optimizers():
    """Qwen/Qwen3-32B-FP8-Static-PerTensor names `quant_algo` and no `quant_method`."""
    assert published("qwen3-32b", quant_algo="FP8", ignore=["lm_head"], producer={"name": "modelopt"}).id == "fp8-tensor"


@pytest.mark.parametrize(("version", "size"), [("4.57.1", 4), ("5.24.0", 16), (None, 16)])
def test_experts_under_bitsandbytes_are_those_of_the_library_s_version(version, size):
    """Since version 5 a layer's experts are one parameter, which bitsandbytes leaves as it is: see findings."""
    mixture = shapes("qwen3-30b-a3b")
    config = {"quant_method": "bitsandbytes", "load_in_4bit": True} | ({} if version is None else {"transformers_version": version})
    layout = format_of(config, mixture, CATALOGUE.quantizations).per_weight
    experts = sum(size for group, size in uniform_tensors(mixture, layout) if group.name.endswith("_exps"))
    values = 48 * 128 * 3 * 2048 * 768
    scales = values // 64 * 4 + 48 * 128 * 3 * 146
    assert experts == values * size // 8 + (scales if size == 4 else 0)


LINEAR = 28 * (1024 * 2048 * 2 + 1024 * 1024 * 2 + 3 * 1024 * 3072)
"""Weights of the linear layers of Qwen3 0.6B."""
ROWS = 28 * (2048 + 1024 + 1024 + 1024 + 3072 + 3072 + 1024)
REST = 2 * (1024 * 151936 + 28 * (2 * 1024 + 2 * 128) + 1024)
"""Its table and norms at 16 bits."""
OFF = {"bits": 16, "data_type": "float"}
DOWN, DOWN_ROWS = 1024 * 3072, 1024


@pytest.mark.parametrize(
    ("config", "size"),
    [
        # Four bits, a scale of 16 and a zero of four for each group of 128.
        (
            {"quant_method": "auto-round", "bits": 4, "group_size": 128, "packing_format": "auto_round:auto_gptq"},
            LINEAR // 2 + LINEAR // 128 * 5 // 2,
        ),
        (
            {"quant_method": "auto-round", "bits": 4, "group_size": 128, "extra_config": {"model.layers.0.mlp.down_proj": OFF}},
            (LINEAR - DOWN) // 2 + (LINEAR - DOWN) // 128 * 5 // 2 + 2 * DOWN,
        ),
        (
            {"quant_method": "torchao", "quant_type": "int4_weight_only", "quant_type_kwargs": {"group_size": 32}},
            LINEAR // 2 + LINEAR // 32 * 4,
        ),
        ({"quant_method": "torchao", "quant_type": {"default": {"_type": "Int8WeightOnlyConfig", "_data": {}}}}, LINEAR + 5 * ROWS),
        ({"quant_method": "torchao", "quant_type": {"default": {"_type": "Float8WeightOnlyConfig", "_data": {}}}}, LINEAR + 4 * ROWS),
        ({"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "fp8_e4m3", "qscheme": "per_channel"}}}, LINEAR + 2 * ROWS),
        ({"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "int8", "qscheme": "per_channel"}}}, LINEAR + 3 * ROWS),
        ({"quant_method": "quark", "global_quant_config": QUARK_FP8}, LINEAR + 7 * 28 * 4),
        (
            {
                "quant_method": "quark",
                "global_quant_config": {"weight": {"dtype": "int4", "qscheme": "per_group", "group_size": 128}},
                "layer_quant_config": {"*.layers.0.mlp.down_proj": {"weight": None}},
            },
            (LINEAR - DOWN) // 2 + (LINEAR - DOWN) // 128 * 5 // 2 + 2 * DOWN,
        ),
    ],
)
def test_ways_of_other_libraries_weigh_what_their_tensors_weigh(config, size):
    """AutoRound 0.16.1, torchao 0.18.0 and Quark 0.13: dtypes and shapes of the tensors that they write, counted by hand."""
    a = shapes("qwen3-0.6b")
    found = format_of(config, a, CATALOGUE.quantizations)
    assert uniform_bytes(a, found.per_weight) == size + REST
