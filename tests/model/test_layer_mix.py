"""The trained half of a frozen encoder."""

import weakref

import pytest
import torch

from xser.core.errors import XserError
from xser.model.encoders.layer_mix import LayerMix


def made_features():
    torch.manual_seed(0)
    lengths = torch.tensor([7, 3, 1, 5])
    features = torch.randn(4, 7, 3, 6) * torch.linspace(0.1, 50, 6) + torch.linspace(-1000, 1000, 6)
    features[..., 1, 2] = 7.0  # a dimension that never changes
    for row, length in enumerate(lengths):
        features[row, length:] = 1e6  # padding that must not count
    return features, lengths


def fit(network, features, lengths):
    network.fit_standardiser(range(len(lengths)), lambda row: features[row, : lengths[row]])


def test_standardiser_holds_one_utterance_at_a_time():
    """On the published tasks the features of all utterances are hundreds of gigabytes."""
    alive, most = set(), []

    def features_of(number):
        features = torch.full((5, 3, 6), float(number))
        alive.add(number)
        weakref.finalize(features, alive.discard, number)
        most.append(len(alive))
        return features

    network = LayerMix(3, 6)
    network.fit_standardiser(range(200), features_of)
    assert network.mean.unique().tolist() == [99.5]
    assert len(most) == 400 and max(most) <= 2  # the last one, and the one that takes its place


def test_standardiser_is_that_of_the_real_frames():
    features, lengths = made_features()
    network = LayerMix(3, 6)
    fit(network, features, lengths)
    real = torch.cat([row[:length] for row, length in zip(features, lengths, strict=True)]).double()
    assert torch.allclose(network.mean.double(), real.mean(dim=0), rtol=1e-6)
    wanted = real.std(dim=0, correction=0)
    wanted[1, 2] = 1.0
    assert torch.allclose(network.deviation.double(), wanted, rtol=1e-5)
    assert {"mean", "deviation"} <= set(network.state_dict())


@pytest.mark.parametrize("layer", ["mix", "last", 0, 1, 2])
def test_takes_or_mixes_standardised_layers(layer):
    features, lengths = made_features()
    network = LayerMix(3, 6, layer=layer, projection_size=4, dropout=0.0)
    fit(network, features, lengths)
    standard = (features - network.mean) / network.deviation
    if layer == "mix":
        with torch.no_grad():
            network.layer_weights.copy_(torch.tensor([0.0, 1.0, -2.0]))
        shares = torch.tensor([1.0, torch.e, torch.e**-2])
        mixed = (standard * (shares / shares.sum())[:, None]).sum(dim=2)
    else:
        mixed = standard[:, :, 2 if layer == "last" else layer]
    frames, frame_lengths = network(features, lengths)
    assert torch.equal(frame_lengths, lengths) and frames.shape == (4, 7, 4) and network.size == 4
    difference = frames - network.projection(mixed)
    assert max(difference[row, :length].abs().max() for row, length in enumerate(lengths)) < 1e-4


def test_a_new_mix_is_the_mean_of_the_layers():
    features = torch.randn(2, 1, 3, 6)
    network = LayerMix(3, 6).eval()
    frames, _ = network(features, torch.tensor([1, 1]))
    assert torch.allclose(frames, network.projection(features.mean(dim=2)), atol=1e-6)


def test_everything_learns():
    features, lengths = made_features()
    network = LayerMix(3, 6)
    fit(network, features, lengths)
    network(features, lengths)[0].square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in network.parameters())
    assert not any(parameter.requires_grad for parameter in network.buffers())


@pytest.mark.parametrize("layer", ["first", 3, -1, 1.0, True])
def test_unknown_layers_are_refused(layer):
    with pytest.raises(XserError, match="0 to 2"):
        LayerMix(3, 6, layer=layer)
