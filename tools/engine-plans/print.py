"""Print llama.cpp's own plans: `make engine-plans` renews data/engine-plans with an engine that a registry package ships.

The engine is built once in a folder that git ignores, from the source distribution of a package whose commit is known; no code of it
comes into the repository. `stand_in.cpp` is a device that allocates as CUDA does and computes nothing.

    print.py                       plans of every record in data/engine-plans, anew
    print.py --rooms MODEL QUANT   what the allocator makes room for in one pass, name by name, beside what the guide plans
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import files  # noqa: E402  (beside this script)
import yaml  # noqa: E402

from macros.estimate import check_setting, place  # noqa: E402
from macros.formulas import compute_buffer  # noqa: E402
from macros.formulas.compute_graph import packing  # noqa: E402
from macros.specs import Catalogue, load  # noqa: E402
from macros.specs.models import architecture_of  # noqa: E402
from macros.tables.accuracy_memory import question_of  # noqa: E402

PACKAGE = "llama-cpp-python==0.3.36"
"""Its source distribution carries llama.cpp at the commit that data/engine-plans names."""
WORK = ROOT / ".engine"
FLAGS = ("-DBUILD_SHARED_LIBS=ON", "-DGGML_OPENMP=OFF", "-DGGML_NATIVE=OFF", "-DGGML_LLAMAFILE=OFF", "-DGGML_CPU_REPACK=OFF")
PLAIN = ("-DCMAKE_BUILD_TYPE=None", "-DCMAKE_C_FLAGS=-O0 -w", "-DCMAKE_CXX_FLAGS=-O0 -w")
"""Nothing is computed, so nothing is made fast: that builds in minutes on one core."""
NOTHING_ELSE = tuple(f"-DLLAMA_BUILD_{part}=OFF" for part in ("COMMON", "TESTS", "TOOLS", "EXAMPLES", "SERVER"))
QUIET, TELLING = "#define AT_PRINTF(...)\n", "#define AT_PRINTF(...) GGML_LOG_DEBUG(__VA_ARGS__)\n"
"""The allocator tells what it does only where this line is changed, in the unpacked copy."""
CASE = {"context": 1024, "ubatch": 64, "gpu_layers": 9999}
"""The pass whose rooms are shown."""


def engine() -> Path:
    """The program that asks the engine; built where it is not there yet."""
    program = WORK / "stand-in"
    if program.exists():
        return program
    WORK.mkdir(exist_ok=True)
    fetch = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", PACKAGE.split("==")[0], "-d", str(WORK), PACKAGE]
    subprocess.run(fetch, check=True)
    with tarfile.open(next(WORK.glob("*.tar.gz"))) as archive:
        archive.extractall(WORK, filter="data")
    source = next(WORK.glob("*/vendor/llama.cpp"))
    allocator = source / "ggml/src/ggml-alloc.c"
    allocator.write_text(allocator.read_text("utf-8").replace(QUIET, TELLING), "utf-8")
    build = WORK / "build"
    subprocess.run(["cmake", "-S", source, "-B", build, *PLAIN, *FLAGS, *NOTHING_ELSE], check=True)
    subprocess.run(["cmake", "--build", build, "--target", "llama", "--parallel"], check=True)
    headers = [f"-I{source / part}" for part in ("include", "src", "ggml/include", "ggml/src")]
    libraries = [f"-L{build / 'bin'}", f"-Wl,-rpath,{build / 'bin'}", "-lllama", "-lggml", "-lggml-base", "-lggml-cpu"]
    subprocess.run(
        ["c++", "-std=c++17", "-O1", "-w", *headers, str(Path(__file__).with_name("stand_in.cpp")), "-o", program, *libraries], check=True
    )
    return program


def ask(program: Sequence[str], settings: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the engine plans for each setting."""
    lines = ["\t".join(f"{key}={value}" for key, value in setting.items()) for setting in settings]
    done = subprocess.run(program, input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def file_of(model: str, quant: str, catalogue: Catalogue) -> Path:
    """The empty file of a model, written where it is not there yet."""
    path = WORK / f"{model}-{quant}.gguf"
    if not path.exists():
        WORK.mkdir(exist_ok=True)
        files.write(path, architecture_of(catalogue.models[model], catalogue.models), quant, catalogue)
    return path


def setting_of(question: dict[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """A question in the words of stand_in.cpp."""
    s = check_setting(question, catalogue)
    return {
        "model": file_of(question["model"], question["quant"], catalogue),
        "gpus": len(s.gpus),
        "gpu_layers": 0 if s.gpu_layers is None else s.gpu_layers,
        "context": s.context,
        "ubatch": s.ubatch,
        "slots": s.slots,
        "outputs": s.logits_rows or 0,
        "kv_type_k": s.kv_type_k.id,
        "kv_type_v": s.kv_type_v.id,
        "flash_attention": int(s.flash_attention),
        "swa_full": int(s.swa_full),
        "kv_unified": int(s.kv_unified),
        "kv_offload": int(s.kv_offload),
        "op_offload": int(s.op_offload),
        "embedding": int(s.embedding),
        "split_mode": s.split_mode,
        **({"tensor_split": ",".join(f"{share:g}" for share in s.tensor_split)} if s.tensor_split else {}),
        **({"overrides": ";".join(s.override_tensor)} if s.override_tensor else {}),
    }


def renew(program: Sequence[str], only: str | None, catalogue: Catalogue) -> int:
    """Write data/engine-plans anew; tells which figures changed."""
    changed = 0
    for record in catalogue.engine_plans.values():
        if only is not None and record.model != only:
            continue
        path = ROOT / "data/engine-plans" / f"{record.id}.yaml"
        rows = yaml.safe_load(path.read_text("utf-8"))["rows"]
        found = ask(program, [setting_of(question_of(record, plan), catalogue) for plan in record.plans()])
        for row, answer in zip(rows, found, strict=True):
            if "parts" not in answer:
                print(f"{record.id}: {row[:10]}: the engine stops: {answer}")
                continue
            devices, host = answer["parts"][:-1], answer["parts"][-1]
            figures = [*(sum(device[part] for device in devices) for part in range(3)), *host]
            if row[-6:] != figures:
                changed += 1
                print(f"{record.id}: {row[:-6]}: {row[-6:]} -> {figures}")
                row[-6:] = figures
        head, rest = path.read_text("utf-8").split("rows:\n")
        tail = "".join(line for line in rest.splitlines(keepends=True) if not line.startswith("  - ["))
        lines = [f"  - {yaml.safe_dump(row, default_flow_style=True, width=10**6).strip()}\n" for row in rows]
        path.write_text(f"{head}rows:\n{''.join(lines)}{tail}", "utf-8")
    print(f"{changed} plans changed")
    return 0


def compare_rooms(program: Sequence[str], model: str, quant: str, catalogue: Catalogue) -> int:
    """Tell the first tensor that the engine makes other room for than the guide."""
    card = {"memory_gib": 9999.0, "bandwidth_gb_per_s": 1000.0, "family": "rdna3"}
    question = {"model": model, "quant": quant, "gpus": [card], "build": catalogue.engines["llama.cpp"].builds[0].id, **CASE}
    theirs = [room.rsplit(" (", 1) for room in ask(program, [setting_of(question, catalogue) | {"rooms": 1}])[0]["rooms"]]
    ours: list[int] = []
    take = packing.take
    packing.take = lambda arena, size: (ours.append(-(-size // 32) * 32), take(arena, size))[1]  # type: ignore[assignment]
    compute_buffer.layers_enough = lambda a, layout: list(range(a.layers))  # type: ignore[assignment]
    place(check_setting(question, catalogue), catalogue)
    for number, (mine, (name, size)) in enumerate(zip(ours, theirs, strict=False)):
        if mine != -(-int(size) // 32) * 32:
            print(f"room {number}: the engine makes room for {name}, {size} bytes; the guide for {mine} bytes")
            return 1
    print(f"{len(ours)} rooms are those of the engine")
    return 0


def main() -> int:
    """Print what is asked."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--rooms", nargs=2, metavar=("MODEL", "QUANT"))
    reader.add_argument("--only", metavar="MODEL", help="the plans of one model")
    reader.add_argument("--program", nargs=argparse.REMAINDER, help="an engine that is built already, and its arguments")
    arguments = reader.parse_args()
    catalogue = load(ROOT / "data")
    program = arguments.program or [str(engine())]
    if arguments.rooms:
        return compare_rooms(program, *arguments.rooms, catalogue)
    return renew(program, arguments.only, catalogue)


if __name__ == "__main__":
    sys.exit(main())
