"""What must hold for every question, whatever the model."""

import io
import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from macros.__main__ import main
from macros.commands.estimate import _batch
from macros.estimate import Refused, check_setting, estimate, place
from macros.estimate.question import KEYS
from macros.specs import load
from macros.specs.devices import Gpu

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")
MODELS = st.sampled_from(sorted(CATALOGUE.models))
PRESETS = st.sampled_from(["iq2_xs", "q3_k_m", "q4_0", "q4_k_m", "q6_k", "q8_0", "f16"])
CARDS = st.lists(st.sampled_from(["gtx-1660", "rtx-3060", "rtx-3090", "rtx-4090", "h200-sxm", "apple-m2-max-38c"]), min_size=1, max_size=4)
CONTEXTS = st.integers(1, 100_000)


def numbers(value):
    """Every number of an answer."""
    if isinstance(value, dict):
        return [number for item in value.values() for number in numbers(item)]
    if isinstance(value, list):
        return [number for item in value for number in numbers(item)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


@given(model=MODELS, quant=PRESETS, context=CONTEXTS, gpus=CARDS, flash=st.booleans(), experts=st.booleans())
@settings(max_examples=60, deadline=None)
def test_answers_are_whole_and_parts_sum_up(model, quant, context, gpus, flash, experts):
    question = {"model": model, "quant": quant, "context": context, "gpus": gpus, "flash_attention": flash, "experts_on_host": experts}
    found = estimate(question, CATALOGUE)
    assert all(math.isfinite(number) and number >= 0 for number in numbers(found))
    held = sum(device["memory_bytes"] for device in found["devices"]) + sum(found["host"].values())
    assert found["total"]["bytes"] == held
    parts = ("weights_bytes", "kv_cache_bytes", "compute_buffer_bytes")
    for device in found["devices"]:
        assert device["memory_bytes"] == sum(device[part] for part in parts) + device["runtime_bytes"]
    for part in ("kv_cache", "compute_buffer"):
        assert found[part]["bytes"] == sum(device[f"{part}_bytes"] for device in found["devices"]) + found["host"][f"{part}_bytes"]


@given(model=MODELS, quant=PRESETS, context=CONTEXTS, gpus=CARDS)
@settings(max_examples=60, deadline=None)
def test_automatic_layers_never_overfill_a_card(model, quant, context, gpus):
    placement = place(check_setting({"model": model, "quant": quant, "context": context, "gpus": gpus}, CATALOGUE), CATALOGUE)
    for share in placement.devices:
        if placement.gpu_layers > 0:
            assert share.memory_bytes + share.margin_bytes <= share.usable_bytes


@pytest.mark.parametrize(
    "question",
    [
        {"model": "llama-3.3-70b", "quant": "q4_k_m", "context": 8192, "gpus": ["rtx-3090"]},
        {"model": "llama-3.3-70b", "quant": "q8_0", "context": 8192, "gpus": ["rtx-3090", "gtx-1660", "rtx-3060"]},
        {"model": "glm-4.5-air-106b", "quant": "q4_k_m", "context": 4096, "gpus": ["rtx-3090"]},
        # What a card holds falls where the split moves: between 14 and 18 layers some do not fit.
        {
            "model": "deepseek-v2-236b", "quant": "bf16", "context": 5780,
            "gpus": ["apple-m5-ultra-80c", "hygon-dcu-1", "rtx-3060-ti", "quadro-rtx-8000", "apple-m5-10c"],
        },
    ],
)  # fmt: skip
def test_no_more_layers_would_fit(question):
    """Where no experts may go to RAM alone."""
    question = {**question, "n_cpu_moe": 0, "ram_gib": 1024}
    found = place(check_setting(question, CATALOGUE), CATALOGUE)
    assert found.fits
    assert found.gpu_layers > 0
    for more in range(found.gpu_layers + 1, found.gpu_layers + 6):
        assert not place(check_setting({**question, "gpu_layers": more}, CATALOGUE), CATALOGUE).fits


@given(model=MODELS, quant=PRESETS, context=st.integers(1, 60_000), more=st.integers(1, 60_000))
@settings(max_examples=40, deadline=None)
def test_more_context_never_takes_less_cache(model, quant, context, more):
    few, many = (estimate({"model": model, "quant": quant, "context": tokens}, CATALOGUE) for tokens in (context, context + more))
    assert few["kv_cache"]["bytes"] <= many["kv_cache"]["bytes"]
    assert few["weights"] == many["weights"]


@given(model=MODELS)
@settings(max_examples=40, deadline=None)
def test_more_bits_weigh_more(model):
    order = ["q4_k_m", "q5_k_m", "q6_k", "q8_0", "f16"]
    sizes = [estimate({"model": model, "quant": quant, "context": 1024}, CATALOGUE)["weights"]["bytes"] for quant in order]
    assert sizes == sorted(sizes)


@given(model=MODELS, layers=st.integers(0, 60))
@settings(max_examples=40, deadline=None)
def test_more_layers_on_the_card_hold_more_weights(model, layers):
    question = {"model": model, "quant": "q4_k_m", "context": 2048, "gpus": ["h200-sxm"]}
    few, many = (estimate({**question, "gpu_layers": count}, CATALOGUE)["devices"][0]["weights_bytes"] for count in (layers, layers + 1))
    assert few <= many


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"context": 0}, "context"),
        ({"context": -5}, "context"),
        ({"context": 2.5}, "context"),
        ({"context": True}, "context"),
        ({"quant": "q9"}, "quant"),
        ({"model": "llama-2-8b"}, "model"),
        ({"gpus": ["rtx-9999"]}, "gpus"),
        ({"gpus": [{"memory_gib": 24}]}, "gpus"),
        ({"ubatch": 0}, "ubatch"),
        ({"kv_type": "q3_k"}, "kv_type"),
        ({"kv_type": "q8_0", "flash_attention": False}, "flash_attention"),
        ({"gpu_layers": -1}, "gpu_layers"),
        ({"slots": 0}, "slots"),
        ({"profile": "fast"}, "profile"),
        ({"contxt": 5}, "contxt"),
        ({"engine": "vllm"}, "quant"),
        ({"quant": "awq-4bit-128g", "engine": "llama.cpp"}, "quant"),
        ({"engine": []}, "engine"),
        ({"memory_gib": 40, "gpus": ["apple-m2-max-38c"]}, "memory_gib"),
        ({"memory_gib": 48, "gpus": ["rtx-3090"]}, "memory_gib"),
        ({"gpus": [{"id": "rtx-3090", "memory_gib": 48}]}, "memory_gib"),
        ({"memory_gib": -1}, "memory_gib"),
        ({"memory_gib": math.nan}, "memory_gib"),
        ({"gpus": [{"memory_gib": 10**400, "bandwidth_gb_per_s": 900, "family": "ga102-gf"}]}, "gpus.memory_gib"),
        ({"gpus": [{"memory_gib": 24, "bandwidth_gb_per_s": 900, "family": "ga102-gf", "shared_memory": "none"}]}, "gpus.shared_memory"),
    ],
)
def test_what_cannot_be_answered_names_its_field(change, field):
    with pytest.raises(Refused) as refused:
        estimate({"model": "llama-2-7b", "quant": "q4_k_m", "context": 4096, **change}, CATALOGUE)
    assert refused.value.field == field
    assert "expected" in str(refused.value)


