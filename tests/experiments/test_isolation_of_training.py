"""The target reaches nothing before the last evaluation, in either regime."""

import shutil
import sys

import numpy as np
import pandas as pd
import pytest

from tests.support import stages
from tests.support.made_corpora import make_root

SYSTEMS = ("--system", "baseline1,baseline2,proposed")
REGIMES = {"blind": (), "unlabelled": ("--target-statistics", "speaker", "--remove_band_mean", "false")}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_root(tmp_path_factory.mktemp("recordings"))


@pytest.fixture(scope="module", params=REGIMES)
def systems(request):
    """Options: three systems in one of the two regimes."""
    return (*SYSTEMS, *REGIMES[request.param])


@pytest.fixture(scope="module")
def opened():
    """Every path that was opened or listed while `trained` was trained."""
    return []


@pytest.fixture(scope="module")
def trained(root, systems, opened, tmp_path_factory):
    """A work folder with every stage run."""
    work_dir = tmp_path_factory.mktemp("work")
    words = stages.options(root, work_dir, *systems)
    stages.run("prepare manifests", words)
    opened.clear()
    listening = True

    def listen(event, arguments):
        if listening and event in ("open", "os.listdir", "os.scandir"):
            opened.append(str(arguments[0]))

    sys.addaudithook(listen)  # for good: hooks cannot be taken away
    stages.run("train", words)
    listening = False
    stages.run("evaluate", words)
    return work_dir


def test_training_without_the_target_gives_the_same_weights(root, trained, systems, tmp_path):
    recordings = shutil.copytree(root, tmp_path / "recordings")
    words = stages.options(recordings, tmp_path / "work", *systems)
    stages.run("prepare manifests", words)
    shutil.rmtree(recordings / "emodb")
    for folder in [*(tmp_path / "work").glob("audio/emodb*"), *(tmp_path / "work").glob("manifests/emodb*")]:
        shutil.rmtree(folder)
    stages.run("train", words)
    assert stages.equal_to_the_bit(stages.weights(trained), stages.weights(tmp_path / "work"))


def test_training_opens_no_file_of_the_target(root, trained, opened):
    of_sources = [path for path in opened if f"{trained}/audio/cafe" in path]
    assert of_sources, "the recording of opened files does not work"
    of_target = [path for path in opened if "emodb" in path and (str(root) in path or str(trained) in path)]
    own_folder = f"{trained}/runs/"  # the run's own folder is named after its task
    assert [path for path in of_target if not path.startswith(own_folder)] == []


def test_shuffled_target_labels_change_its_uar_and_no_weight(root, trained, systems, tmp_path):
    recordings = shutil.copytree(root, tmp_path / "recordings")
    folder = recordings / "emodb" / "wav"
    turned = dict(zip("WFNT", "FNTW", strict=True))
    for path in list(folder.iterdir()):
        path.rename(folder / f"moved-{path.name[:5]}{turned[path.name[5]]}{path.name[6:]}")
    for path in list(folder.iterdir()):
        path.rename(folder / path.name.removeprefix("moved-"))
    stages.run("prepare manifests train evaluate", stages.options(recordings, tmp_path / "work", *systems))
    assert stages.equal_to_the_bit(stages.weights(trained), stages.weights(tmp_path / "work"))
    before, after = (pd.read_csv(next(work.glob("results/**/table.csv"))) for work in (trained, tmp_path / "work"))
    assert not before.equals(after)
    before, after = (sorted(work.glob("runs/**/predictions.csv")) for work in (trained, tmp_path / "work"))
    for one, other in zip(before, after, strict=True):  # the recordings are recognised as before
        one, other = (pd.read_csv(path).filter(like="score_").to_numpy() for path in (one, other))
        assert np.allclose(np.sort(one, axis=0), np.sort(other, axis=0), atol=1e-6)


def test_upper_bound_is_reported_on_what_it_has_not_learned(root, tmp_path):
    words = stages.options(root, tmp_path, "--system", "upper_bound")
    stages.run("prepare manifests train evaluate", words)
    predictions = pd.read_csv(next(tmp_path.glob("runs/**/predictions.csv")))
    assert set(predictions["part"]) == {"test"}
