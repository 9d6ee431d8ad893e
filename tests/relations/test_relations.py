"""Slips that have the right form break a relation, and are told with what they were compared with."""

import re
from datetime import date
from pathlib import Path

import pytest

from macros import relations
from macros.calibrate.plausible import implausible
from macros.relations import measured, names, new_rows, same_table
from macros.specs import SpecErrors, load
from macros.specs.catalogue import VALUE_CHECKS
from tests import copies, slips

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = load(ROOT / "data")
TODAY = date(2026, 11, 30)

SLIPS = [
    ("gpus/rx-7900-xtx", "bandwidth_gb_per_s: 960", "bandwidth_gb_per_s: 9600", "a wire of the memory bus"),
    ("gpus/rtx-4090-mobile", "bandwidth_gb_per_s: 576", "bandwidth_gb_per_s: 57.6", "a wire of the memory bus"),
    ("gpus/rtx-3090", "memory_gib: 24", "memory_gib: 240", "32 bits of the bus"),
    ("gpus/rtx-3090", "vendor: NVIDIA", "vendor: AMD", "others of ga102-gf"),
    ("gpus/rtx-3090", "memory_kind: GDDR6X", "memory_kind: GDRR6X", "a kind like GDDR6X"),
    ("cpus/ryzen-5-3600", "vendor: AMD", "vendor: AMB", "AMD or Intel"),
    ("gpus/rtx-3090", "memory_gib: 24", "memory_gib: 2.4", "32 bits of the bus"),
    ("gpus/h100-sxm-80gb", "memory_gib: 80", "memory_gib: 8", "stack"),
    ("gpus/rtx-3090", "tdp_w: 350", "tdp_w: 35", "W per TFLOP/s"),
    ("gpus/rtx-3090", "int8_tensor_tops: 284.7", "int8_tensor_tops: 2847", "INT8 rate over"),
    ("gpus/h100-sxm-80gb", "fp32_tflops: 66.91", "fp32_tflops: 133.82", "lanes"),
    ("gpus/rtx-3090", "compute_units: 82", "compute_units: 82000", "lanes"),
    ("gpus/rtx-3090", "boost_mhz: 1695", "boost_mhz: 169.5", "lanes"),
    ("gpus/rtx-3090", "boost_mhz: 1695", "boost_mhz: 1965", "lanes"),
    ("gpus/rtx-3090", "l2_mib: 6", "l2_mib: 60", "second-level cache"),
    ("gpus/rtx-3090", "name: RTX 3090", "name: RTX 3090\nalso_called: [安培, RTX 3080]", "rtx-3080 is called so"),
    ("gpus/rtx-3090", "name: RTX 3090", "name: RTX 3090\nalso_called: ['[x](javascript:1)']", "words without markup"),
    ("gpus/rtx-3090", "name: RTX 3090", "name: RTX 3090\nname_zh: ampere card", "a name in Chinese"),
    ("gpus/rtx-3090", "name: RTX 3090", "name: RTX 3090\nnotes: {zh: only English here, en: Fine}", "a text in Chinese"),
    ("gpus/rtx-3090", "name: RTX 3090", "name: RTX 3090\nnotes: {zh: '见 [这](https://x.example)', en: See}", "words without markup"),
    ("gpus/rtx-3090", "name: RTX 3090", "name: RTX 3090\nnotes: {zh: 见那里, en: 'See &#x6a;s'}", "words without markup"),
    ("gpus/rtx-3090", "name: RTX 3090", "name: 'RTX 3090 [x](y)'", "words without markup"),
    ("gpus/rtx-3090", "l2_mib: 6", "l2_mib: 0", "null where nobody states it"),
    ("gpus/rtx-3090", "kind: card", "kind: unified", "sizes sold"),
    ("gpus/apple-m4-max-40c", "kind: unified", "kind: accelerator", "memory of its own"),
    ("gpus/rtx-3090", "tdp_w: 350", "tdp_w: 350\npower_range_w: [300, 350]", "one of tdp_w and power_range_w"),
    ("gpus/rtx-3090", "memory_gib: 24", "memory_gib: 24\nshared_memory: half", "whose memory is its own"),
    ("gpus/rtx-3090", "pcie_lanes: 16", "pcie_lanes: 61", "lanes"),
    ("gpus/rtx-3090", "launch_price_usd: 1499", "launch_price_usd: 14990", "USD per TFLOP/s"),
    ("gpus/rtx-3090", "released: 2020-09-01", "released: 1850-01-01", "a day from"),
    ("gpus/rtx-3090", "released: 2020-09-01", "released: 2099-01-01", "a day from"),
    ("gpus/l4", "name: L4", "name: RTX 3090", "a name of its own; rtx-3090 has it"),
    ("gpus/l4", "name: L4", "name: L40S X", "the numbers of its id"),
    ("gpus/rtx-3090", "name: RTX 3090", "name: RTX 3090 \N{CYRILLIC CAPITAL LETTER A}", "Latin or Chinese letters"),
    ("gpus/apple-m4-max-40c", "memory_bus_bits: 512", "memory_bus_bits: 5120", "a wire of the memory bus"),
    ("cpus/ryzen-9-5900x", "cores: 12", "cores: 120", "threads"),
    ("cpus/ryzen-9-5900x", "threads: 24", "threads: 24000", "12 to 24"),
    ("cpus/ryzen-9-5900x", "max_memory_gib: 128", "max_memory_gib: 12.8", "a size that memory is sold in"),
    ("cpus/ryzen-9-5900x", "boost_mhz: 4800", "boost_mhz: 8400", "clock"),
    ("memory/ddr4-3600", "bus_bits_per_channel: 64", "bus_bits_per_channel: 640", "width of a channel"),
    ("memory/ddr4-3600", "transfer_rate_mt_per_s: 3600", "transfer_rate_mt_per_s: 6300", "as its name says"),
    ("memory/ddr4-3600", "name: DDR4-3600", "name: DDR4-2666", "a name of its own"),
    ("drives/nvme-pcie4", "read_mb_per_s: 7450", "read_mb_per_s: 74500", "what PCIe 4.0 x4 carries"),
    ("quality/llama-2-70b", "perplexity: 3.4725", "perplexity: 34.725", "the formats beside it"),
    ("quality/llama-2-70b", "perplexity: 3.4725", "perplexity: 6.945", "the formats beside it"),
    ("builds/chat", "ram_gib: 32", "ram_gib: 320", "ram_gib"),
    ("builds/chat", "memory_channels: 2", "memory_channels: 20", "channels of core-i5-12400"),
    ("calculators/whichllm", "bytes_per_token: 36621", "bytes_per_token: 366210", "at most"),
    ("calculators/llmfit", "name:", "weights_factor: 0\nname:", "a factor of 0.5 to 2"),
    ("models/llama-3.1-8b", "hugging_face: ", "hugging_face: evil/.. #", "owner/name of a repository"),
    ("models/llama-3.1-8b", "context_length: 131072", "context_length: 1310720", "a length that another model has"),
    ("drives/nvme-pcie4", "zh: NVMe 固态硬盘（PCIe 4.0 x4）", "zh: a drive that is fast enough", "a text in Chinese"),
    ("calculators/gollama", "zh: ", "zh: no-such-thing # ", "a text in Chinese"),
    ("drives/nvme-pcie4", "en: NVMe SSD (PCIe 4.0 x4)", "en: NVMe 固态硬盘", "a text in English"),
    ("gpus/rtx-4090", "fp16_tensor_tflops: 165.2", "fp16_tensor_tflops: 330.4", "FP16 matrix rate over FP32"),
    ("gpus/rtx-4090", "launch_price_usd: 1599", "launch_price_usd: 1995.5", "ends in 9, 5 or 0"),
    ("gpus/h100-sxm-80gb", "memory_gib: 80", "memory_gib: 160", "80 GiB, as its name says"),
    ("gpus/rtx-4080", "l2_mib: 64", "l2_mib: 128", "second-level cache for the bus"),
    ("quantizations/mlx-4bit-64g", "group_size: 64", "group_size: 640", "a power of two from 16 to 1024"),
    ("quantizations/awq-4bit-128g", "weight_bits: 4.0", "weight_bits: 8.0", "4, as its name says"),
    ("quantizations/nvfp4", "group_size: 16", "group_size: 32", "as the standard of that format has it"),
    ("tensor-types/q4_k_r4", "number: 212", "number: 221", "no other type has"),
    ("tensor-types/q4_k", "number: 12", "number: 120", "a number next to"),
    ("calculators/gollama", "constant_bytes: 524288000", "constant_bytes: 1048576000", "a number of its rule"),
    ("calculators/pocketpal", "weights_factor: 0.92", "weights_factor: 1.84", "a number of its rule"),
    ("architectures/llama", "hidden_size: 4096", "hidden_size: 409.6", "a whole multiple of 32"),
    ("architectures/llama", "num_key_value_heads: 8", "num_key_value_heads: 80", "a divisor of 32 heads"),
    ("architectures/llama", "sliding_window: 4096", "sliding_window: 40960", "a power of two"),
    ("gpus/rtx-4090", "memory_gib: 24", "memory_gib: 48", "32 bits of the bus"),
    ("gpus/arc-a770", "tdp_w: 225", "tdp_w: 450", "W per GB/s"),
    ("cpus/ryzen-9-5900x", "max_memory_gib: 128", "max_memory_gib: 256", "behind a channel"),
    ("cpus/ryzen-9-5900x", "tdp_w: 105", "tdp_w: 210", "power [W]"),
    ("models/qwen3-235b-a22b", "used: 8", "used: 16", "as its name says"),
    ("models/deepseek-v4-flash-284b-a13b", "0, 4, 128, 4,", "0, 4, 128, 8,", "a rate that other layers have"),
    ("architectures/llama", "max_position_embeddings: 2048", "max_position_embeddings: 20480", "another class or a model has"),
    ("architectures/llama", "num_hidden_layers: 32", "num_hidden_layers: 320", "for each layer"),
    ("architectures/mpt", "feed_forward: {gated: false}", "feed_forward: no-such-thing", "got 'no-such-thing'"),
    ("architectures/mpt", "feed_forward: {gated: false}", "feed_forward: {gatd: false}", "a key of a model's shapes"),
    ("architectures/mpt", "fused_qkv: true", "fused_qkv: 7", "got 7"),
    ("models/qwen3-8b", "published_parameters_rounded_to: 1", "published_parameters_rounded_to: 10", "1, of a count to the last"),
    ("models/qwen3-8b", "vocabulary_size: 151936", "vocabulary_size: 115936", "others of the family qwen-2"),
    ("families/llama-3", "header_bytes: 7840928", "header_bytes: 784092", "bytes for 128256 tokens"),
    ("engines/vllm", "graphs_mib: 317", "graphs_mib: 3170", "50 to 2000"),
    ("engines/llama.cpp", "most_sequences: 256", "most_sequences: 2560", "a power of two from 32"),
    ("models/qwen3-vl-8b", "side_layers: [8, 16, 24]", "side_layers: [8, 16, 240]", "below its 27 layers"),
    ("models/qwen3-vl-8b", "position_rows: 2304", "position_rows: 3204", "a square of"),
    ("models/qwen3-vl-8b", "reserved_patches: 92", "reserved_patches: 920", "16 to 160"),
    ("models/qwen3-14b", "draft: qwen3-0.6b", "draft: qwen3-32b", "parameters for each token"),
    ("models/qwen3-14b", "hugging_face: Qwen/Qwen3-14B", "hugging_face: Qwen/Qwen3-32B", "a repository of its own; qwen3-32b has it"),
    ("measurements/ktransformers-issue-314", "memory: ddr5-4800", "memory: ddr4-3200", "memory that epyc-9654 takes"),
    ("measurements/ktransformers-issue-314", "backend: cuda", "backend: metal", "a back end of devices of NVIDIA"),
    ("measurements/ktransformers-issue-314", "built: 2025-02-15", "built: 2023-02-15", "on which deepseek-r1-671b came out"),
    ("measurements/ktransformers-issue-314", "gpus: [rtx-4090]", "gpus: [rtx-5090, b300]", "on which b300 came out"),
    ("measurements/speculation", "drafted: 3", "drafted: 30", "at most 16 guesses"),
    ("measurements/partial-offload", "gpu_layers: 10", "gpu_layers: 1000", "layers of"),
    ("engine-plans/llama-2-7b", "512, f16", "5120, f16", "of what stands here"),
    ("file-sizes/llama-2-7b", "q8_0: 7", "q8_0: 8", "of what stands here"),
    ("calibration/decode", "rows: ", "rows: 1", "of what stands here"),
]  # fmt: skip
"""A record, what stands there, what a slip makes of it, and what is said of that."""


