"""Folders of other toolkits are corpora: Hugging Face's datasets in its four forms, audformat's databases."""

import json
import os
import shutil

import pyarrow
import pyarrow.parquet
import pytest

from tests.support import made_datasets as made
from tests.support.made_tables import silence, utterances, wav_bytes, write_csv
from xser.core.errors import XserError
from xser.corpora.description.corpus import read_corpus
from xser.corpora.scanning import scan
from xser.corpora.tables import extraction
from xser.corpora.tables.extraction import extract_recordings

LABELS = {"ANG": "angry", "Joy": "happy", "Sadness": "sad", "neutral": "neutral"}
FORMS = {
    "parquet": made.parquet_shards,
    "saved": made.saved_to_disk,
    "csv": made.with_metadata,
    "jsonl": lambda folder: made.with_metadata(folder, "jsonl"),
    "metadata.parquet": lambda folder: made.with_metadata(folder, "parquet"),
    "folders": made.folders_of_labels,
    "audformat": made.audformat_database,
    "audformat.parquet": lambda folder: made.audformat_database(folder, "parquet"),
}


def scanned(corpus, work):
    """Scan a corpus as stage 0 does."""
    if corpus.listed.shards:
        extract_recordings(corpus.listed.shards, corpus.listed.folder(work))
    return scan(corpus, corpus.listed.folder(work))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same(tmp_path, form):
    corpus = read_corpus(FORMS[form](tmp_path / "My Data"))
    assert (corpus.id, corpus.languages, corpus.labels, corpus.total) == ("my_data", ("deu",), LABELS, 24)
    found = scanned(corpus, tmp_path / "exp")
    assert (found.found, found.complete, found.rows["utterance"].nunique()) == (24, True, 24)
    parts = found.rows.groupby("official_part").size().to_dict()
    assert parts == {"train": 8, "valid": 8, "test": 8}
    for row in found.rows.to_dict("records"):
        path = os.path.join(corpus.listed.folder(tmp_path / "exp"), row["source"])
        (expected,) = (each for each in utterances() if os.path.basename(path).removesuffix(".wav") in each["file"][4:])
        with open(path, "rb") as file:
            assert file.read() == wav_bytes(expected["emotion"], expected["seed"])
        assert row["native_label"] == expected["label"]
        if form != "folders":
            assert row["speaker"] == f"my_data-{expected['speaker']}"


def test_the_card_says_title_and_licence(tmp_path):
    corpus = read_corpus(made.parquet_shards(tmp_path / "d"))
    assert (corpus.title, corpus.licence) == ("My Data", "cc0-1.0")


def test_audformat_tells_speakers_texts_and_segments(tmp_path):
    corpus = read_corpus(made.audformat_database(tmp_path / "db"))
    rows = scanned(corpus, tmp_path).rows
    assert set(rows["gender"]) == {"female"} and set(rows["transcript"]) == {"guten Tag"}
    segments = rows[rows["official_part"] == "test"]
    assert set(segments["start"]) == {"0.050000"} and "" not in set(segments["end"])
    assert segments["utterance"].str.endswith(("-50-end", "-50-300")).all()
    assert set(rows[rows["official_part"] != "test"]["start"]) == {""}


NUMBERED = {
    "words": "{0: angry, 1: happy, 2: neutral, 3: sad}",
    "more": "{0: {name: angry}, 1: {emotion: happy, valence: 1}, 2: {name: neutral}, 3: {label: sad}}",
    "table": "numbers",
}


