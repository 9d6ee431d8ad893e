"""Reading a Hugging Face config.json: the classes that the guide knows; any other is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from macros.estimate.config_classes import CLASSES
from macros.estimate.config_keys import Keys
from macros.estimate.refused import Refused
from macros.specs.architectures import Architecture


def read_config(config: Any) -> Architecture:
    """The shapes that a configuration describes; raises Refused for one that the guide cannot read.

    Args:
        config: config.json as it stands beside a model's weights

    Returns:
        The shapes of its text part.

    Assumes: the file that llama.cpp's converter makes of it: text part only.
    """
    if not isinstance(config, Mapping):
        raise Refused("config", "an object, as config.json holds it", config)
    values = _text_part(config)
    _not_whole(config)
    kind = values.get("model_type")
    if not isinstance(kind, str) or kind not in CLASSES:
        fix = "name a model of the guide instead, or add the class to macros/estimate/config_classes.py"
        raise Refused("config.model_type", "a class that the guide can read", kind, fix)
    try:
        return Architecture.model_validate(CLASSES[kind](Keys(values)))
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in detail["loc"])
        raise Refused("config", detail["msg"].removeprefix("Value error, ").removeprefix("expected "), where or kind) from None


def _not_whole(config: Mapping[str, Any]) -> None:
    """Refuse what borrows the name of a class: a draft has less than the class, an outer class may have more."""
    named = config.get("architectures")
    for name in named if isinstance(named, list) else []:
        if any(part in str(name) for part in DRAFTS):
            raise Refused("config.architectures", "a whole language model, not a draft of one", name, "give the model that it drafts for")
    if config.get("model_type") in OF_THEIR_OWN:
        raise Refused("config.model_type", "a class that the guide can read", config["model_type"], "name a model of the guide instead")


DRAFTS = ("Eagle", "Draft", "DFlash", "DSpark", "Domino", "Speculator")
"""Parts of the names of drafts, which call themselves by the class of their layers."""
OF_THEIR_OWN = ("kimi_k3",)
"""Models that call their text part by another class than theirs."""


def _text_part(config: Mapping[str, Any]) -> dict[str, Any]:
    """The text model of a configuration, which a model that sees keeps in a part of its own."""
    outer = config
    if isinstance(config.get("thinker_config"), Mapping):
        outer = config["thinker_config"]
    for name in ("text_config", "llm_config", "language_config"):
        if isinstance(outer.get(name), Mapping):
            inner = dict(outer[name])
            inner.setdefault("tie_word_embeddings", outer.get("tie_word_embeddings"))
            inner.setdefault("model_type", outer.get("model_type"))
            return {**LEFT_OUT.get(str(inner["model_type"]), {}), **inner}
    return dict(config)


LEFT_OUT: dict[str, dict[str, Any]] = {
    "gemma": {"num_attention_heads": 8, "num_key_value_heads": 1, "num_hidden_layers": 18, "max_position_embeddings": 8192},
    "gemma2": {"num_attention_heads": 8, "num_key_value_heads": 4, "num_hidden_layers": 26, "max_position_embeddings": 8192},
    "llama": {
        "hidden_size": 4096,
        "intermediate_size": 11008,
        "max_position_embeddings": 2048,
        "num_attention_heads": 32,
        "num_hidden_layers": 32,
        "vocab_size": 32000,
    },
    "mistral": {
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "max_position_embeddings": 131072,
        "num_attention_heads": 32,
        "num_hidden_layers": 32,
        "num_key_value_heads": 8,
        "vocab_size": 32000,
    },
}
"""What the text part of a model that sees leaves out, where it is the value that its class documents."""
