"""The inputs of the speed formulas, from a device and the work of a token: the same for a question and for a measured row."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date

from macros.estimate.rates import Rates
from macros.estimate.work import Work

OLDER_BUILDS = {
    "gddr_before_2024_06": ("nvidia-gddr", date(2024, 6, 1)),
    "gddr_before_2024_01": ("nvidia-gddr", date(2024, 1, 1)),
    "hbm_before_2024_06": ("nvidia-hbm", date(2024, 6, 1)),
    "hbm_before_2024_01": ("nvidia-hbm", date(2024, 1, 1)),
}
"""Term -> class of devices, and the day before which builds are slower by it. A build has every term of a later day."""

VULKAN = "vulkan"
"""Term by which Vulkan differs from ROCm on AMD devices."""

FLOATING_FORMATS = ("f16", "bf16", "fp32")
CODEBOOK_FORMATS = ("iq1", "iq2", "iq3")
K_FORMATS = ("q2_k", "q3_k", "q4_k", "q5_k", "q6_k", "q5_0", "q5_1", "iq4_xs")


def unpacking_class(quant: str) -> str:
    """How dear a format's weights are to unpack on a processor: plain, k (scales within scales) or codebook (looked up).

    >>> unpacking_class("iq3_xxs"), unpacking_class("q4_k_m"), unpacking_class("q4_0")
    ('codebook', 'k', 'plain')
    """
    if quant.startswith(CODEBOOK_FORMATS):
        return "codebook"
    return "k" if quant.startswith(K_FORMATS) else "plain"


def backend_lean(wider: str, backend: str | None) -> float:
    """On AMD devices: -1/2 for ROCm, +1/2 for Vulkan, 0 (midway) where none is named; 0 everywhere else.

    >>> backend_lean("amd-gddr", "vulkan"), backend_lean("nvidia-gddr", "vulkan")
    (0.5, 0.0)
    """
    if not wider.startswith("amd-"):
        return 0.0
    return {"rocm": -0.5, "vulkan": 0.5}.get(backend or "", 0.0)


def build_terms(wider: str, built: date | None) -> list[str]:
    """The terms that an older build is slower by; none for a recent one.

    >>> build_terms("nvidia-hbm", date(2024, 5, 1))
    ['hbm_before_2024_06']
    """
    return [term for term, (devices, before) in OLDER_BUILDS.items() if built is not None and devices == wider and built < before]


def slower(terms: Mapping[str, float], wider: str, built: date | None, backend: str | None) -> float:
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


def decode_features(
    rates: Rates, work: Work, *, quant: str, cache_bytes: float, weight_bytes: float, flash_attention: bool
) -> dict[str, float]:
    """What `token_seconds` needs besides constants.

    Args:
        rates: the device
        work: what one token asks of it
        quant: id of the format
        cache_bytes: bytes of the cache in use [bytes]
        weight_bytes: bytes of weights read [bytes]
        flash_attention: whether it is on

    Returns:
        Arguments by name.
    """
    kind = unpacking_class(quant)
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
        "cores": max(rates.cores, 1),
        "clock_mhz": rates.clock_mhz or 1.0,
        "unpacks_k": float(rates.is_processor and kind == "k"),
        "unpacks_codebook": float(rates.is_processor and kind == "codebook"),
    }


def prefill_features(rates: Rates, work: Work, *, quant: str, prompt_tokens: int, ubatch: int, flash_attention: bool) -> dict[str, float]:
    """What `prompt_seconds` needs besides constants and the time of a decoded token.

    Args:
        rates: the device
        work: what one token asks of it
        quant: id of the format
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
        "floating": float(quant in FLOATING_FORMATS),
        "ubatch": min(ubatch, prompt_tokens),
    }
