"""Anybody's recording, in whatever form it comes, as the 16 kHz samples that a model hears."""

import dataclasses
import io
import os
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np

from xser.corpora.audio.decoding import (
    SETTINGS,
    BadRecording,
    Recording,
    decode_file,
    decode_recording,
    to_pcm,
)
from xser.corpora.audio.decoding import checked as checked_recording

RATE: int = SETTINGS["rate"]


@dataclasses.dataclass(frozen=True)
class Part:
    """A part of a file.

    Attributes
    ----------
    path
        Of the file.
    start, end
        In seconds.
    """

    path: str
    start: float
    end: float


Source: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO | tuple[Any, int] | Part


def read_waveform(source: Source) -> np.ndarray:
    """Read a recording as stage 0 prepares it: mono, 16 kHz, in steps of 16 bits.

    Parameters
    ----------
    source
        A path, the content of a file, an open binary file, a part of a file, or samples and their rate: (samples,), or
        with channels (samples, channels) or (channels, samples).

    Returns
    -------
    numpy.ndarray
        float32 (samples,), full scale 1.

    Raises
    ------
    BadRecording
        When it is unreadable, not audio, without a sound track, cut off, empty, silent or not made of finite numbers.
    """
    recording = _decoded(source)
    pcm, _ = to_pcm(recording.samples, recording.rate)
    return pcm.astype(np.float32) / 32768


def name_of(source: Source) -> str:
    """How a message and a table name a recording; empty for samples and for content without a name."""
    if isinstance(source, Part):
        return source.path
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source)
    return str(getattr(source, "name", ""))


def _decoded(source: Source) -> Recording:
    if isinstance(source, Part):
        return decode_recording(Path(source.path), (source.start, source.end))
    if isinstance(source, (str, os.PathLike)):
        return decode_recording(Path(source))
    name = name_of(source) or "the recording"
    if isinstance(source, tuple):
        return checked_recording(mono(*source, name), name)
    return decode_file(io.BytesIO(source if isinstance(source, bytes) else source.read()), name)


def mono(samples: Any, rate: int, name: str) -> Recording:
    """Samples of a caller as a recording; whole numbers have the full scale of their type."""
    array = np.asarray(samples)
    if array.ndim not in (1, 2) or array.dtype.kind not in "iuf" or 0 in array.shape:
        what = f"{array.dtype} of shape {array.shape}"
        raise BadRecording(name, "unreadable", f"samples are numbers (samples,) or (samples, channels), not {what}")
    if array.dtype.kind in "iu":
        middle = 0 if array.dtype.kind == "i" else np.iinfo(array.dtype).max // 2 + 1
        array = (array.astype(np.float64) - middle) / -float(np.iinfo(f"i{array.dtype.itemsize}").min)
    channels = 1
    if array.ndim == 2:
        channels = min(array.shape)
        array = array.mean(axis=int(np.argmin(array.shape)))
    return Recording(array.astype(np.float32), int(rate), channels)
