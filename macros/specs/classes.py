"""Classes of models: which configurations belong to one, how they are read, and what is the engine's own in it."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from macros.specs.files import FileClass
from macros.specs.record import Plain, Record, Strict

Reader = Literal[
    "bailing", "bamba", "chatglm", "dbrx", "delta-and-latent", "delta-net", "dense", "falcon", "falcon-h1", "gemma-3n", "gemma-4",
    "granite-hybrid", "internlm", "jamba", "laguna", "latent", "lfm2", "llama-4", "mamba", "mimo-2", "mixture", "mpt", "nemotron-h", "old",
    "qwen-1", "searched", "step-3",
]  # fmt: skip
"""Readers with logic, in macros/estimate/config_classes.py."""


class ConfigClass(Strict):
    """How a config.json that names itself by one `model_type` is read."""

    reader: Reader
    """What reads it; most classes share one and differ in the keys below."""
    keys: dict[str, list[Plain]] = Field(default_factory=dict)
    """The usual name of a key -> its names in this class."""
    defaults: dict[str, Any] = Field(default_factory=dict)
    """Values that a configuration leaves out, as the published class has them."""
    only: dict[str, list[Any]] = Field(default_factory=dict)
    """Keys with the values that the engine can run; any other is refused by name."""
    flags: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Keys that are true or false -> the shapes that they bring when true."""
    shapes: dict[str, Any] = Field(default_factory=dict)
    """Shapes that every model of the class has."""
    windows: bool = False
    """The engine gives its windowed layers no more than their window."""
    positions_in_windows: bool = False
    """Where there are windowed layers, only they turn queries and keys by position."""
    stores_rope_factors: bool = False
    """Factors that scale positions are stored in the file."""
    keeps_prediction_layers: bool = False
    """The converter keeps prediction layers in the file."""
    ignored: list[Plain] = Field(default_factory=list)
    """Keys that name something of the shapes elsewhere and have no effect here."""


class ArchitectureClass(Record):
    """One class of models, under the name that llama.cpp gives it."""

    SOURCE_GROUPS: ClassVar[dict[str, tuple[str, ...]]] = {"configurations": ("classes",), "files": ("file",)}

    name: Plain
    """What it is called."""
    classes: dict[str, ConfigClass] = Field(default_factory=dict)
    """`model_type` of a config.json -> how that is read."""
    file: FileClass = Field(default_factory=FileClass)
    """What the engine knows of it that its GGUF files do not say."""


class Composite(Strict):
    """A model that sees or hears, around a text model that its configuration keeps in a part of its own."""

    part: Plain = "text_config"
    """The key that holds the text model."""
    text: Plain | None = None
    """`model_type` of the text model where the part does not say it."""
    tie_word_embeddings: bool | None = None
    """Whether its output matrix is the embedding table where the configuration does not say it; null: as the text model's class."""
    engines: list[Plain]
    """Engines that run it."""