@pytest.mark.parametrize("scheme", NUMBERED)
@pytest.mark.parametrize("values", ["{}", "{}.0"])
def test_numbers_of_an_audformat_scheme_have_its_names(tmp_path, scheme, values):
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "db.yaml").write_text(
        f"name: d\nlanguages: [no]\nschemes:\n  emotion: {{dtype: int, labels: {NUMBERED[scheme]}}}\n"
        "tables: {t: {type: filewise, columns: {emotion: {scheme_id: emotion}}}}\n"
        "misc_tables: {numbers: {levels: {number: int}, columns: {name: {}}}}\n"
    )
    words = ["angry", "happy", "neutral", "sad"]
    write_csv(tmp_path / "db" / "db.t.csv", ["file", "emotion"], [[f"{n}.wav", values.format(n)] for n in range(4)])
    write_csv(tmp_path / "db" / "db.numbers.csv", ["number", "name"], [[n, word] for n, word in enumerate(words)])
    corpus = read_corpus(tmp_path / "db")
    assert [row["native_label"] for row in corpus.listed.rows] == words and corpus.languages == ("nor",)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_numbers_in_a_table_of_a_datasets_folder_have_the_names_of_the_card(tmp_path, suffix):
    folder = made.with_metadata(tmp_path / "d", suffix)
    for table in folder.rglob(f"metadata.{suffix}"):
        rows = [{"file_name": f"{at}.wav", "label": at - 1} for at in range(5)]
        if suffix == "csv":
            write_csv(table, list(rows[0]), [list(row.values()) for row in rows])
        elif suffix == "jsonl":
            table.write_text("".join(json.dumps(row) + "\n" for row in rows))
        else:
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), table)
    corpus = read_corpus(folder)
    assert corpus.labels == LABELS and corpus.total == 12 and "3 rows" in corpus.listed.left_out[0]


@pytest.mark.parametrize("kind", ["struct", "list"])
def test_decoded_audio_in_parquet_is_refused_with_the_way_out(tmp_path, kind):
    sound = [0.0, 0.5]
    audio = [{"array": sound, "sampling_rate": 16000}] * 2 if kind == "struct" else [sound] * 2
    table = pyarrow.table({"audio": audio, "emotion": ["sad", "angry"], "language": ["deu"] * 2})
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(XserError, match="the column audio holds decoded audio, .*decode=False"):
        read_corpus(tmp_path / "t.parquet")


def test_a_row_without_audio_is_a_missing_recording(tmp_path):
    table = made.arrow_table(utterances("A")).to_pylist()
    table[3]["audio"] = None
    schema = made.arrow_table(utterances("A")).schema
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(table, schema), tmp_path / "t.parquet")
    (tmp_path / "t.yaml").write_text("language: deu\n")
    corpus = read_corpus(tmp_path / "t.parquet")
    with pytest.raises(XserError, match="found 7 of 8 .*row 4, which names no recording; .*--allow-incomplete"):
        scanned(corpus, tmp_path / "exp")
    assert len(scan(corpus, corpus.listed.folder(tmp_path / "exp"), allow_incomplete=True).rows) == 7


def test_a_pickle_is_not_read(tmp_path):
    folder = made.audformat_database(tmp_path / "db")
    os.rename(folder / "db.files.csv", folder / "db.files.pkl")
    with pytest.raises(XserError, match='db.files.pkl is a pickle.*storage_format="csv"'):
        read_corpus(folder)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("split_id: dev", "split_id: train", "several tables with emotions .emotion.train, .*tables: "),
        ("emotion: {scheme_id: emotion}", "arousal: {}", "no column of emotions .*emotion.train .arousal.*columns: "),
        ("tables:\n", "tabels:\n", "db.yaml has no tables"),
        ("name: mydb", "name: [", "db.yaml cannot be read"),
        ("emotion.dev:", "emotion.devel:", "db.emotion.devel.csv is missing"),
        ("languages: [deu]", "languages: [deu, eng]", "does not say the language"),
    ],
)
def test_a_database_that_cannot_be_understood(tmp_path, old, new, said):
    folder = made.audformat_database(tmp_path / "db")
    text = (folder / "db.yaml").read_text()
    assert old in text
    (folder / "db.yaml").write_text(text.replace(old, new, 1))
    with pytest.raises(XserError, match=said) as caught:
        read_corpus(folder)
    assert "\n" not in str(caught.value)


def test_the_user_chooses_tables_and_the_column_of_emotions(tmp_path):
    folder = made.audformat_database(tmp_path / "db")
    text = (folder / "db.yaml").read_text()
    (folder / "db.yaml").write_text(text.replace("emotion: {scheme_id: emotion}", "vote: {}"))
    for name in ("train", "dev", "test"):
        table = folder / f"db.emotion.{name}.csv"
        table.write_text(table.read_text().replace("emotion", "vote", 1))
    (tmp_path / "db.yaml").write_text("columns: {label: vote}\ntables: [emotion.dev, emotion.train]\n")
    corpus = read_corpus(folder)
    assert (corpus.total, set(row["official_part"] for row in corpus.listed.rows)) == (16, {"train", "valid"})


