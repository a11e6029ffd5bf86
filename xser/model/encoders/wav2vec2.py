"""wav2vec 2.0, XLS-R too: a transformer on convolutions of the waveform itself."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from xser.model.encoders.base import SpeechModel, frames_from
from xser.model.encoders.group_norm import masked_group_norm
from xser.model.encoders.masks import attention_mask, zero_padding


class Wav2Vec2SpeechModel(SpeechModel):
    """wav2vec 2.0.

    Parameters
    ----------
    model
        `transformers.Wav2Vec2Model`. Its parts become parts of this module.
    extractor
        Settings of its feature extractor; ``do_normalize`` brings an utterance to mean 0 and variance 1 first.
    window
        Of no meaning here.
    """

    attention_projections = ("attention.q_proj", "attention.k_proj", "attention.v_proj", "attention.out_proj")
    feed_forward_outputs = ("feed_forward.output_dense",)

    def __init__(self, model: Any, extractor: dict[str, Any], window: str) -> None:
        super().__init__()
        self.size = model.config.hidden_size
        self.norm_first = model.config.do_stable_layer_norm  # then the last layer's output is normalised too
        self.normalise = extractor.get("do_normalize", True)
        self.convolutions: Any = model.feature_extractor.conv_layers
        self.projection: Any = model.feature_projection
        self.positions: Any = model.encoder.pos_conv_embed
        self.norm: Any = model.encoder.layer_norm
        self.dropout = model.encoder.dropout
        self.layers = model.encoder.layers
        self.samples_of_a_frame = _samples_of_a_frame(model.config)

    def embed(self, waveforms: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the transformer's input (`SpeechModel.embed`)."""
        waveforms = zero_padding(waveforms, lengths)
        if self.normalise:
            waveforms = zero_padding(normalised(waveforms, lengths), lengths)
        waveforms = pad(waveforms, (0, max(0, self.samples_of_a_frame - waveforms.shape[1])))
        frames, lengths = self._convolved(waveforms, lengths.clamp(min=self.samples_of_a_frame))
        frames = zero_padding(self.projected(frames), lengths)
        frames = frames + self.positions(frames)
        if not self.norm_first:
            frames = self.norm(frames)
        return self.dropout(frames), lengths

    def _convolved(self, waveforms: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Frames (batch, time, channels) of waveforms (batch, samples)."""
        frames = waveforms[:, None]
        for layer in self.convolutions:
            lengths = (lengths - layer.conv.kernel_size[0]) // layer.conv.stride[0] + 1
            if isinstance(getattr(layer, "layer_norm", None), torch.nn.GroupNorm):
                frames = layer.activation(masked_group_norm(layer.layer_norm, layer.conv(frames), lengths))
            else:
                frames = layer(frames)
        return frames.transpose(1, 2), lengths

    def projected(self, frames: Tensor) -> Tensor:
        """Frames of the transformer's size; wav2vec 2.0's projection gives its normalised input as well."""
        return frames_from(self.projection(frames))

    def context(self, frames: Tensor, lengths: Tensor | None) -> Any:
        """The attention mask, None where nothing is padded."""
        return attention_mask(lengths, frames)

    def run_layer(self, index: int, frames: Tensor, context: Any) -> Tensor:
        """Output of layer `index`, (batch, time, size)."""
        return frames_from(self.layers[index](frames, attention_mask=context))

    def finish(self, frames: Tensor) -> Tensor:
        """The last layer's output, normalised where layers normalise their input."""
        return self.norm(frames) if self.norm_first else frames

    def keep_layers_from(self, first: int) -> None:
        """Drop the convolutions and the layers below `first`; the others keep their index."""
        self.convolutions = self.projection = self.positions = None
        if not self.norm_first:
            self.norm = None
        super().keep_layers_from(first)


def _samples_of_a_frame(config: Any) -> int:
    samples = 1
    for kernel, stride in zip(config.conv_kernel[::-1], config.conv_stride[::-1], strict=True):
        samples = (samples - 1) * stride + kernel
    return samples


def normalised(waveforms: Tensor, lengths: Tensor) -> Tensor:
    """Mean 0 and variance 1 over the real samples of each utterance."""
    count = lengths.to(waveforms, non_blocking=waveforms.is_cuda)[:, None]
    centred = zero_padding(waveforms - waveforms.sum(dim=1, keepdim=True) / count, lengths)
    return centred / (centred.square().sum(dim=1, keepdim=True) / count + 1e-7).sqrt()
