"""The contrastive loss against its formula, written out in loops."""

import math

import pytest
import torch

from xser.core.errors import XserError
from xser.model.supcon import LanguageAwareSupCon


def in_loops(embeddings, emotions, languages, cross_language_weight, temperature):
    z = [row / row.square().sum().sqrt() for row in embeddings]
    anchors = []
    for i in range(len(z)):
        positives = [p for p in range(len(z)) if p != i and emotions[p] == emotions[i]]
        if not positives:
            continue
        denominator = sum(torch.exp(z[i] @ z[a] / temperature) for a in range(len(z)) if a != i)
        weights = [cross_language_weight if languages[p] != languages[i] else 1.0 for p in positives]
        terms = [
            w * torch.log(torch.exp(z[i] @ z[p] / temperature) / denominator)
            for w, p in zip(weights, positives, strict=True)
        ]
        anchors.append(-sum(terms) / sum(weights))
    return sum(anchors) / len(anchors)


def made_batch(seed, size=24):
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(size, 7, generator=generator, dtype=torch.float64) * 5
    emotions = torch.randint(4, (size,), generator=generator)
    emotions[0] = 99  # an anchor without a positive
    return embeddings, emotions, torch.randint(3, (size,), generator=generator)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("weight, temperature", [(2.5, 0.07), (0.3, 0.5), (1.7, 0.1)])
def test_value_and_gradient_equal_the_formula(seed, weight, temperature):
    embeddings, emotions, languages = made_batch(seed)
    one, two = embeddings.clone().requires_grad_(), embeddings.clone().requires_grad_()
    loss = LanguageAwareSupCon(weight, temperature)(one, emotions, languages)
    reference = in_loops(two, emotions, languages, weight, temperature)
    loss.backward()
    reference.backward()
    assert abs(loss.item() - reference.item()) < 1e-10
    assert (one.grad - two.grad).abs().max() < 1e-10


@pytest.mark.parametrize("seed", range(3))
def test_weight_one_or_one_language_is_plain_supcon(seed):
    embeddings, emotions, languages = made_batch(seed)
    plain = in_loops(embeddings, emotions, torch.zeros_like(languages), 1.0, 0.07)
    assert abs(LanguageAwareSupCon(1.0)(embeddings, emotions, languages) - plain) < 1e-10
    assert abs(LanguageAwareSupCon(2.5)(embeddings, emotions, torch.zeros_like(languages)) - plain) < 1e-10
    assert abs(LanguageAwareSupCon(2.5)(embeddings, emotions, languages) - plain) > 1e-3


@pytest.mark.parametrize("size", [0, 1, 4])
def test_no_positive_gives_zero_with_a_graph(size):
    embeddings = torch.randn(size, 3, requires_grad=True)
    loss = LanguageAwareSupCon()(embeddings, torch.arange(size), torch.zeros(size, dtype=torch.int64))
    loss.backward()
    assert loss.item() == 0.0
    assert embeddings.grad.abs().sum() == 0.0


def test_extreme_values_stay_finite():
    embeddings = torch.tensor([[1e12, 0.0], [-1e12, 0.0], [0.0, 1e-12]], requires_grad=True)
    loss = LanguageAwareSupCon(temperature=1e-3)(embeddings, torch.tensor([0, 0, 0]), torch.tensor([0, 1, 1]))
    loss.backward()
    assert math.isfinite(loss.item())
    assert torch.isfinite(embeddings.grad).all()


def test_length_of_an_embedding_does_not_matter():
    embeddings, emotions, languages = made_batch(0)
    longer = embeddings * torch.linspace(0.1, 10, len(embeddings), dtype=torch.float64)[:, None]
    loss = LanguageAwareSupCon()
    assert abs(loss(embeddings, emotions, languages) - loss(longer, emotions, languages)) < 1e-10


def test_half_precision_is_computed_in_float32():
    embeddings, emotions, languages = made_batch(0)
    half = embeddings.to(torch.bfloat16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = LanguageAwareSupCon()(half, emotions, languages)
    assert loss.dtype == torch.float32
    assert abs(loss - LanguageAwareSupCon()(half.float(), emotions, languages)) < 1e-6


@pytest.mark.parametrize("options", [{"temperature": 0}, {"cross_language_weight": -1.0}])
def test_impossible_parameters_are_refused(options):
    with pytest.raises(XserError, match=next(iter(options))):
        LanguageAwareSupCon(**options)


@pytest.mark.parametrize("length", [0.0, 1e-30, 1e-12, 1e-6])
@pytest.mark.parametrize("number", [1, 3])
def test_embeddings_without_a_direction_take_nothing_from_the_others(length, number):
    torch.manual_seed(0)
    labels = torch.tensor([0, 0, 1, 1, 2, 2, 3, 3]), torch.tensor([0, 1] * 4)
    embeddings = torch.randn(8, 16)
    embeddings[:number] *= length
    embeddings.requires_grad_()
    loss = LanguageAwareSupCon()(embeddings, *labels)
    loss.backward()
    assert torch.isfinite(loss) and embeddings.grad[:number].abs().max() == 0
    assert 0 < embeddings.grad[number:].abs().max() < 10
