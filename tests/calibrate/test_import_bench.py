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
        ({"model_type": "qwen3 8B Q4_W"}, "0.model_type"),
        ({"gpu_info": "NVIDIA GeForce RTX 9990"}, "0.gpu_info"),
        ({"n_prompt": 512}, "0.n_gen"),
        ({"test_time": "yesterday"}, "0.test_time"),
        ({"n_depth": "x"}, "0.n_depth"),
        ({"n_depth": None}, "0.n_depth"),
        ({"n_depth": [4096]}, "0.n_depth"),
        ({"n_gen": float("nan")}, "0.n_gen"),
        ({"model_size": float("inf")}, "0.model_size"),
        ({"model_n_params": float("nan")}, "0.model_n_params"),
        ({"avg_ts": 10**400}, "0.avg_ts"),
        ({"n_ubatch": "512"}, "0.n_ubatch"),
        ({"flash_attn": "no"}, "0.flash_attn"),
        ({"flash_attn": 2}, "0.flash_attn"),
        ({"n_gpu_layers": "x"}, "0.n_gpu_layers"),
        ({"test_time": "2999-01-01T00:00:00Z"}, "0.test_time"),
        ({"type_k": "q8"}, "0.type_k"),
        ({"no_kv_offload": True}, "0.no_kv_offload"),
        ({"embeddings": True}, "0.embeddings"),
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


def test_depth_batches_scatter_and_what_stays_on_the_host(catalogue):
    """Keys of llama-bench of today, as rows know them."""
    mixture = {
        "model_filename": "Qwen3-30B-A3B-Q4_K_M.gguf", "model_type": "qwen3moe 30B.A3B Q4_K - Medium", "model_size": 18556686336,
        "model_n_params": 30532122624, "n_depth": 8192, "n_ubatch": 2048, "n_batch": 4096, "type_k": "q8_0", "type_v": "q8_0",
        "stddev_ts": 0.4, "n_cpu_moe": 30, "avg_ts": 31.0,
    }  # fmt: skip
    (row,) = rows(catalogue, mixture)
    assert (row["depth"], row["ubatch"], row["batch"], row["kv_type"]) == (8192, 2048, 4096, "q8_0")
    assert (row["n_cpu_moe"], row["standard_deviation"]) == (30, 0.4)
    for every in (
        r"\.ffn_.*_exps.=CPU",
        "exps=CPU",
        ".*_exps.*=CPU",
        "ffn_(gate|up|down)_(ch|)exps=CPU",
        r"\.ffn_(up|down|gate)_exps\.=CPU",
    ):
        (row,) = rows(catalogue, {**mixture, "n_cpu_moe": 0, "tensor_buft_overrides": every})
        assert (row["n_cpu_moe"], row["offload"]) == (48, f"-ot {every}")
    for some in (r"blk\.[0-9]\.ffn_.*_exps=CPU", "ffn_up_exps=CPU", r"ffn_(up|down)_exps=CPU", "exps=CUDA1"):
        (row,) = rows(catalogue, {**mixture, "n_cpu_moe": 0, "tensor_buft_overrides": some})
        assert "n_cpu_moe" not in row
    (row,) = rows(catalogue, {**mixture, "n_cpu_moe": 99})
    assert row["n_cpu_moe"] == 48


@pytest.mark.parametrize(
    ("told", "record"),
    [
        ("AMD Ryzen 9 7950X 16-Core Processor", "ryzen-9-7950x"),
        ("13th Gen Intel(R) Core(TM) i9-13900K", "core-i9-13900k"),
        ("Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz", "xeon-gold-6248"),
        ("AMD EPYC 9554 64-Core Processor", "epyc-9554"),
        ("Acme Rocket 7", None),
    ],
)
def test_the_host_beside_a_card_is_named_where_experts_stay_there(catalogue, told, record):
    (row,) = rows(catalogue, {"cpu_info": told, "n_cpu_moe": 3})
    assert row.get("cpu") == record
    assert row.get("host") == (None if record else told)
    assert ("threads" in row) == (record is not None)
    (row,) = rows(catalogue, {"cpu_info": told})
    assert "cpu" not in row
    assert "host" not in row


