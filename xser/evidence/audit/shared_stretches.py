"""Recordings that hold the same sound: a stretch of a second or more, wherever it stands in each, or all of a shorter one.

Such recordings in different parts of a split are seen in training and judged in the test; under different labels or
speakers they are errors of the corpus.
"""

import numpy as np

from xser.evidence.audit.stretch_alignment import BLOCK, RATE, filter_band, find_lag, grow

COLUMNS = ("one", "other", "start_one", "start_other", "seconds", "similarity", "covered", "near")
SIMILAR = 0.8  # normalised cross-correlation of a shared stretch
NEARLY_ALL = 0.9  # of the shorter recording, in near-duplicates
SHORTEST_NEAR = 0.3  # seconds


def find_shared_stretches(paths, jobs=-1, shortest=1.0, progress=True):
    """Find the pairs of recordings that share a stretch at any offset.

    Parameters
    ----------
    paths : sequence of str or Path
        16 kHz mono WAVs, as stage 0 writes them.
    jobs : int
        Processes; -1 means every core.
    shortest : float
        Seconds that a stretch must last, but in near-duplicates, see ``near``.
    progress : bool
        Show a bar on stderr where that is a terminal.

    Returns
    -------
    pandas.DataFrame
        A row a pair, ordered by ``one`` and ``other``:

        - ``one``, ``other``: indices into `paths`, ``one`` the smaller
        - ``start_one``, ``start_other``: where the longest shared stretch starts in each, in seconds
        - ``seconds``: how long it is
        - ``similarity``: absolute normalised cross-correlation over it, 0 to 1
        - ``covered``: its share of the shorter recording, 0 to 1
        - ``near``: whether it covers (nearly) all of the shorter recording, which may then last less than `shortest`
    """
    import pandas as pd

    waves = [filter_band(_read(path)) for path in paths]
    rows = []
    for one in range(len(waves)):
        for other in range(one + 1, len(waves)):
            rows += _compare(one, other, waves[one], waves[other], shortest)
    return pd.DataFrame(rows, columns=COLUMNS)


def _read(path):
    import soundfile

    return soundfile.read(path, dtype="float32")[0]


def _compare(one, other, wave, wave_other, shortest):
    size = int(0.3 * RATE)
    best = None
    for start in range(0, max(1, len(wave) - size), size):
        lag, similarity = find_lag(wave[start : start + size], wave_other, size // 2)
        stretch = grow(wave, wave_other, lag - start) if similarity > SIMILAR / 2 else None
        if stretch and stretch.similarity >= SIMILAR and (best is None or stretch.samples > best.samples):
            best = stretch
    if best is None:
        return []
    seconds = best.samples / RATE
    covered = min(1.0, (best.samples + BLOCK) / min(len(wave), len(wave_other)))
    near = covered >= NEARLY_ALL and seconds >= SHORTEST_NEAR
    if seconds < shortest and not near:
        return []
    starts = (best.start_one / RATE, best.start_other / RATE)
    return [(one, other, *starts, seconds, best.similarity, covered, near)]
