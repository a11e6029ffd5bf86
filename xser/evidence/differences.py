"""UARs and differences of UARs on one target or averaged over targets, with paired intervals.

A difference is paired: both systems are scored on the same resample, so what makes an utterance hard for both cancels.
An average over targets draws each target's test set independently of the others'.
"""

import dataclasses

import numpy as np

from xser.evidence.intervals import interval
from xser.evidence.tables import bootstraps


@dataclasses.dataclass(frozen=True, eq=False)
class Figure:
    """A figure in %, or a difference in points.

    Attributes
    ----------
    by_seed : numpy.ndarray (seeds,) or None
        The figure of each seed; None where seeds do not correspond (a difference between two systems).
    value : float
        Mean over seeds.
    over_utterances, over_speakers : numpy.ndarray (resamples,)
        Bootstrap draws of `value`.
    """

    by_seed: np.ndarray | None
    value: float
    over_utterances: np.ndarray
    over_speakers: np.ndarray

    @property
    def sd(self):
        """Standard deviation over seeds; NaN with a single seed."""
        return float(self.by_seed.std(ddof=1)) if self.by_seed is not None and len(self.by_seed) > 1 else float("nan")

    @property
    def interval(self):
        """95 % interval over utterances."""
        return interval(self.over_utterances)

    @property
    def speakers_interval(self):
        """95 % interval over speakers; NaN where speakers are unknown."""
        return interval(self.over_speakers)


def uar_figure(pooled, part):
    """UAR of one system on ``whole`` or ``test``, in %."""
    outcomes = pooled.outcomes(part)
    by_seed = 100 * _uar_of_seeds(outcomes)
    over_utterances, over_speakers = bootstraps(pooled, part, outcomes.hits)
    return Figure(by_seed, float(by_seed.mean()), 100 * over_utterances[:, 0], 100 * over_speakers[:, 0])


def difference_figure(better, worse, part):
    """UAR of `better` less that of `worse`, in points, both scored on the same resamples.

    Parameters
    ----------
    better, worse : Pooled
        Of one setting, so that `xser.evidence.pooled.pool_runs` has checked that they have the same utterances.
    part : str

    Returns
    -------
    Figure
    """
    outcomes = [system.outcomes(part) for system in (better, worse)]
    value = 100 * float(_uar_of_seeds(outcomes[0]).mean() - _uar_of_seeds(outcomes[1]).mean())
    draws = bootstraps(better, part, np.column_stack([one.hits for one in outcomes]))
    over_utterances, over_speakers = (100 * (pair[:, 0] - pair[:, 1]) for pair in draws)
    return Figure(None, value, over_utterances, over_speakers)


def mean_figure(figures):
    """Average figures of several targets.

    Seeds are averaged seed by seed; where the numbers of seeds differ, nothing is said about their scatter.
    """
    seeds = {len(figure.by_seed) if figure.by_seed is not None else 0 for figure in figures}
    by_seed = np.mean([figure.by_seed for figure in figures], axis=0) if len(seeds) == 1 and 0 not in seeds else None
    return Figure(
        by_seed,
        float(np.mean([figure.value for figure in figures])),
        np.mean([figure.over_utterances for figure in figures], axis=0),
        np.mean([figure.over_speakers for figure in figures], axis=0),
    )


def _uar_of_seeds(outcomes):
    """UAR of each seed (seeds,), a fraction of 1: mean over the emotions that occur of the share of hits."""
    reference = outcomes.reference
    hits = outcomes.predicted == reference[:, None]
    return np.mean([hits[reference == emotion].mean(axis=0) for emotion in np.unique(reference)], axis=0)
