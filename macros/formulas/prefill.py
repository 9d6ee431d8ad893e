"""How long a prompt takes: arithmetic, not bytes, is what binds here."""

from __future__ import annotations

import math
from typing import Any

from macros.formulas.decode import experts_touched
from macros.formulas.elementwise import maximum, minimum
from macros.formulas.units import TERA

NARROWEST = 4
"""How many times as fast as 16-bit numbers those of four bits are multiplied; weights of 16 bits allow no narrower ones."""

PASSES_AT_A_TIME = 4
"""llama.cpp keeps the inputs of so many passes where several cards share the layers."""

STAGED = 3
"""Times that a byte of a mapped file passes system memory on its way to a card: read, written to a locked buffer, read again."""

REFERENCE_RATE = 100 * TERA
"""A middling matrix rate: the utilisations of families are stated for it [FLOP/s]."""


def filled_rate(*, rate: float) -> float:
    """The part of a peak that grows with the chip: the more units, the harder it is to keep all of them busy.

    Equation: filled = rate x (100 TFLOP/s / rate)^(1/8)

    Args:
        rate: published peak [FLOP/s]

    Returns:
        Rate [FLOP/s].

    Assumes: passes of some hundred tokens.

    Source: the power was chosen on published measurements; see the accuracy page.

    >>> filled_rate(rate=256e14) / 1e14
    128.0
    """
    return rate * math.sqrt(math.sqrt(math.sqrt(REFERENCE_RATE / rate)))


def seen_pairs(*, depth: Any, prompt_tokens: Any) -> Any:
    """Pairs of a token of the prompt and one that it looks at, where it sees everything before it.

    Equation: pairs = tokens x (depth + tokens / 2)

    Args:
        depth: tokens that are in the cache already [tokens]
        prompt_tokens: tokens of the prompt [tokens]

    Returns:
        Pairs [1].

    Assumes: causal attention. What is added to a cache costs what the whole costs less what is there: pairs(D + P) - pairs(D).

    Source: counting.

    >>> seen_pairs(depth=100, prompt_tokens=10)
    1050.0
    """
    return prompt_tokens * (depth + prompt_tokens / 2)


def windowed_pairs(*, depth: Any, prompt_tokens: Any, window: Any) -> Any:
    """The same where each token sees a window.

    Equation: pairs = upto(depth + tokens) - upto(depth), upto(n) = min(n, window) x (n - min(n, window) / 2)

    Args:
        depth: tokens that are in the cache already [tokens]
        prompt_tokens: tokens of the prompt [tokens]
        window: tokens that it sees [tokens]

    Returns:
        Pairs [1].

    Assumes: a sliding window; chunks cost half as much.

    Source: counting.

    >>> windowed_pairs(depth=100, prompt_tokens=10, window=16)
    160.0
    """
    last = depth + prompt_tokens
    ends = minimum(last, window)
    starts = minimum(depth, window)
    return ends * (last - ends / 2) - starts * (depth - starts / 2)


def expert_passes(*, share: float, prompt_tokens: int, ubatch: int) -> float:
    """How often all experts are read for a prompt: nearly once for each micro-batch, less often for a short one.

    Equation: times = floor(tokens / ubatch) x touched(ubatch) + touched(tokens mod ubatch)

    Args:
        share: share of the experts that one token visits [1]
        prompt_tokens: tokens of the prompt [tokens]
        ubatch: tokens that go through the model together [tokens]

    Returns:
        Times [1].

    Assumes: tokens choose their experts independently and evenly.

    Source: elementary probability.

    >>> expert_passes(share=0.25, prompt_tokens=5, ubatch=2)
    1.125
    """
    whole = prompt_tokens // ubatch
    rest = prompt_tokens - whole * ubatch
    return whole * experts_touched(used=share, count=1, users=ubatch) + experts_touched(used=share, count=1, users=rest)


def expert_seconds(
    *,
    expert_parameters: Any,
    all_experts: Any,
    prompt_tokens: Any,
    expert_passes: Any,
    rate: Any,
    fp32_tflops: Any,
    utilisation: Any,
    expert_factor: Any,
    unpack_cost: Any,
    read_seconds: Any,
    slower: Any = 1.0,
) -> Any:
    """Time that the products of routed experts take for a prompt: of a micro-batch each expert gets a few rows only.

    Equation: seconds = max(2 x experts x tokens x expert_factor x slower / (rate x utilisation) +
        all_experts x expert_passes x unpack_cost x slower / shaders, read)

    Args:
        expert_parameters: parameters of the experts that one token visits [values]
        all_experts: parameters of all routed experts, visited or not [values]
        prompt_tokens: tokens of the prompt [tokens]
        expert_passes: how often all experts are read [1]
        rate: published peak that the family of devices goes by [FLOP/s]
        fp32_tflops: rate of the shaders, or of the cores at work [TFLOP/s]
        utilisation: share of the rate that the family reaches with dense matrices [1]
        expert_factor: how much dearer an operation of experts is than one of a dense matrix [1]
        unpack_cost: operations of the shaders that bringing one weight to where it is multiplied costs, however few its rows [FLOP]
        read_seconds: time to read the experts of all passes [s]
        slower: factor of an older build, a back end or a format [1]

    Returns:
        Seconds [s].

    Assumes: reading overlaps with multiplying, as weights are loaded tile by tile.

    Source: counting; the two costs are fitted to published measurements over micro-batches.

    >>> expert_seconds(expert_parameters=1e9, all_experts=8e9, prompt_tokens=1000, expert_passes=2, rate=1e14, fp32_tflops=20,
    ...     utilisation=0.5, expert_factor=1.5, unpack_cost=50, read_seconds=0.02)
    0.1
    """
    multiplied = 2 * expert_parameters * prompt_tokens * expert_factor / (rate * utilisation)
    unpacked = all_experts * expert_passes * unpack_cost / (fp32_tflops * TERA)
    return maximum((multiplied + unpacked) * slower, read_seconds)


