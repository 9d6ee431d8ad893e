"""The inputs of the speed formulas, from a device, the work of a token and what runs it: the same for a question and for a measured row."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from macros.estimate.rates import Rates
from macros.estimate.work import Work
from macros.formulas.decode import layer_seconds
from macros.formulas.elementwise import ceil
from macros.formulas.prefill import expert_passes, seen_pairs, windowed_pairs
from macros.specs.engines import Engine

OLDER_BUILDS = {
    "gddr_before_2024_06": ("nvidia-gddr", "2024-06-01", "", None),
    "gddr_before_2024_01": ("nvidia-gddr", "2024-01-01", "", None),
    "hbm_before_2024_06": ("nvidia-hbm", "2024-06-01", "", None),
    "hbm_before_2024_01": ("nvidia-hbm", "2024-01-01", "", None),
    "recurrence_before_2026_03": ("cores", "2026-03-07", "recurrent", None),
}
"""Term -> groups or families of devices, the day (text sorts like days) before which builds are slower, the models that it concerns ("":
all of them), and the back end.

A build has all terms of later days. Cores: a token of Qwen3-Next took 6,242 operations before llama.cpp's pull 19504.
"""

OLDER_PARTS: dict[str, dict[str, tuple[str, str, str, str | None]]] = {
    "layer_time": {"graphs_before_2026_04": ("amd", "2026-04-22", "", "rocm")},
    "mixture_factor": {"mixture_before_2025_11": ("nvidia-gddr", "2025-11-15", "mixture", None)},
    "attention_cost": {"metal_before_2026_08": ("apple-unified", "2026-08-24", "", None)},
}
"""Constant of the decode formula -> the same for builds that only this constant differs in.

ROCm started kernels one by one until llama.cpp's pull 22254; CUDA made one step of choosing experts in autumn 2025; pull 26570 tuned
attention for each Apple chip.
"""

OLDER_PROMPT_PARTS: dict[str, dict[str, tuple[str, str, str, str | None]]] = {
    "unpack_cost": {
        "experts_before_2026_05": ("amd-gddr", "2026-05-01", "mixture", "rocm"),
        "tiles_before_2026_09": ("rdna3", "2026-09-03", "mixture", "rocm"),
    }
}
"""The same of the prefill formula: the time of a pass whatever the rows that each expert gets. ROCm brought experts to 16 bits and back
through memory until spring 2026, and cut tiles for the busiest expert until llama.cpp's pull 24546."""

OLDER_PROMPTS = {
    "mixture_before_2026_06": ("intel-gddr", "2026-06-01", "mixture", "sycl"),
    "vulkan_before_2026_01": ("rdna3 rdna3.5-apu rdna4", "2026-01-15", "", "vulkan"),
}
"""Terms of prompts as a whole: products of experts that came later to a back end, and larger tiles of matrix products on Vulkan where
cards have matrix units (llama.cpp's pull 18749)."""

BFLOAT_EXPERTS = {"rocm": "bfloat_experts"}
"""Back end -> the term by which prompts of mixtures with bfloat16 weights differ there."""

EMULATED = "emulated_matrix"
"""The term of CUDA kernels for matrix units on devices that claim them and have none: they run, several times slower."""

OTHER_BACKENDS = {("nvidia", "vulkan"): "vulkan.nvidia"}
"""Vendor of a class of devices and a back end beside its usual one -> the term by which prompts differ there."""

OWN_SPEED = ("sycl",)
"""Back ends with a factor of their own on every device."""

WITHOUT_BFLOAT = ("vulkan", "sycl")
"""Back ends without a fast path for bfloat16."""

CONVERTING = ("sycl",)
"""Back ends that write a quantized cache to memory as 16-bit numbers for each token, and read those (issue 26581 of llama.cpp)."""

HALF_BYTES = 2
"""Of a 16-bit number [bytes]."""

STATE_BYTES = 4
"""Recurrent states are kept as 32-bit numbers [bytes]."""


