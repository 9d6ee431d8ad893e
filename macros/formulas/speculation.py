"""Speculative decoding: tokens are guessed ahead and checked in one pass."""

from __future__ import annotations

from typing import Any


def tokens_of_pass(*, drafted: Any, accepted: Any) -> Any:
    """Tokens that one checking pass gives, by the share of guesses that a program reports as accepted.

    Equation: tokens = 1 + drafted x accepted

    Args:
        drafted: tokens guessed before each pass [tokens]
        accepted: accepted over drafted, as programs print it [1]

    Returns:
        Tokens of a pass; no speed-up can be larger [tokens].

    Assumes: every pass has as many guesses.

    Source: counting: a pass gives one token itself.

    >>> tokens_of_pass(drafted=2, accepted=0.75)
    2.5
    """
    return 1 + drafted * accepted


def accepted_share(*, drafted: int, likeness: float) -> float:
    """Share of the guesses that are accepted where each is as likely as the others, given those before it.

    Equation: share = (likeness + likeness^2 + … + likeness^drafted) / drafted

    Args:
        drafted: tokens guessed before each pass [tokens]
        likeness: chance that a guess is accepted if those before it are [1]

    Returns:
        Accepted over drafted [1].

    Assumes: chances do not depend on one another.

    Source: Leviathan et al. 2023, Fast Inference from Transformers via Speculative Decoding, equation 1, less the token of the pass itself.

    >>> accepted_share(drafted=2, likeness=0.5)
    0.375
    """
    total = 0.0
    chance = 1.0
    for _ in range(drafted):
        chance = chance * likeness
        total += chance
    return total / drafted


def speculation_gain(*, drafted: Any, accepted: Any, checking: Any, drafting: Any) -> Any:
    """How much faster a conversation is answered with guesses than without.

    Equation: gain = (1 + drafted x accepted) / (checking + drafted x drafting)

    Args:
        drafted: tokens guessed before each pass [tokens]
        accepted: accepted over drafted [1]
        checking: time of a pass that checks them, over that of a pass for one token [1]
        drafting: time of one guess, over that of a pass for one token [1]

    Returns:
        Speed over the speed without guesses; below 1 it is slower [1].

    Assumes: guessing and checking take turns.

    Source: Leviathan et al. 2023, theorem 3.8, with a checking pass that takes its own time.

    >>> speculation_gain(drafted=2, accepted=0.75, checking=1, drafting=0.25)
    1.6666666666666667
    """
    return tokens_of_pass(drafted=drafted, accepted=accepted) / (checking + drafted * drafting)
