"""One setting, and what each inference engine calls it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from macros.specs.form import Field
from macros.specs.record import Plain, Record, Strict, Text

Word = Plain | Text | None
"""A name as the engine writes it, or words where it has no such switch; null: it has none."""


class Defaults(Strict):
    """What each engine does where nobody says; null: it has no such setting, or no source says it."""

    llama_cpp: Word
    """llama-server."""
    ollama: Word
    """Ollama."""
    lm_studio: Word
    """LM Studio."""
    vllm: Word
    """vLLM."""
    mlx: Word
    """mlx_lm.server."""


class EngineSetting(Record):
    """A setting that tables of this guide state, in the words of five engines."""

    SOURCE_GROUPS: ClassVar[dict[str, tuple[str, ...]]] = {"names": ("llama_cpp", "ollama", "lm_studio", "vllm", "mlx", "defaults")}
    UNSOURCED: ClassVar[tuple[str, ...]] = ("place",)

    place: Annotated[int, Field(ge=1, le=100)]
    """Where it stands in the table."""
    name: Text
    """The guide's name."""
    llama_cpp: Word
    """llama.cpp: options of llama-server and llama-cli."""
    ollama: Word
    """Ollama: parameters of a model and environment variables."""
    lm_studio: Word
    """LM Studio: labels in its window."""
    vllm: Word
    """vLLM: options of `vllm serve`."""
    mlx: Word
    """mlx-lm: options of `mlx_lm.server` and `mlx_lm.generate`."""
    defaults: Defaults | None = None
    """What each engine does where nobody says; null: not told here."""
