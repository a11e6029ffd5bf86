"""A training step keeps nothing of what does not learn: the frozen front end is not in its graph (method trap 1)."""

import gc
import weakref

import pytest
import torch

from tests.support.tiny_encoders import KINDS, tiny_encoder
from tests.support.tiny_trainings import tiny_data, tiny_hyperparameters, tone_rows
from xser.model import training
from xser.model.brain import EmotionBrain
from xser.model.encoders import pretrained
from xser.model.encoders.encoder_source import EncoderFolder

CONVOLUTION = "ConvolutionBackward0"


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return tone_rows(tmp_path_factory.mktemp("prepared"))


def nodes_of(node):
    """All nodes that a backward pass goes through."""
    seen, waiting = set(), [node]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting.extend(following for following, _ in node.next_functions)
    return seen


class Watched(EmotionBrain):
    """Notes what a step of the training keeps for the way back, and where that way goes."""

    def fit_batch(self, batch):
        self.kept = []
        with torch.autograd.graph.saved_tensors_hooks(lambda kept: self.kept.append(kept) or kept, lambda kept: kept):
            return super().fit_batch(batch)

    def compute_objectives(self, outputs, batch, stage):
        loss = super().compute_objectives(outputs, batch, stage)
        if loss.requires_grad:
            self.nodes = nodes_of(loss.grad_fn)
            self.features = batch.features.data
            watched.append(self)
        return loss

    def optimizers_step(self):
        self.with_gradient = {id(each) for each in self.modules.parameters() if each.grad is not None}
        super().optimizers_step()


watched = []


def storages(tensors):
    return {tensor.untyped_storage().data_ptr() for tensor in tensors if tensor.numel()}


@pytest.mark.parametrize("finetuning", ["peft", "last_layers", "frozen"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_step_keeps_nothing_of_the_frozen_front_end(kind, finetuning, rows, tmp_path, tmp_path_factory, monkeypatch):
    front_ends = []
    load = EncoderFolder.load
    monkeypatch.setattr(EncoderFolder, "load", lambda *how: front_ends.append(load(*how)) or front_ends[-1])
    monkeypatch.setattr(training, "EmotionBrain", Watched)
    watched.clear()
    encoder = tiny_encoder(kind, tmp_path_factory)
    data = tiny_data(rows)
    layers = {} if finetuning == "frozen" else {"trained_layers": 2 if finetuning == "last_layers" else 0}
    training.train_run(tmp_path, tiny_hyperparameters(data, encoder, finetuning, **layers), data, kind, "cpu")
    brain = watched[0]
    assert not brain.features.requires_grad
    # What learns is reached, and nothing else.
    learning = {id(each) for each in brain.modules.parameters() if each.requires_grad}
    reached = {id(node.variable) for node in brain.nodes if hasattr(node, "variable")}
    assert reached == learning == brain.with_gradient
    # No weight of the front end is kept, and no convolution is gone back through but those inside trained layers.
    front_end = front_ends[-1]  # it is loaded when features are computed, after what learns
    assert storages(brain.kept) and not storages(brain.kept) & storages(front_end.parameters())
    trained_layers = {"frozen": 0, "last_layers": 2, "peft": 3}[finetuning]
    of_a_layer = 3 if kind == "w2v-bert" else 0  # a Conformer layer has convolutions of its own
    assert [node.name() for node in brain.nodes].count(CONVOLUTION) == of_a_layer * trained_layers


def test_the_front_end_is_let_go_of_when_all_is_kept(rows, tmp_path, tmp_path_factory):
    frontend = pretrained.PretrainedEncoder(tiny_encoder("hubert", tmp_path_factory), keep="input")
    model = weakref.ref(frontend.model)
    training.Features(rows, frontend, "cpu", {"made": tmp_path})
    gc.collect()
    assert model() is None
    assert frontend(torch.zeros(1, 800), torch.tensor([800]))[0].shape[2] == frontend.size  # it comes back when asked


def test_the_trap_is_there_and_is_seen(tmp_path_factory):
    """transformers' own model goes back through its frozen convolutions when it trains."""
    import transformers

    model = transformers.AutoModel.from_pretrained(tiny_encoder("wav2vec2-group", tmp_path_factory)).train()
    model.requires_grad_(False)
    model.encoder.layers[-1].requires_grad_(True)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: kept.append(tensor) or tensor, lambda tensor: tensor):
        loss = model(torch.randn(2, 8000)).last_hidden_state.square().sum()
    assert [node.name() for node in nodes_of(loss.grad_fn)].count(CONVOLUTION) >= 7
    assert storages(kept) & storages(model.feature_extractor.parameters())
