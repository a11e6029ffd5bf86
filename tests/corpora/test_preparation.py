import hashlib
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

from tests.support import CHECKOUT
from tests.support.made_audio import prepare, rows_of, write
from xser.core.errors import XserError
from xser.corpora.audio import preparation as audio_preparation
from xser.corpora.audio.preparation import remove_others


@pytest.fixture
def folder(tmp_path):
    """A folder with four recordings: a and b at 16 kHz, c at 44.1 kHz, d in stereo."""
    folder = tmp_path / "mes données"
    write(folder / "a.wav", 1)
    write(folder / "ü" / "b.wav", 2)
    write(folder / "c.wav", 3, rate=44100)
    stereo = np.random.default_rng(4).integers(-3000, 3000, (1600, 2), dtype=np.int16)
    soundfile.write(folder / "d.wav", stereo, 16000)
    return folder


def snapshot(folder):
    """Everything that can be seen of a folder."""
    paths = sorted(folder.rglob("*"))
    return {path: (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else None) for path in paths}


DIGESTS = {"source_digest", "ctime_ns", "inode"}  # in comments, since 0.2


def refuse_to_decode(monkeypatch):
    def refuse(path):
        raise AssertionError(f"{path} was decoded")

    monkeypatch.setattr(audio_preparation, "decode_recording", refuse)


def test_the_rows_say_what_was_written(folder, tmp_path):
    before = snapshot(folder)
    preparation = prepare(folder, tmp_path / "out")
    assert snapshot(folder) == before
    rows = preparation.rows
    assert list(rows.columns) == ["utterance", "source", "audio", "seconds", "digest"]
    assert rows["utterance"].tolist() == ["x-a", "x-c", "x-d", "x-b"]
    assert (preparation.notes, preparation.left_out, preparation.made) == ([], [], 4)
    for row in rows.itertuples():
        samples, rate = soundfile.read(tmp_path / "out" / row.audio, dtype="int16")
        assert rate == 16000 and samples.ndim == 1 and row.seconds == pytest.approx(0.1)
        assert row.digest == hashlib.sha256(samples.tobytes()).hexdigest()[:16]
        assert soundfile.info(tmp_path / "out" / row.audio).subtype == "PCM_16"
    recorded = soundfile.read(folder / "a.wav", dtype="int16")[0]
    np.testing.assert_array_equal(soundfile.read(tmp_path / "out" / "audio" / "x-a.wav", dtype="int16")[0], recorded)
    assert sorted(os.listdir(tmp_path / "out")) == ["audio"]
    assert sorted(os.listdir(tmp_path / "out" / "audio")) == ["x-a.wav", "x-b.wav", "x-c.wav", "x-d.wav"]


def test_several_processes_give_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(audio_preparation, "IN_THIS_PROCESS", 0)
    for seed in range(12):
        write(tmp_path / "in" / f"{seed:02}.wav", seed, rate=22050 if seed % 2 else 16000)
    alone = prepare(tmp_path / "in", tmp_path / "alone")
    together = prepare(tmp_path / "in", tmp_path / "together", jobs=2)
    pd.testing.assert_frame_equal(alone.rows, together.rows)
    for path in (tmp_path / "alone" / "audio").iterdir():
        assert path.read_bytes() == (tmp_path / "together" / "audio" / path.name).read_bytes()


def test_a_second_run_decodes_nothing(folder, tmp_path, monkeypatch):
    write(folder / "e.wav", 5, format="AIFF", subtype="PCM_16")
    first = prepare(folder, tmp_path / "out")
    before = snapshot(tmp_path / "out")
    refuse_to_decode(monkeypatch)
    second = prepare(folder, tmp_path / "out")
    pd.testing.assert_frame_equal(first.rows, second.rows)
    assert second.notes == first.notes and len(first.notes) == 1
    assert second.made == 0 and snapshot(tmp_path / "out") == before


def test_a_changed_recording_is_prepared_again(folder, tmp_path):
    finished = tmp_path / "out" / "prepared.json"
    first = prepare(folder, tmp_path / "out", finished=finished)
    finished.write_text("{}")
    assert prepare(folder, tmp_path / "out", finished=finished).made == 0
    assert finished.exists()
    write(folder / "e.wav", 10)
    assert prepare(folder, tmp_path / "out", finished=finished).made == 1
    assert finished.exists(), "what it vouches for is still there"
    (folder / "e.wav").unlink()
    write(folder / "a.wav", 11)
    second = prepare(folder, tmp_path / "out", finished=finished)
    assert second.made == 1 and not finished.exists()
    changed = first.rows["digest"] != second.rows["digest"]
    assert first.rows["utterance"][changed].tolist() == ["x-a"]
    pd.testing.assert_frame_equal(second.rows, prepare(folder, tmp_path / "fresh").rows)


