"""The home page's two questions as plain tables behind two clicks: what does my card run, what does this model need."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import pandas as pd

from macros.render.numbers import number
from macros.render.tables import record_link, render
from macros.render.view import View
from macros.specs import Catalogue
from macros.tables import pairs, tables


def answers(view: View) -> str:
    """Both questions, each choice a summary that opens its answer; no script is needed."""
    cards = [card for card in pairs.YARDSTICK_DEVICES if card in view.catalogue.gpus]
    models = [model for model in pairs.YARDSTICK_MODELS if model in view.catalogue.models]
    card = _question(
        view,
        ("我的显卡能运行……", "My card runs …"),
        "gpus",
        cards,
        "device-models",
        pairs.device_models_of,
        ("need", "fits", "decode"),
        _memory,
    )
    model = _question(
        view, ("这个模型需要……", "This model needs …"), "models", models, "model-memory", pairs.model_memory_of, ("short", "long"), _size
    )
    return f'<div class="quick">{card}{model}</div>'


def _question(
    view: View,
    title: tuple[str, str],
    kind: str,
    choices: list[str],
    table: str,
    rows: Callable[[Catalogue, str], pd.DataFrame],
    shown: tuple[str, ...],
    size: Callable[[View, str], str],
) -> str:
    known = tables()[table]
    columns = tuple(column for column in known.columns[1:] if column.id in (known.key[1], *shown))
    listed = []
    for choice in choices:
        answer = render(view, known, rows(view.catalogue, choice), columns, plain=True)
        more = view.pick("全部细节：", "Everything: ")
        listed.append(
            f'<details name="quick-{kind}"><summary>{view.name(kind, choice)} <small>{escape(size(view, choice))}</small></summary>'
            f'{answer}<p class="screen-only">{more}{record_link(view, kind, choice)}</p></details>'
        )
    index = {"gpus": ("devices/", "全部设备", "All devices"), "models": ("models/", "全部模型", "All models")}[kind]
    rest = f'<p class="screen-only"><a href="{escape(view.page(index[0]))}">{view.pick(*index[1:])}</a></p>'
    return f'<details class="quick-question"><summary>{view.pick(*title)}</summary><div>{"".join(listed)}{rest}</div></details>'


def _memory(view: View, gpu: str) -> str:
    return f"{number(view.catalogue.gpus[gpu].largest_memory_gib)} GiB"


def _size(view: View, model: str) -> str:
    known = view.catalogue.models[model].published_parameters
    return f"{number(known / 1e9, 1)}B" if known else ""
