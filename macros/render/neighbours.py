"""What else a reader of one record's page may want: more memory, more speed, the newer version, the comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from html import escape
from typing import Any

from macros.formulas.parameters import parameters
from macros.render import pages
from macros.render.tables import record_link
from macros.render.view import View
from macros.specs import Catalogue
from macros.specs.models import architecture_of

Step = tuple[tuple[str, str], Any]
"""(words in Chinese and English, the record)."""


def listed(view: View, kind: str, record: Any) -> str:
    """The records worth a look after this one, and the list of all."""
    items = []
    for words, other in STEPS[kind](view.catalogue, record):
        name, facts = record_link(view, kind, other.id), escape(pages.facts(view, kind, other))
        items.append(f"<li>{view.pick(*words)}{view.pick('：', ': ')}{name}{view.pick(f'（{facts}）', f' ({facts})')}</li>")
    index = {"models": view.pick("全部模型", "All models")}.get(kind, view.pick("全部设备", "All devices"))
    items.append(f'<li><a href="{escape(view.page(pages.FOLDERS[kind] + "/"))}">{index}</a></li>')
    return f"<ul data-pagefind-ignore>{''.join(items)}</ul>"


def _since(record: Any) -> date:
    return record.released or date.min


def _gpus(catalogue: Catalogue, gpu: Any) -> Iterator[Step]:
    """The next size of memory, what is faster with the same, and what is cheaper: of the same sort, sold as it left its maker."""
    alike = [other for other in catalogue.gpus.values() if other.kind == gpu.kind and other.id != gpu.id and not other.modified]
    vendor = [other for other in alike if other.vendor == gpu.vendor] if gpu.kind == "unified" else alike
    more = [other for other in vendor if other.largest_memory_gib > gpu.largest_memory_gib]
    same = [other for other in vendor if other.largest_memory_gib == gpu.largest_memory_gib]
    less = [other for other in vendor if other.largest_memory_gib < gpu.largest_memory_gib]
    if more:
        least = min(other.largest_memory_gib for other in more)
        yield ("显存大一档", "The next size up"), max((o for o in more if o.largest_memory_gib == least), key=_newest)
    faster = [other for other in same if other.bandwidth_gb_per_s > gpu.bandwidth_gb_per_s]
    if faster:
        yield ("显存相同，更快", "Same memory, faster"), min(faster, key=lambda other: (other.bandwidth_gb_per_s, other.id))
    if less:
        most = max(other.largest_memory_gib for other in less)
        yield ("显存小一档", "The next size down"), max((o for o in less if o.largest_memory_gib == most), key=_newest)


def _newest(record: Any) -> tuple[bool, date, str]:
    return record.headline, _since(record), record.id


def _cpus(catalogue: Catalogue, cpu: Any) -> Iterator[Step]:
    """What has more memory channels, and the newest with as many."""
    more = [other for other in catalogue.cpus.values() if other.memory_channels > cpu.memory_channels]
    same = [other for other in catalogue.cpus.values() if other.memory_channels == cpu.memory_channels and _since(other) > _since(cpu)]
    if more:
        least = min(other.memory_channels for other in more)
        yield ("内存通道更多", "More memory channels"), max((o for o in more if o.memory_channels == least), key=_newest)
    if same:
        yield ("通道一样多，更新", "As many channels, newer"), max(same, key=_newest)


def _models(catalogue: Catalogue, model: Any) -> Iterator[Step]:
    """The newer one of about this size by the same maker, and the next larger and smaller of what people run now."""

    def size(other: Any) -> float:
        return float(parameters(architecture_of(other, catalogue.models)))

    here = size(model)
    newer = [
        other
        for other in catalogue.models.values()
        if other.publisher == model.publisher and _since(other) > _since(model) and 2 / 3 < size(other) / here < 3 / 2
    ]
    if newer:
        yield ("更新的版本", "A newer version"), max(newer, key=_newest)
    marked = [other for other in catalogue.models.values() if other.headline and other.id != model.id]
    larger = [other for other in marked if size(other) > 1.1 * here]
    smaller = [other for other in marked if size(other) < here / 1.1]
    if larger:
        yield ("更大一档", "The next larger"), min(larger, key=size)
    if smaller:
        yield ("更小一档", "The next smaller"), max(smaller, key=size)


STEPS: dict[str, Callable[[Catalogue, Any], Iterator[Step]]] = {"models": _models, "gpus": _gpus, "cpus": _cpus}
"""Kind of record -> its steps."""
