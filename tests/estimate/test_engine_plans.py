"""To the byte: every part of the engine's own plans."""

from pathlib import Path

import pytest

from macros.estimate import check_setting, place
from macros.specs import load
from macros.tables.accuracy_memory import question_of

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")
ROW_PADDING = 32 * 1024

MISSED = {"granite-4.0-h-tiny-7b": 3, "deepseek-v2-lite-16b": 53}
"""Plans that were made with a file that lacks keys of the published one: the scale of embedded tokens and the absence of positions
(Granite), and weights of experts that are not made to sum to one (DeepSeek: 12,288 bytes). The number may only fall."""


@pytest.mark.parametrize("record", CATALOGUE.engine_plans)
def test_plans_are_those_of_the_engine(record):
    plans = CATALOGUE.engine_plans[record]
    allowed = MISSED.get(plans.model, 0)
    for plan in plans.plans():
        found = place(check_setting(question_of(plans, plan), CATALOGUE), CATALOGUE)
        device = sum(share.compute_buffer_bytes for share in found.devices)
        if (device, found.host.compute_buffer_bytes) != (plan["device_compute"], plan["host_compute"]):
            allowed -= 1
            assert allowed >= 0, (plan, device, found.host.compute_buffer_bytes)
        cache = sum(share.kv_cache_bytes for share in found.devices) + found.host.kv_cache_bytes
        assert abs(cache - plan["device_kv_cache"] - plan["host_kv_cache"]) <= ROW_PADDING
