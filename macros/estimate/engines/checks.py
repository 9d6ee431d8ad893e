"""What the record of an engine must agree with: the keys of a question, the types of tensors, what the code does."""

from __future__ import annotations

from collections.abc import Iterator

from macros.estimate.engines import RUNNERS
from macros.estimate.question import KEYS
from macros.specs import Catalogue, SpecError
from macros.specs.catalogue import cross_check
from macros.specs.errors import nearest


@cross_check
def engines_are_known(catalogue: Catalogue) -> Iterator[SpecError]:
    """Settings are keys of a question, cache types are tensor types, and each engine has a module."""
    for engine in catalogue.engines.values():
        if engine.id not in RUNNERS:
            yield catalogue.error(
                "engines", engine.id, (), "an engine that macros/estimate/engines has a module for", engine.id, nearest(engine.id, RUNNERS)
            )
        for place, key in enumerate(engine.settings):
            if key not in KEYS:
                yield catalogue.error("engines", engine.id, ("settings", place), "a key of a question", key, nearest(key, KEYS))
        for place, kind in enumerate(engine.cache_types):
            if kind not in catalogue.tensor_types:
                found = nearest(kind, catalogue.tensor_types)
                yield catalogue.error("engines", engine.id, ("cache_types", place), "the id of a tensor type", kind, found)
