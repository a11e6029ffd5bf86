"""Tables lose no row without a word, and what is text in them stays text, whoever wrote them."""

import csv
import gzip
import io
import json
import zipfile

import pyarrow
import pyarrow.parquet
import pytest

from tests.support.made_tables import silence, write_csv
from xser.core.errors import XserError
from xser.corpora.description.corpus import read_corpus
from xser.corpora.scanning import scan

WORDS = (
    "none",
    "null",
    "NA",
    "nan",
    "NaT",
    "no",
    "Off",
    "y",
    "01",
    "007",
    "1e3",
    "1.0",
    "0x10",
    "1_0",
    "true",
    "2024-01-02",
)
HEADINGS = ["file_name", "label", "speaker", "language"]


def cells():
    return [[f"{number}.wav", word, word, "deu"] for number, word in enumerate(WORDS)]


def as_objects():
    return "".join(json.dumps(dict(zip(HEADINGS, row, strict=True))) + "\n" for row in cells())


def as_arrow():
    return pyarrow.table(
        {name: list(column) for name, column in zip(HEADINGS, zip(*cells(), strict=True), strict=True)}
    )


def audformat(folder, parquet=False):
    folder.mkdir(parents=True)
    (folder / "db.yaml").write_text(
        "name: d\nlanguages: [deu]\nschemes:\n  speaker: {}\n"
        f"  emotion: {{dtype: str, labels: [{', '.join(WORDS)}]}}\n"
        "tables:\n  t:\n    type: filewise\n    split_id: null\n    columns:\n"
        "      emotion: {scheme_id: emotion}\n      speaker: {scheme_id: speaker}\n"
    )
    rows = [[file, label, speaker] for file, label, speaker, _ in cells()]
    if parquet:
        names = ["file", "emotion", "speaker"]
        columns = {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
        pyarrow.parquet.write_table(pyarrow.table(columns), folder / "db.t.parquet")
    else:
        write_csv(folder / "db.t.csv", ["file", "emotion", "speaker"], rows)
    return folder


def saved_arrow(path):
    with pyarrow.OSFile(str(path), "w") as file, pyarrow.ipc.new_stream(file, as_arrow().schema) as stream:
        stream.write_table(as_arrow())
    return path


def written(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def parquet(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(as_arrow(), path)
    return path


FORMS = {
    "csv": lambda root: write_csv(root / "t.csv", HEADINGS, cells()),
    "quoted": lambda root: written(root / "t.csv", quoted(", ")),
    "tsv": lambda root: write_csv(root / "t.tsv", HEADINGS, cells(), delimiter="\t"),
    "jsonl": lambda root: written(root / "t.jsonl", as_objects()),
    "parquet": lambda root: parquet(root / "t.parquet"),
    "arrow": lambda root: saved_arrow(root / "t.arrow"),
    "metadata.csv": lambda root: write_csv(root / "t" / "metadata.csv", HEADINGS, cells()).parent,
    "metadata.jsonl": lambda root: written(root / "t" / "metadata.jsonl", as_objects()).parent,
    "metadata.parquet": lambda root: parquet(root / "t" / "metadata.parquet").parent,
    "train.csv": lambda root: write_csv(root / "t" / "train.csv", HEADINGS, cells()).parent,
    "audformat": lambda root: audformat(root / "t"),
    "audformat.parquet": lambda root: audformat(root / "t", parquet=True),
}


def quoted(delimiter):
    return "".join(delimiter.join(f'"{cell}"' for cell in row) + "\n" for row in [HEADINGS, *cells()])


@pytest.mark.parametrize("form", FORMS)
def test_words_stay_words(tmp_path, form):
    path = FORMS[form](tmp_path)
    (tmp_path / "t.yaml").write_text("labels:\n" + "".join(f"  {word}: angry\n" for word in WORDS))
    corpus = read_corpus(path)
    assert corpus.labels == dict.fromkeys(WORDS, "angry")
    assert {row["speaker"] for row in corpus.listed.rows} == {f"t-{word}" for word in WORDS}
    assert corpus.languages == ("deu",) and corpus.total == len(WORDS)


def test_words_stay_words_in_folders_of_labels(tmp_path):
    for number, word in enumerate(WORDS):
        silence(tmp_path / "t" / word / f"{number}.wav")
    (tmp_path / "t.yaml").write_text("language: no\nlabels:\n" + "".join(f"  {word}: sad\n" for word in WORDS))
    corpus = read_corpus(tmp_path / "t")
    assert corpus.labels == dict.fromkeys(WORDS, "sad") and corpus.languages == ("nor",)


@pytest.mark.parametrize("word", ["nan", "None", "NULL", "<NA>", "NaT", ""])
def test_where_no_name_can_be_meant_such_words_are_missing_values(tmp_path, word):
    silence(tmp_path / "a.wav")
    headings = ["path", "label", "language", "start", "end", "gender", "split"]
    path = write_csv(tmp_path / "t.csv", headings, [["a.wav", "sad", "deu", word, word, word, word]])
    (row,) = read_corpus(path).listed.rows
    assert {row[name] for name in ("start", "end", "gender", "official_part")} == {""}


def rows_24(transcripts):
    """Rows of files that need not be there, with one transcript after the other and empty ones then."""
    transcripts = [*transcripts, *[""] * 24][:24]
    return [[f"{at}.wav", "sad", f"s{at % 6}", "deu", text] for at, text in enumerate(transcripts)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "transcripts",
    [
        ['"Stop it now'],
        ["", "", '"Stop', "", 'now"'],
        ['"a', '"b', '"c'],
        ["", '"Stop" he said'],
        ["", '"Stop" he said', "", '"and go'],
        [*[""] * 23, '"the last'],
        ['"', "", '"'],
    ],
)
def test_a_quote_swallows_no_row(tmp_path, delimiter, transcripts):
    lines = [["path", "label", "speaker", "language", "transcript"], *rows_24(transcripts)]
    path = written(tmp_path / "t.csv", "".join(delimiter.join(line) + "\n" for line in lines))
    assert [row["source"] for row in read_corpus(path).listed.rows] == sorted(f"{at}.wav" for at in range(24))


@pytest.mark.parametrize(
    "line",
    ['1.wav,"sad,s1,deu', '"1.wav,sad,s1,deu', '1.wav,sad,"s1,deu', '1.wav,"sad"x,"s1,deu', '1.wav,s"ad,"s1,deu'],
)
@pytest.mark.parametrize("end", ["", '5.wav,sad,"s1",deu\n', '5.wav,sad,s1",deu\n'])
def test_a_quote_that_makes_cells_doubtful_is_an_error_that_names_its_line(tmp_path, line, end):
    whole = "".join(f"{at}.wav,sad,s1,deu\n" for at in (2, 3, 4))
    path = written(tmp_path / "t.csv", f"path,label,speaker,language\n0.wav,sad,s1,deu\n{line}\n{whole}{end}")
    with pytest.raises(XserError, match="a double quote .* in line 3 is not closed") as error:
        read_corpus(path)
    assert "\n" not in str(error.value)


def test_quotes_that_pair_up_hold_anything(tmp_path):
    texts = ["one,\ntwo", 'say ""it""'.replace('""', '"'), "a\r\nb", "a;b\tc|d", "\n\n", 'the end"']
    path = write_csv(tmp_path / "t.csv", ["path", "label", "speaker", "language", "transcript"], rows_24(texts))
    said = {row["source"]: row["transcript"] for row in read_corpus(path).listed.rows}
    assert [said[f"{at}.wav"] for at in range(6)] == ["one,\ntwo", 'say "it"', "a\nb", "a;b\tc|d", "", 'the end"']
    assert len(said) == 24


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n", "\r\r\n"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_lines_end_as_on_any_system(tmp_path, end, last, form):
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([HEADINGS, *cells()[:5]])
    text = file.getvalue() if form == "csv" else "".join(f"{line}\n" for line in as_objects().split("\n")[:5])
    text = (text if last else text[:-1]).replace("\n", end)
    (tmp_path / f"t.{form}").write_bytes(text.encode())
    (tmp_path / "t.yaml").write_text("labels:\n" + "".join(f"  {word}: angry\n" for word in WORDS[:5]))
    assert read_corpus(tmp_path / f"t.{form}").total == 5


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "#"])
@pytest.mark.parametrize("line", ["sep={}", '"sep={}"', "SEP={}", "\nsep={}"])
def test_the_first_line_of_excel_names_the_delimiter(tmp_path, delimiter, line):
    text = "".join(delimiter.join(row) + "\n" for row in [["path", "label", "language"], ["a,;.wav", "sad", "deu"]])
    if delimiter in ",;":
        text = text.replace("a,;.wav", '"a,;.wav"')
    path = written(tmp_path / "t.csv", line.format(delimiter) + "\n" + text)
    assert [row["source"] for row in read_corpus(path).listed.rows] == ["a,;.wav"]


def workbook():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        workbook(),
        gzip.compress(b"path,label\n", mtime=0),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        "path,label,language\na,sad,deu\n".encode("utf-16-le"),
        b"<!DOCTYPE html><html>Sign in</html>",
        b"%PDF-1.7\n",
        b"\x89PNG\r\n\x1a\n",
        b"version https://git-lfs.github.com/spec/v1\n",
    ],
)
@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.jsonl"])
def test_what_is_no_text_is_said_to_be_none(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(XserError, match=f"{name} holds .*, no text: save the table as CSV") as error:
        read_corpus(tmp_path / name)
    assert "\n" not in str(error.value) and str(error.value).isprintable()


def test_a_key_that_stands_twice_in_an_object_is_an_error(tmp_path):
    text = '{"path": "a.wav", "label": "sad", "label": "angry", "language": "deu"}\n'
    with pytest.raises(XserError, match="line 1 is not valid JSON .a key stands twice among path, label, label"):
        read_corpus(written(tmp_path / "t.jsonl", text))


@pytest.mark.parametrize("form", ["t.csv", "metadata.csv", "train.csv", "metadata.jsonl", "audformat"])
def test_recordings_that_no_row_names_are_counted(tmp_path, form):
    path = FORMS["csv" if form == "t.csv" else form](tmp_path)
    (tmp_path / "t.yaml").write_text("labels:\n" + "".join(f"  {word}: angry\n" for word in WORDS))
    root = path.parent if path.is_file() else path
    for number in range(len(WORDS) + 3):
        silence(root / f"{number}.wav", 0.1)
    (root / "notes.txt").write_text("no audio")
    found = scan(read_corpus(path), root)
    assert any(
        note.startswith("3 audio files in the same folders that no row of the table names") for note in found.notes
    )
    for number in range(len(WORDS), len(WORDS) + 3):
        (root / f"{number}.wav").unlink()
    assert not any("no row" in note for note in scan(read_corpus(path), root).notes)


@pytest.mark.parametrize(
    ("written_as", "there"),
    [("a", "a.wav"), ("a.WAV", "a.wav"), ("A.wav", "a.wav"), ("a.mp3", "a.wav"), ("x/A", "x/a.flac")],
)
@pytest.mark.parametrize("absolute", [True, False])
def test_a_path_that_is_one_letter_away_is_named(tmp_path, written_as, there, absolute):
    silence(tmp_path / there)
    source = str(tmp_path / written_as) if absolute else written_as
    path = write_csv(tmp_path / "t.csv", ["path", "label", "language"], [[source, "sad", "deu"]])
    with pytest.raises(XserError, match=f"found 0 of 1 .*, but {there.rpartition('/')[2]}: write paths as"):
        scan(read_corpus(path), tmp_path)


@pytest.mark.parametrize("layout", ["{emotion}/{speaker}", "{emotion}/{speaker}/x", "train/{emotion}/{speaker}"])
def test_an_emotion_in_another_folder_than_the_last_is_refused_with_the_way_out(tmp_path, layout):
    for speaker in ("s1", "s2"):
        for emotion in ("angry", "Trauer"):
            silence(tmp_path / "d" / layout.format(emotion=emotion, speaker=speaker) / "1.wav", 0.1)
    (tmp_path / "d.yaml").write_text("language: deu\n")
    with pytest.raises(XserError, match="the emotion is not in the last folder .*Trauer, angry.* new-recipe"):
        read_corpus(tmp_path / "d")


def test_a_table_in_a_folder_of_recordings_is_named(tmp_path):
    silence(tmp_path / "d" / "audio" / "a.wav")
    write_csv(tmp_path / "d" / "labels.csv", ["path", "label", "language"], [["audio/a.wav", "sad", "deu"]])
    with pytest.raises(XserError, match="the folder audio is no emotion; if the table labels.csv says them"):
        read_corpus(tmp_path / "d")
