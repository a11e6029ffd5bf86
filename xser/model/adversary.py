"""The speaker adversary: gradient reversal (Ganin et al. 2016) before a speaker classifier."""

import math
from typing import Any

import torch
from torch import Tensor

from xser.core.errors import XserError
from xser.model.gathering import mean_over_ranks

MASKED = -1  # speaker index of an utterance that the speaker loss leaves out


class _Reverse(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, values: Tensor, strength: float) -> Tensor:
        context.strength = strength
        return values.view_as(values)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return -context.strength * gradient, None


def reverse_gradient(values: Tensor, strength: float) -> Tensor:
    """Return `values`; on the way back their gradient is multiplied by ``-strength``.

    Examples
    --------
    >>> x = torch.ones(2, requires_grad=True)
    >>> reverse_gradient(3 * x, 0.5).sum().backward()
    >>> x.grad.tolist()
    [-1.5, -1.5]
    """
    return _Reverse.apply(values, float(strength))


class GradientReversal(torch.nn.Module):
    """`reverse_gradient` as a module.

    Parameters
    ----------
    strength
        Factor of the reversed gradient; may be set anew at any time.
    """

    def __init__(self, strength: float = 1.0) -> None:
        super().__init__()
        self.strength = strength

    def forward(self, values: Tensor) -> Tensor:
        """Return `values`, of any shape."""
        return reverse_gradient(values, self.strength)


class ReversalRamp:
    """Strength of the reversal over the training: ``2 / (1 + exp(-gamma p)) - 1`` (Ganin et al. 2016, section 5.2.2).

    Parameters
    ----------
    gamma
        Steepness.

    Raises
    ------
    XserError
        When `gamma` is negative.

    Examples
    --------
    >>> ramp = ReversalRamp()
    >>> [round(ramp(p), 3) for p in (0.0, 0.1, 0.5, 1.0)]
    [0.0, 0.462, 0.987, 1.0]
    """

    def __init__(self, gamma: float = 10.0) -> None:
        if not gamma >= 0:
            raise XserError(f"reversal_gamma is {gamma}: give a number that is not negative")
        self.gamma = gamma

    def __call__(self, progress: float) -> float:
        """Strength, 0 to 1, when the share `progress` (0 to 1) of the training is done."""
        return 2.0 / (1.0 + math.exp(-self.gamma * progress)) - 1.0


class SpeakerAdversary(torch.nn.Module):
    """Tell the speakers apart, and make the embedding forget them: reversal, linear, ReLU, dropout, linear.

    Parameters
    ----------
    speakers
        Number of speaker classes.
    hidden
        Units of the hidden layer.
    dropout
        After the hidden layer.
    """

    def __init__(self, embedding_size: int, speakers: int, hidden: int = 256, dropout: float = 0.1) -> None:
        super().__init__()
        self.reversal = GradientReversal()
        self.classifier = torch.nn.Sequential(
            torch.nn.Linear(embedding_size, hidden),
            torch.nn.ReLU(),
            torch.nn.Dropout(dropout),
            torch.nn.Linear(hidden, speakers),
        )

    def forward(self, embeddings: Tensor, strength: float | None = None) -> Tensor:
        """Classify speakers.

        Parameters
        ----------
        embeddings
            Shape (batch, embedding_size).
        strength
            Of the reversal, from now on; an argument because DDP hides attributes. As it was when None.

        Returns
        -------
        Tensor
            Logits (batch, speakers).
        """
        if strength is not None:
            self.reversal.strength = strength
        return self.classifier(self.reversal(embeddings))


def masked_cross_entropy(logits: Tensor, speakers: Tensor) -> Tensor:
    """Mean cross-entropy over the utterances whose speaker counts; 0 with a graph when none does.

    Averaged over ranks, it is the mean over the whole batch (`xser.model.gathering.mean_over_ranks`).

    Parameters
    ----------
    logits
        Shape (batch, speakers).
    speakers
        Speaker indices (batch,), `MASKED` where the loss is to look away.
    """
    total = torch.nn.functional.cross_entropy(logits, speakers, ignore_index=MASKED, reduction="sum")
    return mean_over_ranks(total, (speakers != MASKED).sum())
