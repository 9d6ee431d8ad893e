"""A model's record from its configuration: whole, checked, and cited."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import yaml

import macros.__main__ as program
from macros.estimate.files.gguf import stored_bytes
from macros.publish import new_model
from macros.specs import load
from macros.specs.models import Model, architecture_of
from tests import copies
from tests.estimate.files import written

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = load(ROOT / "data")
CONFIG = {
    "architectures": ["Qwen3ForCausalLM"], "head_dim": 128, "hidden_size": 4096, "intermediate_size": 12288,
    "max_position_embeddings": 40960,
    "model_type": "qwen3", "num_attention_heads": 32, "num_hidden_layers": 36, "num_key_value_heads": 8,
    "tie_word_embeddings": False,
    "use_sliding_window": False, "vocab_size": 151936, "_name_or_path": "Qwen/Qwen3-8B-Next",
}  # fmt: skip


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the data, in which a record is made."""
    copies.of_records(tmp_path)
    monkeypatch.setattr(program, "ROOT", tmp_path)
    return tmp_path


def test_a_configuration_fills_the_record_and_the_check_passes(tree: Path, capsys: pytest.CaptureFixture[str]):
    path = tree / "config.json"
    path.write_text(json.dumps(CONFIG), "utf-8")
    assert program.main(["new", "model", "--config", str(path)]) == 0
    made = yaml.load((tree / "data" / "models" / "qwen3-8b-next.yaml").read_text("utf-8"), yaml.CSafeLoader)
    Model.model_validate({"id": "qwen3-8b-next", **made})
    like = CATALOGUE.models["qwen3-8b"]
    assert made["architecture"] == like.architecture.model_dump(mode="json", exclude_defaults=True, exclude={"traits"})
    assert (made["family"], made["publisher"], made["hugging_face"]) == (like.family, like.publisher, "Qwen/Qwen3-8B-Next")
    assert "qwen3-8b-next" in load(tree / "data").models
    assert "hf-qwen-qwen3-8b-next" in capsys.readouterr().out


def test_a_source_is_put_in_its_place_once(tree: Path):
    before = (tree / "data" / "sources.yaml").read_text("utf-8")
    for _ in range(2):
        assert new_model.cite(tree, "Aaa/Bbb", date(2026, 11, 29)) == "hf-aaa-bbb"
    after = (tree / "data" / "sources.yaml").read_text("utf-8")
    assert len(after.splitlines()) == len(before.splitlines()) + 6
    names = [line[:-1] for line in after.splitlines() if line and not line.startswith(" ")]
    assert names.index("hf-aaa-bbb") < names.index("hf-qwen-qwen3-8b")


def test_a_configuration_that_cannot_be_read_makes_nothing(tree: Path, capsys: pytest.CaptureFixture[str]):
    path = tree / "config.json"
    path.write_text('{"model_type": "banana"}', "utf-8")
    assert program.main(["new", "model", "m", "--config", str(path)]) == 1
    assert "banana" in capsys.readouterr().err
    assert not (tree / "data" / "models" / "m.yaml").exists()


def test_a_gguf_file_fills_the_record_as_the_model_s_own(tree: Path, capsys: pytest.CaptureFixture[str]):
    """From shapes to a file and back to a record; what its header says of it is taken over."""
    like = CATALOGUE.models["qwen3-30b-a3b"]
    said = {
        "general.name": "My Model",
        "general.license": "apache-2.0",
        "general.base_model.0.repo_url": "https://huggingface.co/Qwen/My-Model",
    }
    types = CATALOGUE.tensor_types
    tensors = []
    for name, shape, group in written.tensors(like.architecture):
        kind = types["f32" if group.role == "kept" or len(shape) == 1 else "f16"]
        tensors.append((name, shape, kind.number, stored_bytes(shape, kind)))
    path = tree / "my-model.gguf"
    header = written.header(written.values(like.architecture) | said, tensors)
    with path.open("wb") as file:
        file.write(header)
        file.truncate(1 << 36)
    assert program.main(["new", "model", "--gguf", str(path)]) == 0
    made = yaml.load((tree / "data" / "models" / "my-model.yaml").read_text("utf-8"), yaml.CSafeLoader)
    record = Model.model_validate({"id": "my-model", **made})
    assert record.architecture == like.architecture
    assert (made["name"], made["licence"], made["hugging_face"], made["family"]) == ("My Model", "Apache-2.0", "Qwen/My-Model", like.family)
    assert "my-model.gguf" in (tree / "data" / "sources.yaml").read_text("utf-8")
    assert "hf-qwen-my-model" in capsys.readouterr().out


def test_a_file_that_is_no_model_makes_nothing(tree: Path, capsys: pytest.CaptureFixture[str]):
    path = tree / "m.gguf"
    path.write_bytes(b"GGML")
    assert program.main(["new", "model", "m", "--gguf", str(path)]) == 1
    assert str(path) in capsys.readouterr().err
    assert not (tree / "data" / "models" / "m.yaml").exists()


def test_a_vocabulary_of_its_own_makes_a_family_and_the_next_record_can_follow(tree: Path):
    path = tree / "config.json"
    path.write_text(json.dumps({**CONFIG, "vocab_size": 151_937}), "utf-8")
    assert program.main(["new", "model", "own", "--config", str(path)]) == 0
    made = load(tree / "data")
    assert (made.models["own"].family, made.families["own"].tokenizer) == ("own", "151,937 tokens")
    assert program.main(["new", "model", "own-2", "--config", str(path)]) == 0
    assert load(tree / "data").models["own-2"].family == "own"


def test_as_many_tokens_by_chance_are_no_family():
    shapes = architecture_of(CATALOGUE.models["rwkv-7-world-1.5b"], CATALOGUE.models)
    by_chance = [model.family for model in CATALOGUE.models.values() if model.family == "jamba"]
    assert by_chance
    assert new_model.record(shapes, "Somebody/Else", "x", CATALOGUE)["family"] == "rwkv-world"
    assert "family" not in new_model.record(shapes.model_copy(update={"engine_name": "gptj"}), "Somebody/Else", "x", CATALOGUE)
