"""Any sampling rate becomes 16 kHz.

Two resamplers, told apart by the rate alone. torchaudio's has a filter for each phase between the rates, at most
`MOST_PHASES` of them: enough for 8, 11.025, 12, 22.05, 24, 32, 44.1, 48, 96 kHz and their like. For 24,414 Hz (TESS)
that filter has 8000 x 12415 taps, for 44,099 Hz it fills the memory; there soxr interpolates its own, and costs what it
costs at 44.1 kHz. Measured with tones, soxr's "VHQ" is flat to 0.01 dB up to 92 % of half the lower rate (torchaudio's
with these settings up to 88 %), and what lies above half the new rate stays 140 dB below (90 dB). torchaudio remains
for the common rates, so that audio prepared by earlier versions stays what it is.
"""

import functools
import math
from typing import Any

import numpy as np

RATE = 16000
RESAMPLER: dict[str, Any] = {  # torchaudio's defaults let through what lies above half the new rate; these do not
    "resampling_method": "sinc_interp_kaiser",
    "lowpass_filter_width": 64,
    "rolloff": 0.9476,
    "beta": 14.77,
}
MOST_PHASES = 1000  # samples of the old rate after which the phases between the rates repeat


def resampler_of(rate: int) -> str:
    """Return what resamples a recording of this rate; empty for what needs none, and for torchaudio.

    Examples
    --------
    >>> resampler_of(16000), resampler_of(44100), resampler_of(24414)
    ('', '', 'soxr VHQ')
    """
    return "soxr VHQ" if rate // math.gcd(rate, RATE) > MOST_PHASES else ""


def resample(samples: np.ndarray, rate: int) -> np.ndarray:
    """Resample to 16 kHz.

    Parameters
    ----------
    samples
        float32, shape (samples,).
    rate
        Samples per second.

    Returns
    -------
    numpy.ndarray
        float32, shape (ceil(samples * 16000 / rate),).
    """
    if resampler_of(rate):
        return _with_soxr(samples, rate)
    import torch

    with torch.inference_mode():
        return _torchaudio(rate)(torch.from_numpy(samples)).numpy()


def _with_soxr(samples: np.ndarray, rate: int) -> np.ndarray:
    import soxr

    length = -(-len(samples) * RATE // rate)
    resampled = soxr.resample(samples, rate, RATE, quality="VHQ")[:length]
    return np.pad(resampled, (0, length - len(resampled)))


@functools.lru_cache(maxsize=8)
def _torchaudio(rate: int) -> Any:
    """torchaudio's resampler, its filter computed in double precision and once for each rate."""
    import torch
    from torchaudio.transforms import Resample

    return Resample(rate, RATE, dtype=torch.float64, **RESAMPLER).float()
