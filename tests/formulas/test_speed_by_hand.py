"""Times worked out on paper: each part alone, then together."""

from itertools import pairwise

import pytest

from macros.formulas.bandwidth import pcie_bandwidth, ram_bandwidth
from macros.formulas.decode import (
    all_reduce_seconds,
    attention_rate,
    attention_seconds,
    experts_touched,
    layer_seconds,
    memory_seconds,
    power_factor,
    token_seconds,
    tokens_per_second,
)
from macros.formulas.load_time import cached_load_seconds
from macros.formulas.peers import peer_memory
from macros.formulas.prefill import (
    expert_passes,
    expert_seconds,
    pipelined_seconds,
    prompt_seconds,
    seen_pairs,
    streaming_seconds,
    windowed_pairs,
)


@pytest.mark.parametrize(("generation", "gigabytes"), [(3, 15.754), (4, 31.508), (5, 63.015), (6, 126.031)])
def test_a_slot_of_sixteen_lanes(generation, gigabytes):
    """As published: 8, 16, 32 and 64 GT/s a lane, 128 of 130 bits of use."""
    assert pcie_bandwidth(generation=generation, lanes=16) / 1e9 == pytest.approx(gigabytes, abs=0.001)


def test_two_channels_of_ddr5():
    assert ram_bandwidth(channels=2, transfer_rate=6000) == 96e9


def test_cache_costs_more_than_weights():
    assert memory_seconds(weight_bytes=4e9, cache_bytes=1e9, bandwidth=1e10, efficiency=0.5) == 1.0
    assert memory_seconds(weight_bytes=4e9, cache_bytes=1e9, bandwidth=1e10, efficiency=0.5, cache_factor=3) == 1.4


def test_some_layers_stand_for_several():
    # 10 layers, 4 of them mixtures worth 3 plain ones, 3 with a shared expert worth 0.5 more, 2 recurrences worth one more and 5 with norms
    # worth 0.4 more: 23.5; 1 ms each, half as long again on two chips, at twice the pace.
    found = layer_seconds(
        layers=10, mixture_layers=4, beside_layers=3, recurrent_layers=2, normed_layers=5, layer_time=1e-3, mixture_factor=3,
        beside_factor=0.5, recurrent_factor=1, norm_factor=0.4, pace=2, die_factor=1.5,
    )  # fmt: skip
    assert found == pytest.approx(23.5e-3 * 1.5 / 2)


def test_attention_over_the_cache():
    # 4 operations for each of 4,096 values over 10,000 tokens at 8.192 TFLOP/s, ten times as dear: 0.2 ms, and nothing to read.
    comparing = {"operations": 4 * 4096 * 10_000, "rate": 8.192e12, "cost": 10}
    assert attention_seconds(read_seconds=0, **comparing) == pytest.approx(2e-4)
    # Reading takes 0.3 ms: 0.5 less 0.2 x 0.3 / 0.5.
    assert attention_seconds(read_seconds=3e-4, **comparing) == pytest.approx(3.8e-4)
    assert attention_seconds(read_seconds=0, operations=0, rate=8e12, cost=10) == 0


def test_attention_is_never_faster_for_more_of_either():
    for read, operations in ((0.0, 1e9), (1e-3, 0.0), (1e-3, 1e9), (1e-3, 1e11)):
        least = attention_seconds(read_seconds=read, operations=operations, rate=1e12, cost=2)
        assert attention_seconds(read_seconds=read * 1.01 + 1e-6, operations=operations, rate=1e12, cost=2) > least
        assert attention_seconds(read_seconds=read, operations=operations * 1.01 + 1e6, rate=1e12, cost=2) > least
        assert least >= max(read, operations * 2 / 1e12) * (1 - 1e-9)


def test_attention_goes_by_shaders_and_memory():
    # 20 TFLOP/s beside 400 GB/s are the 50 operations a byte of a middling card; four times the memory alone doubles it.
    assert attention_rate(fp32_tflops=20, bandwidth=400e9) == pytest.approx(20e12)
    assert attention_rate(fp32_tflops=20, bandwidth=1600e9) == pytest.approx(40e12)


