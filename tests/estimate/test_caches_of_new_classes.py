"""What is kept of the text in the newest classes: hand-computed, and as engines printed it."""

from pathlib import Path

import pytest

from macros.estimate import Refused, estimate
from macros.formulas.paged_cache import PagedLayer, plan_pages, pool_block_bytes, request_blocks
from macros.specs import load
from macros.tables.accuracy_memory import ROOMY

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")
MIB = 2**20


def ask(model, context, **more):
    return estimate({"model": model, "quant": "q4_k_m", "context": context, "gpus": ["h200-sxm"], **more}, CATALOGUE)


@pytest.mark.parametrize(
    ("model", "context", "expected"),
    [
        # keys and values in the 16 layers that attend, not in all 64: 16384 MiB in a public log
        ("qwen3.6-27b", 262_144, 16_384 * MIB + 156_893_184),
        # 6 of 52 blocks attend: 2 heads of 128, keys and values of 2 bytes; 23 recurrent blocks have a state of constant size
        ("nemotron-3-nano-30b-a3b", 8_192, 8_192 * 6 * 2 * 128 * 2 * 2 + 4 * 23 * (3 * (4096 + 2 * 8 * 128) + 128 * 4096)),
        # one small vector a layer, and the scorer's keys only in the 21 layers that score for themselves
        ("glm-5.2-744b", 8_192, 8_192 * 2 * (78 * (512 + 64) + 21 * 128)),
        ("glm-5-744b", 8_192, 8_192 * 2 * 78 * (512 + 64 + 128)),
        # 10 of 40 layers attend; the short convolutions keep two tokens
        ("lfm2-24b-a2b", 8_192, 8_192 * 10 * 8 * 64 * 2 * 2 + 4 * 30 * 2 * 2048),
        # three of four layers see a window of 4096, of which 4096 + 512 cells are held
        ("exaone-4.0-32b", 32_768, (16 * 32_768 + 48 * 4_608) * 8 * 128 * 2 * 2),
    ],
)
def test_cache_and_state(model, context, expected):
    answer = ask(model, context)
    assert answer["kv_cache"]["bytes"] == expected


def test_a_state_does_not_grow_with_the_context():
    short, long = (ask("nemotron-3-nano-30b-a3b", context)["state"]["bytes"] for context in (4_096, 131_072))
    assert short == long > 0


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        # Without flash attention values are kept transposed, in rows as long as the widest layer needs: of 48 layers 8 have one key-value
        # head of 512, the others 8 of 256, so that all keep 2048 values; llama.cpp plans 671,088,640 bytes.
        ("gemma-4-12b", 4096 * 2 * (8 * (512 + 2048)) + 1536 * 2 * (40 * (2048 + 2048))),
        # All layers are alike here: nothing changes.
        ("llama-3.1-8b", 4096 * 2 * 32 * 2 * 8 * 128),
    ],
)
def test_values_are_as_wide_as_in_the_widest_layer_without_flash_attention(model, expected):
    assert ask(model, 4096, flash_attention=False)["kv_cache"]["bytes"] == expected


def test_a_device_pads_the_keys_of_a_scorer_apart_from_what_is_cached():
    """In 8 bits a row of 576 and one of 128 values are padded to 1024 and 512, once in each of 61 layers; the engine plans the same."""
    question = {"model": "deepseek-v3.2-671b", "quant": "q4_k_m", "context": 4096, "kv_type": "q8_0"}
    cells = 4096 * 61 * (576 + 128) // 32 * 34
    on_host = estimate({**question, "gpus": []}, CATALOGUE)["kv_cache"]["bytes"]
    on_card = estimate({**question, "gpus": [ROOMY], "gpu_layers": 99}, CATALOGUE)["kv_cache"]["bytes"]
    assert on_host == cells
    # 448 and 384 values more, rounded up to the alignment of 128 bytes
    assert on_card == cells + 61 * (512 + 512)


