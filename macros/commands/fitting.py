"""From what others measured or printed to rows and constants."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from macros.commands import Declare, Mistake


def fit(arguments: argparse.Namespace, root: Path) -> int:
    """Fit the constants of the speed formulas to data/measurements and store them in data/calibration."""
    # The systems are small: threads would wait for one another on a busy machine, and sum in another order on another one.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from macros.calibrate import store
    from macros.specs import load

    catalogue, every_row = load(root / "data"), arguments.rows
    if arguments.dry_run:
        print("\n".join(store.due(catalogue) or ["nothing has moved"]))
        return 0
    print("\n".join(store.write(catalogue, root / "data", every_row=every_row)))
    print("\n".join(store.wholes(load(root / "data"), every_row=every_row)))
    return 0


def import_bench(arguments: argparse.Namespace, root: Path) -> int:
    """Turn the output of `llama-bench -o json` into rows for data/measurements."""
    from macros.calibrate import import_bench
    from macros.estimate import Refused
    from macros.specs import load

    target = None if arguments.append is None else _measurements(arguments.append, root)
    before = "" if target is None else target.read_text("utf-8")
    catalogue = load(root / "data", without=target if import_bench.without_rows(before) else None)
    try:
        text = arguments.file.read_text("utf-8")
        found = import_bench.rows(text, catalogue, gpu=arguments.gpu, cpu=arguments.cpu, model=arguments.model, quant=arguments.quant)
    except (OSError, UnicodeDecodeError) as error:
        raise Mistake(f"{arguments.file}: expected a readable file, got {error}. Fix: name the file that llama-bench wrote") from None
    except Refused as refused:
        raise Mistake(f"{arguments.file}: {refused}") from None
    lines = import_bench.written(found)
    if target is None:
        print("\n".join(lines))
        return 0
    shown = target.relative_to(root)
    try:
        target.write_text(import_bench.added(before, lines), "utf-8")
    except Refused as refused:
        raise Mistake(f"{shown}: {refused}") from None
    print(f"{shown}: {len(found)} more in rows; run `make check`, then `python -m macros fit`")
    return 0


def _measurements(name: str, root: Path) -> Path:
    """The file of measurements of that name."""
    from macros.specs.record import ID, MAX_ID

    found = root / "data" / "measurements" / f"{name}.yaml"
    if not (ID.fullmatch(name) and len(name) <= MAX_ID and found.exists()):
        raise Mistake(f"{found.name[:MAX_ID]!r}: expected a file of data/measurements, got none. Fix: make new KIND=measurement ID=…")
    return found


def configs(arguments: argparse.Namespace, root: Path) -> int:
    """Compare counts that a library printed of its classes with what the guide reads, and keep the result in data/library-classes."""
    from datetime import UTC, datetime

    from macros.calibrate import configurations
    from macros.specs import load

    version, _ = configurations.printed(arguments.file)
    written = configurations.write(arguments.file, root, load(root / "data"), version, datetime.now(UTC).date())
    print(written.relative_to(root))
    return 0


def bench(arguments: argparse.Namespace, root: Path) -> int:
    """How fast this machine computes the sizes of all models, and estimates in columns."""
    from macros.estimate import columns
    from macros.specs import load

    for line in columns.bench(load(root / "data")):
        print(line)
    return 0


def declare(command: Declare) -> None:
    """Their options."""
    of_fit = command("fit", fit)
    of_fit.add_argument("--rows", action="store_true", help="name each row left out, with its reason")
    of_fit.add_argument("--dry-run", action="store_true", help="only say whether a refit is due and what it would change")
    of_import = command("import-bench", import_bench)
    of_import.add_argument("file", type=Path, help="what llama-bench, llama-batched-bench, vllm bench serve or mlx_lm.benchmark printed")
    of_import.add_argument("--gpu", help="id of the GPU, where its name does not tell it")
    of_import.add_argument("--cpu", help="id of the processor, for a run without a GPU")
    of_import.add_argument("--model", help="id of the model, where its size does not tell it")
    of_import.add_argument("--quant", help="id of the format, where the benchmark does not say it")
    of_import.add_argument("--append", metavar="NAME", help="add the rows to data/measurements/NAME.yaml instead of printing them")
    command("configs", configs).add_argument("file", type=Path, help="JSON lines of tools/configurations/count.py")
    command("bench", bench)
