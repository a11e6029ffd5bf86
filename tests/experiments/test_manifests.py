"""Stage 1 as a user meets it: rows of stage 0 become manifests, and an option that changes never meets an old one."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.support import CHECKOUT, stages
from tests.support.made_emobox import write_emobox
from tests.support.made_rows import evenly, rows_of
from xser.core.errors import XserError
from xser.core.rows import MANIFEST_COLUMNS, ROW_COLUMNS, read_rows

EMODB = {"W": 127, "F": 71, "N": 79, "T": 62, "E": 46, "A": 69, "L": 81}
CAFE = {"C": 144, "J": 144, "N": 72, "T": 144, "P": 144}
TUREVDB = {"Angry": 30, "Calm": 30, "Happy": 30, "Sad": 30}
ESD = {"Angry": 20, "Happy": 20, "Neutral": 20, "Sad": 20, "Surprise": 20}


@pytest.fixture
def place(tmp_path):
    return ["--data-root", str(tmp_path / "data"), "--work-dir", str(tmp_path / "exp ü")]


def within(corpus, place, *options):
    return ["--corpus", corpus, *place, *options]


def prepare(argv, corpus, rows, **info):
    """Write what stage 0 would write for a corpus of an experiment."""
    folder = stages.prepared_folder(argv, corpus)
    stages.write_prepared(folder, rows[list(ROW_COLUMNS)], **info)
    return folder


def made(argv):
    """Run stage 1 and read what it wrote for the first selection."""
    stages.run("manifests", argv)
    return written(argv)


def written(argv, at=0):
    folder = list(stages.manifests_of(argv).values())[at].folder
    return folder, json.loads((folder / "manifest.json").read_text())


def prepared_within(corpus, counts, place, *options, language="deu", speakers=10):
    argv = within(corpus, place, *options)
    return argv, prepare(argv, corpus, rows_of(evenly(counts, speakers), corpus, language))


def published_folds(root, rows, missing=()):
    """EmoBox's folder of made rows: two folds, each utterance tested in one; keys are all that names them."""
    folds = {}
    for fold in (1, 2):
        parts = {"train": [], "test": []}
        for at, row in enumerate(rows.itertuples()):
            if at not in missing:
                key = row.utterance.removeprefix("emodb-")
                parts["test" if at % 2 == fold - 1 else "train"].append((f"wav/{at}.wav", row.native_label, key))
        folds[fold] = parts
    return write_emobox(root, "emodb", folds)


def test_published_folds_have_a_table_each_without_what_they_do_not_list(place, tmp_path, capsys):
    rows = rows_of(evenly(EMODB, 10), "emodb")
    emobox = published_folds(tmp_path / "EmoBox", rows, missing=[0, 5])
    words = ["--split", "emobox", "--emobox", str(emobox)]
    argv, _ = prepared_within("emodb", EMODB, place, *words)
    folder, info = made(argv)
    assert folder.name.startswith("emodb-four-emobox-") and info["folds"] == 2
    tables = [read_rows(folder / f"manifest_fold{fold}.csv") for fold in (1, 2)]
    tested = pd.concat([table[table["part"] == "test"] for table in tables])
    assert tested["utterance"].is_unique and set(tables[0]["part"]) == {"train", "valid", "test"}
    gone = set(rows["utterance"].iloc[[0, 5]])
    here = rows[rows["emotion"].isin(list("WFNT"))]["utterance"]  # of the scheme
    assert set(tested["utterance"]) == set(here) - gone == set(tables[0]["utterance"])
    said = capsys.readouterr().out
    assert "EmoBox: warning: 10 of 10 tested speakers (fold 1) are trained on as well" in said
    assert "2 utterances here that not every fold lists, left out there" in said
    assert info["split_notes"] and all(note in said for note in info["split_notes"])
    assert [table["overlaps"]["test"]["speakers"] for table in info["tables"]] == [10, 10]

    one, info = made([*argv, "--split", "emobox:2"])
    assert one != folder and one.name.startswith("emodb-four-emobox2-") and info["folds"] == 0
    parts = read_rows(one / "manifest.csv").set_index("utterance")["part"]
    assert parts.eq("test").equals(tables[1].set_index("utterance")["part"].eq("test"))


