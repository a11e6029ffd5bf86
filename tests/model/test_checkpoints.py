"""A checkpoint appears when it is whole, whatever happens while it is written."""

import pytest
import torch

from xser.model.checkpoints import WholeCheckpointer


class DiskFull(torch.nn.Linear):
    """A module that cannot be saved."""

    def state_dict(self, *args, **options):
        raise OSError(28, "No space left on device")


def test_a_checkpoint_is_found_and_loaded(tmp_path):
    layer = torch.nn.Linear(2, 2)
    checkpointer = WholeCheckpointer(tmp_path, {"layer": layer})
    checkpointer.save_and_keep_only(meta={"uar": 0.5}, max_keys=["uar"])
    kept = layer.weight.detach().clone()
    torch.nn.init.zeros_(layer.weight)
    assert checkpointer.recover_if_possible(max_key="uar").meta["uar"] == 0.5
    assert torch.equal(layer.weight, kept)


def test_the_best_and_the_latest_are_kept(tmp_path):
    layer = torch.nn.Linear(1, 1)
    checkpointer = WholeCheckpointer(tmp_path, {"layer": layer})
    for uar in (0.2, 0.9, 0.4, 0.3):
        torch.nn.init.constant_(layer.weight, uar)
        checkpointer.save_and_keep_only(meta={"uar": uar}, max_keys=["uar"])
    checkpointer.recover_if_possible(max_key="uar")
    assert layer.weight.item() == pytest.approx(0.9)
    checkpointer.recover_if_possible()
    assert layer.weight.item() == pytest.approx(0.3)
    assert len(checkpointer.list_checkpoints()) == 2


def test_an_interrupted_save_leaves_the_earlier_checkpoint(tmp_path):
    layer = torch.nn.Linear(2, 2)
    WholeCheckpointer(tmp_path, {"layer": layer}).save_checkpoint(meta={"uar": 0.5})
    with pytest.raises(OSError, match="No space"):
        WholeCheckpointer(tmp_path, {"layer": layer, "more": DiskFull(1, 1)}).save_checkpoint(meta={"uar": 0.9})
    checkpointer = WholeCheckpointer(tmp_path, {"layer": layer})
    assert [found.meta["uar"] for found in checkpointer.list_checkpoints()] == [0.5]
    checkpointer.save_checkpoint(meta={"uar": 0.6})
    assert sorted(path.name[:4] for path in tmp_path.iterdir()) == ["CKPT", "CKPT"]
