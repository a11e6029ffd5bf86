"""Recordings of any length in constant memory: 16 kHz samples in pieces, with the time at which they begin.

A recording is gone through twice: for what has to be known beforehand, its length and its peak (`survey`), and for its
samples (`stream`).
"""

import contextlib
import dataclasses
import io
import math
import os
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from xser.corpora.audio.containers import mend
from xser.corpora.audio.decoding import (
    OF_INTEGERS,
    RATES,
    SHORTEST,
    BadRecording,
    audio_contents,
    channels_of,
    check_promised_bytes,
)
from xser.corpora.audio.mixing import STEP, mix
from xser.corpora.audio.resampling import resample
from xser.corpora.audio.waveforms import RATE, Part, Source, mono, name_of

PIECE = 10  # seconds that are resampled at once
BESIDE = 1  # seconds before and behind them that the filter sees: far more than it reaches


@dataclasses.dataclass(frozen=True)
class Survey:
    """What is known of a recording before its samples are used.

    Attributes
    ----------
    rate
        Samples per second, as recorded.
    samples
        How many, as recorded.
    peak
        The largest absolute sample; full scale is 1.
    starts_at
        Second of the recording's own clock at which its sound begins: in a video it may begin later than the picture.
    """

    rate: int
    samples: int
    peak: float
    starts_at: float

    @property
    def seconds(self) -> float:
        """Length."""
        return self.samples / self.rate


def seconds_told(source: Source) -> float | None:
    """Length in seconds that a header tells, without decoding; None where it does not."""
    import soundfile

    if isinstance(source, Part):
        return source.end - source.start
    if isinstance(source, tuple):
        return max(np.shape(source[0])) / int(source[1])
    try:
        with _opened(source) as file:
            info = soundfile.info(file)
            return info.frames / info.samplerate
    except (soundfile.LibsndfileError, OSError, ZeroDivisionError):
        pass  # not of libsndfile's kinds: FFmpeg may know it
    import av

    try:
        with _opened(source) as file, av.open(file, metadata_errors="replace") as container:
            return None if container.duration is None else container.duration / av.time_base
    except (av.error.FFmpegError, OSError):  # whoever decodes it says what is wrong
        return None


def survey(source: Source, longest: float = math.inf) -> Survey:
    """Go through a recording once.

    Parameters
    ----------
    longest
        Seconds beyond which it is refused, without going on to its end.

    Raises
    ------
    BadRecording
        As `xser.corpora.audio.decoding.decode_recording` does; of the kind "too long".
    """
    name = name_of(source) or "the recording"
    rate, samples, peak, least, most, starts_at = 0, 0, 0.0, np.inf, -np.inf, 0.0
    for block in _blocks(source, name):
        if not samples:
            rate, starts_at = block.rate, block.starts_at
        if block.rate != rate:
            raise BadRecording(name, "unreadable", "its sampling rate changes on the way")
        if not np.isfinite(block.samples).all():
            raise BadRecording(name, "with NaN or infinite samples")
        samples += len(block.samples)
        if samples > longest * rate:
            raise BadRecording(name, "too long", f"more than {longest:g} seconds")
        least, most = min(least, float(block.samples.min())), max(most, float(block.samples.max()))
        peak = max(peak, -least, most)
    if samples and not RATES[0] <= rate <= RATES[1]:
        raise BadRecording(name, "unreadable", f"a sampling rate of {rate} Hz")
    if not samples or samples < SHORTEST * rate:
        raise BadRecording(name, "empty", f"{samples} samples")
    if most - least <= 2 * STEP:
        raise BadRecording(name, "silent")
    return Survey(rate, samples, peak, starts_at)


def stream(source: Source, surveyed: Survey) -> Iterator[np.ndarray]:
    """Yield a recording as stage 0 would prepare it, in pieces: float32 (samples,), 16 kHz, full scale 1.

    Parameters
    ----------
    source
        As of `xser.corpora.audio.waveforms.read_waveform`. An open file is read from where it stood.
    surveyed
        What `survey` found: samples that exceed full scale are brought to it by one factor.
    """
    name = name_of(source) or "the recording"
    of_integers = surveyed.peak > OF_INTEGERS
    rate, scale = surveyed.rate, np.float32(1 / STEP if of_integers else max(surveyed.peak, 1.0))
    pieces = (block.samples / scale if scale > 1 else block.samples for block in _blocks(source, name))
    for samples in pieces if rate == RATE else _resampled(pieces, rate):
        yield np.clip(np.rint(samples * 32768), -32768, 32767).astype(np.float32) / 32768


