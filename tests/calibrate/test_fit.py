"""The fit: how far off it may be on devices that it did not see, and what it must hold to."""

import dataclasses
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from macros.calibrate import store
from macros.calibrate.accuracy import LEAST_END, RANGE, Scatter
from macros.calibrate.fit import prefill_model
from macros.calibrate.regression import Fit, between_quantile, common, levels, weighted_quantile
from macros.calibrate.rows import row_work
from macros.calibrate.whole import accuracy, compared
from macros.estimate.constants import fitted_of
from macros.specs import Catalogue, load
from tests import copies

DATA = Path(__file__).resolve().parents[2] / "data"


@pytest.fixture(scope="module")
def catalogue():
    """The records with constants that follow from them: a contributor's correction need not come with a refit."""
    stored = load(DATA)
    return store.refitted(stored) if store.due(stored) else stored


@pytest.fixture(scope="module")
def fits(catalogue):
    """Both models with their held-out errors, fitted once for this module."""
    return {model.name: (model, Scatter(model)) for model in store.models(catalogue)}


def chosen(model, belongs):
    return np.array([belongs(row) for row in model.rows])


@pytest.mark.parametrize(
    ("rows", "belongs"),
    [
        (400, lambda row: True),
        (370, lambda row: row.row.engine == "llama.cpp"),
        (380, lambda row: not row.rates.is_processor),
        (300, store.SELECTIONS["since-2024"]),
        (160, store.SELECTIONS["since-2025"]),
        (250, lambda row: row.row.engine == "llama.cpp" and store.SELECTIONS["since-2024"](row)),
    ],
)
def test_decode_of_unseen_devices(fits, rows, belongs):
    """Each device counting once: 7 % at the median, 21 % at the 90th percentile, or so, over all rows of a selection."""
    model, scatter = fits["decode"]
    accuracy = scatter.accuracy(chosen(model, belongs))
    assert accuracy.rows >= rows
    assert accuracy.median <= 0.072
    assert accuracy.ninetieth <= 0.21
    assert accuracy.covered >= 0.80
    assert scatter.inside[chosen(model, belongs)].mean() >= 0.80


BEFORE = date(2026, 11, 29)
"""Rows of sources read before that day: dense models at an empty cache."""


def test_decode_of_the_first_rows_did_not_get_worse(catalogue, fits):
    """The 422 rows that the guide was fitted to first: 4.7 % at the median, 15.9 % at the 90th percentile."""
    model, scatter = fits["decode"]
    accuracy = scatter.accuracy(
        chosen(model, lambda row: catalogue.sources[row.row.source].accessed < BEFORE and row.stack.program is None)
    )
    assert accuracy.rows >= 422
    assert accuracy.median <= 0.052
    assert accuracy.ninetieth <= 0.165


@pytest.mark.parametrize(
    ("kind", "name", "median", "ninetieth"),
    [
        ("decode", "class-dense", 0.06, 0.175),
        ("decode", "class-dense-deep", 0.11, 0.255),
        ("decode", "class-mixture", 0.082, 0.215),
        ("decode", "class-mixture-deep", 0.11, 0.38),
        ("decode", "class-hybrid", 0.09, 0.235),
        ("decode", "class-hybrid-deep", 0.085, 0.235),
        ("decode", "class-deep", 0.125, 0.25),
        ("decode", "class-vllm", 0.05, 0.135),
        ("decode", "class-mlx", 0.065, 0.10),
        ("prefill", "class-dense", 0.105, 0.42),
        ("prefill", "class-mixture", 0.135, 0.26),
        ("prefill", "class-hybrid", 0.13, 0.40),
        ("prefill", "class-mlx", 0.09, 0.24),
        ("decode", "class-processors", 0.065, 0.18),
        ("prefill", "class-processors", 0.145, 0.18),
        ("decode", "class-processors-ik", 0.095, 0.26),
        ("prefill", "class-processors-ik", 0.205, 0.81),
        ("prefill", "class-mixture-deep", 0.32, 0.49),
        ("prefill", "class-deep", 0.175, 0.33),
    ],
)
def test_each_class_of_models_on_unseen_devices(fits, kind, name, median, ninetieth):
    """Each device counting once, and nine tenths or so of what was measured inside the range."""
    model, scatter = fits[kind]
    accuracy = scatter.accuracy(chosen(model, store.CLASSES[name]))
    assert accuracy.median <= median
    assert accuracy.ninetieth <= ninetieth
    assert 0.80 <= accuracy.covered <= (0.96 if accuracy.devices < FEW else 0.945)