def test_a_file_has_about_the_bytes_of_its_model_and_format():
    """A checkpoint with twice the bytes is told; the true one is not."""
    checkpoint = next(one for one in CATALOGUE.checkpoints.values() if one.bytes and not one.mix)
    assert not list(relations.copied._bytes(checkpoint, CATALOGUE))
    twice = checkpoint.model_copy(update={"bytes": 2 * checkpoint.bytes})
    assert next(slip.at for slip in relations.copied._bytes(twice, CATALOGUE)) == ("bytes",)


def test_rows_below_the_sealed_ones_need_no_seal():
    """One changed among them is told, one added below is not; without a checksum only relations hold."""
    file = CATALOGUE.measurements["partial-offload"].model_copy(update={"checksum": None, "sealed_rows": None})
    assert not list(relations.sealed.whole("measurements", file, CATALOGUE))
    sealed = file.model_copy(update={"sealed_rows": len(file.rows)})
    sealed = sealed.model_copy(update={"checksum": sealed.computed_checksum()})
    assert not list(relations.sealed.whole("measurements", sealed, CATALOGUE))
    added = sealed.model_copy(update={"rows": [*file.rows, file.rows[0]]})
    assert not list(relations.sealed.whole("measurements", added, CATALOGUE))
    first = file.rows[0].model_copy(update={"tokens_per_second": 2 * file.rows[0].tokens_per_second})
    wrong = sealed.model_copy(update={"rows": [first, *file.rows[1:]]})
    assert [slip.at for slip in relations.sealed.whole("measurements", wrong, CATALOGUE)] == [("checksum",)]


