"""The same seed gives the same result, resumed or not; what is finished is kept."""

import shutil
import signal
import subprocess
import time

import pytest
import torch

from tests.support import stages
from tests.support.made_corpora import make_root
from xser.core.errors import XserError
from xser.core.files import read_json
from xser.evidence.figures.calibration import calibrate, told_by
from xser.evidence.figures.predictions import read_predictions
from xser.experiments.public import read_corpus
from xser.model.brain import EmotionBrain


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_root(tmp_path_factory.mktemp("recordings"))


@pytest.fixture(scope="module")
def straight(root, tmp_path_factory):
    """A work folder trained without a stop."""
    work_dir = tmp_path_factory.mktemp("work")
    stages.run("prepare manifests train evaluate", stages.options(root, work_dir))
    return work_dir


@pytest.fixture
def begun(straight, tmp_path):
    """A work folder of the test's own that has the audio and the manifests, and no run."""
    return stages.begun(tmp_path, straight)


def test_the_same_seed_gives_the_same_result(root, straight, tmp_path):
    stages.run("prepare manifests train evaluate", stages.options(root, tmp_path))
    assert stages.equal_to_the_bit(stages.weights(straight), stages.weights(tmp_path))
    ours, theirs = (sorted(work.glob("runs/**/predictions.csv")) for work in (straight, tmp_path))
    assert [path.read_bytes() for path in ours] == [path.read_bytes() for path in theirs]


def test_another_seed_gives_another_result(root, straight, begun):
    stages.run("train", stages.options(root, begun, "--seed", "1"))
    ours, theirs = list(stages.weights(straight).values()), list(stages.weights(begun).values())
    assert any(not mine.equal(other) for mine, other in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("system", ["baseline2", "proposed"])
@pytest.mark.parametrize("stopped_at", [1, 2, 5, 8])
def test_a_resumed_training_ends_with_the_same_weights(root, straight, begun, monkeypatch, system, stopped_at):
    words = stages.options(root, begun, "--system", system)
    steps = 0
    fit_batch = EmotionBrain.fit_batch

    def stop_at_a_step(brain, batch):
        nonlocal steps
        steps += 1
        if steps == stopped_at:
            raise KeyboardInterrupt
        return fit_batch(brain, batch)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(EmotionBrain, "fit_batch", stop_at_a_step)
        stages.run("train", words)
    stages.run("train", words)
    wanted = {key: value for key, value in stages.weights(straight).items() if key[0].startswith(system)}
    assert stages.equal_to_the_bit(wanted, stages.weights(begun))


def test_a_killed_training_goes_on(root, straight, begun):
    words = stages.options(root, begun)
    killed = subprocess.Popen(stages.process_of("train", words), stderr=subprocess.PIPE)
    while not list(begun.glob("runs/**/CKPT*")) and killed.poll() is None:
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    stages.run("train", words)
    assert stages.equal_to_the_bit(stages.weights(straight), stages.weights(begun))


def test_a_run_says_what_it_cost(straight):
    for finished in straight.glob("runs/**/trained.json"):
        said = read_json(finished)
        assert said["steps"] >= 9 and said["parameters"] > 0 and said["train_seconds"] > 0
        # Python and torch alone take more than 100 MB; a tiny training not 8 GB.
        assert said["device"] != "cpu" or 1e8 < said["peak_memory_bytes"] < 8e9


def test_a_run_says_how_sure_it_is_and_whose_recordings_it_heard(straight):
    for finished in straight.glob("runs/**/trained.json"):
        said = read_json(finished)
        kept = told_by(read_predictions(finished.with_name("validation.csv"), said["emotions"]))
        assert said["calibration"] == calibrate(kept).model_dump(mode="json")
        assert set(said["calibration"]["held_out"]) == {"fra", "urd"}
        assert {name: corpus["title"] for name, corpus in said["corpora"].items()} == {
            name: read_corpus(name).title for name in ("cafe", "urdu", "emodb")
        }
        assert said["corpora"]["cafe"]["licence"] == read_corpus("cafe").licence
        assert read_json(finished.with_name("run.json"))["calibration"] == said["calibration"]


def test_finished_runs_are_not_trained_again(root, straight, monkeypatch):
    def refuse(*_):
        raise AssertionError("trained again")

    monkeypatch.setattr(EmotionBrain, "fit_batch", refuse)
    stages.run("train evaluate", stages.options(root, straight))


def test_a_changed_option_does_not_reuse_a_run(root, straight):
    before = set(straight.glob("runs/**/trained.json"))
    stages.run("train", stages.options(root, straight, "--system", "baseline2", "--temperature", "0.2"))
    assert len(set(straight.glob("runs/**/trained.json")) - before) == 1


@pytest.mark.parametrize(
    ("options", "masked"),
    [
        (("--system", "proposed"), {"urdu"}),
        (("--system", "no_adversary"), set()),
        (("--system", "proposed", "--mask_speaker_loss", "false"), set()),
    ],
)
def test_the_speaker_loss_leaves_out_what_corpus_yaml_says(root, straight, options, masked):
    (run,) = stages.runs_of(stages.options(root, straight, *options))
    assert run.masked_corpora() == masked


@pytest.mark.parametrize(("stage", "needed"), [("manifests", "stage 0"), ("train", "stage 0"), ("evaluate", "stage 0")])
def test_a_stage_says_which_stage_is_missing(root, tmp_path, stage, needed):
    with pytest.raises(XserError, match=needed):
        stages.run(stage, stages.options(root, tmp_path))


def test_evaluation_before_training_says_stage_2(root, begun):
    words = stages.options(root, begun)
    with pytest.raises(XserError, match="stage 2"):
        stages.run("evaluate", words)


def test_the_remedy_for_a_run_without_its_checkpoint_works(root, straight):
    words = stages.options(root, straight, "--system", "baseline2", "--seed", "7")
    stages.run("train", words)
    (run,) = stages.runs_of(words)
    shutil.rmtree(run.folder / "checkpoints")
    with pytest.raises(XserError, match="CKPT.yaml is missing: run stage 2"):
        stages.run("evaluate", words)
    stages.run("train evaluate", words)


def test_a_scheme_with_an_emotion_that_no_source_has_is_refused(root, straight):
    words = stages.options(root, straight, "--scheme", "six")
    stages.run("manifests", words)
    with pytest.raises(XserError, match="no training utterance of cafe, urdu is"):
        stages.run("train", words)


def test_the_gradients_of_network_and_heads_are_clipped(root, begun, monkeypatch):
    norms = []
    step = torch.optim.AdamW.step

    def note_norms(optimizer, *arguments):
        parameters = [each for group in optimizer.param_groups for each in group["params"]]
        norms.append(torch.cat([each.grad.flatten() for each in parameters]).norm().item())
        return step(optimizer, *arguments)

    monkeypatch.setattr(torch.optim.AdamW, "step", note_norms)
    words = stages.options(root, begun, "--system", "proposed", "--max_grad_norm", "0.001")
    stages.run("train", words)
    assert len(norms) >= 2 * 9 and 0.0009 < min(norms) and max(norms) < 0.0011
