"""What is new: models and devices by the day on which they came out, for a page and a feed."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from macros.render import pages
from macros.render.tables import record_link
from macros.render.view import View

KINDS = {"models": ("模型", "Model"), "gpus": ("设备", "Device"), "cpus": ("处理器", "Processor")}
MOST = 40


def newest(view: View) -> Iterator[tuple[str, Any]]:
    """(kind, record) of what came out last, the newest first; what has no known date is not new."""
    dated = [(record.released, kind, record) for kind in KINDS for record in view.catalogue.records[kind].values() if record.released]
    for _, kind, record in sorted(dated, key=lambda entry: (entry[0], entry[2].id), reverse=True)[:MOST]:
        yield kind, record


def listed(view: View) -> str:
    """A table of what came out last."""
    heads = (("名称", "Name"), ("发布", "Released"), ("类别", "Kind"), ("要点", "In short"))
    head = "".join(f'<th scope="col">{view.pick(*words)}</th>' for words in heads)
    rows = "".join(
        f'<tr><th scope="row">{record_link(view, kind, record.id)}</th><td>{record.released.isoformat()}</td>'
        f"<td>{view.pick(*KINDS[kind])}</td><td>{escape(pages.facts(view, kind, record))}</td></tr>"
        for kind, record in newest(view)
    )
    title = view.pick("最近发布的模型与设备", "Models and devices that came out last")
    return (
        f'<div class="table"><div class="table-scroll" role="region" tabindex="0" aria-label="{title}"><table>'
        f'<caption class="visually-hidden">{title}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></div>'
        f'<p><a href="{escape(view.page("feed.xml"))}" type="application/atom+xml">{view.pick("订阅（Atom）", "Feed (Atom)")}</a></p>'
    )


def feed(view: View, name: str, address: str) -> str:
    """The same as an Atom feed.

    Args:
        view: the records in a language
        name: of the site
        address: of the root of this language, with a slash at its end
    """
    entries = list(newest(view))
    updated = max((record.released for _, record in entries), default=None)
    parts = [
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" '
        f'xml:lang="{"zh-Hans" if view.language == "zh" else "en"}">',
        f"<title>{escape(name)}</title><id>{escape(address)}</id><updated>{updated}T00:00:00Z</updated>",
        f'<link rel="self" href="{escape(address)}feed.xml"/><link rel="alternate" href="{escape(address)}"/>'
        f"<author><name>{escape(name)}</name></author>",
    ]
    for kind, record in entries:
        at = f"{address}{pages.FOLDERS[kind]}/{record.id}/"
        told = f"{view.pick(*KINDS[kind])}: {pages.facts(view, kind, record)}"
        parts.append(
            f'<entry><title>{escape(view.words(record.name))}</title><id>{escape(at)}</id><link href="{escape(at)}"/>'
            f"<updated>{record.released}T00:00:00Z</updated><summary>{escape(told)}</summary></entry>"
        )
    return "\n".join([*parts, "</feed>\n"])
