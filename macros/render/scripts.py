"""Addresses of the scripts that a page asks the formulas with: relative ones, as all addresses of pages."""

from __future__ import annotations

from html import escape

from macros.render.view import View


def formulas(view: View) -> dict[str, str | list[str]]:
    """What the formulas are asked through, and what runs beside the page."""
    beside = [view.api("calculator/data.js"), view.api("calculator/formulas.js"), view.page("js/model-files.js")]
    return {"answering": view.page("js/answering.js"), "scripts": beside}


def of_form(view: View) -> dict[str, object]:
    """What a form loads when it is touched: the records, the box that chooses, and the formulas."""
    page = [view.api("calculator/data.js"), view.page("js/combobox.js"), view.page("js/asking.js")]
    return {"scripts": page, "formulas": formulas(view)}


OWN = ("asking", "combobox", "model-files", "calculator")
"""Scripts of the calculator, in order; the last one is joined of modules when the site is made."""


def of_calculator(view: View) -> str:
    """The elements that load the calculator."""
    addresses = [view.api("calculator/data.js"), *[view.page(f"js/{name}.js") for name in OWN]]
    return "".join([f'<script defer src="{escape(address)}"></script>' for address in addresses])
