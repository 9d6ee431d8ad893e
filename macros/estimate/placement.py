"""Where everything goes: the engine of the question places it."""

from __future__ import annotations

from macros.estimate.engines import RUNNERS
from macros.estimate.setting import Setting
from macros.estimate.shares import Placement
from macros.estimate.weights import model_weights
from macros.specs import Catalogue


def place(setting: Setting, catalogue: Catalogue) -> Placement:
    """Place a model: as asked, or as its engine does by itself.

    Args:
        setting: a checked question
        catalogue: the records

    Returns:
        The placement.
    """
    quant, gguf = setting.quant, setting.engine.gguf
    weights = model_weights(setting.architecture, quant, catalogue.tensor_types, imatrix=setting.imatrix, gguf=gguf)
    placed: Placement = RUNNERS[setting.engine.id].place(setting, weights, catalogue)
    return placed
