"""A small convolutional network, trained from scratch on log-mel frames."""

import torch
from torch import Tensor
from torch.nn.functional import gelu, pad

from xser.model.encoders.masks import frame_mask


class Compact(torch.nn.Module):
    """Two strided convolutions (100 to 25 frames a second), then residual blocks that look ever further around.

    Cheap first: most of the work is done at a quarter of the frame rate, and a convolution over three frames is one
    matrix product with the three side by side, on a CPU a fifth faster than `torch.nn.Conv1d`. Normalisation is over
    the channels of each frame alone, and padding is zeroed before every convolution, so that an utterance gives the
    same frames alone and in a batch.

    Parameters
    ----------
    bands
        Size of the input frames.
    size
        Size of the output frames.
    blocks
        Residual blocks; block k sees the frames 2^k before and after.
    dropout
        In every block, and after the strided convolutions.

    Attributes
    ----------
    size
        Size of the output frames.

    Examples
    --------
    >>> frames, lengths = Compact()(torch.zeros(2, 98, 64), torch.tensor([98, 48]))
    >>> frames.shape, lengths.tolist()
    (torch.Size([2, 25, 128]), [25, 12])
    """

    def __init__(self, bands: int = 64, size: int = 128, blocks: int = 2, dropout: float = 0.1) -> None:
        super().__init__()
        self.size = size
        self.strided = torch.nn.ModuleList([_Strided(bands, size), _Strided(size, size)])
        self.dropout = torch.nn.Dropout(dropout)
        self.blocks = torch.nn.ModuleList([_Residual(size, 2**k, dropout) for k in range(blocks)])
        self.norm = torch.nn.LayerNorm(size)

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Compute frames.

        Parameters
        ----------
        features
            Shape (batch, time, bands).
        lengths
            Real frames of each utterance (batch,).

        Returns
        -------
        (Tensor, Tensor)
            Frames (batch, ceil(time / 4), size), 0 where padded, and the numbers of real frames (batch,).
        """
        frames = features * _real(features, lengths)
        for strided in self.strided:
            frames = strided(frames)
            lengths = (lengths + 1) // 2
            real = _real(frames, lengths)
            frames = frames * real
        frames = self.dropout(frames)
        for block in self.blocks:
            frames = block(frames, real)
        return self.norm(frames) * real, lengths


def _real(frames: Tensor, lengths: Tensor) -> Tensor:
    """1 where a frame is real, else 0, (batch, time, 1): a product is cheaper than `masked_fill` on the way back."""
    return frame_mask(lengths, frames.shape[1], frames.device)[..., None].to(frames.dtype)


class _Strided(torch.nn.Module):
    """Convolution over 3 frames with stride 2, norm, GELU: (batch, time, size_in) to (batch, time / 2, size_out)."""

    def __init__(self, size_in: int, size_out: int) -> None:
        super().__init__()
        self.convolution = torch.nn.Linear(3 * size_in, size_out)
        self.norm = torch.nn.LayerNorm(size_out)

    def forward(self, frames: Tensor) -> Tensor:
        time = frames.shape[1]
        around = pad(frames, (0, 0, 1, 1 + time % 2))
        three = torch.cat([around[:, :-2:2], around[:, 1:-1:2], around[:, 2::2]], dim=-1)
        return gelu(self.norm(self.convolution(three)))


class _Residual(torch.nn.Module):
    """Norm, convolution over 3 frames `gap` apart, GELU, dropout, linear, added to the input (batch, time, size)."""

    def __init__(self, size: int, gap: int, dropout: float) -> None:
        super().__init__()
        self.gap = gap
        self.norm = torch.nn.LayerNorm(size)
        self.convolution = torch.nn.Linear(3 * size, size)
        self.dropout = torch.nn.Dropout(dropout)
        self.linear = torch.nn.Linear(size, size)

    def forward(self, frames: Tensor, real: Tensor) -> Tensor:
        time = frames.shape[1]
        # The norm's bias is not zero on padding; a convolution must see zeros there, as it does at an utterance's end.
        around = pad(self.norm(frames) * real, (0, 0, self.gap, self.gap))
        three = torch.cat([around[:, :time], around[:, self.gap : self.gap + time], around[:, 2 * self.gap :]], dim=-1)
        return frames + self.linear(self.dropout(gelu(self.convolution(three))))
