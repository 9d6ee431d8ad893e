"""What each device does of the work, in the order that a token passes them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from macros.estimate.away import moved_work
from macros.estimate.notices import Notice
from macros.estimate.ram import USUAL_CHANNELS, one_memory, ram_gib
from macros.estimate.rates import Rates, core_rate, core_tflops, cpu_rates, gpu_rates, memory_bandwidth, sockets_of
from macros.estimate.setting import Setting
from macros.estimate.shares import Placement
from macros.estimate.speed_features import Stack, lookup_format, repacked_format, slow_start
from macros.estimate.work import OUTPUT, Work, layer_work, prompt_layers, total
from macros.formulas.bandwidth import pcie_bandwidth
from macros.formulas.decode import cores_pace, power_factor
from macros.formulas.remember import by_identity
from macros.formulas.units import GB
from macros.specs import Catalogue
from macros.specs.devices import Gpu

USUAL_MEMORY = "ddr5-5600"
USUAL_CORES = 8
USUAL_CLOCK_MHZ = 4500
"""What a machine is taken to have where the question names no processor and no memory."""

SLOWEST_MEMORY, FASTEST_MEMORY = "ddr4-2400", "ddr5-7200"
"""The memory that such a machine may have instead, in as many channels."""

SINGLE_MODULE = "ddr5-4800"
"""The memory of laptops that are sold with one module."""

CORES_SHARE, CORES_REACH = 0.29, 115 * GB
"""What the cores of a chip that shares its memory with the graphics reach of its bandwidth [1], and the most that they do [bytes/s]: their
cluster has a link of its own. Measured on one such chip, an M2 Max with 400 GB/s (its record names the source); small ones reach more."""

USUAL_SLOT = (4, 8)
"""Generation and lanes of the slot of a card that is not said to sit in one."""


@dataclass(frozen=True)
class Part:
    """What one device does of the work."""

    rates: Rates
    work: Work
    state_bytes: float
    """States of recurrent layers [bytes]."""
    power: float = 1.0
    """How much longer everything takes because the device may not draw all its power [1]."""
    prompt: Work | None = None
    """The part of the work that prompts need; None: all of it."""
    least: float = 1.0
    """How much slower the device may be than it is taken for, as its maker may have built it otherwise: a ratio of speeds [1]."""


def stack_of(setting: Setting) -> Stack:
    """What runs the model."""
    quant = setting.quant.id
    return Stack(
        setting.engine.id,
        setting.backend,
        setting.built,
        None,
        quant == "bf16",
        quant in ("bf16", "f16", "fp32"),
        lookup_format(quant),
        repacked_format(quant),
        setting.architecture.experts is not None,
        setting.architecture.recurrent is not None,
        setting.engine.dated_speed,
        slow_start(setting.built, setting.engine),
        setting.engine.scans_states,
        setting.backend in setting.engine.widening,
    )


def parts_of(setting: Setting, placement: Placement, catalogue: Catalogue, notices: list[Notice]) -> list[Part]:
    """The devices that have something to do.

    Args:
        setting: a checked question
        placement: where everything goes
        catalogue: all records
        notices: grows by what had to be assumed

    Returns:
        The host first, where it computes, then the devices.
    """
    work = layer_work(
        setting.architecture, setting.quant, catalogue.records["tensor-types"], importance_matrix=setting.imatrix, gguf=setting.engine.gguf
    )
    moved = moved_work(placement, work)
    needed = prompt_layers(setting.architecture, setting.engine)
    host_work = _work_of(work, placement.host.layers, placement.host.has_output) + moved[-1]
    parts = []
    for share, more in zip(placement.devices, moved[:-1], strict=True):
        assert share.device is not None
        own = _work_of(work, share.layers, share.has_output) + more
        if own.layers or own.output_parameters:
            rates = device_rates(share.device.gpu, setting, catalogue)
            prompt = None
            if needed < setting.architecture.layers:
                prompt = _work_of(work, tuple(layer for layer in share.layers if layer < needed), share.has_output) + more
            least = _least(share.device.gpu, setting, catalogue)
            parts.append(Part(rates, own, share.state_bytes, _power(setting, rates), prompt, least))
    if host_work.layers or host_work.output_parameters:
        rates = host_rates(setting, catalogue, notices)
        if setting.ram_gib is None and not one_memory(setting):
            notices.append(Notice("ram-assumed", {"ram_gib": f"{ram_gib(setting, catalogue):g}"}))
        parts.insert(0, Part(rates, host_work, placement.host.state_bytes))
    return parts


def device_rates(gpu: Gpu, setting: Setting, catalogue: Catalogue) -> Rates:
    """The rates of a device in the slot that the question names."""
    rates = gpu_rates(gpu, catalogue)
    if not rates.link_bandwidth and (setting.pcie_gen is None and setting.pcie_lanes is None):
        return rates
    generation = gpu.pcie_generation or USUAL_SLOT[0]
    lanes = gpu.pcie_lanes or (16 if gpu.pcie_generation else USUAL_SLOT[1])
    named_generation = generation if setting.pcie_gen is None else min(setting.pcie_gen, generation)
    named_lanes = lanes if setting.pcie_lanes is None else min(setting.pcie_lanes, lanes)
    return replace(rates, link_bandwidth=pcie_bandwidth(generation=named_generation, lanes=named_lanes))


def _least(gpu: Gpu, setting: Setting, catalogue: Catalogue) -> float:
    """How slow a device may be that is built in several ways [1]: a laptop's at the lowest power that its maker may set, one in a processor
    with a single module of memory."""
    if gpu.kind == "integrated" and setting.memory is None:
        return min(1.0, memory_bandwidth(catalogue.memory[SINGLE_MODULE], 1) / (gpu.bandwidth_gb_per_s * GB))
    if gpu.power_range_w is not None and setting.power_limit_w is None:
        return 1 / float(power_factor(limit_w=gpu.power_range_w[0], full_w=gpu.power_range_w[1]))
    return 1.0


def _power(setting: Setting, rates: Rates) -> float:
    if setting.power_limit_w is None or rates.watts is None:
        return 1.0
    return float(power_factor(limit_w=setting.power_limit_w, full_w=rates.watts))


@by_identity
def _work_of(work: dict[int, Work], layers: tuple[int, ...], has_output: bool) -> Work:
    pieces = [work[layer] for layer in layers]
    return total([*pieces, work[OUTPUT]] if has_output else pieces)


def host_doubt(setting: Setting, catalogue: Catalogue) -> tuple[float, float]:
    """How much slower and faster the host may be than the one that is taken for it: ratios of speeds [1].

    Args:
        setting: a checked question
        catalogue: all records

    Returns:
        1 and 1 where the question names a processor or a memory. Cores beside graphics in one chip reach more of its bandwidth where that
        is small, up to what their cluster reads.
    """
    if setting.cpu is not None or setting.memory is not None:
        return 1.0, 1.0
    unified = next((device.gpu for device in setting.gpus if device.gpu.shares_memory), None)
    if unified is None:
        slowest, usual, fastest = (
            memory_bandwidth(catalogue.memory[kind], USUAL_CHANNELS) for kind in (SLOWEST_MEMORY, USUAL_MEMORY, FASTEST_MEMORY)
        )
        return slowest / usual, fastest / usual
    bandwidth = unified.bandwidth_gb_per_s * GB
    return 1.0, min(bandwidth, CORES_REACH) / min(bandwidth * CORES_SHARE, CORES_REACH)


def host_rates(setting: Setting, catalogue: Catalogue, notices: list[Notice]) -> Rates:
    """The processor that computes what is on the host; assumed, and said so, where the question names none."""
    if setting.cpu is not None:
        cpu = catalogue.cpus[setting.cpu]
        if sockets_of(cpu, setting.memory_channels, setting.sockets) > 1:
            notices.append(Notice("two-sockets", {"channels": setting.memory_channels or 2 * cpu.memory_channels}))
        return cpu_rates(cpu, catalogue, memory=setting.memory, channels=setting.memory_channels, sockets=setting.sockets)
    unified = next((device.gpu for device in setting.gpus if device.gpu.shares_memory), None)
    if unified is not None and setting.memory is None:
        bandwidth = min(gpu_rates(unified, catalogue).bandwidth * CORES_SHARE, CORES_REACH)
        notices.append(Notice("host-shares-memory"))
    else:
        kind = catalogue.memory[setting.memory or USUAL_MEMORY]
        channels = setting.memory_channels or USUAL_CHANNELS
        bandwidth = memory_bandwidth(kind, channels)
        notices.append(Notice("host-assumed", {"channels": channels, "memory": kind.id}))
    family = "cpu-desktop"
    return Rates(
        "host",
        family,
        catalogue.device_families[family].wider,
        True,
        bandwidth,
        pace=cores_pace(cores=USUAL_CORES),
        fp32_tflops=core_tflops(cores=USUAL_CORES, clock_mhz=USUAL_CLOCK_MHZ),
        prefill_rate=core_rate(cores=USUAL_CORES, clock_mhz=USUAL_CLOCK_MHZ),
    )
