"""The article's tables, against figures worked out by hand."""

from pathlib import Path

import pytest

from macros.specs import load
from macros.specs.article import Figure
from macros.tables import tables
from macros.tables.article import CHAPTERS, difference

DATA = Path(__file__).resolve().parents[2] / "data"


@pytest.fixture(scope="module")
def catalogue():
    return load(DATA)


@pytest.fixture(scope="module")
def row(catalogue):
    def find(chapter, id):
        frame = tables()[f"article-{chapter}"].frame(catalogue)
        (found,) = frame[frame["id"] == id].to_dict("records")
        return found

    return find


def test_each_chapter_has_its_table_and_its_page(catalogue):
    assert set(catalogue.article) == set(CHAPTERS)
    docs = DATA.parent / "docs"
    for chapter in catalogue.article.values():
        assert f'table("article-{chapter.id}"' in (docs / "zh" / "article.md").read_text("utf-8")
        assert (docs / "en" / chapter.page).is_file()


HAND = [
    # 2 channels x 8 bytes x 3600 MT/s, and 8 GB read at that rate
    ("ram", "bandwidth.DDR4-3600 + Ryzen 5 3600", 57.6, 2.857),
    ("ram", "bandwidth.DDR4-3200 + Ryzen 5 5600X", 51.2, 0.392),
    ("ram", "bandwidth.DDR5-5600 + Core i9-13900K", 89.6, 0.0),
    ("ram", "bandwidth.DDR4-2666 + Core i5-10400F", 42.656, 2.538),
    ("ram", "bandwidth-ceiling.DDR4-3600 + Ryzen 5 3600", 7.2, 2.857),
    ("ram", "bandwidth-ceiling.DDR4-2666 + Core i5-10400F", 5.332, 4.549),
    ("ram", "core-i9-10900x.Bandwidth", 115.2, 0.174),
    ("ram", "thirteen-gigabyte-model.Ceiling", 115.2 / 13, 0.699),
    # 6,738,415,616 parameters, 266,240 of them in norms that keep 4 bytes
    ("ram", "ggml-original.LLaMA-7B", (6_738_415_616 * 2 + 266_240 * 2) / 2**30, -3.448),
    ("gpu", "six-gigabyte-cards.RX 5700 XT", 8.0, 33.333),
    ("gpu", "six-gigabyte-cards.RTX 3050", 8.0, 33.333),
    ("cpu", "threadripper-3990x.Threads", 128.0, 0.0),
    # 32 layers x 4096 x (key + value) x 2 bytes
    ("cpu", "timing-memory-per-token.LLaMA-7B", 32 * 4096 * 2 * 2, None),
]


@pytest.mark.parametrize(("chapter", "id", "computed", "differs"), HAND)
def test_figures_worked_out_by_hand(row, chapter, id, computed, differs):
    found = row(chapter, id)
    assert found["computed"] == pytest.approx(computed, rel=1e-6)
    if differs is None:
        assert found["difference"] is None or found["difference"] != found["difference"]
    else:
        assert found["difference"] == pytest.approx(differs, abs=0.001)


def test_a_reason_is_said_once_a_claim(catalogue):
    frame = tables()["article-ram"].frame(catalogue)
    reasons = [reason["en"] for name, reason in zip(frame["id"], frame["reason"], strict=True) if name.startswith("bandwidth.")]
    assert reasons[0].startswith("Channels")
    assert reasons[1:] == ["as above"] * 3


def test_named_cards_are_measured_with_all_layers_on_them(catalogue):
    frame = tables()["article-cards"].frame(catalogue).set_index(["model", "cards"])
    assert len(frame) == 24
    assert frame["fits"].loc[("llama-1-30b", "rtx-3090")]
    assert not frame["fits"].loc[("llama-1-30b", "rtx-a4500")]
    # Two cards of 24 GiB, of which the driver hides 452 MiB each.
    assert frame["memory"].loc[("llama-1-65b", "rtx-3090")] == 2 * (24 - 452 / 1024)


@pytest.mark.parametrize(
    ("low", "high", "found", "found_high", "expected"),
    [(4.0, 10.0, 5.0, 9.0, 0.0), (4.0, 10.0, 20.0, 30.0, 100.0), (4.0, 10.0, 1.0, 2.0, -50.0), (4.0, None, 3.0, None, -25.0)],
)
def test_difference_from_a_range(low, high, found, found_high, expected):
    assert difference(Figure(low=low, high=high, unit="tokens/s"), found, found_high) == pytest.approx(expected)