def prefill_seconds(*, flop: Any, rate: Any, utilisation: Any, passes: Any, step_seconds: Any) -> Any:
    """Time to read a prompt on one device.

    Equation: seconds = flop / (rate x utilisation) + passes x step_seconds

    Args:
        flop: operations of the whole prompt [FLOP]
        rate: published peak that the family of devices goes by [FLOP/s]
        utilisation: share of it that the family reaches [1]
        passes: micro-batches [1]
        step_seconds: time of one pass whatever its tokens [s]

    Returns:
        Seconds [s].

    Assumes: each pass reads the weights once, as decoding does.

    Source: fitted to published measurements; see the accuracy page.

    >>> prefill_seconds(flop=1e13, rate=1e14, utilisation=0.5, passes=2, step_seconds=0.01)
    0.22
    """
    return flop / (rate * utilisation) + passes * step_seconds


def least_prompt_seconds(*, parameters: float, prompt_tokens: float, rate: float, narrower: float) -> float:
    """Time that a prompt takes at least: all products at the published peak.

    Equation: seconds = 2 x parameters x tokens / (rate x narrower)

    Args:
        parameters: parameters that work for each token, without the output matrix [values]
        prompt_tokens: tokens of the prompt [tokens]
        rate: published peak of products of 16-bit numbers [FLOP/s]
        narrower: how many times as fast the narrowest numbers are multiplied that the format allows [1]

    Returns:
        Seconds [s].

    Assumes: nothing but products takes time.

    Source: counting multiplications and additions.

    >>> least_prompt_seconds(parameters=8e9, prompt_tokens=1000, rate=1.6e14, narrower=1)
    0.1
    """
    return 2 * parameters * prompt_tokens / (rate * narrower)


def prompt_seconds(
    *,
    parameters: Any,
    expert_parameters: Any,
    all_experts: Any,
    attention_products: Any,
    attention_scores: Any,
    cache_products: Any,
    state_products: Any,
    scanned_products: Any,
    activations: Any,
    prompt_tokens: Any,
    passes: Any,
    expert_passes: Any,
    rate: Any,
    fp32_tflops: Any,
    bandwidth: Any,
    flash: Any,
    read_seconds: Any,
    expert_read_seconds: Any,
    pass_seconds: Any,
    utilisation: Any,
    attention_cost: Any,
    attention_cost_flash: Any,
    score_cost: Any,
    cache_cost: Any,
    recurrent_cost: Any,
    scan_cost: Any,
    unpack_cost: Any,
    expert_factor: Any,
    activation_cost: Any,
    pass_factor: Any,
    slower: Any,
    slower_matrices: Any,
) -> Any:
    """Time to read a prompt on the layers that one device holds.

    Equation: seconds = (matrices + attention) x slower / (rate x utilisation) + experts + (scores + recurrence) / shaders +
        (activations + scans) / bandwidth + read + passes x pass_time

    Args:
        parameters: parameters that work for each token, without the output matrix [values]
        expert_parameters: the part of them in routed experts [values]
        all_experts: parameters of all routed experts, visited or not [values]
        attention_products: operations of all query heads over what they see [FLOP]
        attention_scores: pairs of a query head and a token that it looks at [1]
        cache_products: operations of attention, counted once for each key and value head [FLOP]
        state_products: values of recurrent states x tokens, of states that blocks of tokens share [values]
        scanned_products: the same for states that are read and written for each token [values]
        activations: values that go into the matrices and come out of them, for one token [values]
        prompt_tokens: tokens of the prompt [tokens]
        passes: micro-batches [1]
        expert_passes: how often all experts are read [1]
        rate: published peak that the family of devices goes by [FLOP/s]
        fp32_tflops: rate of the shaders, or of the cores at work [TFLOP/s]
        bandwidth: peak of the memory [bytes/s]
        flash: 1 with flash attention, else 0 [1]
        read_seconds: time to read the weights of all passes, without routed experts [s]
        expert_read_seconds: time to read the experts of all passes [s]
        pass_seconds: time that the layers take for a token whatever their size [s]
        utilisation: share of the rate that the family reaches [1]
        attention_cost: how much dearer an operation of attention is than one of a matrix product [1]
        attention_cost_flash: the same with flash attention [1]
        score_cost: operations of the shaders for each score: its exponential, and its part in sums [FLOP]
        cache_cost: what an operation over keys and values costs more for each of their heads [1]
        recurrent_cost: operations of the shaders for each value of a state and token [FLOP]
        scan_cost: bytes moved for each value of a state that is gone through token by token [bytes]
        unpack_cost: operations of the shaders that bringing one weight of an expert to where it is multiplied costs [FLOP]
        expert_factor: how much dearer an operation of experts is than one of a dense matrix [1]
        activation_cost: bytes moved for each value that goes in or out of a matrix [bytes]
        pass_factor: how much longer layers take for a micro-batch than for a token, whatever its tokens [1]
        slower: factor of an older build or of a back end [1]
        slower_matrices: factor of a format, which is felt where weights are multiplied [1]

    Returns:
        Seconds [s].

    Assumes: one user; nothing overlaps but reading experts and multiplying them.

    Source: fitted to published measurements; see the accuracy page.
    """
    matrices = 2 * (parameters - expert_parameters) * prompt_tokens * slower_matrices
    attention = attention_products * (attention_cost + flash * (attention_cost_flash - attention_cost)) + cache_products * cache_cost
    arithmetic = prefill_seconds(
        flop=(matrices + attention) * slower,
        rate=rate,
        utilisation=utilisation,
        passes=passes,
        step_seconds=pass_seconds * pass_factor,
    )
    experts = expert_seconds(
        expert_parameters=expert_parameters,
        all_experts=all_experts,
        prompt_tokens=prompt_tokens,
        expert_passes=expert_passes,
        rate=rate,
        fp32_tflops=fp32_tflops,
        utilisation=utilisation,
        expert_factor=expert_factor,
        unpack_cost=unpack_cost,
        read_seconds=expert_read_seconds,
        slower=slower * slower_matrices,
    )
    shaders = (attention_scores * score_cost + state_products * recurrent_cost) / (fp32_tflops * TERA)
    moved = (activations * prompt_tokens * activation_cost + scanned_products * scan_cost) / bandwidth
    return arithmetic + experts + shaders + moved + read_seconds


