"""The frozen part of a pretrained encoder as a front end: computed once an utterance and kept on disk."""

import threading

import torch

from xser.core.errors import XserError
from xser.core.fingerprints import fingerprint
from xser.model.encoders.masks import zero_padding
from xser.model.encoders.model_folder import find_model, model_identity
from xser.model.encoders.pooling import MaskedMean
from xser.model.encoders.speech_model import hidden_states, load_speech_model, model_shape

_LOADING = threading.Lock()  # several threads may want the model at once; it is loaded by one


class PretrainedEncoder(torch.nn.Module):
    """A pretrained encoder that never changes: always in evaluation mode, without a gradient.

    It gives all hidden layers (``keep`` embeddings or frames), for a small network to learn on, or (``keep`` input)
    the frames that go into the lowest layer that is trained, for `xser.model.encoders.upper_layers` to go on from.

    The model is loaded when it is first needed: where all features are kept already, it is not loaded at all. It is no
    submodule, so no optimiser, checkpoint or ``train()`` reaches it.

    Parameters
    ----------
    source : str or Path
        A folder in Hugging Face's format, or a name on the hub.
    revision : str, optional
        Branch, tag or commit on the hub.
    keep : str
        ``embeddings``: each layer's mean over the real frames. ``frames``: every frame of every layer. ``input``: the
        frames that go into the lowest trained layer.
    window : str
        For Whisper: ``own`` (the utterance's length) or ``native`` (padded to 30 s), see `xser.model.encoders.whisper`.
    trained_layers : int
        With ``keep`` input: how many layers are trained, counted from the top; 0 means all.

    Attributes
    ----------
    identity : dict
        Everything that the output depends on.
    encoder_identity : str
        Fingerprint of the model alone, for checkpoints of what is trained on its output.
    layers, size : int
        Hidden layers (the transformer's input included) and their size.
    depth : int
        With ``keep`` input: the number of frozen layers, and the index of the lowest one that is trained.

    frames_per_second : int
        50, as all of these models have.

    Raises
    ------
    XserError
        When the model is not there or not of a known type, it has not so many layers, or `keep` or `window` is unknown.
    """

    frames_per_second = 50

    def __init__(self, source, revision=None, keep="embeddings", window="own", trained_layers=0):
        super().__init__()
        if keep not in ("embeddings", "frames", "input"):
            raise XserError(f"keep is embeddings, frames or input, not {keep!r}")
        if window not in ("own", "native"):
            raise XserError(f"window is own or native, not {window!r}")
        self.folder = find_model(source, revision)
        self.keep, self.window = keep, window
        model = model_identity(self.folder)
        layers, self.size = model_shape(self.folder)
        if window == "native" and model["model_type"] != "whisper":
            raise XserError(f"window native is for Whisper, not for {self.folder} ({model['model_type']}): use own")
        if window == "native" and keep == "input":
            raise XserError("window native is for a frozen encoder: use own, or --finetune frozen")
        self.layers = layers + 1
        self.depth = _depth(layers, trained_layers) if keep == "input" else None
        self.encoder_identity = fingerprint(model)
        self.identity = {"kind": "pretrained", "version": 2, "keep": keep, "window": window, **model}
        if keep == "input":
            self.identity["depth"] = self.depth
        self._loaded = []  # in a list it is no submodule
        self.eval()

    def train(self, mode=True):
        """Stay in evaluation mode, whatever is asked."""
        return super().train(False)

    @property
    def model(self):
        """The frozen `xser.model.encoders.speech_model.SpeechModel`."""
        with _LOADING:
            if not self._loaded:
                self._loaded.append(load_speech_model(self.folder, self.window))
        return self._loaded[0]

    def release(self):
        """Let go of the model and its memory until it is needed again."""
        with _LOADING:
            self._loaded.clear()

    @torch.no_grad()
    def forward(self, waveforms, lengths):
        """Compute the hidden layers.

        Parameters
        ----------
        waveforms : Tensor
            Shape (batch, samples), 16 kHz.
        lengths : Tensor
            Real samples of each utterance (batch,).

        Returns
        -------
        (Tensor, Tensor)
            Features (batch, time, layers, size), or (batch, time, size) for ``keep`` input; zero where padded, and
            lengths (batch,); time is 1 when embeddings are kept.
        """
        model = self.model.to(waveforms.device)
        frames, lengths = model.embed(waveforms, lengths)
        if self.keep == "input":
            context = model.context(frames, lengths)
            for index in range(self.depth):
                frames = model.run_layer(index, frames, context)
            return zero_padding(frames, lengths), lengths
        features = torch.stack(hidden_states(model, frames, lengths), dim=2)
        if self.keep == "embeddings":
            return MaskedMean()(features, lengths)[:, None], torch.ones_like(lengths)
        features = features[:, : int(lengths.max())]  # native: without the silence up to 30 s
        return zero_padding(features, lengths), lengths


def _depth(layers, trained_layers):
    if not 0 <= trained_layers <= layers:
        raise XserError(f"--trained_layers is 1 to {layers} for this encoder, or 0 for all, not {trained_layers}")
    return layers - trained_layers if trained_layers else 0
