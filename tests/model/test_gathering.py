"""Two processes with parts of a batch learn what one process with the whole batch learns, by brute force.

What one process computes here is written down again from the formulas, with none of xser's losses in it.
"""

import math

import pytest
import torch

from xser.model.adversary import MASKED, SpeakerAdversary, masked_cross_entropy
from xser.model.brain import weighted_cross_entropy
from xser.model.gathering import gather_with_gradients, leave_ranks, mean_over_ranks
from xser.model.supcon import LanguageAwareSupCon

SHARES = {"equal": ([0, 2, 4, 6, 8, 10], [1, 3, 5, 7, 9, 11]), "unequal": ([0, 2, 4], [1, 3, 5, 6, 7, 8, 9, 10, 11])}


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.network = torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.Tanh(), torch.nn.Linear(8, 6))
        self.head = torch.nn.Linear(6, 3)
        self.adversary = SpeakerAdversary(6, 4, hidden=7, dropout=0.0)

    def forward(self, features):
        embeddings = self.network(features)
        return embeddings, self.head(embeddings), self.adversary(embeddings, 0.7)


def made_batch():
    torch.manual_seed(1)
    speakers = torch.randint(4, (12,))
    speakers[[0, 2, 4, 5]] = MASKED  # in the unequal shares, all of the first rank
    return torch.randn(12, 5), torch.randint(3, (12,)), torch.randint(2, (12,)), speakers


WEIGHTS = [0.5, 1.0, 2.0]


def loss_of(model, features, emotions, languages, speakers):
    embeddings, logits, speaker_logits = model(features)
    return (
        weighted_cross_entropy(logits, emotions, logits.new_tensor(WEIGHTS))
        + LanguageAwareSupCon()(embeddings, emotions, languages)
        + 0.3 * masked_cross_entropy(speaker_logits, speakers)
    )


def loss_by_brute_force(model, features, emotions, languages, speakers, weight=2.5, temperature=0.07):
    """The same loss of the whole batch, utterance by utterance."""
    embeddings, logits, speaker_logits = model(features)
    everyone = range(len(emotions))
    weights = [WEIGHTS[emotion] for emotion in emotions]
    emotion_loss = sum(-w * row.log_softmax(0)[e] for w, row, e in zip(weights, logits, emotions, strict=True))
    z = [row / row.norm() for row in embeddings]
    anchors = []
    for i in everyone:
        positives = [p for p in everyone if p != i and emotions[p] == emotions[i]]
        below = sum(torch.exp(z[i] @ z[a] / temperature) for a in everyone if a != i)
        w = {p: weight if languages[p] != languages[i] else 1.0 for p in positives}
        terms = [w[p] * torch.log(torch.exp(z[i] @ z[p] / temperature) / below) for p in positives]
        if positives:
            anchors.append(-sum(terms) / sum(w.values()))
    known = [i for i in everyone if speakers[i] != MASKED]
    speaker_loss = sum(-speaker_logits[i].log_softmax(0)[speakers[i]] for i in known) / len(known)
    return emotion_loss / math.fsum(weights) + sum(anchors) / len(anchors) + 0.3 * speaker_loss


def one_rank(rank, folder):
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    for name, shares in SHARES.items():
        torch.manual_seed(0)
        model = torch.nn.parallel.DistributedDataParallel(Model().double())
        features, *labels = (item[shares[rank]] for item in made_batch())
        loss = loss_of(model, features.double(), *labels)
        loss.backward()
        with torch.no_grad():  # evaluation is whole on every rank: nothing is exchanged
            assert torch.equal(gather_with_gradients(features), features)
            assert mean_over_ranks(torch.tensor(6.0), 3) == 2.0
        gradients = [parameter.grad.clone() for parameter in model.parameters()]
        model.zero_grad()
        with model.no_sync():  # gradient accumulation: two equal batches, then one exchange
            (loss_of(model, features.double(), *labels) / 2).backward()
        (loss_of(model, features.double(), *labels) / 2).backward()
        for once, twice in zip(gradients, model.parameters(), strict=True):
            assert torch.allclose(once, twice.grad, atol=1e-12)
        gathered = gather_with_gradients(labels[0])
        torch.save({"loss": loss.detach(), "gradients": gradients, "emotions": gathered}, folder / f"{name}{rank}.pt")
    leave_ranks()


@pytest.fixture(scope="module")
def two_ranks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranks")
    torch.multiprocessing.spawn(one_rank, args=(folder,), nprocs=2)
    return folder


@pytest.mark.parametrize("shares", SHARES)
def test_two_ranks_equal_one_process(two_ranks, shares):
    ranks = [torch.load(two_ranks / f"{shares}{rank}.pt", weights_only=True) for rank in range(2)]
    torch.manual_seed(0)
    model = Model().double()
    features, *labels = made_batch()
    loss = loss_by_brute_force(model, features.double(), *labels)
    loss.backward()
    assert abs((ranks[0]["loss"] + ranks[1]["loss"]) / 2 - loss) < 1e-6
    order = SHARES[shares][0] + SHARES[shares][1]
    for rank in ranks:
        assert torch.equal(rank["emotions"], labels[0][order])
        for found, parameter in zip(rank["gradients"], model.parameters(), strict=True):
            assert (found - parameter.grad).abs().max() < 1e-6
    assert max(parameter.grad.abs().max() for parameter in model.parameters()) > 1e-3


def test_one_process_changes_nothing():
    values = torch.randn(3, 2, requires_grad=True)
    assert gather_with_gradients(values) is values
    assert mean_over_ranks(torch.tensor(6.0), 4) == 1.5
    assert mean_over_ranks(torch.tensor(0.0), 0) == 0.0
