"""Read one recording, whatever its container, and turn it into the 16 kHz samples that everything else hears.

The container is told by its content, not by its name. soundfile reads what libsndfile knows (WAV, AIFF, FLAC, Ogg,
MP3 ...), PyAV the rest (mp4, m4a, webm, avi ...). Channels are mixed to their mean.
"""

import dataclasses
import functools
import io
import os
import re
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from xser.core.errors import XserError
from xser.corpora.audio.containers import ENDLESS, SLACK, mend, mp3_tells_its_length
from xser.corpora.audio.file_contents import HEAD, contents_of, is_audio

# All that the samples depend on; part of the fingerprint of everything made from them. Raise `rules` when the same
# settings give other samples than an earlier xser did.
SETTINGS: dict[str, Any] = {
    "rules": 1,
    "rate": 16000,
    "channels": "mean",
    "samples": "int16",
    # torchaudio's defaults let through what lies above half the new rate; these do not
    "resampler": {
        "resampling_method": "sinc_interp_kaiser",
        "lowpass_filter_width": 64,
        "rolloff": 0.9476,
        "beta": 14.77,
    },
}

SHORTEST = 0.025  # seconds; in less there is not one frame to recognise anything in
RATES = (1000, 1_000_000)  # Hz; others are damaged headers
BEYOND = "cut off before the end of its stretch, in seconds"
STEP = 1 / 32768  # of a 16-bit sample
KEPT_SHARE = 0.99  # of the samples that a header promises; files with fewer were cut off


class BadRecording(XserError):
    """A recording that cannot be used.

    Attributes
    ----------
    kind
        In a few words that fit behind a number: "3 unreadable".
    detail
        More of it, or "".
    """

    def __init__(self, path: str | Path, kind: str, detail: str = "") -> None:
        self.kind, self.detail = kind, detail
        more = f" ({detail})" if detail else ""
        super().__init__(f"{os.fsencode(path).decode('utf-8', 'replace')} cannot be used: {kind}{more}; replace it")


Stretch = tuple[float, float] | list[float]  # where a part of a recording starts and ends, in seconds


@dataclasses.dataclass(frozen=True, eq=False)
class Recording:
    """A recording as it was recorded.

    Attributes
    ----------
    samples
        float32, shape (samples,): the mean of its channels. Full scale is 1; float recordings and lossy decoders may
        exceed it.
    rate
        Samples per second.
    channels
        How many it has.
    contents
        What its file holds, see `xser.corpora.audio.file_contents.contents_of`.
    mended
        What is wrong with its container, which was read all the same; empty when nothing is.
    """

    samples: np.ndarray
    rate: int
    channels: int
    contents: str = ""
    mended: str = ""


def read_recording(path: str | Path, stretch: Stretch | None = None) -> tuple[np.ndarray, int]:
    """Read a recording of any container, or a stretch of it: samples and rate as of `Recording`.

    Raises
    ------
    BadRecording
        As of `decode_recording`.
    """
    recording = decode_recording(path, stretch)
    return recording.samples, recording.rate


def decode_recording(path: str | Path, stretch: Stretch | None = None) -> Recording:
    """Read a recording of any container, or a stretch of it, with how it was recorded.

    Of a file with several sound tracks (a video) the first is read. A damaged container is read where the samples are
    there (`xser.corpora.audio.containers`).

    Parameters
    ----------
    path
        Of the recording.
    stretch
        Without, all of it. Of a container that libsndfile knows nothing else is decoded.

    Raises
    ------
    BadRecording
        When it is unreadable, not audio, without a sound track, cut off, empty, silent or not made of finite numbers;
        also when it ends before the stretch does.
    """
    try:
        with open(path, "rb") as file:
            return decode_file(file, path, stretch)
    except OSError as error:
        raise BadRecording(path, "unreadable", error.strerror or str(error)) from error


def decode_file(file: BinaryIO, name: str | Path, stretch: Stretch | None = None) -> Recording:
    """Do as `decode_recording` with an open file; `name` is for messages."""
    return checked(_decode(file, name, stretch), name, stretch)


