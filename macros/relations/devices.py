"""Devices: memory against bus and chips, bandwidth against bus and rate, arithmetic against units and clock, power against class."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from macros.relations.ratios import FEW, Ratio, Relation, Rule, Slip
from macros.specs import Catalogue
from macros.specs.devices import Cpu, Drive, Gpu, MemoryKind, SharedMemory

CHANNEL_BITS = 32
"""Width of the bus to a chip of graphics memory; stacks and low-power memory are wider by whole multiples."""
SIZES_SOLD = {size * 2**n for size in (1, 3) for n in range(14)} | {18, 36, 112, 144, 160}
"""Memory is sold in powers of two and three quarters of them, and in a few sizes that odd numbers of chips give [GiB]."""
LANES = {1, 2, 4, 8, 16}
BYTES_A_LANE = {1: 0.25, 2: 0.5, 3: 0.985, 4: 1.97, 5: 3.94, 6: 7.56, 7: 15.1}
"""PCI Express generation -> what a lane carries [GB/s]."""
SATA = 0.6
"""What SATA 6 Gb/s carries [GB/s]."""


def _over(above: str, below: str, scale: float = 1.0) -> Callable[[Any], float | None]:
    def ratio(record: Any) -> float | None:
        one, other = getattr(record, above), getattr(record, below)
        return scale * one / other if one and other else None

    return ratio


def _field(name: str) -> Callable[[Any], float | None]:
    return lambda record: getattr(record, name) or None


def _generation(gpu: Gpu) -> str:
    return f"{gpu.vendor} {gpu.architecture}"


def _market(gpu: Gpu) -> str:
    return f"{gpu.vendor} {gpu.architecture} ({gpu.kind})"


def _chips(gpu: Gpu) -> str:
    """Chips of one generation for one market: their units, caches and halved rates are alike."""
    return f"{gpu.architecture} of family {gpu.family}"


def _chips_sold(gpu: Gpu) -> str:
    """The same in one form: power and price are chosen for it."""
    return f"family {gpu.family} ({gpu.kind})"


def _cards(gpu: Gpu) -> str:
    """Cards of one generation for one market with one kind of memory: as many chips of one size stand on each part of the bus."""
    return f"{gpu.vendor} {gpu.architecture} with {gpu.memory_kind} ({gpu.kind})"


def _controller(gpu: Gpu) -> str:
    """The same with one kind of memory: its controllers and chips are of the same years."""
    return f"family {gpu.family} with {gpu.memory_kind}"


def _memory(gpu: Gpu) -> str:
    return gpu.memory_kind


def _memory_class(gpu: Gpu) -> str:
    return re.sub(r"\d.*$", "", gpu.memory_kind)


def _kind(gpu: Gpu) -> str:
    return gpu.kind


def _all(record: Any) -> str:
    return "any kind"


def _lanes(gpu: Gpu) -> float | None:
    """Operations of a compute unit in a cycle, a multiplication and an addition counted as one."""
    if gpu.fp32_tflops and gpu.compute_units and gpu.boost_mhz:
        return gpu.fp32_tflops * 1e6 / (2 * gpu.compute_units * gpu.boost_mhz)
    return None


def _unit_rate(gpu: Gpu) -> float | None:
    """The same without a clock, where none is published."""
    return gpu.fp32_tflops / gpu.compute_units if gpu.fp32_tflops and gpu.compute_units and not gpu.boost_mhz else None


_wire = _over("bandwidth_gb_per_s", "memory_bus_bits", 8)


def _wire_of_chips(gpu: Gpu) -> float | None:
    """Rates of graphics memory are sold in steps; those of stacks and of low-power memory are not."""
    return _wire(gpu) if gpu.memory_kind.startswith("GDDR") else None


def _chip(gpu: Gpu) -> float | None:
    """Memory behind 32 bits of the bus, where that is a chip or two [GiB]."""
    if gpu.memory_gib is None or gpu.memory_bus_bits is None or gpu.modified or not gpu.memory_kind.startswith("GDDR"):
        return None
    return gpu.memory_gib * CHANNEL_BITS / gpu.memory_bus_bits


def _stack(gpu: Gpu) -> float | None:
    """Memory behind 1024 bits of the bus, where that is a stack [GiB]."""
    if gpu.memory_gib is None or gpu.memory_bus_bits is None or not gpu.memory_kind.startswith("HBM"):
        return None
    return gpu.memory_gib * 1024 / gpu.memory_bus_bits


_matrix = _over("fp16_tensor_tflops", "fp32_tflops")
_integer = _over("int8_tensor_tops", "fp16_tensor_tflops")


def _watts_a_unit(gpu: Gpu) -> float | None:
    """Power for its arithmetic [W]."""
    return gpu.tdp_w / gpu.fp32_tflops if gpu.tdp_w and gpu.fp32_tflops else None


def _bus(gpu: Gpu, catalogue: Catalogue) -> Iterator[Slip]:
    if gpu.memory_bus_bits is not None and gpu.memory_bus_bits % CHANNEL_BITS:
        yield Slip(("memory_bus_bits",), f"a whole multiple of {CHANNEL_BITS} bits, the width of a chip", f"{gpu.memory_bus_bits}")


def _sizes(gpu: Gpu, catalogue: Catalogue) -> Iterator[Slip]:
    """Sizes of shared memory, from small to large, as sold for that width of bus."""
    sizes = gpu.memory_sizes_gib or []
    if list(sizes) != sorted(set(sizes)):
        yield Slip(("memory_sizes_gib",), "sizes from small to large, each once", f"{sizes}", "sort them, or read the source again")
    others = [other for other in catalogue.gpus.values() if other.id != gpu.id and other.memory_sizes_gib]
    for index, size in enumerate(sizes):
        if size not in SIZES_SOLD and size not in {one for other in others for one in other.memory_sizes_gib or []}:
            yield Slip(("memory_sizes_gib", index), "a size that memory is sold in (8, 12, 16, 24 … GiB)", f"{size:g}")
        alike = [one for other in others if other.memory_bus_bits == gpu.memory_bus_bits for one in other.memory_sizes_gib or []]
        if len(alike) > 2 and not min(alike) / 2 <= size <= max(alike) * 2:
            expected = f"{min(alike):g} to {max(alike):g} GiB, as others with a bus of {gpu.memory_bus_bits} bits have"
            yield Slip(("memory_sizes_gib", index), expected, f"{size:g}")


def _range(gpu: Gpu, catalogue: Catalogue) -> Iterator[Slip]:
    """Power that makers of laptops may set: lowest and highest lie near one another, and near others of that class."""
    if gpu.power_range_w is None:
        return
    low, high = gpu.power_range_w
    if high > 5 * low:
        yield Slip(("power_range_w",), "a highest power of at most 5 times the lowest", f"{low:g} to {high:g} W")
    others = [
        one for other in catalogue.gpus.values() if other.kind == gpu.kind and other.id != gpu.id for one in other.power_range_w or ()
    ]
    for index, watts in enumerate((low, high)):
        if len(others) > 4 and not min(others) / 1.5 <= watts <= max(others) * 1.5:
            yield Slip(("power_range_w", index), f"{min(others):g} to {max(others):g} W, as others of its kind have", f"{watts:g}")


SHARING = ("unified", "integrated", "phone")
"""Kinds that have no memory of their own: they are sold with a machine, in several sizes."""


def _form(gpu: Gpu, catalogue: Catalogue) -> Iterator[Slip]:
    """What a form has: memory of its own or the machine's, and one power or a range that makers of machines choose from."""
    key = "memory_gib" if gpu.memory_gib is not None else "memory_sizes_gib"
    if (gpu.kind in SHARING) != (key == "memory_sizes_gib"):
        wanted = "sizes sold, `memory_sizes_gib`" if gpu.kind in SHARING else "memory of its own, `memory_gib`"
        yield Slip((key,), f"{wanted}, as every kind {gpu.kind} has", key, "write that key, or correct the kind")
    elif gpu.shared_memory is not None and gpu.kind not in SHARING:
        yield Slip(("shared_memory",), f"none for a kind {gpu.kind}, whose memory is its own", gpu.shared_memory, "remove it")
    if gpu.tdp_w is not None and gpu.power_range_w is not None:
        expected = "one of tdp_w and power_range_w"
        yield Slip(("power_range_w",), expected, "both", "keep the range where makers of machines choose, otherwise the one figure")
    if gpu.l2_mib == 0:
        yield Slip(("l2_mib",), "the size of the cache, or null where nobody states it", "0", "write null, and say so in notes")


