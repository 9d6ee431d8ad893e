"""Formulas as readers meet them: the equation from the function's own syntax tree, its arguments, units and source from its docstring."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from types import ModuleType
from typing import Any

import macros.formulas
from macros.render.numbers import IN_CHINESE
from macros.render.view import View, one_of
from macros.specs import SpecError, yaml_file

Function = Callable[..., Any]


@cache
def formulas() -> dict[str, Function]:
    """Every public function of macros/formulas by name."""
    found: dict[str, Function] = {}
    for info in pkgutil.walk_packages(macros.formulas.__path__, "macros.formulas."):
        module: ModuleType = importlib.import_module(info.name)
        for name, value in vars(module).items():
            if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_"):
                found[name] = value
    return found


@dataclass(frozen=True)
class Told:
    """A docstring in its parts."""

    summary: str
    arguments: dict[str, str]
    parts: dict[str, str]
    """Equation, Returns, Assumes, Source, as far as the docstring has them."""


def told(function: Function) -> Told:
    """Read a docstring of this project's form."""
    text = inspect.getdoc(function) or ""
    text = re.split(r"^\s*(?:Example:|>>> )", text, maxsplit=1, flags=re.M)[0]
    sections = re.split(r"^(Equation|Args|Returns|Raises|Assumes|Source):", text, flags=re.M)
    parts = {name: " ".join(body.split()) for name, body in zip(sections[1::2], sections[2::2], strict=True) if name != "Args"}
    listed = dict(zip(sections[1::2], sections[2::2], strict=True)).get("Args", "")
    arguments = {
        match[1]: " ".join(match[2].split())
        for match in re.finditer(r"^\s*(\w+):\s*(.*?)(?=^\s*\w+:\s|\Z)", textwrap.dedent(listed), re.M | re.S)
    }
    return Told(" ".join(sections[0].split()), arguments, parts)


def formula(view: View, name: str) -> str:
    """A formula with all that is known of it."""
    one_of("a formula", name, formulas())
    return _formula(view.language, name)


def equation(view: View, name: str) -> str:
    """The equation alone, under its name."""
    one_of("a formula", name, formulas())
    code = f'<p class="formula-code"><code>{escape(name)}</code></p>'
    return f'<div class="formula" data-formula="{escape(name)}">{_equation(view.language, name)}{code}</div>'


def chapter(name: str) -> str:
    """The module of macros/formulas that a formula stands in."""
    return formulas()[name].__module__.rpartition(".")[2]


@cache
def _equation(language: str, name: str) -> str:
    lines = mathml(formulas()[name])
    stated = told(formulas()[name]).parts.get("Equation", "")
    if not lines and stated:
        return f'<p class="equation" tabindex="0">{escape(symbols().get(stated, stated) if language == "zh" else stated)}</p>'
    return "".join(f'<div class="equation" tabindex="0">{_in_chinese(line) if language == "zh" else line}</div>' for line in lines)


CHINESE = Path(__file__).resolve().parents[2] / "docs" / "formulas.zh.yaml"
SYMBOLS = CHINESE.with_name("symbols.zh.yaml")
_SYMBOL = re.compile(r'(?<=<mi mathvariant="normal">)[^<]*')
_WORD = re.compile(r"(?<=<mtext>)(?:if|else|and|or|not)(?=</mtext>)")
_WORDS = {"if": "若", "else": "否则", "and": "且", "or": "或", "not": "非"}
_UNIT = re.compile(r"( \[[^\]]*\])?\.?$")


@cache
def chinese() -> dict[str, str]:
    """What docstrings of formulas say -> the same in Chinese; units stay outside."""
    return dict(yaml_file.read(CHINESE, f"docs/{CHINESE.name}").value)


@cache
def symbols() -> dict[str, str]:
    """Names of values in equations -> the same in Chinese; whole equations too, where a docstring states one."""
    return dict(yaml_file.read(SYMBOLS, f"docs/{SYMBOLS.name}").value)


def named(line: str) -> set[str]:
    """The names of values in a line of MathML."""
    return set(_SYMBOL.findall(line))


_KEPT = re.compile(r"(llama\.cpp, [\w.-]+|data/[\w-]+)\.$")
"""Sources that are names of files."""
_FUNCTIONS = {"max", "min", "log2", "sqrt"}


def untold(root: Path) -> Iterator[SpecError]:
    """Words and values of the formulas on pages that have no Chinese, and Chinese that none of them says any more."""
    from macros.tables import tables

    pages = "".join(path.read_text("utf-8") for path in sorted((root / "docs" / "zh").rglob("*.md")))
    if not pages:
        return
    shown = sorted(set(re.findall(r'formula\("(\w+)"\)', pages)) & formulas().keys())
    beside = {name for known in tables().values() for name in known.formulas}
    words = {word for name in shown for word in _words_of(name)}
    values = {value for name in {*shown, *beside} for value in _values_of(name)} - _FUNCTIONS
    for file, said, known in ((CHINESE, words, chinese()), (SYMBOLS, values, symbols())):
        for text in sorted(said - known.keys()):
            yield SpecError(f"docs/{file.name}", 1, "formula", "the Chinese of all that formulas say", f"none of '{text}'", "add it")
        for text in sorted(known.keys() - said):
            yield SpecError(f"docs/{file.name}", 1, "formula", "words of a formula that a page shows", f"'{text}'", "remove it")


