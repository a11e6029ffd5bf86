"""Recordings that hold the same sound: a second or more of it, wherever it stands in each, or all of a shorter one.

Such recordings in different parts of a split are seen in training and judged in the test; under different labels or
speakers they are errors of the corpus. Where two recordings may share a sound is found by fingerprints of their spectra
(`fingerprints`); whether they do is decided by their waveforms (`alignment`). Findings call a shared segment a stretch.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xser.audit.shared_audio.alignment import BLOCK, RATE, Samples, filter_band, find_lag, longest_segment
from xser.audit.shared_audio.fingerprints import HOP, LENGTH, find_like_frames, fingerprint_frames
from xser.core.errors import XserError
from xser.core.progress import progress

Places = list[list[tuple[int, int]]]  # for each of some lags, some frames of the one recording with their lag
Row = tuple[int, int, float, float, float, float, float, bool]  # of COLUMNS

COLUMNS = ("one", "other", "start_one", "start_other", "seconds", "similarity", "covered", "near")
SIMILAR = 0.8  # normalised cross-correlation of a shared segment
SIMILAR_NEAR = 0.9  # of near-duplicates shorter than a segment must be
NEARLY_ALL = 0.9  # of the shorter recording, in near-duplicates
SHORTEST_NEAR = 0.3  # seconds that the shorter recording lasts
UNSURE = 0.1  # seconds; a segment whose ends are faint, or drowned in noise, looks this much shorter
SPEAKING = 4  # frames for a lag before it is looked at: by chance there are up to three, of a noisy second fourteen
LAGS_TRIED = 4  # of two recordings: those that most frames speak for
LAG_MARGIN = 2  # frames by which like frames may miss the lag
PROMISING = 0.6  # normalised cross-correlation of the sound around like frames
AROUND = 400  # samples on both sides of like frames, by which the lag is found to the sample
KEPT_SAMPLES = 20 * 60 * RATE  # of waveforms that one process keeps
IN_THIS_PROCESS = 100  # recordings, or pairs, that are done before other processes have started


def find_shared_segments(paths: Sequence[str | Path], jobs: int = -1, shortest: float = 1.0) -> pd.DataFrame:
    """Find the pairs of recordings that share a segment at any offset.

    Found are copies that are louder or quieter, inverted, filtered lightly, noisier (to about 20 dB), resampled, or
    were through a lossy codec. Not promised: copies whose speed or pitch was changed, that reverberate, or that lie
    under other speech; more than some tens of partners of one recording, where a sound stands in hundreds (each of them
    is still in some pair). Silence, hum, tones and steady noise are no segments, nor are the same words said twice.

    Parameters
    ----------
    paths
        16 kHz mono WAVs, as stage 0 writes them.
    jobs
        Processes; -1 means every core.
    shortest
        Seconds that a segment must last, but in near-duplicates, see ``near``.

    Returns
    -------
    pairs
        A row a pair, ordered by ``one`` and ``other``:

        - ``one``, ``other``: indices into `paths`, ``one`` the smaller
        - ``start_one``, ``start_other``: where the longest shared segment starts in each, in seconds
        - ``seconds``: how long it is, to some 0.1 s; ends of a noisy copy that are faint fall short by more
        - ``similarity``: absolute normalised cross-correlation over it, 0 to 1
        - ``covered``: its share of the shorter recording, 0 to 1
        - ``near``: whether it covers (nearly) all of the shorter recording, which may then last less than `shortest`
    """
    paths = list(paths)
    known = _in_parts(_fingerprints_of, [(path,) for path in paths], jobs, "fingerprints", "recordings")
    ends = np.cumsum([len(fingerprints) for fingerprints, _ in known], dtype=np.int64)
    if not len(ends):
        return pd.DataFrame([], columns=COLUMNS)
    fingerprints, changing = (np.concatenate(it) for it in zip(*known, strict=True))
    places = _gather(find_like_frames(fingerprints, changing, ends), ends)
    tasks = [(one, other, paths[one], paths[other], where, shortest) for (one, other), where in places.items()]
    found = _in_parts(_compare, tasks, jobs, "shared segments", "pairs")
    return pd.DataFrame([row for row in found if row is not None], columns=COLUMNS)


def _fingerprints_of(path: str | Path) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    return fingerprint_frames(_read(path))


def _read(path: str | Path, start: int = 0, stop: int | None = None) -> Samples:
    import soundfile

    try:
        samples, rate = soundfile.read(path, start=start, stop=stop, dtype="float32")
    except (OSError, soundfile.LibsndfileError) as error:
        raise XserError(f"{path} cannot be read: {error}; prepare the recordings again (stage 0)") from error
    if rate != RATE or samples.ndim != 1:
        raise XserError(f"{path} is not {RATE} Hz mono: prepare the recordings first (stage 0)")
    return samples


def _gather(pairs: NDArray, ends: NDArray) -> dict[tuple[int, int], Places]:
    """Gather like frames by two recordings, and by the lags that most frames speak for.

    Parameters
    ----------
    pairs
        ``(pairs, 2)``, of `find_like_frames`.
    ends
        ``(recordings,)``
    """
    starts = np.r_[0, ends[:-1]]
    one, other = (np.searchsorted(ends, pairs[:, side], "right") for side in (0, 1))
    frame = pairs[:, 0] - starts[one]
    lag = pairs[:, 1] - starts[other] - frame
    order = np.lexsort((frame, lag, other, one))
    one, other, frame, lag = one[order], other[order], frame[order], lag[order]
    new = np.r_[True, (np.diff(one) != 0) | (np.diff(other) != 0) | (np.diff(lag) > 1)][: len(one)]
    first = np.flatnonzero(new)
    count = np.diff(np.r_[first, len(one)])
    places: dict[tuple[int, int], Places] = {}
    for group in np.lexsort((-count, other[first], one[first])):
        if count[group] < SPEAKING:
            continue
        lags = places.setdefault((int(one[first[group]]), int(other[first[group]])), [])
        if len(lags) < LAGS_TRIED:
            some = dict.fromkeys(int(first[group] + count[group] * part // 4) for part in (2, 1, 3))
            lags.append([(int(frame[it]), int(lag[it])) for it in some])
    return places


def _compare(
    one: int, other: int, path: str | Path, path_other: str | Path, places: Places, shortest: float
) -> Row | None:
    """Compare two recordings; None where the waveforms share nothing."""
    confirmed = [(_confirm(path, path_other, frame, lag) for frame, lag in some) for some in places]
    found = [next((lag for lag in some if lag is not None), None) for some in confirmed]
    lags = {lag for lag in found if lag is not None}
    if not lags:
        return None
    wave, wave_other = _wave(path), _wave(path_other)
    candidates = [longest_segment(wave, wave_other, lag) for lag in sorted(lags)]
    segments = [each for each in candidates if each is not None and each.similarity >= SIMILAR]
    if not segments:
        return None
    best = max(segments, key=lambda segment: segment.samples)
    seconds = best.samples / RATE
    shorter = min(len(wave), len(wave_other))
    covered = min(1.0, best.samples / (shorter - BLOCK))
    near = covered >= NEARLY_ALL and shorter >= SHORTEST_NEAR * RATE and best.similarity >= SIMILAR_NEAR
    if seconds < shortest - UNSURE and not near:
        return None
    return (one, other, best.start_one / RATE, best.start_other / RATE, seconds, best.similarity, covered, near)


def _confirm(path: str | Path, path_other: str | Path, frame: int, lag: int) -> int | None:
    """The lag, in samples, at which the waveforms around like frames agree, None where they do not."""
    start = max(0, frame * HOP - AROUND)
    start_other = max(0, start + (lag - LAG_MARGIN) * HOP)
    part = filter_band(_read(path, start, frame * HOP + LENGTH + AROUND))
    longer = filter_band(_read(path_other, start_other, start + len(part) + (lag + LAG_MARGIN) * HOP))
    found, similarity = find_lag(part, longer, start - start_other + lag * HOP, LAG_MARGIN * HOP)
    return found + start_other - start if similarity >= PROMISING else None


_waves: dict[str | Path, Samples] = {}  # of this process, filtered


def _wave(path: str | Path) -> Samples:
    if path not in _waves:
        while _waves and sum(map(len, _waves.values())) > KEPT_SAMPLES:
            del _waves[next(iter(_waves))]
        _waves[path] = filter_band(_read(path))
    return _waves[path]


def _in_parts(function: Callable[..., Any], tasks: Sequence[tuple], jobs: int, title: str, unit: str) -> list[Any]:
    """Return what `function` makes of each tuple of arguments, in their order; many are shared among processes."""
    import joblib

    workers = joblib.effective_n_jobs(jobs) if len(tasks) > IN_THIS_PROCESS else 1
    size = min(64, max(1, math.ceil(len(tasks) / (4 * workers))))
    parts = [tasks[start : start + size] for start in range(0, len(tasks), size)]
    results: list[Any] = []
    with (
        progress(len(tasks), title, unit) as bar,
        joblib.parallel_config("loky" if workers > 1 else "sequential", n_jobs=workers),
    ):
        parallel = joblib.Parallel(return_as="generator", batch_size=1)
        try:
            for result in parallel(joblib.delayed(_do)(function, part) for part in parts):
                results += result
                bar.update(len(result))
        except joblib.externals.loky.process_executor.TerminatedWorkerError as error:
            raise XserError(
                "a process that compares recordings was killed, as happens when memory runs out: run the same command "
                "again with fewer --jobs"
            ) from error
    return results


def _do(function: Callable[..., Any], tasks: Sequence[tuple]) -> list[Any]:
    return [function(*task) for task in tasks]
