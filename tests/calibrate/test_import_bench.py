"""What llama-bench prints, taken in or refused."""

import json
from pathlib import Path

import pytest
import yaml

from macros.calibrate import import_bench
from macros.estimate import Refused
from macros.render import annotated
from macros.specs import load
from macros.specs.measurements import MeasurementFile

DATA = Path(__file__).resolve().parents[2] / "data"
ENTRY = {
    "build_commit": "abc1234", "build_number": 6500,
    "cpu_info": "AMD Ryzen 9 5950X 16-Core Processor", "gpu_info": "NVIDIA GeForce RTX 3090",
    "backends": "CUDA", "model_filename": "models/Qwen3-8B-Q4_K_M.gguf", "model_type": "qwen3 8B Q4_K - Medium", "model_size": 5020000000,
    "model_n_params": 8190735360, "n_threads": 16, "n_gpu_layers": 99, "split_mode": "layer", "flash_attn": True, "n_prompt": 0,
    "n_gen": 128, "n_depth": 0, "test_time": "2025-09-18T10:00:00Z", "avg_ts": 131.2,
}  # fmt: skip


@pytest.fixture(scope="module")
def catalogue():
    return load(DATA)


def rows(catalogue, *entries, **options):
    return import_bench.rows(json.dumps([{**ENTRY, **entry} for entry in entries]), catalogue, **options)


def test_decode_and_prefill_rows(catalogue):
    """One entry a test becomes one row, with model, format and device of the guide."""
    decode, prefill = rows(catalogue, {}, {"n_prompt": 512, "n_gen": 0, "avg_ts": 4100.0})
    assert (decode["kind"], decode["model"], decode["quant"], decode["gpus"]) == ("decode", "qwen3-8b", "q4_k_m", ["rtx-3090"])
    assert (decode["build"], decode["backend"], decode["flash_attention"]) == ("b6500", "cuda", True)
    assert (prefill["kind"], prefill["prompt_tokens"], prefill["tokens_per_second"]) == ("prefill", 512, 4100.0)
    assert "gpu_layers" not in decode


def test_written_rows_are_read_back(catalogue):
    """The lines printed are lines of a measurement file."""
    found = rows(catalogue, {}, {"n_gpu_layers": 10, "avg_ts": 20.5})
    text = "\n".join(import_bench.written(found))
    value = yaml.safe_load(f"title: {{zh: 甲, en: a}}\nsource: somebody\nrows:\n{text}\n")
    file = MeasurementFile.model_validate({"id": "x", **value})
    assert [row.tokens_per_second for row in file.rows] == [131.2, 20.5]
    assert file.rows[1].gpu_layers == 10


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"avg_ts": 1312.0}, "0.tokens_per_second"),
        ({"avg_ts": -1}, "0.avg_ts"),
        ({"avg_ts": "fast"}, "0.avg_ts"),
        ({"model_size": 4787}, "0.model_size"),
        ({"model_type": "qwen3 8B Q4_X"}, "0.model_type"),
        ({"gpu_info": "NVIDIA GeForce RTX 9990"}, "0.gpu_info"),
        ({"n_prompt": 512}, "0.n_gen"),
        ({"test_time": "yesterday"}, "0.test_time"),
    ],
)
def test_refusals_name_the_field(catalogue, change, field):
    """A slip in a unit, an unknown device or format, an impossible speed."""
    with pytest.raises(Refused) as refused:
        rows(catalogue, change)
    assert refused.value.field == field


def test_what_is_there_already_is_refused(catalogue):
    """The same result twice."""
    with pytest.raises(Refused) as refused:
        rows(catalogue, {}, {})
    assert refused.value.field == "1"


@pytest.mark.parametrize("text", ["", "{}", "[]", "[1]", "| model | size |"])
def test_what_is_not_json_of_llama_bench(catalogue, text):
    """The Markdown that it prints by default, or anything else."""
    with pytest.raises(Refused) as refused:
        import_bench.rows(text, catalogue)
    assert refused.value.field == "file"


def test_a_size_that_two_models_share_needs_a_name(catalogue):
    """Llama 3 and 3.1 have the same shapes."""
    twins = {"model_type": "llama 8B Q4_K - Medium", "model_size": 4912898304, "model_n_params": 8030261312, "model_filename": "a.gguf"}
    with pytest.raises(Refused, match=r"llama-3-8b, llama-3\.1-8b"):
        rows(catalogue, twins)
    assert rows(catalogue, twins, model="llama-3.1-8b")[0]["model"] == "llama-3.1-8b"


def test_a_file_as_it_is_made_takes_its_first_rows(catalogue):
    """Made, imported into, checked: the way that the contributor's page shows."""
    made = annotated.blank("measurements", "schema.json")
    assert import_bench.without_rows(made)
    filled = made.replace("{zh: , en: }", "{zh: 卡, en: card}").replace("source:\n", "source: llama-cpp-discussion-4167\n")
    text = import_bench.added(filled, import_bench.written(rows(catalogue, {})))
    assert not import_bench.without_rows(text)
    record = MeasurementFile.model_validate({"id": "card", **yaml.safe_load(text)})
    assert len(record.rows) == 1


def test_more_rows_stand_after_those_before(catalogue):
    """Whatever key follows them."""
    one, two = ("  - {kind: decode, n: 1}", "  - {kind: decode, n: 2}")
    assert import_bench.added(f"rows:\n{one}\nsources: {{}}\n", [two]) == f"rows:\n{one}\n{two}\nsources: {{}}\n"
    with pytest.raises(Refused, match="rows: expected `rows:`"):
        import_bench.added("title: {zh: a, en: a}\n", [two])
