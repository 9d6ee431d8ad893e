"""Computed parameters are the published ones."""

from dataclasses import replace
from pathlib import Path

import pytest

from macros.formulas.checks import published_parameters
from macros.formulas.companions import prediction_parameters
from macros.formulas.parameters import active_parameters, parameters
from macros.specs import load
from macros.specs.architectures import Architecture
from macros.specs.models import architecture_of

DATA = Path(__file__).resolve().parents[2] / "data"
CATALOGUE = load(DATA)


def untrue(catalogue):
    """What the check says of all models."""
    return [error for model in catalogue.models.values() for error in published_parameters(model, catalogue)]


@pytest.mark.parametrize(
    "model", [model for model in CATALOGUE.models.values() if model.published_parameters_exact], ids=lambda model: model.id
)
def test_an_exact_count_is_met_to_the_parameter(model):
    shapes = architecture_of(model, CATALOGUE.models)
    computed = parameters(shapes) + prediction_parameters(shapes, beside=model.counted_beside_text)
    assert computed == model.published_parameters


def test_every_record_passes_its_own_check():
    assert not untrue(CATALOGUE)


@pytest.mark.parametrize(
    ("model", "count"),
    # Typed from the publishers' papers and cards, not from the records.
    [
        ("llama-1-65b", 65_285_660_672),
        ("llama-3.1-405b", 405_853_388_800),
        ("mixtral-8x7b", 46_702_792_704),
        ("qwen3-235b-a22b", 235_093_634_560),
        ("gpt-oss-120b", 116_829_156_672),
        ("deepseek-v3-671b", 671_026_419_200),
        ("gemma-3-1b", 999_885_952),
        ("granite-4.0-h-small-32b", 32_207_337_984),
    ],
)
def test_known_counts(model, count):
    assert parameters(CATALOGUE.models[model].architecture) == count


def test_experts_that_rest_are_not_active():
    shapes = CATALOGUE.models["mixtral-8x7b"].architecture
    assert active_parameters(shapes) < parameters(shapes) / 3


def changed(model, **update):
    """The catalogue with one record changed."""
    record = CATALOGUE.models[model].model_copy(update=update)
    return replace(CATALOGUE, records={**CATALOGUE.records, "models": {**CATALOGUE.models, model: record}})


def test_a_count_that_the_shapes_do_not_give_is_refused():
    (error,) = untrue(changed("llama-3.1-8b", published_parameters=8_030_261_249))
    assert str(error).startswith("data/models/llama-3.1-8b.yaml:")
    assert "published_parameters: expected 8,030,261,248 from the shapes, got 8,030,261,249. Fix: read the shapes again" in str(error)


def test_a_rounded_count_is_held_to_its_rounding():
    rounding = {"published_parameters_rounded_to": 100_000_000}
    assert not untrue(changed("llama-3.1-8b", published_parameters=8_000_000_000, **rounding))
    (error,) = untrue(changed("llama-3.1-8b", published_parameters=8_100_000_000, **rounding))
    assert "within ± 50,000,000, got 8,100,000,000" in str(error)


def small(**more):
    """A model small enough to count by hand."""
    shapes = {
        "engine_name": "llama",
        "layers": 2,
        "hidden_size": 8,
        "vocabulary_size": 100,
        "context_length": 64,
        "tied_embeddings": False,
        "attention": {"heads": 2, "kv_heads": 1, "head_dim": 4},
        "feed_forward": {"size": 16},
    }
    return parameters(Architecture.model_validate({**shapes, **more}))


PLAIN = 2 * 800 + 8 + 2 * (8 * 8 + 2 * 8 * 4 + 8 * 8 + 3 * 8 * 16 + 2 * 8)


@pytest.mark.parametrize(
    ("feature", "more"),
    [
        ({}, 0),
        ({"tied_embeddings": True}, -800),
        ({"norms": "both"}, 2 * 2 * 8),
        ({"norms": "after"}, 0),
        ({"norms": "shared"}, -2 * 8),
        ({"norm_biases": True}, 8 + 2 * 2 * 8),
        ({"feed_forward": {"size": 16, "gated": False}}, -2 * 8 * 16),
        ({"feed_forward": {"size": 16, "biases": True}}, 2 * (16 + 16 + 8)),
        ({"attention": {"heads": 2, "kv_heads": 1, "head_dim": 4, "qkv_bias": True}}, 2 * (8 + 4 + 4)),
        ({"attention": {"heads": 2, "kv_heads": 1, "head_dim": 4, "qk_norm": "per-head"}}, 2 * (4 + 4)),
        ({"attention": {"heads": 2, "kv_heads": 1, "head_dim": 4, "output_gate": True}}, 2 * 8 * 8),
        ({"experts": {"count": 4, "used": 1, "size": 3}}, 2 * (8 * 4 + 4 * 3 * 8 * 3 - 3 * 8 * 16)),
        ({"experts": {"count": 4, "used": 1, "size": 3, "gated": False}}, 2 * (8 * 4 + 4 * 2 * 8 * 3 - 3 * 8 * 16)),
        ({"experts": {"count": 4, "used": 1, "size": 3, "leading_dense_layers": 1}}, 8 * 4 + 4 * 3 * 8 * 3 - 3 * 8 * 16),
        ({"blocks": "*-"}, -(8 * 8 + 2 * 8 * 4 + 8 * 8 + 8) - (3 * 8 * 16 + 8)),
    ],
)
def test_a_feature_adds_its_tensors(feature, more):
    assert small(**feature) == PLAIN + more
