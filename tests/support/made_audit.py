"""Made-up corpora for tests of the audit: noise that moves as speech does, and shares nothing unless it is planted."""

import zlib

import numpy as np
import soundfile
import yaml

from tests.support.made_corpora import make_cafe, make_emodb

RATE = 16000
SPEAKERS = ("03", "08", "09", "10", "11", "12", "13", "14")


def speech_like(seed, seconds=1.6, rate=RATE):
    """Syllables of noise, each with a colour of its own, at a random level.

    Returns
    -------
    numpy.ndarray of float32 (samples,)
    """
    random = np.random.default_rng(seed)
    pieces, left = [], int(seconds * rate)
    while left > 0:
        length = min(left, int(rate * random.uniform(0.08, 0.25)))
        spectrum = np.fft.rfft(random.standard_normal(length))
        frequency = np.fft.rfftfreq(length, 1 / rate)
        middle, width = random.uniform(300, 3000), random.uniform(200, 900)
        spectrum *= np.exp(-(((frequency - middle) / width) ** 2)) + 0.05
        piece = np.fft.irfft(spectrum, length) * np.hanning(length + 2)[1:-1]
        pieces.append(random.uniform(0.3, 1) * piece / (np.abs(piece).max() + 1e-9))
        left -= length
    wave = np.concatenate(pieces) + 0.003 * random.standard_normal(int(seconds * rate))
    return (random.uniform(0.2, 0.5) * wave / np.abs(wave).max()).astype(np.float32)


def make_root(folder, emodb=SPEAKERS, cafe=("01", "02", "03")):
    """A data root with a German and a French corpus of short recordings; returns `folder`."""
    counts = {"emodb": make_emodb(folder / "emodb", emodb), "cafe": make_cafe(folder / "cafe", cafe)}
    (folder / "counts.yaml").write_text(yaml.safe_dump({"made_up": True, "counts": counts}))
    for path in sorted(folder.glob("*/**/*.wav")):
        seed = zlib.crc32(path.relative_to(folder).as_posix().encode())
        seconds = np.random.default_rng(seed).uniform(1.5, 1.8)
        write(path, speech_like(seed, seconds))
    return folder


def write(path, samples, rate=RATE):
    """Write 16-bit samples."""
    soundfile.write(path, samples, rate, subtype="PCM_16")


def read(path):
    """Read samples."""
    return soundfile.read(path, dtype="float32")[0]


def plant_stretch(one, other, seconds=1.1, at=0.07, there=0.03):
    """Put a stretch of the recording `one` into `other`, at another level and another place."""
    stretch = read(one)[int(at * RATE) :][: int(seconds * RATE)]
    samples = read(other)
    start = int(there * RATE)
    samples[start : start + len(stretch)] = 0.8 * stretch
    write(other, samples)
