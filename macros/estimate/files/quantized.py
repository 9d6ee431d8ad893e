"""The `quantization_config` of a config.json: the format that its weights are published in, and what its lists of modules leave out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from macros.estimate.files.methods import Published, Shape, published
from macros.estimate.files.modules import module_names
from macros.formulas.remember import by_identity
from macros.formulas.tensors.group import TensorGroup
from macros.formulas.tensors.model import tensor_groups
from macros.formulas.weights.parts import tensor_parts
from macros.specs.architectures import Architecture
from macros.specs.checkpoints import Checkpoint
from macros.specs.quantizations import Kind, PerWeight, Quantization

FLOAT_BITS = 16
KEPT = ("embedding", "router", "selection_bias", "streams")
"""Parts that no list needs to name: they are no linear layers of Transformers, or lists leave them out."""


def format_of(config: Mapping[str, Any], a: Architecture, formats: Mapping[str, Quantization]) -> Quantization | None:
    """The format of published weights, with what stays at 16 bits in them; None where the guide does not know it.

    Args:
        config: `quantization_config`, or MLX's `quantization`
        a: the shapes of the model
        formats: all formats by id

    Returns:
        The format, under the id of the one that it is.
    """
    found = published(config)
    if found is None:
        return None
    base = found.schemes[0].shape
    more: Shape = {"covers": list(found.covers), "whole_groups": True, "splits_latent": True} if found.covers else {}
    named = _named(found.kind, base, formats)
    of_class = [] if named is None or named.per_weight is None else [rule for rule in named.per_weight.rules if rule.classes is not None]
    layout = PerWeight(**{**base, **more, "other_bits": FLOAT_BITS, "rules": [*_rules(found, a), *of_class]})
    if named is None:
        bits = int(base["weight_bits"])
        readers = next((one.read_by for one in formats.values() if one.kind == found.kind), [])
        return Quantization(id=found.kind, name=f"{found.kind} {bits}-bit", kind=found.kind, read_by=readers, per_weight=layout)
    return Quantization(id=named.id, name=named.name, kind=named.kind, read_by=named.read_by, per_weight=layout)


@by_identity
def as_published(quant: Quantization, checkpoint: Checkpoint) -> Quantization:
    """A format as one checkpoint has it: with what its publisher stored otherwise.

    Args:
        quant: the format
        checkpoint: the record

    Returns:
        The format with the rules of the checkpoint before its own.
    """
    p = quant.per_weight
    if p is None or (not checkpoint.rules and checkpoint.matrix_bytes is None):
        return quant
    layout = PerWeight(
        weight_bits=p.weight_bits,
        word_weights=p.word_weights,
        group_size=p.group_size,
        group_rows=p.group_rows,
        scale_bits=p.scale_bits,
        zero_point_bits=p.zero_point_bits,
        input_index_bits=p.input_index_bits,
        output_bits=p.output_bits,
        matrix_bytes=p.matrix_bytes if checkpoint.matrix_bytes is None else checkpoint.matrix_bytes,
        other_bits=p.other_bits,
        covers=p.covers,
        whole_groups=p.whole_groups,
        splits_latent=p.splits_latent,
        unties=p.unties,
        prediction_layers=p.prediction_layers,
        rules=[*checkpoint.rules, *p.rules],
    )
    return Quantization(id=quant.id, name=quant.name, kind=quant.kind, read_by=quant.read_by, per_weight=layout)


def of_publisher(quant: Quantization, model: str, checkpoints: Mapping[str, Checkpoint]) -> Quantization:
    """A format as the published checkpoint of a model has it; the format itself where none is known.

    Args:
        quant: the format
        model: id of the model
        checkpoints: the records

    Returns:
        The format.
    """
    held = [one for one in checkpoints.values() if one.model == model and one.quant == quant.id]
    return as_published(quant, held[0]) if held else quant


def _named(kind: Kind, shape: Shape, formats: Mapping[str, Quantization]) -> Quantization | None:
    """The format of the guide that stores matrices like this; of two that differ in what a matrix has beside, the one that agrees there."""
    alike = [one for one in formats.values() if one.kind == kind and one.per_weight is not None and _same(one.per_weight, shape)]
    exact = [one for one in alike if one.per_weight is not None and one.per_weight.matrix_bytes == shape.get("matrix_bytes", 0)]
    return next((one for one in [*exact, *alike]), None)


def _same(p: PerWeight, shape: Shape) -> bool:
    found: Shape = {
        "weight_bits": p.weight_bits,
        "word_weights": p.word_weights,
        "group_size": p.group_size,
        "group_rows": p.group_rows,
        "scale_bits": p.scale_bits,
        "zero_point_bits": p.zero_point_bits,
        "input_index_bits": p.input_index_bits,
    }
    none: Shape = {
        "word_weights": None,
        "group_size": None,
        "group_rows": None,
        "scale_bits": 0.0,
        "zero_point_bits": 0.0,
        "input_index_bits": 0,
    }
    return found == none | {name: value for name, value in shape.items() if name in found}


def _rules(found: Published, a: Architecture) -> list[Shape]:
    """What deviates from the first scheme and from what stays as it was, tensor by tensor."""
    rules: list[Shape] = []
    for group in tensor_groups(a):
        parts = tensor_parts(a, group)
        if not parts or parts[0] == "selection_bias":
            continue
        usual = 0 if parts[0] in found.covers or (parts[0] not in KEPT and parts[0] != "output") else -1
        layers: dict[int, list[int]] = {}
        for layer in group.layers:
            layers.setdefault(_scheme(found, a, group, parts, layer), []).append(layer)
        for number, chosen in layers.items():
            if number == usual:
                continue
            shape: Shape = found.schemes[number].shape if number >= 0 else {"weight_bits": float(FLOAT_BITS)}
            more: Shape = {} if len(layers) == 1 else {"layers": {"indices": chosen}}
            rules.append({**shape, "names": [group.name], **more})
    return rules


def _scheme(found: Published, a: Architecture, group: TensorGroup, parts: Sequence[str], layer: int) -> int:
    """Number of the scheme of a tensor; -1: it stays as it was."""
    covered = parts[0] in found.covers
    if (parts[0] in KEPT and not covered) or parts[0] in found.kept or (found.parts and parts[0] not in found.parts):
        return -1
    if parts[0] == "output" and not found.head:
        return -1
    recurs = 0 <= layer < a.layers and a.recurs(layer) and not a.attends(layer)
    modules = module_names(group.name, recurs=recurs, apart=a.experts is not None and a.experts.beside_dense)
    if any(entry.names(modules, layer) for entry in found.left_out):
        return -1
    for number, scheme in enumerate(found.schemes):
        if scheme.targets is not None and any(entry.names(modules, layer) for entry in scheme.targets):
            return number
    return next((number for number, scheme in enumerate(found.schemes) if scheme.targets is None), -1)
