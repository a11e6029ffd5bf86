"""Where somebody speaks in a recording, by Silero VAD (https://github.com/snakers4/silero-vad)."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from xser.core.extras import optional
from xser.corpora.audio.waveforms import RATE
from xser.model.timeline import Span

CHUNK = 512  # samples that the detector takes at once


def speech_segments(pieces: Iterator[np.ndarray]) -> list[Span]:
    """Find speech, in constant memory.

    Parameters
    ----------
    pieces
        16 kHz samples in pieces, (samples,) each.

    Returns
    -------
    list of (float, float)
        Start and end of each segment in seconds, in order.

    Raises
    ------
    XserError
        When silero-vad is not installed.
    """
    silero = optional("silero_vad", "--vad")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # its network is so small that a second thread makes it slower
    try:
        return _segments(silero.VADIterator(silero.load_silero_vad(), sampling_rate=RATE), pieces)
    finally:
        torch.set_num_threads(threads)


def _segments(detector: Any, pieces: Iterator[np.ndarray]) -> list[Span]:
    segments: list[Span] = []
    begun, seconds = None, 0.0
    for chunk in _chunks(pieces):
        found = detector(torch.from_numpy(np.pad(chunk, (0, CHUNK - len(chunk)))))
        seconds += len(chunk) / RATE
        for word, at in (found or {}).items():
            if word == "start":
                begun = at / RATE
            elif begun is not None:
                segments.append((begun, min(at / RATE, seconds)))
                begun = None
    return segments if begun is None else [*segments, (begun, seconds)]


def _chunks(pieces: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    held = np.zeros(0, dtype=np.float32)
    for piece in pieces:
        held = np.concatenate([held, piece])
        whole = len(held) // CHUNK * CHUNK
        yield from held[:whole].reshape(-1, CHUNK)
        held = held[whole:]
    if len(held):
        yield held
