"""xser predict and xser export as a user types them: every kind of input and output, and what is refused."""

import concurrent.futures
import io
import json
import shutil
import sys

import numpy as np
import pandas as pd
import pytest
import soundfile

from tests.support.tiny_trainings import tiny_trained_run, tone_rows
from xser.commands import export, predict
from xser.commands.command_line import parser_of
from xser.core.errors import UsageError, XserError
from xser.corpora.audio.decoding import BadRecording
from xser.experiments import recognise
from xser.model.loading import load


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return tiny_trained_run(folder, tone_rows(tmp_path_factory.mktemp("prepared")))


@pytest.fixture(scope="module")
def model(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported") / "model"
    export_to(folder, run)
    return folder


def write_noise(path, seconds=0.5, seed=0, rate=16000):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.3 * np.random.default_rng(seed).standard_normal(round(seconds * rate)), rate)


@pytest.fixture
def recordings(tmp_path):
    folder = tmp_path / "my recordings"
    for number, name in enumerate(["b.wav", "a.wav", "deeper/c.flac"]):
        write_noise(folder / name, 0.4 + number / 10, number)
    (folder / "notes.txt").write_text("no recording")
    return folder


def ask(*words):
    predict.main(parser_of("predict", predict).parse_args(list(map(str, words))))


def export_to(output, *words):
    export.main(parser_of("export", export).parse_args([*map(str, words), "--output", str(output)]))


def asked(capsys, *words):
    ask(*words, "--device", "cpu")
    return pd.read_csv(io.StringIO(capsys.readouterr().out))


def test_a_folder_is_predicted_in_the_order_of_its_names(model, recordings, capsys):
    before = sorted(recordings.rglob("*"))
    table = asked(capsys, model, recordings)
    assert [name.rpartition("my recordings/")[2] for name in table["recording"]] == ["a.wav", "b.wav", "deeper/c.flac"]
    whole = load(model, "cpu").predict(list(table["recording"]))
    assert list(table["emotion"]) == list(whole["emotion"])
    assert np.allclose(table[list(load(model, "cpu").emotions)], whole[list(load(model, "cpu").emotions)])
    assert sorted(recordings.rglob("*")) == before  # nothing is written beside them


def test_files_patterns_and_tables(model, recordings, tmp_path, capsys):
    table = tmp_path / "some.csv"
    table.write_text("path,start,end\nmy recordings/a.wav,0.1,0.4\nmy recordings/b.wav,,\n")
    found = asked(capsys, model, recordings / "b.wav", f"{recordings}/**/*.flac", table)
    assert [name.rpartition("/")[2] for name in found["recording"]] == ["b.wav", "c.flac", "a.wav", "b.wav"]
    assert found["start"].tolist()[2] == 0.1 and found["end"].tolist()[2] == 0.4
    part, rate = soundfile.read(recordings / "a.wav")
    alone = load(model, "cpu").predict((part[1600:6400], rate))
    assert found.loc[2, "confidence"] == pytest.approx(alone.confidence, abs=1e-5)
    assert found.loc[0, "confidence"] == found.loc[3, "confidence"]


def test_stdin(model, recordings, capsys, monkeypatch):
    content = (recordings / "a.wav").read_bytes()
    monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": io.BytesIO(content)}))
    assert asked(capsys, model, "-")["confidence"][0] == asked(capsys, model, recordings / "a.wav")["confidence"][0]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_tables_are_written_whole(suffix, model, recordings, tmp_path, capsys):
    output = tmp_path / "new folder" / f"emotions{suffix}"
    ask(model, recordings, "--output", output)
    read = {".csv": pd.read_csv, ".jsonl": lambda path: pd.read_json(path, lines=True), ".parquet": pd.read_parquet}
    table = read[suffix](output)
    assert len(table) == 3 and table["emotion"].isin(load(model, "cpu").emotions).all()
    assert [each.name for each in output.parent.iterdir()] == [output.name]
    with pytest.raises(XserError, match="--overwrite"):
        ask(model, recordings, "--output", output)
    ask(model, recordings / "a.wav", "--output", output, "--overwrite")
    assert len(read[suffix](output)) == 1


