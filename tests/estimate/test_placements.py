"""Placement as people place it: the engine's plans to the byte, advice that fits and is fast, refusals of what cannot be."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from macros.estimate import Refused, check_setting, estimate, place
from macros.estimate.launch import launch_command
from macros.estimate.speed import decode_speed
from macros.specs import load
from macros.tables.accuracy_memory import ROOMY
from tests.machines import faults, machines

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")
PLANS = yaml.safe_load(Path(__file__).with_name("engine_placements.yaml").read_text("utf-8"))
FURTHER = yaml.safe_load(Path(__file__).with_name("engine_plans_b11739.yaml").read_text("utf-8"))
COMPANIONS = yaml.safe_load(Path(__file__).with_name("engine_companions_b11739.yaml").read_text("utf-8"))
MIXTURES = ["qwen3-30b-a3b", "gpt-oss-20b", "mixtral-8x7b", "lfm2-8b-a1b", "qwen3.5-35b-a3b"]


def placed(**question):
    return place(check_setting({"quant": "q4_k_m", "context": 8192, **question}, CATALOGUE), CATALOGUE)


def where(question):
    changes = [f"{key}={value}" for key, value in question.items() if key not in ("quant", "context", "gpus", "gpu_layers")]
    return f"{question['gpus']} {' '.join(changes)}"


@pytest.mark.parametrize(("question", "parts"), PLANS, ids=[where(question) for question, _ in PLANS])
def test_every_device_holds_what_the_engine_plans(question, parts):
    found = placed(**{**question, "gpus": [ROOMY] * question["gpus"]})
    held = [[share.weights_bytes, share.kv_cache_bytes, share.compute_buffer_bytes] for share in (*found.devices, found.host)]
    assert held == parts


@pytest.mark.parametrize("model", FURTHER)
def test_further_models_in_the_newest_build(model):
    """Twelve placements of each, and of some a table by name or one card of several."""
    for question, parts in FURTHER[model]:
        split = {"tensor_split": [1, 1]} if question["gpus"] == 2 and not question.keys() & {"tensor_split", "split_mode"} else {}
        asked = {"model": model, "context": 4096, "build": "b11739", **question, "gpus": [ROOMY] * question["gpus"], **split}
        found = placed(**asked)
        held = [[share.weights_bytes, share.kv_cache_bytes, share.compute_buffer_bytes] for share in (*found.devices, found.host)]
        assert held == parts, question


def with_companions(model, question):
    split = {"tensor_split": [1, 1]} if question.get("gpus") == 2 else {}
    cards = {"gpus": [ROOMY] * question.get("gpus", 1)}
    found = placed(**{"model": model, "build": "b11739", **question, **cards, **split, **({"gpu_layers": 999} if cards["gpus"] else {})})
    return [*found.devices, found.host]


@pytest.mark.parametrize(("model", "question", "sizes"), COMPANIONS["drafts"])
def test_a_draft_model_takes_what_the_engine_plans_for_it(model, question, sizes):
    assert [share.companion_bytes for share in with_companions(model, question)] == sizes


@pytest.mark.parametrize(("model", "question", "sizes"), COMPANIONS["predictions"])
def test_prediction_layers_take_what_the_engine_plans_for_them(model, question, sizes):
    """Qwen3-Next's goes on with few tokens after its attention: experts in RAM need not come to the card."""
    assert [share.memory_bytes - share.runtime_bytes for share in with_companions(model, question)] == sizes


def test_unlike_cards_share_layers_in_whichever_way_is_faster():
    """A slow card beside a fast one: filled alike they reach 9.0 tokens/s, with layers by their room 10.8."""
    fast = {"memory_gib": 20.6, "bandwidth_gb_per_s": 2217.0, "family": "ada-gf"}
    question = {"model": "qwen3.5-397b-a17b", "context": 16384, "gpus": ["arc-pro-b50", fast], "ram_gib": 496.0}
    advised, by_hand = placed(**question), placed(**question, gpu_layers=61, n_cpu_moe=57)
    speeds = [decode_speed(found.setting, found, CATALOGUE) for found in (advised, by_hand)]
    assert by_hand.fits
    assert advised.fits
    assert speeds[0] >= speeds[1] * (1 - 1e-9)


def test_a_runner_up_that_does_not_fit_is_none():
    card = {"memory_gib": 69.4, "bandwidth_gb_per_s": 590.0, "family": "ada-gf"}
    found = placed(model="deepseek-r1-distill-llama-70b", quant="q8_0", context=4096, gpus=[card], profile="server", ram_gib=4.1)
    assert found.fits
    assert not found.setting.kv_offload
    assert found.runner_up() is None


