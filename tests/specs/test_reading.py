"""Reading data/: one bad record for each rule, and the words in which it is told."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import ClassVar, Literal

import pytest

from macros.specs import SpecErrors, catalogue
from macros.specs.catalogue import load, sources_are_used, sources_resolve
from macros.specs.errors import SpecError
from macros.specs.kinds import SINGLE_FILES
from macros.specs.quantities import GigabytesPerSecond, Watts
from macros.specs.record import Plain, Record, Strict, Text
from macros.specs.sources import Source

ROOT = Path(__file__).resolve().parents[2]


class Port(Strict):
    """A part of a thing."""

    lanes: int
    """How many."""


class Thing(Record):
    """A record of a kind that no room owns, so that these tests stand on their own."""

    SOURCE_GROUPS: ClassVar[dict[str, tuple[str, ...]]] = {"power": ("tdp_w", "idle_w")}

    name: Plain
    """Name."""
    kind: Literal["card", "chip"]
    """Sort."""
    bandwidth_gb_per_s: GigabytesPerSecond
    """Bandwidth [GB/s]."""
    tdp_w: Watts
    """Power [W]."""
    idle_w: Watts | None
    """Power at rest [W]."""
    released: date | None
    """Day."""
    notes: Text | None
    """What else."""
    ports: list[Port]
    """Ports."""


GOOD = """\
name: Thing One
kind: card
bandwidth_gb_per_s: 936.2
tdp_w: 350
idle_w: null
released: 2020-09-24
notes: {zh: 一句话, en: A sentence}
ports:
  - lanes: 16
sources:
  bandwidth_gb_per_s: [vendor-page]
  power: [vendor-page]
  ports: [vendor-page]
"""
SOURCES = """\
vendor-page:
  title: A page
  publisher: A vendor
  url: https://vendor.example/thing
  accessed: 2026-01-02
  kind: vendor
"""


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "KINDS", {"things": Thing})
    monkeypatch.setattr(catalogue, "SINGLE_FILES", {"sources": Source})
    monkeypatch.setattr(catalogue, "CHECKS", [sources_resolve, sources_are_used])
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)


def write(folder: Path, thing: str | bytes = GOOD, sources: str | bytes = SOURCES, name: str = "thing-1.yaml") -> Path:
    data = folder / "data"
    (data / "things").mkdir(parents=True, exist_ok=True)
    for path, text in ((data / "things" / name, thing), (data / "sources.yaml", sources)):
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return data


def told(data: Path) -> list[str]:
    """Every mistake as it is printed."""
    with pytest.raises(SpecErrors) as found:
        load(data)
    return [str(error) for error in found.value.errors]


def test_a_good_record_reads(tmp_path: Path):
    """Typed, and under its file's name."""
    things = load(write(tmp_path)).things
    assert things["thing-1"].bandwidth_gb_per_s == 936.2
    assert things["thing-1"].released == date(2020, 9, 24)
    assert things["thing-1"].notes["zh"] == "一句话"


