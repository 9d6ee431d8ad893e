"""Which model a question means, and in which format its weights are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from macros.estimate.notices import Notice
from macros.estimate.refused import Refused
from macros.specs import Catalogue
from macros.specs.architectures import Architecture
from macros.specs.models import architecture_of
from macros.specs.naming import nearest_called
from macros.specs.quantizations import Quantization

if TYPE_CHECKING:
    from macros.estimate.files.model import FileModel


@dataclass(frozen=True)
class Subject:
    """What a question is about."""

    model: str | None
    """Id of the model; None: it was given as a file or a configuration."""
    architecture: Architecture
    quant: Quantization
    context: int
    """Tokens that the cache has room for: as asked, otherwise the usual number, no more than the model was trained for. [tokens]"""
    notices: list[Notice]
    """What to know of them."""


def subject(question: Mapping[str, Any], asked: Mapping[str, Any], catalogue: Catalogue) -> Subject:
    """The model that a question means, and the format of its weights.

    Args:
        question: as it was asked
        asked: the values of all keys
        catalogue: the records

    Returns:
        Model and format.

    Raises:
        Refused: where none is named, or more than one, or the format is none of the model's.
    """
    notices: list[Notice] = []
    if asked["gguf"] is not None:
        file = _file(asked, catalogue)
        named, quant = _Named(None, file.architecture), file.quantization
        notices += file.notices
    else:
        named = _model(question, catalogue, notices)
        quant = _quant(asked, named, notices, catalogue)
    a = named.architecture
    if named.model is not None and a.prediction_layers:
        notices.append(Notice("prediction-layers", {"count": a.prediction_layers}))
    context: int = asked["context"]
    if question.get("context") is None:
        context = max(min(context, a.context_length), asked["depth"] + asked["prompt_tokens"])
    if context > a.context_length:
        notices.append(Notice("beyond-context", {"context": context, "limit": a.context_length}))
    return Subject(named.model, a, quant, context, notices)


def check_format(question: Mapping[str, Any], catalogue: Catalogue) -> None:
    """Refuse a mix that is another for each model by what it is: the preset that is spelled most like it would mislead.

    Args:
        question: as it was asked
        catalogue: the records

    Raises:
        Refused: naming what the mix is.
    """
    named = question.get("quant") if isinstance(question, Mapping) else None
    if not isinstance(named, str) or named in catalogue.quantizations:
        return
    for other in catalogue.records["other-formats"].values():
        if named.lower().startswith(other.begins):
            raise Refused("quant", "the id of a quantization", named, f"{other.name} is {other.why}")


def _file(asked: Mapping[str, Any], catalogue: Catalogue) -> FileModel:
    """The model in a file whose header was read."""
    from macros.estimate.files.gguf import Header
    from macros.estimate.files.model import file_model

    for key in ("model", "config", "quant", "safetensors"):
        if asked[key] is not None:
            raise Refused(key, "nothing beside `gguf`, which says it itself", asked[key], "leave it out")
    if not isinstance(asked["gguf"], Header):
        raise Refused("gguf", "the path of a GGUF file", asked["gguf"])
    return file_model(asked["gguf"], catalogue.tensor_types, catalogue.architectures)


def _quant(asked: Mapping[str, Any], named: _Named, notices: list[Notice], catalogue: Catalogue) -> Quantization:
    """The format of the weights: as the headers of their files weigh it, or as it is named."""
    if asked["safetensors"] is not None:
        return _weighed(asked, named, notices, catalogue)
    return _format(asked["quant"], asked["engine"], named, notices, catalogue)


def _weighed(asked: Mapping[str, Any], named: _Named, notices: list[Notice], catalogue: Catalogue) -> Quantization:
    """The format with the bytes that the headers of a model's files give."""
    from macros.estimate.files.safetensors import SafeHeader, float_format, weighed

    header = asked["safetensors"]
    if not isinstance(header, SafeHeader):
        raise Refused("safetensors", "the path of a .safetensors file or its index", header)
    if named.model is not None:
        raise Refused("model", "`config` beside `safetensors`: the config.json that came with the files", named.model, "give it instead")
    wanted = float_format(header) if named.published is None and asked["quant"] is None else asked["quant"]
    quant = _format(wanted, asked["engine"], named, notices, catalogue)
    if quant.per_weight is None:
        raise Refused("quant", "a format of safetensors files", quant.id, "leave it out where config.json names the format")
    if not header.held:
        notices.append(Notice("file-not-whole", {}))
    return weighed(quant, header, named.architecture)