def _slot(gpu: Gpu, catalogue: Catalogue) -> Iterator[Slip]:
    if gpu.pcie_lanes is not None and gpu.pcie_lanes not in LANES:
        yield Slip(("pcie_lanes",), f"one of {', '.join(map(str, sorted(LANES)))} lanes", f"{gpu.pcie_lanes}")
    if gpu.pcie_generation is not None and gpu.pcie_generation % 1:
        yield Slip(("pcie_generation",), "a whole generation", f"{gpu.pcie_generation:g}")


def _named_size(gpu: Gpu, catalogue: Catalogue) -> Iterator[Slip]:
    """A size in its id or name is its memory's."""
    told = re.search(r"(\d+) ?gb\b", f"{gpu.id} {gpu.name.lower()}")
    sizes = [gpu.memory_gib] if gpu.memory_gib is not None else list(gpu.memory_sizes_gib or [])
    if told and float(told[1]) not in sizes:
        key = "memory_gib" if gpu.memory_gib is not None else "memory_sizes_gib"
        yield Slip((key,), f"{told[1]} GiB, as its name says", ", ".join(f"{size:g}" for size in sizes))


def _doubled(gpu: Gpu, catalogue: Catalogue) -> Iterator[Slip]:
    """Matrix units multiply bytes at the rate of 16-bit numbers, at twice or at four times that (cards for games have half of FP16)."""
    ratio = _integer(gpu)
    if ratio is not None and 0.97 < ratio < 5 and min(abs(ratio / one - 1) for one in (1, 2, 8 / 3, 4)) > 0.03:
        yield Slip(("int8_tensor_tops",), "the rate of FP16 matrices, twice it or four times it", f"{ratio:.4g} times it")


