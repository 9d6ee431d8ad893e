"""What llama.cpp does where nothing is said: its own fit, row by row."""

from pathlib import Path

import pytest
import yaml

from macros.commands.telling import told
from macros.estimate import check_setting, estimate
from macros.estimate.engines.llama_cpp.fit import fitted
from macros.estimate.overview import by_itself
from macros.estimate.weights import model_weights
from macros.specs import load
from macros.tables.accuracy_memory import ROOMY

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")
FITS = yaml.safe_load(Path(__file__).with_name("engine_fits.yaml").read_text("utf-8"))


@pytest.mark.parametrize(("model", "quant", "free", "asked", "context", "parts"), FITS, ids=[f"{m} {f} {a}" for m, _, f, a, _, _ in FITS])
def test_the_engine_puts_things_there_by_itself(model, quant, free, asked, context, parts):
    question = {"model": model, "quant": quant, "gpus": [ROOMY] * len(free), "profile": "server", "build": "0c1e57098"}
    setting = check_setting({**question, "context": asked or 4096}, CATALOGUE)
    weights = model_weights(setting.architecture, setting.quant, CATALOGUE.tensor_types, imatrix=False, gguf=True)
    found = fitted(setting, weights, CATALOGUE, free=[mib * 2**20 for mib in free], open_context=not asked)
    held = [[share.weights_bytes, share.kv_cache_bytes, share.compute_buffer_bytes] for share in (*found.devices, found.host)]
    assert found.setting.context == context
    assert held[:-1] == parts[:-1]
    # With several cards that version keeps less on the host than the builds of this guide: three copies of the embeddings of a pass.
    expected = parts[-1] if len(free) == 1 or found.moves.told else [*parts[-1][:2], held[-1][2]]
    assert held[-1] == expected


def test_a_context_of_its_own_is_as_long_as_has_room():
    """Between what the model was trained for and 4,096: all of it on one card, as long as that leaves the margin."""
    setting = check_setting({"model": "llama-3.1-8b", "quant": "q4_k_m", "context": 4096, "gpus": ["rtx-3060"]}, CATALOGUE)
    weights = model_weights(setting.architecture, setting.quant, CATALOGUE.tensor_types, imatrix=False, gguf=True)
    found = fitted(setting, weights, CATALOGUE, open_context=True)
    assert 4096 < found.setting.context < 131072
    assert found.setting.context % 256 == 0
    assert found.gpu_layers == 33
    assert found.fits


def test_the_answer_tells_it_beside_the_advice():
    question = {"model": "qwen3-30b-a3b", "quant": "q4_k_m", "context": 16384, "gpus": ["rtx-3060"]}
    found = estimate({**question, "fit": True}, CATALOGUE)
    assert found["fit"]["layers_with_experts_in_ram"][1] == 47
    assert found["fit"]["gpu_layers"] == 49
    assert found["fit"]["tokens_per_second"] <= found["decode"]["tokens_per_second"]
    assert "experts of layers" in told(found, CATALOGUE)
    assert "fit" not in estimate(question, CATALOGUE)
    assert by_itself(question, CATALOGUE) == {"fit": found["fit"]}
    assert by_itself({**question, "engine": "vllm", "quant": "fp8", "gpus": ["h100-sxm-80gb"]}, CATALOGUE) == {}
    large = estimate({**question, "model": "glm-5.2-744b", "fit": True}, CATALOGUE)
    assert not large["fit"]["fits"]
    assert "tokens_per_second" not in large["fit"]
