"""Every class can be placed everywhere: one model of each, on the host, on cards, between them."""

from pathlib import Path

import pytest

from macros.estimate import check_setting, place
from macros.specs import load
from macros.specs.models import architecture_of
from macros.tables.accuracy_memory import ROOMY

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")
ONE_OF_EACH = {}
for name, record in CATALOGUE.models.items():
    shapes = architecture_of(record, CATALOGUE.models)
    traits = (
        shapes.engine_name,
        shapes.experts is not None,
        shapes.attention.indexer is not None and shapes.attention.indexer.layers is not None,
    )
    ONE_OF_EACH.setdefault(traits, (name, shapes.layers))


@pytest.mark.parametrize(("model", "layers"), ONE_OF_EACH.values(), ids=lambda value: str(value))
def test_compute_buffers_are_planned_wherever_layers_are(model, layers):
    for cards, on_cards in ((0, 0), (1, 9999), (1, 1), (1, layers // 2), (1, layers), (2, 9999), (2, layers // 2), (3, 9999)):
        for more in ({"flash_attention": True}, {"flash_attention": False}):
            question = {"model": model, "quant": "q4_k_m", "context": 512, "gpus": [ROOMY] * cards, "gpu_layers": on_cards, **more}
            placed = place(check_setting(question, CATALOGUE), CATALOGUE)
            assert placed.host.compute_buffer_bytes > 0
            assert all(share.compute_buffer_bytes > 0 for share in placed.devices if share.layers or share.has_output)


@pytest.mark.parametrize(("model", "layers"), ONE_OF_EACH.values(), ids=lambda value: str(value))
def test_a_small_card_beside_a_large_one_may_hold_the_output_alone(model, layers):
    small = {**ROOMY, "memory_gib": 1.5 * ROOMY["memory_gib"] / layers}
    question = {"model": model, "quant": "q4_k_m", "context": 512, "gpus": [ROOMY, small], "gpu_layers": 9999}
    last = place(check_setting(question, CATALOGUE), CATALOGUE).devices[-1]
    assert last.has_output
    assert last.compute_buffer_bytes > 0
