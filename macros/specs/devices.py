"""What computes and what holds: graphics devices, processors, memory kinds, drives, and the families that behave alike."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from macros.specs.form import Field, model_validator
from macros.specs.quantities import (
    Bits,
    Count,
    Dollars,
    Gibibytes,
    GigabytesPerSecond,
    Mebibytes,
    MegabytesPerSecond,
    Megahertz,
    Megatransfers,
    Teraflops,
    Watts,
)
from macros.specs.record import Id, Plain, Record, Strict, Text

PcieGeneration = Annotated[float, Field(ge=1, le=8)]
MemoryClass = Literal["gddr", "hbm", "unified", "ddr"]


class DeviceFamily(Record):
    """Devices of one architecture generation and one kind of memory: they share the constants of the speed formulas."""

    name: Text
    """Name for readers."""
    vendor: Plain
    """Maker of the chips."""
    also_called: list[Plain] = Field(default_factory=list)
    """Names that readers search its devices by besides: the maker's Chinese name."""
    memory: MemoryClass
    """Kind of memory. Vendor and kind of memory make the wider class that a family without enough measurements falls back to."""
    compute: Literal["int8", "fp16", "packed", "fp32", "compute-units", "bandwidth"]
    """The published rate that prompt processing goes by: matrix units for INT8 or FP16, shaders with or without packed values, units
    counted, or memory only."""
    integer_dot: bool = True
    """Whether its shaders multiply and add bytes in one instruction; without it quantized weights cost arithmetic."""
    half: bool = True
    """Whether its shaders multiply 16-bit floating-point numbers as fast as 32-bit ones; without it Vulkan brings weights to 32 bits, which
    costs arithmetic."""
    bfloat: bool = True
    """Whether it multiplies bfloat16 numbers itself; else an engine that keeps everything in them pays for it."""
    emulated_matrix: str | None = Field(default=None, pattern=r"^[a-z]+$", max_length=20)
    """The back end whose kernels for matrix units run on it without any, several times slower."""
    covers: Text
    """Which devices belong to it."""

    @property
    def wider(self) -> str:
        """The class of families that it belongs to."""
        return f"{self.vendor.lower()}-{self.memory}"


class SharedPart(Strict):
    """How much of one size of memory a GPU may use."""

    memory_gib: Gibibytes
    """Memory of the machine [GiB]."""
    gpu_gib: Gibibytes
    """The most that the GPU may use of it [GiB]."""

    @model_validator(mode="after")
    def _part(self) -> SharedPart:
        if self.gpu_gib > self.memory_gib:
            raise ValueError(f"expected gpu_gib of at most the {self.memory_gib} GiB of the machine, got {self.gpu_gib}. Fix: check both")
        return self


class SharedMemory(Record):
    """What a system lets a GPU use of the memory that it shares with the processor, as it stands after installing."""

    name: Text
    """Name for readers."""
    parts: Annotated[list[SharedPart], Field(min_length=1)]
    """Known sizes, from small to large."""
    raised_by: Text | None
    """How an owner raises it; null: not at all, or nobody says."""

    @model_validator(mode="after")
    def _sorted(self) -> SharedMemory:
        sizes = [part.memory_gib for part in self.parts]
        if sizes != sorted(set(sizes)):
            raise ValueError(f"expected sizes from small to large, each once, got {sizes}. Fix: sort them")
        return self

    def gpu_gib(self, memory_gib: float) -> float:
        """The most that a GPU may use of `memory_gib`: the share known for the next smaller size, or for the smallest [GiB]."""
        part = max((part for part in self.parts if part.memory_gib <= memory_gib), key=lambda part: part.memory_gib, default=self.parts[0])
        return memory_gib * part.gpu_gib / part.memory_gib


