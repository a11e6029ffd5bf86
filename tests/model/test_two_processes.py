"""Two processes train what one does, evaluate what one does, and go on after a kill as if nothing had been."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.support import CHECKOUT, stages
from tests.support.made_corpora import make_root
from tests.support.tiny_encoders import tiny_encoder

slow = pytest.mark.slow

# One thread each, so that sums are made in the same order whatever the number of processes.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1", "XSER_PYTHON": sys.executable}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_root(tmp_path_factory.mktemp("recordings"))


def run_sh(words, *control):
    """Call the recipe as a user does."""
    command = ["bash", str(CHECKOUT / "recipes" / "zero_shot" / "run.sh"), *words, *control]
    ended = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=300)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return ended


def files(work_dir, name):
    return sorted(work_dir.glob(f"runs/**/{name}"))


def greatest_difference(one, two):
    assert one.keys() == two.keys()
    tensors = [key for key, value in one.items() if torch.is_tensor(value)]
    assert all(one[key] == two[key] for key in one.keys() - set(tensors))  # which encoder it is
    return max((one[key].double() - two[key].double()).abs().max().item() for key in tensors)


@pytest.fixture(
    params=[
        "frozen and unlabelled",
        pytest.param("peft and accumulation", marks=slow),
        pytest.param("compact", marks=slow),
    ]
)
def kind(request, tmp_path, tmp_path_factory):
    systems = ["--system", "baseline2,proposed"]
    if request.param == "compact":
        return systems
    folder = shutil.copytree(tiny_encoder("wav2vec2-group", tmp_path_factory), tmp_path / "encoder")
    config = json.loads((folder / "config.json").read_text())
    config.update({key: 0.0 for key in config if "drop" in key})  # each process draws dropout of its own
    (folder / "config.json").write_text(json.dumps(config))
    pretrained = ["--encoder", "whisper_tiny_en", "--encoder_source", str(folder)]
    if request.param == "peft and accumulation":
        return [*pretrained, *systems, "--accumulated_batches", "2", "--lora_rank", "2"]
    return [*pretrained, "--system", "proposed", "--finetune", "frozen", "--target-statistics", "speaker"]


def test_two_processes_train_and_evaluate_as_one(root, tmp_path, kind):
    words = stages.options(root, tmp_path / "one", "--dropout", "0", *kind)
    if "--encoder" in words and "frozen" not in words:
        at = words.index("--embedding_size")
        del words[at : at + 2]
    stages.run("prepare manifests train", words)
    two = [str(tmp_path / "two") if word == str(tmp_path / "one") else word for word in words]
    stages.run("prepare manifests", two)
    is_evaluated = "--accumulated_batches" not in kind  # which only training knows: one start of processes less
    run_sh(two, "--gpus", "2", "--stage", "train", "--stop-stage", "evaluate" if is_evaluated else "train")
    difference = greatest_difference(stages.weights(tmp_path / "one"), stages.weights(tmp_path / "two"))
    print(f"weights differ by {difference:.1e} at the most")
    assert difference < 1e-5
    if not is_evaluated:
        return

    # The same weights: evaluation by two processes counts nothing twice, and gives the same bytes as by one.
    predictions = files(tmp_path / "two", "predictions.csv")
    by_two = [path.read_bytes() for path in predictions]
    assert by_two and all(len(content.splitlines()) == 1 + 24 for content in by_two)
    for path in [*predictions, *files(tmp_path / "two", "run.json")]:
        path.unlink()
    stages.run("evaluate", two)
    assert [path.read_bytes() for path in predictions] == by_two


@slow
def test_two_nodes_train_and_evaluate_as_one_process(root, tmp_path):
    """The nodes are two launches on this computer that share its disk; only the first prepares."""
    one, two = (stages.options(root, tmp_path / name, "--dropout", "0") for name in ("one", "two"))
    stages.run("prepare manifests train", one)
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    recipe = ["bash", str(CHECKOUT / "recipes" / "zero_shot" / "run.sh")]
    nodes = [
        subprocess.Popen(
            [*recipe, *two, "--nnodes", "2", "--node-rank", str(node), "--rdzv", f"localhost:{port}"],
            env=ENVIRONMENT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for node in range(2)
    ]
    (out, err), (quiet, other) = (node.communicate(timeout=300) for node in nodes)
    assert [node.returncode for node in nodes] == [0, 0], err[-2000:] + other[-2000:]
    assert "UAR %" in out and "UAR %" not in quiet
    assert greatest_difference(stages.weights(tmp_path / "one"), stages.weights(tmp_path / "two")) < 1e-5


def ranks_of(launch):
    """Process ids of the ranks below a launch, in the order of the ranks; fewer while they are starting."""
    pids = Path(f"/proc/{launch.pid}/task/{launch.pid}/children").read_text().split()
    found = {}
    for pid in pids:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        found.update({int(each[5:]): int(pid) for each in variables if each.startswith(b"RANK=")})
    return [found[rank] for rank in sorted(found)]


def epochs(work_dir):
    return sum(len(path.read_text().splitlines()) for path in files(work_dir, "train_log.txt"))


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc")
@slow
@pytest.mark.parametrize("kills", [pytest.param([(0, 2)], id="the first"), pytest.param([(1, 2), (0, 6)], id="each")])
def test_a_training_of_which_any_rank_was_killed_goes_on_to_the_same_weights(root, tmp_path, kills):
    """`kills` are ranks and the epochs after which they are killed: each time three processes import PyTorch again."""
    more = ["--system", "proposed", "--steps", "60"]  # dropout too
    straight, killed = (stages.options(root, tmp_path / name, *more) for name in ("straight", "killed"))
    stages.run("prepare manifests", straight)
    stages.begun(tmp_path / "killed", tmp_path / "straight")
    run_sh(straight, "--gpus", "2", "--stage", "train", "--stop-stage", "train")
    for rank, epoch in kills:
        launch = subprocess.Popen(
            [*stages.process_of("train", killed), "--gpus", "2"],
            env=ENVIRONMENT,
            text=True,
            stderr=subprocess.PIPE,
        )
        while epochs(tmp_path / "killed") < epoch:
            assert launch.poll() is None, launch.stderr.read()
            time.sleep(0.02)
        ranks = ranks_of(launch)
        os.kill(ranks[rank], signal.SIGKILL)
        began = time.monotonic()
        _, said = launch.communicate(timeout=40)
        print(f"rank {rank} killed: all ended after {time.monotonic() - began:.1f} s")
        assert launch.returncode == 1
        assert said.splitlines()[-1].startswith(f"xser: rank {rank} was killed (SIGKILL)")
        assert not any(map(is_alive, ranks))
        assert not files(tmp_path / "killed", "trained.json")
    run_sh(killed, "--gpus", "2", "--stage", "train", "--stop-stage", "train")
    assert stages.equal_to_the_bit(stages.weights(tmp_path / "straight"), stages.weights(tmp_path / "killed"))
