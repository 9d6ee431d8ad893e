"""How long a prompt takes: arithmetic, not bytes, is what binds here."""

from __future__ import annotations

import math
from typing import Any

from macros.formulas.elementwise import ceil, maximum, minimum
from macros.formulas.units import TERA

PASSES_AT_A_TIME = 4
"""llama.cpp keeps the inputs of so many passes where several cards share the layers."""

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


def prefill_flop(*, parameters: Any, prompt_tokens: Any, attention_width: Any, attention_cost: Any) -> Any:
    """Operations to read a prompt.

    Equation: flop = 2 x parameters x tokens + 2 x attention_cost x attention_width x tokens^2

    Args:
        parameters: parameters that work for each token, without the output matrix [values]
        prompt_tokens: tokens of the prompt [tokens]
        attention_width: query heads x head size, summed over the layers [values]
        attention_cost: how much dearer an operation of attention is than one of a matrix product [1]

    Returns:
        Operations [FLOP].

    Assumes: causal attention looks at half of the square; only the last token needs the output matrix.

    Source: counting multiplications and additions.

    >>> prefill_flop(parameters=1000, prompt_tokens=10, attention_width=20, attention_cost=1)
    24000
    """
    return 2 * parameters * prompt_tokens + 2 * attention_cost * attention_width * prompt_tokens * prompt_tokens


def prefill_seconds(*, flop: Any, rate: Any, utilisation: Any, prompt_tokens: Any, ubatch: Any, step_seconds: Any) -> Any:
    """Time to read a prompt on one device.

    Equation: seconds = flop / (rate x utilisation) + ceil(tokens / ubatch) x step_seconds

    Args:
        flop: operations of the whole prompt [FLOP]
        rate: published peak that the family of devices goes by [FLOP/s]
        utilisation: share of it that the family reaches [1]
        prompt_tokens: tokens of the prompt [tokens]
        ubatch: tokens that go through the model together [tokens]
        step_seconds: time of one pass whatever its tokens: the time of a decoded token [s]

    Returns:
        Seconds [s].

    Assumes: each pass reads the weights once, as decoding does.

    Source: fitted to published measurements; see the accuracy page.

    >>> prefill_seconds(flop=1e13, rate=1e14, utilisation=0.5, prompt_tokens=1024, ubatch=512, step_seconds=0.01)
    0.22
    """
    return flop / (rate * utilisation) + ceil(prompt_tokens / ubatch) * step_seconds


def prompt_seconds(
    *,
    parameters: Any,
    attention_width: Any,
    prompt_tokens: Any,
    rate: Any,
    flash: Any,
    ubatch: Any,
    step_seconds: Any,
    utilisation: Any,
    attention_cost: Any,
    attention_cost_flash: Any,
    slower: Any,
) -> Any:
    """Time to read a prompt on the layers that one device holds.

    Equation: seconds = flop / (rate x utilisation / slower) + ceil(tokens / ubatch) x step_seconds

    Args:
        parameters: parameters that work for each token, without the output matrix [values]
        attention_width: query heads x head size, summed over the layers [values]
        prompt_tokens: tokens of the prompt [tokens]
        rate: published peak that the family of devices goes by [FLOP/s]
        flash: 1 with flash attention, else 0 [1]
        ubatch: tokens that go through the model together [tokens]
        step_seconds: time of a decoded token [s]
        utilisation: share of the rate that the family reaches [1]
        attention_cost: how much dearer an operation of attention is than one of a matrix product [1]
        attention_cost_flash: the same with flash attention [1]
        slower: factor of an older build or of a back end [1]

    Returns:
        Seconds [s].

    Assumes: one user, nothing in the cache.

    Source: fitted to published measurements; see the accuracy page.
    """
    flop = prefill_flop(
        parameters=parameters,
        prompt_tokens=prompt_tokens,
        attention_width=attention_width,
        attention_cost=attention_cost + flash * (attention_cost_flash - attention_cost),
    )
    return prefill_seconds(
        flop=flop * slower,
        rate=rate,
        utilisation=utilisation,
        prompt_tokens=prompt_tokens,
        ubatch=ubatch,
        step_seconds=step_seconds,
    )


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


def streaming_seconds(*, host_bytes: Any, link_bandwidth: Any, prompt_tokens: Any, ubatch: Any) -> Any:
    """Time to send the layers that stay in system memory through the card, once for each pass.

    Equation: seconds = ceil(tokens / ubatch) x host_bytes / link

    Args:
        host_bytes: weights in system memory [bytes]
        link_bandwidth: bandwidth between system memory and the card [bytes/s]
        prompt_tokens: tokens of the prompt [tokens]
        ubatch: tokens that go through the model together [tokens]

    Returns:
        Seconds [s].

    Assumes: passes of 32 tokens or more; shorter ones are computed on the processor.

    Source: llama.cpp, operations of host layers are sent to the card from a batch of 32 on.

    >>> streaming_seconds(host_bytes=8e9, link_bandwidth=16e9, prompt_tokens=1024, ubatch=512)
    1.0
    """
    return ceil(prompt_tokens / ubatch) * host_bytes / link_bandwidth