def test_work_that_was_cut_short_goes_on(model, recordings, tmp_path, monkeypatch, capsys):
    output = tmp_path / "emotions.csv"
    whole = asked(capsys, model, recordings)
    real, scored = recognise._rows, []

    def cut_short(*arguments):
        for row in real(*arguments):
            scored.append(row)
            yield row
            if len(scored) == 2:
                raise KeyboardInterrupt

    monkeypatch.setattr(recognise, "_rows", cut_short)
    with pytest.raises(KeyboardInterrupt):
        ask(model, recordings, "--output", output)
    assert not output.exists()
    unfinished = tmp_path / "emotions.csv.unfinished"
    unfinished.write_text(unfinished.read_text() + '[{"recording": "cut sh')  # as a kill leaves it
    ask(model, recordings, "--output", output)
    assert len(scored) == 3  # the first two were not done again
    assert pd.read_csv(output)["confidence"].tolist() == pytest.approx(whole["confidence"].tolist())
    assert not unfinished.exists()


def test_an_unfinished_table_of_something_else_is_not_gone_on_with(model, recordings, tmp_path):
    output = tmp_path / "emotions.csv"
    (tmp_path / "emotions.csv.unfinished").write_text(json.dumps({"key": "another"}) + '\n[{"recording": "x"}]\n')
    ask(model, recordings / "a.wav", "--output", output)
    assert pd.read_csv(output)["recording"].tolist() == [str(recordings / "a.wav")]


def test_bad_recordings_are_told_of(model, recordings, tmp_path, capsys):
    (recordings / "empty.wav").write_bytes(b"")
    (recordings / "text.wav").write_text("no audio")
    with pytest.raises(BadRecording, match=r"empty\.wav"):
        ask(model, recordings)
    output = tmp_path / "emotions.csv"
    ask(model, recordings, "--output", output, "--skip-bad")
    table = pd.read_csv(output, keep_default_na=False)
    assert "2 recordings cannot be used" in capsys.readouterr().out
    assert table.set_index("recording")["problem"].map(bool).sum() == 2 and len(table) == 5


def test_a_timeline_and_its_subtitles(model, tmp_path, capsys):
    path = tmp_path / "long.wav"
    write_noise(path, 33.25)
    table = asked(capsys, model, path, "--timeline", "--window", "4", "--hop", "2")
    assert table["start"].tolist() == [2.0 * number for number in range(17)] and table["end"].iloc[-1] == 33.25
    ask(model, path, "--timeline", "--output", tmp_path / "long.vtt")
    ask(model, path, "--timeline", "--output", tmp_path / "long.txt")
    cues = (tmp_path / "long.vtt").read_text()
    assert cues.startswith("WEBVTT\n\n00:00:00.000 --> ") and "00:00:33.250" in cues
    assert (tmp_path / "long.txt").read_text().splitlines()[-1].split("\t")[1] == "33.250000"


def test_a_long_recording_is_the_mean_over_its_windows(model, tmp_path):
    path, half = tmp_path / "long.wav", tmp_path / "half.wav"
    write_noise(half, 20)
    samples, rate = soundfile.read(half)
    soundfile.write(path, np.concatenate([samples, samples]), rate)
    found = load(model, "cpu").predict(path)
    over_time = load(model, "cpu").timeline(path, window=4, hop=2)
    assert sum(found.probabilities.values()) == pytest.approx(1)
    for emotion, probability in found.probabilities.items():
        assert probability == pytest.approx(over_time[emotion].mean(), abs=0.02)


