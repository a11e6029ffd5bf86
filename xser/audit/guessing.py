"""How well an emotion can be guessed from one thing alone: a leave-one-out guess and its permutation test.

What is known of an utterance is a *cell*: its speaker, its text, or the place of its duration among all durations. The
guess for an utterance is made from all others, as the emotion j with the largest c_j / n_j, where c_j counts the other
utterances of emotion j in the same cell (or near it, see `places`), and n_j all utterances of emotion j. Dividing by
n_j makes it the guess that is best for UAR, whatever the class sizes. Emotions that are level share the hit, so that a
speaker who is heard once is a blind guess, and nothing is drawn at random. Level are all emotions in the cell whose
rate is not more than a standard error below another's (the rule of one standard error of Breiman et al. 1984): a
difference that one utterance makes is no knowledge.

Leave-one-out is chosen over ten folds because it depends on no draw and uses all that is known (a speaker with two
utterances is known by one of them), and over guessing within the sample because that is above chance where nothing is
to be known (32 % instead of 25 % from the ten speakers of a corpus of 339 utterances, who all speak everything). It has
two traps. The class sizes n_j are taken as known, the utterance included: one less for its own emotion would give the
emotion away wherever others are level. And in a balanced design, where everybody reads every text in every emotion,
an utterance left out makes its own emotion the rarest by one: the plain guess is wrong every time and blind to
what else is there, such as one emotion with silence in front and none in all others. That is what the standard error is
for; it also finds weak relations more often (a spread of 2.2 in one of eight emotions and 1 in the others, 1400
utterances: in 25 of 25 corpora instead of 16). Cells of one utterance of each emotion stay worse than blind.

The test shuffles the emotions over the utterances: p = (1 + #{shuffled UAR >= UAR}) / (1 + permutations). It asks
whether the thing tells the emotion in this corpus, not why: where every speaker has a level and an emotion of their
own, the level tells the emotion by way of the speaker, and a model can use it all the same.

All utterances in a cell with the same emotion have the same guess, so that the UAR of a shuffle needs only a table of
counts: 200 shuffles of 1500 utterances take a tenth of a second.
"""

from typing import NamedTuple

import numpy as np

WINDOW = 1 / 10  # half the width of the window around a number, as a share of all utterances
AT_ONCE = 500_000  # counts worked on together: memory stays below 100 MB


class Guess(NamedTuple):
    """What guessing came to.

    Attributes
    ----------
    uar : float
        Of the leave-one-out guess, as a fraction of 1.
    shuffled : float
        Mean UAR over shuffled emotions.
    low, high : float
        Between them are 95 % of the shuffles.
    p : float
        Share of shuffles that are at least as good, the real one counted: never 0.
    """

    uar: float
    shuffled: float
    low: float
    high: float
    p: float


def guess_from_cells(cells, emotions, permutations, seed=0, near=None):
    """Guess emotions from cells, and from cells with shuffled emotions.

    Parameters
    ----------
    cells : array of int (utterances,)
        0 .. cells - 1.
    emotions : array of int (utterances,)
        0 .. emotions - 1; each occurs.
    permutations : int
    seed : int
        Of the shuffles. The order of the utterances has no influence.
    near : array of int (cells, cells), optional
        How much an utterance in one cell counts in another; without it, only the same cell counts.

    Returns
    -------
    Guess

    Examples
    --------
    >>> import numpy as np
    >>> result = guess_from_cells(np.repeat([0, 1], 20), np.repeat([0, 1], 20), permutations=199)
    >>> result.uar, result.p
    (1.0, 0.005)
    """
    shape = (int(np.max(cells)) + 1 if near is None else len(near), int(np.max(emotions)) + 1)
    shuffled = [leave_one_out(some, near) for some in _shuffled_tables(cells, emotions, shape, permutations, seed)]
    real = leave_one_out(_table(np.asarray(cells), np.asarray(emotions), shape)[None], near)[0]
    return compare(real, np.concatenate(shuffled))


def mutual_information(cells, emotions, permutations, seed=0):
    """Mutual information of cell and emotion, as a share of the emotion's entropy.

    Parameters
    ----------
    cells, emotions, permutations, seed
        As for `guess_from_cells`; at least two emotions.

    Returns
    -------
    real, shuffled : float
        I(C; E) / H(E), from 0 to 1, and its mean over shuffled emotions.

    Examples
    --------
    >>> mutual_information([0, 0, 1, 1], [0, 0, 1, 1], permutations=199)[0]
    1.0
    """
    shape = (int(np.max(cells)) + 1, int(np.max(emotions)) + 1)
    shuffled = [_information(some) for some in _shuffled_tables(cells, emotions, shape, permutations, seed)]
    real = _information(_table(np.asarray(cells), np.asarray(emotions), shape)[None])[0]
    return float(real), float(np.concatenate(shuffled).mean())


def _information(tables):
    """I(C; E) / H(E) of tables (tables, cells, emotions), as H(C) + H(E) - H(C, E) over H(E)."""
    cells, emotions = _entropy(tables.sum(axis=2)), _entropy(tables.sum(axis=1))
    return (cells + emotions - _entropy(tables.reshape(len(tables), -1))) / emotions


