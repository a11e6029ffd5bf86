"""Gradient reversal, its ramp, and the speaker loss."""

import math

import pytest
import torch

from xser.core.errors import XserError
from xser.model.adversary import MASKED, GradientReversal, ReversalRamp, SpeakerAdversary, masked_cross_entropy


@pytest.mark.parametrize("strength", [0.0, 0.3, 1.0, 2.0])
def test_reversal_multiplies_the_gradient_by_minus_its_strength(strength):
    torch.manual_seed(0)
    straight = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    reversed_ = straight.detach().clone().requires_grad_()
    weight = torch.randn(3, 2, dtype=torch.float64)
    (straight @ weight).tanh().square().sum().backward()
    passed = GradientReversal(strength)(reversed_)
    assert torch.equal(passed, reversed_)
    (passed @ weight).tanh().square().sum().backward()
    assert (reversed_.grad + strength * straight.grad).abs().max() < 1e-10


def test_strength_may_change_between_steps():
    reversal, values = GradientReversal(), torch.ones(1, requires_grad=True)
    reversal.strength = 0.25
    reversal(values).sum().backward()
    assert values.grad.item() == -0.25


@pytest.mark.parametrize("gamma", [1.0, 10.0])
def test_ramp_is_that_of_ganin(gamma):
    ramp = ReversalRamp(gamma)
    steps = [ramp(p / 100) for p in range(101)]
    assert steps[0] == 0.0
    assert all(earlier < later for earlier, later in zip(steps, steps[1:], strict=False))
    for p, strength in enumerate(steps):
        assert abs(strength - math.tanh(gamma * p / 200)) < 1e-12


def test_negative_gamma_is_refused():
    with pytest.raises(XserError, match="reversal_gamma"):
        ReversalRamp(-1)


def made_adversary():
    torch.manual_seed(0)
    return SpeakerAdversary(embedding_size=6, speakers=5, hidden=8, dropout=0.5).double().eval()


def by_hand(adversary, embeddings, speakers):
    """The mean cross-entropy of the counted utterances, one at a time."""
    first, last = adversary.classifier[0], adversary.classifier[3]
    losses = []
    for row, speaker in zip(embeddings, speakers.tolist(), strict=True):
        if speaker != MASKED:
            logits = last.weight @ (first.weight @ row + first.bias).clamp_min(0) + last.bias
            losses.append(logits.exp().sum().log() - logits[speaker])
    return sum(losses) / len(losses)


def test_adversary_learns_and_the_embedding_unlearns():
    adversary = made_adversary()
    embeddings = torch.randn(7, 6, dtype=torch.float64, requires_grad=True)
    speakers = torch.tensor([0, 1, MASKED, 4, 2, MASKED, 1])
    reference = by_hand(adversary, embeddings, speakers)
    wanted_embeddings, *wanted = torch.autograd.grad(reference, [embeddings, *adversary.parameters()])
    loss = masked_cross_entropy(adversary(embeddings, 0.4), speakers)
    found_embeddings, *found = torch.autograd.grad(loss, [embeddings, *adversary.parameters()])
    assert abs(loss.item() - reference.item()) < 1e-10
    assert (found_embeddings + 0.4 * wanted_embeddings).abs().max() < 1e-10
    assert found_embeddings[speakers == MASKED].abs().max() == 0.0
    for one, two in zip(found, wanted, strict=True):
        assert (one - two).abs().max() < 1e-10


def test_nobody_counts():
    adversary = made_adversary()
    embeddings = torch.randn(3, 6, dtype=torch.float64, requires_grad=True)
    loss = masked_cross_entropy(adversary(embeddings, 1.0), torch.full((3,), MASKED))
    loss.backward()
    assert loss.item() == 0.0
    assert embeddings.grad.abs().sum() == 0.0
    assert all(parameter.grad is not None for parameter in adversary.parameters())
