"""One question has one number: what the card holds, in text, table and page."""

from pathlib import Path

import pytest

from macros.estimate import estimate
from macros.formulas.units import GIB
from macros.specs import load
from macros.tables import pairs, tables
from macros.tables.headlines import headline_models, quant_of

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")


@pytest.fixture(scope="module")
def vram():
    return tables()["vram"].frame(CATALOGUE).set_index("model")


@pytest.mark.parametrize("model", headline_models(CATALOGUE))
def test_the_chapter_the_page_and_the_command_say_the_same(vram, model):
    quant = quant_of(CATALOGUE, model)
    column = "q4_k_m" if quant == "q4_k_m" else "native"
    own = pairs.model_memory_of(CATALOGUE, model).set_index("quant")["short"]
    assert own[quant] == pytest.approx(vram[column][model])
    question = {"model": model, "quant": quant, "context": 8192, "gpus": [pairs.REFERENCE], "gpu_layers": 9999}
    assert estimate(question, CATALOGUE)["devices"][0]["memory_bytes"] / GIB == pytest.approx(vram[column][model])
    on_device = pairs.device_models_of(CATALOGUE, pairs.REFERENCE).set_index("model")["need"]
    assert on_device[model] == pytest.approx(vram[column][model])


def test_the_page_takes_no_slower_way_than_the_chapter_shows():
    chapter = tables()["experts-on-host"].frame(CATALOGUE).set_index("model")
    page = pairs.device_models_of(CATALOGUE, "rtx-3060").set_index("model")
    for model in chapter.index:
        assert page["way"][model] in ("card", "experts", "layers", "no")
        if page["way"][model] == "experts" and chapter["decode"].notna()[model]:
            assert page["decode"][model] > 0.9 * chapter["decode"][model]  # another desktop beside the card
