"""How an utterance sounds: espeak-ng says it, then a little signal processing for voice and microphone."""

import functools
import subprocess
from pathlib import Path

import numpy as np
import yaml

from egs_speech.plan import RATE, random_numbers
from xser.core.errors import XserError

ESPEAK_RATE = 22050
WORDS_A_MINUTE = 165
# espeak-ng's pitch setting (0 to 99) doubles the frequency over some 60 steps.
PITCH_STEPS_A_SEMITONE = 5
PITCH = 45
LEVEL = -27.0  # dB below full scale, of a neutral utterance
PEAK = 0.8


@functools.cache
def read_styles():
    """Return ``{style: {property: value}}`` of styles.yaml, and the spread under the name ``spread``."""
    return yaml.safe_load((Path(__file__).parent / "styles.yaml").read_text(encoding="utf-8"))


def speak(utterance):
    """Return the samples (n,) of an `Utterance`, 16-bit, 16 kHz."""
    random = random_numbers(utterance.path)
    person = _person(utterance.corpus, utterance.speaker)
    style = _style(utterance.style, random)
    pitch = PITCH + person["pitch"] + PITCH_STEPS_A_SEMITONE * style["semitones"]
    rate = WORDS_A_MINUTE * person["rate"] * style["rate"]
    spoken = trim(say(utterance.voice, utterance.sentence, pitch, rate, style["range"]))
    voice = resample(spoken, round(len(spoken) * RATE / ESPEAK_RATE / person["size"]))
    lead = random.randint(0, RATE // 20)
    if len(voice) + lead < utterance.samples:
        raise XserError(f"{utterance.path}: {utterance.sentence!r} is too short: make it longer in corpora.yaml")
    voice = np.concatenate([np.zeros(lead), fade(voice[: utterance.samples - lead])])
    voice = stress(voice, style["stress"])
    voice = voice * (1 + style["tremor"] * smooth_noise(random, len(voice), 6))
    voice = tilt(voice, person["tilt"] + style["tilt"])
    voice = voice / rms(voice)
    voice = voice + breath(voice, random) * decibels(style["breath"])
    voice = voice * decibels(LEVEL + person["level"] + style["level"])
    return to_16_bit(microphone(voice, utterance.corpus, random))


def say(voice, sentence, pitch, rate, pitch_range):
    """Let espeak-ng speak; return float samples (n,) at `ESPEAK_RATE`, between -1 and 1.

    Raises
    ------
    XserError
        When espeak-ng is missing or refuses.
    """
    body = f'<speak><prosody range="{round(max(pitch_range, 10))}%">{sentence}</prosody></speak>'
    settings = {"-v": voice, "-p": round(np.clip(pitch, 0, 99)), "-s": round(max(rate, 80)), "-a": 60, "-b": 1}
    words = [str(word) for setting in settings.items() for word in setting]
    # As bytes, so that the locale has no say in how the sentence is written.
    command = ["espeak-ng", "-m", "--stdout", *words, body.encode("utf-8")]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise XserError("espeak-ng is missing: apt install espeak-ng") from error
    # Written to a pipe the header tells no length: the samples are what follows its 44 bytes.
    samples = np.frombuffer(done.stdout[44 : len(done.stdout) // 2 * 2], dtype="<i2")
    if done.returncode or not samples.any():
        reason = done.stderr.decode("utf-8", "replace").strip()
        raise XserError(f"espeak-ng cannot speak as {voice} ({reason}): apt install espeak-ng espeak-ng-data")
    return samples / 32768


def trim(samples):
    """Cut the silence off both ends (below 2 % of the peak)."""
    loud = np.flatnonzero(np.abs(samples) > 0.02 * np.abs(samples).max())
    return samples[loud[0] : loud[-1] + 1]


def resample(samples, size):
    """Return `samples` as `size` samples over the same time, through the Fourier transform.

    Examples
    --------
    >>> slow = resample(np.sin(2 * np.pi * 5 * np.arange(200) / 200), 100)
    >>> bool(np.allclose(slow, np.sin(2 * np.pi * 5 * np.arange(100) / 100)))
    True
    """
    spectrum = np.fft.rfft(samples)
    return np.fft.irfft(spectrum[: size // 2 + 1], size) * (size / len(samples))


def fade(samples, seconds=0.03):
    """Let the end fall to nothing, so that a sentence cut short does not click."""
    size = int(seconds * RATE)
    return np.concatenate([samples[:-size], samples[-size:] * np.linspace(1, 0, size)])


def stress(samples, amount):
    """Make loud syllables louder and soft ones softer, or the reverse where `amount` is below 0."""
    envelope = loudness(samples, 0.05)
    gain = (envelope / envelope.max() + 0.02) ** amount
    return samples * gain


def loudness(samples, seconds):
    """Return the envelope (n,): the root of the moving average of the square."""
    size = int(seconds * RATE)
    summed = np.cumsum(np.concatenate([np.zeros(size // 2 + 1), samples**2, np.zeros(size - size // 2)]))
    return np.sqrt(np.maximum(summed[size : size + len(samples)] - summed[: len(samples)], 0) / size)


def tilt(samples, decibels_an_octave):
    """Raise the spectrum above 300 Hz by so much an octave (lower it where negative), up to 6 kHz."""
    octaves = np.log2(np.clip(_frequencies(samples), 300, 6000) / 300)
    return _filtered(samples, decibels(decibels_an_octave * octaves))


def breath(samples, random):
    """Return noise that comes and goes with the voice, above 1 kHz, as loud as the voice."""
    noise = random.standard_normal(len(samples)) * loudness(samples, 0.03)
    noise = _filtered(noise, np.clip(_frequencies(samples) / 1000 - 0.5, 0, 1))
    return noise / rms(noise) * rms(samples)


def microphone(samples, corpus, random):
    """Return `samples` as the one room and microphone of `corpus` record them: echo, colour, noise."""
    room = random_numbers("microphone", corpus)
    colour = room.normal(0, 3, size=8)
    echo_seconds, echo_level = room.uniform(0.02, 0.06), room.uniform(-24, -12)
    noise_level, noise_slope = room.uniform(-60, -50), room.uniform(-4, 0)
    size = int(0.15 * RATE)
    echo = room.standard_normal(size) * np.exp(-np.arange(size) / (echo_seconds * RATE))
    echo = np.concatenate([[1.0], echo / np.sqrt((echo**2).sum()) * decibels(echo_level)])
    padded = len(samples) + len(echo)
    wet = np.fft.irfft(np.fft.rfft(samples, padded) * np.fft.rfft(echo, padded), padded)[: len(samples)]
    octave = np.log2(np.maximum(_frequencies(wet), 60) / 60)
    wet = _filtered(wet, decibels(np.interp(octave, np.arange(8), colour)))
    noise = _filtered(random.standard_normal(len(wet)), decibels(noise_slope * octave))
    return wet + noise / rms(noise) * decibels(noise_level)


def smooth_noise(random, size, hertz):
    """Return noise (size,) between -1 and 1 with nothing above `hertz`."""
    points = int(np.ceil(size / RATE * 2 * hertz)) + 2
    return np.interp(np.arange(size) * 2 * hertz / RATE, np.arange(points), random.uniform(-1, 1, points))


def to_16_bit(samples):
    """Round to 16 bits; what would come near clipping is made softer as a whole."""
    peak = np.abs(samples).max()
    return np.round(samples * min(1, PEAK / peak) * 32767).astype(np.int16)


def rms(samples):
    """Return the root of the mean square."""
    return np.sqrt(np.mean(samples**2))


def decibels(value):
    """Return the factor of an amplitude that `value` dB stand for.

    Examples
    --------
    >>> float(decibels(20.0))
    10.0
    """
    return 10 ** (value / 20)


def _person(corpus, speaker):
    """Return what is a speaker's own, beside the voice variant."""
    random = random_numbers("speaker", corpus, speaker)
    return {
        "pitch": random.uniform(-8, 8),
        "rate": random.uniform(0.94, 1.06),
        "size": random.uniform(0.95, 1.05),
        "tilt": random.normal(0, 0.7),
        "level": random.normal(0, 1.5),
    }


def _style(name, random):
    """Return the properties of a style as one utterance has them."""
    styles = read_styles()
    return {key: value + styles["spread"][key] * random.standard_normal() for key, value in styles[name].items()}


def _frequencies(samples):
    return np.fft.rfftfreq(len(samples), 1 / RATE)


def _filtered(samples, gain):
    return np.fft.irfft(np.fft.rfft(samples) * gain, len(samples))
