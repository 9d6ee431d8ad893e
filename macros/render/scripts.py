"""Addresses of the scripts that a page asks the formulas with: relative ones, as all addresses of pages."""

from __future__ import annotations

from macros.render.view import View


def formulas(view: View) -> dict[str, str | list[str]]:
    """What the formulas are asked through, and what runs beside the page."""
    beside = [view.api("calculator/data.js"), view.api("calculator/formulas.js"), view.page("js/model-files.js")]
    return {"answering": view.page("js/answering.js"), "scripts": beside}


def of_form(view: View) -> dict[str, object]:
    """What a form loads when it is touched: the records, the box that chooses, and the formulas."""
    page = [view.api("calculator/data.js"), view.page("js/combobox.js"), view.page("js/asking.js")]
    return {"scripts": page, "formulas": formulas(view)}


def of_calculator(view: View) -> list[str]:
    """What the calculator loads, in order."""
    own = ("asking", "combobox", "model-files", "calculator")
    return [view.api("calculator/data.js"), *[view.page(f"js/{name}.js") for name in own]]
