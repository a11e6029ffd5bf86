"""The regime `unlabelled` through the stages: whose statistics an utterance gets, and where its results go."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from tests.support import stages
from tests.support.made_corpora import make_root
from xser.evidence.figures.embeddings import read_embeddings
from xser.experiments.workspace import Workspace
from xser.model.prediction import load_trained
from xser.model.target_statistics import load_reference

SYSTEMS = ("baseline1", "proposed", "upper_bound")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_root(tmp_path_factory.mktemp("recordings"))


@pytest.fixture(scope="module", params=["corpus", "speaker"])
def runs(request, root, tmp_path_factory):
    """Trained and evaluated runs by system; of baseline1 the one on the first source."""
    work_dir = tmp_path_factory.mktemp("work")
    how = ("--system", ",".join(SYSTEMS), "--split", "stratified", "--target-statistics", request.param)
    words = stages.options(root, work_dir, *how, "--remove_band_mean", "false")  # else an utterance's mean is gone
    stages.run("prepare manifests train evaluate", words)
    planned = stages.runs_of(words)
    return {each.system.name: each for each in reversed(planned)}


def results_of(run):
    return Workspace(run.experiment).results_folder


def scores_of(folder, name):
    table = pd.read_csv(folder / name).set_index("utterance")
    return table.filter(like="score_")


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_utterance_is_recognised_the_same_whichever_others_are_asked_for(runs, system):
    run = runs[system]
    rows, recorded = run.read_evaluation_rows(), run.read_recorded()
    assert len(recorded) == 24 and len(rows) == (4 if system == "upper_bound" else 24)
    some = rows.iloc[::3]
    scores, _ = load_trained(run.folder, device="cpu").predict(some, recorded)
    kept = scores_of(run.folder, "predictions.csv").loc[some["utterance"]]
    assert np.allclose(scores, kept, atol=1e-6)
    alone, _ = load_trained(run.folder, device="cpu").predict(some)
    assert not np.allclose(alone, kept, atol=1e-6)  # the statistics of some are others than those of all


@pytest.mark.parametrize("system", SYSTEMS)
def test_validation_has_the_statistics_of_training(runs, system):
    run = runs[system]
    seen = run.read_rows()
    scores, embeddings = load_trained(run.folder, device="cpu").predict(seen.choosing, seen.recorded)
    kept = scores_of(run.folder, "validation.csv").loc[seen.choosing["utterance"]]
    assert np.allclose(scores, kept, atol=1e-6)
    rows, pictured = read_embeddings(run.folder / "embeddings.npz")
    of_sources = (rows["part"] == "source").to_numpy()
    at = pd.Index(seen.choosing["utterance"]).get_indexer(rows["utterance"][of_sources])
    assert of_sources.any() and (at >= 0).all()
    assert np.allclose(pictured[of_sources], embeddings[at], atol=1e-5)
    if system != "baseline1":  # that selects its epoch by its own source alone
        trained = json.loads((run.folder / "trained.json").read_text())
        best = max(map(float, re.findall(r"valid UAR: ([^,\s]+)", (run.folder / "train_log.txt").read_text())))
        assert trained["validation"]["mean"] == pytest.approx(best, abs=5e-3)


def test_the_reference_is_of_the_recordings_that_a_run_learns_from(runs):
    means = {system: load_reference(run.folder)[0] for system, run in runs.items()}
    assert not means["upper_bound"].allclose(means["proposed"], atol=1e-3)
    assert not means["baseline1"].allclose(means["proposed"], atol=1e-3)


def test_results_say_the_regime_and_lie_apart(root, runs):
    run = runs["proposed"]
    by = run.experiment.target_statistics
    assert json.loads((run.folder / "run.json").read_text())["target_statistics"] == by
    assert results_of(run).name.endswith(f"-by_{by}")
    assert f"unlabelled (by {by})" in (results_of(run) / "table.md").read_text()
    work_dir = run.experiment.work_dir
    how = ("--system", "proposed", "--split", "stratified", "--remove_band_mean", "false")
    words = stages.options(root, work_dir, *how)
    (blind,) = stages.runs_of(words)
    assert results_of(blind) != results_of(run) and blind.folder != run.folder


def test_within_one_corpus(root, tmp_path):
    words = ["--corpus", "emodb", "--data-root", str(root), "--work-dir", str(tmp_path), "--jobs", "1", *stages.TINY]
    stages.run("prepare manifests train evaluate", [*words, "--split", "loso", "--target-statistics", "speaker"])
    assert len(list(tmp_path.glob("runs/**/run.json"))) == 3
