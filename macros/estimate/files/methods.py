"""What each way of quantizing says in a `quantization_config`: how matrices are stored, and which modules have which form or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from macros.estimate.files.modules import Entry, entries
from macros.estimate.files.unread import LISTS, not_followed
from macros.specs.quantizations import Kind

Shape = dict[str, Any]
"""How a matrix is stored: the keys of a `Packing`."""
NVFP4: Shape = {"weight_bits": 4.0, "group_size": 16, "scale_bits": 8.0}
MXFP4: Shape = {"weight_bits": 4.0, "group_size": 32, "scale_bits": 8.0}


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


def published(config: Mapping[str, Any]) -> Published | None:
    """What a quantization_config says; None where its method, or what it says of it, is unknown.

    Args:
        config: `quantization_config`, or MLX's `quantization`

    Returns:
        Schemes, and what they leave out.
    """
    usual = "mlx" if "bits" in config and "group_size" in config else "modelopt" if "quant_algo" in config else ""
    usual = "bitsandbytes" if "load_in_4bit" in config or "load_in_8bit" in config else usual
    method = str(config.get("quant_method", usual)).lower()
    reader = METHODS.get(method.replace("_", "-"))
    return None if reader is None or not_followed(config) != "" else reader(config)


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
    schemes, left_out = [Scheme(_gptq_shape(bits, config), None)], _left_out(config)
    own = config.get("dynamic")
    for name, said in own.items() if isinstance(own, Mapping) else []:
        modules = entries([f"re:{name[2:] if name[:2] in ('-:', '+:') else name}"])
        if name.startswith("-:"):
            left_out += modules
        elif isinstance(said, Mapping):
            other = {**config, **said}
            schemes.append(Scheme(_gptq_shape(_whole(other, "bits") or bits, other), modules))
    return Published("gptq", schemes, left_out, config.get("lm_head") is True)


def _gptq_shape(bits: int, config: Mapping[str, Any]) -> Shape:
    shape: Shape = {"weight_bits": float(bits), "group_size": _whole(config, "group_size"), "scale_bits": 16.0}
    return {**shape, "zero_point_bits": float(bits), "input_index_bits": 32}


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
        shape = _weights(group["weights"], packed, group.get("input_activations") is not None, config.get("version"))
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


WHOLE_IN_WORDS = tuple(f"0.{minor}" for minor in range(18))
"""Versions of compressed-tensors that split no weight over two words of 32 bits, so that words of 3, 5, 6 and 7 bits a weight had bits to
spare."""


STRATEGIES = ("tensor", "channel", "group", "block", "tensor_group", None)
"""For what a scale stands; left out: told by the size of a group."""


def _weights(weights: Mapping[str, Any], packed: str, activations: bool, version: Any) -> Shape | None:
    bits, group = _whole(weights, "num_bits"), _whole(weights, "group_size")
    strategy = weights.get("strategy")
    if bits is None or strategy not in STRATEGIES:
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
        shape["matrix_bytes"] = OLDER_SHAPE if version is None else PACKED_SHAPE
        older = version is None or ".".join(str(version).split(".")[:2]) in WHOLE_IN_WORDS
        if older and 32 // bits * bits < 32:
            shape["word_weights"] = 32 // bits
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
    """AMD's Quark: one scheme for all layers, and layers by name that have another or none."""
    said = config.get("global_quant_config")
    base = _quark_shape(said)
    if base is None or config.get("layer_type_quant_config"):
        return None
    schemes, left_out = [Scheme(base, None)], _left_out(config)
    own = config.get("layer_quant_config")
    for module, layer in own.items() if isinstance(own, Mapping) else []:
        if not isinstance(layer, Mapping) or layer.get("weight") is None:
            left_out += entries([module])
            continue
        shape = _quark_shape(layer)
        if shape is None:
            return None
        schemes.append(Scheme(shape, entries([module])))
    kind: Kind = "mxfp4" if base == MXFP4 else "fp8" if _dtype(said) == "fp8_e4m3" else "compressed-tensors"
    return Published(kind, schemes, left_out, True)


MX_BITS = {"fp4": 4.0, "fp6_e2m3": 6.0, "fp6_e3m2": 6.0, "fp8_e4m3": 8.0, "fp8_e5m2": 8.0}
"""Types of the values in groups that share a power of two."""


def _weight(said: Any) -> Mapping[str, Any]:
    """What Quark says of weights; of a scheme in two steps, the step that is stored."""
    weight = said.get("weight") if isinstance(said, Mapping) else None
    if isinstance(weight, Sequence) and not isinstance(weight, str) and len(weight) > 0:
        weight = weight[0]
    nothing: Mapping[str, Any] = {}
    return weight if isinstance(weight, Mapping) else nothing


def _dtype(said: Any) -> str:
    return str(_weight(said).get("dtype"))