def _entropy(counts):
    shares = counts / counts.sum(axis=1, keepdims=True)
    return -(shares * np.log(np.where(shares > 0, shares, 1.0))).sum(axis=1)


def compare(real, shuffled):
    """Compare a UAR with those of shuffled emotions.

    Examples
    --------
    >>> compare(0.5, [0.2, 0.25, 0.5]).p
    0.5
    """
    shuffled = np.asarray(shuffled, dtype=float)
    p = (1 + int((shuffled >= real - 1e-12).sum())) / (1 + len(shuffled))
    low, high = np.percentile(shuffled, [2.5, 97.5])
    return Guess(float(real), float(shuffled.mean()), float(low), float(high), p)


def leave_one_out(tables, near=None):
    """UAR of the leave-one-out guess from tables of counts.

    Parameters
    ----------
    tables : array of int (tables, cells, emotions)
        Utterances of each emotion in each cell; each emotion occurs twice or more in a table.
    near : array of int (cells, cells), optional
        As for `guess_from_cells`.

    Returns
    -------
    numpy.ndarray of float (tables,)
        As fractions of 1.

    Examples
    --------
    Two speakers of one emotion each, and two who speak everything alike:

    >>> leave_one_out([[[3, 0], [0, 3]], [[4, 4], [4, 4]]]).tolist()
    [1.0, 0.5]
    """
    tables = np.asarray(tables)
    utterances = tables.sum(axis=1, keepdims=True)  # (tables, 1, emotions)
    itself = 1 if near is None else np.diag(near)[None, :, None]
    sums, squares = tables, tables
    if near is not None:
        weights = near.astype(float)  # whole numbers still, so exact; products of floats are many times quicker
        sums, squares = weights @ tables, weights**2 @ tables
    rates, lows = _rates(sums, squares, utterances, itself)
    own_rates, own_lows = _rates(sums - itself, squares - itself**2, utterances, itself)  # without one of that emotion
    recalls = np.empty((len(tables), tables.shape[2]))
    for emotion in range(tables.shape[2]):
        own = own_rates[:, :, emotion]
        others = np.delete(rates, emotion, axis=2)
        best = np.maximum(own, others.max(axis=2))
        low = np.maximum(own_lows[:, :, emotion], np.delete(lows, emotion, axis=2).max(axis=2))
        least = np.where(best > 0, np.maximum(low, 1e-12), 0.0)  # an emotion that is not there is no candidate
        hits = (own >= least) / np.maximum(1, (own >= least) + (others >= least[:, :, None]).sum(axis=2))
        recalls[:, emotion] = (tables[:, :, emotion] * hits).sum(axis=1) / utterances[:, 0, emotion]
    return recalls.mean(axis=1)


def _rates(sums, squares, utterances, itself):
    """Rates of each emotion around a cell, and these less a standard error, which one utterance makes at least."""
    rates = np.maximum(sums, 0) / utterances
    variance = np.maximum(squares / utterances - rates**2, itself**2 / utterances) / utterances
    return rates, rates - np.sqrt(variance) - 1e-12


def places(values, most=128):
    """Put numbers into cells by their rank, with weights for what is near.

    Ranks make the guess blind to the unit and to outliers; equal numbers share a cell, however many they are. Weights
    fall linearly to zero over a window, so that the guess follows any relation, also one that is not monotone, such as
    one emotion with both the shortest and the longest recordings.

    Parameters
    ----------
    values : array of float (utterances,)
        Finite.
    most : int
        Cells at most.

    Returns
    -------
    cells : numpy.ndarray of int (utterances,)
    near : numpy.ndarray of int (cells, cells)

    Examples
    --------
    >>> places([0.0, 0.0, 0.0, 5.0, 7.0])[0].tolist()
    [1, 1, 1, 3, 4]
    """
    _, position, counts = np.unique(np.asarray(values, dtype=float), return_inverse=True, return_counts=True)
    utterances = len(position)
    cells = min(most, utterances)
    middle = np.cumsum(counts) - counts / 2  # mean rank of each number
    reach = max(2, round(cells * WINDOW))
    distance = np.abs(np.arange(cells)[:, None] - np.arange(cells)[None, :])
    return (middle / utterances * cells).astype(int)[position], np.maximum(reach - distance, 0)


def _shuffled_tables(cells, emotions, shape, permutations, seed):
    """Tables of counts with shuffled emotions, some (tables, cells, emotions) at a time."""
    # Of a shuffle only the table counts, so sorted columns give the same shuffles for every order of the rows.
    cells, emotions = np.sort(cells), np.sort(emotions)
    rng = np.random.default_rng(seed)
    step = max(1, AT_ONCE // (shape[0] * shape[1]))
    for start in range(0, permutations, step):
        drawn = range(min(step, permutations - start))
        yield np.stack([_table(cells, rng.permutation(emotions), shape) for _ in drawn])


def _table(cells, emotions, shape):
    return np.bincount(cells * shape[1] + emotions, minlength=shape[0] * shape[1]).reshape(shape)
