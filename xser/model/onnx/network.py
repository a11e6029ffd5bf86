"""A trained model as a module of one utterance that the exporter can follow: no step depends on a value."""

import copy
from collections.abc import Sequence
from typing import Any

import torch
from speechbrain.nnet.adapters import replace_module
from torch import Tensor
from torch.nn.utils import parametrize

from xser.core.errors import XserError
from xser.model.encoders.adapters import merge_lora
from xser.model.encoders.base import SpeechModel
from xser.model.encoders.log_mel import LogMel
from xser.model.encoders.masks import zero_padding
from xser.model.encoders.pooling import MaskedMean
from xser.model.encoders.pretrained import PretrainedEncoder
from xser.model.encoders.upper_layers import UpperLayers
from xser.model.encoders.w2v_bert import SHORTEST as W2V_BERT_SHORTEST
from xser.model.encoders.w2v_bert import W2vBertSpeechModel
from xser.model.encoders.wav2vec2 import Wav2Vec2SpeechModel, normalised
from xser.model.encoders.whisper import SHORTEST as WHISPER_SHORTEST
from xser.model.encoders.whisper import WhisperSpeechModel
from xser.model.exported import Member
from xser.model.onnx.log_mel import LogMelGraph, W2vBertLogMel, WhisperLogMel


class ModelGraph(torch.nn.Module):
    """Probabilities and embedding of one utterance.

    Parameters
    ----------
    members
        Their networks are copied; LoRA is merged into the layers that it is on.

    Attributes
    ----------
    members
        What each member computes.

    Raises
    ------
    XserError
        When a member has no graph: it wants statistics of recordings together, or its encoder has a rare part.
    """

    def __init__(self, members: Sequence[Member]) -> None:
        super().__init__()
        self.members = torch.nn.ModuleList([MemberGraph(member) for member in members])
        self.eval().requires_grad_(False)

    def forward(self, signals: list[Tensor], samples: Tensor) -> tuple[Tensor, Tensor]:
        """Compute.

        Parameters
        ----------
        signals
            For each member the waveform (1, samples), 16 kHz, filled up with zeros to at least `MemberGraph.shortest`.
        samples
            Real samples (1,).

        Returns
        -------
        (Tensor, Tensor)
            Probabilities (1, emotions) and the embedding (1, size); of several members, their embeddings side by side.
        """
        found = [member(signal, samples) for member, signal in zip(self.members, signals, strict=True)]
        scores = torch.stack([scores for scores, _ in found]).mean(dim=0)
        return scores.softmax(dim=-1), torch.cat([embedding for _, embedding in found], dim=-1)