def _quark_shape(said: Any) -> Shape | None:
    """Tensors as Quark 0.13 writes them: scales have the type of the model."""
    weight, kind = _weight(said), _dtype(said)
    scheme, group = weight.get("qscheme"), _whole(weight, "group_size")
    inputs = said.get("input_tensors") if isinstance(said, Mapping) else None
    static = isinstance(inputs, Mapping) and inputs.get("is_dynamic") is False
    if scheme == "per_group" and group is not None:
        if kind == "fp4" and group == NVFP4["group_size"]:
            return {**NVFP4, "matrix_bytes": 8}
        if kind in MX_BITS and group == MXFP4["group_size"]:
            return {**MXFP4, "weight_bits": MX_BITS[kind]}
        if kind in ("int4", "uint4"):
            # A zero point stands beside each scale, even where it is always zero.
            return {"weight_bits": 4.0, "group_size": group, "scale_bits": 16.0, "zero_point_bits": 4.0}
        return None
    if kind == "fp8_e4m3" and scheme == "per_channel":
        return {"weight_bits": 8.0, "scale_bits": 16.0, "matrix_bytes": 2 if static else 0}
    if kind == "fp8_e4m3":
        return {"weight_bits": 8.0, "matrix_bytes": 4 if static else 2}
    if kind == "int8" and scheme == "per_channel":
        return {"weight_bits": 8.0, "scale_bits": 16.0, "zero_point_bits": 8.0, "matrix_bytes": 3 if static else 0}
    return None


def _auto_round(config: Mapping[str, Any]) -> Published | None:
    """Intel's AutoRound: matrices packed as GPTQ packs them, without the order of the inputs, or as AWQ does; modules of their own bits."""
    packing, kind = str(config.get("packing_format", config.get("backend", "auto_round:auto_gptq"))), str(config.get("data_type", "int"))
    base = _rounded(config, kind)
    if base is None or "fp8" in packing:
        return None
    schemes, left_out = [Scheme(base, None)], _left_out(config)
    own = config.get("extra_config")
    for module, said in own.items() if isinstance(own, Mapping) else []:
        if not isinstance(said, Mapping):
            return None
        name = module if all(letter not in "*^$\\[(" for letter in module) else f"re:{module}"
        if said.get("bits") == FLOAT or said.get("data_type") == "float":
            left_out += entries([name])
            continue
        shape = _rounded({**config, **said}, str(said.get("data_type", kind)))
        if shape is None:
            return None
        if shape != base:
            schemes.append(Scheme(shape, entries([name])))
    head = isinstance(own, Mapping) and "lm_head" in own
    form: Kind = "mxfp4" if base == MXFP4 else "compressed-tensors" if kind != "int" else "awq" if "awq" in packing else "gptq"
    return Published(form, schemes, left_out, head)


FLOAT = 16
"""Bits of a module that was left as it was."""


def _rounded(said: Mapping[str, Any], kind: str) -> Shape | None:
    bits, group = _whole(said, "bits"), _whole(said, "group_size")
    if bits is None or "group_size" not in said:
        return None
    if kind == "int":
        return {"weight_bits": float(bits), "group_size": group, "scale_bits": 16.0, "zero_point_bits": float(bits)}
    if kind.startswith("mx_fp") and bits in (4, 8):
        return {**MXFP4, "weight_bits": float(bits)}
    return {**NVFP4, "matrix_bytes": 8} if kind.startswith("nv_fp") and bits == 4 else None


def _torchao(config: Mapping[str, Any]) -> Published | None:
    """PyTorch's torchao: one scheme for all linear layers, and modules by name that have another or none."""
    said, named = config.get("quant_type"), config.get("quant_type_kwargs")
    if isinstance(said, str):
        kwargs: Mapping[str, Any] = named if isinstance(named, Mapping) else {}
        shape = _torchao_shape(said.replace("_", ""), kwargs)
        return None if shape is None else Published("compressed-tensors", [Scheme(shape, None)], _left_out(config), False)
    default = said.get("default") if isinstance(said, Mapping) else None
    if not isinstance(default, Mapping) or not isinstance(default.get("_data"), Mapping):
        return None
    inner = default["_data"]
    listed = inner.get("module_fqn_to_config", inner.get("fqn_to_config"))
    modules: Mapping[str, Any] = listed if isinstance(listed, Mapping) else {"_default": default}
    schemes: list[Scheme] = []
    left_out = _left_out(config)
    for module, own in modules.items():
        if own is None:
            left_out += entries([module])
            continue
        shape = _torchao_shape(str(own.get("_type")), own.get("_data")) if isinstance(own, Mapping) else None
        if shape is None:
            return None
        schemes.append(Scheme(shape, None if module == "_default" else entries([module])))
    head = "lm_head" in modules and modules["lm_head"] is not None
    return Published("compressed-tensors", schemes, left_out, head) if schemes else None


TORCHAO_GROUP = 128
"""Values of a group, where the configuration does not say."""


def _torchao_shape(name: str, said: Any) -> Shape | None:
    """Tensors of torchao 0.18: four bits with scale and zero of a group at 16 bits; eight bits with a 32-bit scale a row."""
    data: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
    kind = name.lower().removesuffix("config")
    if kind == "int4weightonly":
        return {"weight_bits": 4.0, "group_size": _whole(data, "group_size") or TORCHAO_GROUP, "scale_bits": 32.0}
    if kind in ("int8weightonly", "int8dynamicactivationint8weight"):
        return {"weight_bits": 8.0, "scale_bits": 32.0, "zero_point_bits": 8.0}
    if kind in ("float8weightonly", "float8dynamicactivationfloat8weight"):
        whole = kind != "float8weightonly" and "PerRow" not in str(data.get("granularity", "PerTensor"))
        return {"weight_bits": 8.0, "matrix_bytes": 4} if whole else {"weight_bits": 8.0, "scale_bits": 32.0}
    return None


METHODS: dict[str, Callable[[Mapping[str, Any]], Published | None]] = {
    "auto-round": _auto_round,
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
    "intel/auto-round": _auto_round,
    "quark": _quark,
    "torchao": _torchao,
}
"""`quant_method` -> what reads the rest."""
