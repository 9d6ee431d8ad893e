"""What holds for all tests."""

import os
from pathlib import Path

import pytest

# Before numpy is imported: the fit solves thousands of small systems, which threads slow down.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

TESTS = Path(__file__).resolve().parent
SLOW = (
    "calibrate",
    "estimate/files",
    "estimate/test_columns.py",
    "estimate/test_config_json.py",
    "estimate/test_engine_plans.py",
    "estimate/test_every_placement.py",
    "estimate/test_placements.py",
    "estimate/test_properties.py",
    "estimate/test_speed.py",
    "estimate/test_ways.py",
    "estimate/test_without_rules.py",
    "formulas/test_compute_buffer.py",
    "formulas/test_engine_passes.py",
    "publish",
    "relations",
    "render/test_annotated.py",
    "render/test_pages.py",
    "site",
    "specs/test_compiled.py",
    "specs/test_models.py",
    "tables",
    "test_ends.py",
    "test_installed.py",
)
"""Folders and files of tests that compute whole tables, many plans or a site, or start programs: `make quick` leaves them out."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark slow tests."""
    for item in items:
        name = item.path.relative_to(TESTS).as_posix() if item.path.is_relative_to(TESTS) else ""
        if name.startswith(SLOW):
            item.add_marker(pytest.mark.slow)