def test_silence_in_a_timeline_has_no_emotion(model, tmp_path):
    samples = 0.3 * np.random.default_rng(0).standard_normal(16000 * 4)
    soundfile.write(tmp_path / "a.wav", np.concatenate([samples, np.zeros(16000 * 4)]), 16000)
    table = load(model, "cpu").timeline(tmp_path / "a.wav", window=1, hop=1)
    assert table["emotion"].map(bool).tolist() == [True] * 4 + [False] * 4
    assert table["confidence"].isna().tolist() == [False] * 4 + [True] * 4


REFUSED = {
    "no such model": (["nothing", "{}/a.wav"], XserError, "no model nothing"),
    "no such recording": (["MODEL", "{}/none.wav"], XserError, "does not exist"),
    "a pattern of nothing": (["MODEL", "{}/*.mp3"], XserError, "matches no file"),
    "a table without paths": (["MODEL", "{}/notes.txt"], XserError, "no column `path`"),
    "a strange output": (["MODEL", "{}/a.wav", "--output", "x.doc"], UsageError, "--output ends in"),
    "subtitles of no timeline": (["MODEL", "{}/a.wav", "--output", "x.vtt"], UsageError, "--timeline of one"),
    "a window without a timeline": (["MODEL", "{}/a.wav", "--hop", "1"], UsageError, "belong to --timeline"),
    "a hop beyond the window": (["MODEL", "{}/a.wav", "--timeline", "--hop", "9"], UsageError, "at most a window"),
    "no probability": (["MODEL", "{}/a.wav", "--reject-below", "2"], UsageError, "0 to 1"),
    "no cores": (["MODEL", "{}/a.wav", "--jobs", "0"], UsageError, "number of cores"),
    "a model that needs no others": (["MODEL", "{}/a.wav", "--adapt-to", "{}/b.wav"], XserError, "cannot be adapted"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_in_a_line(case, model, recordings, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    words, kind, message = REFUSED[case]
    with pytest.raises(kind, match=message) as caught:
        ask(*[word.replace("MODEL", str(model)).replace("{}", str(recordings)) for word in words])
    assert "\n" not in str(caught.value)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["my recordings"]


def test_what_is_not_sure_is_unknown(model, recordings, capsys):
    assert not asked(capsys, model, recordings, "--reject-below", "1")["known"].any()
    assert asked(capsys, model, recordings)["known"].all()


def test_an_export_is_whole_or_not_there(run, tmp_path, capsys):
    export_to(tmp_path / "model", run)
    assert "xser predict" in capsys.readouterr().out
    with pytest.raises(XserError, match="--overwrite"):
        export_to(tmp_path / "model", run)
    export_to(tmp_path / "model", run, "--overwrite")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("mine")
    with pytest.raises(XserError, match="no model of xser"):
        export_to(tmp_path / "other", run, "--overwrite")
    with pytest.raises(UsageError, match="not the folder of a trained run, such as"):
        export_to(tmp_path / "third", run.parent)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["model", "other"]
    assert (tmp_path / "other" / "thesis.tex").read_text() == "mine"


def test_an_ensemble_averages_log_probabilities(run, tmp_path, recordings):
    other = shutil.copytree(run, tmp_path / "other run")
    export_to(tmp_path / "one", run)
    export_to(tmp_path / "both", run, other)
    both, one = load(tmp_path / "both", "cpu"), load(run, "cpu")
    path = recordings / "a.wav"
    assert both.predict(path).probabilities == pytest.approx(one.predict(path).probabilities, abs=1e-6)
    assert both.embed(path).shape == (2 * len(one.embed(path)),)
    weights = [(tmp_path / name / "model.safetensors").stat().st_size for name in ("one", "both")]
    assert weights[1] < 1.1 * weights[0]  # equal weights are kept once


def test_two_threads_share_a_model(model, recordings):
    loaded, paths = load(model, "cpu"), [recordings / "a.wav", recordings / "b.wav"] * 10
    alone = loaded.predict(paths)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        both = list(pool.map(loaded.predict, [paths, paths]))
    for table in both:
        assert np.allclose(table[list(loaded.emotions)], alone[list(loaded.emotions)], atol=1e-6)