BATCHED = {
    "n_kv_max": 8192, "n_batch": 2048, "n_ubatch": 512, "flash_attn": 1, "is_pp_shared": 0, "n_gpu_layers": 99, "n_threads": 8,
    "n_threads_batch": 8, "pp": 512, "tg": 128, "pl": 4, "n_kv": 2560, "t_pp": 0.5, "speed_pp": 4096.0, "t_tg": 1.6, "speed_tg": 320.0,
    "t": 2.1, "speed": 1219.0,
}  # fmt: skip
SERVED = {
    "date": "20261121-080000", "backend": "vllm", "model_id": "Qwen/Qwen3-8B", "num_prompts": 100, "request_rate": "inf",
    "max_concurrency": 10, "duration": 60.0, "completed": 100, "total_input_tokens": 51200, "total_output_tokens": 12800,
    "output_throughput": 213.3, "mean_ttft_ms": 300.0, "mean_tpot_ms": 40.0,
}  # fmt: skip
PRINTED = """Running warmup..
Timing with prompt_tokens=512, generation_tokens=128, batch_size=1.
Trial 1:  prompt_tps=1150.100, generation_tps=118.900, peak_memory=5.300
Averages: prompt_tps=1153.421, generation_tps=119.204, peak_memory=5.301
"""
NAMED = {"model": "qwen3-8b", "quant": "q4_k_m", "gpu": "rtx-3090"}


def test_batched_bench(catalogue):
    """A line a result; speeds are totals over the sequences, the prompt is in the cache when they generate."""
    text = "\n".join(json.dumps(line) for line in (BATCHED, {**BATCHED, "pl": 1, "speed_tg": 110.0, "speed_pp": 3900.0}))
    four, prompts, one, prompt = import_bench.rows(text, catalogue, **NAMED)
    assert (four["kind"], four["users"], four["rate"], four["depth"], four["tokens_per_second"]) == ("decode", 4, "total", 512, 320.0)
    assert (prompts["kind"], prompts["prompt_tokens"], prompts["ubatch"], prompts["users"]) == ("prefill", 512, 512, 4)
    assert "users" not in one
    assert "rate" not in prompt


def test_vllm_bench_serve(catalogue):
    """The model by its repository; the total rate, and that of one stream from the time between tokens."""
    (row,) = import_bench.rows(json.dumps(SERVED, indent=1), catalogue, gpu="rtx-3090", quant="bf16")
    assert (row["kind"], row["model"], row["users"], row["rate"]) == ("serving", "qwen3-8b", 10, "total")
    assert (row["prompt_tokens"], row["generated_tokens"], row["per_stream_tokens_per_second"]) == (512, 128, 25.0)
    assert (row["tokens_per_second"], row["built"].isoformat()) == (213.3, "2026-11-21")


def test_mlx_benchmark(catalogue):
    """Its averages, not its trials."""
    decode, prefill = import_bench.rows(PRINTED, catalogue, model="qwen3-8b", quant="mlx-4bit-64g", gpu="apple-m3-ultra-60c")
    assert (decode["engine"], decode["tokens_per_second"], decode["depth"], decode["generated_tokens"]) == ("mlx-lm", 119.204, 512, 128)
    assert (prefill["tokens_per_second"], prefill["prompt_tokens"]) == (1153.421, 512)


@pytest.mark.parametrize(
    ("text", "options", "field"),
    [
        (json.dumps(BATCHED), {"gpu": "rtx-3090"}, "0.model"),
        (json.dumps(BATCHED), {"gpu": "rtx-3090", "model": "qwen3-8b"}, "0.quant"),
        (json.dumps(BATCHED), {"model": "qwen3-8b", "quant": "q4_k_m"}, "0.gpus"),
        (json.dumps({**BATCHED, "pl": 0}), NAMED, "0.pl"),
        (json.dumps({**BATCHED, "speed_tg": float("nan")}), NAMED, "0.speed_tg"),
        (json.dumps({**SERVED, "completed": None}), {"gpu": "rtx-3090", "quant": "bf16"}, "0.completed"),
        (json.dumps({**SERVED, "date": "today"}), {"gpu": "rtx-3090", "quant": "bf16"}, "0.date"),
        (PRINTED.replace("119.204", "fast"), {"model": "qwen3-8b", "quant": "mlx-4bit-64g", "gpu": "apple-m3-ultra-60c"}, "generation_tps"),
        ('{"output_throughput": ' + "[" * 100_000, {}, "file"),
    ],
)
def test_other_benchmarks_are_refused_by_field(catalogue, text, options, field):
    """What they do not say has to be named; slips are no tracebacks."""
    with pytest.raises(Refused) as refused:
        import_bench.rows(text, catalogue, **options)
    assert refused.value.field == field


@pytest.mark.parametrize("text", ["", "{}", "[]", "[1]", "| model | size |", "[" * 200_000])
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