def _price(gpu: Gpu, catalogue: Catalogue) -> Iterator[Slip]:
    """Launch prices end in 9, 5 or 0."""
    price = gpu.launch_price_usd
    if price is not None and (price % 1 or int(price) % 10 not in (9, 5, 0)):
        yield Slip(("launch_price_usd",), "a price that ends in 9, 5 or 0, as prices at launch do", f"{price:g}")


def _dies(gpu: Gpu, catalogue: Catalogue) -> Iterator[Slip]:
    """Chips joined have so many times the units of one, at most so many as any other device."""
    if gpu.dies is not None and gpu.dies > max((other.dies or 1 for other in catalogue.gpus.values() if other.id != gpu.id), default=2):
        yield Slip(("dies",), "as many chips as others that are joined have", f"{gpu.dies}")


def _sibling(gpu: Gpu, catalogue: Catalogue) -> Iterator[Slip]:
    """Two entries of one chip at one clock differ in memory only; its arithmetic is the same."""
    for other in catalogue.gpus.values():
        same = other.id != gpu.id and (other.vendor, other.architecture, other.compute_units, other.boost_mhz) == (
            gpu.vendor, gpu.architecture, gpu.compute_units, gpu.boost_mhz,
        )  # fmt: skip
        if same and gpu.boost_mhz and gpu.fp32_tflops and other.fp32_tflops and abs(gpu.fp32_tflops / other.fp32_tflops - 1) > 0.02:
            expected = f"{other.fp32_tflops:g} TFLOP/s, as {other.id} has with as many units at that clock"
            yield Slip(("fp32_tflops",), expected, f"{gpu.fp32_tflops:g}")
            return


def _maker(device: Gpu | Cpu, catalogue: Catalogue) -> Iterator[Slip]:
    """A family of devices is of the makers that its other devices are of."""
    alike = [one for one in (*catalogue.gpus.values(), *catalogue.cpus.values()) if one.family == device.family and one.id != device.id]
    makers = sorted({one.vendor for one in alike})
    if len(alike) >= FEW and device.vendor not in makers:
        yield Slip(("vendor",), f"{' or '.join(makers)}, as {len(alike)} others of {device.family}", device.vendor, "correct it")


def _memory_name(gpu: Gpu, catalogue: Catalogue) -> Iterator[Slip]:
    """Memory is of a kind that is made."""
    if not MADE.fullmatch(gpu.memory_kind):
        yield Slip(("memory_kind",), "a kind like GDDR6X, LPDDR5 or HBM3e", gpu.memory_kind, "correct it")


