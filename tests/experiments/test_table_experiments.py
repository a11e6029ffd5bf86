"""``--corpus FILE`` and tables among ``--sources``: what the stages make of a corpus without a recipe."""

import json
import os
import subprocess
import sys

import pandas as pd
import pyarrow.parquet
import pytest

from tests.support import CHECKOUT, stages
from tests.support import made_datasets as made
from tests.support.made_corpora import make_root
from tests.support.made_tables import made_csv, silence, utterances, write_audio, write_csv
from xser.core.errors import XserError

QUICK = ["--steps", "2", "--batch_size", "6", "--embedding_size", "16", "--blocks", "1", "--jobs", "1"]


def words(tmp_path, *more):
    return [*map(str, more), "--work-dir", str(tmp_path / "exp"), "--jobs", "1"]


def parse(tmp_path, *more):
    return stages.experiment_of(words(tmp_path, *more))


def test_a_table_runs_all_stages_from_the_shell(tmp_path):
    folder = tmp_path / "mein Größe é"
    made_csv(folder, "My Table.csv", speakers="ABCD")
    command = ["bash", str(CHECKOUT / "tools" / "xser.sh"), "run", *QUICK, "--corpus", f"{folder.name}/My Table.csv"]
    command += ["--work-dir", "exp", "--seed", "3"]
    environment = {**os.environ, "XSER_PYTHON": sys.executable}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert "my_table: My Table.csv, German, found 32 of 32 recordings, 4 speakers" in ended.stderr
    predictions = pd.read_csv(next(tmp_path.glob("exp/runs/my_table/**/predictions.csv")))
    assert len(predictions) == 8 and set(predictions["emotion"]) == {"angry", "happy", "neutral", "sad"}
    run = json.loads(next(tmp_path.glob("exp/runs/**/run.json")).read_text())
    assert run["command"].startswith("xser run --steps 2 ")
    assert next(tmp_path.glob("exp/results/my_table/*/table.csv"))
    assert sorted(path.name for path in folder.iterdir()) == ["My Table.csv", "wav"]  # nothing is left in it


@pytest.mark.parametrize(
    "make",
    [made.parquet_shards, made.saved_to_disk, made.with_metadata, made.folders_of_labels, made.audformat_database],
    ids=lambda make: make.__name__,
)
def test_a_folder_of_another_toolkit_becomes_a_manifest(tmp_path, make, capsys):
    stages.run("prepare manifests", words(tmp_path, "--corpus", make(tmp_path / "d"), "--split", "official"))
    manifest = pd.read_csv(next(tmp_path.glob("exp/manifests/*/manifest.csv")))
    assert manifest.groupby(["part", "emotion"]).size().to_dict() == {
        (part, emotion): 2 for part in ("train", "valid", "test") for emotion in ("angry", "happy", "neutral", "sad")
    }
    assert "d: " in capsys.readouterr().out


def test_tables_stand_beside_recipes_in_zero_shot(tmp_path):
    root = make_root(tmp_path / "corpora")
    made_csv(tmp_path / "it", "mine.csv", language="Italian", speakers="DEF")
    target = tmp_path / "theirs.parquet"
    rows = utterances("GHI")
    pyarrow.parquet.write_table(made.arrow_table(rows), target)
    (tmp_path / "theirs.yaml").write_text("language: pl\n")
    sources = ["--sources", f"emodb,{tmp_path / 'it' / 'mine.csv'}", "--target", target, "--data-root", root]
    zero_shot = words(tmp_path, *sources, *QUICK, "--system", "baseline2")
    stages.run("prepare manifests train evaluate", zero_shot)
    (run,) = tmp_path.glob("exp/runs/emodb+mine-to-theirs/**/run.json")
    said = json.loads(run.read_text())
    assert (said["sources"], said["target"]) == (["emodb", "mine"], "theirs")
    assert len(pd.read_csv(run.with_name("predictions.csv"))) == len(rows)


