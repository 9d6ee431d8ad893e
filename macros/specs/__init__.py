"""What is: the YAML of data/, checked and typed. Knows nothing of formulas or pages."""

from __future__ import annotations

from macros.specs import references as references  # registers its checks
from macros.specs.catalogue import Catalogue, load
from macros.specs.errors import SpecError, SpecErrors

__all__ = ["Catalogue", "SpecError", "SpecErrors", "load"]
