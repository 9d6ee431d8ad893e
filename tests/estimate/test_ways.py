"""How a machine runs a model: the fastest way that it has room for, and no other."""

from pathlib import Path

import pytest

from macros.estimate import estimate
from macros.estimate.ways import way
from macros.formulas.units import GIB
from macros.specs import load

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")
DESKTOP = {"cpu": "core-i5-13600k", "memory": "ddr5-5600", "memory_channels": 2}


def ask(model, quant, *, ram_gib=None, **machine):
    return way({"model": model, "quant": quant, "context": 8192, **machine}, CATALOGUE, ram_gib=ram_gib)


def test_everything_on_the_card_where_it_fits():
    found = ask("gpt-oss-20b", "mxfp4_moe", gpus=["rtx-5060-ti-16gb"], ram_gib=1.0)
    assert found["way"] == "card"
    assert found["whole_bytes"] == found["devices"][0]["memory_bytes"] < 16 * GIB


@pytest.mark.parametrize(("ram_gib", "expected"), [(48.0, "no"), (64.0, "experts")])
def test_experts_in_ram_take_ram_that_must_be_there(ram_gib, expected):
    found = ask("gpt-oss-120b", "mxfp4_moe", gpus=["rtx-3060"], ram_gib=ram_gib, **DESKTOP)
    assert found["way"] == expected
    assert found["whole_bytes"] > 55 * GIB  # the published file has 59.0 GiB of tensors


def test_a_dense_model_leaves_some_layers_in_ram():
    found = ask("llama-3.3-70b", "q4_k_m", gpus=["rtx-4090"], ram_gib=64.0, **DESKTOP)
    assert found["way"] == "layers"
    assert 0 < found["gpu_layers"] < 81


def test_the_faster_way_is_taken():
    machine = {"gpus": ["rtx-3060"], **DESKTOP}
    found = ask("gpt-oss-20b", "mxfp4_moe", **machine)
    other = estimate({"model": "gpt-oss-20b", "quant": "mxfp4_moe", "context": 8192, "experts_on_host": True, **machine}, CATALOGUE)
    assert found["decode"]["tokens_per_second"] >= other["decode"]["tokens_per_second"]


def test_shared_memory_has_no_second_part():
    assert ask("llama-3.3-70b", "q4_k_m", gpus=["apple-m4-max-32c"], ram_gib=512.0)["way"] == "no"
    assert ask("llama-3.3-70b", "q4_k_m", gpus=["apple-m4-max-40c"], memory_gib=64, ram_gib=1.0)["way"] == "card"


def test_without_a_device_it_is_ram_or_nothing():
    assert ask("qwen3.5-9b", "q4_k_m", ram_gib=8.0, **DESKTOP)["way"] == "host"
    assert ask("qwen3.5-9b", "q4_k_m", ram_gib=4.0, **DESKTOP)["way"] == "no"
