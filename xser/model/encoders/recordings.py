"""Prepared recordings, read as they are: the features of an encoder of which everything learns."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile
import torch
from torch import Tensor

from xser.core.digests import samples_digest
from xser.core.errors import XserError

if TYPE_CHECKING:
    import pandas as pd

RATE = 16000  # of all audio that stage 0 writes, and of every encoder
FULL_SCALE = np.float32(32768)  # of 16-bit samples


def read_prepared_audio(path: str | Path, digest: str = "") -> np.ndarray:
    """Read a 16 kHz mono file that stage 0 wrote: float32 (samples,).

    Parameters
    ----------
    path
        The file.
    digest
        Of its samples, as its row tells it; empty: they are not checked.

    Raises
    ------
    XserError
        When the file is missing, damaged, of other samples or not 16 kHz mono.
    """
    try:
        pcm, rate = soundfile.read(path, dtype="int16")
    except (OSError, soundfile.SoundFileError) as error:
        raise XserError(f"{path} cannot be read: run stage 0 (prepare) again") from error
    if rate != RATE or pcm.ndim != 1:
        raise XserError(f"{path} is not 16 kHz mono: run stage 0 (prepare) again")
    if digest and samples_digest(pcm.astype("<i2").tobytes()) != digest:
        raise XserError(
            f"{path} does not hold the samples that stage 0 (prepare) wrote (changed or damaged since): "
            "run it again: add --stage 0"
        )
    return pcm.astype(np.float32) / FULL_SCALE


class Recordings:
    """Waveforms by digest, read anew whenever they are asked for; the first time they are checked against it.

    Parameters
    ----------
    rows
        Columns ``audio`` and ``digest``.
    """

    def __init__(self, rows: "pd.DataFrame") -> None:
        self._audio = dict(zip(rows["digest"], rows["audio"], strict=True))
        self._checked: set[str] = set()

    def get(self, digest: str) -> Tensor:
        """Waveform of one utterance, (samples,)."""
        samples = read_prepared_audio(self._audio[digest], "" if digest in self._checked else digest)
        self._checked.add(digest)
        return torch.from_numpy(samples)

    def frames(self, digest: str) -> int:
        """Samples of one utterance."""
        return soundfile.info(self._audio[digest]).frames
