"""How long one token takes: the bytes that it reads, over what the memory really gives, plus a time for each layer."""

from __future__ import annotations

import math
from typing import Any

from macros.formulas.elementwise import maximum
from macros.formulas.units import TERA

REFERENCE_TFLOPS = 20
"""Shader rate of a middling card: the layer times of families are stated for it."""

MIDDLING_INTENSITY = 50
"""Operations of the shaders of a middling card for each byte of its memory [FLOP/byte]."""

NO_TIME = 1e-12
"""Less than anything takes: two times that are both 0 have a ratio with it [s]."""

REFERENCE_CORES = 16
"""Cores of a middling processor: the layer times of processors are stated for it."""


def decode_ceiling(*, bytes_read: Any, bandwidth: Any) -> Any:
    """Tokens a second that no engine can exceed: every token reads the active weights and the cache once.

    Equation: ceiling = bandwidth / bytes_read

    Args:
        bytes_read: bytes of weights and cache that one token reads [bytes]
        bandwidth: peak of the memory [bytes/s]

    Returns:
        Tokens a second [1/s].

    Assumes: one user; caches of the chip hold a negligible part.

    Source: the roofline model for memory-bound work.

    >>> round(decode_ceiling(bytes_read=13e9, bandwidth=115.2e9), 1)
    8.9
    """
    return bandwidth / bytes_read


def memory_seconds(*, weight_bytes: Any, cache_bytes: Any, bandwidth: Any, efficiency: Any, cache_factor: Any = 1.0) -> Any:
    """Time to read what one token needs.

    Equation: seconds = (weights + cache x cache_factor) / (bandwidth x efficiency)

    Args:
        weight_bytes: bytes of weights read [bytes]
        cache_bytes: bytes of the KV cache in use [bytes]
        bandwidth: peak of the memory [bytes/s]
        efficiency: share of the peak that the family of devices reaches [1], at most 1
        cache_factor: how much dearer a byte of cache is than one of weights (without flash attention) [1]

    Returns:
        Seconds [s].

    Assumes: one user.

    Source: fitted to published measurements; see the accuracy page.

    >>> memory_seconds(weight_bytes=4e9, cache_bytes=0, bandwidth=1e12, efficiency=0.8)
    0.005
    """
    return (weight_bytes + cache_bytes * cache_factor) / (bandwidth * efficiency)


def device_pace(*, fp32_tflops: float) -> float:
    """How much faster than the reference a device gets through its layers, whatever their size.

    Equation: pace = (shaders / 20 TFLOPS)^(1/4)

    Args:
        fp32_tflops: shader rate of the device [TFLOP/s]

    Returns:
        Pace [1].

    Assumes: a device of the same family with more units waits a little less.

    Source: the power was chosen on published measurements; see the accuracy page.

    >>> device_pace(fp32_tflops=320)
    2.0
    """
    return math.sqrt(math.sqrt(fp32_tflops / REFERENCE_TFLOPS))


def cores_pace(*, cores: float) -> float:
    """How much faster than sixteen cores a processor gets through its layers, whatever their size.

    Equation: pace = 16 / cores

    Args:
        cores: cores, or threads at work [cores]

    Returns:
        Pace [1].

    Assumes: all of them wait for one another after each operation: each counts itself in, one after the other.

    Source: ggml's barrier is one shared counter; published measurements over 24 to 172 threads, see the accuracy page.

    >>> cores_pace(cores=64)
    0.25
    """
    return REFERENCE_CORES / cores


