"""Speeds as the door gives them: never above the ceiling, never slower for better hardware, and honest about what is unknown."""

import random
import re
from pathlib import Path

import pytest

from macros.estimate import Refused, estimate
from macros.estimate.answering import speeds as with_enough_memory
from macros.estimate.notices import WORDS, sentence
from macros.estimate.rates import gpu_rates
from macros.estimate.speed_features import Stack, prefill_features, repacked_format
from macros.estimate.work import layer_work, model_work, total
from macros.specs import Catalogue, load
from macros.specs.models import architecture_of

DATA = Path(__file__).resolve().parents[2] / "data"
LADDER = ["q8_0", "q6_k", "q5_k_m", "q4_k_m", "q3_k_m", "q2_k"]
CARD = {"memory_gib": 80, "bandwidth_gb_per_s": 1000.0, "family": "ada-gf"}


@pytest.fixture(scope="module")
def catalogue():
    return load(DATA)


def decode(catalogue, **question):
    asked = {"model": "llama-3.1-8b", "quant": "q4_k_m", "context": 8192, **question}
    return with_enough_memory(asked, catalogue)["decode"]["tokens_per_second"]


def test_never_above_the_ceiling(catalogue):
    """Random questions: no end of the range passes bandwidth over the bytes that a token reads."""
    rng = random.Random(4)
    models, gpus = sorted(catalogue.models), sorted(catalogue.gpus)
    asked = 0
    while asked < 150:
        model, gpu, quant = rng.choice(models), rng.choice(gpus), rng.choice([*LADDER, "iq2_xs", "f16"])
        depth = rng.choice([0, 4000])
        question = {"model": model, "quant": quant, "context": 4096, "depth": depth, "gpus": [gpu], "gpu_layers": 9999}
        try:
            answer = with_enough_memory(question, catalogue)
        except Refused:
            continue
        asked += 1
        architecture = architecture_of(catalogue.models[model], catalogue.models)
        work = total(layer_work(architecture, catalogue.quantizations[quant], catalogue.records["tensor-types"]).values())
        most = catalogue.gpus[gpu].bandwidth_gb_per_s * 1e9 / (work.weight_bytes() + work.cache_bytes(depth, 2))
        speed = answer["decode"]
        assert 0 < speed["low"] <= speed["tokens_per_second"] <= speed["high"] <= most * (1 + 1e-9), question
        prefill = answer["prefill"]
        assert 0 < prefill["low"] < prefill["tokens_per_second"] < prefill["high"]


def test_faster_memory_is_never_slower(catalogue):
    """For listed families, unknown ones and system memory."""
    cards = [name for name in sorted(catalogue.device_families) if not name.startswith("cpu-")]
    for family in (*cards, "nobody-knows"):
        speeds = [
            decode(catalogue, gpus=[{**CARD, "family": family, "bandwidth_gb_per_s": bandwidth}])
            for bandwidth in (200.0, 201.0, 400.0, 900.0, 2000.0)
        ]
        assert speeds == sorted(speeds), family
    speeds = [decode(catalogue, cpu="ryzen-9-5950x", memory=memory) for memory in ("ddr4-2133", "ddr4-2666", "ddr4-3200", "ddr4-3600")]
    assert speeds == sorted(speeds)
    speeds = [decode(catalogue, cpu="epyc-9354", memory_channels=channels) for channels in (1, 2, 4, 8, 12, 24)]
    assert speeds == sorted(speeds)


def test_fewer_bits_are_never_slower(catalogue):
    """On cards and on processors, decode and prefill."""
    where = [{"gpus": [gpu]} for gpu in ("rtx-3090", "rx-7900-xtx", "apple-m4-max-40c", "tesla-p100-pcie", "h100-sxm-80gb")]
    where += [{"cpu": cpu} for cpu in ("ryzen-9-7950x", "epyc-9354", "apple-m2-max-cpu")]
    for model in ("llama-3.1-8b", "qwen3-30b-a3b", "gemma-3-4b"):
        for hardware in where:
            speeds = [decode(catalogue, model=model, quant=quant, **hardware) for quant in LADDER]
            assert speeds == sorted(speeds), (model, hardware)
            question = {"model": model, "context": 4096, **hardware}
            prefill = [with_enough_memory({**question, "quant": quant}, catalogue)["prefill"]["tokens_per_second"] for quant in LADDER]
            if "cpu" not in hardware:
                assert prefill == sorted(prefill), (model, hardware)
            # Processors store some formats anew, which speeds prompts beyond what bits tell: each kind of formats for itself.
            for kind in (True, False):
                alike = [speed for quant, speed in zip(LADDER, prefill, strict=True) if repacked_format(quant) == kind]
                assert alike == sorted(alike), (model, hardware, kind)