def test_what_cuda_keeps_for_mixtures():
    """A log of an RTX 5070 Ti with and without fusion, Qwen3.6-35B-A3B at a micro-batch of 8,192 (GenerelSchwerz/llama.cpp issue 80)."""
    question = {"model": "qwen3.6-35b-a3b", "quant": "q4_k_m", "context": 8192, "ubatch": 8192, "gpu_layers": 999, "profile": "server"}
    buffers = {}
    for backend in ("cuda", "vulkan"):
        found = estimate({**question, "slots": 1, "build": "0c1e57098", "gpus": ["rtx-5090"], "backend": backend}, CATALOGUE)
        buffers[found["compute_buffer"]["basis"]] = found["devices"][0]["compute_buffer_bytes"]
    # The build of the log kept the experts' outputs alone, that of the plan the router's values as well: 3 x 256 numbers a token.
    assert buffers["cuda-fusion"] - buffers["plan"] - 8192 * 3 * 256 * 4 == pytest.approx(537_427_968, rel=0.0001)


def test_builds_of_the_engine():
    question = {"model": "llama-3.1-8b", "quant": "q4_k_m", "context": 131072, "gpus": []}
    newest = estimate(question, CATALOGUE)
    assert newest["engine"]["build"] == CATALOGUE.engines["llama.cpp"].builds[-1].id == CATALOGUE.engines["llama.cpp"].build
    older = estimate({**question, "build": "0c1e57098"}, CATALOGUE)
    assert older["compute_buffer"]["bytes"] == 279_447_552
    assert newest["compute_buffer"]["bytes"] == 438_849_536
    assert estimate({**question, "built": "2026-10-02"}, CATALOGUE)["compute_buffer"] == older["compute_buffer"]


@pytest.mark.parametrize("model", sorted(CATALOGUE.models))
def test_parts_add_up(model):
    found = estimate({"model": model, "quant": "q4_k_m", "context": 4096, "gpus": ["h200-sxm"], "gpu_layers": 9999}, CATALOGUE)
    parts = [found["weights"]["loaded_bytes"], *(found[part]["bytes"] for part in ("kv_cache", "compute_buffer", "runtime"))]
    assert sum(parts) == found["total"]["bytes"]


@pytest.mark.parametrize("model", MIXTURES)
@pytest.mark.parametrize("memory", [4.0, 8.0, 12.0])
def test_advice_is_never_slower_than_any_other_placement(model, memory):
    card = {"memory_gib": memory, "bandwidth_gb_per_s": 360.0, "family": "ga102-gf"}
    question = {"model": model, "gpus": [card], "ram_gib": 64.0, "context": 16384}
    best = placed(**question)
    assert best.fits
    found = decode_speed(best.setting, best, CATALOGUE)
    layers = best.setting.architecture.layers
    for gpu_layers, experts in itertools.product(range(1, layers + 2, 5), range(0, layers + 1, 4)):
        other = placed(**question, gpu_layers=gpu_layers, n_cpu_moe=experts)
        if other.fits:
            assert decode_speed(other.setting, other, CATALOGUE) <= found * (1 + 1e-9), (gpu_layers, experts)


def test_random_machines_are_never_overfull():
    """A few of the ten thousand that `make machines` tries."""
    for number, (rng, question) in enumerate(machines(20, 7, CATALOGUE)):
        assert list(faults(question, rng, CATALOGUE, thoroughly=number == 0)) == [], question


def test_experts_before_layers_where_a_mixture_does_not_fit():
    """As measured: 12.2 tokens/s with layers in RAM, several times as many with experts there (dev.to/kenimo49)."""
    found = estimate({"model": "qwen3.5-35b-a3b", "quant": "q4_k_m", "context": 8192, "gpus": ["rtx-4070"]}, CATALOGUE)
    assert found["fits"]
    assert 0 < found["n_cpu_moe"] < 40
    assert found["alternative"]["gpu_layers"] < found["gpu_layers"]
    assert found["alternative"]["tokens_per_second"] < found["decode"]["tokens_per_second"]


def test_ram_is_finite():
    large = {"model": "deepseek-v3.2-671b", "quant": "q8_0", "context": 8192, "gpus": [], "cpu": "ryzen-5-3600"}
    found = estimate(large, CATALOGUE)
    assert not found["fits"]
    assert "ram-assumed" in [notice["code"] for notice in found["notices"]]
    assert not estimate({**large, "gpus": ["rtx-3060"]}, CATALOGUE)["fits"]
    assert estimate({**large, "cpu": "epyc-9654", "ram_gib": 768}, CATALOGUE)["fits"]


@pytest.mark.parametrize(("ram_gib", "tight"), [(64, True), (96, False)])
def test_little_ram_left_is_told(ram_gib, tight):
    """GLM-4.5-Air on 8 GB of VRAM takes all but a GiB of 64."""
    question = {"model": "glm-4.5-air-106b", "quant": "q4_k_m", "context": 16384, "gpus": ["rtx-4060"], "ram_gib": ram_gib}
    found = estimate(question, CATALOGUE)
    assert found["fits"]
    told = [notice["values"] for notice in found["notices"] if notice["code"] == "ram-tight"]
    assert [float(values["left"]) < values["system_gib"] for values in told] == ([True] if tight else [])