def checked(recording: Recording, path: str | Path, stretch: Stretch | None = None) -> Recording:
    """Refuse a recording that nothing can be recognised in.

    Raises
    ------
    BadRecording
        When its rate cannot be, or it is cut off, empty, silent or not made of finite numbers.
    """
    samples, rate = recording.samples, recording.rate
    if not RATES[0] <= rate <= RATES[1]:
        raise BadRecording(path, "unreadable", f"a sampling rate of {rate} Hz")
    if stretch and len(samples) < KEPT_SHARE * (stretch[1] - stretch[0]) * rate:
        raise BadRecording(path, BEYOND, f"it ends before {stretch[1]:g} s")
    if len(samples) < SHORTEST * rate:
        raise BadRecording(path, "empty", f"{len(samples)} samples")
    if not np.isfinite(samples).all():
        raise BadRecording(path, "with NaN or infinite samples")
    if np.ptp(samples) <= 2 * STEP:  # a constant is as silent as zero
        raise BadRecording(path, "silent")
    return recording


def _decode(file: BinaryIO, path: str | Path, stretch: Stretch | None) -> Recording:
    head = file.read(HEAD)
    contents = contents_of(head)
    if not head:
        raise BadRecording(path, "empty", "0 bytes")
    if not is_audio(contents):
        raise BadRecording(path, f"holding {contents} instead of audio")
    whole, wrong = (contents in ("WAV", "MP3", "") and mend(file)) or (file, "")
    whole.seek(0)
    decoded = _decode_with_soundfile(whole, path, stretch)
    if decoded is None:
        recording = _decode_with_av(file, path, contents, stretch)
    else:
        recording, frames = decoded
        if frames is not None:
            recording = _whole_mp3(file, path, stretch, recording, frames)
    return dataclasses.replace(recording, contents=contents, mended=wrong or recording.mended)


def _whole_mp3(
    file: BinaryIO, path: str | Path, stretch: Stretch | None, recording: Recording, frames: int
) -> Recording:
    """What libsndfile read of an MP3 file, unless it guessed the `frames` and stopped before the end."""
    if mp3_tells_its_length(file):
        if stretch is None and len(recording.samples) < KEPT_SHARE * frames:
            raise BadRecording(path, "cut off", f"{len(recording.samples)} of {frames} samples")
        return recording
    try:
        whole = _decode_with_av(file, path, "MP3", None)
    except BadRecording:
        return recording
    if KEPT_SHARE * len(whole.samples) <= frames:
        return recording
    first, last = _frames(stretch, whole.rate, len(whole.samples))
    return Recording(
        whole.samples[first:last], whole.rate, whole.channels, mended="its header does not say how long it is"
    )


def _frames(stretch: Stretch | None, rate: int, frames: int) -> tuple[int, int]:
    """The first frame of a stretch and the one behind its last, of a recording of so many frames."""
    if stretch is None:
        return 0, frames
    first, last = (round(seconds * rate) for seconds in stretch)
    return min(first, frames), min(last, frames)


