"""Published scores of a model: what they are, how it was run, who ran it, and where it stands."""

from __future__ import annotations

from html import escape

from macros.render import slots
from macros.render.citations import link
from macros.render.numbers import number
from macros.render.view import View
from macros.specs.models import Model, Score

BY = {"maker": ("发布者自测", "the maker’s own"), "independent": ("他人测试", "independent")}


def _how(view: View, score: Score) -> str:
    """Who ran the test, and how."""
    setting = view.html(score.setting) if score.setting else ""
    return view.pick("，", ", ").join(filter(None, [view.pick(*BY[score.by]), setting]))


def section(view: View, model: Model) -> list[str]:
    """A section with the scores; nothing where none was found."""
    if not model.scores:
        return []
    heads = (("测试", "Test"), ("成绩", "Score"), ("出处", "Source"))
    head = "".join(f'<th scope="col">{view.pick(*words)}</th>' for words in heads)
    rows = "".join(
        f'<tr><th scope="row">{escape(score.test)}<small class="under">{_how(view, score)}</small></th>'
        f'<td class="n">{number(score.percent, 1)} %</td><td class="source">{link(view, score.source)}</td></tr>'
        for score in model.scores
    )
    title = view.pick("公开的质量成绩", "Published scores of quality")
    text = view.pick(
        "照出处抄录，本指南没有复测；各家的题目、提示和次数不同，只宜比较同一来源的数。",
        "As published; the guide did not repeat them. Prompts and numbers of tries differ, so compare figures of one source only.",
    )
    table = (
        f'<div class="table"><div class="table-scroll" role="region" tabindex="0" aria-label="{title}"><table>'
        f'<caption class="visually-hidden">{title}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></div>'
    )
    return [f"## {title} {{#scores}}", slots.block(f"<p>{text}</p>"), slots.block(table)]