class MemberGraph(torch.nn.Module):
    """Log-probabilities and embedding that one trained network gives.

    Attributes
    ----------
    shortest
        Samples that a shorter waveform is filled up to.
    longest
        Samples of the longest waveform that it takes; None: of any length.
    """

    def __init__(self, member: Member) -> None:
        super().__init__()
        trained = member.network
        frontend: Any = trained.frontend
        self.keep = frontend.keep if isinstance(frontend, PretrainedEncoder) else ""
        self.depth = frontend.depth if self.keep else 0
        network: Any = _plain(trained.network)
        model: Any = _plain(frontend.needed_model()) if self.keep else getattr(network, "model", None)
        self.start = LogMelGraph(frontend) if isinstance(frontend, LogMel) else _start(model)
        self.shortest: int = self.start.shortest
        self.longest: int | None = getattr(self.start, "longest", None)
        self.network, self.pooling, self.head = network, trained.pooling, copy.deepcopy(trained.emotion_head)
        self._add_statistics(member)

    def _add_statistics(self, member: Member) -> None:
        """Bring features to the statistics of the training as one product and one sum."""
        self.scale: Tensor | None = None
        if member.record.target_statistics == "none":
            return
        if member.reference is None or member.adapted is None or member.network.frontend is None:
            raise XserError(
                "this model wants the statistics of recordings together, which a graph does not know: export it "
                "without --onnx, or train with --target-statistics none"
            )
        (mean, deviation), (wanted_mean, wanted_deviation) = member.adapted, member.reference
        scale = wanted_deviation / deviation if member.record.target_statistics == "corpus" else torch.ones_like(mean)
        self.scale, self.shift = scale, wanted_mean - mean * scale

    def forward(self, signal: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        """Log-probabilities (1, emotions) and embedding (1, size); arguments as of `ModelGraph.forward`."""
        features, lengths = self._features(signal, samples)
        if self.scale is not None:
            features = features * self.scale + self.shift
        if isinstance(self.network, UpperLayers):
            frames = self.network.frames_above(features, None)
        else:
            frames, lengths = self.network(features, lengths)
        embedding = self.pooling(frames, lengths)
        return self.head(embedding).log_softmax(dim=-1), embedding

    def _features(self, signal: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        """What the network takes, (1, time, ...), and how many frames of it are real (1,)."""
        if isinstance(self.start, LogMelGraph):
            frames = self.start(signal[0])[None]
            return frames, _all_of(frames)
        frames, lengths = self.start(signal, samples)
        model = self.start.model
        if self.keep in ("", "input"):
            context = model.context(frames, None) if self.depth else None
            for index in range(self.depth):
                frames = model.run_layer(index, frames, context)
            return frames, lengths
        features = torch.stack(model.hidden_states(frames, None), dim=2)
        if self.keep == "embeddings":
            return MaskedMean()(features, lengths)[:, None], torch.ones_like(lengths)
        return features, lengths


class _Wav2Vec2Start(torch.nn.Module):
    """`Wav2Vec2SpeechModel.embed` of one utterance."""

    def __init__(self, model: Wav2Vec2SpeechModel) -> None:
        super().__init__()
        self.model, self.shortest = model, model.samples_of_a_frame

    def forward(self, signal: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        model = self.model
        if model.normalise:
            signal = zero_padding(normalised(signal, samples), samples)
        frames = signal[:, None]
        for layer in model.convolutions:
            frames = layer(frames)
        frames = model.projected(frames.transpose(1, 2))
        frames = frames + model.positions(frames)
        frames = frames if model.norm_first else model.norm(frames)
        return frames, _all_of(frames)


class _W2vBertStart(torch.nn.Module):
    """`W2vBertSpeechModel.embed` of one utterance."""

    shortest = W2V_BERT_SHORTEST

    def __init__(self, model: W2vBertSpeechModel) -> None:
        super().__init__()
        if model.positions is not None:
            raise XserError("a w2v-BERT model with position embeddings of its own kind has no graph: leave --onnx out")
        self.model, self.log_mel = model, W2vBertLogMel(model)

    def forward(self, signal: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        frames, _ = self.model.projection(self.log_mel(signal[0])[None])
        return frames, _all_of(frames)


class _WhisperStart(torch.nn.Module):
    """`WhisperSpeechModel.embed` of one utterance of at most 30 s."""

    def __init__(self, model: WhisperSpeechModel) -> None:
        super().__init__()
        self.model, self.log_mel = model, WhisperLogMel(model)
        self.longest = model.extractor.n_samples
        self.shortest = self.longest if model.window == "native" else WHISPER_SHORTEST

    def forward(self, signal: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        model = self.model
        frames = torch.nn.functional.gelu(model.conv1(self.log_mel(signal[0]).T[None]))
        frames = torch.nn.functional.gelu(model.conv2(frames)).transpose(1, 2)
        frames = frames + model.positions.weight[: frames.shape[1]]
        if model.window == "own":
            return frames, _all_of(frames)
        real = samples.clamp(min=WHISPER_SHORTEST) // model.extractor.hop_length
        return frames, (real + 1) // 2


def _start(model: SpeechModel) -> Any:
    """What computes a pretrained model's input."""
    if isinstance(model, WhisperSpeechModel):
        return _WhisperStart(model)
    if isinstance(model, W2vBertSpeechModel):
        return _W2vBertStart(model)
    assert isinstance(model, Wav2Vec2SpeechModel)
    return _Wav2Vec2Start(model)


def _plain(module: torch.nn.Module) -> torch.nn.Module:
    """A copy with LoRA merged and without weights that are computed anew at every call (weight norm)."""
    module = copy.deepcopy(module)
    merge_lora(module)
    for name, part in list(module.named_modules()):
        if isinstance(part, torch.nn.Conv1d) and parametrize.is_parametrized(part, "weight"):
            replace_module(module, name, _plain_convolution(part))
    return module


def _plain_convolution(part: torch.nn.Conv1d) -> torch.nn.Conv1d:
    """A new one: torch's own way to drop a parametrisation changes the class, which the copy shares with the model."""
    arguments = {"stride": part.stride, "padding": part.padding, "dilation": part.dilation, "groups": part.groups}
    plain = torch.nn.Conv1d(part.in_channels, part.out_channels, part.kernel_size, **arguments)  # type: ignore[arg-type]
    plain.weight.data, plain.bias = part.weight.detach().clone(), part.bias
    return plain


def _all_of(frames: Tensor) -> Tensor:
    """Number of frames (1,) of (1, time, size): all are real."""
    return torch.full((1,), frames.shape[1])
