"""The `quantization_config` of a config.json: the format that its weights are published in, and what its lists of modules leave out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from macros.estimate.files.modules import Entry, entries, module_names
from macros.formulas.recipe import tensor_parts
from macros.formulas.remember import by_identity
from macros.formulas.tensors import TensorGroup, tensor_groups
from macros.specs.architectures import Architecture
from macros.specs.checkpoints import Checkpoint
from macros.specs.quantizations import Kind, PerWeight, Quantization

Shape = dict[str, Any]
"""How a matrix is stored: the keys of a `Packing`."""
FLOAT_BITS = 16
NVFP4: Shape = {"weight_bits": 4.0, "group_size": 16, "scale_bits": 8.0}
MXFP4: Shape = {"weight_bits": 4.0, "group_size": 32, "scale_bits": 8.0}
LISTS = ("ignore", "exclude", "exclude_modules", "modules_to_not_convert", "ignored_layers", "llm_int8_skip_modules")
"""Keys that list modules which stay as they were."""
KEPT = ("embedding", "router", "selection_bias", "streams")
"""Parts that no list needs to name: they are no linear layers of Transformers, or lists leave them out."""


@dataclass(frozen=True)
class Scheme:
    """A packing and the modules that have it."""

    shape: Shape
    targets: Sequence[Entry] | None
    """None: all linear layers."""


@dataclass(frozen=True)
class Published:
    """What a quantization_config says."""

    kind: Kind
    schemes: Sequence[Scheme]
    left_out: Sequence[Entry]
    head: bool
    """Whether the output matrix is quantized, where no list leaves it out."""
    parts: Sequence[str] = ()
    """Only these parts are quantized; none named: all."""
    covers: Sequence[str] = ()
    """Parts that are stored like linear layers, though they are none."""
    kept: Sequence[str] = ()
    """Parts that stay as they were besides."""


def format_of(config: Mapping[str, Any], a: Architecture, formats: Mapping[str, Quantization]) -> Quantization | None:
    """The format of published weights, with what stays at 16 bits in them; None where the guide does not know it.

    Args:
        config: `quantization_config`, or MLX's `quantization`
        a: the shapes of the model
        formats: all formats by id

    Returns:
        The format, under the id of the one that it is.
    """
    found = _read(config)
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
        "group_size": p.group_size,
        "group_rows": p.group_rows,
        "scale_bits": p.scale_bits,
        "zero_point_bits": p.zero_point_bits,
        "input_index_bits": p.input_index_bits,
    }
    return found == {"group_size": None, "group_rows": None, "scale_bits": 0.0, "zero_point_bits": 0.0, "input_index_bits": 0} | {
        name: value for name, value in shape.items() if name in found
    }


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


# What each method says


def _read(config: Mapping[str, Any]) -> Published | None:
    usual = "mlx" if "bits" in config and "group_size" in config else "modelopt" if "quant_algo" in config else ""
    method = str(config.get("quant_method", usual)).lower()
    reader = METHODS.get(method.replace("_", "-"))
    return None if reader is None else reader(config)


def _left_out(config: Mapping[str, Any]) -> list[Entry]:
    found: list[Entry] = []
    for name in LISTS:
        listed = config.get(name)
        if isinstance(listed, Sequence) and not isinstance(listed, str):
            found += entries(listed)
    return found


def _whole(config: Mapping[str, Any], *names: str) -> int | None:
    for name in names:
        value = config.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 4096:
            return value
    return None


def _gptq(config: Mapping[str, Any]) -> Published | None:
    bits = _whole(config, "bits")
    if bits is None:
        return None
    shape: Shape = {"weight_bits": float(bits), "group_size": _whole(config, "group_size"), "scale_bits": 16.0}
    shape |= {"zero_point_bits": float(bits), "input_index_bits": 32}
    skipped = config.get("dynamic")
    left_out = _left_out(config)
    if isinstance(skipped, Mapping):
        left_out += entries([f"re:{name[2:]}" for name in skipped if isinstance(name, str) and name.startswith("-:")])
    return Published("gptq", [Scheme(shape, None)], left_out, config.get("lm_head") is True)


def _awq(config: Mapping[str, Any]) -> Published | None:
    bits = _whole(config, "bits", "w_bit")
    if bits is None:
        return None
    zero = 0.0 if config.get("zero_point") is False else float(bits)
    shape: Shape = {"weight_bits": float(bits), "group_size": _whole(config, "group_size", "q_group_size"), "scale_bits": 16.0}
    return Published("awq", [Scheme(shape | {"zero_point_bits": zero}, None)], _left_out(config), False)


def _fp8(config: Mapping[str, Any]) -> Published | None:
    block = config.get("weight_block_size")
    if isinstance(block, Sequence) and not isinstance(block, str):
        if len(block) != 2 or not all(isinstance(size, int) and 0 < size <= 4096 for size in block):
            return None
        narrow = config.get("scale_fmt") == "e8m0" or "expert_dtype" in config
        shape: Shape = {"weight_bits": 8.0, "group_size": block[1], "group_rows": block[0], "scale_bits": 8.0 if narrow else 32.0}
        of_experts = _of_experts(config)
        # What another scheme leaves out is no list of what has 16 bits: it keeps the form in which the model came out.
        return Published("fp8", [Scheme(shape, None), *of_experts], [] if of_experts else _left_out(config), False)
    scales = 8 if config.get("activation_scheme") == "static" else 4
    return Published("fp8", [Scheme({"weight_bits": 8.0, "matrix_bytes": scales}, None)], _left_out(config), False)


def _of_experts(config: Mapping[str, Any]) -> list[Scheme]:
    """Schemes beside FP8 in blocks: four bits for routed experts, or what was quantized again afterwards, module by module."""
    again, _ = _mixed(config.get("quantized_layers"))
    if again:
        return again
    return [Scheme(MXFP4, entries(["experts"]))] if config.get("expert_dtype") == "fp4" else []


def _rowwise_fp8(config: Mapping[str, Any]) -> Published | None:
    return Published("fp8", [Scheme({"weight_bits": 8.0, "scale_bits": 32.0}, None)], _left_out(config), False)


def _mxfp4(config: Mapping[str, Any]) -> Published | None:
    return Published("mxfp4", [Scheme(MXFP4, None)], _left_out(config), False, ("experts",))


FUSED = ("experts",)
"""What transformers keeps in one parameter a layer since version 5: no linear layer, so bitsandbytes leaves it."""


def _bitsandbytes(config: Mapping[str, Any]) -> Published | None:
    left_out, kept = _left_out(config), () if str(config.get("transformers_version"))[:2] in ("2.", "3.", "4.") else FUSED
    if config.get("load_in_8bit") is True or config.get("_load_in_8bit") is True:
        shape: Shape = {"weight_bits": 8.0, "scale_bits": 32.0, "matrix_bytes": 1}
        return Published("bitsandbytes", [Scheme(shape, None)], left_out, False, kept=kept)
    if config.get("load_in_4bit") is not True and config.get("_load_in_4bit") is not True:
        return None
    twice = config.get("bnb_4bit_use_double_quant") is True
    shape = {"weight_bits": 4.0, "group_size": 64, "scale_bits": 8.125 if twice else 32.0, "matrix_bytes": 1260 if twice else 146}
    return Published("bitsandbytes", [Scheme(shape, None)], left_out, False, kept=kept)


MLX_MODES: dict[str, Shape] = {"mxfp4": MXFP4, "nvfp4": NVFP4, "mxfp8": {"weight_bits": 8.0, "group_size": 32, "scale_bits": 8.0}}


def _mlx(config: Mapping[str, Any]) -> Published | None:
    """MLX: one scheme for all, and modules that have another or none."""
    base = _mlx_shape(config)
    if base is None:
        return None
    schemes, left_out = [Scheme(base, None)], []
    for module, own in config.items():
        if isinstance(own, Mapping):
            shape = _mlx_shape({**config, **own})
            if shape is not None and shape != base:
                schemes.append(Scheme(shape, entries([module])))
        elif own is False:
            left_out += entries([module])
    return Published("mlx", schemes, left_out, True, (), ("embedding", "output", "streams", "router"))


def _mlx_shape(config: Mapping[str, Any]) -> Shape | None:
    mode = config.get("mode", "affine")
    if isinstance(mode, str) and mode in MLX_MODES:
        return MLX_MODES[mode]
    bits, group = _whole(config, "bits"), _whole(config, "group_size")
    return None if bits is None or group is None else {"weight_bits": float(bits), "group_size": group, "scale_bits": 32.0}


HEAD_BITS = 6
"""Bits of EXL3's output matrix, where the configuration does not say."""


