"""The contributor's guide in records: each example is one that the check accepts, with a word on each key in both languages."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from macros.publish import new_record
from macros.render import annotated
from macros.specs import SpecErrors, load
from macros.specs.kinds import KINDS, SINGLE_FILES

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = load(ROOT / "data")
LANGUAGES = ("zh", "en")
KIND_LIST = annotated.WRITTEN_BY_HAND


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KIND_LIST)
def test_an_example_is_a_record_that_the_check_accepts(kind: str, language: str):
    """Parsed and validated as any file of data/ is."""
    value = yaml.load(annotated.example(CATALOGUE, kind, language), yaml.CSafeLoader)
    name = annotated.example_id(CATALOGUE, kind)
    if kind in SINGLE_FILES:
        SINGLE_FILES[kind].model_validate(value[name])
    else:
        KINDS[kind].model_validate({"id": name, **value})


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KIND_LIST)
def test_every_key_of_an_example_has_a_word(kind: str, language: str):
    """In the language of the page."""
    text = annotated.example(CATALOGUE, kind, language)
    value = yaml.load(text, yaml.CSafeLoader)
    value = value[annotated.example_id(CATALOGUE, kind)] if kind in SINGLE_FILES else value
    known = annotated.fields(kind)
    present = paths(value, "") & known.keys()
    assert len(present) >= min(3, len(value))
    for path in present:
        assert f"# {annotated.meaning(known[path].meaning, language)}\n" in text or not known[path].meaning, path
    comments = [line for line in text.splitlines() if line.lstrip().startswith("# ")]
    assert all(bool(re.search(r"[\u4e00-\u9fff]|……", line)) is (language == "zh") for line in comments)


def paths(value: object, at: str) -> set[str]:
    """Every path in a record, as the reference writes it."""
    if isinstance(value, dict):
        return {path for key, item in value.items() for path in {f"{at}{key}", *paths(item, f"{at}{key}.")}}
    if isinstance(value, list):
        return {path for item in value for path in paths(item, at.removesuffix(".") + "[].")}
    return set()


def test_every_meaning_is_told_in_both_languages():
    """The Chinese of each description in macros/specs stands in docs/fields.zh.yaml, and nothing else does."""
    assert not list(annotated.untranslated())
    for english, text in annotated.chinese().items():
        assert re.search(r"[\u4e00-\u9fff]|……|null", text), text
        assert re.findall(r"\d+", english) == re.findall(r"\d+", text), f"other numbers: {text}"


def test_a_docstring_without_its_chinese_is_named(monkeypatch: pytest.MonkeyPatch):
    """By the check, so that whoever adds a key sees it at once; and so is one that nobody says any more."""
    known = dict(annotated.chinese())
    known["Gone."] = known.pop("Name as sold.")
    monkeypatch.setattr(annotated, "chinese", lambda: known)
    told = [str(error).partition("got ")[2] for error in annotated.untranslated()]
    assert told == ["none of 'Name as sold.'. Fix: add it", "'Gone.'. Fix: remove it"]


@pytest.mark.parametrize("kind", KIND_LIST)
def test_the_reference_has_every_key_of_the_schema(kind: str):
    """Whatever the form of a record gains, the guide gains."""
    model = KINDS.get(kind) or SINGLE_FILES[kind]
    assert set(model.model_fields) - {"id"} <= set(annotated.fields(kind))


def test_a_form_is_told_in_words():
    """Bounds, choices, lists and what may be unknown."""
    gpu = annotated.fields("gpus")
    assert gpu["bandwidth_gb_per_s"].form == ("数 ≥ 0.001, ≤ 50,000", "number ≥ 0.001, ≤ 50,000")
    assert gpu["kind"].form[1].startswith("one of card, laptop")
    assert gpu["released"].form[1] == "date (year-month-day), or null"
    assert gpu["notes"].form[0] == "{zh: …, en: …}，或 null"
    assert gpu["bandwidth_gb_per_s"].required
    assert not gpu["notes"].required
    assert annotated.fields("measurements")["rows[].tokens_per_second"].meaning


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A place like the repository, with data/ of its own."""
    (tmp_path / "data").mkdir()
    return tmp_path


@pytest.mark.parametrize("kind", [kind for kind in KIND_LIST if kind in KINDS])
def test_a_new_record_asks_for_what_it_needs(tree: Path, kind: str):
    """It parses, it has the keys of its kind, and its first line leads an editor to the schema."""
    path = new_record.write(tree, kind, "new-one")
    text = path.read_text("utf-8")
    value = yaml.load(text, yaml.CSafeLoader)
    required = {name for name, field in KINDS[kind].model_fields.items() if field.is_required()} - {"id"}
    assert required <= set(value)
    assert set(value) <= set(KINDS[kind].model_fields)
    schema = text.splitlines()[0].partition("$schema=")[2]
    assert (path.parent / schema).resolve() == tree / "dist" / "schema" / f"{kind}.json"
    assert (path.parent / schema).resolve().exists()


def test_a_new_model_takes_its_shapes_from_a_configuration(tree: Path):
    """What is known is written; what is not is asked for."""
    shapes = {"architecture": {"layers": 32, "attention": {"heads": 32, "kv_heads": 8}}}
    value = yaml.load(new_record.write(tree, "model", "m", shapes).read_text("utf-8"), yaml.CSafeLoader)
    assert value["architecture"]["layers"] == 32
    assert value["architecture"]["attention"]["kv_heads"] == 8
    assert value["architecture"]["vocabulary_size"] is None


@pytest.mark.parametrize(
    ("kind", "id", "message"),
    [
        ("gup", "x", "KIND: expected a kind of record, got 'gup'. Fix: "),
        ("calibration", "x", "KIND: expected a kind of record, got 'calibration'"),
        ("source", "x", "KIND: expected a kind of record, got 'source'"),
        ("gpu", "RTX 3090", "ID: expected an id like rtx-3090 (a-z, 0-9, hyphen, dot), got 'RTX 3090'"),
        ("gpu", "../x", "ID: expected an id like rtx-3090"),
        ("gpu", "", "ID: expected an id like rtx-3090"),
    ],
)
def test_a_slip_in_kind_or_id_is_told(tree: Path, kind: str, id: str, message: str):
    """And nothing is written."""
    with pytest.raises(SpecErrors, match=re.escape(message)):
        new_record.write(tree, kind, id)
    assert not list(tree.rglob("*.yaml"))


def test_a_record_that_is_there_is_left_alone(tree: Path):
    """No overwriting."""
    path = new_record.write(tree, "gpu", "x")
    path.write_text("mine")
    with pytest.raises(SpecErrors, match="an id that is free"):
        new_record.write(tree, "gpu", "x")
    assert path.read_text() == "mine"


def test_an_empty_record_is_told_key_by_key(tree: Path):
    """What a contributor sees who runs the check at once: a line for each key that is still empty, no traceback."""
    path = new_record.write(tree, "gpu", "new-one")
    code = f"""
import pathlib, sys
sys.path.insert(0, {str(ROOT)!r})
from macros.specs.catalogue import load
from macros.specs import SpecErrors
try:
    load(pathlib.Path({str(tree / "data")!r}))
except SpecErrors as errors:
    print(errors.report())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    line = path.read_text("utf-8").splitlines().index("bandwidth_gb_per_s:") + 1
    assert f"data/gpus/new-one.yaml:{line}: bandwidth_gb_per_s: expected a valid number, got None" in done.stdout