@dataclass(frozen=True)
class _Named:
    """A model as it is named or configured."""

    model: str | None
    architecture: Architecture
    published: Quantization | None = None
    """The format that its configuration names."""


def _model(question: Mapping[str, Any], catalogue: Catalogue, notices: list[Notice]) -> _Named:
    """The model, its shapes, and the format that its configuration names."""
    if "model" not in question and "config" not in question:
        raise Refused("model", "a model: its id in `model`, or its file in `config` or `gguf`", None, "name one")
    if "model" in question and "config" in question:
        raise Refused("model", "either `model` or `config`", ["config", "model"], "keep one of them")
    if "config" in question:
        from macros.estimate.config_json import read

        reading = read(question["config"], catalogue)
        notices.extend(reading.notices)
        if reading.quantized is None:
            return _Named(None, reading.architecture)
        published = _published(reading.quantized, reading.architecture, catalogue)
        if published is None:
            from macros.estimate.files.unread import told

            method = told(reading.quantized)
            if question.get("quant") is None:
                fix = "say the format that is nearest in `quant`"
                raise Refused("config.quantization_config", "a way of quantizing that an engine of the guide reads", method, fix)
            notices.append(Notice("published-quantized", {"method": method}))
        return _Named(None, reading.architecture, published)
    name = question["model"]
    if not isinstance(name, str) or name not in catalogue.models:
        raise Refused("model", "the id of a model", name, nearest_called(str(name), catalogue.models))
    architecture = architecture_of(catalogue.models[name], catalogue.models)
    notices.extend(_of_class(architecture, catalogue))
    return _Named(name, architecture)


def _of_class(a: Architecture, catalogue: Catalogue) -> list[Notice]:
    """What a reader should know of a listed model's class: who has none of its own, and whether its pass was compared."""
    own = catalogue.architectures.get(a.engine_name)
    if own is None:
        return []
    kinds = [*own.classes.values()]
    lacking = [engine for engine in (kinds[0].unknown_to if kinds else []) if all(engine in kind.unknown_to for kind in kinds)]
    unknown = [Notice("class-unknown", {"engines": " / ".join(lacking)})] if lacking else []
    return unknown if own.compared else [*unknown, Notice("pass-not-compared", {})]


def _published(quantized: Mapping[str, Any], a: Architecture, catalogue: Catalogue) -> Quantization | None:
    from macros.estimate.files.quantized import format_of

    return format_of(quantized, a, catalogue.quantizations)


def _format(wanted: str | None, engine: str | None, named: _Named, notices: list[Notice], catalogue: Catalogue) -> Quantization:
    """The format that is asked for; without one, that in which the weights were published, or people run models of 16 bits."""
    if named.published is not None:
        if wanted is None or wanted == named.published.id:
            return named.published
        notices.append(Notice("quant-contradicts", {"quant": wanted, "published": named.published.name}))
    chosen = _own_format(named.model, engine, catalogue) if wanted is None and named.model is not None else wanted
    if chosen is None:
        engines = list(catalogue.engines.values())
        chosen = (engines[0] if engine is None else catalogue.engines[engine]).usual_format
        notices.append(Notice("format-assumed", {"quant": catalogue.quantizations[chosen].name}))
    quant: Quantization = catalogue.quantizations[chosen]
    if named.model is None or quant.per_weight is None:
        return quant
    from macros.estimate.files.quantized import of_publisher

    return of_publisher(quant, named.model, catalogue.checkpoints)


def _own_format(model: str, engine: str | None, catalogue: Catalogue) -> str | None:
    """The format in which a model came out, of those that the engine reads."""
    native = catalogue.models[model].native_quant
    if native is None:
        return None
    formats = [name for name in (catalogue.quantizations[native].gguf, native) if name is not None]
    readers = [name for name in formats if engine is None or engine in catalogue.quantizations[name].read_by]
    return readers[0] if readers else None