def test_a_table_of_a_recipes_recordings_gives_what_the_recipe_gives(tmp_path):
    root = tmp_path / "corpora"
    letters = {"angry": "W", "happy": "F", "neutral": "N", "sad": "T"}
    speakers = {"A": "03", "B": "08", "C": "09"}
    rows = utterances()
    for row in rows:
        row["file"] = f"wav/{speakers[row['speaker']]}a01{letters[row['emotion']]}{'ab'[row['seed'] % 10]}.wav"
    write_audio(root / "emodb", rows)
    counts = {"made_up": True, "counts": {"emodb": dict.fromkeys(letters.values(), 6)}}
    (root / "counts.yaml").write_text(json.dumps(counts))
    options = words(tmp_path, "--data-root", root)
    stages.run("prepare manifests", [*options, "--corpus", "emodb"])
    (recipe,) = tmp_path.glob("exp/manifests/emodb-*/manifest.csv")
    rows = pd.read_csv(recipe, dtype=str)
    columns = {"source": "file", "native_label": "emotion", "speaker": "speaker", "text": "text_id"}
    table = rows[list(columns)].rename(columns=columns)
    table.to_csv(tmp_path / "berlin.csv", index=False)
    (tmp_path / "berlin.yaml").write_text(
        f"language: deu\nroot: {root / 'emodb'}\nlabels: {{W: angry, F: happy, N: neutral, T: sad}}\n"
    )
    stages.run("prepare manifests", [*options, "--corpus", str(tmp_path / "berlin.csv")])
    (own,) = tmp_path.glob("exp/manifests/berlin-*/manifest.csv")
    same = ["digest", "emotion", "part", "native_label", "seconds"]
    assert pd.read_csv(own, dtype=str)[same].equals(rows[same])


def test_the_target_of_a_table_is_never_seen(tmp_path):
    one = made_csv(tmp_path / "one", "one.csv", language="deu")
    other = made_csv(tmp_path / "other", "other.csv", language="de-AT")
    with pytest.raises(XserError, match="the target other is German .deu., and so is the source one"):
        parse(tmp_path, "--sources", one, "--target", other)
    # The same recordings in another language's table: found when the audio is.
    write_csv(other, ["path", "label", "language"], [["wav/A_angry_0.wav", "sad", "fra"]])
    options = words(tmp_path, "--sources", one, "--target", other)
    stages.run("prepare", options)
    with pytest.raises(XserError, match="one-A_angry_0.*other-A_angry_0|other-A_angry_0.*one-A_angry_0"):
        stages.run("manifests", options)


def test_one_language_of_a_table(tmp_path):
    rows = [[row["file"], row["label"], ("deu", "eng")[at % 2]] for at, row in enumerate(utterances("A"))]
    two = write_csv(tmp_path / "two.csv", ["path", "label", "language"], rows)
    three = write_csv(tmp_path / "three.csv", ["path", "label", "language"], [["a.wav", "sad", "eng"]])
    with pytest.raises(XserError, match="take two:deu among --sources instead of two"):
        parse(tmp_path, "--sources", two, "--target", three)
    experiment = parse(tmp_path, "--sources", f"{two}:German", "--target", three)
    assert [str(each) for each in experiment.task.selections] == ["two:deu", "three"]
    with pytest.raises(XserError, match="two is in German .deu. and English .eng., not in 'fra'"):
        parse(tmp_path, "--sources", f"{two}:fra", "--target", three)


@pytest.mark.parametrize("name", ["emodb.csv", "EmoDB.csv"])
def test_the_name_of_a_recipe_is_taken(tmp_path, name):
    path = made_csv(tmp_path, name, speakers="A")
    with pytest.raises(XserError, match="would be called emodb, as the recipe emodb is: rename it"):
        parse(tmp_path, "--corpus", path)


def test_two_tables_of_one_name(tmp_path):
    paths = [made_csv(tmp_path / each, speakers="A", language=each) for each in ("deu", "eng", "fra")]
    with pytest.raises(XserError, match="deu/mine.csv and .*eng/mine.csv would both be called mine: rename"):
        parse(tmp_path, "--sources", f"{paths[0]},{paths[1]}", "--target", paths[2])
    with pytest.raises(XserError, match="would both be called mine: rename"):
        parse(tmp_path, "--sources", paths[0], "--target", paths[2])


