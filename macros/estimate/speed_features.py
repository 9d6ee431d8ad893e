"""The inputs of the speed formulas, from a device and the work of a token: the same for a question and for a measured row."""

from __future__ import annotations

import math
from collections.abc import Mapping

from macros.estimate.rates import Rates
from macros.estimate.work import Work

OLDER_BUILDS = {
    "gddr_before_2024_06": ("nvidia-gddr", "2024-06-01"),
    "gddr_before_2024_01": ("nvidia-gddr", "2024-01-01"),
    "hbm_before_2024_06": ("nvidia-hbm", "2024-06-01"),
    "hbm_before_2024_01": ("nvidia-hbm", "2024-01-01"),
}
"""Term -> class of devices, and the day (text sorts like days) before which builds are slower; a build has all terms of later days."""

VULKAN = "vulkan"
"""Term by which Vulkan differs from ROCm on AMD devices."""


def backend_lean(wider: str, backend: str | None) -> float:
    """On AMD devices: -1/2 for ROCm, +1/2 for Vulkan, 0 (midway) where none is named; 0 everywhere else.

    >>> backend_lean("amd-gddr", "vulkan"), backend_lean("nvidia-gddr", "vulkan")
    (0.5, 0.0)
    """
    if not wider.startswith("amd-"):
        return 0.0
    return {"rocm": -0.5, "vulkan": 0.5}.get(backend or "", 0.0)


def build_terms(wider: str, built: str | None) -> list[str]:
    """The terms that an older build is slower by; none for a recent one.

    >>> build_terms("nvidia-hbm", "2024-05-01")
    ['hbm_before_2024_06']
    """
    return [term for term, (devices, before) in OLDER_BUILDS.items() if built is not None and devices == wider and built < before]


def slower(terms: Mapping[str, float], wider: str, built: str | None, backend: str | None) -> float:
    """The factor of an older build or of a back end.

    Args:
        terms: constants that all families share
        wider: class of the device
        built: day of the build; None: a recent one
        backend: back end; None: not named

    Returns:
        The factor [1].
    """
    factor = math.prod(terms[term] for term in build_terms(wider, built))
    lean = backend_lean(wider, backend)
    if lean:
        factor *= math.sqrt(terms[VULKAN]) if lean > 0 else 1 / math.sqrt(terms[VULKAN])
    return factor


def decode_features(rates: Rates, work: Work, *, cache_bytes: float, weight_bytes: float, flash_attention: bool) -> dict[str, float]:
    """What `token_seconds` needs besides constants.

    Args:
        rates: the device
        work: what one token asks of it
        cache_bytes: bytes of the cache in use [bytes]
        weight_bytes: bytes of weights read [bytes]
        flash_attention: whether it is on

    Returns:
        Arguments by name.
    """
    return {
        "weight_bytes": weight_bytes,
        "cache_bytes": cache_bytes,
        "layers": work.layers,
        "mixture_layers": work.mixture_layers,
        "parameters": work.parameters + work.output_parameters,
        "bandwidth": rates.bandwidth,
        "pace": rates.pace,
        "joined": float(rates.joined),
        "fp32_tflops": rates.fp32_tflops,
        "plain_dot": float(not rates.integer_dot),
        "plain_attention": float(not flash_attention),
        "on_cores": float(rates.is_processor),
    }


def prefill_features(rates: Rates, work: Work, *, prompt_tokens: int, ubatch: int, flash_attention: bool) -> dict[str, float]:
    """What `prompt_seconds` needs besides constants and the time of a decoded token.

    Args:
        rates: the device
        work: what one token asks of it
        prompt_tokens: tokens of the prompt [tokens]
        ubatch: tokens that go through the model together [tokens]
        flash_attention: whether it is on

    Returns:
        Arguments by name.
    """
    return {
        "parameters": work.parameters,
        "attention_width": work.attention_width,
        "prompt_tokens": prompt_tokens,
        "rate": rates.prefill_rate,
        "flash": float(flash_attention),
        "ubatch": min(ubatch, prompt_tokens),
    }
