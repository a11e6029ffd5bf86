"""What a trained network is made of, as checked plain data: read from a run's hyperparameters without running them.

HyperPyYAML can run code, so only a training builds from it. Whoever evaluates, exports or uses a trained model builds
it from a `NetworkDescription`: known parts, with arguments of known types.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
import yaml

from xser.core.errors import XserError
from xser.core.records import Record, parse_record


class LogMelPart(Record):
    """`xser.model.encoders.log_mel.LogMel`."""

    kind: Literal["log_mel"]
    bands: int = 64
    range_db: float = 80.0
    remove_band_mean: bool = True


class PretrainedPart(Record):
    """`xser.model.encoders.pretrained.PretrainedEncoder`."""

    kind: Literal["pretrained"]
    keep: Literal["embeddings", "frames", "input"] = "embeddings"
    window: Literal["own", "native"] = "own"
    trained_layers: int = 0


class CompactPart(Record):
    """`xser.model.encoders.compact.Compact`."""

    kind: Literal["compact"]
    bands: int = 64
    size: int = 128
    blocks: int = 2
    dropout: float = 0.1


class LayerMixPart(Record):
    """`xser.model.encoders.layer_mix.LayerMix`, on the layers of a `PretrainedPart`."""

    kind: Literal["layer_mix"]
    layer: Annotated[int | Literal["mix", "last"], pydantic.Field(union_mode="left_to_right")] = "mix"
    projection_size: int = 128
    dropout: float = 0.1


class UpperLayersPart(Record):
    """`xser.model.encoders.upper_layers.UpperLayers`, on a `PretrainedPart` or, without one, on waveforms."""

    kind: Literal["upper_layers"]
    tuning: Literal["adapters", "all"] = "adapters"
    layer: Literal["last", "mix"] = "last"
    lora_rank: int = 8
    lora_alpha: float = 16.0
    adapter_size: int = 32


class NetworkDescription(Record):
    """A network from waveforms to an embedding; a linear layer on it gives the emotions."""

    frontend: Annotated[LogMelPart | PretrainedPart, pydantic.Field(discriminator="kind")] | None
    network: Annotated[CompactPart | LayerMixPart | UpperLayersPart, pydantic.Field(discriminator="kind")]
    pooling: Literal["mean", "statistics"]

    @property
    def needs_encoder(self) -> bool:
        """Whether there is a pretrained encoder in it."""
        return isinstance(self.network, (LayerMixPart, UpperLayersPart))

    @pydantic.model_validator(mode="after")
    def _parts_fit(self) -> "NetworkDescription":
        wanted = {
            CompactPart: (LogMelPart,),
            LayerMixPart: (PretrainedPart,),
            UpperLayersPart: (PretrainedPart, type(None)),
        }[type(self.network)]
        if not isinstance(self.frontend, wanted):
            raise ValueError(f"a network {self.network.kind} does not go on this front end")
        return self


class TrainedDescription(Record):
    """What a run's hyperparameters tell of its network and of how features reach it.

    Attributes
    ----------
    target_statistics
        ``none``, ``corpus`` or ``speaker``.
    """

    network: NetworkDescription
    number_of_emotions: int
    encoder_source: str | None = None
    encoder_revision: str | None = None
    target_statistics: Literal["none", "corpus", "speaker"] = "none"


_PARTS = {
    "xser.model.encoders.log_mel.LogMel": "log_mel",
    "xser.model.encoders.pretrained.PretrainedEncoder": "pretrained",
    "xser.model.encoders.compact.Compact": "compact",
    "xser.model.encoders.layer_mix.LayerMix": "layer_mix",
    "xser.model.encoders.upper_layers.UpperLayers": "upper_layers",
    "xser.model.encoders.pooling.MaskedMean": "mean",
    "xser.model.encoders.pooling.MaskedStatistics": "statistics",
}
_OF_ENCODER = ("source", "revision", "first")  # arguments that the encoder and the front end decide
_DERIVED = object()  # stands for the value of a reference to a part
_HEAD = "torch.nn.Linear"


class UnknownPart(XserError):
    """A part that is none of xser's: only the HyperPyYAML that made it can build it."""

    def __init__(self, where: str | Path, what: str) -> None:
        super().__init__(f"{where}: {what}, which is not a part of xser: evaluate it by `xser run` with its --recipes")


def describe_trained(hyperparameters: str, where: str | Path) -> TrainedDescription:
    """Read a run's HyperPyYAML text as data. Nothing that it names is imported or called.

    Parameters
    ----------
    hyperparameters
        Every placeholder filled, as in ``hyperparameters.yaml``.
    where
        The file, for messages.

    Raises
    ------
    UnknownPart
        When a part is not one of xser's.
    XserError
        When the text is no YAML or an argument does not fit.
    """
    nodes = _nodes(hyperparameters, where)
    head = nodes.get("emotion_head")
    if head is None or head.tag != f"!new:{_HEAD}":
        raise UnknownPart(where, "emotion_head is no torch.nn.Linear")
    parts = {key: _part(key, nodes, where) for key in ("frontend", "network", "pooling")}
    network = {**parts, "pooling": (parts["pooling"] or {}).get("kind")}
    keys = ("encoder_source", "encoder_revision", "target_statistics", "number_of_emotions")
    values = {key: _value(nodes[key], nodes, where) for key in keys if key in nodes}
    return parse_record(TrainedDescription, {"network": network, **values}, where)


def _nodes(text: str, where: str | Path) -> dict[str, yaml.Node]:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise XserError(f"{where} is damaged (it is not valid YAML): delete its folder and train again") from error
    if not isinstance(root, yaml.MappingNode):
        raise XserError(f"{where} is damaged (it holds no keys): delete its folder and train again")
    return {key.value: node for key, node in root.value}


def _part(key: str, nodes: Mapping[str, yaml.Node], where: str | Path) -> dict[str, Any] | None:
    node = nodes.get(key)
    if node is None:
        raise XserError(f"{where} has no {key}: delete its folder and train again")
    if _is_null(node):
        return None
    kind = _PARTS.get(node.tag.removeprefix("!new:"))
    if kind is None:
        raise UnknownPart(where, f"{key} is {node.tag}")
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    told = {name.value: _value(value, nodes, where) for name, value in pairs if name.value not in _OF_ENCODER}
    return {"kind": kind, **{name: value for name, value in told.items() if value is not _DERIVED}}


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")


def _value(node: yaml.Node, nodes: Mapping[str, yaml.Node], where: str | Path) -> Any:
    """A plain value, or that of the key that ``!ref <key>`` names; `_DERIVED` where it is an attribute of a part."""
    if not isinstance(node, yaml.ScalarNode):
        raise UnknownPart(where, "an argument is no plain value")
    if node.tag == "!ref":
        name = node.value.strip().removeprefix("<").removesuffix(">")
        if name.partition(".")[0] in ("frontend", "network"):
            return _DERIVED
        if name not in nodes:
            raise UnknownPart(where, f"an argument is {node.value}")
        return _value(nodes[name], nodes, where)
    if node.tag.startswith("!"):
        raise UnknownPart(where, f"an argument is {node.tag} {node.value}")
    return yaml.SafeLoader("").construct_object(node)


def run_values(hyperparameters: str, where: str | Path) -> dict[str, int]:
    """The plain values that only the data decided, of a run's HyperPyYAML text: ``seed`` and the numbers of classes."""
    keys = ("seed", "number_of_emotions", "number_of_speakers", "number_of_languages")
    nodes = _nodes(hyperparameters, where)
    return {key: int(_value(nodes[key], nodes, where)) for key in keys if key in nodes}
