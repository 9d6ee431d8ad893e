"""Engines beside each other: what must hold whatever the speeds."""

from pathlib import Path

from macros.specs import load
from macros.tables import engines

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")


def test_a_team_fits_more_conversations_the_emptier_they_are():
    frame = engines.team(CATALOGUE)
    assert (frame["filled"] > frame["fit"]).all()
    both = frame[(frame["gpu"] == "l40s") & (frame["users"] == 20)].iloc[0]
    assert both["fit"] < 20
    assert abs(both["each"] * 20 - both["total"]) < 1e-6
    assert frame[frame["total"].isna()]["users"].min() > frame["filled"].min()


def test_many_users_are_what_vllm_is_for():
    frame = engines.engines_compared(CATALOGUE).set_index(["gpu", "engine"])
    for gpu in ("rtx-4090", "rtx-pro-6000-blackwell"):
        assert frame.loc[(gpu, "vLLM"), "many"] > frame.loc[(gpu, "llama.cpp"), "many"]


def test_a_mac_has_both_answers():
    rows = engines.side_by_side(CATALOGUE, "apple-m4-max-40c", 64)
    assert len(rows) > 2
    assert [row["engine"] for row in rows] == ["MLX (mlx-lm)", "llama.cpp"] * (len(rows) // 2)
