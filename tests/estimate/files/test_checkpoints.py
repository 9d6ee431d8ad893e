"""Checkpoints as published: the formats and what each leaves out give their bytes."""

from pathlib import Path

import pytest

from macros.estimate import estimate
from macros.specs import load
from macros.tables.checkpoints import computed_bytes

CATALOGUE = load(Path(__file__).resolve().parents[3] / "data")
KNOWN = [one for one in CATALOGUE.checkpoints.values() if one.bytes is not None]
EXACT = [one.id for one in KNOWN if not one.of_files]
SUMS = [one.id for one in KNOWN if one.of_files and not one.mix]
HEADER = 20_000_000
"""A GGUF header with the largest vocabulary [bytes]."""
SAID_IN_GIB = ("ubergarm/Kimi-K2-Thinking-GGUF",)
"""Whose page rounds the size."""


def computed(checkpoint):
    return computed_bytes(CATALOGUE, checkpoint)


@pytest.mark.parametrize("name", EXACT)
def test_tensors_of_a_checkpoint_to_the_byte(name):
    checkpoint = CATALOGUE.checkpoints[name]
    assert computed(checkpoint) == checkpoint.bytes


@pytest.mark.parametrize("name", SUMS)
def test_files_of_a_checkpoint(name):
    """Sums of files hold headers; prediction layers weigh a byte or two a parameter, and DeepSeek's bring copies of both tables."""
    checkpoint = CATALOGUE.checkpoints[name]
    if CATALOGUE.quantizations[checkpoint.quant].per_weight is None and checkpoint.repository not in SAID_IN_GIB:
        assert 0 < checkpoint.bytes - computed(checkpoint) < HEADER
        return
    beside = CATALOGUE.models[checkpoint.model].published_beside
    least = beside.prediction if checkpoint.with_prediction and beside else 0
    most = 2 * least + 0.003 * checkpoint.bytes
    assert least - 0.003 * checkpoint.bytes <= checkpoint.bytes - computed(checkpoint) <= most


def test_a_model_is_asked_in_the_form_in_which_it_came_out():
    """gpt-oss-20b: 13,761,264,768 bytes at its publisher, 12.1 GB as a GGUF file."""
    question = {"model": "gpt-oss-20b", "context": 8192, "gpus": ["rtx-5090"]}
    assert estimate(question | {"engine": "vllm"}, CATALOGUE)["weights"]["bytes"] == 13_761_264_768
    assert estimate(question, CATALOGUE)["weights"] == estimate(question | {"quant": "mxfp4_moe"}, CATALOGUE)["weights"]


@pytest.mark.parametrize(("engine", "quant"), [("llama.cpp", "q4_k_m"), ("mlx", "mlx-4bit-64g"), ("vllm", "bf16")])
def test_a_model_of_16_bits_is_taken_as_the_engine_usually_has_it(engine: str, quant: str):
    """And the answer says so."""
    question = {"model": "qwen3-8b", "engine": engine, "gpus": ["apple-m4-max-40c" if engine == "mlx" else "rtx-3090"]}
    found = estimate(question, CATALOGUE)
    assert found["quant"] == quant
    assert [notice["code"] for notice in found["notices"]].count("format-assumed") == 1
    named = estimate(question | {"quant": quant, "context": 8192}, CATALOGUE)
    assert found["total"] == named["total"]
    assert all(notice["code"] != "format-assumed" for notice in named["notices"])


def test_what_a_publisher_left_at_16_bits_counts():
    """Kimi K2.5: routed experts alone have 4 bits; 594,205,904,896 bytes of text model."""
    found = estimate({"model": "kimi-k2.5-1t", "quant": "w4a16-32g", "context": 512, "gpus": ["b300"] * 8}, CATALOGUE)
    assert found["weights"]["bytes"] == 594_205_904_896