def test_a_single_parquet_file_with_audio_or_with_paths(tmp_path):
    rows = utterances("A")
    for inside in (True, False):
        folder = tmp_path / str(inside)
        for row in [] if inside else rows:
            silence(folder / row["file"])
        folder.mkdir(exist_ok=True)
        pyarrow.parquet.write_table(made.arrow_table(rows, inside), folder / "one.parquet")
        (folder / "one.yaml").write_text("language: deu\n")
        corpus = read_corpus(folder / "one.parquet")
        assert (corpus.listed.shards is not None) == inside
        found = scanned(corpus, tmp_path / "exp")
        assert sorted(found.rows["utterance"])[0] == "one-A_angry_0"
        assert (found.complete, corpus.labels) == (True, LABELS)


def test_recordings_inside_beside_paths_and_without_names(tmp_path):
    rows = utterances("A")[:3]
    silence(tmp_path / rows[1]["file"])
    table = made.arrow_table(rows).to_pylist()
    table[1]["audio"]["bytes"] = None
    table[2]["audio"]["path"] = None
    table[0]["label"] = -1  # no label
    schema = made.arrow_table(rows).schema
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(table, schema), tmp_path / "t.parquet")
    (tmp_path / "t.yaml").write_text("language: deu\n")
    corpus = read_corpus(tmp_path / "t.parquet")
    assert corpus.listed.left_out == ["1 rows of t.parquet without a label left out, e.g. t/000000-A_angry_0.wav"]
    found = scanned(corpus, tmp_path / "exp").rows
    assert list(found["source"]) == ["t/000002", str(tmp_path / rows[1]["file"])]


def test_hostile_names_stay_in_the_folder(tmp_path):
    rows = [
        {**row, "file": name} for row, name in zip(utterances("A"), ["../../x.wav", "/etc/y.wav", ".."], strict=False)
    ]
    pyarrow.parquet.write_table(made.arrow_table(rows), tmp_path / "t.parquet")
    (tmp_path / "t.yaml").write_text("language: deu\n")
    corpus = read_corpus(tmp_path / "t.parquet")
    scanned(corpus, tmp_path / "exp")
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix not in (".parquet", ".yaml")]
    assert {path.parent for path in written} == {corpus.listed.folder(tmp_path / "exp") / "t"}
    assert {path.name for path in written} == {"x.wav", "y.wav", "_"}


def test_recordings_are_taken_out_whole_or_not_at_all(tmp_path, monkeypatch):
    corpus = read_corpus(made.parquet_shards(tmp_path / "d"))
    folder = corpus.listed.folder(tmp_path / "exp")

    def cut_off(*arguments):
        yield "data/a.wav", b"RIFF"
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(extraction, "recordings_inside", cut_off)
        with pytest.raises(XserError, match="No space left on device.*--work-dir"):
            extract_recordings(corpus.listed.shards, folder)
    assert list(folder.parent.iterdir()) == []
    assert extract_recordings(corpus.listed.shards, folder) == 24
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.wav")}
    assert extract_recordings(corpus.listed.shards, folder) == 0
    shutil.rmtree(folder)
    extract_recordings(corpus.listed.shards, folder)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.wav")} == before


def test_a_selection_beside_the_rows_is_not_passed_over(tmp_path):
    folder = made.saved_to_disk(tmp_path / "d")
    state = {
        "_data_files": [{"filename": "data-00000-of-00001.arrow"}],
        "_indices_data_files": [{"filename": "i.arrow"}],
    }
    (folder / "test" / "state.json").write_text(json.dumps(state))
    with pytest.raises(XserError, match="test/state.json selects rows by a list .*save the data set again"):
        read_corpus(folder)
    (folder / "test" / "state.json").unlink()
    with pytest.raises(XserError, match="test/state.json is missing"):
        read_corpus(folder)


def test_files_that_are_not_what_their_names_say(tmp_path):
    for name in ("t.parquet", "t.arrow"):
        (tmp_path / name).write_bytes(b"PAR1 or not")
        with pytest.raises(XserError, match=f"{name} is no .* file that can be read"):
            read_corpus(tmp_path / name)
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.md").write_text("x")
    (tmp_path / "t.xlsx").write_bytes(b"x")
    for name, said in [
        ("empty", "empty"),
        ("notes", "no corpus"),
        ("t.xlsx", "no corpus: give a table"),
        ("q.csv", "no"),
    ]:
        with pytest.raises(XserError, match=said):
            read_corpus(tmp_path / name)
