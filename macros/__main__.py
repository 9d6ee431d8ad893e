"""The command line: `python -m macros <command>`. Each command imports what it needs, so that a question is answered fast."""

from __future__ import annotations

import argparse
import errno
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from macros.specs import plain

# The fit solves thousands of small systems: threads cost them more than they give, above all on a shared machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

PACKAGE = Path(__file__).resolve().parent
INSTALLED = (PACKAGE / "data").is_dir()
"""Whether this is the installed package, with the records inside, and not a checkout."""
ROOT = PACKAGE if INSTALLED else PACKAGE.parent
ANYWHERE = ("estimate", "tables")
"""Commands that need nothing but the records."""

Command = Callable[[argparse.Namespace], int]


def check(arguments: argparse.Namespace) -> int:
    """All that a machine can say about the data and the pages, in seconds; at once where nothing has changed since it found no mistake."""
    from macros.publish.remembered import remembered
    from macros.specs import moment

    inputs = [ROOT / name for name in ("data", "docs", "macros", "mkdocs.yml", "mkdocs.en.yml", "requirements.txt")]
    # An exception runs out on its day, whether or not anything changes.
    for line in remembered(ROOT / ".cache", "checked", inputs, _checked, also=moment.today().isoformat()):
        print(line)
    return 0


def _checked() -> list[str]:
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

    catalogue, docs = gathered(lambda: load(ROOT / "data")), ROOT / "docs"
    checks: list[Callable[[], object]] = [
        lambda: errors.extend(page_errors(ROOT, MACROS)),
        lambda: errors.extend(translations.moved(docs)),
        lambda: errors.extend(annotated.untranslated()),
        lambda: errors.extend(unshown.columns(ROOT)),
        lambda: errors.extend(unshown.pages(ROOT)),
        lambda: errors.extend(palette.strangers(ROOT)),
        lambda: errors.extend(rooms.untold()),
        lambda: errors.extend(lint.check(docs, catalogue)),
        lambda: errors.extend(relations.check(catalogue, moment.today()) if catalogue is not None else ()),
        lambda: errors.extend(equations.untold(ROOT)),
        lambda: remembered(ROOT / ".cache", "translated", [ROOT / "macros"], lambda: len(formulas_script(configs=True))),
    ]
    for one in checks:
        gathered(one)
    if errors:
        raise SpecErrors(errors)
    old = headlines.stale(catalogue, moment.today())
    return [*store.due(catalogue), *([old] if old else [])]


def fit(arguments: argparse.Namespace) -> int:
    """Fit the constants of the speed formulas to data/measurements and store them in data/calibration."""
    from macros.calibrate import store
    from macros.specs import load

    catalogue = load(ROOT / "data")
    told = (
        store.due(catalogue) or ["nothing has moved"]
        if arguments.dry_run
        else store.write(catalogue, ROOT / "data", every_row=arguments.rows)
    )
    print("\n".join(told))
    if not arguments.dry_run:
        print("\n".join(store.wholes(load(ROOT / "data"), every_row=arguments.rows)))
    return 0


def import_bench(arguments: argparse.Namespace) -> int:
    """Turn the output of `llama-bench -o json` into rows for data/measurements."""
    from macros.calibrate import import_bench
    from macros.estimate import Refused
    from macros.specs import load
    from macros.specs.record import ID, MAX_ID

    target = ROOT / "data" / "measurements" / f"{arguments.append}.yaml"
    if arguments.append is not None and not (ID.fullmatch(arguments.append) and len(arguments.append) <= MAX_ID and target.exists()):
        print(
            f"{target.name[:MAX_ID]!r}: expected a file of data/measurements, got none. Fix: make new KIND=measurement ID=…",
            file=sys.stderr,
        )
        return 1
    before = "" if arguments.append is None else target.read_text("utf-8")
    catalogue = load(ROOT / "data", without=target if import_bench.without_rows(before) else None)
    try:
        text = arguments.file.read_text("utf-8")
        found = import_bench.rows(text, catalogue, gpu=arguments.gpu, cpu=arguments.cpu, model=arguments.model, quant=arguments.quant)
    except (OSError, UnicodeDecodeError) as error:
        print(f"{arguments.file}: expected a readable file, got {error}. Fix: name the file that llama-bench wrote", file=sys.stderr)
        return 1
    except Refused as refused:
        print(f"{arguments.file}: {refused}", file=sys.stderr)
        return 1
    lines = import_bench.written(found)
    if arguments.append is None:
        print("\n".join(lines))
        return 0
    try:
        target.write_text(import_bench.added(before, lines), "utf-8")
    except Refused as refused:
        print(f"{target.relative_to(ROOT)}: {refused}", file=sys.stderr)
        return 1
    print(f"{target.relative_to(ROOT)}: {len(found)} more in rows; run `make check`, then `python -m macros fit`")
    return 0


