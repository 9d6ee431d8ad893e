"""What each engine calls a setting."""

from __future__ import annotations

import pandas as pd

from macros.specs import Catalogue
from macros.specs.record import Text
from macros.specs.settings import EngineSetting
from macros.tables import Column, Words, table


@table(
    id="engine-settings",
    title={"zh": "同一个设置，四种引擎", "en": "One setting, four engines"},
    key=["setting"],
    columns=[
        Column("name", {"zh": "设置", "en": "Setting"}),
        Column("llama_cpp", {"zh": "llama.cpp", "en": "llama.cpp"}),
        Column("ollama", {"zh": "Ollama", "en": "Ollama"}),
        Column("lm_studio", {"zh": "LM Studio", "en": "LM Studio"}),
        Column("vllm", {"zh": "vLLM", "en": "vLLM"}),
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
                "setting": setting.id,
            }
            for setting in settings
        ]
    )


def _words(value: str | Text | None) -> str | Words | None:
    return {"zh": value.zh, "en": value.en} if isinstance(value, Text) else value
