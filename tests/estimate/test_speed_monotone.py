"""Which way speeds move: whatever costs time never makes them faster, for every model, device and format."""

import random
from itertools import pairwise
from pathlib import Path

import pytest

from macros.estimate import Refused, estimate
from macros.estimate.answering import speeds as with_enough_memory
from macros.estimate.work import model_work
from macros.specs import load
from macros.specs.models import architecture_of

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")
ONE = {"context": 65536 + 8192, "gpu_layers": 9999}
HOST = {"cpu": "ryzen-9-7950x", "memory": "ddr5-5600", "memory_channels": 2, "ram_gib": 128}


def architecture(model):
    return architecture_of(CATALOGUE.models[model], CATALOGUE.models)


MIXTURES = sorted(model for model in CATALOGUE.models if architecture(model).experts is not None)
CARDS = sorted(gpu for gpu, record in CATALOGUE.gpus.items() if record.shared_memory is None)


def questions(seed, models, gpus, count=24):
    """Random ones."""
    rng = random.Random(seed)
    for _ in range(count):
        yield {
            "model": rng.choice(models),
            "quant": rng.choice(["q4_k_m", "q8_0", "bf16", "iq2_xs"]),
            "gpus": [rng.choice(gpus)],
            "prompt_tokens": rng.choice([1, 300, 512, 2048, 8192]),
        }


def speeds(kind, asked, changes):
    """Tokens a second with each change; nothing where the question cannot be answered."""
    try:
        return [with_enough_memory({**asked, **change}, CATALOGUE)[kind]["tokens_per_second"] for change in changes]
    except Refused:
        return []


def falling(found):
    """Equal but for rounding, or slower each time."""
    return all(later <= earlier * (1 + 1e-9) for earlier, later in pairwise(found))


@pytest.mark.parametrize("kind", ["decode", "prefill"])
def test_deeper_is_never_faster(kind):
    depths = [{"depth": depth} for depth in (0, 1, 127, 1000, 4095, 4096, 20_000, 65_536)]
    answered = 0
    for asked in questions(1, sorted(CATALOGUE.models), sorted(CATALOGUE.gpus)):
        found = speeds(kind, {**ONE, **asked}, depths)
        assert falling(found), (asked, found)
        answered += bool(found)
    assert answered > 15
    for processor in ({"cpu": "epyc-9354"}, {"cpu": "ryzen-9-7950x"}, {"cpu": "apple-m2-max-cpu"}):
        found = speeds(kind, {"model": "qwen3-30b-a3b", "quant": "q4_k_m", "context": 131_072, **processor}, depths)
        assert falling(found), (processor, found)
        assert found[-1] < 0.8 * found[0]


def test_a_larger_micro_batch_never_slows_prompts():
    """On the card, and with experts that are streamed to it from system memory."""
    batches = [{"ubatch": size} for size in (4096, 2048, 1024, 700, 512, 256, 128, 33, 31, 8, 1)]
    for asked in questions(2, sorted(CATALOGUE.models), sorted(CATALOGUE.gpus)):
        found = speeds("prefill", {**ONE, **asked}, batches)
        assert falling(found), (asked, found)
    for asked in questions(3, MIXTURES, CARDS, 10):
        found = speeds("prefill", {**ONE, **HOST, **asked, "experts_on_host": True}, batches[:7])
        assert falling(found), (asked, found)