def test_fewer_layers_are_never_slower(catalogue):
    """The same shapes with fewer layers."""
    model = catalogue.models["llama-3.1-8b"]

    def with_layers(count):
        cut = model.model_copy(update={"architecture": model.architecture.model_copy(update={"layers": count})})
        return Catalogue({**catalogue.records, "models": {**catalogue.models, "llama-3.1-8b": cut}}, catalogue.files)

    for hardware in ({"gpus": ["rtx-4090"]}, {"gpus": ["apple-m1-8c"], "gpu_layers": 999}, {"cpu": "ryzen-9-5950x"}):
        speeds = [decode(with_layers(count), **hardware) for count in (80, 48, 33, 32, 31, 16, 1)]
        assert speeds == sorted(speeds)


def test_more_layers_on_the_card_are_never_slower(catalogue):
    """Partial offload goes from the processor's speed to the card's."""
    speeds = [decode(catalogue, gpus=["rtx-4090"], gpu_layers=layers, cpu="ryzen-9-7950x") for layers in (0, 1, 8, 16, 24, 32, 33)]
    assert speeds == sorted(speeds)
    assert speeds[0] == pytest.approx(decode(catalogue, cpu="ryzen-9-7950x"), rel=0.2)
    assert speeds[-1] == decode(catalogue, gpus=["rtx-4090"])


def test_partial_offload_agrees_with_measurement(catalogue):
    """Qwen2.5-14B on an RTX 5060 Ti: half of the layers on the card give about 5.6 tokens a second, all of them 43."""
    rows = [row for row in catalogue.measurements["partial-offload"].rows if row.kind == "decode" and row.gpus == ["rtx-5060-ti-16gb"]]
    full = next(row for row in rows if row.gpu_layers == 99)
    host = next(row for row in rows if row.gpu_layers == 0)
    for row in rows:
        share = min(row.gpu_layers, 48) / 48
        mixed = 1 / (share / full.tokens_per_second + (1 - share) / host.tokens_per_second)
        assert row.tokens_per_second == pytest.approx(mixed, rel=0.16), row.gpu_layers
    asked = {"model": "qwen2.5-14b", "gpus": ["rtx-5060-ti-16gb"], "memory": "ddr4-2133"}
    ends = [decode(catalogue, gpu_layers=layers, **asked) for layers in (0, 49)]
    assert ends[1] == pytest.approx(full.tokens_per_second, rel=0.15)
    assert decode(catalogue, gpu_layers=24, **asked) == pytest.approx(2 / (1 / ends[0] + 1 / ends[1]), rel=0.1)


def test_depth_costs_time(catalogue):
    """A full cache is read with every token; a window only in part."""
    assert decode(catalogue, gpus=["rtx-3090"], depth=8000) < decode(catalogue, gpus=["rtx-3090"])
    windowed = [decode(catalogue, model="gemma-3-12b", gpus=["rtx-3090"], context=32768, depth=depth) for depth in (0, 30000)]
    whole = [decode(catalogue, model="qwen3-14b", gpus=["rtx-3090"], context=32768, depth=depth) for depth in (0, 30000)]
    assert windowed[1] / windowed[0] > whole[1] / whole[0]


def test_quantized_cache_is_faster_to_read(catalogue):
    """Half the bytes of a cell."""
    question = {"gpus": ["rtx-3090"], "depth": 8000, "context": 8192}
    assert decode(catalogue, kv_type="q8_0", **question) > decode(catalogue, **question)


def test_a_mixture_reads_its_active_experts_only(catalogue):
    """30B with 3B active is far faster than 32B dense, and many users read more experts."""
    card = {"gpus": ["rtx-5090"], "context": 4096}
    assert decode(catalogue, model="qwen3-30b-a3b", **card) > 3 * decode(catalogue, model="qwen3-32b", **card)
    one = decode(catalogue, model="qwen3-30b-a3b", **card)
    many = decode(catalogue, model="qwen3-30b-a3b", users=16, **card)
    assert one < many < 16 * one


