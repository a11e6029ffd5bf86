"""A training refuses what it does not know, stops when the loss is lost, and waits for no device in a step."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from tests.support.tiny_trainings import tiny_data, tiny_hyperparameters, tone_rows
from xser.core.errors import XserError
from xser.model import speechbrain_seams, training
from xser.model.brain import EmotionBrain
from xser.model.target_statistics import CommonStatistics

READ_BACK = ("aten::_local_scalar_dense", "aten::nonzero", "aten::masked_select", "aten::is_nonzero")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tiny_data(tone_rows(tmp_path_factory.mktemp("prepared")))


@pytest.mark.parametrize(
    "key, value, told",
    [
        ("batches", "shufled", "batches is shuffled or hierarchical, not 'shufled'"),
        ("precision", "fp8", "precision is fp32, bf16 or fp16, not 'fp8'"),
        ("target_statistics", "speakers", "target_statistics is none, corpus or speaker, not 'speakers'"),
        ("pooling", "mean", "pooling is a module .*, not 'mean'"),
    ],
)
def test_an_unknown_value_is_refused(data, tmp_path, key, value, told):
    """Whatever let it through before: none of them means another by default."""
    lines = tiny_hyperparameters(data).splitlines()
    changed = "\n".join(f"{key}: {value}" if line.startswith(f"{key}:") else line for line in lines)
    with pytest.raises(XserError, match=told):
        training.train_run(tmp_path, changed, data, "", "cpu")
    assert not (tmp_path / "checkpoints").exists()


def test_groups_of_an_unknown_kind_are_refused(data):
    with pytest.raises(XserError, match="corpus or speaker, not 'corpora'"):
        CommonStatistics(None, data.learning, "corpora")


@pytest.mark.parametrize(
    ("losses_at_once", "settings", "told"),
    [
        (1, {"steps": 40}, r"the loss of step \d+ of epoch \d+ is not finite"),
        (50, {"steps": 40}, r"the loss of step \d+ of epoch \d+ is not finite"),
        (1, {"steps": 1, "system": "baseline2", "batch_size": 99}, r"after epoch 1 \(step 1\) scores are not finite"),
    ],
)
def test_a_training_that_diverges_stops_in_one_line(data, tmp_path, monkeypatch, losses_at_once, settings, told):
    monkeypatch.setattr(speechbrain_seams, "LOSSES_AT_ONCE", losses_at_once)
    text = tiny_hyperparameters(data, learning_rate=1e30, **settings)
    with pytest.raises(XserError, match=f"the training diverged: {told}: use a smaller --learning_rate") as error:
        training.train_run(tmp_path, text, data, "", "cpu")
    assert "\n" not in str(error.value)
    assert not list(tmp_path.glob("checkpoints/CKPT*"))


@pytest.mark.parametrize("losses_at_once", [1, 2])
def test_the_mean_loss_is_that_of_all_steps(data, tmp_path, monkeypatch, losses_at_once):
    monkeypatch.setattr(speechbrain_seams, "LOSSES_AT_ONCE", losses_at_once)
    seen = []

    class Noting(EmotionBrain):
        def fit_batch(self, batch):
            seen.append(super().fit_batch(batch))
            return seen[-1]

        def on_stage_end(self, stage, stage_loss, epoch=None):
            super().on_stage_end(stage, stage_loss, epoch)
            means.append(self.train_loss)

    means = []
    monkeypatch.setattr(training, "EmotionBrain", Noting)
    text = tiny_hyperparameters(data, system="baseline2", batch_size=6, steps=3)
    training.train_run(tmp_path, text, data, "", "cpu")
    assert len(seen) == 3 and means[0] == pytest.approx(torch.stack(seen).double().mean().item(), rel=1e-6)


class Reads(TorchDispatchMode):
    """Notes every operation that needs a value of a tensor in Python: on a GPU each would wait for it."""

    def __init__(self):
        super().__init__()
        self.found, self.counting = [], True

    def __torch_dispatch__(self, operation, types, arguments=(), keywords=None):
        name = operation._schema.name
        if self.counting and name in READ_BACK:
            self.found.append(name)
        return operation(*arguments, **(keywords or {}))


@pytest.mark.parametrize("system", ["proposed", "baseline2"])
def test_a_step_reads_nothing_back(data, tmp_path, monkeypatch, system):
    reads = Reads()

    class Watched(EmotionBrain):
        def fit_batch(self, batch):
            with reads:
                loss = super().fit_batch(batch)
                assert self.update_average(loss, 0.0) == 0.0
            self.unread_losses.pop()
            return loss

        def optimizers_step(self):
            reads.counting = False  # AdamW counts its steps on the CPU, whatever the device
            super().optimizers_step()
            reads.counting = True

    monkeypatch.setattr(training, "EmotionBrain", Watched)
    training.train_run(tmp_path, tiny_hyperparameters(data, system=system), data, "", "cpu")
    assert reads.found == []
    with reads:
        bool(torch.ones(1)[torch.ones(1, dtype=torch.bool)])
    assert {"aten::_local_scalar_dense", "aten::nonzero"} & set(reads.found)  # such a read is seen