def test_a_new_row_is_held_against_formulas_and_the_settings_of_its_file():
    """A speed twice as high, a prompt twice as long in one row of a table: told of rows that no checksum holds, and of no others."""
    file = CATALOGUE.measurements["llama.cpp-cuda-scoreboard"]
    place = next(index for index, row in enumerate(file.rows) if row.kind == "decode" and row.quality is None)
    new = file.model_copy(update={"checksum": None, "sealed_rows": None})
    for key, factor in (("tokens_per_second", 2.5), ("tokens_per_second", 0.4), ("generated_tokens", 2)):
        row = file.rows[place].model_copy(update={key: factor * getattr(file.rows[place], key)})
        told_of = [
            [slip.at[-1] for one in (new_rows.expected, new_rows.usual) for slip in one(of, place, row, CATALOGUE)] for of in (new, file)
        ]
        assert told_of == [[key], []], (key, factor)
    as_it_is = [*new_rows.expected(new, place, file.rows[place], CATALOGUE)]
    assert as_it_is == [], as_it_is


def _new(name: str, place: int, changes: dict[str, object]) -> list[str]:
    """What is told of one changed row of a file without a checksum: keys."""
    file = CATALOGUE.measurements[name].model_copy(update={"checksum": None, "sealed_rows": None})
    row = file.rows[place].model_copy(update=changes)
    return [slip.at[-1] for one in (*new_rows.ROWS, *same_table.ROWS) for slip in one(file, place, row, CATALOGUE)]


