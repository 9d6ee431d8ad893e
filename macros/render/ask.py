"""Addresses of the calculator with a question filled in: what every page links to."""

from __future__ import annotations

from urllib.parse import urlencode

from macros.render.view import View

FIELDS = {"memory_kind": "memory", "ram": "ram_gib", "experts": "experts_on_host"}
"""Name here -> field of the form, where they differ."""


def calculator(
    view: View,
    *,
    model: str | None = None,
    gpu: str | None = None,
    memory: float | None = None,
    cpu: str | None = None,
    **settings: object,
) -> str:
    """The address of the calculator.

    Args:
        view: the page that links
        model: id; None: the calculator's own choice
        gpu: id; None: no card, where a processor is given
        memory: size of memory that the device is sold with [GiB]; None: the only one, or the largest
        cpu: id of the processor
        settings: other fields of the calculator's form and what stands in them
    """
    asked: dict[str, object] = {"model": model} if model else {}
    if gpu is not None:
        asked["gpu"] = gpu if memory is None else f"{gpu}@{memory:g}"
    elif cpu is not None:
        asked["gpu"] = ""
    if cpu is not None:
        asked["cpu"] = cpu
    for name, value in settings.items():
        if value is not None and value is not False:
            asked[FIELDS.get(name, name)] = "1" if value is True else value
    return view.page("calculator/") + ("#" + urlencode(asked, safe="@,:") if asked else "")
