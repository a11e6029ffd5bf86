"""Utterances that are stretches of a long recording, from the table to the prepared audio and through all stages."""

import os

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml

from tests.support import stages
from tests.support.official_lists import lay_out, read_rows_of_list
from xser.core.errors import XserError
from xser.core.rows import read_rows
from xser.corpora.audio.decoding import BadRecording, read_recording
from xser.corpora.audio.preparation import prepare_recordings
from xser.corpora.description.corpus import read_corpus
from xser.corpora.scanning import SCANNED, scan

COUNTS = {"angry": 724, "happy": 746, "neutral": 4344, "poker": 819, "sad": 701}
RATE = 16000


@pytest.fixture
def pavoque(recipes):
    return read_corpus(recipes / "pavoque" / "corpus.yaml")


def table(segments):
    """A table as the corpus has it: prompt, style, start and end of each, and more that is not read."""
    return yaml.dump(
        [
            {"prompt": prompt, "text": "Nein: so nicht!", "style": style, "start": start, "end": end}
            | {"segments": [{"lab": "_", "dur": 0.31}]}
            for prompt, style, start, end in segments
        ],
        Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper),
    )


def test_official_list_of_pavoque(pavoque, tmp_path):
    listed = read_rows_of_list("pavoque")
    lengths = [1.5 + number % 37 / 8 for number in range(len(listed))]
    files = {}
    for row, length in zip(listed, lengths, strict=True):
        segments = files.setdefault(row["path"], [])
        start = segments[-1][3] + 0.5 if segments else 0.5
        prompt = row["segment"].removeprefix("pavoque-").removesuffix(f"-{row['label']}")
        segments.append((prompt, row["label"], start, start + length))
    lay_out(tmp_path, [f"Recordings/{path}" for path in files])
    for path, segments in files.items():
        (tmp_path / path.replace(".flac", ".yaml")).write_text(table(segments), encoding="utf-8")
    found = scan(pavoque, tmp_path)
    assert (found.found, found.complete, found.notes) == (7334, True, [])
    rows = found.rows
    assert rows.native_label.value_counts().to_dict() == COUNTS
    assert set(rows.speaker) == {"pavoque-roettig"} and pavoque.speakers == 1
    assert set(rows.utterance) == {f"pavoque-{row['segment'].removeprefix('pavoque-')}" for row in listed}
    seconds = (rows.end.astype(float) - rows.start.astype(float)).sum()
    assert seconds == pytest.approx(sum(lengths), abs=0.1)
    takes = rows[rows.text == "pavoque-m0391"]
    assert set(takes["take"]) >= {"", "a"} and len(takes) > 4


def test_rows_have_times_only_where_utterances_are_segments(pavoque, recipes, tmp_path):
    lay_out(tmp_path / "emodb", ["03a01Fa.wav"])
    rows = scan(read_corpus(recipes / "emodb" / "corpus.yaml"), tmp_path / "emodb", allow_incomplete=True).rows
    assert tuple(rows.columns) == SCANNED
    lay_out(tmp_path / "pavoque", ["pavoque-sad.flac"])
    (tmp_path / "pavoque" / "copy").mkdir()
    for copy in ("pavoque/pavoque-sad.yaml", "pavoque/copy/pavoque-sad.yaml"):
        (tmp_path / copy).write_text(table([("m0001", "sad", 1, 2.25)]))
    rows = scan(pavoque, tmp_path / "pavoque", allow_incomplete=True).rows
    assert tuple(rows.columns) == (*SCANNED, "start", "end")
    assert rows[["start", "end"]].to_numpy().tolist() == [["1.000000", "2.250000"]]


@pytest.mark.parametrize("times", [("2", "1"), ("-1", "1"), ("", "1"), ("a", "b"), ("0", "inf"), ("nan", "nan")])
def test_times_that_are_none(pavoque, tmp_path, times):
    lay_out(tmp_path, ["pavoque-sad.flac"])
    (tmp_path / "pavoque-sad.yaml").write_text(table([("m0001", "sad", *times)]))
    with pytest.raises(XserError, match=r"pavoque-sad.yaml has a segment from .* to .*, which is no stretch of time"):
        scan(pavoque, tmp_path, allow_incomplete=True)


def test_yaml_that_is_none(pavoque, tmp_path):
    lay_out(tmp_path, ["pavoque-sad.flac"])
    (tmp_path / "pavoque-sad.yaml").write_text("- {prompt: a")
    with pytest.raises(XserError, match="pavoque-sad.yaml is not valid YAML") as error:
        scan(pavoque, tmp_path, allow_incomplete=True)
    assert "\n" not in str(error.value)


