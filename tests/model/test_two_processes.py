"""Two processes train what one does: the same batches between them, the same losses, the same weights."""

import os
import subprocess
import sys

import pytest
import torch

from tests import stages
from tests.made_corpora import make_root

UNLABELLED = ("--target-statistics", "speaker", "--remove_band_mean", "false")


@pytest.mark.parametrize(("system", "regime"), [("baseline2", ()), ("proposed", ()), ("proposed", UNLABELLED)])
def test_two_processes_train_the_weights_of_one(tmp_path, system, regime):
    root = make_root(tmp_path / "recordings")
    same = ("--dropout", "0", "--system", system, *regime)
    words = stages.options(root, tmp_path / "one", *same)
    stages.run("prepare manifests train", words)
    words = stages.options(root, tmp_path / "two", *same)
    stages.run("prepare manifests", words)
    launch = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc_per_node",
        "2",
        "-m",
        "xser.train",
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    ended = subprocess.run([*launch, *words], capture_output=True, text=True, env=environment, timeout=300)
    assert ended.returncode == 0, ended.stderr[-3000:]
    one, two = stages.weights(tmp_path / "one"), stages.weights(tmp_path / "two")
    assert one.keys() == two.keys()
    for key in one:
        assert torch.allclose(one[key], two[key], atol=1e-5), key
