"""Log-mel front ends as products of matrices, which ONNX has: a gather, two products, a logarithm.

Whatever is linear in a window of samples (its mean taken away, pre-emphasis, the window function, the Fourier
transform) is one matrix. All of it is in float64: in float32 the rounding of a loud band would drown a quiet one.
"""

import math

import torch
from torch import Tensor

from xser.model.encoders.log_mel import FFT, HOP, SILENCE, WINDOW, LogMel
from xser.model.encoders.w2v_bert import W2vBertSpeechModel
from xser.model.encoders.whisper import WhisperSpeechModel


class MelPower(torch.nn.Module):
    """Power in mel bands of the windows that lie wholly inside a signal.

    Parameters
    ----------
    window
        Window function (samples,).
    filters
        Mel filters (fft / 2 + 1, bands).
    hop
        Samples from window to window.
    before
        What is done to the samples of a window first, as a matrix (samples, samples) from the left; None: nothing.
    """

    basis: Tensor
    filters: Tensor

    def __init__(self, window: Tensor, filters: Tensor, hop: int, before: Tensor | None = None) -> None:
        super().__init__()
        self.length, self.hop = len(window), hop
        bins = len(filters)
        fft = 2 * (bins - 1)
        turns = torch.outer(torch.arange(self.length), torch.arange(bins)) % fft  # whole numbers: no rounding
        angles = turns.double() * (2 * math.pi / fft)
        basis = window.double()[:, None] * torch.cat([angles.cos(), angles.sin()], dim=1)
        self.register_buffer("basis", basis if before is None else before.T @ basis)
        self.register_buffer("filters", filters.double())

    def forward(self, signal: Tensor) -> Tensor:
        """Power (time, bands), float64, of a signal (samples,)."""
        time = (signal.shape[0] - self.length) // self.hop + 1
        index = torch.arange(time)[:, None] * self.hop + torch.arange(self.length)
        real, imaginary = (signal.double()[index] @ self.basis).chunk(2, dim=1)
        return (real.square() + imaginary.square()) @ self.filters


class LogMelGraph(torch.nn.Module):
    """`xser.model.encoders.log_mel.LogMel` of one utterance."""

    shortest = WINDOW

    def __init__(self, frontend: LogMel) -> None:
        super().__init__()
        assert 2 * (len(frontend.filters) - 1) == FFT
        self.power = MelPower(frontend.window, frontend.filters, HOP)
        self.range = 10 ** (-frontend.range_db / 10)
        self.remove_band_mean = frontend.remove_band_mean

    def forward(self, signal: Tensor) -> Tensor:
        """Frames (time, bands) of a signal (samples,)."""
        power = self.power(signal)
        frames = power.maximum((power.max() * self.range).clamp_min(SILENCE)).log()
        if self.remove_band_mean:
            frames = frames - frames.mean(dim=0, keepdim=True)
        return frames.float()


class WhisperLogMel(torch.nn.Module):
    """Log-mel frames of at most 30 s, as transformers' `WhisperFeatureExtractor` computes them."""

    def __init__(self, model: WhisperSpeechModel) -> None:
        super().__init__()
        extractor = model.extractor
        window = torch.hann_window(extractor.n_fft, dtype=torch.float64)
        self.power = MelPower(window, torch.from_numpy(extractor.mel_filters), extractor.hop_length)
        self.side = extractor.n_fft // 2

    def forward(self, signal: Tensor) -> Tensor:
        """Frames (time, bands) of a signal (samples,): windows stand around their middle, the last is left out."""
        around = torch.nn.functional.pad(signal[None], (self.side, self.side), mode="reflect")[0]
        bands = self.power(around)[:-1].clamp_min(1e-10).log10()
        return ((bands.maximum(bands.max() - 8.0) + 4.0) / 4.0).float()


class W2vBertLogMel(torch.nn.Module):
    """Log-mel frames, two side by side, as transformers' `SeamlessM4TFeatureExtractor` computes them."""

    def __init__(self, model: W2vBertSpeechModel) -> None:
        super().__init__()
        extractor = model.extractor
        window = torch.from_numpy(extractor.window)
        before = _pre_emphasis(len(window), 0.97) @ _without_mean(len(window)) * 2.0**15
        self.power = MelPower(window, torch.from_numpy(extractor.mel_filters), 160, before)
        self.stride = extractor.stride

    def forward(self, signal: Tensor) -> Tensor:
        """Frames (time / 2, 2 * bands) of a signal (samples,); each band has mean 0 and variance 1."""
        bands = self.power(signal).clamp_min(1.192092955078125e-07).log()
        bands = (bands - bands.mean(dim=0, keepdim=True)) / (bands.var(dim=0, keepdim=True) + 1e-7).sqrt()
        whole = bands.shape[0] // self.stride
        return bands[: whole * self.stride].reshape(whole, -1).float()


def _without_mean(length: int) -> Tensor:
    return torch.eye(length, dtype=torch.float64) - 1 / length


def _pre_emphasis(length: int, factor: float) -> Tensor:
    """Take from each sample `factor` of the one before it; the first counts as its own predecessor."""
    matrix = torch.eye(length, dtype=torch.float64) - factor * torch.diag(torch.ones(length - 1).double(), -1)
    matrix[0, 0] = 1 - factor
    return matrix
