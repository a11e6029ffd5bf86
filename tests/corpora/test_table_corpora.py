"""A table of recordings is a corpus: what its columns, cells and paths may look like, and what is refused."""

import unicodedata

import pytest

from tests.support.made_tables import made_csv, silence, write_csv
from xser.core.errors import XserError
from xser.corpora.description.corpus import read_corpus
from xser.corpora.scanning import SCANNED, scan

HEADINGS = ["path", "label", "language"]


@pytest.fixture
def recordings(tmp_path):
    for name in "abc":
        silence(tmp_path / "wav" / f"{name}.wav")
    return tmp_path


def rows_of(path, **options):
    """The rows that stage 0 finds, by utterance, without empty cells."""
    corpus = read_corpus(path)
    found = scan(corpus, corpus.listed.root, **options)
    return {row["utterance"]: {k: v for k, v in row.items() if v} for row in found.rows.to_dict("records")}


def test_every_column_is_understood(recordings):
    headings = ["File Name", "Emotion", "speaker_id", "lang", "Sex", "age", "text_id", "Transcription", "intensity"]
    cells = ["wav/a.wav", " ANGER ", "7", "de-DE", "F", "31", "t1", "Wie,\nbitte?", "2", "dev"]
    path = write_csv(recordings / "My Corpus.csv", [*headings, "split"], [cells])
    corpus = read_corpus(path)
    assert (corpus.id, corpus.title, corpus.languages) == ("my_corpus", "My Corpus.csv", ("deu",))
    assert (corpus.labels, corpus.counts, corpus.speakers) == ({"ANGER": "angry"}, {"ANGER": 1}, 1)
    assert rows_of(path) == {
        "my_corpus-a": {
            "utterance": "my_corpus-a", "corpus": "my_corpus", "language": "deu", "speaker": "my_corpus-7",
            "gender": "female", "age": "31", "text": "my_corpus-t1", "transcript": "Wie,\nbitte?", "intensity": "2",
            "native_label": "ANGER", "official_part": "valid", "source": "wav/a.wav",
        }
    }  # fmt: skip
    assert list(scan(corpus, recordings).rows.columns) == list(SCANNED)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters(recordings, encoding, delimiter):
    silence(recordings / "wav" / "Größe ä.wav")
    rows = [["wav/Größe ä.wav", "angry", "deu", "Müller, A."], ["wav/a.wav", "sad", "German", "B; C"]]
    path = write_csv(recordings / "t.csv", [*HEADINGS, "speaker"], rows, encoding, delimiter)
    assert {row["speaker"] for row in rows_of(path).values()} == {"t-Müller, A.", "t-B; C"}


@pytest.mark.parametrize("written", ["NFC", "NFD"])
@pytest.mark.parametrize("on_disk", ["NFC", "NFD"])
def test_either_unicode_form_finds_a_file_in_either(tmp_path, written, on_disk):
    silence(tmp_path / unicodedata.normalize(on_disk, "größe/é 1.wav"))
    path = write_csv(tmp_path / "t.csv", HEADINGS, [[unicodedata.normalize(written, "größe/é 1.wav"), "sad", "deu"]])
    (name,) = rows_of(path)
    assert name == unicodedata.normalize("NFC", "t-é 1")


def test_backslashes_detours_and_absolute_paths(recordings):
    rows = [[r".\wav\a.wav", "sad", "deu"], ["wav/../wav//b.wav", "sad", "deu"]]
    rows += [[str(recordings / "wav" / "c.wav"), "sad", "deu"]]
    path = write_csv(recordings / "lists" / "t.csv", HEADINGS, rows)
    with pytest.raises(XserError, match=r"found 1 of 3 .* not in .*lists is e.g. .*wav"):
        rows_of(path)
    (recordings / "lists" / "t.yaml").write_text("root: ..\n")
    assert set(rows_of(path)) == {"t-a", "t-b", "t-c"}


def test_values_that_are_missing(recordings):
    rows = [["wav/a.wav", "sad", "deu", ""], ["wav/b.wav", "happy", "deu", "NA"], ["wav/c.wav", "", "deu", "x"]]
    path = write_csv(recordings / "t.csv", [*HEADINGS, "speaker"], [*rows, ["", "", "", ""]])
    found = rows_of(path)
    assert "speaker" not in found["t-a"] and found["t-b"]["speaker"] == "t-NA"  # somebody may be called so
    assert read_corpus(path).listed.left_out == ["1 rows of t.csv without a label left out, e.g. wav/c.wav"]