def test_experts_on_the_host(catalogue):
    """Slower than all on the card, faster than all on the processor."""
    host = {"cpu": "ryzen-9-7950x", "context": 4096, "model": "qwen3-30b-a3b"}
    on_card = decode(catalogue, gpus=["rtx-5090"], **host)
    split = decode(catalogue, gpus=["rtx-5090"], experts_on_host=True, **host)
    assert decode(catalogue, **host) < split < on_card


@pytest.mark.parametrize(
    ("gpu", "limit", "code"),
    [
        ("rtx-3090", 5000, "power-limit-unused"),
        ("rtx-3090", 351, "power-limit-unused"),
        ("rtx-3090", 350, None),
        ("rtx-3090", 200, None),
        ("rtx-3090", 10, "power-limit-unmeasured"),
        ("apple-m4-max-40c", 60, "power-unknown"),
    ],
)
def test_a_limit_of_power_that_does_nothing_says_so(catalogue, gpu, limit, code):
    """Above what the card draws a limit changes neither the speed nor how certain it is; a card has no limit near zero."""
    asked = {"model": "llama-3.1-8b", "quant": "q4_k_m", "context": 8192}
    free = with_enough_memory({**asked, "gpus": [gpu]}, catalogue)
    held = with_enough_memory({**asked, "gpus": [gpu], "power_limit_w": limit}, catalogue)
    assert [one["code"] for one in held["notices"] if one["code"].startswith("power")] == ([code] if code else [])
    assert (held["decode"] == free["decode"]) == (code in ("power-limit-unused", "power-unknown") or limit == 350)


def test_users_share_a_pass_over_the_weights(catalogue):
    """Together faster, each slower, until arithmetic binds."""
    speeds = [decode(catalogue, gpus=["rtx-4090"], users=users) for users in (1, 2, 8, 64, 256)]
    assert speeds == sorted(speeds)
    each = [speed / users for speed, users in zip(speeds, (1, 2, 8, 64, 256), strict=True)]
    assert each == sorted(each, reverse=True)
    assert speeds[-1] < 256 * speeds[0] / 3


def test_a_second_card_does_not_speed_up_a_layer_split(catalogue):
    """Layers are passed one after another; a tensor split gains, but less than double."""
    one, two = (decode(catalogue, gpus=["rtx-3090"] * cards) for cards in (1, 2))
    assert 0.85 * one < two <= one
    big = {"model": "llama-3.1-70b", "quant": "awq-4bit-128g", "engine": "vllm"}
    two, four = (decode(catalogue, gpus=["rtx-3090-ti"] * cards, **big) for cards in (2, 4))
    assert two == pytest.approx(30, rel=0.25)
    assert four == pytest.approx(46, rel=0.25)
    assert 1.2 < four / two < 1.8


@pytest.mark.parametrize(
    ("gpu", "cards", "model", "quant", "measured"),
    [
        ("a100-pcie-80gb", 2, "llama-2-70b", "bf16", 17.0),
        ("a100-pcie-80gb", 4, "llama-2-70b", "bf16", 26.6),
        ("a100-pcie-80gb", 8, "llama-2-70b", "bf16", 38.8),
        ("a100-pcie-80gb", 2, "llama-2-70b", "awq-4bit-128g", 40.9),
        ("a100-pcie-80gb", 4, "llama-2-70b", "awq-4bit-128g", 55.8),
        ("a100-pcie-80gb", 8, "llama-2-70b", "awq-4bit-128g", 59.4),
        ("rtx-4090", 2, "llama-2-70b", "awq-4bit-128g", 34.5),
        ("rtx-3090-ti", 2, "llama-3.1-70b", "awq-4bit-128g", 30.0),
        ("rtx-3090-ti", 4, "llama-3.1-70b", "awq-4bit-128g", 46.0),
    ],
)
def test_tensor_parallel_agrees_with_measurement(catalogue, gpu, cards, model, quant, measured):
    """Every row of an engine that has its kernels ready beforehand (MLC's 4 bits count as AWQ's): in the range, and near."""
    question = {"model": model, "quant": quant, "context": 4096, "gpus": [gpu] * cards, "engine": "vllm", "built": "2024-07-30"}
    found = with_enough_memory(question, catalogue)["decode"]
    assert found["low"] < measured < found["high"]
    assert found["tokens_per_second"] == pytest.approx(measured, rel=0.14)


