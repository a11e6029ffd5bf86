"""Prepared recordings, read as they are: the features of an encoder of which everything learns."""

import soundfile
import torch

from xser.core.errors import XserError

RATE = 16000  # of all audio that stage 0 writes, and of every encoder


def read_prepared_audio(path):
    """Read a file that stage 0 wrote.

    Parameters
    ----------
    path : str or Path
        16 kHz, mono.

    Returns
    -------
    numpy.ndarray
        float32 (samples,).

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
    """Waveforms by digest, with the methods of `xser.model.encoders.feature_store.FeatureStore`; nothing is kept.

    Parameters
    ----------
    rows : pandas.DataFrame
        Columns ``audio`` and ``digest``.
    """

    def __init__(self, rows):
        self._audio = dict(zip(rows["digest"], rows["audio"], strict=True))

    def get(self, digest):
        """Waveform of one utterance, (samples,)."""
        return torch.from_numpy(read_prepared_audio(self._audio[digest]))

    def frames(self, digest):
        """Samples of one utterance."""
        return soundfile.info(self._audio[digest]).frames
