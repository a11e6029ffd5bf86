"""Targets that cannot be split, languages that are close kin, folders that are no place to write to."""

import json

import pandas as pd
import pytest

from tests.support import stages
from tests.support.made_tables import EMOTIONS, made_csv
from xser.core.errors import UsageError, XserError
from xser.core.files import folder_of

QUICK = ["--steps", "2", "--blocks", "1", "--embedding_size", "8", "--jobs", "1"]


def corpora(tmp_path, target="ABC", language="it", takes=2):
    """Two sources and a target; the words after ``xser run``."""
    for name, code in (("one", "de"), ("two", "ur")):
        made_csv(tmp_path / name, f"{name}.csv", code, speakers="DEFG" if name == "one" else "HIJK", takes=2)
    made_csv(tmp_path / "target", "target.csv", language, speakers=target, takes=takes)
    words = ["--sources", f"{tmp_path}/one/one.csv,{tmp_path}/two/two.csv", "--target", f"{tmp_path}/target/target.csv"]
    return [*words, "--work-dir", str(tmp_path / "exp"), *QUICK]


@pytest.mark.parametrize(
    ("split", "speakers", "takes"),
    [("speaker", "A", 2), ("speaker", "AB", 2), ("stratified", "A", 1), ("official", "AB", 2)],
)
def test_a_target_that_cannot_be_split_is_evaluated_whole(tmp_path, split, speakers, takes):
    words = [*corpora(tmp_path, speakers, takes=takes), "--system", "proposed"]
    if split == "official":  # the sources have official parts, the target has none
        for name in ("one", "two"):
            path = tmp_path / name / f"{name}.csv"
            table = pd.read_csv(path)
            table["split"] = [["train", "valid", "test"][ord(speaker) % 3] for speaker in table["speaker"]]
            table.to_csv(path, index=False)
    stages.run("prepare manifests train evaluate", [*words, "--split", split])
    (manifest,) = tmp_path.glob("exp/manifests/target-*/manifest.json")
    record = json.loads(manifest.read_text())
    assert record["evaluated_whole"] and "is evaluated whole" in record["split_notes"][0]
    assert set(pd.read_csv(manifest.with_suffix(".csv"))["part"]) == {"test"}
    (predictions,) = tmp_path.glob("exp/runs/**/predictions.csv")
    assert len(pd.read_csv(predictions)) == len(speakers) * takes * len(EMOTIONS)
    assert any("is evaluated whole" in path.read_text() for path in tmp_path.glob("exp/results/**/*.md"))


def test_whoever_learns_from_it_must_split_it(tmp_path):
    words = corpora(tmp_path, "A")
    stages.run("prepare manifests", [*words, "--system", "proposed"])
    with pytest.raises(XserError, match="1 speaker, 3 are needed"):
        stages.run("prepare manifests", [*words, "--system", "upper_bound"])
    within = ["--corpus", f"{tmp_path}/target/target.csv", "--work-dir", str(tmp_path / "exp"), *QUICK]
    with pytest.raises(XserError, match="run stage 1"):
        stages.run("train", within)
    with pytest.raises(XserError, match="1 speaker, 3 are needed"):
        stages.run("prepare manifests", within)


@pytest.mark.parametrize("language", ["hi", "ur", "deu"])
def test_a_target_in_close_kin_of_a_source(tmp_path, language):
    words = [*corpora(tmp_path, "ABC", language), "--system", "proposed"]
    if language != "hi":
        with pytest.raises(XserError, match="a target is never seen"):
            stages.experiment_of(words)
        return
    stages.run("prepare", words)
    with pytest.raises(XserError, match="Urdu .urd. and Hindi .hin. are both Hindustani .*--allow related-languages"):
        stages.run("manifests", words)
    stages.run("manifests train evaluate", [*words, "--allow", "related-languages"])
    assert any("are both Hindustani" in path.read_text() for path in tmp_path.glob("exp/results/**/*.md"))


@pytest.mark.parametrize("below", [".", "exp", "a/b"])
def test_a_work_folder_among_recordings_is_refused(tmp_path, below):
    rows = made_csv(tmp_path / "d", "metadata.csv")
    text = rows.read_text().replace("path,", "file_name,")
    rows.write_text(text)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(XserError, match="--work-dir .* lies in .*, among the recordings of d"):
        stages.run("prepare", ["--corpus", str(tmp_path / "d"), "--work-dir", str(tmp_path / "d" / below), *QUICK])
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["", " ", "~nobody-of-this-name/x"])
def test_a_folder_that_is_none(name):
    with pytest.raises(UsageError):
        folder_of(name)
