"""Scanning a folder: what is found, left out and refused, on a made-up corpus."""

import os
import sys
import unicodedata

import pandas as pd
import pytest
import yaml

from xser.core.errors import XserError
from xser.corpora.description.corpus import read_corpus
from xser.corpora.folders import list_files, real_path
from xser.corpora.scanning import SCANNED, scan

DESCRIPTION = {
    "title": "TOY",
    "language": "deu",
    "licence": "CC0-1.0",
    "url": "https://example.org",
    "citation": "A. Author: Toy. 2020.",
    "obtain": "Make it.",
    "example": "wav/01_x_A.wav",
    "files": [r"{speaker:\d\d}_{text}_{emotion:[A-Z]}.wav"],
    "labels": {"A": "angry", "S": "sad"},
    "counts": {"A": 4, "S": 4},
}
NAMES = [f"{speaker}_{text}_{letter}.wav" for speaker in ("01", "02") for text in "xy" for letter in "AS"]


@pytest.fixture
def toy(tmp_path):
    """Return a function that describes TOY, changed."""

    def describe(**changes):
        path = tmp_path / "recipes" / "toy" / "corpus.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(DESCRIPTION | changes, sort_keys=False), encoding="utf-8")
        return read_corpus(path)

    return describe


@pytest.fixture
def data(tmp_path):
    """Return a folder with TOY's recordings."""
    folder = tmp_path / "data"
    make(folder / "wav", *NAMES)
    return folder


