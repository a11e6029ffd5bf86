"""Encoders that take the waveform itself: wav2vec 2.0, HuBERT, WavLM. All hidden layers."""

import torch
from torch.nn.functional import pad


class Wav2Vec2Frames:
    """One waveform to hidden layers.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        In evaluation mode, float32.
    normalise : bool
        Bring the utterance to mean 0 and variance 1 first, as the model's feature extractor says.
    """

    def __init__(self, model, normalise):
        self.model, self.normalise = model, normalise
        self.window = 1  # samples that one frame sees
        for kernel, stride in zip(model.config.conv_kernel[::-1], model.config.conv_stride[::-1], strict=True):
            self.window = (self.window - 1) * stride + kernel

    def __call__(self, waveform):
        """Compute hidden layers.

        Parameters
        ----------
        waveform : Tensor
            Shape (samples,), 16 kHz. Shorter than one frame, it is filled up with zeros to one.

        Returns
        -------
        Tensor
            Frames (time, layers, size). The first layer is the input of the transformer, the last its output.
        """
        if self.normalise:
            waveform = (waveform - waveform.mean()) / (waveform.var(correction=0) + 1e-7).sqrt()
        waveform = pad(waveform, (0, max(0, self.window - len(waveform))))
        output = self.model(waveform[None], output_hidden_states=True)
        return torch.stack(output.hidden_states, dim=2)[0]
