"""MLX: caches as mlx-lm 0.32.2 was measured to hold them, memory as users of Apple machines saw it, what is refused."""

from pathlib import Path

import pytest

from macros.estimate import Refused, check_setting, estimate
from macros.estimate.engines.mlx import cache_bytes
from macros.specs import load

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")


def asked(model="qwen3-0.6b", **more):
    return {"model": model, "quant": "mlx-4bit-64g", "context": 8192, "gpus": ["apple-m4-max-40c"]} | more


def cache(**more):
    setting = check_setting(asked(**more), CATALOGUE)
    return cache_bytes(setting, setting.context)


def test_an_mlx_format_is_run_by_mlx():
    assert estimate(asked(), CATALOGUE)["engine"]["name"] == "MLX (mlx-lm)"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        # Measured on mlx-lm 0.32.2: 28 layers, 8 heads of 128: 1,000 tokens hold 1,024, one token 256, 6,000 in slices of 2,048 hold 6,144.
        ({"context": 1000}, 117_440_512),
        ({"context": 1}, 117_440_512 // 4),
        ({"context": 6000}, 117_440_512 * 6),
        # From the 5,001st token on at 4.5 and 8.5 bits; before that at 16.
        ({"context": 5000, "kv_type": "mlx-4bit-64g"}, 117_440_512 * 5),
        ({"context": 6144, "kv_type": "mlx-4bit-64g"}, 33_030_144 * 6),
        ({"context": 6144, "kv_type": "mlx-8bit-64g"}, 28 * 2_228_224 * 6),
    ],
)
def test_caches_as_measured(more, expected):
    assert cache(**more) == expected


def test_windows_hold_one_slice_more_while_a_prompt_is_read():
    # Gemma-3-1B: 22 layers with a window of 512 hold 2,559, 4 layers all of 8,192; one head of 256, keys and values.
    assert cache(model="gemma-3-1b") == (22 * 2559 + 4 * 8192) * 2 * 256 * 2
    assert cache(model="gemma-3-1b", max_batched_tokens=512) == (22 * 1023 + 4 * 8192) * 2 * 256 * 2


def test_states_have_32_bits_and_what_the_convolution_sees_16():
    # Qwen3-Next-80B-A3B: 36 layers, 3 tokens of 8,192 channels, 32 heads of 128 x 128; 12 layers with two heads of 256.
    assert cache(model="qwen3-next-80b-a3b") == 36 * (3 * 8192 * 2 + 32 * 128 * 128 * 4) + 12 * 8192 * 2 * 2 * 256 * 2


PEAKS = [row for row in CATALOGUE.measurements["mlx-peaks"].rows if row.quality is None]


def test_memory_is_within_eight_percent_of_what_users_saw():
    errors = []
    for row in PEAKS:
        question = {"model": row.model, "quant": row.quant, "engine": "mlx", "context": row.context, "gpus": row.gpus}
        found = estimate(question | ({"max_batched_tokens": row.ubatch} if row.ubatch else {}), CATALOGUE)
        errors.append(abs(found["total"]["bytes"] / 2**20 / row.mib - 1))
    assert len(errors) >= 13
    assert sorted(errors)[int(len(errors) * 0.9)] < 0.08
    assert sorted(errors)[len(errors) // 2] < 0.03


@pytest.mark.parametrize(
    ("more", "field", "fix"),
    [
        ({"gpus": ["apple-m4-max-40c"] * 2}, "gpus", "name one"),
        ({"gpus": ["rtx-4090"], "engine": "mlx"}, "gpus", "llama.cpp"),
        ({"quant": "q4_k_m", "engine": "mlx"}, "quant", "llama.cpp"),
        ({"model": "gemma-3-1b", "kv_type": "mlx-4bit-64g"}, "kv_type", "leave it out"),
        ({"kv_type": "q8_0"}, "kv_type", ""),
        ({"kv_type_k": "mlx-4bit-64g"}, "kv_type_v", "kv_type"),
        ({"gpu_layers": 3}, "gpu_layers", "leave it out"),
    ],
)
def test_what_it_cannot_do_is_refused(more, field, fix):
    with pytest.raises(Refused, match=field) as refused:
        estimate(asked(**more), CATALOGUE)
    assert refused.value.field == field
    assert fix in str(refused.value)


def test_each_conversation_has_a_cache_of_its_own():
    one, three = (estimate(asked(users=users), CATALOGUE) for users in (1, 3))
    assert three["kv_cache"]["bytes"] == 3 * one["kv_cache"]["bytes"]
    assert one["users_that_fit"] == three["users_that_fit"] > 3
