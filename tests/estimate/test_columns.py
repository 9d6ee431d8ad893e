"""Columns say what single answers say."""

from pathlib import Path

import pytest

from macros.estimate import columns, estimate
from macros.specs import load

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")
MODELS = ["llama-2-7b", "qwen3-30b-a3b", "gemma-3-12b", "qwen2.5-0.5b", "deepseek-v2-lite-16b"]


def test_a_row_of_the_grid_is_an_answer():
    weights = columns.sizes(CATALOGUE, MODELS, ["q4_k_m", "f16"])
    needs = columns.buffers(CATALOGUE, MODELS, [4096, 16384])
    hardware = columns.devices(CATALOGUE, ["rtx-3090", "h200-sxm"])
    found = columns.grid(weights, needs, hardware)
    assert len(found) == sum(2 * len(needs[needs["model"] == model]) * len(hardware) for model in MODELS)
    for row in found.itertuples():
        weight, need, device = weights.iloc[row.weights_row], needs.iloc[row.needs_row], hardware.iloc[row.device_row]
        context = int(need["context"])
        question = {"model": weight["model"], "quant": weight["quant"], "context": context, "gpus": [device["gpu"]], "gpu_layers": 9999}
        answer = estimate(question, CATALOGUE)
        assert answer["devices"][0]["memory_bytes"] == row.memory_bytes
        assert answer["fits"] == row.fits


def test_a_device_with_several_sizes_has_a_row_for_each():
    gpu = next(gpu for gpu in CATALOGUE.gpus.values() if gpu.memory_sizes_gib)
    assert list(columns.devices(CATALOGUE, [gpu.id])["memory_gib"]) == pytest.approx(gpu.memory_sizes_gib)


def test_bench_says_how_fast():
    assert [line.split(":")[0] for line in columns.bench(CATALOGUE)] == ["sizes", "buffers", "grid"]
