"""What holds of every plan, whatever the model: nothing is left over, places tile the buffer, and a part that grows grows the whole."""

from pathlib import Path

import pytest

from macros.formulas import compute_buffer
from macros.formulas.arena import ENDLESS, Arena
from macros.formulas.compute_buffer import Batch, planned_bytes
from macros.specs import load

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")
MODELS = [model.id for model in CATALOGUE.models.values() if model.architecture is not None]
STAYS = {"x", "given", "kept", "logits"}
"""The last hidden states, the embedded tokens on the host, and what the pass gives."""


def batch(a, **change):
    """A pass of 64 tokens over 1024 cells."""
    window = 0 if a.attention.window is None else 512
    plain = {"tokens": 64, "cells": 1024, "window_cells": window, "outputs": 64, "sequences": 1, "flash_attention": True}
    return Batch(**{**plain, "key_half": True, "value_half": True, **change})


@pytest.fixture
def arenas(monkeypatch):
    """The buffers that are planned, to look into."""
    made = []

    def kept(alignment):
        made.append(Arena(alignment=alignment))
        return made[-1]

    monkeypatch.setattr(compute_buffer, "Arena", kept)
    return made


@pytest.mark.parametrize("on_device", [True, False])
@pytest.mark.parametrize("model", MODELS)
def test_nothing_is_left(model, on_device, arenas):
    a = CATALOGUE.models[model].architecture
    for change in ({}, {"flash_attention": False}, {"key_half": False, "value_half": False}, {"key_half": False, "flash_attention": False}):
        planned_bytes(a, batch(a, **change), layers=tuple(range(a.layers)), has_output=True, on_device=on_device)
        arena = arenas[-1]
        assert set(arena.held) <= STAYS
        places = sorted(place for place in [*arena.held.values(), *arena.gaps] if place[1] > 0)
        assert [place[0] for place in places] == [0, *(place[0] + place[1] for place in places[:-1])]
        assert sum(places[-1]) == ENDLESS