def _place(name: str, holds) -> int:
    return next(index for index, row in enumerate(CATALOGUE.measurements[name].rows) if row.quality is None and holds(row))


@pytest.mark.parametrize(
    ("name", "kind", "key", "factor"),
    [
        ("llama.cpp-cuda-scoreboard", "prefill", "tokens_per_second", 2),
        ("llama.cpp-cuda-scoreboard", "decode", "tokens_per_second", 0.5),
        ("llama.cpp-cuda-scoreboard", "decode", "generated_tokens", 10),
        ("llama.cpp-cuda-scoreboard", "prefill", "prompt_tokens", 10),
        ("xiongjie-2023-12", "load", "seconds", 10),
        ("gpustack-gpt-oss-120b-a100", "serving", "tokens_per_second", 10),
        ("fine-tuning", "finetune", "peak_mib", 10),
    ],
)
def test_a_new_row_is_held_against_those_beside_it(name, kind, key, factor):
    """One row out of line is told by its key; as it is, nothing is."""
    place = _place(name, lambda row: row.kind == kind and getattr(row, key))
    assert _new(name, place, {}) == []
    value = getattr(CATALOGUE.measurements[name].rows[place], key)
    assert key in _new(name, place, {key: type(value)(value * factor)})


def test_runs_scatter_no_more_than_those_beside_them():
    """A standard deviation ten times too wide."""
    name = "llama-bench-dashboard"
    place = _place(name, lambda row: getattr(row, "standard_deviation", None))
    widest = max(row.standard_deviation / row.tokens_per_second for row in CATALOGUE.measurements[name].rows if row.standard_deviation)
    row = CATALOGUE.measurements[name].rows[place]
    assert "standard_deviation" not in _new(name, place, {})
    assert "standard_deviation" in _new(name, place, {"standard_deviation": 2 * widest * row.tokens_per_second})


