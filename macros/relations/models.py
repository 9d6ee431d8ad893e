"""Models: shapes against the name's size, the published count, and what other models have."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

from macros.formulas.parameters import active_parameters, parameters
from macros.formulas.remember import by_identity
from macros.relations.ratios import Ratio, Relation, Rule, Slip
from macros.relations.shapes import bounded
from macros.relations.shapes import window as sold_window
from macros.specs import Catalogue
from macros.specs.models import Model

SIZE = re.compile(r"(?:^|-)(\d+(?:\.\d+)?)(b|m)(?=-|$)")
ACTIVE = re.compile(r"-a(\d+(?:\.\d+)?)(b|m)(?=-|$)")
LEAST_ROUNDED = 100_000
"""Nobody rounds to less; 10 is a slip for 1, and every tenth count would bear it."""
SCALE = {"b": 1e9, "m": 1e6}

_counted = by_identity(parameters, most=100_000)
_active = by_identity(active_parameters, most=100_000)


def _value(*path: str) -> Callable[[Any], float | None]:
    def of(model: Model) -> float | None:
        found: Any = model.architecture
        for name in path:
            found = getattr(found, name, None)
        return found or None

    return of


SAME_TOKENS = 0.05
"""Models of a family share a tokenizer; rows that fill up a matrix, and a few tokens of their own, are the difference."""


def _family(model: Any) -> str:
    return f"the family {model.family}"


def _all(model: Any) -> str:
    return "any family"


def _power(value: int) -> bool:
    return value & (value - 1) == 0


def named_size(model: Model, catalogue: Catalogue) -> Iterator[Slip]:
    """A name tells how many parameters there are, and how many of them work for one token."""
    shapes = model.architecture
    if shapes is None:
        return
    if found := SIZE.search(model.id):
        said = float(found[1]) * SCALE[found[2]]
        count = model.published_parameters or _counted(shapes) + model.counted_beside_text
        if not 0.7 <= count / said <= 1.7:
            yield Slip(("published_parameters",), f"about {said:.3g} parameters, as its name says", f"{count:.4g}")
    if found := ACTIVE.search(model.id):
        said, count = float(found[1]) * SCALE[found[2]], _active(shapes)
        # A name has whole numbers, and leaves out what it likes: of one (thousand million) much more than of twenty.
        if not 0.75 <= count / said <= 1.25 + 0.5 / float(found[1]):
            at = ("architecture", "experts", "used")
            yield Slip(at, f"about {said:.3g} parameters for each token, as its name says", f"{count:.4g}")


def drafted(model: Model, catalogue: Catalogue) -> Iterator[Slip]:
    """A draft guesses for a model at less than its cost."""
    if model.architecture is None or model.draft not in catalogue.models or model.draft == model.id:
        return
    small = catalogue.models[model.draft].architecture
    own, guesses = _active(model.architecture), None if small is None else _active(small)
    if guesses is not None and guesses >= own:
        yield Slip(("draft",), f"a model with fewer than its {own:.3g} parameters for each token", f"{model.draft} with {guesses:.3g}")


def published(model: Model, catalogue: Catalogue) -> Iterator[Slip]:
    """A rounded count is a whole multiple of what it is rounded to, which is a power of ten."""
    rounded, count = model.published_parameters_rounded_to, model.published_parameters
    if rounded is None or count is None:
        return
    if str(rounded).strip("0") not in ("1", "5"):
        yield Slip(("published_parameters_rounded_to",), "1, 1000000, 100000000 …", f"{rounded}")
    elif 1 < rounded < LEAST_ROUNDED:
        yield Slip(("published_parameters_rounded_to",), f"1, of a count to the last parameter, or {LEAST_ROUNDED} and more", f"{rounded}")
    elif count % rounded:
        yield Slip(("published_parameters",), f"a whole multiple of {rounded}, to which it is said to be rounded", f"{count}")
    elif rounded > 1 and rounded > count / 3:
        yield Slip(("published_parameters_rounded_to",), f"a third of the count at most, {count // 3}", f"{rounded}")


def projector(model: Model, catalogue: Catalogue) -> Iterator[Slip]:
    """Towers are smaller than the model, and their file has about two bytes a parameter."""
    towers = model.projector
    if towers is None:
        return
    if not 5e7 <= towers.parameters <= 7e9:
        yield Slip(("projector", "parameters"), "50 million to 7 thousand million, as towers have", f"{towers.parameters}")
    if towers.file_bytes is not None and not 1.8 <= towers.file_bytes / towers.parameters <= 2.4:
        yield Slip(("projector", "file_bytes"), f"about {2 * towers.parameters}, two bytes a parameter", f"{towers.file_bytes}")


def layers(model: Model, catalogue: Catalogue) -> Iterator[Slip]:
    """Lists of layers rise and stay below the number of layers; a period is short; layers left out are fewer than half."""
    shapes = model.architecture
    if shapes is None:
        return
    for at, pattern in _patterns(shapes, ("architecture",)):
        found = pattern.indices
        if found and (found != sorted(set(found)) or found[-1] >= shapes.layers):
            yield Slip((*at, "indices"), f"rising indices below the {shapes.layers} layers", f"{found[:6]} … {found[-1]}")
        if pattern.every is not None and pattern.every > 16:
            yield Slip((*at, "every"), "every layer to every 16th", f"{pattern.every}")


def _patterns(value: Any, at: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name in type(value).model_fields:
        inner = getattr(value, name)
        if hasattr(inner, "indices") and hasattr(inner, "every"):
            yield (*at, name), inner
        elif hasattr(type(inner), "model_fields"):
            yield from _patterns(inner, (*at, name))


def shapes(model: Model, catalogue: Catalogue) -> Iterator[Slip]:
    """Sizes are whole multiples of what hardware computes at once; parts are smaller than the whole."""
    a = model.architecture
    if a is None:
        return
    attention = a.attention
    if a.context_length not in _lengths(catalogue, model.id) and not _power(a.context_length):
        yield Slip(("architecture", "context_length"), "a power of two, or a length that another model has", f"{a.context_length}")
    if attention is not None:
        window = attention.window
        if window is not None and (window.size > a.context_length or not sold_window(window.size)):
            yield Slip(("architecture", "attention", "window", "size"), f"a power of two up to {a.context_length}", f"{window.size}")
        if window is not None and not 128 <= window.size <= 8192:
            yield Slip(("architecture", "attention", "window", "size"), "128 to 8192 tokens, as windows have", f"{window.size}")
        if attention.rope_factors and attention.rope_factors > attention.head_dim // 2:
            expected = f"at most {attention.head_dim // 2}, half of a head"
            yield Slip(("architecture", "attention", "rope_factors"), expected, f"{attention.rope_factors}")
        if attention.rope_factor_sets > 2:
            yield Slip(("architecture", "attention", "rope_factor_sets"), "one list or two", f"{attention.rope_factor_sets}")
        if attention.positions > 4:
            yield Slip(("architecture", "attention", "positions"), "1 to 4 numbers for a place", f"{attention.positions}")
        if attention.shared_cache_layers > 0.75 * a.layers:
            expected = f"at most three quarters of {a.layers} layers"
            yield Slip(("architecture", "attention", "shared_cache_layers"), expected, f"{attention.shared_cache_layers}")
        if attention.heads % attention.kv_heads:
            yield Slip(("architecture", "attention", "kv_heads"), f"a divisor of {attention.heads} heads", f"{attention.kv_heads}")
        rates = attention.compressed.rates if attention.compressed is not None else []
        for index, rate in enumerate(rates):
            if rates.count(rate) == 1:
                at = ("architecture", "attention", "compressed", "rates", index)
                yield Slip(at, f"a rate that other layers have ({', '.join(map(str, sorted({*rates} - {rate})))})", f"{rate}")
        if attention.head_dim % 8:
            yield Slip(("architecture", "attention", "head_dim"), "a whole multiple of 8", f"{attention.head_dim}")
    yield from _experts(model)


def widths(model: Model, catalogue: Catalogue) -> Iterator[Slip]:
    """Heads are about as wide together as the residual stream; parts of recurrent layers make up one another."""
    a = model.architecture
    if a is None:
        return
    attention, recurrent = a.attention, a.recurrent
    if attention is not None and not 0.25 <= attention.heads * attention.head_dim / a.hidden_size <= 12:
        expected = f"heads that are together 0.25 to 12 times as wide as {a.hidden_size}"
        yield Slip(("architecture", "attention", "heads"), expected, f"{attention.heads} of {attention.head_dim}")
    if a.feed_forward is not None and a.feed_forward.size and not 0.1 <= a.feed_forward.size / a.hidden_size <= 16:
        yield Slip(("architecture", "feed_forward", "size"), f"0.1 to 16 times the width of {a.hidden_size}", f"{a.feed_forward.size}")
    if recurrent is not None and recurrent.heads and recurrent.inner_size:
        head = recurrent.inner_size / recurrent.heads
        if head % 1 or not 16 <= head <= 512:
            yield Slip(("architecture", "recurrent", "heads"), f"heads of 16 to 512 that make up {recurrent.inner_size}", f"{head:g}")
        if recurrent.groups and recurrent.heads % recurrent.groups:
            yield Slip(("architecture", "recurrent", "groups"), f"a divisor of {recurrent.heads} heads", f"{recurrent.groups}")


def tower(model: Model, catalogue: Catalogue) -> Iterator[Slip]:
    """A picture tower has the proportions of all others: squares of pixels, heads, inner width, rows of positions."""
    t = model.projector.tower if model.projector is not None else None
    if t is None or t.layers == 0:
        return
    at = ("projector", "tower")
    if not 14 <= t.patch_size * t.merge <= 64:
        yield Slip((*at, "patch_size"), f"a square of 14 to 64 pixels a token with `merge` {t.merge}", f"{t.patch_size}")
    if not 2.5 <= t.inner / t.width <= 6:
        yield Slip((*at, "inner"), f"2.5 to 6 times the width of {t.width}", f"{t.inner}")
    if not 48 <= t.width / t.heads <= 160:
        yield Slip((*at, "heads"), f"heads of 48 to 160 that make up {t.width}", f"{t.heads}")
    rows = t.position_rows
    if rows and not (256 <= rows <= 32768 and (rows % 1024 == 0 or math.isqrt(rows) ** 2 in (rows, rows - 1))):
        yield Slip((*at, "position_rows"), "a square of 256 to 32768 places of patches, one more for the whole, or none", f"{rows}")
    if t.side_layers != sorted({*t.side_layers}) or any(layer >= t.layers for layer in t.side_layers):
        yield Slip((*at, "side_layers"), f"rising indices below its {t.layers} layers", f"{t.side_layers}")
    if t.reserved_patches and not 16 <= t.reserved_patches <= 160:
        yield Slip((*at, "reserved_patches"), "16 to 160 patches on a side", f"{t.reserved_patches}")


def _experts(model: Model) -> Iterator[Slip]:
    experts = model.architecture.experts if model.architecture else None
    if experts is None or model.architecture is None:
        return
    at = ("architecture", "experts")
    if experts.used > 32 or (experts.count >= 8 and experts.used > experts.count / 2):
        yield Slip((*at, "used"), f"at most 32, and at most half of {experts.count} experts", f"{experts.used}")
    if experts.leading_dense_layers > 0.15 * model.architecture.layers:
        yield Slip((*at, "leading_dense_layers"), "the first few layers", f"{experts.leading_dense_layers}")
    if experts.every > 4:
        yield Slip((*at, "every"), "every layer, or every 2nd to 4th", f"{experts.every}")
    if experts.shared_size and not 0.5 <= experts.shared_size / experts.size <= 4:
        yield Slip((*at, "shared_size"), f"half to four times the {experts.size} of an expert", f"{experts.shared_size}")
    groups, used = experts.groups or 1, experts.groups_used or 1
    if experts.count % groups or used > groups:
        yield Slip((*at, "groups"), f"a divisor of {experts.count} experts, of which {used} are used", f"{groups}")


@by_identity
def _all_lengths(catalogue: Catalogue) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for model in catalogue.models.values():
        if model.architecture:
            found.setdefault(model.architecture.context_length, set()).add(model.id)
    return found


def _lengths(catalogue: Catalogue, but: str) -> set[int]:
    return {length for length, of in _all_lengths(catalogue).items() if of - {but}}


MODELS: tuple[Relation, ...] = (
    Rule(named_size),
    Rule(drafted),
    Rule(published),
    Rule(projector),
    Rule(tower),
    Rule(layers),
    Rule(shapes),
    Rule(bounded),
    Rule(widths),
    Ratio("layers", ("architecture", "layers"), _value("layers"), (_all,), slack=1.3),
    Ratio("context length", ("architecture", "context_length"), _value("context_length"), (_all,), slack=4),
    Ratio("head size", ("architecture", "attention", "head_dim"), _value("attention", "head_dim"), (_all,), slack=1.5),
    Ratio("vocabulary", ("architecture", "vocabulary_size"), _value("vocabulary_size"), (_all,), slack=1.3),
    Ratio("vocabulary", ("architecture", "vocabulary_size"), _value("vocabulary_size"), (_family,), slack=1.3, step=SAME_TOKENS, few=2),
    Ratio(
        "window",
        ("architecture", "attention", "window", "size"),
        _value("attention", "window", "size"),
        (_all,),
        slack=1.01,
        step=0.001,
        round_to=512,
    ),
    Ratio("hidden size of a layer", ("architecture", "hidden_size"), lambda model: _aspect(model), (_all,), slack=1.6),
)


def _aspect(model: Model) -> float | None:
    return model.architecture.hidden_size / model.architecture.layers if model.architecture else None
