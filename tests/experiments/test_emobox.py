"""EmoBox's folds from stage 0 to the table: tested where EmoBox tests, and every result says what to think of it."""

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.support import stages
from tests.support.made_corpora import make_emodb
from tests.support.made_emobox import write_emobox
from xser.corpora.folders import list_files


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Recordings of EMO-DB, and folds of it by the take: both test all speakers."""
    root = tmp_path_factory.mktemp("made")
    make_emodb(root / "emodb", takes="abcd")
    paths = [file.path for file in list_files(root / "emodb") if file.is_audio]
    folds = {
        fold: {
            "train": [(path, path[-6]) for path in paths if path[-5] not in takes],
            "test": [(path, path[-6]) for path in paths if path[-5] in takes],
        }
        for fold, takes in ((1, "ab"), (2, "cd"))
    }
    folds[1]["test"].append(("wav/16a01Wa.wav", "W"))
    return root, write_emobox(root / "EmoBox", "emodb", folds)


@pytest.fixture(scope="module")
def words(made, tmp_path_factory):
    root, emobox = made
    where = [
        "--data-root",
        str(root),
        "--work-dir",
        str(tmp_path_factory.mktemp("work")),
        "--jobs",
        "1",
        "--allow-incomplete",
    ]
    return ["--corpus", "emodb", *where, *stages.TINY, "--emobox", str(emobox)]


def test_all_folds_are_scored_as_one_set(words, capsys):
    stages.run("prepare manifests train evaluate", [*words, "--split", "emobox"])
    said = capsys.readouterr().out
    warning = "EmoBox: warning: 3 of 3 tested speakers (fold 1) are trained on as well"
    missing = "EmoBox: 1 utterance not here (first: wav/16a01Wa.wav), 1 of them of its test parts"
    assert said.count(warning) == said.count(missing) == 2, "in stage 1 and below the table"
    work = words[words.index("--work-dir") + 1]
    predicted = [pd.read_csv(path) for path in _runs(work, "predictions.csv", "emobox")]
    assert len(predicted) == 2 and sum(map(len, predicted)) == 48
    assert pd.concat(predicted)["utterance"].is_unique


def test_a_fold_is_a_table_by_itself(words):
    stages.run("prepare manifests train evaluate", [*words, "--split", "emobox:2"])
    work = words[words.index("--work-dir") + 1]
    (predicted,) = [pd.read_csv(path) for path in _runs(work, "predictions.csv", "emobox:2")]
    assert {name[-1] for name in predicted["utterance"]} == {"c", "d"} and len(predicted) == 24


def _runs(work, name, split):
    for path in Path(work).rglob("run.json"):
        if json.loads(path.read_text())["split"] == split:
            yield path.parent / name
