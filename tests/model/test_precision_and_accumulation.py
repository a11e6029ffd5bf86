"""Lower precision trains and evaluates; accumulated gradients are the mean over their batches."""

import numpy as np
import pytest
import torch

from tests.support import stages
from tests.support.made_corpora import make_root
from xser.core.errors import XserError
from xser.evidence.figures.predictions import find_runs
from xser.model import training


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_root(tmp_path_factory.mktemp("recordings"))


def trained(root, work_dir, *more, stages_after="train evaluate"):
    words = stages.options(root, work_dir, "--system", "proposed", "--dropout", "0", *more)
    stages.run(f"prepare manifests {stages_after}", words)
    return stages.weights(work_dir)


def test_bf16_trains_and_evaluates_on_a_cpu(root, tmp_path):
    exact = trained(root, tmp_path / "fp32")
    lower = trained(root, tmp_path / "bf16", "--precision", "bf16")
    differences = [(exact[key] - lower[key]).abs().max().item() for key in exact]
    assert max(differences) > 1e-5  # bfloat16 was used ...
    assert all(torch.isfinite(value).all() and value.dtype == exact[key].dtype for key, value in lower.items())
    (run,) = find_runs(tmp_path / "bf16" / "runs")
    scores = run.predictions.filter(like="score_").to_numpy()
    assert len(scores) == 24 and np.isfinite(scores).all()
    (full,) = find_runs(tmp_path / "fp32" / "runs")
    assert np.abs(scores - full.predictions.filter(like="score_").to_numpy()).max() < 0.1  # ... and learns the same


def test_fp16_without_a_gpu_is_refused_in_one_line(root, tmp_path):
    with pytest.raises(XserError, match="fp16 needs"):
        trained(root, tmp_path, "--precision", "fp16", "--device", "cpu")


class EachTwice:
    """The batches of a sampler, every one twice in a row."""

    def __init__(self, sampler):
        self.sampler = sampler

    def __len__(self):
        return 2 * len(self.sampler)

    def __iter__(self):
        for batch in self.sampler:
            yield batch
            yield batch

    def set_epoch(self, epoch):
        self.sampler.set_epoch(epoch)


def test_accumulated_gradients_are_the_mean_over_their_batches(root, tmp_path, monkeypatch):
    """Two equal batches and then a step: what one batch and a step give. A sum would be twice as long."""
    # SGD without clipping, whose steps grow with the gradient; AdamW's would hide a factor.
    sgd = ["--max_grad_norm", "1000", "--weight_decay", "0", "--speaker_weight", "0"]
    with monkeypatch.context() as patched:
        patched.setattr(training, "load_hyperpyyaml", _with_sgd(training.load_hyperpyyaml))
        once = trained(root, tmp_path / "once", *sgd, stages_after="train")
        sampler = training._sampler
        patched.setattr(training, "_sampler", lambda *arguments: EachTwice(sampler(*arguments)))
        twice = trained(root, tmp_path / "twice", *sgd, "--accumulated_batches", "2", stages_after="train")
    assert once.keys() == twice.keys()
    assert max((once[key] - twice[key]).abs().max().item() for key in once) < 1e-6


def _with_sgd(load):
    def load_with_sgd(*arguments, **options):
        hparams = load(*arguments, **options)
        hparams["optimizer"] = lambda groups: torch.optim.SGD(groups, lr=0.01)
        return hparams

    return load_with_sgd
