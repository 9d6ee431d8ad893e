"""What models bring along, against figures typed from what publishers and engines print."""

from pathlib import Path

import pytest

from macros.formulas.units import GIB
from macros.specs import load
from macros.tables import tables

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")


def row(table, model):
    frame = tables()[table].frame(CATALOGUE)
    return frame[frame["model"] == model].iloc[0]


@pytest.mark.parametrize(
    ("model", "parameters", "positions"),
    # The hub's count of the whole repository less the text part: 12,187,325,040 − 11,766,034,176 and so on; positions have 32 bits.
    [
        ("gemma-3-12b", 421_290_864, 64 * 64 * 1152), ("qwen3-vl-8b", 576_388_336, 48 * 48 * 1152),
        ("llama-4-scout-109b", 871_932_416, 577 * 1408), ("ministral-3-3b", 420_083_712, 0),
    ],
)  # fmt: skip
def test_towers_and_projector(model, parameters, positions):
    found = row("projectors", model)
    assert found["parameters"] == parameters / 1e6
    assert found["size"] == pytest.approx(2 * (parameters + positions) / GIB)


def test_a_published_projector_file_is_shown_as_it_is():
    assert row("projectors", "qwen3.8-27b")["size"] == 927_607_488 / GIB


def test_a_draft_takes_its_weights_and_its_own_cache():
    found = row("drafts", "llama-3.1-70b")
    assert found["draft"] == "llama-3.2-1b"
    # 16 layers x 8 heads x 64 values, keys and values, two bytes, 8192 tokens
    assert found["cache"] == 16 * 8 * 64 * 2 * 2 * 8192 / GIB
    assert found["weights"] + found["cache"] < found["total"] < found["weights"] + found["cache"] + 1


@pytest.mark.parametrize(
    ("model", "parameters", "in_file"),
    # DeepSeek's own count of its prediction module is 14B with the shared tables (11.6B without); GLM-4.5-Air is 106.85B of 110.47B.
    [
        ("deepseek-v3-671b", 13_463_426_304, False),
        ("glm-4.5-air-106b", 110_468_824_832 - 106_852_251_264, True),
        ("qwen3.5-27b", 424_699_392, False),
    ],
)
def test_prediction_layers(model, parameters, in_file):
    found = row("prediction-layers", model)
    assert found["parameters"] == pytest.approx(parameters / 1e9)
    assert found["in_file"] == in_file
