"""The moment that a build stands for, so that it can be repeated."""

from __future__ import annotations

import os
import re
import time
from datetime import UTC, date, datetime

from macros.specs.errors import SpecError, SpecErrors

LAST = 253_402_300_799
"""The last second of the year 9999, after which there are no dates."""


def stated() -> int | None:
    """SOURCE_DATE_EPOCH [s since 1970]; None where it is not set, or 0; raises SpecErrors where it is no such number."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not re.fullmatch("[0-9]{0,12}", given, re.ASCII) or int(given or 0) > LAST:
        expected = f"seconds since 1970, a whole number up to {LAST}"
        raise SpecErrors([SpecError("environment", 1, "SOURCE_DATE_EPOCH", expected, repr(given), "unset it, or write the commit's time")])
    return int(given or 0) or None


def today() -> date:
    """The day of the commit where the build is told one, else that of the clock."""
    return datetime.fromtimestamp(stated() or time.time(), UTC).date()
