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
from macros.commands.values import NUMBER, WHOLE, read_config_file, read_json, reader
from macros.estimate.question import KEYS, WORDS, Key, check_value
from macros.estimate.refused import Refused
from macros.formulas.units import GIB
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
        found = answering.estimate(question, catalogue, fit=True)
    except Refused as refused:
        raise Mistake("\n".join([str(refused), *_other_mistakes(question, refused, catalogue)])) from None
    print(json.dumps(found, ensure_ascii=False) if arguments.json else _told(found))
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
        yield from sys.stdin
        return
    try:
        with open(name, encoding="utf-8", errors="replace") as lines:
            yield from lines
    except OSError as error:
        raise Refused("batch", "a file of questions", name, str(error.strerror)) from None


def _read(line: str) -> Any:
    """A question; `Infinity` and `NaN`, which configurations hold, are read as Python's json does."""
    try:
        return read_json(line)
    except (ValueError, RecursionError) as error:
        raise Refused("line", "a JSON object", line.strip(), str(error)) from None


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


def _told(found: dict[str, Any]) -> str:
    """An answer for a reader at a terminal."""
    lines = [f"parameters      {found['parameters']:,}"]
    for key in ("weights", "kv_cache", "state", "compute_buffer", "runtime", "total"):
        if key in found:
            lines.append(f"{key:15} {found[key]['bytes'] / GIB:10.3f} GiB")
    for device in found["devices"]:
        usable = device["usable_bytes"] / GIB
        lines.append(f"{device['id']:15} {device['memory_bytes'] / GIB:10.3f} GiB of {usable:.3f} GiB usable, {device['layers']} layers")
    if not found.get("kv_offload", True):
        lines.append(f"{'kv_offload':15} off: the cache is in RAM")
    ram = found["ram"]
    lines.append(f"{'host':15} {ram['bytes'] / GIB:10.3f} GiB of {ram['usable_bytes'] / GIB:.3f} GiB usable")
    lines.append(f"{'fits':15} {'yes' if found['fits'] else 'no'}")
    for key in ("decode", "prefill"):
        if key in found:
            speed = found[key]
            named = ", spilling into RAM" if speed["basis"] == "spilled" else ""
            lines.append(f"{key:15} {speed['tokens_per_second']:10.1f} tokens/s ({speed['low']:.1f} to {speed['high']:.1f}{named})")
    if "users_that_fit" in found:
        some = found["users_at_fill"]
        told = f"{found['users_that_fit']} conversations at full length, {some['users']} at {some['fill']:.0%} of it"
        lines.append(f"{'users that fit':15} {told}")
    if "per_user" in found:
        one = found["per_user"]
        first = f"first token {one['first_token_seconds']:.1f} s, {one['last_first_token_seconds']:.1f} s where all ask at once"
        lines.append(f"{'each user':15} {one['tokens_per_second']:10.1f} tokens/s, {first}")
    if "speculation" in found:
        of = found["speculation"]
        told = f"{of['drafted']} guesses, {of['acceptance']:.0%} accepted; pays from {of['pays_from']:.0%}"
        lines.append(f"{'with guesses':15} {of['tokens_per_second']:10.1f} tokens/s ({of['low']:.1f} to {of['high']:.1f}; {told})")
    if "load" in found:
        lines.append(f"{'load':15} {found['load']['seconds']:10.1f} s")
    if "fit" in found:
        lines.append(_by_itself(found["fit"]))
    lines += [f"warning: {warning}" for warning in found["warnings"]]
    return "\n".join(lines)


def _by_itself(fit: dict[str, Any]) -> str:
    """What the engine does if nothing is said of layers and experts."""
    told = f"{fit['gpu_layers']} layers on devices"
    if fit["layers_with_experts_in_ram"] is not None:
        told += ", experts of layers {} to {} in RAM".format(*fit["layers_with_experts_in_ram"])
    speed = f", {fit['tokens_per_second']:.1f} tokens/s" if fit["fits"] else ", which does not fit"
    return f"{'by itself':15} {told}{speed}"
