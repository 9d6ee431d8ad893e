"""What files call tensors."""

from __future__ import annotations

from macros.specs.architectures import Architecture

BIASES = ("attn_q.bias", "attn_k.bias", "attn_v.bias", "attn_output.bias")
"""What files call the biases of attention."""
WHOLE_NAMES = ("ssm_a", "ssm_d", "hrm.z_l_init")
"""Tensors that files call so, without `weight` behind."""
BIAS_ONLY = ("ssm_dt", "exp_probs_b")
"""Vectors that files hold as the bias of something."""
OUTSIDE = ("per_layer_model_proj", "per_layer_proj_norm", "token_embd_norm", "token_embd_norm_bias")
"""Tensors that work in the layers but are called without one."""
FACTORS = ("rope_factors_long", "rope_factors_short")
"""Lists that scale positions, where there are two."""


def file_name(a: Architecture, name: str, layer: int) -> str:
    """What a file calls a tensor of a group: patterns of placement are looked for in this.

    Args:
        a: the shapes of the model
        name: the group's name
        layer: its layer; FIRST or LAST outside the layers

    Returns:
        The name, as `blk.0.ffn_up.weight`.

    Source: llama.cpp, src/llama-arch.cpp.
    """
    where = f"blk.{layer}." if layer >= 0 and name not in OUTSIDE else ""
    if name.startswith("rope_factors_"):
        return f"{FACTORS[int(name[-1])] if a.attention.rope_factor_sets > 1 else 'rope_freqs'}.weight"
    if name.startswith("attn_bias_"):
        number = int(name[-1])
        if a.attention.fused_qkv and number < 3 and a.attention.qkv_bias:
            return f"{where}attn_qkv.bias"
        return where + BIASES[number if a.attention.qkv_bias else 3]
    if name in WHOLE_NAMES:
        return where + name
    if name in BIAS_ONLY:
        return f"{where}{name}.bias"
    if name.endswith("_bias"):
        return f"{where}{name[:-5]}.bias"
    if name in ("ffn_down_exps_scale", "ffn_gate_inp_scale"):
        return f"{where}{name[:-6]}.scale"
    return f"{where}{name}.weight"