class Gpu(Record):
    """Whatever `--gpu` accepts: cards, laptop GPUs, accelerators, Apple chips, unified boxes, integrated graphics."""

    SOURCE_GROUPS: ClassVar[dict[str, tuple[str, ...]]] = {
        "memory": ("memory_gib", "memory_sizes_gib", "memory_bus_bits"),
        "ecc": ("inline_ecc",),
        "bandwidth": ("bandwidth_gb_per_s",),
        "compute": ("fp32_tflops", "fp16_tensor_tflops", "int8_tensor_tops", "compute_units", "boost_mhz", "dies", "l2_mib"),
        "power": ("tdp_w", "power_range_w"),
        "interface": ("pcie_generation", "pcie_lanes"),
        "launch": ("launch_price_usd",),
    }

    name: Plain
    """Name as sold."""
    name_zh: Plain | None = None
    """The name on Chinese pages, where it holds English words."""
    vendor: Plain
    """Maker of the chip."""
    kind: Literal["card", "laptop", "accelerator", "unified", "integrated", "phone"]
    """Form in which it is sold."""
    family: Id
    """Id in data/device-families."""
    architecture: Plain
    """Generation of the chip, in the vendor's word."""
    released: date | None
    """Day of the launch."""
    memory_gib: Gibibytes | None = None
    """Memory of its own [GiB]; absent where `memory_sizes_gib` says it."""
    memory_sizes_gib: list[Gibibytes] | None = None
    """Sizes sold, for memory shared with the processor [GiB]."""
    shared_memory: Id | None = None
    """Id in data/shared-memory: what the system lets it use of memory that it shares; absent: all of it is its own, or nobody says."""
    memory_kind: Plain
    """GDDR6X, HBM3, LPDDR5X …"""
    inline_ecc: bool = False
    """Whether it is sold with error correction switched on whose check bits lie in the memory itself: a sixteenth of it."""
    memory_bus_bits: Bits | None
    """Width of the memory bus."""
    bandwidth_gb_per_s: GigabytesPerSecond
    """Peak of the memory, transfer rate times bus width [GB/s]."""
    fp32_tflops: Teraflops | None
    """Peak of the shaders, FP32 [TFLOP/s]."""
    fp16_tensor_tflops: Teraflops | None
    """Peak of the matrix units, FP16 with FP32 accumulation, dense [TFLOP/s]; null: it has none, or the vendor does not say."""
    int8_tensor_tops: Teraflops | None
    """Peak of the matrix units, INT8, dense [TOP/s]; null: it has none, or the vendor does not say."""
    compute_units: Count | None
    """SMs, compute units, Xe cores or Apple GPU cores."""
    boost_mhz: Megahertz | None
    """Boost clock [MHz]."""
    dies: Count | None = None
    """Chips that act as one GPU, where there is more than one (two in Apple's Ultra)."""
    tdp_w: Watts | None = None
    """Board power [W]; absent where `power_range_w` says it."""
    power_range_w: tuple[Watts, Watts] | None = None
    """Lowest and highest board power that makers of laptops may set [W]."""
    l2_mib: Mebibytes | None
    """Level-2 cache of the GPU, without the larger cache behind it that some have [MiB]."""
    pcie_generation: PcieGeneration | None
    """PCI Express generation; null: it does not sit in a slot."""
    pcie_lanes: Count | None
    """PCI Express lanes; null: it does not sit in a slot."""
    launch_price_usd: Dollars | None
    """Price at launch in the United States [USD]; null: never sold alone, or not published."""
    headline: bool = False
    """Whether the guide shows it first: what people own or buy now."""
    also_called: list[Plain] = Field(default_factory=list)
    """Names that readers search by besides: the machines that it is sold in, the Chinese name."""
    modified: bool = False
    """A card that others than its maker rebuilt (more memory)."""
    notes: Text | None = None
    """What a reader should know of these figures; required where one of them is unknown."""

    @model_validator(mode="before")
    @classmethod
    def _tuples(cls, value: object) -> object:
        """YAML has lists only."""
        if isinstance(value, dict) and isinstance(value.get("power_range_w"), list):
            return {**value, "power_range_w": tuple(value["power_range_w"])}
        return value

    @model_validator(mode="after")
    def _complete(self) -> Gpu:
        if (self.memory_gib is None) == (not self.memory_sizes_gib):
            raise ValueError("expected one of memory_gib and memory_sizes_gib, got both or neither. Fix: keep the one that fits")
        if self.kind == "laptop" and self.power_range_w is None:
            raise ValueError("expected power_range_w for a laptop GPU, got none. Fix: write power_range_w: [lowest, highest] in W")
        if self.power_range_w and self.power_range_w[0] > self.power_range_w[1]:
            raise ValueError(f"expected power_range_w from low to high, got {list(self.power_range_w)}. Fix: swap them")
        unknown = [name for name in ("fp32_tflops", "compute_units", "boost_mhz", "released") if getattr(self, name) is None]
        if unknown and self.notes is None:
            raise ValueError(f"expected notes for what is unknown ({', '.join(unknown)}), got none. Fix: add notes: zh and en")
        return self

    @property
    def shares_memory(self) -> bool:
        """Whether its memory is the processor's as well."""
        return self.kind in ("unified", "integrated", "phone")

    @property
    def limit_w(self) -> float | None:
        """The most that it draws [W]; None: its vendor does not say."""
        if self.tdp_w is not None:
            return self.tdp_w
        return self.power_range_w[1] if self.power_range_w is not None else None

    @property
    def largest_memory_gib(self) -> float:
        """Its memory, the largest of the sizes sold [GiB]."""
        return self.memory_gib if self.memory_gib is not None else max(self.memory_sizes_gib or [0.0])


