"""Engines are records and modules: nothing else names one, and what one lacks is refused or told."""

import ast
from pathlib import Path

import pytest

from macros.estimate import Refused, estimate
from macros.estimate.engines import RUNNERS
from macros.estimate.engines.checks import engines_are_known
from macros.estimate.question import KEYS, schema
from macros.specs import load

ROOT = Path(__file__).resolve().parents[2]
MACROS = ROOT / "macros"
ROOMS = ("formulas", "estimate", "tables", "render", "publish")
ASKED = {"model": "qwen3-8b", "context": 4096}


@pytest.fixture(scope="module")
def catalogue():
    return load(ROOT / "data")


def compared(tree: ast.AST) -> set[str]:
    """Texts that code compares something with."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            for side in (node.left, *node.comparators):
                inner = side.elts if isinstance(side, ast.Tuple | ast.List | ast.Set) else [side]
                found |= {one.value for one in inner if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return found


def test_no_code_outside_its_room_asks_which_engine_or_back_end_it_is(catalogue):
    """A new engine is one record and one module."""
    backends = {name for engine in catalogue.engines.values() for names in engine.backends.values() for name in names}
    wrong = []
    for room in ROOMS:
        for path in sorted((MACROS / room).rglob("*.py")):
            if MACROS / "estimate" / "engines" not in path.parents:
                names = compared(ast.parse(path.read_text("utf-8"))) & ({*catalogue.engines} | backends)
                wrong += [f"{path.relative_to(MACROS)}: {name}" for name in sorted(names)]
    assert not wrong, "\n".join(wrong)


def test_each_engine_is_a_record_and_a_module(catalogue):
    """Neither without the other."""
    assert set(RUNNERS) == set(catalogue.engines)


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ({"quant": "awq-4bit-128g", "gpus": ["apple-m2-max-38c"]}, "gpus"),
        ({"quant": "awq-4bit-128g", "engine": "llama.cpp"}, "quant"),
        ({"quant": "q4_k_m", "gpus": ["rtx-3090"], "backend": "metal"}, "backend"),
        ({"quant": "bf16", "engine": "vllm", "gpus": ["l40s"], "swa_full": True}, "swa_full"),
        ({"quant": "bf16", "engine": "vllm", "gpus": ["l40s"], "kv_type": "iq4_nl"}, "kv_type"),
        ({"quant": "bf16", "engine": "vllm", "gpus": ["l40s"], "ubatch": 64}, "ubatch"),
    ],
)
def test_what_an_engine_cannot_do_is_refused_by_name(catalogue, question, field):
    """Never answered in silence."""
    with pytest.raises(Refused) as refused:
        estimate(ASKED | question, catalogue)
    assert refused.value.field == field


def test_a_back_end_of_unknown_cost_is_told(catalogue):
    """No CUDA context on an Ascend."""
    found = estimate(ASKED | {"quant": "q4_k_m", "gpus": ["ascend-910b"]}, catalogue)
    assert found["runtime"]["bytes"] == 0
    assert "context-unknown" in {notice["code"] for notice in found["notices"]}


def test_a_record_with_an_unknown_setting_is_told(catalogue):
    """With its file, its line and the nearest key."""
    engine = catalogue.engines["llama.cpp"]
    wrong = engine.model_copy(update={"settings": [*engine.settings[:1], "ubach"], "cache_types": ["f17"]})
    records = catalogue.records | {"engines": {"llama.cpp": wrong}}
    told = [str(error) for error in engines_are_known(type(catalogue)(records, catalogue.files))]
    assert len(told) == 2
    assert all(line.startswith("data/engines/llama.cpp.yaml:") for line in told)
    assert "write 'ubatch'" in "".join(told)


def test_the_schema_says_what_the_check_holds():
    """Each key once, with its bounds."""
    found = schema()
    assert found["required"] == []
    assert found["properties"]["context"]["default"] == 8192
    assert set(found["properties"]) == set(KEYS)
    assert found["properties"]["context"]["minimum"] == 1
    assert found["properties"]["gpu_layers"]["anyOf"][0] == {"const": "auto"}


@pytest.mark.parametrize(
    ("named", "fix"),
    [
        ("sglang", "vllm is nearest"), ("SGLang", "mem-fraction-static"), ("TensorRT-LLM", "vllm is nearest"), ("exllamav3", "EXL3"),
        ("KTransformers", "n_cpu_moe"), ("ik_llama.cpp", "use llama.cpp"), ("Ollama", "use llama.cpp"), ("LM Studio", "use llama.cpp"),
        ("mlx_lm", "use mlx"), ("nonsense", "llama.cpp"),
    ],
)  # fmt: skip
def test_an_engine_that_is_not_covered_is_refused_by_its_name(catalogue, named, fix):
    with pytest.raises(Refused) as refused:
        estimate({"model": "qwen3-8b", "quant": "bf16", "context": 8192, "engine": named}, catalogue)
    assert refused.value.field == "engine"
    assert fix in str(refused.value)


@pytest.mark.parametrize(
    ("named", "fix"),
    [("UD-Q4_K_XL", "with the file itself"), ("i1-Q4_K_M", "imatrix"), ("q4_k_xxl", "q4_k_"), ("IQ3_K_R4", "ik_llama.cpp alone")],
)
def test_a_mix_of_each_model_is_no_preset_spelled_like_it(catalogue, named, fix):
    with pytest.raises(Refused) as refused:
        estimate({"model": "qwen3-8b", "quant": named, "context": 8192}, catalogue)
    assert refused.value.field == "quant"
    assert fix in str(refused.value)


def test_every_other_engine_names_one_of_the_guide(catalogue):
    for other in catalogue.records["other-engines"].values():
        assert (other.inside is None) != (other.nearest is None)
        assert (other.inside or other.nearest) in catalogue.engines


@pytest.mark.parametrize("card", ["tesla-p40", "tesla-v100-pcie-32gb", "rx-6800-xt", "instinct-mi50-32gb", "gtx-1080-ti", "gaudi-3"])
def test_an_engine_on_a_card_that_it_does_not_run_on_is_refused_with_one_that_runs(catalogue, card):
    # vLLM's requirements: compute capability 7.5; of AMD's, CDNA 2 and newer and RDNA 3 and newer.
    with pytest.raises(Refused, match="gpus") as refused:
        estimate(ASKED | {"quant": "bf16", "engine": "vllm", "gpus": [card]}, catalogue)
    assert ("use engine llama.cpp" in str(refused.value)) == (card != "gaudi-3" or "Intel" in catalogue.engines["llama.cpp"].backends)


@pytest.mark.parametrize(
    "card", ["tesla-t4", "rtx-2080-ti", "rtx-3090", "instinct-mi210", "rx-7900-xtx", "rx-9070-xt", "ryzen-ai-max-395", "arc-b580"]
)
def test_an_engine_runs_on_the_cards_that_its_makers_list(catalogue, card):
    assert estimate(ASKED | {"model": "qwen3-0.6b", "quant": "bf16", "engine": "vllm", "gpus": [card]}, catalogue)["users_that_fit"] > 0


@pytest.mark.parametrize(
    ("model", "lacking"),
    [("opt-6.7b", ["llama.cpp"]), ("dots.llm1-142b-a14b", ["vllm"]), ("rwkv-7-world-1.5b", ["vllm"]), ("llama-3.1-8b", [])],
)
def test_an_engine_without_a_class_for_a_model_is_told_where_it_is_asked(catalogue, model, lacking):
    for engine in ("llama.cpp", "vllm"):
        asked = {"model": model, "quant": "bf16", "context": 2048, "engine": engine, "gpus": ["b200", "b200", "b200", "b200"]}
        told = [warning for warning in estimate(asked, catalogue)["warnings"] if "has no class of its own" in warning]
        assert bool(told) == (engine in lacking)
