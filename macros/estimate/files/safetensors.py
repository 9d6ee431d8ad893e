"""Headers of safetensors files, and the index of a model in parts: what each tensor weighs, beside the shapes that config.json gives.

The header is JSON, so what reads JSON hands over its values; everything in them is held against the size of the file. The tensors of a
quantized matrix (packed weights, scales, zero points) count together, layer by layer, experts apart from the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from macros.estimate.files.gguf import said as told
from macros.estimate.files.modules import ELSEWHERE, OUTSIDE
from macros.estimate.refused import Refused
from macros.formulas.remember import by_identity
from macros.formulas.tensors.group import FIRST, LAST
from macros.formulas.weights.packing import uniform_tensors
from macros.specs.architectures import Architecture
from macros.specs.quantizations import FileQuantization, Quantization, StoredTensor

LENGTH_BYTES = 8
"""The length of the header stands before it."""
LONGEST_HEADER = 25 << 20
"""A header of more bytes is none: a model of a hundred thousand tensors in one file has half of them."""
MOST_TENSORS = 1 << 18
MOST_OF_A_FILE = 1 << 17
"""The packed experts of a model of 35 billion parameters in one file are 123,000 tensors."""
ENTRY_BYTES, NOTES_BYTES = 1 << 10, 1 << 21
"""No tensor's entry is longer, nor what a file says of itself besides."""
MOST_BYTES = 1 << 50
MOST_DIMENSIONS = 8
LONGEST_NAME = 400
METADATA = "__metadata__"
BITS = {
    "F64": 64, "F32": 32, "F16": 16, "BF16": 16, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
    "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4, "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U64": 64, "U32": 32, "U16": 16, "U8": 8, "BOOL": 8,
    "C64": 64,
}  # fmt: skip
"""Bits of a value of each type that the format knows."""
FLOATS = {"BF16": "bf16", "F16": "f16", "F32": "fp32"}
"""Types of weights that nobody quantized -> the format."""
OWNERS = ("layers", "h", "blocks", "layer", "block")
"""What stands before the number of a layer."""
PREDICTION = ("mtp", "nextn", "draft")
BESIDE = tuple(word for word in ELSEWHERE if word not in PREDICTION)
PROJECTOR = "projector"
"""Towers stand with what is looked up: no token of text reads them."""


@dataclass(frozen=True)
class SafeTensor:
    """A tensor as the header lists it."""

    name: str
    type: str
    bytes: int


@dataclass(frozen=True)
class SafeHeader:
    """What the headers of a model say together; of an index alone the names and the sum."""

    tensors: tuple[SafeTensor, ...]
    total: int | None = None
    """Bytes of all tensors, where only the index was read [bytes]."""
    held: bool = True
    """Whether the files hold all of their tensors; one that is still being downloaded does not."""


def header_length(length: int, size: int) -> int:
    """Bytes of the header, of a file that begins with this number; raises Refused where none fits.

    Args:
        length: the number in the first 8 bytes
        size: bytes of the whole file

    Returns:
        Bytes [bytes].
    """
    if size < LENGTH_BYTES + 2:
        raise Refused("safetensors", "a safetensors file, which begins with the length of its header", f"{size} bytes")
    if length > LONGEST_HEADER or length > size - LENGTH_BYTES:
        most = min(LONGEST_HEADER, size - LENGTH_BYTES)
        raise Refused("safetensors", f"a header of at most {most} bytes", told(length), "download it again")
    return length


def check_count(count: int, length: int) -> None:
    """Refuse a file of more tensors than a model has in one, or a header of hardly any; raises Refused.

    Args:
        count: tensors of the file
        length: bytes of its header
    """
    if count > MOST_OF_A_FILE:
        raise Refused("safetensors", f"at most {MOST_OF_A_FILE} tensors in a file", count, "download it again")
    most = NOTES_BYTES + ENTRY_BYTES * count
    if length > most:
        raise Refused("safetensors", f"a header of at most {most} bytes for {count} tensors", length, "download it again")


