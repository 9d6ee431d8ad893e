"""What is kept of the text in the newest classes: hand-computed, and as engines printed it."""

from pathlib import Path

import pytest

from macros.estimate import estimate
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


def test_a_scorer_of_blocks_keeps_one_key_for_each_token():
    """MiniMax M3's form: keys and values of four heads, and the scorer's key in the layers that have one."""
    config = {"model_type": "minimax_m3_vl_text", "num_hidden_layers": 4, "moe_layer_freq": [0, 1, 1, 1]}
    sparse = {"sparse_num_index_heads": 4, "sparse_index_dim": 128, "sparse_topk_blocks": 16, "sparse_block_size": 128}
    config["sparse_attention_config"] = {**sparse, "sparse_attention_freq": [0, 1, 1, 1]}
    answer = estimate({"config": config, "quant": "f16", "context": 4096, "gpus": []}, CATALOGUE)
    assert answer["kv_cache"]["bytes"] == 4096 * 2 * (4 * 2 * 4 * 128 + 3 * 128)
