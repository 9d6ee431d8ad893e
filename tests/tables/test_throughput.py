"""Tables of speed: ranges about each figure, prompts at depth, experts in RAM by machine, errors by class."""

import re
from pathlib import Path

import pytest

from macros.render.tables import table as rendered
from macros.render.view import View
from macros.specs import load
from macros.tables import tables
from macros.tables.accuracy_classes import CLASSES
from macros.tables.throughput import MODELS

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")


def frame(name):
    return tables()[name].frame(CATALOGUE)


def test_every_decode_speed_stands_in_its_range():
    found = frame("decode")
    for model in MODELS:
        known = found[found[model].notna()]
        assert (known[f"{model}_low"] < known[model]).all()
        assert (known[model] < known[f"{model}_high"]).all()
        assert found[f"{model}_low"].isna().equals(found[model].isna())


def test_a_reader_sees_the_range_under_the_figure():
    html = rendered(View(CATALOGUE, "en"), "decode", columns=["gpu", "llama-3.1-8b", "qwen3.8-27b"], gpu="rtx-3090")
    speed = frame("decode").set_index("gpu").loc["rtx-3090"]
    ((low, high),) = re.findall(r'<small class="range">(\d+)–(\d+)</small>', html)
    assert (float(low), float(high)) == pytest.approx((speed["qwen3.8-27b_low"], speed["qwen3.8-27b_high"]), abs=0.5)
    assert f"{speed['qwen3.8-27b']:.0f}<small" in html
    assert html.count("<th scope") == 4


def test_all_users_and_each_of_them():
    found = frame("serving")
    for users in (4, 16, 64):
        assert (found[f"users_{users}"] / users).dropna().tolist() == pytest.approx(found[f"each_{users}"].dropna().tolist())
    assert (found["each_16"] < found["users_1"]).all()


def test_prompts_at_depth_fall_and_take_longer():
    found = frame("prefill-depth")
    for shallow, deep in ((4096, 32768), (32768, 131072)):
        both = found.dropna(subset=[f"first_{shallow}", f"first_{deep}"])
        assert len(both) > 5
        assert (both[f"first_{shallow}"] < both[f"first_{deep}"]).all()
    assert found["model"].nunique() == 3


def test_experts_in_ram_go_by_the_channels():
    found = frame("experts-in-ram")
    decode = {(row["model"], row["gpu"], row["host"]): float(row["decode"].split("–")[0]) for row in found.to_dict("records")}
    both = [(decode[model, gpu, "ddr4-2"], decode[model, gpu, "ddr5-12"]) for model, gpu, host in decode if host == "ddr4-2"]
    assert len(both) >= 4
    assert all(two < twelve for two, twelve in both)


def test_errors_by_class_are_those_of_the_fit():
    found = frame("accuracy-classes").set_index(["kind", "class"])
    for kind in ("decode", "prefill"):
        stored = {name: of for name, of in CATALOGUE.calibration[kind].accuracy.items() if name in CLASSES}
        assert len(stored) > 8
        for name, of in stored.items():
            row = found.loc[(kind, name)]
            assert (row["devices"], row["rows"], row["median"]) == (of.devices, of.rows, pytest.approx(100 * of.median)), name
