"""The model in a GGUF file: its shapes, and its tensors in place of a format's rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from macros.estimate.files.gguf import FileTensor, Header, joined, read_header
from macros.estimate.files.shapes import FIRST, LAST, Parts, parts_of, shapes_of
from macros.estimate.notices import Notice
from macros.estimate.others import OTHERS
from macros.estimate.refused import Refused
from macros.formulas.remember import by_identity
from macros.specs.architectures import Architecture
from macros.specs.classes import ArchitectureClass
from macros.specs.errors import in_words
from macros.specs.form import ValidationError
from macros.specs.quantizations import FileQuantization, Quantization, StoredTensor, TensorType

NO_MODELS = {
    "adapter": "a LoRA adapter, which is loaded beside its model",
    "mmproj": "a projector for pictures and sound, which is loaded beside its model",
    "imatrix": "an importance matrix, which files are quantized with",
    "vocab": "a vocabulary without a model",
}
"""`general.type` of files that hold no model."""
PROJECTORS = ("clip", "mmproj")
"""Classes of projectors, from before files said their type."""
PLACES = {
    "token_embd": FIRST,
    "token_embd_norm": 0,
    "token_embd_norm_bias": 0,
    "position_embd": FIRST,
    "per_layer_token_embd": FIRST,
    "per_layer_model_proj": 0,
    "per_layer_proj_norm": 0,
}
"""Where tensors of no layer are held; all others with the output."""
FACTORS = {"rope_freqs": "rope_factors_0", "rope_factors_long": "rope_factors_0", "rope_factors_short": "rope_factors_1"}
"""Lists that scale positions, under the names of the formulas."""
LONGEST_LIST = 6
"""Types or names that a message lists."""

READERS = ["llama.cpp"]
"""Engines that read GGUF files as they are."""


@dataclass(frozen=True)
class FileModel:
    """A file as a question needs it."""

    architecture: Architecture
    quantization: Quantization
    notices: tuple[Notice, ...]


def file_header(parts: Sequence[tuple[bytes, int]], records: Mapping[str, TensorType]) -> Header:
    """The header of a file that is given as slices: of each of its parts the beginning, and the bytes of the whole part.

    Args:
        parts: beginning and size of each part of the file
        records: tensor types by id

    Returns:
        The header; raises Refused for what is none, Cut where a slice ends before its header.
    """
    types = numbered(records)
    return joined([read_header(data, size, types) for data, size in parts])


@by_identity
def file_model(header: Header, records: Mapping[str, TensorType], classes: Mapping[str, ArchitectureClass]) -> FileModel:
    """The model in a file; raises Refused where the file holds none that the guide knows, with what it does hold.

    Args:
        header: of the file
        records: tensor types by id
        classes: classes of models by the name that stands in their files

    Returns:
        Shapes, tensors, and what a reader should know.
    """
    types = numbered(records)
    kind = kind_of(header)
    if kind is not None:
        raise Refused("gguf", "a language model", f"{kind}; {held(header, types)}", "name the model's own file")
    engine = header.values.get("general.architecture")
    if not isinstance(engine, str) or engine not in classes:
        raise Refused("gguf general.architecture", "a class of models that the guide knows", f"{engine}; {held(header, types)}")
    holds = classes[engine].file.holds
    if holds is not None:
        raise Refused("gguf", "a language model that writes token by token", f"{engine}, {OTHERS[holds]}; {held(header, types)}")
    if not classes[engine].file.read:
        raise Refused("gguf", "a class that llama.cpp has", f"{engine}; {held(header, types)}", "give its config.json instead")
    parts = parts_of(header)
    shapes = shapes_of(header, parts, classes[engine].file)
    try:
        architecture = Architecture.model_validate({**shapes, "traits": classes[engine].traits})
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        expected, fix = in_words(detail["msg"])
        raise Refused("gguf", expected, engine, fix) from None
    tensors = _stored(_by_run(parts, architecture), types, architecture)
    quantization = FileQuantization(id="gguf", name="GGUF", kind="gguf", read_by=READERS, tensors=tensors)
    return FileModel(architecture, quantization, tuple(_notices(header, types)))


@by_identity
def numbered(records: Mapping[str, TensorType]) -> dict[int, TensorType]:
    """Tensor types by the number that stands for each in a file.

    Args:
        records: tensor types by id

    Returns:
        Number -> type.
    """
    return {record.number: record for record in records.values() if record.number is not None}


def kind_of(header: Header) -> str | None:
    """What a file is that holds no language model; None for one that may.

    Args:
        header: of the file

    Returns:
        What it is, in words.
    """
    said = header.values.get("general.type")
    if isinstance(said, str) and said in NO_MODELS:
        return NO_MODELS[said]
    if header.values.get("general.architecture") in PROJECTORS:
        return NO_MODELS["mmproj"]
    if "adapter.type" in header.values:
        return NO_MODELS["adapter"]
    if "imatrix.datasets" in header.values or "imatrix.chunk_count" in header.values:
        return NO_MODELS["imatrix"]
    if not header.tensors:
        return NO_MODELS["vocab"]
    return None


def type_name(number: int, types: Mapping[int, TensorType]) -> str:
    """A type's name, or its number where it is unknown."""
    return types[number].id if number in types else f"type {number}"