FEW = 4
"""Of so many devices one is a quarter and more: a range that holds for all of them is the rule."""


def test_the_range_is_no_wider_than_it_must_be(fits):
    """Of all rows, nine tenths or so lie inside: by device and one by one."""
    model, scatter = fits["decode"]
    every = chosen(model, lambda row: True)
    assert scatter.accuracy(every).covered <= 0.93
    assert scatter.inside.mean() <= 0.93


def test_decode_of_several_devices_unseen_at_once(catalogue, fits):
    """The constants do not lean on single devices: without every third device they predict those about as well."""
    model, _ = fits["decode"]
    devices = sorted(set(model.fit.devices))
    errors = []
    for start in range(3):
        left = devices[start::3]
        unseen = np.isin(model.fit.device_of, left)
        predicted = model.predict(model.fit.values(model.fit.solve(~unseen)))
        error = np.abs(model.fit.observed / predicted - 1)
        errors += [float(np.median(error[model.fit.device_of == device])) for device in left]
    assert np.median(errors) <= 0.08
    assert np.quantile(errors, 0.9) <= 0.25


@pytest.mark.parametrize("selection", ["geforce-30-to-50", "apple"])
def test_prefill_of_unseen_devices(fits, selection):
    """GeForce 30 to 50 and Apple: 12 % at the median."""
    model, scatter = fits["prefill"]
    accuracy = scatter.accuracy(chosen(model, store.SELECTIONS[selection]))
    assert accuracy.devices >= 15
    assert accuracy.median <= 0.12


def test_prefill_range_holds(fits):
    """Elsewhere the range is what is promised."""
    model, scatter = fits["prefill"]
    others = chosen(model, lambda row: not store.SELECTIONS["geforce-30-to-50"](row) and not store.SELECTIONS["apple"](row))
    assert scatter.accuracy(others).covered >= 0.80


def test_every_row_is_used_or_told(catalogue, fits):
    """Nothing is dropped silently: rows used and rows left out are all rows."""
    for name, (model, _) in fits.items():
        every = sum(row.kind == name for file in catalogue.measurements.values() for row in file.rows)
        assert len(model.rows) + sum(map(len, model.left_out.values())) == every
        assert all(model.left_out)


def test_only_flagged_foreign_or_unidentified_rows_are_left_out(fits):
    """A sound row of one known device stays in, however far off it is."""
    reasons = set(fits["decode"][0].left_out)
    assert reasons <= {
        "quality: noisy", "quality: anomalous", "quality: incomplete",
        "another engine", "several devices", "part of the layers on the host",
        "device without a record", "format without a record", "a build older than November 2023", "experts on the host",
        "runs that differ by more than a fifth", "several users",
    }  # fmt: skip


def test_efficiency_stays_below_the_ceiling(fits):
    """No family reads faster than its memory."""
    model, _ = fits["decode"]
    groups = model.constants(model.coefficients).groups
    assert all(0 < group.values["efficiency"] <= 1 and group.values["layer_time"] > 0 for group in groups.values())


def test_a_limit_of_power_is_taken_as_the_door_takes_it(fits):
    """An RX 7900 XTX at 340 of its 355 W: everything takes sqrt(355 / 340) times as long; others have all their power."""
    powers = {(row.file, row.device): row.power for row in fits["decode"][0].rows}
    assert powers["llama.cpp-pull-22254", "rx-7900-xtx"] == pytest.approx((355 / 340) ** 0.5)
    assert powers["llama.cpp-cuda-scoreboard", "rtx-3090"] == 1


def test_layers_start_slower_in_builds_before_an_engine_learnt_to(catalogue, fits):
    """vLLM 0.6.3 on an A100 is older than its engine record's day, 0.24 on an RTX 5090 is not; nobody's day is a recent build's."""
    old = {row.file for row in fits["decode"][0].rows if row.stack.slow_start}
    assert "qwen2.5-speed-benchmark" in old
    assert not old & {"club-3090-benchmarks", "dgx-spark-benchmarks", "llama.cpp-cuda-scoreboard"}
    assert catalogue.calibration["decode"].terms["vllm.slow_start"] > 1.2


def test_two_fits_are_alike(catalogue, fits):
    """The same data give the same constants, to the last bit."""
    first, again = fits["decode"][0], store.models(catalogue)[0]
    assert again.fingerprint == first.fingerprint
    assert (again.coefficients == first.coefficients).all()


def test_unchanged_data_ask_for_nothing(catalogue):
    """Constants that follow from the data are left alone."""
    assert store.due(catalogue) == []


