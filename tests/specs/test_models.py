"""Models: records that must be refused, and in which words."""

import re
from pathlib import Path

import pytest
import yaml

from macros.formulas.parameters import parameters
from macros.specs import SpecErrors, load
from macros.specs.models import Model, architecture_of
from tests import copies

DATA = Path(__file__).resolve().parents[2] / "data"
CATALOGUE = load(DATA)


def record(name):
    """The values of one record, free to be spoiled."""
    return {"id": name, **yaml.safe_load((DATA / "models" / f"{name}.yaml").read_text("utf-8"))}


def spoil(name, path, value):
    """A record with one value replaced, or removed where it is `...`."""
    values = record(name)
    *above, last = path.split(".")
    here = values
    for key in above:
        here = here.setdefault(key, {})
    if value is ...:
        del here[last]
    else:
        here[last] = value
    return values


@pytest.mark.parametrize(
    ("name", "path", "value", "message"),
    [
        ("llama-3.1-8b", "architecture", ..., "expected either `architecture` or `based_on`, got both or neither"),
        ("llama-3.1-8b", "based_on", "llama-3-8b", "expected either `architecture` or `based_on`, got both or neither"),
        ("llama-3.1-8b", "published_parameters_rounded_to", ..., "expected `published_parameters_rounded_to` exactly where"),
        ("vicuna-7b", "published_beside", {"stored": 1}, "expected `published_parameters` beside `published_beside`, got none"),
        ("llama-3.1-8b", "hugging_face", "https://huggingface.co/meta-llama/Llama-3.1-8B", "match pattern"),
        ("llama-3.1-8b", "architecture.attention.kv_heads", 5, "multiple of key-value heads, got 32 and 5"),
        ("llama-3.1-8b", "architecture.attention.kv_heads", -8, "greater than 0"),
        ("llama-3.1-8b", "architecture.layers", 0, "greater than 0"),
        ("llama-3.1-8b", "architecture.feed_forward", ..., "expected `feed_forward` or `experts`, got neither"),
        ("llama-3.1-8b", "architecture.attention.rope_factor_sets", ..., "expected both `rope_factors` and `rope_factor_sets`, got one"),
        ("llama-3.1-8b", "architecture.attention.shared_cache_layers", 32, "expected fewer shared cache layers than the 32 layers, got 32"),
        ("llama-3.1-8b", "architecture.attention.indexer", {"heads": 4, "head_dim": 64, "top_k": 8}, "expected `latent` beside `indexer`"),
        ("llama-3.1-8b", "architecture.blocks", "M*", "expected one letter of `blocks` for each of the 32 layers"),
        ("llama-3.1-8b", "architecture.attention.layers", {"every": 4}, "exactly where recurrent layers take turns"),
        ("qwen3.5-27b", "architecture.attention.layers", ..., "exactly where recurrent layers take turns"),
        ("qwen3.5-27b", "architecture.attention.layers", {"every": 4, "indices": [3]}, "expected either `every` or `indices`"),
        ("qwen3-30b-a3b", "architecture.experts.used", 200, "expected at most 128 experts used, got 200"),
        ("qwen3-30b-a3b", "architecture.experts.leading_dense_layers", 1, "expected `feed_forward` for the dense layers, got none"),
        ("llama-3.1-8b", "architecture.attention.kind", "linear", "Extra inputs are not permitted"),
        (
            "qwen3.5-27b",
            "architecture.recurrent.kind",
            "rwkv",
            "'gated-delta-net', 'gated-linear', 'kimi-delta', 'lightning', 'mamba-1', 'mamba-2', 'rwkv-6', 'rwkv-7' or 'short-convolution'",
        ),
        ("llama-3.1-8b", "licence", "<b>free</b>", "expected plain text"),
    ],
)
def test_a_contradiction_is_refused(name, path, value, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Model.model_validate(spoil(name, path, value))


def test_a_circle_of_derived_models_is_refused():
    one = Model.model_validate({**record("vicuna-7b"), "id": "one", "based_on": "two"})
    two = Model.model_validate({**record("vicuna-7b"), "id": "two", "based_on": "one"})
    with pytest.raises(ValueError, match="a circle at one"):
        architecture_of(one, {"one": one, "two": two})


def test_a_derived_model_has_the_shapes_of_its_base():
    vicuna = CATALOGUE.models["vicuna-7b"]
    assert architecture_of(vicuna, CATALOGUE.models) is CATALOGUE.models["llama-2-7b"].architecture


def copy_of_data(tmp_path, name, change):
    """data/ with one model's text changed."""
    root = copies.of_records(tmp_path)
    path = root / "models" / f"{name}.yaml"
    path.write_text(change(path.read_text("utf-8")), "utf-8")
    return root


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda text: text.replace("family: llama-3", "family: llama-33"),
            "data/models/llama-3.1-8b.yaml:3: family: expected the id of a file in data/families",
        ),
        (
            lambda text: text.replace("draft: llama-3.2-1b", "draft: llama-9"),
            "draft: expected the id of a file in data/models, got 'llama-9'. Fix: ",
        ),
        (
            lambda text: text.replace("draft: llama-3.2-1b", "draft: qwen3-0.6b"),
            "draft: expected a model of the family llama-3, got 'qwen3-0.6b' of qwen-2. Fix: ",
        ),
        (lambda text: text.replace("  parameters:", "  parametres:"), "published_parameters: expected a source for this number, got none"),
    ],
)
def test_a_name_that_leads_nowhere_is_refused(tmp_path, change, message):
    with pytest.raises(SpecErrors) as caught:
        load(copy_of_data(tmp_path, "llama-3.1-8b", change))
    assert message in caught.value.report()


def test_a_draft_is_smaller_and_speaks_the_same_vocabulary():
    for model in CATALOGUE.models.values():
        if model.draft is not None:
            draft = CATALOGUE.models[model.draft]
            assert draft.family == model.family
            assert 3 * parameters(architecture_of(draft, CATALOGUE.models)) < parameters(architecture_of(model, CATALOGUE.models)), model.id
