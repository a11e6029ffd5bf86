"""A small convolutional network, trained from scratch on log-mel frames."""

import torch
from torch.nn.functional import gelu

from xser.model.encoders.masks import zero_padding


class Compact(torch.nn.Module):
    """Two strided convolutions (100 to 25 frames a second), then residual blocks.

    Cheap first: most of the work is done at a quarter of the frame rate. Normalisation is over the channels of each
    frame alone, and padding is zeroed before every convolution, so that an utterance gives the same frames alone and
    in a batch.

    Parameters
    ----------
    bands : int
        Size of the input frames.
    size : int
        Size of the output frames.
    blocks : int
        Residual blocks.
    dropout : float
        In every block, and after the strided convolutions.

    Attributes
    ----------
    size : int
        Size of the output frames.

    Examples
    --------
    >>> frames, lengths = Compact()(torch.zeros(2, 98, 64), torch.tensor([98, 48]))
    >>> frames.shape, lengths.tolist()
    (torch.Size([2, 25, 128]), [25, 12])
    """

    def __init__(self, bands=64, size=128, blocks=3, dropout=0.1):
        super().__init__()
        self.size = size
        self.strided = torch.nn.ModuleList([_Strided(bands, size), _Strided(size, size)])
        self.dropout = torch.nn.Dropout(dropout)
        self.blocks = torch.nn.ModuleList([_Residual(size, dropout) for _ in range(blocks)])
        self.norm = torch.nn.LayerNorm(size)

    def forward(self, features, lengths):
        """Compute frames.

        Parameters
        ----------
        features : Tensor
            Shape (batch, time, bands).
        lengths : Tensor
            Real frames of each utterance (batch,).

        Returns
        -------
        (Tensor, Tensor)
            Frames (batch, ceil(time / 4), size), 0 where padded, and the numbers of real frames (batch,).
        """
        frames = zero_padding(features, lengths)
        for strided in self.strided:
            frames = strided(frames)
            lengths = (lengths + 1) // 2
            frames = zero_padding(frames, lengths)
        frames = self.dropout(frames)
        for block in self.blocks:
            frames = block(frames, lengths)
        return zero_padding(self.norm(frames), lengths), lengths


class _Strided(torch.nn.Module):
    """Convolution over 3 frames with stride 2, norm, GELU: (batch, time, size) to (batch, ceil(time / 2), size)."""

    def __init__(self, size_in, size_out):
        super().__init__()
        self.convolution = torch.nn.Conv1d(size_in, size_out, kernel_size=3, stride=2, padding=1)
        self.norm = torch.nn.LayerNorm(size_out)

    def forward(self, frames):
        return gelu(self.norm(self.convolution(frames.transpose(1, 2)).transpose(1, 2)))


class _Residual(torch.nn.Module):
    """Norm, convolution over 3 frames, GELU, dropout, linear, added to the input; keeps the shape."""

    def __init__(self, size, dropout):
        super().__init__()
        self.norm = torch.nn.LayerNorm(size)
        self.convolution = torch.nn.Conv1d(size, size, kernel_size=3, padding=1)
        self.dropout = torch.nn.Dropout(dropout)
        self.linear = torch.nn.Linear(size, size)

    def forward(self, frames, lengths):
        # The norm's bias is not zero on padding; the convolution must see zeros there, as it does at an utterance's end.
        inside = zero_padding(self.norm(frames), lengths).transpose(1, 2)
        inside = gelu(self.convolution(inside)).transpose(1, 2)
        return frames + self.linear(self.dropout(inside))