def test_a_row_that_stands_twice_counts_once_and_a_contradiction_is_refused(recordings):
    rows = [["wav/a.wav", "sad", "deu"], ["./wav/a.wav", "sad", "deu"], ["wav/a.wav", "sad", "deu"]]
    path = write_csv(recordings / "t.csv", HEADINGS, rows)
    assert list(rows_of(path)) == ["t-a"]
    assert read_corpus(path).total == 1
    write_csv(path, HEADINGS, [*rows, [r"wav\a.wav", "Happy", "deu"]])
    with pytest.raises(XserError, match=r"rows 1 and 4 .* say the label is 'sad' and 'Happy'"):
        read_corpus(path)


def test_names_are_told_apart_by_their_folders_and_segments_by_their_times(tmp_path):
    for name in ("x/1.wav", "y/1.wav", "x_1.flac", "z/2.wav"):
        silence(tmp_path / name)
    rows = [["x/1.wav", "", ""], ["y/1.wav", "", ""], ["x_1.flac", "", ""], ["z/2.wav", "0", ""]]
    rows += [["z/2.wav", "0", "0.5"], ["z/2.wav", "0.5", ""], ["z/2.wav", "0:0:0.25", "0 days 00:00:00.5"]]
    cells = [[path, "sad", "deu", start, end] for path, start, end in rows]
    found = rows_of(write_csv(tmp_path / "t.csv", [*HEADINGS, "start", "end"], cells))
    assert len(found) == 7
    assert {"t-y_1", "t-2", "t-2-0-500", "t-2-500-end", "t-2-250-500"} < set(found)
    assert (found["t-2-500-end"]["start"], found["t-2-500-end"]["end"]) == ("0.500000", "1.000000")
    assert "start" not in found["t-2"]


def test_the_file_beside_it_says_what_the_table_does_not(recordings):
    rows = [["wav/a.wav", "W", "x"], ["wav/b.wav", "1", "y"], ["wav/c.wav", "x", "z"]]
    path = write_csv(recordings / "t.csv", ["path", "vote", "label"], rows)
    (recordings / "t.yaml").write_text(
        "language: de\ntitle: Mine\nlicence: CC0\ncolumns: {label: vote}\nlabels: {w: angry, 1: sad, x: drop}\n"
        "speaker_loss: {masked: true, why: one speaker an emotion}\n"
    )
    corpus = read_corpus(path)
    assert (corpus.title, corpus.licence, corpus.language) == ("Mine", "CC0", "deu")
    assert {label: corpus.labels[label] for label in "W1x"} == {"W": "angry", "1": "sad", "x": None}
    assert corpus.speaker_loss == {"masked": True, "why": "one speaker an emotion"}


@pytest.mark.parametrize(
    ("labels", "scheme"),
    [
        (["angry", "happy", "neutral", "sad", "fear", "disgust"], "four"),
        (["angry", "happy", "calm", "sad"], "four_calm"),
        (["low", "high"], "arousal"),
        (["angry", "fear"], "four"),
    ],
)
def test_the_scheme_is_the_first_whose_classes_are_there(tmp_path, labels, scheme):
    path = write_csv(tmp_path / "t.csv", HEADINGS, [[f"{label}.wav", label, "deu"] for label in labels])
    assert read_corpus(path).scheme == scheme


