"""Whether two waveforms hold the same sound at a given lag, from where to where, and how like each other they are.

A *lag* is where a sound stands in the other recording less where it stands in the one, in samples.
"""

import dataclasses
import functools

import numpy as np
from numpy.typing import ArrayLike, NDArray

Samples = NDArray[np.floating]

RATE = 16000  # Hz, of prepared recordings
BAND = (150, 3800)  # Hz: above hum and DC, below what codecs and resamplers change
BLOCK = 160  # samples; segments start and end on blocks
SMOOTHED = 5  # blocks whose agreement is judged together
AGREEMENT = 0.6  # normalised correlation of blocks that lengthen a segment; lower ones shorten it
EDGE = 3  # blocks at the edges of recordings that are not judged by themselves
AUDIBLE = 2 / 32768  # root mean square; below it there are rounding errors
PERIODIC = 0.95  # of the agreement is there at another lag too in hum and tones, shared or not
JUDGED = 10 * RATE  # samples of a segment that tell whether it is periodic
PERIODS = (0.1, 0.5)  # seconds in which they come round; no voice keeps one pitch so well through them


@dataclasses.dataclass(frozen=True)
class Segment:
    """A sound that two recordings hold.

    Attributes
    ----------
    start_one, start_other, samples
        Where it starts in each, and how long it is, in samples.
    similarity
        Absolute normalised cross-correlation over it.
    """

    start_one: int
    start_other: int
    samples: int
    similarity: float


@functools.cache
def _sections() -> NDArray:
    from scipy.signal import butter

    return butter(2, BAND, btype="bandpass", fs=RATE, output="sos").astype(np.float32)


def filter_band(samples: ArrayLike) -> Samples:
    """Keep the band in which recordings are compared: ``(samples,)``, float32."""
    from scipy.signal import sosfilt

    return sosfilt(_sections(), np.asarray(samples, np.float32))


def find_lag(part: Samples, longer: Samples, lag: int, margin: int) -> tuple[int, float]:
    """Find the lag at which a part of one recording is most like a part of another one.

    Parameters
    ----------
    part, longer
        ``(samples,)``, filtered.
    lag
        Where `part` stands in `longer`, about.
    margin
        By how many samples `lag` may be wrong. What of `part` would then reach beyond `longer` is not compared.

    Returns
    -------
    lag
        Where `part` stands in `longer`.
    similarity
        Absolute normalised cross-correlation there; 0 where less than 0.05 s can be compared.
    """
    from scipy.fft import irfft, next_fast_len, rfft

    start, end = max(0, margin - lag), min(len(part), len(longer) - lag - margin)
    if end - start < SMOOTHED * BLOCK:
        return lag, 0.0
    part, longer = part[start:end], longer[start + lag - margin : end + lag + margin]
    size = next_fast_len(len(longer), real=True)
    products = irfft(np.conj(rfft(part, size)) * rfft(longer, size), size)[: 2 * margin + 1]
    energy = _energy(longer)
    energies = energy[len(part) :] - energy[: 2 * margin + 1]
    floor = len(part) * AUDIBLE**2
    similarity = np.abs(products) / np.sqrt(np.maximum(energies, floor) * max(_energy(part)[-1], floor))
    best = int(similarity.argmax())
    return lag - margin + best, float(similarity[best])


def _energy(samples: Samples) -> Samples:
    return np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])


def longest_segment(one: Samples, other: Samples, lag: int) -> Segment | None:
    """Find the longest segment that two recordings share at a lag.

    None where nothing agrees, or what agrees is too quiet, or a hum or tone.

    Parameters
    ----------
    one, other
        ``(samples,)``, filtered.
    lag
        Where the sound stands in `other` less where it stands in `one`.
    """
    first = max(0, -lag)
    blocks = (min(len(one), len(other) - lag) - first) // BLOCK
    if blocks < SMOOTHED:
        return None
    a = one[first : first + blocks * BLOCK].reshape(blocks, BLOCK)
    b = other[first + lag : first + lag + blocks * BLOCK].reshape(blocks, BLOCK)
    products, energy, energy_other = _dot(a, b), _dot(a, a), _dot(b, b)
    start, end = max(
        (_best_run(sign * products, energy, energy_other) for sign in (1, -1)), key=lambda run: run[1] - run[0]
    )
    total, total_other = energy[start:end].sum(), energy_other[start:end].sum()
    if min(total, total_other) < (end - start) * BLOCK * AUDIBLE**2 or end == start:
        return None
    similarity = abs(products[start:end].sum()) / np.sqrt(total * total_other)
    if max(_periodicity(it[start:end].ravel()[:JUDGED]) for it in (a, b)) > PERIODIC * similarity:
        return None
    start_one = first + start * BLOCK
    return Segment(start_one, start_one + lag, (end - start) * BLOCK, min(1.0, float(similarity)))


def _dot(a: Samples, b: Samples) -> Samples:
    return np.einsum("ij,ij->i", a, b, dtype=np.float64)


def _best_run(products: Samples, energy: Samples, energy_other: Samples) -> tuple[int, int]:
    """Return start and end of the run of blocks that agree most, louder ones counting more.

    The weight is the square root of the level: noise in a pause cannot break a segment, nor can one loud word pay for
    long silence.
    """
    smooth = np.ones(SMOOTHED)
    product, power = np.convolve(products, smooth, "same"), np.convolve(energy, smooth, "same")
    power_other = np.convolve(energy_other, smooth, "same")
    level = np.sqrt(np.maximum(power * power_other, 0))
    agreement = np.divide(product, level, out=np.zeros_like(level), where=level > 0)
    gains = level ** (1 / 4) * (agreement - AGREEMENT)
    sums = np.concatenate([[0.0], np.cumsum(gains)])
    since = np.minimum.accumulate(sums)
    end = int((sums - since).argmax())
    start = int(sums[: end + 1].argmin())
    if start == end:
        return start, end
    # blocks at the ends were judged together with what lies beyond
    agree = products > AGREEMENT * np.sqrt(energy * energy_other)
    for _ in range(SMOOTHED // 2):
        start -= start > 0 and bool(agree[start - 1])
        end += end < len(agree) and bool(agree[end])
    # near the edges of a recording the filter has not heard what it has heard in the other one
    return (0 if start <= EDGE else start), (len(agree) if end >= len(agree) - EDGE else end)


def _periodicity(samples: Samples) -> float:
    """How much a sound is like itself some time later, 0 to 1: absolute normalised autocorrelation."""
    from scipy.fft import irfft, next_fast_len, rfft

    first, last = int(PERIODS[0] * RATE), min(int(PERIODS[1] * RATE), len(samples) // 2)
    if last <= first:
        return 0.0
    size = next_fast_len(2 * len(samples), real=True)
    products = irfft(np.abs(rfft(samples, size)) ** 2, size)[first:last]
    energy = _energy(samples)
    later = np.arange(first, last)
    both = np.sqrt(energy[len(samples) - later] * (energy[-1] - energy[later]))
    return float((np.abs(products) / np.maximum(both, np.finfo(float).tiny)).max())
