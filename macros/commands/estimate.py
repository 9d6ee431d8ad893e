"""`python -m macros estimate`: one question from options, or many from a file, one JSON object a line."""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from macros.commands import Declare, Mistake
from macros.commands.telling import told
from macros.commands.values import MAX_CONFIG_BYTES, NUMBER, WHOLE, read_config_file, read_json, reader
from macros.estimate.question import KEYS, WORDS, Key, check_value
from macros.estimate.refused import Refused, why
from macros.specs import Catalogue, compiled, plain

OTHER_NAMES = {"gpus": "gpu", "batch": "batch-size"}
"""Keys whose option has another name: devices are given one by one, and `--batch` reads a file."""
REPEATED = ("gpus", "override_tensor")
"""Keys whose option is given once for each item."""


def declare(command: Declare, *, whole: bool) -> None:
    """An option for each key of a question, and those that say where questions come from and answers go; unless whole, the name alone."""
    of_estimate = command("estimate", estimate)
    if not whole:
        return
    add = of_estimate.add_argument
    for name, key in KEYS.items():
        option = "--" + OTHER_NAMES.get(name, name).replace("_", "-")
        says = WORDS[name]["says"]["en"].replace("%", "%%")
        if key.kind == "flag":
            on = not key.default
            add(option if on else f"--no-{option[2:]}", dest=name, action="store_const", const=on, help=says)
        elif name in REPEATED:
            add(option, dest=name, action="append", metavar="ID", help=says)
        else:
            add(option, dest=name, type=_reader(name, key), metavar=_metavar(key), help=says)
    add("--here", action="store_true", help="this machine's cards and processor, as its system tells them; other options win")
    add("--json", action="store_true", help="print one JSON object")
    add("--batch", dest="questions", metavar="FILE", help="one JSON object a line, - for standard input; answers one a line")


def _reader(name: str, key: Key) -> Any:
    """What makes a value of the text of an option."""
    if name == "config":
        return Path
    if key.kind == "layers":
        return reader(lambda text: text if text == "auto" else int(text), '"auto" or a whole number')
    if key.kind == "shares":
        return reader(lambda text: [float(part) for part in text.split(",")], "numbers with commas between them")
    return {"whole": WHOLE, "number": NUMBER}.get(key.kind, str)


def _metavar(key: Key) -> str:
    if key.kind == "choice":
        return "{" + ",".join(key.choices) + "}"
    return {"whole": "N", "number": "X", "id": "ID", "layers": "N", "shares": "N,N", "day": "DAY"}.get(key.kind, "VALUE")


def estimate(arguments: argparse.Namespace, root: Path) -> int:
    """Answer one question: which memory and speed a model has on devices."""
    if arguments.questions is not None:
        return _batch(_lines(arguments.questions), _read_all(root))
    # One answer leaves next to nothing that refers to itself: looking for it would take a fifth of the time.
    gc.disable()
    try:
        return _one(arguments, root)
    finally:
        gc.enable()


def _one(arguments: argparse.Namespace, root: Path) -> int:
    question = _question(arguments)
    # What a reader gives beside ids is checked by the forms of records; a file's header by its reader, value by value.
    catalogue = _checked_before(root) if not {"config", "safetensors"} & question.keys() else None
    catalogue = catalogue or _read_all(root)
    from macros.estimate import answering

    if arguments.here:
        from macros.estimate import here

        machine = here.question(here.told(), catalogue)
        print("here: " + ", ".join(f"{name} {value}" for name, value in machine.items()), file=sys.stderr)
        question = machine | question
    try:
        found = answering.estimate(question, catalogue, whole=True)
    except Refused as refused:
        raise Mistake("\n".join([str(refused), *_other_mistakes(question, refused, catalogue)])) from None
    print(json.dumps(found, ensure_ascii=False) if arguments.json else told(found, catalogue))
    return 0


PLAIN: dict[str, Any] = {"model": "llama-3.1-8b", "quant": "q4_k_m", "context": 4096}
"""A question in which no other value can be wrong."""
NAMES = ("model", "quant", "gpus", "cpu", "engine")
"""Keys that are looked at in a question of their own: their values lead to records by more than an id."""
SOURCES = ("model", "config", "safetensors", "gguf", "quant")
"""Keys of which some are needed, but none alone."""


