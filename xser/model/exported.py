"""An exported model: a folder of plain data and weights that works by itself, offline, and runs no code.

``config.json`` tells how the network is built (`ModelConfig`). ``model.safetensors`` holds what it learned and, unless
it was exported without, its pretrained encoder. Equal tensors of several members are kept once.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pydantic
import torch
from torch import Tensor

from xser.core.errors import XserError
from xser.core.files import whole_file, write_json
from xser.core.records import Record, check_record, write_record
from xser.model.encoders.encoder_source import EncoderSource, EncoderWithoutWeights, find_encoder
from xser.model.encoders.model_folder import MODEL_TYPES, refuse_another_encoder
from xser.model.encoders.pretrained import PretrainedEncoder
from xser.model.network_description import NetworkDescription
from xser.model.trained_network import TrainedNetwork, build

FORMAT = "xser"
FORMAT_VERSION = 1
CONFIG, WEIGHTS, EXTRACTOR = "config.json", "model.safetensors", "preprocessor_config.json"
_IDENTITY = "_extra_state"  # of networks on a pretrained encoder: its fingerprint, which is in config.json
_ALIASES = "aliases"


class EncoderRecord(Record):
    """The pretrained encoder of a model.

    Attributes
    ----------
    name
        As it was called at the training.
    source, revision
        A name on the hub and its commit; of a folder, its name alone.
    identity
        Fingerprint of its settings and weights.
    config, extractor
        Content of its config.json and preprocessor_config.json.
    included
        Whether its weights are in the model's folder.
    """

    name: str
    source: str
    revision: str | None = None
    identity: str
    config: dict[str, Any]
    extractor: dict[str, Any] = {}
    included: bool

    @pydantic.field_validator("config")
    @classmethod
    def _known_type(cls, config: dict[str, Any]) -> dict[str, Any]:
        if config.get("model_type") not in MODEL_TYPES:
            raise ValueError(f"has the model_type {config.get('model_type')!r}, not one of {', '.join(MODEL_TYPES)}")
        return config


class MemberRecord(Record):
    """One trained network of a model; a model that is no ensemble has one.

    Attributes
    ----------
    target_statistics
        ``none``; or features are brought to common statistics, of a ``corpus`` or a ``speaker``.
    system, seed, sources
        What was trained, for people.
    """

    network: NetworkDescription
    encoder: EncoderRecord | None = None
    target_statistics: Literal["none", "corpus", "speaker"] = "none"
    system: str
    seed: int
    sources: tuple[str, ...]

    @pydantic.model_validator(mode="after")
    def _encoder_is_told(self) -> "MemberRecord":
        if self.network.needs_encoder and self.encoder is None:
            raise ValueError("a network on a pretrained encoder needs the key encoder")
        return self


class ModelConfig(Record):
    """Content of config.json.

    Attributes
    ----------
    xser_version
        That wrote it.
    scheme, emotions
        The emotions, in the order of the scores, and the name of their scheme.
    sampling_rate
        Hz.
    temperature
        Divides log-probabilities for a confidence that can be believed.
    members
        Networks whose log-probabilities are averaged.
    """

    format: Literal["xser"]
    format_version: Literal[1]
    xser_version: str
    scheme: str
    emotions: tuple[str, ...]
    sampling_rate: Literal[16000]
    temperature: pydantic.PositiveFloat = 1.0
    members: tuple[MemberRecord, ...]

    @pydantic.field_validator("emotions")
    @classmethod
    def _at_least_two(cls, emotions: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(emotions)) < max(2, len(emotions)):
            raise ValueError(f"are fewer than two, or one stands twice: {list(emotions)}")
        return emotions

    @pydantic.field_validator("members")
    @classmethod
    def _at_least_one(cls, members: tuple[MemberRecord, ...]) -> tuple[MemberRecord, ...]:
        if not members:
            raise ValueError("is empty")
        return members


Statistics = tuple[Tensor, Tensor]  # mean and standard deviation of features, (..., size)


@dataclasses.dataclass(frozen=True, eq=False)
class Member:
    """A trained network with the statistics that its features are brought to.

    Attributes
    ----------
    record
        What config.json tells of it.
    network
        With its weights.
    reference
        Statistics of the training features; None with ``target_statistics`` none.
    adapted
        Statistics of the recordings that it was adapted to; None where it was not.
    """

    record: MemberRecord
    network: TrainedNetwork
    reference: Statistics | None = None
    adapted: Statistics | None = None


# Writing. -------------------------------------------------------------------------------------------------------------


def write_model(folder: Path, config: ModelConfig, members: Sequence[Member]) -> None:
    """Write config.json, the weights and, where the encoder has one, preprocessor_config.json; config.json last.

    Parameters
    ----------
    folder
        It is there.
    config
        Its `members` are those of `members`.
    members
        In the same order.
    """
    from safetensors.torch import save

    tensors = {f"members.{at}.{name}": each for at, member in enumerate(members) for name, each in _tensors(member)}
    kept, aliases = _once(tensors)
    with whole_file(folder / WEIGHTS) as part:
        part.write_bytes(save(kept, {"format": "pt", _ALIASES: json.dumps(aliases, sort_keys=True)}))
    extractors = [member.encoder.extractor for member in config.members if member.encoder and member.encoder.extractor]
    if extractors and all(each == extractors[0] for each in extractors):
        write_json(folder / EXTRACTOR, extractors[0])
    write_record(folder / CONFIG, config)


def _tensors(member: Member) -> list[tuple[str, Tensor]]:
    """What a member's weights are, by name."""
    included = member.record.encoder is None or member.record.encoder.included
    network, frontend = member.network.network, member.network.frontend
    learned = {name: each for name, each in network.state_dict().items() if name != _IDENTITY}
    parts = {"network": learned, "emotion_head": member.network.emotion_head.state_dict()}
    frozen: Any = getattr(network, "frozen_tensors", None)  # `UpperLayers`, whose import takes seconds
    if included and frozen is not None:
        parts["network"] = {**frozen(), **learned}
    if included and isinstance(frontend, PretrainedEncoder):
        parts["frontend"] = frontend.needed_model().state_dict()
    for name, statistics in (("reference", member.reference), ("adapted", member.adapted)):
        if statistics is not None:
            parts[name] = dict(zip(("mean", "deviation"), statistics, strict=True))
    return [(f"{part}.{name}", each) for part, state in parts.items() for name, each in state.items()]


