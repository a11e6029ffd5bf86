"""The frozen part of a pretrained encoder as a front end: computed once an utterance and kept on disk."""

import threading
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from xser.core.errors import XserError
from xser.model.choices import refuse_unknown
from xser.model.encoders.base import SpeechModel
from xser.model.encoders.encoder_source import EncoderSource, find_encoder
from xser.model.encoders.masks import zero_padding
from xser.model.encoders.pooling import MaskedMean
from xser.model.encoders.speech_model import WINDOWS

KEPT = ("embeddings", "frames", "input")
_LOADING = threading.Lock()  # several threads may want the model at once; it is loaded by one


class PretrainedEncoder(torch.nn.Module):
    """A pretrained encoder that never changes: always in evaluation mode, without a gradient.

    It gives all hidden layers (``keep`` embeddings or frames), for a small network to learn on, or (``keep`` input)
    the frames that go into the lowest layer that is trained, for `xser.model.encoders.upper_layers` to go on from.

    The model is loaded when it is first needed: where all features are kept already, it is not loaded at all. It is no
    submodule, so no optimiser, checkpoint or ``train()`` reaches it.

    Parameters
    ----------
    source
        A folder in Hugging Face's format, a name on the hub, or an encoder that is found already.
    revision
        Branch, tag or commit on the hub.
    keep
        ``embeddings``: each layer's mean over the real frames. ``frames``: every frame of every layer. ``input``: the
        frames that go into the lowest trained layer.
    window
        For Whisper: ``own`` (the utterance's length) or ``native`` (padded to 30 s), see `xser.model.encoders.whisper`.
    trained_layers
        With ``keep`` input: how many layers are trained, counted from the top; 0 means all.

    Attributes
    ----------
    identity
        Everything that the output depends on.
    encoder_identity
        Fingerprint of the model alone, for checkpoints of what is trained on its output.
    layers, size
        Hidden layers (the transformer's input included) and their size.
    depth
        With ``keep`` input: the number of frozen layers, and the index of the lowest one that is trained.
    frames_per_second
        50, as all of these models have.

    Raises
    ------
    XserError
        When the model is not there or not of a known type, it has not so many layers, or `keep` or `window` is unknown.
    """

    frames_per_second: int = 50

    def __init__(
        self,
        source: str | Path | EncoderSource,
        revision: str | None = None,
        keep: str = "embeddings",
        window: str = "own",
        trained_layers: int = 0,
    ) -> None:
        super().__init__()
        refuse_unknown("keep", keep, KEPT)
        refuse_unknown("window", window, WINDOWS)
        self.encoder = find_encoder(source, revision)
        self.keep, self.window = keep, window
        model = self.encoder.identity
        layers, self.size = self.encoder.shape
        if window == "native" and model["model_type"] != "whisper":
            raise XserError(f"window native is for Whisper, not for {source} ({model['model_type']}): use own")
        if window == "native" and keep == "input":
            raise XserError("window native is for a frozen encoder: use own, or --finetune frozen")
        self.layers = layers + 1
        self.depth = _depth(layers, trained_layers) if keep == "input" else 0
        self.encoder_identity = self.encoder.fingerprint
        self.identity: dict[str, Any] = {"kind": "pretrained", "version": 2, "keep": keep, "window": window, **model}
        if keep == "input":
            self.identity["depth"] = self.depth
        self._loaded: list[SpeechModel] = []  # in a list it is no submodule
        self.eval()

    def train(self, mode: bool = True) -> "PretrainedEncoder":
        """Stay in evaluation mode, whatever is asked."""
        return super().train(False)

    @property
    def model(self) -> SpeechModel:
        """The frozen model."""
        with _LOADING:
            if not self._loaded:
                self._loaded.append(self.encoder.load(self.window))
        return self._loaded[0]

    def needed_model(self) -> SpeechModel:
        """The model without the layers that the output does not need (``keep`` input: those that are trained)."""
        model = self.model
        if self.keep == "input":
            model.keep_layers_below(self.depth)
        return model

    def release(self) -> None:
        """Let go of the model and its memory until it is needed again."""
        with _LOADING:
            self._loaded.clear()

    @torch.no_grad()
    def forward(self, waveforms: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the hidden layers.

        Parameters
        ----------
        waveforms
            Shape (batch, samples), 16 kHz.
        lengths
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
            context = model.context(frames, lengths) if self.depth else None
            for index in range(self.depth):
                frames = model.run_layer(index, frames, context)
            return zero_padding(frames, lengths), lengths
        features = torch.stack(model.hidden_states(frames, lengths), dim=2)
        if self.keep == "embeddings":
            return MaskedMean()(features, lengths)[:, None], torch.ones_like(lengths)
        features = features[:, : int(lengths.max())]  # native: without the silence up to 30 s
        return zero_padding(features, lengths), lengths


def _depth(layers: int, trained_layers: int) -> int:
    if not 0 <= trained_layers <= layers:
        raise XserError(f"--trained_layers is 1 to {layers} for this encoder, or 0 for all, not {trained_layers}")
    return layers - trained_layers if trained_layers else 0
