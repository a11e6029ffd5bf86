"""Stage 0 as a user meets it: a folder of recordings becomes rows and 16 kHz audio, or one line that says why not."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import soundfile

from tests.support import CHECKOUT, stages
from tests.support.made_corpora import make_root
from tests.support.official_lists import lay_out_speech
from xser.commands import command_line
from xser.core.errors import HeldByAnother, XserError
from xser.core.files import only_writer
from xser.core.rows import ROW_COLUMNS
from xser.corpora.audio import preparation as audio_preparation
from xser.experiments import prepare
from xser.experiments.workspace import Workspace


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A data root with emodb, cafe and urdu, under a name that asks for trouble."""
    return make_root(tmp_path_factory.mktemp("made") / "mes données 1")


@pytest.fixture
def root(made, tmp_path):
    """The same, to be spoiled."""
    return shutil.copytree(made, tmp_path / "data ü")


def within(corpus, root, tmp_path, *more):
    return ["--corpus", corpus, "--data-root", str(root), "--work-dir", str(tmp_path / "exp é"), "--jobs", "1", *more]


def read(argv, corpus):
    experiment = stages.experiment_of(argv)
    (found,) = (each for each in experiment.corpora if each.id == corpus)
    rows, record = Workspace(experiment).read_prepared(found)
    return rows, record.model_dump(mode="json")


def folder_of(argv, corpus):
    return stages.prepared_folder(argv, corpus)


def files_of(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def run(argv, **options):
    command = [sys.executable, "-m", "xser", "run", *argv, "--stage", "0", "--stop-stage", "0", "--verbose"]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    return subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options
    )


def test_one_corpus(made, tmp_path, capsys):
    argv = within("emodb", made, tmp_path)
    before = files_of(made)
    stages.run("prepare", argv)
    rows, info = read(argv, "emodb")
    assert files_of(made) == before
    assert tuple(rows.columns) == ROW_COLUMNS and len(rows) == 24
    first = rows.iloc[0]
    assert first["utterance"] == "emodb-03a01Fa" and first["speaker"] == "emodb-03" and first["native_label"] == "F"
    assert first["source"] == "wav/03a01Fa.wav" and first["audio"] == "audio/emodb-03a01Fa.wav"
    assert first["seconds"] == soundfile.info(made / "emodb" / "wav" / "03a01Fa.wav").frames / 16000
    assert first["language"] == "deu"
    for row in rows.itertuples():
        frames = soundfile.info(folder_of(argv, "emodb") / row.audio).frames
        assert row.seconds == round(frames / 16000, 6)
    assert info["corpus"] == "emodb" and info["made_up"] is True and info["complete"] is True
    assert info["found"] == info["expected"] == 24 and info["left_out"] == []
    assert info["data_folder"] == str(made / "emodb") and info["settings"]["rate"] == 16000
    assert {"torchaudio", "soundfile", "av", "xser"} <= set(info["versions"])
    assert info["command"].startswith("xser run --corpus emodb --data-root")
    said = capsys.readouterr().out
    line = said.splitlines()[0]
    for piece in (
        "emodb: EMO-DB (made up), German",
        "24 of 24",
        "3 speakers",
        "min, 24 prepared now",
    ):
        assert piece in line


def test_every_corpus_of_an_experiment_once(made, tmp_path, capsys):
    argv = ["--sources", "cafe,urdu", "--target", "emodb", *within("", made, tmp_path)[2:]]
    stages.run("prepare", argv)
    lines = [line for line in capsys.readouterr().out.splitlines() if line[:3] != "   "]
    assert [line.strip().partition(":")[0] for line in lines] == ["cafe", "urdu", "emodb"]
    for corpus in ("cafe", "urdu", "emodb"):
        assert len(read(argv, corpus)[0]) == 24


