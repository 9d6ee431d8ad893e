"""The repository that a command names: one that holds the format that was asked, or a placeholder in angle brackets."""

from __future__ import annotations

from macros.estimate.setting import Setting
from macros.estimate.shares import Placement

PUBLISHED = ("bf16", "f16", "fp32")
"""Formats that a model's own repository holds."""


def repository_with(setting: Setting, repository: str | None) -> str:
    """The model's own repository, where it holds the format or the engine makes it on loading; otherwise a placeholder.

    Args:
        setting: a checked question
        repository: the model's own repository; None: not known

    Returns:
        A name, or a placeholder that says what to look for.
    """
    if repository is not None and (setting.quant.id in PUBLISHED or setting.quant.id in setting.engine.makes):
        return repository
    return placeholder(setting)


def placeholder(setting: Setting) -> str:
    """What to look for, in angle brackets and quotes, which a shell leaves alone."""
    return f'"<{named(setting)} in {setting.quant.name}>"'


def named(setting: Setting) -> str:
    """What the model is called, where it has a name."""
    return setting.model or "model"


def lm_studio(placement: Placement) -> list[str]:
    """LM Studio's command for a setting: it runs GGUF files and, on Apple devices, MLX.

    Args:
        placement: where everything goes

    Returns:
        Words of a shell command, an option each.

    Source: LM Studio, lms load.
    """
    s = placement.setting
    return [f"lms load {placeholder(s)}", f"--context-length {s.context}", f"--gpu {'max' if s.gpus else 'off'}"]
