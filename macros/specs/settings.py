"""One setting, and what each inference engine calls it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from macros.specs.form import Field
from macros.specs.record import Plain, Record, Text

Word = Plain | Text | None
"""A name as the engine writes it, or words where it has no such switch; null: it has none."""


class EngineSetting(Record):
    """A setting that tables of this guide state, in the words of four engines."""

    SOURCE_GROUPS: ClassVar[dict[str, tuple[str, ...]]] = {"names": ("llama_cpp", "ollama", "lm_studio", "vllm")}
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