MADE = re.compile(r"(LP|G)?DDR[3-9][A-Z]{0,2}|HBM[2-9]?[eE]?")


GPUS: tuple[Relation, ...] = (
    Rule(_maker),
    Rule(_memory_name),
    Ratio("transfers on a wire of the memory bus [GT/s]", ("bandwidth_gb_per_s",), _wire, (_memory, _memory_class), slack=1.25),
    Ratio("transfers on a wire of the memory bus [GT/s]", ("bandwidth_gb_per_s",), _wire, (_controller, _memory), slack=1.25),
    Ratio(
        "transfers on a wire of graphics memory [GT/s]",
        ("bandwidth_gb_per_s",),
        _wire_of_chips,
        (_memory,),
        slack=1.25,
        step=0.006,
        round_to=0.5,
        few=14,
    ),
    Ratio("bandwidth [GB/s]", ("bandwidth_gb_per_s",), _field("bandwidth_gb_per_s"), (_all,), slack=1.3),
    Rule(_bus),
    Ratio("bus width [bits]", ("memory_bus_bits",), _field("memory_bus_bits"), (_memory, _memory_class), slack=2),
    Ratio("memory on each 32 bits of the bus [GiB]", ("memory_gib",), _chip, (_memory_class,), slack=2, step=0.03, round_to=0.5),
    Ratio("memory on each 32 bits of the bus [GiB]", ("memory_gib",), _chip, (_cards, _market), slack=1.02, below=2),
    Ratio("memory of a stack [GiB per 1024 bits]", ("memory_gib",), _stack, (_cards, _memory), slack=1.2, below=3),
    Ratio("memory on each 32 bits of the bus [GiB]", ("memory_gib",), _chip, (_memory,), slack=2),
    Ratio("memory of a stack [GiB per 1024 bits]", ("memory_gib",), _stack, (_memory, _memory_class), slack=1.5),
    Ratio("memory [GiB]", ("memory_gib",), _field("memory_gib"), (_kind,), slack=1.5),
    Rule(_sizes),
    Rule(_named_size),
    Ratio("lanes of a compute unit", ("fp32_tflops",), _lanes, (_generation, _all), slack=1.05, step=0.006, round_to=16),
    Ratio("lanes of a compute unit", ("fp32_tflops",), _lanes, (_chips,), slack=1.05, step=0.02),
    Ratio("FP32 rate of a compute unit [TFLOP/s]", ("fp32_tflops",), _unit_rate, (_generation, _kind), slack=1.15),
    Rule(_sibling),
    Ratio("FP32 rate [TFLOP/s]", ("fp32_tflops",), _field("fp32_tflops"), (_kind,), slack=1.5),
    Ratio("compute units", ("compute_units",), _field("compute_units"), (_kind,), slack=1.5),
    Ratio("boost clock [MHz]", ("boost_mhz",), _field("boost_mhz"), (_generation, _all), slack=1.3),
    Ratio("FP16 matrix rate over FP32 rate", ("fp16_tensor_tflops",), _matrix, (_generation, _all), slack=1.25),
    Ratio("FP16 matrix rate over FP32 rate", ("fp16_tensor_tflops",), _matrix, (_chips, _generation), slack=1.15),
    Ratio("INT8 rate over FP16 matrix rate", ("int8_tensor_tops",), _integer, (_generation, _all), slack=1.1),
    Ratio("INT8 rate over FP16 matrix rate", ("int8_tensor_tops",), _integer, (_chips, _all), slack=1.1, step=0.02),
    Rule(_doubled),
    Ratio("power for an FP32 rate [W per TFLOP/s]", ("tdp_w",), _watts_a_unit, (_generation, _all), slack=1.6),
    Ratio("power for an FP32 rate [W per TFLOP/s]", ("tdp_w",), _watts_a_unit, (_chips_sold, _generation), slack=1.35, below=3),
    Ratio("power for bandwidth [W per GB/s]", ("tdp_w",), _over("tdp_w", "bandwidth_gb_per_s"), (_kind,), slack=1.4),
    Ratio("power for bandwidth [W per GB/s]", ("tdp_w",), _over("tdp_w", "bandwidth_gb_per_s"), (_chips_sold, _kind), slack=1.3, below=3),
    Ratio("board power [W]", ("tdp_w",), _field("tdp_w"), (_kind, _all), slack=1.4),
    Rule(_range),
    Ratio("second-level cache of a compute unit [MiB]", ("l2_mib",), _over("l2_mib", "compute_units"), (_generation, _all), slack=1.6),
    Ratio(
        "second-level cache for the bus [MiB per 32 bits]",
        ("l2_mib",),
        _over("l2_mib", "memory_bus_bits", 32),
        (_generation, _all),
        slack=1.9,
    ),
    Ratio(
        "second-level cache for the bus [MiB per 32 bits]",
        ("l2_mib",),
        _over("l2_mib", "memory_bus_bits", 32),
        (_chips, _generation),
        slack=1.25,
        below=3,
    ),
    Ratio("PCI Express generation", ("pcie_generation",), _field("pcie_generation"), (_all,), slack=1.2),
    Ratio("PCI Express generation", ("pcie_generation",), _field("pcie_generation"), (_generation,), slack=1.3),
    Rule(_form),
    Rule(_slot),
    Rule(_dies),
    Ratio(
        "price for an FP32 rate [USD per TFLOP/s]",
        ("launch_price_usd",),
        _over("launch_price_usd", "fp32_tflops"),
        (_market, _kind),
        slack=1.6,
    ),
    Ratio(
        "price for an FP32 rate [USD per TFLOP/s]",
        ("launch_price_usd",),
        _over("launch_price_usd", "fp32_tflops"),
        (_chips_sold, _generation),
        slack=1.45,
    ),
    Rule(_price),
)


