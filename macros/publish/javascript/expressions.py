"""The expressions of one function."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Sequence

from macros.publish.javascript.calls import Calls
from macros.publish.javascript.scope import safe
from macros.publish.javascript.source import literal
from macros.publish.javascript.syntax import assigned_names, folded, is_number, makes_set

ARITHMETIC: dict[type[ast.operator], str] = {ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
COMPARISONS: dict[type[ast.cmpop], str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}


class Expressions(Calls):
    """An expression as Python would compute it."""

    def condition(self, node: ast.expr) -> str:
        """An expression of which only the truth counts."""
        match node:
            case ast.BoolOp(op=operator, values=values):
                sign = " && " if isinstance(operator, ast.And) else " || "
                return "(" + sign.join(self.condition(value) for value in values) + ")"
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return f"!{self.condition(operand)}"
            case ast.Compare() | ast.Constant(value=bool()):
                return self.expression(node)
            case ast.Call(func=ast.Name(id="isinstance" | "any" | "all" | "bool")):
                return self.expression(node)
        return f"truth({self.expression(node)})"

    def expression(self, node: ast.expr) -> str:
        match node:
            case ast.Constant(value=value):
                return literal(value, node, self.place)
            case ast.Name():
                return self.name(node)
            case ast.Attribute():
                return self.attribute(node)
            case ast.BinOp():
                return self.arithmetic(node)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"(-{self.expression(operand)})"
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.expression(operand)
            case ast.UnaryOp(op=ast.Not()):
                return self.condition(node)
            case ast.BoolOp(op=operator, values=values):
                name = "and" if isinstance(operator, ast.And) else "or"
                written = self.expression(values[-1])
                for earlier in reversed(values[:-1]):
                    written = f"{name}({self.expression(earlier)}, () => {written})"
                return written
            case ast.Compare(left=left, ops=operators, comparators=others):
                sides = [left, *others]
                if len(others) > 1 and not all(isinstance(side, ast.Name | ast.Constant | ast.Attribute) for side in others[:-1]):
                    raise self.refusal(node, "a chain of comparisons", "names or numbers in the middle", ast.unparse(node))
                parts = [self.comparison(node, a, operator, b) for a, operator, b in zip(sides, operators, others, strict=False)]
                return parts[0] if len(parts) == 1 else f"({' && '.join(parts)})"
            case ast.IfExp(test=test, body=body, orelse=otherwise):
                return f"({self.condition(test)} ? {self.expression(body)} : {self.expression(otherwise)})"
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                return f"[{', '.join(self.element(part) for part in parts)}]"
            case ast.Set(elts=parts):
                return f"set([{', '.join(self.element(part) for part in parts)}])"
            case ast.Dict(keys=keys, values=values):
                pairs = [
                    f"...items({self.expression(value)})" if key is None else f"[{self.expression(key)}, {self.expression(value)}]"
                    for key, value in zip(keys, values, strict=True)
                ]
                return f"dictionary([{', '.join(pairs)}])"
            case ast.Subscript(value=container, slice=ast.Slice(lower=lower, upper=upper, step=None)):
                bounds = [self.expression(bound) if bound else "null" for bound in (lower, upper)]
                return f"slice({self.expression(container)}, {', '.join(bounds)})"
            case ast.Subscript(value=container, slice=key) if not isinstance(key, ast.Slice):
                return f"item({self.expression(container)}, {self.expression(key)})"
            case ast.ListComp(elt=element, generators=generators) | ast.GeneratorExp(elt=element, generators=generators):
                return self.comprehension(generators, lambda: self.expression(element))
            case ast.SetComp(elt=element, generators=generators):
                return f"set({self.comprehension(generators, lambda: self.expression(element))})"
            case ast.DictComp(key=key, value=held, generators=generators):
                return f"dictionary({self.comprehension(generators, lambda: f'[{self.expression(key)}, {self.expression(held)}]')})"
            case ast.NamedExpr(target=ast.Name(id=name), value=value):
                return f"({safe(name)} = {self.expression(value)})"
            case ast.Lambda(args=arguments, body=body):
                inner = type(self)(self.script, self.place, self)
                parameters = inner.parameters(arguments)
                return f"(({', '.join(parameters)}) => {inner.expression(body)})"
            case ast.JoinedStr(values=values):
                return "`" + "".join(self.message_part(value) for value in values) + "`"
            case ast.Call():
                return self.call(node)
        raise self.refusal(node, type(node).__name__, "an expression of the subset", ast.unparse(node))

    def message_part(self, node: ast.expr) -> str:
        match node:
            case ast.Constant(value=str() as text):
                return json.dumps(text, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("`", "\\`").replace("${", "\\${")
            case ast.FormattedValue(value=value, conversion=conversion, format_spec=None):
                return f"${{{'quoted' if conversion == ord('r') else 'text'}({self.expression(value)})}}"
            case ast.FormattedValue(value=value, conversion=-1, format_spec=ast.JoinedStr(values=[ast.Constant(value="g")])):
                return f"${{text({self.expression(value)})}}"
        raise self.refusal(node, "a message", "a value without a format", ast.unparse(node))

    def parameters(self, arguments: ast.arguments, *, method: bool = False) -> list[str]:
        """In the order that `Signature` lists them: `*names` as one list, `**names` as one dictionary at the end."""
        if self.outer is not None and (arguments.vararg or arguments.kwarg):  # it may be called where nobody knows its parameters
            raise self.refusal(arguments.vararg or arguments.kwarg or arguments, "parameters", "names, each for itself", "* or **")
        first = [*arguments.posonlyargs, *arguments.args]
        defaults: list[ast.expr | None] = [None] * (len(first) - len(arguments.defaults)) + list(arguments.defaults)
        written = []

        def add(name: str, default: str | None) -> None:
            self.locals.add(name)
            if not (method and name == "self"):
                written.append(safe(name) if default is None else f"{safe(name)} = {default}")

        for argument, default in zip(first, defaults, strict=True):
            add(argument.arg, None if default is None else self.expression(default))
        if arguments.vararg:
            add(arguments.vararg.arg, "[]")
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            add(argument.arg, None if default is None else self.expression(default))
        if arguments.kwarg:
            add(arguments.kwarg.arg, "dictionary([])")
        return written

    def pattern(self, target: ast.expr) -> str:
        match target:
            case ast.Name(id=name):
                return safe(name)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                return f"[{', '.join(self.pattern(part) for part in parts)}]"
            case ast.Starred(value=ast.Name(id=name)):
                return f"...{safe(name)}"
        raise self.refusal(target, "unpacking", "names", ast.unparse(target))

    def comprehension(self, generators: Sequence[ast.comprehension], element: Callable[[], str]) -> str:
        generator, *rest = generators
        source = f"list({self.expression(generator.iter)})"
        names = assigned_names([ast.Assign([generator.target], ast.Constant(0))])
        outside, self.locals = self.locals, self.locals | names
        pattern = self.pattern(generator.target)
        for test in generator.ifs:
            source += f".filter(({pattern}) => {self.condition(test)})"
        text = (
            f"{source}.flatMap(({pattern}) => {self.comprehension(rest, element)})" if rest else f"{source}.map(({pattern}) => {element()})"
        )
        self.locals = outside
        return text

    def arithmetic(self, node: ast.BinOp) -> str:
        value = folded(node)
        if value is not None:
            return literal(value, node, self.place)
        left, right = self.expression(node.left), self.expression(node.right)
        match node.op:
            case ast.Add():
                if is_number(node.left) or is_number(node.right):
                    return f"({left} + {right})"
                return f"add({left}, {right})"
            case ast.Mult() if isinstance(node.left, ast.List | ast.Tuple):
                return f"repeat({left}, {right})"
            case ast.FloorDiv():
                return f"floorDivide({left}, {right})"
            case ast.BitOr():
                return f"merged({left}, {right})"
            case ast.BitAnd():
                return f"common({left}, {right})"
            case ast.Mod() if not isinstance(node.left, ast.Constant | ast.JoinedStr):
                return f"modulo({left}, {right})"
        if isinstance(node.op, ast.Sub) and (makes_set(node.left) or makes_set(node.right)):
            raise self.refusal(node, "a difference of sets", "numbers", ast.unparse(node))
        sign = ARITHMETIC.get(type(node.op))
        if sign is None:
            raise self.refusal(node, type(node.op).__name__, "+ - * / // %", ast.unparse(node))
        return f"({left} {sign} {right})"

    def comparison(self, node: ast.Compare, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> str:
        a, b = self.expression(left), self.expression(right)
        match operator:
            case ast.Is() | ast.IsNot():
                return f"({a} {'===' if isinstance(operator, ast.Is) else '!=='} {b})"
            case ast.Eq() | ast.NotEq():
                plain = any(isinstance(side, ast.Constant) or is_number(side) for side in (left, right))
                if plain:
                    return f"({a} {'===' if isinstance(operator, ast.Eq) else '!=='} {b})"
                return f"{'' if isinstance(operator, ast.Eq) else '!'}equal({a}, {b})"
            case ast.In():
                return f"contains({b}, {a})"
            case ast.NotIn():
                return f"!contains({b}, {a})"
        sign = COMPARISONS.get(type(operator))
        if sign is None:
            raise self.refusal(node, type(operator).__name__, "a comparison of the subset", ast.unparse(node))
        if isinstance(left, ast.Tuple) or isinstance(right, ast.Tuple):
            return f"(compare({a}, {b}) {sign} 0)"
        return f"({a} {sign} {b})"
