"""Memory of training: weights, gradients, optimizer state, and what the way back needs."""

from __future__ import annotations

from typing import Any

from macros.formulas.units import GIB

OVERHEAD_BYTES = 1 * GIB
"""CUDA context, workspaces and what the allocator cannot reuse; published peaks at short sequences leave about so much [bytes]."""

BYTES_PER_LOGIT = 10
"""Output in 16 bits, its copy in 32 bits for the loss, and the gradient of that in 32 bits [bytes]."""


def layer_activation_bytes(*, hidden: Any, kv_width: Any, ff_width: Any) -> Any:
    """What one layer keeps of a token for the way back.

    Equation: bytes = 16 x hidden + 4 x kv_width + 8 x ff_width

    Args:
        hidden: width of the model [values]
        kv_width: width of the keys, heads x head size [values]
        ff_width: width of the gated feed-forward network; of a mixture, of the experts in use together [values]

    Returns:
        Bytes of a token in a layer [bytes].

    Assumes: 16-bit values, norms upcast to 32 bits, attention that keeps no matrix of scores.

    >>> layer_activation_bytes(hidden=4096, kv_width=4096, ff_width=11008)
    169984
    """
    return 16 * hidden + 4 * kv_width + 8 * ff_width


def kept_activation_bytes(*, tokens: Any, layers: Any, hidden: Any, layer_bytes: Any, checkpointing: bool) -> Any:
    """What all layers keep of a micro-batch.

    Equation: bytes = tokens x (layers x 2 x hidden + layer_bytes) with checkpointing, else tokens x layers x layer_bytes

    Args:
        tokens: sequence length x samples at a time [tokens]
        layers: layers of the model [layers]
        hidden: width of the model [values]
        layer_bytes: what one layer keeps of a token [bytes]
        checkpointing: whether only the input of each layer is kept and the rest computed again

    Returns:
        Bytes of activations [bytes].

    Assumes: one layer at a time is computed again.

    >>> kept_activation_bytes(tokens=10, layers=2, hidden=8, layer_bytes=100, checkpointing=False)
    2000
    >>> kept_activation_bytes(tokens=10, layers=2, hidden=8, layer_bytes=100, checkpointing=True)
    1320
    """
    return tokens * (layers * 2 * hidden + layer_bytes) if checkpointing else tokens * layers * layer_bytes


def loss_bytes(*, tokens: Any, vocabulary: Any) -> Any:
    """The output of the model and the gradient of the loss on it.

    Equation: bytes = tokens x vocabulary x 10

    Args:
        tokens: sequence length x samples at a time [tokens]
        vocabulary: size of the vocabulary [tokens]

    Returns:
        Bytes of logits [bytes].

    Assumes: the loss is computed over all positions at once; implementations that work in pieces need far less.

    >>> loss_bytes(tokens=2, vocabulary=100)
    2000
    """
    return tokens * vocabulary * BYTES_PER_LOGIT


def adapter_parameters(*, rank: Any, layers: Any, widths: Any) -> Any:
    """Parameters that LoRA trains.

    Equation: parameters = rank x layers x widths

    Args:
        rank: rank of the added matrices [1]
        layers: layers of the model [layers]
        widths: inputs and outputs of all adapted matrices of a layer together [values]

    Returns:
        Trainable parameters [values].

    >>> adapter_parameters(rank=16, layers=32, widths=78_080)
    39976960
    """
    return rank * layers * widths


def training_bytes(*, frozen_bytes: Any, trainable: Any, bytes_per_trainable: Any, activation_bytes: Any, logit_bytes: Any) -> Any:
    """Memory of fine-tuning on one device.

    Equation: bytes = frozen + trainable x bytes_per_trainable + activations + logits + 1 GiB

    Args:
        frozen_bytes: weights that are not trained [bytes]
        trainable: trained parameters [values]
        bytes_per_trainable: value, gradient and state of one; AdamW in mixed precision 16, AdamW of 8 bits 6, SGD 4 [bytes]
        activation_bytes: what the layers keep [bytes]
        logit_bytes: output and its gradient [bytes]

    Returns:
        Peak on the device [bytes].

    Assumes: everything on one device; sharding divides the first two terms.

    Source: data/measurements/fine-tuning.yaml, compared on the page on fine-tuning.

    >>> training_bytes(frozen_bytes=100, trainable=10, bytes_per_trainable=16, activation_bytes=50, logit_bytes=5) - OVERHEAD_BYTES
    315
    """
    return frozen_bytes + trainable * bytes_per_trainable + activation_bytes + logit_bytes + OVERHEAD_BYTES
