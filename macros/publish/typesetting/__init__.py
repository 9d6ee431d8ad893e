"""Built HTML -> Typst: the same words, tables, charts and formulas, set for paper.

Everything is written in Typst's code mode, text as string literals, so that nothing in a page can be taken for markup.
An element that is not known here is refused by name: nothing gets lost without a word.
"""

from macros.publish.typesetting import frames, math, pictures, tables, text
from macros.publish.typesetting.page import CannotSet, Page, anchor, literal
from macros.publish.typesetting.text import words

__all__ = ["CannotSet", "Page", "anchor", "frames", "literal", "math", "pictures", "tables", "text", "words"]
