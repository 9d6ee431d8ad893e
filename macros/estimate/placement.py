"""Where everything goes: the engine of the question places it."""

from __future__ import annotations

from macros.estimate.engines import RUNNERS
from macros.estimate.setting import Setting
from macros.estimate.shares import Placement, slices
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


def placed_by_engine(setting: Setting, catalogue: Catalogue) -> Placement | None:
    """Where the engine of a question puts things by itself, if nothing is said of layers and tensors.

    Args:
        setting: a checked question
        catalogue: the records

    Returns:
        The placement; None: there is no device, or the engine does nothing of its own.
    """
    by_itself = RUNNERS[setting.engine.id].by_itself
    if by_itself is None or not setting.gpus or slices(setting):
        return None
    quant, gguf = setting.quant, setting.engine.gguf
    weights = model_weights(setting.architecture, quant, catalogue.tensor_types, imatrix=setting.imatrix, gguf=gguf)
    return by_itself(setting, weights, catalogue)
