"""Pooling looks at the real frames alone."""

import torch

from xser.model.encoders.pooling import MaskedMean, MaskedStatistics


def made_frames():
    torch.manual_seed(0)
    return torch.randn(4, 9, 5, dtype=torch.float64), torch.tensor([9, 4, 1, 6])


def test_mean_and_deviation_of_the_real_frames():
    frames, lengths = made_frames()
    frames[1, 4:] = torch.nan  # even this must not matter
    mean, both = MaskedMean()(frames, lengths), MaskedStatistics()(frames, lengths)
    for row, length in enumerate(lengths):
        real = frames[row, :length]
        assert torch.allclose(mean[row], real.mean(dim=0), atol=1e-12)
        deviation = (real.var(dim=0, unbiased=False) + 1e-5).sqrt()
        assert torch.allclose(both[row], torch.cat([real.mean(dim=0), deviation]), atol=1e-12)


def test_one_frame_has_a_finite_gradient():
    frames = torch.ones(1, 1, 3, requires_grad=True)
    MaskedStatistics()(frames, torch.tensor([1])).sum().backward()
    assert torch.isfinite(frames.grad).all()


def test_mean_takes_layers_too():
    frames = torch.randn(2, 5, 3, 4)
    assert torch.allclose(MaskedMean()(frames, torch.tensor([5, 2]))[1], frames[1, :2].mean(dim=0))
