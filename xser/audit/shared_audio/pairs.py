"""Pairs of utterances that hold the same sound, by the names of the utterances."""

import itertools
import os

import pandas as pd

from xser.audit.shared_audio.search import COLUMNS, find_shared_segments

__all__ = ["COLUMNS", "is_near_duplicate", "missing_recordings", "same_digest", "shared_pairs"]


def shared_pairs(rows: pd.DataFrame, jobs: int = -1) -> pd.DataFrame:
    """Search the recordings of a corpus, or of several, for pairs that share a segment.

    A row a pair: as of `find_shared_segments`, with utterances in place of indices.

    Parameters
    ----------
    rows
        ``utterance`` and ``audio``, the path of its 16 kHz recording.
    jobs
        Processes; -1 means every core.
    """
    found = find_shared_segments(list(rows["audio"]), jobs=jobs)
    names = rows["utterance"].to_numpy()
    return found.assign(one=names[found["one"]], other=names[found["other"]])[list(COLUMNS)]


def is_near_duplicate(pairs: pd.DataFrame) -> pd.Series:
    """Say which pairs share (nearly) all of the shorter recording."""
    return pairs["near"].astype(bool)


def same_digest(rows: pd.DataFrame) -> pd.DataFrame:
    """List the pairs of utterances whose prepared samples are the same, by ``digest``, as ``one`` and ``other``."""
    known = rows[rows["digest"] != ""]
    known = known[known["digest"].duplicated(keep=False)]
    groups = (sorted(same) for _, same in known.groupby("digest")["utterance"])
    twins = [pair for same in groups for pair in itertools.combinations(same, 2)]
    return pd.DataFrame(twins, columns=["one", "other"])


def missing_recordings(rows: pd.DataFrame) -> list[str]:
    """List the utterances whose recording is not where the rows say."""
    there = [os.path.isfile(path) for path in rows["audio"]]
    return list(rows.loc[[not is_there for is_there in there], "utterance"])