@dataclass(frozen=True)
class Stack:
    """What runs a model on a device."""

    engine: str
    """Id of the engine."""
    backend: str | None = None
    """Back end; None: not named."""
    built: str | None = None
    """Day of the build; None: a recent one."""
    program: str | None = None
    """A program that is the engine inside, but has a speed of its own; None: the engine itself."""
    bfloat: bool = False
    """Whether weights are bfloat16."""
    wide: bool = False
    """Whether weights have 16 bits or more."""
    lookup: int = 0
    """How often eight weights are looked up in tables."""
    repacked: bool = False
    """Whether processors store weights anew, rows interleaved."""
    mixture: bool = False
    """Whether the model is a mixture of experts."""
    recurrent: bool = False
    """Whether it has recurrent layers."""
    dated: bool = False
    """Whether constants know of older builds of the engine that were slower."""
    slow_start: bool = False
    """Whether the build is older than the day from which the engine starts layers faster."""
    scans: bool = False
    """Whether the engine goes through states of Mamba token by token; others cut a prompt into blocks of matrix products."""
    widens: bool = False
    """Whether the back end brings weights to 32 bits where a device has no fast 16-bit numbers."""


def lookup_format(name: str) -> int:
    """How often eight weights of a format are looked up in tables of patterns, which costs processors several times the arithmetic: the
    patterns of IQ1 and IQ2 hold eight weights, those of IQ3 four.

    >>> lookup_format("iq2_xs"), lookup_format("iq3_s"), lookup_format("iq4_xs")
    (1, 2, 0)
    """
    return 2 if name.startswith("iq3") else 1 if name.startswith(("iq1", "iq2")) else 0


def repacked_format(name: str) -> bool:
    """Whether llama.cpp stores weights of a format anew on processors, several rows side by side, so that one load feeds several sums.

    >>> repacked_format("q4_k_m"), repacked_format("iq4_nl"), repacked_format("q5_k_m")
    (True, True, False)
    """
    return name.startswith(("q4_0", "q4_k", "q8_0", "iq4_nl", "q2_k"))


def backend_lean(wider: str, backend: str | None) -> float:
    """On AMD devices: -1/2 for ROCm, +1/2 for Vulkan, 0 (midway) where none is named; 0 everywhere else.

    >>> backend_lean("amd-gddr", "vulkan"), backend_lean("nvidia-gddr", "vulkan")
    (0.5, 0.0)
    """
    if not wider.startswith("amd-"):
        return 0.0
    return {"rocm": -0.5, "vulkan": 0.5}.get(backend or "", 0.0)


def build_terms(rates: Rates, stack: Stack, known: Mapping[str, tuple[str, str, str, str | None]]) -> list[str]:
    """The terms that an older build is slower by; none for a recent one, nor for a program with a history of its own.

    >>> build_terms(Rates("h100", "hopper", "nvidia-hbm", False, 1e12), Stack("llama.cpp", built="2024-05-01", dated=True), OLDER_BUILDS)
    ['hbm_before_2024_06']
    """
    found = []
    for term, (devices, before, models, backend) in known.items():
        groups = devices.split(" ")
        among = rates.wider in groups or rates.kin in groups or rates.family in groups
        older = stack.built is not None and stack.dated and among and stack.built < before
        concerned = models == "" or (models == "mixture" and stack.mixture) or (models == "recurrent" and stack.recurrent)
        if older and concerned and stack.program is None and backend in (None, stack.backend):
            found.append(term)
    return found


def stack_terms(rates: Rates, stack: Stack) -> dict[str, float]:
    """What makes a stack slower or faster than a recent build of its engine on the usual back end: term -> its power (1, 1/2 or -1/2)."""
    found: dict[str, float] = {}
    for term in build_terms(rates, stack, OLDER_BUILDS):
        found[term] = 1.0
    lean = backend_lean(rates.wider, stack.backend)
    if lean:
        found["vulkan"] = lean
        if rates.family is not None:
            found["vulkan." + rates.family] = lean
    if stack.backend in OWN_SPEED:
        found[stack.backend] = 1.0
    if rates.family is not None:
        found[stack.engine + "." + rates.family] = 1.0
    if stack.program is not None:
        found["program." + stack.program] = 1.0
    return found


def weight_terms(stack: Stack) -> dict[str, float]:
    """What a format costs more where weights are read or multiplied."""
    found: dict[str, float] = {}
    if stack.bfloat and stack.backend in WITHOUT_BFLOAT:
        found["bfloat"] = 1.0
        if stack.mixture:
            found["bfloat_mixture"] = 1.0
    return found