def layer_seconds(
    *,
    layers: Any,
    mixture_layers: Any,
    beside_layers: Any,
    recurrent_layers: Any,
    normed_layers: Any,
    layer_time: Any,
    mixture_factor: Any,
    beside_factor: Any,
    recurrent_factor: Any,
    norm_factor: Any,
    pace: Any,
    die_factor: Any,
) -> Any:
    """Time that layers take whatever their size: starting kernels, waiting for one another, filling the memory's pipeline.

    Equation: seconds = counted x layer_time x die_factor / pace,
        counted = layers + mixture x (mixture_factor - 1) + beside x beside_factor + recurrent x recurrent_factor + normed x norm_factor

    Args:
        layers: layers on the device; half of one where it mixes tokens only, or has a feed-forward block only [layers]
        mixture_layers: those of them with a mixture of experts [layers]
        beside_layers: those of them with a feed-forward block beside the routed experts [layers]
        recurrent_layers: those of them with a recurrent state [layers]
        normed_layers: those of them with norms before and after each block [layers]
        layer_time: time of a layer on a device of the family at pace 1 [s]
        mixture_factor: how many plain layers a mixture layer stands for: routing, gathering, small matrices [1]
        beside_factor: how many plain layers a feed-forward block beside the routed experts costs more: a shared expert, a dense block [1]
        recurrent_factor: how many plain layers a recurrence costs more [1]
        norm_factor: how many plain layers the norms on both sides cost more [1]
        pace: how much faster than the reference the device is [1]
        die_factor: how much longer a layer takes on a device of two joined chips; 1 for a single chip [1]

    Returns:
        Seconds [s].

    Assumes: layers run one after another.

    Source: fitted to published measurements; see the accuracy page.

    >>> layer_seconds(layers=32, mixture_layers=0, beside_layers=0, recurrent_layers=24, normed_layers=0, layer_time=50e-6,
    ...     mixture_factor=1.5, beside_factor=0.5, recurrent_factor=1.0, norm_factor=0.5, pace=1, die_factor=1)
    0.0028
    """
    routed = mixture_layers * (mixture_factor - 1) + beside_layers * beside_factor
    counted = layers + routed + recurrent_layers * recurrent_factor + normed_layers * norm_factor
    return counted * layer_time * die_factor / pace


def attention_rate(*, fp32_tflops: float, bandwidth: float) -> float:
    """Rate that attention over the cache goes by on a graphics device.

    Equation: rate = (shaders x bandwidth x 50 FLOP/byte)^(1/2)

    Args:
        fp32_tflops: rate of the shaders [TFLOP/s]
        bandwidth: peak of the memory [bytes/s]

    Returns:
        Rate [FLOP/s].

    Assumes: each query head fetches keys and values from the chip's own caches, which grow with the shaders and with the memory; a middling
        card computes 50 operations for each byte of its memory.

    Source: chosen among shaders, bandwidth and their mean on published measurements; see the accuracy page.

    >>> attention_rate(fp32_tflops=20, bandwidth=400e9) / 1e12
    20.0
    """
    return math.sqrt(fp32_tflops * TERA * bandwidth * MIDDLING_INTENSITY)


def attention_seconds(*, read_seconds: Any, operations: Any, rate: Any, cost: Any) -> Any:
    """Time that comparing one token with what is in the cache takes, with reading it.

    Equation: seconds = read + compared - read x compared / (read + compared), compared = operations x cost / rate

    Args:
        read_seconds: time to read keys and values once [s]
        operations: multiplications and additions of all query heads over the tokens that they see [FLOP]
        rate: rate that attention goes by [FLOP/s]
        cost: how much dearer an operation is than at that rate [1]

    Returns:
        Seconds [s].

    Assumes: reading and comparing overlap in part: the longer of the two hides half of the shorter at most.

    Source: fitted to published measurements; see the accuracy page.

    >>> round(attention_seconds(read_seconds=0.002, operations=4e9, rate=1e13, cost=5), 6)
    0.003
    """
    compared = operations * cost / rate
    return read_seconds + compared - read_seconds * compared / (read_seconds + compared + NO_TIME)


def dot_product_seconds(*, parameters: Any, fp32_tflops: Any, cost: Any) -> Any:
    """Time that multiplying takes where that shows: on devices without integer dot products, and on few processor cores.

    Equation: seconds = 2 x parameters x cost / shaders

    Args:
        parameters: parameters that work for one token [values]
        fp32_tflops: rate of the shaders, or of the cores at work [TFLOP/s]
        cost: operations that one multiplication and addition costs there; 0: it does not show [1]

    Returns:
        Seconds [s].

    Assumes: quantized weights.

    Source: fitted to published measurements; see the accuracy page.

    >>> dot_product_seconds(parameters=6.5e9, fp32_tflops=10, cost=5)
    0.0065
    """
    return 2 * parameters * cost / (fp32_tflops * TERA)


