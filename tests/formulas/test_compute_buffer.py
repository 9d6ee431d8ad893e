"""What holds of every plan, whatever the model: nothing is left over, places tile the buffer, and few layers stand for many."""

from pathlib import Path

import pytest
import yaml

from macros.estimate import check_setting, estimate, place
from macros.estimate.config_json import read_config
from macros.formulas import compute_buffer
from macros.formulas.compute_graph.arena import ENDLESS, Arena, give, take
from macros.formulas.compute_graph.graph import COPY, FRESH, OVER, VIEW, Graph
from macros.formulas.compute_graph.homes import placed_graph
from macros.formulas.compute_graph.packing import buffer_bytes, packed
from macros.formulas.compute_graph.passes import Batch, Layout
from macros.formulas.compute_graph.schedule import schedule
from macros.formulas.compute_graph.shortening import layers_enough, shortened
from macros.formulas.remember import forget
from macros.formulas.tensors.model import tensor_groups
from macros.specs import load
from macros.tables.accuracy_memory import ROOMY
from tests.formulas.test_engine_passes import shorter

TESTS = Path(__file__).resolve().parents[1]
CATALOGUE = load(TESTS.parent / "data")
CONFIGS = yaml.safe_load((TESTS / "estimate" / "small_classes.yaml").read_text("utf-8"))
SHAPES = {model.id: model.architecture for model in CATALOGUE.models.values() if model.architecture is not None}
SHAPES |= {
    f"small {name}": read_config(entry["config"], CATALOGUE)
    for name, entry in CONFIGS.items()
    if not any(word in str(entry["config"]) for word in ("times", "runs", "blocks"))
}
QUANTIZED = {"key_half": False, "value_half": False, "key_quantized": True, "value_quantized": True}
ONE_OF_EACH = {(a.engine_name, a.experts is not None): name for name, a in SHAPES.items()}.values()


def batch(a, **change):
    """A pass of 64 tokens over 1024 cells."""
    window = 0 if a.attention.window is None else 512
    plain = {"tokens": 64, "cells": 1024, "window_cells": window, "outputs": 64, "sequences": 1, "flash_attention": True}
    return Batch(**{**plain, "key_half": True, "value_half": True, **change})


