"""How many utterances go to each part of a stratified split, and how many of each class."""

from collections.abc import Iterable, Sequence

import numpy as np

from xser.corpora.description.corpus import Corpus
from xser.corpora.description.corpus_yaml import Fault


def published_sizes(corpus: Corpus, utterances: Iterable[str]) -> tuple[dict[str, int] | None, list[Fault]]:
    """Sizes of the parts as published, less what is known to be lost.

    Parameters
    ----------
    corpus
        Its ``stratified`` sizes, and the faults that these count.
    utterances
        The utterances that there are.

    Returns
    -------
    sizes
        Size of each part; None when the corpus has no published sizes.
    lost
        The faults that made parts smaller.
    """
    if corpus.stratified is None:
        return None, []
    present = set(utterances)
    lost = [fault for fault in corpus.faults if fault.part and fault.utterance not in present]
    sizes = {part: size - sum(fault.part == part for fault in lost) for part, size in corpus.stratified.items()}
    return sizes, lost


def stratified_sizes(
    counts: Sequence[int], shares: Sequence[float] | None, totals: Sequence[int] | None = None
) -> np.ndarray:
    """Share out the utterances of each class over the parts.

    Each class is shared out by largest remainder, at least one utterance to each part. Where `totals` are given, single
    utterances then move to another part, where that changes the shares least, until the parts have these sizes.

    Parameters
    ----------
    counts
        (classes,) utterances, each at least the number of parts.
    shares
        (parts,) wanted shares; not used when `totals` are given.
    totals
        (parts,) exact sizes of the parts; they add up to the sum of `counts`.

    Returns
    -------
    numpy.ndarray
        (classes, parts) int.

    Examples
    --------
    >>> stratified_sizes([127, 71, 79, 62], None, [266, 35, 38]).tolist()
    [[100, 13, 14], [56, 7, 8], [62, 8, 9], [48, 7, 7]]
    >>> stratified_sizes([10, 5], [0.8, 0.1, 0.1]).tolist()
    [[8, 1, 1], [3, 1, 1]]
    """
    wanted = np.asarray(shares if totals is None else totals, dtype=float)
    ideal = np.asarray(counts)[:, None] * wanted / wanted.sum()
    sizes = np.stack([_largest_remainder(row, count) for row, count in zip(ideal, counts, strict=True)])
    while totals is not None and (surplus := sizes.sum(axis=0) - totals).any():
        worse = 2 * (sizes - ideal)  # derivative of the squared deviations
        cost = (worse[:, None, :] + 1) + (1 - worse[:, :, None])  # (classes, from, to)
        cost[(sizes <= 1)[:, :, None] | (surplus <= 0)[None, :, None] | (surplus >= 0)[None, None, :]] = np.inf
        row, giving, taking = np.unravel_index(np.argmin(cost), cost.shape)
        sizes[row, giving] -= 1
        sizes[row, taking] += 1
    return sizes


def _largest_remainder(ideal: np.ndarray, count: int) -> np.ndarray:
    """Whole sizes (parts,) near the `ideal` ones, at least 1 each, that add up to `count`."""
    sizes = np.maximum(np.floor(ideal + 1e-9).astype(int), 1)
    while sizes.sum() != count:
        missing = ideal - sizes
        step = 1 if sizes.sum() < count else -1
        missing[(sizes <= 1) & (step < 0)] = np.inf
        sizes[np.argmax(missing) if step > 0 else np.argmin(missing)] += step
    return sizes