class MemoryKind(Record):
    """A kind of system memory at one transfer rate; bandwidth follows from the channels."""

    SOURCE_GROUPS: ClassVar[dict[str, tuple[str, ...]]] = {"rate": ("transfer_rate_mt_per_s", "bus_bits_per_channel")}

    name: Plain
    """DDR4-3600 …"""
    standard: Plain
    """DDR4, DDR5, LPDDR5X …"""
    transfer_rate_mt_per_s: Megatransfers
    """Transfers a second on each wire [MT/s]."""
    bus_bits_per_channel: Bits
    """Width of one channel as counted here (64)."""


class Cpu(Record):
    """A processor; its memory is named beside it, because it is bought apart."""

    SOURCE_GROUPS: ClassVar[dict[str, tuple[str, ...]]] = {
        "compute": ("cores", "threads", "base_mhz", "boost_mhz"),
        "memory": ("memory_channels", "max_memory_gib"),
        "reachable": ("reachable_bandwidth_gb_per_s",),
        "sockets": ("two_sockets",),
        "power": ("tdp_w",),
        "interface": ("pcie_generation",),
    }

    name: Plain
    """Name as sold."""
    name_zh: Plain | None = None
    """The name on Chinese pages, where it holds English words."""
    vendor: Plain
    """Maker."""
    family: Id
    """Id in data/device-families."""
    released: date | None
    """Day of the launch."""
    cores: Count
    """Cores."""
    threads: Count
    """Hardware threads."""
    base_mhz: Megahertz | None
    """Base clock [MHz]."""
    boost_mhz: Megahertz | None
    """Highest boost clock [MHz]."""
    memory_kinds: Annotated[list[Id], Field(min_length=1)]
    """Ids in data/memory that it takes; the first is assumed where a question names none."""
    memory_channels: Count
    """Memory channels of 64 bits."""
    max_memory_gib: Gibibytes | None
    """Most memory that it takes [GiB]."""
    two_sockets: bool = False
    """Boards take two of it."""
    reachable_bandwidth_gb_per_s: GigabytesPerSecond | None = None
    """What its cores can draw at most where that is less than the memory gives [GB/s]; absent: no measurement says so."""
    tdp_w: Watts | None
    """Power [W]."""
    pcie_generation: PcieGeneration | None
    """PCI Express generation."""
    headline: bool = False
    """Whether the guide shows it first: what people own or buy now."""
    also_called: list[Plain] = Field(default_factory=list)
    """Names that readers search by besides."""
    notes: Text | None = None
    """What a reader should know of these figures."""


class Drive(Record):
    """A kind of drive that a model is loaded from."""

    name: Text
    """Name for readers."""
    interface: Plain
    """SATA 6 Gb/s, PCIe 4.0 x4 …"""
    read_mb_per_s: MegabytesPerSecond
    """Sequential reading [MB/s]."""