def _class(cpu: Cpu) -> str:
    return f"{cpu.vendor} {cpu.family}"


def _family(cpu: Cpu) -> str:
    return cpu.family


def _socket(cpu: Cpu) -> str:
    """What decides how much memory it takes: the standard, the channels and the class."""
    return f"{cpu.family} with {cpu.memory_channels} channels of {cpu.memory_kinds[0].split('-')[0]}"


def _threads(cpu: Cpu, catalogue: Catalogue) -> Iterator[Slip]:
    """One or two threads for each core."""
    if not cpu.cores <= cpu.threads <= 2 * cpu.cores:
        yield Slip(("threads",), f"{cpu.cores} to {2 * cpu.cores} for {cpu.cores} cores", f"{cpu.threads}")
    if cpu.cores > 4 and cpu.cores % 2:
        yield Slip(("cores",), "an even number of cores", f"{cpu.cores}")


def _clocks(cpu: Cpu, catalogue: Catalogue) -> Iterator[Slip]:
    if cpu.base_mhz and cpu.boost_mhz and not cpu.base_mhz < cpu.boost_mhz <= 2.8 * cpu.base_mhz:
        yield Slip(("boost_mhz",), f"above the base clock of {cpu.base_mhz:g} MHz and at most 2.8 times it", f"{cpu.boost_mhz:g}")
    for name in ("base_mhz", "boost_mhz"):
        clock = getattr(cpu, name)
        if clock and clock % 25:
            yield Slip((name,), "a whole multiple of 25 MHz", f"{clock:g}")


def _channels(cpu: Cpu, catalogue: Catalogue) -> Iterator[Slip]:
    """Channels against the most memory: modules are sold in whole sizes, one or two for each channel."""
    most = cpu.max_memory_gib
    if most is None:
        return
    if most not in SIZES_SOLD:
        yield Slip(("max_memory_gib",), "a size that memory is sold in (64, 96, 128, 192 … GiB)", f"{most:g}")


def _reachable(cpu: Cpu, catalogue: Catalogue) -> Iterator[Slip]:
    """Cores draw no more than the memory gives, and not less than a fifth of it."""
    if cpu.reachable_bandwidth_gb_per_s is None:
        return
    kind = catalogue.memory.get(cpu.memory_kinds[0])
    if kind is not None:
        most = kind.transfer_rate_mt_per_s * kind.bus_bits_per_channel * cpu.memory_channels / 8e3
        if not most / 5 <= cpu.reachable_bandwidth_gb_per_s <= most:
            expected = f"at most the {most:.4g} GB/s that {cpu.memory_channels} channels of {kind.name} give, and at least a fifth of it"
            yield Slip(("reachable_bandwidth_gb_per_s",), expected, f"{cpu.reachable_bandwidth_gb_per_s:g}")


