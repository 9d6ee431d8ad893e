"""What the doors cost beside an earlier commit, on the same machine in the same run: `make bench`. Prints; fails at nothing."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from macros.specs import aside

ROOT = Path(__file__).resolve().parents[1]
BEFORE = "ad2e842"
"""The commit that figures are compared with: before engines, questions and classes had a home."""
RUNS = 5
QUESTION = ["--model", "llama-3.1-8b", "--quant", "q4_k_m", "--context", "8192", "--gpu", "rtx-3090", "--json"]

Cost = tuple[float, float, float]
"""Processor [s], wall clock [s], the largest process [MiB]."""


def cost(tree: Path, *arguments: str, given: str = "") -> Cost:
    """What one run of a command of a tree takes; its processes included."""
    code = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:], stdin=0, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)\n"
        "of = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(done.returncode, of.ru_utime + of.ru_stime, of.ru_maxrss / 1024)\n"
        "sys.stderr.buffer.write(done.stderr[-2000:])"
    )
    command = [sys.executable, "-c", code, sys.executable, "-m", "macros", *arguments]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "SOURCE_DATE_EPOCH": "1764000000"}
    start = time.monotonic()
    done = subprocess.run(command, cwd=tree, env=environment, input=given, capture_output=True, text=True, check=True)
    status, seconds, peak = done.stdout.split()
    if status != "0":
        raise SystemExit(f"{tree.name}: {' '.join(arguments)}: {done.stderr}")
    return float(seconds), time.monotonic() - start, float(peak)


def beside(name: str, trees: tuple[Path, Path], run: Callable[[Path], Cost], runs: int = RUNS) -> None:
    """Print medians of both trees, run in turns, and their ratios."""
    found: dict[Path, list[Cost]] = {tree: [] for tree in trees}
    for _ in range(runs):
        for tree in trees:
            found[tree].append(run(tree))
    now, before = ([median(values) for values in zip(*found[tree], strict=True)] for tree in trees)
    figures = zip(("CPU", "wall", "peak"), ("s", "s", "MiB"), now, before, strict=True)
    told = [f"{what} {a:.2f} of {b:.2f} {unit} = {a / b:.2f}x" for what, unit, a, b in figures]
    print(f"{name}: {', '.join(told)}", flush=True)


@contextlib.contextmanager
def both() -> Iterator[tuple[Path, Path]]:
    """The working tree, and the commit before in a folder of its own."""
    with aside.folder(ROOT / ".cache" / "ratios") as folder:
        before = folder / "before"
        subprocess.run(["git", "worktree", "prune"], cwd=ROOT, check=True)
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(before), BEFORE], cwd=ROOT, check=True)
        try:
            yield ROOT, before
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(before)], cwd=ROOT, check=True)


def batch() -> str:
    """Two thousand questions, each another."""
    models = ("llama-3.1-8b", "qwen3-8b", "gemma-3-27b", "qwen3-30b-a3b")
    asked = [
        {
            "model": models[number % 4],
            "quant": "q4_k_m",
            "context": 4096 + 256 * (number // 4 % 50),
            "gpus": ["rtx-3090"] * (1 + number // 1000),
        }
        for number in range(2000)
    ]
    return "".join(json.dumps(question) + "\n" for question in asked)


def clean(tree: Path) -> Cost:
    """A site from nothing but what is authored."""
    for name in ("site", ".cache"):
        shutil.rmtree(tree / name, ignore_errors=True)
    return cost(tree, "site")


def main() -> None:
    """Every ratio; sites only where asked for, because each takes as long as all else together."""
    with both() as trees:
        for tree in trees:
            cost(tree, "estimate", *QUESTION)  # modules compiled, records kept
        beside("one cold question", trees, lambda tree: cost(tree, "estimate", *QUESTION))
        questions = batch()
        beside("2,000 questions", trees, lambda tree: cost(tree, "estimate", "--batch", "-", given=questions), 3)
        cost(trees[0], "check")
        beside("check, nothing changed", trees, lambda tree: cost(tree, "check"))
        if "--sites" in sys.argv:
            beside("site from a clean cache", trees, clean, 3)
            beside("site, nothing changed", trees, lambda tree: cost(tree, "site"), 3)
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
