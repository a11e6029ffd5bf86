"""Group normalisation over the real frames alone."""

import torch
from torch import Tensor

from xser.model.encoders.masks import frame_mask


def masked_group_norm(norm: torch.nn.GroupNorm, frames: Tensor, lengths: Tensor) -> Tensor:
    """Normalise every channel of every utterance over its real frames, as `norm` does for an utterance by itself.

    wav2vec 2.0 base and HuBERT base normalise the output of their first convolution over time. Over a padded batch
    transformers includes the padding, so that an embedding depends on the longest neighbour.

    Parameters
    ----------
    norm
        With one group a channel, as these models have it.
    frames
        Shape (batch, channels, time).
    lengths
        Real frames of each utterance (batch,).

    Returns
    -------
    Tensor
        Shape (batch, channels, time), float32 as torch's own under autocast: in float16 the sum of a second's squares
        is soon infinite. What stands where a frame is not real means nothing.
    """
    frames = frames.float()
    real = frame_mask(lengths, frames.shape[2], frames.device)[:, None].to(frames.dtype)
    count = lengths.to(frames, non_blocking=frames.is_cuda)[:, None, None]
    mean = (frames * real).sum(dim=2, keepdim=True) / count
    variance = ((frames - mean).square() * real).sum(dim=2, keepdim=True) / count
    scale = norm.weight[None, :, None] * (variance + norm.eps).rsqrt()
    return (frames - mean) * scale + norm.bias[None, :, None]
