"""Encoders that take the waveform itself: wav2vec 2.0 (XLS-R too) and HuBERT."""

import torch
from torch.nn.functional import pad

from xser.model.encoders.group_norm import masked_group_norm
from xser.model.encoders.layer_output import output_of
from xser.model.encoders.masks import attention_mask, zero_padding


class WaveformModel(torch.nn.Module):
    """wav2vec 2.0 or HuBERT, with the interface of `xser.model.encoders.speech_model`.

    Parameters
    ----------
    model : transformers.Wav2Vec2Model or transformers.HubertModel
        Its parts become parts of this module.
    extractor : dict
        Settings of its feature extractor; ``do_normalize`` brings an utterance to mean 0 and variance 1 first.
    window : str
        Of no meaning here.
    """

    attention_projections = ("attention.q_proj", "attention.k_proj", "attention.v_proj", "attention.out_proj")
    feed_forward_outputs = ("feed_forward.output_dense",)

    def __init__(self, model, extractor, window):
        super().__init__()
        self.size = model.config.hidden_size
        self.norm_first = model.config.do_stable_layer_norm  # then the last layer's output is normalised too
        self.normalise = extractor.get("do_normalize", True)
        self.convolutions = model.feature_extractor.conv_layers
        self.projection = model.feature_projection
        self.positions = model.encoder.pos_conv_embed
        self.norm = model.encoder.layer_norm
        self.dropout = model.encoder.dropout
        self.layers = model.encoder.layers
        self.samples_of_a_frame = _samples_of_a_frame(model.config)

    @property
    def number_of_layers(self):
        """Layers of the transformer."""
        return len(self.layers)

    def embed(self, waveforms, lengths):
        """Compute the transformer's input.

        Parameters
        ----------
        waveforms : Tensor
            Shape (batch, samples), 16 kHz.
        lengths : Tensor
            Real samples of each utterance (batch,). Fewer than one frame takes are filled up with zeros.

        Returns
        -------
        (Tensor, Tensor)
            Frames (batch, time, size) and real frames (batch,).
        """
        waveforms = zero_padding(waveforms, lengths)
        if self.normalise:
            waveforms = zero_padding(_normalised(waveforms, lengths), lengths)
        waveforms = pad(waveforms, (0, max(0, self.samples_of_a_frame - waveforms.shape[1])))
        lengths = lengths.clamp(min=self.samples_of_a_frame)
        frames = waveforms[:, None]
        for layer in self.convolutions:
            lengths = (lengths - layer.conv.kernel_size[0]) // layer.conv.stride[0] + 1
            if isinstance(getattr(layer, "layer_norm", None), torch.nn.GroupNorm):
                frames = layer.activation(masked_group_norm(layer.layer_norm, layer.conv(frames), lengths))
            else:
                frames = layer(frames)
        frames = self.projection(frames.transpose(1, 2))
        frames = frames[0] if isinstance(frames, tuple) else frames
        frames = zero_padding(frames, lengths)
        frames = frames + self.positions(frames)
        if not self.norm_first:
            frames = self.norm(frames)
        return self.dropout(frames), lengths

    def context(self, frames, lengths):
        """The attention mask, None where nothing is padded."""
        return attention_mask(lengths, frames.shape[1])

    def run_layer(self, index, frames, context):
        """Output of layer `index`, (batch, time, size)."""
        return output_of(self.layers[index](frames, attention_mask=context))

    def finish(self, frames):
        """The last layer's output, normalised where layers normalise their input."""
        return self.norm(frames) if self.norm_first else frames

    def keep_layers_from(self, first):
        """Drop the convolutions and the layers below `first`; the others keep their index."""
        self.convolutions = self.projection = self.positions = None
        if not self.norm_first:
            self.norm = None
        for index in range(first):
            self.layers[index] = torch.nn.Identity()


def _samples_of_a_frame(config):
    samples = 1
    for kernel, stride in zip(config.conv_kernel[::-1], config.conv_stride[::-1], strict=True):
        samples = (samples - 1) * stride + kernel
    return samples


def _normalised(waveforms, lengths):
    """Mean 0 and variance 1 over the real samples of each utterance."""
    count = lengths[:, None].to(waveforms.dtype)
    centred = zero_padding(waveforms - waveforms.sum(dim=1, keepdim=True) / count, lengths)
    return centred / (centred.square().sum(dim=1, keepdim=True) / count + 1e-7).sqrt()