def make(folder, *names, content=b""):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def refusal(*arguments, **options):
    with pytest.raises(XserError) as error:
        scan(*arguments, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_rows(toy, data):
    found = scan(toy(columns={"gender": {"from": "{speaker}", "map": {"01": "female", ".*": ""}}}), data)
    assert (found.found, found.expected, found.complete, found.notes, found.left_out) == (8, 8, True, [], [])
    assert tuple(found.rows.columns) == SCANNED
    assert found.rows.utterance.is_monotonic_increasing
    assert found.rows.iloc[0].to_dict() == {
        "utterance": "toy-01_x_A",
        "corpus": "toy",
        "language": "deu",
        "speaker": "toy-01",
        "gender": "female",
        "age": "",
        "text": "toy-x",
        "transcript": "",
        "intensity": "",
        "take": "",
        "native_label": "A",
        "official_part": "",
        "source": "wav/01_x_A.wav",
    }
    assert found.rows.gender[found.rows.speaker == "toy-02"].eq("").all()


def test_nothing_is_written_or_decoded(toy, data):
    before = sorted((str(path), path.stat().st_mtime_ns) for path in data.rglob("*"))
    scan(toy(), data)
    assert sorted((str(path), path.stat().st_mtime_ns) for path in data.rglob("*")) == before


@pytest.mark.parametrize("layout", ["{}", "a/{}", "a/b c/é/{}", "{0[0]}{0[1]}/{0}"])
def test_layouts_give_the_same_rows(toy, data, tmp_path, layout):
    make(tmp_path / "other", *(layout.format(name) for name in NAMES))
    one, other = scan(toy(), data).rows, scan(toy(), tmp_path / "other").rows
    pd.testing.assert_frame_equal(one.drop(columns="source"), other.drop(columns="source"))


def test_the_first_pattern_that_matches_counts(toy, data):
    corpus = toy(files=["wav/{speaker}_x_{emotion:A}.wav", *DESCRIPTION["files"]])
    rows = scan(corpus, data).rows.set_index("utterance")
    assert rows.text["toy-01_x_A"] == "" and rows.text["toy-01_x_S"] == "toy-x"


def test_hidden_files_and_those_of_macos_are_no_utterances(toy, data):
    make(data, "wav/._01_x_A.wav", "__MACOSX/wav/01_x_A.wav", ".trash/01_x_A.wav", "wav/.01_x_A.wav")
    found = scan(toy(), data)
    assert (found.found, found.notes) == (8, [])


def test_stray_audio_is_noted_unless_it_is_known_clutter(toy, data):
    make(data, "extra/music.MP3", "extra/jingle.wav", "readme.txt", "old/01_x_A_old.wav")
    assert scan(toy(), data).notes == ["3 audio files found that no pattern of TOY matches, e.g. extra/jingle.wav"]
    corpus = toy(ignore=["extra/{name_of:.*}.wav", "extra/{name_of:.*}.mp3", "{any}_x_A_old.wav"])
    assert scan(corpus, data).notes == []


def test_missing_empty_and_wrong_folders(toy, data, tmp_path):
    assert "does not exist: give --data-root" in refusal(toy(), tmp_path / "nowhere")
    assert "is not a folder" in refusal(toy(), data / "wav" / NAMES[0])
    (tmp_path / "empty" / "empty").mkdir(parents=True)
    assert "empty is empty: give --data-root" in refusal(toy(), tmp_path / "empty")
    make(tmp_path / "wrong", "a.txt", "03a01Fa.wav")
    message = refusal(toy(), tmp_path / "wrong")
    assert "wrong is not TOY: no file like wav/01_x_A.wav; found e.g. 03a01Fa.wav; give --data-root" in message
    make(tmp_path / "zipped", "toy.zip")
    assert "found e.g. toy.zip" in refusal(toy(), tmp_path / "zipped", allow_incomplete=True)


def test_incomplete(toy, data):
    (data / "wav" / "02_y_S.wav").unlink()
    message = refusal(toy(), data)
    assert "found 7 of 8 files of TOY" in message and "(S 3 of 4)" in message and "--allow-incomplete" in message
    found = scan(toy(), data, allow_incomplete=True)
    assert (found.found, found.expected, found.complete, len(found.rows)) == (7, 8, False, 7)
    assert any("found 7 of 8 files" in note for note in found.notes)


def test_as_many_files_but_other_labels(toy, data):
    (data / "wav" / "02_y_S.wav").rename(data / "wav" / "02_z_A.wav")
    message = refusal(toy(), data)
    assert "found 8 files of TOY" in message and "(A 5 of 4, S 3 of 4)" in message
    assert not scan(toy(), data, allow_incomplete=True).complete


def test_a_surplus_cannot_hide_what_is_missing(toy, data):
    (data / "wav" / "02_y_S.wav").unlink()
    make(data, "03_x_A.wav", "03_y_A.wav")
    assert "(A 6 of 4, S 3 of 4)" in refusal(toy(), data)


def test_more_than_expected_is_noted(toy, data):
    make(data, "03_x_A.wav")
    found = scan(toy(), data)
    assert found.complete and (found.found, found.expected) == (9, 8)
    assert found.notes == ["found 9 files of TOY, more than the 8 there should be (A 5 of 4)"]


def test_other_counts_than_the_official(toy, data):
    (data / "wav" / "02_y_S.wav").unlink()
    found = scan(toy(), data, expected={"A": 4, "S": 3})
    assert (found.found, found.expected, found.complete) == (7, 7, True)
    assert "found 7 of 9" in refusal(toy(), data, expected={"A": 4, "S": 5})
    assert "name 'Q'" in refusal(toy(), data, expected={"Q": 5})


def test_an_unknown_label_is_refused(toy, data):
    make(data, "wav/01_x_Q.wav", "wav/01_y_Q.wav")
    message = refusal(toy(), data, allow_incomplete=True)
    assert "wav/01_x_Q.wav: the native label 'Q' (2 of 10 files)" in message
    assert "toy/corpus.yaml" in message and "drop" in message
    mapped = toy(columns={"emotion": {"from": "{emotion}", "map": {"A": "A", "S": "S"}}})
    assert "wav/01_x_Q.wav: emotion 'Q' has no entry" in refusal(mapped, data)


def test_a_dropped_label_is_kept_in_the_rows(toy, data):
    rows = scan(toy(labels={"A": "angry", "S": "drop"}), data).rows
    assert (rows.native_label == "S").sum() == 4


def test_one_utterance_twice(toy, data):
    make(data, "copy/01_x_A.wav", "copy/01_x_S.wav")
    message = refusal(toy(), data)
    assert "toy-01_x_A: copy/01_x_A.wav and wav/01_x_A.wav (and 1 more file like it)" in message
    found = scan(toy(repeated_files=True), data)
    assert (found.found, found.complete) == (8, True)
    assert found.left_out == ["2 files at a second path left out, e.g. wav/01_x_A.wav, the same as copy/01_x_A.wav"]
    assert len(set(found.rows.utterance)) == 8


def test_of_repeated_files_the_highest_is_kept(toy, data):
    make(data, *NAMES, *(f"a/b/{name}" for name in NAMES))
    rows = scan(toy(repeated_files=True), data).rows
    assert sorted(rows.source) == sorted(NAMES)


def test_known_faults_are_left_out_and_count_as_found(toy, data):
    corpus = toy(faults=[{"utterance": "01_x_A", "what": "silent"}])
    found = scan(corpus, data)
    assert (found.found, found.complete, len(found.rows)) == (8, True, 7)
    assert found.left_out == ["wav/01_x_A.wav left out: known to be silent"]
    assert "toy-01_x_A" not in set(found.rows.utterance)


@pytest.mark.parametrize("there", [True, False])
def test_a_fault_outside_the_counts_may_be_there_or_not(toy, data, there):
    make(data, *["wav/09_x_A.wav"] * there)
    found = scan(toy(faults=[{"utterance": "09_x_A", "what": "broken", "counted": False}]), data)
    assert (found.found, found.complete, len(found.rows)) == (8, True, 8)
    assert len(found.left_out) == there


def test_a_fault_that_some_copies_have_repaired_is_for_the_decoder_to_tell(toy, data):
    make(data, "wav/09_x_A.wav")
    sizes = {"train": 7, "valid": 1, "test": 1}
    faults = [{"utterance": "09_x_A", "what": "broken", "counted": False, "part": "train"}]
    found = scan(toy(faults=faults, stratified=sizes), data)
    assert (found.found, found.complete, len(found.rows), found.notes) == (8, True, 9, [])
    assert found.doubtful == {"toy-09_x_A": "broken"}


def test_git_lfs_pointers(toy, data):
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    make(data, "wav/01_x_A.wav", "wav/01_x_S.wav", content=pointer)
    assert f"2 of 8 files are Git LFS pointers: run `git lfs pull` in {data}" in refusal(toy(), data)


def test_linked_folders_are_followed_once(toy, data, tmp_path):
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "toy").symlink_to(data)
    (data / "loop").symlink_to(data)
    (data / "again").symlink_to(data / "wav")
    assert scan(toy(), tmp_path / "links").found == 8
    assert scan(toy(), data).found == 8