def _decode_with_soundfile(
    file: BinaryIO, path: str | Path, stretch: Stretch | None
) -> tuple[Recording, int | None] | None:
    """Return the recording, and the frames of an MP3; None when libsndfile does not know the container."""
    import soundfile

    try:
        # By descriptor: libsndfile then cannot guess a headerless format from the name, and any name opens.
        opened = file if isinstance(file, io.BytesIO) else file.fileno()
        sound = soundfile.SoundFile(opened, closefd=False)
    except soundfile.LibsndfileError:
        return None
    with sound:
        wrong = check_promised_bytes(sound.extra_info, path)
        try:
            first, last = _frames(stretch, sound.samplerate, sound.frames)
            sound.seek(first)
            samples = sound.read(last - first if stretch else -1, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise BadRecording(path, "unreadable", f"{sound.format}: {error}") from error
        recording = Recording(mix(samples.T), sound.samplerate, sound.channels, mended=wrong)
        return recording, sound.frames if sound.format == "MP3" else None


def check_promised_bytes(log: str, path: str | Path) -> str:
    """Compare the bytes of samples that a WAV or AIFF header promises with those there are; return what is wrong."""
    match = re.search(r"^ *(?:data|SSND) *: (\d+) \(should be (\d+)\)", log, re.MULTILINE)
    if match is None:
        return ""
    promised, there = int(match[1]), int(match[2])
    if promised == 0 or promised >= ENDLESS:
        return "its header does not say how long it is"
    if there < KEPT_SHARE * promised and there < promised - SLACK:
        raise BadRecording(path, "cut off", f"{there} of {promised} bytes")
    return "its header promises more samples than there are" if there < promised else ""


def _decode_with_av(file: BinaryIO, path: str | Path, contents: str, stretch: Stretch | None) -> Recording:
    import av

    file.seek(0)
    try:
        with av.open(file, metadata_errors="replace") as container:
            if not container.streams.audio:
                raise BadRecording(path, "without a sound track")
            recording = _decode_stream(container, container.streams.audio[0], path)
    except av.error.FFmpegError as error:
        what = f"{contents or 'unknown contents'}: {error.strerror or error}"
        raise BadRecording(path, "unreadable", what) from error
    first, last = _frames(stretch, recording.rate, len(recording.samples))
    return dataclasses.replace(recording, samples=recording.samples[first:last])


def _decode_stream(container: Any, stream: Any, path: str | Path) -> Recording:
    if stream.codec_context is None:
        raise BadRecording(path, "unreadable", "no decoder for its sound track")
    stream.codec_context.thread_count = 1
    pieces: list[np.ndarray] = []
    rates: set[int] = set()
    channels = 0
    for frame in container.decode(stream):
        pieces.append(mix(channels_of(frame)))
        rates.add(frame.sample_rate)
        channels = max(channels, frame.layout.nb_channels)
    if not pieces:
        raise BadRecording(path, "empty", "no samples in its sound track")
    if len(rates) > 1:
        raise BadRecording(path, "unreadable", "its sampling rate changes on the way")
    return Recording(np.concatenate(pieces), rates.pop(), channels)


def channels_of(frame: Any) -> np.ndarray:
    """Samples of a PyAV audio frame, (channels, samples) float with full scale 1."""
    samples: np.ndarray = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    if samples.dtype.kind == "f":
        return samples
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - 128) / 128
    return samples / -float(np.iinfo(samples.dtype).min)


def mix(samples: np.ndarray) -> np.ndarray:
    """Mean over the channels: (channels, samples) -> (samples,) float32."""
    if len(samples) == 1:
        return np.ascontiguousarray(samples[0], dtype=np.float32)
    with np.errstate(all="ignore"):  # infinite samples are found later
        return samples.mean(axis=0, dtype=np.float32)


def to_pcm(samples: np.ndarray, rate: int) -> tuple[np.ndarray, float]:
    """Resample to 16 kHz and round to 16 bit.

    A recording that exceeds full scale (float samples, a lossy decoder) is scaled down as a whole to a peak of full
    scale, so that nothing is clipped and nothing wraps around. What the resampling filter overshoots by saturates.

    Parameters
    ----------
    samples
        float32, shape (samples,): mono, full scale 1.
    rate
        Samples per second.

    Returns
    -------
    pcm
        int16, shape (ceil(samples * 16000 / rate),): those of a 16-bit mono recording at 16 kHz are returned as they
        are.
    decibels
        By how much it was scaled down; 0 when it was not.

    Examples
    --------
    >>> to_pcm(np.array([0.5, -2.0, 1.0], dtype=np.float32), 16000)
    (array([  8192, -32768,  16384], dtype=int16), 6.02)
    """
    peak = float(np.abs(samples).max(initial=0))
    if peak > 1:
        samples = samples / np.float32(peak)
    if rate != SETTINGS["rate"]:
        samples = resample(samples, rate)
    pcm = np.clip(np.rint(samples * 32768), -32768, 32767).astype("<i2")
    return pcm, round(20 * np.log10(max(peak, 1.0)).item(), 2)


def resample(samples: np.ndarray, rate: int) -> np.ndarray:
    import torch

    with torch.inference_mode():
        return _resampler(rate)(torch.from_numpy(samples)).numpy()


@functools.lru_cache(maxsize=8)
def _resampler(rate: int) -> Any:
    """torchaudio's resampler, its filter computed in double precision and once for each rate."""
    import torch
    from torchaudio.transforms import Resample

    return Resample(rate, SETTINGS["rate"], dtype=torch.float64, **SETTINGS["resampler"]).float()
