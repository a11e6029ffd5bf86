"""Prepared recordings, read as they are: the features of an encoder of which everything learns."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile
import torch
from torch import Tensor

from xser.core.errors import XserError

if TYPE_CHECKING:
    import pandas as pd

RATE = 16000  # of all audio that stage 0 writes, and of every encoder


def read_prepared_audio(path: str | Path) -> np.ndarray:
    """Read a 16 kHz mono file that stage 0 wrote: float32 (samples,).

    Raises
    ------
    XserError
        When the file is missing, damaged or not 16 kHz mono.
    """
    try:
        samples, rate = soundfile.read(path, dtype="float32")
    except (OSError, soundfile.SoundFileError) as error:
        raise XserError(f"{path} cannot be read: run stage 0 (prepare) again") from error
    if rate != RATE or samples.ndim != 1:
        raise XserError(f"{path} is not 16 kHz mono: run stage 0 (prepare) again")
    return samples


class Recordings:
    """Waveforms by digest, read anew whenever they are asked for.

    Parameters
    ----------
    rows
        Columns ``audio`` and ``digest``.
    """

    def __init__(self, rows: "pd.DataFrame") -> None:
        self._audio = dict(zip(rows["digest"], rows["audio"], strict=True))

    def get(self, digest: str) -> Tensor:
        """Waveform of one utterance, (samples,)."""
        return torch.from_numpy(read_prepared_audio(self._audio[digest]))

    def frames(self, digest: str) -> int:
        """Samples of one utterance."""
        return soundfile.info(self._audio[digest]).frames
