"""What each engine calls a setting."""

from __future__ import annotations

import pandas as pd

from macros.specs import Catalogue
from macros.specs.record import Text
from macros.specs.settings import EngineSetting
from macros.tables import Column, Words, table

DEFAULTS = ("llama_cpp", "ollama", "lm_studio", "vllm", "mlx")


@table(
    id="engine-settings",
    title={"zh": "同一个设置，五种引擎", "en": "One setting, five engines"},
    key=["setting"],
    columns=[
        Column("name", {"zh": "设置", "en": "Setting"}),
        Column("llama_cpp", {"zh": "llama.cpp", "en": "llama.cpp"}),
        Column("ollama", {"zh": "Ollama", "en": "Ollama"}),
        Column("lm_studio", {"zh": "LM Studio", "en": "LM Studio"}),
        Column("vllm", {"zh": "vLLM", "en": "vLLM"}),
        Column("mlx", {"zh": "MLX", "en": "MLX"}),
        Column("setting", {"zh": "编号", "en": "Id"}),
    ],
)
def engine_settings(catalogue: Catalogue) -> pd.DataFrame:
    """The settings in the order of their importance."""
    settings: list[EngineSetting] = sorted(catalogue.records["engine-settings"].values(), key=lambda setting: setting.place)
    return pd.DataFrame(
        [
            {
                "name": _words(setting.name),
                "llama_cpp": _words(setting.llama_cpp),
                "ollama": _words(setting.ollama),
                "lm_studio": _words(setting.lm_studio),
                "vllm": _words(setting.vllm),
                "mlx": _words(setting.mlx),
                "setting": setting.id,
            }
            for setting in settings
        ]
    )


@table(
    id="engine-defaults",
    title={"zh": "不设置时，各引擎怎么做", "en": "What each engine does where nobody says"},
    key=["setting"],
    columns=[
        Column("name", {"zh": "设置", "en": "Setting"}),
        Column("llama_cpp", {"zh": "llama-server", "en": "llama-server"}),
        Column("ollama", {"zh": "Ollama", "en": "Ollama"}),
        Column("lm_studio", {"zh": "LM Studio", "en": "LM Studio"}),
        Column("vllm", {"zh": "vLLM", "en": "vLLM"}),
        Column("mlx", {"zh": "MLX", "en": "MLX"}),
        Column("setting", {"zh": "编号", "en": "Id"}),
    ],
)
def engine_defaults(catalogue: Catalogue) -> pd.DataFrame:
    """The settings whose defaults some source says."""
    settings: list[EngineSetting] = sorted(catalogue.records["engine-settings"].values(), key=lambda setting: setting.place)
    rows = []
    for setting in settings:
        if setting.defaults is not None:
            named = {"name": _words(setting.name), "setting": setting.id}
            rows.append(named | {engine: _words(getattr(setting.defaults, engine)) for engine in DEFAULTS})
    return pd.DataFrame(rows, columns=["name", *DEFAULTS, "setting"])


def _words(value: str | Text | None) -> str | Words | None:
    return {"zh": value.zh, "en": value.en} if isinstance(value, Text) else value
