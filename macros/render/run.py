"""How to get and run a model: a line for each program, with the published files that the guide knows where it knows some."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from macros.estimate.engines.repository import Repository, published
from macros.formulas import units
from macros.render import slots
from macros.render.numbers import number
from macros.render.view import View
from macros.specs.checkpoints import Checkpoint
from macros.specs.models import Model
from macros.tables.headlines import quant_of
from macros.tables.pairs import CONTEXT

HUB = "https://huggingface.co/"


def section(view: View, model: Model) -> list[str]:
    """A section with what to download and what to type; nothing where the model's repository is not known."""
    if model.hugging_face is None:
        return []
    files = [one for one in view.catalogue.checkpoints.values() if one.model == model.id and one.file is not None]
    known = held(view, model, files)
    unknown = view.pick(f"<{model.name} 的 GGUF 仓库>", f"<GGUF repository of {model.name}>")
    shown = known or Repository(unknown, view.catalogue.quantizations[quant_of(view.catalogue, model.id)].name)
    heading = f"## {view.pick('怎样运行', 'How to run it')} {{#run}}"
    return [heading, slots.block(f"<p>{_where(view, model, known=known is not None)}</p>{_files(view, files)}{_lines(shown)}")]


def held(view: View, model: Model, files: Sequence[Checkpoint]) -> Repository | None:
    """A repository with GGUF files of the model, as the calculator finds it: in the format of its tables, or in another that is known."""
    wished = [quant_of(view.catalogue, model.id), *(one.quant for one in files)]
    wished += [model.gguf_files.quant] if model.gguf_files else []
    names = view.catalogue.quantizations
    return next(filter(None, (published(model, names[quant], view.catalogue, gguf=True) for quant in wished)), None)


def _where(view: View, model: Model, *, known: bool) -> str:
    """The publisher's own repository, and what a line means."""
    own = f'<a href="{HUB}{escape(str(model.hugging_face))}">{escape(str(model.hugging_face))}</a>'
    choose = view.pick("尖括号里的名字请换成你选的仓库。", " Put the repository of your choice where a name stands in angle brackets.")
    told = view.pick(
        f"发布者的仓库：{own}。下面三行各用一个程序，上下文 {CONTEXT:,}。",
        f"The publisher’s repository: {own}. Below, a line for each of three programs, with a context of {CONTEXT:,}.",
    )
    return told + ("" if known else choose)


def _files(view: View, files: list[Checkpoint]) -> str:
    """GGUF files that the guide has compared with what it computes."""
    listed = "".join(
        f'<li><a href="{HUB}{escape(one.repository)}">{escape(one.repository)}</a>{view.pick("：", ": ")}'
        f"{view.name('quantizations', one.quant)}{view.pick('，', ', ')}{number(one.bytes / units.GB, 2)} GB</li>"
        for one in files
        if one.bytes is not None
    )
    return f"<ul>{listed}</ul>" if files else ""


def _lines(repository: Repository) -> str:
    lines = (
        f'llama-server -hf "{repository.name}:{repository.tag}" -c {CONTEXT}',
        f'ollama run "hf.co/{repository.name}:{repository.tag}"',
        f'lms get "{HUB}{repository.name}"',
    )
    return f"<pre><code>{escape(chr(10).join(lines))}\n</code></pre>"
