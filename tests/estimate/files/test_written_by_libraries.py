"""Small models that each library wrote: fused projections, a mixture, latent attention. The bytes are those of the formats."""

from pathlib import Path

import pytest
import yaml

from macros.estimate.config_json import read_config
from macros.formulas.weights.packing import uniform_bytes
from macros.specs import load

HERE = Path(__file__).resolve().parent
CATALOGUE = load(HERE.parents[2] / "data")
MODELS = yaml.safe_load((HERE / "written_by_libraries.yaml").read_text("utf-8"))["models"]
NOTES = 400
"""Bytes by which the texts of bitsandbytes' NF4 differ, of which the format has the mean: 80 or 172 a matrix, and its digits vary."""
WRITTEN = [
    (model, library, quant, size)
    for model, recorded in MODELS.items()
    for library in ("mlx", "bitsandbytes", "compressed-tensors")
    for quant, size in recorded.get(library, {}).items()
]


@pytest.mark.parametrize(("model", "library", "quant", "size"), WRITTEN)
def test_what_a_library_writes_has_the_bytes_of_its_format(model, library, quant, size):
    layout = CATALOGUE.quantizations[quant].per_weight
    computed = uniform_bytes(read_config(dict(MODELS[model]["config"]), CATALOGUE), layout)
    assert abs(computed - size) <= (NOTES if quant.startswith("nf4") else 0)