def test_unified_memory_is_counted_once():
    question = {"model": "llama-3.3-70b", "quant": "q4_k_m", "context": 8192, "gpus": ["apple-m4-max-32c"], "memory_gib": 36}
    found = estimate(question, CATALOGUE)
    assert not found["fits"]
    assert found["ram"]["bytes"] > found["ram"]["usable_bytes"]


COMMON = {"model": "qwen3-30b-a3b", "quant": "q4_k_m", "context": 4096, "gpus": ["rtx-3090"]}


CONTRADICTIONS = [
    ({"depth": 5000}, "depth", "context"),
    ({"prompt_tokens": 5000}, "prompt_tokens", "context"),
    ({"depth": 3000, "prompt_tokens": 2000}, "prompt_tokens", "depth"),
    ({"gpus": [], "gpu_layers": 9}, "gpu_layers", "gpus"),
    ({"gpus": [], "n_cpu_moe": 9}, "n_cpu_moe", "gpus"),
    ({"gpus": [], "memory_gib": 8}, "memory_gib", "gpus"),
    ({"gpus": [], "power_limit_w": 200}, "power_limit_w", "gpus"),
    ({"gpus": [], "pcie_gen": 4}, "pcie_gen", "gpus"),
    ({"users": 200, "depth": 512}, "depth", "context"),
    ({"users": 512}, "users", "llama.cpp"),
    ({"users": 5000, "context": 100}, "users", "4096"),
    ({"users": 200, "context": 100}, "depth", "users"),
    ({"slots": 4, "kv_unified": False, "depth": 1025}, "depth", "kv_unified"),
    ({"n_cpu_moe": 60}, "n_cpu_moe", "model"),
    ({"n_cpu_moe": 9, "experts_on_host": True}, "n_cpu_moe", "experts_on_host"),
    ({"model": "llama-3.1-8b", "n_cpu_moe": 9}, "n_cpu_moe", "model"),
    ({"tensor_split": [1, 1]}, "tensor_split", "gpus"),
    ({"tensor_split": [0]}, "tensor_split", "gpus"),
    ({"main_gpu": 1}, "main_gpu", "gpus"),
    ({"cpu": "ryzen-5-3600", "memory": "ddr5-6400"}, "memory", "cpu"),
    ({"cpu": "ryzen-5-3600", "memory_channels": 64}, "memory_channels", "cpu"),
    ({"cpu": "ryzen-5-3600", "memory_channels": 4}, "memory_channels", "cpu"),
    ({"cpu": "epyc-9354", "memory_channels": 25}, "memory_channels", "cpu"),
    ({"cpu": "threadripper-7960x", "memory_channels": 8}, "memory_channels", "cpu"),
    ({"cpu": "epyc-9354", "sockets": 1, "memory_channels": 24}, "memory_channels", "sockets"),
    ({"cpu": "epyc-9354", "sockets": 3}, "sockets", "2"),
    ({"cpu": "epyc-9454p", "sockets": 2}, "sockets", "EPYC 9454P"),
    ({"cpu": "ryzen-5-3600", "sockets": 2}, "sockets", "boards take one"),
    ({"sockets": 2}, "sockets", "cpu"),
    ({"cpu": "ryzen-5-3600", "ram_gib": 9999}, "ram_gib", "cpu"),
    ({"slots": 2, "users": 3}, "users", "slots"),
    ({"logits_rows": 900}, "logits_rows", "ubatch"),
    ({"gpus": ["apple-m4-max-32c"], "ram_gib": 64}, "ram_gib", "memory_gib"),
    ({"override_tensor": ["ffn_upp=CPU"]}, "override_tensor", "blk.47"),
    ({"override_tensor": ["ffn_up=GPU1"]}, "override_tensor", "GPU0"),
    ({"override_tensor": ["ffn_(up=CPU"]}, "override_tensor", "regular expression"),
    ({"gpus": ["rtx-3090"] * 2, "split_mode": "none", "main_gpu": 1, "override_tensor": ["ffn_up=GPU0"]}, "override_tensor", "CPU, GPU1"),
    ({"build": "b1"}, "build", "b11739"),
    ({"model": "deepseek-v2-lite-16b", "kv_type_k": "q8_0"}, "kv_type_v", "kv_type_k"),
    ({"model": "deepseek-v2-lite-16b", "kv_type": "q8_0", "flash_attention": False}, "flash_attention", "quantized V cache"),
    ({"model": "deepseek-v4-flash-284b-a13b", "kv_type_v": "q8_0"}, "kv_type_v", "kv_type_k"),
    ({"mtp": True}, "mtp", "model"),
    ({"mmproj": True}, "mmproj", "model"),
    ({"lora": 8, "lora_bytes": 10**6}, "lora_bytes", "lora"),
    ({"lora_targets": "attention"}, "lora_targets", "lora"),
    ({"draft": "qwen3-1b"}, "draft", "qwen3"),
    ({"engine": "vllm", "quant": "fp8", "n_cpu_moe": 3}, "n_cpu_moe", "llama.cpp"),
]


