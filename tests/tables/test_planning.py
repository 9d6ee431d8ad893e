"""What a speed needs, and two things side by side."""

from pathlib import Path

import pytest

from macros.estimate import estimate
from macros.estimate.refused import Refused
from macros.specs import load
from macros.tables import pairs, planning

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")


def test_every_device_named_reaches_the_speed_and_holds_the_context():
    found = planning.what_needs(CATALOGUE, "gpt-oss-20b", tokens_per_second=60, context=65536)
    assert len(found) > 5
    whole = [row for row in found if row["way"] == "card"]
    assert [row["memory"] for row in whole] == sorted(row["memory"] for row in whole)
    for row in whole[:4]:
        question = {"model": "gpt-oss-20b", "quant": "mxfp4_moe", "context": 65536, "gpus": [row["gpu"]], "gpu_layers": 9999}
        question |= {"memory_gib": row["memory"]} if CATALOGUE.gpus[row["gpu"]].memory_sizes_gib else {}
        answer = estimate(question, CATALOGUE)
        assert answer["fits"]
        assert answer["decode"]["tokens_per_second"] == row["decode"] >= 60


def test_two_devices_side_by_side_are_their_own_pages():
    frame = planning.compare(CATALOGUE, "rtx-3060", "rtx-5090").set_index("model")
    own = pairs.device_models_of(CATALOGUE, "rtx-5090").set_index("model")
    assert frame["decode:rtx-5090"]["gpt-oss-20b"] == own["decode"]["gpt-oss-20b"]
    assert frame["decode:rtx-5090"]["qwen3.5-9b"] > frame["decode:rtx-3060"]["qwen3.5-9b"]


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ("rtx-3060", "gpt-oss-20b", "name two of the same kind"),
        ("rtx-3061", "rtx-3060", "write 'rtx-3060'"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_a_way_out(one, other, told):
    with pytest.raises(Refused, match=told):
        planning.compare(CATALOGUE, one, other)


def test_an_unknown_model_is_refused_by_name():
    with pytest.raises(Refused, match="model: expected the id of a model, got 'gpt-oss-21b'"):
        planning.what_needs(CATALOGUE, "gpt-oss-21b", tokens_per_second=1, context=8192)


def test_embeddings_in_ram_are_told_where_all_the_rest_fits():
    """A model whose table of embeddings alone takes 33 GiB of RAM beside the card; what shares its memory has none beside it."""
    model, shown = "qwen3.8-flash-next-125b-a6b", {}
    for row in pairs.model_devices_of(CATALOGUE, model).to_dict("records"):
        shown[row["gpu"]] = row["way"], row["ram"]
    assert shown["rtx-pro-6000-blackwell"] == ("card", 48)
    way, beside = shown["apple-m4-max-40c"]
    assert (way, beside == beside) == ("card", False)
    needed = {row["gpu"]: row["ram"] for row in planning.what_needs(CATALOGUE, model, tokens_per_second=10, context=8192)}
    assert (needed["rtx-pro-6000-blackwell"], needed["apple-m4-max-40c"]) == (48, None)
    told = pairs.device_models_of(CATALOGUE, "rtx-4090").set_index("model")["ram"].notna()
    assert (told["gemma-4-e4b"], told["gpt-oss-120b"]) == (False, True)