@pytest.mark.parametrize("change", ["another time", "written again", "copied", "moved and back"])
def test_a_recording_with_the_same_content_is_the_same(folder, tmp_path, monkeypatch, change):
    prepare(folder, tmp_path / "out")
    source, aside = folder / "a.wav", tmp_path / "aside.wav"
    if change == "another time":
        os.utime(source, ns=(0, 1))
    elif change == "written again":
        source.write_bytes(source.read_bytes())
    elif change == "copied":
        shutil.copy(source, aside)
        aside.replace(source)
    else:
        source.rename(aside)
        aside.rename(source)
    refuse_to_decode(monkeypatch)
    assert prepare(folder, tmp_path / "out").made == 0


@pytest.mark.parametrize("change", ["exchanged", "written over", "copied over", "restored from an archive", "larger"])
def test_a_recording_with_another_content_is_another_whatever_its_size_and_time(folder, tmp_path, change):
    """Archives give all files one date, and utterances of one length have one size."""
    one, other, aside = folder / "a.wav", folder / "e.wav", tmp_path / "aside.wav"
    write(other, 5)
    assert one.stat().st_size == other.stat().st_size

    def give_one_date():
        for path in (one, other):
            os.utime(path, ns=(10**18, 10**18))

    give_one_date()
    before = prepare(folder, tmp_path / "out").rows.set_index("utterance")["digest"]
    if change == "exchanged":
        one.rename(aside)
        other.rename(one)
        aside.rename(other)
    elif change == "written over":
        one.write_bytes(other.read_bytes())
    elif change == "copied over":
        shutil.copy2(other, aside)
        aside.replace(one)
    elif change == "restored from an archive":
        one.unlink()
        write(one, 6)
    else:
        write(one, 1, seconds=0.2)
    give_one_date()
    if change in ("written over", "copied over"):
        with pytest.raises(XserError, match="1 the same as another"):
            prepare(folder, tmp_path / "out")
        return
    after = prepare(folder, tmp_path / "out").rows.set_index("utterance")["digest"]
    assert after["x-a"] != before["x-a"]
    assert change != "exchanged" or (after["x-a"], after["x-e"]) == (before["x-e"], before["x-a"])


@pytest.mark.parametrize("older", [DIGESTS, DIGESTS | {"mended"}])
def test_audio_of_an_older_version_is_recognised_by_size_and_time(folder, tmp_path, monkeypatch, older):
    prepare(folder, tmp_path / "out")
    for wav in (tmp_path / "out" / "audio").iterdir():
        with soundfile.SoundFile(wav) as sound:
            comment, pcm = json.loads(sound.comment), sound.read(dtype="int16")
        content = {key: value for key, value in comment.items() if key not in older}
        wav.write_bytes(audio_preparation._wav(pcm, json.dumps(content)))
    with monkeypatch.context() as patched:
        refuse_to_decode(patched)
        assert prepare(folder, tmp_path / "out").made == 0
    os.utime(folder / "a.wav", ns=(0, 1))
    assert prepare(folder, tmp_path / "out").made == 1


def test_recordings_that_are_gone_disappear(folder, tmp_path):
    prepare(folder, tmp_path / "out")
    (folder / "a.wav").unlink()
    second = prepare(folder, tmp_path / "out")
    assert second.made == 0 and "x-a" not in second.rows["utterance"].tolist()
    remove_others(rows_of(folder), tmp_path / "out")
    assert sorted(os.listdir(tmp_path / "out" / "audio")) == ["x-b.wav", "x-c.wav", "x-d.wav"]


@pytest.mark.parametrize("fault", ["flipped", "cut", "other samples", "another's"])
def test_a_damaged_copy_is_made_again(folder, tmp_path, fault):
    expected = prepare(folder, tmp_path / "out").rows
    wavs = tmp_path / "out" / "audio"
    (wavs / "x-a.wav").write_bytes(b"")
    content = (wavs / "x-b.wav").read_bytes()
    if fault == "other samples":
        write(wavs / "x-b.wav", 9)
    elif fault == "another's":
        shutil.copy(wavs / "x-c.wav", wavs / "x-b.wav")
    else:
        flipped = content[:200] + bytes([content[200] ^ 1]) + content[201:]
        (wavs / "x-b.wav").write_bytes(flipped if fault == "flipped" else content[:1000])
    second = prepare(folder, tmp_path / "out")
    assert second.made == 2
    pd.testing.assert_frame_equal(second.rows, expected)
    np.testing.assert_array_equal(soundfile.read(wavs / "x-b.wav")[0], soundfile.read(folder / "ü" / "b.wav")[0])


# Recordings that cannot be used. --------------------------------------------------------------------------------------


