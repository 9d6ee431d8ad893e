"""The accuracy page: computed from stored held-out predictions, against the same rows for everybody."""

from pathlib import Path

import pytest

from macros.calibrate import store
from macros.specs import load
from macros.tables import tables

DATA = Path(__file__).resolve().parents[2] / "data"


@pytest.fixture(scope="module")
def catalogue():
    """The records with constants that follow from them: a contributor's correction need not come with a refit."""
    stored = load(DATA)
    return store.refitted(stored) if store.due(stored) else stored


def frame(catalogue, name):
    return tables()[name].frame(catalogue)


def test_whole_accuracy_is_what_the_fit_stored(catalogue):
    """Two ways to the same number: the fit's own, and the table's from row to row."""
    shown = frame(catalogue, "accuracy-families").set_index(["kind", "family"])
    for kind in ("decode", "prefill"):
        stored = catalogue.calibration[kind].accuracy["all"]
        row = shown.loc[(kind, "all")]
        assert row["rows"] == stored.rows
        assert row["median"] == pytest.approx(100 * stored.median, abs=0.1)
        assert row["ninetieth"] == pytest.approx(100 * stored.ninetieth, abs=0.2)
        assert 80 <= row["covered"] <= 92


def test_the_bars(catalogue):
    """6 and 20 per cent over all classes of models, and better than any constant."""
    methods = frame(catalogue, "accuracy-methods").set_index("method")
    ours = methods.loc["this-guide"]
    assert ours["median"] <= 6.1
    assert ours["ninetieth"] <= 20
    others = methods.drop(index="this-guide")
    assert (others["median"] > 2 * ours["median"]).all()
    assert (others["ninetieth"] > 2 * ours["ninetieth"]).all()
    assert (others["rows"] == ours["rows"]).all()
    assert {"one-constant", "gguf-parser", "fitllm", "llmfit", "llm-cal"} <= set(others.index)


def test_worst_rows_are_the_worst_and_have_a_cause(catalogue):
    """Twenty of them, sorted, each with words in both languages."""
    worst = frame(catalogue, "accuracy-worst")
    every = frame(catalogue, "accuracy-rows")
    assert len(worst) == 20
    ratio = (worst["predicted"] / worst["measured"]).map(lambda value: max(value, 1 / value))
    assert list(ratio) == sorted(ratio, reverse=True)
    decode = every[every["kind"] == "decode"]
    off = (decode["predicted"] / decode["measured"]).map(lambda value: max(value, 1 / value)).sort_values(ascending=False)
    assert list(off[:20]) == pytest.approx(list(ratio))
    assert all(cause["zh"] and cause["en"] for cause in worst["cause"])


def test_all_reasons_have_words(catalogue):
    """No reason of the fit reaches a reader as an id."""
    left = frame(catalogue, "accuracy-left-out")
    assert all(name["zh"] != reason for name, reason in zip(left["name"], left["reason"], strict=True))


def test_a_reader(catalogue):
    """238 words a minute at three quarters of a word a token."""
    reading = frame(catalogue, "reading-speed").set_index("reader")
    assert reading.loc["english", "speed"] == pytest.approx(238 / 60 / 0.75)


def test_measured_tables(catalogue):
    """Medians lie between the ends, and layer splits near one card."""
    for name in ("load-measured", "several-measured"):
        shown = frame(catalogue, name)
        assert len(shown) > 5
        assert (shown["slowest"] <= shown["middle"]).all()
        assert (shown["middle"] <= shown["fastest"]).all()
    split = frame(catalogue, "several-measured").set_index(["split", "cards"])
    assert 0.93 < split.loc[("layer", 2), "middle"] < 1.02
    power = frame(catalogue, "power-measured")
    assert (power["per_watt"] == power["decode"] / power["wall"]).all()
    assert frame(catalogue, "launch-prices")["price"].between(100, 5000).all()


def test_every_reading_of_recent_holds_the_bars(catalogue):
    """Builds since November 2023, since 2024 and since 2025; each shows what the fit stored."""
    shown = frame(catalogue, "accuracy-selections").set_index(["kind", "selection"])
    for selection in ("all", "since-2024", "since-2025", "llama.cpp", "graphics"):
        row, stored = shown.loc[("decode", selection)], catalogue.calibration["decode"].accuracy[selection]
        assert row["median"] == pytest.approx(100 * stored.median)
        assert row["median"] <= 7.1
        assert row["ninetieth"] <= 21
        assert row["covered"] >= 80
