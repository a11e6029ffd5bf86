"""A training depends on its sources alone: a second target of the same sources takes it over."""

import shutil
from pathlib import Path

import pytest

from tests.support import stages
from tests.support.made_corpora import make_root
from xser.core.files import read_json
from xser.experiments.earlier_runs import trained_elsewhere
from xser.model.brain import EmotionBrain


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_root(tmp_path_factory.mktemp("recordings"))


def options(root, work_dir, target):
    return stages.options(root, work_dir, "--system", "baseline2", sources="emodb", target=target)


@pytest.fixture(scope="module")
def two_targets(root, tmp_path_factory):
    """A work folder with a training for one target, and the options for it and for another target."""
    work_dir = tmp_path_factory.mktemp("two targets")
    words, other = options(root, work_dir, "cafe"), options(root, work_dir, "urdu")
    stages.run("prepare manifests train", words)
    stages.run("prepare manifests", other)
    return words, other


def test_the_second_target_of_a_training_costs_no_training(two_targets, monkeypatch):
    words, other = two_targets
    with monkeypatch.context() as patched:
        patched.setattr(EmotionBrain, "fit_batch", None)  # nothing trains
        stages.run("train", other)
    stages.run("evaluate", words)
    stages.run("evaluate", other)
    (first,), (second,) = (stages.runs_of(each) for each in (words, other))
    infos = [read_json(run.folder / "run.json") for run in (first, second)]
    assert [info["task"] for info in infos] == [run.experiment.task.name for run in (first, second)]
    assert infos[1]["trained_for"] == infos[0]["task"] and "trained_for" not in infos[0]
    assert infos[1]["train_seconds"] == infos[0]["train_seconds"] and infos[1]["command"] != infos[0]["command"]


def test_a_copied_training_has_the_weights_and_figures_of_one_of_its_own(two_targets, root, tmp_path):
    _, other = two_targets
    stages.run("train evaluate", other)
    alone = options(root, tmp_path, "urdu")
    stages.run("prepare manifests train evaluate", alone)
    copied, own = (stages.runs_of(each)[0].folder for each in (other, alone))
    assert copied.name == own.name
    for file in ("predictions.csv", "validation.csv", "hyperparameters.yaml"):
        assert (copied / file).read_bytes() == (own / file).read_bytes()


@pytest.mark.parametrize("changed", [["--seed", "1"], ["--learning_rate", "0.01"], ["--split-seed", "1"]])
def test_a_training_that_differs_is_not_copied(two_targets, changed):
    _, other = two_targets
    words = [*other, *changed]
    stages.run("manifests", words)
    (run,) = stages.runs_of(words)
    assert trained_elsewhere(run) is None


@pytest.mark.parametrize("file", ["network.ckpt", "validation.csv"])
def test_a_copy_that_was_cut_short_is_made_again(two_targets, root, monkeypatch, file):
    _, other = two_targets
    (run,) = stages.runs_of(other)
    shutil.rmtree(run.folder, ignore_errors=True)
    copyfile = shutil.copyfile

    def cut_short(source, target, **options):
        if Path(target).name == file:
            raise KeyboardInterrupt
        return copyfile(source, target, **options)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(shutil, "copyfile", cut_short)
        stages.run("train", other)
    assert not run.is_trained
    stages.run("train evaluate", other)
    assert run.is_trained and not list(run.folder.glob("*.part"))
