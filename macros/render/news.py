"""What is new: models and devices by the day on which they came out, and what each release of the guide changed; a page and a feed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from macros.render import pages
from macros.render.tables import record_link
from macros.render.view import View

KINDS = {"models": ("模型", "Model"), "gpus": ("设备", "Device"), "cpus": ("处理器", "Processor")}
MOST = 40
NAMED = 12
"""Records that a release names; of more it tells how many."""


@dataclass(frozen=True)
class Release:
    """What one release of the guide changed: (kind, id) of records."""

    name: str
    """Its tag, or its day where it has none yet."""
    day: str
    added: tuple[tuple[str, str], ...]
    changed: tuple[tuple[str, str], ...]


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
        f'<tr><th scope="row">{record_link(view, kind, record.id)}</th><td><time>{record.released.isoformat()}</time></td>'
        f'<td><span class="value">{view.pick(*KINDS[kind])}</span></td>'
        f"<td>{escape(pages.facts(view, kind, record))}</td></tr>"
        for kind, record in newest(view)
    )
    title = view.pick("最近发布的模型与设备", "Models and devices that came out last")
    return (
        f'<div class="table"><div class="table-scroll" role="region" tabindex="0" aria-label="{title}"><table>'
        f'<caption class="visually-hidden">{title}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></div>'
        f'<p><a href="{escape(view.page("feed.xml"))}" type="application/atom+xml">{view.pick("订阅（Atom）", "Feed (Atom)")}</a></p>'
    )


def changes(view: View, releases: Sequence[Release]) -> str:
    """A table of releases: what each added, and what it changed."""
    words = (("版本", "Release"), ("新增", "Added"), ("改动", "Changed"))
    head = "".join(f'<th scope="col">{view.pick(*each)}</th>' for each in words)
    rows = "".join(
        f'<tr id="{escape(release.name)}"><th scope="row"><time>{escape(release.name)}</time></th>'
        f"<td>{_named(view, release.added)}</td><td>{_named(view, release.changed)}</td></tr>"
        for release in releases
    )
    title = view.pick("各版本的改动", "What each release changed")
    return (
        f'<div class="table"><div class="table-scroll" role="region" tabindex="0" aria-label="{title}"><table>'
        f'<caption class="visually-hidden">{title}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></div>'
    )


def _named(view: View, records: Sequence[tuple[str, str]]) -> str:
    """Links to the records that the guide still has, or how many there are of a kind."""
    parts = []
    for kind in KINDS:
        kept = [name for of, name in records if of == kind and name in view.catalogue.records[kind]]
        if len(kept) > NAMED:
            parts.append(_counted(view, kind, len(kept)))
        else:
            parts += [record_link(view, kind, name) for name in kept]
    return view.pick("、", ", ").join(parts) or "—"


def _counted(view: View, kind: str, count: int) -> str:
    zh, en = KINDS[kind]
    return view.pick(f"{count} 个{zh}" if kind == "models" else f"{count} 种{zh}", f"{count} {en.lower()}{'s' if count > 1 else ''}")


def feed(view: View, name: str, address: str, releases: Sequence[Release] = ()) -> str:
    """The same as an Atom feed.

    Args:
        view: the records in a language
        name: of the site
        address: of the root of this language, with a slash at its end
        releases: of the guide, the newest first
    """
    entries = list(newest(view))
    updated = max([*(str(record.released) for _, record in entries), *(release.day for release in releases)], default=None)
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
            f'<entry><title>{escape(view.called(record))}</title><id>{escape(at)}</id><link href="{escape(at)}"/>'
            f"<updated>{record.released}T00:00:00Z</updated><summary>{escape(told)}</summary></entry>"
        )
    for release in releases:
        at = f"{address}new/#{release.name}"
        title = view.pick(f"本指南 {release.name}", f"The guide, {release.name}")
        told = view.pick("；", "; ").join(
            f"{view.pick(*word)}{view.pick('：', ': ')}{_plain(view, records)}"
            for word, records in ((("新增", "added"), release.added), (("改动", "changed"), release.changed))
            if records
        )
        parts.append(
            f'<entry><title>{escape(title)}</title><id>{escape(at)}</id><link href="{escape(at)}"/>'
            f"<updated>{release.day}T00:00:00Z</updated><summary>{escape(told)}</summary></entry>"
        )
    return "\n".join([*parts, "</feed>\n"])


def _plain(view: View, records: Sequence[tuple[str, str]]) -> str:
    """How many records of each kind, in words."""
    counts = ((kind, sum(other == kind for other, _ in records)) for kind in KINDS)
    return view.pick("，", ", ").join(_counted(view, kind, count) for kind, count in counts if count)
