"""p-values of differences between two systems, from the paired bootstrap, and Holm's correction over several of them.

Definition: with B resamples d*_1 .. d*_B of a difference in UAR (both systems scored on the same resample), the
two-sided p-value of "no difference" is

    p = min(1, 2 (1 + min(#{d* <= 0}, #{d* >= 0})) / (B + 1)),

the level at which the percentile interval begins to hold zero; the added ones keep it above zero (as in Davison and
Hinkley 1997, chapter 4). So p and interval tell the same story: below 0.05 where the 95 % interval leaves out zero.
Resamples without any difference count on both sides. The smallest p of 2000 resamples is 0.001.

How often p < 0.05 where two systems are equally good, simulated (four emotions, the rarest a tenth, recalls from 0.9 to
0.3; 2000 data sets each, so give or take 1 in 100): 6 to 8 in 100 with 38 or 42 utterances, 6 to 7 with 80, 5 to 6 with
150, 4 to 6 with 400, alike for one seed and five. Over speakers (each recognised by a share of its own by each
system, standard deviation 0.2, 20 utterances each): 4.5 with 91 speakers, 7 with 24, 9 with 10, 13 with 5; there,
p-values over utterances are below 0.05 in a third of all cases, for what they ask is another question.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def p_value(draws: npt.ArrayLike) -> float:
    """Two-sided p-value of a difference from its bootstrap draws.

    Parameters
    ----------
    draws
        Differences, paired (resamples,).

    Returns
    -------
    float
        NaN when a draw is NaN.

    Examples
    --------
    >>> p_value([1.0] * 999), p_value([0.0] * 999), p_value([-1.0, *[1.0] * 998])
    (0.002, 1.0, 0.004)
    """
    differences = np.asarray(draws, dtype=float)
    if np.isnan(differences).any():
        return float("nan")
    smaller = min((differences <= 0).sum(), (differences >= 0).sum())
    return float(min(1.0, 2 * (1 + smaller) / (len(differences) + 1)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for their number by Holm's step-down method.

    The i-th smallest of m is multiplied by m - i + 1, and none becomes smaller than one before it. Of the m, the chance
    that any is below 0.05 afterwards by chance alone is at most 0.05, however they depend on one another.

    Parameters
    ----------
    p_values
        NaN where there is none: not counted.

    Returns
    -------
    list of float
        In the order given; NaN where there was none.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    given = np.asarray(p_values, dtype=float)
    order = np.argsort(given, kind="stable")  # NaN last
    tests = int((~np.isnan(given)).sum())
    corrected = np.full(len(given), np.nan)
    largest = 0.0
    for rank, at in enumerate(order[:tests]):
        largest = max(largest, min(1.0, (tests - rank) * float(given[at])))
        corrected[at] = largest
    return corrected.tolist()