def read_safetensors(values: Any, length: int, size: int) -> SafeHeader:
    """The tensors of one file; raises Refused for what cannot be right.

    Args:
        values: the header, as JSON gives it
        length: bytes of the header
        size: bytes of the whole file

    Returns:
        Its tensors, and whether the file holds them.

    Source: safetensors, README.md, Format.
    """
    if not isinstance(values, Mapping):
        raise Refused("safetensors", "an object in the header", "another value", "download it again")
    check_count(len(values), length)
    found: list[tuple[int, int, SafeTensor]] = []
    for name, said in values.items():
        if name != METADATA:
            found.append(_tensor(str(name), said, len(found)))
    end = 0
    for start, stop, tensor in sorted(found, key=lambda one: one[0] + one[1]):
        if start != end:
            raise Refused(
                "safetensors", f"{tensor.name[:LONGEST_NAME]} at {end}, where the tensor before it ends", start, _so_far(len(found))
            )
        end = stop
    return SafeHeader(tuple(one[2] for one in found), None, LENGTH_BYTES + length + end <= size)


def _so_far(count: int) -> str:
    return f"the file is damaged; read so far: {count} tensors"


def _tensor(name: str, said: Any, count: int) -> tuple[int, int, SafeTensor]:
    """Beginning, end and tensor."""
    shown = name[:LONGEST_NAME]
    whole: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
    kind, shape, place = whole.get("dtype", 0), whole.get("shape", 0), whole.get("data_offsets", 0)
    if not isinstance(kind, str) or not _sizes(shape, MOST_DIMENSIONS) or not _sizes(place, 2) or len(place) != 2:
        raise Refused("safetensors", f"dtype, shape and two data_offsets of {shown}", _shown(said), _so_far(count))
    values = 1
    for size in shape:
        if values > 0 and size > MOST_BYTES // values:
            raise Refused("safetensors", f"a shape of {shown} with at most {MOST_BYTES} values", str(shape), _so_far(count))
        values *= size
    start, stop = place
    if start > stop or (kind in BITS and (stop - start) * 8 != -(-values * BITS[kind] // 8) * 8):
        raise Refused("safetensors", f"as many bytes for {shown} as its shape and type {kind[:20]} take", stop - start, _so_far(count))
    return start, stop, SafeTensor(name, kind, stop - start)


def _shown(said: Any) -> Any:
    """What stands in the place of a tensor, for a message; of what may be long, its length."""
    if isinstance(said, Mapping) or (isinstance(said, Sequence) and not isinstance(said, str)):
        return f"{len(said)} other values"
    return said


def _sizes(listed: Any, most: int) -> bool:
    """Whether this is a list of at most so many whole numbers from 0."""
    if not isinstance(listed, Sequence) or isinstance(listed, str) or len(listed) > most:
        return False
    return all(isinstance(size, int) and not isinstance(size, bool) and 0 <= size <= MOST_BYTES for size in listed)


def together(parts: Sequence[SafeHeader]) -> SafeHeader:
    """The files of a model as one.

    Args:
        parts: what each holds

    Returns:
        All their tensors.
    """
    tensors = [tensor for part in parts for tensor in part.tensors]
    if len({tensor.name for tensor in tensors}) < len(tensors):
        raise Refused("safetensors", "each tensor in one file", "a tensor in two", "name the files of one model")
    return SafeHeader(tuple(tensors), None, all(part.held for part in parts))


def index_files(values: Any) -> list[str]:
    """The files that an index names; raises Refused for what is none.

    Args:
        values: model.safetensors.index.json

    Returns:
        Names of files, each once.
    """
    listed = values.get("weight_map") if isinstance(values, Mapping) else None
    if not isinstance(listed, Mapping) or len(listed) == 0 or len(listed) > MOST_TENSORS:
        raise Refused("safetensors", "a `weight_map` in the index", "none", "name model.safetensors.index.json")
    found: dict[str, bool] = {}
    for name in listed.values():
        if not isinstance(name, str) or name == "" or "/" in name or "\\" in name:
            raise Refused("safetensors", "names of files beside the index", str(name)[:LONGEST_NAME], "download the index again")
        found[name] = True
    return list(found)


def index_alone(values: Any) -> SafeHeader:
    """What an index says without its files: the names of all tensors, and the sum of their bytes.

    Args:
        values: model.safetensors.index.json

    Returns:
        Tensors without bytes, and the sum.
    """
    index_files(values)
    said = values.get("metadata")
    total = said.get("total_size") if isinstance(said, Mapping) else None
    if isinstance(total, float) and total == int(total):
        total = int(total)  # some writers divide before they sum
    if isinstance(total, bool) or not isinstance(total, int) or not 0 < total <= MOST_BYTES:
        raise Refused("safetensors", "a `total_size` in the index, or its files beside it", str(total)[:LONGEST_NAME], "add the files")
    return SafeHeader(tuple(SafeTensor(str(name), "", 0) for name in values["weight_map"]), total)


# The file as a question needs it


def float_format(checkpoint: SafeHeader) -> str | None:
    """The format of weights that nobody quantized; None where most of them are of no such type.

    Args:
        checkpoint: what the headers say

    Returns:
        The id of a format.
    """
    sizes: dict[str, int] = {}
    for tensor in checkpoint.tensors:
        sizes[tensor.type] = sizes.get(tensor.type, 0) + tensor.bytes
    most = sorted(sizes, key=lambda kind: -sizes[kind])
    return FLOATS.get(most[0]) if most else None


@by_identity
def weighed(quant: Quantization, checkpoint: SafeHeader, a: Architecture) -> Quantization:
    """A format with the bytes that a model's files have: in each layer those of its files, shared out over matrices as the format has them.

    Args:
        quant: the format that config.json names
        checkpoint: what the headers say
        a: the shapes of the model

    Returns:
        The format with a list of tensors; raises Refused where files and shapes are of two models.
    """
    assert quant.per_weight is not None
    usual: dict[tuple[int, str], list[StoredTensor]] = {}
    for group, size in uniform_tensors(a, quant.per_weight):
        each = size // group.count
        for layer in group.layers:
            part = _part_of(group.name, layer, a)
            one = StoredTensor(
                name=group.name, row=group.row, rows=group.rows, stack=group.stack, type=quant.id, bytes=each, layers=[layer]
            )
            usual.setdefault(part, []).append(one)
    held = _summed(checkpoint, a) if checkpoint.total is None else _apportioned(checkpoint, usual, a)
    missing = [layer for layer in range(a.layers) if (layer, "") in usual and (layer, "") not in held]
    if missing or (FIRST, "") not in held:
        where = f"layer {missing[0]}" if missing else "the embedding table"
        raise Refused(
            "safetensors", f"tensors of {where}, as config.json has them", None, "give the config.json of these files, and all of them"
        )
    tensors = [one for part, size in held.items() for one in _shared_out(part, size, usual.get(part, []))]
    return FileQuantization(
        id=quant.id, name=quant.name, kind=quant.kind, read_by=quant.read_by, per_weight=quant.per_weight, tensors=_merged(tensors)
    )


def _part_of(name: str, layer: int, a: Architecture) -> tuple[int, str]:
    """The part of a model in which a tensor of the guide lies: its layer, and whether it is an expert's."""
    if layer >= a.layers:
        return (a.layers, "")
    return (layer, "experts" if "_exps" in name and layer >= 0 else "")


def _summed(checkpoint: SafeHeader, a: Architecture) -> dict[tuple[int, str], int]:
    """Bytes of each part."""
    found: dict[tuple[int, str], int] = {}
    for tensor in checkpoint.tensors:
        part = _place(tensor.name, a)
        found[part] = found.get(part, 0) + tensor.bytes
    return found


def _apportioned(
    checkpoint: SafeHeader, usual: Mapping[tuple[int, str], Sequence[StoredTensor]], a: Architecture
) -> dict[tuple[int, str], int]:
    """Bytes of each part where only the sum is known: as the format has them, towers take what is left."""
    assert checkpoint.total is not None
    named: dict[tuple[int, str], bool] = {}
    for tensor in checkpoint.tensors:
        named[_place(tensor.name, a)] = True
    sizes = {part: sum(one.bytes for one in tensors) for part, tensors in usual.items() if part in named or part[0] < 0}
    text, beside = sum(sizes.values()), (FIRST, PROJECTOR)
    if beside in named and checkpoint.total > text:
        return {**sizes, beside: checkpoint.total - text}
    shares = {part: size * checkpoint.total // text for part, size in sizes.items()}
    shares[(FIRST, "")] += checkpoint.total - sum(shares.values())
    return shares


def _place(name: str, a: Architecture) -> tuple[int, str]:
    """The part of a model in which a tensor of a file lies."""
    words = name.split(".")
    if any(word in name for word in BESIDE):
        return (FIRST, PROJECTOR)
    if any(word in words for word in PREDICTION):
        return (a.layers, "")
    for number, word in enumerate(words[1:]):
        if words[number] in OWNERS and word != "" and len(word) <= 4 and all(letter in "0123456789" for letter in word):
            layer = int(word)
            return (a.layers, "") if layer >= a.layers else (layer, "experts" if "experts" in words else "")
    if any(word in words for word in (*OUTSIDE["token_embd"], "wpe", "embed_tokens_per_layer")):
        return (FIRST, "")
    return (LAST, "")


def _shared_out(part: tuple[int, str], size: int, usual: Sequence[StoredTensor]) -> list[StoredTensor]:
    """The bytes of a part over its tensors, in the shares that the format gives them."""
    layer, kind = part
    whole = sum(one.bytes for one in usual)
    if whole == 0:
        return [] if size == 0 else [_stored(PROJECTOR if kind == PROJECTOR else "other", 1, 1, 1, size, layer)]
    found = [_stored(one.name, one.row, one.rows, one.stack, one.bytes * size // whole, one.layers[0]) for one in usual]
    last = found[-1]
    found[-1] = _stored(last.name, last.row, last.rows, last.stack, last.bytes + size - sum(one.bytes for one in found), last.layers[0])
    return found


def _stored(name: str, row: int, rows: int, stack: int, size: int, layer: int) -> StoredTensor:
    return StoredTensor(name=name, row=row, rows=rows, stack=stack, type="file", bytes=size, layers=[layer])


def _merged(tensors: Sequence[StoredTensor]) -> list[StoredTensor]:
    """Tensors that are alike in several layers as one entry."""
    layers: dict[tuple[Any, ...], list[int]] = {}
    for one in tensors:
        layers.setdefault((one.name, one.row, one.rows, one.stack, one.bytes), []).append(one.layers[0])
    return [
        StoredTensor(name=name, row=row, rows=rows, stack=stack, type="file", bytes=size, layers=listed)
        for (name, row, rows, stack, size), listed in layers.items()
    ]


def summary(checkpoint: SafeHeader) -> dict[str, Any]:
    """What the files say of themselves.

    Args:
        checkpoint: what the headers say

    Returns:
        Number of tensors, bytes, bytes by type, and whether the files hold all of them.
    """
    sizes: dict[str, int] = {}
    for tensor in checkpoint.tensors:
        sizes[tensor.type] = sizes.get(tensor.type, 0) + tensor.bytes
    total = checkpoint.total if checkpoint.total is not None else sum(sizes.values())
    types = {kind: sizes[kind] for kind in sorted(sizes, key=lambda kind: -sizes[kind]) if sizes[kind] > 0}
    return {"architecture": None, "tensors": len(checkpoint.tensors), "bytes": total, "types": types, "whole": checkpoint.held}
