"""Figures of one model: of a single run, or of several that answer together."""

import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from xser.evidence.figures.calibration import told_by
from xser.evidence.figures.intervals import interval, speaker_bootstrap, utterance_bootstrap
from xser.evidence.figures.metrics import Scores, scores
from xser.evidence.figures.pooled import Part
from xser.evidence.figures.predictions import SCORE, TEXT_COLUMNS, prediction_table


def answering_together(predictions: Sequence[pd.DataFrame]) -> pd.DataFrame | None:
    """Predictions of an ensemble, whose members' log-probabilities are averaged; None where the members were asked
    about different utterances.

    Examples
    --------
    >>> rows = pd.DataFrame([dict.fromkeys(TEXT_COLUMNS, "x") | {"emotion": "sad"}])
    >>> one, other = (rows.assign(score_happy=happy, score_sad=1 - happy) for happy in (0.9, 0.4))
    >>> answering_together([one, other])[["prediction", "score_happy"]].round(3).to_numpy().tolist()
    [['happy', 0.71]]
    """
    first, *others = (frame.sort_values("utterance", ignore_index=True) for frame in predictions)
    asked = [column for column in TEXT_COLUMNS if column != "prediction"]
    if not all(list(each.columns) == list(first.columns) and each[asked].equals(first[asked]) for each in others):
        return None
    logs = np.mean([told_by(frame).log_probabilities for frame in (first, *others)], axis=0)
    together = np.exp(logs - logs.max(axis=1, keepdims=True))
    emotions = [column[len(SCORE) :] for column in first.columns if column.startswith(SCORE)]
    return prediction_table(first, together / together.sum(axis=1, keepdims=True), emotions)


class PartFigures(NamedTuple):
    """Figures of a model on a part of the target, UAR and its intervals as fractions of 1.

    Attributes
    ----------
    interval, speakers_interval
        95 %, over utterances and over speakers (NaN where these are unknown or few).
    speakers
        How many are known.
    """

    scores: Scores
    interval: tuple[float, float]
    speakers_interval: tuple[float, float]
    utterances: int
    speakers: int


def part_figures(rows: pd.DataFrame, emotions: Sequence[str], target: str, part: Part) -> PartFigures:
    """Figures of a model on some rows of predictions; the resamples are those of every table of this target."""
    reference = pd.Index(emotions).get_indexer(rows["emotion"])
    hits = (rows["emotion"] == rows["prediction"]).to_numpy(dtype=float)
    speakers = rows["speaker"].to_numpy(dtype=str)
    seed = zlib.crc32(f"{target} {part}".encode())
    over_utterances = utterance_bootstrap(reference, hits, len(emotions), seed=seed)
    over_speakers = speaker_bootstrap(reference, hits, speakers, len(emotions), seed=seed)
    return PartFigures(
        scores(rows["emotion"], rows["prediction"], emotions),
        interval(over_utterances),
        interval(over_speakers),
        len(rows),
        len(set(speakers) - {""}),
    )
