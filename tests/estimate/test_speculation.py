"""Guesses: memory beside published figures, speed never above what acceptance allows, and the engines that have them."""

from pathlib import Path

import pytest

from macros.calibrate.speculation import measured
from macros.estimate import Refused, check_setting, estimate, place
from macros.formulas.speculation import accepted_share, speculation_gain
from macros.specs import load

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")
ROWS, LEFT_OUT = measured(CATALOGUE)
QWEN = {"model": "qwen3.8-27b", "quant": "q4_k_m", "context": 32768, "gpus": ["rtx-5090"], "gpu_layers": 99}


def test_memory_of_prediction_layers_is_within_five_percent_of_what_cards_showed():
    compared = 0
    for row in (one.row for one in ROWS if one.row.more_mib is not None and len(one.row.gpus) == 1):
        asked = {"model": row.model, "quant": row.quant, "context": row.context, "gpus": row.gpus, "kv_type": row.kv_type} | {
            "profile": "server", "slots": 1, "gpu_layers": 99, "mtp": True, "draft_tokens": row.drafted,
        }  # fmt: skip
        # One row has its guesses' cache in four bits, which builds of that month widened outside the compute buffer.
        if row.tokens_per_second != 182.0:
            compared += 1
            found = place(check_setting(asked, CATALOGUE), CATALOGUE)
            assert found.devices[0].companion_bytes / 2**20 == pytest.approx(row.more_mib, rel=0.05), row
    assert compared >= 8


@pytest.mark.parametrize(
    ("model", "more", "device", "host"),
    [
        ("qwen3.8-27b", {"slots": 1}, 263_313_408 + 470_679_552 + 134_217_728 + 136_331_392, 54_544_416),
        ("qwen3.8-27b", {"profile": "cli", "context": 4096}, 263_313_408 + 470_679_552 + 16_777_216 + 132_137_088, 25_184_288),
        ("qwen3.6-35b-a3b", {}, 546_703_360 + 790_364_160 + 67_108_864 + 79_708_288, 41_961_504),
        ("qwen3.6-35b-a3b", {"experts_on_host": True, "slots": 1}, 24_512_512 + 197_591_040 + 67_108_864 + 271_581_184, 564_152_288),
        ("glm-4.5-air-106b", {"slots": 1}, 2_409_309_184 + 134_217_728 + 155_201_664, 41_955_360),
        ("glm-4.5-air-106b", {"experts_on_host": True, "slots": 1}, 794_502_000 + 134_217_728 + 892_076_288, 1_656_762_400),
    ],
)
def test_prediction_layers_as_the_engine_plans_them(model, more, device, host):
    """Weights, kept states, cache and buffer; printed by llama.cpp 0c1e57098, files in Q4_K_M with their prediction layer."""
    card = {"memory_gib": 9999.0, "bandwidth_gb_per_s": 1000.0, "family": "rdna3"}
    asked = {"model": model, "quant": "q4_k_m", "context": 32768, "gpus": [card], "gpu_layers": 999, "profile": "server", **more}
    asked |= {"mtp": True, "build": CATALOGUE.engines["llama.cpp"].builds[0].id}
    found = place(check_setting(asked, CATALOGUE), CATALOGUE)
    assert found.devices[0].companion_bytes == pytest.approx(device, abs=1024)
    assert found.host.companion_bytes == pytest.approx(host, abs=64)


def test_the_cache_of_guesses_has_a_type_of_its_own():
    """Qwen3.8 27B, printed by llama.cpp 0c1e57098: eight bits: a smaller cache and, as it is widened, a larger buffer."""
    asked = {**QWEN, "mtp": True, "profile": "server", "slots": 1, "build": CATALOGUE.engines["llama.cpp"].builds[0].id}
    half, eight = (place(check_setting({**asked, "draft_kv_type": kind}, CATALOGUE), CATALOGUE) for kind in ("f16", "q8_0"))
    printed = (71_303_168 + 251_953_280) - (134_217_728 + 136_331_392)
    assert eight.devices[0].companion_bytes - half.devices[0].companion_bytes == pytest.approx(printed, abs=128)


def test_a_draft_model_is_shared_by_the_cards_as_the_engine_shares_it():
    """Llama 3.2 1B beside Llama 3.1 70B on two cards, and in RAM; printed by llama.cpp 0c1e57098."""
    card = {"memory_gib": 9999.0, "bandwidth_gb_per_s": 1000.0, "family": "rdna3"}
    build = CATALOGUE.engines["llama.cpp"].builds[0].id
    asked = {"model": "llama-3.1-70b", "quant": "q4_k_m", "context": 8192, "draft": "llama-3.2-1b", "profile": "server", "build": build}
    two = place(check_setting({**asked, "gpus": [card, card], "gpu_layers": 999}, CATALOGUE), CATALOGUE)
    none = place(check_setting({**asked, "gpus": []}, CATALOGUE), CATALOGUE)
    printed = [326_418_560 + 150_994_944 + 113_287_168, 473_444_480 + 117_440_512 + 130_064_896, 215_470_080 + 54_575_232]
    assert [share.companion_bytes for share in (*two.devices, two.host)] == printed
    assert none.host.companion_bytes == 799_862_912 + 268_435_456 + 75_509_792


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
    held, away = (place(check_setting({**asked, "experts_on_host": on}, CATALOGUE), CATALOGUE) for on in (False, True))
    # 256 experts of 3 x 2048 x 512 values, about five bits each; on the card stays room to bring some of them.
    moved = away.host.companion_bytes - held.host.companion_bytes
    assert moved == pytest.approx(256 * 3 * 2048 * 512 * 5 / 8, rel=0.1)
    assert held.devices[0].companion_bytes - moved < away.devices[0].companion_bytes < held.devices[0].companion_bytes


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
        ({"draft_kv_type": "q8_0"}, "draft_kv_type", "`mtp`"),
        ({"draft_kv_type": "q8_0", "mtp": True, "flash_attention": False}, "draft_kv_type", "flash_attention"),
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