def test_long_prompts_go_through_several_cards_like_a_pipeline(catalogue):
    """Llama-3-8B on RTX 3090s, layers split: the gain over one card at 8,192 tokens as measured; none at one pass."""
    rows = [row for row in catalogue.measurements["xiongjie-2024-05"].rows if row.kind == "prefill" and row.model == "llama-3-8b"]
    rows = [row for row in rows if set(row.gpus) == {"rtx-3090"} and row.quant == "q4_k_m" and row.split in (None, "layer")]
    measured = {(len(row.gpus), row.prompt_tokens): row.tokens_per_second for row in rows}

    def prefill(cards, tokens):
        asked = {"model": "llama-3-8b", "quant": "q4_k_m", "context": 8192, "gpus": ["rtx-3090"] * cards, "prompt_tokens": tokens}
        return with_enough_memory(asked, catalogue)["prefill"]["tokens_per_second"]

    for cards in (2, 4, 6):
        assert prefill(cards, 8192) / prefill(1, 8192) == pytest.approx(measured[cards, 8192] / measured[1, 8192], rel=0.25)
        assert prefill(cards, 512) <= prefill(1, 512) * (1 + 1e-12)


def test_tensor_parallel_gains_more_on_slow_cards(catalogue):
    """What is exchanged takes the same time on all of them, so a fast card has less to win."""
    question = {"model": "qwen3-14b", "quant": "awq-4bit-128g", "engine": "vllm"}
    gains = []
    for gpu in ("rtx-3060", "rtx-3090", "h100-sxm-80gb"):
        one, two = (decode(catalogue, gpus=[gpu] * cards, **question) for cards in (1, 2))
        gains.append(two / one)
    assert gains == sorted(gains, reverse=True)
    assert gains[0] > 1.4
    assert gains[-1] < 1.2


def test_back_end_and_build_are_part_of_the_answer(catalogue):
    """Vulkan and ROCm differ on AMD; none named is midway, and an old build is slower."""
    rocm, midway, vulkan = (
        decode(catalogue, gpus=["rx-7900-xtx"], **backend) for backend in ({"backend": "rocm"}, {}, {"backend": "vulkan"})
    )
    assert rocm < midway < vulkan
    assert decode(catalogue, gpus=["h100-pcie-80gb"], built="2024-05-01") < decode(catalogue, gpus=["h100-pcie-80gb"])
    assert estimate({"model": "llama-3.1-8b", "quant": "q4_k_m", "context": 512, "gpus": ["rtx-3090"]}, catalogue)["engine"]["build"]


def test_unknown_families_say_so(catalogue):
    """A family without measurements has its class's constants, a wider range, and a warning."""

    def of(family):
        asked = {"model": "llama-3.1-8b", "quant": "q4_k_m", "context": 4096, "gpus": [{**CARD, "family": family}]}
        return estimate(asked, catalogue)

    known, unmeasured, unknown = of("ada_gf"), of("gcn4"), of("nobody-knows")
    assert known["notices"] == []
    assert {"code": "extrapolated", "values": {"device": "custom", "family": "gcn4", "vendor": "AMD"}} in unmeasured["notices"]
    assert any("GCN 4" in warning and "other AMD families" in warning for warning in unmeasured["warnings"])
    assert [notice["code"] for notice in unknown["notices"]] == ["extrapolated-from-all", "unmeasured-class"]

    def width(answer):
        return answer["decode"]["high"] / answer["decode"]["low"]

    assert width(known) < width(unmeasured)
    assert width(known) < width(unknown)


def test_a_described_card_is_like_the_listed_one(catalogue):
    """Memory, bandwidth and family are enough to come near."""
    for gpu in ("rtx-4080", "rtx-3060", "rx-7800-xt", "apple-m2-max-38c"):
        record = catalogue.gpus[gpu]
        described = {"memory_gib": 64.0, "bandwidth_gb_per_s": record.bandwidth_gb_per_s, "family": record.family}
        assert decode(catalogue, gpus=[described]) == pytest.approx(decode(catalogue, gpus=[gpu]), rel=0.08)


