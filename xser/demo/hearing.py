"""What a model says of one recording that somebody gave the page, and what is needed to show it."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from xser.core.errors import UsageError, XserError
from xser.corpora.audio.decoding import BadRecording
from xser.corpora.audio.streaming import Survey, stream, survey
from xser.corpora.audio.waveforms import RATE
from xser.model.recognition import Answer, Model

BARS = 240  # of a waveform's picture


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a recording may be at most.

    Attributes
    ----------
    megabytes
        Of its file, 1024 * 1024 bytes each, as gradio counts them.
    minutes
        Of its sound.
    """

    megabytes: float = 50.0
    minutes: float = 10.0

    def __post_init__(self) -> None:
        for option, value in (("--max-megabytes", self.megabytes), ("--max-minutes", self.minutes)):
            if not (value > 0 and np.isfinite(value)):
                raise UsageError(f"{option} is a number above 0, not {value:g}")

    @property
    def size(self) -> int:
        """Bytes of a file."""
        return round(self.megabytes * 1024 * 1024)

    @property
    def seconds(self) -> float:
        """Of sound."""
        return self.minutes * 60


@dataclasses.dataclass(frozen=True, eq=False)
class Heard:
    """What is shown.

    Attributes
    ----------
    name
        Of the recording.
    seconds
        Its length.
    answer
        Of the whole recording.
    timeline
        As `xser.model.recognition.Model.timeline` tells it; second 0 is where the sound begins.
    envelope
        Largest absolute sample of each of `BARS` equal stretches; full scale is 1.
    """

    name: str
    seconds: float
    answer: Answer
    timeline: pd.DataFrame
    envelope: np.ndarray


def hear(model: Model, path: Path, name: str, limits: Limits, sound: Path) -> Heard:
    """Recognise a recording, and write what the model heard of it as a WAV that every browser plays.

    Parameters
    ----------
    path
        The recording.
    name
        What its giver calls it.
    sound
        The WAV to write: mono, 16 kHz, 16 bits.

    Raises
    ------
    XserError
        When the recording is beyond the limits or cannot be used. The message is a sentence for its giver.
    """
    try:
        if path.stat().st_size > limits.size:
            raise XserError(f"{name} is larger than {limits.megabytes:g} MB: give a shorter or compressed recording")
        surveyed = survey(path, limits.seconds)
        answer = model.predict(path)
        envelope = _write_sound(path, surveyed, sound)
        return Heard(name, surveyed.seconds, answer, model.timeline(sound), envelope)
    except FileNotFoundError as error:  # the same file, given by two at the same moment, is removed by the first
        raise XserError(f"{name} is gone: give it again") from error
    except BadRecording as error:
        if error.kind == "too long":
            raise XserError(f"{name} is longer than {limits.minutes:g} minutes: give a part of it") from error
        more = f" ({error.detail})" if error.detail else ""
        raise XserError(f"{name} cannot be used: {error.kind}{more}. Try another recording.") from error


def _write_sound(path: Path, surveyed: Survey, sound: Path) -> np.ndarray:
    """Write the WAV; its envelope."""
    import soundfile

    bars = _Bars(surveyed.seconds * RATE)
    with soundfile.SoundFile(sound, "w", RATE, 1, "PCM_16", format="WAV") as file:
        for piece in bars.passing(stream(path, surveyed)):
            file.write((piece * 32768).astype(np.int16))
    return bars.peaks


class _Bars:
    """Collects the envelope of samples (`length` of them, as far as is known) that pass in pieces."""

    def __init__(self, length: float) -> None:
        self.peaks, self._length, self._at = np.zeros(BARS), max(1.0, length), 0

    def passing(self, pieces: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        for piece in pieces:
            places = (np.arange(self._at, self._at + len(piece)) * (BARS / self._length)).astype(int)
            np.maximum.at(self.peaks, np.minimum(places, BARS - 1), np.abs(piece))
            self._at += len(piece)
            yield piece
