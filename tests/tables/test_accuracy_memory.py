"""The gate: what the memory formulas say, held to what the engine itself plans; to the byte in tests/estimate/test_engine_plans.py."""

from pathlib import Path

import pytest

from macros.specs import load
from macros.tables import accuracy_memory

CATALOGUE = load(Path(__file__).resolve().parents[2] / "data")
ROW_PADDING = 32 * 1024


@pytest.fixture(scope="module")
def errors():
    return accuracy_memory.plan_errors(CATALOGUE)


def test_cache_and_state_are_those_of_the_engine(errors):
    rows = errors[errors["part"] == "kv_cache"]
    assert len(rows) > 1800
    assert (rows["predicted"] - rows["planned"]).abs().max() <= ROW_PADDING


def test_weights_are_those_of_the_engine(errors):
    rows = errors[errors["part"] == "weights"]
    # where a layer's device changes, a vector of scaling factors is held once more
    assert (rows["predicted"] - rows["planned"]).abs().max() <= 2048


def shares(rows):
    """Parts of the rows with an error within 1 % and 5 %."""
    return (rows["error"].abs() <= 0.01).mean(), (rows["error"].abs() <= 0.05).mean()


@pytest.mark.parametrize("part", ["device_compute", "host_compute"])
@pytest.mark.parametrize("group", accuracy_memory.CLASSES)
def test_compute_buffer_in_every_class(errors, group, part):
    whole = errors["placement"].isin(["host", "device"])
    odd = (errors["model"] == "granite-4.0-h-tiny-7b") & (errors["context"] == 4096)
    close, near = shares(errors[(errors["class"] == group) & (errors["part"] == part) & whole & ~odd])
    # The engine's own plans differ by less than a hundredth of a per cent from what is replayed, but for one: it was made from a file
    # without the multiplier of the embedded tokens that the published model has (the engine gives it to the byte for such a file).
    assert close == 1
    assert near == 1


def test_total(errors):
    whole = errors["placement"].isin(["host", "device"]) & (errors["part"] == "total")
    assert (errors[whole]["error"].abs() <= 0.005).mean() >= 0.999


def test_partial_offload_and_two_devices(errors):
    rows = errors[errors["placement"].isin(["partial", "several"])]
    assert len(rows[rows["part"] == "device_compute"]) > 60
    assert rows["error"].abs().max() < 0.005