def test_a_changed_row_asks_for_a_refit(fits, tmp_path):
    """A row that moved is told, with the constants that it would move; it is not an error."""
    copies.of_records(tmp_path)
    file = tmp_path / "data" / "measurements" / "llama.cpp-cuda-scoreboard.yaml"
    file.write_text(file.read_text("utf-8").replace("tokens_per_second: 290.02", "tokens_per_second: 275.02"), "utf-8")
    told = store.due(load(tmp_path / "data"))
    assert any("refit due" in line for line in told)
    assert any("bw-gf layer_time" in line for line in told)


def test_fit_finds_the_constants_that_made_the_rows():
    """Rows computed from known constants give them back; one wild row does not bend them."""
    bytes_read = np.array([1.0, 2.0, 4.0, 8.0, 1.0, 2.0, 4.0, 8.0])
    family = ["a"] * 4 + ["b"] * 4
    slope = np.where(np.array(family) == "a", 2.0, 3.0)
    observed = slope * bytes_read + 0.5
    observed[3] *= 3
    quantities = [levels("slope", [["all"] * 8, family], 1.0, (3.0, 3.0)), common("fixed", 1.0, 3.0, 8)]

    def predict(value):
        return value["slope"] * bytes_read + value["fixed"]

    fit = Fit(quantities, predict, observed, [f"device-{index}" for index in range(8)])
    values = fit.values(fit.solve(np.ones(8, bool)))
    assert values["slope"] == pytest.approx(slope, rel=0.02)
    assert values["fixed"] == pytest.approx(np.full(8, 0.5), rel=0.1)


def test_a_family_with_one_odd_device_stays_near_its_class():
    """Few rows do not carry a family away."""
    family = ["many"] * 20 + ["few"]
    observed = np.array([1.0] * 20 + [2.0])
    quantities = [levels("time", [["all"] * 21, family], 1.0, (3.0, 0.1))]
    fit = Fit(quantities, lambda value: value["time"], observed, [str(index) for index in range(21)])
    assert fit.values(fit.solve(np.ones(21, bool)))["time"][-1] < 1.3


def test_weighted_quantile():
    """Weights count, order of values does not."""
    assert weighted_quantile(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 8.0]), 0.5) == 2.0
    assert weighted_quantile(np.array([3.0, 1.0, 2.0]), np.array([8.0, 1.0, 1.0]), 0.5) == 3.0


def test_quantile_between_values():
    """Half of the weight of a value lies below it: of one value all quantiles are it, of four the ends lie where its middle is."""
    assert between_quantile(np.array([3.0]), np.array([2.0]), 0.95) == 3.0
    assert between_quantile(np.array([4.0, 1.0, 3.0, 2.0]), np.ones(4), 0.5) == 2.5
    assert between_quantile(np.array([1.0, 2.0]), np.array([1.0, 3.0]), 0.5) == pytest.approx(1.75)
    assert between_quantile(np.array([1.0, 2.0, 3.0, 4.0]), np.ones(4), 0.95) == 4.0


def test_prompts_read_token_by_token_leave_out_the_output_matrix(catalogue):
    """Of Llama 3.1 8B in Q4_0 it is the 128,256 x 4,096 values of 6.5625 bits that a token reads besides."""
    row = next(row for row in catalogue.measurements["llama.cpp-pull-15802"].rows if row.kind == "decode")
    whole = row_work(row.model_copy(update={"without_output": False}), catalogue)
    output = 128_256 * 4096
    assert whole.dense_bytes - row_work(row, catalogue).dense_bytes == pytest.approx(output * 6.5625 / 8, rel=1e-3)
    assert row_work(row, catalogue).output_parameters == 0
    assert whole.output_parameters >= output


def test_door_and_fit_compute_the_same(catalogue, fits):
    """What `estimate` answers is what was fitted: the same formula with the stored constants."""
    from macros.estimate.answering import speeds

    model, _ = fits["decode"]
    predicted = 1 / model.predict(model.fit.values(model.coefficients))
    for index, row in enumerate(model.rows):
        as_preset = row.row.file_bytes is None and row.row.dense_quant is None and row.stack.program is None
        if (
            row.row.gpus
            and row.stack.engine == "llama.cpp"
            and row.row.quant in ("q4_0", "q4_k_m", "q8_0", "mxfp4_moe")
            and row.index % 5 == 0
            and as_preset
            and not row.row.without_output
        ):
            found = speeds(as_question(row, depth=round(row.depth)), catalogue)
            assert found["decode"]["tokens_per_second"] == pytest.approx(predicted[index], rel=2e-3), row