def bytes_by_type(header: Header, types: Mapping[int, TensorType]) -> dict[str, int]:
    """Bytes of the tensors of each type, the most first [bytes]."""
    found: dict[str, int] = {}
    for tensor in header.tensors:
        name = type_name(tensor.type, types)
        found[name] = found.get(name, 0) + tensor.bytes
    return {name: found[name] for name in sorted(found, key=lambda name: -found[name])}


def summary(header: Header, records: Mapping[str, TensorType]) -> dict[str, Any]:
    """What a file says of itself.

    Args:
        header: of the file
        records: tensor types by id

    Returns:
        Class, number of tensors, bytes by type, and whether the file holds all of them.
    """
    types = numbered(records)
    kind = header.values.get("general.architecture")
    return {
        "architecture": kind if isinstance(kind, str) else None,
        "tensors": len(header.tensors),
        "bytes": sum(tensor.bytes for tensor in header.tensors),
        "types": bytes_by_type(header, types),
        "whole": header.held,
    }


def held(header: Header, types: Mapping[int, TensorType]) -> str:
    """What the file holds, for a message."""
    sizes = bytes_by_type(header, types)
    listed = ", ".join([f"{name} {sizes[name]}" for name in list(sizes)[:LONGEST_LIST]])
    return f"{len(header.tensors)} tensors, {sum(sizes.values())} bytes ({listed})"


def _by_run(parts: Parts, a: Architecture) -> Parts:
    """Tensors by runs of layers: those of a layer that runs several times stand with its first run."""
    if a.same_weights is None:
        return parts
    firsts = [layer for layer in range(a.layers) if a.first_run(layer) == layer]
    nothing: dict[str, FileTensor] = {}
    return Parts(parts.outside, tuple(parts.layers[firsts.index(run)] if run in firsts else nothing for run in range(a.layers)))


def _stored(parts: Parts, types: Mapping[int, TensorType], a: Architecture) -> list[StoredTensor]:
    """Tensors in groups of one name, shape and type."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for name, tensor in parts.outside.items():
        layer = PLACES.get(name, LAST)
        if name in FACTORS and a.attention.rope_factors > 0:
            layer = a.factor_layers()[0]
        elif name == "token_embd_norm" and not a.embedding_norm:
            layer = LAST  # what LFM2's files call their last norm
        groups.setdefault(_like(FACTORS.get(name, name), tensor), []).append(layer)
    for layer, tensors in enumerate(parts.layers):
        for name, tensor in tensors.items():
            groups.setdefault(_like(name, tensor), []).append(layer)
    return [
        StoredTensor(name=name, row=row, rows=rows, stack=stack, type=type_name(kind, types), bytes=size, layers=layers)
        for (name, row, rows, stack, kind, size), layers in groups.items()
    ]


def _like(name: str, tensor: FileTensor) -> tuple[Any, ...]:
    row, rows, stack, more = (*tensor.shape, 1, 1, 1)[:4]
    return (name[:200], row, rows, stack * more, tensor.type, tensor.bytes)


def _notices(header: Header, types: Mapping[int, TensorType]) -> list[Notice]:
    found = []
    if not header.held:
        found.append(Notice("file-not-whole", {}))
    used = {tensor.type for tensor in header.tensors}
    unknown = [str(number) for number in sorted(used) if number not in types]
    if unknown:
        found.append(Notice("unknown-types", {"types": ", ".join(unknown[:LONGEST_LIST])}))
    others = [types[number].name for number in sorted(used) if number in types and READERS[0] not in types[number].read_by]
    if others:
        found.append(Notice("types-of-another-engine", {"types": ", ".join(others[:LONGEST_LIST]), "engine": "ik_llama.cpp"}))
    return found