def site(arguments: argparse.Namespace) -> int:
    """Build site/: Chinese at the root, English under en/, the numbers for machines under api/."""
    from macros.generator.build import renewed

    renewed()
    return 0


def serve(arguments: argparse.Namespace) -> int:
    """Serve both languages and reload on every edit."""
    import socket

    try:
        if not 0 <= arguments.port <= 65535:
            raise OSError("there is no such port")
        with socket.create_server((arguments.host, arguments.port)):
            pass
    except OSError as error:
        got = f"{arguments.host[:80]}:{arguments.port} ({error})"
        print(f"serve: expected an address of this machine and a free port up to 65535, got {got}. Fix: name others", file=sys.stderr)
        return 1
    from macros.generator.server import serve as until_stopped

    until_stopped(arguments.host, arguments.port)
    return 0


def tables(arguments: argparse.Namespace) -> int:
    """Print every computed table, and the authored keys behind them, as one JSON."""
    from macros.publish import dump
    from macros.specs import SpecErrors, load

    try:
        sys.stdout.write(dump.text(dump.dump(load(ROOT / "data"))))
    except SpecErrors as errors:
        sys.stdout.write(dump.text(dump.failure(errors)))
        raise
    return 0


def diff(arguments: argparse.Namespace) -> int:
    """Print, as Markdown, what changed in the computed tables since a revision."""
    from macros.publish import diff, revisions

    if not arguments.report:  # a report says it in its own words
        try:
            revisions.merge_base(ROOT, arguments.base)
        except revisions.NoSuchRevision as error:
            got = f"'{arguments.base[:80]}' ({error})"
            print(f"diff: expected a branch, tag or commit, got {got}. Fix: name one of this repository", file=sys.stderr)
            return 1
    base, head, code = revisions.dumps(ROOT, arguments.base)
    if arguments.report:
        revisions.write(arguments.report, base, head)
    sys.stdout.write(diff.markdown(base, head, code=code, full=arguments.full))
    return 0 if "tables" in head else 1


def _unbuilt(site: Path) -> bool:
    """Whether there is no built site, of which the editions are made; told if so."""
    lacking = [name for name in ("index.html", "en/index.html", "api/v1/tables/index.json") if not (site / name).is_file()]
    if lacking:
        print(f"{site.name}: expected a built site, got one without {lacking[0]}. Fix: make site", file=sys.stderr)
    return bool(lacking)


def pdf(arguments: argparse.Namespace) -> int:
    """Set the built site as a PDF, in each language."""
    from macros.publish import pdf
    from macros.publish.edition import edition
    from macros.publish.typesetting import CannotSet
    from macros.specs import load

    try:
        pdf.fonts()
        if not arguments.check:
            if _unbuilt(ROOT / "site"):
                return 1
            pdf.write(ROOT / "site", ROOT / "dist", edition(ROOT, load(ROOT / "data")))
    except CannotSet as error:
        print(f"make pdf: {error}", file=sys.stderr)
        return 1
    return 0


def offline(arguments: argparse.Namespace) -> int:
    """Pack the built site as a copy that opens from a folder."""
    from macros.publish import offline
    from macros.publish.archive import write_zip
    from macros.publish.edition import NAME, edition
    from macros.specs import load

    if _unbuilt(ROOT / "site"):
        return 1
    now = edition(ROOT, load(ROOT / "data"))
    inside = offline.files(ROOT / "site", now.version)
    write_zip({f"{NAME}/{name}": content for name, content in inside.items()}, ROOT / "dist" / f"{NAME}-offline.zip", now.timestamp)
    return 0


def release(arguments: argparse.Namespace) -> int:
    """Collect what a release has: both PDFs, the offline copy, the data, and their checksums."""
    from macros.publish import sbom
    from macros.publish.archive import write_zip
    from macros.publish.edition import NAME, edition, write_checksums
    from macros.specs import load

    if _unbuilt(ROOT / "site"):
        return 1
    now = edition(ROOT, load(ROOT / "data"))
    data = ROOT / "site" / "api" / "v1"
    files = {f"api/v1/{path.relative_to(data).as_posix()}": path.read_bytes() for path in sorted(data.rglob("*")) if path.is_file()}
    dist = ROOT / "dist"
    write_zip(files, dist / f"{NAME}-data.zip", now.timestamp)
    (dist / "sbom.cdx.json").write_text(sbom.text((ROOT / "requirements.txt").read_text("utf-8"), now.version, now.timestamp), "utf-8")
    (dist / "third-party.txt").write_bytes((ROOT / "docs" / "theme" / "third-party.txt").read_bytes())
    made = [dist / "sbom.cdx.json", dist / "third-party.txt"]
    write_checksums([*dist.glob("*.pdf"), *dist.glob("*.zip"), *made], dist / "SHA256SUMS")
    return 0