def test_another_content_of_the_published_folds_is_another_manifest(place, tmp_path):
    rows = rows_of(evenly(EMODB, 10), "emodb")
    words = ["--split", "emobox", "--emobox", str(published_folds(tmp_path / "EmoBox", rows))]
    argv, _ = prepared_within("emodb", EMODB, place, *words)
    first, _ = made(argv)
    (tmp_path / "EmoBox").rename(tmp_path / "moved")
    again = [*argv, "--emobox", str(tmp_path / "moved" / "data")]
    assert made(again)[0] == first, "the place does not count"
    published_folds(tmp_path / "moved", rows, missing=[3])
    assert made(again)[0] != first


def test_the_published_split_of_a_corpus(place, capsys):
    argv, prepared = prepared_within("emodb", EMODB, place, "--split", "stratified")
    folder, info = made(argv)
    rows = read_rows(folder / "manifest.csv")
    assert list(rows.columns) == list(MANIFEST_COLUMNS)
    assert rows["part"].value_counts().to_dict() == {"train": 266, "valid": 35, "test": 38}
    assert rows["emotion"].value_counts().to_dict() == {"angry": 127, "happy": 71, "neutral": 79, "sad": 62}
    assert set(zip(rows["native_label"], rows["emotion"], strict=True)) == {
        ("W", "angry"), ("F", "happy"), ("N", "neutral"), ("T", "sad"),
    }  # fmt: skip
    assert all(Path(audio).is_absolute() and Path(audio).parents[1] == prepared for audio in rows["audio"])
    (table,) = info["tables"]
    assert table["file"] == "manifest.csv"
    for part in ("train", "valid", "test"):
        mine = rows[rows["part"] == part]
        assert table["counts"][part] == mine["emotion"].value_counts().to_dict()
        assert table["speakers"][part] == mine["speaker"].nunique()
    assert table["overlaps"]["test"]["texts"] == 10
    assert info["dropped"] == {"A": 69, "E": 46, "L": 81} and info["merged"] == {} and info["missing_classes"] == []
    assert info["scheme"] == {"name": "four", "emotions": ["angry", "happy", "neutral", "sad"]}
    assert (info["corpus"], info["language"], info["split"], info["split_seed"], info["folds"]) == (
        "emodb", None, "stratified", 0, 0,
    )  # fmt: skip
    assert info["command"].startswith("xser run --corpus emodb") and "pandas" in info["versions"]
    said = capsys.readouterr().out
    assert "emodb (German), scheme four, split stratified" in said
    assert [line.split() for line in said.splitlines() if line.strip().startswith("train")] == [
        ["train", "100", "56", "62", "48", "266", "10"]
    ]
    assert "not in the scheme: A (fear) 69, E (disgust) 46, L (boredom) 81" in said
    assert "shared with train: valid 10 speakers, 10 texts; test 10 speakers, 10 texts" in said
    assert str(folder) in said


def test_folds_have_a_table_each(place, capsys):
    argv, _ = prepared_within("emodb", EMODB, place, "--split", "folds:5")
    folder, info = made(argv)
    assert info["folds"] == 5 and [table["file"] for table in info["tables"]] == [
        f"manifest_fold{k}.csv" for k in range(1, 6)
    ]
    tested = [read_rows(folder / table["file"]).query("part == 'test'")["utterance"] for table in info["tables"]]
    assert pd.concat(tested).is_unique and sum(map(len, tested)) == 339
    assert all(table["overlaps"]["test"]["speakers"] == 0 for table in info["tables"])
    said = capsys.readouterr().out
    assert "fold 5 test" in said and "test 0 speakers, 10 texts" in said


def test_more_than_ten_folds_are_not_all_listed(place, capsys):
    argv, _ = prepared_within("emodb", EMODB, place, "--split", "loso", speakers=13)
    _, info = made(argv)
    said = capsys.readouterr().out
    assert info["folds"] == 13
    assert "fold 10 test" in said and "fold 11" not in said and "and 3 folds more" in said


def test_the_same_options_keep_the_manifest(place, capsys):
    argv, _ = prepared_within("emodb", EMODB, place)
    folder, _ = made(argv)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    first = capsys.readouterr().out
    made(argv)
    again = capsys.readouterr().out
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert "written" in first and "kept, made before with the same options" in again
    assert first.splitlines()[:-1] == again.splitlines()[:-1]


@pytest.mark.parametrize(
    "change", [["--split", "stratified"], ["--split-seed", "1"], ["--scheme", "six"], ["--split", "folds:3"]]
)
def test_a_changed_option_makes_another_manifest(change, place):
    argv, _ = prepared_within("emodb", EMODB, place)
    folder, info = made(argv)
    other, changed = made([*argv, *change])
    assert other != folder and changed["fingerprint"] != info["fingerprint"]
    assert written(argv) == (folder, info)