def token_seconds(
    *,
    weight_bytes: Any,
    cache_bytes: Any,
    attention_flop: Any,
    attention_rate: Any,
    layers: Any,
    mixture_layers: Any,
    beside_layers: Any,
    recurrent_layers: Any,
    normed_layers: Any,
    parameters: Any,
    bandwidth: Any,
    pace: Any,
    joined: Any,
    fp32_tflops: Any,
    plain_dot: Any,
    plain_attention: Any,
    on_cores: Any,
    lookup: Any,
    efficiency: Any,
    layer_time: Any,
    cache_factor: Any,
    attention_cost: Any,
    mixture_factor: Any,
    beside_factor: Any,
    recurrent_factor: Any,
    norm_factor: Any,
    die_factor: Any,
    dot_cost: Any,
    core_cost: Any,
    lookup_cost: Any,
    slower: Any,
) -> Any:
    """Time of one token on the layers that one device holds.

    Equation: seconds = max((memory + attention + layers + dot_products) x slower, core_products)

    Args:
        weight_bytes: bytes of weights read, and of recurrent states read and written [bytes]
        cache_bytes: bytes of the KV cache in use [bytes]
        attention_flop: operations of attention over what is in the cache [FLOP]
        attention_rate: rate that they go by [FLOP/s]
        layers: layers on the device [layers]
        mixture_layers: those of them with a mixture of experts [layers]
        beside_layers: those of them with a feed-forward block beside the routed experts [layers]
        recurrent_layers: those of them with a recurrent state [layers]
        normed_layers: those of them with norms before and after each block [layers]
        parameters: parameters that work for one token [values]
        bandwidth: peak of the memory [bytes/s]
        pace: how much faster than the reference the device gets through its layers [1]
        joined: 1 for two joined chips, else 0 [1]
        fp32_tflops: rate of the shaders, or of the cores at work [TFLOP/s]
        plain_dot: 1 without integer dot products, else 0 [1]
        plain_attention: 1 without flash attention, else 0 [1]
        on_cores: 1 on processor cores, else 0 [1]
        lookup: 1 for a format whose weights are looked up in tables, else 0 [1]
        efficiency: share of the bandwidth that the family reaches [1]
        layer_time: time of a layer in that family at pace 1 [s]
        cache_factor: how much dearer a byte of cache is without flash attention [1]
        attention_cost: how much dearer an operation of attention is than at that rate [1]
        mixture_factor: how many plain layers a mixture layer stands for [1]
        beside_factor: how many plain layers a feed-forward block beside the routed experts costs more [1]
        recurrent_factor: how many plain layers a recurrence costs more [1]
        norm_factor: how many plain layers the norms on both sides cost more [1]
        die_factor: how much longer a layer takes on two joined chips [1]
        dot_cost: operations for each multiplication and addition on shaders without integer dot products [1]
        core_cost: the same on processor cores [1]
        lookup_cost: how much dearer it is there with tables to look up [1]
        slower: factor of an older build or of a back end [1]

    Returns:
        Seconds [s].

    Assumes: one user; nothing but attention overlaps on a graphics device, cores read while they multiply.

    Source: fitted to published measurements; see the accuracy page.
    """
    memory = memory_seconds(weight_bytes=weight_bytes, cache_bytes=0.0, bandwidth=bandwidth, efficiency=efficiency)
    read = memory_seconds(
        weight_bytes=0.0,
        cache_bytes=cache_bytes,
        bandwidth=bandwidth,
        efficiency=efficiency,
        cache_factor=1 + plain_attention * (cache_factor - 1),
    )
    attention = attention_seconds(read_seconds=read, operations=attention_flop, rate=attention_rate, cost=attention_cost)
    waiting = layer_seconds(
        layers=layers,
        mixture_layers=mixture_layers,
        beside_layers=beside_layers,
        recurrent_layers=recurrent_layers,
        normed_layers=normed_layers,
        layer_time=layer_time,
        mixture_factor=mixture_factor,
        beside_factor=beside_factor,
        recurrent_factor=recurrent_factor,
        norm_factor=norm_factor,
        pace=pace,
        die_factor=1 + joined * (die_factor - 1),
    )
    dots = dot_product_seconds(parameters=parameters, fp32_tflops=fp32_tflops, cost=plain_dot * dot_cost)
    per_product = on_cores * core_cost * (1 + lookup * (lookup_cost - 1))
    multiplying = dot_product_seconds(parameters=parameters, fp32_tflops=fp32_tflops, cost=per_product)
    return maximum((memory + attention + waiting + dots) * slower, multiplying)


