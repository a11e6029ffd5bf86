"""The trained half of a frozen encoder: standardise its layers, mix them, project them."""

import torch

from xser.core.errors import XserError
from xser.model.encoders.model_folder import refuse_another_encoder


class LayerMix(torch.nn.Module):
    """Standardised layers, mixed by learned weights or one alone, then a linear projection with GELU and dropout.

    The projection gives the losses something to shape. It follows the pooling when embeddings are kept (one frame an
    utterance) and precedes it when frames are.

    Parameters
    ----------
    layers, size : int
        Of the front end's features.
    layer : str or int
        ``mix`` (softmax of learned weights, equal at first), ``last``, or a layer's number, 0 being the transformer's
        input.
    projection_size : int
        Size of the output.
    dropout : float
        Of the projection's output.
    encoder_identity : str
        Of the frozen encoder (`xser.model.encoders.pretrained.PretrainedEncoder`); its checkpoint refuses another's.

    Attributes
    ----------
    size : int
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

    def __init__(self, layers, size, layer="mix", projection_size=128, dropout=0.1, encoder_identity=""):
        super().__init__()
        self.encoder_identity = encoder_identity
        self.size = projection_size
        self.layer = layers - 1 if layer == "last" else layer
        if layer == "mix":
            self.layer_weights = torch.nn.Parameter(torch.zeros(layers))
        elif self.layer not in range(layers):
            raise XserError(f"layer is mix, last or 0 to {layers - 1}, not {layer!r}")
        self.register_buffer("mean", torch.zeros(layers, size))
        self.register_buffer("deviation", torch.ones(layers, size))
        self.projection = torch.nn.Sequential(
            torch.nn.Linear(size, projection_size), torch.nn.GELU(), torch.nn.Dropout(dropout)
        )

    def get_extra_state(self):
        """The encoder's identity, for the checkpoint."""
        return self.encoder_identity

    def set_extra_state(self, state):
        """Refuse the checkpoint of another encoder."""
        refuse_another_encoder(state, self.encoder_identity)

    @torch.no_grad()
    def fit_standardiser(self, features, lengths):
        """Take mean and standard deviation of every layer and dimension from the training features.

        Parameters
        ----------
        features : Tensor
            Shape (utterances, time, layers, size).
        lengths : Tensor
            Real frames of each utterance (utterances,).
        """
        frames = int(lengths.sum())
        total = torch.zeros_like(self.mean, dtype=torch.float64)
        for utterance, length in zip(features, lengths.tolist(), strict=True):
            total += utterance[:length].sum(dim=0, dtype=torch.float64)
        mean = total / frames
        squares = torch.zeros_like(total)
        for utterance, length in zip(features, lengths.tolist(), strict=True):
            squares += (utterance[:length].double() - mean).square().sum(dim=0)
        deviation = (squares / frames).sqrt()
        self.mean.copy_(mean)
        self.deviation.copy_(torch.where(deviation > 1e-6, deviation, 1.0))

    def forward(self, features, lengths):
        """Compute frames.

        Parameters
        ----------
        features : Tensor
            Shape (batch, time, layers, size).
        lengths : Tensor
            Real frames of each utterance (batch,).

        Returns
        -------
        (Tensor, Tensor)
            Frames (batch, time, projection_size), and `lengths`.
        """
        if self.layer == "mix":
            standard = (features - self.mean) / self.deviation
            mixed = torch.einsum("btls,l->bts", standard, self.layer_weights.softmax(dim=0))
        else:
            mixed = (features[:, :, self.layer] - self.mean[self.layer]) / self.deviation[self.layer]
        return self.projection(mixed), lengths