def _other_mistakes(question: Mapping[str, Any], first: Refused, catalogue: Catalogue) -> list[str]:
    """What is wrong with the other values of a refused question, each looked at by itself, and what it lacks."""
    from macros.estimate import check_setting

    told = {first.field: ""}

    def look(of: str, check: Callable[[], object]) -> None:
        try:
            check()
        except Refused as refused:
            if refused.field in of.split() and refused.field not in told:
                told[refused.field] = str(refused)

    for name in (*question, *(name for name, key in KEYS.items() if key.required and name not in question)):
        if name in NAMES:
            look(name, partial(check_setting, {**PLAIN, name: question[name]}, catalogue))
        else:
            look(name, partial(check_value, name, question.get(name), catalogue.records))
    source = {name: question[name] for name in SOURCES if name in question}
    look("model quant", partial(check_setting, {**source, "context": PLAIN["context"]}, catalogue))
    return [mistake for mistake in told.values() if mistake]


def _read_all(root: Path) -> Catalogue:
    from macros.specs import load

    return load(root / "data")


def _checked_before(root: Path) -> Catalogue | None:
    """The records, where they were checked before: then nothing is imported that only checks."""
    plain.enough = plain.alone
    catalogue = compiled.whole(root / "data") if plain.alone else None
    plain.enough = catalogue is not None
    return catalogue


def _question(arguments: argparse.Namespace) -> dict[str, Any]:
    question = {name: value for name, value in vars(arguments).items() if name in KEYS and value is not None}
    if "config" in question:
        question["config"] = read_config_file(question["config"])
    return question


def _lines(name: str) -> Iterator[str]:
    """The lines of a file of questions."""
    if name == "-":
        if sys.stdin is None:
            raise Refused("batch", "questions on standard input", "nothing: it is closed", "name a file")
        yield from _pieces(sys.stdin)
        return
    try:
        with open(name, encoding="utf-8", errors="replace") as lines:
            yield from _pieces(lines)
    except OSError as error:
        raise Refused("batch", "a file of questions", name, f"name one, or - for standard input ({why(error)})") from None


MAX_LINE = 2 * MAX_CONFIG_BYTES
"""No question is longer [letters], whatever configuration it holds."""
ENDLESS = 2**30
"""Letters without the end of a line after which a file is none of questions: a device gives as many as one likes."""


def _pieces(lines: TextIO) -> Iterator[str]:
    """Lines; of one that is too long its first MAX_LINE letters and one more, so that it takes no more memory than others."""
    while line := lines.readline(MAX_LINE + 1):
        yield line
        skipped = 0
        while len(line) > MAX_LINE and not line.endswith("\n"):
            line = lines.readline(MAX_LINE + 1)
            skipped += len(line)
            if skipped > ENDLESS:
                raise Refused("batch", "a question a line", "a line without end", "name a file of questions")


def _read(line: str) -> Any:
    """A question; `Infinity` and `NaN`, which configurations hold, are read as Python's json does."""
    if len(line) > MAX_LINE:
        raise Refused("line", f"at most {MAX_LINE} letters", f"{line[:40]}…", "ask less in one question")
    try:
        return read_json(line)
    except (ValueError, RecursionError) as error:
        raise Refused("line", "a JSON object", line.strip(), f"write one ({why(error)})") from None


def _batch(lines: Iterable[str], catalogue: Catalogue, out: TextIO | None = None) -> int:
    out = sys.stdout if out is None else out
    from macros.estimate import answering

    for line in lines:
        if not line.strip():
            continue
        try:
            found = answering.estimate(_read(line), catalogue)
        except Refused as refused:
            found = {"error": str(refused)}
        # Half of a surrogate pair, which JSON can spell, is no character that can be written.
        print(json.dumps(found, ensure_ascii=False).encode("utf-8", "backslashreplace").decode("utf-8"), file=out, flush=True)
    return 0