CARD = {"memory_gib": 24.0, "bandwidth_gb_per_s": 900.0, "fp32_tflops": 35.0, "family": "ga102-gf"}
ENDINGS = ("memory_gib", "_per_s", "flops", "_tops", "_mhz", "tdp_w", "_usd")
FLOATS = [name for name in Gpu.model_fields if name.endswith(ENDINGS)]


@pytest.mark.parametrize("key", FLOATS)
@pytest.mark.parametrize("value", [1e-300, 5e-324, 1e-5, 1e300])
def test_a_card_of_the_asker_has_figures_that_a_card_can_have(key, value):
    question = {"model": "qwen3-8b", "quant": "q4_k_m", "context": 4096, "gpus": [{**CARD, key: value}]}
    with pytest.raises(Refused, match=rf"^gpus\.{key}: expected (greater|less) than (or equal to )?[\d.]+, got ") as refused:
        estimate(question, CATALOGUE)
    assert refused.value.field == f"gpus.{key}"


@pytest.mark.parametrize("key", FLOATS)
def test_the_least_of_a_card_is_answered(key):
    least = {"boost_mhz": 51.0}.get(key, 0.001)
    for model, quant in (("qwen3-8b", "q4_k_m"), ("qwen3-30b-a3b", "q4_k_m"), ("qwen3-8b", "awq-4bit-128g")):
        answer = estimate({"model": model, "quant": quant, "context": 4096, "gpus": [{**CARD, key: least}]}, CATALOGUE)
        assert all(math.isfinite(number) for number in numbers(answer))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"name": ""}, "gpus.name: expected text, got ''. Fix: write it, or null where the key allows it."),
        ({"name": "<b>x</b>"}, "gpus.name: expected plain text, got '<b>x</b>'. Fix: say it without markup."),
        ({"vram": 24}, "gpus.vram: expected no such key, got 24."),
        ({"memory_gib": True}, "gpus.memory_gib: expected a valid number, got True."),
    ],
)
def test_a_card_of_the_asker_is_refused_in_words(values, told):
    with pytest.raises(Refused) as refused:
        estimate({"model": "qwen3-8b", "quant": "q4_k_m", "context": 4096, "gpus": [{**CARD, **values}]}, CATALOGUE)
    assert str(refused.value) == told


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([10**400, "auto", "rtx-3090", "id"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "memory_gib", "family", "x"]), inner, max_size=3),
    max_leaves=5,
)