def spoil(folder):
    """Add one of each kind of bad recording, seven silent ones, and return how each is called."""
    (folder / "e.wav").write_bytes(np.random.default_rng(0).bytes(9000))
    (folder / "f.wav").write_bytes(b"")
    (folder / "g.wav").write_bytes(b"<!doctype html><html></html>")
    soundfile.write(folder / "h.wav", np.full(1600, np.nan), 16000, subtype="FLOAT")
    for number in range(7):
        soundfile.write(folder / f"s{number}.wav", np.zeros(1600 + number), 16000)
    return {
        "1 unreadable (e.wav)",
        "1 empty (f.wav)",
        "1 holding an HTML page instead of audio (g.wav)",
        "1 with NaN or infinite samples (h.wav)",
        "7 silent (s0.wav and 6 more)",
    }


@pytest.mark.parametrize("jobs", [1, 2])
def test_all_bad_recordings_are_named_at_once(folder, tmp_path, monkeypatch, jobs):
    monkeypatch.setattr(audio_preparation, "IN_THIS_PROCESS", 0)
    kinds = spoil(folder)
    before = snapshot(folder)
    with pytest.raises(XserError) as caught:
        prepare(folder, tmp_path / "out", jobs=jobs, title="Corpus X")
    message = str(caught.value)
    assert message.startswith("Corpus X: 11 of 15 recordings cannot be used: ")
    assert all(kind in message for kind in kinds), message
    assert "--skip-bad" in message and "\n" not in message
    problems = (tmp_path / "out" / "problems.txt").read_text()
    assert message.count("problems.txt") == 1 and problems.count("\n") == 11 and "s6.wav\tsilent\n" in problems
    assert sorted(os.listdir(tmp_path / "out" / "audio")) == ["x-a.wav", "x-b.wav", "x-c.wav", "x-d.wav"]
    assert snapshot(folder) == before


def test_skip_bad_leaves_them_out_and_says_how_many(folder, tmp_path):
    expected = prepare(folder, tmp_path / "good").rows
    kinds = spoil(folder)
    for made in (4, 0):
        preparation = prepare(folder, tmp_path / "out", skip_bad=True)
        pd.testing.assert_frame_equal(preparation.rows, expected)
        assert preparation.made == made
        (sentence,) = preparation.left_out
        assert sentence.startswith("11 of 15 recordings left out by --skip-bad: ")
        assert all(kind in sentence for kind in kinds)


def test_what_is_known_to_be_broken_is_left_out_only_where_it_is(folder, tmp_path):
    (folder / "e.wav").write_bytes(b"RIFF\x24\x00\x00\x00WAVEfmt broken")
    known = {"x-a": "broken", "x-e": "damaged"}
    preparation = prepare(folder, tmp_path / "out", doubtful=known)
    assert preparation.rows["utterance"].tolist() == ["x-a", "x-c", "x-d", "x-b"]
    assert preparation.left_out == ["e.wav left out: known to be damaged"]
    assert "a.wav used: broken in the official release, not here" in preparation.notes
    assert not (tmp_path / "out" / "problems.txt").exists()
    with pytest.raises(XserError, match=r"1 of 5 recordings cannot be used: 1 unreadable \(e.wav\)"):
        prepare(folder, tmp_path / "out", doubtful={"x-a": "broken"})


def test_repaired_recordings_end_the_complaint(folder, tmp_path):
    spoil(folder)
    with pytest.raises(XserError):
        prepare(folder, tmp_path / "out")
    for path in folder.glob("[efghs]*.wav"):
        write(path, seed=sum(path.name.encode()))
    preparation = prepare(folder, tmp_path / "out")
    assert preparation.made == 11 and len(preparation.rows) == 15
    assert not (tmp_path / "out" / "problems.txt").exists()


def test_a_recording_that_went_bad_leaves_nothing_behind(folder, tmp_path):
    prepare(folder, tmp_path / "out")
    (folder / "a.wav").write_bytes(b"")
    preparation = prepare(folder, tmp_path / "out", skip_bad=True)
    assert preparation.rows["utterance"].tolist() == ["x-c", "x-d", "x-b"]
    assert not (tmp_path / "out" / "audio" / "x-a.wav").exists()


