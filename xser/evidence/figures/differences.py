"""UARs and differences of UARs on one target or averaged over targets, with paired intervals.

A difference is paired: both systems are scored on the same resample, so what makes an utterance hard for both cancels.
An average over tasks draws the test set of each target independently of the others', and the same one for tasks with
one target.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xser.evidence.figures.intervals import interval
from xser.evidence.figures.pooled import Outcomes, Part, Pooled
from xser.evidence.figures.scores import bootstraps

TIE_DECIMALS = 9  # of a point: two systems that are right equally often differ by nothing, not by a rounding error


@dataclass(frozen=True, eq=False)
class Figure:
    """A figure in %, or a difference in points.

    Attributes
    ----------
    by_seed
        The figure of each seed (seeds,); None where seeds do not correspond (a difference between two systems).
    value
        Mean over seeds.
    over_utterances, over_speakers
        Bootstrap draws of `value` (resamples,).
    """

    by_seed: np.ndarray | None
    value: float
    over_utterances: np.ndarray
    over_speakers: np.ndarray

    @property
    def sd(self) -> float:
        """Standard deviation over seeds; NaN with a single seed."""
        return float(self.by_seed.std(ddof=1)) if self.by_seed is not None and len(self.by_seed) > 1 else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval over utterances."""
        return interval(self.over_utterances)

    @property
    def speakers_interval(self) -> tuple[float, float]:
        """95 % interval over speakers; NaN where speakers are unknown."""
        return interval(self.over_speakers)


def uar_figure(pooled: Pooled, part: Part) -> Figure:
    """UAR of one system on ``whole`` or ``test``, in %."""
    outcomes = pooled.outcomes(part)
    by_seed = 100 * _uar_of_seeds(outcomes)
    over_utterances, over_speakers = bootstraps(pooled, part)
    return Figure(by_seed, float(by_seed.mean()), 100 * over_utterances, 100 * over_speakers)


def difference_figure(better: Figure, worse: Figure) -> Figure:
    """UAR of one system less that of another, in points, both scored on the same resamples.

    Both are from `uar_figure`, on one part, of systems of one setting: `xser.evidence.figures.pooled.pool_runs` has
    checked that they have the same utterances.
    """
    pairs = [(getattr(better, name), getattr(worse, name)) for name in ("value", "over_utterances", "over_speakers")]
    value, *draws = (np.round(one - other, TIE_DECIMALS) for one, other in pairs)
    return Figure(None, float(value), *draws)


def mean_figure(figures: Sequence[Figure]) -> Figure:
    """Average figures of several tasks.

    Seeds are averaged seed by seed; where the numbers of seeds differ, their scatter is not known.
    """
    each = [figure.by_seed for figure in figures if figure.by_seed is not None]
    correspond = len(each) == len(figures) and len(set(map(len, each))) == 1
    by_seed = np.mean(each, axis=0) if correspond else None
    return Figure(
        by_seed,
        float(np.mean([figure.value for figure in figures])),
        np.mean([figure.over_utterances for figure in figures], axis=0),
        np.mean([figure.over_speakers for figure in figures], axis=0),
    )


def _uar_of_seeds(outcomes: Outcomes) -> np.ndarray:
    """UAR of each seed (seeds,), a fraction of 1: mean over the emotions that occur of the share of hits."""
    reference = outcomes.reference
    hits = outcomes.predicted == reference[:, None]
    return np.mean([hits[reference == emotion].mean(axis=0) for emotion in np.unique(reference)], axis=0)
