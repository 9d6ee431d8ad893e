"""What an engine computes in, where it is not planned tensor by tensor."""

from __future__ import annotations

from typing import Any


def activation_bytes(*, tokens: Any, sequences: Any, hidden_size: Any, feed_forward_size: Any, vocabulary_size: Any) -> Any:
    """Memory of one pass in an engine that keeps 16-bit activations and 32-bit logits.

    Equation: bytes = tokens x (2 x inner + 4 x width) x 2 + sequences x vocabulary x 4

    Args:
        tokens: tokens of a pass [tokens]
        sequences: sequences whose logits are made at once [sequences]
        hidden_size: width of the model [values]
        feed_forward_size: width inside the feed-forward block, of all experts in use [values]
        vocabulary_size: size of the vocabulary [values]

    Returns:
        Bytes [bytes].

    Assumes: gate and up are held together, and four tensors as wide as the model.

    Source: vLLM, profile_run of gpu_model_runner.py measures this peak with a pass of dummy tokens.

    >>> activation_bytes(tokens=2048, sequences=256, hidden_size=4096, feed_forward_size=14336, vocabulary_size=128256)
    315883520
    """
    return tokens * (2 * feed_forward_size + 4 * hidden_size) * 2 + sequences * vocabulary_size * 4