def test_changed_recordings_make_another_manifest(place):
    argv, _ = prepared_within("emodb", EMODB, place)
    folder, _ = made(argv)
    prepared_within("emodb", {**EMODB, "W": 126}, place)
    with pytest.raises(XserError, match="no manifest"):
        written(argv)
    other, info = made(argv)
    assert other != folder and sum(info["tables"][0]["counts"]["train"].values()) > 200


def test_what_stage_0_learns_later_is_not_forgotten(place):
    argv, _ = prepared_within("emodb", EMODB, place)
    made(argv)
    prepare(
        argv, "emodb", rows_of(evenly(EMODB, 10), "emodb"), left_out=["one is silent"], complete=False, made_up=True
    )
    _, info = made(argv)
    assert (info["left_out"], info["complete"], info["made_up"]) == (["one is silent"], False, True)


@pytest.mark.parametrize("missing", ["manifest.json", "manifest.csv"])
def test_an_unfinished_manifest_is_finished(missing, place):
    argv, _ = prepared_within("emodb", EMODB, place)
    folder, info = made(argv)
    content = (folder / "manifest.csv").read_bytes()
    (folder / missing).unlink()
    assert made(argv) == (folder, info)
    assert (folder / "manifest.csv").read_bytes() == content


def test_a_work_folder_may_be_moved(place, tmp_path):
    argv, _ = prepared_within("emodb", EMODB, place)
    folder, info = made(argv)
    (tmp_path / "exp ü").rename(tmp_path / "moved")
    argv = within("emodb", [*place[:3], str(tmp_path / "moved")])
    with pytest.raises(XserError, match="moved since .*stage 1"):
        stages.manifests_of(argv)
    moved, again = made(argv)
    assert moved.name == folder.name and again["fingerprint"] == info["fingerprint"]
    audio = read_rows(moved / "manifest.csv")["audio"]
    assert audio.str.startswith(str(tmp_path / "moved")).all()


def test_merged_and_missing_classes_are_said(place, capsys):
    argv, _ = prepared_within("turevdb", TUREVDB, place, language="tur", speakers=6)
    _, info = made([*argv, "--scheme", "four"])
    assert info["missing_classes"] == ["neutral"] and info["dropped"] == {"Calm": 30}
    assert "warning: no utterance of class neutral" in capsys.readouterr().out
    _, info = made(argv)  # its corpus.yaml names four_calm
    assert info["missing_classes"] == [] and info["dropped"] == {} and info["merged"] == {"Calm": "neutral"}
    assert "merged: Calm (calm) 30 counts as neutral" in capsys.readouterr().out


@pytest.mark.parametrize(("speakers", "said"), [(1, "one speaker: "), (2, "two speakers: "), (3, "")])
def test_few_speakers_are_warned_of(place, capsys, speakers, said):
    argv, _ = prepared_within("emodb", EMODB, place, "--split", "stratified", speakers=speakers)
    _, info = made(argv)
    printed = capsys.readouterr().out
    assert info["speakers"] == speakers
    assert (
        f"warning: {said}a figure within this corpus says nothing of another; use it as a source" in printed or not said
    )
    assert ("a figure within this corpus" in printed) == bool(said)


def zero_shot_in(work_dir, capsys, *options):
    """Run stage 1 on made rows of three corpora and return what it says."""
    place = ["--data-root", str(work_dir / "data"), "--work-dir", str(work_dir / "exp")]
    argv = ["--sources", "cafe,turevdb", "--target", "emodb", *place, "--split", "stratified", *options]
    for corpus, counts, language in (("cafe", CAFE, "fra"), ("turevdb", TUREVDB, "tur"), ("emodb", EMODB, "deu")):
        prepare(argv, corpus, rows_of(evenly(counts, 10), corpus, language))
    stages.run("manifests", argv)
    return capsys.readouterr().out


def test_several_corpora_have_one_table_of_classes_that_names_every_merge_and_drop_once(tmp_path, capsys):
    said = zero_shot_in(tmp_path, capsys, "--scheme", "four_calm")
    heading, *rows = said[said.index("utterances of each class, scheme four_calm") :].splitlines()[1:]
    assert heading.split() == ["corpus", "language", *"angry happy neutral sad all not in it".split()]
    assert [row.split() for row in rows[:4]] == [
        ["cafe", "French", "144", "144", "72", "144", "504", "144"],
        ["turevdb", "Turkish", "30", "30", "30", "30", "120", "-"],
        ["emodb", "German", "127", "71", "79", "62", "339", "196"],
        ["all", "301", "245", "181", "236", "963", "340"],
    ]
    assert [row.strip() for row in rows[4:]] == [
        "cafe: not in the scheme: P (fear) 144",
        "turevdb: merged: Calm (calm) 30 counts as neutral",
        "emodb: not in the scheme: A (fear) 69, E (disgust) 46, L (boredom) 81",
    ]
    for once in ("Calm (calm)", "A (fear) 69", "utterances of each class"):
        assert said.count(once) == 1


