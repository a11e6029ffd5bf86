"""Where a pretrained encoder comes from: a folder of its own, or an exported model that holds its weights."""

import dataclasses
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch

from xser.core.errors import XserError
from xser.core.fingerprints import fingerprint
from xser.model.encoders.base import SpeechModel
from xser.model.encoders.model_folder import extractor_settings, find_model, model_config, model_identity
from xser.model.encoders.speech_model import kinds, load_speech_model, model_shape, shape_of


class EncoderSource(Protocol):
    """A pretrained encoder that can be loaded any number of times."""

    @property
    def config(self) -> Mapping[str, Any]:
        """Content of its config.json."""

    @property
    def extractor(self) -> Mapping[str, Any]:
        """Content of its preprocessor_config.json; empty without one."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """What tells it from every other encoder."""

    @property
    def fingerprint(self) -> str:
        """Fingerprint of `identity`."""

    @property
    def shape(self) -> tuple[int, int]:
        """Number of layers and size of the frames."""

    def load(self, window: str = "own") -> SpeechModel:
        """A new model, in float32, frozen and in evaluation mode."""


@dataclasses.dataclass(frozen=True)
class EncoderFolder:
    """An encoder in Hugging Face's format."""

    folder: Path

    @functools.cached_property
    def config(self) -> Mapping[str, Any]:
        """Content of config.json."""
        return model_config(self.folder)

    @functools.cached_property
    def extractor(self) -> Mapping[str, Any]:
        """Content of preprocessor_config.json; empty without one."""
        return extractor_settings(self.folder)

    @functools.cached_property
    def identity(self) -> Mapping[str, Any]:
        """Type, settings and SHA-256 of the weights."""
        return model_identity(self.folder)

    @functools.cached_property
    def fingerprint(self) -> str:
        """Fingerprint of `identity`."""
        return fingerprint(self.identity)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of layers and size of the frames."""
        return model_shape(self.folder)

    def load(self, window: str = "own") -> SpeechModel:
        """Load it (`load_speech_model`)."""
        return load_speech_model(self.folder, window)


@dataclasses.dataclass(frozen=True, eq=False)
class EncoderWithoutWeights:
    """An encoder of which the settings are known; whoever loads it puts the weights in.

    Attributes
    ----------
    config, extractor
        As of `EncoderSource`.
    fingerprint
        Of the encoder as it was when the model was trained.
    """

    config: Mapping[str, Any]
    extractor: Mapping[str, Any]
    fingerprint: str

    @property
    def identity(self) -> Mapping[str, Any]:
        """Type, settings and the fingerprint of the whole, which stands for the weights."""
        return {
            "model_type": self.config["model_type"],
            "config": dict(self.config),
            "extractor": dict(self.extractor),
            "weights": {"fingerprint": self.fingerprint},
        }

    @property
    def shape(self) -> tuple[int, int]:
        """Number of layers and size of the frames."""
        return shape_of(self.config, "config.json of the model")

    def load(self, window: str = "own") -> SpeechModel:
        """Build it from its settings alone; no code but that of transformers is run.

        Raises
        ------
        XserError
            When transformers cannot build it.
        """
        from transformers import AutoConfig, AutoModel

        settings = {key: value for key, value in self.config.items() if key not in ("model_type", "auto_map")}
        try:
            with _WithoutInitialValues():
                model = AutoModel.from_config(AutoConfig.for_model(self.config["model_type"], **settings))
        except Exception as error:  # transformers' errors are of many kinds: all are faults of the settings
            why = (str(error).splitlines() or [type(error).__name__])[0]
            raise XserError(f"the encoder of the model cannot be built ({why}): export the model again") from error
        model = model.get_encoder() if model.config.model_type == "whisper" else model
        kind = kinds()[self.config["model_type"]]
        return kind(model.float(), dict(self.extractor), window).eval().requires_grad_(False)


class _WithoutInitialValues(torch.overrides.TorchFunctionMode):
    """Leave out the random values of new weights: all are replaced, and drawing them takes seconds."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(function, "__module__", "") == "torch.nn.init":
            return (kwargs or {}).get("tensor", args[0] if args else None)
        return function(*args, **(kwargs or {}))


def find_encoder(source: "str | Path | EncoderSource", revision: str | None = None) -> "EncoderSource":
    """The encoder of a folder or a name on the hub (`find_model`); one that is found already is given back.

    Raises
    ------
    XserError
        As of `find_model`.
    """
    return EncoderFolder(find_model(source, revision)) if isinstance(source, (str, Path)) else source
