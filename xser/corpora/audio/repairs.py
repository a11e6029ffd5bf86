"""What a corpus's recordings need before they are used, where a fault of the recording tells emotions apart.

A corpus.yaml names the repairs that its corpus needs (`repairs`); stage 0 makes them before it resamples, and only
those. What is recorded stays as it is on the disk.
"""

from collections.abc import Collection

import numpy as np

from xser.corpora.audio.decoding import SHORTEST
from xser.corpora.audio.measures import silent_ends
from xser.corpora.audio.mixing import STEP
from xser.corpora.description.corpus_yaml import REPAIRS


def repair(samples: np.ndarray, rate: int, repairs: Collection[str]) -> tuple[np.ndarray, dict[str, float]]:
    """Repair a recording, or the stretch of one that an utterance is.

    Digital silence goes first. Of a recording that is hardly anything else so much of it stays that `SHORTEST` is left,
    half of it on each side as far as it goes. The DC offset is the mean of what is no digital silence, and stays where
    it is less than half a 16-bit step.

    Parameters
    ----------
    samples
        float32, shape (samples,), full scale 1.
    rate
        Samples per second.
    repairs
        Out of `REPAIRS`.

    Returns
    -------
    samples
        float32, shape (samples,); the same array where there was nothing to repair.
    repaired
        What was repaired, and how much: the offset that was subtracted, of full scale; the seconds that were trimmed.

    Examples
    --------
    >>> samples = np.r_[np.zeros(800), 0.1 + np.tile([0.5, -0.5], 800), np.zeros(400)].astype(np.float32)
    >>> shorter, repaired = repair(samples, 16000, ("dc", "digital_silence"))
    >>> len(shorter), {name: round(amount, 3) for name, amount in repaired.items()}
    (1600, {'digital_silence': 0.075, 'dc': 0.1})
    """
    repaired: dict[str, float] = {}
    start, end = silent_ends(samples, rate) if repairs else (0, 0)
    if "digital_silence" in repairs:
        first, last = _kept(start, len(samples) - end, len(samples), rate)
        if last - first < len(samples):
            repaired["digital_silence"] = round((len(samples) - (last - first)) / rate, 6)
            samples, start, end = samples[first:last], max(0, start - first), max(0, end - (len(samples) - last))
    if "dc" in repairs and start + end < len(samples):
        offset = float(samples[start : len(samples) - end].mean(dtype=np.float64))
        if abs(offset) >= STEP / 2:
            repaired["dc"] = round(offset, 7)
            samples = samples - np.float32(offset)
    return samples, repaired


def _kept(first: int, last: int, length: int, rate: int) -> tuple[int, int]:
    """Widen what is kept to the shortest recording that can be used."""
    lacking = max(0, int(np.ceil(SHORTEST * rate)) - (last - first))
    before = min(first, max(lacking // 2, lacking - (length - last)))
    return first - before, min(length, last + lacking - before)


def describe_repairs(repaired: list[dict[str, float]]) -> str:
    """Write in one line what `repair` repaired, of one recording each; empty when there was nothing to repair.

    Examples
    --------
    >>> describe_repairs([{"dc": -0.012}, {}, {"dc": 0.001, "digital_silence": 0.25}])
    'DC offset removed from 2 of 3 recordings (at most 1.20 % of full scale), digital silence trimmed from 1 (0.25 s)'
    """
    pieces: list[str] = []
    for name, what in REPAIRS.items():
        amounts = [abs(one[name]) for one in repaired if name in one]
        if amounts:
            most = f"{100 * max(amounts):.2f} % of full scale" if name == "dc" else f"{max(amounts):.2f} s"
            number = f"{len(amounts)}" if pieces else f"{len(amounts)} of {len(repaired)} recordings"
            pieces.append(f"{what} from {number} ({'' if pieces else 'at most '}{most})")
    return ", ".join(pieces)
