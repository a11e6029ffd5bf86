"""Log-mel frames and the compact network: right, and the same alone as in a batch."""

import math

import numpy as np
import pytest
import torch

from xser.model.encoders.compact import Compact
from xser.model.encoders.log_mel import LogMel
from xser.model.encoders.pooling import MaskedMean, MaskedStatistics

SAMPLES = [48000, 16000, 7993, 560, 400, 399, 10, 1]


def made_waveforms(seed=0):
    """Noise whose loudness wanders; what lies beyond an utterance is loud noise, not zeros."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.tensor(SAMPLES)
    loudness = torch.linspace(-8, 0, max(SAMPLES)).exp()
    return torch.randn(len(SAMPLES), max(SAMPLES), generator=generator) * loudness, lengths


@pytest.mark.parametrize("remove_band_mean", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_frames_alone_equal_frames_in_a_batch(remove_band_mean, seed):
    frontend = LogMel(remove_band_mean=remove_band_mean)
    waveforms, lengths = made_waveforms(seed)
    frames, frame_lengths = frontend(waveforms, lengths)
    assert frame_lengths.tolist() == [298, 98, 48, 2, 1, 1, 1, 1]
    for row, length in enumerate(lengths):
        alone, alone_lengths = frontend(waveforms[row : row + 1, :length], lengths[row : row + 1])
        assert alone.shape[1] == alone_lengths[0] == frame_lengths[row]
        assert (frames[row, : alone.shape[1]] - alone[0]).abs().max() < 1e-5
        assert frames[row, alone.shape[1] :].abs().sum() == 0
        if remove_band_mean:
            assert alone[0].mean(dim=0).abs().max() < 1e-4


def test_a_frame_is_the_log_of_filtered_power():
    waveforms, lengths = made_waveforms()
    frontend = LogMel(remove_band_mean=False)
    frames = frontend(waveforms, lengths)[0]
    assert (frontend.filters.sum(dim=0) > 0).all()
    for t in (150, 200, 297):
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
        cut = waveforms[0, 160 * t : 160 * t + 400].double().numpy() * window
        power = np.abs(np.fft.rfft(cut, 512)) ** 2
        wanted = np.log(power @ frontend.filters.double().numpy())
        assert np.abs(frames[0, t].numpy() - wanted).max() < 1e-3


def test_level_and_channel_leave_with_the_band_mean():
    waveforms, lengths = made_waveforms()
    one, _ = LogMel()(waveforms[:1], lengths[:1])
    louder, _ = LogMel()(4 * waveforms[:1], lengths[:1])
    assert (one - louder).abs().max() < 1e-3


def test_floor_is_a_range_below_the_loudest_band():
    waveforms, lengths = made_waveforms()
    open_, _ = LogMel(range_db=200, remove_band_mean=False)(waveforms, lengths)
    closed, frame_lengths = LogMel(range_db=40, remove_band_mean=False)(waveforms, lengths)
    for row, length in enumerate(frame_lengths):
        real = open_[row, :length]
        floor = real.max() - 4 * math.log(10)
        assert (closed[row, :length] - real.clamp_min(floor)).abs().max() < 1e-4


def test_digital_silence_is_finite():
    frames, _ = LogMel(remove_band_mean=False)(torch.zeros(1, 800), torch.tensor([800]))
    assert torch.allclose(frames, torch.tensor(math.log(1e-10)))


def test_every_setting_is_in_the_identity():
    settings = [{}, {"bands": 40}, {"range_db": 60}, {"remove_band_mean": False}]
    identities = [LogMel(**setting).identity for setting in settings]
    assert all(one != two for i, one in enumerate(identities) for two in identities[:i])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("pooling", [MaskedMean, MaskedStatistics])
def test_embeddings_alone_equal_embeddings_in_a_batch(seed, pooling):
    torch.manual_seed(seed)
    network, pooling = Compact().eval(), pooling()
    for parameter in network.parameters():  # biases and scales as after training
        torch.nn.init.normal_(parameter, std=0.2)
    features, lengths = torch.randn(6, 60, 64), torch.tensor([60, 59, 33, 4, 2, 1])
    frames, frame_lengths = network(features, lengths)
    assert frame_lengths.tolist() == [15, 15, 9, 1, 1, 1]
    embeddings = pooling(frames, frame_lengths)
    for row, length in enumerate(lengths):
        alone = pooling(*network(features[row : row + 1, :length], lengths[row : row + 1]))
        assert (alone[0] - embeddings[row]).abs().max() < 1e-5


def test_compact_is_small_and_learns():
    torch.manual_seed(0)
    network, head = Compact(dropout=0.0), torch.nn.Linear(128, 4)
    parameters = [*network.parameters(), *head.parameters()]
    assert sum(parameter.numel() for parameter in parameters) < 1_000_000
    features, lengths, classes = torch.randn(16, 40, 64), torch.randint(5, 41, (16,)), torch.arange(16) % 4
    optimizer = torch.optim.AdamW(parameters, lr=1e-3)
    for _ in range(60):
        logits = head(MaskedMean()(*network(features, lengths)))
        loss = torch.nn.functional.cross_entropy(logits, classes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert all(parameter.grad.abs().sum() > 0 for parameter in parameters)
    assert loss < 0.05


@pytest.mark.parametrize("time", [1, 2, 7, 8])
def test_a_matrix_product_is_a_convolution(time):
    torch.manual_seed(0)
    network, frames, real = Compact(bands=6, size=6).eval(), torch.randn(2, time, 6), torch.ones(2, time, 1)
    convolve = torch.nn.functional.conv1d
    strided, block = network.strided[0], network.blocks[1]
    kernel = strided.convolution.weight.reshape(6, 3, 6).transpose(1, 2)  # (out, in, 3)
    wanted = convolve(frames.transpose(1, 2), kernel, strided.convolution.bias, stride=2, padding=1).transpose(1, 2)
    wanted = torch.nn.functional.gelu(strided.norm(wanted))
    assert torch.allclose(strided(frames), wanted, atol=1e-5)
    kernel = block.convolution.weight.reshape(6, 3, 6).transpose(1, 2)
    inside = block.norm(frames).transpose(1, 2)
    inside = convolve(inside, kernel, block.convolution.bias, padding=2, dilation=2).transpose(1, 2)
    wanted = frames + block.linear(torch.nn.functional.gelu(inside))
    assert torch.allclose(block(frames, real), wanted, atol=1e-5)
