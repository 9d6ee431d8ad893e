"""`python -m macros estimate`: one question from options, or many from a file, one JSON object a line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from macros.estimate import Refused, estimate
from macros.estimate.setting import KEYS
from macros.formulas.units import GIB
from macros.specs import Catalogue, load

NOT_QUESTIONS = ("command", "run", "json", "batch", "config", "gpus", "gpu_layers", "no_flash_attention")


def run(arguments: argparse.Namespace, root: Path) -> int:
    """Answer one question, or each line of a batch."""
    if arguments.batch is not None:
        catalogue = load(root / "data")
        if arguments.batch == "-":
            return _batch(sys.stdin, catalogue)
        try:
            with open(arguments.batch, encoding="utf-8", errors="replace") as lines:
                return _batch(lines, catalogue)
        except OSError as error:
            print(f"batch: expected a file of questions, got {arguments.batch}: {error.strerror}", file=sys.stderr)
            return 1
    try:
        question = _question(arguments)
        found = estimate(question, load(root / "data"))
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 1
    print(json.dumps(found, ensure_ascii=False) if arguments.json else _told(found))
    return 0


def _question(arguments: argparse.Namespace) -> dict[str, Any]:
    question: dict[str, Any] = {}
    if arguments.config is not None:
        try:
            question["config"] = json.loads(arguments.config.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise Refused("config", "a readable JSON file", str(arguments.config), str(error)) from None
    for name, value in vars(arguments).items():
        if name not in NOT_QUESTIONS and value is not None and value is not False:
            question[name] = value
    if arguments.no_flash_attention:
        question["flash_attention"] = False
    if arguments.gpus:
        question["gpus"] = arguments.gpus
    layers = arguments.gpu_layers
    if layers is not None:
        question["gpu_layers"] = int(layers) if layers.isdecimal() else layers
    assert set(question) <= KEYS
    return question


def _no_such_number(word: str) -> Any:
    raise Refused("line", "JSON numbers", word)


def _read(line: str) -> Any:
    try:
        return json.loads(line, parse_constant=_no_such_number)
    except (ValueError, RecursionError) as error:
        if isinstance(error, Refused):
            raise
        raise Refused("line", "a JSON object", line.strip(), str(error)) from None


def _batch(lines: Iterable[str], catalogue: Catalogue, out: TextIO | None = None) -> int:
    out = sys.stdout if out is None else out
    for line in lines:
        if not line.strip():
            continue
        try:
            found = estimate(_read(line), catalogue)
        except Refused as refused:
            found = {"error": str(refused)}
        # Half of a surrogate pair, which JSON can spell, is no character that can be written.
        print(json.dumps(found, ensure_ascii=False).encode("utf-8", "backslashreplace").decode("utf-8"), file=out, flush=True)
    return 0


def _told(found: dict[str, Any]) -> str:
    """An answer for a reader at a terminal."""
    lines = [f"parameters      {found['parameters']:,}"]
    for key in ("weights", "kv_cache", "state", "compute_buffer", "runtime", "total"):
        if key in found:
            lines.append(f"{key:15} {found[key]['bytes'] / GIB:10.3f} GiB")
    for device in found["devices"]:
        usable = device["usable_bytes"] / GIB
        lines.append(f"{device['id']:15} {device['memory_bytes'] / GIB:10.3f} GiB of {usable:.3f} GiB usable, {device['layers']} layers")
    lines.append(f"{'host':15} {sum(found['host'].values()) / GIB:10.3f} GiB")
    lines.append(f"{'fits':15} {'yes' if found['fits'] else 'no'}")
    for key in ("decode", "prefill"):
        if key in found:
            speed = found[key]
            lines.append(f"{key:15} {speed['tokens_per_second']:10.1f} tokens/s ({speed['low']:.1f} to {speed['high']:.1f})")
    if "load" in found:
        lines.append(f"{'load':15} {found['load']['seconds']:10.1f} s")
    lines += [f"warning: {warning}" for warning in found["warnings"]]
    return "\n".join(lines)
