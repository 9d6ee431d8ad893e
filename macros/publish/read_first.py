"""Which files of a change a reviewer reads before anything that was computed: standard library only, as all that reports on strangers."""

from __future__ import annotations

import re
from collections.abc import Iterable

FACTS = re.compile(r"(?!(?:.*/)?\.)(?:data/.*\.yaml|docs/(?:zh|en)/.*\.md)\Z", re.DOTALL)
"""What a reviewer of facts and prose reads; such files run nothing."""
QUIET = re.compile(r"(?!(?:.*/)?\.)(?!(?:macros|tests|tools)/)(?:.*\.(?:md|png|jpe?g|webp)|docs/[^/]*\.yaml|(?:.*/)?LICENSE)\Z", re.DOTALL)
"""What besides decides neither which checks run nor what they say; whatever else there is, or comes, may: a `GNUmakefile`, a `.venv`."""


def beside_facts(paths: Iterable[str]) -> list[tuple[str, bool]]:
    """Every changed file outside data/ and the prose, and whether it can change what checks and reports say; those first.

    >>> beside_facts(["data/gpus/a.yaml", "docs/en/gpu.md", "README.md", "Makefile", "docs/theme/js/site.js"])
    [('Makefile', True), ('docs/theme/js/site.js', True), ('README.md', False)]
    >>> beside_facts(["docs/en/run.js", "data/conftest.py", "data/gpus/.gitattributes", "docs/zh/a.png"])
    [('data/conftest.py', True), ('data/gpus/.gitattributes', True), ('docs/en/run.js', True), ('docs/zh/a.png', False)]
    >>> [path for path, steers in beside_facts(["GNUmakefile", ".venv/bin/python", "zizmor.yml", "docs/settled.yaml"]) if steers]
    ['.venv/bin/python', 'GNUmakefile', 'zizmor.yml']
    """
    named = {path: not QUIET.match(path) for path in paths if not FACTS.match(path)}
    return sorted(named.items(), key=lambda item: (not item[1], item[0]))
