"""Models with random weights, on tiny encoders: as a training leaves them, without the training."""

import torch

from tests.support.tiny_encoders import tiny_encoder
from xser.model.encoders.encoder_source import find_encoder
from xser.model.exported import EncoderRecord, Member, MemberRecord, ModelConfig
from xser.model.network_description import NetworkDescription
from xser.model.trained_network import build

EMOTIONS = ("angry", "happy", "neutral", "sad")
COMPACT = {"frontend": {"kind": "log_mel"}, "network": {"kind": "compact"}, "pooling": "statistics"}


def peft(trained_layers=0, **values):
    """Description of the upper layers of an encoder with adapters."""
    frontend = {"kind": "pretrained", "keep": "input", "trained_layers": trained_layers}
    return {"frontend": frontend, "network": {"kind": "upper_layers", **values}, "pooling": "mean"}


def full(**values):
    """Description of an encoder of which every weight learned."""
    return {"frontend": None, "network": {"kind": "upper_layers", "tuning": "all", **values}, "pooling": "mean"}


def frozen(layer="mix", **values):
    """Description of a projection on a frozen encoder."""
    frontend = {"kind": "pretrained", **values}
    return {"frontend": frontend, "network": {"kind": "layer_mix", "layer": layer}, "pooling": "mean"}


def random_member(description, encoder=None, seed=0):
    """A member whose every weight that learns is away from where it started.

    Parameters
    ----------
    description : dict
        Of a `NetworkDescription`.
    encoder : str or Path, optional
        Folder of its pretrained encoder.
    """
    described = NetworkDescription.model_validate(description)
    source = None if encoder is None else find_encoder(encoder)
    torch.manual_seed(seed)
    network = build(described, len(EMOTIONS), source)
    for parameter in network.network.parameters():
        if parameter.requires_grad:
            parameter.data += 0.05 * torch.randn_like(parameter)
    torch.nn.init.normal_(network.emotion_head.weight, std=0.3)
    if hasattr(network.network, "deviation"):
        network.network.mean.normal_()
        network.network.deviation.uniform_(0.5, 2.0)
    told = {"target_statistics": "none", "system": "proposed", "seed": seed, "sources": ("deu",)}
    return Member(MemberRecord(network=described, encoder=source and _told(source), **told), network)


def _told(encoder):
    told = {"config": dict(encoder.config), "extractor": dict(encoder.extractor), "identity": encoder.fingerprint}
    return EncoderRecord(name="tiny", source="tiny", included=True, **told)


def random_model(kind, description, tmp_path_factory, seed=0):
    """A member on the tiny encoder of `kind`; None: on none."""
    return random_member(description, kind and tiny_encoder(kind, tmp_path_factory), seed)


def config_of(members):
    """Content of their config.json."""
    told = {"format": "xser", "format_version": 1, "xser_version": "0", "scheme": "four", "emotions": EMOTIONS}
    return ModelConfig(**told, sampling_rate=16000, members=tuple(member.record for member in members))
