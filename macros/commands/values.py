"""What the text of an option is made into, and how one that is nothing of the kind is told."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from macros.estimate.refused import Refused, why


def reader(make: Callable[[str], Any], expected: str) -> Callable[[str], Any]:
    """What makes a value of the text of an option, and tells what was expected of a text that is none."""

    def read(text: str) -> Any:
        try:
            if not text.isascii() or "_" in text:  # Python reads both as numbers
                raise ValueError
            return make(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"expected {expected}, got {text[:80]!r}") from None

    return read


WHOLE, NUMBER = reader(int, "a whole number"), reader(float, "a number")


def read_json(text: str | bytes) -> Any:
    """What a JSON text holds; `Infinity` and `NaN`, which configurations hold, are read as Python's json does."""
    return json.loads(text, parse_float=_number)


def _number(text: str) -> float:
    """A number of a JSON file; 4096.0 is a whole one, as it is to a script."""
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


MAX_CONFIG_BYTES = 8 * 2**20
"""No configuration is longer; a device file has no end."""
CONFIG = "name a model's config.json"
"""What mends a configuration that cannot be read."""


def read_config_file(path: Path) -> Any:
    """The JSON of a configuration; raises Refused where there is none."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_CONFIG_BYTES + 1)
        if len(raw) <= MAX_CONFIG_BYTES:
            return read_json(raw)
    except (OSError, ValueError, RecursionError) as error:
        raise Refused("config", "a readable JSON file", str(path), f"{CONFIG} ({why(error)})") from None
    raise Refused("config", f"a configuration of at most {MAX_CONFIG_BYTES} bytes", str(path), CONFIG)
