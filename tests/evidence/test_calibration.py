"""A temperature is fitted on the sources; what it is worth is measured on what it was not fitted on."""

import numpy as np
import pytest

from tests.support.made_runs import make_rows, make_run, predict
from xser.core.run_records import Calibration
from xser.core.temperature import BOUNDS, fit_temperature, negative_log_likelihood
from xser.evidence.figures.calibration import (
    Told,
    calibrate,
    calibration_error,
    calibration_of,
    confidences,
    rejections,
    risk_coverage,
    told_by,
)
from xser.evidence.figures.pooled import pool_runs
from xser.evidence.figures.predictions import VALIDATION, read_predictions, read_run, write_predictions
from xser.evidence.figures.scores import score_table
from xser.evidence.pages.confidence import confidence_table, risk_curve


def drawn(temperature, utterances=4000, languages=("deu", "urd"), seed=0):
    """Predictions whose references are drawn from their own probabilities after `temperature`."""
    rng = np.random.default_rng(seed)
    logits = 3 * rng.normal(size=(utterances, 4))
    logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
    flatter = np.exp(logits / temperature)
    chances = flatter / flatter.sum(axis=1, keepdims=True)
    reference = (rng.random((utterances, 1)) > chances.cumsum(axis=1)).sum(axis=1)
    return Told(logits, reference, np.resize(languages, utterances))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_is_found_and_makes_confidence_true(temperature):
    told = drawn(temperature)
    found = calibrate(told)
    assert found.temperature == pytest.approx(temperature, rel=0.1)
    assert calibration_error(*confidences(told, found.temperature)) < 0.03
    for language in found.held_out.values():
        assert language.nll_after <= language.nll_before + 0.001
        assert language.ece_after < 0.04


def test_a_temperature_changes_no_answer():
    told = drawn(3.0)
    assert (confidences(told)[1] == confidences(told, 0.3)[1]).all()


def test_every_language_weighs_the_same_however_many_utterances_it_has():
    many, few = drawn(4.0, 4000, ("deu",)), drawn(1.0, 40, ("urd",), seed=1)
    both = Told(*(np.concatenate(pair) for pair in zip(many, few, strict=True)))
    repeated = Told(*(np.concatenate([one, *[other] * 100]) for one, other in zip(many, few, strict=True)))
    assert fit_temperature(*both) == pytest.approx(fit_temperature(*repeated), rel=1e-4)
    mean = (negative_log_likelihood(*many) + negative_log_likelihood(*few)) / 2
    assert negative_log_likelihood(*both) == pytest.approx(mean)


def test_a_language_is_measured_by_the_others():
    odd = drawn(5.0, languages=("urd",))
    usual = drawn(1.0, languages=("deu",), seed=1)
    both = Told(*(np.concatenate(pair) for pair in zip(odd, usual, strict=True)))
    held_out = calibrate(both).held_out["urd"]
    assert held_out.ece_before == calibration_error(*confidences(odd))
    assert held_out.ece_after == calibration_error(*confidences(odd, fit_temperature(*usual)))
    assert calibrate(odd).held_out == {}


def test_predictions_that_are_all_right_or_hold_a_zero_have_a_temperature():
    told = Told(np.log([[1.0, 1e-20], [1e-20, 1.0]]), np.array([0, 1]), np.array(["deu", "deu"]))
    assert fit_temperature(*told) == 1
    with np.errstate(divide="ignore"):
        zero = Told(np.log([[1.0, 0.0], [0.0, 1.0]]), np.array([1, 1]), np.array(["deu", "deu"]))
    assert np.isfinite(negative_log_likelihood(*zero)) and 1 < fit_temperature(*zero) <= BOUNDS[1]


def test_calibration_error_by_hand():
    confidence = np.array([0.65, 0.66, 0.95, 0.95])  # the first two share a bin of fifteen
    right = np.array([True, False, True, False])
    assert calibration_error(confidence, right) == pytest.approx((abs(1 - 1.31) + abs(1 - 1.9)) / 4)
    assert calibration_error(np.array([1.0]), np.array([True])) == 0


def test_risk_by_coverage_does_not_depend_on_the_order_of_ties():
    confidence, right = np.array([0.9, 0.5, 0.5, 0.5]), np.array([True, False, True, True])
    one, other = risk_coverage(confidence, right), risk_coverage(confidence[::-1], right[::-1])
    assert one.risk.tolist() == other.risk.tolist() == [0.0, 0.25]
    assert one.area == pytest.approx(0.75 * 0.25)


def test_nothing_left_has_no_uar():
    rejection = rejections(np.array([0.5]), np.array([True]), np.array([0]), [0.9])[0]
    assert (rejection.rejected, rejection.classes) == (1.0, 0) and np.isnan(rejection.uar)


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path, "proposed", accuracy=0.6)


def test_an_older_run_is_fitted_on_what_it_kept(run):
    record = read_run(run).info
    assert calibration_of(run, record) is None
    kept = predict(np.random.default_rng(0), make_rows(corpus="beta", language="fra"), 0.7)
    write_predictions(run / VALIDATION, kept)
    assert calibration_of(run, record) == calibrate(told_by(read_predictions(run / VALIDATION)))
    told = Calibration(temperature=7.0)
    assert calibration_of(run, record.model_copy(update={"calibration": told})) == told


def test_scores_tell_calibration_error_before_and_after(run):
    predictions = read_run(run).predictions
    before = 100 * calibration_error(*confidences(told_by(predictions)))
    row = score_table(pool_runs([read_run(run)])).set_index("evaluated_on").loc["whole"]
    assert row["ece"] == pytest.approx(before) and np.isnan(row["ece_calibrated"])
    write_predictions(run / VALIDATION, predict(np.random.default_rng(0), make_rows(corpus="beta"), 0.9))
    after = 100 * calibration_error(
        *confidences(told_by(predictions), calibration_of(run, read_run(run).info).temperature)
    )
    row = score_table(pool_runs([read_run(run)])).set_index("evaluated_on").loc["whole"]
    assert (row["ece"], row["ece_calibrated"]) == (pytest.approx(before), pytest.approx(after))


def test_the_table_and_the_curve_tell_what_rejecting_leaves(run, tmp_path):
    make_run(tmp_path, "proposed", accuracy=0.6, seed=1)
    systems = pool_runs([read_run(folder) for folder in run.parent.iterdir()])
    table = confidence_table(systems)
    row = dict(zip(table.header, table.cells[0], strict=True))
    outcomes = systems[0].outcomes("whole")
    below = 100 * (outcomes.confidence < 0.5).mean()
    assert row["below 0.5"].text == f"{below:.1f} %" and row["after"].text == "–"
    wrong = 100 * (outcomes.predicted != outcomes.reference[:, None]).mean()
    curve = risk_curve(systems[0])
    assert curve.caption.startswith("whole target: ") and curve.caption.endswith(f"{wrong:.0f} % of all.")
    assert curve.path.count("L") == 99
