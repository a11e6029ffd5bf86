"""Which utterances hold the same sound: shared stretches at any offset, by the names of the utterances."""

import itertools
import os

import pandas as pd

from xser.audit.shared_stretches import find_shared_stretches

COLUMNS = ("one", "other", "start_one", "start_other", "seconds", "similarity", "covered", "near")


def shared_pairs(rows, jobs=-1):
    """Search the recordings of a corpus, or of several, for pairs that share a stretch.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``utterance`` and ``audio``, the path of its 16 kHz recording.
    jobs : int
        Processes; -1 means every core.

    Returns
    -------
    pandas.DataFrame
        A row a pair: as of `find_shared_stretches`, with utterances instead of indices.
    """
    found = find_shared_stretches(list(rows["audio"]), jobs=jobs)
    names = rows["utterance"].to_numpy()
    return found.assign(one=names[found["one"]], other=names[found["other"]])[list(COLUMNS)]


def is_near_duplicate(pairs):
    """Say which pairs share (nearly) all of the shorter recording.

    Returns
    -------
    pandas.Series of bool
    """
    return pairs["near"].astype(bool)


def same_digest(rows):
    """List the pairs of utterances whose prepared samples are the same, by ``digest``.

    Returns
    -------
    pandas.DataFrame
        ``one`` and ``other``.
    """
    known = rows[rows["digest"] != ""]
    known = known[known["digest"].duplicated(keep=False)]
    groups = (sorted(same) for _, same in known.groupby("digest")["utterance"])
    twins = [pair for same in groups for pair in itertools.combinations(same, 2)]
    return pd.DataFrame(twins, columns=["one", "other"])


def missing_recordings(rows):
    """List the utterances whose recording is not where the rows say."""
    there = [os.path.isfile(path) for path in rows["audio"]]
    return list(rows.loc[[not is_there for is_there in there], "utterance"])
