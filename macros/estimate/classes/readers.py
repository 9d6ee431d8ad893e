"""The readers by the names that data/architectures calls them."""

from __future__ import annotations

from collections.abc import Callable

from macros.estimate.classes.base import Shapes
from macros.estimate.classes.dense import chatglm, dense, falcon, gemma3n, gemma4, internlm, mpt, old, opt, plamo, qwen_1, searched
from macros.estimate.classes.distances import inkling, inkling_2
from macros.estimate.classes.latent import block_sparse, compressed, delta_and_latent, latent, latent_windows, longcat
from macros.estimate.classes.mixed import arctic, bailing, dbrx, laguna, llama4, mimo_v2, pictures_apart, pooled, smallthinker, step3
from macros.estimate.classes.mixtures import mixture
from macros.estimate.classes.recurrent import (
    bamba,
    delta_net,
    falcon_h1,
    granite_hybrid,
    jamba,
    lfm2,
    lfm2_mixture,
    lightning,
    mamba_1,
    mamba_2,
    nemotron_h,
    qwen_4,
    recurrent_gemma,
    rwkv_6,
    rwkv_7,
)
from macros.estimate.classes.repeated import loops, shared_blocks, two_stacks
from macros.estimate.config_keys import Keys

READERS: dict[str, Callable[[Keys], Shapes]] = {
    "arctic": arctic,
    "bailing": bailing,
    "bamba": bamba,
    "block-sparse": block_sparse,
    "chatglm": chatglm,
    "compressed": compressed,
    "dbrx": dbrx,
    "delta-and-latent": delta_and_latent,
    "delta-net": delta_net,
    "dense": dense,
    "falcon": falcon,
    "falcon-h1": falcon_h1,
    "gemma-3n": gemma3n,
    "gemma-4": gemma4,
    "granite-hybrid": granite_hybrid,
    "inkling": inkling,
    "inkling-2": inkling_2,
    "internlm": internlm,
    "jamba": jamba,
    "laguna": laguna,
    "latent": latent,
    "latent-windows": latent_windows,
    "lfm2": lfm2,
    "lfm2-mixture": lfm2_mixture,
    "lightning": lightning,
    "llama-4": llama4,
    "longcat": longcat,
    "loops": loops,
    "mamba": mamba_1,
    "mamba-2": mamba_2,
    "mimo-2": mimo_v2,
    "mixture": mixture,
    "mpt": mpt,
    "nemotron-h": nemotron_h,
    "old": old,
    "opt": opt,
    "pictures-apart": pictures_apart,
    "plamo": plamo,
    "pooled": pooled,
    "qwen-1": qwen_1,
    "qwen-4": qwen_4,
    "recurrent-gemma": recurrent_gemma,
    "rwkv-6": rwkv_6,
    "rwkv-7": rwkv_7,
    "searched": searched,
    "shared-blocks": shared_blocks,
    "smallthinker": smallthinker,
    "step-3": step3,
    "two-stacks": two_stacks,
}
"""Names of readers, as data/architectures says them."""
