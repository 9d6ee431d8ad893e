"""Equations: MathML -> Typst's math, written as code."""

from __future__ import annotations

from macros.publish.typesetting.page import BY_TAG, CannotSet, Element, Page, literal

SPACING = {
    **dict.fromkeys("([{⌊⌈", "opening"),
    **dict.fromkeys(")]}⌋⌉", "closing"),
    **dict.fromkeys(",;", "punctuation"),
    **dict.fromkeys("|", "fence"),
    **dict.fromkeys("=<>≤≥≠≈→", "relation"),
    **dict.fromkeys("+-−×·⋅/÷*", "binary"),
}
"""How Typst sets a sign apart from what stands around it."""


def math(element: Element) -> str:
    """MathML -> Typst's math, written as code."""
    tag = str(element.tag).split("}")[-1]
    children = [child for child in element if isinstance(child.tag, str)]
    word = (element.text or "").strip()

    def row(items: list[Element]) -> str:
        # Cases bring their own brace.
        shown = [item for item, after in zip(items, [*items[1:], None], strict=True) if after is None or str(after.tag) != "mtable"]
        return " ".join(math(item) for item in shown)

    match tag:
        case "math" | "mrow" | "mstyle" | "mpadded" | "mtd":
            return row(children)
        case "semantics":
            return math(children[0])
        case "annotation" | "mphantom":
            return ""
        case "mspace":
            return "#h(0.3em)"
        case "mi" | "mtext" | "mn" | "mo" | "ms":
            if not word:
                return ""
            if tag == "mo":
                return f"#math.class({literal(SPACING.get(word, 'normal'))}, {literal(word)})"
            if tag == "mi" and len(word) == 1:
                return f"#math.italic({literal(word)})"
            return f"#math.upright({literal(word)})"
        case "mfrac":
            return f"#math.frac($ {math(children[0])} $, $ {math(children[1])} $)"
        case "msqrt":
            return f"#math.sqrt($ {row(children)} $)"
        case "msub" | "munder":
            return f"#math.attach($ {math(children[0])} $, b: $ {math(children[1])} $)"
        case "msup" | "mover":
            return f"#math.attach($ {math(children[0])} $, t: $ {math(children[1])} $)"
        case "msubsup" | "munderover":
            return f"#math.attach($ {math(children[0])} $, b: $ {math(children[1])} $, t: $ {math(children[2])} $)"
        case "mfenced":
            return f"#math.lr($ ({row(children)}) $)"
        case "mtable":
            rows = (" #math.quad ".join(math(cell) for cell in line) for line in children)
            return f"#math.cases({', '.join(f'$ {line} $' for line in rows)})"
    raise CannotSet(f"a formula with <{tag}>, line {element.sourceline}")


def _equation(page: Page, element: Element) -> str:
    alternative = element.get("alttext") or element.get("aria-label") or " ".join(element.itertext())
    block = "true" if element.get("display") == "block" else "false"
    return f"#math.equation(block: {block}, alt: {literal(' '.join(alternative.split()))}, $ {math(element)} $)"


BY_TAG["math"] = _equation
