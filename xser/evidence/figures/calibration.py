"""How far a model's confidence can be believed: calibration error, risk by coverage, what rejecting leaves.

The confidence of an answer is the probability of the most probable emotion, after a temperature that was fitted on the
validation parts of the sources. The target is only ever measured, never fitted on.

A fit on some languages says little of another: each language in turn is left out and measured. Even so these figures
are optimistic for a language that was never heard: the temperature had not seen the one left out, the network had.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from xser.core.run_records import Calibration, HeldOutLanguage, TrainedRecord
from xser.core.temperature import fit_temperature, negative_log_likelihood, tempered
from xser.evidence.figures.predictions import SCORE, VALIDATION, read_predictions

BINS = 15  # of equal width, as in Guo et al. 2017


class Told(NamedTuple):
    """Predictions as arrays.

    Attributes
    ----------
    log_probabilities
        (utterances, emotions).
    reference
        Position of each utterance's emotion (utterances,).
    languages
        (utterances,).
    """

    log_probabilities: np.ndarray
    reference: np.ndarray
    languages: np.ndarray


def told_by(predictions: pd.DataFrame) -> Told:
    """Predictions of `xser.evidence.figures.predictions.read_predictions` as arrays."""
    columns = [column for column in predictions.columns if column.startswith(SCORE)]
    emotions = pd.Index([column[len(SCORE) :] for column in columns])
    with np.errstate(divide="ignore"):  # a score of 0
        logs = np.log(predictions[columns].to_numpy(dtype=float))
    return Told(logs, emotions.get_indexer(predictions["emotion"]), predictions["language"].to_numpy(dtype=str))


def confidences(told: Told, temperature: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """The confidence of each answer, and whether it is right (utterances,)."""
    logs = tempered(told.log_probabilities, temperature)
    return np.exp(logs.max(axis=1)), told.log_probabilities.argmax(axis=1) == told.reference


def calibrate(told: Told) -> Calibration:
    """Fit the temperature, and measure it on each language when that one is left out."""
    held_out = {}
    there = np.unique(told.languages)
    for language in there if len(there) > 1 else ():
        out = told.languages == language
        held_out[str(language)] = _held_out(_some(told, out), fit_temperature(*_some(told, ~out)))
    return Calibration(temperature=fit_temperature(*told), held_out=held_out)


def calibration_of(folder: Path, record: TrainedRecord) -> Calibration | None:
    """The calibration of a run: as it was recorded or, of an older run, fitted on what it kept; None where it kept
    nothing.

    Raises
    ------
    XserError
        When the predictions on the validation parts are damaged.
    """
    if record.calibration is not None or not (folder / VALIDATION).is_file():
        return record.calibration
    return calibrate(told_by(read_predictions(folder / VALIDATION, record.emotions)))


def _some(told: Told, chosen: np.ndarray) -> Told:
    return Told(*(each[chosen] for each in told))


def _held_out(told: Told, temperature: float) -> HeldOutLanguage:
    return HeldOutLanguage(
        nll_before=negative_log_likelihood(*told),
        nll_after=negative_log_likelihood(*told, temperature),
        ece_before=calibration_error(*confidences(told)),
        ece_after=calibration_error(*confidences(told, temperature)),
    )


def calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error (Guo et al., On Calibration of Modern Neural Networks, ICML 2017).

    Answers are sorted into `BINS` bins of equal width by their confidence. Within a bin the share of right answers is
    compared with the mean confidence; the differences are averaged, a bin weighing as many answers as it holds.

    Returns
    -------
    float
        As a fraction of 1. With few answers it is too high: a bin of three answers is off by chance alone.

    Examples
    --------
    >>> calibration_error(np.array([0.75, 0.75, 0.75, 0.75]), np.array([True, True, True, False]))
    0.0
    >>> round(calibration_error(np.array([0.9, 0.9]), np.array([True, False])), 6)
    0.4
    """
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.bincount(place, right - confidence, minlength=BINS)
    return float(np.abs(gaps).sum() / len(confidence))


class RiskCoverage(NamedTuple):
    """Risk by coverage.

    Attributes
    ----------
    coverage
        Share of the recordings that get an answer, ascending to 1 (thresholds,).
    risk
        Share of these answers that are wrong (thresholds,).
    """

    coverage: np.ndarray
    risk: np.ndarray

    @property
    def area(self) -> float:
        """Mean risk over all coverages: the lower the better; chance has the risk of coverage 1."""
        return float(np.sum(self.risk * np.diff(self.coverage, prepend=0.0)))


def risk_coverage(confidence: np.ndarray, right: np.ndarray) -> RiskCoverage:
    """What share of answers is wrong when only the surest are given (El-Yaniv and Wiener, On the Foundations of
    Noise-free Selective Classification, JMLR 11, 2010).

    Answers with one confidence are given together.

    Examples
    --------
    >>> curve = risk_coverage(np.array([0.9, 0.8, 0.8, 0.5]), np.array([True, True, False, False]))
    >>> curve.coverage.tolist(), curve.risk.round(3).tolist()
    ([0.25, 0.75, 1.0], [0.0, 0.333, 0.5])
    """
    order = np.argsort(-confidence, kind="stable")
    given = np.arange(1, len(order) + 1)
    risk = np.cumsum(~right[order]) / given
    last = np.append(np.diff(confidence[order]) != 0, True)
    return RiskCoverage(given[last] / len(order), risk[last])


class Rejection(NamedTuple):
    """What a threshold does.

    Attributes
    ----------
    threshold
        As in ``--reject-below``.
    rejected
        Share of the recordings whose answer is "unknown".
    uar
        Mean recall among the others, over the emotions that occur there; NaN when there is none.
    classes
        How many emotions occur there.
    """

    threshold: float
    rejected: float
    uar: float
    classes: int


def rejections(
    confidence: np.ndarray, right: np.ndarray, reference: np.ndarray, thresholds: Sequence[float]
) -> list[Rejection]:
    """What thresholds reject, and the UAR that is left.

    Examples
    --------
    >>> confidence, right = np.array([0.9, 0.8, 0.6, 0.4]), np.array([True, True, False, True])
    >>> rejections(confidence, right, np.array([0, 1, 1, 0]), [0.7])
    [Rejection(threshold=0.7, rejected=0.5, uar=1.0, classes=2)]
    """
    found = []
    for threshold in thresholds:
        kept = confidence >= threshold
        recalls = [right[kept & (reference == each)].mean() for each in np.unique(reference[kept])]
        uar = float(np.mean(recalls)) if recalls else float("nan")
        found.append(Rejection(threshold, float(1 - kept.mean()), uar, len(recalls)))
    return found