def new(arguments: argparse.Namespace) -> int:
    """Make an empty record to fill in: `new gpu rtx-6090`; of a model from its config.json or its GGUF file."""
    from macros.publish import new_record

    if not arguments.config and not arguments.gguf:
        print(f"{new_record.write(ROOT, arguments.kind, arguments.id).relative_to(ROOT)}: fill it in, then `make check`")
        return 0
    from datetime import UTC, datetime

    from macros.estimate.command import read_config_file
    from macros.estimate.config_json import read
    from macros.estimate.files.model import file_model, numbered
    from macros.estimate.files.read import read_gguf
    from macros.estimate.notices import sentence
    from macros.estimate.refused import Refused
    from macros.publish import new_model
    from macros.specs import load

    catalogue, path = load(ROOT / "data"), arguments.config or arguments.gguf
    said: dict[str, Any] = {}
    tokenizer = ""
    try:
        if arguments.config:
            config = read_config_file(path)
            reading = read(config, catalogue)
            shapes, notices, repository = reading.architecture, list(reading.notices), new_model.repository_of(config, arguments.repository)
        else:
            header = read_gguf(path, numbered(catalogue.tensor_types))
            model = file_model(header, catalogue.tensor_types, catalogue.architectures)
            said = new_model.said_in_file(header.values, catalogue)
            tokenizer = str(header.values.get("tokenizer.ggml.model", ""))
            shapes, notices, repository = model.architecture, list(model.notices), arguments.repository or said.get("hugging_face")
    except Refused as error:
        print(f"{path}:1: file: {error}", file=sys.stderr)
        return 1
    name = arguments.id or (repository or "").rpartition("/")[2].lower().replace("_", "-")
    if repository:
        said["hugging_face"] = repository
    made = new_model.record(shapes, repository, name, catalogue, said)
    if "family" not in made:
        family = new_record.write(ROOT, "family", name, new_model.family(made, tokenizer))
        made["family"] = name
        print(f"{family.relative_to(ROOT)}: no listed model has this vocabulary, so it is a family of its own")
    written = new_record.write(ROOT, arguments.kind, name, made)
    if repository:
        file = "config.json" if arguments.config else path.name
        print(f"data/sources.yaml: {new_model.cite(ROOT, repository, datetime.now(UTC).date(), file)}")
    for notice in notices:
        print(sentence({"code": notice.code, "values": notice.values}, catalogue))
    print(f"{written.relative_to(ROOT)}: look through it, then `make check`")
    return 0


def what_runs(arguments: argparse.Namespace) -> int:
    """Say which models of today a machine should run: by the rule of the home page."""
    import json

    from macros.estimate import Refused
    from macros.specs import load
    from macros.tables import what_runs

    catalogue = load(ROOT / "data")
    try:
        found = what_runs.of_machine(catalogue, gpu=arguments.gpu, memory_gib=arguments.memory_gib, ram_gib=arguments.ram_gib)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 1
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    for row in found:
        name, speed = catalogue.models[row["model"]].name, f"{row['low']:.0f}-{row['high']:.0f} tokens/s"
        beside = f", {row['ram']:.1f} GiB of experts in RAM" if "ram" in row else ""
        print(f"{name:32} {row['quant']:10} {row['need']:6.1f} GiB  {speed:>18}  context up to {row['context']:,}{beside}")
    if not found:
        print("no model of today fits with a useful context at reading speed")
    return 0


def what_needs(arguments: argparse.Namespace) -> int:
    """Say which common devices run a model at a speed with a context, least memory first."""
    import json

    from macros.estimate import Refused
    from macros.specs import load
    from macros.tables import planning

    catalogue = load(ROOT / "data")
    try:
        found = planning.what_needs(catalogue, arguments.model, tokens_per_second=arguments.tokens_per_second, context=arguments.context)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 1
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    for row in found:
        ram = f", {row['ram']} GiB of RAM" if row["ram"] else ""
        print(f"{catalogue.gpus[row['gpu']].name:32} {row['memory']:5.0f} GiB  {row['way']:8} {row['decode']:7.1f} tokens/s{ram}")
    if not found:
        print("none of the common devices does")
    return 0