def test_the_host_is_assumed_aloud(catalogue):
    """Without a processor in the question the answer says what it took."""
    answer = estimate({"model": "llama-3.1-8b", "quant": "q4_k_m", "context": 4096}, catalogue)
    assert any("DDR5-5600" in warning for warning in answer["warnings"])


def test_two_sockets_count_twice_and_may_be_slower_than_one(catalogue):
    """llama.cpp issue 11744: two EPYC 9175F with 16 channels of DDR5-6400 generate 2.4 tokens/s, 4.31 with weights that both loaded."""
    asked = {"model": "llama-3.1-70b", "quant": "f16", "context": 4096, "cpu": "epyc-9175f", "memory": "ddr5-6400"}
    one, two = estimate(asked, catalogue), estimate({**asked, "sockets": 2}, catalogue)
    assert two["decode"]["tokens_per_second"] > 1.3 * one["decode"]["tokens_per_second"]
    assert two["decode"]["low"] < one["decode"]["low"]
    assert [notice["values"] for notice in two["notices"]] == [{"channels": 24}, {"ram_gib": "384"}]
    named = estimate({**asked, "memory_channels": 16, "sockets": 2}, catalogue)
    assert named["decode"]["low"] <= 2.4
    assert named["decode"]["high"] >= 4.31
    assert estimate({**asked, "memory_channels": 16}, catalogue) == named


def test_load_time(catalogue):
    """File over drive; cached far faster than a slow drive."""
    asked = {"model": "llama-3.1-8b", "quant": "q4_k_m", "context": 4096, "gpus": ["rtx-3090"]}
    assert "load" not in estimate(asked, catalogue)
    seconds = {drive: estimate({**asked, "drive": drive}, catalogue)["load"] for drive in catalogue.drives}
    assert seconds["hdd"]["seconds"] > seconds["ssd-sata"]["seconds"] > seconds["nvme-pcie4"]["seconds"]
    assert seconds["ssd-sata"]["seconds"] == pytest.approx(4_912_898_304 / (catalogue.drives["ssd-sata"].read_mb_per_s * 1e6))
    assert seconds["hdd"]["cached_seconds"] < seconds["hdd"]["seconds"] / 10


def test_a_cached_file_comes_as_fast_as_the_memory_of_the_machine(catalogue):
    """On processors alone: a quarter of the peak of all their channels, or of what the processor reaches of it."""
    asked = {"model": "llama-3.1-8b", "quant": "q4_k_m", "context": 4096, "drive": "nvme-pcie4", "ram_gib": 128}
    for cpu, memory, bandwidth in (("epyc-9354", "ddr5-4800", 12 * 38.4e9), ("ryzen-9-7950x", "ddr5-5200", 65e9)):
        cached = estimate({**asked, "cpu": cpu, "memory": memory}, catalogue)["load"]["cached_seconds"]
        assert cached == pytest.approx(4_912_898_304 / (bandwidth / 4))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("backend", "cuba"),
        ("backend", "cuda"),
        ("built", "2024"),
        ("built", "2024-13-01"),
        ("built", 5),
        ("built", "2025-02-31"),
        ("built", "2022-12-31"),
        ("built", "2099-01-01"),
        ("drive", "floppy"),
        ("users", 0),
    ],
)
def test_wrong_keys_are_refused(catalogue, key, value):
    """The field is named."""
    with pytest.raises(Refused) as refused:
        estimate({"model": "llama-3.1-8b", "quant": "q4_k_m", "context": 4096, key: value}, catalogue)
    assert refused.value.field == key


def test_notices_have_words_in_both_languages():
    """Each code's sentences have the same braces."""
    braces = {code: {language: set(re.findall(r"\{(\w+)\}", text)) for language, text in words.items()} for code, words in WORDS.items()}
    assert all(set(of) == {"zh", "en"} and of["zh"] == of["en"] for of in braces.values()), braces


def test_the_same_notice_in_chinese(catalogue):
    """Names of records in the language of the sentence."""
    asked = {"model": "llama-3.1-8b", "quant": "q4_k_m", "context": 4096, "gpus": [{**CARD, "family": "gcn4"}]}
    told = [sentence(notice, catalogue, "zh") for notice in estimate(asked, catalogue)["notices"]]
    assert any("没有 GCN 4（Polaris）系列的测量" in text for text in told)


