"""What the build of a question does differently from others."""

from __future__ import annotations

from macros.estimate.setting import Setting
from macros.formulas.compute_graph.passes import Build
from macros.formulas.remember import by_identity


def build_of(setting: Setting) -> Build:
    """The traits of the build that a question is about.

    Args:
        setting: a checked question

    Returns:
        What it does.
    """
    return _build(False, False, False)


@by_identity
def _build(mixes_inputs: bool, gathers_states: bool, keeps_experts: bool) -> Build:
    return Build(mixes_inputs, gathers_states, keeps_experts)