def test_a_doubtful_row_is_no_faster_than_its_memory():
    """A mark of noise is no leave to be ten times too fast."""
    row = next(row for row in CATALOGUE.measurements["localscore"].rows if row.kind == "decode" and row.quality and row.gpus)
    assert not list(implausible(row, CATALOGUE))
    fast = row.model_copy(update={"tokens_per_second": 10 * row.tokens_per_second})
    assert [key for key, *_ in implausible(fast, CATALOGUE)] == ["tokens_per_second"]


def told(data: Path, kind: str, name: str) -> list[str]:
    """What is told of a record as its file stands, the rest of the records as they are."""
    from macros.specs import yaml_file

    file = yaml_file.read(data / kind / f"{name}.yaml", f"data/{kind}/{name}.yaml")
    record = slips.KINDS[kind].model_validate({"id": name, **file.value})
    return [f"{slip.at}: expected {slip.expected}, got {slip.got}" for slip in relations.slips(kind, record, CATALOGUE)]


@pytest.mark.parametrize(("record", "old", "new", "words"), SLIPS)
def test_a_slip_is_told_with_what_it_was_compared_with(tmp_path, record, old, new, words):
    """A digit too many or too few, another unit, twice, two digits swapped, a copied name, an impossible year, swapped languages."""
    kind, name = record.split("/")
    source = ROOT / "data" / f"{record}.yaml"
    if not source.exists():
        source = next(path for path in sorted((ROOT / "data" / kind).glob("*.yaml")) if old in path.read_text("utf-8"))
        name = source.stem
    text = source.read_text("utf-8")
    assert old in text
    (tmp_path / kind).mkdir()
    (tmp_path / kind / f"{name}.yaml").write_text(text.replace(old, new, 1), "utf-8")
    found = told(tmp_path, kind, name)
    assert any(words in line for line in found), found


def test_records_as_they_stand_break_no_relation():
    """What is true and breaks one says so, with a reason and a day."""
    assert [str(error) for error in relations.check(CATALOGUE, TODAY)] == []