TOKEN = {
    "weight_bytes": 4e9, "cache_bytes": 1e9, "attention_flop": 0, "attention_rate": 1e13, "layers": 10, "mixture_layers": 4,
    "beside_layers": 0, "recurrent_layers": 0, "normed_layers": 0, "parameters": 5e9, "bandwidth": 1e10, "pace": 2, "fp32_tflops": 10,
    "efficiency": 0.5, "layer_time": 1e-3, "cache_factor": 3, "attention_cost": 2, "mixture_factor": 3, "beside_factor": 1,
    "recurrent_factor": 1, "norm_factor": 1, "die_factor": 1.5, "dot_cost": 5, "core_cost": 4000, "lookup_cost": 2, "joined": 0,
    "plain_dot": 0, "plain_attention": 0, "on_cores": 0, "lookup": 0, "slower": 1,
}  # fmt: skip
"""One second of reading, 9 ms of layers; 5 ms of dot products, or 4 s on cores, where they show."""


@pytest.mark.parametrize(
    ("change", "seconds"),
    [
        ({}, 1.0 + 9e-3),
        ({"joined": 1}, 1.0 + 13.5e-3),
        ({"plain_dot": 1}, 1.0 + 9e-3 + 5e-3),
        ({"plain_attention": 1}, 1.4 + 9e-3),
        ({"attention_flop": 5e10}, 1.0 + 9e-3 + 1e-2 - 0.2 * 0.01 / 0.21),
        ({"joined": 1, "plain_dot": 1, "plain_attention": 1, "slower": 2}, 2 * (1.4 + 13.5e-3 + 5e-3)),
        ({"on_cores": 1}, 4.0),
        ({"on_cores": 1, "lookup": 1}, 8.0),
        ({"on_cores": 1, "core_cost": 400}, 1.0 + 9e-3),
    ],
)
def test_a_token(change, seconds):
    assert token_seconds(**{**TOKEN, **change}) == pytest.approx(seconds)


def test_less_power_is_slower_and_more_is_no_faster():
    assert power_factor(limit_w=250, full_w=360) == pytest.approx(1.2)
    assert power_factor(limit_w=450, full_w=350) == 1


@pytest.mark.parametrize(("devices", "seconds"), [(1, 0.0), (2, 0.02), (4, 0.02)])
def test_one_card_exchanges_nothing(devices, seconds):
    assert all_reduce_seconds(layers=10, devices=devices, exchange_time=1e-3) == seconds


def test_experts_of_three_users():
    # Three users, each a quarter: 1 - (3/4)^3.
    assert experts_touched(used=2, count=8, users=3) == 37 / 64
    assert experts_touched(used=8, count=8, users=1) == 1


def test_users_share_a_step():
    assert tokens_per_second(seconds=0.5, users=3) == 6


@pytest.mark.parametrize(("depth", "tokens"), [(0, 7), (5, 7), (90, 20), (1000, 3)])
def test_pairs_are_counted_one_by_one(depth, tokens):
    """The sum over the tokens of the prompt, half a token off where the formula counts the diagonal as half."""
    whole = sum(position + 0.5 for position in range(depth, depth + tokens))
    assert seen_pairs(depth=depth, prompt_tokens=tokens) == pytest.approx(whole)
    window = 16
    seen = sum(min(position + 0.5, window) for position in range(depth, depth + tokens))
    assert windowed_pairs(depth=depth, prompt_tokens=tokens, window=window) == pytest.approx(seen)


def test_a_prompt_in_two_pieces_costs_what_the_whole_costs():
    assert seen_pairs(depth=0, prompt_tokens=900) == seen_pairs(depth=0, prompt_tokens=300) + seen_pairs(depth=300, prompt_tokens=600)
    parts = windowed_pairs(depth=0, prompt_tokens=300, window=512) + windowed_pairs(depth=300, prompt_tokens=600, window=512)
    assert windowed_pairs(depth=0, prompt_tokens=900, window=512) == parts


def test_all_experts_are_read_once_a_micro_batch():
    # Two of eight: a pass of one token reads a quarter, of two 7/16; five tokens in passes of two: 7/16 + 7/16 + 1/4.
    assert expert_passes(share=0.25, prompt_tokens=5, ubatch=2) == 2 * 7 / 16 + 1 / 4
    assert expert_passes(share=8 / 128, prompt_tokens=2048, ubatch=512) == pytest.approx(4, abs=1e-6)
    assert expert_passes(share=0.0, prompt_tokens=5, ubatch=2) == 0


@pytest.mark.parametrize("share", [8 / 256, 4 / 32, 2 / 8])
def test_a_larger_micro_batch_never_reads_more(share):
    times = [expert_passes(share=share, prompt_tokens=1000, ubatch=ubatch) for ubatch in range(1, 1001)]
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(times))