def decode_terms(rates: Rates, stack: Stack) -> dict[str, float]:
    """All terms of a token."""
    return stack_terms(rates, stack) | weight_terms(stack)


def part_terms(of: Mapping[str, tuple[str, str, str, str | None]], rates: Rates, stack: Stack) -> dict[str, float]:
    """Those of one constant alone, of those that it knows."""
    found: dict[str, float] = {}
    for term in build_terms(rates, stack, of):
        found[term] = 1.0
    return found


def slow_start(built: str | None, engine: Engine) -> bool:
    """Whether a build is older than the day from which its engine starts layers faster; a build without a day is a recent one."""
    since = engine.quicker_layers_since
    return built is not None and since is not None and built < since.isoformat()


def start_terms(stack: Stack) -> dict[str, float]:
    """The term that the time of a layer is longer by in such a build."""
    return {stack.engine + ".slow_start": 1.0} if stack.slow_start else {}


def prefill_terms(rates: Rates, stack: Stack) -> dict[str, float]:
    """The same for prompts as a whole: Vulkan beside CUDA."""
    found = stack_terms(rates, stack)
    for term in build_terms(rates, stack, OLDER_PROMPTS):
        found[term] = 1.0
    beside = OTHER_BACKENDS.get((rates.wider.split("-")[0], stack.backend or ""))
    if beside is not None:
        found[beside] = 1.0
    # The back end that is its own is what runs where nobody says.
    if rates.emulated_matrix is not None and stack.backend in (None, rates.emulated_matrix) and stack.dated:
        found[EMULATED] = 1.0
    if not rates.bfloat:
        found[stack.engine + ".without_bfloat"] = 1.0
    return found


def matrix_terms(rates: Rates, stack: Stack) -> dict[str, float]:
    """Those of a prompt's matrices: 16-bit weights, tables on cores."""
    found = weight_terms(stack)
    if stack.wide:
        found["wide"] = 1.0
    if stack.lookup and rates.is_processor:
        found["lookup"] = float(stack.lookup)
    if stack.repacked and rates.is_processor and stack.program is None:
        found["repacked"] = 1.0
    if stack.bfloat and stack.mixture and (stack.backend or "") in BFLOAT_EXPERTS:
        found[BFLOAT_EXPERTS[stack.backend or ""]] = 1.0
    return found


def slower(terms: Mapping[str, float], powers: Mapping[str, float]) -> float:
    """The factor that terms make.

    Args:
        terms: fitted terms; one that nobody measured counts as 1
        powers: term -> its power: 2, 1, 1/2 or -1/2

    Returns:
        The factor [1].
    """
    factor = 1.0
    for term, power in powers.items():
        value = terms.get(term, 1.0)
        root = value if power == 1 else value * value if power > 1 else math.sqrt(value)
        factor = factor * (root if power > 0 else 1 / root)
    return factor


def moved_bytes(value_bytes: float, backend: str | None) -> float:
    """Bytes that pass memory for each value of the cache in a token.

    >>> moved_bytes(0.5625, "sycl"), moved_bytes(0.5625, "cuda"), moved_bytes(2.0, "sycl")
    (4.5625, 0.5625, 2.0)
    """
    return value_bytes + 2 * HALF_BYTES if backend in CONVERTING and value_bytes < HALF_BYTES else value_bytes


def plain_dot(rates: Rates, stack: Stack) -> bool:
    """Whether weights cost shaders arithmetic: no instruction for bytes there, or a back end that does not use it.

    >>> plain_dot(Rates("p40", "pascal", "nvidia-gddr", False, 346e9, half=False), Stack("llama.cpp", "vulkan", widens=True))
    True
    """
    return not rates.integer_dot or (stack.widens and not rates.half)


def plain_layers(rates: Rates, work: Work) -> float:
    """Layers as their halves count; on cores what stands beside routed experts is a half as well, as all blocks wait alike there."""
    return (work.halves + (work.beside_layers if rates.is_processor else 0)) / 2


