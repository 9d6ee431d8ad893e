"""What a machine can say of records and pages, and what records that it agreed."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from macros.commands import Declare, Mistake

INPUTS = ("data", "docs", "macros", "mkdocs.yml", "mkdocs.en.yml", "requirements.txt")


def check(arguments: argparse.Namespace, root: Path) -> int:
    """All that a machine can say about the data and the pages, in seconds; at once where nothing has changed since it found no mistake."""
    from macros.publish.remembered import remembered
    from macros.specs import moment

    # An exception runs out on its day, whether or not anything changes.
    inputs, today = [root / name for name in INPUTS], moment.today().isoformat()
    for line in remembered(root / ".cache", "checked", inputs, lambda: _checked(root), also=today):
        print(line)
    return 0


def _checked(root: Path) -> list[str]:
    """What there is to say of records and pages without a mistake; raises SpecErrors with every mistake in them."""
    import macros.calibrate.plausible
    import macros.estimate.engines.checks
    import macros.formulas.checks  # noqa: F401
    from macros import relations
    from macros.calibrate import store
    from macros.generator import MACROS
    from macros.publish.calculator import formulas_script
    from macros.publish.remembered import remembered
    from macros.publish.site import page_errors
    from macros.render import annotated, equations, lint, palette, rooms, translations, unshown
    from macros.specs import SpecError, SpecErrors, load, moment
    from macros.tables import headlines

    errors: list[SpecError] = []

    def gathered(check: Callable[[], Any]) -> Any:
        """What a check gives; a mistake that stops one stops no other."""
        try:
            return check()
        except SpecErrors as found:
            errors.extend(found.errors)
            if found.readable is not None:
                errors.extend(relations.check(found.readable, moment.today(), alone=True))
        except (UnicodeDecodeError, IsADirectoryError, FileNotFoundError):  # a page that is none, which is told already
            if not errors:
                raise

    catalogue, docs = gathered(lambda: load(root / "data")), root / "docs"
    checks: list[Callable[[], object]] = [
        lambda: errors.extend(page_errors(root, MACROS)),
        lambda: errors.extend(translations.moved(docs)),
        lambda: errors.extend(annotated.untranslated()),
        lambda: errors.extend(unshown.columns(root)),
        lambda: errors.extend(unshown.pages(root)),
        lambda: errors.extend(palette.strangers(root)),
        lambda: errors.extend(rooms.untold()),
        lambda: errors.extend(lint.check(docs, catalogue)),
        lambda: errors.extend(relations.check(catalogue, moment.today()) if catalogue is not None else ()),
        lambda: errors.extend(equations.untold(root)),
        lambda: remembered(root / ".cache", "translated", [root / "macros"], lambda: len(formulas_script(configs=True))),
    ]
    for one in checks:
        gathered(one)
    if errors:
        raise SpecErrors(errors)
    old = headlines.stale(catalogue, moment.today())
    return [*store.due(catalogue), *([old] if old else [])]


def settle(arguments: argparse.Namespace, root: Path) -> int:
    """Record that both languages of a page say the same; without names, of every page whose two languages changed."""
    from macros.render import translations

    done = translations.settle(root / "docs", [name.removeprefix("docs/zh/").removeprefix("docs/en/") for name in arguments.pages])
    print("\n".join(done) or "nothing to settle")
    return 0


def seal(arguments: argparse.Namespace, root: Path) -> int:
    """Hold a record that a program wrote, or that was copied from a document, against what it must agree with, and write its checksum."""
    from macros import relations
    from macros.relations import sealed
    from macros.specs import load

    catalogue, wrong = load(root / "data"), []
    for path in arguments.files:
        kind, name = path.absolute().parent.name, path.stem
        record = catalogue.records.get(kind, {}).get(name)
        if not hasattr(record, "checksum"):
            raise Mistake(f"{path}:1: file: expected a record of {', '.join(sealed.KINDS)}, got none. Fix: name its file")
        slips = [slip for slip in relations.slips(kind, record, catalogue) if slip.at != ("checksum",)]
        wrong += [
            catalogue.error(kind, name, slip.at, slip.expected, slip.got, slip.fix)
            for slip in slips or sealed.seal(path, kind, record, catalogue)
        ]
    if wrong:
        raise Mistake("\n".join(map(str, wrong)))
    print("sealed")
    return 0


def declare(command: Declare) -> None:
    """Their options."""
    command("check", check)
    command("settle", settle).add_argument("pages", nargs="*", metavar="PAGE", help="gpu.md …")
    command("seal", seal).add_argument("files", nargs="+", type=Path, metavar="FILE", help="data/engine-plans/llama-2-7b.yaml …")