def instead(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


BAD: dict[str, tuple[str | bytes, str]] = {
    "not YAML": (instead("ports:\n", "ports: [\n"), "thing-1.yaml:9: file: expected well-formed YAML, got "),
    "a tab": (
        instead("name: Thing One", "name:\tThing\n\tOne"),
        "thing-1.yaml:2: file: expected well-formed YAML, got found a tab character that violates indentation. Fix: ",
    ),
    "missing key": (
        instead("tdp_w: 350\n", ""),
        "thing-1.yaml:1: tdp_w: expected the key `tdp_w`, got none. Fix: add `tdp_w:` (its value; a record without it cannot be used)",
    ),
    "missing inner key": (instead("- lanes: 16", "- {}"), "thing-1.yaml:9: ports.0.lanes: expected the key `lanes`, got none."),
    "unknown key": (
        instead("tdp_w: 350\n", "tdp_w: 350\nidle: 9\n"),
        "thing-1.yaml:5: idle: expected a key of this record, got an unknown key. Fix: ",
    ),
    "misspelt key": (
        instead("bandwidth_gb_per_s: 936.2", "bandwith_gb_per_s: 936.2"),
        "thing-1.yaml:3: bandwith_gb_per_s: expected a key of this record, got an unknown key. Fix: write 'bandwidth_gb_per_s'",
    ),
    "unknown inner key": (
        instead("lanes: 16", "lanes: 16\n    lane: 1"),
        "thing-1.yaml:10: ports.0.lane: expected a key of this record, got an unknown key",
    ),
    "text for a number": (
        instead("936.2", '"936.2 GB/s"'),
        "thing-1.yaml:3: bandwidth_gb_per_s: expected a valid number, got '936.2 GB/s' (str). Fix: ",
    ),
    "number for text": (instead("Thing One", "3090"), "thing-1.yaml:1: name: expected a valid string, got 3090 (int)"),
    "yes for text": (instead("Thing One", "yes"), "thing-1.yaml:1: name: expected a valid string, got True (bool)"),
    "yes for a number": (instead("tdp_w: 350", "tdp_w: yes"), "thing-1.yaml:4: tdp_w: expected a valid number, got True (bool)"),
    "fraction for a count": (
        instead("lanes: 16", "lanes: 1.5"),
        "thing-1.yaml:9: ports.0.lanes: expected a valid integer, got 1.5 (float)",
    ),
    "mapping for a list": (
        instead("ports:\n  - lanes: 16", "ports: {lanes: 16}"),
        "thing-1.yaml:8: ports: expected a valid list, got {'lanes': 16} (dict)",
    ),
    "not a number": (
        instead("936.2", ".nan"),
        "thing-1.yaml:3: bandwidth_gb_per_s: expected a finite number, got nan. Fix: write the number, or null",
    ),
    "infinity": (instead("350", ".inf"), "thing-1.yaml:4: tdp_w: expected a finite number, got inf"),
    "another unit": (
        instead("936.2", "936200000000"),
        "thing-1.yaml:3: bandwidth_gb_per_s: expected less than or equal to 50000, got 936200000000 (int)",
    ),
    "negative": (instead("350", "-350"), "thing-1.yaml:4: tdp_w: expected greater than or equal to 0.001, got -350 (int)"),
    "null": (instead("tdp_w: 350", "tdp_w: null"), "thing-1.yaml:4: tdp_w: expected a valid number, got None (NoneType)"),
    "not of the list": (
        instead("kind: card", "kind: cards"),
        "thing-1.yaml:2: kind: expected 'card' or 'chip', got 'cards'. Fix: write 'card'",
    ),
    "no such day": (
        instead("2020-09-24", "2020-13-24"),
        "thing-1.yaml:6: released: expected a number or a day that there is, got '2020-13-24'. Fix: ",
    ),
    "day as text": (instead("2020-09-24", "'2020-09-24'"), "thing-1.yaml:6: released: expected a valid date, got '2020-09-24' (str)"),
    "one language": (
        instead("{zh: 一句话, en: A sentence}", "{en: A sentence}"),
        "thing-1.yaml:7: notes.zh: expected the key `zh`, got none",
    ),
    "bare text": (
        instead("{zh: 一句话, en: A sentence}", "A sentence"),
        "thing-1.yaml:7: notes: expected text in both languages, {zh: …, en: …}, got 'A sentence' (str)",
    ),
    "second key": (
        instead("tdp_w: 350", "tdp_w: 350\ntdp_w: 400"),
        "thing-1.yaml:5: tdp_w: expected each key once, got a second one. Fix: remove one of the two",
    ),
    "second inner key": (
        instead("lanes: 16", "lanes: 16\n    lanes: 8"),
        "thing-1.yaml:10: ports.0.lanes: expected each key once, got a second one",
    ),
    "alias of a mapping": (
        instead("  - lanes: 16", "  - &a\n    lanes: 16\n  - *a"),
        "thing-1.yaml:11: ports.1: expected a value written out, got an alias (*). Fix: write the value again",
    ),
    "alias of a number": (
        instead("350\nidle_w: null", "&w 350\nidle_w: *w"),
        "thing-1.yaml:5: idle_w: expected a value written out, got an alias (*). Fix: write the value again",
    ),
    "merge key": (
        instead("  - lanes: 16", "  - &a\n    lanes: 16\n  - {<<: *a}"),
        "ports.1: expected a value written out, got a merge (<<). Fix: write the keys again",
    ),
    "number as key": (GOOD + "7: x\n", "thing-1.yaml:14: 7: expected a text key, got 7. Fix: quote it: '7'"),
    "list as key": (GOOD + "? [a]\n: x\n", "thing-1.yaml:14: file: expected a text key, got a list or mapping. Fix: write a plain word"),
    "a tag": (
        instead("936.2", "!!python/name:os.system x"),
        "thing-1.yaml:3: file: expected well-formed YAML, got could not determine a constructor",
    ),
    "a tag on a list": (
        instead("ports:\n", "ports: !!python/tuple\n"),
        "thing-1.yaml:8: ports: expected a value without a tag, got '!!python/tuple'",
    ),
    "two documents": (GOOD + "---\n" + GOOD, "file: expected well-formed YAML, got but found another document"),
    "another encoding": (GOOD.encode("gb18030"), "thing-1.yaml:7: file: expected UTF-8 text, got byte 0xbe. Fix: save the file as UTF-8"),
    "two bytes a character": (GOOD.encode("utf-16"), "thing-1.yaml:1: file: expected UTF-8 text, got byte 0xff"),
    "a control character": (instead("Thing One", "Thing\x07One"), "thing-1.yaml:1: file: expected well-formed YAML, got "),
    "an escaped control character": (
        instead("Thing One", '"Thing\\u0007One"'),
        "thing-1.yaml:1: name: expected plain text, got a control character. Fix: remove it",
    ),
    "markup": (
        instead("Thing One", "Thing <b>One</b>"),
        "thing-1.yaml:1: name: expected plain text, got '<' in it. Fix: say it without markup",
    ),
    "a template": (
        instead("Thing One", "'{{ config.extra }}'"),
        "thing-1.yaml:1: name: expected plain text, got '{' in it. Fix: say it without markup",
    ),
    "a template's block": (instead("一句话", "'{% raw %}'"), "thing-1.yaml:7: notes.zh: expected plain text, got '{' in it"),
    "a code span": (instead("Thing One", "'Thing `One`'"), "thing-1.yaml:1: name: expected plain text, got '`' in it"),
    "text that turns around": (
        instead("Thing One", '"Thing \\u202eenO"'),
        "thing-1.yaml:1: name: expected plain text, got a control character. Fix: remove it",
    ),
    "no text": (
        instead("Thing One", "' '"),
        "thing-1.yaml:1: name: expected text, got an empty string. Fix: write it, or null where the key allows it",
    ),
    "too long": (instead("Thing One", "x" * 2001), "thing-1.yaml:1: name: expected at most 2000 characters, got 'xxx"),
    "empty": (
        "",
        "thing-1.yaml:1: file: expected a mapping of keys to values, got an empty file. Fix: write the record or delete the file",
    ),
    "only a comment": ("# later\n", "thing-1.yaml:1: file: expected a mapping of keys to values, got an empty file"),
    "a list": ("- a\n", "thing-1.yaml:1: file: expected a mapping of keys to values, got a list. Fix: write `key: value` lines"),
    "a word": (
        "later\n",
        "thing-1.yaml:1: file: expected a mapping of keys to values, got a text or a number. Fix: write `key: value` lines",
    ),
    "an id of its own": (
        "id: other\n" + GOOD,
        "thing-1.yaml:1: id: expected a key of this record, got an unknown key. Fix: remove it: the file's name is the id",
    ),
    "large": (GOOD + "#" * 2**20, "thing-1.yaml:1: file: expected at most 1048576 bytes, got 10"),
    "deep": (
        GOOD + "deep: " + "[" * 500 + "]" * 500,
        "thing-1.yaml:14: deep: expected at most 20 levels of nesting, got more. Fix: write it flatter",
    ),
    "deep enough to crash a parser": (
        GOOD + "deep: " + "[" * 200_000,
        "thing-1.yaml:1: file: expected at most 20 levels of nesting, got more.",
    ),
    "deep by dashes": (GOOD + "deep:\n" + "- " * 200_000 + "a", "thing-1.yaml:1: file: expected at most 20 levels of nesting, got more."),
    "sixty for a colon": (
        instead("350", "5:50"),
        "thing-1.yaml:4: tdp_w: expected a decimal number, got '5:50'. Fix: write it in plain digits",
    ),
    "eight for a zero": (instead("350", "0350"), "thing-1.yaml:4: tdp_w: expected a decimal number, got '0350'."),
    "sixteen": (instead("350", "0x15E"), "thing-1.yaml:4: tdp_w: expected a decimal number, got '0x15E'."),
    "two": (instead("350", "0b11"), "thing-1.yaml:4: tdp_w: expected a decimal number, got '0b11'."),
    "underscores": (instead("350", "3_50"), "thing-1.yaml:4: tdp_w: expected a decimal number, got '3_50'."),
    "underscores in a fraction": (
        instead("936.2", "9_36.2"),
        "thing-1.yaml:3: bandwidth_gb_per_s: expected a decimal number, got '9_36.2'.",
    ),
    "sixty in a fraction": (instead("936.2", "15:36.2"), "thing-1.yaml:3: bandwidth_gb_per_s: expected a decimal number, got '15:36.2'."),
    "a bell": (instead("A sentence", "A\x07sentence"), "thing-1.yaml:7: file: expected well-formed YAML, got unacceptable"),
    "a very long number": (instead("350", "9" * 5000), "thing-1.yaml:4: tdp_w: expected a number or a day that there is, got '9999"),
    "source that is none": (
        instead("power: [vendor-page]", "power: [vendor-pag]"),
        "thing-1.yaml:12: sources.power.0: expected the id of a source in data/sources.yaml, got 'vendor-pag'. Fix: ",
    ),
    "number without a source": (
        instead("  power: [vendor-page]\n", ""),
        "thing-1.yaml:4: tdp_w: expected a source for this number, got none. Fix: add `tdp_w:` under `sources:`",
    ),
    "inner number without a source": (
        instead("  ports: [vendor-page]\n", ""),
        "thing-1.yaml:9: ports.0.lanes: expected a source for this number, got none.",
    ),
    "source of nothing": (
        instead("  power: [vendor-page]", "  power: []"),
        "thing-1.yaml:12: sources.power: expected at least one source, got none. Fix: ",
    ),
    "source of no field": (
        instead("  ports: [", "  port: [vendor-page]\n  ports: ["),
        "thing-1.yaml:13: sources.port: expected a field or group of this record, got 'port'. Fix: write 'ports'",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_record_is_told(tmp_path: Path, case: str):
    """File, line, key, what was expected, what stands there, and how to mend it."""
    text, message = BAD[case]
    found = told(write(tmp_path, text))
    assert any(message in line for line in found), "\n".join(found)
    assert all(re.fullmatch(r"data/(things/thing-1|sources)\.yaml:\d+: \S.*: expected .+, got .*\. Fix: .+", line) for line in found), found


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        (
            SOURCES + SOURCES.replace("vendor-page", "other"),
            "sources.yaml:7: other: expected a source that some record cites, got an unused one. Fix: cite it or remove it",
        ),
        (SOURCES.replace("https://vendor.example/thing", "http://vendor.example"), "sources.yaml:4: vendor-page.url: expected "),
        (SOURCES.replace("https://vendor.example/thing", "javascript:alert(1)"), "sources.yaml:4: vendor-page.url: expected "),
        (SOURCES.replace("A page", "<script>"), "sources.yaml:2: vendor-page.title: expected plain text, got '<' in it"),
        (SOURCES.replace("  kind: vendor\n", ""), "sources.yaml:1: vendor-page.kind: expected the key `kind`, got none"),
        (
            SOURCES.replace("vendor-page:", "Vendor Page:"),
            "sources.yaml:1: Vendor Page: expected an id (a-z, 0-9, hyphen, dot), got Vendor Page. Fix: rename it",
        ),
        ("- a\n", "sources.yaml:1: file: expected a mapping of keys to values, got a list"),
        ("", "sources.yaml:1: file: expected a mapping of keys to values, got an empty file"),
        ("vendor-page: word\n", "sources.yaml:1: vendor-page: expected "),
    ],
    ids=range(9),
)
def test_bad_sources_are_told(tmp_path: Path, sources: str, message: str):
    """The one file of many small records."""
    found = told(write(tmp_path, sources=sources))
    assert any(message in line for line in found), "\n".join(found)


@pytest.mark.parametrize(
    "name", ["Thing-1.yaml", "thing 1.yaml", "thing-1.yml", ".thing.yaml", "thing-1.json", "ｔhing.yaml", "-x.yaml", "a\nb.yaml"]
)
def test_a_bad_file_name_is_told(tmp_path: Path, name: str):
    """The name is the id."""
    (line,) = [line for line in told(write(tmp_path, name=name)) if "rename the file" in line]
    assert "expected a name like rtx-3090.yaml (a-z, 0-9, hyphen, dot)" in line
    assert "\n" not in line


def test_an_unknown_folder_or_file_is_told(tmp_path: Path):
    """With the nearest that there is."""
    data = write(tmp_path)
    (data / "thing").mkdir()
    (data / "note.txt").write_text("x")
    found = told(data)
    assert "data/thing:1: thing: expected a kind of record, got an unknown folder. Fix: write 'things'" in found
    assert any(line.startswith("data/note.txt:1: note.txt: expected a kind of record") for line in found)


UNREADABLE: dict[str, Callable[[Path], object]] = {
    "a folder": lambda path: path.mkdir(),
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_is_no_file_is_told(tmp_path: Path, case: str):
    """No traceback."""
    data = write(tmp_path)
    UNREADABLE[case](data / "things" / "thing-2.yaml")
    (line,) = told(data)
    assert line.startswith("data/things/thing-2.yaml:1: file: expected a plain file, got ")


def test_a_kind_that_is_a_file_and_missing_sources_are_told(tmp_path: Path):
    """The folders themselves."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "things").write_text("x")
    found = told(data)
    assert "data/sources.yaml:1: file: expected sources.yaml, got nothing. Fix: restore the file" in found
    assert "data/things:1: things: expected a folder, got a file. Fix: make it a folder of records" in found


def test_all_mistakes_are_told_at_once_and_in_order(tmp_path: Path):
    """Of all files, sorted by file and line, and counted."""
    data = write(tmp_path, GOOD.replace("936.2", "fast").replace("350", "much").replace("card", "cards"))
    write(tmp_path, GOOD.replace("16", "x16"), name="thing-2.yaml")
    with pytest.raises(SpecErrors) as found:
        load(data)
    lines = found.value.report().splitlines()
    assert [line.split(": expected")[0] for line in lines[:-1]] == [
        "data/things/thing-1.yaml:2: kind",
        "data/things/thing-1.yaml:3: bandwidth_gb_per_s",
        "data/things/thing-1.yaml:4: tdp_w",
        "data/things/thing-2.yaml:9: ports.0.lanes",
    ]
    assert lines[-1] == "4 errors"


def test_annotations_cannot_be_made_by_a_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A workflow reads commands from lines that begin with two colons: a name or a value begins none."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    data = write(tmp_path, instead("kind: card", 'kind: "x\\n::set-env name=A::b\\r%0A,:"'), name="thing-1.yaml")
    write(tmp_path, GOOD, name="a,b:c%.yaml")
    with pytest.raises(SpecErrors) as found:
        load(data)
    lines = found.value.report().splitlines()
    commands = [line for line in lines if line.startswith("::")]
    assert len(commands) == len(found.value.errors) == 2
    assert all(line.startswith("::error file=data/things/") for line in commands)
    assert "::error file=data/things/a%2Cb%3Ac%25.yaml,line=1::file: expected a name like" in commands[0]
    assert "\\n::set-env" in commands[1]


def test_an_annotation_escapes_what_separates():
    """As the runner's own toolkit does."""
    error = SpecError("a,b:c.yaml", 3, "k\r\n::x", "50 %", "x\ny", "z")
    assert error.annotation() == "::error file=a%2Cb%3Ac.yaml,line=3::k%0D%0A::x: expected 50 %25, got x%0Ay. Fix: z"
    assert len(str(error).splitlines()) == 1


def test_an_unchanged_file_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """And a changed one is, even to the same length."""
    data = write(tmp_path)
    first = load(data).things["thing-1"]
    assert load(data).things["thing-1"] is first
    write(tmp_path, instead("936.2", "936.3"))
    os.utime(data / "things" / "thing-1.yaml", ns=(1, 1))
    assert load(data).things["thing-1"].bandwidth_gb_per_s == 936.3


def test_the_command_ends_with_one_and_without_a_traceback(tmp_path: Path):
    """What a contributor sees: lines on stderr, exit code 1."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "gpus").mkdir()
    (data / "gpus" / "x.yaml").write_text("name: [")
    for single in SINGLE_FILES:
        (data / f"{single}.yaml").write_text("{}")
    for name in ("mkdocs.yml", "mkdocs.en.yml"):
        (tmp_path / name).write_text("nav: []")
    code = f"""
import pathlib, sys
sys.path.insert(0, {str(ROOT)!r})
import macros.__main__ as program
program.ROOT = pathlib.Path({str(tmp_path)!r})
sys.exit(program.main(["check"]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("data/gpus/x.yaml:2: file: expected well-formed YAML, got ")
    assert done.stderr.endswith("1 error\n")
    assert "Traceback" not in done.stderr


def test_a_file_that_is_still_being_made_is_left_out(tmp_path: Path):
    """And may be the one that cites a source."""
    data = write(tmp_path, thing="name:\n", sources=SOURCES + SOURCES.replace("vendor-page", "other"))
    assert load(data, without=data / "things" / "thing-1.yaml").records["things"] == {}
    with pytest.raises(SpecErrors):
        load(data)


@pytest.mark.parametrize("target", ["/dev/zero", "elsewhere.yaml", "nothing.yaml"])
def test_a_link_is_refused_and_not_read(tmp_path: Path, target: str):
    """A link can lead out of the repository, or to what has no end."""
    (tmp_path / "elsewhere.yaml").write_text(GOOD, "utf-8")
    data = write(tmp_path)
    (data / "things" / "thing-2.yaml").symlink_to(target if target.startswith("/") else tmp_path / target)
    assert "data/things/thing-2.yaml:1: file: expected a plain file, got a link" in "\n".join(told(data))


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path):
    """Nobody writes into it."""
    data = write(tmp_path)
    os.mkfifo(data / "things" / "thing-2.yaml")
    assert "data/things/thing-2.yaml:1: file: expected a plain file, got none" in "\n".join(told(data))
