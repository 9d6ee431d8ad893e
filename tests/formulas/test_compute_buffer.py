"""What holds of every plan, whatever the model: nothing is left over, places tile the buffer, and a part that grows grows the whole."""

import re
from pathlib import Path

import pytest
import yaml

from macros.estimate import check_setting, place
from macros.estimate.config_json import read_config
from macros.formulas import compute_buffer
from macros.formulas.arena import ENDLESS, Arena
from macros.formulas.compute_buffer import Batch, _returned_bytes, planned_bytes
from macros.formulas.tensors import tensor_groups
from macros.specs import load
from macros.tables.accuracy_memory import ROOMY

TESTS = Path(__file__).resolve().parents[1]
CATALOGUE = load(TESTS.parent / "data")
CONFIGS = yaml.safe_load((TESTS / "estimate" / "small_classes.yaml").read_text("utf-8"))
SHAPES = {model.id: model.architecture for model in CATALOGUE.models.values() if model.architecture is not None}
SHAPES |= {
    f"small {name}": read_config(entry["config"])
    for name, entry in CONFIGS.items()
    if not any(word in str(entry["config"]) for word in ("times", "runs", "blocks"))
}
STAYS = {"x", "given", "kept", "logits"}
"""The last hidden states, the embedded tokens on the host, and what the pass gives."""


FROM_OUTSIDE = {"positions", "key_index", "value_index", "mask", "scale", "output_index", "state_index", "no_index", "streams"} | {
    "key_rotation", "value_rotation", "indexer_index", "indexer_mask", "indexer_rotation", "factors", "pictures", "best",
}  # fmt: skip


def tiles(arena):
    """Whether places and gaps lie side by side, from the beginning to the end without end."""
    places = sorted(place for place in [*arena.held.values(), *arena.gaps] if place[1] > 0)
    return [place[0] for place in places] == [0, *(sum(place) for place in places[:-1])] and sum(places[-1]) == ENDLESS


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
@pytest.mark.parametrize("model", SHAPES)
def test_nothing_is_left(model, on_device, arenas):
    a = SHAPES[model]
    for change in ({}, {"flash_attention": False}, {"key_half": False, "value_half": False}, {"key_half": False, "flash_attention": False}):
        planned_bytes(a, batch(a, **change), layers=tuple(range(a.layers)), has_output=True, on_device=on_device)
        assert set(arenas[-1].held) <= STAYS
        assert tiles(arenas[-1])


ONE_OF_EACH = {(a.engine_name, a.experts is not None): name for name, a in SHAPES.items() if name in CATALOGUE.models}


@pytest.mark.parametrize("model", ONE_OF_EACH.values())
def test_nothing_is_left_between_devices(model, arenas):
    """Several cards work on several passes at a time: what comes from outside stays, with its copies. Results of layers do not."""
    a = SHAPES[model]
    for cards, layers in ((1, 1), (1, a.layers // 2), (2, 9999), (2, a.layers // 2), (3, 9999)):
        for experts_on_host in (False, True) if a.experts is not None else (False,):
            question = {"model": model, "quant": "q4_k_m", "context": 1024, "gpus": [ROOMY] * cards, "gpu_layers": layers}
            place(check_setting({**question, "experts_on_host": experts_on_host}, CATALOGUE), CATALOGUE)
    assert arenas
    for arena in arenas:
        assert {re.sub(r"(_[0-9]+)?(_copy_[0-9]+)?$", "", name) for name in arena.held} <= STAYS | FROM_OUTSIDE
        assert tiles(arena)


class Asked(dict):
    """Sizes of one layer's matrices, and which of them were asked for."""

    def __init__(self, sizes):
        super().__init__(sizes)
        self.asked = set()

    def get(self, name, default=None):
        self.asked.add(name)
        return super().get(name, default)


NEVER_THE_LARGEST = {
    "inp_gate", "proj", "indexer.attn_k", "indexer.attn_q_b", "indexer.proj",
    "ssm_ba", "ssm_beta", "ssm_alpha", "ssm_dt", "ssm_x", "ssm_f_a", "ssm_f_b", "ssm_g_a", "ssm_g_b",
}  # fmt: skip
"""Matrices so small beside the layer's others that no fullest moment is theirs: the plan passes them by."""


@pytest.mark.parametrize("model", SHAPES)
def test_every_matrix_of_a_layer_on_the_host_is_brought(model):
    a = SHAPES[model]
    sizes = [{} for _ in range(a.layers)]
    for group in tensor_groups(a):
        for layer in group.layers:
            if group.rows > 1 and 0 <= layer < a.layers and group.role not in ("kept", "kept_matrix"):
                # Each layer has a size of its own, so that none is passed over as equal to another.
                sizes[layer][group.name] = 4096 + 128 * layer
    layers = [Asked(each) for each in sizes]
    planned_bytes(a, batch(a), layers=tuple(range(a.layers)), has_output=True, on_device=True, streamed=dict(enumerate(layers)))
    for number, layer in enumerate(layers):
        # A layer that reads another's cache makes no keys and values, whatever its file holds.
        unused = set() if a.has_cache(number) else {"attn_k", "attn_v"}
        assert set(layer) - layer.asked <= NEVER_THE_LARGEST | unused


@pytest.mark.parametrize(
    ("model", "values"),
    [
        # Keys and values of eight heads; one latent row of keys with its turned part; of a delta-net a state's convolution with the three
        # tokens that it keeps, over its channels: inner 4096 and two of 16 groups of 128.
        ("llama-3.1-8b", 64 * 2 * 8 * 128),
        ("deepseek-v2-lite-16b", 64 * (512 + 64)),
        ("qwen3.5-9b", (64 + 3) * (4096 + 2 * 16 * 128)),
    ],
)
def test_what_a_layer_of_the_host_gets_back(model, values):
    a = SHAPES[model]
    assert _returned_bytes(a, batch(a), 0) == 4 * values
