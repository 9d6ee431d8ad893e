"""To the byte: the cache as vLLM plans it (data/cache-plans), and what follows for conversations, lengths and refusals."""

from pathlib import Path

import pytest

from macros.estimate import Refused, check_setting, estimate
from macros.estimate.engines.vllm.batches import batches_of
from macros.estimate.engines.vllm.pages import page_pool
from macros.estimate.engines.vllm.parallel import stage_layers
from macros.estimate.overview import overview
from macros.specs import load

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")
SETTING = ("gpu", "tensor_parallel", "kv_type", "prefix_caching", "context")


@pytest.mark.parametrize("record", CATALOGUE.cache_plans)
def test_plans_are_those_of_the_engine(record):
    file = CATALOGUE.cache_plans[record]
    missed = []
    for plan in file.plans():
        question = {key: plan[key] for key in SETTING[1:]} | {"model": file.model, "quant": "bf16", "engine": "vllm"}
        found = estimate(question | {"gpus": [plan["gpu"]] * plan["tensor_parallel"]}, CATALOGUE)
        cache = {device["kv_cache_bytes"] for device in found["devices"]}
        if cache != {plan["kv_cache"]}:
            missed.append((plan, cache))
    assert missed == []


def stated(key):
    return [record for record, file in CATALOGUE.cache_plans.items() if getattr(file, key)]


@pytest.mark.parametrize("record", stated("stages"))
def test_stages_of_a_pipeline_hold_what_the_engine_plans(record):
    file = CATALOGUE.cache_plans[record]
    missed = []
    for gpu, context, _, *held in file.stages:
        question = {"model": file.model, "quant": "bf16", "engine": "vllm", "context": context, "gpus": [gpu] * len(held)}
        found = estimate(question | {"tensor_parallel": 1, "pipeline_parallel": len(held)}, CATALOGUE)
        cache = [device["kv_cache_bytes"] for device in found["devices"]]
        if cache != held:
            missed.append((gpu, context, held, cache))
    assert missed == []


@pytest.mark.parametrize("record", stated("guesses"))
def test_a_prediction_layer_takes_the_pages_that_the_engine_plans(record):
    """A layer more that attends; in hybrids a state and a place of the convolution more for each guess."""
    file = CATALOGUE.cache_plans[record]
    for gpu, guesses, prefix_caching, context, _, held in file.guesses:
        question = {"model": file.model, "quant": "bf16", "engine": "vllm", "context": context, "gpus": [gpu], "mtp": True}
        found = estimate(question | {"draft_tokens": guesses, "prefix_caching": prefix_caching}, CATALOGUE)
        assert found["kv_cache"]["bytes"] == held, (guesses, prefix_caching, context)


@pytest.mark.parametrize("record", stated("weights"))
def test_a_card_holds_the_weights_that_the_built_model_has(record):
    """Routers, norms and latent projections in full, keys and values by heads, the rest by equal parts."""
    file = CATALOGUE.cache_plans[record]
    for cards, held in file.weights:
        question = {"model": file.model, "quant": "bf16", "engine": "vllm", "context": 8192, "gpus": ["h200-sxm"] * cards}
        found = estimate(question | {"tensor_parallel": cards}, CATALOGUE)
        assert max(device["weights_bytes"] for device in found["devices"]) == held, cards


def asked(**more):
    return {"model": "qwen3-32b", "quant": "awq-4bit-128g", "context": 32768, "engine": "vllm", "gpus": ["l40s"] * 2} | more


def test_twenty_conversations_of_32k_do_not_fit_two_l40s_at_once():
    found = estimate(asked(users=20), CATALOGUE)
    assert not found["fits"]
    assert 0 < found["users_that_fit"] < 20
    assert estimate(asked(users=found["users_that_fit"]), CATALOGUE)["fits"]
    assert not estimate(asked(users=found["users_that_fit"] + 1), CATALOGUE)["fits"]
    assert found["users_at_fill"]["users"] > found["users_that_fit"]
    assert "decode" not in found
    some = estimate(asked(users=found["users_that_fit"]), CATALOGUE)
    assert some["per_user"]["tokens_per_second"] == pytest.approx(some["decode"]["tokens_per_second"] / found["users_that_fit"])


@pytest.mark.parametrize(
    ("gpu", "tokens", "sequences"),
    [("rtx-4090", 2048, 256), ("a100-sxm-80gb", 2048, 256), ("dgx-spark", 2048, 256), ("h100-sxm-80gb", 8192, 1024), ("b200", 16384, 1024)],
)
def test_batches_go_by_card(gpu, tokens, sequences):
    # vLLM 0.33.0, EngineArgs.get_batch_defaults, for a server.
    found = batches_of(check_setting(asked(gpus=[gpu]), CATALOGUE))
    assert (found.tokens, found.sequences) == (tokens, sequences)


