"""What a layer of transformers returns, which differs between its versions."""

import torch


def output_of(returned: torch.Tensor | tuple[torch.Tensor, ...]) -> torch.Tensor:
    """The frames, (batch, time, size): transformers 4 returns them first in a tuple, transformers 5 alone.

    Examples
    --------
    >>> frames = torch.zeros(1, 2, 3)
    >>> output_of(frames) is output_of((frames, None)) is frames
    True
    """
    return returned[0] if isinstance(returned, tuple) else returned
