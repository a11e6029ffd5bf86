"""Sounds for tests of shared stretches: something like speech, never twice the same, and what is not speech."""

import io

import numpy as np
import soundfile
from scipy.signal import lfilter, resample_poly

RATE = 16000
FORMANTS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (570, 840, 2410))


def speech(seed, seconds, words=None, pitch=None):
    """Syllables of voice and hiss, about four a second, without a pause.

    Parameters
    ----------
    seed : int
        Of everything; with the same `words` and `pitch` and another seed the same is said once more.
    words : int, optional
        Seed of which sounds follow each other.
    pitch : float, optional
        Hz, of the speaker.
    """
    random = np.random.default_rng([seed, 1])
    text = np.random.default_rng([seed if words is None else words, 2])
    pitch = pitch or random.uniform(90, 260)
    pieces = []
    while sum(map(len, pieces)) < seconds * RATE:
        formants = np.array(FORMANTS[text.integers(len(FORMANTS))]) * random.normal(1, 0.03, 3)
        size = int(RATE * text.uniform(0.1, 0.25) * random.uniform(0.9, 1.1))
        height = pitch * np.cumprod(1 + random.normal(0, 0.0005, size)) * random.normal(1, 0.05)
        pulses = np.diff(np.floor(np.cumsum(height) / RATE), prepend=0) + 0.01 * random.standard_normal(size)
        for formant in formants:
            radius = np.exp(-np.pi * 90 / RATE)
            pulses = lfilter([1], [1, -2 * radius * np.cos(2 * np.pi * formant / RATE), radius**2], pulses)
        voice = pulses / np.abs(pulses).max() * np.hanning(size) ** 0.5
        hiss = random.standard_normal(int(RATE * text.uniform(0.03, 0.08))) * 0.1
        pieces += [hiss, voice] if text.random() < 0.5 else [voice]
    return 0.2 * np.concatenate(pieces)[: int(seconds * RATE)]


def noise(seed, seconds, slope=0.0):
    """Noise whose power falls with frequency to the power of `slope`."""
    size = int(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng([seed, 3]).standard_normal(size))
    spectrum *= np.maximum(np.fft.rfftfreq(size, 1 / RATE), 20) ** (-slope / 2)
    samples = np.fft.irfft(spectrum, size)
    return samples / np.sqrt(np.mean(samples**2))


def with_noise(samples, decibels, seed=0):
    """White noise added, so many dB below."""
    level = np.sqrt(np.mean(samples**2)) * 10 ** (-decibels / 20)
    return samples + level * noise(seed, len(samples) / RATE)[: len(samples)]


def tones(seed, seconds, frequencies):
    """Steady tones of random phase."""
    time = np.arange(int(seconds * RATE)) / RATE
    phases = np.random.default_rng([seed, 4]).uniform(0, 2 * np.pi, len(frequencies))
    return 0.1 * sum(np.sin(2 * np.pi * f * time + phase) for f, phase in zip(frequencies, phases, strict=True))


def resampled(samples, phase):
    """As 44.1 kHz that begins `phase` samples later, and back: what lies between the samples, is heard."""
    return resample_poly(resample_poly(samples, 441, 160)[phase:], 160, 441)


def through_codec(samples, codec, container, bit_rate):
    """What a lossy codec leaves of a sound; it may begin somewhat later."""
    import av

    file = io.BytesIO()
    pcm = np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)[None]
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=RATE, layout="mono", bit_rate=bit_rate)
        whole = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
        whole.sample_rate = RATE
        context = stream.codec_context
        resampler = av.AudioResampler(context.format, "mono", RATE, frame_size=context.frame_size or 1024)
        for frame in [*resampler.resample(whole), *resampler.resample(None), None]:
            output.mux(stream.encode(frame))
    file.seek(0)
    with av.open(file) as recording:
        resampler = av.AudioResampler("flt", "mono", RATE)
        return np.concatenate(
            [part.to_ndarray()[0] for frame in recording.decode(audio=0) for part in resampler.resample(frame)]
        )


def write_all(folder, recordings):
    """Write 16-bit WAVs and return their paths."""
    paths = [folder / f"{number}.wav" for number in range(len(recordings))]
    for path, samples in zip(paths, recordings, strict=True):
        soundfile.write(path, np.clip(samples, -1, 1), RATE, subtype="PCM_16")
    return paths