def _times(folder):
    """When each file was written last; the lock is touched, not written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.name != ".lock"}


def test_a_second_run_changes_nothing(made, tmp_path, capsys, monkeypatch):
    argv = within("emodb", made, tmp_path)
    stages.run("prepare", argv)
    folder = folder_of(argv, "emodb")
    before = _times(folder)
    monkeypatch.setattr(audio_preparation, "decode_recording", None)
    stages.run("prepare", argv)
    assert _times(folder) == before
    first, second = (line for line in capsys.readouterr().out.splitlines() if line.startswith("  emodb: "))
    assert "24 prepared now" in first and "prepared before" in second


def test_changed_and_missing_recordings_show(root, tmp_path):
    argv = within("emodb", root, tmp_path, "--allow-incomplete")
    stages.run("prepare", argv)
    rows, info = read(argv, "emodb")
    changed, gone = root / "emodb" / rows["source"][0], root / "emodb" / rows["source"][1]
    soundfile.write(changed, np.random.default_rng(0).integers(-99, 99, 9000, dtype=np.int16), 16000)
    gone.unlink()
    stages.run("prepare", argv)
    new_rows, new_info = read(argv, "emodb")
    assert new_rows["utterance"].tolist() == rows["utterance"].drop(1).tolist()
    assert new_rows["seconds"][0] == 0.5625 and new_rows["digest"][0] != rows["digest"][0]
    assert new_rows["digest"][1:].tolist() == rows["digest"][2:].tolist()
    assert new_info["fingerprint"] != info["fingerprint"]
    assert new_info["complete"] is False and any("found 23 of 24" in note for note in new_info["notes"])
    wavs = sorted(path.name for path in (folder_of(argv, "emodb") / "audio").iterdir())
    assert wavs == [f"{name}.wav" for name in new_rows["utterance"]]


def test_fingerprint_follows_the_rows_and_not_the_place(made, tmp_path):
    prints = set()
    for place in ("one", "two"):
        argv = within("emodb", shutil.copytree(made, tmp_path / place), tmp_path / place)
        stages.run("prepare", argv)
        prints.add(read(argv, "emodb")[1]["fingerprint"])
    assert len(prints) == 1


def test_incomplete_corpora_are_refused_before_any_is_prepared(root, tmp_path):
    (root / "emodb" / "wav" / "03a01Fa.wav").unlink()
    argv = ["--sources", "cafe,urdu", "--target", "emodb", *within("", root, tmp_path)[2:]]
    with pytest.raises(XserError, match="found 23 of 24 files of EMO-DB"):
        stages.run("prepare", argv)
    assert not (tmp_path / "exp é").exists()


@pytest.mark.parametrize(
    "content", ["[", "made_up: true", "{made_up: 2, counts: {}}", "{made_up: true, counts: {emodb: 3}}"]
)
def test_damaged_counts_are_refused(root, tmp_path, content):
    (root / "counts.yaml").write_text(content)
    with pytest.raises(XserError, match="counts.yaml"):
        stages.run("prepare", within("emodb", root, tmp_path))


def test_bad_recordings_leave_no_result(root, tmp_path, capsys):
    wav = root / "emodb" / "wav"
    (wav / "03a01Fa.wav").write_bytes(b"")
    (wav / "03a01Fb.wav").write_bytes(b"<html>404 not found</html>")
    shutil.copy(wav / "03a01Wa.wav", wav / "03a01Wb.wav")
    argv = within("emodb", root, tmp_path)
    with pytest.raises(XserError) as caught:
        stages.run("prepare", argv)
    for piece in (
        "EMO-DB: 3 of 24 recordings cannot be used",
        "1 empty (wav/03a01Fa.wav)",
        "1 holding an HTML page instead of audio (wav/03a01Fb.wav)",
        "1 the same as another (wav/03a01Wb.wav = wav/03a01Wa.wav)",
        "--skip-bad",
    ):
        assert piece in str(caught.value)
    with pytest.raises(XserError, match="run stage 0"):
        read(argv, "emodb")
    argv.append("--skip-bad")
    capsys.readouterr()
    for _ in range(2):
        stages.run("prepare", argv)
        assert "prepared before" in capsys.readouterr().out
        rows, info = read(argv, "emodb")
        assert len(rows) == 21 and info["found"] == 24 and info["complete"] is True
        assert len(info["left_out"]) == 1 and "3 of 24 recordings left out by --skip-bad" in info["left_out"][0]
        assert set(info["left_out"]) <= set(info["notes"])


def test_twins_that_corpus_yaml_knows_of(tmp_path, capsys):
    data = tmp_path / "data" / "ravdess" / "Actor_07"
    data.mkdir(parents=True)
    for number, name in enumerate(["03-01-03-01-02-01-07", "03-01-03-01-02-02-07", "03-01-05-01-01-01-07"]):
        samples = np.random.default_rng(number // 2).integers(-99, 99, 9000, dtype=np.int16)
        soundfile.write(data / f"{name}.wav", samples, 16000)
    argv = within("ravdess", tmp_path / "data", tmp_path, "--allow-incomplete")
    for said in ("3 prepared now", "prepared before"):
        stages.run("prepare", argv)
        assert said in capsys.readouterr().out
        rows, info = read(argv, "ravdess")
        assert rows["utterance"].tolist() == ["ravdess-03-01-03-01-02-01-07", "ravdess-03-01-05-01-01-01-07"]
        assert any("03-01-03-01-02-02-07.wav left out: known to be the same" in line for line in info["left_out"])


@pytest.mark.parametrize("repaired", [True, False])
def test_a_file_that_is_broken_in_the_official_release_is_used_where_it_can_be_read(tmp_path, capsys, repaired):
    root = tmp_path / "data"
    shutil.copytree(CHECKOUT / "egs_data" / "meld", root / "meld")
    shutil.copy(CHECKOUT / "egs_data" / "counts.yaml", root)
    with open(root / "meld" / "train_sent_emo.csv", "a", encoding="utf-8") as table:
        table.write('999,Yes.,Agnes,joy,positive,125,3,1,1,"00:00:00,000","00:00:01,000"\n')
    lay_out_speech(root / "meld", ["train_splits/dia125_utt3.mp4"])
    if not repaired:
        (root / "meld" / "train_splits" / "dia125_utt3.mp4").write_bytes(b"\x00\x00\x00\x18ftypmp42 and no more")
    argv = within("meld", root, tmp_path)
    stages.run("prepare", argv)
    rows, info = read(argv, "meld")
    assert ("meld-train_dia125_utt3" in set(rows["utterance"])) == repaired
    assert info["found"] == info["expected"] and info["complete"]
    said = "train_splits/dia125_utt3.mp4 " + ("used: broken in" if repaired else "left out: known to be broken")
    assert any(note.startswith(said) for note in info["notes"]) and said in capsys.readouterr().out
    assert any(said in sentence for sentence in info["left_out"]) == (not repaired)


def test_two_runs_at_once_are_refused(made, tmp_path):
    argv = within("emodb", made, tmp_path)
    with only_writer(folder_of(argv, "emodb")):
        process = run(argv)
        error = process.communicate()[1]
    assert process.returncode == HeldByAnother.exit_code
    assert "another run is writing to" in error.splitlines()[-1]


def test_a_full_disk_is_one_line_and_the_next_run_finishes(made, tmp_path, monkeypatch, capsys):
    argv = within("emodb", made, tmp_path)
    whole_file, written = audio_preparation.whole_file, []

    def full(path):
        if len(written) == 7:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        written.append(path)
        return whole_file(path)

    monkeypatch.setattr(audio_preparation, "whole_file", full)
    with pytest.raises(SystemExit) as caught:
        command_line.run(lambda: stages.run("prepare", argv))
    error = capsys.readouterr().err
    assert caught.value.code == 1 and "no space left on the disk" in error and error.strip().count("\n") == 0
    assert not (folder_of(argv, "emodb") / "prepared.json").exists()
    monkeypatch.undo()
    stages.run("prepare", argv)
    assert "17 prepared now" in capsys.readouterr().out and len(read(argv, "emodb")[0]) == 24


@pytest.mark.parametrize("moment", ["whole_file", "write_record"])
def test_a_run_that_dies_while_it_writes_its_tables_vouches_for_nothing(root, tmp_path, monkeypatch, moment):
    argv = within("emodb", root, tmp_path)
    stages.run("prepare", argv)
    before = read(argv, "emodb")[1]["fingerprint"]
    recording = root / "emodb" / "wav" / "03a01Fa.wav"
    soundfile.write(recording, np.random.default_rng(0).integers(-99, 99, 9000, dtype=np.int16), 16000)

    def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(prepare, moment, die)
    with pytest.raises(KeyboardInterrupt):
        stages.run("prepare", argv)
    with pytest.raises(XserError, match="run stage 0"):
        read(argv, "emodb")
    monkeypatch.undo()
    stages.run("prepare", argv)
    rows, info = read(argv, "emodb")
    assert info["fingerprint"] != before and rows["seconds"][0] == 0.5625


def test_a_killed_run_is_finished_by_the_same_command(tmp_path):
    data = tmp_path / "data" / "emodb" / "wav"
    data.mkdir(parents=True)
    for number in range(200):  # so many that other processes help
        samples = np.random.default_rng(number).integers(-999, 999, 44100, dtype=np.int16)
        soundfile.write(data / f"{3 if number < 100 else 8:02}a{number % 100:02}Wa.wav", samples, 44100)
    argv = within("emodb", tmp_path / "data", tmp_path, "--allow-incomplete")
    process = run([*argv, "--jobs", "2"], start_new_session=True)
    wavs = folder_of(argv, "emodb") / "audio"
    deadline = time.monotonic() + 120
    while not (wavs.is_dir() and len(list(wavs.glob("emodb-*.wav"))) >= 10):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    with pytest.raises(XserError, match="run stage 0"):
        read(argv, "emodb")
    stages.run("prepare", argv)
    resumed = read(argv, "emodb")
    fresh_argv = [*argv, "--work-dir", str(tmp_path / "fresh")]
    stages.run("prepare", fresh_argv)
    fresh = read(fresh_argv, "emodb")
    pd.testing.assert_frame_equal(resumed[0], fresh[0])
    assert resumed[1]["fingerprint"] == fresh[1]["fingerprint"]
    resumed_files, fresh_files = (files_of(folder_of(each, "emodb")) for each in (argv, fresh_argv))
    assert resumed_files.keys() == fresh_files.keys()
    differing = [name for name in fresh_files if resumed_files[name] != fresh_files[name]]
    assert differing in ([], ["prepared.json"]), "which names the command"


def test_prepared_json_is_plain(made, tmp_path):
    argv = within("urdu", made, tmp_path)
    stages.run("prepare", argv)
    info = json.loads((folder_of(argv, "urdu") / "prepared.json").read_text(encoding="utf-8"))
    assert set(info) == {
        *("corpus", "fingerprint", "settings", "found", "expected", "complete", "left_out", "notes", "data_folder"),
        *("made_up", "versions", "command", "rows_digest", "content_digest"),
    }