def layout(a, devices=1, on_host=0, matrices=None, experts_on_host=False):
    """So many layers on the host, the others in equal shares on devices."""
    on_host = a.layers if devices == 0 else on_host
    layers = [devices if layer < on_host else (layer - on_host) * devices // (a.layers - on_host) for layer in range(a.layers)]
    caches = dict.fromkeys(range(a.layers), (1000, 1000, 1000))
    away = [
        {group.name: devices for group in tensor_groups(a) if "_exps" in group.name and layer in group.layers} for layer in range(a.layers)
    ]
    moved = away if experts_on_host else [{}] * a.layers
    return Layout(devices, layers, max(devices - 1, 0), moved, {}, {}, False, matrices or [{}] * a.layers, {}, caches)


def tiles(arena, held):
    """Whether places and gaps lie side by side, from the beginning to the end without end."""
    places = sorted([tuple(place) for place in (*held, *arena.gaps) if place[1] > 0])
    return [place[0] for place in places] == [0, *(sum(place) for place in places[:-1])] and sum(places[-1]) == ENDLESS


@pytest.mark.parametrize("model", ONE_OF_EACH)
def test_only_what_is_wanted_is_left(model):
    """At the end there is room for outputs, for what nobody asked for, and, with several passes under way, for what comes from outside."""
    a = shorter(SHAPES[model])
    for places in ({"devices": 0}, {"devices": 1}, {"devices": 1, "on_host": a.layers // 2}, {"devices": 2}):
        for change in ({}, {"flash_attention": False}, QUANTIZED):
            copies = 4 if places == {"devices": 2} else 1
            g = placed_graph(a, batch(a, **change), layout(a, **places), range(a.layers))
            s = schedule(g, copies=copies)
            used = {g.roots[source] for step in s.steps for source in g.operands[step]}
            stays = {*s.kept, *g.outputs, *[leaf for leaf in g.leaves if leaf not in used]}
            stays |= {step for step in s.steps if g.kinds[step] in (FRESH, OVER, COPY) and step not in used}
            free = sum(gap[1] for arena in packed(g, s) for gap in arena.gaps)
            room = 0
            for tensor in stays:
                alignment = 32 if s.where[tensor] == places["devices"] else 128
                room += -(-g.sizes[tensor] // alignment) * alignment
            assert (places["devices"] + 1) * ENDLESS - free == room


@pytest.mark.parametrize("model", ONE_OF_EACH)
def test_tensors_are_whole_rows_and_views_lie_within(model):
    a = shorter(SHAPES[model])
    for change in ({}, {"flash_attention": False}, QUANTIZED):
        g = placed_graph(a, batch(a, **change), layout(a), range(a.layers))
        for tensor in g.order:
            size, rows = g.sizes[tensor], g.rows[tensor]
            assert (type(size), type(rows)) == (int, int)
            if g.kinds[tensor] in (FRESH, OVER):
                assert size % max(rows, 1) == 0
            elif g.kinds[tensor] == VIEW:
                assert size <= g.sizes[g.roots[tensor]]


def test_places_and_gaps_tile_the_buffer():
    arena, held = Arena(alignment=128), []
    for size in (512, 128, 256, 128):
        held.append((take(arena, size), size))
    assert tiles(arena, held)
    give(arena, *held.pop(2))
    give(arena, *held.pop(0))
    assert tiles(arena, held)


def test_a_place_given_back_closes_the_gap_between_its_neighbours():
    arena = Arena(alignment=32)
    places = [take(arena, size) for size in (1, 33, 32, 64)]
    assert places == [0, 32, 96, 128]
    give(arena, places[0], 1)
    give(arena, places[2], 32)
    assert arena.gaps == [[0, 32], [96, 32], [192, ENDLESS - 192]]
    give(arena, places[1], 33)
    assert arena.gaps == [[0, 128], [192, ENDLESS - 192]]


class Asked(dict):
    """Sizes of one layer's matrices, and which of them were asked for."""

    def __init__(self, sizes):
        super().__init__(sizes)
        self.asked = set()

    def get(self, name, default=None):
        self.asked.add(name)
        return super().get(name, default)


COMPARED = [model for model in ONE_OF_EACH if CATALOGUE.architectures[SHAPES[model].engine_name].compared]
"""Classes whose pass is the engine's own; the others have the nearest form, and an answer says so."""


@pytest.mark.parametrize("model", COMPARED)
def test_every_matrix_of_a_layer_is_computed_with(model):
    a = shorter(SHAPES[model])
    sizes = [{} for _ in range(a.layers)]
    for group in tensor_groups(a):
        for layer in group.layers:
            if group.rows > 1 and 0 <= layer < a.layers and group.role != "kept":
                sizes[layer][group.name] = 4096
    layers = [Asked(each) for each in sizes]
    placed_graph(a, batch(a), layout(a, on_host=a.layers, matrices=layers), range(a.layers))
    for number, layer in enumerate(layers):
        # A layer that reads another's cache makes no keys and values, whatever its file holds.
        unused = set() if a.has_cache(number) else {"attn_k", "attn_v"}
        if number == 0:  # files of RWKV-7 hold them in every layer, but later ones alone look back at the values of the first
            unused |= {"time_mix_v1", "time_mix_v2"}
        assert set(layer) - layer.asked <= unused


FEW_STAND_FOR_MANY = [
    ("llama-1-30b", 1, 30, False),
    ("aya-expanse-8b", 3, 99, False),
    ("phi-3.5-moe-42b", 2, 99, True),
    ("gemma-3-27b", 1, 99, True),
    ("qwen3.5-27b", 2, 99, True),
    ("gpt-oss-120b", 0, 0, True),
    ("llama-3.1-405b", 3, 199, True),
    ("deepseek-v3-671b", 1, 30, True),
    ("nemotron-super-49b", 1, 99, True),
    ("falcon-h1-34b", 1, 20, True),
]
"""Cards and layers on them, in classes that repeat themselves in different rounds."""


@pytest.mark.parametrize(("model", "cards", "gpu_layers", "flash_attention"), FEW_STAND_FOR_MANY)
def test_few_layers_stand_for_many(model, cards, gpu_layers, flash_attention, monkeypatch):
    """The buffers of all layers are those of the few that are gone through: on cards of several kinds of splits, and in every class."""
    question = {"model": model, "quant": "q4_k_m", "context": 4096, "flash_attention": flash_attention, "gpus": [ROOMY] * cards}
    if cards:
        question["gpu_layers"] = gpu_layers
    gone_through = []

    def few(a, layout):
        gone_through.append(layers_enough(a, layout))
        return gone_through[-1]

    monkeypatch.setattr(compute_buffer, "layers_enough", few)
    found = place(check_setting(question, CATALOGUE), CATALOGUE)
    monkeypatch.setattr(compute_buffer, "layers_enough", lambda a, layout: list(range(a.layers)))
    forget()
    whole = place(check_setting(question, CATALOGUE), CATALOGUE)
    assert len(gone_through[0]) < SHAPES[model].layers
    assert [share.compute_buffer_bytes for share in found.devices] == [share.compute_buffer_bytes for share in whole.devices]
    assert found.host.compute_buffer_bytes == whole.host.compute_buffer_bytes


@pytest.mark.parametrize(
    ("row", "kept"), [("aab" * 8, 18), ("aaab" * 9, 20), ("aaaaaaaab" * 7, 45), ("abcdefghijkl" * 8, 72), ("abcdefghijklm" * 8, 104)]
)
def test_the_round_that_covers_most_is_shortened(row, kept):
    """Of n rounds five stay, and one more where n is even; a round of 13 is none."""
    assert len(shortened(row)) == kept


def counted(name):
    """A matrix of each layer, of another size in each."""
    return [{name: 32 * layer} for layer in range(100)]


ALL_OR_FEW = [
    ("llama-1-30b", {}, "few"),
    ("llama-1-30b", {"matrices": counted("attn_q")}, "few"),
    ("llama-1-30b", {"matrices": counted("attn_q"), "devices": 0}, "few"),
    ("llama-1-30b", {"matrices": counted("attn_q"), "on_host": 60}, "all"),
    ("mixtral-8x22b", {"matrices": counted("ffn_up_exps")}, "few"),
    ("mixtral-8x22b", {"matrices": counted("ffn_up_exps"), "experts_on_host": True}, "all"),
    ("mixtral-8x22b", {"matrices": counted("attn_q"), "experts_on_host": True}, "few"),
    ("deepseek-v3.2-671b", {}, "all"),
    ("gemma-4-e4b", {}, "all"),
]
"""Where sizes of matrices count: where they are brought to a device. What stays to the end in every layer keeps it from being left out."""


@pytest.mark.parametrize(("model", "where", "expected"), ALL_OR_FEW)
def test_layers_are_left_out_where_nothing_sets_them_apart(model, where, expected):
    a = SHAPES[model]
    found = layers_enough(a, layout(a, **where))
    if expected == "all":
        assert found == list(range(a.layers))
    else:
        assert len(found) < a.layers


def heavy(g, home):
    """A weight of 4096 bytes that lies in a place."""
    return g.settled(g.weight(4096, 0, "ffn_up"), home)


def graph(places=2):
    """Two inputs that meet on a device, by hand."""
    g = Graph(places)
    a, b = g.input(256), g.input(64)
    weight = heavy(g, 0)
    x = g.fresh(512, 64, (weight, a))
    y = g.over(512, 64, (x, b))
    g.outputs.append(y)
    g.expand(y)
    return g, (a, b, weight, x, y)


def test_what_is_computed_with_a_weight_goes_to_the_weight():
    g, (a, b, _, x, y) = graph()
    s = schedule(g)
    assert [s.where[tensor] for tensor in (a, b, x, y)] == [1, 1, 0, 0]
    # Both inputs are brought before the piece begins: on the host 256 and 64 bytes; on the device their copies, 512 for `x`, over which
    # `y` is computed.
    assert buffer_bytes(g, s) == [256 + 128 + 512, 256 + 64]


def test_few_rows_are_computed_where_their_weights_lie():
    for rows, place_of_x in ((31, 1), (32, 0)):
        g = Graph(2)
        a, weight = g.input(256), heavy(g, 1)
        x = g.fresh(512, rows, (weight, a))
        g.expand(x)
        assert schedule(g).where[x] == place_of_x


def test_a_weight_that_is_brought_begins_a_new_piece():
    """So its room can serve the next one: two weights of 4096 bytes need the room of one."""
    g = Graph(2)
    x = g.input(128)
    for _ in range(2):
        x = g.fresh(128, 64, (heavy(g, 1), x))
    g.outputs.append(x)
    g.expand(x)
    assert buffer_bytes(g, schedule(g))[0] == 4096 + 2 * 128


def test_passes_under_way_keep_what_comes_from_outside():
    g, _ = graph()
    s = schedule(g, copies=4)
    # Four of each input on either side; with all copies kept, `x` still takes one place.
    assert buffer_bytes(g, s) == [4 * (256 + 128) + 512, 4 * (256 + 64)]
    assert len(s.kept) == 16


@pytest.mark.parametrize("first", ["rx-9060-xt-8gb", "rtx-3060"])
def test_layers_that_look_at_pictures_may_follow_any_layer(first):
    """Where the cards are unlike, the layer before one of them may be any: no layer is left out of the plan."""
    question = {"model": "llama-3.2-11b-vision", "quant": "iq2_s", "context": 512, "gpus": [first, "instinct-mi300a"], "gpu_layers": 93}
    answer = estimate(question, CATALOGUE)
    assert sum(device["compute_buffer_bytes"] for device in answer["devices"]) > 0