def _resampled(pieces: Iterator[np.ndarray], rate: int) -> Iterator[np.ndarray]:
    """Resample whole seconds at a time, with a second on either side, so that no seam can be heard or measured."""
    held, before = np.zeros(0, dtype=np.float32), 0
    for piece in pieces:
        held = np.concatenate([held, piece])
        while len(held) >= before + (PIECE + BESIDE) * rate:
            found = resample(held[: before + (PIECE + BESIDE) * rate], rate)
            skipped = before // rate * RATE
            yield found[skipped : skipped + PIECE * RATE]
            held = held[before + (PIECE - BESIDE) * rate :]
            before = BESIDE * rate
    if len(held) > before:
        yield resample(held, rate)[before // rate * RATE :]


# Blocks as they were recorded. ----------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class _Block:
    samples: np.ndarray
    rate: int
    starts_at: float = 0.0


@contextlib.contextmanager
def _opened(source: Source) -> Iterator[BinaryIO]:
    """The source as a binary file; one that the caller has opened is left open, where it stood."""
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as file:
            yield file
    elif isinstance(source, bytes):
        yield io.BytesIO(source)
    else:
        file = source  # type: ignore[assignment]  # samples are no file: `_blocks` takes them
        stood = file.tell()
        try:
            yield file
        finally:
            file.seek(stood)


def _blocks(source: Source, name: str) -> Iterator[_Block]:
    if isinstance(source, tuple):
        recording = mono(*source, name)
        yield _Block(recording.samples, recording.rate)
        return
    if isinstance(source, Part):
        yield from _within(_blocks(source.path, name), source)
        return
    try:
        with _opened(source) as file:
            yield from _decoded(file, name)
    except OSError as error:
        raise BadRecording(name, "unreadable", error.strerror or str(error)) from error


def _within(blocks: Iterator[_Block], part: Part) -> Iterator[_Block]:
    at = 0
    for block in blocks:
        first, last = (round(seconds * block.rate) - at for seconds in (part.start, part.end))
        at += len(block.samples)
        if last <= 0:
            return
        if first < len(block.samples):
            yield _Block(block.samples[max(0, first) : last], block.rate, block.starts_at + part.start)


def _decoded(file: BinaryIO, name: str) -> Iterator[_Block]:
    import soundfile

    stood = file.tell()
    contents = audio_contents(file, name)
    file.seek(stood)
    whole = ((mend(file) or (file, ""))[0]) if contents in ("WAV", "") else file
    whole.seek(stood if whole is file else 0)
    try:
        sound = None if contents == "MP3" else soundfile.SoundFile(whole)
    except soundfile.LibsndfileError:  # FFmpeg may know it
        sound = None
    if sound is None:
        file.seek(stood)
        yield from _decoded_by_av(file, name, contents)
        return
    with sound:
        check_promised_bytes(sound.extra_info, name)
        try:
            for samples in sound.blocks(PIECE * sound.samplerate, dtype="float32", always_2d=True):
                yield _Block(mix(samples.T), sound.samplerate)
        except soundfile.LibsndfileError as error:
            raise BadRecording(name, "unreadable", f"{sound.format}: {error}") from error


def _decoded_by_av(file: Any, name: str, contents: str) -> Iterator[_Block]:
    import av

    try:
        with av.open(file, metadata_errors="replace") as container:
            if not container.streams.audio:
                raise BadRecording(name, "without a sound track")
            track = container.streams.audio[0]
            track.codec_context.thread_count = 1
            began = (container.start_time or 0) / av.time_base
            for frame in container.decode(track):
                starts_at = max(0.0, frame.time - began) if frame.time is not None else 0.0
                yield _Block(mix(channels_of(frame)), frame.sample_rate, starts_at)
    except av.error.FFmpegError as error:
        what = f"{contents or 'unknown contents'}: {error.strerror or error}"
        raise BadRecording(name, "unreadable", what) from error