def test_exceptions_run_out_and_are_of_keys():
    """One that has run out, and one of a key that there is not, are told."""
    late = [str(error) for error in relations.check(CATALOGUE, date(2099, 1, 1))]
    assert any("data/cpus/intel-n100.yaml" in line and "not past" in line for line in late)
    card = CATALOGUE.gpus["rtx-3090"]
    spare = type(card).model_validate({**card.model_dump(), "id": card.id, "exceptions": {"tdp": {"reason": "none", "until": TODAY}}})
    found = list(relations._exceptions("gpus", spare, CATALOGUE, TODAY))
    assert [error.got for error in found] == ["'tdp'"]


def test_an_exception_is_of_the_figure_that_it_was_granted_for():
    """Whatever else the excepted figure becomes, is told; likewise one that names no figure, and one of a list."""
    for kind, name, key in (("gpus", "instinct-mi300x", "memory_gib"), ("cpus", "intel-n100", "tdp_w")):
        record = CATALOGUE.records[kind][name]
        assert not list(names.granted(kind, record, CATALOGUE))
        for factor in (10, 0.1, 1000, 2):
            slipped = record.model_copy(update={key: factor * getattr(record, key)})
            assert [slip.at for slip in names.granted(kind, slipped, CATALOGUE)] == [("exceptions", key)]
    card = CATALOGUE.gpus["apple-m4-max-40c"]
    for of, told in ((None, 1), ([36.0, 48.0], 1), (list(card.memory_sizes_gib), 0)):
        exempt = record.exceptions["tdp_w"].model_copy(update={"of": of})
        spare = card.model_copy(update={"exceptions": {"memory_sizes_gib": exempt}})
        assert len(list(names.granted("gpus", spare, CATALOGUE))) == told


def test_a_peak_holds_the_weights_and_is_held_by_the_device():
    """Memory of a whole model: ten times as much is beyond the card, a tenth is less than its weights."""
    name = "qwen38-mtp-memory"
    place = _place(name, lambda row: row.kind == "memory" and row.gpu_layers is None)
    file, row = CATALOGUE.measurements[name], CATALOGUE.measurements[name].rows[place]
    for factor, told in ((1, []), (10, ["mib"]), (0.1, ["mib"])):
        slipped = row.model_copy(update={"mib": factor * row.mib})
        found = [slip.at[-1] for one in (measured._of_the_device, measured._held) for slip in one(file, place, slipped, CATALOGUE)]
        assert found == told


def test_a_row_whose_format_is_only_named_is_no_faster_than_its_memory():
    """At four bits a parameter, as its words say."""
    row = next(
        row
        for row in CATALOGUE.measurements["llm-perf-bench"].rows
        if row.kind == "decode" and row.quant is None and row.gpus and row.published_as == "4-bit"
    )
    assert not list(implausible(row, CATALOGUE))
    fast = row.model_copy(update={"tokens_per_second": 10 * row.tokens_per_second})
    assert [key for key, *_ in implausible(fast, CATALOGUE)] == ["tokens_per_second"]


def test_most_slips_of_a_sample_are_refused():
    """Sixty numbers of the typed kinds, each slip of each; `python -m tests.slips` tries all of them."""
    import random

    chance = random.Random(20261130)
    kinds = ["gpus", "cpus", "memory", "models", "builds", "tensor-types"]
    numbers = [
        (kind, name, at, number, CATALOGUE.files[kind, name].value)
        for kind in kinds
        for name in CATALOGUE.records[kind]
        for at, number in slips.numbers_in(CATALOGUE.files[kind, name].value)
        if number
    ]
    found: dict[str, list[bool]] = {}
    for kind, name, at, number, value in chance.sample(numbers, 150):
        for slip, new in slips.slipped(number, chance):
            found.setdefault(slip, []).append(slips.refused(kind, name, slips.changed(value, at, new), at, CATALOGUE))
    shares = {slip: sum(caught) / len(caught) for slip, caught in found.items()}
    assert min(shares["x10"], shares["/10"], shares["unit"]) > 0.95, shares
    assert min(shares["x2"], shares["swapped"]) > 0.7, shares


