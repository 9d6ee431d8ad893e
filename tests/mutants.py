"""What `make mutate` says at the end: how many changes of the formulas the tests notice; fails where that are too few."""

import json
import sys
from pathlib import Path

LEAST = 0.95
"""Share of the changes that a test must notice, or that must never end."""


def summary(counts: dict[str, int]) -> tuple[str, float]:
    """One line, and the share of the mutants that were killed.

    >>> summary({"total": 200, "killed": 189, "timeout": 3, "survived": 6, "no_tests": 1, "suspicious": 1})
    ('200 mutants: 189 killed, 3 timeouts, 8 survived: 96.0 %', 0.96)
    """
    total, killed, endless = counts["total"], counts["killed"], counts["timeout"]
    share = (killed + endless) / total
    return f"{total} mutants: {killed} killed, {endless} timeouts, {total - killed - endless} survived: {share:.1%}".replace(
        "%", " %"
    ), share


if __name__ == "__main__":
    line, reached = summary(json.loads(Path("mutants/mutmut-cicd-stats.json").read_text()))
    print(line)
    if reached < LEAST:
        sys.exit(f"expected {LEAST:.0%} or more. Fix: write a test for what survived, or see tests/mutants.md")