@pytest.mark.parametrize(
    ("corpus", "said"),
    [
        ("nowhere.csv", "there is no file or folder .*nowhere.csv: give a table .*.csv.*name of a recipe"),
        ("./nowhere", "there is no file or folder .*nowhere: "),
        ("nowhere", "there is no corpus 'nowhere', and no such table or folder; .*emodb"),
    ],
)
def test_no_such_table(tmp_path, monkeypatch, corpus, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(XserError, match=said):
        parse(tmp_path, "--corpus", corpus)


def test_a_relative_folder_needs_no_slash(tmp_path, monkeypatch):
    made.folders_of_labels(tmp_path / "d")
    monkeypatch.chdir(tmp_path)
    assert parse(tmp_path, "--corpus", "d").task.name == "d"
    assert parse(tmp_path, "--corpus", "d", "--seed", "2").command.startswith("xser run --corpus d --seed 2 ")


def test_there_is_nothing_to_download(tmp_path):
    path = made_csv(tmp_path, speakers="A")
    with pytest.raises(XserError, match="--download is for corpora with a recipe, and mine"):
        stages.command(words(tmp_path, "--corpus", path, "--download", "--stop-stage", "0"))


def test_unusable_and_missing_recordings_are_treated_as_in_a_recipe(tmp_path):
    path = made_csv(tmp_path)
    (tmp_path / "wav" / "A_sad_0.wav").write_bytes(b"RIFF")
    (tmp_path / "wav" / "A_sad_1.wav").unlink()
    with pytest.raises(XserError, match="found 23 of 24 .*--allow-incomplete"):
        stages.run("prepare", words(tmp_path, "--corpus", path))
    with pytest.raises(XserError, match="1 of 23 recordings cannot be used: .*A_sad_0.wav.*--skip-bad"):
        stages.run("prepare", words(tmp_path, "--corpus", path, "--allow-incomplete"))
    options = ["--allow-incomplete", "--skip-bad", "--split", "stratified"]
    stages.run("prepare manifests", words(tmp_path, "--corpus", path, *options))
    info = json.loads(next(tmp_path.glob("exp/manifests/*/manifest.json")).read_text())
    assert info["complete"] is False and any("--skip-bad" in sentence for sentence in info["left_out"])


def test_a_changed_table_is_another_corpus_to_prepare_and_the_audio_of_others_stays(tmp_path):
    path = made_csv(tmp_path)
    stages.run("prepare", words(tmp_path, "--corpus", path))
    one = stages.prepared_folder(words(tmp_path, "--corpus", path))
    path.write_text(path.read_text().replace(",C,", ",D,"))
    assert stages.prepared_folder(words(tmp_path, "--corpus", path)) != one
    with pytest.raises(XserError, match="run stage 0"):
        stages.run("manifests", words(tmp_path, "--corpus", path))


def test_a_new_meaning_of_a_label_is_another_manifest_of_the_same_audio(tmp_path):
    path = made_csv(tmp_path)
    options = words(tmp_path, "--corpus", path)
    stages.run("prepare manifests", options)
    (tmp_path / "mine.yaml").write_text("labels: {ANG: drop}\n")
    stages.run("manifests", options)
    assert len(list(tmp_path.glob("exp/audio/*"))) == 1
    manifests = [pd.read_csv(path) for path in tmp_path.glob("exp/manifests/*/manifest.csv")]
    assert sorted(len(manifest) for manifest in manifests) == [18, 24]


def test_made_up_recordings_are_said_to_be(tmp_path, capsys):
    path = made_csv(tmp_path)
    (tmp_path / "mine.yaml").write_text("made_up: true\n")
    stages.run("prepare", words(tmp_path, "--corpus", path))
    assert "mine: mine.csv (made up)" in capsys.readouterr().out


def test_segments_of_one_recording(tmp_path):
    silence(tmp_path / "long.wav", 8)
    labels = ["angry", "happy", "neutral", "sad"] * 3
    cells = [["long.wav", label, "en", f"s{at // 4}", at / 2, at / 2 + 0.4] for at, label in enumerate(labels)]
    path = write_csv(tmp_path / "seg.csv", ["path", "label", "language", "speaker", "start", "end"], cells)
    stages.run("prepare manifests", words(tmp_path, "--corpus", path))
    rows = pd.read_csv(next(tmp_path.glob("exp/manifests/*/manifest.csv")))
    assert len(rows) == 12 and set(rows["seconds"]) == {0.4}
    assert rows.groupby("part").size().to_dict() == {"train": 4, "valid": 4, "test": 4}
