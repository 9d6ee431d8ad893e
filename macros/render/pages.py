"""The pages that no one writes: one for each model and each device, made from its record and from the tables that name it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from macros.estimate.notices import Notice, sentence, told
from macros.estimate.rates import cpu_rates, gpu_rates
from macros.estimate.speed import device_doubts
from macros.formulas import units
from macros.formulas.remember import by_identity
from macros.render import bars, slots
from macros.render.fields import specs
from macros.render.numbers import number
from macros.render.tables import record_link, render
from macros.render.view import View
from macros.specs import Catalogue
from macros.tables import pairs, tables

FOLDERS = {"models": "models", "gpus": "devices", "cpus": "devices"}


@dataclass(frozen=True)
class Page:
    """A page to be: where it lies, and what search engines are told."""

    path: str
    title: str
    description: str
    record: str
    """The file that its numbers come from, for "edit this page"; what it says follows from it."""


def generated(view: View) -> Iterator[Page]:
    """Every generated page in one language."""
    for kind, folder in FOLDERS.items():
        for name, record in view.catalogue.records.get(kind, {}).items():
            title, description = _told(view, kind, record)
            yield Page(f"{folder}/{name}.md", title, description, f"data/{kind}/{name}.yaml")


def body(view: View, kind: str, id: str) -> str:
    """What stands on the page of one record, as Markdown with its tables already in place."""
    record = view.catalogue.records[kind][id]
    parts = [f"# {slots.inline(view.html(record.name))}", slots.block(f'<p class="lead">{_lead(view, kind, record)}</p>')]
    for title, anchor, table, rows in SECTIONS[kind]:
        known, frame = tables()[table], rows(view.catalogue, id)
        if len(frame):
            doubts = [f"<p>{escape(sentence(notice, view.catalogue, view.language))}</p>" for notice in told(_doubts(view, kind, record))]
            columns = tuple(column for column in known.columns[1:] if column.id not in ("low", "high") or frame[column.id].notna().any())
            parts += [f"## {view.pick(*title)} {{#{anchor}}}", *map(slots.block, doubts), slots.block(render(view, known, frame, columns))]
            parts += [slots.block(PICTURES[table](view, record, frame))] if table in PICTURES else []
    parts += [f"## {view.pick('规格与出处', 'Specs and sources')} {{#specs}}"]
    if getattr(record, "notes", None):
        parts.append(slots.block(f"<p>{view.html(record.notes)}</p>"))
    parts.append(slots.block(specs(view, kind, record)))
    parts += [f"## {view.pick('上一档与下一档', 'A step up, a step down')} {{#neighbours}}", slots.block(_neighbours(view, kind, id))]
    return "\n\n".join(parts)


SECTIONS: dict[str, list[tuple[tuple[str, str], str, str, Callable[[Catalogue, str], pd.DataFrame]]]] = {
    "models": [
        (("需要多少显存", "What it needs"), "needs", "model-memory", pairs.model_memory_of),
        (("在哪些设备上跑、多快", "Where it runs, and how fast"), "runs", "model-devices", pairs.model_devices_of),
    ],
    "gpus": [(("能运行什么、多快", "What it runs, and how fast"), "runs", "device-models", pairs.device_models_of)],
    "cpus": [(("能运行什么、多快", "What it runs, and how fast"), "runs", "cpu-models", pairs.cpu_models_of)],
}
"""Kind of record -> sections: heading, anchor, the table, and its rows for one record."""

PICTURES: dict[str, Callable[[View, Any, pd.DataFrame], str]] = {
    "model-memory": lambda view, record, frame: bars.needs(view, frame),
    "device-models": lambda view, record, frame: bars.fills(view, frame, record.largest_memory_gib),
}
"""Table -> the picture of its rows."""


def _doubts(view: View, kind: str, record: Any) -> list[Notice]:
    """What makes the speeds of a device less certain than others."""
    match kind:
        case "gpus":
            return device_doubts(gpu_rates(record, view.catalogue), view.catalogue)
        case "cpus":
            return device_doubts(cpu_rates(record, view.catalogue), view.catalogue)
        case _:
            return []


def _told(view: View, kind: str, record: Any) -> tuple[str, str]:
    name, lead = view.words(record.name), _facts(view, kind, record)
    if kind == "models":
        return view.pick(f"{name} 需要什么硬件", f"{name}: what hardware it needs"), view.pick(
            f"{name}（{lead}）各种量化下需要多少显存和内存，在哪些设备上能运行、每秒多少词元。",
            f"How much VRAM and RAM {name} ({lead}) needs at each quantization, which devices run it, and at how many tokens per second.",
        )
    return view.pick(f"{name} 能运行哪些大模型", f"{name}: which LLMs it runs"), view.pick(
        f"{name}（{lead}）能运行哪些开放权重的大模型、用哪种量化、每秒多少词元；规格与出处。",
        f"Which open-weight models the {name} ({lead}) runs, at which quantization and how many tokens per second; specs and sources.",
    )


def _facts(view: View, kind: str, record: Any) -> str:
    comma = view.pick("，", ", ")
    match kind:
        case "gpus":
            facts = [f"{number(record.largest_memory_gib)} GiB {record.memory_kind}", f"{number(record.bandwidth_gb_per_s)} GB/s"]
        case "cpus":
            facts = [
                view.pick(f"{record.cores} 核", f"{record.cores} cores"),
                view.pick(f"{record.memory_channels} 通道内存", f"{record.memory_channels} memory channels"),
            ]
        case _:
            facts = [record.publisher]
            if record.published_parameters:
                facts.append(view.pick(f"{_billions(record)}B 参数", f"{_billions(record)}B parameters"))
    return comma.join(facts)


def _billions(record: Any) -> str:
    return number(record.published_parameters / units.GB, 2 if record.published_parameters < 10 * units.GB else 1)


def _lead(view: View, kind: str, record: Any) -> str:
    """The first sentence: who made it, what it is, since when."""
    parts = [_facts(view, kind, record)]
    if kind != "models":
        maker = f"{record.vendor} {record.architecture}" if kind == "gpus" else record.vendor
        parts[0] = f"{maker}{view.pick('：', ': ')}{parts[0]}"
    if record.released:
        month = record.released.isoformat()[:7]
        parts.append(view.pick(f"{month} 发布", f"released {month}"))
    if getattr(record, "licence", None):
        parts.append(view.pick("许可：", "licence: ") + record.licence)
    return escape(view.pick("，", ", ").join(parts) + view.pick("。", "."))


_SIZES: dict[str, Callable[[Any], tuple[float, ...]]] = {
    "models": lambda record: (record.published_parameters or 0,),
    "gpus": lambda record: (record.largest_memory_gib, record.bandwidth_gb_per_s),
    "cpus": lambda record: (record.memory_channels, record.cores, record.boost_mhz or 0),
}


@by_identity
def _ranks(catalogue: Catalogue, kind: str) -> dict[str, tuple[list[Any], int]]:
    """Id -> all records of its sort from small to large, and its place among them."""
    size = _SIZES[kind]
    sorts: dict[str, list[Any]] = {}
    for record in sorted(catalogue.records[kind].values(), key=lambda record: (*size(record), record.id)):
        sorts.setdefault(record.kind if kind == "gpus" else "", []).append(record)
    return {record.id: (alike, at) for alike in sorts.values() for at, record in enumerate(alike)}


def _neighbours(view: View, kind: str, id: str) -> str:
    """The next smaller and larger records of the same sort."""
    alike, at = _ranks(view.catalogue, kind)[id]
    items = []
    for step, words in ((at + 1, ("上一档", "A step up")), (at - 1, ("下一档", "A step down"))):
        if 0 <= step < len(alike):
            other = alike[step]
            name, facts = record_link(view, kind, other.id), escape(_facts(view, kind, other))
            items.append(f"<li>{view.pick(*words)}{view.pick('：', ': ')}{name}{view.pick(f'（{facts}）', f' ({facts})')}</li>")
    index = {"models": view.pick("全部模型", "All models")}.get(kind, view.pick("全部设备", "All devices"))
    items.append(f'<li><a href="{escape(view.page(FOLDERS[kind] + "/"))}">{index}</a></li>')
    return f"<ul>{''.join(items)}</ul>"
