"""UAR, macro-F1, recalls and confusions of one set of predictions, by scikit-learn with the labels given explicitly.

UAR and macro-F1 are means **over the emotions that occur in the reference**: for a corpus without ``neutral`` they
are means over the other three, and `Scores.classes` is 3. Predicting an emotion that never occurs costs recall.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from xser.core.errors import XserError

Names = Sequence[str] | np.ndarray | pd.Series


class Scores(NamedTuple):
    """Figures of one set of predictions, as fractions of 1.

    Attributes
    ----------
    uar, macro_f1
        Means over the emotions that occur in the reference.
    recalls
        NaN for an emotion that does not occur (emotions,).
    classes
        How many emotions occur.
    """

    uar: float
    macro_f1: float
    recalls: np.ndarray
    classes: int


def scores(reference: Names, prediction: Names, emotions: Sequence[str]) -> Scores:
    """Compute UAR, macro-F1 and the recall of each emotion.

    Parameters
    ----------
    emotions
        All emotions of the scheme, in order.

    Raises
    ------
    XserError
        When there are no utterances, or an emotion is not among `emotions`.

    Examples
    --------
    >>> result = scores(["sad", "sad", "angry"], ["sad", "angry", "angry"], ["angry", "neutral", "sad"])
    >>> result.uar, result.recalls.tolist(), result.classes
    (0.75, [1.0, nan, 0.5], 2)
    """
    from sklearn.metrics import precision_recall_fscore_support

    truth, found = _codes(reference, prediction, emotions)
    _, recalls, f1, support = precision_recall_fscore_support(
        truth, found, labels=np.arange(len(emotions)), average=None, zero_division=0
    )
    occurs = support > 0
    recalls = np.where(occurs, recalls, np.nan)
    return Scores(float(recalls[occurs].mean()), float(f1[occurs].mean()), recalls, int(occurs.sum()))


def confusion(reference: Names, prediction: Names, emotions: Sequence[str]) -> np.ndarray:
    """Count predictions by reference.

    Returns
    -------
    numpy.ndarray of int (emotions, emotions)
        Rows are references, columns predictions, both in the order of `emotions`.
    """
    from sklearn.metrics import confusion_matrix

    truth, found = _codes(reference, prediction, emotions)
    return confusion_matrix(truth, found, labels=np.arange(len(emotions)))


def _codes(reference: Names, prediction: Names, emotions: Sequence[str]) -> list[np.ndarray]:
    """Turn names into positions among `emotions`; integers make scikit-learn several times faster."""
    known = pd.Index(list(emotions))
    codes = []
    for what, names in (("reference", reference), ("prediction", prediction)):
        words = np.asarray(names, dtype=object)
        code = known.get_indexer(words)
        if (code < 0).any():
            raise XserError(f"{what} {words[code < 0][0]!r} is none of {', '.join(known)}: is it another scheme's?")
        codes.append(code)
    if len(codes[0]) == 0:
        raise XserError("no utterances to evaluate: UAR of nothing is no number")
    if len(codes[0]) != len(codes[1]):
        raise XserError(f"{len(codes[0])} references but {len(codes[1])} predictions")
    return codes
