"""Audio fingerprints: 64 bits of how the spectrum changes around each moment; where two recordings have like ones.

After Haitsma and Kalker (2002), "A highly robust audio fingerprinting system". What differs here: the bits are signs of
a cosine transform, over bands and over a fifth of a second, of the spectrum's fourth root. Orders that are constant
over time are left out, so that gain, hum and every steady sound give no bits; the root lets loud bands decide, which
noise does not change.
"""

import functools

import numpy as np
from numpy.typing import NDArray

from xser.audit.shared_audio.alignment import AUDIBLE, BAND, RATE

HOP, WINDOW = 128, 512  # samples
BANDS, BAND_ORDERS = 24, 16
SPAN, TIME_ORDERS = 24, 4  # frames of one fingerprint, 0.2 s; cosine orders 1 to 4 over them: 2.6 to 10.4 Hz
ROOT = 0.25  # of the power; a logarithm would let the noise between the formants decide
CHANGING = 0.1  # a fingerprint's change over its mean; steady sounds are below
FRAMES_AT_ONCE = 8192

BAND_ORDER, TIME_ORDER = np.divmod(np.arange(BAND_ORDERS * TIME_ORDERS), TIME_ORDERS)
# Fingerprints of which all bits of one set are equal are compared. The sets hold slow changes of broad shapes, and even
# slower ones of finer shapes: the bits that neither noise nor half a hop turns over.
INDEXED = (BAND_ORDER + 5 * TIME_ORDER < BAND_ORDERS, TIME_ORDER < 2)

PARTNERS = 64  # that fingerprints with equal bits are compared with; sounds that hundreds share would be quadratic
NEARBY = np.arange(-24, 25, 3)  # frames around two like fingerprints that must be alike as well
ALIKE = 0.15  # of the bits may differ, in the better half of NEARBY; in unlike speech half of them do


def fingerprint_frames(samples: NDArray[np.floating]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Compute the fingerprints of a recording.

    Parameters
    ----------
    samples
        ``(samples,)``, in [-1, 1].

    Returns
    -------
    fingerprints
        ``(frames,)``; frame i covers the samples from ``i * HOP``, ``LENGTH`` of them.
    changing
        ``(frames,)``: whether there is sound that changes.
    """
    frames = max(0, (len(samples) - LENGTH) // HOP + 1)
    fingerprints, changing = np.empty(frames, np.uint64), np.empty(frames, bool)
    for start in range(0, frames, FRAMES_AT_ONCE):
        end = min(start + FRAMES_AT_ONCE, frames)
        part = samples[start * HOP : (end - 1) * HOP + LENGTH]
        fingerprints[start:end], changing[start:end] = _fingerprint(part.astype(np.float32))
    return fingerprints, changing


LENGTH = WINDOW + (SPAN - 1) * HOP  # samples of one fingerprint


def _fingerprint(samples: NDArray[np.float32]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    from scipy.fft import rfft

    windows, mel, over_bands, over_time = _transforms()
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
    spectrum = rfft(frames * windows, axis=1)
    power = (spectrum.real**2 + spectrum.imag**2) @ mel
    shapes = (power + AUDIBLE**2 * WINDOW) ** ROOT @ over_bands  # (frames, band orders)
    spans = np.lib.stride_tricks.sliding_window_view(shapes, SPAN, axis=0)  # (fingerprints, band orders, SPAN)
    changes = spans @ over_time  # (fingerprints, band orders, 1 + time orders)
    mean, changes = np.abs(changes[:, 0, 0]), changes[:, :, 1:].reshape(len(changes), -1)
    changing = np.linalg.norm(changes, axis=1) > CHANGING * mean
    return np.packbits(changes > 0, axis=1).view(">u8")[:, 0].astype(np.uint64), changing


@functools.cache
def _transforms() -> list[NDArray[np.float32]]:
    lowest, highest = np.log10(1 + np.array(BAND) / 700)
    edges = 700 * (10 ** np.linspace(lowest, highest, BANDS + 2) - 1)
    below, centre, above = edges[:-2], edges[1:-1], edges[2:]
    frequency = np.fft.rfftfreq(WINDOW, 1 / RATE)[:, None]
    mel = np.maximum(0, np.minimum((frequency - below) / (centre - below), (above - frequency) / (above - centre)))
    band, frame = np.arange(BANDS)[:, None] + 0.5, np.arange(SPAN)[:, None] + 0.5
    over_bands = np.cos(np.pi * band * np.arange(BAND_ORDERS) / BANDS)
    over_time = np.cos(np.pi * frame * np.arange(TIME_ORDERS + 1) / SPAN)
    return [it.astype(np.float32) for it in (np.hanning(WINDOW + 1)[:-1], mel, over_bands, over_time)]


def find_like_frames(fingerprints: NDArray[np.uint64], changing: NDArray[np.bool_], ends: NDArray) -> NDArray:
    """Find frames of different recordings around which the sound is alike.

    Parameters
    ----------
    fingerprints, changing
        ``(frames,)``, of all recordings, one after the other.
    ends
        ``(recordings,)``: the frame after the last one of each.

    Returns
    -------
    pairs
        ``(pairs, 2)``: frames, the first in the earlier recording.
    """
    recording = np.repeat(np.arange(len(ends), dtype=np.int32), np.diff(ends, prepend=0))
    found = [np.empty((0, 2), np.int64)]
    for bits in INDEXED:
        mask = np.packbits(bits).view(">u8").astype(np.uint64)[0]
        keys = fingerprints & mask
        kept = changing & np.r_[True, (keys[1:] != keys[:-1]) | (recording[1:] != recording[:-1])][: len(keys)]
        frames = np.flatnonzero(kept)
        frames = frames[np.argsort(keys[frames], kind="stable")]
        keys = keys[frames]
        left = np.arange(len(frames))
        for further in range(1, PARTNERS + 1):
            left = left[: np.searchsorted(left, len(frames) - further)]
            left = left[keys[left] == keys[left + further]]
            if not len(left):
                break
            pairs = np.stack([frames[left], frames[left + further]], axis=1)
            pairs = pairs[recording[pairs[:, 0]] != recording[pairs[:, 1]]]
            found.append(pairs[_alike(pairs, fingerprints, recording)])
    return np.concatenate(found)


def _alike(pairs: NDArray, fingerprints: NDArray[np.uint64], recording: NDArray) -> NDArray[np.bool_]:
    """Whether the frames around both of each pair are alike as well, ``(pairs,)``."""
    different = np.full((len(pairs), len(NEARBY)), 65, np.uint8)
    for place, step in enumerate(NEARBY):
        one, other = (np.clip(pairs[:, side] + step, 0, len(fingerprints) - 1) for side in (0, 1))
        inside = (recording[one] == recording[pairs[:, 0]]) & (recording[other] == recording[pairs[:, 1]])
        inside &= (one == pairs[:, 0] + step) & (other == pairs[:, 1] + step)
        different[inside, place] = np.bitwise_count(fingerprints[one[inside]] ^ fingerprints[other[inside]])
    known = (different <= 64).sum(axis=1)
    different.sort(axis=1)
    better = np.arange(len(NEARBY)) < (known[:, None] + 1) // 2
    return (different * better).sum(axis=1) <= ALIKE * 64 * better.sum(axis=1)