def as_question(row, **more):
    """A measured row of a card as somebody would ask for it."""
    question = {
        "model": row.row.model, "quant": row.row.quant, "gpus": row.row.gpus, "gpu_layers": 999, "context": 1 << 18,
        "flash_attention": row.flash_attention, "kv_type": row.row.kv_type if row.flash_attention else None,
        "power_limit_w": row.row.power_limit_w, "backend": row.row.backend,
        "built": row.row.built.isoformat() if row.row.built else None, **more,
    }  # fmt: skip
    return {key: value for key, value in question.items() if value is not None}


def test_door_and_fit_read_prompts_alike(catalogue, fits):
    """The same for prompts: depth, micro-batch, mixtures, recurrent layers."""
    from macros.estimate.answering import speeds

    model, _ = fits["prefill"]
    # The fit takes the time of passes from decode's constants without the row's device; the door has those of all devices, and so has this.
    decode = dataclasses.replace(fits["decode"][0])
    decode.__dict__["by_device"] = {}
    predicted = 1 / prefill_model(catalogue, decode).predict(model.fit.values(model.coefficients))
    asked = 0
    for index, row in enumerate(model.rows):
        as_preset = row.row.file_bytes is None and row.row.dense_quant is None and row.stack.program is None
        if row.row.gpus and row.stack.engine == "llama.cpp" and as_preset and row.index % 5 == 0:
            question = as_question(row, depth=row.row.depth, prompt_tokens=row.prompt_tokens, ubatch=row.ubatch)
            found = speeds(question, catalogue)
            assert found["prefill"]["tokens_per_second"] == pytest.approx(predicted[index], rel=2e-3), row
            asked += 1
    assert asked > 10


def test_stored_ranges_and_held_out_rows(catalogue):
    """The range lies about 1, and each compared row has its prediction."""
    for calibration in (catalogue.calibration[name] for name in ("decode", "prefill")):
        assert calibration.low < 0 < calibration.high
        assert all(spread.devices > 0 and spread.squares >= 0 for spread in calibration.spreads.values())
        compared = sum(value is not None for values in calibration.held_out.values() for value in values)
        assert compared == calibration.rows
        assert calibration.as_of <= date.today()
        assert fitted_of(calibration).groups["all"].devices > 80


def test_a_changed_row_of_several_cards_asks_for_a_refit(catalogue):
    """The time of an exchange follows from rows that no single device has."""
    file = catalogue.measurements["vllm-reports"]
    rows = [row.model_copy(update={"tokens_per_second": row.tokens_per_second * 1.2}) for row in file.rows]
    measurements = {**catalogue.measurements, "vllm-reports": file.model_copy(update={"rows": rows})}
    assert store.due(Catalogue({**catalogue.records, "measurements": measurements}, catalogue.files))


def test_families_without_rows_are_told_with_their_class(catalogue, fits):
    """A family that nobody measured takes its class's constants, and the fit says which."""
    told = list(store.fallen_back(fits["decode"][0], catalogue))
    assert any("gcn4" in line and line.endswith("constants of amd-gddr") for line in told)
    assert any("cpu-arm" in line and line.endswith("constants of all") for line in told)
    assert not any("ada-gf" in line for line in told)


@pytest.mark.parametrize("kind", ["decode", "prefill"])
def test_a_class_with_few_devices_leans_on_the_ends_of_all(fits, kind):
    """Ends of the range, in typical errors: of four devices they stand alone, of fewer they lie between their own and those of all."""
    _, scatter = fits[kind]
    for name, found in scatter.ends.items():
        mine = np.array([name in row.alike for row in scatter.model.rows])
        devices, place, count = np.unique(scatter.devices[mine], return_inverse=True, return_counts=True)
        assert found[0] < 0 < found[1]
        for end, share, of_all in zip(found[:2], RANGE[kind], scatter.all_ends, strict=True):
            own = between_quantile(scatter.standard[mine], 1 / count[place], share)
            if len(devices) < 4 and abs(end) > LEAST_END:
                assert min(own, of_all) <= end <= max(own, of_all), name
                assert abs(end - of_all) >= 0.49 * abs(own - of_all), name


def test_serving_on_devices_that_the_constants_never_saw(catalogue):
    """What further conversations cost is not negative and leaves no lean; tokens of all users a second: 18 %, each device counting once."""
    terms = catalogue.calibration["serving"].terms
    assert terms
    assert all(value >= 0 for value in terms.values())
    rows = compared(catalogue)[0]
    assert abs(np.median([row.error for row in rows if row.of == "serving-per-stream"])) < 0.03
    assert accuracy([row for row in rows if row.of == "serving-total"]).median <= 0.18