@pytest.mark.parametrize(("change", "field", "other"), CONTRADICTIONS)
def test_contradictions_name_both_keys(change, field, other):
    with pytest.raises(Refused) as refused:
        estimate({**COMMON, **change}, CATALOGUE)
    assert refused.value.field == field
    assert other in str(refused.value)


def test_the_command_carries_every_setting():
    found = placed(
        model="qwen3-30b-a3b", gpus=["rtx-3090", "rtx-3090"], gpu_layers=49, n_cpu_moe=7, n_cpu_ffn=0, override_tensor=["attn_q=GPU1"],
        tensor_split=[3, 1], kv_offload=False, op_offload=False, profile="server", slots=2, kv_unified=False, batch=1024, ubatch=256,
    )  # fmt: skip
    command = launch_command(found, CATALOGUE)
    for words in (
        "--n-gpu-layers 49", "--n-cpu-moe 7", "--override-tensor 'attn_q=CUDA1'", "--tensor-split 37,12", "--no-kv-offload",
        "--no-op-offload", "--no-kv-unified", "--parallel 2", "--batch-size 1024", "--ubatch-size 256",
    ):  # fmt: skip
        assert words in command


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"gpus": ["rtx-5090"]}, "--n-gpu-layers 66"),
        ({"gpus": ["rtx-5090"], "mtp": True}, "--n-gpu-layers 66"),
        ({"gpus": ["rtx-3060"], "gpu_layers": 30, "mtp": True}, "--n-gpu-layers 31"),
        ({"gpus": ["rtx-3060"], "gpu_layers": 30}, "--n-gpu-layers 30"),
        ({"gpus": ["rtx-3090"] * 2, "mtp": True}, "--tensor-split 33,33"),
        ({"gpus": ["rtx-5090"], "model": "qwen3-32b"}, "--n-gpu-layers 65"),
    ],
)
def test_the_command_counts_a_prediction_layer_as_the_engine_does(change, words):
    """Files of Qwen3.8 27B have 66 layers to count, as two rows of sudoingX/qwen38-mtp say: 25 and 38 of 66 on the card."""
    assert words in launch_command(placed(**{"model": "qwen3.8-27b", **change}), CATALOGUE)


def test_what_is_loaded_beside_the_model():
    """A prediction layer; a draft model; a projector; an adapter."""
    question = {"model": "glm-4.5-air-106b", "quant": "q4_k_m", "context": 32768, "gpus": ["h200-sxm"], "gpu_layers": 9999}
    found = estimate({**question, "mtp": True}, CATALOGUE)
    more = found["total"]["bytes"] - estimate(question, CATALOGUE)["total"]["bytes"]
    # A checking pass gives logits of four tokens.
    assert more == pytest.approx(found["companions"]["bytes"], rel=0.01)
    small = {"model": "qwen3-0.6b", "quant": "q4_k_m", "context": 8192, "gpus": ["rtx-3090"], "gpu_layers": 999, "logits_rows": 1}
    alone = estimate(small, CATALOGUE)
    asked = {"model": "qwen3-8b", "quant": "q4_k_m", "context": 8192, "gpus": ["rtx-3090"], "gpu_layers": 999}
    drafted = estimate({**asked, "draft": "qwen3-0.6b"}, CATALOGUE)
    assert drafted["companions"]["bytes"] == alone["total"]["bytes"] - alone["runtime"]["bytes"]
    pictures = estimate({**asked, "model": "gemma-3-12b", "mmproj": True}, CATALOGUE)
    assert pictures["companions"]["bytes"] > 800_000_000
    assert "picture-reserved" in [notice["code"] for notice in pictures["notices"]]
    adapted = estimate({**asked, "lora": 16}, CATALOGUE)
    # 36 layers of 4096 wide queries and outputs, two of 1024, three of 12288: sums of both sides of each matrix.
    assert adapted["companions"]["bytes"] == 4 * 16 * 36 * (2 * (4096 + 4096) + 2 * (4096 + 1024) + 3 * (4096 + 12288))
    attention = estimate({**asked, "lora": 16, "lora_targets": "attention"}, CATALOGUE)
    assert attention["companions"]["bytes"] == 4 * 16 * 36 * (2 * (4096 + 4096) + 2 * (4096 + 1024))
    two = estimate({**asked, "lora": 16, "lora_targets": "query-value"}, CATALOGUE)
    assert two["companions"]["bytes"] == 4 * 16 * 36 * ((4096 + 4096) + (4096 + 1024))
    told = estimate({**asked, "gpu_layers": 19, "lora_bytes": 36_000_000, "margin_mib": 0}, CATALOGUE)
    assert told["companions"]["bytes"] == 36_000_000
    assert told["devices"][0]["companion_bytes"] == 18_000_000