def _exl3(config: Mapping[str, Any]) -> Published | None:
    bits = config.get("bits")
    if isinstance(bits, bool) or not isinstance(bits, int | float) or not 1 <= bits <= 8:
        return None
    sides: Shape = {"input_index_bits": 16, "output_bits": 16, "matrix_bytes": 4}
    head = Scheme({"weight_bits": float(_whole(config, "head_bits") or HEAD_BITS), **sides}, entries(["lm_head"]))
    return Published("exl3", [Scheme({"weight_bits": float(bits), **sides}, None), head], [], True)


def _compressed(config: Mapping[str, Any]) -> Published | None:
    """compressed-tensors: groups of modules, each with its scheme."""
    groups, sparse = config.get("config_groups"), config.get("sparsity_config")
    thinned = isinstance(sparse, Mapping) and sparse.get("format", "dense") != "dense"
    if not isinstance(groups, Mapping) or len(groups) == 0 or thinned or "24" in str(config.get("format")):
        return None
    schemes: list[Scheme] = []
    for group in groups.values():
        if not isinstance(group, Mapping) or not isinstance(group.get("weights"), Mapping):
            return None
        packed = str(config.get("format", group.get("format", "")))
        shape = _weights(group["weights"], packed, group.get("input_activations") is not None, "version" in config)
        if shape is None:
            return None
        listed = group.get("targets", [])
        if not isinstance(listed, Sequence) or isinstance(listed, str):
            return None
        classes = any(isinstance(one, str) and one in ("Linear", "FusedMoE") for one in listed)
        schemes.append(Scheme(shape, None if classes else entries(listed)))
    first = schemes[0].shape
    kind: Kind = "mxfp4" if first == MXFP4 else "fp8" if first["weight_bits"] == 8.0 and _is_float(groups) else "compressed-tensors"
    return Published(kind, schemes, _left_out(config), True)


