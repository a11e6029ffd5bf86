"""Log-mel frames: the front end of networks trained from scratch."""

from typing import Any

import torch
import torchaudio
from torch import Tensor

from xser.model.encoders.masks import zero_padding
from xser.model.encoders.pooling import MaskedMean
from xser.model.encoders.recordings import RATE

WINDOW = 400  # 25 ms
HOP = 160  # 10 ms
FFT = 512
SILENCE = 1e-10  # least power of a band, whatever the range


class LogMel(torch.nn.Module):
    """64 log-mel bands, 25 ms windows every 10 ms, at 16 kHz.

    Only windows that lie wholly inside the utterance count, so no frame sees padding and an utterance gives the same
    frames alone and in a batch. An utterance shorter than one window is filled up with zeros to one.

    Parameters
    ----------
    bands
        Mel bands from 20 Hz to 8 kHz (HTK scale).
    range_db
        What lies further below the utterance's loudest band is lifted to that floor, before the natural logarithm: a
        quiet recording keeps as much of its speech as a loud one, and digital silence looks like any other.
    remove_band_mean
        Subtract from each band its mean over the utterance: what remains knows less of the channel, the microphone and
        with them the corpus, and nothing of the recording's level.

    Attributes
    ----------
    identity
        Everything that the output depends on.
    size
        Bands.
    frames_per_second
        100.

    Examples
    --------
    >>> frames, lengths = LogMel()(torch.zeros(2, 16000), torch.tensor([16000, 8000]))
    >>> frames.shape, lengths.tolist()
    (torch.Size([2, 98, 64]), [98, 48])
    """

    frames_per_second: int = RATE // HOP
    filters: Tensor
    window: Tensor

    def __init__(self, bands: int = 64, range_db: float = 80.0, remove_band_mean: bool = True) -> None:
        super().__init__()
        self.size = bands
        self.range_db = float(range_db)
        self.remove_band_mean = remove_band_mean
        self.identity: dict[str, Any] = {
            "kind": "log_mel",
            "version": 1,
            "rate": RATE,
            "window": WINDOW,
            "hop": HOP,
            "fft": FFT,
            "bands": bands,
            "range_db": self.range_db,
            "silence": SILENCE,
            "remove_band_mean": remove_band_mean,
        }
        filters = torchaudio.functional.melscale_fbanks(FFT // 2 + 1, 20.0, RATE / 2, bands, RATE)
        self.register_buffer("filters", filters, persistent=False)
        self.register_buffer("window", torch.hann_window(WINDOW), persistent=False)
        self.mean = MaskedMean()

    @torch.no_grad()
    def forward(self, waveforms: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Compute frames.

        Parameters
        ----------
        waveforms
            Shape (batch, samples), 16 kHz.
        lengths
            Real samples of each utterance (batch,).

        Returns
        -------
        (Tensor, Tensor)
            Frames (batch, time, bands), 0 where padded, and the numbers of real frames (batch,).
        """
        waveforms = zero_padding(waveforms, lengths)
        # torch.stft centres the window in the transform: padded so, frame t is samples 160 t to 160 t + 400.
        side = (FFT - WINDOW) // 2
        missing = max(0, WINDOW - waveforms.shape[1])
        waveforms = torch.nn.functional.pad(waveforms, (side, side + missing))
        spectrum = torch.stft(waveforms, FFT, HOP, WINDOW, self.window, center=False, return_complex=True)
        power = spectrum.real.square() + spectrum.imag.square()
        frame_lengths = 1 + (lengths.clamp_min(WINDOW) - WINDOW) // HOP
        power = zero_padding(power.transpose(1, 2) @ self.filters, frame_lengths)
        floor = (power.amax(dim=(1, 2), keepdim=True) * 10 ** (-self.range_db / 10)).clamp_min(SILENCE)
        frames = power.maximum(floor).log()
        if self.remove_band_mean:
            frames = frames - self.mean(frames, frame_lengths)[:, None]
        return zero_padding(frames, frame_lengths), frame_lengths
