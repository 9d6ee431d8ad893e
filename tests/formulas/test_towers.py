"""Picture towers: buffers as llama.cpp 0c1e57098 makes room for them, printed with its own code on a stand-in device."""

from pathlib import Path

import pytest

from macros.estimate import check_setting, place
from macros.formulas.compute_graph.tower import tower_buffers
from macros.specs import load
from macros.specs.models import architecture_of, tower_of

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")
PRINTED = {
    "gemma-3-4b": (127_139_840, 1_186_988_032, 9_633_792),
    "gemma-3-27b": (127_139_840, 1_186_988_032, 9_633_792),
    "gemma-4-e2b": (106_186_752, 290_211_840, 7_096_320),
    "gemma-4-31b": (157_943_808, 399_919_104, 7_096_320),
    "gemma-4-12b": (14_185_472, 14_185_472, 7_079_936),
    "ministral-3-3b": (67_624_960, 90_693_632, 2_416_640),
    "mistral-small-3.2-24b": (67_756_032, 90_824_704, 2_416_640),
    "mistral-medium-3.5-128b": (117_497_856, 124_313_600, 2_416_640),
    "kimi-k2.5-1t": (491_651_072, 17_747_017_728, 38_666_240),
    "llama-4-scout-109b": (20_857_600, 38_915_456, 1_359_424),
    "qwen3-vl-2b": (338_153_728, 4_957_737_216, 26_136_832),
    "qwen3-vl-8b": (390_156_544, 5_001_072_896, 26_136_832),
    "qwen3-vl-32b": (437_825_792, 5_001_072_896, 26_136_832),
    "qwen3.5-0.8b": (169_144_576, 3_620_831_488, 26_136_832),
    "qwen3.5-4b": (234_148_096, 4_853_731_584, 26_136_832),
    "qwen3.8-27b": (260_149_504, 4_884_066_560, 26_136_832),
}
"""On a device with flash attention, and without; on the host beside it."""


@pytest.mark.parametrize("model", PRINTED)
def test_buffers_are_those_of_the_engine(model):
    record = CATALOGUE.models[model]
    tower, text = tower_of(record, CATALOGUE.models), architecture_of(record, CATALOGUE.models).hidden_size
    assert tower is not None
    with_flash, without, host = PRINTED[model]
    assert tower_buffers(tower, text=text) == [with_flash, host]
    assert tower_buffers(tower, text=text, flash_attention=False) == [without, host]


def test_a_projector_brings_weights_and_buffer():
    """Qwen3.8 27B: the published file has 927,607,488 bytes; its buffer lies on the first card, what comes from outside on the host."""
    asked = {"model": "qwen3.8-27b", "quant": "q4_k_m", "context": 8192, "gpus": ["rtx-5090"], "gpu_layers": 99}
    plain, seeing = (place(check_setting({**asked, "mmproj": on}, CATALOGUE), CATALOGUE) for on in (False, True))
    more = seeing.devices[0].memory_bytes - plain.devices[0].memory_bytes
    assert more == 927_607_488 + 260_149_504
    assert seeing.host.companion_bytes == 26_136_832


def test_sizes_of_files_follow_from_parameters():
    """The one published size in the records, beside what counting gives."""
    tower = tower_of(CATALOGUE.models["qwen3.8-27b"], CATALOGUE.models)
    projector = CATALOGUE.models["qwen3.8-27b"].projector
    assert 2 * (projector.parameters + tower.position_rows * tower.width) == pytest.approx(projector.file_bytes, rel=2e-3)
