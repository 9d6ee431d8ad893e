"""Devices: what their figures must agree with, and records that must be refused."""

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from macros.specs import load
from macros.specs.devices import Gpu, SharedMemory

DATA = Path(__file__).resolve().parents[2] / "data"
CATALOGUE = load(DATA)

# Gbit/s on each wire, from the slowest to the fastest part sold of each kind of memory
PIN_RATES = {
    "GDDR5": (5, 9),
    "GDDR5X": (9, 12),
    "GDDR6": (10, 20.5),
    "GDDR6X": (19, 24),
    "GDDR7": (18, 30),
    "HBM2": (1.4, 2.5),
    "HBM2e": (1.2, 3.7),
    "HBM3": (4.8, 6.5),
    "HBM3e": (5.8, 9.2),
    "DDR4": (2.1, 3.2),
    "DDR5": (4.8, 6.4),
    "LPDDR4X": (3.2, 4.3),
    "LPDDR5": (6.2, 6.5),
    "LPDDR5X": (7.4, 10.7),
    "LPDDR5T": (9.6, 9.6),
}


@pytest.mark.parametrize("gpu", CATALOGUE.gpus.values(), ids=CATALOGUE.gpus)
def test_bandwidth_is_bus_width_times_transfer_rate(gpu):
    if gpu.memory_bus_bits is not None:
        low, high = PIN_RATES[gpu.memory_kind]
        assert low * 0.995 <= gpu.bandwidth_gb_per_s * 8 / gpu.memory_bus_bits <= high * 1.005


@pytest.mark.parametrize("kind", ["gpus", "cpus", "memory", "drives"])
def test_every_device_cites_a_page_of_its_own(kind):
    """A page that twenty devices share says little of each of them; the chips of one Mac share that Mac's."""
    cited = [source for device in CATALOGUE.records[kind].values() for source in device.sources.get("memory", [])]
    for device in CATALOGUE.records[kind].values():
        pages = {source for sources in device.sources.values() for source in sources}
        assert pages
        if kind in ("gpus", "cpus"):
            assert min(cited.count(page) for page in device.sources["memory"]) <= 6, device.id


@pytest.mark.parametrize(
    ("cpu", "memory", "bandwidth"),
    [
        ("ryzen-5-3600", "ddr4-3600", 57.6),
        ("ryzen-5-5600x", "ddr4-3200", 51.2),
        ("core-i9-13900k", "ddr5-5600", 89.6),
        ("core-i5-10400f", "ddr4-2666", 42.656),
        ("core-i9-10900x", "ddr4-3600", 115.2),
        ("epyc-9374f", "ddr5-4800", 460.8),
        ("threadripper-pro-7995wx", "ddr5-5200", 332.8),
    ],
)
def test_channels_times_transfer_rate(cpu, memory, bandwidth):
    kind = CATALOGUE.memory[memory]
    assert memory in CATALOGUE.cpus[cpu].memory_kinds
    channels = CATALOGUE.cpus[cpu].memory_channels
    assert channels * kind.bus_bits_per_channel / 8 * kind.transfer_rate_mt_per_s / 1000 == pytest.approx(bandwidth)


@pytest.mark.parametrize(
    ("device", "memory", "bandwidth"),
    [
        ("rtx-3090", 24, 936),
        ("rtx-4090", 24, 1008),
        ("rtx-5090", 32, 1792),
        ("rtx-3050", 8, 224),
        ("rx-5700-xt", 8, 448),
        ("rx-9070-xt", 16, 640),
        ("arc-a770", 16, 560),
        ("a100-pcie-40gb", 40, 1555),
        ("h100-sxm-80gb", 80, 3350),
        ("instinct-mi300x", 192, 5300),
        ("apple-m2-max-38c", 96, 400),
        ("apple-m3-ultra-80c", 512, 819),
        ("dgx-spark", 128, 273),
    ],
)
def test_figures_that_the_makers_print(device, memory, bandwidth):
    gpu = CATALOGUE.gpus[device]
    assert gpu.largest_memory_gib == memory
    assert gpu.bandwidth_gb_per_s == pytest.approx(bandwidth, rel=0.001)


@pytest.mark.parametrize("device", ["rtx-2080-ti-22gb", "rtx-3080-20gb", "rtx-4090-48gb"])
def test_rebuilt_cards_are_marked(device):
    assert CATALOGUE.gpus[device].modified


def test_tensor_rates_are_dense():
    """Advertised figures count zeros that are skipped: twice as much."""
    assert CATALOGUE.gpus["h100-sxm-80gb"].fp16_tensor_tflops == pytest.approx(989.5)
    assert CATALOGUE.gpus["l40"].fp16_tensor_tflops == pytest.approx(181.05)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("rtx-4090-mobile", {"power_range_w": None, "tdp_w": 120}, "expected power_range_w for a laptop GPU, got none"),
        ("rtx-4090-mobile", {"power_range_w": [150, 80]}, "expected power_range_w from low to high"),
        ("rtx-4090", {"memory_gib": None}, "expected one of memory_gib and memory_sizes_gib"),
        ("rtx-4090", {"memory_sizes_gib": [24]}, "expected one of memory_gib and memory_sizes_gib"),
        ("rtx-4090", {"boost_mhz": None}, "expected notes for what is unknown"),
        ("rtx-4090", {"bandwidth_gb_per_s": -1}, "greater than or equal to 0.001"),
        ("rtx-4090", {"bandwidth_gb_per_s": "1008"}, "valid number"),
        ("rtx-4090", {"kind": "graphics"}, "Input should be 'card'"),
        ("rtx-4090", {"vram": 24}, "Extra inputs are not permitted"),
    ],
)
def test_refused(name, values, message):
    record = yaml.safe_load((DATA / "gpus" / f"{name}.yaml").read_text("utf-8"))
    with pytest.raises(ValidationError, match=message):
        Gpu.model_validate({"id": name, **record, **values})


@pytest.mark.parametrize(("memory", "left"), [(8, 5.33), (16, 11.84), (24, 17.76), (64, 51.84), (128, 107.52), (4, 2.665)])
def test_macos_keeps_a_part_of_the_memory(memory, left):
    assert CATALOGUE.gpus["apple-m4-max-40c"].shared_memory == "macos"
    assert CATALOGUE.shared_memory["macos"].gpu_gib(memory) == pytest.approx(left)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([(16, 17)], "expected gpu_gib of at most the 16.0 GiB of the machine, got 17.0"),
        ([(32, 24), (16, 12)], "expected sizes from small to large, each once"),
        ([], "at least 1 item"),
    ],
)
def test_shared_memory_refused(parts, message):
    values = [{"memory_gib": float(memory), "gpu_gib": float(gpu)} for memory, gpu in parts]
    name = {"zh": "系统", "en": "System"}
    with pytest.raises(ValidationError, match=message):
        SharedMemory.model_validate({"id": "system", "name": name, "parts": values, "raised_by": None})
