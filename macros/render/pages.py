"""The pages that no one writes: one for each model and each device, made from its record and from the tables that name it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from macros.estimate.notices import Notice, sentence, told
from macros.estimate.rates import cpu_rates, gpu_rates
from macros.estimate.speed import device_doubts
from macros.formulas import units
from macros.render import ask, bars, neighbours, run, scores, slots
from macros.render.fields import specs
from macros.render.numbers import number
from macros.render.tables import render
from macros.render.view import View
from macros.specs.devices import Cpu, Gpu
from macros.specs.models import Model
from macros.tables import Column, engines, measured_decode, pairs, tables

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
    for kind in FOLDERS:
        for name in view.catalogue.records.get(kind, {}):
            yield page(view, kind, name)


def page(view: View, kind: str, id: str) -> Page:
    """The generated page of one record."""
    title, description = _told(view, kind, view.catalogue.records[kind][id])
    return Page(f"{FOLDERS[kind]}/{id}.md", title, description, f"data/{kind}/{id}.yaml")


def body(view: View, kind: str, id: str) -> str:
    """What stands on the page of one record, as Markdown with its tables already in place."""
    record = view.catalogue.records[kind][id]
    # What people run today comes first where the search finds several alike.
    today = " data-today" if record.headline else ""
    parts = [f"# {slots.inline(escape(view.called(record)))}", slots.block(f'<p class="lead"{today}>{_lead(view, kind, record)}</p>')]
    if also := _also_called(view, kind, record):
        parts.append(
            slots.block(
                f'<p class="also">{escape(view.pick("相关名称：", "Related names: "))}'
                f"{escape(view.pick('、', ', ').join(also))}{view.pick('。', '.')}</p>"
            )
        )
    parts += SECTIONS[kind](view, record)
    parts += [f"## {view.pick('规格与出处', 'Specs and sources')} {{#specs}}"]
    if getattr(record, "notes", None):
        parts.append(slots.block(f"<p>{view.html(record.notes)}</p>"))
    parts.append(slots.block(specs(view, kind, record)))
    parts += [f"## {view.pick('其他选择', 'Alternatives')} {{#neighbours}}", slots.block(neighbours.listed(view, kind, record))]
    return "\n\n".join(parts)


OF_KIND: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "laptop": {"zh": ("笔记本显卡", "移动版"), "en": ("mobile GPU",)},
    "integrated": {"zh": ("核显", "集成显卡"), "en": ("iGPU", "integrated graphics")},
    "phone": {"zh": ("手机",), "en": ("phone",)},
}
"""What readers call devices of a kind."""


def _also_called(view: View, kind: str, record: Any) -> list[str]:
    """Other names of a record: its own, and those of its family."""
    families = view.catalogue.records["families" if kind == "models" else "device-families"]
    of_kind = OF_KIND.get(getattr(record, "kind", ""), {}).get(view.language, ())
    names = dict.fromkeys([*record.also_called, *families[record.family].also_called, *of_kind])
    return [name for name in names if view.language == "zh" or name.isascii()]


def _heading(view: View, level: int, zh: str, en: str, anchor: str) -> str:
    return f"{'#' * level} {view.pick(zh, en)} {{#{anchor}}}"


def _paragraph(text: str) -> str:
    """Finished HTML on its own."""
    return slots.block(f"<p>{text}</p>")


def _to_calculator(view: View, words: tuple[str, str], **asked: Any) -> str:
    return slots.block(f'<p class="to-calculator"><a href="{escape(ask.calculator(view, **asked))}">{view.pick(*words)}</a></p>')


def _told_columns(table: str, frame: pd.DataFrame, without: tuple[str, ...]) -> tuple[Column, ...]:
    """The columns of a table that say something on this page."""
    shown = (column for column in tables()[table].columns if not column.only_data and column.id not in without)
    return tuple(column for column in shown if frame[column.id].notna().any())


def _of_gpu(view: View, gpu: Gpu) -> list[str]:
    """What a device runs with each size of its memory, and what others measured on it."""
    parts = [_heading(view, 2, "能运行什么、多快", "What it runs, and how fast", "runs")]
    parts += [_paragraph(escape(sentence(notice, view.catalogue, view.language))) for notice in told(_doubts(view, "gpus", gpu))]
    every, sizes = pairs.device_models_of(view.catalogue, gpu.id), pairs.sizes_of(view.catalogue, gpu.id)
    for size in sizes:
        frame = every[every["memory"] == size].reset_index(drop=True)
        limit = _usable(view, gpu, size)
        if len(sizes) > 1:
            parts.append(_heading(view, 3, f"{number(size)} GiB", f"{number(size)} GiB", f"runs-{number(size)}"))
        if limit < size:
            parts.append(_paragraph(_shared(view, gpu, size, limit)))
        asked = {"gpu": gpu.id, "memory": size if gpu.memory_sizes_gib else None}
        links = _links(view, **asked)
        known = tables()["device-models"]
        parts.append(
            slots.block(render(view, known, frame, _told_columns(known.id, frame, ("gpu", "memory")), links=links, unsearched=True))
        )
        parts.append(slots.block(bars.fills(view, frame, pairs.room_gib(view.catalogue, gpu.id, size))))
        parts += _both_engines(view, gpu, size)
        parts.append(
            _to_calculator(view, ("用计算器改模型、上下文与量化", "Change model, context and quantization in the calculator"), **asked)
        )
    return parts + _measured(view, measured_decode.of_gpu(view.catalogue, gpu.id), "gpu")


def _both_engines(view: View, gpu: Gpu, size: float) -> list[str]:
    """Both answers of a device that an engine of its own runs on: that engine, and the one for GGUF files."""
    vendor = view.catalogue.device_families[gpu.family].vendor
    if not gpu.memory_sizes_gib or not any(one.splits == "none" and vendor in one.backends for one in view.catalogue.engines.values()):
        return []
    rows = engines.side_by_side(view.catalogue, gpu.id, size)
    if not rows:
        return []
    known = tables()["mac-engines"]
    frame = pd.DataFrame(rows)
    return [slots.block(render(view, known, frame, _told_columns(known.id, frame, ("gpu", "memory")), unsearched=True))]


def _links(view: View, **asked: Any) -> Callable[[Mapping[str, Any]], str]:
    """The calculator with the question that a row answers."""

    def address(row: Mapping[str, Any]) -> str:
        of_row = {"model": row["model"], "quant": row["quant"], "gpu": row.get("gpu")}
        if pd.notna(row["ram"]):
            of_row |= {"cpu": pairs.HOST["cpu"], "memory_kind": pairs.HOST["memory"], "ram": row["ram"]}
            of_row |= {"experts": row["way"] == "experts"}
        return ask.calculator(view, **of_row | asked)

    return address


def _usable(view: View, gpu: Gpu, size: float) -> float:
    """How much of one size of memory the device may use [GiB]."""
    return view.catalogue.shared_memory[gpu.shared_memory].gpu_gib(size) if gpu.shared_memory else size


def _shared(view: View, gpu: Gpu, size: float, limit: float) -> str:
    assert gpu.shared_memory is not None
    system = view.html(view.catalogue.shared_memory[gpu.shared_memory].name)
    return view.pick(
        f"{system}：{number(size)} GiB 里，GPU 默认最多可用 {number(limit, 1)} GiB。",
        f"{system}: of {number(size)} GiB the GPU may use {number(limit, 1)} GiB by default.",
    )


def _of_model(view: View, model: Model) -> list[str]:
    """What a model needs, where it runs, what was measured of it."""
    needs, runs = pairs.model_memory_of(view.catalogue, model.id), pairs.model_devices_of(view.catalogue, model.id)
    parts = [_heading(view, 2, "在哪些设备上跑、多快", "Where it runs, and how fast", "runs")] if len(runs) else []
    if len(runs):
        known = tables()["model-devices"]
        parts.append(
            slots.block(render(view, known, runs, _told_columns(known.id, runs, ("model", "quant")), links=_links(view), unsearched=True))
        )
        parts.append(
            _to_calculator(
                view, ("用计算器换设备、上下文与量化", "Change device, context and quantization in the calculator"), model=model.id
            )
        )
    if len(needs):
        known = tables()["model-memory"]
        parts.append(_heading(view, 2, "需要多少显存", "What it needs", "needs"))
        parts.append(slots.block(bars.needs(view, needs)))
        parts.append(slots.block(render(view, known, needs, _told_columns(known.id, needs, ("model",)))))
    parts += run.section(view, model)
    parts += scores.section(view, model)
    return parts + _measured(view, measured_decode.of_model(view.catalogue, model.id), "model")


def _of_cpu(view: View, cpu: Cpu) -> list[str]:
    """What a processor runs from RAM."""
    frame = pairs.cpu_models_of(view.catalogue, cpu.id)
    known = tables()["cpu-models"]
    parts = [_heading(view, 2, "能运行什么、多快", "What it runs, and how fast", "runs")]
    parts += [_paragraph(escape(sentence(notice, view.catalogue, view.language))) for notice in told(_doubts(view, "cpus", cpu))]
    parts.append(slots.block(render(view, known, frame, _told_columns(known.id, frame, ("cpu",)), unsearched=True)))
    return [*parts, _to_calculator(view, ("用计算器改模型与内存", "Change model and memory in the calculator"), cpu=cpu.id)]


def _measured(view: View, frame: pd.DataFrame, named: str) -> list[str]:
    """What others measured; nothing where nobody published any."""
    if not len(frame):
        return []
    known = tables()["measured-decode"]
    text = view.pick(
        "下表并排列出公开的实测与本指南的估计；模型、格式和设备相同。",
        "Measurements that others published, beside what the guide computes for the same model, format and device.",
    )
    shown = render(view, known, frame, _told_columns(known.id, frame, ("row", named)), unsearched=True)
    return [_heading(view, 2, "别人测得多少", "What others measured", "measured"), _paragraph(text), slots.block(shown)]


SECTIONS: dict[str, Callable[[View, Any], list[str]]] = {"models": _of_model, "gpus": _of_gpu, "cpus": _of_cpu}
"""Kind of record -> what its page says before its specs."""


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
    name, lead = view.called(record), facts(view, kind, record)
    if kind == "models":
        return view.pick(f"{name} 需要什么硬件", f"{name}: what hardware it needs"), view.pick(
            f"{name}（{lead}）各种量化下需要多少显存和内存，在哪些设备上能运行、每秒多少词元。",
            f"How much VRAM and RAM {name} ({lead}) needs at each quantization, which devices run it, and at how many tokens per second.",
        )
    return view.pick(f"{name} 能运行哪些大模型", f"{name}: which LLMs it runs"), view.pick(
        f"{name}（{lead}）能运行哪些开放权重的大模型、用哪种量化、每秒多少词元；规格与出处。",
        f"Which open-weight models the {name} ({lead}) runs, at which quantization and how many tokens per second; specs and sources.",
    )


def facts(view: View, kind: str, record: Any) -> str:
    comma = view.pick("，", ", ")
    match kind:
        case "gpus":
            sizes = view.pick("、", ", ").join(map(number, sorted(record.memory_sizes_gib or [record.largest_memory_gib])))
            facts = [f"{sizes} GiB {record.memory_kind}", f"{number(record.bandwidth_gb_per_s)} GB/s"]
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
    parts = [facts(view, kind, record)]
    if kind != "models":
        maker = f"{record.vendor} {record.architecture.removeprefix(record.vendor).strip()}" if kind == "gpus" else record.vendor
        parts[0] = f"{maker}{view.pick('：', ': ')}{parts[0]}"
    if record.released:
        month = record.released.isoformat()[:7]
        parts.append(view.pick(f"{month} 发布", f"released {month}"))
    if getattr(record, "licence", None):
        parts.append(view.pick("许可：", "licence: ") + record.licence)
    return escape(view.pick("，", ", ").join(parts) + view.pick("。", "."))
