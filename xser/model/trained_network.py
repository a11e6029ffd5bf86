"""A network that has learned: from the waveform of one utterance to emotions."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from xser.core.errors import XserError
from xser.model.encoders.base import FrontEnd
from xser.model.encoders.encoder_source import EncoderSource
from xser.model.network_description import (
    CompactPart,
    LayerMixPart,
    LogMelPart,
    NetworkDescription,
    PretrainedPart,
    UpperLayersPart,
)


@dataclasses.dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """The parts of a trained network.

    Attributes
    ----------
    frontend
        What never learned (`xser.model.encoders.base.FrontEnd`); None: features are the waveforms.
    network
        Features to frames (`xser.model.encoders.base.Network`).
    pooling
        Frames to an embedding.
    emotion_head
        Embedding to a logit for each emotion.
    """

    frontend: FrontEnd | None
    network: torch.nn.Module
    pooling: Any
    emotion_head: torch.nn.Module

    @property
    def modules(self) -> dict[str, torch.nn.Module]:
        """What a checkpoint holds of it, by name."""
        return {"network": self.network, "emotion_head": self.emotion_head}

    def to(self, device: str) -> "TrainedNetwork":
        """Move it to a device, in evaluation mode; the front end moves with its input."""
        for module in self.modules.values():
            module.eval().to(device)
        if isinstance(self.frontend, torch.nn.Module):
            self.frontend.to(device)
        return self

    def features(self, waveform: Tensor) -> Tensor:
        """What the front end makes of the waveform (samples,) of one utterance, (time, ...), float32."""
        if self.frontend is None:
            return waveform
        features, lengths = self.frontend(waveform[None], torch.tensor([len(waveform)]))
        return features[0, : int(lengths[0])].float()

    def embed(self, features: Tensor) -> Tensor:
        """Embedding (size,) of the `features` (time, ...) of one utterance."""
        frames, lengths = self.network(features[None], torch.tensor([len(features)], device=features.device))
        return self.pooling(frames, lengths)[0]

    def logits(self, embedding: Tensor) -> Tensor:
        """A logit for each emotion (emotions,) of an embedding (size,)."""
        return self.emotion_head(embedding)


def build(description: NetworkDescription, emotions: int, encoder: EncoderSource | None) -> TrainedNetwork:
    """Build a network with new weights.

    Parameters
    ----------
    description
        Its parts.
    emotions
        How many there are.
    encoder
        The pretrained encoder, where there is one in it.

    Raises
    ------
    XserError
        When an encoder is wanted and none is given, or a part cannot be built on it.
    """
    if description.needs_encoder and encoder is None:
        raise XserError("the model rests on a pretrained encoder, and none is given: export it with its encoder")
    frontend = _front_end(description, encoder)
    network: Any = _network(description, frontend, encoder)
    size = network.size * (2 if description.pooling == "statistics" else 1)
    return TrainedNetwork(frontend, network, _pooling(description), torch.nn.Linear(size, emotions))


def _front_end(description: NetworkDescription, encoder: Any) -> FrontEnd | None:
    from xser.model.encoders.log_mel import LogMel

    match description.frontend:
        case LogMelPart() as part:
            return LogMel(part.bands, part.range_db, part.remove_band_mean)
        case PretrainedPart() as part:
            from xser.model.encoders.pretrained import PretrainedEncoder

            return PretrainedEncoder(encoder, None, part.keep, part.window, part.trained_layers)
    return None


def _network(description: NetworkDescription, frontend: Any, encoder: Any) -> torch.nn.Module:
    match description.network:
        case CompactPart() as part:
            from xser.model.encoders.compact import Compact

            return Compact(part.bands, part.size, part.blocks, part.dropout)
        case LayerMixPart() as part:
            from xser.model.encoders.layer_mix import LayerMix

            of_encoder = (frontend.layers, frontend.size)
            return LayerMix(*of_encoder, part.layer, part.projection_size, part.dropout, frontend.encoder_identity)
        case UpperLayersPart() as part:
            from xser.model.encoders.upper_layers import UpperLayers

            first = None if frontend is None else frontend.depth
            branches = (part.lora_rank, part.lora_alpha, part.adapter_size)
            return UpperLayers(encoder, None, first, part.tuning, part.layer, *branches)


def _pooling(description: NetworkDescription) -> torch.nn.Module:
    from xser.model.encoders.pooling import MaskedMean, MaskedStatistics

    return MaskedStatistics() if description.pooling == "statistics" else MaskedMean()


def of_hyperparameters(hparams: Mapping[str, Any]) -> TrainedNetwork:
    """The network of hyperparameters that HyperPyYAML has built."""
    modules = hparams["modules"]
    return TrainedNetwork(hparams["frontend"], modules["network"], hparams["pooling"], modules["emotion_head"])


def recover(network: TrainedNetwork, folder: Path) -> TrainedNetwork:
    """Put the weights of a run's best checkpoint in.

    Raises
    ------
    XserError
        When the run has no checkpoint.
    """
    from xser.model.checkpoints import WholeCheckpointer

    checkpointer = WholeCheckpointer(
        Path(folder) / "checkpoints", recoverables=network.modules, allow_partial_load=True
    )
    if checkpointer.recover_if_possible(max_key="uar") is None:
        raise XserError(f"{folder} holds no checkpoint: delete that folder and run stage 2 (train) again")
    return network