@pytest.mark.parametrize(
    ("headings", "cells", "beside", "said"),
    [
        (["name", "label"], ["a", "sad"], "", "no column for the recording .path, file.* are 'name', 'label'"),
        (["path", "valence"], ["a", "1"], "", "no column for the emotion .label, emotion.* 'path', 'valence'"),
        (["path", "file", "label"], ["a", "a", "sad"], "", "2 columns that may be the path .path, file.*t.yaml"),
        (["path", "label", "label"], ["a", "sad", "x"], "", "two columns called 'label'"),
        (["path", "label"], ["a", "sad"], "", "language of row 1 .a.: add a column `language`.*language: deu.*t.yaml"),
        (HEADINGS, ["a", "sad", "Klingonish"], "", "row 1 .a.: unknown language 'Klingonish'"),
        (HEADINGS, ["a", "melancholy", "deu"], "", "does not know: 'melancholy' .1 rows.: .*t.yaml.*angry"),
        (HEADINGS, ["a", "sad", "deu", "spoken, more"], "", "line 2 has 4 cells and there are 3 columns"),
        ([*HEADINGS, "split"], ["a", "sad", "deu", "left"], "", "the part 'left' is none of train, valid"),
        ([*HEADINGS, "start"], ["a", "sad", "deu", "soon"], "", "'soon' is no time in seconds"),
        ([*HEADINGS, "start", "end"], ["a", "sad", "deu", "2", "1"], "", "from 2 to 1 is none"),
        (HEADINGS, ["a", "sad", "deu"], "langage: de", "t.yaml, line 1: unknown key `langage` .did you mean language"),
        (
            HEADINGS,
            ["a", "sad", "deu"],
            "labels: {x: cross}",
            "t.yaml, line 1: `labels: x` is 'cross': .*one of drop, angry",
        ),
        (HEADINGS, ["a", "sad", "deu"], "labels: {x: [sad]}", "t.yaml, line 1: `labels: x` is"),
        (HEADINGS, ["a", "sad", "deu"], "columns: {label: vote}", "'vote', which .*t.csv has not; its columns are"),
        (
            HEADINGS,
            ["a", "sad", "deu"],
            "columns: {who: vote}",
            "`columns: who` is 'who': it must be one of path, label",
        ),
        (HEADINGS, ["a", "sad", "deu"], "language: [", "t.yaml, line 2: not valid YAML"),
        (HEADINGS, ["a", "sad", "deu"], "scheme: ten", "`scheme` is 'ten': it must be one of four"),
    ],
)
def test_what_cannot_be_understood_is_one_line_with_the_remedy(tmp_path, headings, cells, beside, said):
    path = write_csv(tmp_path / "t.csv", headings, [cells])
    if beside:
        (tmp_path / "t.yaml").write_text(beside)
    with pytest.raises(XserError, match=said) as caught:
        read_corpus(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"path,label\n", b"\n\n", b'path,label\n"a', b"\x00\x01\xff"])
def test_no_table_is_one_line(tmp_path, content):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(XserError) as caught:
        read_corpus(tmp_path / "t.csv")
    assert "t.csv" in str(caught.value) and "\n" not in str(caught.value)


def test_labels_that_were_understood_without_being_said_are_said(recordings):
    path = write_csv(recordings / "t.csv", HEADINGS, [["wav/a.wav", "Joy", "deu"], ["wav/b.wav", "sad", "deu"]])
    read = "labels read by the usual words for emotions: Joy as happy"
    assert scan(read_corpus(path), recordings).notes[:-1] == [read]  # the last is about c.wav, which no row names
    (recordings / "t.yml").write_text("labels: {Joy: excited}")
    assert read not in scan(read_corpus(path), recordings).notes


def test_missing_recordings(recordings):
    path = write_csv(recordings / "t.csv", HEADINGS, [[f"wav/{n}.wav", "sad", "deu"] for n in "abxyz"])
    corpus = read_corpus(path)
    with pytest.raises(XserError, match="found 2 of 5 .*is e.g. wav/x.wav; .*--allow-incomplete"):
        scan(corpus, recordings)
    found = scan(corpus, recordings, allow_incomplete=True)
    assert (found.found, found.expected, found.complete, len(found.rows)) == (2, 5, False, 2)
    write_csv(path, HEADINGS, [["wav/x.wav", "sad", "deu"]])
    with pytest.raises(XserError, match="found 0 of 1"):
        scan(read_corpus(path), recordings, allow_incomplete=True)


def test_a_row_without_a_recording_is_a_missing_one(recordings):
    path = write_csv(recordings / "t.csv", HEADINGS, [["wav/a.wav", "sad", "deu"], ["", "sad", "deu"], ["", "", "deu"]])
    with pytest.raises(
        XserError, match="found 1 of 2 .* is e.g. row 2, which names no recording; .*--allow-incomplete"
    ):
        scan(read_corpus(path), recordings)
    found = scan(read_corpus(path), recordings, allow_incomplete=True)
    assert (found.found, found.expected, len(found.rows)) == (1, 2, 1)


def test_objects_a_line(recordings):
    (recordings / "t.jsonl").write_text(
        '{"file": "wav/a.wav", "emotion": "sad", "lang": "deu", "speaker": 3}\n\n'
        '{"file": "wav/b.wav", "emotion": "joy", "lang": "deu", "speaker": null}\n'
    )
    found = rows_of(recordings / "t.jsonl")
    assert found["t-a"]["speaker"] == "t-3" and "speaker" not in found["t-b"]


def test_what_the_table_says_changes_its_digest_and_how_it_says_it_does_not(tmp_path):
    path = made_csv(tmp_path)
    digest = read_corpus(path).listed.digest
    text = path.read_text()
    path.write_text(text.replace(",", ";"), encoding="utf-8-sig")
    assert read_corpus(path).listed.digest == digest
    path.write_text(text.replace(",C,", ",D,"))
    assert read_corpus(path).listed.digest != digest
