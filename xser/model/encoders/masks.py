"""Which frames of a padded batch are real."""

import torch


def frame_mask(lengths, frames):
    """True where a frame is real.

    Parameters
    ----------
    lengths : Tensor
        Real frames of each utterance, (batch,).
    frames : int
        Frames of the padded batch.

    Returns
    -------
    Tensor
        Booleans (batch, frames).

    Examples
    --------
    >>> frame_mask(torch.tensor([1, 3]), 3).int().tolist()
    [[1, 0, 0], [1, 1, 1]]
    """
    return torch.arange(frames, device=lengths.device)[None, :] < lengths[:, None]


def zero_padding(frames, lengths):
    """Return `frames` (batch, time, ...) with zeros wherever a frame is not real."""
    mask = frame_mask(lengths, frames.shape[1])
    return frames.masked_fill(~mask.reshape(*mask.shape, *[1] * (frames.dim() - 2)), 0.0)


def attention_mask(lengths, frames):
    """Which frames each frame may look at.

    Parameters
    ----------
    lengths : Tensor
        Real frames of each utterance, (batch,).
    frames : int
        Frames of the padded batch.

    Returns
    -------
    Tensor or None
        Booleans (batch, 1, 1, frames), as torch's `scaled_dot_product_attention` takes them; None where nothing is
        padded, which is faster.
    """
    return None if int(lengths.min()) == frames else frame_mask(lengths, frames)[:, None, None]
