"""Times worked out on paper: each part alone, then together."""

import pytest

from macros.formulas.bandwidth import pcie_bandwidth, ram_bandwidth
from macros.formulas.decode import all_reduce_seconds, experts_touched, layer_seconds, memory_seconds, token_seconds, tokens_per_second
from macros.formulas.load_time import cached_load_seconds
from macros.formulas.peers import peer_memory
from macros.formulas.prefill import pipelined_seconds, prompt_seconds, streaming_seconds


@pytest.mark.parametrize(("generation", "gigabytes"), [(3, 15.754), (4, 31.508), (5, 63.015), (6, 126.031)])
def test_a_slot_of_sixteen_lanes(generation, gigabytes):
    """As published: 8, 16, 32 and 64 GT/s a lane, 128 of 130 bits of use."""
    assert pcie_bandwidth(generation=generation, lanes=16) / 1e9 == pytest.approx(gigabytes, abs=0.001)


def test_two_channels_of_ddr5():
    assert ram_bandwidth(channels=2, transfer_rate=6000) == 96e9


def test_cache_costs_more_than_weights():
    assert memory_seconds(weight_bytes=4e9, cache_bytes=1e9, bandwidth=1e10, efficiency=0.5) == 1.0
    assert memory_seconds(weight_bytes=4e9, cache_bytes=1e9, bandwidth=1e10, efficiency=0.5, cache_factor=3) == 1.4


def test_a_mixture_layer_stands_for_several():
    # 10 layers, 4 of them worth 3 plain ones: 18; 1 ms each, half as long again on two chips, at twice the pace.
    found = layer_seconds(layers=10, mixture_layers=4, layer_time=1e-3, mixture_factor=3, pace=2, die_factor=1.5)
    assert found == pytest.approx(18e-3 * 1.5 / 2)


TOKEN = {
    "weight_bytes": 4e9, "cache_bytes": 1e9, "layers": 10, "mixture_layers": 4, "parameters": 5e9, "bandwidth": 1e10, "pace": 2,
    "fp32_tflops": 10, "efficiency": 0.5, "layer_time": 1e-3, "cache_factor": 3, "mixture_factor": 3, "die_factor": 1.5, "dot_cost": 5,
    "core_cost": 4000, "joined": 0, "plain_dot": 0, "plain_attention": 0, "on_cores": 0, "slower": 1,
}  # fmt: skip
"""One second of reading, 9 ms of layers; 5 ms of dot products, or 4 s on cores, where they show."""


@pytest.mark.parametrize(
    ("change", "seconds"),
    [
        ({}, 1.0 + 9e-3),
        ({"joined": 1}, 1.0 + 13.5e-3),
        ({"plain_dot": 1}, 1.0 + 9e-3 + 5e-3),
        ({"plain_attention": 1}, 1.4 + 9e-3),
        ({"joined": 1, "plain_dot": 1, "plain_attention": 1, "slower": 2}, 2 * (1.4 + 13.5e-3 + 5e-3)),
        ({"on_cores": 1}, 4.0),
        ({"on_cores": 1, "core_cost": 400}, 1.0 + 9e-3),
    ],
)
def test_a_token(change, seconds):
    assert token_seconds(**{**TOKEN, **change}) == pytest.approx(seconds)


@pytest.mark.parametrize(("devices", "seconds"), [(1, 0.0), (2, 0.02), (4, 0.02)])
def test_one_card_exchanges_nothing(devices, seconds):
    assert all_reduce_seconds(layers=10, devices=devices, exchange_time=1e-3) == seconds


def test_experts_of_three_users():
    # Three users, each a quarter: 1 - (3/4)^3.
    assert experts_touched(used=2, count=8, users=3) == 37 / 64
    assert experts_touched(used=8, count=8, users=1) == 1


def test_users_share_a_step():
    assert tokens_per_second(seconds=0.5, users=3) == 6


@pytest.mark.parametrize(("flash", "seconds"), [(0, 2 * (0.01 + 0.002 * 5) + 0.3), (1, 2 * (0.01 + 0.002 * 3) + 0.3)])
def test_a_prompt(flash, seconds):
    # 2 x 5e8 x 1000 = 1e12 operations of matrices, 2 x cost x 1e5 x 1000 x 1000 = cost x 2e11 of attention, at 1e14 a second;
    # twice as slow; two passes of 0.15 s.
    found = prompt_seconds(
        parameters=5e8, attention_width=1e5, prompt_tokens=1000, rate=2e14, flash=flash, ubatch=512, step_seconds=0.15, utilisation=0.5,
        attention_cost=5, attention_cost_flash=3, slower=2,
    )  # fmt: skip
    assert found == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("slowest", "passes", "factor", "seconds"),
    # 8 s in all. Equal shares of two cards: 8 s for the first pass and 4 s for each of three more, over four passes; the same with a
    # factor; shares of eight cards, of which only four work at a time; one pass, which nothing shortens; and never longer than in turn.
    [(4, 4, 1, 5.0), (4, 4, 1.5, 6.5), (1, 4, 1, 3.5), (4, 1, 1, 8.0), (8, 4, 3, 8.0)],
)
def test_cards_work_on_several_passes(slowest, passes, factor, seconds):
    assert pipelined_seconds(whole=8, slowest=slowest, passes=passes, factor=factor) == seconds


def test_host_layers_are_sent_once_a_pass():
    assert streaming_seconds(host_bytes=8e9, link_bandwidth=16e9, prompt_tokens=513, ubatch=512) == 1.0


def test_the_slower_of_memory_and_slot_binds():
    assert cached_load_seconds(file_bytes=8e9, memory_bandwidth=16e9, link_bandwidth=32e9, share_of_peak=0.5) == 1.0


def test_every_term_of_a_peer():
    found = peer_memory(
        weight_bytes=1_000, weights_factor=2, cache_bytes=100, cache_factor=3, constant_bytes=10, parameters=5, bytes_per_parameter_more=4,
        context=7, bytes_per_token=6,
    )  # fmt: skip
    assert found == 2_000 + 300 + 10 + 20 + 42
