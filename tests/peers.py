"""Calculators of others, really run: `make peers` installs them at the versions of data/calculators and asks each the same questions.

    python -m tests.peers        memory and speed on a fixed list of settings, beside this guide's answers

Ends with 1 where a record's rule does not give what its package answers any more: then the record describes another version.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from macros.estimate import estimate
from macros.formulas.parameters import active_parameters, parameters
from macros.specs import Catalogue, load
from macros.specs.models import architecture_of
from macros.tables import calculators

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".cache" / "environments" / "peers"
BESIDE = ("typer==0.20.1",)
"""What a package needs at another version than it asks for: whichllm does not start with the newest typer."""
MODELS = ("llama-3.1-8b", "qwen2.5-7b", "qwen3-30b-a3b", "qwen3-8b", "gemma-3-12b")
CONTEXTS = (8192, 32768)
GPU = "rtx-3090"
NEAR = 0.03
RESERVE_GB = 0.5
"""What llmfit adds to weights and cache."""

ASK = '''
import json, sys
from whichllm.engine.performance import estimate_tok_per_sec
from whichllm.engine.vram import estimate_vram
from whichllm.hardware.types import GPUInfo
from whichllm.models.types import GGUFVariant, ModelInfo
import dataclasses

def made(kind, facts):
    """A record of the package: what is known, and nothing in every other field that it needs."""
    known = {field.name: field for field in dataclasses.fields(kind)}
    empty = {"str": "", "int": 0, "float": 0.0, "bool": False}
    unset = dataclasses.MISSING
    asked = {name: field for name, field in known.items() if field.default is unset and field.default_factory is unset}
    needed = {name: empty.get(getattr(field.type, "__name__", field.type)) for name, field in asked.items()}
    return kind(**{**needed, **{n: v for n, v in facts.items() if n in known}})

for line in sys.stdin:
    q = json.loads(line)
    told = {"id": q["model"], "name": q["model"], "parameter_count": q["parameters"], "is_moe": q["active"] is not None}
    told |= {"parameter_count_active": q["active"], "sliding_window": q["window"], "sliding_window_global_ratio": q["whole"]}
    model = made(ModelInfo, told)
    variant = made(GGUFVariant, {"filename": "x-Q4_K_M.gguf", "quant_type": "Q4_K_M", "file_size_bytes": q["file"]})
    card = {"name": "NVIDIA GeForce RTX 3090", "vendor": "nvidia", "vram_bytes": 24 * 2**30, "memory_bandwidth_gbps": q["bandwidth"]}
    speed = estimate_tok_per_sec(model, variant, made(GPUInfo, card))
    print(json.dumps({"memory": estimate_vram(model, variant, q["context"]), "speed": speed}))
'''


def install(catalogue: Catalogue) -> Path:
    """The packages at the versions of their records, in an environment of their own; its folder of programs."""
    wanted = [f"{one.package}=={one.version}" for one in catalogue.calculators.values() if one.package] + list(BESIDE)
    mark = HOME / "installed.txt"
    if not mark.exists() or mark.read_text("utf-8") != "\n".join(wanted):
        uv = str(Path(sys.executable).with_name("uv"))
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(HOME)], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", str(HOME / "bin" / "python"), *wanted], check=True)
        mark.write_text("\n".join(wanted), "utf-8")
    return HOME / "bin"


def questions(catalogue: Catalogue) -> list[dict[str, Any]]:
    """The settings, with what a peer would look up in the network."""
    asked = []
    for name in MODELS:
        shapes = architecture_of(catalogue.models[name], catalogue.models)
        window = shapes.attention.window
        for context in CONTEXTS:
            ours = estimate({"model": name, "quant": "q4_k_m", "context": context, "gpus": [GPU]}, catalogue)
            asked.append({
                "model": name, "context": context, "parameters": parameters(shapes),
                "active": active_parameters(shapes) if shapes.experts else None,
                "window": window.size if window else None,
                "whole": len(window.full_layers.of(shapes.layers)) / shapes.layers if window else None,
                "file": ours["weights"]["bytes"], "bandwidth": catalogue.gpus[GPU].bandwidth_gb_per_s,
                "ours": ours["total"]["bytes"], "tokens": ours["decode"]["tokens_per_second"],
                "hugging_face": catalogue.models[name].hugging_face,
            })  # fmt: skip
    return asked


def whichllm(programs: Path, asked: list[dict[str, Any]]) -> list[tuple[float, float] | None]:
    """Its own functions, fed with the guide's facts [bytes, tokens/s]."""
    lines = "\n".join(json.dumps(one) for one in asked)
    done = subprocess.run([programs / "python", "-c", ASK], input=lines, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr.strip().splitlines()[-1], file=sys.stderr)
        return [None for _ in asked]
    return [(told["memory"], told["speed"]) for told in map(json.loads, done.stdout.splitlines())]


def llmfit(programs: Path, asked: list[dict[str, Any]]) -> list[tuple[float, float] | None]:
    """Its own `plan`, from its own catalogue [bytes, tokens/s on no card of its list: nan]."""
    found: list[tuple[float, float] | None] = []
    for one in asked:
        command = [programs / "llmfit", "plan", one["hugging_face"], "--context", str(one["context"]), "--quant", "Q4_K_M", "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        try:
            paths = json.loads(done.stdout)["run_paths"]
            gpu, disk = next(path for path in paths if path["path"] == "gpu"), json.loads(done.stdout)["disk_size_gb"]
            cache = gpu["minimum"]["vram_gb"] - disk - RESERVE_GB  # in GiB, though it is added to GB
            found.append(((disk + RESERVE_GB) * 1e9 + cache * 2**30, float("nan")))
        except (ValueError, KeyError, StopIteration):
            found.append(None)
    return found


PEERS = {"whichllm": whichllm, "llmfit": llmfit}


def main() -> int:
    """Print what each says, and whether the records say it too."""
    catalogue = load(ROOT / "data")
    programs, asked, stale = install(catalogue), questions(catalogue), 0
    for name, ask in PEERS.items():
        record = catalogue.calculators[name]
        print(f"\n{record.name} {record.version} (Q4_K_M, {catalogue.gpus[GPU].name})")
        print(f"{'':18}{'context':>8}{'package GB':>12}{'record GB':>11}{'guide GB':>10}{'package':>9}{'tokens/s':>10}{'guide':>8}")
        for one, said in zip(asked, ask(programs, asked), strict=True):
            if said is None:
                print(f"{one['model']:18}{one['context']:8}  not in its catalogue")
                continue
            _, rules = calculators._answers(catalogue, one["model"], one["context"])
            off = abs(rules[name] / said[0] - 1) > NEAR
            stale += off
            speed = "" if said[1] != said[1] else f"{said[1]:10.0f}"
            print(
                f"{one['model']:18}{one['context']:8}{said[0] / 1e9:12.2f}{rules[name] / 1e9:11.2f}{one['ours'] / 1e9:10.2f}"
                f"{said[0] / one['ours'] - 1:+9.0%}{speed:>10}{one['tokens']:8.0f}{'  record differs' if off else ''}"
            )
    if stale:
        print(f"\n{stale} answers differ from the records by more than {NEAR:.0%}: read the rules again, and write the new version")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
