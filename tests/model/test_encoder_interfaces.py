"""What front ends, networks and the five kinds of pretrained models have in common is a class each."""

import inspect

import torch

from xser.model.encoders.base import FrontEnd, Network, SpeechModel, StandardisingNetwork
from xser.model.encoders.compact import Compact
from xser.model.encoders.layer_mix import LayerMix
from xser.model.encoders.log_mel import LogMel
from xser.model.encoders.model_folder import MODEL_TYPES
from xser.model.encoders.speech_model import kinds


def test_every_model_type_has_a_kind_of_its_own_file():
    assert tuple(kinds()) == MODEL_TYPES
    assert len({kind.__module__ for kind in kinds().values()}) == len(MODEL_TYPES)


def test_every_kind_is_a_whole_speech_model():
    for kind in kinds().values():
        assert issubclass(kind, SpeechModel) and issubclass(kind, torch.nn.Module)
        assert not inspect.isabstract(kind)
        assert kind.attention_projections and kind.feed_forward_outputs


def test_front_ends_and_networks():
    assert isinstance(LogMel(), FrontEnd) and not isinstance(LogMel(), StandardisingNetwork)
    for network in (Compact(), LayerMix(2, 3)):
        assert isinstance(network, Network)
    assert isinstance(LayerMix(2, 3), StandardisingNetwork)