def test_a_class_that_a_corpus_lacks_stands_in_the_table(tmp_path, capsys):
    said = zero_shot_in(tmp_path, capsys, "--scheme", "four")
    assert "turevdb: warning: no utterance of class neutral" in said
    assert ["turevdb", "Turkish", "30", "30", "-", "30", "90", "30"] in [line.split() for line in said.splitlines()]


def zero_shot(place, *options):
    return ["--sources", "cafe,esd:cmn", "--target", "emodb", *place, *options]


def prepare_zero_shot(argv):
    prepare(argv, "cafe", rows_of(evenly(CAFE, 12), "cafe", "fra"))
    mandarin, english = (rows_of(evenly(ESD, 5), "esd", language) for language in ("cmn", "eng"))
    english["utterance"] += "-eng"
    prepare(argv, "esd", pd.concat([mandarin, english]))
    prepare(argv, "emodb", rows_of(evenly(EMODB, 10), "emodb"))


def test_every_selection_of_a_task_gets_its_manifest(place, capsys):
    argv = zero_shot(place)
    prepare_zero_shot(argv)
    stages.run("manifests", argv)
    for at, (name, language, number) in enumerate(
        (("cafe", "fra", 504), ("esd-cmn", "cmn", 80), ("emodb", "deu", 339))
    ):
        folder, info = written(argv, at)
        rows = read_rows(folder / "manifest.csv")
        assert folder.name.startswith(f"{name}-four-speaker-")
        assert set(rows["language"]) == {language} == set(info["languages"]) and len(rows) == number
    assert "esd:cmn (Mandarin)" in capsys.readouterr().out


def test_a_recording_of_the_target_among_the_sources_is_refused(place):
    argv = zero_shot(place)
    prepare_zero_shot(argv)
    rows = rows_of(evenly(EMODB, 10), "emodb")
    rows.loc[5, "digest"] = rows_of(evenly(CAFE, 12), "cafe", "fra").loc[9, "digest"]
    prepare(argv, "emodb", rows)
    with pytest.raises(XserError, match="1 recordings to be recognised are also learned or selected from"):
        stages.run("manifests", argv)
    assert not (stages.experiment_of(argv).work_dir / "manifests").exists()


def test_without_stage_0_it_says_so(place):
    with pytest.raises(XserError, match="no prepared audio of emodb .*run stage 0"):
        stages.run("manifests", within("emodb", place))


def test_an_unknown_label_is_told(place):
    argv, _ = prepared_within("emodb", {**EMODB, "Q": 3}, place)
    with pytest.raises(XserError, match="EMO-DB: label 'Q' has no entry under `labels` in emodb/corpus.yaml"):
        stages.run("manifests", argv)


def test_an_impossible_split_leaves_nothing_behind(place):
    argv, _ = prepared_within("emodb", EMODB, place, speakers=2)
    with pytest.raises(XserError, match="EMO-DB: class angry has 2 speakers, 3 are needed"):
        stages.run("manifests", argv)
    assert not (stages.experiment_of(argv).work_dir / "manifests").exists()


def test_the_same_manifest_in_every_process_and_order(place, tmp_path):
    argv, _ = prepared_within("emodb", EMODB, place)
    folder, _ = made(argv)
    content = (folder / "manifest.csv").read_bytes()
    (folder / "manifest.json").unlink()
    (folder / "manifest.csv").unlink()
    command = [sys.executable, "-m", "xser", "run", *argv, "--stage", "1", "--stop-stage", "1"]
    outcome = subprocess.run(command, capture_output=True, text=True, cwd=CHECKOUT, env={"PYTHONHASHSEED": "5"})
    assert outcome.returncode == 0, outcome.stderr
    assert (folder / "manifest.csv").read_bytes() == content


def test_stage_1_needs_no_torch():
    command = (
        "import sys, xser.experiments.manifests; print(*(m for m in ('torch', 'sklearn', 'scipy') if m in sys.modules))"
    )
    outcome = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, cwd=CHECKOUT, check=True)
    assert outcome.stdout.strip() == ""