def _words_of(name: str) -> set[str]:
    about = told(formulas()[name])
    parts = [text for key, text in about.parts.items() if key in ("Returns", "Assumes", "Source")]
    return {phrase(text)[0] for text in (about.summary, *about.arguments.values(), *parts) if not _KEPT.fullmatch(text)}


def _values_of(name: str) -> set[str]:
    stated = told(formulas()[name]).parts.get("Equation")
    return {value for line in mathml(formulas()[name]) for value in named(line)} or ({stated} if stated else set())


def _in_chinese(line: str) -> str:
    """A line of MathML with its names and words in Chinese."""
    line = _SYMBOL.sub(lambda match: symbols().get(match[0], match[0]), line)
    return _WORD.sub(lambda match: _WORDS[match[0]], line)


def phrase(text: str) -> tuple[str, str]:
    """What a docstring says of a value, and its unit: `("time of one token", " [s]")`."""
    unit = _UNIT.search(text)
    return (text[: unit.start()], unit[1]) if unit and unit[1] else (text, "")


def _said(language: str, text: str) -> str:
    """A piece of a docstring as an element's content, in the language of the page where it is known in it."""
    words, unit = phrase(text)
    if language == "en":
        return escape(text)
    known = chinese().get(words)
    return escape(known + _unit_in_chinese(unit)) if known else f'<span lang="en">{escape(text)}</span>'


_UNIT_WORDS = IN_CHINESE | {
    "bytes": "字节", "values": "个值", "layers": "层", "bits": "位", "rows": "行", "passes": "次", "users": "人", "sequences": "个序列",
    "parameters": "个参数", "experts": "个专家", "devices": "台设备", "heads": "个头", "samples": "个样本",
}  # fmt: skip


def _unit_in_chinese(unit: str) -> str:
    """A unit whose words are all known, in Chinese.

    >>> _unit_in_chinese(" [tokens/s]"), _unit_in_chinese(" [1/s]"), _unit_in_chinese(" [FLOP/s]")
    (' [词元/秒]', ' [1/秒]', ' [FLOP/s]')
    """
    words = re.findall(r"[A-Za-z]+", unit)
    return re.sub(r"[A-Za-z]+", lambda word: _UNIT_WORDS[word[0]], unit) if words and all(word in _UNIT_WORDS for word in words) else unit


@cache
def _formula(language: str, name: str) -> str:
    zh = language == "zh"
    function = formulas()[name]
    about = told(function)
    words = {"Returns": ("得到", "Gives"), "Assumes": ("前提", "Assumes"), "Source": ("出处", "Source")}
    shown = _equation(language, name)
    rows = [(f"<code>{escape(key)}</code>", text) for key, text in about.arguments.items()]
    rows += [(words[key][0 if zh else 1], text) for key, text in about.parts.items() if key in words]
    listed = "".join(f"<div><dt>{title}</dt><dd>{_said(language, text)}</dd></div>" for title, text in rows)
    source = inspect.getsourcefile(function) or ""
    where = "macros/formulas/" + source.rsplit("/", 1)[-1]
    more = "各个量、前提与出处" if zh else "What it takes and where it comes from"
    return (
        f'<div class="formula" data-formula="{escape(name)}">{shown}<details><summary>{more}</summary>'
        f"<p>{_said(language, about.summary)}</p><dl>{listed}</dl>"
        f'<p class="formula-code"><code>{escape(name)}</code> · <code>{escape(where)}</code></p></details></div>'
    )


