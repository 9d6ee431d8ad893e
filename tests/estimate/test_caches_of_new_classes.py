"""What is kept of the text in the newest classes: hand-computed, and as engines printed it."""

from pathlib import Path

import pytest

from macros.estimate import estimate
from macros.specs import load

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