def test_names_are_compared_in_nfc_and_opened_as_they_are(toy, tmp_path):
    composed, decomposed = (unicodedata.normalize(form, "é/01_é_A.wav") for form in ("NFC", "NFD"))
    corpus = toy(files=[r"é/{speaker:\d\d}_{text}_{emotion:[A-Z]}.wav"], example=composed, counts={"A": 1, "S": 0})
    rows = {}
    for name in (composed, decomposed):
        folder = tmp_path / f"data{len(name)}"
        make(folder, name, content=b"x")
        rows[name] = scan(corpus, folder).rows.iloc[0]
        assert real_path(folder, rows[name].source).read_bytes() == b"x"
    assert rows[composed].utterance == rows[decomposed].utterance == unicodedata.normalize("NFC", "toy-01_é_A")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse names that are not text")
def test_names_that_are_no_text(toy, data):
    os.rename(os.fsencode(data / "wav"), os.fsencode(data) + b"/w\x8av \xff")
    rows = scan(toy(), data).rows
    for source in rows.source:
        source.encode("utf-8")  # rows can be written to a file
        assert real_path(data, source).is_file()
    assert set(rows.utterance) == {f"toy-{name[:-4]}" for name in NAMES}


def test_a_name_with_a_backslash_stays_itself(tmp_path):
    make(tmp_path, r"a\x41.wav", content=b"x")
    [file] = list_files(tmp_path)
    assert real_path(tmp_path, file.source).read_bytes() == b"x"


def test_an_utterance_may_not_have_a_slash(toy, data):
    assert "has a slash" in refusal(toy(columns={"utterance": "{path}"}), data)


