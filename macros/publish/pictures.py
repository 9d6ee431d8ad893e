"""Pictures for whoever passes a link on (og:image): one of the site, one of each device and model, drawn from their numbers.

Letters are those of Pillow's own typeface, so that every machine makes the same picture; it has no Chinese, and names and units need none.
A picture takes some three milliseconds and six kilobytes: few colours, letters drawn small and set in.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from macros.render import pages
from macros.render.palette import palette
from macros.render.view import View
from macros.specs import Catalogue
from macros.tables import pairs, tables

SIZE = (800, 420)
EDGE = 54
SHADES = 4
"""Steps from paper to a colour: smooth letters in few colours."""
COLOURS = ("ink", "accent", "soft")
ROWS = 6
TITLE, TEXT, SMALL = 45, 23, 18
"""Heights of letters [px]."""
NAMES, VALUES = 290, 110
"""Room for the names of bars and what stands after them [px]."""
FIRST, STEP = 150, 36
"""Where the bars begin, and from one to the next [px]."""

Bar = tuple[str, float, str]
"""A name, a length, and what stands after it."""


def pictures(catalogue: Catalogue) -> Iterator[tuple[str, bytes]]:
    """(path under the site's root, PNG) of every picture: one of each page that is made from a record, one for all others."""
    view = View(catalogue, "en")
    made = list(pages.generated(view))
    if made:  # a site without them is a trial
        yield "og/home.png", _drawn("Local LLM Hardware Guide", "VRAM at 4 bits, context 8,192 [GiB]", _home(view), 0)
    for page in made:
        _, kind, file = page.record.split("/")
        name = file.removesuffix(".yaml")
        record = catalogue.records[kind][name]
        bars, line = _bars(view, kind, name)
        known = [bar for bar in bars if bar[1] == bar[1]]  # what has no number has no bar
        yield f"og/{page.path.removesuffix('.md')}.png", _drawn(view.called(record), pages.facts(view, kind, record), known, line)


def _home(view: View) -> list[Bar]:
    rows = tables()["vram"].frame(view.catalogue).to_dict("records")
    shown = [row for row in rows if 5 < row["usual"] < 48]
    return [_bar(view.catalogue.models[row["model"]].name, row["usual"]) for row in shown[:: max(1, len(shown) // ROWS)][:ROWS]]


def _bars(view: View, kind: str, id: str) -> tuple[list[Bar], float]:
    """Bars of a record, and the memory that they are measured against [GiB]; 0: none."""
    if kind == "models":
        rows = pairs.model_memory_of(view.catalogue, id).dropna(subset=["short"]).to_dict("records")
        return [_bar(view.called(view.catalogue.quantizations[row["quant"]]), row["short"]) for row in rows][:ROWS], 0
    if kind == "gpus":
        size = pairs.sizes_of(view.catalogue, id)[-1]
        frame = pairs.device_models_of(view.catalogue, id)
        rows = frame[frame["memory"] == size].to_dict("records")
        return [_bar(view.catalogue.models[row["model"]].name, row["need"]) for row in rows if row["need"] < 1.5 * size][-ROWS:], size
    rows = pairs.cpu_models_of(view.catalogue, id).dropna(subset=["decode"]).to_dict("records")
    listed = [(view.catalogue.models[row["model"]].name, row["decode"], f"{row['decode']:.0f} tokens/s") for row in rows]
    return [bar for bar in listed if bar[1] >= 1][:ROWS], 0


def _bar(name: str, gib: float) -> Bar:
    return name, gib, f"{gib:.1f} GiB"


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


@cache
def _colours() -> list[int]:
    """The paper, and each colour in its shades from nearly paper to full."""
    paper = _rgb(palette()["paper"].light)
    found = [*paper]
    for name in COLOURS:
        full = _rgb(palette()[name].light)
        for step in range(1, SHADES + 1):
            found += [round(low + (high - low) * step / SHADES) for low, high in zip(paper, full, strict=True)]
    return found


def _rgb(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def _full(colour: str) -> int:
    """Place of a colour in the palette."""
    return SHADES * (COLOURS.index(colour) + 1)


@cache
def _letters(text: str, size: int, colour: str, room: int) -> Image.Image:
    """Letters in the palette's shades of a colour, cut to the room [px]."""
    font = _font(size)
    text = text.encode("latin-1", "ignore").decode("latin-1").strip() or " "
    while font.getlength(text) > room:
        text = text[:-1]
    mask = Image.new("L", (int(font.getlength(text)) + 2, size * 5 // 4))
    ImageDraw.Draw(mask).text((0, 0), text, font=font, fill=255)
    first = _full(colour) - SHADES
    return mask.point([first + -(-value * SHADES // 255) if value > 255 // (2 * SHADES) else 0 for value in range(256)])


def _drawn(title: str, facts: str, bars: Sequence[Bar], line: float) -> bytes:
    picture = Image.new("P", SIZE)
    picture.putpalette(_colours())
    draw = ImageDraw.Draw(picture)
    width, height = SIZE
    room = width - 2 * EDGE
    draw.rectangle((0, 0, 11, height), fill=_full("accent"))
    picture.paste(_letters(title, TITLE, "ink", room), (EDGE, 34))
    picture.paste(_letters(facts, TEXT, "soft", room), (EDGE, 96))
    left, right = EDGE + NAMES, width - EDGE - VALUES
    most = max([line, *(length for _, length, _ in bars)], default=0) * 1.02
    for index, (name, length, after) in enumerate(bars):
        top = FIRST + STEP * index
        picture.paste(_letters(name, SMALL, "ink", NAMES - 12), (EDGE, top + 1))
        colour = _full("accent") if not line or length <= line else _full("soft") - 2
        draw.rectangle((left, top, left + round((right - left) * length / most), top + STEP - 12), fill=colour)
        picture.paste(_letters(after, SMALL, "soft", VALUES), (right + 12, top + 1))
    if line and bars:
        at = left + round((right - left) * line / most)
        draw.line((at, FIRST - 8, at, FIRST + STEP * len(bars)), fill=_full("ink"), width=2)
    picture.paste(_letters("Local LLM Hardware Guide", SMALL, "accent", room), (EDGE, height - 40))
    made = io.BytesIO()
    picture.save(made, "PNG")
    return made.getvalue()
