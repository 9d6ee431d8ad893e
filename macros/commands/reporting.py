"""What is told of the guide: its tables, what changed in them, what became of its sources and packages."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from macros.commands import Declare, Mistake


def tables(arguments: argparse.Namespace, root: Path) -> int:
    """Print every computed table, and the authored keys behind them, as one JSON."""
    from macros.publish import dump
    from macros.specs import SpecErrors, load

    try:
        sys.stdout.write(dump.text(dump.dump(load(root / "data"))))
    except SpecErrors as errors:
        sys.stdout.write(dump.text(dump.failure(errors)))
        raise
    return 0


def diff(arguments: argparse.Namespace, root: Path) -> int:
    """Print, as Markdown, what changed in the computed tables since a revision."""
    from macros.publish import diff, revisions

    if not arguments.report:  # a report says it in its own words
        try:
            revisions.merge_base(root, arguments.base)
        except revisions.NoSuchRevision as error:
            got = f"'{arguments.base[:80]}' ({error})"
            raise Mistake(f"diff: expected a branch, tag or commit, got {got}. Fix: name one of this repository") from None
    base, head, code = revisions.dumps(root, arguments.base)
    if arguments.report:
        revisions.write(arguments.report, base, head)
    sys.stdout.write(diff.markdown(base, head, code=code, full=arguments.full))
    return 0 if "tables" in head else 1


def notes(arguments: argparse.Namespace, root: Path) -> int:
    """Write which computed values changed since the last release to dist/notes.md."""
    from macros.publish import revisions

    _write(root / "dist" / "notes.md", revisions.notes(root))
    return 0


def links(arguments: argparse.Namespace, root: Path) -> int:
    """Ask every source whether it still answers; the list goes to dist/links.md."""
    from macros.publish import links
    from macros.specs import load

    sources = load(root / "data").sources
    told = links.markdown(links.look({name: source.url for name, source in sources.items()}))
    _write(root / "dist" / "links.md", told)
    print(told, end="")
    return 0


def watch(arguments: argparse.Namespace, root: Path) -> int:
    """Which locked packages are advised against, yanked or no longer kept; the list goes to dist/watch.md."""
    from datetime import UTC, datetime

    from macros.publish import watch

    told = watch.look(root, datetime.now(UTC).date())
    _write(root / "dist" / "watch.md", told)
    print(told, end="")
    return 0


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")


def declare(command: Declare) -> None:
    """Their options."""
    command("tables", tables)
    of_diff = command("diff", diff)
    of_diff.add_argument("base", help="a branch, tag or commit")
    of_diff.add_argument("--full", action="store_true", help="every change, however many")
    of_diff.add_argument("--report", type=Path, metavar="FOLDER", help="write both sides' tables there as well (base.json, head.json)")
    command("notes", notes)
    command("links", links)
    command("watch", watch)