def test_a_system_keeps_part_of_a_shared_memory(catalogue):
    """What a GPU may use of shared memory is the share that its system is known to give."""
    asked = {"model": "llama-3.1-8b", "quant": "q4_k_m", "context": 4096}
    for gpu in ("apple-m2-max-38c", "ryzen-ai-max-395", "dgx-spark"):
        device = estimate({**asked, "gpus": [gpu]}, catalogue)["devices"][0]
        record = catalogue.gpus[gpu]
        allowed = catalogue.shared_memory[record.shared_memory].gpu_gib(record.largest_memory_gib)
        assert device["usable_bytes"] == pytest.approx(allowed * 2**30, abs=1)
        assert allowed < record.largest_memory_gib


@pytest.mark.parametrize("gpu", ["jetson-orin-nx-16gb", "jetson-agx-orin-64gb", "apple-m4-10c", "apple-m2-ultra-60c", "dgx-spark"])
@pytest.mark.parametrize("model", ["gemma-3-1b", "llama-3.1-8b", "qwen3-30b-a3b"])
def test_cores_of_a_chip_are_not_faster_than_its_graphics(catalogue, gpu, model):
    """They share one memory, of which the cores reach a part."""
    question = {"model": model, "quant": "q4_k_m", "gpus": [gpu], "context": 4096}
    cores, graphics = (with_enough_memory({**question, "gpu_layers": layers}, catalogue)["decode"] for layers in (0, 9999))
    assert cores["tokens_per_second"] < graphics["tokens_per_second"]


def test_a_range_reaches_no_further_than_predictions_of_its_class_were_off(catalogue):
    """An M5 with matrix units, many small typical errors off, had made eleven times the speed the high end of an M4."""
    asked = {"model": "qwen3.5-9b", "quant": "mlx-4bit-64g", "context": 16384, "prompt_tokens": 4096, "gpus": ["apple-m4-10c"]}
    prefill = estimate(asked, catalogue)["prefill"]
    assert prefill["high"] < 3 * prefill["tokens_per_second"]
    for kind in ("decode", "prefill"):
        for low, high, lowest, highest in catalogue.calibration[kind].ends.values():
            assert low < 0 < high
            assert lowest <= -1
            assert highest >= 1


def test_a_prompt_is_never_read_faster_than_the_published_peak(catalogue):
    """A token takes two operations for each of 6.98e9 parameters: no range goes beyond 122.8 TFLOP/s of an RX 7900 XTX."""
    question = {"model": "llama-3.1-8b", "quant": "bf16", "gpus": ["rx-7900-xtx"], "engine": "vllm", "context": 8192, "prompt_tokens": 2048}
    found = with_enough_memory(question, catalogue)["prefill"]
    assert found["low"] <= found["tokens_per_second"] <= found["high"] <= 122.9e12 / (2 * 6.98e9)


def test_a_card_without_integer_products_pays_for_arithmetic(catalogue):
    """Polaris has no instruction for four bytes: an RX 570 at 14,000 tokens gives 17 tokens/s of Qwen3.5 4B and reads 183 (pull 26608)."""
    question = {"model": "qwen3.5-4b", "quant": "q4_k_m", "gpus": ["rx-570"], "context": 32768, "backend": "vulkan"}
    found = with_enough_memory({**question, "depth": 14000, "prompt_tokens": 14000}, catalogue)
    assert found["decode"]["low"] <= 17.24 <= found["decode"]["high"]
    assert found["prefill"]["low"] <= 183.35 <= found["prefill"]["high"]


def test_kernels_for_units_that_a_card_lacks_are_slow(catalogue):
    """Issue 15233 of llama.cpp: a GTX 1660 multiplies 7 TFLOP/s through Vulkan and 2.2 through CUDA, which counts on matrix units."""
    question = {"model": "llama-2-7b", "quant": "q4_0", "gpus": ["gtx-1660"], "prompt_tokens": 512, "context": 1024}
    named = ({}, {"backend": "cuda"}, {"backend": "vulkan"})
    usual, cuda, vulkan = (with_enough_memory({**question, **backend}, catalogue)["prefill"] for backend in named)
    assert usual["tokens_per_second"] == cuda["tokens_per_second"]
    assert 2 < vulkan["tokens_per_second"] / cuda["tokens_per_second"] < 5


