"""Which frames of a padded batch are real."""

import torch
from torch import Tensor


def frame_mask(lengths: Tensor, frames: int, device: torch.device | None = None) -> Tensor:
    """True where a frame is real.

    Parameters
    ----------
    lengths
        Real frames of each utterance, (batch,).
    frames
        Frames of the padded batch.
    device
        Where the mask is wanted; by default where `lengths` are.

    Returns
    -------
    Tensor
        Booleans (batch, frames).

    Examples
    --------
    >>> frame_mask(torch.tensor([1, 3]), 3).int().tolist()
    [[1, 0, 0], [1, 1, 1]]
    """
    device = lengths.device if device is None else device
    # Without waiting for a GPU: what it still computes is not needed to know the lengths.
    beside = lengths.to(device, non_blocking=device.type == "cuda")
    return torch.arange(frames, device=device)[None, :] < beside[:, None]


def zero_padding(frames: Tensor, lengths: Tensor) -> Tensor:
    """Return `frames` (batch, time, ...) with zeros wherever a frame is not real."""
    mask = frame_mask(lengths, frames.shape[1], frames.device)
    return frames.masked_fill(~mask.reshape(*mask.shape, *[1] * (frames.dim() - 2)), 0.0)


def attention_mask(lengths: Tensor | None, frames: Tensor) -> Tensor | None:
    """Which frames each frame may look at.

    Parameters
    ----------
    lengths
        Real frames of each utterance, (batch,); None where nothing is padded.
    frames
        The padded batch, (batch, time, ...).

    Returns
    -------
    Tensor or None
        Booleans (batch, 1, 1, time), as torch's `scaled_dot_product_attention` takes them; None where nothing is
        padded, which is faster.
    """
    time = frames.shape[1]
    return (
        None
        if lengths is None or int(lengths.min()) == time
        else frame_mask(lengths, time, frames.device)[:, None, None]
    )