def test_nothing_usable_is_an_error_even_with_skip_bad(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.wav").write_bytes(b"")
    with pytest.raises(XserError, match="1 of 1 recordings cannot be used: 1 empty .*fetch the corpus again"):
        prepare(tmp_path / "in", tmp_path / "out", skip_bad=True)


# The same recording twice. --------------------------------------------------------------------------------------------


@pytest.fixture
def twins(folder):
    """The folder with a under two more names, and b, in another container, under one more."""
    write(folder / "e.wav", 1)
    write(folder / "f.wav", 1)
    write(folder / "g.flac", 2)
    return folder


def test_the_same_recording_twice_is_an_error(twins, tmp_path):
    with pytest.raises(XserError) as caught:
        prepare(twins, tmp_path / "out")
    assert "3 the same as another (e.wav = a.wav, f.wav = a.wav, g.flac = ü/b.wav)" in str(caught.value)


def test_skip_bad_keeps_the_first_of_the_same(twins, tmp_path):
    for made in (7, 0):
        preparation = prepare(twins, tmp_path / "out", skip_bad=True)
        assert sorted(preparation.rows["utterance"]) == ["x-a", "x-b", "x-c", "x-d"]
        assert preparation.made == made and "3 the same as another" in preparation.left_out[0]
        remove_others(rows_of(twins), tmp_path / "out")


def test_twins_that_the_corpus_knows_of_are_left_out(twins, tmp_path):
    known = (("x-e", "x-a", "x-f"), ("x-b", "x-g"), ("x-b", "x-c"), ("x-y", "x-d"), ("x-y", "x-z"))
    preparation = prepare(twins, tmp_path / "out", same_recording=known)
    assert sorted(preparation.rows["utterance"]) == ["x-b", "x-c", "x-d", "x-e"]
    assert preparation.left_out == [
        "a.wav left out: known to be the same recording as e.wav",
        "f.wav left out: known to be the same recording as e.wav",
        "g.flac left out: known to be the same recording as ü/b.wav",
    ]
    assert preparation.notes == ["c.wav is known as the same recording as ü/b.wav: not here"]


def test_known_and_unknown_twins_are_told_apart(twins, tmp_path):
    with pytest.raises(XserError, match=r"2 the same as another \(f.wav = a.wav, g.flac = ü/b.wav\)"):
        prepare(twins, tmp_path / "out", same_recording=(("x-a", "x-e"),))


# Notes. ---------------------------------------------------------------------------------------------------------------


def test_odd_recordings_are_noted(folder, tmp_path):
    write(folder / "e.wav", 5, format="AIFF", subtype="PCM_16")
    write(folder / "f.wav", 6, format="FLAC")
    soundfile.write(folder / "g.wav", np.sin(np.arange(1600) / 10) * 2, 16000, subtype="FLOAT")
    soundfile.write(folder / "h.wav", np.sin(np.arange(1600) / 9) * 1.05, 16000, subtype="FLOAT")
    assert prepare(folder, tmp_path / "out").notes == [
        "2 recordings of another format than the name says, read by content: e.g. e.wav is AIFF",
        "1 recording beyond full scale, scaled down: e.g. g.wav by 6.0 dB",
    ]


def test_a_corpus_of_equally_long_recordings_is_noted(tmp_path):
    for seed in range(20):
        write(tmp_path / "in" / f"{seed}.wav", seed, seconds=2)
    assert prepare(tmp_path / "in", tmp_path / "out").notes == [
        "all 20 recordings last 2.000 s: this copy of the corpus has been cut or padded"
    ]
    write(tmp_path / "in" / "0.wav", 0, seconds=2.1)
    assert prepare(tmp_path / "in", tmp_path / "out").notes == []


# Killed. --------------------------------------------------------------------------------------------------------------

PROGRAM = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.support.made_audio import prepare
from xser.corpora.audio import preparation as audio_preparation
audio_preparation.IN_THIS_PROCESS = 0
prepare(Path(sys.argv[2]), Path(sys.argv[3]), jobs=int(sys.argv[4]))
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_killed_run_is_finished_by_the_next(tmp_path, jobs):
    for seed in range(80):
        write(tmp_path / "in" / f"{seed:02}.wav", seed, seconds=2, rate=44100)
    command = [sys.executable, "-c", PROGRAM, CHECKOUT, tmp_path / "in", tmp_path / "out", str(jobs)]
    process = subprocess.Popen(list(map(str, command)), start_new_session=True)
    wavs = tmp_path / "out" / "audio"
    deadline = time.monotonic() + 120
    while not (wavs.is_dir() and len(list(wavs.glob("x-*.wav"))) >= 5):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(0.2)  # until the workers are gone too
    there = len(list(wavs.glob("x-*.wav")))
    assert 5 <= there < 80
    (wavs / ".x-00-abc.part.wav").write_bytes(b"RIFF")
    resumed = prepare(tmp_path / "in", tmp_path / "out")
    fresh = prepare(tmp_path / "in", tmp_path / "fresh", jobs=2)
    assert resumed.made == 80 - there and fresh.made == 80
    pd.testing.assert_frame_equal(resumed.rows, fresh.rows)
    assert sorted(os.listdir(wavs)) == sorted(os.listdir(tmp_path / "fresh" / "audio"))
    for name in os.listdir(wavs):
        assert (wavs / name).read_bytes() == (tmp_path / "fresh" / "audio" / name).read_bytes()