def test_compressed_attention_keeps_a_window_compressed_tokens_and_unfinished_blocks():
    """DeepSeek V4 as its class has it, at 131,072 cells: counted by hand after llama.cpp b11434, llama-kv-cache-dsv4.cpp."""
    answer = estimate({"config": {"model_type": "deepseek_v4"}, "quant": "f16", "context": 131_072, "gpus": []}, CATALOGUE)
    window = 43 * 768 * 512 * 2
    fourth = 20 * 32_768 * (512 + 128) * 2
    heavy = 23 * 1_024 * 512 * 2
    unfinished = 4 * 2 * (20 * (1_024 * 8 + 256 * 8) + 23 * 512 * 128)
    assert answer["kv_cache"]["bytes"] == window + fourth + heavy + unfinished
    four = estimate({"config": {"model_type": "deepseek_v4"}, "quant": "f16", "context": 131_072, "gpus": [], "slots": 4}, CATALOGUE)
    assert four["kv_cache"]["bytes"] == 4 * answer["kv_cache"]["bytes"]


def test_a_scorer_of_blocks_keeps_a_key_for_each_token_and_room_for_another():
    """MiniMax M3's form: keys and values of four heads, and twice the scorer's key in layers that have one, as b11739 printed for M3."""
    config = {"model_type": "minimax_m3_vl_text", "num_hidden_layers": 4, "moe_layer_freq": [0, 1, 1, 1]}
    sparse = {"sparse_num_index_heads": 4, "sparse_index_dim": 128, "sparse_topk_blocks": 16, "sparse_block_size": 128}
    config["sparse_attention_config"] = {**sparse, "sparse_attention_freq": [0, 1, 1, 1]}
    answer = estimate({"config": config, "quant": "f16", "context": 4096, "gpus": []}, CATALOGUE)
    assert answer["kv_cache"]["bytes"] == 4096 * 2 * (4 * 2 * 4 * 128 + 3 * 2 * 128)


def looped(**more):
    """Dory at its class's sizes, with the kind of each block."""
    kinds = ["full_attention" if (layer + 1) % 4 == 0 else "sliding_attention" for layer in range(36)]
    blocks = [block for kind in kinds for block in (kind, "mlp")]
    numbers = {"num_hidden_layers": 72, "n_input_layers": 16, "n_recurrent_layers": 40, "n_output_layers": 16}
    return {"model_type": "dory", "layer_types": blocks, **numbers, **more}


def of_config(config, **more):
    return estimate({"config": config, "quant": "bf16", "context": 8_192, "gpus": ["h200-sxm"], **more}, CATALOGUE)


def test_each_run_of_a_layer_keeps_a_cache_and_no_matrices_of_its_own():
    answer = of_config({"model_type": "hrm_text"})
    # 16 low layers run 3 times in each of 2 cycles, 16 high ones once: 128 caches of 12 heads of 128, and 32 layers of matrices
    assert answer["kv_cache"]["bytes"] == 8_192 * 128 * 12 * 128 * 2 * 2
    each = 5 * 1536 * 1536 + 3 * 1536 * 4096
    assert answer["parameters"] == 32 * each + 2 * 151_808 * 1536 + 1536


@pytest.mark.parametrize(
    ("mode", "whole", "windowed"),
    # 36 layers, 9 of which see everything; the 20 in the middle, 5 of which do, run twice
    [("per_loop", 9 + 5, 27 + 15), ("last_loop", 9, 27)],
)
def test_runs_of_the_middle_keep_a_cache_each_or_share_one(mode, whole, windowed):
    answer = of_config(looped(recurrent_kv_cache_mode=mode))
    assert answer["kv_cache"]["bytes"] == (whole * 8_192 + windowed * (1_024 + 512)) * 4 * 256 * 2 * 2
    assert answer["parameters"] == of_config(looped(recurrent_kv_cache_mode="per_loop"))["parameters"]


