"""What cards showed is what the guide says, within five per cent."""

from pathlib import Path

from macros.specs import load
from macros.tables import tables

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")


def test_cards_hold_what_they_showed():
    frame = tables()["card-memory"].frame(CATALOGUE)
    assert len(frame) == 18
    assert frame["error"].abs().max() < 5
    assert frame["error"].abs().median() < 2
