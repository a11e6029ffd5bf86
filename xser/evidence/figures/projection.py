"""Embeddings in two dimensions: principal components of the sources' utterances, the target projected later.

The projection is fitted on utterances of the corpora that a system learned from (their validation parts) and on nothing
else. Principal components are used because they have a transform for what comes later (t-SNE has none) and because
distances in the picture are distances in the space, seen from one side. A picture is no evidence: two dimensions hold
only the share of the variance that stands below it.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from xser.core.errors import XserError
from xser.evidence.figures.embeddings import EMBEDDINGS, read_embeddings, rows_to_picture
from xser.evidence.figures.pooled import Pooled
from xser.evidence.figures.predictions import Run

MOST = 500  # utterances of the sources, and as many of the target, that a picture shows
SIDE = 1000  # of the square that a picture fills, in its own units
MARGIN = 30


class Projection(NamedTuple):
    """A system's embeddings in two dimensions.

    Attributes
    ----------
    rows
        corpus, language, speaker, emotion, part (``source`` or ``target``); the target last.
    points
        Whole numbers in a square of `SIDE`, y downwards (utterances, 2).
    explained
        Share of the sources' variance along each axis.
    fitted
        Utterances of the sources that the projection was fitted on.
    run
        The run shown.
    """

    rows: pd.DataFrame
    points: np.ndarray
    explained: tuple[float, ...]
    fitted: int
    run: Run


def project(embeddings: np.ndarray, is_source: np.ndarray) -> tuple[np.ndarray, tuple[float, ...]]:
    """Fit principal components on some embeddings and place all in them.

    Parameters
    ----------
    embeddings
        (utterances, size).
    is_source
        The ones fitted on: at least three (utterances,).

    Returns
    -------
    coordinates : numpy.ndarray (utterances, 2)
    explained : tuple of float
        Share of the fitted ones' variance along both axes.
    """
    from sklearn.decomposition import PCA

    fitted = np.asarray(embeddings[is_source], dtype=float)
    principal = PCA(n_components=2, svd_solver="randomized", random_state=0).fit(fitted)
    shares = np.nan_to_num(principal.explained_variance_ratio_)
    return principal.transform(np.asarray(embeddings, dtype=float)), tuple(map(float, shares))


def projection_of(system: Pooled) -> Projection | None:
    """Project the embeddings of the first of a system's runs that kept them.

    Returns
    -------
    Projection or None
        None where no run kept embeddings, or too few.

    Raises
    ------
    XserError
        When the file is damaged.
    """
    run = next((run for run in system.runs if (run.folder / EMBEDDINGS).is_file()), None)
    if run is None:
        return None
    rows, embeddings = read_embeddings(run.folder / EMBEDDINGS)
    strange = set(rows["emotion"]) - set(system.emotions)
    if strange:
        raise XserError(
            f"{run.folder / EMBEDDINGS} has the emotion {min(strange)!r}, which its run has not: delete run.json "
            "beside it and run stage 3 (evaluate) again"
        )
    is_source = (rows["part"] == "source").to_numpy()
    if is_source.sum() < 3 or embeddings.shape[1] < 2:
        return None
    coordinates, explained = project(embeddings, is_source)
    shown = pd.concat([rows_to_picture(rows[is_source], MOST), rows_to_picture(rows[~is_source], MOST)])
    points = _into_square(coordinates[shown.index])
    return Projection(shown.reset_index(drop=True), points, explained, int(is_source.sum()), run)


def _into_square(coordinates: np.ndarray) -> np.ndarray:
    """Scale both axes alike so that everything shown fits the square."""
    low, high = coordinates.min(axis=0), coordinates.max(axis=0)
    span = max(float((high - low).max()), 1e-12)
    scaled = (coordinates - (low + high) / 2) / span * (SIDE - 2 * MARGIN) + SIDE / 2
    scaled[:, 1] = SIDE - scaled[:, 1]
    return np.rint(scaled).astype(int)