def compare(arguments: argparse.Namespace) -> int:
    """Put two devices, or two models, side by side."""
    from macros.estimate import Refused
    from macros.specs import load
    from macros.tables import planning

    try:
        frame = planning.compare(load(ROOT / "data"), arguments.one, arguments.other)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 1
    print(frame.to_json(orient="records") if arguments.json else frame.to_string(index=False, na_rep="-", float_format="{:.1f}".format))
    return 0


def schema(arguments: argparse.Namespace) -> int:
    """Write the JSON Schema of each kind of record to dist/schema, for editors."""
    from macros.publish import new_record

    print("\n".join(str(path.relative_to(ROOT)) for path in new_record.write_schemas(ROOT)))
    return 0


def settle(arguments: argparse.Namespace) -> int:
    """Record that both languages of a page say the same; without names, of every page whose two languages changed."""
    from macros.render import translations

    done = translations.settle(ROOT / "docs", [name.removeprefix("docs/zh/").removeprefix("docs/en/") for name in arguments.pages])
    print("\n".join(done) or "nothing to settle")
    return 0


def seal(arguments: argparse.Namespace) -> int:
    """Hold a record that a program wrote, or that was copied from a document, against what it must agree with, and write its checksum."""
    from macros import relations
    from macros.relations import sealed
    from macros.specs import load

    catalogue, wrong = load(ROOT / "data"), []
    for path in arguments.files:
        kind, name = path.absolute().parent.name, path.stem
        record = catalogue.records.get(kind, {}).get(name)
        if not hasattr(record, "checksum"):
            print(f"{path}:1: file: expected a record of {', '.join(sealed.KINDS)}, got none. Fix: name its file", file=sys.stderr)
            return 1
        slips = [slip for slip in relations.slips(kind, record, catalogue) if slip.at != ("checksum",)]
        wrong += [
            catalogue.error(kind, name, slip.at, slip.expected, slip.got, slip.fix)
            for slip in slips or sealed.seal(path, kind, record, catalogue)
        ]
    print("\n".join(map(str, wrong)) or "sealed", file=sys.stderr if wrong else sys.stdout)
    return 1 if wrong else 0


def _written(name: str, text: str) -> str:
    """A text that goes to a file under dist as well."""
    target = ROOT / "dist" / name
    target.parent.mkdir(exist_ok=True)
    target.write_text(text, "utf-8")
    return text


def links(arguments: argparse.Namespace) -> int:
    """Ask every source whether it still answers; the list goes to dist/links.md."""
    from macros.publish import links
    from macros.specs import load

    sources = load(ROOT / "data").sources
    print(_written("links.md", links.markdown(links.look({name: source.url for name, source in sources.items()}))), end="")
    return 0


def watch(arguments: argparse.Namespace) -> int:
    """Which locked packages are advised against, yanked or no longer kept; the list goes to dist/watch.md."""
    from datetime import UTC, datetime

    from macros.publish import watch

    print(_written("watch.md", watch.look(ROOT, datetime.now(UTC).date())), end="")
    return 0


def notes(arguments: argparse.Namespace) -> int:
    """Write which computed values changed since the last release to dist/notes.md."""
    from macros.publish import revisions

    _written("notes.md", revisions.notes(ROOT))
    return 0


def estimate(arguments: argparse.Namespace) -> int:
    """Answer one question: which memory and speed a model has on devices."""
    from macros.estimate import command

    return command.run(arguments, ROOT)


def bench(arguments: argparse.Namespace) -> int:
    """How fast this machine computes the sizes of all models, and estimates in columns."""
    from macros.estimate import columns
    from macros.specs import load

    for line in columns.bench(load(ROOT / "data")):
        print(line)
    return 0


def configs(arguments: argparse.Namespace) -> int:
    """Compare counts that a library printed of its classes with what the guide reads, and keep the result in data/library-classes."""
    from datetime import UTC, datetime

    from macros.calibrate import configurations
    from macros.estimate import Refused
    from macros.specs import load

    try:
        version, _ = configurations.printed(arguments.file)
        written = configurations.write(arguments.file, ROOT, load(ROOT / "data"), version, datetime.now(UTC).date())
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 1
    print(written.relative_to(ROOT))
    return 0