@cache
def mathml(function: Function) -> tuple[str, ...]:
    """The lines of a function as MathML; none where it is more than arithmetic (a walk over tensors)."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    try:
        return tuple(f'<math display="block">{line}</math>' for statement in tree.body for line in _statement(statement, function.__name__))
    except NotImplementedError:
        return ()


_SIGNS = {ast.Add: "+", ast.Sub: "−", ast.Mult: "×"}
_COMPARISONS = {ast.Lt: "&lt;", ast.LtE: "≤", ast.Gt: "&gt;", ast.GtE: "≥", ast.Eq: "=", ast.NotEq: "≠"}
_CALLS = {"maximum": "max", "minimum": "min", "max": "max", "min": "min"}


def _statement(node: ast.stmt, name: str) -> list[str]:
    match node:
        case ast.Expr(value=ast.Constant()):
            return []
        case ast.Return(value=value) if value is not None:
            return [_equal(_name(name), _expression(value))]
        case ast.Assign(targets=[ast.Name(id=target)], value=value):
            return [_equal(_name(target), _expression(value))]
        case ast.If(test=_, body=body, orelse=[]) if all(isinstance(inner, ast.Raise) for inner in body):
            return []
        case ast.If(test=test, body=[ast.Return(value=value)], orelse=[]) if value is not None:
            when = f'<mspace width="1em"/><mtext>if</mtext><mspace width=".4em"/>{_expression(test)}'
            return [_equal(_name(name), _expression(value) + when)]
    raise NotImplementedError(ast.dump(node))


def _equal(left: str, right: str) -> str:
    return f"<mrow>{left}<mo>=</mo>{right}</mrow>"


def _name(name: str) -> str:
    return f'<mi mathvariant="normal">{escape(name.replace("_", " "))}</mi>'


def _expression(node: ast.expr, inside: int = 0) -> str:
    """`inside`: how tightly the operator around binds (0 none, 1 sum, 2 product)."""
    match node:
        case ast.Constant(value=bool() | str() as value):
            return f"<mtext>{escape(str(value))}</mtext>"
        case ast.Constant(value=int() | float() as value):
            return f"<mn>{value:,}</mn>" if isinstance(value, int) else f"<mn>{value!r}</mn>"
        case ast.Name(id=name):
            return _name(name)
        case ast.Attribute(attr=name):
            return _name(name)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return f"<mfrac>{_row(_expression(left))}{_row(_expression(right))}</mfrac>"
        case ast.BinOp(left=left, op=ast.FloorDiv(), right=right):
            return f"<mrow><mo>⌊</mo><mfrac>{_row(_expression(left))}{_row(_expression(right))}</mfrac><mo>⌋</mo></mrow>"
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _SIGNS:
            strength = 2 if isinstance(op, ast.Mult) else 1
            tighter = strength + (1 if isinstance(op, ast.Sub) else 0)
            inner = f"{_expression(left, strength)}<mo>{_SIGNS[type(op)]}</mo>{_expression(right, tighter)}"
            return _fenced(inner) if strength < inside else inner
        case ast.UnaryOp(op=ast.USub(), operand=ast.BinOp(left=ast.UnaryOp(op=ast.USub(), operand=left), op=ast.FloorDiv(), right=right)):
            return f"<mrow><mo>⌈</mo><mfrac>{_row(_expression(left))}{_row(_expression(right))}</mfrac><mo>⌉</mo></mrow>"
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return f"<mo>−</mo>{_expression(operand, 2)}"
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return f"<mtext>not</mtext><mspace width='.4em'/>{_expression(operand, 2)}"
        case ast.BoolOp(op=op, values=values):
            word = "and" if isinstance(op, ast.And) else "or"
            return f'<mspace width=".4em"/><mtext>{word}</mtext><mspace width=".4em"/>'.join(_expression(value) for value in values)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
            return f"{_expression(left)}<mo>{_COMPARISONS[type(op)]}</mo>{_expression(right)}"
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _cases(body, test, orelse)
        case ast.Call(func=ast.Name(id="where"), args=[test, body, orelse]):
            return _cases(body, test, orelse)
        case ast.Call(func=ast.Name(id="float"), args=[operand]):
            return _expression(operand, inside)
        case ast.Call(func=ast.Name(id=("ceil" | "floor" | "int") as name), args=[operand]):
            opening, closing = ("⌈", "⌉") if name == "ceil" else ("⌊", "⌋")
            return f"<mrow><mo>{opening}</mo>{_expression(operand)}<mo>{closing}</mo></mrow>"
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
            shown = [_expression(value) for value in args] + [
                _expression(word.value) if _same(word) else f"{_name(word.arg or '')}<mo>=</mo>{_expression(word.value)}"
                for word in keywords
            ]
            return f"{_name(_CALLS.get(name, name))}{_fenced('<mo>,</mo>'.join(shown))}"
    raise NotImplementedError(ast.dump(node))


def _same(word: ast.keyword) -> bool:
    return isinstance(word.value, ast.Name) and word.value.id == word.arg


def _row(inner: str) -> str:
    return f"<mrow>{inner}</mrow>"


def _fenced(inner: str) -> str:
    return f"<mrow><mo>(</mo>{inner}<mo>)</mo></mrow>"


def _cases(body: ast.expr, test: ast.expr, orelse: ast.expr) -> str:
    rows = (
        f"<mtr><mtd>{_expression(body)}</mtd><mtd><mtext>if</mtext><mspace width='.4em'/>{_expression(test)}</mtd></mtr>"
        f"<mtr><mtd>{_expression(orelse)}</mtd><mtd><mtext>else</mtext></mtd></mtr>"
    )
    return f'<mrow><mo>{{</mo><mtable columnalign="left left">{rows}</mtable></mrow>'
