"""The names that a config.json gives itself: `model_type`, and the classes under `architectures`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from macros.estimate.notices import Notice
from macros.estimate.refused import Refused
from macros.specs import Catalogue

DRAFTS = ("Eagle", "Draft", "Assistant", "DFlash", "DSpark", "Domino", "Speculator", "MTP")
"""Parts of the names of drafts, which call themselves by the class of their layers."""
OTHERS = (
    "Classification", "QuestionAnswering", "MultipleChoice", "MaskedLM", "Reward", "Embedding", "TextEncoding", "Adapter", "EncoderModel",
    "Regression",
)  # fmt: skip
"""Parts of the names of what is built on a language model and has another output, or is only a piece of one."""


def kind_of_model(config: Mapping[str, Any], any_name: bool) -> str:
    """Refuse what borrows the name of a class and is no language model; the name of a model without output matrix, else nothing."""
    if config.get("peft_type") is not None:
        raise Refused("config.peft_type", "a whole language model, not an adapter", config["peft_type"], "give the model that it adapts")
    named = config.get("architectures")
    if config.get("is_encoder_decoder") is True:
        raise Refused("config.is_encoder_decoder", "false, as the guide reads decoders", True)
    headless = ""
    if named is not None and (isinstance(named, str) or not isinstance(named, Sequence)):
        raise Refused("config.architectures", "a list of names", named)
    for name in named if named is not None else []:
        if not isinstance(name, str):
            raise Refused("config.architectures", "a list of names", name)
        if any(part in name for part in DRAFTS):
            raise Refused("config.architectures", "a whole language model, not a draft of one", name, "give the model that it drafts for")
        if any(part in name for part in OTHERS):
            raise Refused("config.architectures", "a language model (…ForCausalLM)", name, "give the language model that it was made of")
        if name.endswith("Model") and not any_name and not name.endswith(("LMHeadModel", "ChatModel", "UltravoxModel")):
            headless = name
    return headless


def check_names(config: Mapping[str, Any], text: Mapping[str, Any], catalogue: Catalogue, notices: list[Notice]) -> None:
    """Refuse a configuration that calls itself by two classes that are read differently; tell a class of which nothing is known."""
    _check(config, catalogue, notices)
    if isinstance(text.get("architectures"), Sequence):
        _check(text, catalogue, [])


def _check(config: Mapping[str, Any], catalogue: Catalogue, notices: list[Notice]) -> None:
    taken = str(config.get("model_type"))
    own, classes = bare(taken), _classes(catalogue)
    around = catalogue.composites.get(taken.lower())
    text = None if around is None or around.text is None else classes.get(bare(around.text))
    for name in [str(one) for one in config.get("architectures") or []]:
        stem = bare(name.split("For")[0].split("LMHead")[0].split("Model")[0])
        other = classes.get(stem)
        # A model that sees may be called as it likes: what counts is its text part.
        alike = stem == own or (other == text if other is not None else around is not None or bare(name).startswith(own))
        if alike or name in _listed(taken, catalogue):
            continue
        if other != classes.get(own) if other is not None else name.endswith("ForConditionalGeneration"):
            raise Refused("config.architectures", f"the class of model_type {taken}", name, "correct the one that is wrong")
        if other != SEES:
            notices.append(Notice("class-named-otherwise", {"named": name}))


SEES = "composite"


def _classes(catalogue: Catalogue) -> dict[str, str]:
    """Each class that the guide knows -> how it is read."""
    found: dict[str, str] = {}
    for record in catalogue.architectures.values():
        found |= {bare(name): f"{record.id} {kind.reader}" for name, kind in record.classes.items()}
    return found | {bare(name): SEES for name in catalogue.composites}


def _listed(taken: str, catalogue: Catalogue) -> list[str]:
    """Names that configurations of a class carry besides its own."""
    return next((record.classes[taken].architectures for record in catalogue.architectures.values() if taken in record.classes), [])


def bare(name: str) -> str:
    """A name without what is written now this way and now that: qwen3_moe and Qwen3Moe are one."""
    found = name.lower()
    return "".join([letter for letter in (found[:-5] if found.endswith("_text") else found) if letter in LETTERS])


LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