def all_reduce_seconds(*, layers: Any, devices: Any, exchange_time: Any) -> Any:
    """Time that cards spend on adding up their parts, when each holds a slice of every layer.

    Equation: seconds = 2 x layers x exchange_time where there are several devices

    Args:
        layers: layers of the model [layers]
        devices: cards that share each layer [devices]
        exchange_time: time of one exchange [s]

    Returns:
        Seconds [s].

    Assumes: two exchanges a layer, small messages, so latency counts and not size.

    Source: fitted to published measurements; see the accuracy page.

    >>> all_reduce_seconds(layers=80, devices=2, exchange_time=25e-6)
    0.004
    """
    return 2 * layers * exchange_time if devices > 1 else 0.0


def more_users_seconds(*, parameters: Any, users: Any, rate: Any, utilisation: Any) -> Any:
    """Arithmetic that the tokens of further users add to a step, as if they were tokens of a prompt.

    Equation: seconds = 2 x parameters x (users - 1) / (rate x utilisation)

    Args:
        parameters: parameters that work for one token [values]
        users: tokens in the step, one for each user [tokens]
        rate: published peak that the family of devices goes by [FLOP/s]
        utilisation: share of it that prompts reach [1]

    Returns:
        Seconds [s].

    Assumes: the weights are read once for all; arithmetic does not overlap with reading.

    Source: counting multiplications and additions.

    >>> more_users_seconds(parameters=8e9, users=65, rate=2e14, utilisation=0.5)
    0.01024
    """
    return 2 * parameters * (users - 1) / (rate * utilisation)


def sequence_seconds(*, users: Any, sequence_time: Any) -> Any:
    """Time that further conversations add to a step besides reading and arithmetic: choosing, scheduling and sending their tokens.

    Equation: seconds = (users - 1) x sequence_time

    Args:
        users: conversations in the step [users]
        sequence_time: time that each but the first adds [s]

    Returns:
        Seconds [s].

    Assumes: the first one's time is part of that of layers.

    Source: the middle of published rows of each conversation's rate; see the accuracy page.

    >>> round(sequence_seconds(users=11, sequence_time=2e-4), 6)
    0.002
    """
    return (users - 1) * sequence_time


def experts_touched(*, used: float, count: float, users: int) -> float:
    """Share of the experts that a step reads when several tokens choose theirs independently.

    Equation: share = 1 - (1 - used / count)^users

    Args:
        used: experts that a token visits [experts]
        count: experts of a layer [experts]
        users: tokens in the step [tokens]

    Returns:
        Share of the experts [1].

    Assumes: choices are independent and even.

    Source: elementary probability.

    >>> experts_touched(used=2, count=8, users=2)
    0.4375
    """
    missed = 1.0
    factor = 1 - used / count
    left = users
    while left > 0:  # by squaring: a micro-batch has thousands of tokens
        if left % 2 == 1:
            missed = missed * factor
        factor = factor * factor
        left = left // 2
    return 1 - missed


def power_factor(*, limit_w: Any, full_w: Any) -> Any:
    """How much longer everything takes on a device that may draw less power than it was built for.

    Equation: factor = max(1, sqrt(full / limit))

    Args:
        limit_w: power that it may draw [W]
        full_w: power at its own limit [W]

    Returns:
        Factor [1].

    Assumes: clocks fall with the square root of the power; memory-bound work loses less, arithmetic more.

    Source: dynamic power of a chip grows with clock and the square of its voltage; between the cube root and the whole of it.

    >>> power_factor(limit_w=100, full_w=400)
    2.0
    """
    return maximum(1.0, math.sqrt(full_w / limit_w))


def tokens_per_second(*, seconds: Any, users: Any = 1) -> Any:
    """Tokens a second of all users together.

    Equation: speed = users / seconds

    Args:
        seconds: time of one step, in which each user gets a token [s]
        users: users at a time [users]

    Returns:
        Tokens a second [1/s].

    >>> tokens_per_second(seconds=0.02)
    50.0
    """
    return users / seconds
