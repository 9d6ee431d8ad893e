"""How fast is fast: the pace of a reader in tokens."""

from __future__ import annotations

import pandas as pd

from macros.formulas.reading import reading_tokens_per_second
from macros.specs import Catalogue
from macros.tables import Column, table

READERS = (
    ("english", {"zh": "英文", "en": "English"}, 238, 0.75),
    ("chinese", {"zh": "中文", "en": "Chinese"}, 255, 1.5),
    ("fast", {"zh": "英文，快速浏览", "en": "English, skimming"}, 450, 0.75),
)
"""Who reads; words or characters a minute; words or characters that a token stands for."""


@table(
    id="reading-speed",
    title={"zh": "跟上阅读要多快", "en": "Speed that keeps up with a reader"},
    key=["reader"],
    columns=[
        Column("reader", {"zh": "代号", "en": "Id"}),
        Column("name", {"zh": "阅读", "en": "Reading"}),
        Column("speed", {"zh": "相当于", "en": "Equals"}, unit="tokens/s", digits=1),
        Column("per_minute", {"zh": "每分钟字数（英文为词）", "en": "Words (Chinese: characters) a minute"}, secondary=True),
        Column("per_token", {"zh": "每个词元的字数", "en": "Of these for each token"}, digits=2),
    ],
    formulas=("reading_tokens_per_second",),
)
def reading(catalogue: Catalogue) -> pd.DataFrame:
    """Silent reading of prose."""
    return pd.DataFrame(
        {
            "reader": reader,
            "name": name,
            "per_minute": pace,
            "per_token": size,
            "speed": reading_tokens_per_second(per_minute=pace, per_token=size),
        }
        for reader, name, pace, size in READERS
    )
