"""What the guide shows first, and what it says a machine runs."""

from datetime import date
from pathlib import Path

import pytest

from macros.estimate.inverse import best_quantization
from macros.estimate.setting import check_setting
from macros.formulas.ram_rule import SYSTEM_GIB
from macros.specs import load
from macros.specs.models import architecture_of
from macros.tables import pairs, tables, what_runs
from macros.tables.headlines import LADDER, headline_cpus, headline_devices, headline_models, own_quant, quant_of, stale

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")


def test_a_mac_is_shown_with_each_memory_that_it_is_sold_with():
    frame = pairs.device_models_of(CATALOGUE, "apple-m4-max-40c")
    of_120b = frame[frame["model"] == "gpt-oss-120b"].set_index("memory")["way"].to_dict()
    assert of_120b == {48: "no", 64: "no", 128: "card"}  # macOS gives the GPU 51.8 of 64 GiB; the file has 59


def test_a_model_released_in_4_bits_has_no_finer_file():
    assert quant_of(CATALOGUE, "gpt-oss-20b") == "mxfp4_moe"
    assert pairs.model_memory_of(CATALOGUE, "gpt-oss-20b")["quant"].tolist() == ["mxfp4_moe", "mxfp4"]
    assert pairs.on_machine(CATALOGUE, "gpt-oss-20b", "rtx-5070-ti", 16).way == "card"


def test_no_answer_offers_a_finer_format_than_what_was_released():
    """gpt-oss-20b on 80 GB: its own MXFP4, not 16 bits; DeepSeek-V3 on eight cards of 192 GB: 8 bits, not 16."""
    roomy = {"context": 4096, "gpus": ["b200"] * 8}
    for model, engine, quant in (
        ("gpt-oss-20b", "llama.cpp", "mxfp4_moe"),
        ("gpt-oss-20b", "vllm", "mxfp4"),
        ("deepseek-v3-671b", "llama.cpp", "q8_0"),
        ("qwen3-8b", "vllm", "fp32"),
    ):
        setting = check_setting(roomy | {"model": model, "engine": engine, "quant": quant}, CATALOGUE)
        assert best_quantization(setting, CATALOGUE) == quant


@pytest.mark.parametrize("model", [one.id for one in CATALOGUE.models.values() if one.native_quant is not None])
def test_no_row_is_finer_than_what_was_released(model):
    """What came out in 4 or 8 bits has no 16-bit row; the last row is the publisher's own form."""
    rows = pairs.model_memory_of(CATALOGUE, model)
    native = CATALOGUE.models[model].native_quant
    assert rows["quant"].iloc[-1] == native
    assert not {"f16", "bf16"} & set(rows["quant"])
    assert rows["weights"].max() <= 1.1 * rows["weights"].iloc[-1]
    bits = CATALOGUE.quantizations[native].per_weight.weight_bits
    assert quant_of(CATALOGUE, model) == (CATALOGUE.quantizations[native].gguf or "q4_k_m")
    assert (CATALOGUE.quantizations[native].gguf is None) == (bits == 8 and "fp4" not in native)


def test_headlines_are_of_today_and_the_check_says_when_they_are_not():
    assert len(headline_models(CATALOGUE)) >= 20
    kinds = {CATALOGUE.gpus[gpu].kind for gpu in headline_devices(CATALOGUE)}
    assert {"card", "laptop", "unified", "integrated"} <= kinds
    assert headline_cpus(CATALOGUE)
    newest = max(model.released for model in CATALOGUE.models.values() if model.headline and model.released)
    assert stale(CATALOGUE, newest) is None
    later = date(newest.year + 1, newest.month, 1)
    assert "as the newest. Fix: mark newer models" in (stale(CATALOGUE, later) or "")


def test_what_to_run_follows_its_rule():
    frame = tables()["what-runs"].frame(CATALOGUE)
    least = what_runs.pace(CATALOGUE)
    assert (frame["decode"] >= least).all()
    assert (frame["context"] >= what_runs.LEAST_CONTEXT).all()
    for (kind, memory), rows in frame.groupby(["kind", "memory"]):
        publishers = [CATALOGUE.models[model].publisher for model in rows["model"]]
        assert len(set(publishers)) == len(publishers) <= what_runs.MOST
        order = [what_runs.candidates(CATALOGUE).index(model) for model in rows["model"]]
        assert order == sorted(order)
        assert (rows["need"] < memory + 2).all(), (kind, memory)  # with what stays in RAM beside a card
    for row in frame.to_dict("records"):
        assert row["quant"] in (*LADDER, own_quant(CATALOGUE, row["model"]))
    assert {"card", "unified", "ram"} == set(frame["kind"])


def test_the_command_and_the_page_answer_alike():
    frame = tables()["what-runs"].frame(CATALOGUE)
    rows = frame[(frame["kind"] == "card") & (frame["memory"] == 24)]
    device = rows["device"].iloc[0]
    found = what_runs.of_machine(CATALOGUE, gpu=device, memory_gib=None, ram_gib=None)
    assert [row["model"] for row in found] == rows["model"].tolist()
    assert [row["decode"] for row in found] == rows["decode"].tolist()


def test_more_ram_runs_larger_models():
    def largest(ram):
        (first, *_) = what_runs.of_machine(CATALOGUE, gpu=None, memory_gib=None, ram_gib=ram)
        return first["model"]

    assert largest(32) != largest(96)
    assert "gpt-oss-120b" in {row["model"] for row in what_runs.of_machine(CATALOGUE, gpu=None, memory_gib=None, ram_gib=96)}


def test_ram_beside_a_card_holds_experts_that_do_not_fit():
    """What owners of a card of 12 GB run: a mixture twice as large, faster than one reads; within the RAM and the training."""
    alone = what_runs.of_machine(CATALOGUE, gpu="rtx-3060", memory_gib=None, ram_gib=None)
    beside = what_runs.of_machine(CATALOGUE, gpu="rtx-3060", memory_gib=None, ram_gib=32)
    assert "qwen3.6-35b-a3b" in {row["model"] for row in beside} - {row["model"] for row in alone}
    for row in beside:
        if "ram" in row:
            assert 0 < row["ram"] <= 32 - SYSTEM_GIB
            assert row["decode"] >= what_runs.pace(CATALOGUE)
        assert row["context"] <= architecture_of(CATALOGUE.models[row["model"]], CATALOGUE.models).context_length
    assert what_runs.of_machine(CATALOGUE, gpu="rtx-3060", memory_gib=None, ram_gib=SYSTEM_GIB) == alone