@given(changes=st.dictionaries(st.sampled_from(sorted(KEYS)), ANYTHING, min_size=1, max_size=2))
@settings(max_examples=200, deadline=None)
def test_whatever_a_line_asks_it_alone_is_refused(changes):
    question = {"model": "llama-3.2-1b", "quant": "q4_k_m", "context": 4096, "gpus": ["rtx-3060"]}
    out = io.StringIO()
    assert _batch([json.dumps({**question, **changes}), json.dumps(question)], CATALOGUE, out) == 0
    asked, plain = (json.loads(line) for line in out.getvalue().splitlines())
    assert "error" in asked or all(math.isfinite(number) and number >= 0 for number in numbers(asked))
    assert plain["total"]["bytes"] > 0


@pytest.mark.parametrize(
    "line", ["{", "[1]", "7", '{"\\ud800": 1}', "\ufffd", '{"context": NaN}', "[" * 100_000, '{"context": ' + "9" * 5000 + "}"]
)
def test_a_line_that_is_no_question_says_what_was_expected(line):
    out = io.StringIO()
    assert _batch([line], CATALOGUE, out) == 0
    out.getvalue().encode()
    assert "expected" in json.loads(out.getvalue())["error"]


def test_a_file_that_is_no_text_is_refused_line_by_line(tmp_path, capsys):
    file = tmp_path / "questions.jsonl"
    file.write_bytes(b"\xff\xfe\n" + json.dumps({"model": "llama-2-7b", "quant": "q4_0", "context": 4096}).encode() + b"\n")
    assert main(["estimate", "--batch", str(file)]) == 0
    wrong, right = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert "error" in wrong
    assert right["parameters"] == 6_738_415_616


def test_a_context_beyond_the_training_is_a_warning():
    found = estimate({"model": "llama-2-7b", "quant": "q4_k_m", "context": 8192}, CATALOGUE)
    assert any("4096" in warning for warning in found["warnings"])
