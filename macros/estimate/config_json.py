"""Reading a Hugging Face config.json: the classes that the guide knows; any other is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from macros.specs.architectures import Architecture


def read_config(config: Mapping[str, Any]) -> Architecture:
    """The shapes that a configuration describes."""
    from macros.estimate.setting import Refused

    raise Refused("config.model_type", "a class that the guide can read", config.get("model_type"))
