"""A work folder of xser 0.1 is of use: its prepared audio and finished trainings are found where all is the same."""

import json
import shutil
from pathlib import Path

import pytest
from hyperpyyaml import resolve_references

from tests.support import CHECKOUT, stages
from tests.support.made_corpora import make_root
from xser.corpora.audio import preparation
from xser.experiments.earlier_runs import trained_elsewhere
from xser.experiments.workspace import Workspace


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """Options of a small experiment whose work folder was made to look as xser 0.1 left it."""
    folder = tmp_path_factory.mktemp("older")
    shutil.copytree(CHECKOUT / "recipes" / "hparams", folder / "recipes" / "hparams")
    mine = ["--recipes", str(folder / "recipes")]
    words = stages.options(make_root(folder / "data"), folder / "exp", "--system", "baseline2", *mine)
    stages.run("prepare manifests train", words)
    (run,) = stages.runs_of(words)
    workspace = Workspace(run.experiment)
    record = json.loads((run.folder / "trained.json").read_text())
    record["versions"]["xser"] = "0.1.0"
    del record["content_digest"], record["trained_files"]  # it wrote no digests
    record["weights_fingerprint"] = "0" * 16
    record["fingerprints"] = {
        str(selection): workspace.manifest_fingerprint_of_0_1(selection, manifest.record.prepared_fingerprint)
        for selection, manifest in run.manifests.items()
    }
    (run.folder / "trained.json").write_text(json.dumps(record))
    told = run.folder / "hyperparameters.yaml"
    told.write_text(resolve_references(told.read_text()).getvalue())  # it kept references resolved
    run.folder.rename(run.folder.with_name(f"{run.folder.name[:-8]}01234567"))
    for prepared in (folder / "exp" / "audio").glob("*/prepared.json"):
        content = json.loads(prepared.read_text())
        content["versions"]["xser"] = "0.1.0"
        del content["content_digest"], content["rows_digest"]
        prepared.write_text(json.dumps(content))
        prepared.parent.rename(prepared.parent.with_name(f"{prepared.parent.name[:-8]}01234567"))
    return words


def test_prepared_audio_is_found_again_and_looked_at(words, monkeypatch):
    monkeypatch.setattr(preparation, "decode_recording", None)  # nothing is decoded
    stages.run("prepare manifests", words)
    assert not list(stages.experiment_of(words).work_dir.glob("audio/*-01234567"))


def test_a_finished_training_is_found_again_where_all_is_the_same(words):
    stages.run("prepare manifests", words)
    (run,) = stages.runs_of(words)
    assert not run.is_trained
    found = trained_elsewhere(run)
    assert found is not None and found.name.endswith("-01234567")
    for changed in (["--temperature", "0.5"], ["--seed", "1"], ["--split-seed", "1"]):
        stages.run("manifests", [*words, *changed])
        (other,) = stages.runs_of([*words, *changed])
        assert trained_elsewhere(other) is None
    train = Path(words[words.index("--recipes") + 1]) / "hparams" / "train.yaml"
    text = train.read_text()
    train.write_text(text.replace("hidden: 256", "hidden: 128"))  # an argument of a class, and no plain value
    assert trained_elsewhere(stages.runs_of(words)[0]) is None
    train.write_text(text.replace("# tau (ours)", "# reworded"))
    assert trained_elsewhere(stages.runs_of(words)[0]) == found
    stages.run("train", words)
    assert run.is_trained
    kept = {path.name: path.read_bytes() for path in found.glob("validation.csv")}
    assert kept == {path.name: path.read_bytes() for path in run.folder.glob("validation.csv")} != {}