def test_several_languages(toy, data):
    corpus = toy(
        language=["deu", "fra"],
        columns={"language": {"from": "{speaker}", "map": {"01": "deu", "02": "fra"}}, "text": "{language}-{text}"},
    )
    rows = scan(corpus, data).rows
    assert rows.language.value_counts().to_dict() == {"deu": 4, "fra": 4}
    assert set(rows.text) == {"toy-deu-x", "toy-deu-y", "toy-fra-x", "toy-fra-y"}


TABLE = {
    "files": [r"{speaker:\d\d}_{text}.wav"],
    "example": "01_x.wav",
    "tables": [
        {
            "files": ["{speaker}_info.csv", "{speaker}_info.tsv"],
            "columns": {"text": "Text", "emotion": "Emotion", "transcript": "What was said"},
            "join": ["speaker", "text"],
        }
    ],
    "counts": {"A": 2, "S": 2},
}
CSV = 'No,Text,Emotion,What was said\n1,x,A,"Oh, “no”"\n2,y, S ,\n'


@pytest.fixture
def table(toy, tmp_path):
    """Return the description of a corpus whose labels stand in tables, and its folder."""
    folder = tmp_path / "root" / "toy"
    make(folder, *(f"{speaker}/{speaker}_{text}.wav" for speaker in ("01", "02") for text in "xy"))
    for speaker in ("01", "02"):
        make(folder, f"{speaker}_info.csv", content=CSV.encode())
    return toy(**TABLE), folder


def test_labels_in_tables(table):
    found = scan(*table)
    assert found.complete and found.notes == []
    assert found.rows.native_label.tolist() == ["A", "S", "A", "S"]
    assert found.rows.transcript.tolist() == ["Oh, “no”", ""] * 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_encodings_of_tables(table, encoding):
    corpus, folder = table
    make(folder, "01_info.csv", "02_info.csv", content=CSV.encode(encoding))
    assert scan(corpus, folder).rows.transcript[0] == "Oh, “no”"


@pytest.mark.parametrize("place", ["01", "a/b", ".."])
def test_places_of_tables(table, place):
    corpus, folder = table
    (folder / place).mkdir(parents=True, exist_ok=True)
    (folder / "01_info.csv").rename(folder / place / "01_info.csv")
    assert scan(corpus, folder).rows.native_label.tolist() == ["A", "S", "A", "S"]


def test_tab_separated(table):
    corpus, folder = table
    (folder / "01_info.csv").unlink()
    make(folder, "01_info.tsv", content=b"Text\tEmotion\tWhat was said\nx\tA\tOh, no\ny\tS\t\n")
    assert scan(corpus, folder).rows.transcript[0] == "Oh, no"


def test_files_without_a_row_and_rows_without_a_file(table):
    corpus, folder = table
    make(folder, "01/01_z.wav")
    found = scan(corpus, folder)
    assert found.left_out == ["1 file without a row in the table left out, e.g. 01/01_z.wav"]
    (folder / "02" / "02_y.wav").unlink()
    message = refusal(corpus, folder)
    assert "found 3 of 4 files" in message and "1 row of the table without a file, e.g. speaker 02, text y" in message


def test_a_missing_table(table):
    corpus, folder = table
    (folder / "01_info.csv").unlink()
    assert "found 2 of 4 files" in refusal(corpus, folder)
    (folder / "02_info.csv").unlink()
    assert "has no table like {speaker}_info.csv or {speaker}_info.tsv" in refusal(corpus, folder)


def test_tables_that_are_not_what_they_should_be(table):
    corpus, folder = table
    make(folder, "01_info.csv", content=b"Text,Feeling,What was said\nx,A,\n")
    message = refusal(corpus, folder)
    assert "01_info.csv has no column 'Emotion' but Text, Feeling" in message
    make(folder, "01_info.csv", content=b"")
    assert "has no column 'Text'" in refusal(corpus, folder)


def test_the_same_table_twice_must_say_the_same(table):
    corpus, folder = table
    make(folder, "copy/01_info.csv", content=CSV.encode())
    assert scan(corpus, folder).complete
    make(folder, "copy/01_info.csv", content=CSV.replace("x,A", "x,S").encode())
    assert "disagree about speaker 01, text x" in refusal(corpus, folder)