# The audio. -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def long_file(tmp_path):
    """Return ten seconds of noise in a FLAC file, and its samples."""
    samples = np.random.default_rng(0).integers(-9000, 9000, 10 * RATE, dtype=np.int16)
    path = tmp_path / "data" / "pavoque-angry.flac"
    path.parent.mkdir()
    soundfile.write(path, samples, RATE)
    return path, samples


@pytest.mark.parametrize("suffix", [".flac", ".mkv"])
def test_a_stretch_is_what_stands_there(long_file, tmp_path, suffix):
    path, samples = long_file
    if suffix == ".mkv":
        path = remuxed(samples, tmp_path / "sound.mkv")
    for start, end in [(0.0, 1.0), (2.5, 3.25), (9.0, 10.0), (0.1234567, 0.7654321)]:
        read, rate = read_recording(path, (start, end))
        first, last = round(start * RATE), round(end * RATE)
        assert rate == RATE and np.array_equal(np.rint(read * 32768), samples[first:last])


def remuxed(samples, path):
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate = RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("stretch", [(9.5, 11.0), (20.0, 21.0)])
def test_a_stretch_beyond_the_end_is_refused(long_file, stretch):
    with pytest.raises(BadRecording, match="cut off|empty"):
        read_recording(long_file[0], stretch)


def rows_of(*segments):
    return pd.DataFrame(
        [(f"pavoque-{name}", "pavoque-angry.flac", f"{start:.6f}", f"{end:.6f}") for name, start, end in segments],
        columns=["utterance", "source", "start", "end"],
    )


def test_segments_are_prepared_once_and_again_where_their_times_changed(long_file, tmp_path):
    path, samples = long_file
    rows = rows_of(("a", 0.5, 1.5), ("b", 2.0, 3.5), ("c", 3.5, 4.0))
    made = prepare_recordings(rows, path.parent, tmp_path / "out", jobs=1)
    assert made.made == 3 and made.rows.seconds.tolist() == [1.0, 1.5, 0.5]
    prepared, _ = soundfile.read(tmp_path / "out" / made.rows.audio[1], dtype="int16")
    assert np.array_equal(prepared, samples[2 * RATE : 7 * RATE // 2])
    assert prepare_recordings(rows, path.parent, tmp_path / "out", jobs=1).made == 0
    rows.loc[1, "end"] = "3.250000"
    again = prepare_recordings(rows, path.parent, tmp_path / "out", jobs=1)
    assert again.made == 1 and again.rows.seconds.tolist() == [1.0, 1.25, 0.5]


def test_a_problem_names_the_stretch(long_file, tmp_path):
    path, _ = long_file
    rows = rows_of(("a", 0.5, 1.5), ("b", 9.5, 12.0), ("c", 0.5, 1.5))
    with pytest.raises(XserError) as error:
        prepare_recordings(rows, path.parent, tmp_path / "out", jobs=1)
    assert "9.5 to 12 s of pavoque-angry.flac" in str(error.value) and "\n" not in str(error.value)
    assert "0.5 to 1.5 s of pavoque-angry.flac = 0.5 to 1.5 s of pavoque-angry.flac" in str(error.value)


def test_all_stages(tmp_path):
    chance = np.random.default_rng(1)
    folder = tmp_path / "data" / "pavoque"
    folder.mkdir(parents=True)
    for pitch, style in enumerate(COUNTS):
        time = np.arange(30 * RATE) / RATE
        sound = 0.3 * np.sin(2 * np.pi * (200 + 100 * pitch) * time) + chance.normal(0, 0.01, len(time))
        soundfile.write(folder / f"pavoque-{style}.flac", sound, RATE)
        segments = [(f"m{number:04}", style, number, number + 0.9) for number in range(1, 25)]
        (folder / f"pavoque-{style}.yaml").write_text(table(segments))
    words = ["--corpus", "pavoque", "--data-root", str(tmp_path / "data"), "--work-dir", str(tmp_path / "exp")]
    words += ["--split", "stratified", "--allow-incomplete", "--jobs", "1", "--steps", "2", "--embedding_size", "16"]
    stages.run("prepare manifests train evaluate", [*words, "--blocks", "1"])
    table_of = pd.read_csv(next(tmp_path.glob("exp/results/**/table.csv")))
    assert 0 <= table_of["uar"].iloc[0] <= 100
    rows = read_rows(next(tmp_path.glob("exp/audio/pavoque-*/rows.csv")))
    assert len(rows) == 5 * 24 and np.allclose(rows["end"] - rows["start"], 0.9) and np.allclose(rows["seconds"], 0.9)
    assert len(os.listdir(next(tmp_path.glob("exp/audio/pavoque-*/audio")))) == 5 * 24
