"""What is planted in recordings is repaired where a corpus.yaml asks for it, and nowhere else."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import soundfile

from tests.support import CHECKOUT, stages
from tests.support.made_voice import in_16_bit, voice
from xser.core.errors import XserError
from xser.core.rows import read_rows
from xser.corpora.audio import preparation as audio_preparation
from xser.corpora.audio.decoding import SHORTEST, read_recording, to_pcm
from xser.corpora.audio.measures import measure, read_measures
from xser.corpora.audio.preparation import prepare_recordings
from xser.corpora.audio.repairs import REPAIRS, repair
from xser.corpora.description.corpus import read_corpus

RATE = 16000
ALL = tuple(REPAIRS)


def silence(seconds, rate=RATE, constant=0.0):
    return np.full(round(seconds * rate), constant, np.float32)


# One recording. -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
@pytest.mark.parametrize("start, end", [(0, 0), (0.003, 0), (0, 0.01), (0.2, 0.15), (2, 3)])
@pytest.mark.parametrize("offset", [0, 0.02, -0.3])
def test_what_was_planted_is_gone(rate, start, end, offset):
    sound = in_16_bit(voice(0.5, rate) + offset)
    planted = np.concatenate([silence(start, rate), sound, silence(end, rate)])
    samples, repaired = repair(planted, rate, ALL)
    assert ("dc" in repaired) == (offset != 0) and ("digital_silence" in repaired) == (start + end > 0)
    assert repaired.get("dc", 0) == pytest.approx(offset, abs=1e-4)
    assert repaired.get("digital_silence", 0) == pytest.approx(start + end, abs=8 / rate)
    after = measure(samples, rate)
    assert (after.silence_start, after.silence_end) == (0, 0) and abs(after.dc) < 2e-5
    assert after.level == pytest.approx(measure(sound, rate).level, abs=0.02)
    assert len(samples) == pytest.approx(len(sound), abs=8)


def test_nothing_is_repaired_that_nobody_asked_for():
    planted = np.concatenate([silence(0.3), in_16_bit(voice(0.5) + 0.1), silence(0.2)])
    assert repair(planted, RATE, ())[0] is planted
    trimmed, repaired = repair(planted, RATE, ("digital_silence",))
    assert set(repaired) == {"digital_silence"} and np.array_equal(trimmed, planted[4800:12800])
    moved, repaired = repair(planted, RATE, ("dc",))
    assert set(repaired) == {"dc"} and len(moved) == len(planted)
    np.testing.assert_allclose(moved, planted - np.float32(0.1), atol=2e-5)


def test_a_clean_recording_is_the_same_array():
    for seed in range(20):
        clean = in_16_bit(voice(0.5, seed=seed))
        samples, repaired = repair(clean, RATE, ALL)
        assert samples is clean and repaired == {}


@pytest.mark.parametrize("click", [1, 2, 100, 399, 400, 401])
@pytest.mark.parametrize("start, end", [(0, 1600), (1600, 0), (8000, 30), (30, 8000), (200, 200), (500, 500)])
def test_what_is_nearly_all_silence_keeps_enough_of_it(click, start, end):
    sound = np.random.default_rng(0).choice([-0.5, 0.5], click).astype(np.float32)
    planted = np.concatenate([np.zeros(start, np.float32), sound, np.zeros(end, np.float32)])
    shortest = int(SHORTEST * RATE)
    if len(planted) < shortest:
        pytest.skip("not a recording that can be used")
    samples, _ = repair(planted, RATE, ALL[1:])
    assert len(samples) == max(shortest, click) or len(samples) - click < 16  # less than a millisecond is no silence
    assert np.abs(samples).sum() == pytest.approx(0.5 * click), "the sound is all there"
    if click < shortest and min(start, end) > shortest:
        assert abs(int(np.flatnonzero(samples)[0]) - (shortest - click) // 2) <= 1, "silence on both sides"


# A corpus. ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    """Return four recordings: silence around a, an offset in b at 44.1 kHz, both in c, nothing wrong with d."""
    (tmp_path / "in").mkdir()
    sounds = {name: (voice(0.5, rate, seed), rate) for seed, (name, rate) in enumerate(zip("abcd", RATES, strict=True))}
    for name, (sound, rate) in sounds.items():
        sound = sound + (0.05 if name in "bc" else 0)
        around = silence(0.25, rate) if name in "ac" else silence(0)
        soundfile.write(tmp_path / "in" / f"{name}.wav", np.concatenate([around, sound, around]), rate)
    return tmp_path / "in"


RATES = (16000, 44100, 16000, 16000)


def prepared(folder, destination, repairs=ALL, jobs=1):
    rows = pd.DataFrame({"utterance": list("abcd"), "source": [f"{name}.wav" for name in "abcd"]})
    return prepare_recordings(rows, folder, destination, jobs=jobs, repairs=repairs)


def test_a_corpus_is_repaired_and_says_so(folder, tmp_path):
    made = prepared(folder, tmp_path / "out")
    assert made.notes == [
        "DC offset removed from 2 of 4 recordings (at most 5.00 % of full scale), "
        "digital silence trimmed from 2 (0.50 s)"
    ]
    assert made.rows["seconds"].tolist() == pytest.approx([0.5] * 4, abs=0.001)
    for utterance, it in made.measures.items():
        source = soundfile.read(folder / f"{utterance}.wav", dtype="float32")
        assert it == measure(*source), "as it was recorded"
        after = measure(*soundfile.read(tmp_path / "out" / "audio" / f"{utterance}.wav", dtype="float32"))
        assert (after.silence_start, after.silence_end) == (0, 0) and abs(after.dc) < 2e-4
    plain = prepared(folder, tmp_path / "plain", ())
    assert plain.notes == [] and plain.measures == made.measures
    assert (plain.rows["digest"] == made.rows["digest"]).tolist() == [False, False, False, True]


def test_a_repaired_corpus_is_decoded_once(folder, tmp_path, monkeypatch):
    first = prepared(folder, tmp_path / "out")
    with monkeypatch.context() as refused:
        refused.setattr(audio_preparation, "decode_recording", None)
        second = prepared(folder, tmp_path / "out")
    pd.testing.assert_frame_equal(first.rows, second.rows)
    assert (second.made, second.notes, second.measures) == (0, first.notes, first.measures)
    assert prepared(folder, tmp_path / "out", ("dc",)).made == 4, "with other repairs it is another corpus"


def test_audio_of_before_there_were_measures_is_made_again(folder, tmp_path):
    made = prepared(folder, tmp_path / "out")
    wav = tmp_path / "out" / "audio" / "a.wav"
    samples, rate = soundfile.read(wav, dtype="int16")
    status = (folder / "a.wav").stat()
    comment = {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "contents": "WAV", "decibels": 0.0}
    comment["digest"] = made.rows["digest"][0]
    with soundfile.SoundFile(wav, "w", rate, 1) as sound:
        sound.comment = json.dumps(comment)
        sound.write(samples)
    again = prepared(folder, tmp_path / "out")
    assert again.made == 1 and again.measures == made.measures


def test_several_processes_repair_alike(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(audio_preparation, "IN_THIS_PROCESS", 0)
    alone, together = prepared(folder, tmp_path / "alone"), prepared(folder, tmp_path / "together", jobs=2)
    pd.testing.assert_frame_equal(alone.rows, together.rows)
    assert alone.measures == together.measures and alone.notes == together.notes


def test_a_stretch_is_repaired_and_measured_by_itself(tmp_path):
    parts = [voice(0.5) + 0.1, silence(0.2), voice(0.5, seed=1), silence(0.3), voice(1, seed=2) - 0.2]
    soundfile.write(tmp_path / "long.flac", np.concatenate(parts), RATE)
    times = [(0, 0.5), (0.5, 1.5), (1.5, 2.5)]
    rows = [(f"x{start}", "long.flac", f"{start:.6f}", f"{end:.6f}") for start, end in times]
    rows = pd.DataFrame(rows, columns=["utterance", "source", "start", "end"])
    made = prepare_recordings(rows, tmp_path, tmp_path / "out", jobs=1, repairs=ALL)
    assert made.rows["seconds"].tolist() == pytest.approx([0.5, 0.5, 1], abs=0.001)
    it = list(made.measures.values())
    assert [round(one.dc, 2) for one in it] == [0.1, 0, -0.2] and [one.seconds for one in it] == [0.5, 1, 1]
    assert [one.silence_start for one in it] == pytest.approx([0, 0.2, 0], abs=0.001)
    assert [one.silence_end for one in it] == pytest.approx([0, 0.3, 0], abs=0.001)
    for name in made.rows["audio"]:
        assert abs(soundfile.read(tmp_path / "out" / name)[0].mean()) < 1e-4


# Stage 0. -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def options(tmp_path):
    """Return the options of a made-up corpus whose recipe asks for repairs, with silence planted in some recordings."""
    root = tmp_path / "data"
    shutil.copytree(CHECKOUT / "egs_data" / "turevdb", root / "turevdb")
    shutil.copy(CHECKOUT / "egs_data" / "counts.yaml", root)
    for path in sorted(root.rglob("*.wav"))[::4]:
        samples, rate = soundfile.read(path, dtype="float32")
        soundfile.write(path, np.concatenate([silence(0.2, rate), samples, silence(0.1, rate)]), rate)
    words = ["--data-root", str(root), "--work-dir", str(tmp_path / "exp"), "--jobs", "1"]
    return ["--corpus", "turevdb", *words]


def test_as_recorded_gives_the_audio_of_before(options, tmp_path, capsys):
    folders = {}
    for words in (options, [*options, "--as-recorded"]):
        stages.run("prepare", list(words))
        folders[len(words)] = stages.prepared_folder(words)
    repaired, recorded = folders.values()
    said = capsys.readouterr().out.split("turevdb: ")[1:]
    assert "digital silence trimmed from 24 (0.30 s)" in said[0] and "of 96 recordings" in said[0]
    assert "note: repairs left out by --as-recorded: dc, digital_silence" in said[1] and "trimmed" not in said[1]
    assert repaired != recorded
    info = json.loads((recorded / "prepared.json").read_text())
    assert info["left_out"] == ["repairs left out by --as-recorded: dc, digital_silence"]
    assert "repairs" not in info["settings"]
    info = json.loads((repaired / "prepared.json").read_text())
    assert info["left_out"] == [] and info["settings"]["repairs"] == ["dc", "digital_silence"]
    rows, shorter = read_rows(recorded / "rows.csv"), read_rows(repaired / "rows.csv")
    for row in rows.itertuples():
        expected, _ = to_pcm(*read_recording(tmp_path / "data" / "turevdb" / row.source))
        np.testing.assert_array_equal(soundfile.read(recorded / row.audio, dtype="int16")[0], expected)
    trimmed = (rows["seconds"] - shorter["seconds"]).to_numpy()
    assert (trimmed > 0.299).sum() == 24
    table = read_measures(repaired)
    pd.testing.assert_frame_equal(table, read_measures(recorded))
    assert table["utterance"].tolist() == rows["utterance"].tolist()
    np.testing.assert_allclose(trimmed, table["silence_start"] + table["silence_end"], atol=1e-4)


def test_measures_that_are_gone_are_written_again(options, monkeypatch):
    stages.run("prepare", list(options))
    folder = stages.prepared_folder(options)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    (folder / "measures.csv").unlink()
    monkeypatch.setattr(audio_preparation, "decode_recording", None)
    stages.run("prepare", list(options))
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_a_corpus_without_repairs_is_the_same_as_recorded(tmp_path):
    words = ["--corpus", "emodb", "--work-dir", str(tmp_path)]
    plain, recorded = (stages.prepared_folder([*words, *more]) for more in ([], ["--as-recorded"]))
    assert plain == recorded


def test_a_result_says_that_repairs_were_left_out(options, tmp_path):
    words = [*options, "--as-recorded", "--split", "stratified", "--steps", "2", "--embedding_size", "16"]
    stages.run("prepare manifests train evaluate", [*words, "--blocks", "1"])
    sentence = "turevdb: repairs left out by --as-recorded: dc, digital_silence"
    assert json.loads(next(tmp_path.glob("exp/runs/**/run.json")).read_text())["left_out"] == [sentence]
    table = next(tmp_path.glob("exp/results/**/table.md"))
    assert sentence in table.read_text() and table.parent.name.endswith("-as_recorded")


@pytest.mark.parametrize(
    "value, said", [("[dc, hum]", "`repairs: item 2` is 'hum': it must be one of dc, digital"), ("dc", "list")]
)
def test_a_repair_that_is_none_is_told(recipes, tmp_path, value, said):
    (tmp_path / "x").mkdir()
    text = (recipes / "emodb" / "corpus.yaml").read_text()
    (tmp_path / "x" / "corpus.yaml").write_text(f"{text}\nrepairs: {value}\n")
    with pytest.raises(XserError, match=said):
        read_corpus(tmp_path / "x" / "corpus.yaml")


def test_the_corpora_that_need_repairs_ask_for_them(recipes):
    asked = {path.parent.name: read_corpus(path).repairs for path in recipes.glob("*/corpus.yaml")}
    assert asked["ased"] == ("dc", "digital_silence") and asked["turevdb"] == ("dc", "digital_silence")
    assert {name for name, repairs in asked.items() if repairs} == {"ased", "turevdb"}


def test_real_recordings(shared, recipes, tmp_path):
    corpus = read_corpus(recipes / "turevdb" / "corpus.yaml")
    paths = sorted((shared / "corpora" / "turevdb").rglob("1984_*.flac"))[::20]
    rows = pd.DataFrame({"utterance": [it.stem for it in paths], "source": [it.name for it in paths]})
    for path in paths:
        shutil.copy(path, tmp_path)
    made = prepare_recordings(rows, tmp_path, tmp_path / "out", jobs=1, repairs=corpus.repairs)
    assert len(paths) > 10 and len(made.notes) == 1 and "digital silence trimmed from" in made.notes[0]
    assert sum(it.silence_start + it.silence_end > 0 for it in made.measures.values()) > len(paths) / 2
    for row in made.rows.itertuples():
        it = made.measures[row.utterance]
        kept = it.seconds - it.silence_start - it.silence_end
        assert row.seconds == pytest.approx(kept, abs=1e-4)
        after = measure(*soundfile.read(tmp_path / "out" / row.audio, dtype="float32"))
        assert after.silence_start + after.silence_end < 0.005 and after.level == pytest.approx(it.level, abs=0.1)