def test_a_projector_takes_what_the_server_says_it_will():
    """llama-server's own worst case for a qwen35moe model, 1,134.00 MiB (ollama issue 16771)."""
    question = {"model": "qwen3.6-35b-a3b", "quant": "q4_k_m", "context": 4096, "gpus": ["h200-sxm"], "gpu_layers": 999}
    found = estimate({**question, "mmproj": True}, CATALOGUE)
    assert found["companions"]["bytes"] / 2**20 == pytest.approx(1134, rel=0.005)


@pytest.mark.parametrize(("model", "gpus"), [("glm-5.3-744b", ["h200-sxm"] * 8), ("glm-5.3-744b", []), ("glm-5.2-744b", ["rtx-3090"])])
def test_a_prediction_layer_of_sparse_attention_picks_tokens_itself(model, gpus):
    """No layer before it in its own context has picked any; the last of the model may take over what another one picked."""
    question = {"model": model, "quant": "iq2_xxs", "context": 4096, "gpus": gpus, "gpu_layers": 9 if gpus else None}
    question = {key: value for key, value in question.items() if value is not None}
    with_guesses = estimate({**question, "mtp": True}, CATALOGUE)
    assert with_guesses["companions"]["bytes"] > 0


@pytest.mark.parametrize(
    ("model", "mib"), [("gemma-3-4b", 116.0), ("gemma-3-27b", 416.0), ("gpt-oss-20b", 3.0), ("qwen3-next-80b-a3b", 75.375)]
)
def test_checkpoints_of_a_server(model, mib):
    found = estimate({"model": model, "quant": "q4_k_m", "context": 32768, "gpus": ["h200-sxm"], "profile": "server"}, CATALOGUE)
    assert found["ram"]["checkpoint_bytes"] == mib * 2**20
    assert found["ram"]["checkpoints_bytes"] == mib * 2**20 * 32 * 4
    assert found["ram"]["prompt_cache_bytes"] == 8192 * 2**20


def test_embeddings_need_no_logits():
    """As b11739 plans Qwen3-4B on a processor: 94,392,352 bytes instead of 345,788,416; older builds pool, but compute logits too."""
    question = {"model": "qwen3-4b", "quant": "f16", "context": 8192, "gpus": []}
    buffers = {
        embedding: estimate({**question, "embedding": embedding}, CATALOGUE)["compute_buffer"]["bytes"] for embedding in (True, False)
    }
    assert buffers == {True: 94_392_352, False: 345_788_416}
    older = {**question, "build": "0c1e57098"}
    assert estimate({**older, "embedding": True}, CATALOGUE)["compute_buffer"]["bytes"] == 330_053_664


SPLITS = [
    ({"split_mode": "row"}, "tensor"),
    ({"split_mode": "tensor", "model": "deepseek-v2-lite-16b"}, "deepseek2"),
    ({"split_mode": "tensor", "n_cpu_moe": 3}, "n_cpu_moe"),
    ({"split_mode": "tensor", "kv_offload": False}, "kv_offload"),
    ({"split_mode": "tensor", "gpu_layers": 10}, "gpu_layers"),
    ({"split_mode": "tensor", "flash_attention": False}, "flash_attention"),
    ({"split_mode": "tensor", "gpus": []}, "gpus"),
]


@pytest.mark.parametrize(("change", "other"), SPLITS)
def test_splits_without_a_plan_are_refused(change, other):
    with pytest.raises(Refused) as refused:
        estimate({**COMMON, "gpus": ["rtx-3090", "rtx-3090"], **change}, CATALOGUE)
    assert refused.value.field == "split_mode"
    assert other in str(refused.value)


def test_slices_lose_nothing():
    """Matrices that are cut add up to the whole; what every card holds is there once a card; each card works at the same time."""
    question = {"model": "llama-3.1-70b", "quant": "q4_k_m", "context": 8192, "gpus": ["rtx-3090"] * 4}
    layers, slices = (estimate({**question, "split_mode": mode}, CATALOGUE) for mode in ("layer", "tensor"))
    assert slices["kv_cache"] == layers["kv_cache"]
    more = slices["weights"]["loaded_bytes"] - layers["weights"]["loaded_bytes"]
    norms = 4 * 8192 * (2 * 80 + 1)
    assert more == 3 * norms
    assert slices["decode"]["tokens_per_second"] > 2 * layers["decode"]["tokens_per_second"]
    command = launch_command(placed(**{**question, "split_mode": "tensor"}), CATALOGUE)
    assert "--split-mode tensor" in command
    assert "--tensor-split" not in command