def _is_float(groups: Mapping[str, Any]) -> bool:
    return all(group["weights"].get("type") == "float" and group["weights"].get("strategy") != "group" for group in groups.values())


PACKED_SHAPE, OLDER_SHAPE = 16, 8
"""Bytes of the shape that is stored beside a packed matrix, in files that name the library's version and in older ones."""


def _weights(weights: Mapping[str, Any], packed: str, activations: bool, versioned: bool) -> Shape | None:
    bits, group = _whole(weights, "num_bits"), _whole(weights, "group_size")
    strategy = weights.get("strategy")
    if bits is None:
        return None
    if weights.get("type") == "float":
        if bits == 4:
            return MXFP4 if group == 32 else {**NVFP4, "matrix_bytes": 8 if activations else 4}
        if strategy == "block":
            rows, columns = _block(weights.get("block_structure"))
            return {"weight_bits": 8.0, "group_size": columns, "group_rows": rows, "scale_bits": 16.0}
        if group is not None:
            return {"weight_bits": 8.0, "group_size": group, "scale_bits": 8.0}
        return {"weight_bits": 8.0, "matrix_bytes": 2} if strategy == "tensor" else {"weight_bits": 8.0, "scale_bits": 16.0}
    shape: Shape = {"weight_bits": float(bits), "group_size": group, "scale_bits": 16.0}
    if weights.get("symmetric") is False:
        shape["zero_point_bits"] = float(bits)
    if weights.get("actorder") in ("group", True):
        shape["input_index_bits"] = 32
    if packed == "pack-quantized":
        shape["matrix_bytes"] = PACKED_SHAPE if versioned else OLDER_SHAPE
    return shape


