"""Guesses: memory beside published figures, speed never above what acceptance allows, and the engines that have them."""

from pathlib import Path

import pytest

from macros.calibrate.speculation import measured
from macros.estimate import Refused, estimate
from macros.formulas.speculation import accepted_share, speculation_gain
from macros.specs import load

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")
ROWS, LEFT_OUT = measured(CATALOGUE)
QWEN = {"model": "qwen3.8-27b", "quant": "q4_k_m", "context": 32768, "gpus": ["rtx-5090"], "gpu_layers": 99}


def test_memory_of_prediction_layers_is_within_six_percent_of_what_cards_showed():
    compared = 0
    for row in (one.row for one in ROWS if one.row.more_mib is not None and len(one.row.gpus) == 1):
        asked = {"model": row.model, "quant": row.quant, "context": row.context, "gpus": row.gpus, "kv_type": row.kv_type} | {
            "profile": "server", "slots": 1, "gpu_layers": 99, "mtp": True, "draft_tokens": row.drafted,
        }  # fmt: skip
        if row.tokens_per_second != 182.0:  # this one has its guesses' cache in four bits
            compared += 1
            assert estimate(asked, CATALOGUE)["companions"]["bytes"] / 2**20 == pytest.approx(row.more_mib, rel=0.06), row
    assert compared >= 8


@pytest.mark.parametrize("more", [{"mtp": True}, {"draft": "qwen3.5-0.8b"}])
@pytest.mark.parametrize("acceptance", [None, 0.0, 0.4, 1.0])
@pytest.mark.parametrize("drafted", [1, 3, 16])
def test_no_speed_is_above_what_acceptance_allows(more, acceptance, drafted):
    found = estimate({**QWEN, **more, "acceptance": acceptance, "draft_tokens": drafted}, CATALOGUE)
    guessed, plain = found["speculation"], found["decode"]
    share = guessed["acceptance"]
    assert acceptance in (None, share)
    assert guessed["tokens_per_pass"] == pytest.approx(1 + drafted * share)
    assert guessed["low"] <= guessed["tokens_per_second"] <= guessed["high"] <= plain["high"] * guessed["tokens_per_pass"] * (1 + 1e-9)
    assert guessed["gain"] <= guessed["tokens_per_pass"]
    assert plain == estimate(QWEN, CATALOGUE)["decode"]


def test_rows_lie_in_the_range_of_their_answers():
    terms = CATALOGUE.calibration["speculation"].terms
    inside, errors = [], []
    for row in ROWS:
        share = accepted_share(drafted=row.row.drafted, likeness=terms["likeness"])
        low, middle, high = (
            speculation_gain(drafted=row.row.drafted, accepted=share, checking=row.checking, drafting=row.guessing + terms[name])
            for name in ("overhead_high", "overhead", "overhead_low")
        )
        inside.append(low <= row.gain <= high)
        errors.append(abs(middle / row.gain - 1))
    assert len(ROWS) >= 50
    assert sum(inside) / len(inside) > 0.8
    assert sorted(errors)[len(errors) // 2] < 0.15


def test_a_mixture_gains_less_than_a_dense_model():
    """Several tokens wake more experts: the published rows of Qwen3.6 35B-A3B gain a quarter, those of dense models four fifths."""
    gains = {
        model: estimate({**QWEN, "model": model, "mtp": True}, CATALOGUE)["speculation"]["gain"]
        for model in ("qwen3.6-27b", "qwen3.6-35b-a3b")
    }
    assert gains["qwen3.6-35b-a3b"] < gains["qwen3.6-27b"]


def test_acceptance_decides_whether_it_pays():
    found = estimate({**QWEN, "mtp": True}, CATALOGUE)["speculation"]
    at = [
        estimate({**QWEN, "mtp": True, "acceptance": found["pays_from"] + more}, CATALOGUE)["speculation"]["gain"] for more in (-0.05, 0.05)
    ]
    assert at[0] < 1 < at[1]


def test_experts_of_a_prediction_layer_stay_in_ram_with_the_others():
    asked = {"model": "qwen3.6-35b-a3b", "quant": "q4_k_m", "context": 8192, "gpus": ["rtx-3090"], "gpu_layers": 99, "mtp": True}
    held, away = (estimate({**asked, "experts_on_host": on}, CATALOGUE) for on in (False, True))
    assert held["companions"]["bytes"] == away["companions"]["bytes"]
    # 256 experts of 3 x 2048 x 512 values, about five bits each.
    moved = held["devices"][0]["companion_bytes"] - away["devices"][0]["companion_bytes"]
    assert moved == pytest.approx(256 * 3 * 2048 * 512 * 5 / 8, rel=0.1)


def test_vllm_keeps_a_layer_more_and_a_state_a_guess():
    asked = {"model": "qwen3.6-27b", "quant": "bf16", "engine": "vllm", "context": 32768, "gpus": ["h200-sxm"]}
    plain, guessed = (estimate({**asked, **more}, CATALOGUE) for more in ({}, {"mtp": True, "draft_tokens": 1}))
    assert guessed["companions"]["bytes"] == pytest.approx(424_699_392 * 2, rel=1e-3)
    assert guessed["kv_cache"]["bytes"] > plain["kv_cache"]["bytes"]
    assert guessed["users_that_fit"] < plain["users_that_fit"]
    sliced = estimate({**asked, "gpus": ["h100-sxm-80gb"] * 2, "mtp": True}, CATALOGUE)
    assert {device["companion_bytes"] for device in sliced["devices"]} == {-(-guessed["companions"]["bytes"] // 2)}


def test_mlx_keeps_a_draft_model_with_a_cache_of_its_own():
    asked = {"quant": "mlx-4bit-64g", "engine": "mlx", "context": 8192, "gpus": ["apple-m4-max-40c"]}
    small = estimate({**asked, "model": "qwen3-0.6b"}, CATALOGUE)
    found = estimate({**asked, "model": "qwen3-8b", "draft": "qwen3-0.6b"}, CATALOGUE)
    assert found["companions"]["bytes"] == small["weights"]["bytes"] + small["kv_cache"]["bytes"]


@pytest.mark.parametrize(
    ("more", "field", "fix"),
    [
        ({"model": "llama-3.1-8b", "mtp": True}, "mtp", "prediction layers"),
        ({"mtp": True, "draft": "qwen3.5-0.8b"}, "draft", "keep one"),
        ({"draft_tokens": 2}, "draft_tokens", "`mtp`"),
        ({"acceptance": 0.5}, "acceptance", "`draft`"),
        ({"mtp": True, "acceptance": 1.5}, "acceptance", "0 to 1"),
        ({"draft": "llama-3.2-1b"}, "draft", "vocabulary"),
        ({"draft": "qwen3.8-27b"}, "draft", "smaller"),
        ({"engine": "mlx", "quant": "mlx-4bit-64g", "gpus": ["apple-m4-max-40c"], "mtp": True, "gpu_layers": "auto"}, "mtp", "vLLM"),
    ],
)
def test_what_cannot_guess_is_refused_by_name(more, field, fix):
    with pytest.raises(Refused) as refused:
        estimate({**QWEN, **more}, CATALOGUE)
    assert refused.value.field == field
    assert fix in str(refused.value)
