"""What a tensor is part of, as recipes and lists of quantized files name it."""

from __future__ import annotations

from macros.formulas.tensors.group import TensorGroup
from macros.specs.architectures import Architecture

RULED_ROLES = ("value", "key", "query", "attention_output", "down", "gate_up")
"""Kinds of tensors that a recipe has rules for."""

NAMED_PARTS = {
    "token_embd": "embedding",
    "position_embd": "embedding",
    "per_layer_token_embd": "embedding",
    "nextn.embed_tokens": "embedding",
    "output": "output",
    "nextn.shared_head_head": "output",
    "ffn_gate_inp": "router",
    "ffn_gate_inp_shexp": "router",
    "exp_probs_b": "selection_bias",
    "ffn_latent_down": "latent_experts",
    "ffn_latent_up": "latent_experts",
    "ffn_routed_down": "latent_experts",
    "ffn_routed_up": "latent_experts",
    "per_layer_model_proj": "streams",
    "altup_proj": "streams",
    "altup_unembd_proj": "streams",
    "altup_router": "streams",
    "laurel_l": "streams",
    "laurel_r": "streams",
}
"""What a tensor of this name is part of; of the others their beginning or end tells it."""


def tensor_parts(a: Architecture, group: TensorGroup) -> list[str]:
    """What a group of tensors is part of, as the lists of quantized files name it; nothing for norms, biases and convolutions."""
    found = ["prediction"] if group.layers[0] >= a.layers else []
    if group.name in NAMED_PARTS:
        return [NAMED_PARTS[group.name], *found]
    if not is_linear(group):
        return []
    if group.role in RULED_ROLES:
        found.append(group.role)
    if group.name.endswith("_exps"):
        return ["experts", *found]
    if group.name.endswith("_shexp"):
        return ["shared_experts", *found]
    if group.name.startswith("ffn_"):
        return ["feed_forward", *found]
    if group.name.startswith("indexer"):
        return ["indexer", *found]
    recurs = a.recurs(group.layers[0]) and not a.attends(group.layers[0])
    if recurs or group.name.startswith(("ssm_", "shortconv.")):
        return ["recurrent", *found]
    return ["attention", *found] if group.name.startswith("attn_") else found


def is_linear(group: TensorGroup) -> bool:
    """Whether a group is what other engines quantize: the matrices of linear layers inside the blocks.

    Args:
        group: of tensors

    Returns:
        True or False.
    """
    return group.role not in ("kept", "kept_matrix") and group.layers[0] >= 0
