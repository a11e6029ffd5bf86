"""The part of a pretrained encoder that is trained: its upper layers, or all of it."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from xser.core.errors import XserError
from xser.model.choices import refuse_unknown
from xser.model.encoders.adapters import add_adapters
from xser.model.encoders.encoder_source import EncoderSource, find_encoder
from xser.model.encoders.model_folder import refuse_another_encoder

_UNUSED = ("masked_spec_embed",)  # belongs to the pretraining; distributed training wants a gradient of all that learns


class UpperLayers(torch.nn.Module):
    """The layers of a pretrained encoder from `first` on, on the frames that the frozen ones below them gave.

    What it keeps in a checkpoint is what learns, and the identity of the encoder: another encoder's checkpoint is
    refused. The rest comes from the encoder's own files.

    Parameters
    ----------
    source
        A folder in Hugging Face's format, a name on the hub, or an encoder that is found already.
    revision
        Branch, tag or commit on the hub.
    first
        The lowest layer that learns (`PretrainedEncoder.depth`). None: the whole model learns, and the features are
        waveforms.
    tuning
        ``adapters``: LoRA and bottleneck adapters, all else frozen. ``all``: every weight of these layers.
    layer
        ``last``: the output of the last layer. ``mix``: a learned weighted mean of the layers from `first` on, the
        input of the first included; weights equal at the start.
    lora_rank, lora_alpha, adapter_size
        Of `xser.model.encoders.adapters.add_adapters`.

    Attributes
    ----------
    size
        Size of the output frames.

    Raises
    ------
    XserError
        When the model is not there or not of a known type, or an argument is unknown.
    """

    def __init__(
        self,
        source: str | Path | EncoderSource,
        revision: str | None = None,
        first: int | None = 0,
        tuning: str = "adapters",
        layer: str = "last",
        lora_rank: int = 8,
        lora_alpha: float = 16.0,
        adapter_size: int = 32,
    ) -> None:
        super().__init__()
        refuse_unknown("tuning", tuning, ("adapters", "all"))
        if layer not in ("last", "mix"):
            raise XserError(f"--layer is last or mix where layers are trained, not {layer!r}")
        encoder = find_encoder(source, revision)
        self.encoder_identity = encoder.fingerprint
        self.first = first
        self.model = encoder.load()
        self.size = self.model.size
        if first is not None:
            self.model.keep_layers_from(first)
        if tuning == "adapters":
            add_adapters(self.model, first or 0, lora_rank, lora_alpha, adapter_size)
        else:
            self._let_learn()
        if layer == "mix":
            self.layer_weights = torch.nn.Parameter(torch.zeros(self.model.number_of_layers - (first or 0) + 1))
        self.layer = layer
        self.register_state_dict_post_hook(_leave_frozen_out)
        self.register_load_state_dict_pre_hook(_fill_frozen_in)

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Compute frames.

        Parameters
        ----------
        features
            Shape (batch, time, size): frames that go into layer `first`; waveforms (batch, samples) when it is None.
        lengths
            Real frames or samples of each utterance (batch,).

        Returns
        -------
        (Tensor, Tensor)
            Frames (batch, time, size) and the numbers of real frames (batch,).
        """
        if self.first is None:
            features, lengths = self.model.embed(features, lengths)
        return self.frames_above(features, lengths), lengths

    def frames_above(self, frames: Tensor, lengths: Tensor | None) -> Tensor:
        """Output frames from those that go into layer `first`; lengths are None where nothing is padded."""
        first = self.first or 0
        if self.layer == "last":
            context = self.model.context(frames, lengths)
            for index in range(first, self.model.number_of_layers):
                frames = self.model.run_layer(index, frames, context)
            return self.model.finish(frames)
        layers = self.model.hidden_states(frames, lengths, first)
        weights = self.layer_weights.softmax(dim=0)
        mixed = [weight * frames for weight, frames in zip(weights, layers, strict=True)]
        return sum(mixed[1:], mixed[0])

    def get_extra_state(self) -> str:
        """The encoder's identity, for the checkpoint."""
        return self.encoder_identity

    def set_extra_state(self, state: str) -> None:
        """Refuse the checkpoint of another encoder."""
        refuse_another_encoder(state, self.encoder_identity)

    def frozen_tensors(self) -> dict[str, Tensor]:
        """What does not learn, by name: a checkpoint leaves it to the encoder's own files."""
        return _frozen_tensors(self)

    def _let_learn(self) -> None:
        """Let every weight learn that the output depends on."""
        self.model.requires_grad_(False)
        for name, parameter in self.model.named_parameters():
            parameter.requires_grad_(not name.endswith(_UNUSED))


def _frozen_tensors(module: torch.nn.Module) -> dict[str, Tensor]:
    """Parameters that do not learn, and buffers, by name."""
    frozen = {name: parameter for name, parameter in module.named_parameters() if not parameter.requires_grad}
    return {**frozen, **dict(module.named_buffers())}


def _leave_frozen_out(module: torch.nn.Module, state: dict[str, Any], prefix: str, _metadata: Any) -> None:
    for name in _frozen_tensors(module):
        state.pop(prefix + name, None)


def _fill_frozen_in(module: torch.nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
    for name, tensor in _frozen_tensors(module).items():
        state.setdefault(prefix + name, tensor)
