"""Tables of what models need, against figures worked out by hand."""

from pathlib import Path

import pytest

from macros.specs import load
from macros.tables import tables

DATA = Path(__file__).resolve().parents[2] / "data"
MIB = 2**20
GIB = 2**30


@pytest.fixture(scope="module")
def frame():
    catalogue = load(DATA)
    return lambda name, *key: tables()[name].frame(catalogue).set_index(list(key))


def test_cache_by_hand(frame):
    table = frame("kv-cache", "model")
    # keys and values of 8 heads of 128 in 32 layers, 2 bytes each
    assert table["slope"]["llama-3.1-8b"] == pytest.approx(1000 * 2 * 32 * 8 * 128 * 2 / MIB)
    assert table["at_32768"]["llama-3.1-8b"] == 4.0
    # one vector of 512 + 64 in 61 layers
    assert table["at_131072"]["deepseek-v3-671b"] == pytest.approx(131072 * 61 * 576 * 2 / GIB)
    # 8 of 48 layers see everything; 40 keep the window of 1024 and a micro-batch of 512
    assert table["at_131072"]["gemma-3-12b"] == pytest.approx((8 * 131072 + 40 * 1536) * 8 * 256 * 2 * 2 / GIB)
    assert table["state"]["qwen3.8-27b"] == pytest.approx(149.625)


def test_a_cache_longer_than_the_training_is_not_shown(frame):
    assert frame("kv-cache", "model")["at_8192"].isna()["llama-2-7b"]


def test_types_of_the_cache(frame):
    row = frame("kv-types", "model").loc["llama-3.1-8b"]
    assert row["q8_0"] / row["f16"] == 34 / 64
    assert row["q4_0"] / row["f16"] == 18 / 64


def test_bits_for_each_weight(frame):
    table = frame("bits-per-weight", "quant")
    assert table["llama-3.1-8b"]["q4_k_m"] == pytest.approx(4.894, abs=0.001)  # as measured on the published file
    assert table["llama-3.1-8b"]["q8_0"] == pytest.approx(8.501, abs=0.001)
    assert table["llama-3.1-8b"]["fp32"] == 32


def test_sizes_and_bits_are_one_thing(frame):
    bits, sizes = frame("bits-per-weight", "quant"), frame("quantization-sizes", "quant")
    assert sizes["llama-3.1-8b"]["q4_k_m"] * 1e9 * 8 / 8_030_261_248 == pytest.approx(bits["llama-3.1-8b"]["q4_k_m"])


def test_more_bits_need_more_and_larger_cards_hold_more(frame):
    vram = frame("vram", "model")
    native = vram["native"].notna()
    assert (vram["q8_0"] > vram["q4_k_m"])[~native].all()
    assert vram["q4_k_m"][native].isna().all()  # what was released in 4 bits has no other file worth having
    order = ["MXFP4_MOE", "IQ4_XS", "Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0"]
    best = frame("best-quantization", "model").map(lambda name: order.index(name) if isinstance(name, str) else -1)
    assert (best["rtx-3090"] >= best["rtx-3060"]).all()
    assert (best["rtx-pro-6000-blackwell"] >= best["rtx-a6000"]).all()


def test_the_longest_context_is_no_longer_than_the_training(frame):
    table = frame("longest-context", "model")
    assert (table["rtx-3090"].dropna() <= table["trained"][table["rtx-3090"].notna()]).all()


def test_parts_of_ram_add_up(frame):
    table = frame("ram", "model")
    parts = (table["weights"] + table["cache"] + table["buffer"])["granite-4.2-8b"]
    assert table["total"]["granite-4.2-8b"] == pytest.approx(parts)
    assert table["with_system"]["granite-4.2-8b"] == pytest.approx(parts + 8)


def test_published_quality_as_printed(frame):
    table = frame("quantization-quality", "quant", "imatrix")
    assert table["perplexity"][("q4_k_m", False)] == 6.407115
    assert table["loss"][("q4_k_m", False)] == pytest.approx(2.79, abs=0.01)
    assert table["large"][("q4_k_m", False)] == pytest.approx(1.20, abs=0.01)  # 3.4725 over 3.4313