def test_an_engine_that_cuts_states_into_blocks_moves_none_for_each_token(catalogue):
    """Mamba goes token by token through llama.cpp; vLLM multiplies blocks."""
    work = model_work("nemotron-3-nano-30b-a3b", "bf16", catalogue)
    rates = gpu_rates(catalogue.gpus["rtx-4090"], catalogue)
    asked = {"prompt_tokens": 512, "depth": 0, "ubatch": 512, "flash_attention": True, "efficiency": 0.9}
    scans, cuts = (prefill_features(rates, work, stack=Stack("llama.cpp", scans=value), **asked) for value in (True, False))
    assert scans["scanned_products"] == cuts["state_products"] == work.scanned_values * 512 > 0
    assert cuts["scanned_products"] == scans["state_products"] == 0


def test_kernels_started_as_a_graph_make_layers_shorter(catalogue):
    """llama.cpp's pull 22254: 7 % for gemma 4 26B on a 7900 XTX; the fit sees more on small models."""
    question = {"model": "gemma-4-26b-a4b", "quant": "q6_k", "gpus": ["rx-7900-xtx"], "backend": "rocm", "context": 4096}
    days = ("2026-04-21", "2026-04-22")
    before, after = (with_enough_memory({**question, "built": day}, catalogue)["decode"]["tokens_per_second"] for day in days)
    assert 1.02 < after / before < 1.5


def test_cores_that_compute_experts_alone_gain_nothing_by_a_faster_recurrence(catalogue):
    """All experts in RAM, recurrent layers on the card: 51 tokens/s in February 2026, before cores got a kernel for them (1rei65v)."""
    question = {"model": "qwen3.5-35b-a3b", "quant": "q4_k_m", "gpus": ["rtx-5080"], "cpu": "ryzen-9-9950x", "memory": "ddr5-4800"}
    more = {
        "memory_channels": 2,
        "n_cpu_moe": 40,
        "gpu_layers": 9999,
        "context": 65536,
        "kv_type": "q8_0",
        "backend": "cuda",
        "ram_gib": 192,
    }
    before, after = (with_enough_memory({**question, **more, "built": day}, catalogue)["decode"] for day in ("2026-02-24", "2026-04-01"))
    assert before["tokens_per_second"] == after["tokens_per_second"] == pytest.approx(51.0, rel=0.2)


def test_a_model_with_parts_that_were_never_measured_is_extrapolated(catalogue):
    """Biases by distance and messages between runs stand in no measured row; latent attention does."""
    ask = {"quant": "q4_k_m", "context": 8192, "gpus": ["rtx-5090"], "cpu": "ryzen-9-7950x"}
    known, unknown = (estimate({"model": model, **ask}, catalogue) for model in ("glm-4.7-flash-30b-a3b", "inkling-2-mini-26b-a3b"))
    assert (
        {"latent"}
        == set(catalogue.models["glm-4.7-flash-30b-a3b"].architecture.unusual_parts)
        <= set(catalogue.calibration["decode"].parts)
    )
    assert not {"distances", "messages"} & set(catalogue.calibration["decode"].parts)
    for answer, told in ((known, False), (unknown, True)):
        assert ("unmeasured-parts" in {notice["code"] for notice in answer["notices"]}) == told
        assert (answer["decode"]["basis"] == answer["prefill"]["basis"] == "extrapolated") == told
    width = [answer["decode"]["high"] / answer["decode"]["low"] for answer in (known, unknown)]
    assert width[1] > 1.5 * width[0]


def test_decode_and_prompts_are_extrapolated_apart(catalogue):
    """Kimi's delta attention and alternating updates stand in rows of decode alone: prompts of such models are not foretold by rows."""
    decode, prefill = (set(catalogue.calibration[kind].parts) for kind in ("decode", "prefill"))
    ask = {"quant": "q4_k_m", "context": 4096, "gpus": ["rtx-pro-6000-blackwell"], "cpu": "ryzen-9-7950x"}
    for model in ("kimi-linear-48b-a3b", "gemma-3n-e2b"):
        parts = set(catalogue.models[model].architecture.unusual_parts)
        assert parts <= decode
        assert parts - prefill
        answer = estimate({"model": model, **ask}, catalogue)
        assert answer["decode"]["basis"] != "extrapolated"
        assert answer["prefill"]["basis"] == "extrapolated"
        assert "unmeasured-parts" in {notice["code"] for notice in answer["notices"]}