def decode_features(
    rates: Rates, work: Work, *, cache_bytes: float, weight_bytes: float, attention_flop: float, flash_attention: bool, stack: Stack
) -> dict[str, float]:
    """What `token_seconds` needs besides constants.

    Args:
        rates: the device
        work: what one token asks of it
        cache_bytes: bytes of the cache in use [bytes]
        weight_bytes: bytes of weights and states read [bytes]
        attention_flop: operations of attention over the cache [FLOP]
        flash_attention: whether it is on
        stack: what runs the model

    Returns:
        Arguments by name.
    """
    on_device = 0 if rates.is_processor else 1  # starting kernels costs a device, not the cores that call them
    return {
        "weight_bytes": weight_bytes,
        "cache_bytes": cache_bytes,
        "attention_flop": attention_flop,
        "attention_rate": rates.attention_rate,
        "layers": plain_layers(rates, work),
        "mixture_layers": work.mixture_layers * on_device,
        "beside_layers": work.beside_layers * on_device,
        "recurrent_layers": work.recurrent_layers,
        "normed_layers": work.normed_layers * on_device,
        "parameters": work.parameters + work.output_parameters,
        "bandwidth": rates.bandwidth,
        "pace": rates.pace,
        "joined": float(rates.joined),
        "fp32_tflops": rates.fp32_tflops,
        "plain_dot": float(plain_dot(rates, stack)),
        "plain_attention": float(not flash_attention),
        "on_cores": float(rates.is_processor),
        "lookup": float(stack.lookup > 0),
    }


def prefill_features(
    rates: Rates, work: Work, *, prompt_tokens: int, depth: int, ubatch: int, flash_attention: bool, stack: Stack, efficiency: float
) -> dict[str, float]:
    """What `prompt_seconds` needs besides constants and the time of a pass.

    Args:
        rates: the device
        work: what one token asks of it
        prompt_tokens: tokens of the prompt [tokens]
        depth: tokens in the cache before it [tokens]
        ubatch: tokens that go through the model together [tokens]
        flash_attention: whether it is on
        stack: what runs the model
        efficiency: share of the bandwidth at which weights are read [1]

    Returns:
        Arguments by name.
    """
    at_once = min(ubatch, prompt_tokens)
    passes = ceil(prompt_tokens / at_once)
    times = expert_passes(share=work.expert_share, prompt_tokens=prompt_tokens, ubatch=at_once)
    whole = seen_pairs(depth=depth, prompt_tokens=prompt_tokens)
    windowed = windowed_pairs(depth=depth, prompt_tokens=prompt_tokens, window=work.window) if work.window else 0.0
    scanned = work.scanned_values if stack.scans else 0.0
    return {
        "parameters": work.parameters,
        "expert_parameters": work.expert_parameters,
        "all_experts": work.all_experts,
        "attention_products": 4 * (work.attention_width * whole + work.window_width * windowed),
        "attention_scores": work.whole_scores * whole + work.window_scores * windowed,
        "cache_products": 2 * (work.whole_cells * whole + work.window_cells * windowed),
        "state_products": (work.state_values - scanned) * prompt_tokens,
        "scanned_products": scanned * prompt_tokens,
        "activations": work.activations,
        "prompt_tokens": prompt_tokens,
        "passes": passes,
        "expert_passes": times,
        "rate": rates.prefill_rate,
        "fp32_tflops": rates.fp32_tflops,
        "bandwidth": rates.bandwidth,
        "flash": float(flash_attention),
        "read_seconds": passes * work.dense_bytes / (rates.bandwidth * efficiency),
        "expert_read_seconds": times * work.expert_bytes / (rates.bandwidth * efficiency),
    }


def layers_of(rates: Rates, work: Work, constants: Mapping[str, float]) -> float:
    """Time that layers take for a token whatever their size [s].

    Args:
        rates: the device
        work: what one token asks of it
        constants: as `decode_constants` gives them

    Returns:
        Seconds [s].
    """
    on_device = 0 if rates.is_processor else 1
    return float(
        layer_seconds(
            layers=plain_layers(rates, work),
            mixture_layers=work.mixture_layers * on_device,
            beside_layers=work.beside_layers * on_device,
            recurrent_layers=work.recurrent_layers,
            normed_layers=work.normed_layers * on_device,
            layer_time=constants["layer_time"],
            mixture_factor=constants["mixture_factor"],
            beside_factor=constants["beside_factor"],
            recurrent_factor=constants["recurrent_factor"],
            norm_factor=constants["norm_factor"],
            pace=rates.pace,
            die_factor=constants["die_factor"] if rates.joined else 1.0,
        )
    )
