"""Questions to the tables: which models a machine runs, which devices a model needs, two of a kind side by side."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from macros.commands import Declare
from macros.commands.values import NUMBER, WHOLE


def what_runs(arguments: argparse.Namespace, root: Path) -> int:
    """Say which models of today a machine should run: by the rule of the home page."""
    from macros.specs import load
    from macros.tables import what_runs

    catalogue = load(root / "data")

    def told(row: dict[str, Any]) -> str:
        name, speed = catalogue.models[row["model"]].name, f"{row['low']:.0f}-{row['high']:.0f} tokens/s"
        beside = f", {row['ram']:.1f} GiB of experts in RAM" if "ram" in row else ""
        return f"{name:32} {row['quant']:10} {row['need']:6.1f} GiB  {speed:>18}  context up to {row['context']:,}{beside}"

    found = what_runs.of_machine(catalogue, gpu=arguments.gpu, memory_gib=arguments.memory_gib, ram_gib=arguments.ram_gib)
    return _print(found, told, "no model of today fits with a useful context at reading speed", as_json=arguments.json)


def what_needs(arguments: argparse.Namespace, root: Path) -> int:
    """Say which common devices run a model at a speed with a context, least memory first."""
    from macros.specs import load
    from macros.tables import planning

    catalogue = load(root / "data")

    def told(row: dict[str, Any]) -> str:
        ram = f", {row['ram']} GiB of RAM" if row["ram"] else ""
        return f"{catalogue.gpus[row['gpu']].name:32} {row['memory']:5.0f} GiB  {row['way']:8} {row['decode']:7.1f} tokens/s{ram}"

    found = planning.what_needs(catalogue, arguments.model, tokens_per_second=arguments.tokens_per_second, context=arguments.context)
    return _print(found, told, "none of the common devices does", as_json=arguments.json)


def _print(rows: list[dict[str, Any]], told: Callable[[dict[str, Any]], str], none: str, *, as_json: bool) -> int:
    print(json.dumps(rows, ensure_ascii=False) if as_json else "\n".join(map(told, rows)) or none)
    return 0


def compare(arguments: argparse.Namespace, root: Path) -> int:
    """Put two devices, or two models, side by side."""
    from macros.specs import load
    from macros.tables import planning

    frame = planning.compare(load(root / "data"), arguments.one, arguments.other)
    print(frame.to_json(orient="records") if arguments.json else frame.to_string(index=False, na_rep="-", float_format="{:.1f}".format))
    return 0


def declare(command: Declare) -> None:
    """Their options."""
    of_machine = command("what-runs", what_runs)
    of_machine.add_argument("--gpu", metavar="ID", help="a device of data/gpus; without it RAM alone")
    of_machine.add_argument("--memory-gib", type=NUMBER, help="which of the sizes sold, for unified memory")
    of_machine.add_argument(
        "--ram-gib", type=NUMBER, help="system memory; beside a card for experts that do not fit on it (without a card: 32)"
    )
    of_machine.add_argument("--json", action="store_true", help="print one JSON list")
    of_wish = command("what-needs", what_needs)
    of_wish.add_argument("--model", required=True, metavar="ID", help="a model of data/models")
    of_wish.add_argument("--tokens-per-second", type=NUMBER, default=10.0, help="least speed of decode (10)")
    of_wish.add_argument("--context", type=WHOLE, default=8192, help="context that must have room (8192)")
    of_wish.add_argument("--json", action="store_true", help="print one JSON list")
    of_two = command("compare", compare)
    of_two.add_argument("one", help="id of a device or a model")
    of_two.add_argument("other", help="id of another of the same kind")
    of_two.add_argument("--json", action="store_true", help="print one JSON list")