def test_no_speed_beside_what_does_not_fit():
    """An RTX 5070 with more than its memory: on Windows 11.09 and 378.46 tokens/s were measured (llama.cpp pull request 15952)."""
    question = {"model": "qwen3-30b-a3b-2507", "quant": "q3_k_m", "gpus": ["rtx-5070"], "context": 512, "gpu_layers": 49, "ram_gib": 64}
    stopped = estimate(question, CATALOGUE)
    assert not stopped["fits"]
    assert not {"decode", "prefill", "per_user"} & set(stopped)
    assert "no-speed-without-room" in [notice["code"] for notice in stopped["notices"]]
    spilled = estimate({**question, "system": "windows"}, CATALOGUE)
    for kind, measured in (("decode", 11.09), ("prefill", 378.46)):
        assert spilled[kind]["basis"] == "spilled"
        assert spilled[kind]["low"] < measured < spilled[kind]["high"]
    assert "decode" not in estimate({**question, "system": "windows", "ram_gib": 1}, CATALOGUE)
    roomy = {**question, "gpus": ["rtx-3090"], "system": "windows"}
    assert estimate(roomy, CATALOGUE)["decode"]["basis"] != "spilled"


def test_a_margin_alone_is_named():
    card = {"memory_gib": 8.0, "bandwidth_gb_per_s": 360.0, "family": "ga102-gf"}
    question = {"model": "llama-3.1-8b", "quant": "q4_k_m", "context": 16384, "gpus": [card], "gpu_layers": 999}
    tight = estimate(question, CATALOGUE)
    assert not tight["fits"]
    assert "only-without-margin" in [notice["code"] for notice in tight["notices"]]
    assert estimate({**question, "margin_mib": 0}, CATALOGUE)["decode"]["tokens_per_second"] > 0


def test_as_many_slots_as_users():
    question = {"model": "qwen3.5-9b", "quant": "q4_k_m", "context": 32768, "gpus": ["rtx-3090"], "profile": "server"}
    four, eight = estimate(question, CATALOGUE), estimate({**question, "users": 8}, CATALOGUE)
    assert eight["state"]["bytes"] == 2 * four["state"]["bytes"]
    assert "--parallel 8" in launch_command(placed(**{**question, "users": 8}), CATALOGUE)
    with pytest.raises(Refused, match="slots"):
        estimate({**question, "users": 8, "slots": 4}, CATALOGUE)


def test_a_cache_in_ram_comes_through_the_slot():
    """Nothing of it is read at the start of a conversation; later all of it for each token, at most as fast as slot and RAM are."""
    question = {
        "model": "llama-3.1-8b",
        "quant": "q4_k_m",
        "gpus": ["rtx-3090"],
        "context": 32768,
        "gpu_layers": 99,
        "pcie_gen": 4,
        "pcie_lanes": 16,
    }
    speeds = {}
    for offload in (True, False):
        for depth in (0, 32000):
            found = estimate({**question, "kv_offload": offload, "depth": depth}, CATALOGUE)
            speeds[offload, depth] = found["decode"]["tokens_per_second"]
            assert found.get("kv_offload", True) == offload
    assert speeds[False, 0] == pytest.approx(speeds[True, 0])
    held = 32000 * 32 * 2 * 1024 * 2
    assert 1 / speeds[False, 32000] - 1 / speeds[True, 32000] > held / 31.6e9
    slower = estimate({**question, "kv_offload": False, "depth": 32000, "memory": "ddr4-2133", "memory_channels": 1}, CATALOGUE)
    assert slower["decode"]["tokens_per_second"] < 0.9 * speeds[False, 32000]


def test_the_cache_is_moved_only_where_that_is_faster_when_it_is_full():
    """With little RAM bandwidth and a fast slot, and the other way round."""
    for model, gpu, memory in (("llama-3.1-8b", "rtx-5070", "ddr4-2133"), ("qwen3-14b", "rtx-5060-ti-16gb", "ddr5-5600")):
        question = {"model": model, "quant": "q8_0", "gpus": [gpu], "context": 32768, "memory": memory, "memory_channels": 1}
        found = placed(**question)
        moved = placed(**question, kv_offload=False)
        assert found.fits
        full = replace(found.setting, depth=32768)
        other = replace(moved.setting, depth=32768)
        assert decode_speed(full, found, CATALOGUE) >= decode_speed(other, moved, CATALOGUE)


@pytest.mark.parametrize("gpu", ["rtx-2000-ada", "rx-7600"])
def test_a_card_is_left_alone_only_if_that_is_faster_once_it_is_planned(gpu):
    """States of a hybrid take time as well, which a first guess leaves out."""
    question = {"model": "qwen3.6-35b-a3b", "gpus": [gpu], "ram_gib": 64, "experts_on_host": True}
    best, whole = placed(**question), placed(**question, gpu_layers=999)
    assert whole.fits
    assert decode_speed(best.setting, best, CATALOGUE) >= decode_speed(whole.setting, whole, CATALOGUE)


