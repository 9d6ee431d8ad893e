"""What the calculator asks besides: the command, what a machine has room for, what is left or missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from macros.estimate import estimate
from macros.estimate.inverse import fits_whole
from macros.estimate.overview import file_size, overview, room
from macros.estimate.setting import check_setting
from macros.formulas.units import GIB
from macros.specs import load

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")
QUESTION = {"model": "qwen3-8b", "quant": "q4_k_m", "context": 8192, "gpus": ["rtx-3090"]}


def test_the_answer_of_the_command_line_is_in_it():
    answer = estimate(QUESTION, CATALOGUE)
    assert len(answer.pop("warnings")) == len(answer["notices"])
    shown = overview(QUESTION, CATALOGUE)
    assert {key: shown[key] for key in answer} == answer


def test_room_is_a_limit():
    """One step beyond the largest context, and the next larger format, have no room."""
    question = QUESTION | {"gpus": ["rtx-3060"], "quant": "q8_0"}
    found = room(question, CATALOGUE)
    largest = found["largest_context"]
    assert 0 < largest < 40_960
    assert fits_whole(check_setting(question | {"context": largest}, CATALOGUE), CATALOGUE)
    assert not fits_whole(check_setting(question | {"context": largest + 256}, CATALOGUE), CATALOGUE)
    best = found["best_quantization"]
    assert fits_whole(check_setting(question | {"quant": best}, CATALOGUE), CATALOGUE)
    size = file_size(question | {"quant": best}, CATALOGUE)
    for name, quant in CATALOGUE.quantizations.items():
        larger = quant.kind == "gguf" and file_size(question | {"quant": name}, CATALOGUE) > size
        assert not larger or not fits_whole(check_setting(question | {"quant": name}, CATALOGUE), CATALOGUE), name


def test_no_room_at_all():
    question = QUESTION | {"model": "llama-3.1-405b", "gpus": ["gtx-1660"]}
    assert room(question, CATALOGUE) == {"largest_context": 0, "best_quantization": None}


@pytest.mark.parametrize("ram", [2, 4, 64])
def test_left_or_missing(ram):
    """Of what is left and what is missing one is zero; together with what is held it makes up the memory."""
    question = QUESTION | {"gpus": []}
    shown = overview(question, CATALOGUE, ram_gib=ram)
    held = sum(shown["host"].values())
    assert shown["spare_bytes"] - shown["short_bytes"] == ram * GIB - held
    assert 0 in (shown["spare_bytes"], shown["short_bytes"])


def test_money():
    shown = overview(QUESTION, CATALOGUE, price=1000, price_per_kwh=0.5)
    assert shown["tokens_per_second_per_1000"] == shown["decode"]["tokens_per_second"]
    assert shown["cost_per_million"] == pytest.approx(shown["kwh_per_million"] * 0.5)
    assert shown["tokens_per_joule"] == shown["decode"]["tokens_per_second"] / shown["watts"]
    assert shown["cost_per_year"] == pytest.approx(shown["watts"] / 1000 * 4 * 365 * 0.5)
    assert shown["first_token"]["low"] < shown["first_token"]["seconds"] < shown["first_token"]["high"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, ["llama-cli", "--ctx-size 8192", "--n-gpu-layers 37", "--flash-attn on"]),
        ({"model": "glm-4.5-air-106b", "gpus": ["h200-sxm", "h200-sxm"]}, ["--n-gpu-layers 48", "--tensor-split 24,24"]),
        ({"profile": "server"}, ["llama-server", "--parallel 4", "--kv-unified"]),
        ({"gpus": ["rtx-3090", "rtx-3090"]}, ["--tensor-split 19,18"]),
        ({"kv_type": "q8_0"}, ["--cache-type-k q8_0", "--cache-type-v q8_0"]),
        ({"flash_attention": False}, ["--flash-attn off"]),
        ({"ubatch": 4096}, ["--batch-size 4096", "--ubatch-size 4096"]),
        ({"model": "qwen3-30b-a3b", "experts_on_host": True}, ["--cpu-moe"]),
        ({"quant": "awq-4bit-128g", "gpus": ["rtx-3090", "rtx-3090"]}, ['vllm serve "<qwen3-8b in AWQ', "--tensor-parallel-size 2"]),
        ({"quant": "fp8"}, ["--quantization fp8", "--max-model-len 8192"]),
    ],
)
def test_commands(more, words):
    command = overview(QUESTION | more, CATALOGUE)["command"]
    assert [word for word in words if word not in command] == [], command


def test_a_listed_card_with_another_memory():
    question = QUESTION | {"gpus": [{"id": "apple-m2-max-38c", "memory_gib": 32}]}
    assert overview(question, CATALOGUE)["devices"][0]["usable_bytes"] < 32 * GIB
    larger = QUESTION | {"gpus": [{"id": "apple-m2-max-38c", "memory_gib": 96}]}
    assert overview(larger, CATALOGUE)["devices"][0]["usable_bytes"] > 32 * GIB
