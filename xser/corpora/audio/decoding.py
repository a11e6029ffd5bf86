"""Read one recording, whatever its container, and turn it into the 16 kHz samples that everything else hears.

The container is told by its content, not by its name. soundfile reads what libsndfile knows (WAV, AIFF, FLAC, Ogg,
MP3 ...), PyAV the rest (mp4, m4a, webm, avi ...). Channels are mixed to their mean.
"""

import dataclasses
import io
import os
import re
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from xser.core.errors import XserError
from xser.corpora.audio.containers import ENDLESS, SLACK, flac_without_count, mend, mp3_tells_its_length
from xser.corpora.audio.file_contents import HEAD, contents_of, is_audio
from xser.corpora.audio.mixing import LONGEST, STEP, Mixer, TooLong
from xser.corpora.audio.resampling import RATE, RESAMPLER, resample

# All that the samples depend on; part of the fingerprint of everything made from them. Raise `rules` when the same
# settings give other samples than an earlier xser did.
SETTINGS: dict[str, Any] = {
    "rules": 1,
    "rate": RATE,
    "channels": "mean",
    "samples": "int16",
    "resampler": RESAMPLER,  # of common rates; what took its place is kept with each recording
}

SHORTEST = 0.025  # seconds; in less there is not one frame to recognise anything in
RATES = (1000, 1_000_000)  # Hz; others are damaged headers
BEYOND = "cut off before the end of its stretch, in seconds"
OF_INTEGERS = 8  # times full scale: floating-point samples beyond it are integers that nobody divided
BLOCK = 2**18  # values decoded at a time
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
    cancelled
        The loudest channel where the channels cancel each other out in their mean.
    """

    samples: np.ndarray
    rate: int
    channels: int
    contents: str = ""
    mended: str = ""
    cancelled: int | None = None


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
        When it is unreadable, not audio, without a sound track, cut off, empty, silent, too long or not made of finite
        numbers; also when it ends before the stretch does.
    """
    try:
        if os.path.exists(path) and not os.path.isfile(path):  # a named pipe would wait for ever
            raise BadRecording(path, "unreadable", "no file")
        with open(path, "rb") as file:
            return decode_file(file, path, stretch)
    except OSError as error:
        raise BadRecording(path, "unreadable", error.strerror or str(error)) from error


def decode_file(file: BinaryIO, name: str | Path, stretch: Stretch | None = None) -> Recording:
    """Do as `decode_recording` with an open file; `name` is for messages."""
    try:
        recording = _decode(file, name, stretch)
        if recording.cancelled is not None:
            whole = _decode(file, name, stretch, recording.cancelled)
            what = f"its channels cancel each other out, and channel {recording.cancelled + 1} alone is read"
            recording = dataclasses.replace(whole, mended=what)
    except TooLong as error:
        raise BadRecording(name, f"longer than {LONGEST / 60:g} minutes", "cut it into utterances") from error
    except (MemoryError, ValueError, RuntimeError, OverflowError) as error:  # of a decoder, on what it cannot bear
        raise BadRecording(name, "unreadable", " ".join(f"{type(error).__name__}: {error}".split())) from error
    return checked(recording, name, stretch)


