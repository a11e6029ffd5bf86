"""The interfaces of encoders: a front end that never learns, a network that does, and the pretrained models in both."""

import abc
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor


@runtime_checkable
class FrontEnd(Protocol):
    """From waveforms to features, the same whenever it is asked: they are computed once and kept.

    Attributes
    ----------
    identity
        Everything that the output depends on.
    frames_per_second
        Frames of a second of speech.
    """

    identity: dict[str, Any]
    frames_per_second: int

    def __call__(self, waveforms: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Features (batch, time, ...) of waveforms (batch, samples); real frames (batch,) of real samples (batch,)."""
        ...


@runtime_checkable
class Network(Protocol):
    """From features to frames; it learns.

    Attributes
    ----------
    size
        Size of the output frames.
    """

    size: int

    def __call__(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Frames (batch, time, size) of features (batch, time, ...), and the numbers of real frames (batch,)."""
        ...


@runtime_checkable
class StandardisingNetwork(Protocol):
    """A network that takes the mean and deviation of the training features before it learns."""

    def fit_standardiser(self, digests: Sequence[str], features_of: Callable[[str], Tensor]) -> None:
        """Take them from the features (time, ...) of the utterances `digests`, one utterance at a time."""
        ...


class SpeechModel(torch.nn.Module, abc.ABC):
    """A pretrained encoder: waveforms to hidden layers, layer by layer.

    An utterance gives the same frames alone and in a batch, whatever stands where it is padded, and alone what
    transformers' own model gives. Neither LayerDrop nor SpecAugment is ever applied. Lengths may lie on the CPU while
    the frames are on a GPU; so no step waits for the GPU to know how much is padded.

    Attributes
    ----------
    attention_projections, feed_forward_outputs
        Names of the linear layers, inside a layer, that adapters attach to.
    size
        Size of the frames of every layer.
    layers
        The transformer's.
    """

    attention_projections: ClassVar[tuple[str, ...]]
    feed_forward_outputs: ClassVar[tuple[str, ...]]
    size: int
    layers: torch.nn.ModuleList

    @property
    def number_of_layers(self) -> int:
        """How many layers the transformer has."""
        return len(self.layers)

    @abc.abstractmethod
    def embed(self, waveforms: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the transformer's input.

        Parameters
        ----------
        waveforms
            Shape (batch, samples), 16 kHz.
        lengths
            Real samples of each utterance (batch,). Fewer than one frame takes are filled up with zeros.

        Returns
        -------
        (Tensor, Tensor)
            Frames (batch, time, size) and real frames (batch,).
        """

    @abc.abstractmethod
    def context(self, frames: Tensor, lengths: Tensor | None) -> Any:
        """What layers need besides frames: masks and position biases, from frames (batch, time, size) alone.

        Lengths are None where nothing is padded.
        """

    @abc.abstractmethod
    def run_layer(self, index: int, frames: Tensor, context: Any) -> Tensor:
        """Output of layer `index`, (batch, time, size)."""

    def finish(self, frames: Tensor) -> Tensor:
        """The last layer's output, normalised by the norm that follows it; as it is where there is none."""
        return frames

    def keep_layers_from(self, first: int) -> None:
        """Drop what only the layers below `first` need; the others keep their index."""
        for index in range(first):
            self.layers[index] = torch.nn.Identity()

    def keep_layers_below(self, end: int) -> None:
        """Drop layer `end` and those above it; the number of layers stays."""
        for index in range(end, self.number_of_layers):
            self.layers[index] = torch.nn.Identity()

    def hidden_states(self, frames: Tensor, lengths: Tensor | None, first: int = 0) -> list[Tensor]:
        """Compute all hidden layers from the input of layer `first` on.

        Parameters
        ----------
        frames
            Input of layer `first`, (batch, time, size).
        lengths
            Real frames of each utterance (batch,); None where nothing is padded.

        Returns
        -------
        list of Tensor
            `frames`, and the output of each layer, the last one finished; all (batch, time, size).
        """
        context = self.context(frames, lengths)
        layers = [frames]
        for index in range(first, self.number_of_layers):
            layers.append(self.run_layer(index, layers[-1], context))
        return layers[:-1] + [self.finish(layers[-1])]


def frames_from(output: Any) -> Tensor:
    """Frames that a layer of transformers gives: by themselves since transformers 5, before in a tuple."""
    return output[0] if isinstance(output, tuple) else output