@pytest.mark.parametrize("kind", ["decode", "prefill"])
def test_more_experts_in_system_memory_are_never_faster(kind):
    answered = 0
    fast = [gpu for gpu in CARDS if CATALOGUE.gpus[gpu].bandwidth_gb_per_s > 300]
    for asked in questions(4, MIXTURES, fast):
        layers = architecture(asked["model"]).layers
        found = speeds(kind, {**ONE, **HOST, **asked}, [{"n_cpu_moe": count} for count in (0, 1, layers // 4, layers // 2, layers)])
        assert falling(found), (asked, found)
        answered += bool(found)
    assert answered > 12


def test_a_faster_slot_never_slows_prompts_and_leaves_generation_alone():
    """Streamed experts pass the slot; a token's own are computed where they lie."""
    slots = [{"pcie_gen": generation, "pcie_lanes": lanes} for generation, lanes in ((5, 16), (4, 16), (4, 8), (3, 8), (3, 4))]
    long = {"prompt_tokens": 4096, "ubatch": 2048, "experts_on_host": True}
    for asked in questions(5, MIXTURES, CARDS, 12):
        found = speeds("prefill", {**ONE, **HOST, **asked, **long}, slots)
        assert falling(found), (asked, found)
        assert not found or found[-1] < found[0], asked
        assert len(set(speeds("decode", {**ONE, **HOST, **asked, **long}, slots))) < 2


def test_less_power_is_never_faster():
    limits = [{}] + [{"power_limit_w": watts} for watts in (2000, 300, 200, 150, 100)]
    for asked in questions(6, sorted(CATALOGUE.models), CARDS):
        for kind in ("decode", "prefill"):
            found = speeds(kind, {**ONE, **asked}, limits)
            assert falling(found), (kind, asked, found)
    asked = {"model": "qwen3-14b", "quant": "q4_k_m", "context": 4096, "gpus": ["rtx-3090"]}
    most, half = speeds("prefill", asked, [{}, {"power_limit_w": 200}])
    assert half < most


def test_what_a_speed_rests_on():
    """Rows of the class with the engine on the family; on other families; none."""

    def basis(**asked):
        return estimate({"quant": "q4_k_m", "context": 4096, **asked}, CATALOGUE)["decode"]["basis"]

    described = {"memory_gib": 80, "bandwidth_gb_per_s": 1000.0}
    assert basis(model="llama-3.1-8b", gpus=["rtx-3090"]) == "fitted"
    assert basis(model="qwen3-30b-a3b", gpus=["tesla-p40"]) == "family"
    assert basis(model="llama-3.1-8b", gpus=[{**described, "family": "nobody-knows"}]) == "extrapolated"
    # Models without attention were never measured, hybrids were.
    mamba = {"model_type": "mamba", "hidden_size": 768, "num_hidden_layers": 24, "state_size": 16, "vocab_size": 50280}
    assert basis(config=mamba, gpus=["rtx-3090"]) == "extrapolated"


def test_a_class_that_was_not_measured_is_told():
    """Models without attention on processors: no row. In words, too, and with a wider range."""
    asked = {"quant": "q4_k_m", "context": 4096, "cpu": "ryzen-9-7950x"}
    mamba = {"model_type": "mamba", "hidden_size": 768, "num_hidden_layers": 24, "state_size": 16, "vocab_size": 50280}
    dense, recurrent = (estimate({**asked, **model}, CATALOGUE) for model in ({"model": "qwen3-8b"}, {"config": mamba}))
    assert "unmeasured-class" not in {notice["code"] for notice in dense["notices"]}
    assert (dense["decode"]["basis"], recurrent["decode"]["basis"]) == ("fitted", "extrapolated")
    told = {"code": "unmeasured-class", "values": {"device": "ryzen-9-7950x", "engine": "llama.cpp"}}
    assert told in recurrent["notices"]
    assert any("extrapolated" in warning for warning in recurrent["warnings"])
    assert recurrent["decode"]["high"] / recurrent["decode"]["low"] > dense["decode"]["high"] / dense["decode"]["low"]


def test_recurrences_cost_processors_time():
    """36 of the 48 layers of Qwen3-Next, measured at 23 tokens/s in ik_llama.cpp; three times slower before their kernel came."""
    asked = {"model": "qwen3-next-80b-a3b", "quant": "iq4_xs", "context": 4096, "cpu": "threadripper-pro-3995wx"}
    recent = estimate({**asked, "ram_gib": 256}, CATALOGUE)["decode"]["tokens_per_second"]
    assert 17 < recent < 30
    before = estimate({**asked, "ram_gib": 256, "built": "2026-02-10"}, CATALOGUE)["decode"]["tokens_per_second"]
    assert 2.5 < recent / before < 4.5


def test_slower_system_memory_never_speeds_up_experts_there():
    """A mapped file passes it three times on the way to the card, and a token's experts are read from it."""
    kinds = [{"memory": memory} for memory in ("ddr5-6000", "ddr5-4800", "ddr4-3200", "ddr4-2133")]
    for asked in questions(7, MIXTURES, CARDS, 10):
        for kind in ("decode", "prefill"):
            found = speeds(kind, {**ONE, **asked, "ram_gib": 2048, "prompt_tokens": 2048, "experts_on_host": True}, kinds)
            assert falling(found), (kind, asked, found)
            assert not found or kind == "prefill" or found[-1] < found[0], (asked, found)


def test_mapped_experts_reach_a_fast_slot_no_faster_than_memory_allows():
    """Two channels of DDR5-5600 give 89.6 GB/s, a third of which reaches the card: 60.6 GB of experts once for each 512 tokens."""
    asked = {"model": "gpt-oss-120b", "quant": "mxfp4_moe", "gpus": ["rtx-5090"], "context": 4096, "n_cpu_moe": 36, "ram_gib": 128}
    seconds = 512 / speeds("prefill", {**asked, "prompt_tokens": 512, "memory": "ddr5-5600", "memory_channels": 2}, [{}])[0]
    assert 60.6 / (89.6 / 3) < seconds < 1.3 * 60.6 / (89.6 / 3)


@pytest.mark.parametrize(("model", "left_out"), [("gemma-4-e2b", 20), ("gemma-4-e4b", 18), ("qwen3-4b", 0)])
def test_lazy_prompts_leave_out_layers_that_share_a_cache(model, left_out):
    """An engine that computes what the cache needs never gets to the last layers, which look into another's."""
    assert [name for name, engine in CATALOGUE.engines.items() if engine.lazy_prompts] == ["mlx"]
    for name, engine in CATALOGUE.engines.items():
        asked = {"model": model, "quant": "q4_0", "catalogue": CATALOGUE}
        one, prompt = model_work(**asked), model_work(**asked, engine=engine)
        assert one.layers - prompt.layers == (left_out if engine.lazy_prompts else 0), name
        assert (prompt.parameters < one.parameters) == (engine.lazy_prompts and left_out > 0), name


def test_bfloat16_costs_prompts_where_a_chip_does_not_multiply_it():
    """Of engines beside llama.cpp, which multiplies 16-bit floats there: M1 and M2."""

    def ratio(engine, quant):
        asked = {"model": "qwen3-8b", "quant": quant, "context": 4096, "engine": engine}
        older, newer = (speeds("prefill", {**asked, "gpus": [gpu]}, [{}])[0] for gpu in ("apple-m2-max-38c", "apple-m3-max-40c"))
        return newer / older

    assert ratio("mlx", "mlx-4bit-64g") > 1.3 * ratio("llama.cpp", "q4_0")
