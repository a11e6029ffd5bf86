"""From frames to one embedding an utterance, over the real frames alone."""

import torch
from torch import Tensor

from xser.model.encoders.masks import zero_padding


class MaskedMean(torch.nn.Module):
    """Mean over the real frames.

    Examples
    --------
    >>> frames = torch.tensor([[[1.0], [3.0], [100.0]]])  # (batch, time, size), the last frame is padding
    >>> MaskedMean()(frames, torch.tensor([2])).tolist()
    [[2.0]]
    """

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Pool frames (batch, time, ...) to (batch, ...); `lengths` (batch,) are at least 1."""
        total = zero_padding(frames, lengths).sum(dim=1)
        return total / lengths.to(total, non_blocking=total.is_cuda).reshape(-1, *[1] * (total.dim() - 1))


class MaskedStatistics(torch.nn.Module):
    """Mean and standard deviation over the real frames, side by side: twice the size.

    The variance divides by the number of frames and has 1e-5 added, so that one frame alone gives neither NaN nor an
    infinite gradient.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mean = MaskedMean()

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Pool frames (batch, time, size) to (batch, 2 * size)."""
        mean = self.mean(frames, lengths)
        variance = self.mean((frames - mean[:, None]).square(), lengths)
        return torch.cat([mean, (variance + 1e-5).sqrt()], dim=-1)