@pytest.mark.parametrize(
    ("more", "field", "fix"),
    [
        ({"tensor_parallel": 3, "gpus": ["l40s"] * 3}, "tensor_parallel", "use 1"),
        ({"tensor_parallel": 4}, "tensor_parallel", "use 2"),
        ({"pipeline_parallel": 3}, "pipeline_parallel", "use 1"),
        ({"kv_type": "q8_0"}, "kv_type", ""),
        ({"quant": "q4_k_m"}, "quant", "llama.cpp"),
        ({"memory_utilization": 1.5}, "memory_utilization", ""),
        ({"gpus": ["apple-m4-max-40c"]}, "gpus", "llama.cpp"),
        ({"users": 300}, "users", "use at most 256"),
        ({"users": 20, "max_sequences": 8}, "users", "use at most 8"),
        ({"engine": "llama.cpp", "quant": "q4_k_m", "tensor_parallel": 2}, "tensor_parallel", "vLLM"),
    ],
)
def test_what_the_engine_cannot_do_is_refused_with_what_it_can(more, field, fix):
    with pytest.raises(Refused, match=field) as refused:
        estimate(asked(**more), CATALOGUE)
    assert refused.value.field == field
    assert fix in str(refused.value)


def test_a_smaller_share_leaves_room_for_fewer():
    users = [estimate(asked(memory_utilization=share), CATALOGUE)["users_that_fit"] for share in (0.5, 0.92)]
    assert users[0] < users[1]


@pytest.mark.parametrize(
    ("gpu", "share", "gib", "source"),
    [
        ("rtx-3090", 0.9, 21.22, "issue 10517: total_gpu_memory 23.58 GiB"),
        ("rtx-3090", 0.935, 22.03, "wtdcode/vllm-backport issue 34: desired utilization of 23.56 GiB"),
        ("l40s", 0.9, 39.98, "issue 15815: total_gpu_memory 44.42 GiB"),
        ("a100-sxm-80gb", 0.9, 71.29, "pull request 10511: total_gpu_memory 79.22 GiB"),
    ],
)
def test_the_share_is_of_what_the_engine_sees(gpu, share, gib, source):
    """As vLLM prints it; what the driver keeps, and check bits of the memory, are no part of it."""
    found = estimate(asked(gpus=[gpu], memory_utilization=share), CATALOGUE)
    assert found["devices"][0]["usable_bytes"] / 2**30 == pytest.approx(gib, rel=0.006), source


@pytest.mark.parametrize(
    ("model", "gpus", "tokens", "gib"),
    [("llama-3.1-8b", ["rtx-3090"], 20000, 2.07), ("llama-3.1-8b", ["rtx-3090"], 29000, 2.99), ("qwen2.5-32b", ["l40s"] * 2, 10000, 1.26)],
)
def test_activations_are_those_of_logs(model, gpus, tokens, gib):
    """Peaks beside the weights that vLLM printed: issue 10517, and 15815 on two cards. Graphs are counted with them here."""
    found = estimate(asked(model=model, quant="bf16", gpus=gpus, max_batched_tokens=tokens, context=4096), CATALOGUE)
    activations = found["devices"][0]["compute_buffer_bytes"] - CATALOGUE.engines["vllm"].graphs_mib * 2**20
    assert activations / 2**30 == pytest.approx(gib, rel=0.01)


def test_towers_are_loaded_where_they_are_asked_for():
    """vLLM loads them unless it is told not to: the command says so. The towers of Qwen3.6-27B have 460,730,096 parameters."""
    question = asked(model="qwen3.6-27b", quant="fp8", gpus=["l40s"] * 2, context=1024)
    text, seeing = (estimate(question | {"mmproj": towers}, CATALOGUE) for towers in (False, True))
    assert [device["companion_bytes"] for device in seeing["devices"]] == [460_730_096, 460_730_096]
    assert seeing["users_that_fit"] < text["users_that_fit"]
    commands = [overview(question | {"mmproj": towers}, CATALOGUE)["command"] for towers in (False, True)]
    assert ["--language-model-only" in command for command in commands] == [True, False]
    staged = estimate(question | {"mmproj": True, "tensor_parallel": 1, "pipeline_parallel": 2}, CATALOGUE)
    assert [device["companion_bytes"] for device in staged["devices"]] == [2 * 460_730_096, 0]


def test_a_context_that_was_read_at_once_was_refused():
    """As issue 10517 says: 29,000 tokens in one pass leave no room for their cache; in passes of 2,048 they fit."""
    question = asked(model="llama-3.1-8b", quant="bf16", gpus=["rtx-3090"], context=29000, memory_utilization=0.9)
    assert not estimate(question | {"max_batched_tokens": 29000}, CATALOGUE)["fits"]
    assert estimate(question, CATALOGUE)["fits"]


def test_eight_bits_take_half_the_pages_of_sixteen():
    half, whole = (estimate(asked(kv_type=kind), CATALOGUE)["kv_cache"]["bytes"] for kind in ("fp8", "f16"))
    assert half * 2 == whole


def test_stages_share_the_layers_and_hold_more_passes_in_flight():
    # vLLM 0.33.0, distributed/utils.py, get_pp_indices: 62 layers on 4 stages are 15, 16, 16, 15.
    assert [len(layers) for layers in stage_layers(62, 4)] == [15, 16, 16, 15]
    setting = check_setting(asked(model="gemma-3-27b", quant="bf16"), CATALOGUE)
    assert page_pool(setting, 1, 2).in_flight == 3 * 2048
