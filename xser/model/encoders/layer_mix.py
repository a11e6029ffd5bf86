"""The trained half of a frozen encoder: standardise its layers, mix them, project them."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from xser.core.errors import XserError
from xser.model.encoders.model_folder import refuse_another_encoder


class LayerMix(torch.nn.Module):
    """Standardised layers, mixed by learned weights or one alone, then a linear projection with GELU and dropout.

    The projection gives the losses something to shape. It follows the pooling when embeddings are kept (one frame an
    utterance) and precedes it when frames are.

    Parameters
    ----------
    layers, size
        Of the front end's features.
    layer
        ``mix`` (softmax of learned weights, equal at first), ``last``, or a layer's number, 0 being the transformer's
        input.
    projection_size
        Size of the output.
    dropout
        Of the projection's output.
    encoder_identity
        Of the frozen encoder (`xser.model.encoders.pretrained.PretrainedEncoder`); its checkpoint refuses another's.

    Attributes
    ----------
    size
        Size of the output.

    Raises
    ------
    XserError
        When there is no such layer.

    Examples
    --------
    >>> frames, lengths = LayerMix(layers=5, size=384)(torch.zeros(2, 1, 5, 384), torch.tensor([1, 1]))
    >>> frames.shape, lengths.tolist()
    (torch.Size([2, 1, 128]), [1, 1])
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        layers: int,
        size: int,
        layer: str | int = "mix",
        projection_size: int = 128,
        dropout: float = 0.1,
        encoder_identity: str = "",
    ) -> None:
        super().__init__()
        self.encoder_identity = encoder_identity
        self.size = projection_size
        self.layer = _number(layer, layers)
        if self.layer is None:
            self.layer_weights = torch.nn.Parameter(torch.zeros(layers))
        self.register_buffer("mean", torch.zeros(layers, size))
        self.register_buffer("deviation", torch.ones(layers, size))
        self.projection = torch.nn.Sequential(
            torch.nn.Linear(size, projection_size), torch.nn.GELU(), torch.nn.Dropout(dropout)
        )

    def get_extra_state(self) -> str:
        """The encoder's identity, for the checkpoint."""
        return self.encoder_identity

    def set_extra_state(self, state: str) -> None:
        """Refuse the checkpoint of another encoder."""
        refuse_another_encoder(state, self.encoder_identity)

    @torch.no_grad()
    def fit_standardiser(self, digests: Sequence[str], features_of: Callable[[str], Tensor]) -> None:
        """Take mean and standard deviation of every layer and dimension from the training features.

        They are gone through twice, one utterance at a time: no more than one is in memory.

        Parameters
        ----------
        digests
            The training utterances.
        features_of
            Gives the features of a digest, (time, layers, size).
        """
        frames, total = 0, torch.zeros_like(self.mean, dtype=torch.float64)
        for digest in digests:
            features = features_of(digest)
            frames += len(features)
            total += features.sum(dim=0, dtype=torch.float64)
        mean = total / frames
        squares = torch.zeros_like(total)
        for digest in digests:
            squares += (features_of(digest).double() - mean).square().sum(dim=0)
        deviation = (squares / frames).sqrt()
        self.mean.copy_(mean)
        self.deviation.copy_(torch.where(deviation > 1e-6, deviation, 1.0))

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Compute frames.

        Parameters
        ----------
        features
            Shape (batch, time, layers, size).
        lengths
            Real frames of each utterance (batch,).

        Returns
        -------
        (Tensor, Tensor)
            Frames (batch, time, projection_size), and `lengths`.
        """
        if self.layer is None:
            standard = (features - self.mean) / self.deviation
            mixed = torch.einsum("btls,l->bts", standard, self.layer_weights.softmax(dim=0))
        else:
            mixed = (features[:, :, self.layer] - self.mean[self.layer]) / self.deviation[self.layer]
        return self.projection(mixed), lengths


def _number(layer: str | int, layers: int) -> int | None:
    """Number of the one layer that is taken; None where all are mixed."""
    if layer == "mix":
        return None
    if layer == "last":
        return layers - 1
    if type(layer) is not int or not 0 <= layer < layers:
        raise XserError(f"layer is mix, last or 0 to {layers - 1}, not {layer!r}")
    return layer