def test_a_card_slower_than_ram_is_left_alone():
    card = {"memory_gib": 44.8, "bandwidth_gb_per_s": 60.0, "family": "ada-gf"}
    question = {"model": "mimo-7b", "quant": "q6_k", "context": 4096, "gpus": [card], "ram_gib": 60.0}
    found = estimate(question, CATALOGUE)
    assert found["gpu_layers"] == 0
    assert found["alternative"]["gpu_layers"] == 37
    assert estimate({**question, "gpus": [{**card, "bandwidth_gb_per_s": 300.0}]}, CATALOGUE)["gpu_layers"] == 37


@pytest.mark.parametrize(("mib", "on_card"), [(0, 1_245_708_288), (1024, 2_316_463_488), (2048, 3_387_218_688)])
def test_a_cache_of_experts_as_the_engine_plans_it(mib, on_card):
    """b11739, gpt-oss-120B with all experts in RAM."""
    question = {
        "model": "gpt-oss-120b",
        "quant": "mxfp4_moe",
        "context": 32768,
        "experts_on_host": True,
        "gpu_layers": 37,
        "profile": "server",
    }
    found = estimate({**question, "gpus": ["h200-sxm"], "moe_cache_mib": mib, "ram_gib": 128}, CATALOGUE)
    assert found["devices"][0]["kv_cache_bytes"] == on_card
    assert found["host"]["kv_cache_bytes"] == (18_432 if mib else 0)


@pytest.mark.parametrize(
    ("split", "gpu_layers", "held"),
    [
        ([1], 99, [934_047_744, 24_576]),
        ([1], 24, [725_954_560, 209_726_976]),
        ([1, 1], 99, [474_804_224, 456_589_312, 24_576]),
        ([3, 1], 99, [709_357_568, 225_095_680, 24_576]),
        ([3, 1], 24, [550_195_200, 173_510_656, 209_726_976]),
        ([1, 1, 1], 99, [320_548_864, 308_105_216, 302_739_456, 24_576]),
    ],
)
def test_cards_share_a_cache_of_experts_as_they_share_layers(split, gpu_layers, held):
    """b11739, Qwen3-30B-A3B in Q4_K_M, whose experts are of two sizes: 512 MiB."""
    question = {"model": "qwen3-30b-a3b", "context": 4096, "gpus": [ROOMY] * len(split), "gpu_layers": gpu_layers, "build": "b11739"}
    more = {"tensor_split": split} if len(split) > 1 else {}
    found = placed(**question, experts_on_host=True, moe_cache_mib=512, **more)
    assert [share.kv_cache_bytes for share in (*found.devices, found.host)] == held


@pytest.mark.parametrize(
    ("change", "other"),
    [
        ({"experts_on_host": False}, "n_cpu_moe"),
        ({"build": "0c1e57098"}, "b11739"),
        ({"model": "llama-3.1-8b", "experts_on_host": False}, "model"),
        ({"n_cpu_moe": 0, "experts_on_host": False}, "n_cpu_moe"),
    ],
)
def test_a_cache_of_experts_is_refused_where_its_size_is_not_known(change, other):
    question = {**COMMON, "quant": "q8_0", "experts_on_host": True, "gpu_layers": 49, "moe_cache_mib": 1024}
    with pytest.raises(Refused) as refused:
        estimate({**question, **change}, CATALOGUE)
    assert refused.value.field == "moe_cache_mib"
    assert other in str(refused.value)


def test_ram_need_not_hold_all_experts():
    """GLM-5 with 189 GiB of RAM, too little for all of them: those that the card leaves have room."""
    question = {"model": "glm-5-744b", "quant": "iq2_xs", "context": 512, "gpus": ["h20"], "ram_gib": 189.2}
    found = estimate(question, CATALOGUE)
    assert found["fits"]
    assert found["n_cpu_moe"] < 60
    other = estimate({**question, "gpu_layers": 78, "n_cpu_moe": 46}, CATALOGUE)
    assert found["decode"]["tokens_per_second"] >= other["decode"]["tokens_per_second"]