@pytest.mark.parametrize(("read", "slower", "seconds"), [(0.1, 1, 0.6), (0.1, 2, 1.2), (0.9, 1, 0.9)])
def test_experts_are_unpacked_for_each_micro_batch(read, slower, seconds):
    # 2 x 1e9 x 1,000 operations, twice as dear, at 2e13 a second: 0.2 s. 2e10 weights unpacked twice, ten operations each, at 1 TFLOP/s:
    # 0.4 s.
    found = expert_seconds(
        expert_parameters=1e9, all_experts=2e10, prompt_tokens=1000, expert_passes=2, rate=4e13, fp32_tflops=1, utilisation=0.5,
        expert_factor=2, unpack_cost=10, read_seconds=read, slower=slower,
    )  # fmt: skip
    assert found == pytest.approx(seconds)


@pytest.mark.parametrize(("flash", "seconds"), [(0, 2 * (0.03 + 0.004 * 5)), (1, 2 * (0.03 + 0.004 * 3))])
def test_a_prompt(flash, seconds):
    # 2 x 5e8 x 1000 = 1e12 operations of matrices, in a format three times as dear, and cost x 4e11 of attention, at 1e14 a second, on a
    # back end twice as slow; 1e9 values of state x tokens and 5e8 scores, ten and four operations each at 10 TFLOP/s: 1.2 ms; 2,000
    # values in and out of matrices for each token, 5 bytes each, and 1e6 scanned ones of 8 bytes, at 1e9 bytes a second: 18 ms; 0.2 s of
    # reading; two passes of 0.05 s that take three times as long as a token.
    found = prompt_seconds(
        parameters=5e8, expert_parameters=0, all_experts=0, attention_products=4e11, attention_scores=5e8, cache_products=0,
        state_products=1e9, scanned_products=1e6, activations=2000, prompt_tokens=1000, passes=2, expert_passes=0, rate=2e14,
        fp32_tflops=10, bandwidth=1e9, flash=flash, read_seconds=0.2, expert_read_seconds=0, pass_seconds=0.05, utilisation=0.5,
        attention_cost=5, attention_cost_flash=3, score_cost=4, cache_cost=2, recurrent_cost=10, scan_cost=8, unpack_cost=60,
        expert_factor=1, activation_cost=5, pass_factor=3, slower=2, slower_matrices=3,
    )  # fmt: skip
    assert found == pytest.approx(seconds + 0.0012 + 0.018 + 0.2 + 0.3)


@pytest.mark.parametrize(
    ("slowest", "passes", "factor", "seconds"),
    # 8 s in all. Equal shares of two cards: 8 s for the first pass and 4 s for each of three more, over four passes; the same with a
    # factor; shares of eight cards, of which only four work at a time; one pass, which nothing shortens; and never longer than in turn.
    [(4, 4, 1, 5.0), (4, 4, 1.5, 6.5), (1, 4, 1, 3.5), (4, 1, 1, 8.0), (8, 4, 3, 8.0)],
)
def test_cards_work_on_several_passes(slowest, passes, factor, seconds):
    assert pipelined_seconds(whole=8, slowest=slowest, passes=passes, factor=factor) == seconds


def test_host_layers_are_sent_once_a_pass():
    assert streaming_seconds(host_bytes=8e9, link_bandwidth=16e9, link_share=0.5, host_bandwidth=1e12, passes=3) == 3.0
    # Two channels of DDR4-3200: each byte passes memory three times, so no more than 17 GB/s reach the slot.
    assert streaming_seconds(host_bytes=51.2e9, link_bandwidth=32e9, link_share=0.7, host_bandwidth=51.2e9, passes=1) == pytest.approx(3)


def test_the_slower_of_memory_and_slot_binds():
    assert cached_load_seconds(file_bytes=8e9, memory_bandwidth=16e9, link_bandwidth=32e9, share_of_peak=0.5) == 1.0


def test_every_term_of_a_peer():
    found = peer_memory(
        weight_bytes=1_000, weights_factor=2, cache_bytes=100, cache_factor=3, constant_bytes=10, parameters=5, bytes_per_parameter_more=4,
        context=7, bytes_per_token=6,
    )  # fmt: skip
    assert found == 2_000 + 300 + 10 + 20 + 42