def checked(recording: Recording, path: str | Path, stretch: Stretch | None = None) -> Recording:
    """Refuse a recording that nothing can be recognised in; floating-point integers become samples.

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
    peak = float(np.abs(samples).max())
    if peak > OF_INTEGERS:
        if peak > OF_INTEGERS / STEP:
            raise BadRecording(path, "of floating-point samples of an unknown scale", f"up to {peak:g}")
        what = "its floating-point samples are 16-bit integers, and were divided by 32768"
        recording = dataclasses.replace(recording, samples=samples * np.float32(STEP), mended=what)
    if np.ptp(recording.samples) <= 2 * STEP:  # a constant is as silent as zero
        raise BadRecording(path, "silent")
    return recording


def audio_contents(file: BinaryIO, path: str | Path) -> str:
    """What a file holds (`contents_of`), from where it stands.

    Raises
    ------
    BadRecording
        When it is empty or something else than audio.
    """
    head = file.read(HEAD)
    contents = contents_of(head)
    if not head:
        raise BadRecording(path, "empty", "0 bytes")
    if not is_audio(contents):
        raise BadRecording(path, f"holding {contents} instead of audio")
    return contents


def _decode(file: BinaryIO, path: str | Path, stretch: Stretch | None, channel: int | None = None) -> Recording:
    file.seek(0)
    contents = audio_contents(file, path)
    whole, wrong, promised = file, "", 0
    if contents in ("WAV", "MP3", ""):
        whole, wrong = mend(file) or (file, "")
    elif contents == "FLAC" and stretch is None:
        whole, promised = flac_without_count(file)
    whole.seek(0)
    decoded = _decode_with_soundfile(whole, path, stretch, channel)
    if decoded is None:
        recording = _decode_with_av(file, path, contents, stretch, channel)
    else:
        recording, frames = decoded
        if frames is not None:
            recording = _whole_mp3(file, path, stretch, recording, frames, channel)
        if promised:
            wrong = _check_promised_samples(len(recording.samples), promised, path)
    return dataclasses.replace(recording, contents=contents, mended=wrong or recording.mended)


def _check_promised_samples(there: int, promised: int, path: str | Path) -> str:
    if there < KEPT_SHARE * promised:
        raise BadRecording(path, "cut off", f"{there} of {promised} samples")
    return "its header promises fewer samples than there are" if there > promised else ""


def _whole_mp3(
    file: BinaryIO, path: str | Path, stretch: Stretch | None, recording: Recording, frames: int, channel: int | None
) -> Recording:
    """What libsndfile read of an MP3 file, unless it guessed the `frames` and stopped before the end."""
    if mp3_tells_its_length(file):
        if stretch is None and len(recording.samples) < KEPT_SHARE * frames:
            raise BadRecording(path, "cut off", f"{len(recording.samples)} of {frames} samples")
        return recording
    try:
        whole = _decode_with_av(file, path, "MP3", None, channel)
    except BadRecording:
        return recording
    if KEPT_SHARE * len(whole.samples) <= frames:
        return recording
    first, last = _frames(stretch, whole.rate)
    return dataclasses.replace(
        whole, samples=whole.samples[first:last], mended="its header does not say how long it is"
    )


def _mixer(path: str | Path, stretch: Stretch | None, rate: int, position: int, channel: int | None) -> Mixer:
    if not RATES[0] <= rate <= RATES[1]:
        raise BadRecording(path, "unreadable", f"a sampling rate of {rate} Hz")
    return Mixer(rate, *_frames(stretch, rate), position, channel)


def _frames(stretch: Stretch | None, rate: int) -> tuple[int, int | None]:
    """The first frame of a stretch and the one behind its last, None for the end of the recording."""
    return (0, None) if stretch is None else (round(stretch[0] * rate), round(stretch[1] * rate))


def _decode_with_soundfile(
    file: BinaryIO, path: str | Path, stretch: Stretch | None, channel: int | None
) -> tuple[Recording, int | None] | None:
    """Return the recording, and the frames of an MP3; None when libsndfile does not know the container."""
    import soundfile

    class Stream(soundfile.SoundFile):
        """A sound file that is read on and on: soundfile seeks after each block, which not every codec can."""

        def seekable(self) -> bool:
            return False

    try:
        # By descriptor: libsndfile then cannot guess a headerless format from the name, and any name opens.
        opened = file if isinstance(file, io.BytesIO) else file.fileno()
        sound = Stream(opened, closefd=False)
    except soundfile.LibsndfileError:
        return None
    with sound:
        wrong = check_promised_bytes(sound.extra_info, path)
        try:
            position = 0
            if soundfile.SoundFile.seekable(sound):
                position = sound.seek(min(_frames(stretch, sound.samplerate)[0], sound.frames))
            mixer = _mixer(path, stretch, sound.samplerate, position, channel)
            size = max(1, BLOCK // sound.channels)
            while len(block := sound.read(size, dtype="float32", always_2d=True)) and mixer.add(block.T):
                pass
        except soundfile.LibsndfileError as error:
            raise BadRecording(path, "unreadable", f"{sound.format}: {error}") from error
        cancelled = mixer.loudest_of_cancelled
        recording = Recording(mixer.samples, sound.samplerate, sound.channels, mended=wrong, cancelled=cancelled)
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


def _decode_with_av(
    file: BinaryIO, path: str | Path, contents: str, stretch: Stretch | None, channel: int | None
) -> Recording:
    import av

    file.seek(0)
    try:
        with av.open(file, metadata_errors="replace") as container:
            if not container.streams.audio:
                raise BadRecording(path, "without a sound track")
            return _decode_stream(container, container.streams.audio[0], path, stretch, channel)
    except av.error.FFmpegError as error:
        what = f"{contents or 'unknown contents'}: {error.strerror or error}"
        raise BadRecording(path, "unreadable", what) from error


def _decode_stream(
    container: Any, stream: Any, path: str | Path, stretch: Stretch | None, channel: int | None
) -> Recording:
    if stream.codec_context is None:
        raise BadRecording(path, "unreadable", "no decoder for its sound track")
    stream.codec_context.thread_count = 1
    mixer: Mixer | None = None
    channels = 0
    for frame in container.decode(stream):
        mixer = mixer or _mixer(path, stretch, frame.sample_rate, 0, channel)
        if frame.sample_rate != mixer.rate:
            raise BadRecording(path, "unreadable", "its sampling rate changes on the way")
        if channels not in (0, frame.layout.nb_channels):
            raise BadRecording(path, "unreadable", "its number of channels changes on the way")
        channels = frame.layout.nb_channels
        if not mixer.add(channels_of(frame)):
            break
    if mixer is None:
        raise BadRecording(path, "empty", "no samples in its sound track")
    return Recording(mixer.samples, mixer.rate, channels, cancelled=mixer.loudest_of_cancelled)


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