def _block(structure: Any) -> tuple[int, int]:
    """Rows and columns of a block."""
    listed = structure if isinstance(structure, Sequence) and not isinstance(structure, str) else []
    whole = [size for size in listed if isinstance(size, int) and 0 < size <= 4096]
    return (whole[0], whole[1]) if len(whole) == 2 and len(listed) == 2 else (128, 128)


ALGORITHMS: dict[str, Shape] = {
    "NVFP4": {**NVFP4, "matrix_bytes": 8},
    "NVFP4_AWQ": {**NVFP4, "matrix_bytes": 8},
    "W4A8_NVFP4_FP8": {**NVFP4, "matrix_bytes": 8},
    "W4A16_NVFP4": {**NVFP4, "matrix_bytes": 4},
    "FP8": {"weight_bits": 8.0, "matrix_bytes": 8},
    "FP8_PER_CHANNEL_PER_TOKEN": {"weight_bits": 8.0, "scale_bits": 32.0},
    "MXFP8": {"weight_bits": 8.0, "group_size": 32, "scale_bits": 8.0},
    "MXFP4": MXFP4,
    "W4A8_MXFP4_FP8": MXFP4,
}
"""Schemes of NVIDIA's Model Optimizer."""


def _mixed(listed: Any) -> tuple[list[Scheme], bool]:
    """Schemes module by module, and whether all of them are known."""
    modules: dict[str, list[str]] = {}
    if not isinstance(listed, Mapping):
        return [], True
    for module, scheme in listed.items():
        name = str(scheme.get("quant_algo", "")).upper() if isinstance(scheme, Mapping) else ""
        modules.setdefault(name, []).append(str(module))
    known = [name for name in modules if name in ALGORITHMS]
    return [Scheme(ALGORITHMS[name], entries(modules[name])) for name in known], len(known) == len(modules)


def _modelopt(config: Mapping[str, Any]) -> Published | None:
    inner = config.get("quantization")
    said: Mapping[str, Any] = inner if isinstance(inner, Mapping) else config
    algorithm, listed = str(said.get("quant_algo", "")).upper(), said.get("quantized_layers")
    left_out = _left_out(said)
    if algorithm == "MIXED_PRECISION":
        schemes, whole = _mixed(listed)
        return Published("compressed-tensors", schemes, left_out, True) if schemes and whole else None
    if algorithm not in ALGORITHMS:
        return None
    shape = ALGORITHMS[algorithm]
    kind: Kind = "fp8" if algorithm.startswith("FP8") else "mxfp4" if shape == MXFP4 else "compressed-tensors"
    return Published(kind, [Scheme(shape, None)], left_out, True)


def _quark(config: Mapping[str, Any]) -> Published | None:
    """AMD's Quark: MXFP4, and FP8 with one scale a matrix, for all layers alike."""
    said = config.get("global_quant_config")
    weight = said.get("weight") if isinstance(said, Mapping) else None
    if not isinstance(weight, Mapping) or config.get("layer_quant_config") or config.get("layer_type_quant_config"):
        return None
    kind, scheme = str(weight.get("dtype")), weight.get("qscheme")
    if kind == "fp4" and scheme == "per_group" and weight.get("group_size") == MXFP4["group_size"]:
        return Published("mxfp4", [Scheme(MXFP4, None)], _left_out(config), True)
    if kind == "fp8_e4m3" and scheme == "per_tensor":
        return Published("fp8", [Scheme({"weight_bits": 8.0, "matrix_bytes": 8}, None)], _left_out(config), True)
    return None


METHODS: dict[str, Callable[[Mapping[str, Any]], Published | None]] = {
    "awq": _awq,
    "bitsandbytes": _bitsandbytes,
    "compressed-tensors": _compressed,
    "exl3": _exl3,
    "fbgemm-fp8": _rowwise_fp8,
    "fp8": _fp8,
    "gptq": _gptq,
    "mlx": _mlx,
    "modelopt": _modelopt,
    "modelopt-fp4": _modelopt,
    "modelopt-mixed": _modelopt,
    "modelopt-mxfp8": _modelopt,
    "mxfp4": _mxfp4,
    "quark": _quark,
}
"""`quant_method` -> what reads the rest."""
