"""Counts of a library against what is read: equal, refused, wrong, each told."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import yaml

from macros.calibrate.configurations import compare, printed, write
from macros.estimate import Refused
from macros.specs import load
from macros.specs.library_classes import LibraryClasses

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")
ROWS = [
    {"version": "5.24.0"},
    {"kind": "llama", "case": "default", "config": {"model_type": "llama"}, "count": 6_738_415_616},
    {"kind": "llama", "case": "tie_word_embeddings=true", "config": {"model_type": "llama", "tie_word_embeddings": True}, "count": 7},
    {"kind": "llama", "case": "x=1", "error": "it does not build"},
    {"kind": "bert", "case": "default", "config": {"model_type": "bert"}, "count": 109_000_000},
]
LINES = [json.dumps(row) for row in ROWS]


def test_each_case_is_equal_refused_or_wrong():
    found = compare(LINES, CATALOGUE)
    assert found["llama"] == {"equal": 1, "wrong": 1, "says": "tie_word_embeddings=true: 7 in the library, 6,607,343,616 here"}
    assert found["bert"]["refused"] == 1
    assert "config.model_type" in found["bert"]["says"]


def test_the_record_is_written_whole_and_the_older_one_goes(tmp_path: Path):
    folder = tmp_path / "data" / "library-classes"
    folder.mkdir(parents=True)
    (folder / "transformers-5.0.0.yaml").write_text("old", "utf-8")
    (tmp_path / "counts.jsonl").write_text("\n".join(LINES), "utf-8")
    path = write(tmp_path / "counts.jsonl", tmp_path, CATALOGUE, "5.24.0", date(2026, 11, 29))
    assert [one.name for one in folder.iterdir()] == ["transformers-5.24.0.yaml"]
    record = LibraryClasses.model_validate({"id": path.stem, **yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)})
    assert record.classes["llama"].equal == 1


OTHERS = ["", "{}", "\ufeff" + LINES[0], "[" * 100_000, f"{LINES[0]}\n[1]", f'{LINES[0]}\n{{"count": "7"}}', '{"version": "../x"}']


@pytest.mark.parametrize("text", OTHERS)
def test_another_file_is_refused_and_the_older_record_stays(tmp_path: Path, text: str):
    """What the library did not print costs no record."""
    folder = tmp_path / "data" / "library-classes"
    folder.mkdir(parents=True)
    (folder / "transformers-5.0.0.yaml").write_text("old", "utf-8")
    (tmp_path / "counts.jsonl").write_text(text, "utf-8")
    with pytest.raises(Refused, match=r"counts\.jsonl"):
        write(tmp_path / "counts.jsonl", tmp_path, CATALOGUE, "5.24.0", date(2026, 11, 29))
    assert [one.name for one in folder.iterdir()] == ["transformers-5.0.0.yaml"]
    with pytest.raises(Refused):
        printed(folder)


def test_no_class_of_the_newest_library_is_read_wrongly_but_the_known_one():
    """Gemma 3n: the library's table has 262,400 rows, that of the file 262,144."""
    (record,) = CATALOGUE.library_classes.values()
    assert {kind for kind, counts in record.classes.items() if counts.wrong} <= {"gemma3n", "gemma3n_text"}
    assert sum(counts.equal for counts in record.classes.values()) > 3000