def test_layers_that_run_again_are_read_again():
    once, thrice = (of_config(looped(n_recurrent_loops=times), engine="vllm") for times in (1, 3))
    assert once["weights"]["bytes"] == thrice["weights"]["bytes"]
    assert thrice["decode"]["tokens_per_second"] < 0.6 * once["decode"]["tokens_per_second"]


def test_shared_blocks_keep_a_cache_in_each_place_where_they_stand():
    answer = ask("zamba2-2.7b", 4_096)
    assert answer["state"]["bytes"] == 4 * 54 * (3 * (5120 + 2 * 64) + 64 * 5120)
    assert answer["kv_cache"]["bytes"] - answer["state"]["bytes"] == 4_096 * 9 * 32 * 160 * 2 * 2


def test_experts_for_pictures_are_held_and_not_read_for_text():
    config = {"model_type": "ernie4_5_vl_moe_text"}
    wide = of_config({**config, "moe_intermediate_size": [1536, 1024]})
    usual = of_config(config)
    assert wide["parameters"] - usual["parameters"] == 27 * 64 * 3 * 2560 * 512
    assert wide["decode"]["tokens_per_second"] == usual["decode"]["tokens_per_second"]


def test_each_run_of_a_looped_layer_keeps_a_cache_and_what_its_convolutions_see():
    """Inkling 2 Mini: 24 layers, of which 12 run three times; 8 of the 48 runs see everything."""
    answer = ask("inkling-2-mini-26b-a3b", 131_072)
    seen = 48 * 3 * 2 * (8 * 128 + 2304) * 4
    assert answer["state"]["bytes"] == seen
    assert answer["kv_cache"]["bytes"] - seen == (8 * 131_072 + 40 * (1024 + 512)) * 2 * 8 * 128 * 2


def test_biases_by_distance_take_room_for_each_head_token_and_cell():
    """Published peaks of IQ4_NL on an RTX 5090 grow by 3.1 GiB from 128 to 256 tokens at once, by 5.3 GiB from 131,072 to 262,144 cells."""

    def peak(context, ubatch):
        asked = {"quant": "iq4_nl", "gpus": ["rtx-5090"], "kv_type": "q8_0", "slots": 1, "profile": "server", "ubatch": ubatch}
        return ask("inkling-2-mini-26b-a3b", context, **asked)["devices"][0]["memory_bytes"] / 2**30

    assert peak(131_072, 256) - peak(131_072, 128) == pytest.approx(3.1, rel=0.05)
    assert peak(262_144, 128) - peak(131_072, 128) == pytest.approx(5.3, rel=0.05)


def test_convolutions_share_the_pool_of_pages_with_the_cache():
    """Groups, bytes of a page and pages as vLLM 0.33.0 plans them for Inkling 975B: 12 groups of 11 layers."""
    layers = []
    for layer in range(66):
        heads, whole = (8, True) if (layer + 1) % 6 == 0 else (16, False)
        layers.append(PagedLayer("full" if whole else "window", heads * 256 * 2, 0 if whole else 512))
        layers.append(PagedLayer("window", heads * (2048 if whole else 1024) * 2, 4, 4, heads))
    plan = plan_pages(layers, block_tokens=16, step=16)
    assert (len(plan.groups), pool_block_bytes(plan, list(range(132)))) == (12, 1_441_792)
    assert [request_blocks(plan, context=context, in_flight=16_384) for context in (8_192, 131_072)] == [15_115, 33_969]


def test_what_the_engine_does_not_slice_is_refused_over_two_cards():
    """vLLM 0.33.0 builds Dory with a tensor parallelism of one alone; stages are another matter."""
    asked = {"config": {"model_type": "dory"}, "quant": "bf16", "context": 4_096, "gpus": ["rtx-4090"] * 2, "engine": "vllm"}
    with pytest.raises(Refused, match="tensor_parallel"):
        estimate({**asked, "tensor_parallel": 2}, CATALOGUE)
    assert [device["layers"] for device in estimate(asked, CATALOGUE)["devices"]] == [28, 29]
