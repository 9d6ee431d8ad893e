"""This machine, as its system tells: cards, processor, memory, in the words of a question. Nothing needs a privilege, nothing is sent."""

from __future__ import annotations

import json
import platform
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from macros.estimate.refused import Refused
from macros.specs import Catalogue

PATIENCE = 10
"""How long a program of the system may take [s]."""
BESIDE = {
    "nvidia", "amd", "ati", "intel", "apple", "geforce", "radeon", "graphics", "gpu", "laptop", "corporation", "inc", "advanced",
    "micro", "devices", "r", "tm", "c", "processor", "cpu", "core", "gen",
}  # fmt: skip
"""Words that makers put around the name of a device."""


@dataclass(frozen=True)
class Machine:
    """What was told; empty where the system does not say."""

    gpus: tuple[tuple[str, float | None], ...] = ()
    """(name, memory [GiB] where it is told) of each card."""
    cpu: str = ""
    ram_gib: float | None = None
    sockets: int = 1
    """Processors on the board."""


def told() -> Machine:
    """What this system tells of itself."""
    if platform.system() == "Darwin":
        return _macos()
    return Machine(tuple(_nvidia()) or tuple(_listed()), _processor(), _memory(), _sockets())


def _output(*command: str) -> str:
    """What a program of the system prints; nothing where there is no such program, or it fails."""
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout if ran.returncode == 0 else ""


def _nvidia() -> Iterator[tuple[str, float | None]]:
    for line in _output("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits").splitlines():
        name, _, mib = line.rpartition(",")
        if name and mib.strip().isdigit():
            yield name.strip(), int(mib) / 1024


def _listed() -> Iterator[tuple[str, float | None]]:
    """Graphics adapters that `lspci` names in brackets."""
    for line in _output("lspci").splitlines():
        if re.search(r"VGA|3D controller|Display controller", line) and (names := re.findall(r"\[([^\]]+)\]", line)):
            yield names[-1], None


def _processors() -> str:
    """What Linux lists of its processors; nothing elsewhere."""
    try:
        return Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return ""


def _processor() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", _processors(), re.M)
    return found[1] if found else platform.processor()


def _sockets() -> int:
    return len(set(re.findall(r"^physical id\s*:\s*(\d+)$", _processors(), re.M))) or 1


def _memory() -> float | None:
    try:
        found = re.search(r"^MemTotal:\s*(\d+) kB", Path("/proc/meminfo").read_text("utf-8", "replace"), re.M)
    except OSError:
        return None
    return int(found[1]) / 2**20 if found else None


def _macos() -> Machine:
    """Chip, its GPU cores and the memory that both share."""
    chip, size = _output("sysctl", "-n", "machdep.cpu.brand_string").strip(), _output("sysctl", "-n", "hw.memsize").strip()
    try:
        cores = json.loads(_output("system_profiler", "-json", "SPDisplaysDataType"))["SPDisplaysDataType"][0].get("sppci_cores", "")
    except (ValueError, KeyError, IndexError, TypeError):
        cores = ""
    memory = int(size) / 2**30 if size.isdigit() else None
    return Machine(((f"{chip} ({cores}-core GPU)" if cores else chip, memory),), chip, memory)


def _words(name: str) -> frozenset[str]:
    """The words of a name that tell devices apart."""
    return frozenset(re.findall(r"[a-z0-9]+", re.sub(r"\b\d+ ?gb\b", "", name.lower()))) - BESIDE


def _called(name: str, known: Mapping[str, Any]) -> list[str]:
    """Ids of the records that a name may mean: those whose words are all in it, the one with most words first."""
    words = _words(name)
    found = {one: len(_words(record.name)) for one, record in known.items() if _words(record.name) <= words}
    return sorted(one for one, count in found.items() if count == max(found.values()))


def question(machine: Machine, catalogue: Catalogue) -> dict[str, Any]:
    """This machine in the words of a question; raises Refused where no device that it names is in the records.

    Args:
        machine: what the system told
        catalogue: the records

    Returns:
        `gpus`, `memory_gib` for shared memory, `cpu`, `sockets` of a board with two, where they are known.
    """
    asked: dict[str, Any] = {}
    cards = []
    for name, memory in machine.gpus:
        laptop = re.search(r"laptop|mobile|max-q", name, re.I) is not None
        known = {one: gpu for one, gpu in catalogue.gpus.items() if not gpu.modified and (gpu.kind == "laptop") == laptop}
        alike = [one for one in _called(name, known) if memory is None or _near(known[one], memory)]
        if alike:
            cards.append(alike[0])
            sizes = known[alike[0]].memory_sizes_gib
            if sizes and memory is not None:
                asked["memory_gib"] = min(sizes, key=lambda size: abs(size - memory))
    if cards:
        asked["gpus"] = cards
    processors = _called(machine.cpu, catalogue.cpus)
    if processors:
        asked["cpu"] = processors[0]
        if machine.sockets == 2 and catalogue.cpus[processors[0]].two_sockets:
            asked["sockets"] = 2
    if not asked:
        got = ", ".join(filter(None, [*(name for name, _ in machine.gpus), machine.cpu])) or "nothing"
        raise Refused("here", "a card or a processor of the guide", got, "name them with --gpu and --cpu")
    return asked


def _near(gpu: Any, memory: float) -> bool:
    """Whether a device is sold with about so much memory: drivers keep a part."""
    sizes = gpu.memory_sizes_gib or [gpu.largest_memory_gib]
    return any(abs(size - memory) <= 0.1 * size for size in sizes)
