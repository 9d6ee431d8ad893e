"""What an engine computes in, where it is not planned tensor by tensor."""

from __future__ import annotations

from typing import Any

from macros.formulas.elementwise import maximum


def activation_bytes(
    *, tokens: Any, sequences: Any, hidden_size: Any, inner_size: Any, vocabulary_size: Any, logit_bytes: Any, wide: Any = 4
) -> Any:
    """Memory of one pass in an engine that keeps 16-bit activations: of a layer, or of choosing tokens, whichever is more.

    Equation: bytes = max(tokens x (inner + wide x width) x 2, tokens x width x 2 + sequences x vocabulary x logit)

    Args:
        tokens: tokens of a pass [tokens]
        sequences: sequences whose logits are made at once [sequences]
        hidden_size: width of the model [values]
        inner_size: what the feed-forward block holds of a token, on one card [values]
        vocabulary_size: size of the vocabulary [values]
        logit_bytes: what is held of one logit while tokens are chosen [bytes]
        wide: tensors as wide as the model that are held at once

    Returns:
        Bytes [bytes].

    Assumes: logits are whole on every card.

    Source: vLLM 0.33.0, profile_run and _dummy_sampler_run; peaks printed in its issues 10517 and 15815 and pull request 10511.

    >>> activation_bytes(tokens=2048, sequences=256, hidden_size=4096, inner_size=43008, vocabulary_size=128256, logit_bytes=10)
    345112576
    """
    layer = tokens * (inner_size + wide * hidden_size) * 2
    return maximum(layer, tokens * hidden_size * 2 + sequences * vocabulary_size * logit_bytes)


def inner_values(*, dense_size: Any, experts_used: Any, expert_size: Any, hidden_size: Any, cards: Any) -> Any:
    """What a feed-forward block holds of one token on one card.

    Equation: values = max(3 x dense / cards, used x (max(2 x expert / cards, width) + expert / cards))

    Args:
        dense_size: width inside a dense block; 0: none [values]
        experts_used: experts that a token visits; 0: none [experts]
        expert_size: width inside an expert [values]
        hidden_size: width of the model [values]
        cards: cards that slice each layer [1]

    Returns:
        Values of a token [values].

    Assumes: gate and up are held together with what comes of them; experts write what they give over what they were given.

    Source: vLLM 0.33.0, fused_moe.py: the two work spaces.

    >>> inner_values(dense_size=0, experts_used=8, expert_size=768, hidden_size=2048, cards=1)
    22528.0
    """
    dense = 3 * dense_size / cards
    return maximum(dense, experts_used * (maximum(2 * expert_size / cards, hidden_size) + expert_size / cards))
