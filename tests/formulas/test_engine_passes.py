"""Room by room: for one model of each class, all that llama.cpp makes room for in a pass, in its order, is what is planned here."""

import re
import sys
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

import pytest
import yaml

from macros.estimate import check_setting, place
from macros.estimate.config_json import read_config
from macros.formulas import compute_buffer
from macros.formulas.compute_graph import packing
from macros.formulas.compute_graph.graph import Graph
from macros.formulas.engine_constants import HOST_ALIGNMENT
from macros.specs import load
from macros.specs.models import architecture_of
from macros.tables.accuracy_memory import ROOMY
from tests.estimate.test_config_json import SMALL, long_form

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")
PASSES = yaml.load(Path(__file__).with_name("engine_passes.yaml").read_bytes(), yaml.CSafeLoader)
UNIT = 32
"""Rooms are compared in units of so many bytes: that of the host's alignment."""
LAYERS = 6
"""Layers that are left of a model: enough for each kind of layer, and for one after it."""
CONTEXT, TOKENS = 1024, 64
CASES = {
    "processor": {},
    "processor, no flash attention": {"flash_attention": False},
    "card, cache in 8 bits": {"cards": 1, "kv_type": "q8_0"},
    "card, four slots": {"cards": 1, "profile": "server"},
    "two cards": {"cards": 2},
    "half on the card": {"cards": 1, "half": True},
    "half on the card, cache in 8 bits": {"cards": 1, "half": True, "kv_type": "q8_0"},
    "half on the card, no flash attention": {"cards": 1, "half": True, "flash_attention": False},
    "half on the card, 16 tokens": {"cards": 1, "half": True, "ubatch": 16},
    "experts in memory": {"cards": 1, "experts_on_host": True},
}
NO_KERNEL = {"small minicpm3", "small mimo_v2_flash"}
"""CUDA has no flash attention for heads of these widths over a cache of 8 bits."""


def shapes_of(name):
    """A model of the catalogue, or the small one of a configuration."""
    if name.startswith("small "):
        return read_config(long_form(SMALL[name.removeprefix("small ")]["config"]), CATALOGUE)
    return architecture_of(CATALOGUE.models[name], CATALOGUE.models)


def shorter(a):
    """The same model with fewer layers."""
    if a.alternating_updates is not None:
        return a  # The engine knows by itself how many layers of this class keep a cache.
    kept = a.model_dump()
    layers = min(a.layers, LAYERS)
    if a.attention.shared_cache_layers:
        # One layer of each kind keeps a cache, and one of each kind reads it.
        layers *= 2
        kept["attention"]["shared_cache_layers"] = layers // 2
    kept["layers"] = layers
    if a.attention.compressed is not None:
        kept["attention"]["compressed"]["rates"] = a.attention.compressed.rates[:layers]
    if a.blocks is not None:
        kept["blocks"] = a.blocks[:layers]
    if a.same_weights is not None:
        kept["same_weights"] = a.same_weights[:layers]
    if a.feed_forward is not None and a.feed_forward.sizes is not None:
        kept["feed_forward"]["sizes"] = a.feed_forward.sizes[:layers]
    for pattern in patterns(kept):
        if pattern["indices"]:
            pattern["indices"] = [layer for layer in pattern["indices"] if layer < layers] or [layers - 1]
        elif pattern["every"] is not None and pattern["every"] > layers:
            pattern["every"] = layers // 2
    kept["prediction_layers"] = 0
    return type(a).model_validate(kept)


def patterns(value):
    """Every pattern of layers in a composition."""
    if isinstance(value, dict):
        if set(value) == {"every", "indices"}:
            yield value
        for each in value.values():
            yield from patterns(each)


def placed(a, case):
    """The model in a setting."""
    wanted = {key: value for key, value in case.items() if key not in ("cards", "half", "experts_on_host")}
    question = {"model": "llama-2-7b", "build": "0c1e57098", "quant": "q4_k_m", "context": CONTEXT, "ubatch": TOKENS, **wanted}
    question["gpus"] = [ROOMY] * case.get("cards", 0)
    if question["gpus"]:
        question["gpu_layers"] = a.layers // 2 if case.get("half") else a.layers + 1
    setting = check_setting(question, CATALOGUE)
    return place(replace(setting, architecture=a, experts_on_host=case.get("experts_on_host", False)), CATALOGUE)


def spelled_out(text):
    """A list of rooms: what stands in brackets comes as often as the number before them says."""
    return re.sub(r"(\d+)\(([^)]*)\)", lambda found: " ".join([found[2]] * int(found[1])), text).split()


@pytest.fixture
def rooms(monkeypatch):
    """What room is made for, in order, and which lines of the pass made the tensor."""
    made, lines = [], {}
    take, tensor = packing.take, Graph.tensor

    def noted(arena, size):
        units = -(-size // arena.alignment) * arena.alignment // UNIT
        made.append(f"{'h' if arena.alignment == HOST_ALIGNMENT else ''}{units}")
        return take(arena, size)

    def called(graph, kind, size, *more):
        frame, names = sys._getframe(1), []
        while frame is not None and len(names) < 4:
            names.append(f"{frame.f_code.co_name}:{frame.f_lineno}")
            frame = frame.f_back
        lines.setdefault(size, " < ".join(names))
        return tensor(graph, kind, size, *more)

    monkeypatch.setattr(packing, "take", noted)
    monkeypatch.setattr(Graph, "tensor", called)
    monkeypatch.setattr(compute_buffer, "layers_enough", lambda a, layout: list(range(a.layers)))
    return made, lines


@pytest.mark.parametrize("name", PASSES)
def test_rooms_are_those_of_the_engine(name, rooms):
    a = shorter(shapes_of(name))
    made, lines = rooms
    for case, expected in PASSES[name].items():
        made.clear()
        found = placed(a, CASES[case])
        buffers = [share.compute_buffer_bytes for share in (*found.devices, found.host)]
        planned, listed = expected.split(": ")
        for number, (ours, theirs) in enumerate(zip_longest(made, spelled_out(listed))):
            assert ours == theirs, (
                f"{case}: room {number} is the first that differs; made by {lines.get(int((ours or '0').strip('h')) * UNIT)}"
            )
        assert " ".join(map(str, buffers)) == planned, case


@pytest.mark.parametrize("name", PASSES)
def test_every_case_is_there(name):
    absent = set() if shapes_of(name).experts is not None else {"experts in memory"}
    if name in NO_KERNEL:
        absent |= {case for case, question in CASES.items() if question.get("kv_type", "f16") != "f16"}
    assert list(PASSES[name]) == [case for case in CASES if case not in absent]
