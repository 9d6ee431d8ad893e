"""What of a `quantization_config` is not read: methods of other engines, and lists of modules that say more than the guide follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from macros.estimate.files.modules import is_followed

LISTS = ("ignore", "exclude", "exclude_modules", "modules_to_not_convert", "ignored_layers", "llm_int8_skip_modules")
"""Keys that list modules which stay as they were."""


def not_followed(config: Mapping[str, Any]) -> str:
    """The first regular expression of modules that says more than the guide follows.

    Args:
        config: `quantization_config`

    Returns:
        The expression; empty: there is none.
    """
    groups, own = config.get("config_groups"), config.get("dynamic")
    for name in own if isinstance(own, Mapping) else []:
        if isinstance(name, str) and not is_followed(f"re:{name[2:] if name[:2] in ('-:', '+:') else name}"):
            return name[:80]
    owners = [config, *(groups.values() if isinstance(groups, Mapping) else [])]
    for owner in owners:
        for name in (*LISTS, "targets"):
            listed = owner.get(name) if isinstance(owner, Mapping) else None
            for one in listed if isinstance(listed, Sequence) and not isinstance(listed, str) else []:
                if not is_followed(one):
                    return str(one)[:80]
    return ""


OTHER_METHODS = {
    "aqlm": "codebooks, which Transformers reads",
    "bitnet": "three values a weight, which Transformers and bitnet.cpp read",
    "eetq": "8 bits a row, which Transformers and Text Generation Inference read",
    "exl2": "mixed bits, which ExLlamaV2 reads",
    "fp-quant": "4-bit floats after a rotation, which Transformers reads",
    "fouroversix": "4-bit floats with two sizes of scales, which Transformers reads",
    "higgs": "grids after a rotation, which Transformers reads",
    "hqq": "half-quadratic quantization, which Transformers reads",
    "metal": "groups of 2 to 8 bits for Apple's GPUs, which Transformers reads",
    "quanto": "8 to 2 bits, which Transformers reads",
    "sinq": "scales of rows and columns, which Transformers reads",
    "spqr": "3 bits with outliers kept apart, which Transformers reads",
    "vptq": "codebooks of vectors, which Transformers reads",
}
"""Ways of quantizing that no engine of the guide reads."""


def told(config: Mapping[str, Any]) -> str:
    """A method that is not answered, with what it is where that is known.

    Args:
        config: `quantization_config`

    Returns:
        Its name as the configuration writes it, and words, or what of its lists is not followed.
    """
    name = str(config.get("quant_method"))[:40]
    algorithm = config.get("quant_algo")
    expression = not_followed(config)
    if expression != "":
        return f"{name} with {expression}"
    known = OTHER_METHODS.get(name.lower().replace("_", "-"))
    return f"{name}: {known}" if known is not None else f"{name} {algorithm}"[:80] if algorithm is not None else name