def test_slices_as_measured():
    """Qwen3.8-27B on two RTX 5060 Ti (sudoingX/qwen38-mtp), Gemma 4 31B on two RTX 3090 (llama.cpp pull request 23398)."""
    small = {"model": "qwen3.8-27b", "quant": "q4_k_m", "gpus": ["rtx-5060-ti-16gb"] * 2, "context": 131072, "kv_type": "q4_0"}
    found = estimate({**small, "split_mode": "tensor"}, CATALOGUE)
    assert sum(device["memory_bytes"] for device in found["devices"]) == pytest.approx(20_568_866_816, rel=0.05)
    guessing = estimate({**small, "split_mode": "tensor", "mtp": True, "draft_tokens": 3, "profile": "server", "slots": 1}, CATALOGUE)
    assert sum(device["memory_bytes"] for device in guessing["devices"]) == pytest.approx(2 * 10_684 * 2**20, rel=0.05)
    large = {"model": "gemma-4-31b", "quant": "q8_0", "gpus": ["rtx-3090"] * 2, "context": 65536, "depth": 32767}
    decode = estimate({**large, "split_mode": "tensor"}, CATALOGUE)["decode"]
    assert decode["low"] < 35.72 < decode["high"]


@pytest.mark.parametrize(
    ("more", "cut"), [({"ubatch": 100_000}, {"ubatch": 4096}), ({"ubatch": 1024, "batch": 512}, {"ubatch": 512, "batch": 512})]
)
def test_a_micro_batch_above_the_context_or_the_batch_is_cut_as_the_engine_cuts_it(more, cut):
    # llama-context.cpp: n_batch is at most n_ctx, n_ubatch at most n_batch.
    found, of_cut = (estimate({**COMMON, "context": 4096, **options}, CATALOGUE) for options in (more, cut))
    assert found["compute_buffer"] == of_cut["compute_buffer"]
    (told,) = set(found["warnings"]) - set(of_cut["warnings"])
    assert f"{cut['ubatch']}" in told


@pytest.mark.parametrize(("more", "as_if"), [({"batch": 1}, {"ubatch": 1}), ({"context": 64}, {"context": 64, "prompt_tokens": 64})])
def test_a_prompt_is_read_in_passes_no_larger_than_the_batch_and_the_context(more, as_if):
    """A batch of one reads a prompt token by token; a prompt is no longer than the context."""
    found, alike = (estimate({**COMMON, "context": 4096, **options}, CATALOGUE)["prefill"] for options in (more, as_if))
    assert found == alike


def test_a_prompt_of_few_tokens_is_read_no_slower_than_it_is_written():
    """A pass of one token is that of decode, whatever the constants of long prompts say of it."""
    for changes in ({"gpus": ["rx-5700"], "model": "qwen3.5-0.8b"}, {"gpus": [], "cpu": "epyc-9175f", "ram_gib": 128}):
        for tokens in (1, 2, 4):
            found = estimate({**COMMON, **changes, "prompt_tokens": tokens}, CATALOGUE)
            for end in ("tokens_per_second", "low", "high"):
                assert found["prefill"][end] >= found["decode"][end]


def test_a_prompt_of_few_tokens_rests_on_what_prompts_rest_on():
    """No mixture was seen reading a prompt on an Arc A770, one was seen writing: the figure may be the same, what it rests on is not."""
    asked = {**COMMON, "gpus": ["arc-a770"], "model": "gpt-oss-20b", "quant": "mxfp4_moe", "prompt_tokens": 1}
    found = estimate(asked, CATALOGUE)
    assert found["prefill"]["tokens_per_second"] == found["decode"]["tokens_per_second"]
    assert (found["decode"]["basis"], found["prefill"]["basis"]) == ("fitted", "extrapolated")


@pytest.mark.parametrize("key", ["users", "slots"])
def test_a_context_keeps_so_many_conversations_apart(key):
    """256 sequences in a context (llama-cparams.h); vLLM has a bound of its own."""
    assert estimate({**COMMON, "context": 65536, key: 256}, CATALOGUE)["fits"]
    with pytest.raises(Refused, match=f"{key}: expected at most the 256 conversations"):
        estimate({**COMMON, "context": 65536, key: 257}, CATALOGUE)


def test_users_with_less_room_than_a_prompt_are_told():
    """Sixteen users share 4,096 tokens: 256 each, of 512 asked."""
    told = " ".join(estimate({**COMMON, "context": 4096, "users": 16}, CATALOGUE)["warnings"])
    assert "each has 256 tokens of it, less than a prompt of 512" in told
    assert "512" not in " ".join(estimate({**COMMON, "context": 8192, "users": 16}, CATALOGUE)["warnings"])


def test_one_model_of_each_class_is_placed_on_a_card_that_is_too_small():
    """The search goes through few layers, whatever kinds of layers a class has."""
    one_of = {model.architecture.engine_name: model.id for model in CATALOGUE.models.values() if model.architecture is not None}
    for model in one_of.values():
        question = {"model": model, "quant": "q4_k_m", "context": 4096, "gpus": ["gtx-1060-6gb"], "ram_gib": 512, "cpu": "epyc-9654"}
        try:
            found = estimate(question, CATALOGUE)
        except Refused:
            continue  # a class that the engine does not run, or a format that the model has not
        assert not found["fits"] or found["devices"][0]["memory_bytes"] <= found["devices"][0]["usable_bytes"], model