def test_a_host_that_nobody_described_widens_the_range(catalogue):
    """Two channels of DDR4-2400 to DDR5-7200 may stand there; the middle stays that of the machine that is assumed."""
    ask = {
        "model": "gpt-oss-120b",
        "quant": "mxfp4_moe",
        "context": 4096,
        "gpus": ["rtx-4090"],
        "n_cpu_moe": 36,
        "gpu_layers": 9999,
        "ram_gib": 128,
    }
    unknown = estimate(ask, catalogue)
    slow, known, fast = (
        estimate({**ask, "memory": memory, "memory_channels": 2}, catalogue) for memory in ("ddr4-2400", "ddr5-5600", "ddr5-7200")
    )
    for kind in ("decode", "prefill"):
        assert unknown[kind]["tokens_per_second"] == pytest.approx(known[kind]["tokens_per_second"])
        assert unknown[kind]["low"] < known[kind]["low"]
        assert known[kind]["high"] <= unknown[kind]["high"]
    assert unknown["decode"]["low"] < slow["decode"]["tokens_per_second"] < fast["decode"]["tokens_per_second"]


def test_each_run_of_a_looped_layer_reads_the_experts_that_it_visits(catalogue):
    """Inkling 2 Mini: 12 of 24 layers run three times, each time with 8 of 128 experts of 3 x 2304 x 1152 values."""
    work = model_work("inkling-2-mini-26b-a3b", "q8_0", catalogue)
    each = 8 * 3 * 2304 * 1152
    assert work.expert_parameters == (12 + 3 * 12) * each
    assert work.expert_bytes * work.expert_share == pytest.approx(work.expert_parameters * 34 / 32)


def test_a_back_end_that_converts_the_cache_moves_more_bytes(catalogue):
    """Issue 26581 of llama.cpp, Qwen3.8 27B Q4_0 on an Arc Pro B70 by SYCL, 131,072 tokens: 9.66 with a 4-bit cache, 15.15 with 16 bits."""
    ask = {"model": "qwen3.8-27b", "quant": "q4_0", "gpus": ["arc-pro-b70"], "context": 131_200, "depth": 131_072}
    speed = {
        (backend, kv): estimate({**ask, "backend": backend, "kv_type": kv}, catalogue)["decode"]["tokens_per_second"]
        for backend in ("sycl", "vulkan")
        for kv in ("q4_0", "f16")
    }
    assert speed["sycl", "q4_0"] == pytest.approx(9.66, rel=0.15)
    assert speed["sycl", "f16"] == pytest.approx(15.15, rel=0.2)
    assert speed["vulkan", "q4_0"] > speed["vulkan", "f16"]


def test_devices_that_makers_build_in_several_ways_may_be_slower(catalogue):
    """A laptop's at its lowest power, a processor's with one module of DDR5-4800; a power or a memory that is named leaves no doubt."""
    ask = {"model": "qwen3.5-4b", "quant": "q4_k_m", "context": 4096, "backend": "vulkan"}
    laptop = catalogue.gpus["rtx-3080-ti-mobile"]
    lowest, highest = laptop.power_range_w
    for gpu, told, ratio in (
        (laptop.id, {"power_limit_w": highest}, (lowest / highest) ** 0.5),
        ("radeon-890m", {"memory": "ddr5-5600"}, 38.4 / 128),
    ):
        open_, known = (estimate({**ask, "gpus": [gpu], **more}, catalogue) for more in ({}, told))
        for kind in ("decode", "prefill"):
            assert open_[kind]["tokens_per_second"] == pytest.approx(known[kind]["tokens_per_second"])
            assert open_[kind]["low"] == pytest.approx(known[kind]["low"] * ratio, rel=0.01)
            assert open_[kind]["high"] == pytest.approx(known[kind]["high"])


def test_cores_beside_graphics_may_reach_more_of_a_small_memory(catalogue):
    """Issue 644 of mlx-lm: gpt-oss 20B with the experts of 12 layers on the cores of an M4, 26 tokens/s; its memory has 120 GB/s."""
    ask = {"model": "gpt-oss-20b", "quant": "mxfp4_moe", "context": 32_768, "memory_gib": 16, "n_cpu_moe": 12, "gpu_layers": 9999}
    small = estimate({**ask, "gpus": ["apple-m4-10c"]}, catalogue)["decode"]
    assert small["low"] < 26 < small["high"]
