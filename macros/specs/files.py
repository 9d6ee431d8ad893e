"""What an engine knows of a class of models that the class's files do not say."""

from __future__ import annotations

from typing import Literal

from macros.specs.form import Field
from macros.specs.quantities import Count
from macros.specs.record import Strict


class FileClass(Strict):
    """What the engine knows of a class that its GGUF files leave out."""

    window_every: Count | None = None
    """The last of every n layers sees the whole context, where the file has no pattern; null: the engine gives no layer a window."""
    window_everywhere: bool = False
    """No layer sees the whole context, where the file names a window."""
    window_first: bool = False
    """The first of every n layers does, not the last."""
    window: Count | None = None
    """Tokens that a windowed layer sees, where the file does not say."""
    window_chunked: bool = False
    """A windowed layer sees the tokens of its block."""
    unturned: Literal["whole", "said"] | None = None
    """Layers that attend without positions.

    whole: those that see the whole context, where others see a window; said: all, where the file says that positions were not trained.
    """
    unturned_every: Count | None = None
    """The last of every n layers attends without positions."""
    experts_normed: bool = True
    """Weights of the chosen experts are made to sum to one, where the file does not say."""
    window_layers: Count | None = None
    """Only a model of so many layers has windows, whatever its file says; null: any."""
    window_fixed: bool = False
    """A windowed layer sees `window` tokens, whatever the file says."""
    holds: Literal["encoder", "encoder-decoder", "draft", "speech", "switch"] | None = None
    """What its files hold instead of layers that are gone through once and write text token by token; such a file is refused as that."""
    read: bool = True
    """An engine has the class under this name; otherwise a file of it is none that an engine wrote, and is refused by name."""
    qk_norm: Literal["constant"] | None = Field(default=None)
    """constant: the file holds a constant as norm of queries and keys, which is no parameter."""