def _once(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors without those that equal an earlier one, and the name of that one for each left out."""
    kept: dict[str, Tensor] = {}
    aliases: dict[str, str] = {}
    seen: dict[tuple[Any, ...], str] = {}
    for name, tensor in tensors.items():
        tensor = tensor.detach().cpu().contiguous()
        content = hashlib.sha256(tensor.numpy().tobytes()).hexdigest()
        first = seen.setdefault((tensor.dtype, tuple(tensor.shape), content), name)
        if first == name:
            kept[name] = tensor.clone()  # no memory is shared with another, which the format forbids
        else:
            aliases[name] = first
    return kept, aliases


# Reading. -------------------------------------------------------------------------------------------------------------


def is_exported(folder: Path) -> bool:
    """Whether a folder looks like an exported model."""
    return _content(folder).get("format") == FORMAT


def is_for_transformers(folder: Path) -> bool:
    """Whether a folder looks like a model that was exported for transformers."""
    return "xser_version" in _content(folder) and not is_exported(folder)


def _content(folder: Path) -> dict[str, Any]:
    """Content of config.json; empty without one."""
    try:
        content = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def read_config(folder: Path) -> ModelConfig:
    """Read config.json.

    Raises
    ------
    XserError
        When it is missing, damaged, of a newer version or of another shape.
    """
    path = folder / CONFIG
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise XserError(f"{path} cannot be read ({error.strerror}): give a folder that `xser export` wrote") from error
    except (ValueError, RecursionError) as error:
        raise XserError(f"{path} is not valid JSON: export or download the model again") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise XserError(f"{folder} is not a model of xser: give a folder that `xser export` wrote, or a run's folder")
    version = content.get("format_version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise XserError(
            f"{folder} has version {version} of the format, and this xser reads {FORMAT_VERSION}: install a newer xser"
        )
    return check_record(ModelConfig, content, path)


def read_model(folder: Path) -> tuple[ModelConfig, list[Member]]:
    """Read an exported model and build its networks.

    Raises
    ------
    XserError
        When a file is missing, damaged or does not fit, or the pretrained encoder, which the folder leaves out, is not
        found or is another.
    """
    config = read_config(folder)
    tensors = _read_tensors(folder)
    members = []
    for at, record in enumerate(config.members):
        prefix = f"members.{at}."
        own = {name.removeprefix(prefix): each for name, each in tensors.items() if name.startswith(prefix)}
        members.append(_member(record, own, len(config.emotions), folder / WEIGHTS))
    return config, members


def _read_tensors(folder: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError, safe_open

    path = folder / WEIGHTS
    if not path.is_file():
        others = sorted(each.name for each in folder.iterdir() if each.suffix in (".bin", ".pt", ".ckpt", ".pkl"))
        more = f" ({others[0]} is not opened: such files can run code)" if others else ""
        raise XserError(f"{folder} has no {WEIGHTS}{more}: export or download the model again")
    try:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no dictionary
            aliases = json.loads((file.metadata() or {}).get(_ALIASES, "{}"))
        return {**tensors, **{name: tensors[first] for name, first in aliases.items()}}
    except (SafetensorError, OSError, ValueError, KeyError, AttributeError) as error:
        raise XserError(f"{path} is damaged or cut short: export or download the model again") from error


def _member(record: MemberRecord, tensors: Mapping[str, Tensor], emotions: int, path: Path) -> Member:
    network = build(record.network, emotions, _encoder(record.encoder))
    by_part: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        part, _, rest = name.partition(".")
        by_part.setdefault(part, {})[rest] = tensor
    learned: dict[str, Any] = by_part.get("network", {})
    if record.encoder is not None:
        learned = {**learned, _IDENTITY: record.encoder.identity}
    parts = [(network.network, learned), (network.emotion_head, by_part.get("emotion_head", {}))]
    if record.encoder is not None and record.encoder.included and isinstance(network.frontend, PretrainedEncoder):
        parts.append((network.frontend.needed_model(), by_part.get("frontend", {})))
    try:
        for module, state in parts:
            module.load_state_dict(state)
    except (RuntimeError, KeyError) as error:
        raise XserError(f"{path} does not hold the weights that {CONFIG} describes: export the model again") from error
    if not all(bool(torch.isfinite(each).all()) for each in tensors.values() if each.is_floating_point()):
        raise XserError(f"{path} is damaged (weights that are not finite): export or download the model again")
    reference = _statistics(by_part.get("reference"), path)
    if (record.target_statistics != "none") != (reference is not None):
        raise XserError(f"{path} does not hold the statistics that {CONFIG} describes: export the model again")
    return Member(record, network, reference, _statistics(by_part.get("adapted"), path))


def _statistics(state: Mapping[str, Tensor] | None, path: Path) -> Statistics | None:
    if state is None:
        return None
    if set(state) != {"mean", "deviation"}:
        raise XserError(f"{path} does not hold whole statistics: export the model again")
    return state["mean"], state["deviation"]


def _encoder(record: EncoderRecord | None) -> EncoderSource | None:
    if record is None:
        return None
    if record.included:
        return EncoderWithoutWeights(record.config, record.extractor, record.identity)
    encoder = find_encoder(record.source, record.revision)
    refuse_another_encoder(record.identity, encoder.fingerprint)
    return encoder