def pipelined_seconds(*, whole: Any, slowest: Any, passes: Any, factor: Any) -> Any:
    """Time to read a prompt on cards that each hold some of the layers, and work on different passes at the same time.

    Equation: seconds = min(whole, (whole + (passes - 1) x max(slowest, whole / 4) x factor) / passes)

    Args:
        whole: time of all passes, one card after the other [s]
        slowest: the part of it on the card that takes longest [s]
        passes: passes that the prompt is cut into [passes]
        factor: how much longer the time between two passes is than the slowest card's [1]

    Returns:
        Seconds [s].

    Assumes: llama.cpp with all layers on cards, which keeps the inputs of four passes.

    Source: fitted to published measurements.

    >>> pipelined_seconds(whole=8.0, slowest=4.0, passes=4, factor=1.0)
    5.0
    """
    return minimum(whole, (whole + (passes - 1) * maximum(slowest, whole / PASSES_AT_A_TIME) * factor) / passes)


def time_to_first_token(*, prefill_seconds: Any, decode_seconds: Any) -> Any:
    """What a user waits for the first word of an answer.

    Equation: seconds = prefill_seconds + decode_seconds

    Args:
        prefill_seconds: time to read the prompt [s]
        decode_seconds: time of one token [s]

    Returns:
        Seconds [s].

    Assumes: nothing of the prompt is in the cache yet.

    >>> time_to_first_token(prefill_seconds=1.5, decode_seconds=0.5)
    2.0
    """
    return prefill_seconds + decode_seconds


def streaming_seconds(*, host_bytes: Any, link_bandwidth: Any, link_share: Any, host_bandwidth: Any, passes: Any) -> Any:
    """Time to send weights that stay in system memory to the card, once for each pass.

    Equation: seconds = passes x host_bytes / min(link x link_share, host / 3)

    Args:
        host_bytes: weights in system memory [bytes]
        link_bandwidth: bandwidth between system memory and the card [bytes/s]
        link_share: share of it that is reached [1]
        host_bandwidth: bandwidth of system memory [bytes/s]
        passes: how often they are sent [1]

    Returns:
        Seconds [s].

    Assumes: passes of 32 tokens or more; shorter ones are computed on the processor. Nothing is computed meanwhile. The file is mapped
        (`--mmap`, as by default): its pages are copied to a locked buffer, which the card reads, so each byte passes memory three times.

    Source: llama.cpp, operations of host layers are sent to the card from a batch of 32 on; weights lie in locked memory with `--no-mmap`
        only.

    >>> streaming_seconds(host_bytes=8e9, link_bandwidth=16e9, link_share=0.5, host_bandwidth=90e9, passes=2)
    2.0
    """
    return passes * host_bytes / minimum(link_bandwidth * link_share, host_bandwidth / STAGED)