CPUS: tuple[Relation, ...] = (
    Rule(_maker),
    Rule(_threads),
    Rule(_clocks),
    Rule(_channels),
    Rule(_reachable),
    Ratio("cores", ("cores",), _field("cores"), (_family,), slack=1.4),
    Ratio("threads of a core", ("threads",), _over("threads", "cores"), (_class, _family), slack=1.02),
    Ratio("base clock [MHz]", ("base_mhz",), _field("base_mhz"), (_family, _all), slack=1.15),
    Ratio("boost clock [MHz]", ("boost_mhz",), _field("boost_mhz"), (_family, _all), slack=1.15),
    Ratio("memory channels", ("memory_channels",), _field("memory_channels"), (_family, _all), slack=1.3),
    Ratio(
        "most memory behind a channel [GiB]", ("max_memory_gib",), _over("max_memory_gib", "memory_channels"), (_socket, _family), slack=2.3
    ),
    Ratio(
        "most memory behind a channel [GiB]",
        ("max_memory_gib",),
        _over("max_memory_gib", "memory_channels"),
        (_socket, _family),
        slack=1.02,
        below=2.3,
    ),
    Ratio("power [W]", ("tdp_w",), _field("tdp_w"), (_family, _all), slack=1.3),
    Ratio("power [W]", ("tdp_w",), _field("tdp_w"), (_socket, _class), slack=1.15, below=2),
    Ratio("power of a core [W]", ("tdp_w",), _over("tdp_w", "cores"), (_family, _all), slack=1.6),
    Ratio("PCI Express generation", ("pcie_generation",), _field("pcie_generation"), (_family,), slack=1.02),
)


def _named_rate(memory: MemoryKind, catalogue: Catalogue) -> Iterator[Slip]:
    """A kind of memory is named by its rate."""
    named = re.findall(r"\d+", memory.name)
    if named and int(named[-1]) != memory.transfer_rate_mt_per_s:
        yield Slip(("transfer_rate_mt_per_s",), f"{named[-1]} MT/s, as its name says", f"{memory.transfer_rate_mt_per_s}")
    if not memory.name.startswith(memory.standard):
        yield Slip(("standard",), f"how its name begins, {memory.name}", memory.standard)


MEMORY: tuple[Relation, ...] = (
    Rule(_named_rate),
    Ratio(
        "width of a channel [bits]",
        ("bus_bits_per_channel",),
        _field("bus_bits_per_channel"),
        (lambda memory: memory.standard, _all),
        slack=1,
        step=0.01,
    ),
)


def _interface(drive: Drive, catalogue: Catalogue) -> Iterator[Slip]:
    """A drive reads no faster than what it is plugged into carries, and a solid one not less than a third of it."""
    slot = re.search(r"PCIe (\d)\.0 x(\d+)", drive.interface)
    most = 1e3 * (BYTES_A_LANE[int(slot[1])] * int(slot[2]) if slot else SATA)
    if not 0.4 * most <= drive.read_mb_per_s <= most:
        yield Slip(("read_mb_per_s",), f"{0.4 * most:.0f} to {most:.0f} MB/s, what {drive.interface} carries", f"{drive.read_mb_per_s:g}")


DRIVES: tuple[Relation, ...] = (Rule(_interface),)


def _shares(shared: SharedMemory, catalogue: Catalogue) -> Iterator[Slip]:
    """A system gives the GPU half to all of its memory, and sizes are sold ones."""
    for index, part in enumerate(shared.parts):
        if part.memory_gib not in SIZES_SOLD:
            yield Slip(("parts", index, "memory_gib"), "a size that memory is sold in (8, 16, 24 … GiB)", f"{part.memory_gib:g}")
        if not 0.45 <= part.gpu_gib / part.memory_gib <= 1:
            expected = f"45 to 100 % of the {part.memory_gib:g} GiB of the machine"
            yield Slip(("parts", index, "gpu_gib"), expected, f"{part.gpu_gib:g}")


SHARED_MEMORY: tuple[Relation, ...] = (Rule(_shares),)
