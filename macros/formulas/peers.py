"""What other calculators compute, in one form, so that they can stand beside this guide's figure."""

from __future__ import annotations

from typing import Any


def full_length_cache(*, layers: Any, width: Any, context: Any) -> Any:
    """The KV cache at 16 bits if every layer kept keys and values of one width for the whole context.

    Equation: bytes = 2 x layers x width x context x 2

    Args:
        layers: layers of the model [layers]
        width: numbers of a key, and of a value: KV heads x head size, or the hidden size where grouping is overlooked [values]
        context: cells of the cache [tokens]

    Returns:
        Size of the cache [bytes].

    Assumes:
        Every layer attends to the whole context; wrong for sliding windows, latent attention and recurrent layers.

    Source:
        The form that most calculators use.

    >>> full_length_cache(layers=32, width=1024, context=8192)
    1073741824
    """
    return 2 * layers * width * context * 2


def peer_memory(
    *,
    weight_bytes: Any,
    weights_factor: Any,
    cache_bytes: Any,
    cache_factor: Any,
    constant_bytes: Any,
    parameters: Any,
    bytes_per_parameter_more: Any,
    context: Any,
    bytes_per_token: Any,
) -> Any:
    """The memory that a calculator of this linear form answers.

    Equation: bytes = weights x weights_factor + cache x cache_factor + constant + parameters x more + context x per_token

    Args:
        weight_bytes: weights as the calculator counts them [bytes]
        weights_factor: what it multiplies them by [1]
        cache_bytes: KV cache as the calculator counts it [bytes]
        cache_factor: what it multiplies it by [1]
        constant_bytes: what it adds for everything else [bytes]
        parameters: parameters of the model [values]
        bytes_per_parameter_more: what it adds for each parameter [bytes]
        context: cells of the cache [tokens]
        bytes_per_token: what it adds for each token [bytes]

    Returns:
        Its answer [bytes].

    Assumes:
        The coefficients that each project publishes, as read on the day in the source.

    Source:
        The records in data/calculators.

    >>> peer_memory(weight_bytes=4_000, weights_factor=1.2, cache_bytes=1_000, cache_factor=1.0, constant_bytes=500,
    ...     parameters=8_000, bytes_per_parameter_more=0.0, context=10, bytes_per_token=0.0)
    6300.0
    """
    return (
        weight_bytes * weights_factor
        + cache_bytes * cache_factor
        + constant_bytes
        + parameters * bytes_per_parameter_more
        + context * bytes_per_token
    )