@pytest.mark.parametrize(
    ("record", "old", "new", "words"),
    [
        (
            "cpus/ryzen-9-5900x",
            "family: cpu-desktop",
            "family: no-such-id",
            "data/cpus/ryzen-9-5900x.yaml:3: family: expected the id of a file",
        ),
        ("tensor-types/f16", "block: 1", "block: 10", "data/tensor-types/f16.yaml"),
        ("tensor-types/q4_0", "fallback: f16", "fallback: q2_k", "fallback: expected a type with a block of fewer than 32"),
        ("quantizations/q4_0", "base: q4_0", "base: q4_9", "recipe.base: expected the id of a file in data/tensor-types"),
        ("models/vicuna-7b", "based_on: ", "based_on: vicuna-7b #", "a model with shapes of its own"),
    ],
)
def test_what_leads_nowhere_is_told_and_no_traceback(tmp_path, record, old, new, words):
    """A name that leads nowhere, and figures with which formulas cannot compute."""
    copies.of_records(tmp_path)
    path = tmp_path / "data" / f"{record}.yaml"
    if not path.exists():
        folder = path.parent
        path = next(one for one in sorted(folder.glob("*.yaml")) if old in one.read_text("utf-8"))
        new = new.replace("vicuna-7b", path.stem)
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(SpecErrors) as found:
        load(tmp_path / "data")
    assert any(words in str(error) for error in found.value.errors), found.value


def test_value_checks_are_of_records():
    """So that a mistake is told with its file, and one record can be tried alone."""
    assert {kind for kind, _ in VALUE_CHECKS} >= {"models", "measurements"}
    assert all(re.fullmatch(r"[a-z-]+", kind) for kind, _ in VALUE_CHECKS)


def test_each_named_place_is_looked_at():
    """One wrong name in each place of LEADS is told there, with the nearest right one."""
    from macros.specs import references
    from macros.specs.records import Catalogue

    for lead in references.LEADS:
        kind, place, _ = lead
        found = [(record, at) for record in CATALOGUE.records[kind].values() for at, _ in references._names(record, place.split("."), ())]
        assert found, lead
        stranger = Catalogue({**CATALOGUE.records, **{folder: {} for folder in lead[2] if folder != kind}}, CATALOGUE.files)
        told = [error for error in references.elsewhere(stranger) if error.path.startswith(f"data/{kind}")] if kind not in lead[2] else [1]
        assert told, lead


def test_a_mistake_of_form_hides_no_name_that_leads_nowhere(tmp_path):
    """Both are told at once, and not what only leads to the record that cannot be read."""
    copies.of_records(tmp_path)
    for name, old, new in (("gpus/rtx-3090", "tdp_w: 350", "tdpw: 350"), ("models/qwen3-8b", "family: qwen-2", "family: qwen-22")):
        path = tmp_path / "data" / f"{name}.yaml"
        assert old in path.read_text("utf-8")
        path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises(SpecErrors) as found:
        load(tmp_path / "data")
    assert {error.path for error in found.value.errors} == {"data/gpus/rtx-3090.yaml", "data/models/qwen3-8b.yaml"}


def test_a_slip_is_told_beside_a_record_that_cannot_be_read(tmp_path):
    """One file without its form hides no slip in another."""
    data = copies.of_records(tmp_path)
    for name, old, new in (("gpus/l4", "memory_gib: 24", "memory_gib: [24"), ("memory/ddr4-3600", "name: DDR4-3600", "name: DDR4-6300")):
        path = data / f"{name}.yaml"
        path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    with pytest.raises(SpecErrors) as found:
        load(data)
    assert [error.path for error in found.value.errors] == ["data/gpus/l4.yaml"]
    beside = [error for error in relations.check(found.value.readable, TODAY, alone=True) if error.path != "data/gpus/l4.yaml"]
    assert {error.path for error in beside} == {"data/memory/ddr4-3600.yaml"}