def parser(argv: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """Every command and its options; of `estimate` only where the arguments name it."""
    from macros.estimate.command import NUMBER, WHOLE, options

    top = argparse.ArgumentParser(
        prog="llm-hardware" if INSTALLED else "python -m macros", description="Which hardware runs which open LLM, how fast, and why."
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Command) -> argparse.ArgumentParser:
        lines = (run.__doc__ or "").splitlines()
        made = commands.add_parser(name, help=lines[0], description=lines[0])
        made.set_defaults(run=run)
        return made

    command("check", check)
    command("bench", bench)
    of_estimate = command("estimate", estimate)
    if argv is None or "estimate" in argv:  # which declares many
        options(of_estimate)
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
    command("tables", tables)
    command("links", links)
    of_new = command("new", new)
    of_new.add_argument("kind", help="gpu, cpu, model, measurement … (a folder of data/)")
    of_new.add_argument("id", nargs="?", default="", help="what the file will be called: a-z, 0-9, hyphen, dot")
    of_new.add_argument("--config", type=Path, help="for a model: its Hugging Face config.json, from which the record is filled")
    of_new.add_argument("--gguf", type=Path, help="for a model: its GGUF file, from which the record is filled instead")
    of_new.add_argument("--repository", metavar="OWNER/NAME", help="where that lies on Hugging Face, if the file does not say it")
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
    command("configs", configs).add_argument("file", type=Path, help="JSON lines of tools/configurations/count.py")
    command("schema", schema)
    command("settle", settle).add_argument("pages", nargs="*", metavar="PAGE", help="gpu.md …")
    command("seal", seal).add_argument("files", nargs="+", type=Path, metavar="FILE", help="data/engine-plans/llama-2-7b.yaml …")
    command("notes", notes)
    command("watch", watch)
    of_diff = command("diff", diff)
    of_diff.add_argument("base", help="a branch, tag or commit")
    of_diff.add_argument("--full", action="store_true", help="every change, however many")
    of_diff.add_argument("--report", type=Path, metavar="FOLDER", help="write both sides' tables there as well (base.json, head.json)")
    command("site", site)
    made = command("serve", serve)
    made.add_argument("--host", default="127.0.0.1")
    made.add_argument("--port", type=WHOLE, default=8000)
    command("pdf", pdf).add_argument("--check", action="store_true", help="only look whether everything that it needs is there")
    command("offline", offline)
    command("release", release)
    return top


def _unheard() -> int:
    """Nobody reads on: what is still waiting to be written goes nowhere, so that the interpreter ends without a word."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


NO_ROOM = {errno.ENOSPC, errno.EIO, errno.EBADF, errno.EROFS, errno.EACCES, errno.EPERM, errno.EDQUOT, errno.EFBIG}
"""What a disk or a folder says that takes nothing more."""


def _stop(number: int, frame: object) -> None:
    """A command that is told to end tidies up like one that is interrupted."""
    raise KeyboardInterrupt


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; a user's mistake is one line on stderr and exit code 1, never a traceback."""
    from macros.specs import moment
    from macros.specs.errors import SpecErrors

    given = sys.argv[1:] if argv is None else argv
    if empty := next((one for one in given if re.fullmatch(r"--[a-z-]+=--", one)), None):  # argparse makes a list of nothing of it
        print(f"{empty[:-3]}: expected a value, got '--'. Fix: name one", file=sys.stderr)
        return 2
    arguments = parser(given).parse_args(given)
    if sys.stdout is None:
        print("output: expected a place for the answer, got none: standard output is closed. Fix: open it", file=sys.stderr)
        return 1
    if INSTALLED and arguments.command not in ANYWHERE:
        expected = f"{arguments.command}: expected a checkout of the guide, got the installed package, which has its records only."
        print(f"{expected} Fix: run `python -m macros {arguments.command}` there", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, _stop)
    if os.environ.get("SOURCE_DATE_EPOCH") == "":
        del os.environ["SOURCE_DATE_EPOCH"]  # the generator would read it as a number
    try:
        moment.stated()
        run: Command = arguments.run
        return run(arguments)
    except SpecErrors as errors:
        print(errors.report(), file=sys.stderr)
        return 1
    except BrokenPipeError:
        return _unheard()
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        where = error.filename or "output"
        print(f"{where}: expected room and leave to write, got: {error.strerror}. Fix: make room, or write elsewhere", file=sys.stderr)
        return _unheard()
    except RuntimeError as error:
        from concurrent.futures import BrokenExecutor

        if not isinstance(error, BrokenExecutor):
            raise
        got = "one was ended from outside: by hand, or by the system for want of memory"
        print(f"{arguments.command}: expected its processes to end by themselves, got: {got}. Fix: run it again", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


def program() -> int:
    """The same as a program of its own, which ends with it."""
    plain.alone = True
    try:
        return main()
    except KeyboardInterrupt:  # while a command's own modules are still being read
        return 130


if __name__ == "__main__":
    sys.exit(program())
