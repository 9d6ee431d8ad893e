"""What a device brings to the speed formulas, from its record or from what a question says of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from macros.formulas.bandwidth import pcie_bandwidth, ram_bandwidth
from macros.formulas.decode import REFERENCE_TFLOPS, attention_rate, cores_pace, device_pace
from macros.formulas.prefill import filled_rate
from macros.formulas.remember import by_identity
from macros.formulas.units import GB, TERA
from macros.specs import Catalogue
from macros.specs.devices import Cpu, DeviceFamily, Gpu, MemoryKind
from macros.specs.measurements import Generation

TFLOPS_OF_A_COMPUTE_UNIT = 0.35
"""Shader rate of an Apple GPU core: M1 has 0.33, M4 0.43. Apple states it for few chips, so all are counted alike [TFLOP/s]."""

FLOP_PER_CORE_CYCLE = 32
"""Operations of a processor core in a cycle: two 256-bit units that multiply and add 32-bit numbers [FLOP]."""

PACKED = 2
"""Two 16-bit numbers in one instruction of a shader; four bytes in one come to about the same."""

TYPICAL_FLOP_PER_BYTE = 60
"""Matrix rate over bandwidth of graphics devices, at the median; for a device of which only the memory is known."""


@dataclass(frozen=True)
class Rates:
    """The rates of one device."""

    name: str
    """Id, or what the question calls it."""
    family: str | None
    """Id of its family; None: unknown."""
    wider: str
    """Class of families that it belongs to."""
    is_processor: bool
    """Whether it computes on processor cores."""
    bandwidth: float
    """Peak of the memory [bytes/s]."""
    pace: float = 1.0
    """How much faster than the reference it gets through its layers [1]."""
    joined: bool = False
    """Whether it is two chips joined."""
    fp32_tflops: float = float(REFERENCE_TFLOPS)
    """Rate of the shaders, or of the cores at work [TFLOP/s]."""
    bfloat: bool = True
    """Whether it multiplies bfloat16 numbers itself."""
    integer_dot: bool = True
    """Whether shaders multiply and add bytes in one instruction."""
    half: bool = True
    """Whether shaders multiply 16-bit floating-point numbers as fast as 32-bit ones."""
    emulated_matrix: str | None = None
    """The back end whose kernels for matrix units run on it without any."""
    prefill_rate: float = 0.0
    """Rate that prompt processing goes by [FLOP/s]."""
    peak_rate: float = 0.0
    """The published peak behind it [FLOP/s]; 0: not published."""
    matrix_rate: bool = True
    """Whether that rate is published for the device, and not guessed from its memory."""
    cores: int = 0
    """Cores of a processor."""
    clock_mhz: float = 0.0
    """Their clock [MHz]."""
    link_bandwidth: float = 0.0
    """Slot that it sits in [bytes/s]; 0: it sits in none."""
    watts: float | None = None
    """Power at its limit [W]."""
    sockets: int = 1
    """Processors on the board."""

    @property
    def attention_rate(self) -> float:
        """Rate that attention over the cache goes by [FLOP/s]: on cores, that of their arithmetic."""
        return self.fp32_tflops * TERA if self.is_processor else attention_rate(fp32_tflops=self.fp32_tflops, bandwidth=self.bandwidth)

    @property
    def kin(self) -> str:
        """The widest group that it belongs to: processors, or the graphics devices of its vendor."""
        return "cores" if self.is_processor else self.wider.split("-")[0]


@by_identity
def gpu_rates(gpu: Gpu, catalogue: Catalogue) -> Rates:
    """The rates of a graphics device.

    Args:
        gpu: its record
        catalogue: all records

    Returns:
        Its rates.

    Assumes: Apple's GPU cores are alike within a generation; a rate that is not published keeps the family's usual ratio to bandwidth.
    """
    family: DeviceFamily | None = catalogue.device_families.get(gpu.family)
    counted = family is not None and family.compute == "compute-units"
    shaders, rate = published(gpu, family)
    if family is not None and (shaders is None or rate is None):
        siblings = [
            (*published(other, family), other.bandwidth_gb_per_s) for other in catalogue.gpus.values() if other.family == gpu.family
        ]
        shaders = shaders or _usual([(own, bandwidth) for own, _, bandwidth in siblings], gpu.bandwidth_gb_per_s)
        rate = rate or _usual([(own, bandwidth) for _, own, bandwidth in siblings], gpu.bandwidth_gb_per_s)
    peak = rate * TERA if rate else gpu.bandwidth_gb_per_s * GB * TYPICAL_FLOP_PER_BYTE
    return Rates(
        name=gpu.id,
        family=gpu.family if family is not None else None,
        wider=family.wider if family is not None else "all",
        is_processor=False,
        bandwidth=gpu.bandwidth_gb_per_s * GB,
        pace=device_pace(fp32_tflops=shaders) if shaders else 1.0,
        joined=(gpu.dies or 1) > 1 and counted,
        fp32_tflops=shaders or float(REFERENCE_TFLOPS),
        bfloat=family is None or family.bfloat,
        integer_dot=family is None or family.integer_dot,
        half=family is None or family.half,
        emulated_matrix=family.emulated_matrix if family is not None else None,
        prefill_rate=peak if counted and rate else filled_rate(rate=peak),
        peak_rate=rate * TERA if rate and not counted else 0.0,
        matrix_rate=rate is not None,
        link_bandwidth=pcie_bandwidth(generation=gpu.pcie_generation, lanes=gpu.pcie_lanes or 16) if gpu.pcie_generation else 0.0,
        watts=gpu.limit_w,
    )


def published(gpu: Gpu, family: DeviceFamily | None) -> tuple[float | None, float | None]:
    """Shader rate, and the rate that prompt processing goes by.

    Args:
        gpu: a device
        family: its family

    Returns:
        Rates [TFLOP/s]; None: not published.
    """
    units = (gpu.compute_units or 0) * TFLOPS_OF_A_COMPUTE_UNIT
    counted = family is not None and family.compute == "compute-units"
    shaders = (units or None) if counted else gpu.fp32_tflops
    rate: float | None = None
    if family is not None:
        match family.compute:
            case "int8":
                rate = gpu.int8_tensor_tops / 2 if gpu.int8_tensor_tops else gpu.fp16_tensor_tflops
            case "fp16":
                rate = gpu.fp16_tensor_tflops
            case "packed":
                rate = gpu.fp32_tflops * PACKED if gpu.fp32_tflops else None
            case "compute-units":
                rate = units or None
    return shaders, rate or shaders


def _usual(known: list[tuple[float | None, float]], bandwidth: float) -> float | None:
    """A rate in the family's middling ratio to bandwidth."""
    ratios = sorted(rate / of for rate, of in known if rate)
    return ratios[len(ratios) // 2] * bandwidth if ratios else None


def all_core_clock(cpu: Cpu) -> float:
    """Clock that all cores of a processor keep [MHz]: midway between the base clock, which its power is made for, and the boost of a few.

    Assumes: 3 GHz where neither is published.
    """
    boost = cpu.boost_mhz or cpu.base_mhz or 3000.0
    return math.sqrt(boost * (cpu.base_mhz or boost))


def core_rate(*, cores: int, clock_mhz: float) -> float:
    """Rate that prompt processing goes by on processor cores [FLOP/s].

    >>> round(core_rate(cores=8, clock_mhz=4500) / 1e12, 1)
    2.0
    """
    return filled_rate(rate=core_tflops(cores=cores, clock_mhz=clock_mhz) * TERA)


def core_tflops(*, cores: int, clock_mhz: float) -> float:
    """Peak of processor cores [TFLOP/s].

    >>> core_tflops(cores=8, clock_mhz=4500)
    1.152
    """
    return cores * clock_mhz * FLOP_PER_CORE_CYCLE / 1_000_000


def memory_bandwidth(kind: MemoryKind, channels: int) -> float:
    """Peak of a kind of memory in so many channels [bytes/s]."""
    return float(
        ram_bandwidth(channels=channels, transfer_rate=kind.transfer_rate_mt_per_s, bus_bits_per_channel=kind.bus_bits_per_channel)
    )


def sockets_of(cpu: Cpu, channels: int | None, sockets: int | None = None) -> int:
    """Processors on the board; where nobody says, two if more channels are in use than one has."""
    return sockets or (2 if channels is not None and channels > cpu.memory_channels else 1)


@by_identity
def cpu_rates(
    cpu: Cpu,
    catalogue: Catalogue,
    *,
    memory: str | None = None,
    channels: int | None = None,
    sockets: int | None = None,
    bandwidth: float | None = None,
    threads: int | None = None,
) -> Rates:
    """The rates of a processor with its memory.

    Args:
        cpu: its record
        catalogue: all records
        memory: id of the kind of memory; None: the first that the processor takes
        channels: channels in use, of all sockets; None: all
        sockets: processors on the board; None: as the channels tell
        bandwidth: bandwidth where a source states it [bytes/s]
        threads: threads at work; None: as many as cores

    Returns:
        Its rates.

    Assumes: the channels hold the same modules; cores keep a clock between base and boost.
    """
    family: DeviceFamily = catalogue.device_families[cpu.family]
    kind = catalogue.memory[memory or cpu.memory_kinds[0]]
    on_board = sockets_of(cpu, channels, sockets)
    peak = bandwidth or memory_bandwidth(kind, channels or on_board * cpu.memory_channels)
    if cpu.reachable_bandwidth_gb_per_s is not None:
        peak = min(peak, on_board * cpu.reachable_bandwidth_gb_per_s * GB)
    every = cpu.cores * on_board
    cores = min(threads or every, every)
    clock = all_core_clock(cpu)
    return Rates(
        name=cpu.id,
        family=cpu.family,
        wider=family.wider,
        is_processor=True,
        bandwidth=peak,
        pace=cores_pace(cores=cores),
        fp32_tflops=core_tflops(cores=cores, clock_mhz=clock),
        prefill_rate=core_rate(cores=cores, clock_mhz=clock),
        cores=cores,
        clock_mhz=clock,
        watts=cpu.tdp_w,
        sockets=on_board,
    )


def measured_rates(row: Generation, catalogue: Catalogue) -> Rates:
    """The rates of the device that a row was measured on; of one, where there are several.

    Args:
        row: a measured row of a known device
        catalogue: all records

    Returns:
        Its rates.
    """
    if row.gpus:
        return gpu_rates(catalogue.gpus[row.gpus[0]], catalogue)
    assert row.cpu is not None
    stated = row.host_bandwidth_gb_per_s
    return cpu_rates(
        catalogue.cpus[row.cpu],
        catalogue,
        memory=row.memory,
        channels=row.memory_channels,
        bandwidth=None if stated is None else stated * GB,
        threads=row.threads,
    )
